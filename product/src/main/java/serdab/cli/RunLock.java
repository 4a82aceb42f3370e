package serdab.cli;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import serdab.Problem;
import serdab.SerdabException;

/// One run at a time per installation. The system lets go of it when the process ends, however it
/// ends.
final class RunLock implements AutoCloseable {

  private static final long LOOK_EVERY_MILLIS = 1000;

  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /// Takes the lock; when another run holds it, leaves at once or waits for its end.
  ///
  /// @param wait for how long to wait at most
  /// @param terminal told once that there is something to wait for
  /// @param rest how time passes, given in milliseconds
  /// @throws SerdabException.HeldBack when another run still holds it then
  static RunLock take(Path file, Duration wait, Terminal terminal, Rest rest) {
    long left = wait.toMillis();
    boolean told = false;
    while (left > 0) {
      try {
        return take(file);
      } catch (SerdabException.HeldBack e) {
        if (!told) {
          terminal
              .err()
              .println(
                  terminal
                      .messages()
                      .text("progress.another-run", serdab.plan.Durations.text(wait)));
          told = true;
        }
      }
      long step = Math.min(left, LOOK_EVERY_MILLIS);
      rest.restFor(Duration.ofMillis(step));
      left -= step;
    }
    return take(file);
  }

  /// How a thread waits.
  interface Rest {
    void restFor(Duration duration);

    /// Sleeps; an interrupted sleep is over at once.
    static void asleep(Duration duration) {
      try {
        Thread.sleep(duration);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
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
                "Wait until it ends (serdab backup --wait 1h does); serdab status shows it."));
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
