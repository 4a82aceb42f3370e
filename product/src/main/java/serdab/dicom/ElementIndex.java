package serdab.dicom;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Where every element of a file stands, in file order and at all depths: 28 bytes each, in arrays.
/// Written by one thread, then read by any.
final class ElementIndex {

  private static final int FIRST_CAPACITY = 192;

  private static final int VR_MASK = 0x3F;
  private static final int LONG_HEADER = 1 << 6;
  private static final int UNDEFINED = 1 << 7;
  private static final int EXPLICIT = 1 << 8;
  private static final int BIG_ENDIAN = 1 << 9;
  private static final int DEPTH_SHIFT = 10;

  private int[] tags = new int[FIRST_CAPACITY];
  private long[] positions = new long[FIRST_CAPACITY];
  private long[] lengths = new long[FIRST_CAPACITY];
  private int[] parents = new int[FIRST_CAPACITY];
  private int[] facts = new int[FIRST_CAPACITY];
  private int size;

  private record NamedSets(int place, CharacterSets sets) {}

  /// Where the data set itself names its character sets; -2 until someone asked.
  private volatile int placeOfSets = -2;

  /// The sets last asked for: those of neighbours are most often the same.
  private volatile @Nullable NamedSets lastSets;

  int add(
      int tag,
      Vr vr,
      long position,
      int headerBytes,
      long length,
      int parent,
      int depth,
      boolean undefined,
      boolean explicit,
      boolean bigEndian) {
    if (size == tags.length) {
      int capacity = size + (size >> 1);
      tags = Arrays.copyOf(tags, capacity);
      positions = Arrays.copyOf(positions, capacity);
      lengths = Arrays.copyOf(lengths, capacity);
      parents = Arrays.copyOf(parents, capacity);
      facts = Arrays.copyOf(facts, capacity);
    }
    tags[size] = tag;
    positions[size] = position;
    lengths[size] = length;
    parents[size] = parent;
    facts[size] =
        vr.code()
            | (headerBytes == 12 ? LONG_HEADER : 0)
            | (undefined ? UNDEFINED : 0)
            | (explicit ? EXPLICIT : 0)
            | (bigEndian ? BIG_ENDIAN : 0)
            | (depth << DEPTH_SHIFT);
    return size++;
  }

  /// The length of something undefined is known when its delimiter is met.
  void closeAt(int i, long end) {
    lengths[i] = end - valueOffset(i);
  }

  int size() {
    return size;
  }

  int tag(int i) {
    return tags[i];
  }

  Vr vr(int i) {
    return Vr.ofCode(facts[i] & VR_MASK);
  }

  long position(int i) {
    return positions[i];
  }

  long valueOffset(int i) {
    return positions[i] + ((facts[i] & LONG_HEADER) != 0 ? 12 : 8);
  }

  long length(int i) {
    return lengths[i];
  }

  int parent(int i) {
    return parents[i];
  }

  int depth(int i) {
    return facts[i] >>> DEPTH_SHIFT;
  }

  boolean isUndefined(int i) {
    return (facts[i] & UNDEFINED) != 0;
  }

  boolean isExplicit(int i) {
    return (facts[i] & EXPLICIT) != 0;
  }

  boolean isBigEndian(int i) {
    return (facts[i] & BIG_ENDIAN) != 0;
  }

  /// The first index behind everything inside this element.
  int endOf(int i) {
    int j = i + 1;
    // What is inside follows directly, and its parents are this element or stand behind it.
    while (j < size && parents[j] >= i) {
      j++;
    }
    return j;
  }

  /// The place of Specific Character Set (0008,0005) at the top; -1 when there is none.
  int placeOfCharacterSets() {
    int place = placeOfSets;
    if (place == -2) {
      place = -1;
      for (int i = 0; i < size && place < 0; i++) {
        if (tags[i] == Tag.SpecificCharacterSet && parents[i] == -1) {
          place = i;
        }
      }
      placeOfSets = place;
    }
    return place;
  }

  /// The character sets named at that place, when they were the last asked for.
  @Nullable CharacterSets rememberedSets(int place) {
    NamedSets last = lastSets;
    return last != null && last.place == place ? last.sets : null;
  }

  void rememberSets(int place, CharacterSets sets) {
    lastSets = new NamedSets(place, sets);
  }
}
