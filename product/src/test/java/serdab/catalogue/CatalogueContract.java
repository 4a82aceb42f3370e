package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.Finding;
import serdab.PatientData;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.StudyLabel;
import serdab.VersionId;
import serdab.catalogue.Catalogue.Seen;
import serdab.catalogue.VersionRow.InstanceLine;
import serdab.dicom.Identity;
import serdab.dicom.RejectionNote;
import serdab.dicom.Rejections;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// What a catalogue promises, whichever database it is in.
abstract class CatalogueContract {

  static final String SOURCE = "horos:5a1e";
  static final String DISK = "11111111-1111-4111-8111-111111111111";
  static final String CLOUD = "22222222-2222-4222-8222-222222222222";
  static final Instant START = Instant.parse("2026-03-01T08:00:00.123Z");

  final Clock clock = new Clock();
  private final List<Catalogue> opened = new ArrayList<>();
  private @Nullable Catalogue first;

  /// A clock that stands still until it is moved.
  static final class Clock implements InstantSource {
    private volatile Instant now = START;

    @Override
    public Instant instant() {
      return now;
    }

    void move(Duration by) {
      now = now.plus(by);
    }
  }

  /// Opens the database of this test, which is empty at first.
  abstract Database database(WritePoint writePoint);

  /// Does something to the database behind the catalogue's back.
  abstract void sql(String statement) throws SQLException;

  /// What [CatalogueProgram] needs to open the same database in a process of its own.
  abstract List<String> arguments();

  @BeforeEach
  void openFirst() {
    first = open();
  }

  @AfterEach
  void closeAll() {
    opened.forEach(Catalogue::close);
  }

  final Catalogue open() {
    return open(WritePoint.NONE, new SplittableRandom(opened.size()));
  }

  final Catalogue open(WritePoint writePoint, RandomGenerator random) {
    Catalogue catalogue = Catalogue.over(database(writePoint), clock, random);
    opened.add(catalogue);
    return catalogue;
  }

  final Catalogue catalogue() {
    if (first == null) {
      throw new IllegalStateException("only within a test");
    }
    return first;
  }

  // ---- what tests are about

  static StudyFacts facts(String key) {
    return new StudyFacts(
        new StudyKey(key),
        PatientData.of("DOE^JANE"),
        PatientData.of("4711"),
        Optional.of(PatientData.of(LocalDate.of(1950, 12, 31))),
        Optional.of(LocalDate.of(2026, 2, 3)),
        List.of("CT", "SR"),
        PatientData.of("A-1"),
        PatientData.of("Thorax"));
  }

  static StudyFacts undated(String key) {
    return new StudyFacts(
        new StudyKey(key),
        PatientData.of(""),
        PatientData.of(""),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        PatientData.of(""),
        PatientData.of(""));
  }

  static StudyFacts dated(String key, LocalDate date) {
    StudyFacts facts = undated(key);
    return new StudyFacts(
        facts.key(),
        facts.patientName(),
        facts.patientId(),
        facts.birthDate(),
        Optional.of(date),
        facts.modalities(),
        facts.accessionNumber(),
        facts.description());
  }

  static VersionId id(String of) {
    return new VersionId(Sha256.digest(of.getBytes(StandardCharsets.UTF_8)));
  }

  static List<InstanceLine> instances(int count) {
    return IntStream.range(0, count)
        .mapToObj(i ->
            new InstanceLine(
                "1.2.826.0.1.3680043.8.498.4." + (1000 + i),
                526_336 + i % 7,
                Sha256.digest(new byte[] {(byte) i, (byte) (i >> 8), (byte) (i >> 16)})))
        .toList();
  }

  VersionRow version(String study, String name, int files) {
    return new VersionRow(
        new StudyKey(study),
        id(name),
        clock.instant(),
        files,
        files * 526_336L,
        0,
        Optional.empty(),
        instances(files));
  }

  CopyRow copy(String study, String version, String destination) {
    return new CopyRow(
        new StudyKey(study),
        id(version),
        destination,
        "2026_02/" + study + "-" + version + ".zip",
        1_000_000,
        3,
        new Proof(Depth.INTACT, ProofMeans.PAST_CACHE, clock.instant()),
        "good",
        1);
  }

  void see(String... keys) {
    catalogue()
        .sawStudies(1, SOURCE, Arrays.stream(keys).map(key -> new Seen(facts(key), 3)).toList());
  }

  StudyRow known(String key) {
    return catalogue().study(SOURCE, new StudyKey(key)).orElseThrow();
  }

  private static <T> List<T> all(Stream<T> stream) {
    try (stream) {
      return stream.toList();
    }
  }

  // ---- studies

  @Test
  void aNewCatalogueKnowsNothing() {
    Catalogue catalogue = catalogue();

    assertThat(catalogue.study(SOURCE, new StudyKey("1.2"))).isEmpty();
    assertThat(all(catalogue.studies())).isEmpty();
    assertThat(all(catalogue.studies(SOURCE))).isEmpty();
    assertThat(all(catalogue.studiesWithCopies())).isEmpty();
    assertThat(catalogue.copies(new StudyKey("1.2"))).isEmpty();
    assertThat(catalogue.version(new StudyKey("1.2"), id("v"))).isEmpty();
    assertThat(catalogue.runs(10)).isEmpty();
    assertThat(catalogue.lastGoodRun("backup", SOURCE)).isEmpty();
    assertThat(catalogue.fact("x")).isEmpty();
    assertThat(catalogue.destinationsAt("/backup")).isEmpty();
    assertThat(catalogue.findingCount(SOURCE)).isZero();
    assertThat(catalogue.byLabel("S-0000000000")).isEmpty();
  }

  @Test
  void aListedStudyIsKnownAsListed() {
    catalogue().sawStudies(7, SOURCE, List.of(new Seen(facts("1.2.3"), 250)));

    assertThat(known("1.2.3"))
        .isEqualTo(
            new StudyRow(
                SOURCE,
                facts("1.2.3"),
                "",
                "",
                250,
                Optional.empty(),
                0,
                millis(START),
                7,
                Optional.empty(),
                Optional.empty(),
                0,
                Optional.empty(),
                ""));
  }

  private static Instant millis(Instant instant) {
    return Instant.ofEpochMilli(instant.toEpochMilli());
  }

