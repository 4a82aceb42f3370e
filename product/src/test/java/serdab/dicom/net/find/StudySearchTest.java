package serdab.dicom.net.find;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import serdab.PatientData;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.net.QueryLevel;
import serdab.dicom.net.web.StudyRow;
import serdab.testing.SeededTest;

class StudySearchTest {

  /// A node that answers from memory, and cuts.
  private static final class Node {
    private final List<StudyRow> studies = new ArrayList<>();
    private int limit = Integer.MAX_VALUE;
    private boolean says;
    private boolean shuffles;
    private boolean ignoresDates;
    private boolean ignoresTimes;
    private boolean ignoresIds;
    private boolean takesAsteriskForALetter;
    private int questions;

    Node hold(String date, String time, String id) {
      studies.add(
          new StudyRow(
              new StudyInstanceUid("1.2." + (studies.size() + 1)),
              "CT",
              "",
              date,
              time,
              PatientData.of("N"),
              PatientData.of(id),
              PatientData.of(""),
              PatientData.of(""),
              PatientData.of("")));
      return this;
    }

    StudySearch.Answer answer(QueryLevel level, Map<Integer, String> match) {
      questions++;
      List<StudyRow> found =
          new ArrayList<>(studies.stream().filter(row -> matches(row, match)).toList());
      if (level == QueryLevel.PATIENT) {
        Set<String> ids = new HashSet<>();
        found.removeIf(row -> !ids.add(id(row)));
      }
      boolean cut = found.size() > limit;
      if (cut && shuffles) {
        Collections.rotate(found, match.hashCode() % 1000); // No two answers in the same order.
      }
      return new StudySearch.Answer(
          cut ? List.copyOf(found.subList(0, limit)) : found, !(cut && says));
    }

    private boolean matches(StudyRow row, Map<Integer, String> match) {
      return (ignoresDates || in(row.studyDate(), match.getOrDefault(Tag.StudyDate, "")))
          && (ignoresTimes || in(row.studyTime(), match.getOrDefault(Tag.StudyTime, "")))
          && (ignoresIds || like(id(row), match.getOrDefault(Tag.PatientID, "")));
    }

    private static boolean in(String value, String range) {
      if (range.isEmpty()) {
        return true;
      }
      int dash = range.indexOf('-');
      String from = dash < 0 ? range : range.substring(0, dash);
      String to = dash < 0 ? range : range.substring(dash + 1);
      return !value.isEmpty()
          && value.compareTo(from) >= 0
          && (to.isEmpty() || value.compareTo(to) <= 0);
    }

    private boolean like(String value, String wanted) {
      if (wanted.isEmpty()) {
        return true;
      }
      return (wanted.endsWith("*") && !takesAsteriskForALetter)
          ? value.startsWith(wanted.substring(0, wanted.length() - 1))
          : value.equals(wanted);
    }

    private static String id(StudyRow row) {
      return row.patientId().reveal(PatientData.Purpose.MATCH_QUERY);
    }

    Set<String> all() {
      return studies.stream().map(row -> row.study().value()).collect(Collectors.toSet());
    }

    StudySearch search(long limitGiven) {
      StudySearch search = new StudySearch(this::answer, false, limitGiven);
      search.run();
      return search;
    }
  }

  @Test
  void fewStudiesAreAskedForAtOnceAndInTwoHalves() {
    Node node = new Node();
    for (int n = 0; n < 5; n++) {
      node.hold("2024010" + (1 + n), "101010", "P" + n);
    }

    StudySearch search = node.search(0);

    assertThat(search.rows().keySet()).isEqualTo(node.all());
    assertThat(search.doubt()).isEmpty();
    assertThat(search.argument()).contains("5 studies");
    assertThat(node.questions).isEqualTo(3);
  }

