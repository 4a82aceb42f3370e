package serdab.dicom;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// A data set, or an item of a sequence: an index of its elements in file order, those inside its
/// sequences included. Values are read from the [#source] when they are asked for, so the source
/// must still be open. Thread-safe.
///
/// Indexes are those of this data set: an item's elements start at 0 again, with depth 0.
public final class DataSet {

  private static final int TOP = -1;

  private final ElementIndex index;
  private final ByteSource source;
  private final Limits limits;

  /// The range of the index that is this data set, and the item it belongs to.
  private final int from;

  private final int to;
  private final int owner;

  DataSet(ElementIndex index, ByteSource source, Limits limits) {
    this(index, source, limits, 0, index.size(), TOP);
  }

  private DataSet(
      ElementIndex index, ByteSource source, Limits limits, int from, int to, int owner) {
    this.index = index;
    this.source = source;
    this.limits = limits;
    this.from = from;
    this.to = to;
    this.owner = owner;
  }

  /// The bytes that positions and offsets count from: the file, or the inflated bytes of a deflated
  /// data set.
  public ByteSource source() {
    return source;
  }

  /// The number of elements, items and fragments at all depths.
  public int size() {
    return to - from;
  }

  public boolean isEmpty() {
    return size() == 0;
  }

  public Element element(int i) {
    return new Element(
        i,
        tag(i),
        vr(i),
        position(i),
        valueOffset(i),
        valueLength(i),
        depth(i),
        parent(i),
        hasUndefinedLength(i),
        isExplicit(i),
        isBigEndian(i));
  }

  public int tag(int i) {
    return index.tag(at(i));
  }

  public Vr vr(int i) {
    return index.vr(at(i));
  }

  public long position(int i) {
    return index.position(at(i));
  }

  public long valueOffset(int i) {
    return index.valueOffset(at(i));
  }

  public long valueLength(int i) {
    return index.length(at(i));
  }

  /// How many items of this data set hold the element.
  public int depth(int i) {
    return index.depth(at(i)) - (owner == TOP ? 0 : index.depth(owner) + 1);
  }

  /// The index of the item, or of the sequence or pixel data, that directly holds the element; -1
  /// at the top of this data set.
  public int parent(int i) {
    int parent = index.parent(at(i));
    return parent == owner ? TOP : parent - from;
  }

  public boolean hasUndefinedLength(int i) {
    return index.isUndefined(at(i));
  }

  public boolean isExplicit(int i) {
    return index.isExplicit(at(i));
  }

  public boolean isBigEndian(int i) {
    return index.isBigEndian(at(i));
  }

  /// The index behind everything inside element `i`; the next element beside it, if there is one.
  public int next(int i) {
    return Math.min(index.endOf(at(i)), to) - from;
  }

  /// The index of the first element with this tag at the top of this data set, or -1.
  public int indexOf(int tag) {
    for (int i = from; i < to; i++) {
      if (index.tag(i) == tag && index.parent(i) == owner) {
        return i - from;
      }
    }
    return -1;
  }

  /// The first element with this tag at the top of this data set.
  public Optional<Element> find(int tag) {
    int i = indexOf(tag);
    return i < 0 ? Optional.empty() : Optional.of(element(i));
  }

  /// The bytes of a value as they stand in the file; empty when they are longer than fits into
  /// memory at once (1 MiB), or no longer there. Longer ones are read in parts with [#read].
  public Optional<byte[]> value(int i) throws IOException {
    long length = valueLength(i);
    if (length > limits.valueBytesMax()) {
      return Optional.empty();
    }
    byte[] bytes = new byte[(int) length];
    ByteBuffer target = ByteBuffer.wrap(bytes);
    while (target.hasRemaining()) {
      if (read(i, target.position(), target) <= 0) {
        return Optional.empty();
      }
    }
    return Optional.of(bytes);
  }

