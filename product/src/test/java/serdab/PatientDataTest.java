package serdab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PatientDataTest {

  @Test
  void aPatientsNameDoesNotPrint() {
    PatientData<String> name = PatientData.of("Doe^Jane");

    String printed = "copied the study of " + name;

    assertThat(printed).doesNotContain("Doe", "Jane");
    assertThat(name.reveal(PatientData.Purpose.CATALOGUE)).isEqualTo("Doe^Jane");
  }
}
