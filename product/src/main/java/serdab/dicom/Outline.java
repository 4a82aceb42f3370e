package serdab.dicom;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What the elements at the top of a data set are, each by a short hash of its canonical form
/// (docs/format/digests.md, section 4): enough to tell which of them another data set has not, or
/// has otherwise. Holds no value.
public final class Outline {

  private final int[] tags;
  private final long[] hashes;

  /// @param tags in unsigned order
  Outline(int[] tags, long[] hashes) {
    this.tags = tags;
    this.hashes = hashes;
  }

  /// The tags that only one of both has, or that have other values there, in order.
  public List<Integer> differencesFrom(Outline other) {
    List<Integer> differences = new ArrayList<>();
    int mine = 0;
    int theirs = 0;
    while (mine < tags.length || theirs < other.tags.length) {
      int order =
          mine == tags.length
              ? 1
              : theirs == other.tags.length
                  ? -1
                  : Integer.compareUnsigned(tags[mine], other.tags[theirs]);
      if (order == 0) {
        if (hashes[mine] != other.hashes[theirs]) {
          differences.add(tags[mine]);
        }
        mine++;
        theirs++;
      } else if (order < 0) {
        differences.add(tags[mine++]);
      } else {
        differences.add(other.tags[theirs++]);
      }
    }
    return differences;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Outline that
        && Arrays.equals(tags, that.tags)
        && Arrays.equals(hashes, that.hashes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hashes);
  }
}
