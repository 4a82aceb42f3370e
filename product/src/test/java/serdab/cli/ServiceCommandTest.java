package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceCommandTest {

  @TempDir private Path folder;

  private Path launcher;

  private record Result(int exitCode, String out, String err) {}

  @BeforeEach
  void makeALauncher() throws IOException {
    launcher = Files.writeString(folder.resolve("serdab"), "#!/bin/sh\n");
    assertThat(launcher.toFile().setExecutable(true)).isTrue();
  }

  private Result on(String os, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    Map<String, String> environment =
        Map.of(
            "HOME",
            folder.resolve("user").toString(),
            "SERDAB_HOME",
            folder.resolve("home").toString(),
            "SERDAB_LAUNCHER",
            launcher.toString());
    int code =
        Main.run(
            args,
            new Surroundings(
                terminal, environment, InstantSource.system(), os, new serdab.backup.Reach()));
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void onLinuxItWritesAServiceAndATimerOfTheUser() throws IOException {
    Result install = on("Linux", "service", "install", "--every", "1h", "--no-start");

    Path units = folder.resolve("user/.config/systemd/user");
    assertThat(install.exitCode()).as(install.err()).isZero();
    assertThat(Files.readString(units.resolve("serdab-backup.service")))
        .contains("\"" + launcher + "\" \"backup\" \"--scheduled\"");
    assertThat(Files.readString(units.resolve("serdab-backup.timer"))).contains("3600s");
  }

  @Test
  void onAMacItWritesAnAgentAndNamesFullDiskAccess() {
    Result install = on("Mac OS X", "service", "install", "--no-start");

    assertThat(install.exitCode()).isZero();
    assertThat(install.out()).contains("Full Disk Access");
    assertThat(folder.resolve("user/Library/LaunchAgents/org.serdab.backup.plist")).isRegularFile();
  }

  @Test
  void onWindowsItWritesATask() {
    Result install = on("Windows 11", "service", "install", "--no-start");

    assertThat(install.exitCode()).isZero();
    assertThat(folder.resolve("home/service/serdab-backup.xml")).isRegularFile();
  }

  @Test
  void aDryRunWritesNothing() {
    Result install = on("Linux", "service", "install", "--dry-run");

    assertThat(install.out())
        .contains("[Service]")
        .contains("$ systemctl --user enable --now serdab-backup.timer");
    assertThat(folder.resolve("user")).doesNotExist();
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void whatWasInstalledIsRemovedAndNothingElse() throws IOException {
    on("Linux", "service", "install", "--no-start");
    Path other = folder.resolve("user/.config/systemd/user/other.timer");
    Files.writeString(other, "");

    Result uninstall = on("Linux", "service", "uninstall");

    assertThat(uninstall.exitCode()).isZero();
    assertThat(folder.resolve("user/.config/systemd/user/serdab-backup.timer")).doesNotExist();
    assertThat(other).exists();
    assertThat(on("Linux", "service", "uninstall").out()).contains("Nothing is installed");
  }

  @Test
  void withoutASuccessfulRunOfTheSystemItDoesNotSayThatAllIsWell() {
    Result status = on("Linux", "service", "status");

    assertThat(status.exitCode()).isEqualTo(3);
    assertThat(status.out()).contains("do not run by themselves");
  }

  @Test
  void aProgramThatIsNotThereIsNamed() throws IOException {
    Files.delete(launcher);

    Result install = on("Linux", "service", "install", "--no-start");

    assertThat(install.exitCode()).isEqualTo(2);
    assertThat(install.err()).contains(launcher + " is not there");
    assertThat(folder.resolve("user")).doesNotExist();
  }

  @Test
  void aScheduledRunProvesThatItMayReadTheLibraryAndRunsOnlyWhatIsDue() throws IOException {
    Path source = Files.createDirectories(folder.resolve("images"));
    Files.write(source.resolve("1.dcm"), serdab.testing.world.TinyDicom.image().bytes());
    Files.createDirectories(folder.resolve("home"));
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        """
        [plan.hourly]
        from = ["folder:%s"]
        to = ["zip:%s"]
        every = "1h"
        """
            .formatted(source, folder.resolve("zips")));

    Result first = on("Linux", "backup", "--scheduled");
    Result soon = on("Linux", "backup", "--scheduled", "--json");
    Result byHand = on("Linux", "backup", "--json");
    Result status = on("Linux", "service", "status", "--json");

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(soon.out()).contains("\"runs\":[]");
    assertThat(byHand.out()).contains("\"plan\":\"hourly\"");
    assertThat(status.out())
        .contains("\"last_exit_code\":0")
        .doesNotContain("\"last_read_at\":\"\"");
  }

  @Test
  void aScheduledRunThatMayNotBeginIsToldOf() throws IOException {
    Files.createDirectories(folder.resolve("home"));
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        """
        [plan.away]
        from = ["folder:%s"]
        to = ["zip:%s"]
        """
            .formatted(folder.resolve("not-there"), folder.resolve("zips")));

    on("Linux", "backup", "--scheduled");
    Result status = on("Linux", "service", "status");

    assertThat(status.out()).contains("Last scheduled run", "never read the library");
    assertThat(status.exitCode()).isEqualTo(3);
  }
}
