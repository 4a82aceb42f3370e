package serdab.destination;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/// A ZIP tree in a real folder keeps what every destination promises.
class ZipTreeInAFolderTest extends KeepingContract {

  @TempDir private Path folder;

  @Override
  Destination connect() {
    return ZipTrees.in(folder.resolve("tree"));
  }

  @Override
  void harm(HeldVersion copy) {
    Path zip = folder.resolve("tree").resolve(copy.location());
    try {
      byte[] bytes = Files.readAllBytes(zip);
      bytes[200] ^= 0x10;
      Files.write(zip, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
