package serdab.repository;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.Sha256;
import serdab.store.BlobStore;
import serdab.store.HeldBytes;
import serdab.testing.SeededTest;

class RepairTest {

  @SeededTest(runs = 1)
  void anyTwoOfEighteenAreMended(RandomGenerator random) {
    Damaged repository = new Damaged(random, 16);
    List<String> objects = new ArrayList<>(repository.files("packs/"));
    objects.addAll(repository.parity());
    assertThat(objects).hasSize(18);

    for (int a = 0; a < objects.size(); a++) {
      for (int b = a + 1; b < objects.size(); b++) {
        repository.place.lose(objects.get(a));
        repository.place.lose(objects.get(b));
        if (random.nextBoolean()) {
          // Not lost but wholly other bytes.
          repository.place.put(objects.get(b), repository.kit.bytes(random.nextInt(50_000)));
        }

        Repair.Result result = Damaged.repair(repository.place);
        if (a >= 16 && b >= 16 && result.mended().size() < 2) {
          // Both halves gone: nothing says there were any, and what writes parity does it anew.
          new Parity(new Shelf(repository.place)).cover(Kit.CLOCK.instant());
        }

        assertThat(result.notMended().stream().filter(file -> file.startsWith("packs/"))).isEmpty();
        assertThat(repository.different())
            .as("%s and %s", objects.get(a), objects.get(b))
            .isEmpty();
      }
    }
    assertThat(Damaged.findings(repository.place)).isEmpty();
  }

  @SeededTest(runs = 4)
  void aLostSectorInEveryPackAndParityFileIsMended(RandomGenerator random) {
    loseASectorEverywhere(random);
  }

  /// Every file loses one sector. Which is drawn, but no row of a group loses more than two
  /// stripes: packs of full length have 8,192 rows, these here 25 to 50.
  static void loseASectorEverywhere(RandomGenerator random) {
    Damaged repository = new Damaged(random, 2 + random.nextInt(18), 100_000, 200_000);
    for (Parity.Held held : new Parity(new Shelf(repository.place)).held()) {
      ParityGroup group = held.group();
      int[] lost = new int[group.rows()];
      for (String file : held.files().values()) {
        int sectors = ParityGroup.stripes(repository.before(file).length);
        Set<Integer> rows;
        int sector;
        do {
          sector = random.nextInt(sectors);
          rows = rowsAt(group, sector);
        } while (rows.stream().anyMatch(row -> lost[row] > 0));
        rows.forEach(row -> lost[row]++);
        repository.zeroSector(file, sector);
      }
      for (Snapshot.PackName member : group.members()) {
        int row;
        do {
          row = random.nextInt(ParityGroup.stripes(member.storedBytes()));
        } while (lost[row] > 1);
        lost[row]++;
        repository.zeroSector(Layout.pack(member.digest()), row);
      }
    }
    assertThat(repository.different())
        .containsAll(repository.files("packs/"))
        .containsAll(repository.parity());

    Repair.Result result = Damaged.repair(repository.place);

    assertThat(repository.different()).isEmpty();
    assertThat(result.notMended()).isEmpty();
    assertThat(Damaged.findings(repository.place)).isEmpty();
  }

  /// The rows of p or q that a sector of its file has a part of.
  private static Set<Integer> rowsAt(ParityGroup group, int sector) {
    Set<Integer> rows = new TreeSet<>();
    long from = (long) sector * ParityGroup.STRIPE_BYTES - group.bodyOffset();
    for (long at : new long[] {from, from + ParityGroup.STRIPE_BYTES - 1}) {
      if (at >= 0 && at < group.bodyBytes()) {
        rows.add((int) (at / ParityGroup.STRIPE_BYTES));
      }
    }
    return rows;
  }

