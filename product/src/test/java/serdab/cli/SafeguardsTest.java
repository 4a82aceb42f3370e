package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import serdab.backup.Medium;
import serdab.backup.Reach;
import serdab.catalogue.Catalogue;
import serdab.store.VolumeSentinel;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.world.TinyDicom;

/// What holds a run back, stops it in good order or warns, through the whole command line: exit
/// code, message, and that nothing was made anywhere.
class SafeguardsTest {

  private static final Instant MONDAY_NOON = Instant.parse("2026-03-02T12:00:00Z");

  @TempDir private Path folder;
  private Instant now = MONDAY_NOON;
  private Reach reach = new Reach();

  private CommandLineRun.Result backUp(String... more) {
    return run(with(List.of("backup", "--from", source().toString(), "--zone", "UTC"), more));
  }

  private CommandLineRun.Result run(List<String> args) {
    return new CommandLineRun(folder.resolve("home"))
        .runAt(InstantSource.fixed(now), reach, args.toArray(String[]::new));
  }

  private static List<String> with(List<String> args, String... more) {
    List<String> all = new ArrayList<>(args);
    all.addAll(List.of(more));
    return all;
  }

  private Path source() {
    return folder.resolve("source");
  }

  private Path zips() {
    return folder.resolve("volumes/Backup");
  }

  private String to() {
    return "zip:" + zips();
  }

  private void study(int number) throws IOException {
    Files.createDirectories(source());
    Files.write(
        source().resolve("image" + number),
        TinyDicom.image().study("1.2." + number).sop("1.2." + number + ".1").bytes());
  }

  /// The copies of studies in a tree; what a run leaves beside them does not count.
  private static long zipsIn(Path place) throws IOException {
    try (Stream<Path> files = Files.walk(place)) {
      return files
          .map(file -> place.relativize(file).toString())
          .filter(file -> file.endsWith(".zip") && !file.startsWith("_"))
          .count();
    }
  }

  private static VolumeSentinel sentinel(Path volume, int seed) throws IOException {
    Files.createDirectories(volume);
    return VolumeSentinel.make(
        volume, InstantSource.fixed(MONDAY_NOON), new SplittableRandom(seed), "Test");
  }

  // ---- run windows

