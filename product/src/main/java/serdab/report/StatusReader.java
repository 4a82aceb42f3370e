package serdab.report;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import serdab.catalogue.Catalogue;
import serdab.catalogue.Plans;
import serdab.catalogue.RunRow;
import serdab.catalogue.Safety;
import serdab.destination.HeldVersion;
import serdab.plan.BackupPlan;
import serdab.plan.Configuration;
import serdab.plan.DiskSet;
import serdab.plan.NamedPlan;
import serdab.plan.Selection;

/// Finds out from the catalogue, and from the configuration when there is one, how safe everything
/// is (`docs/status.md`). Reads only. One thread at a time.
public final class StatusReader {

  /// What was asked for on the command line longer ago than this is not asked for any more.
  static final Duration UNNAMED_COUNTS_FOR = Duration.ofDays(90);

  /// Plans that were tried out on the command line are many.
  private static final int UNNAMED_MAX = 200;

  /// Of a plan with more destinations the first so many are read.
  private static final int DESTINATIONS_READ_MAX = 1000;

  private final Catalogue catalogue;
  private final Optional<Configuration> configuration;
  private final Instant now;
  private final UnaryOperator<String> address;
  private final Predicate<String> alive;

  /// Where each plan that was ever followed copies to, by its hash.
  private final Map<String, Set<String>> addresses = new HashMap<>();

  /// Prepares to read.
  ///
  /// @param address one spelling of a destination's specification
  /// @param alive whether the process that a run names as its worker is still there
  public StatusReader(
      Catalogue catalogue,
      Optional<Configuration> configuration,
      Instant now,
      UnaryOperator<String> address,
      Predicate<String> alive) {
    this.catalogue = catalogue;
    this.configuration = configuration;
    this.now = now;
    this.address = address;
    this.alive = alive;
  }

  /// One plan over one source, as it is asked for.
  ///
  /// @param destinations by address, the id of the destination that counts; empty text when none
  ///   was ever used there
  record Asked(
      String name,
      String sourceId,
      String sourceSpec,
      Map<String, String> destinations,
      Safety.Wish wish,
      Optional<Duration> every) {}

  /// Reads.
  public Status read() {
    List<Safety.RunsOfPlan> runs = catalogue.safety().backupRuns();
    Map<String, Safety.Wish> wishes = new HashMap<>();
    for (Plans.StoredPlan plan : catalogue.plans().plans()) {
      wishes.put(plan.hash(), wish(plan));
      addresses.put(plan.hash(), addresses(plan));
    }
    List<Asked> asked = new ArrayList<>(configured());
    Set<String> covered = asked.stream().map(Asked::sourceId).collect(Collectors.toSet());
    asked.addAll(unnamed(runs, wishes, covered));
    List<StatusJudgement.Case> cases = new ArrayList<>();
    for (Asked each : asked) {
      cases.add(look(each, runs, wishes));
    }
    if (cases.isEmpty() && !catalogue.destinations().isEmpty()) {
      return StatusJudgement.nothing(
          "Copies are known, and no source was compared with them yet.", "Run: serdab backup");
    }
    return new StatusJudgement(now, disksAway()).judge(cases);
  }

  // ---- what is asked for

  private List<Asked> configured() {
    if (configuration.isEmpty()) {
      return List.of();
    }
    List<Catalogue.UsedPlace> sources = catalogue.sources();
    List<Asked> asked = new ArrayList<>();
    for (NamedPlan named : configuration.get().plans()) {
      if (!named.enabled()) {
        continue;
      }
      for (BackupPlan plan : named.plans()) {
        String sourceId =
            sources.stream()
                .filter(source -> source.spec().equals(plan.source()))
                .max(Comparator.comparing(Catalogue.UsedPlace::lastUsedAt))
                .map(Catalogue.UsedPlace::id)
                .orElse("");
        asked.add(
            new Asked(
                named.name(),
                sourceId,
                plan.source(),
                destinations(plan.destinations()),
                new Safety.Wish(plan.selection(), plan.dicomOnly()),
                named.every()));
      }
    }
    return asked;
  }

