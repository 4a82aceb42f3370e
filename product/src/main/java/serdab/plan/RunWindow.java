package serdab.plan;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.zone.ZoneOffsetTransition;
import java.util.List;
import java.util.Optional;

/// When a plan may run: always but in its closed hours, as the clocks of its time zone show them.
/// Where clocks are put forward, hours that do not exist close nothing; where they are put back,
/// hours that come twice are closed twice.
///
/// @param closed when it must not run; empty: it always may
/// @param zone the time zone whose clocks are meant
public record RunWindow(List<ClosedHours> closed, ZoneId zone) {

  /// Closed hours that end in others, one after the other; more than a week of them never end.
  private static final int STEPS_MAX = 1000;

  public RunWindow {
    closed = List.copyOf(closed);
  }

  /// When a plan may run.
  public static RunWindow of(BackupPlan plan) {
    return new RunWindow(plan.closed(), plan.zone());
  }

  public boolean isOpen(Instant moment) {
    return isOpen(LocalDateTime.ofInstant(moment, zone));
  }

  private boolean isOpen(LocalDateTime local) {
    return closed.stream().noneMatch(hours -> hours.contains(local));
  }

  /// The first moment, this one or a later one, at which the plan may run; empty when its closed
  /// hours cover the whole week.
  public Optional<Instant> opensAt(Instant moment) {
    ZonedDateTime at = moment.atZone(zone);
    for (int step = 0; step < STEPS_MAX; step++) {
      LocalDateTime local = at.toLocalDateTime();
      Optional<ClosedHours> hours =
          closed.stream().filter(each -> each.contains(local)).findFirst();
      if (hours.isEmpty()) {
        return Optional.of(at.toInstant());
      }
      at = firstMoment(hours.get().opensAfter(local), at);
    }
    return Optional.empty();
  }

  /// The first moment at which the clocks show this time or, where they leap over it, a later one.
  private ZonedDateTime firstMoment(LocalDateTime local, ZonedDateTime after) {
    ZoneOffsetTransition leap = zone.getRules().getTransition(local);
    if (leap != null && leap.isGap()) {
      return leap.getInstant().atZone(zone);
    }
    // Of two moments with this time the earlier, unless the closed one is in the second pass.
    ZonedDateTime first = ZonedDateTime.ofLocal(local, zone, null);
    return first.isAfter(after) ? first : first.withLaterOffsetAtOverlap();
  }
}
