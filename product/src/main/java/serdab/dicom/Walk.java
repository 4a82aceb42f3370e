package serdab.dicom;

import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One walk over the elements of a data set, which builds their index. Nesting is a stack of
/// frames, every step moves forward, and nothing is believed about a length before it was compared
/// with what is there. One thread at a time.
final class Walk {

  static final long UNDEFINED = 0xFFFF_FFFFL;

  private static final int SHORT_HEADER = 8;
  private static final int LONG_HEADER = 12;
  private static final int NO_TAG = 0;

  private enum Kind {
    /// A data set or an item.
    ELEMENTS,
    SEQUENCE,
    FRAGMENTS
  }

  /// Why a walk ended where it did.
  enum Until {
    /// Everything is wanted.
    END,
    /// Only group 0002.
    END_OF_META,
    /// Everything up to the pixels.
    PIXEL_DATA
  }

  /// What a header at some position says.
  private static final class Header {
    int tag;
    Vr vr = Vr.UN;
    int headerBytes;
    long length;
    boolean explicit;
  }

  private final Window in;
  private final Limits limits;
  private final Anomalies anomalies;
  private final ElementIndex index = new ElementIndex();
  private final Until until;
  private final long end;
  private final Header header = new Header();

  /// The stack: one entry per open sequence, item or list of fragments.
  private int top;

  private Kind[] kinds = new Kind[8];
  private int[] owners = new int[8];
  private long[] bounds = new long[8];
  private boolean[] defined = new boolean[8];
  private boolean[] explicits = new boolean[8];
  private boolean[] bigEndians = new boolean[8];
  private int[] lastTags = new int[8];
  private int[] counts = new int[8];
  private int[] depths = new int[8];

  /// Whether Pixel Representation (0028,0103) of this data set, or of one around it, says signed.
  private boolean[] signed = new boolean[8];

  private long at;
  private boolean stopped;
  private boolean truncated;
  private boolean pixelsSeen;
  private boolean unreadable;
  private boolean oddEncodingTold;

  Walk(
      Window in,
      long start,
      long end,
      Encoding encoding,
      Until until,
      Limits limits,
      Anomalies anomalies) {
    this.in = in;
    this.at = start;
    this.end = end;
    this.until = until;
    this.limits = limits;
    this.anomalies = anomalies;
    kinds[0] = Kind.ELEMENTS;
    owners[0] = -1;
    bounds[0] = end;
    defined[0] = true;
    explicits[0] = encoding.explicit();
    bigEndians[0] = encoding.bigEndian();
  }

  ElementIndex index() {
    return index;
  }

  /// Whether it ended at something that is no element.
  boolean endedUnreadable() {
    return unreadable;
  }

  /// Where the walk ended.
  long position() {
    return at;
  }

  void run() throws IOException {
    while (!stopped) {
      if (at >= bounds[top]) {
        if (top == 0) {
          return;
        }
        if (!defined[top] && !truncated) {
          anomalies.add(Anomaly.Kind.MISSING_DELIMITER, at, what(top) + " is not closed");
        }
        close(at);
        continue;
      }
      if (!in.has(at, SHORT_HEADER) || bounds[top] - at < SHORT_HEADER) {
        endTooSoon();
        continue;
      }
      switch (kinds[top]) {
        case ELEMENTS -> inElements();
        case SEQUENCE -> inSequence();
        case FRAGMENTS -> inFragments();
      }
    }
    while (top > 0) {
      close(Math.min(at, bounds[top]));
    }
  }

  /// Fewer bytes are left than a header has.
  private void endTooSoon() {
    long left = bounds[top] - at;
    if (bounds[top] == end) {
      if (pixelsSeen && top == 0) {
        anomalies.add(Anomaly.Kind.TRAILING_BYTES, at, left + " bytes behind the last element");
      } else if (!truncated) {
        anomalies.add(
            Anomaly.Kind.TRUNCATED, at, "the file ends " + left + " bytes into an element");
      }
      truncated = true;
    } else {
      anomalies.add(
          Anomaly.Kind.OVERRUN, at, left + " bytes at the end of " + what(top) + " are no element");
    }
    at = bounds[top];
  }