  @Test
  void everyKindOfTextComesBackUnchanged() {
    List<String> texts =
        List.of(
            "Müller^Jürgen",
            "山田^太郎=やまだ^たろう",
            "😀 \\ ' \" % _ ; --",
            "a\0b",
            "half \ud83d pair",
            "\u001A0041",
            "line\r\nbreak\ttab");
    List<Seen> seen = new ArrayList<>();
    for (String text : texts) {
      seen.add(
          new Seen(
              new StudyFacts(
                  new StudyKey("1.2." + text),
                  PatientData.of(text),
                  PatientData.of(text),
                  Optional.empty(),
                  Optional.of(LocalDate.of(1, 1, 1)),
                  List.of(text, "", "CT"),
                  PatientData.of(text),
                  PatientData.of(text)),
              1));
    }

    catalogue().sawStudies(1, SOURCE, seen);

    for (Seen one : seen) {
      assertThat(catalogue().study(SOURCE, one.facts().key()).orElseThrow().facts())
          .isEqualTo(one.facts());
    }
  }

  @Test
  void datesMayBeAbsentOrStrange() {
    List<StudyFacts> facts =
        List.of(
            undated("1.1"), dated("1.2", LocalDate.of(9999, 12, 31)), dated("1.3", LocalDate.MIN));

    catalogue().sawStudies(1, SOURCE, facts.stream().map(f -> new Seen(f, 0)).toList());

    assertThat(all(catalogue().studies(SOURCE)).stream().map(StudyRow::facts))
        .containsExactlyElementsOf(facts);
  }

  @Test
  void listingAgainUpdatesFactsAndKeepsWhatIsKnownOfTheFiles() {
    see("1.2.3");
    catalogue()
        .recordCopied(
            SOURCE,
            version("1.2.3", "v1", 3),
            List.of(copy("1.2.3", "v1", DISK)),
            "print",
            "look",
            List.of(),
            1);
    StudyRow before = known("1.2.3");
    clock.move(Duration.ofDays(1));

    catalogue().sawStudies(2, SOURCE, List.of(new Seen(undated("1.2.3"), 4)));

    StudyRow after = known("1.2.3");
    assertThat(after.facts()).isEqualTo(undated("1.2.3"));
    assertThat(after.fileCount()).isEqualTo(4);
    assertThat(after.lastSeenRun()).isEqualTo(2);
    assertThat(after.firstSeenAt()).isEqualTo(before.firstSeenAt());
    assertThat(after.fingerprint()).isEqualTo("print");
    assertThat(after.look()).isEqualTo("look");
    assertThat(after.version()).contains(id("v1"));
    assertThat(after.lastLookedAt()).isEqualTo(before.lastLookedAt());
  }

  @Test
  void aStudyListedTwiceInOneBatchCountsAsListedLast() {
    catalogue()
        .sawStudies(1, SOURCE, List.of(new Seen(facts("1.2"), 1), new Seen(undated("1.2"), 9)));

    assertThat(known("1.2").fileCount()).isEqualTo(9);
    assertThat(known("1.2").facts()).isEqualTo(undated("1.2"));
  }

  @Test
  void twoSourcesKnowOneStudyEachForItself() {
    see("1.2");
    catalogue().sawStudies(1, "folder:x", List.of(new Seen(undated("1.2"), 8)));

    assertThat(known("1.2").fileCount()).isEqualTo(3);
    assertThat(all(catalogue().studies("folder:x"))).hasSize(1);
    assertThat(all(catalogue().studies())).hasSize(2);
  }

  @Test
  void studiesOfASourceComeInTheOrderOfTheirKeysByCodePoint() {
    List<String> keys =
        new ArrayList<>(
            List.of("1.10", "1.2", "1.9", "A.b", "Z", "_other/a", "a.B", "a.b", "é", "山"));
    Collections.shuffle(keys, new java.util.Random(1));

    see(keys.toArray(String[]::new));

    assertThat(all(catalogue().studies(SOURCE)).stream().map(row -> row.facts().key().value()))
        .containsExactly("1.10", "1.2", "1.9", "A.b", "Z", "_other/a", "a.B", "a.b", "é", "山");
  }

  @Test
  void allStudiesComeByDateThenKeyTheUndatedFirst() {
    catalogue()
        .sawStudies(
            1,
            SOURCE,
            List.of(
                new Seen(dated("1.3", LocalDate.of(2025, 1, 2)), 1),
                new Seen(dated("1.2", LocalDate.of(2025, 1, 2)), 1),
                new Seen(dated("1.9", LocalDate.of(1999, 12, 31)), 1),
                new Seen(undated("1.5"), 1)));

    assertThat(all(catalogue().studies()).stream().map(row -> row.facts().key().value()))
        .containsExactly("1.5", "1.9", "1.2", "1.3");
  }

