package serdab.repository;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import serdab.Sha256;
import serdab.store.ReadableBytes;

/// A ZIP of stored entries with a signature over their digests (format section 3.4), read in parts:
/// what was not asked for is not read. One thread at a time.
final class SignedZip {

  static final String SIGNATURE = "signature.json";
  private static final long SIGNATURE_BYTES_MAX = 1 << 20;

  private final ReadableBytes zip;
  private final Map<String, StoredZip.Entry> entries;
  private final Map<String, Sha256> digests;
  private final String writer;

  private SignedZip(
      ReadableBytes zip,
      Map<String, StoredZip.Entry> entries,
      Map<String, Sha256> digests,
      String writer) {
    this.zip = zip;
    this.entries = entries;
    this.digests = digests;
    this.writer = writer;
  }

  /// A signed ZIP of these entries.
  static Bulk make(Map<String, byte[]> content, Trust trust, String subject) {
    Map<String, Sha256> digests = new LinkedHashMap<>();
    content.forEach((name, data) -> digests.put(name, Sha256.digest(data)));
    Map<String, byte[]> all = new LinkedHashMap<>(content);
    all.put(SIGNATURE, signature(digests, trust, subject));
    return Bulk.of(StoredZip.of(all));
  }

  static byte[] signature(Map<String, Sha256> digests, Trust trust, String subject) {
    Doc listed = new Doc();
    digests.forEach((name, digest) -> listed.with(name, digest.hex()));
    return new Doc()
        .with("writer", trust.writer())
        .with("entries", listed)
        .with("signature", trust.sign(subject, body(digests)))
        .bytes();
  }

  private static byte[] body(Map<String, Sha256> digests) {
    StringBuilder body = new StringBuilder();
    digests.forEach(
        (name, digest) -> body.append(name).append(' ').append(digest.hex()).append('\n'));
    return body.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /// Opens one and checks its signature; each entry is checked when it is read.
  ///
  /// @param zip stays open as long as entries are to be read
  /// @throws serdab.SerdabException.Damaged when it is not as an enrolled writer wrote it
  static SignedZip open(ReadableBytes zip, Trust trust, String subject) {
    Map<String, StoredZip.Entry> entries = StoredZip.entries(zip);
    StoredZip.Entry last = entries.get(SIGNATURE);
    if (last == null || last.lengthBytes() > SIGNATURE_BYTES_MAX) {
      throw unsigned();
    }
    Doc signature = Doc.parse(bytes(zip, last));
    Map<String, Sha256> digests = new LinkedHashMap<>();
    signature.object("entries").members().forEach((name, hex) -> digests.put(name, digest(hex)));
    Map<String, StoredZip.Entry> rest = new LinkedHashMap<>(entries);
    rest.remove(SIGNATURE);
    String writer = signature.text("writer");
    if (!rest.keySet().stream().toList().equals(digests.keySet().stream().toList())
        || !trust.isGood(writer, subject, body(digests), signature.text("signature"))) {
      throw unsigned();
    }
    return new SignedZip(zip, rest, digests, writer);
  }

  private static Sha256 digest(Object hex) {
    try {
      return Sha256.parse(String.valueOf(hex));
    } catch (IllegalArgumentException e) {
      throw unsigned();
    }
  }

  private static byte[] bytes(ReadableBytes zip, StoredZip.Entry entry) {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(entry.lengthBytes()));
    zip.readFully(entry.offset(), all);
    return all.array();
  }

  String writer() {
    return writer;
  }

  Optional<StoredZip.Entry> find(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /// Where an entry lies, for reading it in parts that are checked otherwise.
  StoredZip.Entry at(String name) {
    return find(name).orElseThrow(SignedZip::unsigned);
  }

  /// The bytes of an entry, which are those that were signed.
  byte[] read(String name, long lengthBytesMax) {
    StoredZip.Entry entry = at(name);
    if (entry.lengthBytes() > lengthBytesMax) {
      throw Problems.damaged("A part of a repository file is far larger than it should be.");
    }
    byte[] data = bytes(zip, entry);
    if (!Optional.of(Sha256.digest(data)).equals(Optional.ofNullable(digests.get(name)))) {
      throw Problems.damaged("A part of a repository file is not as it was written.");
    }
    return data;
  }

  /// Reads every entry, in pieces, and compares it with what was signed.
  ///
  /// @throws serdab.SerdabException.Damaged when one is different
  void requireIntact() {
    ByteBuffer piece = ByteBuffer.allocate(1 << 18);
    entries.forEach((name, entry) -> {
      java.security.MessageDigest hasher = Sha256.hasher();
      for (long at = 0; at < entry.lengthBytes(); ) {
        piece.clear().limit((int) Math.min(piece.capacity(), entry.lengthBytes() - at));
        zip.readFully(entry.offset() + at, piece);
        at += piece.position();
        hasher.update(piece.flip());
      }
      if (!java.util.Objects.equals(Sha256.finish(hasher), digests.get(name))) {
        throw Problems.damaged("A part of a repository file is not as it was written.");
      }
    });
  }

  private static serdab.SerdabException.Damaged unsigned() {
    return Problems.damaged(
        "A file of the repository has no good signature of a writer that is enrolled.");
  }
}
