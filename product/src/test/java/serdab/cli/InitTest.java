package serdab.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.plan.BackupPlan;
import serdab.plan.Configuration;
import serdab.plan.LogSettings;
import serdab.plan.NamedPlan;
import serdab.plan.Order;
import serdab.plan.Selection;
import serdab.store.VolumeSentinel;
import serdab.testing.SharedData;

/// `serdab init` with a made-up home folder and made-up volumes.
class InitTest {

  private static final Path EXAMPLE = SharedData.checkout().resolve("examples/Horos Data");
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @TempDir private Path folder;

  private Path user;
  private Path volumes;
  private Path library;
  private Path copies;

  @BeforeEach
  void aUserWithALibraryInDocuments() throws IOException {
    user = Files.createDirectories(folder.resolve("user"));
    volumes = Files.createDirectories(folder.resolve("Volumes"));
    Files.createDirectories(volumes.resolve("Backup"));
    library = user.resolve("Documents/Horos Data");
    copy(EXAMPLE, library);
    copies = volumes.resolve("Backup/Copies");
  }

  // ---- the whole way

  @Test
  void atATerminalAllIsAskedAndTheNextCommandBacksUp() throws IOException {
    Map<String, Sha256> before = digests(library);

    CommandLineRun.Result init =
        typing("1\n" + copies + "\nyes\n", "init", "--search", volumes + "");
    CommandLineRun.Result backup = run("backup");

    assertThat(init.exitCode()).as(init.err()).isZero();
    assertThat(init.err())
        .containsSubsequence("Libraries found:", "1  " + library + "  (10 studies)", "[yes]");
    assertThat(init.out()).contains("Wrote ", "serdab backup --dry-run", "serdab service install");
    assertThat(backup.exitCode()).as(backup.err() + backup.out()).isZero();
    assertThat(backup.out()).contains("copied and proven", "All good.");
    assertThat(digests(library)).isEqualTo(before);
  }

  @Test
  void optionsAnswerWhereNobodyIs() {
    CommandLineRun.Result init =
        run("init", "--from", library + "", "--to", "zip:" + copies, "--name", "Praxis", "--yes");

    assertThat(init.exitCode()).as(init.err()).isZero();
    NamedPlan plan = configuration().plan("Praxis").orElseThrow();
    assertThat(plan.enabled()).isTrue();
    assertThat(plan.sources()).containsExactly(library.toString());
    assertThat(plan.destinations()).containsExactly("zip:" + copies);
  }

  @Test
  void theOneLibraryThatIsFoundIsTakenWithYes() {
    assertThat(run("init", "--search", volumes + "", "--to", copies + "", "--yes").exitCode())
        .isZero();
    assertThat(configuration().plans().getFirst().sources()).containsExactly(library + "");
  }

  @Test
  void withSeveralLibrariesTheChoiceIsNeverGuessed() throws IOException {
    Path second = volumes.resolve("PACS/Database/OsiriX Data.nosync");
    Files.createDirectories(second.resolve("DATABASE.noindex"));

    CommandLineRun.Result guessed =
        run("init", "--search", volumes + "", "--to", copies + "", "--yes");
    CommandLineRun.Result asked =
        typing("3\n2, 1\n" + copies + "\ny\n", "init", "--search", volumes + "");

    assertThat(guessed.exitCode()).isEqualTo(2);
    assertThat(guessed.err()).contains(library + ", " + second);
    assertThat(asked.err()).contains("There is no number 3 in the list.", second + "  (no index)");
    assertThat(configuration().plans().getFirst().sources())
        .containsExactly(second + "", library + "");
  }

  @Test
  void theConfigurationIsReadableByItsOwnerOnlyAndHoldsWhatItWasReadWith() throws IOException {
    run("init", "--from", library + "", "--to", copies + "", "--zone", "America/Sao_Paulo");

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(Configuration.load(file(), ZoneId.of("UTC")).warnings()).isEmpty();
    assertThat(configuration().zone()).isEqualTo(ZoneId.of("America/Sao_Paulo"));
    assertThat(Files.readString(file())).startsWith("# Written by serdab init on 2026-03-01;");
  }

