package serdab.repository;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.store.BlobStore;
import serdab.store.HeldBytes;
import serdab.testing.SeededTest;
import serdab.testing.world.FaultyStore;

class CheckTest {

  private final Damaged repository = new Damaged(new SplittableRandom(1), 20);

  private static Check check(Damaged of) {
    return Check.of(of.place, _ -> false);
  }

  @Test
  void aWholeRepositoryHasNoFindings() {
    Check.Presence presence = check(repository).presence();

    assertThat(Damaged.findings(repository.place)).isEmpty();
    assertThat(presence.versions()).isEqualTo(20);
    assertThat(presence.packs()).isEqualTo(20);
    assertThat(presence.withoutParity()).isZero();
    assertThat(presence.packBytes())
        .isEqualTo(
            repository.files("packs/").stream()
                .mapToLong(file -> repository.before(file).length)
                .sum());
  }

  @Test
  void whatIsMissingOrShorterIsFoundWithoutReadingPacks() {
    String lost = repository.files("packs/").get(3);
    String shorter = repository.files("packs/").get(4);
    String group = repository.files("groups/").get(5);
    String snapshot = repository.files("snapshots/").get(6);
    String half = repository.parity().get(0);
    repository.place.lose(lost);
    repository.place.lose(shorter);
    repository.place.put(shorter, new byte[5]);
    repository.place.lose(group);
    repository.place.lose(snapshot);
    repository.place.lose(half);

    List<Check.Finding> findings = check(repository).presence().findings();

    assertThat(findings)
        .contains(
            new Check.Finding(Check.Kind.MISSING, lost, repository.before(lost).length),
            new Check.Finding(Check.Kind.WRONG_LENGTH, shorter, 5),
            new Check.Finding(Check.Kind.MISSING, group, 0),
            new Check.Finding(Check.Kind.MISSING, snapshot, 0),
            new Check.Finding(Check.Kind.MISSING, half, repository.before(half).length))
        .hasSize(5);
  }

  @Test
  void parityThatWasNotFinishedIsNoDamageAndALostHalfIs() {
    Parity.Held held = new Parity(new Shelf(repository.place)).held().getFirst();
    String p = requireNonNull(held.files().get(ParityGroup.Part.P));
    String q = requireNonNull(held.files().get(ParityGroup.Part.Q));
    String pair = held.pair().orElseThrow().file();
    int members = held.group().members().size();

    // As far as a run comes that is killed: p alone. Its packs are as little protected as before.
    repository.place.lose(pair);
    assertThat(Damaged.findings(repository.place)).isEmpty();
    repository.place.lose(q);
    assertThat(Damaged.findings(repository.place)).isEmpty();
    assertThat(check(repository).presence().withoutParity()).isEqualTo(members);
    // p is written first and goes last, so that q alone is what is left after a loss.
    repository.place.put(q, repository.before(q));
    repository.place.lose(p);
    assertThat(Damaged.findings(repository.place))
        .containsExactly(new Check.Finding(Check.Kind.HALF, q, repository.before(q).length));
    // And once both were there, either and both.
    repository.place.put(pair, new byte[0]);
    assertThat(Damaged.findings(repository.place))
        .containsExactly(new Check.Finding(Check.Kind.MISSING, p, repository.before(p).length));
    repository.place.lose(q);
    assertThat(Damaged.findings(repository.place))
        .extracting(Check.Finding::file)
        .containsExactlyInAnyOrder(p, q);

    // Nothing is left to mend it from; the next run that writes protects the packs again.
    assertThat(Damaged.repair(repository.place).notMended()).isEmpty();
    assertThat(Damaged.findings(repository.place)).isEmpty();
    new Parity(new Shelf(repository.place)).cover(Kit.CLOCK.instant());
    assertThat(repository.different()).isEmpty();

    repository.place.lose(pair);
    repository.place.put(pair, new byte[1]);
    assertThat(Damaged.findings(repository.place))
        .containsExactly(new Check.Finding(Check.Kind.DAMAGED, pair, 1));
    assertThat(Damaged.repair(repository.place).notMended()).isEmpty();
    assertThat(repository.different()).isEmpty();
  }

  @Test
  void aSealedKeyIsProvenByWhatTheOwnerSigned() {
    String key = Generation.sealedFile(1);
    List<String> copies = repository.files("copies/");
    copies.forEach(file -> repository.place.flipBit(file, at(file, key)));

    // Both copies say another thing than the key, and the same.
    assertThat(Damaged.findings(repository.place))
        .extracting(Check.Finding::file)
        .containsExactlyInAnyOrderElementsOf(copies);
    assertThat(Damaged.repair(repository.place).notMended()).isEmpty();
    assertThat(repository.different()).isEmpty();

    // One good copy is enough, whatever the public part's state.
    copies.stream().skip(1).forEach(repository.place::lose);
    repository.place.flipBit(key, 999);
    repository.place.lose(Generation.file(1));
    assertThat(Damaged.findings(repository.place))
        .extracting(Check.Finding::file)
        .contains(key, Generation.file(1));
    assertThat(Damaged.repair(repository.place).notMended()).isEmpty();
    Damaged.repair(repository.place);
    assertThat(repository.different()).isEmpty();
  }

