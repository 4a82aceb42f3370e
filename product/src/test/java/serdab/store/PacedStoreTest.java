package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The contract, kept by a place whose reading is paced.
class PacedStoreTest extends BlobStoreContract {

  private final RandomGenerator random = new SplittableRandom(1);
  private final List<Long> told = new ArrayList<>();
  @TempDir private Path folder;

  @Override
  BlobStore connect() {
    return new PacedStore(
        LocalFolder.open(folder, random),
        bytes -> {
          synchronized (told) {
            told.add(bytes);
          }
        });
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

  @Test
  void everyByteThatIsReadIsToldOfAPieceAtATime() {
    byte[] content = new byte[5 << 20];
    random.nextBytes(content);
    putAsAnotherProgram("a/b", content);

    try (BlobStore store = connect();
        ReadBack stored = store.readBack("a/b");
        Blob blob = store.open("a/b")) {
      ByteBuffer all = ByteBuffer.allocate(content.length);
      stored.readFully(0, all);
      ByteBuffer some = ByteBuffer.allocate(100);
      blob.readFully(7, some);

      assertThat(all.array()).isEqualTo(content);
    }
    assertThat(told).allMatch(bytes -> bytes <= PacedStore.PIECE_BYTES).hasSizeGreaterThan(5);
    assertThat(told.stream().mapToLong(Long::longValue).sum()).isEqualTo(content.length + 100);
  }
}
