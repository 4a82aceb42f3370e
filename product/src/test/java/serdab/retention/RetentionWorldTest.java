package serdab.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.LocalDate;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.SerdabException;
import serdab.catalogue.CopyRow;
import serdab.catalogue.HoldRow;
import serdab.catalogue.RemovalRow;
import serdab.catalogue.Removals;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.RetentionRules;
import serdab.report.Progress;
import serdab.testing.SeededTest;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk.Fault;
import serdab.testing.world.World;

/// Whatever happened before and whatever kills a pruning: what must not go is there afterwards.
class RetentionWorldTest {

  private static final int STEPS = 14;
  private static final int TRIES_MAX = 5;

  /// One drawn clinic and what the test knows of it by itself.
  private static final class Clinic implements AutoCloseable {
    private final RandomGenerator random;
    private final World world;
    private final List<String> studies = new ArrayList<>();
    private final Map<String, LocalDate> dates = new HashMap<>();
    private final boolean flips;
    private final Map<String, byte[]> papers = new TreeMap<>();
    private long removed;

    Clinic(RandomGenerator random) {
      this.random = random;
      this.world = World.withDestinations(2, random).acceptingFewer();
      this.flips = random.nextInt(3) == 0;
    }

    // ---- what happens

    void step() {
      switch (random.nextInt(9)) {
        case 0, 1 -> add();
        case 2, 3, 4 -> change();
        case 5 -> vanish();
        case 6 -> hold();
        case 7 -> release();
        default -> flip();
      }
      world.clock().pass(Duration.ofDays(1 + random.nextInt(random.nextInt(4) == 0 ? 500 : 20)));
      world.backUp();
    }

    private void add() {
      String study = world.addStudy(1 + random.nextInt(3));
      LocalDate date = LocalDate.of(2010 + random.nextInt(17), 1 + random.nextInt(12), 3);
      world.source().date(study, date.toString());
      dates.put(study, date);
      studies.add(study);
    }

    private void change() {
      drawn()
          .filter(study -> !world.source().files(study).isEmpty())
          .ifPresent(study -> {
            int images = world.source().files(study).size();
            int number = 1 + random.nextInt(images + 1);
            world.putImage(study, number, world.pixels(), "", world.clock().instant());
          });
    }

    private void vanish() {
      drawn().ifPresent(study -> world.source().remove(study));
    }

    private void hold() {
      drawn()
          .ifPresent(study -> {
            boolean byDate = random.nextBoolean();
            world
                .catalogue()
                .holds()
                .place(
                    byDate ? Optional.empty() : Optional.of(new StudyKey(study)),
                    Optional.empty(),
                    byDate
                        ? Optional.of(new HoldRow.Days(date(study), date(study)))
                        : Optional.empty(),
                    "drawn",
                    "test");
          });
    }

    private void release() {
      world.catalogue().holds().standing().stream()
          .findFirst()
          .ifPresent(hold -> world.catalogue().holds().release(hold.id(), "test", "drawn"));
    }

    private void flip() {
      if (!flips) {
        return;
      }
      int disk = random.nextInt(2);
      List<String> zips =
          world.disk(disk).files().stream().filter(name -> name.endsWith(".zip")).sorted().toList();
      if (!zips.isEmpty()) {
        world.disk(disk).flipBit(zips.get(random.nextInt(zips.size())), 300 + random.nextInt(500));
      }
    }

    private Optional<String> drawn() {
      return studies.isEmpty()
          ? Optional.empty()
          : Optional.of(studies.get(random.nextInt(studies.size())));
    }

    RetentionRules rules() {
      OptionalInt versions =
          random.nextBoolean() ? OptionalInt.of(1 + random.nextInt(2)) : OptionalInt.empty();
      Optional<Period> versionsFor =
          random.nextBoolean() ? Optional.of(Period.ofDays(random.nextInt(60))) : Optional.empty();
      Optional<Period> studiesFor =
          random.nextBoolean() ? Optional.of(Period.ofYears(random.nextInt(12))) : Optional.empty();
      List<RetentionRules.LegalTime> legal =
          switch (random.nextInt(4)) {
            case 0 -> List.of(RulesText.parseLegal("MR=P10Y"));
            case 1 -> List.of(RulesText.parseLegal("MG=P90Y"));
            case 2 -> List.of(RulesText.parseLegal("*=P1Y@50"));
            default -> List.of();
          };
      return new RetentionRules(versions, versionsFor, studiesFor, OptionalInt.empty(), legal);
    }

    // ---- what must hold, judged apart from the code under test

    /// Whether a study may end: everybody in this world was born on 1970-01-02 and has MR only.
    private LocalDate date(String study) {
      return java.util.Objects.requireNonNull(dates.get(study));
    }

