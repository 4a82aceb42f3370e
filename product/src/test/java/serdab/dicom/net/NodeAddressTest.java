package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;

class NodeAddressTest {

  @Test
  void anAddressHasTitlesHostAndPort() {
    NodeAddress node = NodeAddress.parse("dicom://ARCHIVE@pacs.example:11112?calling=BACKUP");

    assertThat(node)
        .isEqualTo(
            new NodeAddress(
                AeTitle.ours("ARCHIVE"), "pacs.example", 11112, AeTitle.ours("BACKUP")));
  }

  @ParameterizedTest
  @CsvSource({
    "dicom://PACS@10.0.0.5, dicom://PACS@10.0.0.5:104?calling=SERDAB",
    "dicom://PACS@[::1]:104, dicom://PACS@[::1]:104?calling=SERDAB",
    "dicom://MY%20PACS@host/, dicom://MY%20PACS@host:104?calling=SERDAB",
    "dicom://PACS@host?listen=11112&calling=A, dicom://PACS@host:104?calling=A&listen=11112",
    "dicom://P@h?limit=500&ca=/a%20b/ca.pem, dicom://P@h:104?calling=SERDAB&limit=500&ca=/a%20b/ca.pem",
    "dicom://P@h?key=/k&certificate=/c&ca=/a, dicom://P@h:104?calling=SERDAB&ca=/a&certificate=/c&key=/k",
    "dicom://a%40b@host?calling=A_B, dicom://a%40b@host:104?calling=A_B",
    "dicom://100%25@host, dicom://100%25@host:104?calling=SERDAB"
  })
  void anAddressIsPrintedInANormalFormThatMeansTheSame(String written, String normal) {
    NodeAddress node = NodeAddress.parse(written);

    assertThat(node).hasToString(normal);
    assertThat(NodeAddress.parse(normal)).isEqualTo(node);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dicom://host:104",
        "dicom://@host",
        "dicom://PACS@",
        "dicom://PACS@host:0",
        "dicom://PACS@host:65536",
        "dicom://PACS@host:1e3",
        "dicom://PACS@host?calling=",
        "dicom://PACS@host?called=X",
        "dicom://PACS@host?listen=0",
        "dicom://PACS@host?limit=0",
        "dicom://PACS@host?limit=many",
        "dicom://PACS@host?ca=here.pem",
        "dicom://PACS@host?ca=/a&key=/k",
        "dicom://PACS@host?certificate=/c&key=/k",
        "dicom://PACS@host?listen=any",
        "dicom://PACS@host?calling=X&calling=Y",
        "dicom://SEVENTEEN-LETTERS@host",
        "dicom://A%5CB@host",
        "dicom://A%4@host",
        "dicom://A%zz@host",
        "dicom://PACS@ho st",
        "dicom://PACS@host/path",
        "dicom://PACS:secret@host@other",
        "http://PACS@host",
        ""
      })
  void whatIsNoAddressIsToldWithItsForm(String written) {
    assertThatThrownBy(() -> NodeAddress.parse(written))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .hasMessageStartingWith("node-address-wrong")
        .hasMessageContaining("dicom://CALLED@host:104?calling=SERDAB");
  }
}