  @Test
  void aListOfDatedStudiesIsComparedWithItsHalvesOnly() {
    Node node = new Node();
    for (int n = 0; n < 60; n++) {
      node.hold("202401%02d".formatted(1 + n % 28), "101010", "P" + n);
    }

    StudySearch search = node.search(0);

    assertThat(search.rows().keySet()).isEqualTo(node.all());
    assertThat(search.doubt()).isEmpty();
    assertThat(node.questions).isEqualTo(5);
  }

  @Test
  void aLimitThatSomebodyKnowsSavesTheComparing() {
    Node node = new Node();
    for (int n = 0; n < 60; n++) {
      node.hold("20240101", "101010", "P");
    }

    StudySearch search = node.search(100);

    assertThat(search.doubt()).isEmpty();
    assertThat(node.questions).isEqualTo(1);
  }

  @Test
  void aLimitThatTheNodeExceedsIsNotBelieved() {
    Node node = new Node();
    node.limit = 40;
    for (int n = 0; n < 200; n++) {
      node.hold("2024%02d%02d".formatted(1 + n % 12, 1 + n % 28), "101010", "P" + n);
    }

    StudySearch search = node.search(20);

    assertThat(search.rows().keySet()).isEqualTo(node.all());
    assertThat(search.doubt()).isEmpty();
  }

  /// Whatever a node holds and however short it cuts: all is found, or the doubt is said.
  @SeededTest(runs = 300)
  void nothingIsMissedInSilence(RandomGenerator random) {
    Node node = drawn(random);

    StudySearch search = node.search(0);

    if (search.doubt().isEmpty()) {
      assertThat(search.rows().keySet()).isEqualTo(node.all());
    }
    assertThat(node.all()).containsAll(search.rows().keySet());
  }

  private static Node drawn(RandomGenerator random) {
    Node node = new Node();
    node.limit = random.nextBoolean() ? 10 + random.nextInt(100) : Integer.MAX_VALUE;
    node.says = random.nextInt(4) == 0;
    node.shuffles = random.nextBoolean();
    node.ignoresDates = random.nextInt(10) == 0;
    node.ignoresTimes = random.nextInt(10) == 0;
    node.ignoresIds = random.nextInt(10) == 0;
    node.takesAsteriskForALetter = random.nextInt(10) == 0;
    int days = 1 + random.nextInt(600);
    int ids = 1 + random.nextInt(300);
    int undated = random.nextInt(3) == 0 ? random.nextInt(100) : 0;
    int wrong = random.nextInt(3) == 0 ? random.nextInt(100) : 0;
    boolean timeless = random.nextInt(3) == 0;
    int studies = random.nextInt(700);
    for (int n = 0; n < studies; n++) {
      int kind = random.nextInt(100);
      String date =
          kind < undated / 2
              ? ""
              : kind < (undated + wrong) / 2
                  ? List.of("20011399", "unknown", "00000000", "2999.1.1").get(random.nextInt(4))
                  : java.time.LocalDate.of(2015, 1, 1)
                      .plusDays(random.nextInt(days))
                      .toString()
                      .replace("-", "");
      String time =
          timeless && random.nextBoolean()
              ? ""
              : "%02d%02d%02d.%03d"
                  .formatted(
                      random.nextInt(24),
                      random.nextInt(60),
                      random.nextInt(60),
                      random.nextInt(1000));
      // An ID that no question finds goes with a date.
      String id = date.isEmpty() || random.nextInt(20) > 0 ? "P" + random.nextInt(ids) : "";
      node.hold(date, time, id);
    }
    Collections.shuffle(node.studies, new java.util.Random(random.nextLong()));
    return node;
  }