  @Test
  void damagedOriginalsAreSetAsideAsTheyWere() {
    Damaged repository = new Damaged(new SplittableRandom(3), 16);
    String pack = repository.files("packs/").get(2);
    repository.place.flipBit(pack, 99);
    byte[] damaged = ParityTest.bytes(repository.place, pack);

    Repair.Result first = Damaged.repair(repository.place);
    repository.place.flipBit(pack, 98);
    Damaged.repair(repository.place);

    assertThat(first.mended()).containsExactly(new Repair.Mended(pack, Repair.From.PARITY));
    assertThat(repository.different()).isEmpty();
    assertThat(ParityTest.bytes(repository.place, "quarantine/" + pack)).isEqualTo(damaged);
    assertThat(new Shelf(repository.place).names("quarantine/"))
        .containsExactly("quarantine/" + pack, "quarantine/" + pack + ".2");
  }

  @Test
  void whatCannotBeMendedStaysWhereItIs() {
    Damaged repository = new Damaged(new SplittableRandom(4), 16);
    List<String> packs = repository.files("packs/").subList(0, 3);
    packs.forEach(pack -> repository.place.flipBit(pack, 8 * 100));

    Repair.Result result = Damaged.repair(repository.place);

    assertThat(result.mended()).isEmpty();
    assertThat(result.notMended()).containsExactlyInAnyOrderElementsOf(packs);
    assertThat(repository.different()).containsExactlyInAnyOrderElementsOf(packs);
    assertThat(new Shelf(repository.place).names("quarantine/")).isEmpty();
  }

  @Test
  void whatIsSuppliedIsComparedAndLetsParityMendTheRest() {
    Damaged repository = new Damaged(new SplittableRandom(5), 16);
    List<String> packs = repository.files("packs/").subList(0, 4);
    packs.forEach(repository.place::lose);
    Repair.Supply supply =
        name ->
            switch (packs.indexOf(Layout.pack(name))) {
              case 0, 2 -> Optional.of(new HeldBytes(repository.before(Layout.pack(name))));
              case 1 -> Optional.of(new HeldBytes(new byte[5_000]));
              default -> Optional.empty();
            };

    Repair.Result result =
        Repair.run(repository.place, Damaged.findings(repository.place), supply, Check.Pace.FULL);

    assertThat(repository.different()).isEmpty();
    assertThat(result.mended())
        .containsExactlyInAnyOrder(
            new Repair.Mended(packs.get(0), Repair.From.SUPPLY),
            new Repair.Mended(packs.get(2), Repair.From.SUPPLY),
            new Repair.Mended(packs.get(1), Repair.From.PARITY),
            new Repair.Mended(packs.get(3), Repair.From.PARITY));
  }

  @SeededTest(runs = 3)
  void eachSmallFileIsMendedFromItsCopies(RandomGenerator random) {
    Damaged repository = new Damaged(random, 3);
    for (String file : repository.before.keySet()) {
      if (file.startsWith("packs/") || file.startsWith("parity/") || file.startsWith("index/")) {
        continue;
      }
      boolean lost = random.nextBoolean();
      if (lost) {
        repository.place.lose(file);
      } else {
        repository.place.flipBit(file, random.nextInt(8 * repository.before(file).length));
      }

      Repair.Result result = Damaged.repair(repository.place);

      assertThat(repository.different()).as("%s, lost: %s", file, lost).isEmpty();
      assertThat(result.mended()).extracting(Repair.Mended::file).contains(file);
      assertThat(result.notMended()).isEmpty();
    }
  }

  @Test
  void aDamagedIndexIsMadeAnewFromTheSnapshots() {
    Damaged repository = new Damaged(new SplittableRandom(6), 5);
    String segment = repository.files("index/").getFirst();
    repository.place.flipBit(segment, 8 * 200);

    Repair.Result result = Damaged.repair(repository.place);
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      opened.rebuildIndex();
    }