    boolean mayEnd(String study, RetentionRules rules) {
      if (rules.studiesFor().isEmpty() || !world.source().files(study).isEmpty() || isHeld(study)) {
        return false;
      }
      LocalDate end = date(study).plus(rules.studiesFor().get());
      for (RetentionRules.LegalTime time : rules.legal()) {
        if (time.modalities().isEmpty() || time.modalities().contains("MR")) {
          end = later(end, date(study).plus(time.keep()));
          if (time.untilAge().isPresent()) {
            end = later(end, LocalDate.of(1970, 1, 2).plusYears(time.untilAge().getAsInt()));
          }
        }
      }
      return !end.isAfter(LocalDate.ofInstant(world.clock().instant(), ZoneOffset.UTC));
    }

    private static LocalDate later(LocalDate one, LocalDate other) {
      return one.isAfter(other) ? one : other;
    }

    boolean isHeld(String study) {
      return world.catalogue().holds().standing().stream()
          .anyMatch(hold ->
              hold.study().filter(key -> key.value().equals(study)).isPresent()
                  || hold.dates().filter(days -> days.from().equals(date(study))).isPresent());
    }

    /// Every copy that really is whole, by disk and study: its id and the names of its images.
    Map<String, Map<String, Set<String>>> whole(int disk) {
      Map<String, Map<String, Set<String>>> whole = new TreeMap<>();
      try (Destination destination = world.open(disk, Access.READ);
          Stream<Destination.Listed> held = destination.held()) {
        for (Destination.Listed one : (Iterable<Destination.Listed>) held::iterator) {
          if (one instanceof Destination.Listed.Copy(HeldVersion copy)
              && destination.prove(copy, Depth.INTACT) instanceof ProofOutcome.Proven) {
            whole
                .computeIfAbsent(copy.study().value(), _ -> new TreeMap<>())
                .put(copy.id().hex(), World.files(destination, copy).keySet());
          }
        }
      }
      return whole;
    }

    Set<String> listed(int disk) {
      Set<String> listed = new TreeSet<>();
      try (Destination destination = world.open(disk, Access.READ);
          Stream<Destination.Listed> held = destination.held()) {
        held.forEach(one -> {
          switch (one) {
            case Destination.Listed.Copy(HeldVersion copy) -> listed.add(nameOf(copy));
            case Destination.Listed.Unreadable unreadable -> listed.add(unreadable.location());
          }
        });
      }
      return listed;
    }

    static String nameOf(HeldVersion copy) {
      return copy.study().value() + " " + copy.id().hex();
    }

    // ---- pruning

    RetentionPlan plan(int disk, RetentionRules rules) {
      try (Destination destination = world.open(disk, Access.READ);
          Destination other = world.open(1 - disk, Access.READ)) {
        return RetentionPlan.of(
            rules,
            destination,
            world.catalogue(),
            world.clock(),
            world.catalogue().holds().standing(),
            flips ? Duration.ZERO : RetentionPlan.PROOFS_FOR,
            List.of(other));
      }
    }

    PruneReport prune(int disk, PlanFile plan, RetentionRules rules, boolean last) {
      try (Destination destination = world.open(disk, Access.WRITE);
          Destination other = world.open(1 - disk, Access.READ)) {
        return new Prune(
                new Prune.Setting(
                    destination,
                    List.of(other),
                    world.catalogue(),
                    world.clock(),
                    papers::put,
                    Progress.SILENT,
                    () -> false,
                    "test",
                    "test/1",
                    "World"))
            .execute(plan, rules, last);
      }
    }

    /// Prunes with a crash or without, until it ends, and checks what is left.
    void pruneAndCheck(boolean crashing) {
      int disk = random.nextInt(2);
      RetentionRules rules = rules();
      boolean last = random.nextInt(3) == 0;
      RetentionPlan plan = plan(disk, rules);
      PlanFile file = PlanFile.of(plan);
      Set<String> wanted = new HashSet<>();
      file.copies().stream()
          .filter(one -> last || one.verdict() == Verdict.GO)
          .forEach(one -> wanted.add(nameOf(one.copy())));
      Set<String> before = listed(disk);
      Map<String, Map<String, Set<String>>> wholeHere = whole(disk);
      Map<String, Map<String, Set<String>>> wholeThere = whole(1 - disk);

      boolean ended = false;
      for (int i = 0; i < TRIES_MAX && !ended; i++) {
        boolean crash = crashing && i < TRIES_MAX - 1;
        ended = tried(disk, file, rules, last, crash);
      }

      assertThat(ended).as("the pruning ends").isTrue();
      Set<String> after = listed(disk);
      Set<String> gone = new TreeSet<>(before);
      gone.removeAll(after);
      assertThat(before).as("nothing appears").containsAll(after);
      assertThat(wanted).as("only what was planned goes").containsAll(gone);
      // A medium that failed while a copy was read keeps that copy out of this run.
      if (!flips && !crashing) {
        assertThat(gone).as("all that was planned goes").containsAll(wanted);
      }
      removed += gone.size();
      checkWhole(rules, last, disk, wholeHere, wholeThere);
      checkHeld(gone);
      checkPapers(disk, gone);
    }

