package serdab.plan;

import java.time.DayOfWeek;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Hours in which a plan must not run, such as 07:30 to 19:00 on weekdays.
///
/// @param days on which days they begin
/// @param from first moment that is closed
/// @param to first moment that is open again; not after `from` means on the next day
public record ClosedHours(Set<DayOfWeek> days, LocalTime from, LocalTime to) {

  public ClosedHours {
    days = Set.copyOf(days);
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
