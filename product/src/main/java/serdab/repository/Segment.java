package serdab.repository;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeReader;
import serdab.store.ReadableBytes;

/// An index segment, read in parts (format section 6). One thread at a time.
///
/// In memory it takes 16 bytes for each page of 128 blobs, and 4 for each pack.
final class Segment implements AutoCloseable {

  static final String SEGMENT = "segment.json";
  static final String PACKS = "packs.bin";
  static final String BLOBS = "blobs.bin";
  static final String PAGES = "pages.bin";
  static final String LABELS = "labels.age";
  static final String SUBJECT = "index";
  static final int PAGE_RECORDS = 128;
  static final int PAGE_BYTES = PAGE_RECORDS * BlobRecord.BYTES;
  static final int PAGE_LINE_BYTES = 16;

  private static final long PART_BYTES_MAX = 1L << 30;
  private static final int LINE_BYTES_MAX = 16 << 20;
  private static final int PAGES_AT_ONCE = 64;

  private final Sha256 name;
  private final ReadableBytes bytes;
  private final SignedZip zip;
  private final Numbers covers;
  private final Set<Sha256> replaces = new HashSet<>();
  private final StoredZip.Entry blobs;
  private final long records;
  private final long versions;
  private long @Nullable [] firsts;
  private long @Nullable [] sums;
  private int @Nullable [] packs;

  private Segment(Sha256 name, ReadableBytes bytes, SignedZip zip) {
    this.name = name;
    this.bytes = bytes;
    this.zip = zip;
    Doc doc = Doc.parse(zip.read(SEGMENT, PART_BYTES_MAX));
    covers = Numbers.parse(doc.object("covers"));
    for (String each : doc.texts("replaces")) {
      try {
        replaces.add(Sha256.parse(each));
      } catch (IllegalArgumentException e) {
        throw damaged();
      }
    }
    blobs = zip.at(BLOBS);
    records = blobs.lengthBytes() / BlobRecord.BYTES;
    versions = doc.count("versions");
    if (blobs.lengthBytes() % BlobRecord.BYTES != 0 || doc.count("blobs") != records) {
      throw damaged();
    }
  }

  /// Opens one that an enrolled writer signed who was not revoked since; closes the bytes when it
  /// throws. It says nothing that the snapshots do not say, so nobody needs those of a machine that
  /// may be in other hands.
  static Segment open(Sha256 name, ReadableBytes bytes, Trust trust) {
    try {
      SignedZip zip = SignedZip.open(bytes, trust, SUBJECT);
      if (!trust.isStillEnrolled(zip.writer())) {
        throw Problems.damaged("An index of the repository is of a writer that was revoked.");
      }
      return new Segment(name, bytes, zip);
    } catch (RuntimeException e) {
      bytes.close();
      throw e;
    }
  }

  Sha256 name() {
    return name;
  }

  Numbers covers() {
    return covers;
  }

  Set<Sha256> replaces() {
    return replaces;
  }

  long records() {
    return records;
  }

  /// How much there is to write when it is merged, in records; what it says of a version counts as
  /// some.
  long weight() {
    return weight(records, versions);
  }

  static long weight(long records, long versions) {
    return records + 16 * versions;
  }

