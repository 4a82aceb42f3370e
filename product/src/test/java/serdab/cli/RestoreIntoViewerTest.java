package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.restore.ViewerReport;
import serdab.restore.ViewerRestore;
import serdab.source.horos.Sleeper;
import serdab.source.horos.ViewerLibrary;
import serdab.store.RealDisk;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;
import serdab.testing.world.WorldClock;

/// Studies that come back into a library that is in use, with a viewer that takes them in, or not.
class RestoreIntoViewerTest {

  private final WorldClock clock = new WorldClock(Instant.parse("2026-03-01T12:00:00Z"));

  @TempDir private Path folder;

  @Test
  void studiesAreDroppedWholeAndTheIndexIsNotTouched() throws IOException {
    backUpThreeStudies();
    byte[] index;
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      index = Files.readAllBytes(viewer.indexFile());

      CommandLineRun.Result restored = restore("--study", TinyDicom.studyUid(1));

      assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
      assertThat(restored.out()).contains("1 studies: 3 files dropped into INCOMING");
      assertThat(waiting(viewer))
          .hasSize(3)
          .allMatch(name -> name.matches("serdab-[0-9a-f]{32}.dcm"));
      assertThat(viewer.indexFile()).hasBinaryContent(index);
      assertThat(Files.exists(viewer.folder().resolve("Database.sql-shm"))).isFalse();
    }
  }

  @Test
  void aSecondRestoreDropsNothingThatStillWaits() throws IOException {
    backUpThreeStudies();
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      restore("--study", TinyDicom.studyUid(1));

      CommandLineRun.Result again = restore("--study", TinyDicom.studyUid(1));

      assertThat(again.out()).contains("0 files dropped into INCOMING").contains("3 waited there");
      assertThat(waiting(viewer)).hasSize(3);
    }
  }

  @Test
  void whatTheLibraryHoldsIsDroppedOnlyWhenAsked() throws IOException {
    backUpThreeStudies();
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      viewer.importAll(TinyDicom.series(1, 1, 3));

      CommandLineRun.Result restored = restore("--study", TinyDicom.studyUid(1));
      int before = waiting(viewer).size();
      CommandLineRun.Result again = restore("--study", TinyDicom.studyUid(1), "--again");

      assertThat(restored.exitCode()).isZero();
      assertThat(restored.out()).contains("3 are in the library already");
      assertThat(before).isZero();
      assertThat(again.exitCode()).isZero();
      assertThat(waiting(viewer)).hasSize(3);
    }
  }

  @Test
  void aRowWithoutItsFileIsHealed() throws IOException {
    backUpThreeStudies();
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      viewer.importAll(TinyDicom.series(1, 1, 3));
      Files.delete(viewer.fileNumbered(3));

      CommandLineRun.Result restored = restore("--study", TinyDicom.studyUid(1));

      assertThat(restored.out())
          .contains("1 files dropped")
          .contains("2 are in the library already");
      assertThat(waiting(viewer)).hasSize(1);
    }
  }

  @Test
  void itWaitsUntilTheViewerShowsEveryInstance() throws IOException {
    backUpThreeStudies();
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      List<Integer> rests = new ArrayList<>();

      ViewerReport report =
          restoreWith(
              Duration.ofMinutes(30),
              time -> {
                clock.pass(time);
                rests.add(waiting(viewer).size());
                takeIn(viewer, 2);
              });

      assertThat(report.notImported()).isEmpty();
      assertThat(report.isComplete()).isTrue();
      assertThat(report.filesDropped()).isEqualTo(5);
      assertThat(rests).containsExactly(5, 3, 1);
    }
  }

  @Test
  void whatTheViewerDoesNotTakeInIsNamedAndTheCopyStays() throws IOException {
    backUpThreeStudies();
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      ViewerReport report =
          restoreWith(
              Duration.ofMinutes(1),
              time -> {
                clock.pass(time);
                if (waiting(viewer).size() > 2) {
                  takeIn(viewer, 1);
                }
              });

      assertThat(report.isComplete()).isFalse();
      assertThat(report.notImported()).isNotEmpty();
      assertThat(report.notImported().stream().mapToLong(ViewerReport.NotImported::missing).sum())
          .isEqualTo(2);
      assertThat(zips()).hasSize(3);
    }
  }

  @Test
  void aViewerThatTakesNothingInEndsWith3OnTheCommandLine() throws IOException {
    backUpThreeStudies();
    try (HorosLibraryFixture _ = emptyLibrary()) {
      CommandLineRun.Result restored =
          restore("--study", TinyDicom.studyUid(1), "--wait-until-imported", "0s");

      assertThat(restored.exitCode()).isEqualTo(3);
      assertThat(restored.out()).contains("3 of 3 instances are not in the viewer's index yet");
    }
  }

  @Test
  void filesThatAreNotDicomAreNamedAndLeftOut() throws IOException {
    try (HorosLibraryFixture mac = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      mac.importFile(TinyDicom.of(1, 1, 1));
      Files.writeString(mac.folder().resolve("REPORTS/one.pdf"), "report");
      backUp(mac.folder());
    }
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      CommandLineRun.Result restored = restore("--all");

      assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
      assertThat(restored.out()).contains("are not DICOM").contains("horos-library:");
      assertThat(waiting(viewer)).hasSize(1);
    }
  }

  @Test
  void aLibraryMustBeThereUnderItsExactName() throws IOException {
    backUpThreeStudies();
    Path parent;
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      parent = java.util.Objects.requireNonNull(viewer.folder().getParent());
    }

    CommandLineRun.Result above = restoreTo("horos:" + parent, "--all");
    CommandLineRun.Result nowhere =
        restoreTo("horos:" + folder.resolve("nowhere/Horos Data"), "--all");

    assertThat(above.exitCode()).isEqualTo(2);
    assertThat(above.err()).contains("horos:" + parent.resolve("Horos Data"));
    assertThat(nowhere.exitCode()).isEqualTo(1);
    assertThat(folder.resolve("nowhere")).doesNotExist();
  }

  @Test
  void filesGoWhereThePointerOfTheLibraryLeads() throws IOException {
    backUpThreeStudies();
    Path nas = folder.resolve("nas");
    try (HorosLibraryFixture viewer =
        HorosLibraryBuilder.in(folder.resolve("viewer")).filesIn(nas).create()) {
      Files.delete(nas.resolve("INCOMING.noindex"));

      CommandLineRun.Result restored = restore("--study", TinyDicom.studyUid(1));

      assertThat(restored.exitCode()).as(restored.out() + restored.err()).isZero();
      assertThat(waiting(viewer)).hasSize(3);
      assertThat(viewer.folder().resolve("INCOMING.noindex")).doesNotExist();
    }
  }

  @Test
  void aDryRunDropsNothing() throws IOException {
    backUpThreeStudies();
    try (HorosLibraryFixture viewer = emptyLibrary()) {
      viewer.importFile(TinyDicom.of(2, 1, 1));

      CommandLineRun.Result planned = restore("--all", "--dry-run");

      assertThat(planned.exitCode()).as(planned.err()).isZero();
      assertThat(planned.out()).contains("4 files").contains("1 files are there already");
      assertThat(waiting(viewer)).isEmpty();
    }
  }

  @Test
  void optionsOfOtherTargetsAreRefused() {
    assertThat(restoreTo(folder.resolve("x").toString(), "--all", "--again").exitCode())
        .isEqualTo(2);
    assertThat(restoreTo("horos:/x/Horos Data", "--all", "--checksums").exitCode()).isEqualTo(2);
    assertThat(restoreTo("horos:/x/Horos Data", "--all", "--library", "a").exitCode()).isEqualTo(2);
  }

  // ---- a viewer, as far as it matters here

  /// Imports some of what waits, as the viewer's timer does.
  private static void takeIn(HorosLibraryFixture viewer, int count) {
    for (String name : waiting(viewer).stream().limit(count).toList()) {
      Path file = viewer.dataFolder().resolve("INCOMING.noindex").resolve(name);
      viewer.importFile(file);
      try {
        Files.delete(file);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static List<String> waiting(HorosLibraryFixture viewer) {
    try (Stream<Path> files = Files.list(viewer.dataFolder().resolve("INCOMING.noindex"))) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private HorosLibraryFixture emptyLibrary() {
    return HorosLibraryBuilder.in(folder.resolve("viewer")).create();
  }

  // ---- commands

  private void backUpThreeStudies() {
    try (HorosLibraryFixture mac = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      mac.importAll(TinyDicom.series(1, 1, 3));
      mac.importFile(TinyDicom.of(2, 1, 1));
      mac.importFile(TinyDicom.of(3, 1, 1));
      backUp(mac.folder());
    }
  }

  private void backUp(Path library) {
    CommandLineRun.Result backup =
        new CommandLineRun(folder.resolve("home"))
            .run("backup", "--from", library.toString(), "--to", "zip:" + folder.resolve("copies"));
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
  }

  private CommandLineRun.Result restore(String... more) {
    return restoreTo("horos:" + folder.resolve("viewer/Horos Data"), more);
  }

  private CommandLineRun.Result restoreTo(String to, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("restore", "--from", "zip:" + folder.resolve("copies"), "--to", to));
    args.addAll(List.of(more));
    return new CommandLineRun(folder.resolve("home")).run(args.toArray(new String[0]));
  }

  /// Everything, with a clock and a rest of its own.
  private ViewerReport restoreWith(Duration patience, Sleeper rest) {
    Surroundings around =
        new Surroundings(
            new Terminal(System.out, System.err, false),
            Map.of("SERDAB_HOME", folder.resolve("home").toString()),
            clock);
    Home home = around.home().make();
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home);
        Destination from = wiring.destinationToRead("zip:" + folder.resolve("copies"), catalogue)) {
      ViewerLibrary library =
          ViewerLibrary.open(
              folder.resolve("viewer/Horos Data"), home.cache(), Instant::now, time -> {});
      ViewerRestore restore =
          new ViewerRestore(
              from,
              catalogue,
              new ViewerRestore.Settings(ViewerRestore.WAITING_MAX, false, Optional.of(patience)),
              clock,
              rest,
              new SplittableRandom(3),
              Progress.SILENT,
              () -> false);
      return restore.into(
          library, RealDisk.at(library.incoming()), Selection.ALL, Optional.empty());
    }
  }

  private List<Path> zips() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("copies"))) {
      return files
          .filter(file -> file.toString().endsWith(".zip"))
          .filter(file -> !file.toString().contains("/_"))
          .toList();
    }
  }
}