  private void inElements() throws IOException {
    int offset = in.offset(at);
    boolean bigEndian = bigEndians[top];
    int tag = Bytes.tag(in.bytes(), offset, bigEndian);
    if (until == Until.END_OF_META && Tag.group(tag) != 2) {
      stopped = true;
      return;
    }
    if (Tag.group(tag) == 0xFFFE) {
      delimiterInElements(tag, Bytes.u32(in.bytes(), offset + 4, bigEndian));
      return;
    }
    if (until == Until.PIXEL_DATA && top == 0 && Tag.isPixelData(tag)) {
      stopped = true;
      return;
    }
    if (Tag.group(tag) == 0) {
      // Group 0000 is for messages (PS3.7); in a file it is what zeros look like.
      unreadable(tag == 0 ? "zeros" : "group 0000");
      return;
    }
    if (!readHeader(tag)) {
      return;
    }
    tellOrder(tag);
    if (Tag.group(tag) == 2 && until != Until.END_OF_META) {
      anomalies.add(Anomaly.Kind.META_IN_DATA_SET, at, Tag.text(tag) + " inside " + what(top));
    }
    element();
  }

  private void delimiterInElements(int tag, long length) {
    boolean inItem = top > 0;
    if (tag == Tag.ItemDelimitationItem && inItem && !defined[top]) {
      tellDelimiterLength(tag, length);
      close(at);
      at += SHORT_HEADER;
    } else if (inItem
        && !defined[top]
        && (tag == Tag.Item || tag == Tag.SequenceDelimitationItem)) {
      anomalies.add(
          Anomaly.Kind.MISSING_DELIMITER, at, "an item is not closed before " + Tag.text(tag));
      close(at);
    } else if (pixelsSeen && top == 0 && tag != Tag.SequenceDelimitationItem) {
      unreadable("a delimiter");
    } else {
      anomalies.add(Anomaly.Kind.UNEXPECTED_DELIMITER, at, Tag.text(tag) + " inside " + what(top));
      at += SHORT_HEADER;
    }
  }

  private void inSequence() throws IOException {
    int offset = in.offset(at);
    int tag = Bytes.tag(in.bytes(), offset, bigEndians[top]);
    long length = Bytes.u32(in.bytes(), offset + 4, bigEndians[top]);
    if (tag == Tag.Item) {
      if (++counts[top] > limits.itemsMax()) {
        stop(Anomaly.Kind.TOO_MANY_ITEMS, "more than " + limits.itemsMax() + " items");
        return;
      }
      boolean undefined = length == UNDEFINED;
      long valueStart = at + SHORT_HEADER;
      long itemEnd = undefined ? bounds[top] : clamp(valueStart + length, "an item");
      int item = add(tag, Vr.NONE, SHORT_HEADER, itemEnd - valueStart, undefined);
      at = valueStart;
      push(Kind.ELEMENTS, item, itemEnd, !undefined, explicits[top], bigEndians[top]);
    } else if (tag == Tag.SequenceDelimitationItem && !defined[top]) {
      tellDelimiterLength(tag, length);
      close(at);
      at += SHORT_HEADER;
    } else if (tag == Tag.SequenceDelimitationItem || tag == Tag.ItemDelimitationItem) {
      anomalies.add(Anomaly.Kind.UNEXPECTED_DELIMITER, at, Tag.text(tag) + " between items");
      at += SHORT_HEADER;
    } else if (!defined[top]) {
      anomalies.add(
          Anomaly.Kind.MISSING_DELIMITER, at, "a sequence is not closed before " + Tag.text(tag));
      close(at);
    } else {
      anomalies.add(Anomaly.Kind.UNREADABLE, at, "no item can start inside " + what(top));
      at = bounds[top];
    }
  }

  private void inFragments() throws IOException {
    int offset = in.offset(at);
    int tag = Bytes.tag(in.bytes(), offset, bigEndians[top]);
    long length = Bytes.u32(in.bytes(), offset + 4, bigEndians[top]);
    if (tag == Tag.Item && length != UNDEFINED) {
      if (++counts[top] > limits.fragmentsMax()) {
        stop(Anomaly.Kind.TOO_MANY_FRAGMENTS, "more than " + limits.fragmentsMax() + " fragments");
        return;
      }
      long valueStart = at + SHORT_HEADER;
      long fragmentEnd = clamp(valueStart + length, "a fragment");
      add(tag, Vr.NONE, SHORT_HEADER, fragmentEnd - valueStart, false);
      at = fragmentEnd;
    } else if (tag == Tag.SequenceDelimitationItem) {
      tellDelimiterLength(tag, length);
      close(at);
      at += SHORT_HEADER;
    } else {
      anomalies.add(
          Anomaly.Kind.MISSING_DELIMITER, at, "fragments are not closed before " + Tag.text(tag));
      close(at);
    }
  }

