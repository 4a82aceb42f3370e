package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.catalogue.StudyRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.report.RunReport.Outcome;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.World;

/// What a run of a plan promises, one behaviour each. Crashes are in [BackupCrashTest].
class BackupTest {

  private final World world = World.withDestinations(2, new SplittableRandom(7));

  @AfterEach
  void closeWorld() {
    world.close();
  }

  @Test
  void everyStudyIsCopiedAndProvenOnEveryDestination() {
    world.addStudy(3);
    world.addStudy(1);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(report.totals().copied()).isEqualTo(2);
    assertThat(world.notSafe(0)).isEmpty();
    assertThat(world.notSafe(1)).isEmpty();
  }

  @Test
  void aCopyThatWasDeletedByHandIsMadeAgainWithinAMonthAlthoughNothingChanged() {
    String study = world.addStudy(2);
    world.backUp();
    String zip =
        world.disk(1).files().stream().filter(f -> f.endsWith(".zip")).findFirst().orElseThrow();
    world.disk(1).remove(zip);

    for (int day = 0; day <= Backup.LOOK_DAYS; day++) {
      world.clock().pass(Duration.ofDays(1));
      assertThat(world.backUp().outcome()).isEqualTo(Outcome.GOOD);
    }

    assertThat(versions(study, 1)).hasSize(1);
    assertThat(world.notSafe(1)).isEmpty();
  }

  @Test
  void aSecondRunReadsNothing() {
    world.addStudy(3);
    world.backUp();
    long before = world.source().bytesRead();

    RunReport report = world.backUp();

    assertThat(report.totals().alreadyThere()).isEqualTo(1);
    assertThat(report.totals().copied()).isZero();
    assertThat(world.source().bytesRead()).isEqualTo(before);
  }

  @Test
  void twoDestinationsCostOneReading() {
    String study = "1.2.3.4";
    byte[] large = new byte[3 << 20];
    new SplittableRandom(1).nextBytes(large);
    world.putImage(study, 1, large, "");
    byte[] huge = new byte[20 << 20];
    new SplittableRandom(2).nextBytes(huge);
    world.putImage(study, 2, huge, "");
    long size = world.source().files(study).values().stream().mapToLong(f -> f.length).sum();

    world.backUp();

    assertThat(world.source().bytesRead()).isBetween(size, size + size / 50);
    assertThat(world.notSafe(0)).isEmpty();
    assertThat(world.notSafe(1)).isEmpty();
  }

