package serdab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.dicom.net.Retry;

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

  @Test
  void whatMayGoThroughAndHowPatientlyStandsInTheAddressToo() {
    DicomAddress address =
        DicomAddress.parse(
            "dicom://PACS@host?associations=2-8&rate=20&tries=3&first-wait=500ms&wait-factor=1.5"
                + "&wait-max=5m&read-back=1/10");

    assertThat(address.associations()).isEqualTo(2);
    assertThat(address.associationsMax()).isEqualTo(8);
    assertThat(address.readBackOf()).isEqualTo(10);
    assertThat(DicomAddress.parse("dicom://PACS@host").readBackOf()).isEqualTo(1);
    assertThat(address.bytesPerSecond()).hasValue(20_000_000);
    assertThat(address.retry())
        .isEqualTo(new Retry(3, Duration.ofMillis(500), 1.5, Duration.ofMinutes(5)));
    assertThat(DicomAddress.parse("dicom://PACS@host?associations=4").associationsMax())
        .isEqualTo(4);
    assertThat(DicomAddress.parse("dicom://PACS@host").associations()).isEqualTo(2);
    assertThat(DicomAddress.parse("dicom://PACS@host").retry()).isEqualTo(Retry.DEFAULT);
    assertThat(DicomAddress.parse("dicom://PACS@host").commitment()).isEmpty();
    assertThat(DicomAddress.parse("dicom://PACS@host?commitment=yes").commitment())
        .contains(Duration.ofSeconds(30));
    assertThat(DicomAddress.parse("dicom://PACS@host?commitment=2m").commitment())
        .contains(Duration.ofMinutes(2));
  }

  @Test
  void convertingIsAllowedOnPurposeOnly() {
    assertThat(DicomAddress.parse("dicom://PACS@host").convert()).isFalse();
    assertThat(DicomAddress.parse("dicom://PACS@host?convert=lossless").convert()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dicom://PACS@host?existing=most",
        "dicom://PACS@host?existing=full&existing=skip",
        "dicom://PACS@host?existing",
        "dicom://PACS@host?speed=1",
        "dicom://PACS@host?associations=0",
        "dicom://PACS@host?associations=17",
        "dicom://PACS@host?associations=4-2",
        "dicom://PACS@host?rate=0",
        "dicom://PACS@host?read-back=2/3",
        "dicom://PACS@host?read-back=0",
        "dicom://PACS@host?tries=0",
        "dicom://PACS@host?convert=lossy",
        "dicom://PACS@host?convert=",
        "dicom://PACS@host?first-wait=soon",
        "dicom://PACS@host?wait-factor=0.5",
        "dicom://PACS@host?user=",
        "dicom://PACS@host?commitment=no",
        "dicom://PACS@host?commitment=0s",
        "dicom://PACS@host?commitment=2h",
        "dicom://PACS@host?password=env:SECRET",
        "dicom://PACS@host?user=U&password=topsecret",
        "dicom://PACS@host?user=U&passcode=topsecret",
        "dicom://PACS@host?user=U&password=topsecret&existing=most",
        "dicom://host",
      })
  void whatIsNoAddressIsTold(String written) {
    assertThatExceptionOfType(SerdabException.Misconfigured.class)
        .isThrownBy(() -> DicomAddress.parse(written))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-address-wrong"))
        .satisfies(e -> assertThat(e.problem().text()).doesNotContain("topsecret"));
  }

  @Test
  void aUserStandsInTheAddressAndWhereItsPasswordIsKeptAndNeitherIsRemembered() {
    DicomAddress address =
        DicomAddress.parse("dicom://PACS@host?user=back%20up&password=env:PACS_PASSWORD");

    assertThat(address.user()).contains("back up");
    assertThat(address.password())
        .contains(new SecretReference(SecretReference.Kind.ENVIRONMENT, "PACS_PASSWORD"));
    assertThat(address.plain() + address.node()).doesNotContain("back", "PACS_PASSWORD");
  }
}