  @Test
  void theIdentityOfAPersonIsProvenByWhatTheOwnerSigned() {
    Kit kit = new Kit(3);
    FaultyStore place = ParityTest.place(kit.random);
    PersonKeys.write(place, "owner", kit.bytes(300));
    try (Repository made = kit.begin(place.connect())) {
      Kit.write(made, "g0", "v", List.of(kit.bytes(100)));
      made.settle();
    }
    new KeyWork(place, Kit.CLOCK, kit.random).rotate(List.of(kit.person));
    Shelf shelf = new Shelf(place);
    String key = "keys/person-owner.age";
    byte[] whole = shelf.whole(key, 1000).orElseThrow();

    // Whoever can write to the place replaces it, with all its copies.
    shelf.names(Layout.COPIES).forEach(place::lose);
    place.lose(Generation.file(1));
    place.lose(key);
    place.put(key, whole);
    assertThat(Damaged.findings(place)).noneMatch(finding -> finding.file().equals(key));
    place.flipBit(key, 999);

    assertThat(Damaged.findings(place))
        .contains(new Check.Finding(Check.Kind.DAMAGED, key, whole.length));
  }

  @Test
  void oneGoodCopyOfThatIsEnough() {
    Kit kit = new Kit(4);
    FaultyStore place = ParityTest.place(kit.random);
    PersonKeys.write(place, "owner", kit.bytes(300));
    try (Repository made = kit.begin(place.connect())) {
      Kit.write(made, "g0", "v", List.of(kit.bytes(100)));
      made.settle();
    }
    String key = "keys/person-owner.age";
    byte[] whole = new Shelf(place).whole(key, 1000).orElseThrow();
    String copies = new Shelf(place).names(Layout.COPIES).first();
    place.lose(copies);
    place.flipBit(key, 999);

    assertThat(Damaged.repair(place).notMended()).isEmpty();
    assertThat(new Shelf(place).whole(key, 1000).orElseThrow()).isEqualTo(whole);
  }

  @Test
  void theLastCopyOfARecordOfARemovalIsToldOfAndIsNoDamage() {
    Snapshot gone;
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      gone = requireNonNull(Kit.versions(opened).get("g0/v"));
      opened.remove(gone, "Asked for.");
    }
    List<String> files = Notices.files(Layout.At.parse(gone.at()).removal());
    assertThat(check(repository).presence().unfinished()).isEmpty();

    repository.place.lose(files.get(2));
    assertThat(check(repository).presence().unfinished()).containsExactly(files.get(2));
    assertThat(Damaged.findings(repository.place)).isEmpty();

