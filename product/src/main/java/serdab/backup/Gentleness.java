package serdab.backup;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/// How long workers rest after each study, by how fast the source could be read: a viewer that
/// somebody works with makes reading slow, and then a backup had better step back. Thread-safe;
/// what it says depends on what it was told only.
///
/// - A *reading* is at least [#JUDGED_BYTES] of the source, opening a file counted as
///   [#OPENING_BYTES]: what takes less is added to the next study's, as its time is mostly chance.
/// - The *baseline* is the median time per byte of the last [#REMEMBERED] readings that were not
///   slow. Before [#LEARNED_FROM] readings there is none, and nothing is slow.
/// - A reading that takes more than [#SLOW_FACTOR] times as long per byte is *slow*. It doubles the
///   rest, which begins at [#SHORTEST_REST] and ends at [#LONGEST_REST]. Any other reading halves
///   it; below the shortest there is none.
/// - After [#ACCEPTED_AFTER] slow readings in a row slow is how the source is now: the baseline is
///   learned anew.
final class Gentleness {

  static final long OPENING_BYTES = 512 << 10;
  static final long JUDGED_BYTES = 4 << 20;
  static final int REMEMBERED = 31;
  static final int LEARNED_FROM = 5;
  static final double SLOW_FACTOR = 3;
  static final Duration SHORTEST_REST = Duration.ofMillis(250);
  static final Duration LONGEST_REST = Duration.ofSeconds(30);
  static final int ACCEPTED_AFTER = 250;

  private final Deque<Double> fast = new ArrayDeque<>();
  private Duration rest = Duration.ZERO;
  private long bytes;
  private long nanos;
  private int slowInARow;

  /// Takes in how one study was read.
  ///
  /// @param files how many files were opened
  /// @param length how many bytes were read
  /// @param took how long the source took for it; a clock that was put back is taken as no time
  /// @return the new rest when it changed
  synchronized Optional<Duration> read(long files, long length, Duration took) {
    bytes += length + files * OPENING_BYTES;
    nanos += Math.max(0, took.toNanos());
    if (bytes < JUDGED_BYTES) {
      return Optional.empty();
    }
    double pace = (double) nanos / bytes;
    bytes = 0;
    nanos = 0;
    Duration before = rest;
    if (isSlow(pace)) {
      slowInARow++;
      rest = longer(rest);
      if (slowInARow >= ACCEPTED_AFTER) {
        fast.clear();
        slowInARow = 0;
        rest = Duration.ZERO;
      }
    } else {
      slowInARow = 0;
      rest = shorter(rest);
      fast.addLast(pace);
      if (fast.size() > REMEMBERED) {
        fast.removeFirst();
      }
    }
    return rest.equals(before) ? Optional.empty() : Optional.of(rest);
  }

  private boolean isSlow(double pace) {
    if (fast.size() < LEARNED_FROM) {
      return false;
    }
    double baseline = fast.stream().sorted().toList().get(fast.size() / 2);
    return pace > baseline * SLOW_FACTOR;
  }

  private static Duration longer(Duration rest) {
    Duration doubled = rest.isZero() ? SHORTEST_REST : rest.multipliedBy(2);
    return doubled.compareTo(LONGEST_REST) > 0 ? LONGEST_REST : doubled;
  }

  private static Duration shorter(Duration rest) {
    Duration half = rest.dividedBy(2);
    return half.compareTo(SHORTEST_REST) < 0 ? Duration.ZERO : half;
  }

  /// How long to rest after a study now.
  synchronized Duration rest() {
    return rest;
  }
}