  /// A sane node, whatever its limit, leaves no doubt.
  @SeededTest(runs = 200)
  void aNodeThatOnlyCutsIsListedWholeAndWithoutADoubt(RandomGenerator random) {
    Node node = new Node();
    node.limit = StudySearch.LIMIT_MIN + random.nextInt(60);
    node.says = random.nextBoolean();
    node.shuffles = random.nextBoolean();
    int days = 1 + random.nextInt(50);
    for (int n = random.nextInt(400); n > 0; n--) {
      boolean dated = random.nextInt(10) > 0;
      node.hold(
          dated ? "201501%02d".formatted(1 + random.nextInt(days) % 28) : "",
          "%02d%02d%02d".formatted(random.nextInt(24), random.nextInt(60), random.nextInt(60)),
          "%06d".formatted(random.nextInt(1_000_000)));
    }

    StudySearch search = node.search(0);

    assertThat(search.doubt()).isEmpty();
    assertThat(search.rows().keySet()).isEqualTo(node.all());
  }

  @Test
  void manyStudiesOfOneSecondAreToldApartByTheirPatients() {
    Node node = new Node();
    node.limit = 20;
    for (int n = 0; n < 300; n++) {
      node.hold("20240101", "120000", "P" + n);
    }

    StudySearch search = node.search(0);

    assertThat(search.rows().keySet()).isEqualTo(node.all());
    assertThat(search.doubt()).isEmpty();
  }

  @Test
  void aNodeThatCutsWhereNoSaneOneDoesIsFoundOut() {
    Node node = new Node();
    node.limit = 2;
    for (int n = 0; n < 40; n++) {
      node.hold("2024%02d%02d".formatted(1 + n % 12, 1 + n % 28), "120000", "P" + n);
    }

    StudySearch search = node.search(0);

    assertThat(search.rows().keySet()).isEqualTo(node.all());
    assertThat(search.doubt()).isEmpty();
  }

  @Test
  void studiesThatNoQuestionTellsApartAreADoubt() {
    Node node = new Node();
    node.limit = 20;
    for (int n = 0; n < 30; n++) {
      node.hold("20240101", "120000", "P");
    }

    assertThat(node.search(0).doubt()).contains("no question tells them apart");
  }

  @Test
  void undatedStudiesThatWereNeverAnsweredAreFoundByTheirPatients() {
    Node node = new Node();
    node.limit = 20;
    for (int n = 0; n < 100; n++) {
      node.hold("202401%02d".formatted(1 + n % 28), "120000", "P" + n);
    }
    for (int n = 0; n < 50; n++) {
      node.hold(n % 2 == 0 ? "" : "unknown", "", "X" + n); // Behind all others.
    }

    StudySearch search = node.search(0);

    assertThat(search.rows().keySet()).isEqualTo(node.all());
    assertThat(search.doubt()).isEmpty();
  }

  @Test
  void undatedStudiesWithoutAPatientIdAreADoubtWhereListsAreCut() {
    Node node = new Node();
    node.limit = 20;
    for (int n = 0; n < 19; n++) {
      node.hold("", "", "");
    }
    for (int n = 0; n < 100; n++) {
      node.hold("202401%02d".formatted(1 + n % 28), "120000", "P" + n);
    }

    assertThat(node.search(0).doubt()).contains("without a patient ID");
  }

  @Test
  void aNodeThatIsAskedByPatientIsListedPatientByPatient() {
    Node node = new Node();
    node.limit = 30;
    for (int n = 0; n < 500; n++) {
      node.hold("2024%02d%02d".formatted(1 + n % 12, 1 + n % 28), "120000", "P" + n % 70);
    }
    for (int n = 0; n < 100; n++) {
      node.hold("2023%02d%02d".formatted(1 + n % 12, 1 + n % 28), "120000", "MANY");
    }
    List<QueryLevel> levels = new ArrayList<>();

    StudySearch search =
        new StudySearch(
            (level, match) -> {
              levels.add(level);
              assertThat(level == QueryLevel.PATIENT || match.containsKey(Tag.PatientID)).isTrue();
              return node.answer(level, match);
            },
            true,
            0);
    search.run();

    assertThat(search.rows().keySet()).isEqualTo(node.all());
    assertThat(search.doubt()).isEmpty();
    assertThat(levels).contains(QueryLevel.PATIENT, QueryLevel.STUDY);
  }
}
