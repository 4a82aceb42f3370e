package serdab.dicom.codec;

/// Reads the marker segments of a JPEG-LS stream (T.87 annex C).
final class StreamReader {

  /// What a scan header and the segments before it say of one scan.
  ///
  /// @param components indexes of the scan's components in the frame
  /// @param from where its first entropy-coded byte is
  record Scan(int[] components, CodingParameters parameters, Interleave interleave, int from) {}

  private final byte[] stream;
  private final int end;
  private int at;

  int rows;
  int columns;
  int bits;
  int[] identifiers = new int[0];
  int[] horizontal = new int[0];
  int[] vertical = new int[0];

  /// In lines; 0: none.
  int restartInterval;

  /// The colour transform of an HP segment; 0: none.
  int transform;

  private boolean frameSeen;
  private int maximum;
  private int threshold1;
  private int threshold2;
  private int threshold3;
  private int reset;

  StreamReader(byte[] stream, int from, int to) {
    java.util.Objects.checkFromToIndex(from, to, stream.length);
    this.stream = stream;
    this.at = from;
    this.end = to;
    if (to - from < 2 || unsignedShort() != Markers.SOI) {
      throw Damage.of("it does not begin like one");
    }
  }

  /// Reads on to the next scan.
  ///
  /// @return null at the end of the image
  @org.jspecify.annotations.Nullable
  Scan nextScan() {
    while (true) {
      int marker = marker();
      if (marker == Markers.EOI) {
        return null;
      }
      if (marker < 0xFFC0 || marker >= Markers.RST0 && marker <= Markers.SOI) {
        throw Damage.of("a marker stands where none may");
      }
      int length = at + 2 <= end ? unsignedShort() : 0;
      if (length < 2 || length - 2 > end - at) {
        throw Damage.of("a segment is cut off");
      }
      int segmentEnd = at + length - 2;
      switch (marker) {
        case Markers.SOF55 -> frame(segmentEnd);
        case Markers.LSE -> preset(segmentEnd);
        case Markers.DRI -> restartInterval(segmentEnd);
        case Markers.SOS -> {
          return scan(segmentEnd);
        }
        case Markers.APP8 -> transform(segmentEnd);
        case Markers.DNL -> throw Damage.notSupported("a number of lines given at the end");
        default -> {
          boolean passedOver =
              marker >= Markers.APP0 && marker <= Markers.APP15 || marker == Markers.COM;
          if (!passedOver) {
            throw marker < Markers.RST0
                ? Damage.notSupported("another kind of JPEG coding")
                : Damage.of("a marker stands where none may");
          }
        }
      }
      at = segmentEnd;
    }
  }

  /// Goes on behind a segment of entropy-coded bits.
  void moveTo(int position) {
    at = position;
  }

  /// Reads the restart marker of this number.
  ///
  /// @return where the next entropy-coded byte is
  int restart(int number) {
    if (marker() != Markers.RST0 + (number & 7)) {
      throw Damage.of("a restart marker is missing");
    }
    return at;
  }

  private int marker() {
    if (end - at < 2) {
      throw Damage.of("its end is missing");
    }
    if (stream[at] != (byte) 0xFF) {
      throw Damage.of("a marker is missing");
    }
    // Any number of bytes of ones may stand before a marker (T.81 section B.1.1.2).
    while (at < end && stream[at] == (byte) 0xFF) {
      at++;
    }
    if (at == end) {
      throw Damage.of("its end is missing");
    }
    return 0xFF00 | stream[at++] & 0xFF;
  }

  private void frame(int segmentEnd) {
    if (frameSeen) {
      throw Damage.of("it has two frame headers");
    }
    need(segmentEnd, 6);
    bits = unsignedByte();
    rows = unsignedShort();
    columns = unsignedShort();
    int components = unsignedByte();
    if (bits < 2 || bits > 16) {
      throw Damage.of("samples cannot have " + bits + " bits");
    }
    if (rows == 0) {
      throw Damage.notSupported("a number of lines given at the end");
    }
    if (columns == 0 || components == 0 || segmentEnd - at != 3 * components) {
      throw Damage.of("its frame header contradicts itself");
    }
    identifiers = new int[components];
    horizontal = new int[components];
    vertical = new int[components];
    for (int j = 0; j < components; j++) {
      identifiers[j] = unsignedByte();
      int sampling = unsignedByte();
      horizontal[j] = sampling >>> 4;
      vertical[j] = sampling & 15;
      if (horizontal[j] < 1 || horizontal[j] > 4 || vertical[j] < 1 || vertical[j] > 4) {
        throw Damage.of("its frame header contradicts itself");
      }
      unsignedByte();
    }
    frameSeen = true;
  }

