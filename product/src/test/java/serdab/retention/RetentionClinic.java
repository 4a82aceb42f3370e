package serdab.retention;

import java.time.Duration;
import java.time.Period;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import serdab.VersionId;
import serdab.catalogue.CopyRow;
import serdab.catalogue.HoldRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.RetentionRules;
import serdab.report.Progress;
import serdab.testing.world.World;

/// A world whose destinations are pruned.
final class RetentionClinic implements AutoCloseable {

  final World world;
  final Map<String, byte[]> papers = new HashMap<>();

  private final int destinations;
  private final Set<Integer> away = new HashSet<>();

  private RetentionClinic(World world, int destinations) {
    this.world = world;
    this.destinations = destinations;
  }

  static RetentionClinic drawnFrom(RandomGenerator random, int destinations) {
    return new RetentionClinic(World.withDestinations(destinations, random), destinations);
  }

  static RetentionRules versions(int count) {
    return new RetentionRules(
        OptionalInt.of(count), Optional.empty(), Optional.empty(), OptionalInt.empty(), List.of());
  }

  static RetentionRules studiesFor(String period, RetentionRules.LegalTime... legal) {
    return new RetentionRules(
        OptionalInt.empty(),
        Optional.empty(),
        Optional.of(Period.parse(period)),
        OptionalInt.empty(),
        List.of(legal));
  }

  static RetentionRules.LegalTime legal(String text) {
    return RulesText.parseLegal(text);
  }

  /// A study with one image that was changed and backed up so many times.
  String studyWithVersions(int versions) {
    String study = world.addStudy(1);
    world.backUp();
    for (int i = 1; i < versions; i++) {
      change(study);
    }
    return study;
  }

  /// Another image joins the study; the next version is backed up a day later.
  void change(String study) {
    world.clock().pass(Duration.ofDays(1));
    int next = world.source().files(study).size() + 1;
    world.putImage(study, next, world.pixels(), "", world.clock().instant());
    world.clock().pass(Duration.ofDays(1));
    world.backUp();
  }

  RetentionPlan plan(int disk, RetentionRules rules) {
    List<Destination> others = others(disk);
    try (Destination destination = world.open(disk, Access.READ)) {
      return RetentionPlan.of(
          rules,
          destination,
          world.catalogue(),
          world.clock(),
          world.catalogue().holds().standing(),
          RetentionPlan.PROOFS_FOR,
          others);
    } finally {
      others.forEach(Destination::close);
    }
  }

  /// The other disks, but for those that were pulled out.
  private List<Destination> others(int disk) {
    List<Destination> others = new ArrayList<>();
    for (int i = 0; i < destinations; i++) {
      if (i != disk && !away.contains(i)) {
        others.add(world.open(i, Access.READ));
      }
    }
    return others;
  }

  /// Nobody can look at this disk from now on.
  void pullOut(int disk) {
    away.add(disk);
  }

  PruneReport prune(int disk, PlanFile plan, RetentionRules rules, boolean lastCopies) {
    return prune(disk, plan, rules, lastCopies, () -> false);
  }

  PruneReport prune(
      int disk, PlanFile plan, RetentionRules rules, boolean lastCopies, BooleanSupplier stop) {
    List<Destination> others = others(disk);
    try (Destination destination = world.open(disk, Access.WRITE)) {
      return new Prune(
              new Prune.Setting(
                  destination,
                  others,
                  world.catalogue(),
                  world.clock(),
                  papers::put,
                  Progress.SILENT,
                  stop,
                  "Dr. Keeper",
                  "test/1",
                  "World"))
          .execute(plan, rules, lastCopies);
    } finally {
      others.forEach(Destination::close);
    }
  }

  PruneReport prune(int disk, RetentionRules rules) {
    return prune(disk, PlanFile.of(plan(disk, rules)), rules, false);
  }

  PruneReport pruneWithLast(int disk, RetentionRules rules) {
    return prune(disk, PlanFile.of(plan(disk, rules)), rules, true);
  }

  List<VersionId> held(int disk, String study) {
    try (Destination destination = world.open(disk, Access.READ)) {
      return destination.versions(new StudyKey(study)).stream().map(HeldVersion::id).toList();
    }
  }

  List<String> states(String study) {
    return world.catalogue().copies(new StudyKey(study)).stream().map(CopyRow::state).toList();
  }

  List<Reason> reasons(RetentionPlan plan, String study) {
    List<Reason> reasons = new ArrayList<>();
    plan.lines().stream()
        .filter(line -> line.copy().study().value().equals(study))
        .forEach(line -> reasons.addAll(line.reasons()));
    return reasons;
  }

  long hold(String study) {
    return world
        .catalogue()
        .holds()
        .place(
            Optional.of(new StudyKey(study)),
            Optional.empty(),
            Optional.<HoldRow.Days>empty(),
            "a case at court",
            "Dr. Keeper");
  }

  Set<String> paperNames() {
    return papers.keySet();
  }

  @Override
  public void close() {
    world.close();
  }
}
