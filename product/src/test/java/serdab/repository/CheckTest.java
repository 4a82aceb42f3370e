package serdab.repository;

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
import serdab.testing.SeededTest;

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
    String half = repository.files("parity/").get(0);
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
            new Check.Finding(Check.Kind.MISSING, snapshot, 0))
        .hasSize(5)
        .anyMatch(finding -> finding.kind() == Check.Kind.HALF && !finding.file().equals(half));
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
        .filter(file -> file.startsWith("packs/") || file.startsWith("parity/"))
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
                .filter(file -> file.startsWith("packs/") || file.startsWith("parity/"))
                .toList());
    assertThat(files).isEqualTo(expected.size());
    assertThat(runs).isGreaterThan(5);
  }

  @SeededTest(runs = 5)
  void aFlippedBitIsFound(RandomGenerator random) {
    flipBits(random, 15);
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
