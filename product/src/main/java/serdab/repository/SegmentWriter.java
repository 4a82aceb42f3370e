package serdab.repository;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import serdab.Sha256;
import serdab.repository.age.AgeRecipient;
import serdab.repository.age.AgeWriter;
import serdab.store.Capability;
import serdab.store.ReadBack;
import serdab.store.Staged;

/// Makes one index segment out of sorted records, which are run through several times and never
/// held together. One thread at a time.
///
/// What is held are the packs, the sums of the pages, and the labels, packed.
final class SegmentWriter {

  /// A segment with blobs up to this length is made in memory.
  private static final long WHOLE_BYTES_MAX = 24 << 20;

  private final PackTable all;
  private final PackTable packs = new PackTable();
  private int[] ordinals = new int[64];
  private final Bulk labels = new Bulk();
  private final AgeWriter age;
  private final OutputStream lines;
  private long versions;

  /// @param all what the numbers of packs mean in everything that is added
  SegmentWriter(PackTable all, List<AgeRecipient> readers, RandomGenerator secure) {
    this.all = all;
    age = new AgeWriter(readers, secure, labels::append);
    try {
      lines = new ZstdOutputStream(new Sealing(age), 3);
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written outside memory", e);
    }
  }

  void label(LabelLine line) {
    int[] numbers = line.packs().clone();
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = ordinal(numbers[i]);
    }
    try {
      lines.write(line.withPacks(numbers).bytes());
      lines.write('\n');
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written outside memory", e);
    }
    versions++;
  }

  private int ordinal(int number) {
    if (number >= ordinals.length) {
      ordinals = Arrays.copyOf(ordinals, Math.max(ordinals.length * 2, number + 1));
    }
    if (ordinals[number] == 0) {
      ordinals[number] = packs.intern(all.pack(number)) + 1;
    }
    return ordinals[number] - 1;
  }

  /// Writes the segment; gives its name.
  ///
  /// @param records gives the same records, in the order of their names, each time it is asked
  Sha256 write(
      Supplier<Iterator<BlobRecord>> records,
      Numbers covers,
      Collection<Sha256> replaces,
      Trust trust,
      Shelf shelf) {
    try {
      lines.close();
    } catch (IOException e) {
      throw new IllegalStateException("nothing is written outside memory", e);
    }
    age.finish();
    Sums sums = new Sums();
    pages(records.get(), sums::add);
    Doc segment =
        new Doc()
            .with("covers", covers.doc())
            .with(
                "replaces",
                replaces.stream().sorted().map(Sha256::hex).map(Object.class::cast).toList())
            .with("blobs", sums.records)
            .with("packs", packs.size())
            .with("versions", versions);
    Map<String, byte[]> small = new LinkedHashMap<>();
    small.put(Segment.SEGMENT, segment.bytes());
    small.put(Segment.PACKS, packs.bytes());
    small.put(Segment.PAGES, sums.lines.bytes());
    Map<String, Sha256> digests = new LinkedHashMap<>();
    small.forEach((name, data) -> digests.put(name, Sha256.digest(data)));
    digests.put(Segment.BLOBS, Sha256.finish(sums.hasher));
    digests.put(Segment.LABELS, labels.digest());
    byte[] signature = SignedZip.signature(digests, trust, Segment.SUBJECT);
    Content content = new Content(small, records, sums, signature);
    return sums.records * BlobRecord.BYTES <= WHOLE_BYTES_MAX
        ? whole(content, shelf)
        : streamed(content, shelf);
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Content(
      Map<String, byte[]> small,
      Supplier<Iterator<BlobRecord>> records,
      Sums sums,
      byte[] signature) {}

  private void emit(Content content, StoredZip.Sink sink) {
    StoredZip.Writer zip = new StoredZip.Writer(sink);
    content.small().forEach((name, data) -> zip.entry(name, ByteBuffer.wrap(data)));
    Sums sums = content.sums();
    zip.begin(Segment.BLOBS, sums.records * BlobRecord.BYTES, (int) sums.crc.getValue());
    pages(content.records().get(), zip::data);
    CRC32 crc = new CRC32();
    labels.pieces().forEach(crc::update);
    zip.begin(Segment.LABELS, labels.lengthBytes(), (int) crc.getValue());
    labels.pieces().forEach(zip::data);
    zip.entry(SignedZip.SIGNATURE, ByteBuffer.wrap(content.signature()));
    zip.finish();
  }

  private Sha256 whole(Content content, Shelf shelf) {
    Bulk file = new Bulk();
    emit(content, file::append);
    Sha256 name = file.digest();
    shelf.put(Layout.index(name), file);
    return name;
  }

  private Sha256 streamed(Content content, Shelf shelf) {
    MessageDigest hasher = Sha256.hasher();
    emit(content, hasher::update);
    Sha256 name = Sha256.finish(hasher);
    String file = Layout.index(name);
    boolean early = shelf.store().capabilities().has(Capability.READ_BEFORE_COMMIT);
    try (Staged staged = shelf.store().stage(file)) {
      emit(content, staged::write);
      staged.sync();
      if (early) {
        try (ReadBack stored = staged.readBack()) {
          requireName(Shelf.hash(stored), name);
        }
      }
      staged.commit();
    }
    if (!early) {
      requireName(shelf.hash(file), name);
    }
    return name;
  }

  private static void requireName(Shelf.Hashed stored, Sha256 name) {
    if (!stored.digest().equals(name)) {
      throw Problems.readBack(Layout.index(name));
    }
  }

  /// Runs through records page by page, packs as ordinals of this segment.
  private void pages(Iterator<BlobRecord> records, StoredZip.Sink sink) {
    ByteBuffer page = ByteBuffer.allocate(Segment.PAGE_BYTES);
    while (records.hasNext()) {
      BlobRecord record = records.next();
      record.inPack(ordinal(record.pack())).put(page);
      if (!page.hasRemaining()) {
        sink.write(page.flip());
        page.clear();
      }
    }
    if (page.position() > 0) {
      sink.write(page.flip());
    }
  }

  private static final class Sums {
    private final CRC32 crc = new CRC32();
    private final MessageDigest hasher = Sha256.hasher();
    private final Bulk lines = new Bulk();
    private long records;

    void add(ByteBuffer page) {
      crc.update(page.duplicate());
      hasher.update(page.duplicate());
      records += page.remaining() / BlobRecord.BYTES;
      ByteBuffer line = ByteBuffer.allocate(Segment.PAGE_LINE_BYTES);
      line.putLong(page.getLong(page.position())).putLong(Segment.sum(page));
      lines.append(line.flip());
    }
  }

  private static final class Sealing extends OutputStream {
    private final AgeWriter age;

    Sealing(AgeWriter age) {
      this.age = age;
    }

    @Override
    public void write(int single) {
      age.write(ByteBuffer.wrap(new byte[] {(byte) single}));
    }

    @Override
    public void write(byte[] bytes, int offset, int count) {
      age.write(ByteBuffer.wrap(bytes, offset, count));
    }
  }

  /// The records of several sorted sources in order; what is wholly the same comes once.
  static Iterator<BlobRecord> merged(List<Iterator<BlobRecord>> sources) {
    var heads =
        new java.util.PriorityQueue<Head>((a, b) -> a.record.key().compareTo(b.record.key()));
    for (Iterator<BlobRecord> source : sources) {
      if (source.hasNext()) {
        heads.add(new Head(source.next(), source));
      }
    }
    return new Iterator<>() {
      private final List<BlobRecord> sameKey = new ArrayList<>();
      private @Nullable BlobRecord next = advance();

      private @Nullable BlobRecord advance() {
        while (true) {
          Head head = heads.poll();
          if (head == null) {
            return null;
          }
          BlobRecord record = head.record;
          if (head.source.hasNext()) {
            head.record = head.source.next();
            heads.add(head);
          }
          if (!sameKey.isEmpty() && !sameKey.getFirst().key().equals(record.key())) {
            sameKey.clear();
          }
          if (!sameKey.contains(record)) {
            sameKey.add(record);
            return record;
          }
        }
      }

      @Override
      public boolean hasNext() {
        return next != null;
      }

      @Override
      public BlobRecord next() {
        BlobRecord now = Optional.ofNullable(next).orElseThrow();
        next = advance();
        return now;
      }
    };
  }

  private static final class Head {
    private BlobRecord record;
    private final Iterator<BlobRecord> source;

    Head(BlobRecord record, Iterator<BlobRecord> source) {
      this.record = record;
      this.source = source;
    }
  }
}
