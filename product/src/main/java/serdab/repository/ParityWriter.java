package serdab.repository;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.Capability;
import serdab.store.ReadBack;
import serdab.store.ReadableBytes;
import serdab.store.Staged;

/// Computes and writes the two parity files of a group (format section 7.1). One thread at a time.
///
/// Members are read in pieces, side by side. p and q are held up to [#HELD_BYTES_MAX] each; when
/// they are longer, the members are read once more instead.
final class ParityWriter {

  static final int BLOCK_BYTES = 1 << 20;

  private static final long HELD_BYTES_MAX = 40L << 20;

  private final Shelf shelf;
  private final long heldBytesMax;

  ParityWriter(Shelf shelf) {
    this(shelf, HELD_BYTES_MAX);
  }

  ParityWriter(Shelf shelf, long heldBytesMax) {
    this.shelf = shelf;
    this.heldBytesMax = heldBytesMax;
  }

  /// What was written.
  ///
  /// @param lengthBytes of both files together
  record Written(String p, String q, long lengthBytes) {}

  /// A member is not as its name says, so that nothing may be computed from it.
  static final class BadMemberException extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient Snapshot.PackName member;

    BadMemberException(Snapshot.PackName member) {
      this.member = member;
    }

    Snapshot.PackName member() {
      return member;
    }
  }

  /// Writes p, then q, then the pair of them; what is there already is left as it is.
  Written write(ParityGroup group) throws BadMemberException {
    boolean held = group.bodyBytes() <= heldBytesMax;
    List<ByteBuffer> p = new ArrayList<>();
    List<ByteBuffer> q = new ArrayList<>();
    CRC32 crcP = new CRC32();
    CRC32 crcQ = new CRC32();
    byte[] sums = new byte[group.sumsBytes()];
    try (Members members = new Members(group)) {
      members.run(
          sums, true, piece -> take(piece, held, crcP, p), piece -> take(piece, held, crcQ, q));
      members.requireNames();
      ParityGroup.Body bodyP = held ? sink -> give(p, sink) : sink -> members.again(sink, _ -> {});
      ParityGroup.Body bodyQ = held ? sink -> give(q, sink) : sink -> members.again(_ -> {}, sink);
      long[] length = new long[1];
      String fileP = put(group, ParityGroup.Part.P, sums, crcP, bodyP, length);
      String fileQ = put(group, ParityGroup.Part.Q, sums, crcQ, bodyQ, length);
      pair(
          shelf,
          new ParityGroup.Pair(
              ParityGroup.nameOf(fileP).orElseThrow(), ParityGroup.nameOf(fileQ).orElseThrow()));
      return new Written(fileP, fileQ, length[0]);
    }
  }

  /// Says that both files were there, so that whichever is missing from now on was lost. A prune
  /// may be taking them away at this moment.
  static void pair(Shelf shelf, ParityGroup.Pair pair) {
    shelf.putIfFree(pair.file(), new Bulk());
    if (!pair.files().stream().allMatch(file -> shelf.store().find(file).isPresent())) {
      shelf.store().delete(pair.file());
    }
  }

  /// Reads every member and compares it with its name.
  static void requireWhole(Shelf shelf, ParityGroup group) throws BadMemberException {
    for (Snapshot.PackName member : group.members()) {
      try {
        if (!shelf.hash(Layout.pack(member.digest())).digest().equals(member.digest())) {
          throw new BadMemberException(member);
        }
      } catch (SerdabException.Damaged | SerdabException.Refused e) {
        throw new BadMemberException(member);
      }
    }
  }

  private static void take(ByteBuffer piece, boolean held, CRC32 crc, List<ByteBuffer> pieces) {
    crc.update(piece.duplicate());
    if (held) {
      ByteBuffer copy = ByteBuffer.allocate(piece.remaining());
      pieces.add(copy.put(piece).flip());
    }
  }

  private static void give(List<ByteBuffer> pieces, StoredZip.Sink sink) {
    pieces.forEach(piece -> sink.write(piece.duplicate()));
  }

  private String put(
      ParityGroup group,
      ParityGroup.Part part,
      byte[] sums,
      CRC32 crc,
      ParityGroup.Body body,
      long[] length) {
    MessageDigest hasher = Sha256.hasher();
    long[] bytes = new long[1];
    group.emit(
        part,
        sums,
        (int) crc.getValue(),
        body,
        piece -> {
          bytes[0] += piece.remaining();
          hasher.update(piece);
        });
    Sha256 name = Sha256.finish(hasher);
    String file = ParityGroup.file(name);
    length[0] += bytes[0];
    if (shelf.store().find(file).map(BlobInfo::lengthBytes).orElse(-1L) == bytes[0]
        && shelf.hash(file).digest().equals(name)) {
      return file;
    }
    boolean early = shelf.store().capabilities().has(Capability.READ_BEFORE_COMMIT);
    try (Staged staged = shelf.store().stage(file)) {
      group.emit(part, sums, (int) crc.getValue(), body, staged::write);
      staged.sync();
      if (early) {
        try (ReadBack stored = staged.readBack()) {
          requireName(file, Shelf.hash(stored), name);
        }
      }
      staged.commit();
    } catch (SerdabException.Refused e) {
      if (!Shelf.isCode(e, "blob-exists")) {
        throw e;
      }
      early = false;
    }
    if (!early) {
      requireName(file, shelf.hash(file), name);
    }
    return file;
  }

  private static void requireName(String file, Shelf.Hashed stored, Sha256 name) {
    if (!stored.digest().equals(name)) {
      throw Problems.readBack(file);
    }
  }

  /// The members of a group, open.
  private final class Members implements AutoCloseable {
    private final ParityGroup group;
    private final List<ReadableBytes> open = new ArrayList<>();
    private final MessageDigest[] hashers;
    private final byte[] block = new byte[BLOCK_BYTES];
    private final long[] p = new long[BLOCK_BYTES / Long.BYTES];
    private final long[] q = new long[BLOCK_BYTES / Long.BYTES];
    private final long[] d = new long[BLOCK_BYTES / Long.BYTES];

    Members(ParityGroup group) throws BadMemberException {
      this.group = group;
      hashers = new MessageDigest[group.members().size()];
      try {
        for (int i = 0; i < hashers.length; i++) {
          hashers[i] = Sha256.hasher();
          Snapshot.PackName member = group.members().get(i);
          open.add(open(member));
          if (open.get(i).lengthBytes() != member.storedBytes()) {
            throw new BadMemberException(member);
          }
        }
      } catch (BadMemberException | RuntimeException e) {
        close();
        throw e;
      }
    }

    private ReadableBytes open(Snapshot.PackName member) throws BadMemberException {
      try {
        return shelf.store().open(Layout.pack(member.digest()));
      } catch (SerdabException.Refused e) {
        if (Shelf.isCode(e, "blob-missing")) {
          throw new BadMemberException(member);
        }
        throw e;
      }
    }

    void requireNames() throws BadMemberException {
      for (int i = 0; i < hashers.length; i++) {
        Snapshot.PackName member = group.members().get(i);
        if (!Sha256.finish(hashers[i]).equals(member.digest())) {
          throw new BadMemberException(member);
        }
      }
    }

    void again(StoredZip.Sink sinkP, StoredZip.Sink sinkQ) {
      try {
        run(null, false, sinkP, sinkQ);
      } catch (BadMemberException e) {
        throw Problems.readBack(Layout.pack(e.member().digest()));
      }
    }

    void run(byte @Nullable [] sums, boolean hash, StoredZip.Sink sinkP, StoredZip.Sink sinkQ)
        throws BadMemberException {
      int[] offsets = group.sumOffsets();
      MessageDigest sha = Sha256.hasher();
      long end = group.bodyBytes();
      for (long at = 0; at < end; at += BLOCK_BYTES) {
        int count = (int) Math.min(BLOCK_BYTES, end - at);
        int words = count / Long.BYTES;
        int row = Math.toIntExact(at / ParityGroup.STRIPE_BYTES);
        Arrays.fill(p, 0, words, 0);
        Arrays.fill(q, 0, words, 0);
        for (int i = open.size() - 1; i >= 0; i--) {
          int there = Math.clamp(group.members().get(i).storedBytes() - at, 0, count);
          if (there == 0) {
            Galois.addZeros(q, 0, words);
            continue;
          }
          read(i, at, there);
          if (hash) {
            hashers[i].update(block, 0, there);
          }
          Arrays.fill(block, there, count, (byte) 0);
          if (sums != null) {
            sums(sha, sums, offsets[i] + row, ParityGroup.stripes(there));
          }
          longs(block).get(d, 0, words);
          Galois.add(p, q, d, 0, words);
        }
        out(p, words, sha, sums, offsets[open.size()] + row, sinkP);
        out(q, words, sha, sums, offsets[open.size() + 1] + row, sinkQ);
      }
    }

    private void read(int member, long at, int count) throws BadMemberException {
      try {
        open.get(member).readFully(at, ByteBuffer.wrap(block, 0, count));
      } catch (SerdabException.Damaged e) {
        throw new BadMemberException(group.members().get(member));
      }
    }

    private void out(
        long[] values,
        int words,
        MessageDigest sha,
        byte @Nullable [] sums,
        int firstSum,
        StoredZip.Sink sink) {
      longs(block).put(values, 0, words);
      int count = words * Long.BYTES;
      if (sums != null) {
        sums(sha, sums, firstSum, count / ParityGroup.STRIPE_BYTES);
      }
      sink.write(ByteBuffer.wrap(block, 0, count));
    }

    private void sums(MessageDigest sha, byte[] sums, int first, int stripes) {
      for (int i = 0; i < stripes; i++) {
        sha.update(block, i * ParityGroup.STRIPE_BYTES, ParityGroup.STRIPE_BYTES);
        System.arraycopy(
            sha.digest(), 0, sums, (first + i) * ParityGroup.SUM_BYTES, ParityGroup.SUM_BYTES);
      }
    }

    @Override
    public void close() {
      open.forEach(ReadableBytes::close);
    }
  }

  static java.nio.LongBuffer longs(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asLongBuffer();
  }
}