  @Test
  void outsideItsHoursAPlanIsHeldBackAndSaysWhenItMayRun() throws IOException {
    study(1);

    CommandLineRun.Result result = backUp("--to", to(), "--not-during", "Mon-Fri 07:30-19:00");

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err()).contains("19:00 today", "--ignore-window", "2026-03-02T19:00:00Z");
    assertThat(zips()).doesNotExist();
  }

  @Test
  void inItsHoursItRunsAndAPersonCanRunItAnyTime() throws IOException {
    study(1);

    CommandLineRun.Result insisted =
        backUp("--to", to(), "--not-during", "Mon-Fri 07:30-19:00", "--ignore-window");
    now = MONDAY_NOON.plus(Duration.ofHours(7));
    CommandLineRun.Result evening = backUp("--to", to(), "--not-during", "Mon-Fri 07:30-19:00");

    assertThat(insisted.exitCode()).as(insisted.err()).isZero();
    assertThat(insisted.out()).contains("All good.");
    assertThat(evening.exitCode()).as(evening.err()).isZero();
  }

  @Test
  void whenItsHoursEndItStopsAfterTheStudyAtHandAndSaysHowManyWait() throws IOException {
    for (int i = 1; i <= 5; i++) {
      study(i);
    }
    Instant evening = Instant.parse("2026-03-02T07:29:00Z");
    // Time passes while it works: the window closes when the first copy is on its disk.
    InstantSource clock =
        () -> {
          try {
            return Files.exists(zips()) && zipsIn(zips()) > 0
                ? Instant.parse("2026-03-02T07:30:00Z")
                : evening;
          } catch (IOException e) {
            return evening;
          }
        };
    List<String> args =
        List.of(
            "backup",
            "--from",
            source().toString(),
            "--to",
            to(),
            "--zone",
            "UTC",
            "--workers",
            "1",
            "--not-during",
            "Mon-Fri 07:30-19:00");

    CommandLineRun.Result first =
        new CommandLineRun(folder.resolve("home")).runAt(clock, reach, args.toArray(String[]::new));
    long copied = zipsIn(zips());
    now = MONDAY_NOON.plus(Duration.ofHours(8));
    CommandLineRun.Result next = run(args);

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(copied).isEqualTo(1);
    assertThat(first.err()).contains("hours ended: 4 studies wait");
    assertThat(first.out()).contains("4 waiting").doesNotContain("All good");
    assertThat(next.out()).contains("4 copied and proven", "All good.");
  }

  @Test
  void hoursThatAreNoneAreWrongUsage() {
    CommandLineRun.Result wrong = backUp("--to", to(), "--not-during", "at night");
    CommandLineRun.Result never = backUp("--to", to(), "--not-during", "daily 00:00-24:00");

    assertThat(wrong.exitCode()).isEqualTo(2);
    assertThat(wrong.err()).contains("at night", "Mon-Fri 07:30-19:00");
    assertThat(never.exitCode()).isEqualTo(2);
    assertThat(never.err()).contains("whole week");
  }

  // ---- offline, closed, hanging, empty

  @Test
  void aSourceThatWasFilledAndIsEmptyNowIsOfflineAndNotEmpty() throws IOException {
    study(1);
    backUp("--to", to());
    Files.move(source(), folder.resolve("unmounted"));
    Files.createDirectories(source());

    CommandLineRun.Result result = backUp("--to", to());
    CommandLineRun.Result accepted = backUp("--to", to(), "--accept-fewer");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("empty folder now", "not taken for empty", "Connect");
    assertThat(accepted.err()).doesNotContain("not taken for empty");
  }

  @Test
  void aSourceThatIsGoneIsOffline() throws IOException {
    study(1);
    backUp("--to", to());
    Files.move(source(), folder.resolve("unmounted"));

    CommandLineRun.Result result = backUp("--to", to());

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("is not there now", "not taken for empty");
  }

  @Test
  void aVolumeThatHangsIsToldInTime() throws IOException {
    study(1);
    CountDownLatch never = new CountDownLatch(1);
    try {
      reach = hanging(never, source());
      CommandLineRun.Result source = backUp("--to", to());
      reach = hanging(never, zips());
      CommandLineRun.Result destination = backUp("--to", to());

      assertThat(source.exitCode()).isEqualTo(1);
      assertThat(source.err()).contains("The source", "does not answer", "eject");
      assertThat(destination.exitCode()).isEqualTo(1);
      assertThat(destination.err()).contains("The destination", "does not answer");
      assertThat(zips()).doesNotExist();
    } finally {
      never.countDown();
    }
  }

  private static Reach hanging(CountDownLatch never, Path volume) {
    return new Reach(
        place -> {
          try {
            if (place.equals(volume)) {
              never.await();
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return Reach.lookAt(place);
        },
        Duration.ofMillis(200));
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no such permissions")
  void aClosedSourceIsNotPermittedAndSaysHowToPermitIt() throws Exception {
    study(1);
    CommandLineRun line = new CommandLineRun(folder.resolve("home"));
    Files.setPosixFilePermissions(source(), PosixFilePermissions.fromString("---------"));
    try {
      CommandLineRun.Result result =
          line.runWithoutPassingClosedFolders(
              "backup", "--from", "folder:" + source(), "--to", to());

      assertThat(result.exitCode()).as(result.out()).isEqualTo(1);
      assertThat(result.out()).contains("is there, and this program is not permitted to read it");
      assertThat(zips()).doesNotExist();
    } finally {
      Files.setPosixFilePermissions(source(), PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no such permissions")
  void oneClosedFolderOfALibraryIsAGapAndTheRestIsCopied() throws Exception {
    Path closed = folder.resolve("lib/Horos Data/DATABASE.noindex/20000");
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(folder.resolve("lib")).create()) {
      library.importFile(serdab.testing.horos.TinyDicom.of(1, 1, 1));
      library.importFile(serdab.testing.horos.TinyDicom.of(2, 1, 1));
      Files.createDirectories(closed);
      Files.move(library.fileNumbered(3), closed.resolve("10003.dcm"));
      library.sql("UPDATE ZIMAGE SET ZPATHNUMBER = 10003 WHERE ZPATHNUMBER = 3");
      // A row whose file is nowhere makes the program look into every folder.
      library.importFile(serdab.testing.horos.TinyDicom.of(3, 1, 1));
      Files.delete(library.fileNumbered(4));
    }
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
    CommandLineRun line = new CommandLineRun(folder.resolve("home"));
    try {
      CommandLineRun.Result result =
          line.runWithoutPassingClosedFolders(
              "backup", "--from", folder.resolve("lib/Horos Data").toString(), "--to", to());

      assertThat(result.exitCode()).as(result.out()).isEqualTo(3);
      assertThat(zipsIn(zips())).isPositive();
      assertThat(result.out())
          .contains("1 folder or file of the source could not be looked into")
          .contains("DATABASE.noindex/20000.");
    } finally {
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "it has no such permissions")
  void filesThatCanBeListedAndNotLookedAtAreAGapToo() throws Exception {
    Path reports = folder.resolve("lib/Horos Data/REPORTS");
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(folder.resolve("lib")).create()) {
      library.importFile(serdab.testing.horos.TinyDicom.of(1, 1, 1));
    }
    Files.createDirectories(reports);
    Files.writeString(reports.resolve("report.odt"), "what nobody may lose");
    Files.setPosixFilePermissions(reports, PosixFilePermissions.fromString("r--------"));
    CommandLineRun line = new CommandLineRun(folder.resolve("home"));
    try {
      CommandLineRun.Result result =
          line.runWithoutPassingClosedFolders(
              "backup", "--from", folder.resolve("lib/Horos Data").toString(), "--to", to());

      assertThat(result.exitCode()).as(result.out()).isEqualTo(3);
      assertThat(result.out()).contains("1 folder or file of the source could not be looked into");
    } finally {
      Files.setPosixFilePermissions(reports, PosixFilePermissions.fromString("rwx------"));
    }
  }

  @Test
  void aLibraryThatIsBeingUpgradedHoldsTheRunBack() throws IOException {
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(folder.resolve("lib")).create()) {
      library.importFile(serdab.testing.horos.TinyDicom.of(1, 1, 1));
    }
    Files.createFile(folder.resolve("lib/Horos Data/Database3.sql"));

    CommandLineRun.Result result =
        run(List.of("backup", "--from", folder.resolve("lib/Horos Data").toString(), "--to", to()));

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err()).contains("upgrading its library", "Run again later");
  }

  // ---- volumes by id

  @Test
  void aDiskThatIsMountedUnderAnotherNameIsFoundAndNamed() throws IOException {
    study(1);
    Path volume = folder.resolve("volumes/PACS");
    sentinel(volume, 1);
    String there = "zip:" + volume.resolve("copies");
    backUp("--to", there);
    Files.move(volume, folder.resolve("volumes/PACS 1"));
    Files.createDirectories(volume);

    CommandLineRun.Result result = backUp("--to", there);

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err())
        .contains("mounted at " + folder.resolve("volumes/PACS 1") + " now")
        .contains(folder.resolve("volumes/PACS 1/copies").toString());
    assertThat(volume).isEmptyDirectory();
  }

  @Test
  void anotherDiskUnderTheNameOfTheSourceIsNoticed() throws IOException {
    study(1);
    sentinel(source(), 1);
    backUp("--to", to());
    Files.delete(source().resolve(VolumeSentinel.NAME));

    CommandLineRun.Result without = backUp("--to", to());
    sentinel(source(), 2);
    CommandLineRun.Result other = backUp("--to", to());
    CommandLineRun.Result adopted = backUp("--to", to(), "--adopt");
    CommandLineRun.Result after = backUp("--to", to());

    assertThat(without.exitCode()).isEqualTo(4);
    assertThat(without.err()).contains(VolumeSentinel.NAME, "not there now", "--adopt");
    assertThat(other.exitCode()).isEqualTo(4);
    assertThat(other.err()).contains("another disk");
    assertThat(adopted.exitCode()).as(adopted.err()).isZero();
    assertThat(after.exitCode()).isZero();
  }

  @Test
  void aDamagedSentinelIsNeverGuessedAt() throws IOException {
    study(1);
    Files.writeString(source().resolve(VolumeSentinel.NAME), "{\"format\":\"volume-sent");

    CommandLineRun.Result result = backUp("--to", to());

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err()).contains("cannot be read or understood");
    assertThat(zips()).doesNotExist();
  }

  // ---- synced folders

  @Test
  void foldersThatACloudServiceKeepsInStepAreWarnedAbout() throws IOException {
    study(1);
    Path cloud = folder.resolve("user/Library/CloudStorage/OneDrive-Clinic/backup");
    Files.createFile(source().resolve(".dropbox"));

    CommandLineRun.Result result = backUp("--to", "zip:" + cloud);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err())
        .contains("The source " + source() + " lies in", "which Dropbox keeps in step")
        .contains("The destination " + cloud + " lies in", "which OneDrive keeps in step");
  }

  @Test
  void aFileThatICloudHasMovedOutIsOfflineAndNotMissing() throws IOException {
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(folder.resolve("lib")).create()) {
      library.importAll(serdab.testing.horos.TinyDicom.series(1, 1, 3));
      Path file = library.fileNumbered(3);
      Files.delete(file);
      Files.writeString(file.resolveSibling(".3.dcm.icloud"), "bplist00");
    }

    CommandLineRun.Result result =
        run(List.of("backup", "--from", folder.resolve("lib/Horos Data").toString(), "--to", to()));
    CommandLineRun.Result findings = run(List.of("studies", "--findings", "--json"));

    assertThat(result.exitCode()).as(result.out()).isEqualTo(3);
    assertThat(findings.out()).contains("file-offline").doesNotContain("file-missing");
  }

  @Test
  void aFolderWithFilesMovedOutByICloudIsNotAllGood() throws IOException {
    study(1);
    Files.writeString(source().resolve(".IM0007.icloud"), "bplist00");

    CommandLineRun.Result result = backUp("--to", to());

    assertThat(result.exitCode()).as(result.out()).isEqualTo(3);
    assertThat(result.err()).contains("iCloud Drive", "moved out");
  }

  // ---- disks that take turns

  private CommandLineRun.Result backUpToSet(String... more) {
    return backUp(with(List.of("--to", to(), "--disk-set", "safe"), more).toArray(String[]::new));
  }

  private void swap(String out, String in) throws IOException {
    Files.move(zips(), folder.resolve(out));
    if (Files.exists(folder.resolve(in))) {
      Files.move(folder.resolve(in), zips());
    } else {
      Files.createDirectories(zips());
    }
  }

  @Test
  void disksTakeTurnsAndEachGetsWhatItLacks() throws IOException {
    study(1);
    CommandLineRun.Result first = backUpToSet();
    swap("diskA", "diskB");
    study(2);
    CommandLineRun.Result second = backUpToSet();
    swap("diskB", "diskA");
    study(3);
    CommandLineRun.Result third = backUpToSet();
    long onA = zipsIn(zips());
    swap("diskA", "diskB");
    CommandLineRun.Result fourth = backUpToSet();

    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(second.exitCode()).as(second.err()).isZero();
    assertThat(second.out()).contains("2 copied and proven");
    assertThat(third.exitCode()).as(third.err()).isZero();
    assertThat(third.out()).contains("2 copied and proven");
    assertThat(onA).isEqualTo(3);
    assertThat(fourth.out()).contains("1 copied and proven", "All good.");
    assertThat(zipsIn(zips())).isEqualTo(3);
  }

  @Test
  void withoutTheSetTheOtherDiskIsRefusedAsBefore() throws IOException {
    study(1);
    backUp("--to", to());
    swap("diskA", "diskB");

    CommandLineRun.Result result = backUp("--to", to());

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(zips()).isEmptyDirectory();
  }

  @Test
  void noDiskOfTheSetHoldsTheRunBackUnlessAnotherDestinationIsThere() throws IOException {
    study(1);
    backUpToSet();
    Files.move(zips(), folder.resolve("diskA"));

    CommandLineRun.Result away = backUpToSet();

    assertThat(away.exitCode()).isEqualTo(4);
    assertThat(away.err()).contains("No disk of the set safe is connected");
    assertThat(zips()).doesNotExist();
  }

  @Test
  void whatADestinationLiesOnIsNotMixedUpWithThatOfADiskThatIsAway() throws IOException {
    study(1);
    Path second = folder.resolve("second");
    String[] both = {"--to", to(), "--to", "zip:" + second, "--disk-set", "safe"};
    backUp(both);
    Files.move(zips(), folder.resolve("diskA"));

    backUp(both);

    try (Catalogue catalogue =
        Catalogue.inFile(
            new Home(folder.resolve("home")).catalogue(),
            InstantSource.system(),
            new SplittableRandom(1))) {
      String id =
          catalogue.destinations().stream()
              .filter(place -> place.spec().endsWith("second"))
              .map(Catalogue.UsedPlace::id)
              .findFirst()
              .orElseThrow();
      assertThat(catalogue.fact(Medium.factName(id))).contains(Medium.of(second).text());
    }
  }

  @Test
  void ofSeveralAddressesThoseThatAreThereAreUsed() throws IOException {
    study(1);
    String[] both = {"--to", to(), "--to", "zip:" + folder.resolve("second"), "--disk-set", "safe"};
    backUp(both);
    Files.move(zips(), folder.resolve("diskA"));
    study(2);

    CommandLineRun.Result one = backUp(both);

    assertThat(one.exitCode()).as(one.err()).isZero();
    assertThat(one.out()).contains("1 copied and proven", "All good.");
    assertThat(zipsIn(folder.resolve("second"))).isEqualTo(2);
    assertThat(zips()).doesNotExist();
  }

  @Test
  void aStrangersDiskDoesNotJoinTheSetByItself() throws IOException {
    study(1);
    backUpToSet();
    swap("diskA", "diskB");
    backUp("--to", "zip:" + folder.resolve("strangers"));
    Files.delete(zips());
    Files.move(folder.resolve("strangers"), zips());

    CommandLineRun.Result refused = backUpToSet();
    CommandLineRun.Result adopted = backUpToSet("--adopt");
    CommandLineRun.Result after = backUpToSet();

    assertThat(refused.exitCode()).isEqualTo(4);
    assertThat(refused.err()).contains("not the one that was there");
    assertThat(adopted.exitCode()).as(adopted.err()).isZero();
    assertThat(after.exitCode()).as(after.err()).isZero();
  }

  @Test
  void aDiskThatWasAwayTooLongIsRemindedOf() throws IOException {
    study(1);
    backUpToSet();
    swap("diskA", "diskB");
    backUpToSet();
    now = now.plus(Duration.ofDays(29));
    CommandLineRun.Result early = backUpToSet();
    now = now.plus(Duration.ofDays(1));

    CommandLineRun.Result late = backUpToSet();

    assertThat(early.err()).doesNotContain("was not connected");
    assertThat(late.exitCode()).isZero();
    assertThat(late.err()).contains("of the set safe was not connected for 30 days");
  }
}