  /// Fills [#header] from the bytes at hand. False when no element can start here, which is then
  /// already told and stepped over.
  private boolean readHeader(int tag) throws IOException {
    int offset = in.offset(at);
    byte[] bytes = in.bytes();
    int first = bytes[offset + 4];
    int second = bytes[offset + 5];
    Vr written = Vr.ofLetters(first, second);
    header.tag = tag;
    if (explicits[top]) {
      if (written == null) {
        return readUnknownVr(tag, first, second);
      }
      header.vr = written;
      header.explicit = true;
      if (!written.hasLongForm()) {
        header.headerBytes = SHORT_HEADER;
        header.length = Bytes.u16(bytes, offset + 6, bigEndians[top]);
        return true;
      }
      if (!in.has(at, LONG_HEADER) || bounds[top] - at < LONG_HEADER) {
        endTooSoon();
        return false;
      }
      offset = in.offset(at);
      header.headerBytes = LONG_HEADER;
      header.length = Bytes.u32(in.bytes(), offset + 8, bigEndians[top]);
      int reserved = Bytes.u16(in.bytes(), offset + 6, bigEndians[top]);
      if (reserved != 0 && !fits(LONG_HEADER, header.length) && leadsOn(SHORT_HEADER, reserved)) {
        // Some writers gave UN, UT or OB the 16-bit length of the other VRs.
        tellEncoding(tag, "its length has 16 bits");
        header.headerBytes = SHORT_HEADER;
        header.length = reserved;
      }
      return true;
    }
    header.explicit = false;
    header.headerBytes = SHORT_HEADER;
    header.length = Bytes.u32(bytes, offset + 4, bigEndians[top]);
    if (written != null && header.length != UNDEFINED) {
      // A length that reads as a VR is more than 16 kB; some writers mix explicit elements in.
      long implicitLength = header.length;
      if (!leadsOn(SHORT_HEADER, implicitLength) && readAsExplicit(tag, written)) {
        return true;
      }
    }
    header.vr = implicitVr(tag);
    return true;
  }

  /// Reads an element of an implicit data set as an explicit one, if that leads to another element.
  private boolean readAsExplicit(int tag, Vr written) throws IOException {
    int headerBytes = written.hasLongForm() ? LONG_HEADER : SHORT_HEADER;
    if (!in.has(at, headerBytes) || bounds[top] - at < headerBytes) {
      return false;
    }
    int offset = in.offset(at);
    long length =
        written.hasLongForm()
            ? Bytes.u32(in.bytes(), offset + 8, bigEndians[top])
            : Bytes.u16(in.bytes(), offset + 6, bigEndians[top]);
    if (length != UNDEFINED && !leadsOn(headerBytes, length)) {
      return false;
    }
    tellEncoding(tag, "it is written with its VR");
    header.vr = written;
    header.explicit = true;
    header.headerBytes = headerBytes;
    header.length = length;
    return true;
  }

  /// An explicit data set, and yet no VR of the standard: a VR of a later edition, an element
  /// without VR, or damage. What leads to another element is believed.
  private boolean readUnknownVr(int tag, int first, int second) throws IOException {
    int offset = in.offset(at);
    boolean capitals = first >= 'A' && first <= 'Z' && second >= 'A' && second <= 'Z';
    long shortLength = Bytes.u16(in.bytes(), offset + 6, bigEndians[top]);
    long implicitLength = Bytes.u32(in.bytes(), offset + 4, bigEndians[top]);
    header.vr = Vr.UN;
    header.explicit = true;
    // Any VR that a later edition adds has the 32-bit length of OB (PS3.5 section 7.1.2).
    if (shortLength == 0 && in.has(at, LONG_HEADER) && bounds[top] - at >= LONG_HEADER) {
      long longLength = Bytes.u32(in.bytes(), in.offset(at) + 8, bigEndians[top]);
      boolean believed =
          capitals
              ? fits(LONG_HEADER, longLength) || longLength == UNDEFINED
              : leadsOn(LONG_HEADER, longLength) && !leadsOn(SHORT_HEADER, implicitLength);
      if (believed) {
        anomalies.add(Anomaly.Kind.INVALID_VR, at, Tag.text(tag) + " has an unknown VR");
        header.headerBytes = LONG_HEADER;
        header.length = longLength;
        return true;
      }
    }
    if (!capitals
        && (leadsOn(SHORT_HEADER, implicitLength) || isImplicitSequence(implicitLength))) {
      tellEncoding(tag, "it is written without VR");
      header.explicit = false;
      header.headerBytes = SHORT_HEADER;
      header.length = implicitLength;
      header.vr = implicitVr(tag);
      return true;
    }
    if (leadsOn(SHORT_HEADER, shortLength)) {
      anomalies.add(Anomaly.Kind.INVALID_VR, at, Tag.text(tag) + " has an unknown VR");
      header.headerBytes = SHORT_HEADER;
      header.length = shortLength;
      return true;
    }
    unreadable("no VR");
    return false;
  }

