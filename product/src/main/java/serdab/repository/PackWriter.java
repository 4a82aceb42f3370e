package serdab.repository;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import serdab.Sha256;
import serdab.repository.age.AgeRecipient;
import serdab.repository.age.AgeWriter;
import serdab.repository.age.FileKey;

/// A pack being filled: a ZIP of stored entries that is sealed as it comes, held in memory (format
/// section 4). One thread at a time.
final class PackWriter {

  /// Full from here on, in bytes of the ZIP.
  static final long TARGET_BYTES = 32L << 20;

  private static final String MANIFEST = "manifest.json.zst";
  static final String CONTENT = "pack.json.zst";
  private static final int MANIFEST_LEVEL = 15;

  private final Bulk sealed = new Bulk();
  private final AgeWriter age;
  private final StoredZip.Writer zip;
  private final ByteArrayOutputStream content = new ByteArrayOutputStream();
  private int blobs;

  PackWriter(AgeRecipient group, RandomGenerator secure) {
    age = new AgeWriter(List.of(group), secure, sealed::append);
    zip = new StoredZip.Writer(age::write);
  }

  boolean isEmpty() {
    return blobs == 0;
  }

  /// Whether a blob of this length still belongs into this pack.
  boolean hasRoomFor(int storedBytes) {
    return isEmpty()
        || (zip.lengthWith("000000.xxx", storedBytes) <= TARGET_BYTES
            && zip.entries() < StoredZip.ENTRIES_MAX - 2);
  }

  /// Adds a blob; gives where its stored bytes begin in the ZIP.
  long put(Sha256 digest, long lengthBytes, Codec codec, ByteBuffer stored) {
    int number = ++blobs;
    int storedBytes = stored.remaining();
    long offset = zip.entry(String.format(Locale.ROOT, "%06d.%s", number, codec.suffix()), stored);
    String line =
        "{\"n\":"
            + number
            + ",\"offset\":"
            + offset
            + ",\"stored\":"
            + storedBytes
            + ",\"codec\":"
            + codec.number()
            + ",\"bytes\":"
            + lengthBytes
            + ",\"sha256\":\""
            + digest.hex()
            + "\"}\n";
    content.writeBytes(line.getBytes(StandardCharsets.US_ASCII));
    return offset;
  }

  /// Adds the version's manifest; gives where its stored bytes begin in the ZIP, and how many.
  Manifest manifest(byte[] json) {
    byte[] stored = Zstd.compress(json, MANIFEST_LEVEL);
    return new Manifest(zip.entry(MANIFEST, ByteBuffer.wrap(stored)), stored.length);
  }

  record Manifest(long offset, long storedBytes) {}

  Sealed finish() {
    zip.entry(CONTENT, ByteBuffer.wrap(Zstd.compress(content.toByteArray(), MANIFEST_LEVEL)));
    zip.finish();
    age.finish();
    return new Sealed(sealed, sealed.digest(), age.fileKey());
  }

  /// A pack ready to be stored.
  ///
  /// @param key opens it again in this run
  record Sealed(Bulk bytes, Sha256 name, FileKey key) {}
}
