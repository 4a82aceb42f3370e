package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// What people and scripts rely on: commands, exit codes, messages. Real folders, real catalogue.
class CommandLineTest {

  private static final Path EXAMPLE = SharedData.checkout().resolve("examples/Horos Data");

  @TempDir private Path folder;

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private CommandLineRun.Result backUp(String... more) {
    List<String> args =
        new java.util.ArrayList<>(
            List.of("backup", "--from", EXAMPLE.toString(), "--to", "zip:" + zips()));
    args.addAll(List.of(more));
    return serdab(args.toArray(String[]::new));
  }

  private Path zips() {
    return folder.resolve("zips");
  }

  // ---- the whole path

  @Test
  void theExampleIsBackedUpVerifiedAndRestoredBitForBit() throws IOException {
    CommandLineRun.Result backup = backUp();
    CommandLineRun.Result verify = serdab("verify", "zip:" + zips());
    CommandLineRun.Result restore =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            folder.resolve("back").toString(),
            "--all");

    assertThat(backup.exitCode()).as(backup.err()).isZero();
    assertThat(backup.out()).contains("10 studies listed", "All good.");
    assertThat(verify.exitCode()).isZero();
    assertThat(restore.exitCode()).isZero();
    Map<String, Sha256> original = digests(EXAMPLE.resolve("DATABASE.noindex"));
    Map<String, Sha256> restored = digests(folder.resolve("back"));
    assertThat(restored.values()).containsAll(original.values());
  }

  @Test
  void aSecondRunHasNothingToDo() {
    backUp();

    CommandLineRun.Result again = backUp();

    assertThat(again.exitCode()).isZero();
    assertThat(again.out()).contains(" 0 copied and proven, 12 already there");
  }

  @Test
  void aDryRunTellsTheWorkAndMakesNothing() {
    CommandLineRun.Result plan = backUp("--dry-run");

    assertThat(plan.exitCode()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("12 to work on", "Nothing was done");
    assertThat(plan.out()).contains(zips() + ": about ").contains("Told from a sample.");
    assertThat(zips()).doesNotExist();
  }

  @Test
  void theSourceIsExactlyAsItWas() throws IOException {
    Map<String, Sha256> before = digests(EXAMPLE);

    backUp();

    assertThat(digests(EXAMPLE)).isEqualTo(before);
  }

  @Test
  void aModalityTakesWholeStudies() {
    CommandLineRun.Result backup = backUp("--modality", "ct", "--json");

    assertThat(backup.exitCode()).isZero();
    assertThat(backup.out()).contains("\"selected\":1,", "\"files\":4");
  }

  @Test
  void statusBeginsWithOneSentenceAndItsExitCodeIsTheAnswer() throws IOException {
    backUp();

    CommandLineRun.Result safe = serdab("status");
    Files.delete(firstFile(zips(), "8888.zip"));
    serdab("verify", "zip:" + zips());
    CommandLineRun.Result gone = serdab("status");

    assertThat(safe.out()).startsWith("All 10 studies safe, last proven 0 minutes ago.");
    assertThat(safe.exitCode()).isZero();
    assertThat(gone.out()).startsWith("1 of 10 studies has no proven copy. Run: serdab backup.");
    assertThat(gone.exitCode()).isEqualTo(3);
  }

  @Test
  void twoCopiesOnOneDiskAreNotSafeToDelete() {
    backUp("--to", "zip:" + folder.resolve("second"));

    CommandLineRun.Result list =
        serdab("status", "--safe-to-delete", "--date", "1900-01-01..2100-01-01");

    assertThat(list.exitCode()).isZero();
    assertThat(list.out())
        .contains("0 studies from", "one and the same disk", "Nothing was deleted");
  }

  @Test
  void aFirstBackupIsSmartUntilItIsDoneUnlessAPersonSaysOtherwise() throws IOException {
    Path source = library();
    Files.write(source.resolve("other"), TinyDicom.image().study("1.2.4").sop("1.2.4.1").bytes());
    List<String> backup =
        List.of("backup", "--from", source.toString(), "--to", "zip:" + zips(), "--workers", "1");

    CommandLineRun.Result first = serdab(with(backup, "--batch", "1"));
    CommandLineRun.Result second = serdab(with(backup, "--batch", "1"));
    serdab(with(backup));
    serdab(with(backup, "--order", "date-added"));

    assertThat(first.out()).contains("First backup: 1 studies are left", "after 1 more run");
    assertThat(second.out()).doesNotContain("are left");
    assertThat(orders()).containsExactly("smart", "study-date", "date-added");
  }

  @Test
  void aFullBackupStoresNothingTwice() throws IOException {
    backUp();
    Map<String, Sha256> before = digests(zips());

    CommandLineRun.Result full = backUp("--strategy", "full");

    assertThat(full.exitCode()).as(full.out() + full.err()).isZero();
    assertThat(full.out()).contains(" 0 copied and proven, 12 already there");
    assertThat(zipsOnly(digests(zips()))).isEqualTo(zipsOnly(before));
  }

  private static String[] with(List<String> args, String... more) {
    List<String> all = new java.util.ArrayList<>(args);
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  /// The orders of the plans that were used, the first one first.
  private List<String> orders() {
    try (serdab.catalogue.Catalogue catalogue =
        serdab.catalogue.Catalogue.inFile(
            folder.resolve("home/catalogue.db"),
            java.time.InstantSource.system(),
            new java.util.SplittableRandom(1))) {
      return catalogue.runs(100).reversed().stream()
          .flatMap(run -> catalogue.plans().plan(run.planHash()).stream())
          .map(plan -> plan.setting("order"))
          .distinct()
          .toList();
    }
  }

  @Test
  void aStudyAskedForByNameThatIsNotListedIsNotAllGood() {
    CommandLineRun.Result backup = backUp("--study", "1.2.3.4.5.6.7");

    assertThat(backup.exitCode()).isEqualTo(3);
    assertThat(backup.err()).contains("does not list 1 of the 1 studies");
  }

  // ---- losing the catalogue

  @Test
  void aDeletedCatalogueIsRebuiltWithoutCopyingAgain() throws IOException {
    backUp();
    Map<String, Sha256> before = digests(zips());
    deleteHome();

    CommandLineRun.Result rebuild = serdab("catalogue", "rebuild", "zip:" + zips());
    CommandLineRun.Result status = serdab("status");
    CommandLineRun.Result backup = backUp("--json");

    assertThat(rebuild.exitCode()).as(rebuild.err()).isZero();
    assertThat(rebuild.out()).contains("12 copies are in the catalogue again");
    assertThat(status.exitCode()).isEqualTo(3);
    assertThat(status.out()).startsWith("Copies are known, and no source was compared with them");
    assertThat(backup.out()).contains("\"copied\":0", "\"adopted\":12");
    assertThat(zipsOnly(digests(zips()))).isEqualTo(zipsOnly(before));
  }

  // ---- restoring

  @Test
  void aRestoreNeverOverwritesADifferentFileAndGoesOn() throws IOException {
    backUp();
    Path back = folder.resolve("back");
    serdab("restore", "--from", "zip:" + zips(), "--to", back.toString(), "--all");
    Path one = firstFile(back, "4.dcm");
    Files.write(one, new byte[] {1, 2, 3});
    Files.delete(firstFile(back, "5.dcm"));

    CommandLineRun.Result again =
        serdab("restore", "--from", "zip:" + zips(), "--to", back.toString(), "--all");

    assertThat(again.exitCode()).isEqualTo(3);
    assertThat(again.out()).contains("another file under this name", "1 files written");
    assertThat(Files.readAllBytes(one)).containsExactly(1, 2, 3);
  }

  @Test
  void aPatientADateRangeAndAStudyCanBeRestoredAlone() throws IOException {
    backUp();

    CommandLineRun.Result patient =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            folder.resolve("p").toString(),
            "--patient-id",
            "id11111");
    CommandLineRun.Result dates =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            folder.resolve("d").toString(),
            "--date",
            "2018-01-01..2018-12-31");
    CommandLineRun.Result study =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            folder.resolve("s").toString(),
            "--study",
            "1.2.999.999.99.9.9999.8888");

    assertThat(patient.out()).contains("1 studies: 1 files written");
    assertThat(dates.out()).contains("2 studies: 14 files written");
    assertThat(study.out()).contains("1 studies: 1 files written");
  }

  @Test
  void aStudyThatIsNotThereIsAGap() {
    backUp();

    CommandLineRun.Result restore =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            folder.resolve("s").toString(),
            "--study",
            "1.2.3.4.5");

    assertThat(restore.exitCode()).isEqualTo(3);
    assertThat(restore.out()).contains("holds no copy of this study");
  }

  @Test
  void copiesCanBeRestoredAsZipsElsewhere() {
    backUp();

    CommandLineRun.Result restore =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            "zip:" + folder.resolve("zips2"),
            "--all");
    CommandLineRun.Result verify = serdab("verify", "zip:" + folder.resolve("zips2"));

    assertThat(restore.exitCode()).as(restore.out() + restore.err()).isZero();
    assertThat(verify.exitCode()).as(verify.out()).isZero();
    assertThat(verify.out()).contains("12 good");
  }

  @Test
  void aDamagedZipInTheTargetIsNoRestoredCopy() throws IOException {
    backUp();
    String target = "zip:" + folder.resolve("zips2");
    serdab("restore", "--from", "zip:" + zips(), "--to", target, "--all");
    flipAByte(firstFile(folder.resolve("zips2"), "8888.zip"));

    CommandLineRun.Result again =
        serdab("restore", "--from", "zip:" + zips(), "--to", target, "--all");

    assertThat(again.exitCode()).as(again.out() + again.err()).isZero();
    assertThat(firstFile(folder.resolve("zips2"), "8888_2.zip")).exists();
  }

  @Test
  void aStudyWhoseNewestZipIsUnreadableIsNotQuietlyRestoredFromAnOlderOne() throws IOException {
    Path source = library();
    serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
    Files.write(source.resolve("second"), TinyDicom.image().sop("1.2.3.1.2").bytes());
    serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
    Path newest = firstFile(zips(), "_2.zip");
    Files.setPosixFilePermissions(newest, PosixFilePermissions.fromString("rw-------"));
    Files.write(newest, new byte[100]);
    String back = folder.resolve("back").toString();

    CommandLineRun.Result restore =
        serdab("restore", "--from", "zip:" + zips(), "--to", back, "--study", "1.2.3");
    CommandLineRun.Result early =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            back,
            "--study",
            "1.2.3",
            "--as-of",
            "2001-01-01");

    assertThat(restore.exitCode()).isEqualTo(3);
    assertThat(restore.out()).contains("1 studies: 1 files written");
    assertThat(early.exitCode()).isEqualTo(3);
    assertThat(early.out()).contains("of that time or before");
  }

  // ---- damage

  @Test
  void aLookAtWhatIsThereTakesNoProofAway() {
    backUp();

    CommandLineRun.Result verify = serdab("verify", "zip:" + zips(), "--depth", "present");
    CommandLineRun.Result status = serdab("status", "--json");
    CommandLineRun.Result backup = backUp("--json");

    assertThat(verify.exitCode()).isZero();
    assertThat(status.out()).contains("\"proven\":12,\"not_copied\":0");
    assertThat(backup.out()).contains("\"already_there\":12", "\"adopted\":0");
  }

  @Test
  void whereNothingIsNothingIsProven() throws IOException {
    backUp();
    Path empty = Files.createDirectories(folder.resolve("empty"));

    CommandLineRun.Result study = serdab("verify", "zip:" + zips(), "--study", "1.2.3.4.5");
    CommandLineRun.Result place = serdab("verify", "zip:" + empty);

    assertThat(study.exitCode()).isEqualTo(3);
    assertThat(study.out()).contains("no copy of this study");
    assertThat(place.exitCode()).isEqualTo(3);
    assertThat(place.out()).contains("no copies at all");
  }

  @Test
  void aDamagedCopyIsFoundAndMadeAgain() throws IOException {
    backUp();
    Path zip = firstFile(zips(), "8888.zip");
    byte[] bytes = Files.readAllBytes(zip);
    bytes[bytes.length / 3] ^= 1;
    Files.setPosixFilePermissions(zip, PosixFilePermissions.fromString("rw-------"));
    Files.write(zip, bytes);

    CommandLineRun.Result verify = serdab("verify", "zip:" + zips());
    CommandLineRun.Result backup = backUp();
    CommandLineRun.Result after =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            folder.resolve("s").toString(),
            "--study",
            "1.2.999.999.99.9.9999.8888");

    assertThat(verify.exitCode()).isEqualTo(3);
    assertThat(verify.out()).contains("11 good, 1 NOT good");
    assertThat(backup.exitCode()).as(backup.out()).isZero();
    assertThat(backup.out()).contains("1 copied and proven");
    assertThat(after.exitCode()).as(after.out()).isZero();
  }

  @Test
  void aCopyThatVanishedIsNoticedAndMadeAgain() throws IOException {
    backUp();
    Files.delete(firstFile(zips(), "8888.zip"));

    CommandLineRun.Result verify = serdab("verify", "zip:" + zips());
    CommandLineRun.Result backup = backUp();

    assertThat(verify.exitCode()).isEqualTo(3);
    assertThat(verify.out()).contains("does not hold any more");
    assertThat(backup.out()).contains("1 copied and proven");
  }

  @Test
  void aShareProvesTheCopiesProvenLongestAgoFirst() {
    backUp();

    CommandLineRun.Result first = serdab("verify", "zip:" + zips(), "--share", "1/3");
    CommandLineRun.Result second = serdab("verify", "zip:" + zips(), "--share", "1/3");
    CommandLineRun.Result third = serdab("verify", "zip:" + zips(), "--share", "1/3");
    CommandLineRun.Result studies = serdab("studies", "--json");

    assertThat(first.out()).contains("4 checked");
    assertThat(second.out()).contains("4 checked");
    assertThat(third.out()).contains("4 checked");
    assertThat(studies.out()).doesNotContain("\"depth\":\"INTACT\"");
  }

  @Test
  void aDrillRestoresAndComparesAndLeavesNothing() throws IOException {
    backUp();

    CommandLineRun.Result drill =
        serdab(
            "verify",
            "zip:" + zips(),
            "--depth",
            "restored",
            "--study",
            "1.2.999.999.99.9.9999.8888");

    assertThat(drill.exitCode()).as(drill.out()).isZero();
    assertThat(serdab("studies", "--json").out()).contains("\"depth\":\"RESTORED\"");
    assertThat(digests(folder.resolve("home/cache/drill")).keySet())
        .allMatch(name -> name.startsWith(".place"));
  }

  // ---- safeguards

  @Test
  void aDestinationInsideTheSourceIsRefused() throws IOException {
    Path source = library();

    CommandLineRun.Result result =
        serdab("backup", "--from", source.toString(), "--to", "zip:" + source.resolve("backup"));

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("inside the source");
    assertThat(source.resolve("backup")).doesNotExist();
  }

  @Test
  void withoutItsSentinelNothingIsMade() throws IOException {
    Path source = library();

    CommandLineRun.Result result =
        serdab(
            "backup",
            "--from",
            source.toString(),
            "--to",
            "zip:" + zips(),
            "--sentinel",
            ".this-is-the-disk");

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err()).contains(".this-is-the-disk");
    assertThat(zips()).doesNotExist();
  }

  /// Defect A14 of the script before us: with the volume unmounted it wrote to the internal disk.
  @Test
  void aSentinelSeenOnceIsAskedForAlways() throws IOException {
    Path source = library();
    Path volume = Files.createDirectories(folder.resolve("volume"));
    Files.createFile(volume.resolve(".pacs_sentinel"));
    Path destination = volume.resolve("backup");
    serdab("backup", "--from", source.toString(), "--to", "zip:" + destination);

    Files.move(volume, folder.resolve("unmounted"));
    Files.createDirectories(volume);
    CommandLineRun.Result result =
        serdab("backup", "--from", source.toString(), "--to", "zip:" + destination);

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err()).contains(".pacs_sentinel");
    assertThat(destination).doesNotExist();
  }

  @Test
  void anotherDiskUnderTheSameNameIsNotTheDestination() throws IOException {
    Path source = library();
    Path other = folder.resolve("other");
    serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
    serdab("backup", "--from", source.toString(), "--to", "zip:" + other);
    Files.move(zips(), folder.resolve("disk1"));
    Files.move(other, zips());

    CommandLineRun.Result result =
        serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
    CommandLineRun.Result adopted =
        serdab("backup", "--from", source.toString(), "--to", "zip:" + zips(), "--adopt");

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(result.err()).contains("--adopt");
    assertThat(adopted.exitCode()).as(adopted.err()).isZero();
  }

  @Test
  void aDestinationThatWasThereAndIsNotIsNeverMadeAnew() throws IOException {
    Path source = library();
    serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
    Files.move(zips(), folder.resolve("unmounted"));

    CommandLineRun.Result result =
        serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(zips()).doesNotExist();
  }

  @Test
  void aRebuiltCatalogueKnowsTheDestinationHoweverItsPathWasWritten() throws IOException {
    Path source = library();
    serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
    deleteHome();
    serdab("catalogue", "rebuild", "zip:" + zips() + "/./");
    Files.move(zips(), folder.resolve("unmounted"));

    CommandLineRun.Result result =
        serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());

    assertThat(result.exitCode()).isEqualTo(4);
    assertThat(zips()).doesNotExist();
  }

  @Test
  void aDestinationCopiedByHandIsNotASecondOne() throws IOException {
    Path source = library();
    serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
    Path clone = Files.createDirectories(folder.resolve("clone"));
    Files.copy(zips().resolve("destination.json"), clone.resolve("destination.json"));

    CommandLineRun.Result result =
        serdab(
            "backup", "--from", source.toString(), "--to", "zip:" + zips(), "--to", "zip:" + clone);

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("one and the same");
  }

  @Test
  void aBatchThatLeavesStudiesIsNotAllGood() throws IOException {
    Path source = library();
    Files.write(source.resolve("other"), TinyDicom.image().study("1.2.4").sop("1.2.4.1").bytes());

    CommandLineRun.Result result =
        serdab(
            "backup",
            "--from",
            source.toString(),
            "--to",
            "zip:" + zips(),
            "--batch",
            "1",
            "--workers",
            "1");

    assertThat(result.exitCode()).isZero();
    assertThat(result.out()).contains("1 waiting").doesNotContain("All good");
  }

  @Test
  void oneDiskForBothIsWarnedAboutEveryTime() throws IOException {
    Path source = library();

    for (int run = 0; run < 2; run++) {
      CommandLineRun.Result result =
          serdab("backup", "--from", source.toString(), "--to", "zip:" + zips());
      assertThat(result.err()).contains("on the same disk");
    }
  }

  // ---- messages

  @Test
  void wrongUsageExitsWith2AndSaysWhatIsRight() {
    for (List<String> wrong :
        List.of(
            List.of("backup"),
            List.of("backup", "--from", "/x", "--to", "elsewhere:/y"),
            List.of("backup", "--from", "/x", "--to", "zip:/y", "--order", "sideways"),
            List.of("backup", "--from", "/x", "--to", "zip:/y", "--since", "yesterday"),
            List.of("backup", "--from", "/x", "--to", "zip:/y", "--workers", "99"),
            List.of("verify", "zip:/y", "--share", "31/30"),
            List.of("restore", "--from", "zip:/y", "--to", "/z"),
            List.of("restore", "--from", "zip:/y", "--to", "/z", "--all", "--study", "1"),
            List.of("studies", "--date", "2024"),
            List.of("nonsense"))) {
      CommandLineRun.Result result = serdab(wrong.toArray(String[]::new));

      assertThat(result.exitCode()).as(wrong + result.err()).isEqualTo(2);
      assertThat(result.err()).doesNotContain("Exception", "\tat ").isNotBlank();
    }
  }

  @Test
  void aSourceThatIsNotThereIsToldApartFromAnEmptyOne() {
    CommandLineRun.Result result =
        serdab("backup", "--from", folder.resolve("nowhere").toString(), "--to", "zip:" + zips());

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err()).contains("nowhere");
    assertThat(zips()).doesNotExist();
  }

  @Test
  void anEmptySourceFailsTheRun() throws IOException {
    Path empty = Files.createDirectories(folder.resolve("empty"));

    CommandLineRun.Result result =
        serdab("backup", "--from", empty.toString(), "--to", "zip:" + zips());

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.out()).contains("no studies at all", "--accept-fewer");
  }

  @Test
  void everyCommandHasHelpWithAnExample() {
    for (String command :
        List.of("backup", "status", "studies", "verify", "restore", "catalogue")) {
      CommandLineRun.Result result = serdab(command, "--help");

      assertThat(result.exitCode()).isZero();
      assertThat(result.out()).contains("Example", "serdab " + command);
    }
  }

  @Test
  void nothingPrintedAboutTheWorkNamesAPatient() {
    CommandLineRun.Result backup = backUp();
    CommandLineRun.Result again = backUp("--dry-run");

    assertThat(backup.err() + again.out() + again.err())
        .doesNotContain("Firstname", "id11111", "HEADNECK", "Dog");
  }

  @Test
  void beforeTheFirstBackupStatusAndStudiesSaySo() {
    assertThat(serdab("status").out()).contains("Nothing was backed up yet");
    assertThat(serdab("studies").out()).contains("No study is known yet");
    assertThat(serdab("studies", "--json").out()).contains("\"studies\":[]");
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void theCatalogueIsReadableByItsOwnerOnly() throws IOException {
    backUp();

    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("home/catalogue.db"))))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("home"))))
        .isEqualTo("rwx------");
  }

  @Test
  void aStudyIsFoundByItsLabel() {
    backUp();
    String all = serdab("studies").out();
    String line = all.lines().filter(each -> each.contains("RTDOSE")).findFirst().orElseThrow();
    String label = line.substring(0, line.indexOf(' '));

    CommandLineRun.Result one = serdab("studies", "--label", label, "--findings");

    assertThat(one.out().lines().filter(each -> each.startsWith("S-"))).hasSize(1);
    assertThat(one.out()).contains("uid-mismatch");
  }

  // ---- real data

  @Test
  @Needs(Peer.SHARED_DATA)
  void everyRealFileComesBackBitForBitThroughTheWholePath() throws IOException {
    Path real = SharedData.dicom();

    CommandLineRun.Result backup =
        serdab("backup", "--from", "folder:" + real, "--to", "zip:" + zips());
    CommandLineRun.Result restore =
        serdab(
            "restore",
            "--from",
            "zip:" + zips(),
            "--to",
            folder.resolve("back").toString(),
            "--all");

    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(restore.exitCode()).as(restore.out() + restore.err()).isZero();
    List<Sha256> original = digests(real).values().stream().sorted().toList();
    List<Sha256> restored =
        digests(folder.resolve("back")).entrySet().stream()
            .filter(file -> !file.getKey().startsWith(".place"))
            .map(Map.Entry::getValue)
            .sorted()
            .toList();
    assertThat(restored).isEqualTo(original);
  }

  // ----

  private Path library() throws IOException {
    Path source = Files.createDirectories(folder.resolve("source"));
    Files.write(source.resolve("image"), TinyDicom.image().bytes());
    return source;
  }

  private void deleteHome() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("home"))) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static void flipAByte(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 3] ^= 1;
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    Files.write(file, bytes);
  }

  private static Path firstFile(Path folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(suffix)).findFirst().orElseThrow();
    }
  }

  private static Map<String, Sha256> zipsOnly(Map<String, Sha256> files) {
    Map<String, Sha256> zips = new TreeMap<>(files);
    zips.keySet().removeIf(name -> !name.endsWith(".zip") || name.startsWith("_recovery/"));
    return zips;
  }

  private static Map<String, Sha256> digests(Path folder) throws IOException {
    Map<String, Sha256> digests = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      files
          .filter(Files::isRegularFile)
          .forEach(file -> {
            try {
              digests.put(
                  folder.relativize(file).toString(), Sha256.digest(Files.readAllBytes(file)));
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
    return digests;
  }
}
