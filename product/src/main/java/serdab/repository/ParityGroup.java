package serdab.repository;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.ReadableBytes;

/// Packs that two parity files protect together, and how such a file is laid out (format section
/// 7.1). All of it follows from the members alone, so that a file with lost sectors can be used.
///
/// @param members in the order in which they count, at least one
record ParityGroup(List<Snapshot.PackName> members) {

  static final String FOLDER = "parity/";
  static final int STRIPE_BYTES = 4096;
  static final int SUM_BYTES = 4;
  static final int MEMBERS_MAX = 16;

  /// A file of this much parity would be longer than a ZIP of our kind can be.
  static final long MEMBER_BYTES_MAX = 3_900L << 20;

  private static final Pattern FILE = Pattern.compile("parity/([0-9a-f]{64})\\.zip");
  private static final Pattern PAIR =
      Pattern.compile("parity/([0-9a-f]{64})-([0-9a-f]{64})\\.pair");
  private static final String JSON = "parity.json";
  private static final String SUMS = "sums.bin";
  private static final String SUMS_AGAIN = "sums-again.bin";
  private static final String JSON_AGAIN = "parity-again.json";
  private static final int JSON_BYTES_MAX = 64 << 10;

  ParityGroup {
    members = List.copyOf(members);
    if (members.isEmpty() || members.size() > MEMBERS_MAX) {
      throw new IllegalArgumentException("a group has 1 to 16 members, not " + members.size());
    }
  }

  /// One of the two files.
  enum Part {
    P,
    Q;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static String file(Sha256 name) {
    return FOLDER + name.hex() + ".zip";
  }

  static Optional<Sha256> nameOf(String file) {
    Matcher matcher = FILE.matcher(file);
    return matcher.matches() ? Optional.of(Sha256.parse(matcher.group(1))) : Optional.empty();
  }

  /// The two files of a group, of which a pair says that both were there.
  record Pair(Sha256 p, Sha256 q) {

    String file() {
      return FOLDER + p.hex() + '-' + q.hex() + ".pair";
    }

    List<String> files() {
      return List.of(ParityGroup.file(p), ParityGroup.file(q));
    }
  }

  /// What a pair is of; empty for a file of another name.
  static Optional<Pair> pairOf(String file) {
    Matcher matcher = PAIR.matcher(file);
    return matcher.matches()
        ? Optional.of(new Pair(Sha256.parse(matcher.group(1)), Sha256.parse(matcher.group(2))))
        : Optional.empty();
  }

  /// Stripes of a member of this length.
  static int stripes(long lengthBytes) {
    return Math.toIntExact((lengthBytes + STRIPE_BYTES - 1) / STRIPE_BYTES);
  }

  int rows() {
    int rows = 0;
    for (Snapshot.PackName member : members) {
      rows = Math.max(rows, stripes(member.storedBytes()));
    }
    return rows;
  }

  /// How many columns there are: the members, then p, then q.
  int columns() {
    return members.size() + 2;
  }

  /// Stripes of a column.
  int stripesOf(int column) {
    return column < members.size() ? stripes(members.get(column).storedBytes()) : rows();
  }

  /// Where the sums of each column begin, counted in sums; then how many there are.
  int[] sumOffsets() {
    int[] offsets = new int[columns() + 1];
    for (int column = 0; column < columns(); column++) {
      offsets[column + 1] = Math.addExact(offsets[column], stripesOf(column));
    }
    return offsets;
  }

  int sumsBytes() {
    return Math.multiplyExact(sumOffsets()[columns()], SUM_BYTES);
  }

  long bodyBytes() {
    return (long) rows() * STRIPE_BYTES;
  }

  byte[] json(Part part) {
    List<Object> list = new ArrayList<>();
    for (Snapshot.PackName member : members) {
      list.add(new Doc().with("name", member.digest().hex()).with("stored", member.storedBytes()));
    }
    return new Doc()
        .with("part", part.word())
        .with("members", list)
        .with("stripe", STRIPE_BYTES)
        .bytes();
  }

  private static String bodyName(Part part) {
    return part.word() + ".bin";
  }

  /// Gives the bytes of p or q in order, as often as it is asked.
  interface Body {
    void emit(StoredZip.Sink sink);
  }

  /// Writes a file. What says how to use it stands at both ends.
  void emit(Part part, byte[] sums, int crc, Body body, StoredZip.Sink sink) {
    StoredZip.Writer zip = new StoredZip.Writer(sink);
    byte[] json = json(part);
    zip.entry(JSON, ByteBuffer.wrap(json));
    zip.entry(SUMS, ByteBuffer.wrap(sums));
    zip.begin(bodyName(part), bodyBytes(), crc);
    body.emit(zip::data);
    zip.entry(SUMS_AGAIN, ByteBuffer.wrap(sums));
    zip.entry(JSON_AGAIN, ByteBuffer.wrap(json));
    zip.finish();
  }

