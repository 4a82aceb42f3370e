package serdab.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.dicom.net.TlsFiles;

class WebAddressTest {

  @Test
  void anAddressSaysWhereTheNodeIsAndWhereItsSecretsAre() {
    WebAddress address =
        WebAddress.parse(
            "dicomweb:https://pacs.example:8443/dicom-web/?user=a%20b&password=env:PW"
                + "&ca=/etc/ssl/own.pem&certificate=/etc/ssl/a%20b.crt&key=/etc/ssl/us.key");

    assertThat(address.base()).isEqualTo(URI.create("https://pacs.example:8443/dicom-web"));
    assertThat(address.user()).contains("a b");
    assertThat(address.password().map(SecretReference::text)).contains("env:PW");
    assertThat(address.tls())
        .contains(
            new TlsFiles(
                Optional.of(Path.of("/etc/ssl/own.pem")),
                Optional.of(Path.of("/etc/ssl/a b.crt")),
                Optional.of(Path.of("/etc/ssl/us.key"))));
    assertThat(address.plain()).isEqualTo("dicomweb:https://pacs.example:8443/dicom-web");
  }

  @Test
  void anAuthorizationServerIsNamedWithItsClient() {
    WebAddress address =
        WebAddress.parse(
            "dicomweb:https://x/dw?token-url=https://id.example/token&client-id=serdab"
                + "&client-secret=file:/etc/serdab/secret&scope=a+b");

    assertThat(address.tokenUrl()).contains(URI.create("https://id.example/token"));
    assertThat(address.scope()).isEqualTo("a+b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "dicomweb:",
        "dicomweb:pacs.example/dicom-web",
        "dicomweb:ftp://pacs.example/x",
        "dicomweb:https://me:hidden-word@pacs.example/x",
        "dicomweb:https://pacs.example/x#y",
        "dicomweb:https://pacs.example/x?token=hidden-word",
        "dicomweb:https://pacs.example/x?hidden-word",
        "dicomweb:https://pacs.example/x?secret=hidden-word",
        "dicomweb:https://pacs.example/x?user=a",
        "dicomweb:https://pacs.example/x?user=a&password=env:A&token=env:B",
        "dicomweb:https://pacs.example/x?token-url=https://x/t&client-id=a",
        "dicomweb:https://pacs.example/x?client-id=a&client-secret=env:B",
        "dicomweb:https://pacs.example/x?token=env:A&token=env:B",
        "dicomweb:https://pacs.example/x?ca=own.pem",
        "dicomweb:https://pacs.example/x?key=/etc/us.key",
        "dicomweb:https://pacs.example/x?certificate=/etc/us.crt&ca=/etc/own.pem",
        "dicomweb:https://pacs.example/x?certificate=us.crt&key=/etc/us.key",
        "dicomweb:http://pacs.example/x?certificate=/etc/us.crt&key=/etc/us.key"
      })
  void whatIsNoAddressIsRefusedAndNoSecretRepeated(String text) {
    assertThatThrownBy(() -> WebAddress.parse(text))
        .isInstanceOfSatisfying(
            SerdabException.Misconfigured.class,
            e -> assertThat(e.problem().code()).isEqualTo("dicomweb-address"))
        .hasMessageNotContaining("hidden-word");
  }
}
