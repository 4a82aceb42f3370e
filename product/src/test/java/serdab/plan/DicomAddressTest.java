package serdab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;

class DicomAddressTest {

  @Test
  void anAddressSaysHowTheNodeIsTreatedAndIsRememberedWithoutThat() {
    DicomAddress address =
        DicomAddress.parse("dicom://PACS@host:11112?existing=count&calling=US&listen=11113");

    assertThat(address.existing()).isEqualTo(Existing.COUNT);
    assertThat(address.node().calling().value()).isEqualTo("US");
    assertThat(address.node().listen()).isEqualTo(11_113);
    assertThat(address.plain()).isEqualTo("dicom://PACS@host:11112");
    assertThat(DicomAddress.parse(address.plain()).existing()).isEqualTo(Existing.FULL);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dicom://PACS@host?existing=most",
        "dicom://PACS@host?existing=full&existing=skip",
        "dicom://PACS@host?existing",
        "dicom://PACS@host?speed=1",
        "dicom://host",
      })
  void whatIsNoAddressIsTold(String written) {
    assertThatExceptionOfType(SerdabException.Misconfigured.class)
        .isThrownBy(() -> DicomAddress.parse(written))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-address-wrong"));
  }
}
