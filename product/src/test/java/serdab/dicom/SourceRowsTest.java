package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import serdab.PatientData;
import serdab.Sha256;
import serdab.dicom.SourceRow.Value;

class SourceRowsTest {

  @Test
  void noValueIsEverPrinted() {
    Sha256 digest = Sha256.digest("no".getBytes(StandardCharsets.UTF_8));
    SourceRow row =
        new SourceRow(
            "ZSTUDY",
            7,
            Map.of(
                "ZCOMMENT", text("Doe was here"), "ZBLOB", new Value.Large(2, Optional.of(digest))),
            0);
    PatientData<String> unknown = PatientData.of("");
    StudyFacts facts =
        new StudyFacts(
            new StudyKey("1.2.3"),
            unknown,
            unknown,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            unknown,
            unknown);

    StudyVersion version =
        StudyVersion.of(
                facts, List.of(), List.of(), List.of(), Optional.empty(), "a test", Instant.EPOCH)
            .with(new SourceRows(List.of(row), 0));

    assertThat(version.toString())
        .contains("ZCOMMENT", "2 bytes of patient data")
        .doesNotContain("Doe", digest.hex().substring(0, 8));
  }

  @Test
  void aVersionIsTheSameWhateverItsIndexSays() {
    PatientData<String> unknown = PatientData.of("");
    StudyFacts facts =
        new StudyFacts(
            new StudyKey("1.2.3"),
            unknown,
            unknown,
            Optional.empty(),
            Optional.empty(),
            List.of(),
            unknown,
            unknown);
    FileDigests digests =
        new FileDigests(
            Sha256.digest(new byte[1]), Optional.empty(), Optional.empty(), Optional.empty());
    StoredFile plain = new StoredFile("a", 1, 0, digests, Optional.empty(), List.of());
    StoredFile listed = new StoredFile("a", 1, 0, digests, Optional.empty(), List.of(), 12);

    StudyVersion without = version(facts, plain);
    StudyVersion with =
        version(facts, listed)
            .with(new SourceRows(List.of(new SourceRow("ZSTUDY", 1, Map.of(), 0)), 3));

    assertThat(with.id()).isEqualTo(without.id());
    assertThat(with).isNotEqualTo(without);
  }

  private static StudyVersion version(StudyFacts facts, StoredFile file) {
    return StudyVersion.of(
        facts, List.of(file), List.of(), List.of(), Optional.empty(), "a test", Instant.EPOCH);
  }

  @Test
  void aRowBeyondTheLimitsIsRefused() {
    Map<String, Value> many = new HashMap<>();
    for (int i = 0; i <= SourceRow.COLUMNS_MAX; i++) {
      many.put("C" + i, text("x"));
    }
    String longName = "N".repeat(SourceRow.NAME_CHARACTERS_MAX + 1);

    assertThatThrownBy(() -> new SourceRow("T", 1, many, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new SourceRow(longName, 1, Map.of(), 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new SourceRow("T", 1, Map.of(longName, text("x")), 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> text("x".repeat(SourceRow.VALUE_CHARACTERS_MAX + 1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageNotContaining("xx");
  }

  @Test
  void rowsAreTakenUntilTheStudysLimitsAreReached() {
    SourceRow empty = new SourceRow("T", 1, Map.of(), 0);
    SourceRow wide = rowOf(SourceRow.COLUMNS_MAX, "x");
    SourceRow heavy = rowOf(32, "x".repeat(SourceRow.VALUE_CHARACTERS_MAX));

    assertThat(takenOf(empty)).isEqualTo(SourceRows.ROWS_MAX);
    assertThat(takenOf(wide)).isEqualTo(SourceRows.VALUES_MAX / SourceRow.COLUMNS_MAX);
    assertThat(takenOf(heavy))
        .isEqualTo((int) (SourceRows.CHARACTERS_MAX / heavy.characters()))
        .isPositive();
  }

  private static int takenOf(SourceRow row) {
    SourceRows.Gathering rows = new SourceRows.Gathering();
    for (int i = 0; i < SourceRows.ROWS_MAX * 2 && rows.add(row); i++) {
      // On until it refuses.
    }
    assertThat(rows.add(row)).isFalse();
    return rows.size();
  }

  private static SourceRow rowOf(int columns, String value) {
    Map<String, Value> values = new HashMap<>();
    for (int i = 0; i < columns; i++) {
      values.put("C" + i, text(value));
    }
    return new SourceRow("T", 1, values, 0);
  }

  private static Value.Text text(String value) {
    return new Value.Text(PatientData.of(value));
  }
}
