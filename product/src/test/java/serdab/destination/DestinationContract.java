package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.testing.SeededTest;

/// What every destination must keep of what [Destination] promises. Forms that keep files bit for
/// bit promise more: [KeepingContract].
abstract class DestinationContract {

  static final String UID = "1.2.840.1";

  final List<Destination> opened = new ArrayList<>();
  Destination destination;

  /// Opens the one destination of this test for writing, as a new run of the program does.
  abstract Destination connect();

  /// Harms the stored bytes of a copy for good, in the content of a file.
  abstract void harm(HeldVersion copy);

  @BeforeEach
  void openTheDestination() {
    destination = connect();
    opened.add(destination);
  }

  @AfterEach
  void closeTheDestinations() {
    opened.forEach(Destination::close);
  }

  /// Ends this run and begins the next.
  Destination later() {
    destination.close();
    destination = connect();
    opened.add(destination);
    return destination;
  }

  static TestStudy study(long seed) {
    return TestStudy.drawnFrom(new SplittableRandom(seed), UID, 3);
  }

  static Map<String, byte[]> content(Destination from, HeldVersion copy) {
    return new TreeMap<>(TestStudy.readAll(from, copy));
  }

  static void assertBytes(Map<String, byte[]> read, TestStudy study) {
    assertThat(read.keySet()).isEqualTo(study.files().keySet());
    study.files().forEach((path, bytes) -> assertThat(read.get(path)).as(path).isEqualTo(bytes));
  }

  static List<HeldVersion> listed(Destination from) {
    try (Stream<Destination.Listed> held = from.held()) {
      return held.filter(Destination.Listed.Copy.class::isInstance)
          .map(Destination.Listed.Copy.class::cast)
          .map(Destination.Listed.Copy::version)
          .toList();
    }
  }

  // ---- identity

  @Test
  void itIsTheSameDestinationWheneverItIsOpened() {
    DestinationId first = destination.id();

    assertThat(later().id()).isEqualTo(first);
    assertThat(destination.describe()).isNotEmpty();
  }

  @Test
  void whatCountsAsCopiedCanBeProvenThere() {
    Traits traits = destination.traits();

    assertThat(traits.deepestProof().reaches(traits.copiedDepth())).isTrue();
  }

  // ---- copies

  @SeededTest(runs = 10)
  void whateverInstancesThereAreComeBackAsTheyWere(RandomGenerator random) {
    TestStudy study = TestStudy.drawnFrom(random, UID, 1 + random.nextInt(6));

    HeldVersion copy = study.copyTo(destination);

    assertThat(copy.proof().orElseThrow().depth().reaches(destination.traits().copiedDepth()))
        .isTrue();
    assertBytes(content(destination, copy), study);
    assertBytes(content(later(), copy), study);
  }

  @Test
  void partsOfAFileAreRead() {
    TestStudy study = study(1);
    HeldVersion copy = study.copyTo(destination);

    try (VersionReader reader = destination.read(copy)) {
      StoredFile file = reader.version().files().getFirst();
      byte[] whole = study.files().get(file.path());

      assertThat(TestStudy.read(reader, file, 10, 300))
          .isEqualTo(java.util.Arrays.copyOfRange(whole, 10, 300));
      assertThat(TestStudy.read(reader, file, 0, 0)).isEmpty();
    }
  }

  @Test
  void aCopyIsFoundByItsVersionWhoeverPutItThere() {
    TestStudy study = study(1);
    HeldVersion copy = study.copyTo(destination);

    Optional<HeldVersion> found = later().find(study.key(), copy.id());

    assertThat(found).isPresent();
    assertThat(found.orElseThrow().location()).isEqualTo(copy.location());
    assertThat(found.orElseThrow().storedBytes()).isEqualTo(copy.storedBytes());
    assertThat(found.orElseThrow().fileCount()).isEqualTo(3);
    assertThat(found.orElseThrow().proof()).as("listed only").isEmpty();
    assertThat(destination.find(new StudyKey("1.2.840.2"), copy.id())).isEmpty();
    assertThat(destination.find(study.key(), study(2).version().id())).isEmpty();
    assertThat(listed(destination)).extracting(HeldVersion::id).containsExactly(copy.id());
  }

  @Test
  void aStudyThatIsNotThereHasNoVersions() {
    assertThat(destination.versions(new StudyKey(UID))).isEmpty();
    assertThat(listed(destination)).isEmpty();
  }