  /// Reads which packs it speaks of, once.
  void loadPacks(PackTable table) {
    if (packs != null) {
      return;
    }
    byte[] list = zip.read(PACKS, PART_BYTES_MAX);
    if (list.length % PackTable.BYTES != 0) {
      throw damaged();
    }
    int[] numbers = new int[list.length / PackTable.BYTES];
    ByteBuffer lines = ByteBuffer.wrap(list);
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = table.intern(PackRef.get(lines));
    }
    packs = numbers;
  }

  private void loadPages() {
    if (firsts != null) {
      return;
    }
    ByteBuffer lines = ByteBuffer.wrap(zip.read(PAGES, PART_BYTES_MAX));
    int count = Math.toIntExact((records + PAGE_RECORDS - 1) / PAGE_RECORDS);
    if (lines.remaining() != (long) count * PAGE_LINE_BYTES) {
      throw damaged();
    }
    long[] keys = new long[count];
    long[] digests = new long[count];
    for (int i = 0; i < count; i++) {
      keys[i] = lines.getLong();
      digests[i] = lines.getLong();
    }
    firsts = keys;
    sums = digests;
  }

  int pack(int ordinal) {
    int[] numbers = java.util.Objects.requireNonNull(packs);
    if (ordinal < 0 || ordinal >= numbers.length) {
      throw damaged();
    }
    return numbers[ordinal];
  }

  /// Gives every record of this name, its pack as a number of the table.
  void find(BlobKey key, Consumer<BlobRecord> found) {
    loadPages();
    long[] keys = java.util.Objects.requireNonNull(firsts);
    int low = 0;
    int high = keys.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (Long.compareUnsigned(keys[middle], key.high()) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    // A name can begin in the page before the first that starts at or after it.
    for (int page = Math.max(0, low - 1);
        page < keys.length && Long.compareUnsigned(keys[page], key.high()) <= 0;
        page++) {
      search(pages(page, 1), key, found);
    }
  }

  private void search(ByteBuffer page, BlobKey key, Consumer<BlobRecord> found) {
    int low = 0;
    int high = page.remaining() / BlobRecord.BYTES;
    int count = high;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (keyAt(page, middle).compareTo(key) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (; low < count && keyAt(page, low).equals(key); low++) {
      BlobRecord record = BlobRecord.get(page.slice(low * BlobRecord.BYTES, BlobRecord.BYTES));
      found.accept(record.inPack(pack(record.pack())));
    }
  }

  private static BlobKey keyAt(ByteBuffer page, int index) {
    int at = index * BlobRecord.BYTES;
    return new BlobKey(page.getLong(at), page.getLong(at + 8));
  }

  /// Some pages in one read, each compared with its sum.
  private ByteBuffer pages(int first, int count) {
    long start = (long) first * PAGE_BYTES;
    int length = (int) Math.min((long) count * PAGE_BYTES, blobs.lengthBytes() - start);
    ByteBuffer read = ByteBuffer.allocate(length);
    bytes.readFully(blobs.offset() + start, read);
    read.flip();
    long[] digests = java.util.Objects.requireNonNull(sums);
    for (int i = 0; i * PAGE_BYTES < length; i++) {
      ByteBuffer page = read.slice(i * PAGE_BYTES, Math.min(PAGE_BYTES, length - i * PAGE_BYTES));
      if (sum(page) != digests[first + i]) {
        throw damaged();
      }
    }
    return read;
  }

  static long sum(ByteBuffer page) {
    var hasher = Sha256.hasher();
    hasher.update(page.duplicate());
    return ByteBuffer.wrap(hasher.digest()).getLong();
  }

  /// Every record in order, packs as numbers of the table.
  Iterator<BlobRecord> all() {
    loadPages();
    return new Iterator<>() {
      private int nextPage;
      private ByteBuffer held = ByteBuffer.allocate(0);

      @Override
      public boolean hasNext() {
        if (!held.hasRemaining()) {
          int count = java.util.Objects.requireNonNull(firsts).length;
          if (nextPage == count) {
            return false;
          }
          int some = Math.min(PAGES_AT_ONCE, count - nextPage);
          held = pages(nextPage, some);
          nextPage += some;
        }
        return true;
      }

      @Override
      public BlobRecord next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        BlobRecord record = BlobRecord.get(held);
        return record.inPack(pack(record.pack()));
      }
    };
  }

  /// Every line of what it says of versions, packs as numbers of the table.
  void labels(List<AgeIdentity> identities, Consumer<LabelLine> lines) {
    try (Lines all = lines(identities)) {
      all.forEachRemaining(lines);
    }
  }

  /// The same, a line when it is asked for. Only while the segment is open.
  Lines lines(List<AgeIdentity> identities) {
    StoredZip.Entry entry = zip.at(LABELS);
    return new Lines(
        AgeReader.open(new Window(bytes, entry.offset(), entry.lengthBytes()), identities));
  }

  /// What a segment says of versions, line by line. One thread at a time.
  final class Lines implements Iterator<LabelLine>, AutoCloseable {

    private final AgeReader age;
    private final InputStream in;
    private @Nullable LabelLine next;

    private Lines(AgeReader age) {
      this.age = age;
      try {
        in = new BufferedInputStream(new ZstdInputStream(new AgeStream(age)), 64 << 10);
      } catch (IOException e) {
        age.close();
        throw unpacked(e);
      }
    }

    private static SerdabException.Damaged unpacked(IOException e) {
      return Problems.damaged("An index of the repository cannot be unpacked.", e);
    }

    @Override
    public boolean hasNext() {
      if (next == null) {
        try {
          next = read();
        } catch (IOException e) {
          throw unpacked(e);
        }
      }
      return next != null;
    }

    private @Nullable LabelLine read() throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int single = in.read(); single >= 0; single = in.read()) {
        if (single == '\n') {
          LabelLine label = LabelLine.parse(line.toByteArray());
          int[] numbers = label.packs();
          for (int i = 0; i < numbers.length; i++) {
            numbers[i] = pack(numbers[i]);
          }
          return label;
        }
        line.write(single);
        if (line.size() > LINE_BYTES_MAX) {
          throw damaged();
        }
      }
      return null;
    }

    @Override
    public LabelLine next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      LabelLine line = java.util.Objects.requireNonNull(next);
      next = null;
      return line;
    }

    @Override
    public void close() {
      try {
        in.close();
      } catch (IOException e) {
        throw unpacked(e);
      } finally {
        age.close();
      }
    }
  }

  private static SerdabException.Damaged damaged() {
    return Problems.damaged("An index of the repository is not as it was written.");
  }

  @Override
  public void close() {
    bytes.close();
  }

  /// A plaintext from start to end.
  private static final class AgeStream extends InputStream {
    private final AgeReader age;
    private long position;

    AgeStream(AgeReader age) {
      this.age = age;
    }

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int count) {
      if (count == 0) {
        return 0;
      }
      int read = age.read(position, ByteBuffer.wrap(into, offset, count));
      if (read > 0) {
        position += read;
      }
      return read;
    }
  }
}
