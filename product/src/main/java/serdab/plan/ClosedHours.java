package serdab.plan;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Hours in which a plan must not run, such as 07:30 to 19:00 on weekdays.
///
/// @param days on which days they begin
/// @param from first moment that is closed
/// @param to first moment that is open again; not after `from` means on the next day
public record ClosedHours(Set<DayOfWeek> days, LocalTime from, LocalTime to) {

  private static final Pattern FORM =
      Pattern.compile(
          "(?:([A-Za-z]{2,9}(?:\\s*[-,]\\s*[A-Za-z]{2,9}){0,13})\\s+)?"
              + "(\\d\\d:\\d\\d)\\s*-\\s*(\\d\\d:\\d\\d)");

  public ClosedHours {
    days = Set.copyOf(days);
  }

  /// Reads `Mon-Fri 07:30-19:00`, `Sat,Sun 10:00-12:00` or, for every day, `07:30-19:00`. Days are
  /// English, of at least two letters; 24:00 is the end of a day. Empty when it is none of these.
  public static Optional<ClosedHours> parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    Optional<Set<DayOfWeek>> days =
        matcher.group(1) == null
            ? Optional.of(EnumSet.allOf(DayOfWeek.class))
            : days(matcher.group(1).toUpperCase(Locale.ROOT));
    try {
      LocalTime from = LocalTime.parse(matcher.group(2));
      LocalTime to =
          matcher.group(3).equals("24:00") ? LocalTime.MIDNIGHT : LocalTime.parse(matcher.group(3));
      return days.map(each -> new ClosedHours(each, from, to));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static Optional<Set<DayOfWeek>> days(String text) {
    Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
    for (String part : text.split(",", -1)) {
      String[] ends = part.strip().split("-", -1);
      Optional<DayOfWeek> first = day(ends[0]);
      Optional<DayOfWeek> last = day(ends[ends.length - 1]);
      if (ends.length > 2 || first.isEmpty() || last.isEmpty()) {
        return Optional.empty();
      }
      DayOfWeek day = first.get();
      days.add(day);
      while (day != last.get()) {
        day = day.plus(1);
        days.add(day);
      }
    }
    return Optional.of(days);
  }

  private static Optional<DayOfWeek> day(String text) {
    String name = text.strip();
    return name.length() < 2
        ? Optional.empty()
        : Arrays.stream(DayOfWeek.values())
            .filter(each -> each.name().startsWith(name))
            .findFirst();
  }

  /// Whether this moment, in the plan's time zone, is closed.
  public boolean contains(LocalDateTime moment) {
    LocalTime time = moment.toLocalTime();
    DayOfWeek day = moment.getDayOfWeek();
    if (from.isBefore(to)) {
      return days.contains(day) && !time.isBefore(from) && time.isBefore(to);
    }
    return (days.contains(day) && !time.isBefore(from))
        || (days.contains(day.minus(1)) && time.isBefore(to));
  }

  /// The first moment after this closed one at which these hours are over.
  public LocalDateTime opensAfter(LocalDateTime moment) {
    LocalDateTime end = moment.toLocalDate().atTime(to);
    return end.isAfter(moment) ? end : end.plusDays(1);
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
