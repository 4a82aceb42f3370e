package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.time.LocalDate;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.PatientData;
import serdab.SerdabException;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.store.BlobName;
import serdab.store.BlobStore;
import serdab.testing.SeededTest;

class StudyNamesTest {

  private static final Optional<LocalDate> BORN = Optional.of(LocalDate.of(1980, 5, 3));
  private static final Optional<LocalDate> STUDIED = Optional.of(LocalDate.of(2021, 1, 10));

  private static final PseudonymKey KEY =
      PseudonymKey.of("a key that only this test knows".getBytes(StandardCharsets.UTF_8));

  private static final List<NamingProfile> PROFILES =
      List.of(
          NamingProfile.HOROS_ZIP,
          NamingProfile.UID,
          new NamingProfile.Pseudonym(KEY, (_, _) -> {}),
          template("{patient}_{patient-id}_{birth-date}_{study-date}_{modality}_{uid}"),
          template("{uid}_{patient}"),
          template("{uid}"),
          template("-.{description}e{patient}{accession}.x_{study-date}"),
          template("{accession}_{description}_{uid}"),
          template("nul.{patient}"));

  /// Pieces that break naive naming.
  private static final List<String> PIECES =
      List.of(
          "Doe",
          "山田",
          "^",
          "太郎",
          " ",
          "é",
          "e\u0301",
          "..",
          "/",
          "\\",
          "\u0000",
          "\n",
          "\"",
          "*",
          ":",
          "CON",
          "-",
          "_",
          ".",
          "😀",
          "\uD800",
          "\u202E",
          "ﬁ",
          "ß",
          "İ",
          "한글",
          "\u1112\u1161",
          "a".repeat(60),
          "字".repeat(60),
          "𝒳".repeat(40),
          "a\u0301\u0302\u0303");

  @ParameterizedTest
  @CsvSource({
    "Paciente1, Paciente1",
    "Doe^Jane Mary, Doe_Jane_Mary",
    "山田^太郎, 山田_太郎",
    "José^Da Silva, José_Da_Silva",
    "O'Neill^Tim, O_Neill_Tim",
    "'Doe ^ Jane', Doe___Jane",
    "'...-Doe', Doe",
    "'^^^', UNKNOWN",
    "'', UNKNOWN",
    "a/b\\c:d, a_b_c_d",
    "Müller-Lüdenscheidt.1, Müller-Lüdenscheidt.1",
  })
  void aPatientsNameKeepsItsLettersAndNothingThatFileSystemsMind(String name, String expected) {
    assertThat(StudyNames.patient(name)).isEqualTo(expected);
  }

  @Test
  void lettersAndTheirMarksAreComposed() {
    assertThat(StudyNames.patient("Jose\u0301")).isEqualTo("José");
  }

  @Test
  void aNameHasPatientBirthDateStudyDateAndUid() {
    StudyFacts facts = facts("1.2.840.9", "Paciente1", BORN, STUDIED);

    assertThat(StudyNames.path(NamingProfile.HOROS_ZIP, facts, 1))
        .isEqualTo("2021_01/Paciente1_1980-05-03_2021-01-10_1.2.840.9.zip");
    assertThat(StudyNames.path(NamingProfile.HOROS_ZIP, facts, 3))
        .isEqualTo("2021_01/Paciente1_1980-05-03_2021-01-10_1.2.840.9_3.zip");
    assertThat(StudyNames.path(NamingProfile.UID, facts, 2)).isEqualTo("2021_01/1.2.840.9_2.zip");
  }

