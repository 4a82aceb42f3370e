package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AeTitleTest {

  @Test
  void aTitleFillsSixteenBytesWithSpacesAndKeepsItsCase() {
    byte[] padded = AeTitle.ours("Serdab").padded();

    assertThat(new String(padded, StandardCharsets.US_ASCII)).isEqualTo("Serdab          ");
    assertThat(AeTitle.received(padded)).isEqualTo(new AeTitle("Serdab"));
  }

  @Test
  void aTitlePaddedWithNulsIsTheSame() {
    byte[] padded = "PACS\0\0\0\0\0\0\0\0\0\0\0\0".getBytes(StandardCharsets.US_ASCII);

    assertThat(AeTitle.received(padded)).isEqualTo(new AeTitle("PACS"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "   ", "A\\B", "A\nB", "ÄRZTE", "SEVENTEEN-LETTERS"})
  void aTitleThatBreaksARuleIsNotOurs(String value) {
    assertThatThrownBy(() -> AeTitle.ours(value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("an AE title ");
  }

  @Test
  void aTitleOfAPeerIsKeptAsItCameAndPrintedWithoutWhatDoesNotPrint() {
    AeTitle title = AeTitle.received("A\u001b[31mB\\C       ".getBytes(StandardCharsets.US_ASCII));

    assertThat(title.isValid()).isFalse();
    assertThat(title.value()).isEqualTo("A\u001b[31mB\\C");
    assertThat(title).hasToString("A?[31mB\\C");
  }
}