    private boolean tried(
        int disk, PlanFile file, RetentionRules rules, boolean last, boolean crash) {
      if (crash) {
        if (random.nextBoolean()) {
          Fault fault = List.of(Fault.values()).get(random.nextInt(Fault.values().length));
          world.disk(disk).failAt(world.disk(disk).steps() + 1 + random.nextInt(90), fault);
        } else {
          int at = random.nextInt(40);
          boolean[] reached = new boolean[1];
          world
              .catalogueInMemory()
              .failAt((number, name) -> {
                if (number >= at && !reached[0] && !name.equals("committed")) {
                  reached[0] = true;
                  throw new CrashedException("killed at " + name);
                }
              });
        }
      }
      try {
        prune(disk, file, rules, last);
        return true;
      } catch (CrashedException | SerdabException e) {
        if (e instanceof SerdabException known) {
          assertThat(crash).as("failed without a crash: " + known.problem()).isTrue();
        }
        return false;
      } finally {
        world.disk(disk).failNoMore();
        world.catalogueInMemory().failAt((_, _) -> {});
        world.disk(disk).remount();
        world.disk(disk).kill();
      }
    }

    private void checkWhole(
        RetentionRules rules,
        boolean last,
        int disk,
        Map<String, Map<String, Set<String>>> wholeHere,
        Map<String, Map<String, Set<String>>> wholeThere) {
      Map<String, Map<String, Set<String>>> here = whole(disk);
      for (String study : wholeHere.keySet()) {
        Map<String, Set<String>> left = here.getOrDefault(study, Map.of());
        if (!mayEnd(study, rules)) {
          assertThat(left).as("%s is not over and keeps a whole copy", study).isNotEmpty();
          assertThat(images(left.values()))
              .as("every image of %s", study)
              .containsAll(images(wholeHere.get(study).values()));
        } else if (!last) {
          boolean elsewhere = wholeThere.containsKey(study);
          assertThat(!left.isEmpty() || elsewhere)
              .as("%s is over and nobody said that its last copy may go", study)
              .isTrue();
        }
      }
    }

    private static Set<String> images(java.util.Collection<Set<String>> versions) {
      Set<String> images = new TreeSet<>();
      versions.forEach(images::addAll);
      return images;
    }

    private void checkHeld(Set<String> gone) {
      for (String name : gone) {
        assertThat(isHeld(name.substring(0, name.indexOf(' ')))).as("held: %s", name).isFalse();
      }
    }

    private void checkPapers(int disk, Set<String> gone) {
      String id;
      Set<String> beside;
      try (Destination destination = world.open(disk, Access.READ)) {
        id = destination.id().toString();
        beside = new HashSet<>(destination.beside(Prune.FOLDER).orElseThrow().names(""));
      }
      Set<String> certified = new HashSet<>();
      for (Removals.CertificateRow act : world.catalogue().removals().certificates(id)) {
        assertThat(act.endedAt()).as("certificate %s is complete", act.id()).isPresent();
        assertThat(beside)
            .contains("certificate-" + act.id() + ".json", "certificate-" + act.id() + ".txt");
        for (RemovalRow row : world.catalogue().removals().of(act.id())) {
          assertThat(row.state()).isNotEqualTo("intended");
          if (row.state().equals("removed")) {
            certified.add(row.study().value() + " " + row.version().hex());
          }
        }
      }
      assertThat(certified).as("everything that went has a certificate").containsAll(gone);
      for (String name : gone) {
        StudyKey study = new StudyKey(name.substring(0, name.indexOf(' ')));
        String version = name.substring(name.indexOf(' ') + 1);
        assertThat(world.catalogue().copies(study))
            .filteredOn(row -> row.version().hex().equals(version))
            .filteredOn(row -> row.destinationId().equals(id))
            .extracting(CopyRow::state)
            .containsExactly("removed");
      }
    }

    @Override
    public void close() {
      world.close();
    }
  }

  @SeededTest(runs = 25)
  void whatMustStayStaysWhateverTheRulesAndTheHistory(RandomGenerator random) {
    try (Clinic clinic = new Clinic(random)) {
      for (int i = 0; i < STEPS; i++) {
        clinic.step();
        if (random.nextInt(4) == 0) {
          clinic.pruneAndCheck(false);
        }
      }
      clinic.pruneAndCheck(false);
    }
  }

  @SeededTest(runs = 25)
  void whateverKillsAPruningTheNextOneFinishesItAndItsCertificate(RandomGenerator random) {
    try (Clinic clinic = new Clinic(random)) {
      for (int i = 0; i < STEPS; i++) {
        clinic.step();
      }
      clinic.pruneAndCheck(true);
      clinic.step();
      clinic.pruneAndCheck(true);
    }
  }

  /// Without this, the tests above might pass because nothing ever goes.
  @SeededTest(runs = 1)
  void theDrawnClinicsDoLoseCopies(RandomGenerator random) {
    long removed = 0;
    for (int run = 0; run < 6; run++) {
      try (Clinic clinic = new Clinic(random)) {
        for (int i = 0; i < STEPS; i++) {
          clinic.step();
        }
        clinic.pruneAndCheck(false);
        clinic.pruneAndCheck(false);
        removed += clinic.removed;
      }
    }
    assertThat(removed).isPositive();
  }
}
