package serdab.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import serdab.Problem;
import serdab.SerdabException;

/// One run at a time per installation. The system lets go of it when the process ends, however it
/// ends.
final class RunLock implements AutoCloseable {

  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /// @throws SerdabException.HeldBack when another run holds it
  static RunLock take(Path file) {
    try {
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      boolean locked = false;
      try {
        FileLock lock = channel.tryLock();
        locked = lock != null;
      } catch (OverlappingFileLockException e) {
        locked = false;
      } finally {
        if (!locked) {
          channel.close();
        }
      }
      if (!locked) {
        throw new SerdabException.HeldBack(
            new Problem(
                "another-run",
                "Another run of this installation is going on.",
                "Wait until it ends; serdab status shows it."));
      }
      return new RunLock(channel);
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "home-not-writable",
              "The lock file " + file + " cannot be made.",
              "Make its folder writable, or name another folder as SERDAB_HOME."),
          e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // The lock ends with the process at the latest.
    }
  }
}