    // What stood before one that is there is lost, and no such thing.
    repository.place.lose(files.get(0));
    assertThat(check(repository).presence().unfinished()).containsExactly(files.get(2));
    assertThat(Damaged.findings(repository.place))
        .extracting(Check.Finding::file)
        .containsExactly(files.get(0));
  }

  /// A bit in the middle of what a file of copies has under this name.
  private long at(String copies, String name) {
    StoredZip.Entry entry =
        requireNonNull(StoredZip.entries(new HeldBytes(repository.before(copies))).get(name));
    return 8 * (entry.offset() + entry.lengthBytes() / 2);
  }

  @Test
  void aLostWriterHidesNothingThatItsSnapshotsNeed() {
    String pack = repository.files("packs/").getFirst();
    String writer = repository.files("writers/").getFirst();
    repository.place.lose(pack);
    repository.place.lose(writer);

    assertThat(Damaged.findings(repository.place))
        .extracting(Check.Finding::file)
        .containsExactlyInAnyOrder(pack, writer);
  }

  @Test
  void whatDoesNotBelongThereIsReportedUnlessSomebodyKnowsIt() {
    repository.place.put("notes.txt", new byte[3]);
    repository.place.put("quarantine/packs/x", new byte[3]);

    assertThat(Damaged.findings(repository.place))
        .containsExactly(new Check.Finding(Check.Kind.UNKNOWN, "notes.txt", 3));
    List<Check.Finding> findings = new ArrayList<>();
    Check.of(repository.place, "notes.txt"::equals)
        .prove(_ -> Instant.EPOCH, Optional.empty(), Check.Pace.FULL, findings::add);
    assertThat(findings).isEmpty();
  }

  @Test
  void whatNobodyTrustedSignedIsReported() {
    Damaged other = new Damaged(new SplittableRandom(2), 1);
    String snapshot = other.files("snapshots/").get(1);
    repository.place.put(snapshot, other.before(snapshot));
    String group = other.files("groups/").get(0);
    repository.place.put(group, other.before(group));
    String index = other.files("index/").get(0);
    repository.place.put(index, other.before(index));

    List<Check.Finding> findings = new ArrayList<>();
    check(repository).prove(_ -> Instant.EPOCH, Optional.empty(), Check.Pace.FULL, findings::add);

    assertThat(findings)
        .extracting(Check.Finding::file)
        .containsExactlyInAnyOrder(snapshot, group, index);
    assertThat(findings)
        .extracting(Check.Finding::kind)
        .containsOnly(Check.Kind.UNSIGNED, Check.Kind.DAMAGED);
  }

  @Test
  void filesAreProvenByDueDateAndARunGoesOnWhereOneStopped() {
    Function<String, Instant> due = file -> Instant.ofEpochSecond(file.hashCode() & 0xFF);
    List<String> expected =
        repository.before.keySet().stream()
            .sorted(
                java.util.Comparator.comparing((String file) -> due.apply(file))
                    .thenComparing(file -> file))
            .toList();
    // Every file is damaged, so that the findings are the order.
    expected.stream()
        .filter(file -> file.startsWith("packs/") || ParityGroup.nameOf(file).isPresent())
        .forEach(file -> repository.place.flipBit(file, 3));
    List<String> order = new ArrayList<>();
    Optional<Check.Point> after = Optional.empty();
    long files = 0;
    int runs = 0;

    while (true) {
      long[] left = {100_000};
      Check.Progress progress =
          check(repository)
              .prove(
                  due,
                  after,
                  bytes -> (left[0] -= bytes) >= 0,
                  finding -> order.add(finding.file()));
      files += progress.files();
      after = progress.last();
      runs++;
      if (progress.isComplete()) {
        break;
      }
    }

    assertThat(order)
        .containsExactlyElementsOf(
            expected.stream()
                .filter(file -> file.startsWith("packs/") || ParityGroup.nameOf(file).isPresent())
                .toList());
    assertThat(files).isEqualTo(expected.size());
    assertThat(runs).isGreaterThan(5);
  }

  @SeededTest(runs = 5)
  void aFlippedBitIsFound(RandomGenerator random) {
    flipBits(random, 15);
  }

  @Test
  void everyBitOfRepositoryJsonCounts() {
    Damaged repository = new Damaged(new SplittableRandom(3), 1);
    byte[] content = repository.before(Layout.REPOSITORY).clone();
    assertThat(Charter.parse(content)).isPresent();
    for (int bit = 0; bit < 8 * content.length; bit++) {
      content[bit / 8] ^= (byte) (1 << bit % 8);
      assertThat(Charter.parse(content)).as("bit %d", bit).isEmpty();
      content[bit / 8] ^= (byte) (1 << bit % 8);
    }
  }

  /// Half of the bits are of any file, however short; the others of any byte.
  static void flipBits(RandomGenerator random, int trials) {
    Damaged repository = new Damaged(random, 17);
    assertThat(Damaged.findings(repository.place)).isEmpty();
    List<String> files = List.copyOf(repository.before.keySet());
    for (int i = 0; i < trials; i++) {
      String file = files.get(random.nextInt(files.size()));
      if (random.nextBoolean()) {
        long all = repository.before.values().stream().mapToLong(bytes -> bytes.length).sum();
        long at = random.nextLong(all);
        for (String each : files) {
          file = each;
          at -= repository.before(each).length;
          if (at < 0) {
            break;
          }
        }
      }
      if (repository.before(file).length == 0) {
        continue;
      }
      long bit = random.nextLong(8L * repository.before(file).length);
      repository.place.flipBit(file, bit);

      assertThat(findingsAtOnce(repository.place, file, repository.before(file).length))
          .as("bit %d of %s", bit, file)
          .extracting(Check.Finding::file)
          .contains(file);

      repository.place.flipBit(file, bit);
    }
  }

  /// Else a repair would look for it for ever.
  @Test
  void aNameThatAFlippedBitMadeUpInACopyIsNotMissed() {
    Damaged repository = new Damaged(new SplittableRandom(12), 2);
    String copies = repository.files("copies/1/").getFirst();
    String writer = repository.files("writers/").getFirst();
    String zip =
        new String(repository.before(copies), java.nio.charset.StandardCharsets.ISO_8859_1);
    // In the directory, at the end; another digit.
    int at = zip.lastIndexOf(writer) + "writers/".length();
    repository.place.flipBit(copies, 8L * at);

    assertThat(Damaged.findings(repository.place))
        .extracting(Check.Finding::file)
        .containsExactly(copies);
    assertThat(Damaged.repair(repository.place).notMended()).isEmpty();
    assertThat(repository.different()).isEmpty();
  }

  /// What a check says that comes to this file first and is stopped then; it proves each file by
  /// itself, whatever the order.
  private static List<Check.Finding> findingsAtOnce(BlobStore place, String first, long length) {
    List<Check.Finding> findings = new ArrayList<>();
    long[] left = {length};
    Check.of(place, _ -> false)
        .prove(
            file -> file.equals(first) ? Instant.EPOCH : Instant.MAX,
            Optional.empty(),
            bytes -> (left[0] -= bytes) >= 0,
            findings::add);
    return findings;
  }
}
