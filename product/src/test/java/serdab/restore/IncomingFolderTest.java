package serdab.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.StudyLabel;
import serdab.dicom.FileDigests;
import serdab.dicom.StoredFile;
import serdab.report.Progress;
import serdab.source.horos.Sleeper;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;
import serdab.testing.world.WorldClock;

/// The protocol by which files are dropped where a running viewer takes them in.
class IncomingFolderTest {

  private static final long NO_RESERVE = 0;
  private static final int FILES = 4;

  private final WorldClock clock = new WorldClock(java.time.Instant.parse("2026-03-01T12:00:00Z"));
  private final List<String> said = new ArrayList<>();
  private SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1), clock);
  private Sleeper rest = time -> clock.pass(time);
  private boolean stop;

  // ---- faults

  @ParameterizedTest
  @EnumSource(Fault.class)
  void whicheverStepFailsNoPartOfAFileHasANameTheViewerTakes(Fault fault) {
    long steps = stepsOfAWholeRun();
    assertThat(steps).isGreaterThan(20);
    for (long step = 1; step <= steps; step++) {
      disk = new SimulatedDisk(new SplittableRandom(step), clock);
      disk.failAt(step, fault);

      try {
        dropAll(folder(10_000, NO_RESERVE));
      } catch (SerdabException | CrashedException e) {
        // The run ended here, one way or another.
      }

      if (fault == Fault.PULL) {
        disk.remount();
      }
      disk.kill();
      disk.failNoMore();
      assertVisibleFilesAreWhole();
      clock.pass(Duration.ofHours(2));
      dropAll(folder(10_000, NO_RESERVE));
      assertThat(visible()).as("after step %d failed", step).isEqualTo(expected());
      assertThat(disk.files()).as("nothing is left behind").hasSize(FILES);
    }
  }

  private long stepsOfAWholeRun() {
    dropAll(folder(10_000, NO_RESERVE));
    return disk.steps();
  }

  @Test
  void bytesThatAreNotThoseOfTheBackupNeverGetAName() {
    StoredFile file = file(1);
    ReadableByteChannel other = channel(bytes(2));

    assertThatThrownBy(() -> folder(10_000, NO_RESERVE).drop(file, other))
        .isInstanceOf(SerdabException.Damaged.class);

    assertThat(disk.files()).isEmpty();
  }

  @Test
  void aFileThatTheDiskKeptWronglyIsNotShownToTheViewer() {
    // The bit flips between writing and reading back, as on a disk that lies.
    rest = time -> {};
    IncomingFolder folder = folder(10_000, NO_RESERVE);
    StoredFile file = file(1);
    ReadableByteChannel source =
        new ReadableByteChannel() {
          private final ReadableByteChannel in = channel(bytes(1));

          @Override
          public int read(java.nio.ByteBuffer into) throws java.io.IOException {
            int count = in.read(into);
            if (count < 0) {
              disk.files().forEach(path -> disk.flipBit(path, 3));
            }
            return count;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };

    assertThatThrownBy(() -> folder.drop(file, source))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("incoming-differs");
    assertThat(disk.files()).isEmpty();
  }

  // ---- twice

  @Test
  void whatStillWaitsIsNotDroppedAgain() {
    IncomingFolder first = folder(10_000, NO_RESERVE);
    dropAll(first);

    Optional<IncomingFolder.Dropped> again =
        folder(10_000, NO_RESERVE).drop(file(1), channel(bytes(1)));

    assertThat(again).contains(IncomingFolder.Dropped.WAITING);
    assertThat(disk.files()).hasSize(FILES);
  }

  @Test
  void anotherFileUnderItsNameIsLeftAloneAndItGetsAnotherName() {
    String taken = IncomingFolder.nameOf(file(1), 1);
    disk.put(taken, new byte[] {9});

    folder(10_000, NO_RESERVE).drop(file(1), channel(bytes(1)));

    assertThat(disk.bytes(taken)).containsExactly(9);
    assertThat(disk.bytes(IncomingFolder.nameOf(file(1), 2))).isEqualTo(bytes(1));
  }

  @Test
  void aSweepLeavesTheViewersFilesAndThoseOfLiveRunsAlone() {
    disk.put(".serdab-00ff.dcm.0a0b0c0d.part", new byte[3]);
    disk.put(".DS_Store", new byte[3]);
    disk.put("IM0001.dcm", new byte[3]);
    disk.put("somebody.part", new byte[3]);

    folder(10_000, NO_RESERVE).sweep();
    int young = disk.files().size();
    clock.pass(IncomingFolder.LEFT_BEHIND.plusSeconds(1));
    folder(10_000, NO_RESERVE).sweep();

    assertThat(young).isEqualTo(4);
    assertThat(disk.files()).containsExactlyInAnyOrder(".DS_Store", "IM0001.dcm", "somebody.part");
  }

  // ---- patience

  @Test
  void itWaitsWhileTooManyFilesWaitAndGoesOnWhenTheViewerHasTakenSome() {
    for (int i = 0; i < 5; i++) {
      disk.put("waiting" + i, new byte[1]);
    }
    disk.put(".hidden", new byte[1]);
    List<Integer> rests = new ArrayList<>();
    rest =
        time -> {
          clock.pass(time);
          rests.add(disk.files().size());
          disk.remove("waiting" + (rests.size() - 1));
        };
    IncomingFolder folder = folder(3, NO_RESERVE);

    folder.drop(file(1), channel(bytes(1)));

    // Five wait, three may: after the third was taken away two wait.
    assertThat(rests).containsExactly(6, 5, 4);
    assertThat(said).containsExactly("waiting for the viewer: 5 files wait in INCOMING.noindex");
    assertThat(visible()).contains(IncomingFolder.nameOf(file(1), 1));
  }

  @Test
  void neverMoreFilesWaitThanMay() {
    List<Long> waited = new ArrayList<>();
    rest =
        time -> {
          clock.pass(time);
          waited.add(names());
          disk.remove(disk.files().getFirst());
        };
    IncomingFolder folder = folder(2, NO_RESERVE);

    for (int i = 1; i <= 20; i++) {
      folder.drop(file(i), channel(bytes(i)));
      assertThat(names()).isLessThanOrEqualTo(2);
    }

    assertThat(waited).hasSize(18);
  }

  @Test
  void aViewerThatTakesNothingInEndsTheRunWithAWord() {
    disk.put("waiting", new byte[1]);
    IncomingFolder folder = folder(1, NO_RESERVE);

    assertThatThrownBy(() -> folder.drop(file(1), channel(bytes(1))))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("viewer-not-importing");
    assertThat(disk.files()).containsExactly("waiting");
  }

  @Test
  void whoAsksToStopIsNotKeptWaiting() {
    disk.put("waiting", new byte[1]);
    rest = time -> stop = true;

    Optional<IncomingFolder.Dropped> outcome =
        folder(1, NO_RESERVE).drop(file(1), channel(bytes(1)));

    assertThat(outcome).isEmpty();
  }

  // ---- room

  @Test
  void theReserveTheViewerNeedsIsNeverUsed() {
    disk.limitBytes(bytes(1).length + 1_000L);

    IncomingFolder folder = folder(10_000, 1_000);
    folder.drop(file(1), channel(bytes(1)));

    assertThatThrownBy(() -> folder.drop(file(2), channel(bytes(2))))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("incoming-full");
    assertThat(disk.files()).hasSize(1);
    assertThat(folder.room()).hasValue(0);
  }

  @Test
  void theReserveIsThreeHundredMegabytesOrAHundredthOfASmallVolume() {
    assertThat(IncomingFolder.Settings.onVolumeOf(2_000_000_000_000L, 1).reserveBytes())
        .isEqualTo(300L << 20);
    assertThat(IncomingFolder.Settings.onVolumeOf(1_000_000_000L, 1).reserveBytes())
        .isEqualTo(10_000_000L);
  }

  // ---- files

  private IncomingFolder folder(int waitingMax, long reserve) {
    Progress progress =
        new Progress() {
          @Override
          public void planned(long studies) {}

          @Override
          public void began(StudyLabel study) {}

          @Override
          public void read(long bytes) {}

          @Override
          public void ended(StudyLabel study, String outcome) {}

          @Override
          public void say(String line) {
            said.add(line);
          }
        };
    return new IncomingFolder(
        disk.mount(),
        new IncomingFolder.Settings(waitingMax, reserve),
        clock,
        time -> rest.sleep(time),
        new SplittableRandom(disk.steps()),
        progress,
        () -> stop);
  }

  private static void dropAll(IncomingFolder folder) {
    folder.sweep();
    for (int i = 1; i <= FILES; i++) {
      folder.drop(file(i), channel(bytes(i)));
    }
    folder.settle();
  }

  private static Map<String, byte[]> contents() {
    Map<String, byte[]> files = new TreeMap<>();
    for (int i = 1; i <= FILES; i++) {
      files.put(IncomingFolder.nameOf(file(i), 1), bytes(i));
    }
    return files;
  }

  private static List<String> expected() {
    return List.copyOf(contents().keySet());
  }

  private List<String> visible() {
    return disk.files().stream().filter(name -> !name.startsWith(".")).sorted().toList();
  }

  private long names() {
    return visible().size();
  }

  private void assertVisibleFilesAreWhole() {
    Map<String, byte[]> contents = contents();
    for (String name : visible()) {
      assertThat(disk.bytes(name)).as(name).isEqualTo(contents.get(name));
    }
  }

  /// More than one block of the disk, so that a write can be cut anywhere.
  private static byte[] bytes(int seed) {
    byte[] bytes = new byte[9_000 + seed];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  private static StoredFile file(int seed) {
    byte[] bytes = bytes(seed);
    return new StoredFile(
        "DATABASE.noindex/10000/" + seed + ".dcm",
        bytes.length,
        0,
        new FileDigests(Sha256.digest(bytes), Optional.empty(), Optional.empty(), Optional.empty()),
        Optional.empty(),
        List.of());
  }

  private static ReadableByteChannel channel(byte[] bytes) {
    return Channels.newChannel(new ByteArrayInputStream(bytes));
  }
}
