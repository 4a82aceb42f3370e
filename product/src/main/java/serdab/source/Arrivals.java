package serdab.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/// Which files of a folder count, where files keep coming in: those up to the last moment after
/// which nothing came for a while. Their times of change are the times at which they came.
///
/// So a study that is being sent is not listed yet, and one that was listed does not go away when
/// more of it comes: what is new waits for its own quiet time.
public final class Arrivals {

  /// Everything counts.
  public static final Arrivals ALL = new Arrivals(Duration.ZERO, Instant.MAX);

  private final Duration quiet;
  private final Instant now;

  private Arrivals(Duration quiet, Instant now) {
    this.quiet = quiet;
    this.now = now;
  }

  /// What counts when files keep coming in.
  ///
  /// @param quiet how long nothing must have come; zero: everything counts
  /// @param now the time
  public static Arrivals quietFor(Duration quiet, Instant now) {
    return new Arrivals(quiet, now);
  }

  /// The newest time of change in milliseconds that counts in this folder; a file that is younger
  /// does not count. The least number when none counts.
  long until(Path folder) throws IOException {
    if (quiet.isZero()) {
      return Long.MAX_VALUE;
    }
    List<Long> times = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        BasicFileAttributes attributes =
            Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isRegularFile()) {
          times.add(attributes.lastModifiedTime().toMillis());
        }
      }
    }
    Collections.sort(times);
    long next = now.toEpochMilli();
    for (long time : times.reversed()) {
      if (next - time >= quiet.toMillis()) {
        return time;
      }
      next = time;
    }
    return times.isEmpty() ? Long.MAX_VALUE : Long.MIN_VALUE;
  }
}
