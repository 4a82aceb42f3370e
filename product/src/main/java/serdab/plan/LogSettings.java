package serdab.plan;

/// How much of its own log an installation keeps.
///
/// @param fileBytesMax a log file that has reached this is rotated
/// @param files how many rotated files are kept
/// @param daily whether a new file begins each day as well
/// @param keepDays rotated files older than this are removed
public record LogSettings(long fileBytesMax, int files, boolean daily, int keepDays) {

  public static final LogSettings DEFAULT = new LogSettings(100L << 20, 10, false, 10);
}
