package serdab.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.io.TempDir;

/// The contract, kept by a folder that several runs write to, on this computer's own file system.
class SharedLocalFolderOnRealDiskTest extends BlobStoreContract {

  private final RandomGenerator random = new SplittableRandom(1);
  @TempDir private Path folder;

  @Override
  BlobStore connect() {
    return LocalFolder.openShared(folder, random);
  }

  @Override
  boolean oneWritesAtATime() {
    return false;
  }

  @Override
  void putAsAnotherProgram(String name, byte[] content) {
    try {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