  /// Reads a part of a value.
  ///
  /// @param offset inside the value, from 0
  /// @return the number of bytes read; -1 at the end of the value
  public int read(int i, long offset, ByteBuffer target) throws IOException {
    long left = valueLength(i) - offset;
    if (left <= 0) {
      return -1;
    }
    if (left >= target.remaining()) {
      return source.read(valueOffset(i) + offset, target);
    }
    int limit = target.limit();
    target.limit(target.position() + (int) left);
    try {
      return source.read(valueOffset(i) + offset, target);
    } finally {
      target.limit(limit);
    }
  }

  /// The first value of a text attribute at the top of this data set, decoded and without padding;
  /// empty when the attribute is missing, has no value, or is not text.
  public Optional<String> string(int tag) throws IOException {
    List<String> values = strings(tag);
    return values.isEmpty() || values.getFirst().isEmpty()
        ? Optional.empty()
        : Optional.of(values.getFirst());
  }

  /// All values of a text attribute at the top of this data set, decoded and without padding; an
  /// empty list when the attribute is missing, has no value, or is not text. Values without
  /// characters keep their place in the list.
  public List<String> strings(int tag) throws IOException {
    int i = indexOf(tag);
    return i < 0 ? List.of() : stringsAt(i);
  }

  /// All values of the text element `i`, as [#strings] gives them.
  public List<String> stringsAt(int i) throws IOException {
    // Unknown VRs of attributes we know still hold what the standard says (PS3.5 section 6.2.2).
    Vr vr = vr(i) == Vr.UN ? Dictionary.vrOf(tag(i)) : vr(i);
    if (!vr.isText() || valueLength(i) == 0) {
      return List.of();
    }
    Optional<byte[]> bytes = value(i);
    if (bytes.isEmpty()) {
      return List.of();
    }
    String text =
        vr.followsCharacterSet()
            ? characterSetsAt(i).decode(bytes.get(), vr)
            : new String(bytes.get(), StandardCharsets.ISO_8859_1);
    return vr.isMultiValuedText() ? Values.split(text, vr) : List.of(Values.trim(text, vr));
  }

  /// The first number of a binary US, SS, UL, SL, AT, or of an IS, at the top of this data set;
  /// empty when there is none.
  public Optional<Long> number(int tag) throws IOException {
    int i = indexOf(tag);
    if (i < 0) {
      return Optional.empty();
    }
    Vr vr = vr(i) == Vr.UN ? Dictionary.vrOf(tag) : vr(i);
    return switch (vr) {
      case US, SS, UL, SL, AT -> {
        Optional<byte[]> value = value(i);
        yield value.isEmpty() ? Optional.empty() : Values.number(value.get(), vr, isBigEndian(i));
      }
      case IS -> string(tag).flatMap(Values::integer);
      default -> Optional.empty();
    };
  }

  /// The items of the sequence `i`, in file order; empty for anything else. Each is a view of this
  /// index and costs no memory of its own.
  public List<DataSet> items(int i) {
    if (isEncapsulated(i)) {
      return List.of();
    }
    int[] items = childrenOf(i);
    return new AbstractList<>() {
      @Override
      public DataSet get(int n) {
        int item = items[n];
        return new DataSet(index, source, limits, item + 1, index.endOf(item), item);
      }

      @Override
      public int size() {
        return items.length;
      }
    };
  }

  /// The items of the first sequence with this tag at the top of this data set; empty when there is
  /// none.
  public List<DataSet> sequence(int tag) {
    int i = indexOf(tag);
    return i < 0 ? List.of() : items(i);
  }

  /// Where this item starts, its tag included: what the offsets of a DICOMDIR point to; 0 for a
  /// data set that is not an item.
  public long position() {
    return owner == TOP ? 0 : index.position(owner);
  }

  /// Whether element `i` holds fragments: encapsulated pixel data (PS3.5 section A.4).
  public boolean isEncapsulated(int i) {
    int k = at(i);
    return index.isUndefined(k)
        && switch (index.vr(k)) {
          case OB, OW, OD, OF, OL, OV -> true;
          case UN -> Tag.isPixelData(index.tag(k));
          default -> false;
        };
  }

