package serdab.testing.world;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import serdab.Sha256;
import serdab.store.Disk;
import serdab.store.DiskFailure;
import serdab.testing.world.SimulatedDisk.Fault;

/// The simulated disk loses what it may lose, in every way it may, and nothing else.
class SimulatedDiskTest {

  private static final int SEEDS = 300;

  private static byte[] content(int length) {
    byte[] content = new byte[length];
    new SplittableRandom(length).nextBytes(content);
    return content;
  }

  private static Disk.Output write(Disk disk, String path, byte[] content) throws DiskFailure {
    Disk.Output output = disk.create(path);
    output.write(ByteBuffer.wrap(content));
    return output;
  }

  @Test
  void whatWasSyncedOutlivesAPowerCut() throws DiskFailure {
    for (int seed = 0; seed < SEEDS; seed++) {
      SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(seed));
      Disk mount = disk.mount();
      mount.makeFolder("f");
      mount.syncFolder("");
      Disk.Output output = write(mount, "f/a", content(10_000));
      output.sync();
      mount.syncFolder("f");
      output.write(ByteBuffer.wrap(content(3000)));

      disk.powerCut();

      assertThat(disk.files()).containsExactly("f/a");
      byte[] found = disk.bytes("f/a");
      assertThat(found.length).isBetween(10_000, 13_000);
      assertThat(Arrays.copyOf(found, 10_000)).isEqualTo(content(10_000));
    }
  }

  @Test
  void whatWasNotSyncedIsLostInEveryWay() throws DiskFailure {
    Set<Integer> lengths = new HashSet<>();
    Set<Sha256> contents = new HashSet<>();
    int kept = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(seed));
      Disk mount = disk.mount();
      write(mount, "a", content(20_000));

      disk.powerCut();

      if (disk.files().isEmpty()) {
        continue;
      }
      kept++;
      lengths.add(disk.bytes("a").length);
      contents.add(Sha256.digest(disk.bytes("a")));
    }
    assertThat(kept).isBetween(SEEDS / 4, SEEDS * 3 / 4);
    assertThat(lengths).contains(0, 20_000).hasSizeGreaterThan(20);
    assertThat(contents).hasSizeGreaterThan(80).contains(Sha256.digest(new byte[0]));
  }

  @Test
  void unsyncedNamesAreLostEachForItself() throws DiskFailure {
    Set<List<String>> seen = new HashSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(seed));
      disk.put("old", content(1));
      Disk mount = disk.mount();
      write(mount, "new", content(1)).sync();
      mount.delete("old");
      mount.rename("new", "renamed");

      disk.powerCut();
      seen.add(disk.files());
    }

    assertThat(seen)
        .containsExactlyInAnyOrder(
            List.of(),
            List.of("new"),
            List.of("old"),
            List.of("renamed"),
            List.of("new", "old"),
            List.of("new", "renamed"),
            List.of("old", "renamed"),
            List.of("new", "old", "renamed"));
  }

  @Test
  void aSyncedFileInAnUnsyncedFolderIsLostWithIt() throws DiskFailure {
    Set<List<String>> seen = new HashSet<>();
    for (int seed = 0; seed < SEEDS; seed++) {
      SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(seed));
      Disk mount = disk.mount();
      mount.makeFolder("f");
      write(mount, "f/a", content(1)).sync();
      mount.syncFolder("f");

      disk.powerCut();
      seen.add(disk.files());
    }

    assertThat(seen).containsExactlyInAnyOrder(List.of(), List.of("f/a"));
  }

  @Test
  void aKillLosesNothing() throws DiskFailure {
    SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1));
    Disk mount = disk.mount();
    write(mount, "a", content(20_000));

    disk.kill();

    assertThat(disk.bytes("a")).isEqualTo(content(20_000));
    assertThatExceptionOfType(CrashedException.class).isThrownBy(() -> mount.stat("a"));
    assertThat(disk.mount().stat("a")).isPresent();
  }

  @Test
  void aPulledDiskFailsAtEveryStepUntilItIsBack() throws DiskFailure {
    SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1));
    disk.put("a", content(10));
    Disk mount = disk.mount();
    Disk.Input open = mount.open("a");
    Object identity = mount.identity();

    disk.pull();

    assertThatExceptionOfType(DiskFailure.class).isThrownBy(() -> mount.stat("a"));
    assertThatExceptionOfType(DiskFailure.class).isThrownBy(mount::identity);
    disk.remount();
    assertThat(mount.stat("a")).isPresent();
    assertThat(mount.identity()).isEqualTo(identity);
    assertThatExceptionOfType(DiskFailure.class)
        .isThrownBy(() -> open.read(0, ByteBuffer.allocate(10)))
        .satisfies(e -> assertThat(e.kind()).isEqualTo(DiskFailure.Kind.GONE));
  }

  @Test
  void afterAFailedSyncTheCacheLies() throws DiskFailure {
    int differed = 0;
    for (int seed = 0; seed < 50; seed++) {
      SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(seed));
      Disk mount = disk.mount();
      Disk.Output output = write(mount, "a", content(20_000));
      disk.failAt(disk.steps() + 1, Fault.IO_ERROR);
      assertThatExceptionOfType(DiskFailure.class).isThrownBy(output::sync);
      output.sync();
      mount.syncFolder("");

      assertThat(disk.bytes("a")).isEqualTo(content(20_000));
      disk.powerCut();
      differed += Arrays.equals(disk.bytes("a"), content(20_000)) ? 0 : 1;
    }
    assertThat(differed).isPositive();
  }

  @Test
  void theSameSeedLosesTheSame() throws DiskFailure {
    assertThat(lossOf(4711)).isEqualTo(lossOf(4711)).isNotEqualTo(lossOf(4712));
  }

  private static String lossOf(long seed) throws DiskFailure {
    SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(seed));
    Disk mount = disk.mount();
    for (int i = 0; i < 20; i++) {
      write(mount, "file " + i, content(i * 1000));
    }
    disk.powerCut();
    StringBuilder left = new StringBuilder();
    for (String file : disk.files()) {
      left.append(file).append(' ').append(Sha256.digest(disk.bytes(file))).append('\n');
    }
    return left.toString();
  }

  @Test
  void aLockEndsWithItsProcess() throws DiskFailure {
    SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1));
    Disk first = disk.mount();

    assertThat(first.lock("lock")).isInstanceOf(Disk.Lock.Held.class);
    assertThat(disk.mount().lock("lock")).isInstanceOf(Disk.Lock.Busy.class);
    disk.kill();
    assertThat(disk.mount().lock("lock")).isInstanceOf(Disk.Lock.Held.class);
  }
}