  private long sumsOffset() {
    return header(JSON) + json(Part.P).length + header(SUMS);
  }

  /// Where p or q begins in its file.
  long bodyOffset() {
    return sumsOffset() + sumsBytes() + header(bodyName(Part.P));
  }

  private long sumsAgainOffset() {
    return bodyOffset() + bodyBytes() + header(SUMS_AGAIN);
  }

  private static long header(String name) {
    return (long) StoredZip.LOCAL_HEADER_BYTES + name.length();
  }

  /// Both copies of the sums, as far as a file still has them.
  List<byte[]> sums(ReadableBytes file) {
    List<byte[]> copies = new ArrayList<>(2);
    for (long offset : new long[] {sumsOffset(), sumsAgainOffset()}) {
      byte[] sums = new byte[sumsBytes()];
      readWhatIsThere(file, offset, sums);
      copies.add(sums);
    }
    return copies;
  }

  /// Reads in sectors; what cannot be read stays 0.
  static void readWhatIsThere(ReadableBytes file, long offset, byte[] into) {
    for (int at = 0; at < into.length; ) {
      int count = (int) Math.min(STRIPE_BYTES - (offset + at) % STRIPE_BYTES, into.length - at);
      if (offset + at + count > file.lengthBytes()) {
        count = (int) Math.max(0, file.lengthBytes() - offset - at);
        if (count == 0) {
          return;
        }
      }
      try {
        file.readFully(offset + at, ByteBuffer.wrap(into, at, count));
      } catch (SerdabException.Damaged e) {
        Arrays.fill(into, at, at + count, (byte) 0);
      }
      at += count;
    }
  }

  /// What a file that may be damaged says it is.
  record Described(ParityGroup group, Part part) {}

  /// Reads what a file is from either of its ends; empty when both are damaged.
  static Optional<Described> read(ReadableBytes file) {
    Optional<Described> first = atStart(file);
    return first.isPresent() ? first : atEnd(file);
  }

  private static Optional<Described> atStart(ReadableBytes file) {
    int headerBytes = (int) header(JSON);
    ByteBuffer start =
        ByteBuffer.allocate((int) Math.min(STRIPE_BYTES, file.lengthBytes()))
            .order(ByteOrder.LITTLE_ENDIAN);
    try {
      file.readFully(0, start);
    } catch (SerdabException.Damaged e) {
      return Optional.empty();
    }
    start.flip();
    if (start.limit() < headerBytes
        || !new String(
                start.array(),
                StoredZip.LOCAL_HEADER_BYTES,
                JSON.length(),
                StandardCharsets.ISO_8859_1)
            .equals(JSON)) {
      return Optional.empty();
    }
    int length = start.getInt(18);
    if (length <= 0 || length > start.limit() - headerBytes) {
      return Optional.empty();
    }
    return parse(
        Arrays.copyOfRange(start.array(), headerBytes, headerBytes + length), start.getInt(14));
  }

  private static Optional<Described> atEnd(ReadableBytes file) {
    try {
      StoredZip.Entry entry = StoredZip.entries(file).get(JSON_AGAIN);
      if (entry == null || entry.lengthBytes() > JSON_BYTES_MAX) {
        return Optional.empty();
      }
      byte[] json = new byte[(int) entry.lengthBytes()];
      file.readFully(entry.offset(), ByteBuffer.wrap(json));
      return parse(json, entry.crc());
    } catch (SerdabException.Damaged e) {
      return Optional.empty();
    }
  }

  private static Optional<Described> parse(byte[] json, int crc) {
    if (StoredZip.crc(ByteBuffer.wrap(json)) != crc) {
      return Optional.empty();
    }
    try {
      Doc doc = Doc.parse(json);
      List<Snapshot.PackName> members = new ArrayList<>();
      for (Doc member : doc.objects("members")) {
        long stored = member.count("stored");
        if (stored > MEMBER_BYTES_MAX) {
          return Optional.empty();
        }
        members.add(new Snapshot.PackName(Sha256.parse(member.text("name")), stored));
      }
      Part part = Part.valueOf(doc.text("part").toUpperCase(Locale.ROOT));
      if (doc.number("stripe") != STRIPE_BYTES) {
        return Optional.empty();
      }
      return Optional.of(new Described(new ParityGroup(members), part));
    } catch (IllegalArgumentException | SerdabException.Damaged e) {
      return Optional.empty();
    }
  }
}