  /// Of disks that take turns, the one that was used last counts for all of them.
  private Map<String, String> destinations(List<String> specifications) {
    Map<String, Catalogue.UsedPlace> lastByAddress = new LinkedHashMap<>();
    for (Catalogue.UsedPlace used : catalogue.destinations()) {
      lastByAddress.putIfAbsent(used.spec(), used);
    }
    Map<String, String> found = new LinkedHashMap<>();
    Set<String> setsDone = new LinkedHashSet<>();
    for (String specification : specifications) {
      Optional<DiskSet> set = setOf(specification);
      if (set.isPresent() && !setsDone.add(set.get().name())) {
        continue;
      }
      List<String> addresses =
          set.map(disks -> disks.destinations().stream().map(address).toList())
              .orElseGet(() -> List.of(address.apply(specification)));
      Optional<Catalogue.UsedPlace> last =
          addresses.stream()
              .filter(lastByAddress::containsKey)
              .map(lastByAddress::get)
              .max(Comparator.comparing(Catalogue.UsedPlace::lastUsedAt));
      found.put(
          last.map(Catalogue.UsedPlace::spec).orElse(address.apply(specification)),
          last.map(Catalogue.UsedPlace::id).orElse(""));
    }
    return found;
  }

  private Optional<DiskSet> setOf(String specification) {
    String wanted = address.apply(specification);
    return configuration.stream()
        .flatMap(all -> all.disks().stream())
        .filter(set -> set.destinations().stream().map(address).anyMatch(wanted::equals))
        .findFirst();
  }

  /// What people asked for on the command line, for sources that no plan of the configuration has.
  private List<Asked> unnamed(
      List<Safety.RunsOfPlan> runs, Map<String, Safety.Wish> wishes, Set<String> covered) {
    record Key(String source, TreeSet<String> addresses, Safety.Wish wish) {}

    Map<String, String> addressOf = new HashMap<>();
    catalogue.destinations().forEach(used -> addressOf.putIfAbsent(used.id(), used.spec()));
    Map<String, String> specs = new HashMap<>();
    catalogue.sources().forEach(source -> specs.put(source.id(), source.spec()));
    Map<Key, Asked> found = new LinkedHashMap<>();
    Set<String> seen = new LinkedHashSet<>();
    for (Safety.RunsOfPlan each : runs.stream().limit(UNNAMED_MAX).toList()) {
      boolean longAgo = each.lastBegan().isBefore(now.minus(UNNAMED_COUNTS_FOR));
      // The newest of a source counts however old it is: it is all that was ever asked for.
      if (covered.contains(each.sourceId()) || (longAgo && seen.contains(each.sourceId()))) {
        continue;
      }
      Safety.Wish wish = wishes.getOrDefault(each.planHash(), Safety.Wish.ALL);
      List<String> ids =
          catalogue.safety().run(each.last()).map(RunRow::destinationIds).orElse(List.of());
      Map<String, String> destinations = new LinkedHashMap<>();
      ids.forEach(id -> destinations.putIfAbsent(addressOf.getOrDefault(id, id), id));
      seen.add(each.sourceId());
      if (destinations.isEmpty()) {
        continue;
      }
      found.putIfAbsent(
          new Key(each.sourceId(), new TreeSet<>(destinations.keySet()), wish),
          new Asked(
              "",
              each.sourceId(),
              specs.getOrDefault(each.sourceId(), each.sourceId()),
              destinations,
              wish,
              Optional.empty()));
    }
    // A run of everything covers those of a part, and one of a few named studies was an errand.
    return found.values().stream()
        .filter(each ->
            found.values().stream()
                .noneMatch(other ->
                    !other.equals(each)
                        && other.sourceId().equals(each.sourceId())
                        && ((isErrand(each.wish()) && !isErrand(other.wish()))
                            || (other.wish().equals(Safety.Wish.ALL)
                                && !each.wish().equals(Safety.Wish.ALL)
                                && other
                                    .destinations()
                                    .keySet()
                                    .containsAll(each.destinations().keySet())))))
        .toList();
  }

  private static boolean isErrand(Safety.Wish wish) {
    return !wish.selection().studies().isEmpty() || wish.selection().patientId().isPresent();
  }

  private static Safety.Wish wish(Plans.StoredPlan plan) {
    return new Safety.Wish(
        new Selection(
            list(plan.setting("selection.modalities")),
            date(plan.setting("selection.from")),
            date(plan.setting("selection.to")),
            list(plan.setting("selection.studies")),
            Optional.of(plan.setting("selection.patient-id")).filter(id -> !id.isEmpty())),
        plan.setting("dicom-only").equals("true"));
  }

  private static Set<String> list(String text) {
    return Arrays.stream(text.split(",", -1))
        .filter(part -> !part.isEmpty())
        .collect(Collectors.toSet());
  }