  @Test
  void studiesComeWithTheirCopiesNewestVersionFirst() {
    see("1.2", "1.3");
    catalogue().recordHeld(version("1.3", "old", 1), copy("1.3", "old", DISK));
    clock.move(Duration.ofDays(1));
    catalogue().recordHeld(version("1.3", "new", 1), copy("1.3", "new", CLOUD));
    catalogue().recordHeld(version("1.3", "new", 1), copy("1.3", "new", DISK));

    List<Catalogue.StudyWithCopies> studies = all(catalogue().studiesWithCopies());

    assertThat(studies.stream().map(s -> s.study().facts().key().value()))
        .containsExactly("1.2", "1.3");
    assertThat(studies.getFirst().copies()).isEmpty();
    assertThat(studies.getLast().copies())
        .extracting(CopyRow::version, CopyRow::destinationId)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(id("new"), DISK),
            org.assertj.core.groups.Tuple.tuple(id("new"), CLOUD),
            org.assertj.core.groups.Tuple.tuple(id("old"), DISK));
  }

  @Test
  void studiesNotCopiedAreThoseWithoutAProvenCopyOfTheirVersion() {
    see("1.1", "1.2", "1.3", "1.4");
    for (String key : List.of("1.2", "1.3", "1.4")) {
      catalogue()
          .recordCopied(
              SOURCE,
              version(key, "v", 1),
              key.equals("1.4") ? List.of() : List.of(copy(key, "v", DISK)),
              "print",
              "look",
              List.of(),
              1);
    }
    catalogue().recordHeld(version("1.4", "earlier", 1), copy("1.4", "earlier", DISK));
    CopyRow good = copy("1.3", "v", DISK);
    catalogue()
        .recordHeld(
            version("1.3", "v", 1),
            new CopyRow(
                good.study(),
                good.version(),
                good.destinationId(),
                good.location(),
                good.storedBytes(),
                good.fileCount(),
                good.proof(),
                "bad",
                1));

    assertThat(all(catalogue().studiesNotCopied()).stream().map(s -> s.facts().key().value()))
        .containsExactly("1.1", "1.3", "1.4");
  }

  @Test
  void aStreamShowsTheStateAtItsBeginningAndWritesGoOnBesideIt() {
    String[] keys = IntStream.range(0, 2000).mapToObj(i -> "1." + i).toArray(String[]::new);
    see(keys);

    int rows = 0;
    try (Stream<StudyRow> studies = catalogue().studies(SOURCE)) {
      for (StudyRow row : (Iterable<StudyRow>) studies::iterator) {
        if (rows % 500 == 0) {
          catalogue().sawChange(SOURCE, row.facts().key());
          see("2." + rows);
        }
        rows++;
      }
    }

    assertThat(rows).isEqualTo(2000);
    assertThat(all(catalogue().studies(SOURCE))).hasSize(2004);
  }

  @Test
  void streamsThatAreLeftEarlyGiveTheirConnectionsBack() {
    see(IntStream.range(0, 1500).mapToObj(i -> "1." + i).toArray(String[]::new));

    for (int i = 0; i < 60; i++) {
      try (Stream<StudyRow> studies = catalogue().studies()) {
        assertThat(studies.limit(3)).hasSize(3);
      }
    }

    assertThat(all(catalogue().studies())).hasSize(1500);
  }

  @Test
  void theFirstTimeOfAChangeIsKeptUntilAVersionIsRecorded() {
    see("1.2");
    catalogue().sawChange(SOURCE, new StudyKey("1.2"));
    clock.move(Duration.ofHours(5));
    catalogue().sawChange(SOURCE, new StudyKey("1.2"));
    Optional<Instant> changed = known("1.2").changeSeenAt();

    catalogue().recordCopied(SOURCE, version("1.2", "v", 1), List.of(), "f", "l", List.of(), 1);

    assertThat(changed).contains(millis(START));
    assertThat(known("1.2").changeSeenAt()).isEmpty();
  }

  @Test
  void failuresAreCountedUntilTheStudyIsCopied() {
    see("1.2");
    Instant later = START.plusSeconds(3600);

    catalogue().recordFailure(SOURCE, new StudyKey("1.2"), "place-full: no room", later);
    catalogue().recordFailure(SOURCE, new StudyKey("1.2"), "place-full: no room", later);
    StudyRow failed = known("1.2");
    catalogue().recordCopied(SOURCE, version("1.2", "v", 1), List.of(), "f", "l", List.of(), 1);

    assertThat(failed.failures()).isEqualTo(2);
    assertThat(failed.nextTryAt()).contains(millis(later));
    assertThat(failed.problem()).isEqualTo("place-full: no room");
    assertThat(known("1.2").failures()).isZero();
    assertThat(known("1.2").nextTryAt()).isEmpty();
    assertThat(known("1.2").problem()).isEmpty();
  }

  @Test
  void neverIsATimeToo() {
    see("1.2");

    catalogue().recordFailure(SOURCE, new StudyKey("1.2"), "x", Instant.MAX);

    assertThat(known("1.2").nextTryAt()).contains(Instant.ofEpochMilli(Long.MAX_VALUE));
  }

  @Test
  void filesFoundUnchangedGetANewTimeAndAnEndedTrouble() {
    see("1.2");
    catalogue().recordCopied(SOURCE, version("1.2", "v", 1), List.of(), "f1", "look", List.of(), 1);
    catalogue().sawChange(SOURCE, new StudyKey("1.2"));
    catalogue().recordFailure(SOURCE, new StudyKey("1.2"), "x", START);
    clock.move(Duration.ofDays(2));

    catalogue().foundUnchanged(SOURCE, new StudyKey("1.2"), "f2");

    StudyRow row = known("1.2");
    assertThat(row.fingerprint()).isEqualTo("f2");
    assertThat(row.look()).isEqualTo("look");
    assertThat(row.lastLookedAt()).contains(millis(clock.instant()));
    assertThat(row.changeSeenAt()).isEmpty();
    assertThat(row.failures()).isZero();
  }

  @Test
  void aStudyThatLacksFilesStaysInTroubleWhenItsFilesAreUnchanged() {
    see("1.2");
    VersionRow whole = version("1.2", "v", 1);
    VersionRow lacking =
        new VersionRow(
            whole.study(),
            whole.id(),
            whole.readAt(),
            1,
            10,
            2,
            Optional.of(id("before")),
            whole.instances());
    catalogue().recordCopied(SOURCE, lacking, List.of(), "f1", "look", List.of(), 1);
    catalogue().recordFailure(SOURCE, new StudyKey("1.2"), "missing-files: 2", START);

    catalogue().foundUnchanged(SOURCE, new StudyKey("1.2"), "f1");

    assertThat(known("1.2").missingFiles()).isEqualTo(2);
    assertThat(known("1.2").failures()).isEqualTo(1);
    assertThat(known("1.2").problem()).isEqualTo("missing-files: 2");
    assertThat(catalogue().version(lacking.study(), lacking.id()))
        .contains(at(lacking, millis(lacking.readAt())));
  }

  private static VersionRow at(VersionRow row, Instant readAt) {
    return new VersionRow(
        row.study(),
        row.id(),
        readAt,
        row.fileCount(),
        row.lengthBytes(),
        row.missingFiles(),
        row.supersedes(),
        row.instances());
  }

  // ---- versions and copies

  @Test
  void aCopiedVersionIsRecordedWithAllThatBelongsToIt() {
    see("1.2.3");
    VersionRow version = version("1.2.3", "v1", 3);
    List<CopyRow> copies = List.of(copy("1.2.3", "v1", DISK), copy("1.2.3", "v1", CLOUD));
    List<Finding> findings =
        List.of(
            new Finding("truncated", "DATABASE.noindex/1/2.dcm", 4096, "ends too early"),
            Finding.about("", "two-patients-one-study", "it says so"));
    clock.move(Duration.ofMinutes(3));

    catalogue().recordCopied(SOURCE, version, copies, "print", "look", findings, 5);

    assertThat(catalogue().version(version.study(), version.id()))
        .contains(at(version, millis(version.readAt())));
    assertThat(catalogue().copies(version.study())).hasSize(2).allMatch(c -> c.runId() == 1);
    assertThat(catalogue().copies(version.study()).getFirst())
        .isEqualTo(withMillis(copies.getFirst()));
    assertThat(catalogue().findings(SOURCE, version.study())).isEqualTo(findings);
    StudyRow row = known("1.2.3");
    assertThat(row.version()).contains(version.id());
    assertThat(row.fingerprint()).isEqualTo("print");
    assertThat(row.look()).isEqualTo("look");
    assertThat(row.lastLookedAt()).contains(millis(clock.instant()));
  }

  private static CopyRow withMillis(CopyRow copy) {
    Proof proof = copy.proof();
    return new CopyRow(
        copy.study(),
        copy.version(),
        copy.destinationId(),
        copy.location(),
        copy.storedBytes(),
        copy.fileCount(),
        new Proof(proof.depth(), proof.means(), millis(proof.at())),
        copy.state(),
        copy.runId());
  }

  @Test
  void aStudyThatWasNeverListedIsNotRecordedInPart() {
    assertThatThrownBy(() ->
            catalogue()
                .recordCopied(
                    SOURCE,
                    version("1.2", "v", 2),
                    List.of(copy("1.2", "v", DISK)),
                    "f",
                    "l",
                    List.of(),
                    1))
        .isInstanceOf(IllegalArgumentException.class);

    assertThat(catalogue().version(new StudyKey("1.2"), id("v"))).isEmpty();
    assertThat(catalogue().copies(new StudyKey("1.2"))).isEmpty();
  }

  @Test
  void aCopyFoundAtADestinationIsRecordedWithoutASource() {
    catalogue().recordHeld(version("1.2", "v", 2), copy("1.2", "v", DISK));
    catalogue().recordHeld(version("1.2", "v", 2), copy("1.2", "v", DISK));

    assertThat(catalogue().copies(new StudyKey("1.2"))).hasSize(1);
    assertThat(all(catalogue().studies())).isEmpty();
    assertThat(catalogue().version(new StudyKey("1.2"), id("v")).orElseThrow().instances())
        .isEqualTo(instances(2));
  }

  @Test
  void aFoundCopyNeverTakesKnowledgeOfItsVersionAway() {
    catalogue().recordHeld(version("1.2", "v", 5), copy("1.2", "v", DISK));
    VersionRow known = catalogue().version(new StudyKey("1.2"), id("v")).orElseThrow();
    clock.move(Duration.ofDays(1));

    catalogue().recordHeld(version("1.2", "v", 0), copy("1.2", "v", CLOUD));
    Optional<VersionRow> afterShorter = catalogue().version(new StudyKey("1.2"), id("v"));
    catalogue().recordHeld(version("1.2", "v", 9), copy("1.2", "v", CLOUD));
    Optional<VersionRow> afterLonger = catalogue().version(new StudyKey("1.2"), id("v"));

    assertThat(afterShorter).contains(known);
    assertThat(afterLonger.orElseThrow().instances()).hasSize(9);
    assertThat(afterLonger.orElseThrow().readAt()).isEqualTo(known.readAt());
  }

  @Test
  void aVersionThatCameBackIsTheNewestAgain() {
    see("1.2");
    for (String name : List.of("a", "b", "a")) {
      clock.move(Duration.ofDays(1));
      catalogue()
          .recordCopied(
              SOURCE,
              version("1.2", name, 1),
              List.of(copy("1.2", name, DISK)),
              "f",
              "l",
              List.of(),
              1);
    }

    assertThat(catalogue().copies(new StudyKey("1.2")))
        .extracting(CopyRow::version)
        .containsExactly(id("a"), id("b"));
    assertThat(known("1.2").version()).contains(id("a"));
  }

  @Test
  void theNewestProofOfACopyCounts() {
    catalogue().recordHeld(version("1.2", "v", 1), copy("1.2", "v", DISK));
    Proof proof = new Proof(Depth.READABLE, ProofMeans.NETWORK, millis(START.plusSeconds(9)));

    catalogue().recordProof(new StudyKey("1.2"), id("v"), DISK, proof, "bad");

    CopyRow copy = catalogue().copies(new StudyKey("1.2")).getFirst();
    assertThat(copy.proof()).isEqualTo(proof);
    assertThat(copy.state()).isEqualTo("bad");
  }

  private void prove(Depth depth, String state) {
    clock.move(Duration.ofDays(1));
    catalogue()
        .recordProof(
            new StudyKey("1.2"),
            id("v"),
            DISK,
            new Proof(depth, ProofMeans.PAST_CACHE, clock.instant()),
            state);
  }

  private CopyRow onlyCopy() {
    return catalogue().copies(new StudyKey("1.2")).getFirst();
  }

  @Test
  void aShallowerProofTakesNothingFromADeeperOne() {
    catalogue().recordHeld(version("1.2", "v", 1), copy("1.2", "v", DISK));
    prove(Depth.RESTORED, "good");
    Instant drilled = millis(clock.instant());
    prove(Depth.INTACT, "good");
    Instant readBack = millis(clock.instant());
    prove(Depth.PRESENT, "good");

    assertThat(onlyCopy().proof())
        .isEqualTo(new Proof(Depth.RESTORED, ProofMeans.PAST_CACHE, drilled));
    assertThat(onlyCopy().intactAt()).contains(readBack);
    assertThat(catalogue().proofs().of(new StudyKey("1.2"), id("v"), DISK))
        .extracting(Proof::depth)
        .containsExactly(Depth.RESTORED, Depth.INTACT, Depth.PRESENT);
  }

  @Test
  void aFailedProofEndsThemAll() {
    catalogue().recordHeld(version("1.2", "v", 1), copy("1.2", "v", DISK));
    prove(Depth.RESTORED, "good");
    prove(Depth.PRESENT, "bad");
    CopyRow failed = onlyCopy();
    prove(Depth.INTACT, "good");

    assertThat(failed.isProven()).isFalse();
    assertThat(failed.proof().depth()).isEqualTo(Depth.PRESENT);
    assertThat(failed.intactAt()).isEmpty();
    assertThat(onlyCopy().proof().depth()).isEqualTo(Depth.INTACT);
    assertThat(onlyCopy().intactAt()).contains(millis(clock.instant()));
  }

  @Test
  void aCopyMadeElsewhereAgainStartsAnewAndOneFoundAgainGoesOn() {
    CopyRow made = copy("1.2", "v", DISK);
    catalogue().recordHeld(version("1.2", "v", 1), made);
    prove(Depth.RESTORED, "good");
    clock.move(Duration.ofDays(1));

    catalogue().recordHeld(version("1.2", "v", 1), copy("1.2", "v", DISK));
    CopyRow foundAgain = onlyCopy();
    catalogue()
        .recordHeld(
            version("1.2", "v", 1),
            new CopyRow(
                made.study(),
                made.version(),
                DISK,
                "2026_02/1.2_2.zip",
                made.storedBytes(),
                made.fileCount(),
                made.proof(),
                "good",
                2));

    assertThat(foundAgain.proof().depth()).isEqualTo(Depth.RESTORED);
    assertThat(foundAgain.intactAt()).contains(millis(clock.instant()));
    assertThat(onlyCopy().proof().depth()).isEqualTo(Depth.INTACT);
  }

  @Test
  void aCopyThatIsOnlyListedAfterARebuildHasNoOlderProofs() {
    catalogue().recordHeld(version("1.2", "v", 1), copy("1.2", "v", DISK));
    CopyRow copy = onlyCopy();

    catalogue()
        .recordHeld(
            version("1.2", "v", 1),
            new CopyRow(
                copy.study(),
                copy.version(),
                DISK,
                copy.location(),
                copy.storedBytes(),
                copy.fileCount(),
                new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant()),
                "good",
                0));

    assertThat(onlyCopy().isProven()).isFalse();
    assertThat(onlyCopy().intactAt()).isEmpty();
  }

  @Test
  void turnsGoByTheOrderOfProofsWhateverTheClockSays() {
    for (String study : List.of("1.1", "1.2", "1.3")) {
      catalogue().recordHeld(version(study, "v", 1), copy(study, "v", DISK));
    }
    clock.move(Duration.ofDays(-400));
    Proof proof = new Proof(Depth.INTACT, ProofMeans.NETWORK, clock.instant());
    catalogue().recordProof(new StudyKey("1.1"), id("v"), DISK, proof, "good");
    Proof listed = new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant());
    catalogue().recordProof(new StudyKey("1.2"), id("v"), DISK, listed, "good");

    assertThat(studiesByTurn(Depth.INTACT)).containsExactly("1.2", "1.3", "1.1");
    // None is proven so deeply, so they go by when each began to wait.
    assertThat(studiesByTurn(Depth.READABLE)).containsExactly("1.1", "1.2", "1.3");
    assertThat(catalogue().proofs().count()).isEqualTo(5);
  }

  private List<String> studiesByTurn(Depth depth) {
    return all(catalogue().proofs().turns(DISK, depth)).stream()
        .sorted(java.util.Comparator.comparingLong(Proofs.Turn::lastTurn))
        .map(turn -> turn.study().value())
        .toList();
  }

  @Test
  void proofsOfAnOlderCatalogueAreKept() throws SQLException {
    sql(dropAll());
    try (Database old = database(WritePoint.NONE)) {
      old.write(link -> {
        for (String statement : Schema.statements(old, 1)) {
          link.run(statement);
        }
        link.run("insert into schema_version (version, applied_at) values (1, 0)");
        for (String copy :
            List.of("READABLE', 'NETWORK', 5000, 'good'", "PRESENT', 'ASKED', 6000, 'bad'")) {
          String study = copy.contains("bad") ? "1.3" : "1.2";
          link.run(
              "insert into version values ('"
                  + study
                  + "', '"
                  + id("v").hex()
                  + "', 1, 1, 1, 0, '')");
          link.run(
              "insert into copy (study, version, destination, location, stored_bytes, file_count,"
                  + " depth, means, proven_at, state, run) values ('"
                  + study
                  + "', '"
                  + id("v").hex()
                  + "', '"
                  + DISK
                  + "', 'a.zip', 1, 1, '"
                  + copy
                  + ", 1)");
        }
        return 0;
      });
    }

    Catalogue upgraded = open();

    CopyRow good = upgraded.copies(new StudyKey("1.2")).getFirst();
    assertThat(good.proof())
        .isEqualTo(new Proof(Depth.READABLE, ProofMeans.NETWORK, Instant.ofEpochMilli(5000)));
    assertThat(good.intactAt()).contains(Instant.ofEpochMilli(5000));
    assertThat(upgraded.proofs().of(new StudyKey("1.2"), id("v"), DISK)).hasSize(1);
    CopyRow bad = upgraded.copies(new StudyKey("1.3")).getFirst();
    assertThat(bad.intactAt()).isEmpty();
    assertThat(upgraded.proofs().of(new StudyKey("1.3"), id("v"), DISK)).isEmpty();
  }

  @Test
  void aProofOfAnUnknownCopyIsRefused() {
    Proof proof = new Proof(Depth.INTACT, ProofMeans.NETWORK, START);

    assertThatThrownBy(
            () -> catalogue().recordProof(new StudyKey("1.2"), id("v"), DISK, proof, "good"))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void copiesOnADestinationComeByStudy() {
    for (String key : List.of("1.9", "1.10", "1.2")) {
      catalogue().recordHeld(version(key, "v", 1), copy(key, "v", DISK));
      catalogue().recordHeld(version(key, "v", 1), copy(key, "v", CLOUD));
    }

    assertThat(all(catalogue().copiesOn(DISK)).stream().map(copy -> copy.study().value()))
        .containsExactly("1.10", "1.2", "1.9");
  }

  @Test
  void aHundredThousandInstancesOfOneVersionComeBackInOrder() {
    VersionRow version = version("1.2", "v", 100_000);

    catalogue().recordHeld(version, copy("1.2", "v", DISK));

    assertThat(catalogue().version(version.study(), version.id()).orElseThrow().instances())
        .isEqualTo(version.instances());
  }

  @Test
  void aListOfInstancesThatWasTamperedWithIsDamage() throws SQLException {
    catalogue().recordHeld(version("1.2", "v", 3), copy("1.2", "v", DISK));
    sql(shortenedList());

    assertThatThrownBy(() -> catalogue().version(new StudyKey("1.2"), id("v")))
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageContaining("serdab catalogue rebuild")
        .hasMessageContaining(catalogue().label(new StudyKey("1.2")).value());
  }

  /// Leaves only the beginning of every list of instances.
  abstract String shortenedList();

  // ---- all or nothing

  @Test
  void aVersionInterruptedAtAnyStepIsRecordedWhollyOrNotAtAll() {
    see("1.2");
    catalogue()
        .recordCopied(
            SOURCE,
            version("1.2", "old", 1),
            List.of(copy("1.2", "old", DISK)),
            "old",
            "old",
            List.of(Finding.about("old", "old", "old")),
            1);
    int interruptedBefore = 0;
    for (int failing = 0; ; failing++) {
      int[] steps = {failing};
      Catalogue interrupted =
          open(
              step -> {
                if (steps[0]-- == 0) {
                  throw new Interrupted();
                }
              },
              new SplittableRandom(1));

      Throwable thrown =
          catchThrowable(() ->
              interrupted.recordCopied(
                  SOURCE,
                  version("1.2", "new", 4),
                  List.of(copy("1.2", "new", DISK), copy("1.2", "new", CLOUD)),
                  "new",
                  "new",
                  List.of(Finding.about("new", "new", "new"), Finding.about("new", "new", "new")),
                  1));

      boolean isNew = known("1.2").fingerprint().equals("new");
      String expected = isNew ? "new" : "old";
      assertThat(known("1.2").look()).isEqualTo(expected);
      assertThat(known("1.2").version()).contains(id(expected));
      assertThat(catalogue().findings(SOURCE, new StudyKey("1.2")))
          .hasSize(isNew ? 2 : 1)
          .allMatch(finding -> finding.path().equals(expected));
      assertThat(catalogue().copies(new StudyKey("1.2"))).hasSize(isNew ? 3 : 1);
      assertThat(catalogue().version(new StudyKey("1.2"), id("new")).isPresent()).isEqualTo(isNew);
      interrupted.close();
      if (isNew) {
        // The step after the commit: the caller saw a failure, and it is recorded all the same.
        assertThat(thrown).isInstanceOf(Interrupted.class);
        break;
      }
      assertThat(thrown).isInstanceOf(Interrupted.class);
      interruptedBefore++;
    }
    assertThat(interruptedBefore).isGreaterThanOrEqualTo(8);
  }

  @SuppressWarnings("serial")
  private static final class Interrupted extends RuntimeException {}

  @Test
  void aWriterKilledAtAnyMomentLeavesWholeRecords() throws Exception {
    see("1.2");
    SplittableRandom random = new SplittableRandom(4711);
    long recorded = 0;
    for (int kill = 0; kill < 3; kill++) {
      try (CatalogueProgram.Running writer =
          CatalogueProgram.start(64, arguments(), "record-versions", "1.2")) {
        writer.awaitLine("ready");
        writer.awaitLines(5 + random.nextInt(20));
        writer.kill();
      }

      StudyRow row = known("1.2");
      int number = Integer.parseInt(row.fingerprint());
      VersionId version = row.version().orElseThrow();
      assertThat(version).isEqualTo(id("v" + number));
      assertThat(row.look()).isEqualTo(row.fingerprint());
      assertThat(catalogue().version(new StudyKey("1.2"), version).orElseThrow().instances())
          .hasSize(CatalogueProgram.INSTANCES);
      assertThat(catalogue().findings(SOURCE, new StudyKey("1.2")))
          .hasSize(CatalogueProgram.FINDINGS)
          .allMatch(finding -> finding.detail().equals("" + number));
      assertThat(
              catalogue().copies(new StudyKey("1.2")).stream()
                  .filter(copy -> copy.version().equals(version)))
          .hasSize(2);
      recorded = number;
    }
    assertThat(recorded).isGreaterThan(3);
  }

  // ---- several at once

  @Test
  void writersInSeveralThreadsAndConnectionsLoseNothing() throws Exception {
    see("1.2", "1.3");
    Catalogue other = open();
    int each = 40;
    List<Callable<List<Long>>> writers = new ArrayList<>();
    for (Catalogue catalogue : List.of(catalogue(), other, catalogue(), other)) {
      writers.add(() -> {
        List<Long> runs = new ArrayList<>();
        for (int i = 0; i < each; i++) {
          catalogue.recordFailure(SOURCE, new StudyKey("1.2"), "x", START);
          catalogue.sawStudies(
              i,
              SOURCE,
              List.of(
                  new Seen(facts("1.3"), i), new Seen(facts("1.2"), i), new Seen(facts("1.4"), i)));
          runs.add(catalogue.beginRun("backup", "h", SOURCE, List.of(DISK), "w"));
        }
        return runs;
      });
    }

    List<Long> runs = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (Future<List<Long>> writer : threads.invokeAll(writers)) {
        runs.addAll(writer.get());
      }
    }

    assertThat(known("1.2").failures()).isEqualTo(4 * each);
    assertThat(runs).doesNotHaveDuplicates().hasSize(4 * each);
    assertThat(catalogue().runs(1000)).hasSize(4 * each);
  }

  @Test
  void writersInSeveralProcessesLoseNothing() throws Exception {
    see("1.2");
    int each = 50;

    try (CatalogueProgram.Running a =
            CatalogueProgram.start(64, arguments(), "fail", "1.2", "" + each);
        CatalogueProgram.Running b =
            CatalogueProgram.start(64, arguments(), "fail", "1.2", "" + each)) {
      for (int i = 0; i < each; i++) {
        catalogue().recordFailure(SOURCE, new StudyKey("1.2"), "x", START);
      }
      a.awaitSuccess();
      b.awaitSuccess();
    }

    assertThat(known("1.2").failures()).isEqualTo(3 * each);
  }

  @Test
  void streamsOfMuchMoreThanMemoryHoldsAreReadInBoundedMemory() throws Exception {
    String long2k = "x".repeat(2000);
    List<Seen> batch = new ArrayList<>();
    int studies = 30_000;
    for (int i = 0; i < studies; i++) {
      StudyFacts facts = facts("1.2." + i);
      batch.add(
          new Seen(
              new StudyFacts(
                  facts.key(),
                  facts.patientName(),
                  facts.patientId(),
                  facts.birthDate(),
                  facts.studyDate(),
                  facts.modalities(),
                  facts.accessionNumber(),
                  PatientData.of(long2k)),
              1));
      if (batch.size() == 5000) {
        catalogue().sawStudies(1, SOURCE, batch);
        batch.clear();
      }
    }

    try (CatalogueProgram.Running reader =
        CatalogueProgram.start(24, arguments(), "count-studies")) {
      reader.awaitLine("studies " + studies + " " + studies);
      reader.awaitSuccess();
    }
  }

  // ---- places, facts and runs

  @Test
  void theLastUsedDestinationAtAnAddressComesFirst() {
    catalogue().sawDestination(DISK, "/Volumes/Backup");
    catalogue().sawDestination(CLOUD, "/Volumes/Backup");
    catalogue().sawDestination(DISK, "/Volumes/Other");
    catalogue().sawDestination(DISK, "/Volumes/Backup");

    assertThat(catalogue().destinationsAt("/Volumes/Backup")).containsExactly(DISK, CLOUD);
    assertThat(catalogue().destinations())
        .extracting(Catalogue.UsedPlace::spec)
        .containsExactly("/Volumes/Backup", "/Volumes/Other", "/Volumes/Backup");
  }

  @Test
  void sourcesAreKnownByTheAddressUsedLast() {
    catalogue().sawSource(SOURCE, "/old");
    clock.move(Duration.ofDays(1));
    catalogue().sawSource(SOURCE, "/new");

    assertThat(catalogue().sources())
        .containsExactly(
            new Catalogue.UsedPlace(SOURCE, "/new", millis(START), millis(clock.instant())));
  }

  @Test
  void factsOutliveTheProcessAndAreReplaced() {
    catalogue().rememberFact("sentinel/x", "seen");
    catalogue().rememberFact("sentinel/x", "seen twice");

    assertThat(open().fact("sentinel/x")).contains("seen twice");
  }

  @Test
  void factsAreFoundByHowTheirNamesBegin() {
    catalogue().rememberFact("disk-set/a_b/2", "two");
    catalogue().rememberFact("disk-set/a_b/1", "one");
    catalogue().rememberFact("disk-set/aXb/3", "of another set");
    catalogue().rememberFact("disk", "no set");

    assertThat(catalogue().facts("disk-set/a_b/"))
        .containsExactly(Map.entry("disk-set/a_b/1", "one"), Map.entry("disk-set/a_b/2", "two"));
    assertThat(catalogue().facts("nothing")).isEmpty();
  }

  @Test
  void aRunIsRememberedFromItsBeginningToItsEnd() {
    long run = catalogue().beginRun("backup", "hash", SOURCE, List.of(DISK, CLOUD), "mac/77");
    RunRow begun = catalogue().runs(1).getFirst();
    clock.move(Duration.ofHours(1));
    RunTotals totals = new RunTotals(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

    catalogue().endRun(run, "incomplete", totals);

    assertThat(begun)
        .isEqualTo(
            new RunRow(
                run,
                "backup",
                "hash",
                SOURCE,
                List.of(DISK, CLOUD),
                "mac/77",
                millis(START),
                Optional.empty(),
                "",
                RunTotals.NONE));
    assertThat(catalogue().runs(1).getFirst())
        .isEqualTo(
            new RunRow(
                run,
                "backup",
                "hash",
                SOURCE,
                List.of(DISK, CLOUD),
                "mac/77",
                millis(START),
                Optional.of(millis(clock.instant())),
                "incomplete",
                totals));
  }

  @Test
  void theLastGoodRunIsTheNewestThatEndedWell() {
    long good = catalogue().beginRun("backup", "h", SOURCE, List.of(), "w");
    catalogue().endRun(good, "good", RunTotals.NONE);
    long failed = catalogue().beginRun("backup", "h", SOURCE, List.of(), "w");
    catalogue().endRun(failed, "failed", RunTotals.NONE);
    long verify = catalogue().beginRun("verify", "h", SOURCE, List.of(), "w");
    catalogue().endRun(verify, "good", RunTotals.NONE);
    long elsewhere = catalogue().beginRun("backup", "h", "folder:y", List.of(), "w");
    catalogue().endRun(elsewhere, "good", RunTotals.NONE);
    long running = catalogue().beginRun("backup", "h", SOURCE, List.of(), "w");

    assertThat(catalogue().lastGoodRun("backup", SOURCE).map(RunRow::id)).contains(good);
    assertThat(catalogue().runs(2)).extracting(RunRow::id).containsExactly(running, elsewhere);
  }

  @Test
  void aRunThatNeverBeganCannotEnd() {
    assertThatThrownBy(() -> catalogue().endRun(99, "good", RunTotals.NONE))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // ---- findings

  @Test
  void findingsOfARunAddUpAndThoseOfTheNextRunReplaceThem() {
    catalogue().sawSource(SOURCE, "/x");
    see("1.2");
    Finding finding = Finding.about("a/b", "fifo", "not a file");
    catalogue()
        .recordCopied(SOURCE, version("1.2", "v", 1), List.of(), "f", "l", List.of(finding), 1);
    catalogue().recordFindings(1, SOURCE, List.of(finding, finding));
    catalogue().recordFindings(1, SOURCE, List.of(finding));
    long afterFirst = catalogue().findingCount(SOURCE);

    catalogue().recordFindings(2, SOURCE, List.of());

    assertThat(afterFirst).isEqualTo(4);
    assertThat(all(catalogue().findings(1))).containsExactly(finding, finding, finding);
    assertThat(catalogue().findingCount(SOURCE)).isEqualTo(1);
  }

  // ---- labels

  @Test
  void aStudyHasOneLabelHoweverOftenAndBySeveralTheCatalogueIsOpened() {
    see("1.2", "1.3");
    StudyLabel label = catalogue().label(new StudyKey("1.3"));

    assertThat(open().label(new StudyKey("1.3"))).isEqualTo(label);
    assertThat(catalogue().byLabel(label.value())).contains(known("1.3"));
    assertThat(catalogue().label(new StudyKey("1.2"))).isNotEqualTo(label);
  }

  @Test
  void severalThatOpenANewDatabaseAtOnceAgreeOnIt() throws Exception {
    sql(dropAll());
    Callable<StudyLabel> opener =
        () -> {
          try (Catalogue catalogue =
              Catalogue.over(database(WritePoint.NONE), clock, someRandom())) {
            catalogue.rememberFact("a", "b");
            return catalogue.label(new StudyKey("1.2"));
          }
        };
    List<Callable<StudyLabel>> openers = Collections.nCopies(6, opener);

    List<StudyLabel> labels = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
      for (Future<StudyLabel> label : threads.invokeAll(openers)) {
        labels.add(label.get());
      }
    }

    assertThat(labels).hasSize(6).containsOnly(labels.getFirst());
  }

  private static RandomGenerator someRandom() {
    return new SplittableRandom(Thread.currentThread().threadId());
  }

  /// Makes the database as it was before it was opened first.
  abstract String dropAll();

  // ---- when things go wrong

  @Test
  void aNewerSchemaIsRefusedAndLeftAlone() throws SQLException {
    catalogue().rememberFact("kept", "yes");
    sql("insert into schema_version (version, applied_at) values (1000, 0)");

    assertThatThrownBy(this::open)
        .isInstanceOf(SerdabException.Refused.class)
        .hasMessageContaining("newer Serdab")
        .hasMessageContaining("1000");
    assertThat(catalogue().fact("kept")).contains("yes");
  }

  @Test
  void noFailureTellsAnythingAboutAPatient() throws SQLException {
    see("1.2.840.99");
    sql("create unique index no_namesakes on study (patient_name)");

    Throwable failure =
        catchThrowable(
            () -> catalogue().sawStudies(1, SOURCE, List.of(new Seen(facts("1.2.840.98"), 1))));

    assertThat(failure).isInstanceOf(SerdabException.class);
    StringWriter printed = new StringWriter();
    failure.printStackTrace(new PrintWriter(printed));
    assertThat(printed.toString())
        .doesNotContain("DOE")
        .doesNotContain("JANE")
        .doesNotContain("4711")
        .doesNotContain("1950")
        .doesNotContain("1.2.840");
  }

  @Test
  void whatADatabaseSaysInWordsIsNotPassedOn() {
    SQLException told =
        new SQLException("duplicate key: Key (patient_name)=(DOE^JANE) already exists", "23505", 7);
    told.setNextException(new SQLException("DOE^JANE"));
    told.addSuppressed(new SQLException("DOE^JANE", new IllegalStateException("DOE^JANE")));

    StringWriter printed = new StringWriter();
    Database database = database(WritePoint.NONE);
    database.translated(told).printStackTrace(new PrintWriter(printed));
    database.close();

    assertThat(printed.toString()).doesNotContain("DOE").contains("23505");
  }

  @Test
  void aClosedCatalogueSaysSo() {
    Catalogue closed = open();
    closed.close();

    assertThatThrownBy(() -> closed.fact("x")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> closed.rememberFact("x", "y"))
        .isInstanceOf(IllegalStateException.class);
  }

  // ---- many studies at once

  @Test
  void manyStudiesAreKnownAtOnceWithTheirCopies() {
    catalogue()
        .sawStudies(
            1,
            SOURCE,
            List.of(new Seen(facts("1.2.3"), 3, "print a"), new Seen(facts("1.2.4"), 1, "b")));

    var known =
        catalogue()
            .listings()
            .known(
                SOURCE, List.of(new StudyKey("1.2.3"), new StudyKey("1.2.4"), new StudyKey("1.9")));

    assertThat(known).containsOnlyKeys(new StudyKey("1.2.3"), new StudyKey("1.2.4"));
    assertThat(
            java.util.Objects.requireNonNull(known.get(new StudyKey("1.2.3"))).listedFingerprint())
        .isEqualTo("print a");
    assertThat(java.util.Objects.requireNonNull(known.get(new StudyKey("1.2.3"))).study())
        .isEqualTo(catalogue().study(SOURCE, new StudyKey("1.2.3")).orElseThrow());
    assertThat(java.util.Objects.requireNonNull(known.get(new StudyKey("1.2.3"))).copies())
        .isEmpty();
    catalogue().listings().stillListed(9, SOURCE, List.of(new StudyKey("1.2.4")));
    assertThat(catalogue().study(SOURCE, new StudyKey("1.2.4")).orElseThrow().lastSeenRun())
        .isEqualTo(9);
    assertThat(catalogue().study(SOURCE, new StudyKey("1.2.3")).orElseThrow().lastSeenRun())
        .isEqualTo(1);
  }

  @Test
  void theDatabaseCountsWhatAPlanWants() {
    catalogue()
        .sawStudies(
            1,
            SOURCE,
            List.of(
                new Seen(facts("1.2.3"), 3),
                new Seen(undated("1.2.4"), 1),
                new Seen(facts("1.5"), 0)));
    String modality = facts("1.2.3").modalities().getFirst();
    java.util.function.Function<Safety.Wish, Safety.Counts> count =
        wish ->
            catalogue()
                .safety()
                .count(new Safety.Scope(SOURCE, List.of(DISK, CLOUD), List.of(wish), 1));

    Safety.Counts all = count.apply(Safety.Wish.ALL);
    Safety.Counts some =
        count.apply(
            new Safety.Wish(
                new serdab.plan.Selection(
                    java.util.Set.of(modality),
                    Optional.of(LocalDate.of(1900, 1, 1)),
                    Optional.of(LocalDate.of(2100, 1, 1)),
                    java.util.Set.of("1.2.3", "1.7"),
                    Optional.empty()),
                true));
    Safety.Counts none =
        count.apply(
            new Safety.Wish(
                new serdab.plan.Selection(
                    java.util.Set.of("A_%!"),
                    Optional.empty(),
                    Optional.empty(),
                    java.util.Set.of(),
                    Optional.of("nobody")),
                false));

    assertThat(all.studies()).isEqualTo(2);
    assertThat(all.neverRead()).isEqualTo(2);
    assertThat(all.empty()).isEqualTo(1);
    assertThat(all.safeStudies()).isZero();
    assertThat(some.studies()).isEqualTo(1);
    assertThat(some.notWanted()).isEqualTo(2);
    assertThat(none.studies()).isZero();
    assertThat(catalogue().safety().ofSource(SOURCE, 1).studies()).isEqualTo(3);
    assertThat(catalogue().safety().backupRuns()).isEmpty();
  }

  // ---- rejection notes, and whose studies are

  @Test
  void whatNotesRejectIsRememberedWithTheVersion() {
    catalogue().sawStudies(1, SOURCE, List.of(new Catalogue.Seen(undated("1.2"), 3)));
    VersionRow plain = version("1.2", "v", 3);
    List<Rejections.Rejected> rejected =
        List.of(
            new Rejections.Rejected("1.2.1", RejectionNote.Reason.QUALITY, "1.2.9"),
            new Rejections.Rejected("1.2.2", RejectionNote.Reason.PATIENT_SAFETY, "1.2.9"));
    VersionRow version = as(plain, patient("P1", "Doe^Jane"), rejected);
    catalogue().recordHeld(plain, copy("1.2", "v", "d"));
    catalogue().recordCopied(SOURCE, version, List.of(), "f", "l", List.of(), 1);
    catalogue().recordHeld(plain, copy("1.2", "v", "e"));

    assertThat(catalogue().version(new StudyKey("1.2"), id("v"))).contains(version);
    assertThat(catalogue().rejected().counts(new StudyKey("1.2"), id("v")))
        .containsOnly(
            Map.entry(RejectionNote.Reason.QUALITY, 1L),
            Map.entry(RejectionNote.Reason.PATIENT_SAFETY, 1L));
    assertThat(catalogue().rejected().totals()).isEqualTo(new Rejected.Totals(1, 2));

    catalogue().recordCopied(SOURCE, version("1.2", "w", 1), List.of(), "f", "l", List.of(), 2);

    assertThat(catalogue().rejected().totals()).isEqualTo(new Rejected.Totals(0, 0));
    assertThat(catalogue().version(new StudyKey("1.2"), id("v"))).contains(version);
  }

  @Test
  void anotherPatientOfAnotherVersionIsKnown() {
    StudyKey key = new StudyKey("1.2");
    catalogue().sawStudies(1, SOURCE, List.of(new Catalogue.Seen(undated("1.2"), 3)));
    Identity jane = patient("P1", "Doe^Jane");
    catalogue()
        .recordCopied(
            SOURCE, as(version("1.2", "v", 1), jane, List.of()), List.of(), "f", "l", List.of(), 1);

    assertThat(catalogue().rejected().namesAnother(key, jane)).isFalse();
    assertThat(catalogue().rejected().namesAnother(key, patient("P1", "DOE, JANE"))).isFalse();
    assertThat(catalogue().rejected().namesAnother(key, patient("P2", "Doe^Jane"))).isTrue();
    assertThat(catalogue().rejected().namesAnother(key, patient("P1", "Roe^Joan"))).isTrue();
    assertThat(catalogue().rejected().namesAnother(key, Identity.UNKNOWN)).isFalse();
  }

  private static Identity patient(String id, String name) {
    return new Identity(PatientData.of(id), PatientData.of(name));
  }

  private static VersionRow as(
      VersionRow plain, Identity identity, List<Rejections.Rejected> rejected) {
    return new VersionRow(
        plain.study(),
        plain.id(),
        plain.readAt(),
        plain.fileCount(),
        plain.lengthBytes(),
        plain.missingFiles(),
        plain.supersedes(),
        plain.instances(),
        identity,
        rejected);
  }
}