  private boolean isImplicitSequence(long length) throws IOException {
    return length == UNDEFINED && delimiterEndian(at + SHORT_HEADER) != null;
  }

  /// Adds the element in [#header] to the index and goes to its value or behind it.
  private void element() throws IOException {
    long valueStart = at + header.headerBytes;
    int tag = header.tag;
    Vr vr = header.vr;
    boolean undefined = header.length == UNDEFINED;
    if (top == 0 && Tag.isPixelData(tag)) {
      pixelsSeen = true;
    }
    if (undefined) {
      undefinedElement(valueStart, tag, vr);
      return;
    }
    long valueEnd = clampElement(valueStart + header.length, tag);
    int element = add(tag, vr, header.headerBytes, valueEnd - valueStart, false);
    if ((header.length & 1) != 0) {
      anomalies.add(
          Anomaly.Kind.ODD_LENGTH, at, Tag.text(tag) + " has the odd length " + header.length);
    }
    if (tag == Tag.PixelRepresentation && header.length == 2 && in.has(at, SHORT_HEADER + 2)) {
      signed[top] = Bytes.u16(in.bytes(), in.offset(at) + SHORT_HEADER, bigEndians[top]) == 1;
    }
    if (vr == Vr.SQ) {
      at = valueStart;
      push(Kind.SEQUENCE, element, valueEnd, true, header.explicit, bigEndians[top]);
      believeItems(valueStart);
    } else {
      at = valueEnd;
    }
  }

  private void undefinedElement(long valueStart, int tag, Vr vr) throws IOException {
    long bound = bounds[top];
    Boolean bigEndianItems = delimiterEndian(valueStart);
    boolean bulk =
        switch (vr) {
          case OB, OW, OD, OF, OL, OV -> true;
          case UN -> Tag.isPixelData(tag);
          default -> false;
        };
    if (bigEndianItems == null) {
      if (bound - valueStart < SHORT_HEADER && bound == end) {
        tellOverrun(valueStart + SHORT_HEADER, "the first item of " + Tag.text(tag));
      } else {
        // Native pixels with the length of encapsulated ones, or damage: nobody knows where it
        // ends.
        anomalies.add(
            Anomaly.Kind.UNDEFINED_LENGTH, at, Tag.text(tag) + " has no length and holds no items");
        anomalies.add(Anomaly.Kind.MISSING_DELIMITER, bound, Tag.text(tag) + " is not closed");
      }
      add(tag, vr, header.headerBytes, bound - valueStart, false);
      at = bound;
      return;
    }
    int element = add(tag, vr, header.headerBytes, bound - valueStart, true);
    at = valueStart;
    if (bulk) {
      push(Kind.FRAGMENTS, element, bound, false, header.explicit, bigEndianItems);
      return;
    }
    if (vr != Vr.SQ && vr != Vr.UN) {
      anomalies.add(
          Anomaly.Kind.UNDEFINED_LENGTH, at, Tag.text(tag) + " is no sequence and holds items");
    }
    // UN of undefined length is a sequence in implicit VR little endian, whatever surrounds it
    // (PS3.5 section 6.2.2, after CP-246).
    boolean explicit = header.explicit && vr != Vr.UN;
    push(Kind.SEQUENCE, element, bound, false, explicit, bigEndianItems);
    believeItems(valueStart);
  }

