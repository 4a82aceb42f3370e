package serdab.source.horos;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;

class DeletionQueueTest {

  @TempDir Path temp;

  @Test
  void aLibraryWithoutAQueueHasNothingToDelete() {
    assertThat(DeletionQueue.read(temp).paths()).isEmpty();
    assertThat(DeletionQueue.read(temp).findings()).isEmpty();
  }

  @Test
  @Needs(Peer.PYDICOM)
  void pathsAreReadFromXmlAndBinaryLists() throws Exception {
    for (String format : new String[] {"FMT_XML", "FMT_BINARY"}) {
      write(format, "['/Volumes/a/1.dcm', '/Volumes/ü 東/' + 'x' * 300 + '.dcm', '/b & <c>']");

      assertThat(DeletionQueue.read(temp).paths())
          .containsExactlyInAnyOrder(
              "/Volumes/a/1.dcm", "/Volumes/ü 東/" + "x".repeat(300) + ".dcm", "/b & <c>");
    }
  }

  @Test
  void whatIsNoListIsAFinding() throws IOException {
    for (String content :
        new String[] {"", "bplist00", "bplist00" + "\377".repeat(40), "<plist><a"}) {
      Files.write(
          temp.resolve(DeletionQueue.NAME),
          content.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));

      DeletionQueue queue = DeletionQueue.read(temp);

      assertThat(queue.paths()).isEmpty();
      assertThat(queue.findings()).hasSize(1);
    }
  }

  @Test
  void outsideEntitiesAreNotLookedUp() throws IOException {
    Path secret = Files.writeString(temp.resolve("secret"), "/stolen");
    Files.writeString(
        temp.resolve(DeletionQueue.NAME),
        """
        <?xml version="1.0"?><!DOCTYPE plist [<!ENTITY s SYSTEM "%s">]>
        <plist><array><string>&s;</string></array></plist>\
        """
            .formatted(secret.toUri()));

    assertThat(DeletionQueue.read(temp).paths()).doesNotContain("/stolen");
  }

  private void write(String format, String list) throws Exception {
    String program =
        "import plistlib,sys; plistlib.dump(%s, open(sys.argv[1], 'wb'), fmt=plistlib.%s)"
            .formatted(list, format);
    Process process =
        new ProcessBuilder(
                Python.withPydicom(), "-c", program, temp.resolve(DeletionQueue.NAME).toString())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
  }
}
