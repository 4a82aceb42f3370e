package serdab.destination;

import java.util.SplittableRandom;
import serdab.store.LocalFolder;
import serdab.testing.world.SimulatedDisk;

/// A ZIP tree on the disk that crash tests use keeps what every destination promises.
class ZipTreeOnASimulatedDiskTest extends KeepingContract {

  private final SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1), ZipTrees.CLOCK);

  @Override
  Destination connect() {
    return ZipTrees.on(LocalFolder.on(disk.mount(), "the disk", new SplittableRandom(2)));
  }

  @Override
  void harm(HeldVersion copy) {
    disk.flipBit(copy.location(), 200 * 8 + 4);
  }
}