    assertThat(result.indexDamaged()).isTrue();
    assertThat(Damaged.findings(repository.place)).isEmpty();
    assertThat(new Shelf(repository.place).names("index/")).hasSize(1);
  }

  @Test
  void whatNoVersionNeedsIsNotBroughtBack() {
    Damaged repository = new Damaged(new SplittableRandom(7), 16);
    List<Snapshot.PackName> removed;
    List<Snapshot.PackName> erased;
    String erasedGroup;
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      Map<String, Snapshot> versions = Kit.versions(opened);
      Snapshot first = requireNonNull(versions.get("g0/v"));
      removed = first.packs();
      erased = requireNonNull(versions.get("g1/v")).packs();
      opened.remove(first, "Asked for.");
      erasedGroup = opened.naming().group("g1");
      String file = Layout.ERASED + erasedGroup + ".json";
      Doc doc = new Doc().with("group", erasedGroup).with("time", Kit.CLOCK.instant().toString());
      repository.place.put(file, opened.trust().signed(doc, file));
    }
    repository
        .files("groups/" + erasedGroup.substring(0, 2) + '/' + erasedGroup + '/')
        .forEach(repository.place::lose);
    removed.forEach(pack -> repository.place.lose(Layout.pack(pack.digest())));
    erased.forEach(pack -> repository.place.lose(Layout.pack(pack.digest())));
    List<Check.Finding> findings = new ArrayList<>(Damaged.findings(repository.place));
    assertThat(findings).isEmpty();
    // Somebody asks for it all the same.
    repository.before.keySet().stream()
        .filter(file -> new Shelf(repository.place).store().find(file).isEmpty())
        .forEach(file -> findings.add(new Check.Finding(Check.Kind.MISSING, file, 0)));
    assertThat(findings).hasSize(3);

    Repair.Result result =
        Repair.run(repository.place, findings, Repair.Supply.NONE, Check.Pace.FULL);

    assertThat(result.mended()).isEmpty();
    assertThat(repository.different()).hasSize(7);
  }

  @Test
  void whatWasRemovedIsSaidThreeTimesAndOneIsEnough() {
    Damaged repository = new Damaged(new SplittableRandom(10), 3);
    String removed;
    String erased;
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      Snapshot gone = requireNonNull(Kit.versions(opened).get("g0/v"));
      opened.remove(gone, "Asked for.");
      removed = Layout.At.parse(gone.at()).removal();
      erased = Erased.file(opened.naming().group("g1"));
      opened.erase("g1", (manifest, _) -> manifest, "Asked for.");
    }
    Map<String, byte[]> whole = Damaged.image(repository.place);
    for (String first : List.of(removed, erased)) {
      List<String> files = Notices.files(first);
      byte[] content = requireNonNull(whole.get(first));
      for (String file : files) {
        assertThat(whole.get(file)).isEqualTo(content);
      }
      for (String left : files) {
        for (int i = 0; i < files.size(); i++) {
          String file = files.get(i);
          if (!file.equals(left)) {
            repository.place.lose(file);
            if (i % 2 == 1) {
              repository.place.put(file, content);
              repository.place.flipBit(file, 8L * i + 300);
            }
          }
        }

        assertThat(left(repository)).as(left).containsExactly("g2/v");
        assertThat(Damaged.findings(repository.place))
            .as(left)
            .isNotEmpty()
            .allMatch(finding -> files.contains(finding.file()) && !finding.file().equals(left));
        assertThat(Damaged.repair(repository.place).notMended()).as(left).isEmpty();
        assertThat(Damaged.findings(repository.place)).as(left).isEmpty();

        // The last may be one that a killed run did not come to: the next that writes makes it.
        Notices.complete(new Shelf(repository.place), trust(repository));
        files.forEach(file ->
            assertThat(ParityTest.bytes(repository.place, file)).as(file).isEqualTo(content));
      }
    }
  }

  private static Trust trust(Damaged repository) {
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      return opened.trust();
    }
  }

  private static Set<String> left(Damaged repository) {
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      return Kit.versions(opened).keySet();
    }
  }

  @Test
  void whatARunWroteIsSaidThreeTimesAlsoWhereItWasSaidOnce() {
    Damaged repository = new Damaged(new SplittableRandom(11), 2);
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      Snapshot gone = requireNonNull(Kit.versions(opened).get("g0/v"));
      opened.remove(gone, "Asked for.");
      String removed = Layout.At.parse(gone.at()).removal();
      // As a place of an earlier version of Serdab has it.
      Notices.files(removed).stream().skip(1).forEach(repository.place::lose);
      assertThat(Damaged.findings(repository.place)).isEmpty();
      Kit.write(opened, "g3", "v", List.of(repository.kit.bytes(100)));
      opened.settle();

      assertThat(new Shelf(repository.place).names(Layout.REMOVED))
          .containsExactlyInAnyOrderElementsOf(Notices.files(removed));
    }
  }

  @Test
  void aDamagedPackThatNoVersionNeedsIsMendedOrOutOfTheWay() {
    Damaged repository = new Damaged(new SplittableRandom(9), 16);
    Snapshot.PackName pack;
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      Snapshot gone = requireNonNull(Kit.versions(opened).get("g0/v"));
      pack = gone.packs().getFirst();
      opened.remove(gone, "Asked for.");
    }
    String file = Layout.pack(pack.digest());
    byte[] whole = repository.before(file);

    repository.zeroSector(file, 0);
    Repair.Result mended = Damaged.repair(repository.place);
    assertThat(mended.mended()).extracting(Repair.Mended::file).containsExactly(file);
    assertThat(ParityTest.bytes(repository.place, file)).isEqualTo(whole);

    repository.zeroSector(file, 0);
    repository.parity().forEach(repository.place::lose);
    Repair.Result setAside = Damaged.repair(repository.place);
    assertThat(setAside.mended()).isEmpty();
    assertThat(setAside.notMended()).isEmpty();
    assertThat(repository.place.find(file)).isEmpty();
    assertThat(Damaged.findings(repository.place)).isEmpty();
  }

  @SeededTest(runs = 2)
  void parityThatLostWhatNoVersionNeedsIsReplacedForTheRest(RandomGenerator random) {
    for (boolean lost : new boolean[] {true, false}) {
      Damaged repository = new Damaged(random, 16);
      Sha256 gone = removeAVersion(repository);
      String half = loseWithAHalf(repository, gone, lost, random);

      Repair.Result result = Damaged.repair(repository.place);

      assertThat(result.notMended()).isEmpty();
      assertReplaced(repository, gone, half, random);
    }
  }

  @SeededTest(runs = 1)
  void aReplacementOfParityThatIsKilledCanRunAgain(RandomGenerator random) {
    int steps = random.nextInt(9);
    for (boolean killed = true; killed; steps += 9) {
      Damaged repository = new Damaged(random, 16, 1_000, 3_000);
      Sha256 gone = removeAVersion(repository);
      String half = loseWithAHalf(repository, gone, random.nextBoolean(), random);
      List<Check.Finding> findings = Damaged.findings(repository.place);

      killed = isKilledAt(steps, repository, findings);
      assertThat(Damaged.repair(repository.place).notMended()).isEmpty();

      assertReplaced(repository, gone, half, random);
    }
    assertThat(steps).isGreaterThan(20);
  }

  @Test
  void parityStaysWhileItMayStillMendWhatAVersionNeeds() {
    Damaged repository = new Damaged(new SplittableRandom(12), 16);
    Sha256 gone = removeAVersion(repository);
    loseWithAHalf(repository, gone, true, new SplittableRandom(13));
    String needed =
        repository.files("packs/").stream()
            .filter(file -> !file.equals(Layout.pack(gone)))
            .findFirst()
            .orElseThrow();
    repository.place.lose(needed);
    Set<String> before = repository.different();

    Repair.Result result = Damaged.repair(repository.place);

    assertThat(result.notMended()).contains(needed);
    assertThat(repository.different()).isEqualTo(before);
    // With what was removed it can be mended.
    repository.place.put(Layout.pack(gone), repository.before(Layout.pack(gone)));
    Damaged.repair(repository.place);
    assertThat(repository.different()).noneMatch(file -> !file.startsWith("removed/"));
  }

  /// Removes a version, of which a pack is given that no other needs.
  private static Sha256 removeAVersion(Damaged repository) {
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      Snapshot version = requireNonNull(Kit.versions(opened).get("g0/v"));
      opened.remove(version, "Asked for.");
      return version.packs().getFirst().digest();
    }
  }

  /// A pack and one half of its parity are lost, or the half loses a bit.
  private static String loseWithAHalf(
      Damaged repository, Sha256 pack, boolean lost, RandomGenerator random) {
    repository.place.lose(Layout.pack(pack));
    String half = repository.parity().get(random.nextInt(2));
    if (lost) {
      repository.place.lose(half);
    } else {
      repository.place.flipBit(half, random.nextInt(8 * repository.before(half).length));
    }
    return half;
  }

  private static void assertReplaced(
      Damaged repository, Sha256 gone, String half, RandomGenerator random) {
    assertThat(repository.place.find(Layout.pack(gone))).isEmpty();
    assertThat(repository.place.find(half)).isEmpty();
    assertThat(Damaged.findings(repository.place)).isEmpty();
    assertThat(new Parity(new Shelf(repository.place)).pairs()).hasSize(1);
    List<String> packs = new ArrayList<>(repository.files("packs/"));
    packs.remove(Layout.pack(gone));
    Collections.shuffle(packs, random);
    packs.subList(0, 2).forEach(repository.place::lose);
    assertThat(Damaged.repair(repository.place).notMended()).isEmpty();
    assertThat(repository.different())
        .contains(Layout.pack(gone))
        .noneMatch(file -> packs.contains(file));
  }

  private static boolean isKilledAt(int step, Damaged repository, List<Check.Finding> findings) {
    int[] left = {step};
    BlobStore stepped =
        new SteppedStore(
            repository.place.connect(),
            () -> {
              if (--left[0] < 0) {
                throw new Turns.KilledError();
              }
            });
    try {
      Repair.run(stepped, findings, Repair.Supply.NONE, Check.Pace.FULL);
      return false;
    } catch (Turns.KilledError e) {
      return true;
    }
  }

  @Test
  void aRepairCanBeStoppedAndRunAgain() {
    Damaged repository = new Damaged(new SplittableRandom(8), 16);
    repository.place.lose(repository.files("packs/").getFirst());

    Repair.Result stopped =
        Repair.run(
            repository.place, Damaged.findings(repository.place), Repair.Supply.NONE, _ -> false);

    assertThat(stopped.isComplete()).isFalse();
    assertThat(Damaged.repair(repository.place).isComplete()).isTrue();
    assertThat(repository.different()).isEmpty();
  }

  @SeededTest(runs = 2)
  void aRepairThatIsKilledCanRunAgain(RandomGenerator random) {
    killAtAnyStep(random, 1 + random.nextInt(23), 23);
  }

  /// Kills repairs of the same damage at every so-manieth step.
  static void killAtAnyStep(RandomGenerator random, int first, int stride) {
    Damaged repository = new Damaged(random, 16);
    int at = first;
    boolean killed = true;
    while (killed) {
      List<String> packs = repository.files("packs/");
      repository.zeroSector(packs.get(1), 0);
      repository.place.lose(packs.get(4));
      repository.place.flipBit(repository.parity().getFirst(), 8 * 20_000);
      repository.place.flipBit(repository.files("snapshots/").get(2), 8 * 20);
      repository.place.lose(repository.files("writers/").getFirst());
      repository.place.flipBit(repository.files("copies/").getFirst(), 8 * 50);
      List<Check.Finding> findings = Damaged.findings(repository.place);
      killed = isKilledAt(at, repository, findings);
      Damaged.repair(repository.place);

      assertThat(repository.different()).as("killed at step %d", at).isEmpty();
      assertThat(Damaged.findings(repository.place)).isEmpty();
      at += stride;
    }
    assertThat(at).isGreaterThan(first + stride);
  }
}