  @Test
  void aFileThatChangesWhileItIsReadIsReadAgain() {
    String study = world.addStudy(3);
    String path = World.imagePath(study, 2);
    world.source().changeWhileRead(path, TinyDicom.image().study(study).sop("1.2.9").bytes());

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(0)).isEmpty();
    assertThat(versions(study, 0)).hasSize(1);
  }

  @Test
  void aStudyThatGainsAnImageGetsTheNextVersionBesideTheOldOne() {
    String study = world.addStudy(2);
    world.backUp();

    world.putImage(study, 3, world.pixels(), "");
    RunReport report = world.backUp();

    assertThat(report.totals().copied()).isEqualTo(1);
    assertThat(world.notSafe(0)).isEmpty();
    List<HeldVersion> versions = versions(study, 0);
    assertThat(versions).hasSize(2);
    assertThat(versions.get(1).supersedes()).contains(versions.get(0).id());
    assertThat(world.damage(0)).isEmpty();
  }

  @Test
  void aChangeOfHeadersAloneWaitsForAQuietTime() {
    String study = world.addStudy(1);
    byte[] pixels = world.pixels();
    world.putImage(study, 2, pixels, "");
    world.backUp();
    world.clock().pass(Duration.ofDays(1));

    world.putImage(study, 2, pixels, "typed by a radiologist", world.clock().instant());
    RunReport atOnce = world.backUp();
    world.clock().pass(Duration.ofHours(1));
    long readBefore = world.source().bytesRead();
    RunReport soon = world.backUp();
    long readMeanwhile = world.source().bytesRead() - readBefore;
    StudyRow waiting = row(study);
    world.clock().pass(Duration.ofHours(24));
    RunReport later = world.backUp();

    assertThat(atOnce.totals().waiting()).isEqualTo(1);
    assertThat(atOnce.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(soon.totals().waiting()).isEqualTo(1);
    assertThat(readMeanwhile).isZero();
    assertThat(waiting.changeSeenAt()).isPresent();
    assertThat(later.totals().copied()).isEqualTo(1);
    assertThat(row(study).changeSeenAt()).isEmpty();
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void aCopyThatIsLostWhileAHeaderChangeWaitsIsMadeAgainAtOnce() {
    String study = world.addStudy(1);
    byte[] pixels = world.pixels();
    world.putImage(study, 2, pixels, "");
    world.backUp();
    world.putImage(study, 2, pixels, "typed", world.clock().instant());
    RunReport waiting = world.backUp();
    loseCopies(study, 1);

    RunReport report = world.backUp();

    assertThat(waiting.totals().waiting()).isEqualTo(1);
    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(1)).isEmpty();
  }

  @Test
  void aHeaderChangeThatOnlyTheRollingLookFoundIsCopiedAfterTheQuietTime() {
    String study = world.addStudy(1);
    byte[] pixels = world.pixels();
    world.putImage(study, 2, pixels, "");
    world.backUp();
    world.putImage(study, 2, pixels, "typed", world.clock().instant());
    RunReport waiting = world.backUp();
    // As if the source's own fingerprint had never shown it, and the files had been looked at now.
    StudyRow seen = row(study);
    world.source().hideChangesFromTheFingerprint(study, seen.fingerprint());
    world.clock().pass(Duration.ofHours(25));

    RunReport later = world.backUp();

    assertThat(waiting.totals().waiting()).isEqualTo(1);
    assertThat(later.totals().copied()).isEqualTo(1);
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void aStudyThatChangesWhileOneCopyIsMadeAgainIsNotSafeUntilAllHaveIt() {
    String study = world.addStudy(2);
    world.backUp();
    loseCopies(study, 1);
    byte[] then = TinyDicom.image().study(study).sop(study + ".1.2").pixels(world.pixels()).bytes();
    world.source().changeWhileRead(World.imagePath(study, 2), then);

    RunReport report = world.backUp();
    world.clock().pass(Duration.ofDays(1));
    RunReport after = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.INCOMPLETE);
    assertThat(report.notSafe()).hasSize(1);
    assertThat(after.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(0)).isEmpty();
    assertThat(world.notSafe(1)).isEmpty();
  }

  @Test
  void aChangeOfAFileWithoutPixelsDoesNotWait() {
    String study = world.addStudy(1);
    String report = "DATABASE.noindex/10000/report.dcm";
    world.source().put(study, report, withoutPixels(study, "no finding"), world.clock().instant());
    world.backUp();

    world.source().put(study, report, withoutPixels(study, "a tumour"), world.clock().instant());
    RunReport second = world.backUp();

    assertThat(second.totals().copied()).isEqualTo(1);
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void aChangeOfPixelsDoesNotWait() {
    String study = world.addStudy(1);
    world.backUp();

    world.putImage(study, 1, world.pixels(), "", world.clock().instant());
    RunReport report = world.backUp();

    assertThat(report.totals().copied()).isEqualTo(1);
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void aFileThatCannotBeReadLeavesAGapThatIsNamedUntilItIsMended() {
    String study = world.addStudy(3);
    world.source().breakFile(World.imagePath(study, 2));

    RunReport first = world.backUp();
    RunReport second = world.backUp();
    world.source().mendAll();
    world.clock().pass(Duration.ofDays(2));
    RunReport third = world.backUp();

    assertThat(first.outcome()).isEqualTo(Outcome.INCOMPLETE);
    assertThat(first.notSafe()).hasSize(1);
    assertThat(second.outcome()).isEqualTo(Outcome.INCOMPLETE);
    assertThat(third.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void missingFilesMakeTheRunIncomplete() {
    String study = world.addStudy(3);
    world.source().loseFile(World.imagePath(study, 1));

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.INCOMPLETE);
    assertThat(row(study).missingFiles()).isEqualTo(1);
    assertThat(files(study)).containsOnlyKeys(World.imagePath(study, 2), World.imagePath(study, 3));
  }

  /// Defect A7 of the script before us: one good ZIP was enough for the mark.
  @Test
  void aMonthIsMarkedDoneOnlyWhileAllItsSelectedStudiesAreProven() {
    String broken = world.addStudy(2);
    world.addStudy(1);
    world.source().breakFile(World.imagePath(broken, 2));

    world.backUp();
    boolean afterTheGap = monthIsDone(world);
    world.backUp();
    boolean whileItWaits = monthIsDone(world);
    world.source().mendAll();
    world.clock().pass(Duration.ofDays(2));
    world.backUp();
    boolean afterTheCure = monthIsDone(world);
    String added = world.addStudy(1);
    world.source().breakFile(World.imagePath(added, 1));
    world.backUp();
    boolean afterANewStudy = monthIsDone(world);

    assertThat(afterTheGap).isFalse();
    assertThat(whileItWaits).isFalse();
    assertThat(afterTheCure).isTrue();
    assertThat(afterANewStudy).isFalse();
  }

  /// Defect A2 of the script before us: a crash before the mark, and the next start deleted the
  /// month.
  @Test
  void aKillBeforeTheMonthIsMarkedDoneCostsNoFinishedCopy() {
    int tried = 0;
    for (long step = stepsOfAWholeRun(); step > 0; step--) {
      try (World killed = threeStudiesOfAMonth()) {
        killed.disk().failAt(step, SimulatedDisk.Fault.KILL);
        try {
          killed.backUp();
        } catch (CrashedException | SerdabException e) {
          // As planned.
        }
        killed.disk().remount();
        killed.disk().failNoMore();
        List<String> finished = zips(killed);
        if (finished.size() < 3) {
          break;
        }
        if (!monthIsDone(killed)) {
          tried++;

          killed.clock().pass(Duration.ofDays(1));
          RunReport next = killed.backUp();

          assertThat(next.outcome()).isEqualTo(Outcome.GOOD);
          assertThat(next.totals().copied()).isZero();
          assertThat(zips(killed)).isEqualTo(finished);
          assertThat(killed.damage(0)).isEmpty();
          assertThat(monthIsDone(killed)).isTrue();
        }
      }
    }
    assertThat(tried).isPositive();
  }

  /// Defect A3 of the script before us: the oldest studies, broken, blocked all others for ever.
  @Test
  void brokenStudiesDoNotKeepOthersFromBeingCopied() {
    world.batch(15);
    for (int i = 0; i < 15; i++) {
      String study = world.addStudy(1);
      world.source().date(study, "2001-01-01");
      world.source().loseFile(World.imagePath(study, 1));
    }
    String healthy = world.addStudy(1);

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.INCOMPLETE);
    assertThat(files(healthy)).hasSize(1);
  }

  @Test
  void aStudyThatFailedIsTriedLaterAndNotAtOnce() {
    String study = world.addStudy(1);
    world.source().loseFile(World.imagePath(study, 1));
    world.backUp();

    world.source().mendAll();
    RunReport tooSoon = world.backUp();
    world.clock().pass(Duration.ofHours(1));
    RunReport later = world.backUp();

    assertThat(tooSoon.totals().waiting()).isEqualTo(1);
    assertThat(tooSoon.outcome()).isEqualTo(Outcome.INCOMPLETE);
    assertThat(later.outcome()).isEqualTo(Outcome.GOOD);
  }

  @Test
  void sharplyFewerStudiesFailTheRunButNewOnesAreCopied() {
    for (int i = 0; i < 10; i++) {
      world.addStudy(1);
    }
    world.backUp();
    for (String study : world.source().studyUids().stream().limit(5).toList()) {
      world.source().remove(study);
    }
    String added = world.addStudy(1);

    RunReport first = world.backUp();
    RunReport second = world.backUp();
    RunReport accepted = world.acceptingFewer().backUp();

    assertThat(first.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(first.problems()).extracting("code").containsExactly("sharply-fewer-studies");
    assertThat(files(added)).hasSize(1);
    assertThat(second.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(accepted.outcome()).isEqualTo(Outcome.GOOD);
  }

  @Test
  void anEmptySourceFailsTheRun() {
    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(report.problems()).extracting("code").containsExactly("no-studies");
  }

  @Test
  void aStudyWithoutFilesIsToldAndFailsNothing() {
    world.addStudy(1);
    world.source().putEmpty("1.9.9");

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(report.warnings()).singleElement().asString().contains("no files");
  }

  @Test
  void aLostCatalogueCopiesNothingAgain() {
    world.addStudy(2);
    world.addStudy(1);
    world.backUp();
    world.loseCatalogue();

    RunReport report = world.backUp();

    assertThat(report.totals().adopted()).isEqualTo(2);
    assertThat(report.totals().copied()).isZero();
    assertThat(versions("1.2.826.0.1.1", 0)).hasSize(1);
    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
  }

  @Test
  void aCopyThatWasDeletedIsMadeAgainWhenItsStudyIsLookedAt() {
    String study = world.addStudy(1);
    byte[] pixels = world.pixels();
    world.putImage(study, 2, pixels, "");
    world.backUp();
    world.disk().remove(versions(study, 0).getFirst().location());

    world.putImage(study, 2, pixels, "", world.clock().instant().plusSeconds(5));
    RunReport report = world.backUp();

    assertThat(report.totals().copied()).isEqualTo(1);
    assertThat(world.notSafe(0)).isEmpty();
  }

  @Test
  void whatCannotBeReadIsNeverOutsideTheSelection() {
    world.addStudy(1);
    String unread = StudyKey.UNREAD_FILES.value();
    world.putImage(unread, 1, world.pixels(), "");
    world.source().breakFile(World.imagePath(unread, 1));
    world.select(
        new Selection(
            Set.of("MR"), Optional.empty(), Optional.empty(), Set.of(), Optional.empty()));

    RunReport report = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.INCOMPLETE);
  }

  @Test
  void aDestinationThatIsPulledDoesNotKeepTheOtherFromItsCopies() {
    world.addStudy(2);
    world.backUp();
    String added = world.addStudy(2);
    world.disk(1).failAt(world.disk(1).steps() + 40, SimulatedDisk.Fault.PULL);

    RunReport report = world.backUp();
    world.disk(1).remount();
    world.clock().pass(Duration.ofDays(1));
    RunReport after = world.backUp();

    assertThat(report.outcome()).isIn(Outcome.FAILED, Outcome.INCOMPLETE, Outcome.GOOD);
    assertThat(files(added)).hasSize(2);
    assertThat(after.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(1)).isEmpty();
  }

  @Test
  void aDestinationThatIsPulledAtAnyMomentLeavesTheOtherItsCopies() {
    for (int step = 1; step <= 80; step++) {
      try (World two = World.withDestinations(2, new SplittableRandom(9))) {
        two.addStudy(1);
        two.backUp();
        two.addStudy(3);
        two.addStudy(1);
        two.disk(1).failAt(two.disk(1).steps() + step, SimulatedDisk.Fault.PULL);

        RunReport report = two.backUp();

        assertThat(two.notSafe(0)).as("step %d", step).isEmpty();
        two.disk(1).failNoMore();
        two.disk(1).remount();
        if (report.outcome() == Outcome.GOOD) {
          assertThat(two.notSafe(1)).as("step %d", step).isEmpty();
        }
      } catch (SerdabException e) {
        // Opening the destination met it; the command line ends with 1.
      }
    }
  }

  @Test
  void aDiskThatFailsInTheMiddleOfAStudyIsAFailureAndNoInterruption() {
    int failed = 0;
    for (int step = 1; step <= 40; step++) {
      try (World alone = World.drawnFrom(new SplittableRandom(3))) {
        alone.backUpUntilGood(1);
        alone.addStudy(20);
        alone.disk().failAt(alone.disk().steps() + step, SimulatedDisk.Fault.FULL);

        RunReport report = alone.backUp();

        assertThat(report.outcome()).as("step %d", step).isNotEqualTo(Outcome.INTERRUPTED);
        if (report.totals().waiting() > 0) {
          failed++;
          assertThat(report.outcome()).isEqualTo(Outcome.FAILED);
          assertThat(report.problems()).extracting("code").containsExactly("place-full");
        }
      } catch (SerdabException e) {
        // Opening the destination met it; the command line ends with 1.
      }
    }
    assertThat(failed).isPositive();
  }

  @Test
  void aDiskWithoutRoomForTheNextStudyIsNotBegunOn() {
    world.addStudy(1);
    world.backUp();
    String added = world.addStudy(2);
    long used = world.disk(1).files().stream().mapToLong(f -> world.disk(1).bytes(f).length).sum();
    world.disk(1).limitBytes(used + 1_000_000);

    RunReport report = world.backUp();
    world.disk(1).limitBytes(Long.MAX_VALUE);
    world.clock().pass(Duration.ofDays(1));
    RunReport after = world.backUp();

    assertThat(report.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(report.problems()).extracting("code").containsExactly("destination-almost-full");
    assertThat(files(added)).hasSize(2);
    assertThat(after.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(1)).isEmpty();
  }

  @Test
  void missingFilesAndStudiesWithoutAnyAreListedForPeopleBesideTheCopies() {
    String gap = world.addStudy(2);
    world.source().loseFile(World.imagePath(gap, 1));
    String none = world.addStudy(1);
    world.source().loseFile(World.imagePath(none, 1));

    world.backUp();

    String issues =
        new String(world.disk(0).bytes("issues.csv"), java.nio.charset.StandardCharsets.UTF_8);
    assertThat(issues)
        .startsWith("timestamp,kind,study_uid,detail,extra")
        .contains("FILES_MISSING," + gap, "NO_FILES," + none);
  }

  @Test
  void aDiskThatIsNotTheOneSeenHereBeforeIsNotFilled() {
    world.addStudy(1);
    world.backUp();

    List<String> before = world.disk(0).files();
    world.disk(0).pullShowingAnEmptyFolder();

    assertThatThrownBy(world::backUp).isInstanceOf(SerdabException.class);
    world.disk(0).remount();
    assertThat(world.disk(0).files()).isEqualTo(before);
  }

  @Test
  void aSourceThatGoesAwayFailsTheRunAndLosesNothing() {
    world.addStudy(1);
    world.backUp();
    world.source().pull();

    assertThatThrownBy(world::backUp).isInstanceOf(SerdabException.Unavailable.class);
    assertThat(world.damage(0)).isEmpty();
  }

  @Test
  void aStopBetweenStudiesEndsTheRunResumable() {
    world.addStudy(1);
    world.addStudy(1);
    StopSignal stop = new StopSignal(world.clock());
    stop.request();

    RunReport stopped = world.backUp(stop);
    RunReport next = world.backUp();

    assertThat(stopped.outcome()).isEqualTo(Outcome.INTERRUPTED);
    assertThat(next.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(0)).isEmpty();
  }

  /// Does something when the thread has come to rest, or nothing when it ends without.
  private static Thread whenResting(Thread who, Runnable what) {
    return Thread.ofPlatform()
        .start(() -> {
          while (who.isAlive() && who.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
          }
          what.run();
        });
  }

  @Test
  void aPausedRunReadsNoFurtherFileUntilItIsResumed() throws InterruptedException {
    String study = world.addStudy(3);
    StopSignal stop = new StopSignal(world.clock());
    AtomicLong read = new AtomicLong();
    List<Long> whilePaused = new CopyOnWriteArrayList<>();
    List<Thread> others = new CopyOnWriteArrayList<>();
    world.progress(
        new Reading(count -> {
          if (read.getAndAdd(count) == 0) {
            stop.pause();
            others.add(
                whenResting(
                    Thread.currentThread(),
                    () -> {
                      whilePaused.add(read.get());
                      stop.resume();
                    }));
          }
        }));

    RunReport report = world.backUp(stop);

    for (Thread other : others) {
      other.join();
    }
    assertThat(report.outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.catalogue().copies(new StudyKey(study))).isNotEmpty();
    assertThat(whilePaused).hasSize(1).allMatch(bytes -> bytes > 0 && bytes < read.get());
  }

  @Test
  void aPausedRunThatIsAskedToStopEndsAtOnceAndTheNextGoesOn() throws InterruptedException {
    world.addStudy(3);
    world.addStudy(3);
    StopSignal stop = new StopSignal(world.clock());
    List<Thread> others = new CopyOnWriteArrayList<>();
    world.progress(
        new Reading(_ -> {
          if (others.isEmpty()) {
            stop.pause();
            others.add(whenResting(Thread.currentThread(), stop::request));
          }
        }));

    RunReport stopped = world.backUp(stop);

    for (Thread other : others) {
      other.join();
    }
    assertThat(stopped.outcome()).isEqualTo(Outcome.INTERRUPTED);
    assertThat(stopped.totals().copied()).isZero();
    world.progress(Progress.SILENT);
    assertThat(world.backUp().outcome()).isEqualTo(Outcome.GOOD);
    assertThat(world.notSafe(0)).isEmpty();
  }

  /// Told only how many bytes were read.
  private record Reading(LongConsumer told) implements Progress {
    @Override
    public void planned(long studies) {}

    @Override
    public void began(StudyLabel study) {}

    @Override
    public void read(long bytes) {
      told.accept(bytes);
    }

    @Override
    public void ended(StudyLabel study, String outcome) {}

    @Override
    public void say(String line) {}
  }

  @Test
  void aFailureByAClockThatWasWrongIsTriedAgain() {
    String study = world.addStudy(1);
    world.source().loseFile(World.imagePath(study, 1));
    world.clock().pass(Duration.ofDays(900));
    world.backUp();
    world.clock().pass(Duration.ofDays(-890));
    world.source().mendAll();

    world.backUp();

    assertThat(world.catalogue().copies(new StudyKey(study))).isNotEmpty();
  }

  @Test
  void aLookByAClockThatWasWrongDoesNotPutOffTheNextOne() {
    String study = world.addStudy(1);
    world.clock().pass(Duration.ofDays(900));
    world.backUp();
    world.clock().pass(Duration.ofDays(-890));
    String zip =
        world.disk(1).files().stream().filter(f -> f.endsWith(".zip")).findFirst().orElseThrow();
    world.disk(1).remove(zip);

    world.backUp();

    assertThat(versions(study, 1)).hasSize(1);
  }

  @Test
  void anEditSeenByAClockThatWasWrongDoesNotWaitForIt() {
    String study = "1.2.9";
    byte[] pixels = world.pixels();
    world.putImage(study, 1, pixels, "");
    world.backUp();
    world.clock().pass(Duration.ofDays(900));
    world.putImage(study, 1, pixels, "edited", world.clock().instant());
    world.backUp();
    world.clock().pass(Duration.ofDays(-890));

    world.backUp();

    assertThat(
            world
                .catalogue()
                .study("world:source", new StudyKey(study))
                .orElseThrow()
                .changeSeenAt())
        .isEmpty();
  }

  @Test
  void theSamePlanHasTheSameHashAndAnotherPlanAnother() {
    world.addStudy(1);
    world.backUp();
    world.backUp();
    world.batch(3);
    world.backUp();

    List<String> hashes = world.catalogue().runs(3).stream().map(run -> run.planHash()).toList();

    assertThat(hashes.get(1)).isEqualTo(hashes.get(2));
    assertThat(hashes.get(0)).isNotEqualTo(hashes.get(1));
  }

  // ----

  /// Deletes a study's copies behind our back, and has a verification notice it.
  private void loseCopies(String study, int disk) {
    for (HeldVersion copy : versions(study, disk)) {
      world.disk(disk).remove(copy.location());
      String id;
      try (Destination destination = world.open(disk, Access.READ)) {
        id = destination.id().toString();
      }
      Proof asked = new Proof(Depth.CLAIMED, ProofMeans.ASKED, world.clock().instant());
      world.catalogue().recordProof(new StudyKey(study), copy.id(), id, asked, "gone");
    }
  }

  private static byte[] withoutPixels(String study, String text) {
    return TinyDicom.image().study(study).sop(study + ".9").comment(text).withoutPixels().bytes();
  }

  private static World threeStudiesOfAMonth() {
    World month = World.drawnFrom(new SplittableRandom(11));
    for (int i = 0; i < 3; i++) {
      month.addStudy(1);
    }
    return month;
  }

  private static long stepsOfAWholeRun() {
    try (World whole = threeStudiesOfAMonth()) {
      whole.backUp();
      return whole.disk().steps();
    }
  }

  private static List<String> zips(World world) {
    return world.disk().files().stream().filter(name -> name.endsWith(".zip")).sorted().toList();
  }

  private static boolean monthIsDone(World world) {
    return world.disk().files().stream().anyMatch(name -> name.endsWith("/.month_done"));
  }

  private StudyRow row(String study) {
    return world.catalogue().study("world:source", new StudyKey(study)).orElseThrow();
  }

  private List<HeldVersion> versions(String study, int disk) {
    try (Destination destination = world.open(disk, Access.READ)) {
      return destination.versions(new StudyKey(study));
    }
  }

  private java.util.Map<String, byte[]> files(String study) {
    try (Destination destination = world.open(0, Access.READ)) {
      return World.files(destination, destination.versions(new StudyKey(study)).getLast());
    }
  }
}