  // ---- what there was before

  @Test
  void aConfigurationIsNeverReplacedUnlessAskedForAndThenKept() throws IOException {
    Files.createDirectories(file().getParent());
    Files.writeString(file(), "# mine\n");

    CommandLineRun.Result refused = run("init", "--from", library + "", "--to", copies + "");
    CommandLineRun.Result forced =
        run("init", "--from", library + "", "--to", copies + "", "--force");
    run("init", "--from", library + "", "--to", copies + "", "--force");

    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err()).contains("There is a configuration already", "--force");
    assertThat(forced.exitCode()).isZero();
    assertThat(Files.readString(file().resolveSibling("serdab.toml.1"))).isEqualTo("# mine\n");
    assertThat(file().resolveSibling("serdab.toml.2")).exists();
    assertThat(configuration().plans()).hasSize(1);
  }

  @Test
  void anAnswerThatNeverComesWritesNothing() {
    CommandLineRun.Result init = typing("1\n", "init", "--search", volumes + "");

    assertThat(init.exitCode()).isEqualTo(2);
    assertThat(init.err()).contains("A question was not answered, and nothing was written.");
    assertThat(file()).doesNotExist();
    assertThat(copies).doesNotExist();
  }

  @Test
  void whoSaysNoInTheEndGetsNothing() {
    CommandLineRun.Result init =
        typing("1\n" + copies + "\nno\n", "init", "--search", volumes + "");

    assertThat(init.exitCode()).isZero();
    assertThat(init.err()).contains("Nothing was written.");
    assertThat(file()).doesNotExist();
    assertThat(copies).doesNotExist();
  }

  @Test
  void aDryRunShowsTheConfigurationAndWritesNothing() {
    CommandLineRun.Result init =
        run("init", "--from", library + "", "--to", copies + "", "--dry-run");

    assertThat(init.out()).contains("[plan.daily]");
    assertThat(Configuration.parse(init.out(), "printed", ZoneId.of("UTC")).plans()).hasSize(1);
    assertThat(file()).doesNotExist();
    assertThat(copies).doesNotExist();
  }

  // ---- destinations that make no sense

  @Test
  void aDestinationInsideTheLibraryIsAskedForAgain() {
    CommandLineRun.Result init =
        typing(
            "1\n" + library + "/copies\n" + volumes + "/Away/copies\nftp:x\n" + copies + "\n\n",
            "init",
            "--search",
            volumes + "");

    assertThat(init.exitCode()).as(init.err()).isZero();
    assertThat(init.err())
        .contains(
            "lies inside the source", "Connect its disk, or make it.", "of no kind that is known");
    assertThat(configuration().plans().getFirst().destinations()).containsExactly("zip:" + copies);
  }

  @Test
  void aDestinationThatMakesNoSenseIsRefusedWhereNobodyIs() {
    assertThat(run("init", "--from", library + "", "--to", library + "/copies").err())
        .contains("lies inside the source");
    assertThat(run("init", "--from", library + "", "--to", "ftp:x").err())
        .contains("of no kind that is known");
    assertThat(file()).doesNotExist();
  }

  @Test
  void aSourceThatIsNotThereIsRefused() {
    assertThat(run("init", "--from", folder + "/nowhere", "--to", copies + "").err())
        .contains("is not there");
    assertThat(run("init", "--from", "horos:" + volumes, "--to", copies + "").err())
        .contains("There is no library at");
  }

  @Test
  void aDestinationOnTheSameDiskIsAWarning() {
    CommandLineRun.Result init = run("init", "--from", library + "", "--to", copies + "");

    assertThat(init.err()).contains("Warning: ", "same disk");
  }

  @Test
  void aDestinationInASyncedFolderIsAWarning() throws IOException {
    Path synced = Files.createDirectories(user.resolve("Dropbox"));
    Files.createDirectories(synced.resolve(".dropbox.cache"));

    CommandLineRun.Result init =
        run("init", "--from", library + "", "--to", synced.resolve("Copies") + "");

    assertThat(init.err()).contains("Dropbox keeps in step with its servers");
  }

  // ---- telling disks apart

  @Test
  void theDestinationsDiskGetsAnIdentityAndTheSourceNothing() throws IOException {
    Map<String, Sha256> before = digests(user);

    run("init", "--from", library + "", "--to", copies + "");

    VolumeSentinel sentinel = VolumeSentinel.in(copies).orElseThrow();
    assertThat(sentinel.madeAt()).isEqualTo(NOW);
    run("init", "--from", library + "", "--to", copies + "", "--force");
    assertThat(VolumeSentinel.in(copies)).contains(sentinel);
    assertThat(digests(user)).isEqualTo(before);
  }

  // ---- what the viewer's preferences say

  @Test
  void nodesOfTheViewerAndThePluginStandThereAsComments() throws IOException {
    Files.createDirectories(user.resolve("Library/Preferences"));
    Files.writeString(
        user.resolve("Library/Preferences/com.rossetantoine.osirix.plist"),
        """
        <plist version="1.0"><dict>
        <key>SERVERS</key><array><dict><key>Description</key><string>Main
        to = ["zip:/evil"]</string><key>Address</key><string>10.0.0.5</string>
        <key>Port</key><string>11112</string><key>AETitle</key><string>ARCHIVE1</string></dict></array>
        <key>OsiriXBackupAEDestination</key><string>VAULT</string>
        </dict></plist>
        """);

    CommandLineRun.Result init = run("init", "--from", library + "", "--to", copies + "");

    assertThat(init.exitCode()).as(init.err()).isZero();
    assertThat(Files.readAllLines(file()))
        .anySatisfy(
            line -> assertThat(line).contains("# ", "dicom://VAULT@127.0.0.1:104?calling=OSIRIX"))
        .anySatisfy(line -> assertThat(line).startsWith("#").contains("ARCHIVE1@10.0.0.5:11112"))
        .anySatisfy(line -> assertThat(line).contains("cannot go to DICOM nodes yet"))
        .noneSatisfy(line -> assertThat(line).startsWith("to = [\"zip:/evil"));
    assertThat(init.out()).contains("DICOM nodes");
  }

  @Test
  void aLibraryThatOnlyThePreferencesNameIsFound() throws IOException {
    Path elsewhere = folder.resolve("elsewhere");
    copy(library, elsewhere.resolve("Horos Data"));
    delete(user.resolve("Documents"));
    Files.createDirectories(user.resolve("Library/Preferences"));
    Files.writeString(
        user.resolve("Library/Preferences/org.horosproject.horos.plist"),
        "<plist><dict><key>DATABASELOCATIONURL</key><string>"
            + elsewhere
            + "</string></dict></plist>");

    assertThat(run("init", "--search", volumes + "", "--to", copies + "", "--yes").exitCode())
        .isZero();

    assertThat(configuration().plans().getFirst().sources())
        .containsExactly(elsewhere.resolve("Horos Data") + "");
  }

  // ---- like the script

  @Test
  void likeTheScriptAllItsDefaultsAreOneSet() throws IOException {
    Path pacs = Files.createDirectories(volumes.resolve("PACS"));
    copy(library, pacs.resolve("Database/Horos Data"));
    Files.createFile(pacs.resolve(".pacs_sentinel"));

    CommandLineRun.Result init =
        run("init", "--like", "horos-script", "--volume", pacs + "", "--zone", "UTC");
    CommandLineRun.Result backup = run("backup");

    assertThat(init.exitCode()).as(init.err()).isZero();
    Configuration configuration = configuration();
    NamedPlan plan = configuration.plans().getFirst();
    assertThat(plan.every()).contains(Duration.ofMinutes(10));
    assertThat(plan.plans())
        .singleElement()
        .isEqualTo(
            BackupPlan.from(pacs + "/Database/Horos Data", ZoneId.of("UTC"))
                .name("daily")
                .destinations(List.of("zip:" + pacs + "/Backup"))
                .selection(
                    new Selection(
                        Set.of("CT", "MR"),
                        Optional.<LocalDate>empty(),
                        Optional.empty(),
                        Set.of(),
                        Optional.empty()))
                .batch(15)
                .pause(Duration.ofSeconds(1))
                .importGuardFiles(25_000)
                .order(Order.STUDY_DATE)
                .naming("horos-zip")
                .sentinels(List.of(".pacs_sentinel"))
                .workers(1)
                .plan());
    assertThat(configuration.logs()).isEqualTo(new LogSettings(100L * 1024 * 1024, 10, false, 10));
    assertThat(backup.exitCode()).as(backup.err()).isZero();
    try (Stream<Path> zips = Files.walk(pacs.resolve("Backup"))) {
      assertThat(zips.map(zip -> zip.getFileName().toString()).filter(n -> n.endsWith(".zip")))
          .isNotEmpty()
          .allSatisfy(zip -> assertThat(zip).hasSizeLessThanOrEqualTo(128));
    }
  }

  @Test
  void likeTheScriptTheUsualPlacesAreThoseOfTheScriptAndMayBeAway() {
    CommandLineRun.Result init = run("init", "--like", "horos-script");

    assertThat(init.exitCode()).as(init.err()).isZero();
    assertThat(init.err()).contains("Connect the volume before the first run.");
    NamedPlan plan = configuration().plans().getFirst();
    assertThat(plan.sources()).containsExactly("/Volumes/PACS/Database/Horos Data");
    assertThat(plan.destinations()).containsExactly("zip:/Volumes/PACS/Backup");
    assertThat(run("backup").exitCode()).isIn(1, 4);
    assertThat(run("init", "--like", "other", "--force").exitCode()).isEqualTo(2);
  }

  // ----

  private CommandLineRun.Result run(String... args) {
    return run(false, "", args);
  }

  private CommandLineRun.Result typing(String typed, String... args) {
    return run(true, typed, args);
  }

  private CommandLineRun.Result run(boolean interactive, String typed, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal =
        new Terminal(
            new PrintStream(out, true, UTF_8),
            new PrintStream(err, true, UTF_8),
            interactive,
            new BufferedReader(new StringReader(typed)));
    Map<String, String> environment =
        Map.of("SERDAB_HOME", folder.resolve("serdab").toString(), "HOME", user.toString());
    int code = Main.run(args, new Surroundings(terminal, environment, InstantSource.fixed(NOW)));
    return new CommandLineRun.Result(code, out.toString(UTF_8), err.toString(UTF_8));
  }

  private Path file() {
    return folder.resolve("serdab/serdab.toml");
  }

  private Configuration configuration() {
    return Configuration.read(file(), ZoneId.of("UTC"));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Path target = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each)) {
          Files.createDirectories(target);
        } else {
          Files.copy(each, target);
        }
      }
    }
  }

  private static void delete(Path which) throws IOException {
    List<Path> all = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(which)) {
      walk.forEach(all::add);
    }
    for (Path each : all.reversed()) {
      Files.delete(each);
    }
  }

  private static Map<String, Sha256> digests(Path where) throws IOException {
    Map<String, Sha256> digests = new TreeMap<>();
    try (Stream<Path> files = Files.walk(where)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        digests.put(where.relativize(file).toString(), Sha256.digest(Files.readAllBytes(file)));
      }
    }
    return digests;
  }
}