  @Test
  void whatALibraryKeepsBesideItsStudiesLiesInAFolderOfThatLibrary() {
    StudyKey key = StudyKey.library("horos-1a2b3c4d", "index");
    StudyFacts facts = facts(key.value(), "", Optional.empty(), Optional.empty());

    assertThat(StudyNames.path(NamingProfile.HOROS_ZIP, facts, 1))
        .isEqualTo("_library/horos-1a2b3c4d/index.zip");
    String second = StudyNames.path(NamingProfile.UID, facts, 2);
    assertThat(second).isEqualTo("_library/horos-1a2b3c4d/index_2.zip");
    assertThat(StudyNames.tails(second))
        .containsAnyElementsOf(StudyNames.indexKeys(NamingProfile.UID, key));
    assertThat(StudyNames.version(second, NamingProfile.UID, key)).isEqualTo(2);
    assertThat(StudyNames.tails("_library/horos-00000000/index.zip"))
        .doesNotContainAnyElementsOf(StudyNames.indexKeys(NamingProfile.UID, key));
    for (String foreign :
        new String[] {
          "_library/index.zip", "_library//index.zip", "_library/a/b/index.zip", "_library/a/x.txt"
        }) {
      assertThat(StudyNames.tails(foreign)).as(foreign).isEmpty();
    }
    assertThat(MonthFolder.ofPath(second).isMonth()).isFalse();
  }

  @Test
  void datesThatAreNotKnownOrNotOfThisWorldAreUnknown() {
    assertThat(
            StudyNames.path(
                NamingProfile.HOROS_ZIP,
                facts("1.2", "A", Optional.empty(), Optional.of(LocalDate.of(-5, 1, 1))),
                1))
        .isEqualTo("UNKNOWN_DATE/A_UNKNOWN_UNKNOWN_1.2.zip");
    assertThat(MonthFolder.of(Optional.of(LocalDate.of(1, 2, 3))).value()).isEqualTo("0001_02");
  }

  @Test
  void aLongNameLosesItsEndAndNeverItsUid() {
    String uid = "1.2.840.113619.2.55.3.604688119.868.1249343483.504.1234567890.12";

    String path =
        StudyNames.path(
            NamingProfile.HOROS_ZIP, facts(uid, "Long^Name ".repeat(30), BORN, STUDIED), 12);

    String name = path.substring(path.indexOf('/') + 1, path.length() - 4);
    assertThat(name).endsWith("_" + uid + "_12").startsWith("Long_Name_Long");
    assertThat(name.codePointCount(0, name.length())).isLessThanOrEqualTo(128);
  }

  @ParameterizedTest
  @CsvSource({
    "1.2.3, 1.2.3",
    "1.02.3, 1.02.3",
    "'', U-e3b0c44298fc1c14",
    "1..2, U-1..2-",
    ".1, U-1-",
    "../../etc, U-etc-",
    "ABC, U-ABC-",
    "1.2 3, U-1.23-",
  })
  void aMalformedUidIsEscapedAndAGoodOneKept(String uid, String beginning) {
    String tail = StudyNames.tail(new StudyKey(uid));

    assertThat(tail).startsWith(beginning).matches("[0-9A-Za-z.-]+");
  }

  @Test
  void malformedUidsThatReadAlikeHaveNamesOfTheirOwn() {
    Set<String> tails = new HashSet<>();
    for (String uid : List.of("ABC", "abc", "A BC", "ABC\u0000", "ABC/", "a".repeat(65))) {
      tails.add(SafeNames.folded(StudyNames.tail(new StudyKey(uid))));
    }
    assertThat(tails).hasSize(6);
  }

  @Test
  void aTemplatePutsItsPiecesTogether() {
    StudyFacts facts = facts("1.2.840.9", "Doe^Jane", BORN, STUDIED);

    assertThat(StudyNames.path(template("{study-date}_{patient}_X{modality}_{uid}"), facts, 2))
        .isEqualTo("2021_01/2021-01-10_Doe_Jane_XCT-Doe_Jane_1.2.840.9_2.zip");
  }

