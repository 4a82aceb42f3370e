package serdab.backup;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;
import serdab.Problem;
import serdab.destination.Destination;

/// How far a destination is filled: never to the brim, and never begun on with a study that does
/// not fit.
final class Room {

  static final String ALMOST_FULL = "destination-almost-full";

  /// What a write met that ran into the end of the volume all the same.
  static final String FULL = "place-full";

  /// Kept free on large volumes: room for the lists and copies of indexes that lie beside the
  /// studies, and for whoever else uses the volume.
  static final long RESERVE_MAX_BYTES = 1L << 30;

  /// Kept free on the smallest volumes, and where the volume does not say how large it is.
  static final long RESERVE_MIN_BYTES = 4L << 20;

  /// Of small volumes a hundredth is kept free.
  private static final int RESERVE_SHARE = 100;

  private static final String NEEDED = "bytes-needed";
  private static final String FREE = "bytes-free";
  private static final long GIGA = 1_000_000_000;
  private static final long MEGA = 1_000_000;

  private Room() {}

  /// Bytes that stay free: a hundredth of the volume, at most 1 GiB.
  static long reserve(Destination destination) {
    OptionalLong total = destination.totalBytes();
    return total.isEmpty()
        ? RESERVE_MIN_BYTES
        : Math.clamp(total.getAsLong() / RESERVE_SHARE, RESERVE_MIN_BYTES, RESERVE_MAX_BYTES);
  }

  static boolean isLacking(Problem problem) {
    return problem.code().equals(ALMOST_FULL) || problem.code().equals(FULL);
  }

  /// Why a study was not begun on a destination.
  ///
  /// @param usable bytes that are free, the reserve among them
  /// @param study bytes that the study may need
  static Problem almostFull(Destination destination, long usable, long reserve, long study) {
    return new Problem(
        ALMOST_FULL,
        "The destination "
            + destination.describe()
            + " is almost full: the next study needs "
            + text(study)
            + ", "
            + text(Math.max(0, usable - reserve))
            + " can be used and "
            + text(reserve)
            + " stay free. Nothing more is copied there; what is there stays good.",
        "Free some space on it, add a destination on another disk, or see what serdab prune offers;"
            + " then run again.",
        Map.of(NEEDED, Long.toString(study), FREE, Long.toString(Math.max(0, usable - reserve))));
  }

  /// The same problem, with how much room all studies lack that did not get there.
  ///
  /// @param studies how many, the one that was refused among them
  /// @param files how many files they have
  /// @param bytesPerFile as measured in this run; empty: as in the study that was refused
  /// @param refusedFiles how many files the study had that was refused
  static Problem withForecast(
      Problem problem, long studies, long files, OptionalLong bytesPerFile, long refusedFiles) {
    if (!problem.code().equals(ALMOST_FULL)) {
      return problem;
    }
    long needed = Long.parseLong(problem.details().getOrDefault(NEEDED, "0"));
    long free = Long.parseLong(problem.details().getOrDefault(FREE, "0"));
    long perFile = bytesPerFile.orElse(needed / Math.max(1, refusedFiles));
    long others = Math.max(0, files - refusedFiles) * perFile;
    long missing = Math.max(0, needed + others - free);
    Map<String, String> details = new HashMap<>(problem.details());
    details.put("bytes-missing", Long.toString(missing));
    return new Problem(
        problem.code(),
        problem.what()
            + " About "
            + text(missing)
            + " are missing for "
            + (studies == 1
                ? "the one study that did not get there."
                : "the " + studies + " studies that did not get there."),
        problem.next(),
        details);
  }

  private static String text(long bytes) {
    return bytes >= 10 * GIGA
        ? Math.ceilDiv(bytes, GIGA) + " GB"
        : Math.ceilDiv(bytes, MEGA) + " MB";
  }
}
