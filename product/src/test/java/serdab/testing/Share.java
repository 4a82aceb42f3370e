package serdab.testing;

import java.time.Duration;

/// How much of a long proof this process does: a twentieth in `./dev check`, a slice at a time in
/// `./dev prove`, all of it otherwise.
///
/// `-DrunsFactor=0.05` takes that part of the runs from the start; `-Dslice=3/20` the fourth
/// twentieth of them. [SeededTest] obeys both by itself; a test with a loop or a clock of its own
/// asks here.
public final class Share {

  private Share() {}

  /// One slice of a whole: which, counted from 0, and of how many.
  private record Slice(int index, int of) {

    static Slice asked() {
      String[] parts = System.getProperty("slice", "0/1").split("/", -1);
      Slice slice = new Slice(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
      if (slice.index < 0 || slice.index >= slice.of) {
        throw new IllegalArgumentException("-Dslice counts from 0: " + slice);
      }
      return slice;
    }
  }

  /// The first of the `[0, whole)` runs that belongs to this process.
  public static long firstOf(long whole) {
    Slice slice = Slice.asked();
    return scaled(whole) * slice.index / slice.of;
  }

  /// The run after the last that belongs to this process. A slice may be empty; a whole never is.
  public static long endOf(long whole) {
    Slice slice = Slice.asked();
    return scaled(whole) * (slice.index + 1) / slice.of;
  }

  /// This process's part of a time, for proofs that are counted in minutes.
  public static Duration of(Duration whole) {
    return Duration.ofNanos((long) (whole.toNanos() * factor() / Slice.asked().of()));
  }

  private static long scaled(long whole) {
    return Math.max(1, Math.round(whole * factor()));
  }

  private static double factor() {
    return Double.parseDouble(System.getProperty("runsFactor", "1"));
  }
}
