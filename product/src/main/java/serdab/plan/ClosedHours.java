package serdab.plan;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Hours in which a plan must not run, such as 07:30 to 19:00 on weekdays. They are those of a
/// clock on the wall; [RunWindow] knows what changes of the clock make of them.
///
/// @param days on which days they begin
/// @param from first moment that is closed
/// @param to first moment that is open again; not after `from` means on the next day
public record ClosedHours(Set<DayOfWeek> days, LocalTime from, LocalTime to) {

  private static final int TEXT_MAX = 200;
  private static final int DAY_LETTERS_MIN = 3;
  private static final Pattern FORM =
      Pattern.compile("(?:([a-z][a-z, -]*?)\\s+)?(\\d{1,2}):(\\d{2})\\s*-\\s*(\\d{1,2}):(\\d{2})");

  public ClosedHours {
    days = Set.copyOf(days);
  }

  /// Reads hours as people write them: `Mon-Fri 07:30-19:00`, `Sat,Sun 08:00-12:00`, `daily
  /// 22:00-06:00`, `weekdays 07:30-19:00`, or times alone for every day. Days are English, whole or
  /// from three letters on, in any case; a range may go over the end of the week, hours over
  /// midnight, and `24:00` is midnight.
  ///
  /// @throws IllegalArgumentException with a sentence for people when the text is none of this
  public static ClosedHours parse(String text) {
    String plain = text.strip().toLowerCase(Locale.ROOT);
    Matcher matcher = FORM.matcher(plain);
    if (plain.length() > TEXT_MAX || !matcher.matches()) {
      throw wrong("These are no hours", text);
    }
    Set<DayOfWeek> days =
        matcher.group(1) == null ? EnumSet.allOf(DayOfWeek.class) : days(matcher.group(1), text);
    return new ClosedHours(
        days,
        time(matcher.group(2), matcher.group(3), false, text),
        time(matcher.group(4), matcher.group(5), true, text));
  }

  private static Set<DayOfWeek> days(String words, String text) {
    Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
    for (String word : words.split(",", -1)) {
      String part = word.strip();
      switch (part) {
        case "daily" -> days.addAll(EnumSet.allOf(DayOfWeek.class));
        case "weekdays" -> days.addAll(EnumSet.range(DayOfWeek.MONDAY, DayOfWeek.FRIDAY));
        case "weekends" -> days.addAll(EnumSet.range(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY));
        default -> {
          String[] ends = part.split("-", -1);
          if (ends.length > 2) {
            throw wrong("These are no days", text);
          }
          DayOfWeek last = day(ends[ends.length - 1], text);
          DayOfWeek day = day(ends[0], text);
          days.add(day);
          while (day != last) {
            day = day.plus(1);
            days.add(day);
          }
        }
      }
    }
    return days;
  }

  private static DayOfWeek day(String word, String text) {
    String start = word.strip().toUpperCase(Locale.ROOT);
    for (DayOfWeek day : DayOfWeek.values()) {
      if (start.length() >= DAY_LETTERS_MIN && day.name().startsWith(start)) {
        return day;
      }
    }
    throw wrong("There is no such day", text);
  }

  private static LocalTime time(String hour, String minute, boolean end, String text) {
    if (end && hour.equals("24") && minute.equals("00")) {
      return LocalTime.MIDNIGHT;
    }
    try {
      return LocalTime.of(Integer.parseInt(hour), Integer.parseInt(minute));
    } catch (DateTimeException e) {
      throw wrong("There is no such time of day", text);
    }
  }

  private static IllegalArgumentException wrong(String what, String text) {
    String shown = text.length() > TEXT_MAX ? text.substring(0, TEXT_MAX) + "…" : text;
    return new IllegalArgumentException(
        what + ": \"" + shown + "\". Write them as \"Mon-Fri 07:30-19:00\".");
  }

  /// Whether this moment, in the plan's time zone, is closed.
  public boolean contains(LocalDateTime moment) {
    return since(moment).isPresent();
  }

  /// The first moment after this closed one at which these hours are over.
  public LocalDateTime opensAfter(LocalDateTime moment) {
    LocalDateTime begin = since(moment).orElse(moment);
    LocalDateTime end = begin.toLocalDate().atTime(to);
    return end.isAfter(begin) ? end : end.plusDays(1);
  }

  /// When the closed hours began that this moment is in, if it is in any.
  private Optional<LocalDateTime> since(LocalDateTime moment) {
    LocalDateTime today = moment.toLocalDate().atTime(from);
    if (days.contains(moment.getDayOfWeek())
        && !moment.isBefore(today)
        && (!from.isBefore(to) || moment.toLocalTime().isBefore(to))) {
      return Optional.of(today);
    }
    return !from.isBefore(to)
            && days.contains(moment.getDayOfWeek().minus(1))
            && moment.toLocalTime().isBefore(to)
        ? Optional.of(today.minusDays(1))
        : Optional.empty();
  }

  /// One spelling, such as `MONDAY,FRIDAY 07:30-19:00`.
  public String text() {
    Set<DayOfWeek> ordered = days.isEmpty() ? EnumSet.noneOf(DayOfWeek.class) : new TreeSet<>(days);
    return ordered.stream().map(DayOfWeek::name).collect(Collectors.joining(","))
        + " "
        + from
        + "-"
        + to;
  }
}
