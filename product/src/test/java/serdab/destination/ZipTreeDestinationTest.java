package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.YearMonth;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.SerdabException;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.store.BlobInfo;
import serdab.store.Capability;
import serdab.testing.SeededTest;
import serdab.testing.world.FaultyStore;

class ZipTreeDestinationTest {

  private final FaultyStore place = new FaultyStore(new SplittableRandom(1), ZipTrees.CLOCK);
  private final ZipTreeDestination destination = ZipTrees.on(place.connect());

  @AfterEach
  void close() {
    destination.close();
  }

  @Test
  void aCopyIsProvenIntactAndComesBackBitForBit() {
    TestStudy study = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 20);

    HeldVersion held = study.copyTo(destination);

    assertThat(held.proof()).hasValueSatisfying(p -> assertThat(p.depth()).isEqualTo(Depth.INTACT));
    assertThat(held.location()).isEqualTo("2021_01/Doe_Jane_1980-05-03_2021-01-10_1.2.840.1.zip");
    assertSame(TestStudy.readAll(destination, held), study.files());
  }

  @SeededTest(runs = 30)
  void whateverTheSizesAStudyComesBackBitForBit(RandomGenerator random) {
    TestStudy study = TestStudy.of("1.2.3");
    int files = 1 + random.nextInt(12);
    for (int i = 0; i < files; i++) {
      int length =
          switch (random.nextInt(5)) {
            case 0 -> random.nextInt(3);
            case 1 -> random.nextInt(100_000);
            case 2 -> (1 << 20) - 1 + random.nextInt(3);
            case 3 -> (8 << 20) - 1 + random.nextInt(3);
            default -> random.nextInt(3 << 20);
          };
      byte[] content = new byte[length];
      if (random.nextBoolean()) {
        random.nextBytes(content);
      } else {
        content = TestStudy.pixels(random, length);
      }
      study.file("f/" + i, content);
    }

    HeldVersion held = study.copyTo(destination);

    assertSame(TestStudy.readAll(destination, held), study.files());
    assertThat(destination.prove(held, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
  }

  @Test
  void aChangedStudyGetsTheNextVersionBesideTheOldOne() {
    TestStudy before = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 3);
    HeldVersion first = before.copyTo(destination);
    TestStudy after =
        TestStudy.drawnFrom(new SplittableRandom(6), "1.2.840.1", 4)
            .patient("Doe^Jane^Corrected")
            .supersedes(first.id());

    HeldVersion second = after.copyTo(destination);

    assertThat(second.location())
        .isEqualTo("2021_01/Doe_Jane_Corrected_1980-05-03_2021-01-10_1.2.840.1_2.zip");
    assertThat(destination.versions(before.key()))
        .extracting(HeldVersion::id)
        .containsExactly(first.id(), second.id());
    assertThat(destination.find(after.key(), second.id()))
        .hasValueSatisfying(v -> assertThat(v.supersedes()).contains(first.id()));
    assertSame(TestStudy.readAll(destination, first), before.files());
  }

  @Test
  void aVersionThatAnybodyPutThereIsFoundById() {
    TestStudy study = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 3);
    HeldVersion held = study.copyTo(destination);
    destination.close();

    try (ZipTreeDestination later = ZipTrees.on(place.connect())) {
      assertThat(later.id()).isEqualTo(destination.id());
      assertThat(later.find(study.key(), held.id()))
          .hasValueSatisfying(found -> {
            assertThat(found.location()).isEqualTo(held.location());
            assertThat(found.storedBytes()).isEqualTo(held.storedBytes());
            assertThat(found.fileCount()).isEqualTo(3);
            assertThat(found.proof()).isEmpty();
          });
      assertThat(later.find(new StudyKey("1.2.840.2"), held.id())).isEmpty();
    }
  }

  @Test
  void aStudyWhoseUidLooksLikeAVersionNumberIsNotConfusedWithAnother() {
    TestStudy two = TestStudy.of("2").file("a", new byte[] {1});
    TestStudy other = TestStudy.of("1.2").file("a", new byte[] {2});
    HeldVersion heldTwo = two.copyTo(destination);
    HeldVersion heldOther = other.copyTo(destination);
    HeldVersion otherAgain = other.file("b", new byte[] {3}).copyTo(destination);

    assertThat(destination.versions(two.key()))
        .extracting(HeldVersion::id)
        .containsExactly(heldTwo.id());
    assertThat(destination.versions(other.key()))
        .extracting(HeldVersion::id)
        .containsExactly(heldOther.id(), otherAgain.id());
  }

  @Test
  void filesOfOneNameInTwoFoldersBothComeBack() {
    TestStudy study =
        TestStudy.of("1.2.3")
            .file("disk1/IM0001", new byte[] {1})
            .file("disk2/IM0001", new byte[] {2})
            .file("DISK2/im0001", new byte[] {3})
            .file("study-manifest.json", new byte[] {4})
            .file("SHA256SUMS", new byte[] {5});

    HeldVersion held = study.copyTo(destination);

    assertSame(TestStudy.readAll(destination, held), study.files());
  }

  @Test
  void partsOfFilesAreReadByRange() {
    RandomGenerator random = new SplittableRandom(3);
    byte[] packed = TestStudy.pixels(random, 300_000);
    byte[] stored = new byte[300_000];
    random.nextBytes(stored);
    TestStudy study = TestStudy.of("1.2.3").file("packed", packed).file("stored", stored);
    HeldVersion held = study.copyTo(destination);

    try (VersionReader reader = destination.read(held)) {
      for (StoredFile file : reader.version().files()) {
        byte[] whole = java.util.Objects.requireNonNull(study.files().get(file.path()));
        for (int i = 0; i < 50; i++) {
          int from = random.nextInt(whole.length + 1);
          int to = from + random.nextInt(whole.length - from + 1);
          assertThat(TestStudy.read(reader, file, from, to))
              .isEqualTo(java.util.Arrays.copyOfRange(whole, from, to));
        }
      }
    }
  }

  @Test
  void aManifestTellsEverythingThatWasKnown() {
    TestStudy study = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 3);
    study.file("notes:1.txt", "hello".getBytes(StandardCharsets.UTF_8));

    HeldVersion held = study.copyTo(destination);

    try (VersionReader reader = destination.read(held)) {
      assertThat(reader.version().facts()).isEqualTo(study.facts());
      assertThat(reader.version().id()).isEqualTo(study.version().id());
      assertThat(reader.version().readAt()).isEqualTo(TestStudy.READ_AT);
      for (int i = 0; i < 4; i++) {
        StoredFile read = reader.version().files().get(i);
        StoredFile written = study.version().files().get(i);
        assertThat(read.path()).isEqualTo(written.path());
        assertThat(read.digests()).isEqualTo(written.digests());
        assertThat(read.modifiedMillis()).isEqualTo(written.modifiedMillis());
        assertThat(read.instance().map(f -> f.sop()))
            .isEqualTo(written.instance().map(f -> f.sop()));
        assertThat(read.instance().map(f -> f.series()))
            .isEqualTo(written.instance().map(f -> f.series()));
      }
    }
  }

  @Test
  void whatWasNotCommittedLeavesNothingVisible() {
    TestStudy study = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 3);

    study.stageIn(destination).close();

    assertThat(zipsIn(place)).isEmpty();
    assertThat(destination.versions(study.key())).isEmpty();
    assertThat(study.copyTo(destination).location()).doesNotContain("_2.zip");
  }

  @Test
  void twoStudiesStagedAtOnceUnderOneUidGetTwoNames() {
    TestStudy one = TestStudy.of("1.2.3").file("a", new byte[] {1});
    TestStudy two = TestStudy.of("1.2.3").file("a", new byte[] {2});

    try (StagedVersion first = one.stageIn(destination);
        StagedVersion second = two.stageIn(destination)) {
      HeldVersion heldSecond = second.commit(two.version());
      HeldVersion heldFirst = first.commit(one.version());

      assertThat(heldFirst.location()).isNotEqualTo(heldSecond.location());
      assertThat(destination.versions(one.key())).hasSize(2);
    }
  }

  @SeededTest(runs = 40)
  void aCopyThatReadsBackWrongIsDamagedAndNotVisible(RandomGenerator random) {
    TestStudy study = TestStudy.drawnFrom(random, "1.2.840.1", 5);
    place.promiseOnly(Capability.values());
    place.corruptReads(1);

    try (StagedVersion staged = study.stageIn(destination)) {
      assertThatThrownBy(() -> staged.commit(study.version()))
          .isInstanceOf(SerdabException.Damaged.class);
    }

    place.behave();
    assertThat(zipsIn(place)).isEmpty();
    assertThat(study.copyTo(destination).proof()).isPresent();
  }

  @Test
  void aZipOfAnotherProgramIsToldAndOtherFilesAreLeftAlone() throws Exception {
    place.put("2021_01/Foreign_1980-05-03_2021-01-10_9.9.zip", foreignZip());
    place.put("2021_01/cut_9.8.zip", new byte[] {'P', 'K', 3, 4});
    place.put("holiday/picture.zip", foreignZip());
    place.put("readme.txt", new byte[] {1});
    HeldVersion held = TestStudy.of("1.2.3").file("a", new byte[] {1}).copyTo(destination);

    try (var listed = destination.held()) {
      List<Destination.Listed> all = listed.toList();

      assertThat(all).filteredOn(l -> l instanceof Destination.Listed.Copy).hasSize(1);
      assertThat(all)
          .filteredOn(l -> l instanceof Destination.Listed.Unreadable)
          .extracting(l -> ((Destination.Listed.Unreadable) l).problem().code())
          .containsExactlyInAnyOrder("manifest-missing", "zip-damaged");
    }
    assertThat(held.location()).startsWith("2021_01/");
  }

  @Test
  void aNameThatAForeignFileHasIsNotTaken() throws Exception {
    place.put(
        "2021_01/DOE_JANE_1980-05-03_2021-01-10_1.2.3.ZIP".replace("ZIP", "zip"), foreignZip());

    HeldVersion held = TestStudy.of("1.2.3").file("a", new byte[] {1}).copyTo(destination);

    assertThat(held.location()).isEqualTo("2021_01/Doe_Jane_1980-05-03_2021-01-10_1.2.3_2.zip");
  }

  @Test
  void eachDepthIsProvenAndDeeperOnesAreRefused() {
    TestStudy study = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 3);
    HeldVersion held = study.copyTo(destination);

    for (Depth depth : List.of(Depth.CLAIMED, Depth.PRESENT, Depth.ATTESTED, Depth.INTACT)) {
      assertThat(destination.prove(held, depth))
          .isInstanceOfSatisfying(
              ProofOutcome.Proven.class,
              proven -> assertThat(proven.proof().depth().reaches(depth)).isTrue());
    }
    assertThat(destination.prove(held, Depth.READABLE))
        .isInstanceOfSatisfying(
            ProofOutcome.Proven.class,
            proven -> assertThat(proven.proof().depth()).isEqualTo(Depth.READABLE));
    assertThatThrownBy(() -> destination.prove(held, Depth.RESTORED))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aCopyThatIsNotThereAnyMoreIsGone() {
    HeldVersion held = TestStudy.of("1.2.3").file("a", new byte[] {1}).copyTo(destination);

    place.lose(held.location());

    for (Depth depth : List.of(Depth.PRESENT, Depth.INTACT, Depth.READABLE)) {
      assertThat(destination.prove(held, depth)).isInstanceOf(ProofOutcome.Gone.class);
    }
  }

  @Test
  void filesComeBackFromAZipWhoseManifestIsDamaged() {
    TestStudy study = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 3);
    HeldVersion held = study.copyTo(destination);
    byte[] zip = place.document(held.location()).orElseThrow();
    // The manifest's data begins behind its local header, which follows the files.
    String text = new String(zip, StandardCharsets.ISO_8859_1);
    place.flipBit(held.location(), 8L * (text.indexOf("study-manifest.json") + 60));

    assertThat(destination.prove(held, Depth.INTACT)).isInstanceOf(ProofOutcome.Bad.class);
    assertSame(TestStudy.readAll(destination, held), study.files());
    try (VersionReader reader = destination.read(held)) {
      assertThat(reader.version().findings())
          .extracting(finding -> finding.kind())
          .containsExactly("manifest-damaged");
    }
  }

  @Test
  void aZipPutInThePlaceOfAnotherIsBad() {
    HeldVersion one = TestStudy.of("1.2.3").file("a", new byte[] {1}).copyTo(destination);
    HeldVersion two = TestStudy.of("1.2.4").file("a", new byte[] {2}).copyTo(destination);
    byte[] other = place.document(two.location()).orElseThrow();
    place.lose(one.location());
    place.put(one.location(), other);

    assertThat(destination.prove(one, Depth.INTACT)).isInstanceOf(ProofOutcome.Bad.class);
    assertThatThrownBy(() -> destination.read(one)).isInstanceOf(SerdabException.Damaged.class);
  }

  @Test
  void aProblemNamesTheFileByItsLibraryPathAndNoPatient() {
    byte[] content = new byte[5000];
    new SplittableRandom(2).nextBytes(content);
    TestStudy study = TestStudy.of("1.2.3").file("DB/7/IM1", content);
    HeldVersion held = study.copyTo(destination);
    place.flipBit(held.location(), 8L * 120);

    assertThat(destination.prove(held, Depth.INTACT))
        .isInstanceOfSatisfying(
            ProofOutcome.Bad.class,
            bad ->
                assertThat(bad.problem().text())
                    .contains("DB/7/IM1")
                    .doesNotContain("Doe", "Jane"));
  }

  @Test
  void filesOfNoStudyAreKeptByGroup() {
    TestStudy group = TestStudy.of("_other/patient-cd-1").file("AUTORUN.INF", new byte[] {1, 2});

    HeldVersion held = group.copyTo(destination);
    HeldVersion next = group.file("README", new byte[] {3}).copyTo(destination);

    assertThat(held.location()).isEqualTo("_other/patient-cd-1.zip");
    assertThat(next.location()).isEqualTo("_other/patient-cd-1_2.zip");
    assertThat(destination.versions(group.key())).hasSize(2);
  }

  @Test
  void studiesWithoutADateHaveAFolderOfTheirOwn() {
    HeldVersion held =
        TestStudy.of("1.2.3")
            .on(Optional.empty())
            .born(Optional.empty())
            .file("a", new byte[1])
            .copyTo(destination);

    assertThat(held.location()).isEqualTo("UNKNOWN_DATE/Doe_Jane_UNKNOWN_UNKNOWN_1.2.3.zip");
  }

  @Test
  void aMonthIsDoneOnlyWhileAllItsStudiesAreProven() {
    TestStudy study = TestStudy.of("1.2.3").file("a", new byte[1]);
    study.copyTo(destination);
    YearMonth month = YearMonth.of(2021, 1);

    destination.settle(Map.of(Optional.of(month), true, Optional.empty(), false));
    assertThat(place.document("2021_01/.month_done"))
        .hasValueSatisfying(bytes ->
            assertThat(new String(bytes, StandardCharsets.UTF_8))
                .contains("\"month\":\"2021_01\""));
    assertThat(place.document("UNKNOWN_DATE/.month_done")).isEmpty();

    try (StagedVersion staged = study.file("b", new byte[2]).stageIn(destination)) {
      assertThat(place.document("2021_01/.month_done")).isEmpty();
      staged.commit(study.version());
    }
    destination.settle(Map.of(Optional.of(month), true));
    assertThat(place.document("2021_01/.month_done")).isPresent();
    destination.settle(Map.of(Optional.of(month), false));
    assertThat(place.document("2021_01/.month_done")).isEmpty();
  }

  @Test
  void issuesAreKeptInTheSeedsColumnsAndNoCellIsAFormula() {
    destination.note(
        new Destination.Issue("NO_FILES", Optional.of(new StudyKey("1.2.3")), "a \"b\", c", ""));
    destination.note(
        new Destination.Issue("ZIP_FAIL", Optional.empty(), "=HYPERLINK(1)", "line\r\nbreak"));
    destination.settle(Map.of());

    String written = new String(place.document("issues.csv").orElseThrow(), StandardCharsets.UTF_8);
    assertThat(written.split("\r\n", -1))
        .containsExactly(
            "timestamp,kind,study_uid,detail,extra",
            "2026-11-20T04:15:00Z,NO_FILES,1.2.3,\"a \"\"b\"\", c\",",
            "2026-11-20T04:15:00Z,ZIP_FAIL,,'=HYPERLINK(1),line  break",
            "");
  }

  @Test
  void issuesThatFillTheirFileMoveToAnother() {
    String detail = "x".repeat(3900);
    for (int i = 0; i < 300; i++) {
      destination.note(new Destination.Issue("FINDING", Optional.empty(), i + detail, ""));
    }
    destination.settle(Map.of());

    List<String> parts;
    try (var listed = place.list("issues")) {
      parts = listed.map(BlobInfo::name).sorted().toList();
    }
    assertThat(parts).hasSize(2).contains("issues.csv");
    long lines =
        parts.stream()
            .map(name -> new String(place.document(name).orElseThrow(), StandardCharsets.UTF_8))
            .flatMap(String::lines)
            .filter(line -> line.contains("FINDING"))
            .count();
    assertThat(lines).isEqualTo(300);
  }

  @Test
  void theFormatIsDescribedBesideTheData() {
    assertThat(new String(place.document("zip-tree.md").orElseThrow(), StandardCharsets.UTF_8))
        .contains("study-manifest.json");
    assertThat(place.document("digests.md")).isPresent();
  }

  @Test
  void wherePlacesShowBytesOnlyUnderTheirNameADamagedCopyGetsANewOneBesideIt() {
    place.promiseOnly(Capability.CONDITIONAL_CREATE, Capability.LIST_AFTER_WRITE);
    TestStudy study = TestStudy.drawnFrom(new SplittableRandom(5), "1.2.840.1", 3);
    place.corruptReads(1);

    try (StagedVersion staged = study.stageIn(destination)) {
      assertThatThrownBy(() -> staged.commit(study.version()))
          .isInstanceOf(SerdabException.Damaged.class);
    }

    place.behave();
    HeldVersion held = study.copyTo(destination);
    assertThat(held.location()).endsWith("_2.zip");
    assertThat(destination.traits().limits()).isNotEmpty();
  }

  private static byte[] foreignZip() throws java.io.IOException {
    var bytes = new java.io.ByteArrayOutputStream();
    try (var zip = new java.util.zip.ZipOutputStream(bytes)) {
      zip.putNextEntry(new java.util.zip.ZipEntry("IM0001"));
      zip.write(new byte[100]);
    }
    return bytes.toByteArray();
  }

  static List<String> zipsIn(FaultyStore place) {
    try (var listed = place.list("")) {
      return listed.map(BlobInfo::name).filter(name -> name.endsWith(".zip")).sorted().toList();
    }
  }

  static void assertSame(Map<String, byte[]> read, Map<String, byte[]> expected) {
    assertThat(read.keySet()).containsExactlyElementsOf(expected.keySet());
    expected.forEach((path, content) -> assertThat(read.get(path)).as(path).isEqualTo(content));
  }
}