  /// Some writers put items of the other kind into a sequence: explicit ones into UN, implicit ones
  /// into SQ. The first element of the first item shows it.
  private void believeItems(long sequenceStart) throws IOException {
    long first = sequenceStart + SHORT_HEADER;
    if (kinds[top] != Kind.SEQUENCE
        || first + SHORT_HEADER > bounds[top]
        || !in.has(sequenceStart, SHORT_HEADER * 2)) {
      return;
    }
    int offset = in.offset(sequenceStart);
    Boolean bigEndianItems = delimiterEndian(sequenceStart);
    if (bigEndianItems == null) {
      return;
    }
    bigEndians[top] = bigEndianItems;
    int tag = Bytes.tag(in.bytes(), offset + 8, bigEndians[top]);
    if (Tag.group(tag) == 0xFFFE) {
      return;
    }
    Vr written = Vr.ofLetters(in.bytes()[offset + 12], in.bytes()[offset + 13]);
    long implicitLength = Bytes.u32(in.bytes(), offset + 12, bigEndians[top]);
    boolean implicitFits =
        implicitLength == UNDEFINED || first + SHORT_HEADER + implicitLength <= bounds[top];
    boolean explicit =
        explicits[top] ? written != null || !implicitFits : written != null && !implicitFits;
    if (explicit != explicits[top]) {
      tellEncoding(
          index.tag(owners[top]),
          "its items are written " + (explicit ? "with" : "without") + " VR");
      explicits[top] = explicit;
    }
  }

  /// The byte order of the item or sequence delimiter at this position; null when there is neither.
  private @Nullable Boolean delimiterEndian(long position) throws IOException {
    if (position + SHORT_HEADER > bounds[top]) {
      return null;
    }
    long headerAt = at;
    if (!in.has(headerAt, (int) (position - headerAt) + SHORT_HEADER)) {
      return null;
    }
    int offset = in.offset(position);
    int little = Bytes.tag(in.bytes(), offset, false);
    if (little == Tag.Item || little == Tag.SequenceDelimitationItem) {
      return false;
    }
    int big = Bytes.tag(in.bytes(), offset, true);
    if (big == Tag.Item || big == Tag.SequenceDelimitationItem) {
      return true;
    }
    return null;
  }

  private boolean fits(int headerBytes, long length) {
    return length != UNDEFINED && at + headerBytes + length <= bounds[top];
  }

  /// Whether an element of this length would be followed by the end or by another element.
  private boolean leadsOn(int headerBytes, long length) throws IOException {
    if (!fits(headerBytes, length)) {
      return false;
    }
    long next = at + headerBytes + length;
    if (next == bounds[top]) {
      return true;
    }
    long here = at;
    boolean leads = false;
    if (bounds[top] - next >= SHORT_HEADER && in.has(next, SHORT_HEADER)) {
      int tag = Bytes.tag(in.bytes(), in.offset(next), bigEndians[top]);
      boolean delimiter = Tag.group(tag) == 0xFFFE && top > 0;
      boolean laterTag = Integer.compareUnsigned(tag, header.tag) > 0 && Tag.group(tag) < 0xFFFD;
      leads = delimiter || laterTag;
    }
    // Bring the header back to hand for whoever asked.
    in.has(here, (int) Math.min(LONG_HEADER, bounds[top] - here));
    return leads;
  }

  private Vr implicitVr(int tag) {
    Vr vr = Dictionary.vrOf(tag);
    if (vr == Vr.US && signed[top] && Dictionary.isSignedByPixelRepresentation(tag)) {
      return Vr.SS;
    }
    return vr == Vr.UN && header.length == UNDEFINED && !header.explicit ? Vr.SQ : vr;
  }

  private void tellOrder(int tag) {
    int last = lastTags[top];
    if (last != NO_TAG && Integer.compareUnsigned(tag, last) <= 0) {
      if (tag == last) {
        anomalies.add(Anomaly.Kind.DUPLICATE_ELEMENT, at, Tag.text(tag) + " occurs twice");
      } else {
        anomalies.add(Anomaly.Kind.OUT_OF_ORDER, at, Tag.text(tag) + " follows " + Tag.text(last));
      }
    }
    lastTags[top] = tag;
  }

  private void tellDelimiterLength(int tag, long length) {
    if (length != 0) {
      anomalies.add(
          Anomaly.Kind.DELIMITER_WITH_LENGTH, at, Tag.text(tag) + " has the length " + length);
    }
  }

