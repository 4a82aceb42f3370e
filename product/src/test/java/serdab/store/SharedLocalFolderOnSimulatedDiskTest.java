package serdab.store;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import serdab.testing.world.SimulatedDisk;

/// The contract, kept by a folder that several runs write to, on the simulated disk while that
/// behaves.
class SharedLocalFolderOnSimulatedDiskTest extends BlobStoreContract {

  private final RandomGenerator random = new SplittableRandom(2);
  private final SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(3));

  @Override
  BlobStore connect() {
    return LocalFolder.onShared(disk.mount(), "a simulated disk", random);
  }

  @Override
  boolean oneWritesAtATime() {
    return false;
  }

  @Override
  void putAsAnotherProgram(String name, byte[] content) {
    disk.put(name, content);
  }
}
