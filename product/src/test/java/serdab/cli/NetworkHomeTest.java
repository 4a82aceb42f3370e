package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.backup.NetworkVolumes;
import serdab.backup.Reach;

/// Serdab's own folder is never on a network volume, unless somebody says that it must be.
class NetworkHomeTest {

  @TempDir private Path folder;

  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(Map<String, String> more, String... args) {
    Map<String, String> environment = new HashMap<>(more);
    environment.put("SERDAB_HOME", folder.resolve("home").toString());
    environment.put("HOME", folder.toString());
    String table = "/dev/sda1 / ext4 rw 0 0\nnas:/home " + folder + " nfs4 rw 0 0\n";
    PrintStream print = new PrintStream(err, true, StandardCharsets.UTF_8);
    return Main.run(
        args,
        new Surroundings(
            new Terminal(print, print, false),
            environment,
            InstantSource.system(),
            "Linux",
            new Reach(),
            () -> NetworkVolumes.of(table)));
  }

  private String said() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aHomeOnANetworkVolumeIsRefusedBeforeAnythingIsWritten() {
    int code = run(Map.of(), "studies");

    assertThat(code).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(said()).contains("lies on a network volume (nfs4)", "SERDAB_HOME_ON_NETWORK=yes");
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void whoMustHaveItThereSaysSoAndIsWarnedEachTime() {
    int code = run(Map.of("SERDAB_HOME_ON_NETWORK", "yes"), "studies");

    assertThat(code).isEqualTo(Main.ExitCodes.GOOD);
    assertThat(said()).contains("Warning: Serdab's own folder lies on a network volume (nfs4).");
  }

  @Test
  void anotherWordIsNoConsent() {
    assertThat(run(Map.of("SERDAB_HOME_ON_NETWORK", "no"), "studies"))
        .isEqualTo(Main.ExitCodes.USAGE);
  }

  @Test
  void helpNeedsNoHome() {
    assertThat(run(Map.of(), "studies", "--help")).isZero();
  }
}