  @Test
  void whatWasNotCommittedIsNowhereToBeSeen() {
    TestStudy study = study(1);

    study.stageIn(destination).close();

    assertThat(destination.versions(study.key())).isEmpty();
    assertThat(listed(later())).isEmpty();
    assertBytes(content(destination, study.copyTo(destination)), study);
  }

  @Test
  void theManifestSaysWhatWasKnown() {
    TestStudy study = study(1);
    HeldVersion copy = study.copyTo(destination);

    try (VersionReader reader = destination.read(copy)) {
      assertThat(reader.version().id()).isEqualTo(study.version().id());
      assertThat(reader.version().facts()).isEqualTo(study.facts());
      assertThat(reader.version().readAt()).isEqualTo(TestStudy.READ_AT);
      assertThat(
              VersionId.of(reader.version().files().stream().map(StoredFile::versionPart).toList()))
          .isEqualTo(copy.id());
    }
  }

  // ---- proofs

  @Test
  void eachDepthUpToTheDeepestIsProvenAndADeeperOneIsRefused() {
    HeldVersion copy = study(1).copyTo(destination);
    Depth deepest = destination.traits().deepestProof();

    for (Depth depth : Depth.values()) {
      if (deepest.reaches(depth)) {
        assertThat(destination.prove(copy, depth))
            .isInstanceOfSatisfying(
                ProofOutcome.Proven.class,
                proven -> assertThat(proven.proof().depth().reaches(depth)).isTrue());
      } else {
        assertThatIllegalArgumentException().isThrownBy(() -> destination.prove(copy, depth));
      }
    }
  }

  @Test
  void aHarmedCopyIsNeverProvenNorReadToItsEnd() {
    TestStudy study = study(1);
    HeldVersion copy = study.copyTo(destination);
    harm(copy);

    Destination again = later();

    assertThat(again.prove(copy, again.traits().copiedDepth()))
        .isInstanceOf(ProofOutcome.Bad.class);
    assertThatExceptionOfType(SerdabException.Damaged.class).isThrownBy(() -> content(again, copy));
  }

  @Test
  void aHarmedCopyIsSetAsideAndAGoodOneIsMadeAgain() {
    TestStudy study = study(1);
    HeldVersion copy = study.copyTo(destination);
    harm(copy);
    Destination again = later();
    HeldVersion good = study.copyTo(again);

    Optional<String> aside = again.setAside(copy.location());

    assertThat(aside).isPresent();
    assertThat(again.setAsideCount()).isEqualTo(1);
    assertThat(again.setAside(copy.location())).as("it is not there").isEmpty();
    assertThat(again.prove(copy, Depth.PRESENT)).isInstanceOf(ProofOutcome.Gone.class);
    assertThat(later().versions(study.key()))
        .extracting(HeldVersion::location)
        .containsExactly(good.location());
    assertBytes(content(destination, good), study);
  }

  // ---- beside the copies

  @Test
  void filesBesideTheCopiesAreNoCopies() throws Exception {
    Optional<SideFiles> beside = destination.beside("_test");
    if (beside.isEmpty()) {
      return; // A form that keeps none.
    }
    HeldVersion copy = study(1).copyTo(destination);
    beside.get().write("a/b.zip", out -> out.write(new byte[] {1, 2, 3}));
    beside.get().replace("note.json", new byte[] {4});

    SideFiles again = later().beside("_test").orElseThrow();

    assertThat(again.names("")).containsExactly("a/b.zip", "note.json");
    assertThat(again.document("note.json").orElseThrow()).containsExactly(4);
    assertThat(listed(destination)).extracting(HeldVersion::id).containsExactly(copy.id());
  }

  @Test
  void theSameBufferMayBeUsedForEachPiece() {
    TestStudy study = study(1);
    ByteBuffer piece = ByteBuffer.allocate(7);
    try (StagedVersion staged = destination.begin(study.facts())) {
      study
          .files()
          .forEach((path, content) -> {
            staged.beginFile(path, content.length);
            for (int at = 0; at < content.length; at += piece.capacity()) {
              piece.clear();
              piece.put(content, at, Math.min(piece.capacity(), content.length - at)).flip();
              staged.write(piece);
            }
            staged.endFile(TestStudy.storedFile(path, content));
          });

      assertBytes(content(destination, staged.commit(study.version())), study);
    }
  }
}