  private void tellEncoding(int tag, String how) {
    // Once is enough: such a file often mixes throughout.
    if (!oddEncodingTold) {
      anomalies.add(Anomaly.Kind.MIXED_ENCODING, at, Tag.text(tag) + ": " + how);
      oddEncodingTold = true;
    }
  }

  private long clamp(long valueEnd, String what) {
    if (valueEnd <= bounds[top]) {
      return valueEnd;
    }
    tellOverrun(valueEnd, what);
    return bounds[top];
  }

  private long clampElement(long valueEnd, int tag) {
    if (valueEnd <= bounds[top]) {
      return valueEnd;
    }
    tellOverrun(valueEnd, Tag.text(tag));
    return bounds[top];
  }

  private void tellOverrun(long valueEnd, String what) {
    long missing = valueEnd - bounds[top];
    if (bounds[top] == end) {
      if (!truncated) {
        anomalies.add(
            Anomaly.Kind.TRUNCATED,
            at,
            "the file ends " + missing + " bytes before " + what + " does");
      }
      truncated = true;
    } else {
      anomalies.add(
          Anomaly.Kind.OVERRUN, at, what + " ends " + missing + " bytes behind " + what(top));
    }
  }

  /// Steps over what cannot be understood, to the end of what holds it.
  private void unreadable(String why) {
    long left = bounds[top] - at;
    if (top == 0 && pixelsSeen) {
      anomalies.add(
          Anomaly.Kind.TRAILING_BYTES, at, left + " bytes behind the data set (" + why + ")");
    } else {
      anomalies.add(
          Anomaly.Kind.UNREADABLE,
          at,
          "no element can start here (" + why + "); " + left + " bytes left");
    }
    truncated |= bounds[top] == end;
    if (top == 0) {
      stopped = true;
      unreadable = true;
    } else {
      at = bounds[top];
    }
  }

  private void stop(Anomaly.Kind kind, String detail) {
    anomalies.add(kind, at, detail);
    stopped = true;
  }

  private int add(int tag, Vr vr, int headerBytes, long length, boolean undefined) {
    if (index.size() >= limits.elementsMax()) {
      if (!stopped) {
        stop(Anomaly.Kind.TOO_MANY_ELEMENTS, "more than " + limits.elementsMax() + " elements");
      }
      return index.size() - 1;
    }
    boolean isItem = kinds[top] != Kind.ELEMENTS;
    return index.add(
        tag,
        vr,
        at,
        headerBytes,
        length,
        owners[top],
        depths[top],
        undefined,
        isItem ? explicits[top] : header.explicit,
        bigEndians[top]);
  }

  private void push(
      Kind kind, int owner, long bound, boolean isDefined, boolean explicit, boolean bigEndian) {
    if (stopped) {
      return;
    }
    // Two frames for each level: the sequence and its item.
    if (top + 1 > 2 * limits.depthMax()) {
      stop(
          Anomaly.Kind.TOO_DEEP,
          "more than " + limits.depthMax() + " sequences inside one another");
      return;
    }
    top++;
    if (top == kinds.length) {
      int capacity = 2 * top;
      kinds = Arrays.copyOf(kinds, capacity);
      owners = Arrays.copyOf(owners, capacity);
      bounds = Arrays.copyOf(bounds, capacity);
      defined = Arrays.copyOf(defined, capacity);
      explicits = Arrays.copyOf(explicits, capacity);
      bigEndians = Arrays.copyOf(bigEndians, capacity);
      lastTags = Arrays.copyOf(lastTags, capacity);
      counts = Arrays.copyOf(counts, capacity);
      depths = Arrays.copyOf(depths, capacity);
      signed = Arrays.copyOf(signed, capacity);
    }
    kinds[top] = kind;
    owners[top] = owner;
    bounds[top] = bound;
    defined[top] = isDefined;
    explicits[top] = explicit;
    bigEndians[top] = bigEndian;
    lastTags[top] = NO_TAG;
    counts[top] = 0;
    signed[top] = signed[top - 1];
    depths[top] = depths[top - 1] + (kind == Kind.ELEMENTS ? 1 : 0);
  }

  private void close(long valueEnd) {
    if (!defined[top]) {
      index.closeAt(owners[top], valueEnd);
    }
    top--;
  }

  private String what(int frame) {
    return switch (kinds[frame]) {
      case ELEMENTS -> frame == 0 ? "the data set" : "an item";
      case SEQUENCE, FRAGMENTS -> Tag.text(index.tag(owners[frame]));
    };
  }
}
