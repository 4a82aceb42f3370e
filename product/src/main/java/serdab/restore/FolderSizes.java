package serdab.restore;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.source.horos.LibraryIndex;

/// Finds out, from the paths of a library's files, how many files its viewer puts in one numbered
/// folder: a preference that nothing in the library states.
final class FolderSizes {

  private static final Pattern IMAGE =
      Pattern.compile("DATABASE(?:\\.noindex)?/([1-9]\\d{0,9})/([1-9]\\d{0,9})(?:\\..*)?");

  /// Enough to tell one size from another.
  private static final int SAMPLES_MAX = 5_000;

  private final List<long[]> samples = new ArrayList<>();
  private long common;

  void saw(String path) {
    Matcher image = IMAGE.matcher(path);
    if (samples.size() < SAMPLES_MAX && image.matches()) {
      long folder = Long.parseLong(image.group(1));
      samples.add(new long[] {folder, Long.parseLong(image.group(2))});
      common = gcd(common, folder);
    }
  }

  /// The size that explains most of what was seen; the viewer's own default when nothing speaks for
  /// another.
  int size() {
    long best = LibraryIndex.DEFAULT_FOLDER_SIZE;
    long explained = explained(best);
    for (long divisor = 1; divisor * divisor <= common && explained < samples.size(); divisor++) {
      if (common % divisor == 0) {
        for (long candidate : new long[] {common / divisor, divisor}) {
          long count = candidate > Integer.MAX_VALUE ? 0 : explained(candidate);
          if (count > explained) {
            best = candidate;
            explained = count;
          }
        }
      }
    }
    return (int) best;
  }

  private long explained(long size) {
    return samples.stream().filter(sample -> (sample[1] / size + 1) * size == sample[0]).count();
  }

  private static long gcd(long a, long b) {
    return b == 0 ? a : gcd(b, a % b);
  }
}
