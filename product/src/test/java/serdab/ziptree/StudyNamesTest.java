package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;

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
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.store.BlobName;
import serdab.store.BlobStore;
import serdab.testing.SeededTest;

class StudyNamesTest {

  private static final Optional<LocalDate> BORN = Optional.of(LocalDate.of(1980, 5, 3));
  private static final Optional<LocalDate> STUDIED = Optional.of(LocalDate.of(2021, 1, 10));

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
    assertThat(StudyNames.tails(second)).contains(StudyNames.indexKey(key));
    assertThat(StudyNames.version(second, key)).isEqualTo(2);
    assertThat(StudyNames.tails("_library/horos-00000000/index.zip"))
        .doesNotContain(StudyNames.indexKey(key));
    for (String foreign :
        new String[] {"_library/index.zip", "_library//index.zip", "_library/a/b/index.zip", "_library/a/x.txt"}) {
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
    NamingProfile profile = random.nextBoolean() ? NamingProfile.HOROS_ZIP : NamingProfile.UID;

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
    assertThat(StudyNames.tails(path)).contains(StudyNames.indexKey(facts.key()));
    assertThat(StudyNames.version(path, facts.key())).isEqualTo(version);
  }

  static StudyFacts facts(
      String uid, String name, Optional<LocalDate> born, Optional<LocalDate> studied) {
    return new StudyFacts(
        new StudyKey(uid),
        PatientData.of(name),
        PatientData.of(""),
        born.map(PatientData::of),
        studied,
        List.of(),
        PatientData.of(""),
        PatientData.of(""));
  }
}