  private void preset(int segmentEnd) {
    need(segmentEnd, 1);
    int kind = unsignedByte();
    switch (kind) {
      case 1 -> {
        need(segmentEnd, 10);
        maximum = unsignedShort();
        threshold1 = unsignedShort();
        threshold2 = unsignedShort();
        threshold3 = unsignedShort();
        reset = unsignedShort();
      }
      case 2, 3 -> throw Damage.notSupported("a mapping table");
      case 4 -> throw Damage.notSupported("a size above 65535");
      default -> throw Damage.notSupported("an extension of JPEG-LS");
    }
  }

  private void restartInterval(int segmentEnd) {
    int length = segmentEnd - at;
    if (length < 2 || length > 4) {
      throw Damage.of("a segment is cut off");
    }
    long interval = 0;
    while (at < segmentEnd) {
      interval = interval << 8 | unsignedByte();
    }
    restartInterval = (int) Math.min(Integer.MAX_VALUE, interval);
  }

  /// HP's encoder tells of a colour transform in a segment of its own.
  private void transform(int segmentEnd) {
    if (segmentEnd - at == 5
        && stream[at] == 'm'
        && stream[at + 1] == 'r'
        && stream[at + 2] == 'f'
        && stream[at + 3] == 'x') {
      transform = stream[at + 4] & 0xFF;
      if (transform > 1) {
        throw Damage.notSupported("a colour transform");
      }
    }
  }

  private Scan scan(int segmentEnd) {
    if (!frameSeen) {
      throw Damage.of("its frame header is missing");
    }
    need(segmentEnd, 1);
    int count = unsignedByte();
    if (count < 1 || count > 4 || count > identifiers.length || segmentEnd - at != 2 * count + 3) {
      throw Damage.of("a scan header contradicts itself");
    }
    int[] components = new int[count];
    for (int j = 0; j < count; j++) {
      components[j] = component(unsignedByte());
      for (int other = 0; other < j; other++) {
        if (components[other] == components[j]) {
          throw Damage.of("a scan header contradicts itself");
        }
      }
      if (unsignedByte() != 0) {
        throw Damage.notSupported("a mapping table");
      }
    }
    int near = unsignedByte();
    int turns = unsignedByte();
    if (turns > 2 || count > 1 && turns == 0) {
      throw Damage.of("a scan header contradicts itself");
    }
    if (unsignedByte() != 0) {
      throw Damage.notSupported("a point transform");
    }
    Interleave interleave = count == 1 ? Interleave.NONE : Interleave.values()[turns];
    return new Scan(components, parameters(near), interleave, segmentEnd);
  }

  private int component(int identifier) {
    for (int j = 0; j < identifiers.length; j++) {
      if (identifiers[j] == identifier) {
        return j;
      }
    }
    throw Damage.of("a scan header contradicts itself");
  }

  /// A preset parameter of 0 means its default (section C.2.4.1.1).
  private CodingParameters parameters(int near) {
    int most = (1 << bits) - 1;
    if (maximum > most) {
      throw Damage.of("its coding parameters contradict themselves");
    }
    int forScan = maximum == 0 ? most : maximum;
    if (near > Math.min(255, forScan / 2)) {
      throw Damage.of("its coding parameters contradict themselves");
    }
    CodingParameters defaults = CodingParameters.defaults(forScan, near);
    CodingParameters parameters =
        new CodingParameters(
            forScan,
            near,
            threshold1 == 0 ? defaults.threshold1() : threshold1,
            threshold2 == 0 ? defaults.threshold2() : threshold2,
            threshold3 == 0 ? defaults.threshold3() : threshold3,
            reset == 0 ? defaults.reset() : reset);
    if (!parameters.valid()) {
      throw Damage.of("its coding parameters contradict themselves");
    }
    return parameters;
  }

  private void need(int segmentEnd, int count) {
    if (segmentEnd - at < count) {
      throw Damage.of("a segment is cut off");
    }
  }

  private int unsignedByte() {
    return stream[at++] & 0xFF;
  }

  private int unsignedShort() {
    return unsignedByte() << 8 | unsignedByte();
  }
}
