package serdab.restore;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/// How much may be written to the volume of a folder that may not be there yet.
public final class Room {

  private Room() {}

  /// What the volume has, less what viewers and systems need free; empty where it does not say.
  public static OptionalLong at(Path target) {
    Path there = target.toAbsolutePath();
    while (there != null && !Files.exists(there)) {
      there = there.getParent();
    }
    if (there == null) {
      return OptionalLong.empty();
    }
    try {
      FileStore volume = Files.getFileStore(there);
      long reserve =
          Math.min(
              IncomingFolder.RESERVE_BYTES, volume.getTotalSpace() / IncomingFolder.RESERVE_SHARE);
      return OptionalLong.of(Math.max(0, volume.getUsableSpace() - reserve));
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }
}