  /// The fragments of encapsulated pixel data as ranges of the [#source], the offset table first;
  /// empty for anything else.
  public List<ByteRange> fragments(int i) {
    if (!isEncapsulated(i)) {
      return List.of();
    }
    int[] fragments = childrenOf(i);
    return new AbstractList<>() {
      @Override
      public ByteRange get(int n) {
        return new ByteRange(index.valueOffset(fragments[n]), index.length(fragments[n]));
      }

      @Override
      public int size() {
        return fragments.length;
      }
    };
  }

  /// The fragments of encapsulated pixel data by the frames that they make (docs/format/digests.md,
  /// section 5), the offset table left out; empty for anything else, and where there are no
  /// fragments.
  public List<List<ByteRange>> frames(int i) throws IOException {
    List<ByteRange> all = fragments(i);
    if (all.size() < 2) {
      return List.of();
    }
    List<ByteRange> fragments = all.subList(1, all.size());
    long[] offsets = new long[fragments.size()];
    for (int n = 0; n < offsets.length; n++) {
      offsets[n] = fragments.get(n).offset() - fragments.getFirst().offset();
    }
    int[] lasts;
    try {
      lasts = new Frames(this, this::bytesOfSmall).lastFragments(i, offsets);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    List<List<ByteRange>> frames = new ArrayList<>(lasts.length);
    int first = 0;
    for (int last : lasts) {
      frames.add(List.copyOf(fragments.subList(first, last + 1)));
      first = last + 1;
    }
    return frames;
  }

  /// What tells frames apart: none of a value that is bulk.
  private byte[] bytesOfSmall(int i) {
    if (vr(i) != Vr.NONE && valueLength(i) >= Bulk.BULK_BYTES_MIN) {
      return new byte[0];
    }
    try {
      return value(i).orElse(new byte[0]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The character sets that hold for element `i`: those of the closest item around it that names
  /// some (PS3.3 section C.12.1.1.2), else none.
  public CharacterSets characterSetsAt(int i) throws IOException {
    int holder = index.parent(at(i));
    while (holder >= 0) {
      int declared = declaredCharacterSet(holder);
      if (declared >= 0) {
        return characterSetsNamedAt(declared);
      }
      int sequence = index.parent(holder);
      holder = sequence < 0 ? TOP : index.parent(sequence);
    }
    int declared = index.placeOfCharacterSets();
    return declared < 0 ? CharacterSets.of(List.of()) : characterSetsNamedAt(declared);
  }

  private CharacterSets characterSetsNamedAt(int place) throws IOException {
    CharacterSets sets = index.rememberedSets(place);
    if (sets == null) {
      Optional<byte[]> names = new DataSet(index, source, limits).value(place);
      // Its own text is ASCII whatever its VR says: a wrong one must not ask for character sets.
      sets =
          CharacterSets.of(
              names.isEmpty()
                  ? List.of()
                  : Values.split(new String(names.get(), StandardCharsets.ISO_8859_1), Vr.CS));
      index.rememberSets(place, sets);
    }
    return sets;
  }

  /// (0008,0005) stands in front of nearly everything, so its absence shows at once.
  private int declaredCharacterSet(int item) {
    for (int k = item + 1; k < index.size() && index.parent(k) >= item; k++) {
      if (index.parent(k) == item) {
        if (index.tag(k) == Tag.SpecificCharacterSet) {
          return k;
        }
        if (Integer.compareUnsigned(index.tag(k), Tag.SpecificCharacterSet) > 0) {
          return -1;
        }
      }
    }
    return -1;
  }

  private int[] childrenOf(int i) {
    int k = at(i);
    int end = index.endOf(k);
    int count = 0;
    for (int j = k + 1; j < end; j++) {
      if (index.parent(j) == k) {
        count++;
      }
    }
    int[] children = new int[count];
    count = 0;
    for (int j = k + 1; j < end; j++) {
      if (index.parent(j) == k) {
        children[count++] = j;
      }
    }
    return children;
  }

  private int at(int i) {
    Objects.checkIndex(i, to - from);
    return from + i;
  }

  /// Tags and places; never values.
  @Override
  public String toString() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < Math.min(size(), 20); i++) {
      lines.add(Tag.text(tag(i)));
    }
    return size() + " elements " + lines + (size() > 20 ? "…" : "");
  }
}
