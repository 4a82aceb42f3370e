package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.catalogue.Catalogue;
import serdab.catalogue.Listings;
import serdab.catalogue.Plans;
import serdab.plan.BackupPlan;
import serdab.plan.Strategy;

/// Which studies a run copies again although their copies are proven (`docs/strategies.md`).
///
/// @param did what kind of run it is: a differential one is a full one when there was none before
/// @param changedAfter only what was read after this; empty means everything
/// @param provenSince what was looked at and proven everywhere since then is done: the run goes on
///   where an unfinished one of its kind stopped
record Again(Strategy did, Optional<Instant> changedAfter, Instant provenSince) {

  /// An unfinished full run that began longer ago than this is not gone on with.
  static final Duration SERIES_MAX = Duration.ofDays(90);

  /// What the plan's strategy means now.
  static Again of(
      BackupPlan plan, Catalogue catalogue, String sourceId, List<String> ids, Instant now) {
    return switch (plan.strategy()) {
      case INCREMENTAL -> new Again(Strategy.INCREMENTAL, Optional.empty(), now);
      case FULL -> full(plan, catalogue, sourceId, ids, now);
      case DIFFERENTIAL -> {
        List<Plans.KindOfRun> full =
            catalogue.plans().runsOfKind(Strategy.FULL, plan, sourceId, ids);
        Optional<Instant> last =
            full.stream()
                .filter(Plans.KindOfRun::finished)
                .findFirst()
                .flatMap(Plans.KindOfRun::endedAt);
        if (last.isEmpty()) {
          yield full(plan, catalogue, sourceId, ids, now);
        }
        List<Plans.KindOfRun> own =
            catalogue.plans().runsOfKind(Strategy.DIFFERENTIAL, plan, sourceId, ids).stream()
                .filter(run -> run.startedAt().isAfter(last.get()))
                .toList();
        yield new Again(Strategy.DIFFERENTIAL, last, begun(own, now));
      }
    };
  }

  private static Again full(
      BackupPlan plan, Catalogue catalogue, String sourceId, List<String> ids, Instant now) {
    return new Again(
        Strategy.FULL,
        Optional.empty(),
        begun(catalogue.plans().runsOfKind(Strategy.FULL, plan, sourceId, ids), now));
  }

  /// When the first of the unfinished runs began that this one goes on with; now if there is none.
  private static Instant begun(List<Plans.KindOfRun> newestFirst, Instant now) {
    Instant begun = now;
    for (Plans.KindOfRun run : newestFirst) {
      // What was proven since a time that is not yet is nothing, and such a run would never end.
      if (run.finished()
          || run.startedAt().isBefore(now.minus(SERIES_MAX))
          || run.startedAt().isAfter(now)) {
        break;
      }
      begun = run.startedAt();
    }
    return begun;
  }

  /// Whether a study with proven copies of its present version is copied again all the same.
  ///
  /// @param destinationIds where it has to be proven
  boolean wants(Listings.Known known, List<String> destinationIds) {
    if (did == Strategy.INCREMENTAL) {
      return false;
    }
    if (changedAfter.isPresent()
        && known.readAt().filter(at -> at.isAfter(changedAfter.get())).isEmpty()) {
      return false;
    }
    boolean lookedAt =
        known.study().lastLookedAt().filter(at -> !at.isBefore(provenSince)).isPresent();
    return !lookedAt
        || !destinationIds.stream()
            .allMatch(id ->
                known.copies().stream()
                    .anyMatch(copy ->
                        copy.destinationId().equals(id)
                            && known.study().version().filter(copy.version()::equals).isPresent()
                            && copy.isProven()
                            && copy.intactAt()
                                .filter(at -> !at.isBefore(provenSince))
                                .isPresent()));
  }
}