  @Test
  void aTemplateWithoutAUidAtItsEndGetsAHashOfIt() {
    StudyFacts one = facts("1.2.840.9", "Doe^Jane", BORN, STUDIED);
    StudyFacts other = facts("1.2.840.10", "Doe^Jane", BORN, STUDIED);

    String name = StudyNames.path(template("{patient}"), one, 1);

    assertThat(name).matches("2021_01/Doe_Jane_U-[0-9a-f]{16}\\.zip");
    assertThat(StudyNames.path(template("{patient}"), other, 1)).isNotEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource({
    "'{patient', brace at character 1 is not closed",
    "'a_{name}_{uid}', '{name} at character 3 is no piece'",
    "'{patient}/{uid}', character 10 may not stand",
    "'{patient} {uid}', character 10 may not stand",
    "'{patient}:{uid}', character 10 may not stand",
  })
  void aTemplateThatNamesNoFilesIsRefusedWithTheReason(String text, String reason) {
    assertThatThrownBy(() -> NamingProfile.parse(text))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageContaining(reason);
  }

  /// The value was computed with: printf 'study 1.2.840.9' | openssl dgst -sha256 -hmac KEY
  @Test
  void aPseudonymIsAKeyedHashThatOthersCanCompute() {
    StudyFacts facts = facts("1.2.840.9", "Doe^Jane", BORN, STUDIED);
    NamingProfile profile = new NamingProfile.Pseudonym(KEY, (_, _) -> {});

    assertThat(StudyNames.path(profile, facts, 2))
        .isEqualTo("2021_01/P-1db782532f15_S-4fed00b26141_2.zip")
        .doesNotContain("Doe")
        .doesNotContain("1.2.840");
  }

  @Test
  void anotherKeyMakesOtherPseudonymsAndPatientsWithoutAnIdAreUnknown() {
    PseudonymKey other = PseudonymKey.of("another key, as long".getBytes(StandardCharsets.UTF_8));
    StudyFacts facts = facts("1.2.840.9", "", BORN, STUDIED);

    assertThat(other.name(facts)).startsWith("P-UNKNOWN_S-").isNotEqualTo(KEY.name(facts));
    assertThat(KEY).hasToString("(a key)");
  }

  @Test
  void aKeyThatCanBeGuessedIsRefused() {
    assertThatThrownBy(() -> PseudonymKey.of(new byte[15]))
        .isInstanceOf(SerdabException.Misconfigured.class);
  }

  private static NamingProfile template(String text) {
    return new NamingProfile.Template(NameTemplate.parse(text));
  }

  @SeededTest(runs = 2000)
  void everyNameIsSafeWithinItsLimitsAndFoundAgainByItsUid(RandomGenerator random) {
    StringBuilder name = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      name.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    String uid =
        switch (random.nextInt(4)) {
          case 0 -> name.toString();
          case 1 -> "1.2." + "9".repeat(random.nextInt(70));
          case 2 -> Integer.toString(random.nextInt(20));
          default -> "1.2.840." + random.nextInt(1000) + "." + random.nextInt(1000);
        };
    StudyFacts facts =
        facts(uid, name.toString(), random.nextBoolean() ? BORN : Optional.empty(), STUDIED);
    int version = 1 + random.nextInt(random.nextBoolean() ? 3 : 999_999);
    NamingProfile profile = PROFILES.get(random.nextInt(PROFILES.size()));

    String path = StudyNames.path(profile, facts, version);

    String last = path.substring(path.indexOf('/') + 1);
    String stem = last.substring(0, last.length() - 4);
    assertThat(stem.codePointCount(0, stem.length())).isLessThanOrEqualTo(128);
    assertThat(last.getBytes(StandardCharsets.UTF_8).length + BlobStore.STAGED_SUFFIX_BYTES)
        .isLessThanOrEqualTo(240);
    assertThat(BlobName.isValid(path)).isTrue();
    assertThat(last)
        .doesNotContainPattern("[\\p{Cntrl}\\\\/:*?\"<>|\\p{Cs}\\s]")
        .doesNotStartWith(".")
        .doesNotStartWith("-");
    assertThat(last.substring(0, last.indexOf('.')).toUpperCase(Locale.ROOT))
        .isNotIn("CON", "PRN", "AUX", "NUL", "COM1", "LPT1");
    assertThat(Normalizer.isNormalized(path, Normalizer.Form.NFC)).isTrue();
    assertThat(StudyNames.tails(path))
        .containsAnyElementsOf(StudyNames.indexKeys(profile, facts.key()));
    assertThat(StudyNames.version(path, profile, facts.key())).isEqualTo(version);
  }

  static StudyFacts facts(
      String uid, String name, Optional<LocalDate> born, Optional<LocalDate> studied) {
    return new StudyFacts(
        new StudyKey(uid),
        PatientData.of(name),
        PatientData.of(name),
        born.map(PatientData::of),
        studied,
        List.of("CT", name),
        PatientData.of(name),
        PatientData.of(name));
  }
}
