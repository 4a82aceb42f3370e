package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a rejection note rejects, and what it must not.
class RejectionNoteTest {

  @ParameterizedTest
  @CsvSource({
    "113001,QUALITY",
    "113037,PATIENT_SAFETY",
    "113038,WORKLIST_ENTRY",
    "113039,RETENTION"
  })
  void itsTitleSaysWhy(String code, RejectionNote.Reason reason) throws IOException {
    RejectionNote note = read(NoteBytes.of("1.2.3", "1.2.3.99.1").title(code).rejects("1.2.3.1.1"));

    assertThat(note.reason()).isEqualTo(reason);
    assertThat(note.rejected()).containsExactly("1.2.3.1.1");
    assertThat(note.unclear()).isEmpty();
    assertThat(note.damaged()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({"113000,DCM", "113030,DCM", "113013,DCM", "113001,99LOCAL", "113001,''"})
  void otherKeyObjectsAreNoNotes(String code, String scheme) throws IOException {
    byte[] keyImages =
        NoteBytes.of("1.2.3", "1.2.3.99.1").title(code).scheme(scheme).rejects("1.1").bytes();

    assertThat(RejectionNote.of(file(keyImages))).isEmpty();
  }

  @Test
  void whatIsNotNamedInBothPlacesAsAWholeIsUnclear() throws IOException {
    RejectionNote note =
        read(
            NoteBytes.of("1.2.3", "1.2.3.99.1")
                .rejects("1.1")
                .onlyInEvidence("1.2")
                .onlyInContent("1.3")
                .frameOf("1.4"));

    assertThat(note.rejected()).containsExactly("1.1");
    assertThat(note.unclear()).containsExactlyInAnyOrder("1.2", "1.3", "1.4");
  }

  @Test
  void evidenceUnderAnotherStudyRejectsNothing() throws IOException {
    RejectionNote note =
        read(NoteBytes.of("1.2.3", "1.2.3.99.1").evidenceUnder("9.9").rejects("1.1"));

    assertThat(note.rejected()).isEmpty();
    assertThat(note.unclear()).containsExactly("1.1");
  }

  @Test
  void aNoteThatIsCutAnywhereRejectsNothing() throws IOException {
    byte[] whole = NoteBytes.of("1.2.3", "1.2.3.99.1").rejects("1.1", "1.2", "1.3").bytes();
    int notes = 0;
    for (int length = 0; length < whole.length; length++) {
      Optional<RejectionNote> cut = RejectionNote.of(file(Arrays.copyOf(whole, length)));
      if (cut.isPresent() && !cut.get().damaged()) {
        notes++;
        assertThat(cut.get().rejected()).as("cut at " + length).isEmpty();
      }
      cut.filter(RejectionNote::damaged).ifPresent(note -> assertThat(note.rejected()).isEmpty());
    }
    assertThat(notes).as("cuts between two elements look whole").isLessThan(10);
  }

  private static RejectionNote read(NoteBytes note) throws IOException {
    return RejectionNote.of(file(note.bytes())).orElseThrow();
  }

  private static DicomFile file(byte[] bytes) throws IOException {
    return DicomFile.read(ByteSource.of(bytes));
  }
}
