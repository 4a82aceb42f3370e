package serdab.ziptree;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StudyVersion;
import serdab.store.BlobStore;
import serdab.store.ReadBack;
import serdab.store.ReadableBytes;
import serdab.store.Staged;

/// The manifest that stands beside an adopted ZIP (`docs/format/zip-tree.md` section 7).
final class BesideManifest {

  static final String SUFFIX = ".study-manifest.json";

  static final String SELF = "sha256Above";

  private static final int PIECE_BYTES = 64 << 10;

  private static final String LAST_BEGIN = ",\"" + SELF + "\":\"";
  private static final String LAST_END = "\"}\n";
  private static final int LAST_BYTES =
      LAST_BEGIN.length() + 2 * Sha256.LENGTH_BYTES + LAST_END.length();

  private BesideManifest() {}

  /// Which ZIP a manifest beside belongs to.
  record Bound(long zipBytes, Sha256 zip) {}

  /// The name of the manifest beside a ZIP.
  static String of(String zipPath) {
    return zipPath.substring(0, zipPath.length() - StudyNames.ZIP.length()) + SUFFIX;
  }

  /// The path of the ZIP that a manifest of this name belongs to.
  static String zip(String name) {
    return name.substring(0, name.length() - SUFFIX.length()) + StudyNames.ZIP;
  }

  // ---- writing

  /// Writes it, reads it back and gives it its name.
  ///
  /// @throws SerdabException.Refused `blob-exists` when there is one
  static void put(
      BlobStore store,
      String zipPath,
      StudyVersion version,
      List<StoredEntry> entries,
      List<Long> offsets,
      Bound bound,
      String writtenBy) {
    try (Staged staged = store.stage(of(zipPath))) {
      DigestOutputStream digesting = new DigestOutputStream(new ToStaged(staged), Sha256.hasher());
      try (OutputStream out = new BufferedOutputStream(digesting, PIECE_BYTES)) {
        Manifest.writeBeside(
            out,
            version,
            entries,
            offsets,
            bound,
            writtenBy,
            () -> {
              flush(out);
              return digestSoFar(digesting.getMessageDigest());
            });
      } catch (IOException e) {
        throw new UncheckedIOException("the place takes every byte or throws otherwise", e);
      }
      staged.sync();
      try (ReadBack back = staged.readBack()) {
        Manifest read = read(back, bound.zipBytes()).manifest();
        if (!read.version().id().equals(version.id())
            || !read.version().facts().key().equals(version.facts().key())) {
          throw Manifest.damaged("what was just written names another version", null);
        }
      }
      staged.commit();
    }
  }

  private static void flush(OutputStream out) {
    try {
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("the place takes every byte or throws otherwise", e);
    }
  }

  private static Sha256 digestSoFar(MessageDigest digest) {
    try {
      return Sha256.finish((MessageDigest) digest.clone());
    } catch (CloneNotSupportedException e) {
      throw new IllegalStateException("every Java platform's SHA-256 can be cloned", e);
    }
  }

  // ---- reading

  /// A manifest and the ZIP it is for.
  record Read(Manifest manifest, Bound bound) {}

  /// Reads all of it.
  ///
  /// @param zipBytes how long the ZIP beside it is
  /// @throws SerdabException.Damaged `manifest-damaged` when it is not as it was written, or
  ///   belongs to another ZIP
  static Read read(ReadableBytes bytes, long zipBytes) {
    requireWhole(bytes);
    Read read = Manifest.readBeside(stream(bytes));
    requireSameZip(read.bound(), zipBytes);
    return read;
  }

  static Manifest.Head head(ReadableBytes bytes, long zipBytes) {
    Manifest.BesideHead head = Manifest.readBesideHead(stream(bytes));
    requireSameZip(head.bound(), zipBytes);
    return head.head();
  }

  static Manifest.Summary summary(ReadableBytes bytes) {
    return Manifest.readSummary(stream(bytes));
  }

  private static void requireSameZip(Bound bound, long zipBytes) {
    if (bound.zipBytes() != zipBytes) {
      throw Manifest.damaged("it belongs to a ZIP of another length", null);
    }
  }

  private static void requireWhole(ReadableBytes bytes) {
    long above = bytes.lengthBytes() - LAST_BYTES;
    if (above < 0) {
      throw Manifest.damaged("it is cut off", null);
    }
    MessageDigest sha256 = Sha256.hasher();
    ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
    for (long at = 0; at < above; ) {
      piece.clear().limit((int) Math.min(PIECE_BYTES, above - at));
      bytes.readFully(at, piece);
      at += piece.position();
      sha256.update(piece.flip());
    }
    byte[] last = new byte[LAST_BYTES];
    bytes.readFully(above, ByteBuffer.wrap(last));
    String expected = LAST_BEGIN + Sha256.finish(sha256).hex() + LAST_END;
    if (!Arrays.equals(last, expected.getBytes(StandardCharsets.US_ASCII))) {
      throw Manifest.damaged("it is not as it was written", null);
    }
  }

  private static InputStream stream(ReadableBytes bytes) {
    return new BufferedInputStream(new FromBytes(bytes), PIECE_BYTES);
  }

  static SerdabException.Damaged missing() {
    return new SerdabException.Damaged(
        new Problem(
            "manifest-missing",
            "A ZIP holds no manifest, so nothing says what should be in it.",
            "Another program may have made it; unzip it by hand. One of the Horos backup script is"
                + " taken over by: serdab import-tree"));
  }

  private static final class FromBytes extends InputStream {
    private final ReadableBytes bytes;
    private long position;

    FromBytes(ReadableBytes bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int from, int length) {
      if (length == 0) {
        return 0;
      }
      int count = bytes.read(position, ByteBuffer.wrap(into, from, length));
      position += Math.max(0, count);
      return count;
    }
  }

  private static final class ToStaged extends OutputStream {
    private final Staged staged;

    ToStaged(Staged staged) {
      this.staged = staged;
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      staged.write(ByteBuffer.wrap(bytes, from, length));
    }
  }
}
