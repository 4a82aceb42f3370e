package serdab.dicom;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntFunction;

/// Which fragments of encapsulated pixel data make a frame (docs/format/digests.md, section 5).
final class Frames {

  static final int EXTENDED_OFFSET_TABLE = 0x7FE00001;

  private static final int DIGITS_MAX = 9;

  private final DataSet dataSet;
  private final IntFunction<byte[]> values;

  /// What is known of each level with fragments, by the item that holds it.
  private final Map<Integer, Level> levels = new HashMap<>();

  /// How far a level was searched for the attributes that tell of frames. A file may hold fragments
  /// ten thousand times side by side, so each level is walked over once.
  private static final class Level {
    int next;
    int numberOfFrames = -1;
    int extendedOffsetTable = -1;

    Level(int first) {
      this.next = first;
    }
  }

  /// @param values the bytes of an element's value, as far as they went by; else none
  Frames(DataSet dataSet, IntFunction<byte[]> values) {
    this.dataSet = dataSet;
    this.values = values;
  }

  /// The number of the last fragment of each frame. Elements are asked for in file order.
  ///
  /// @param element with the fragments
  /// @param offsets of the fragments from the first one, at least one
  int[] lastFragments(int element, long[] offsets) {
    int fragments = offsets.length;
    Level level = levelBefore(element);
    int frames = numberOfFrames(level);
    if (frames == 1) {
      return new int[] {fragments - 1};
    }
    if (fragments > frames) {
      int basic = element + 1;
      int[] found = byTable(values.apply(basic), Integer.BYTES, basic, offsets, frames);
      if (found.length > 0) {
        return found;
      }
      int extended = level.extendedOffsetTable;
      if (extended >= 0) {
        found = byTable(values.apply(extended), Long.BYTES, extended, offsets, frames);
        if (found.length > 0) {
          return found;
        }
      }
    }
    int[] each = new int[fragments];
    Arrays.setAll(each, i -> i);
    return each;
  }

  /// None when the table does not fit the fragments.
  private int[] byTable(byte[] table, int width, int tableElement, long[] offsets, int frames) {
    if (table.length != (long) frames * width) {
      return new int[0];
    }
    boolean bigEndian = dataSet.isBigEndian(tableElement);
    int[] lasts = new int[frames];
    int previousFirst = -1;
    for (int frame = 0; frame < frames; frame++) {
      int first = Arrays.binarySearch(offsets, number(table, frame * width, width, bigEndian));
      if (first <= previousFirst || (frame == 0 && first != 0)) {
        return new int[0];
      }
      if (frame > 0) {
        lasts[frame - 1] = first - 1;
      }
      previousFirst = first;
    }
    lasts[frames - 1] = offsets.length - 1;
    return lasts;
  }

  private static long number(byte[] bytes, int at, int width, boolean bigEndian) {
    long low = Bytes.u32(bytes, at, bigEndian);
    if (width == Integer.BYTES) {
      return low;
    }
    long high = Bytes.u32(bytes, at + Integer.BYTES, bigEndian);
    return bigEndian ? low << Integer.SIZE | high : high << Integer.SIZE | low;
  }

  private int numberOfFrames(Level level) {
    if (level.numberOfFrames < 0) {
      return 1;
    }
    byte[] text = values.apply(level.numberOfFrames);
    int from = 0;
    int to = text.length;
    while (from < to && isPadding(text[from])) {
      from++;
    }
    while (from < to && isPadding(text[to - 1])) {
      to--;
    }
    if (from < to && text[from] == '+') {
      from++;
    }
    if (from == to || to - from > DIGITS_MAX) {
      return 1;
    }
    int number = 0;
    for (; from < to; from++) {
      if (text[from] < '0' || text[from] > '9') {
        return 1;
      }
      number = 10 * number + text[from] - '0';
    }
    return Math.max(1, number);
  }

  private static boolean isPadding(byte b) {
    return b == ' ' || b == 0;
  }

  /// The level of an element, searched up to it.
  private Level levelBefore(int element) {
    int parent = dataSet.parent(element);
    Level level = levels.computeIfAbsent(parent, holder -> new Level(holder + 1));
    while (level.next < element) {
      int i = level.next;
      if (DataSetPass.isValue(dataSet, i)) {
        if (dataSet.tag(i) == Tag.NumberOfFrames && level.numberOfFrames < 0) {
          level.numberOfFrames = i;
        } else if (dataSet.tag(i) == EXTENDED_OFFSET_TABLE && level.extendedOffsetTable < 0) {
          level.extendedOffsetTable = i;
        }
      }
      level.next = dataSet.next(i);
    }
    return level;
  }
}
