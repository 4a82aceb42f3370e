package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

class DictionaryTest {

  @Test
  void attributesOfTheStandardHaveVrAndKeyword() {
    assertThat(Dictionary.vrOf(Tag.StudyInstanceUID)).isEqualTo(Vr.UI);
    assertThat(Dictionary.keywordOf(Tag.StudyInstanceUID)).isEqualTo("StudyInstanceUID");
    assertThat(Dictionary.tagOf("StudyInstanceUID")).contains(Tag.StudyInstanceUID);
    assertThat(Dictionary.vrOf(0x00081115)).isEqualTo(Vr.SQ);
    assertThat(Dictionary.vrOf(Tag.TransferSyntaxUID)).isEqualTo(Vr.UI);
    assertThat(Dictionary.vrOf(Tag.DirectoryRecordSequence)).isEqualTo(Vr.SQ);
  }

  @Test
  void everyConstantIsSpelledAsTheStandardSpellsIt() throws IllegalAccessException {
    for (var field : Tag.class.getFields()) {
      int tag = field.getInt(null);
      // Items and delimiters have no VR, so they are not in the table.
      if (Tag.group(tag) != 0xFFFE) {
        assertThat(Dictionary.keywordOf(tag)).isEqualTo(field.getName());
      }
    }
  }

  @Test
  void choicesAreThoseOfImplicitFiles() {
    assertThat(Dictionary.vrOf(Tag.PixelData)).isEqualTo(Vr.OW);
    assertThat(Dictionary.vrOf(0x00280106)).isEqualTo(Vr.US);
    assertThat(Dictionary.isSignedByPixelRepresentation(0x00280106)).isTrue();
    assertThat(Dictionary.isSignedByPixelRepresentation(Tag.Rows)).isFalse();
    assertThat(Dictionary.vrOf(0x00283006)).isEqualTo(Vr.OW);
  }

  @Test
  void repeatingGroupsAreEvenAndEndAtThirtyOne() {
    assertThat(Dictionary.vrOf(0x60003000)).isEqualTo(Vr.OW);
    assertThat(Dictionary.vrOf(0x601E3000)).isEqualTo(Vr.OW);
    assertThat(Dictionary.keywordOf(0x60023000)).isEqualTo("OverlayData");
    assertThat(Dictionary.vrOf(0x60203000)).isEqualTo(Vr.UN);
    assertThat(Dictionary.vrOf(0x60013000)).isEqualTo(Vr.UN);
    assertThat(Dictionary.vrOf(0x00203101)).isNotEqualTo(Vr.UN);
  }

  @Test
  void privateAttributesAreUnknown() {
    assertThat(Dictionary.vrOf(0x00091001)).isEqualTo(Vr.UN);
    assertThat(Dictionary.vrOf(0x00090010)).isEqualTo(Vr.LO);
    assertThat(Dictionary.keywordOf(0x00091001)).isEmpty();
    assertThat(Dictionary.isKnown(0x00091001)).isFalse();
  }

  @Test
  void groupLengthsAreNumbers() {
    assertThat(Dictionary.vrOf(0x00080000)).isEqualTo(Vr.UL);
    assertThat(Dictionary.vrOf(0x00090000)).isEqualTo(Vr.UL);
  }

  @SeededTest(runs = 50)
  void tagsArePrintedAsTheStandardPrintsThem(java.util.random.RandomGenerator random) {
    int tag = random.nextInt();

    assertThat(Tag.text(tag))
        .isEqualTo(String.format("(%04X,%04X)", Tag.group(tag), Tag.element(tag)));
  }

  @Test
  void uidsAreJudgedByTheStandard() {
    for (String valid : List.of("1.2.840.10008.1.2", "0.1", "2.25.0", "1".repeat(64))) {
      assertThat(Uids.isValid(valid)).as(valid).isTrue();
    }
    for (String invalid : List.of("", ".", "1.", ".1", "1..2", "1.02", "1.a", "1".repeat(65))) {
      assertThat(Uids.isValid(invalid)).as(invalid).isFalse();
    }
  }

  @Test
  void syntaxesAreWhatTheirUidSays() {
    assertThat(TransferSyntax.of("1.2.840.10008.1.2.4.90").encapsulated()).isTrue();
    assertThat(TransferSyntax.of("1.2.840.10008.1.2.4.201").encapsulated()).isTrue();
    assertThat(TransferSyntax.of("1.2.840.10008.1.2.5").encapsulated()).isTrue();
    assertThat(TransferSyntax.of("1.2.840.10008.1.2.4.94").encapsulated()).isFalse();
    assertThat(TransferSyntax.of("1.2.840.10008.1.2.4.95").deflated()).isTrue();
    assertThat(TransferSyntax.of(TransferSyntax.IMPLICIT_LITTLE_ENDIAN).explicit()).isFalse();
    assertThat(TransferSyntax.of(TransferSyntax.EXPLICIT_BIG_ENDIAN).bigEndian()).isTrue();
    assertThat(TransferSyntax.of("1.2.3").explicit()).isTrue();
    assertThat(TransferSyntax.of("1.2.3").isKnown()).isFalse();
  }
}
