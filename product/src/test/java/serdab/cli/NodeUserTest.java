package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.Dcmqrscp;
import serdab.dicom.net.LyingPacs;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// Nodes that want to know a user (PS3.7 section D.3.3.7): as destination, as source, in a check.
class NodeUserTest {

  private static final String PASSWORD = "ge heim-日本";

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start().demands("serdab", PASSWORD);
  private CommandLineRun serdab;
  private Path images;

  @BeforeEach
  void someImages() throws IOException {
    serdab = new CommandLineRun(folder.resolve("home")).with("PACS_PASSWORD", PASSWORD);
    images = Files.createDirectories(folder.resolve("images"));
    for (int n = 1; n <= 2; n++) {
      Files.write(images.resolve("IM" + n), TinyDicom.image().sop("1.2.1." + n).bytes());
    }
  }

  @AfterEach
  void stop() {
    pacs.close();
  }

  private String as(String user) {
    return pacs.address() + "?calling=SERDAB" + user;
  }

  private CommandLineRun.Result backupTo(String address) {
    return serdab.run("backup", "--from", "folder:" + images, "--to", address);
  }

  private static void assertNothingToldOf(CommandLineRun.Result result) {
    assertThat(result.out() + result.err()).doesNotContain(PASSWORD);
  }

  @Test
  void aUserWhosePasswordIsInTheEnvironmentIsLetIn() throws IOException {
    String address = as("&user=serdab&password=env:PACS_PASSWORD");

    CommandLineRun.Result backup = backupTo(address);
    CommandLineRun.Result verify = serdab.run("verify", address);
    Path back = folder.resolve("back");
    CommandLineRun.Result restore =
        serdab.run("restore", "--from", address, "--all", "--to", back.toString());
    CommandLineRun.Result fetched =
        serdab.run("backup", "--from", address, "--to", "zip:" + folder.resolve("zips"));
    CommandLineRun.Result check = serdab.run("check", address);

    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(verify.exitCode()).as(verify.toString()).isZero();
    assertThat(restore.exitCode()).as(restore.toString()).isZero();
    assertThat(fetched.exitCode()).as(fetched.toString()).isZero();
    assertThat(check.out()).contains("It says that it took the user that the address names.");
    assertThat(pacs.kept()).hasSize(2);
    assertThat(pacs.requests()).doesNotContain("stranger");
    for (CommandLineRun.Result each :
        new CommandLineRun.Result[] {backup, verify, restore, fetched, check}) {
      assertNothingToldOf(each);
    }
  }

  @Test
  void soIsOneWhosePasswordIsInAFileAndOneWithoutAPassword() throws IOException {
    Path secret = Files.writeString(folder.resolve("secret"), PASSWORD + "\n");

    CommandLineRun.Result filed = backupTo(as("&user=serdab&password=file:" + secret));
    pacs.demands("nobody in particular", "");
    CommandLineRun.Result named = serdab.run("verify", as("&user=nobody%20in%20particular"));

    assertThat(filed.exitCode()).as(filed.toString()).isZero();
    assertThat(named.exitCode()).as(named.toString()).isZero();
  }

  @Test
  void whoIsNotLetInIsToldWhatToLookAt() {
    CommandLineRun.Result nobody = backupTo(as(""));
    CommandLineRun.Result wrong =
        serdab
            .with("PACS_PASSWORD", "guessed")
            .run(
                "backup",
                "--from",
                "folder:" + images,
                "--to",
                as("&user=serdab&password=env:PACS_PASSWORD"));

    assertThat(nobody.exitCode()).isEqualTo(1);
    assertThat(nobody.err()).contains("rejected the association", "&user=NAME&password=env:NAME");
    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.err()).contains("its name or password may be wrong").doesNotContain("guessed");
    assertThat(pacs.kept()).isEmpty();
  }

  @Test
  void aPasswordThatIsNotThereIsNamedByItsPlace() {
    CommandLineRun.Result result = backupTo(as("&user=serdab&password=env:NO_SUCH_THING"));

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("env:NO_SUCH_THING");
  }

  @Test
  void aPasswordGoesNowhereWhereOthersCanReadIt() {
    CommandLineRun.Result result =
        backupTo("dicom://PACS@192.0.2.1:104?user=serdab&password=env:PACS_PASSWORD");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("others can read", "&ca=/PATH/ca.pem");
    assertNothingToldOf(result);
  }

  @Test
  @Needs(Peer.DCMTK)
  void aNodeThatDoesNotLookAtUsersIsSentToAllTheSame() throws IOException {
    try (Dcmqrscp node = Dcmqrscp.start(Files.createDirectories(folder.resolve("qr")), 0)) {
      String address = node.address() + "&user=serdab&password=env:PACS_PASSWORD";

      CommandLineRun.Result backup = backupTo(address);
      CommandLineRun.Result check = serdab.run("check", address);

      assertThat(backup.exitCode()).as(backup.toString()).isZero();
      assertThat(check.out()).contains("It says nothing of the user that the address names");
    }
  }
}
