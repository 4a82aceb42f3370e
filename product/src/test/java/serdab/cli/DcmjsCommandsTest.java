package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.Dcmjs;
import serdab.dicom.net.PeerProgram;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// A node on dcmjs-dimse, which says of everything that it stored it and leaves out what its
/// library does not know.
@Needs(Peer.DCMJS)
class DcmjsCommandsTest {

  @TempDir Path folder;

  private static byte[] image(String study, int n, boolean withPrivate) {
    TinyDicom image =
        TinyDicom.image()
            .study(study)
            .series(study + ".1")
            .sop(study + ".1." + n)
            .patient("山田^太郎", "P")
            .pixels(new byte[] {1, (byte) n, 3, 4});
    return (withPrivate ? image.withPrivate("of its maker") : image).bytes();
  }

  @Test
  void itHoldsCopiesOfWhatItKeepsWholeAndGivesThemBackAsSource() throws IOException {
    Path images = Files.createDirectories(folder.resolve("images"));
    for (int n = 1; n <= 3; n++) {
      Files.write(images.resolve("plain" + n), image("1.2.1", n, false));
      Files.write(images.resolve("private" + n), image("1.2.2", n, true));
    }
    CommandLineRun serdab = new CommandLineRun(folder.resolve("home"));
    try (PeerProgram node = Dcmjs.node(folder, Files.createDirectories(folder.resolve("node")))) {
      String address = "dicom://DCMJS@127.0.0.1:" + node.port();

      var backup = serdab.run("backup", "--from", "folder:" + images, "--to", address);
      var again = serdab.run("backup", "--from", "folder:" + images, "--to", address);
      var verified = serdab.run("verify", address);
      var fetched =
          new CommandLineRun(folder.resolve("other"))
              .run("backup", "--from", address, "--to", "zip:" + folder.resolve("zips"));

      assertThat(backup.exitCode()).as(backup.toString()).isEqualTo(3);
      assertThat(backup.out() + backup.err())
          .contains("3 of 3 instances", "(0033,0010), (0033,1001)");
      assertThat(again.exitCode()).as(again.toString()).isEqualTo(3);
      assertThat(verified.exitCode()).as(verified.toString()).isZero();
      assertThat(serdab.run("studies", "--json").out()).containsOnlyOnce("\"READABLE\"");
      assertThat(fetched.exitCode()).as(fetched.toString()).isZero();
      assertThat(fetched.out()).contains("2 studies");
    }
  }
}