  private static Optional<LocalDate> date(String text) {
    try {
      return text.isEmpty() ? Optional.empty() : Optional.of(LocalDate.parse(text));
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  // ---- what is known of it

  private StatusJudgement.Case look(
      Asked asked, List<Safety.RunsOfPlan> runs, Map<String, Safety.Wish> wishes) {
    List<Safety.RunsOfPlan> covering =
        runs.stream()
            .filter(run -> run.sourceId().equals(asked.sourceId()))
            .filter(run -> {
              Safety.Wish wish = wishes.getOrDefault(run.planHash(), Safety.Wish.ALL);
              return wish.equals(Safety.Wish.ALL) || wish.equals(asked.wish());
            })
            .filter(run -> copiesThere(run, asked))
            .toList();
    Optional<RunRow> newest =
        covering.stream()
            .map(Safety.RunsOfPlan::last)
            .max(Comparator.naturalOrder())
            .flatMap(catalogue.safety()::run);
    Optional<RunRow> good =
        covering.stream()
            .flatMap(run -> run.lastGood().stream())
            .max(Comparator.naturalOrder())
            .flatMap(catalogue.safety()::run);
    boolean running =
        newest.filter(run -> run.endedAt().isEmpty() && alive.test(run.worker())).isPresent();
    Safety.Counts counts =
        catalogue
            .safety()
            .count(
                new Safety.Scope(
                    asked.sourceId(),
                    List.copyOf(asked.destinations().values()),
                    List.of(asked.wish()),
                    good.map(RunRow::id).orElse(0L)));
    Map<String, Instant> used = new HashMap<>();
    catalogue
        .destinations()
        .forEach(
            place -> used.merge(place.id(), place.lastUsedAt(), (a, b) -> a.isAfter(b) ? a : b));
    List<Status.DestinationStatus> destinations = new ArrayList<>();
    int i = 0;
    for (Map.Entry<String, String> destination : asked.destinations().entrySet()) {
      if (i < counts.destinations().size()) {
        destinations.add(
            new Status.DestinationStatus(
                destination.getKey(),
                counts.destinations().get(i),
                Optional.ofNullable(used.get(destination.getValue()))));
      }
      i++;
    }
    Status.PlanStatus plan =
        new Status.PlanStatus(
            asked.name(),
            asked.sourceId().isEmpty() ? asked.sourceSpec() : asked.sourceId(),
            counts,
            destinations,
            newest,
            good,
            running,
            catalogue
                .fact(SourceHealthFact.factName(asked.sourceId()))
                .flatMap(SourceHealthFact::parse),
            catalogue.studiesWithFinding(asked.sourceId(), HeldVersion.SENT_CONVERTED));
    return new StatusJudgement.Case(
        plan,
        asked.every(),
        catalogue.fact(NotBegun.factName(asked.sourceSpec())).flatMap(NotBegun::parse));
  }

  /// Whether runs of a plan copy to every destination that is asked for: one to another disk says
  /// nothing of this one. Of disks that take turns some are always away.
  private boolean copiesThere(Safety.RunsOfPlan run, Asked asked) {
    return addresses
            .getOrDefault(run.planHash(), Set.of())
            .containsAll(asked.destinations().keySet())
        || catalogue
            .safety()
            .run(run.last())
            .filter(last -> last.destinationIds().containsAll(asked.destinations().values()))
            .isPresent();
  }

  private Set<String> addresses(Plans.StoredPlan plan) {
    Set<String> all = new LinkedHashSet<>();
    for (int i = 1; i <= DESTINATIONS_READ_MAX; i++) {
      String specification = plan.setting("destination." + i);
      if (specification.isEmpty()) {
        break;
      }
      all.add(address.apply(specification));
    }
    return all;
  }

  /// Disks of sets that were away for longer than is right, in words.
  private List<String> disksAway() {
    List<String> away = new ArrayList<>();
    for (DiskSet set : configuration.map(Configuration::disks).orElse(List.of())) {
      Set<String> addresses = set.destinations().stream().map(address).collect(Collectors.toSet());
      Map<String, Instant> used = new HashMap<>();
      for (Catalogue.UsedPlace place : catalogue.destinations()) {
        if (addresses.contains(place.spec())) {
          used.merge(place.id(), place.lastUsedAt(), (a, b) -> a.isAfter(b) ? a : b);
        }
      }
      Duration longest = Duration.ofDays(set.remindAfterDays());
      if (longest.isZero()) {
        continue;
      }
      used.forEach((id, last) -> {
        if (Duration.between(last, now).compareTo(longest) > 0) {
          away.add(
              "A disk of the set "
                  + set.name()
                  + " ("
                  + id.substring(0, Math.min(8, id.length()))
                  + ") was not used for "
                  + StatusJudgement.days(Duration.between(last, now))
                  + ".");
        }
      });
    }
    return away;
  }
}
