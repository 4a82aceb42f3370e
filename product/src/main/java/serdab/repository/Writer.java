package serdab.repository;

import java.time.Instant;
import java.util.Optional;

/// A machine that may write, or may no more (format section 3.3): `writers/WRITER.json` and
/// `writers/WRITER.revoked.json`.
///
/// @param id 32 hexadecimal digits, from the key
/// @param name for people
/// @param key its Ed25519 public key
/// @param revokedAt from when on its signatures do not count
@SuppressWarnings("ArrayRecordComponent") // never compared
record Writer(String id, String name, byte[] key, Instant enrolledAt, Optional<Instant> revokedAt) {

  static String file(String id) {
    return "writers/" + id + ".json";
  }

  static String revokedFile(String id) {
    return "writers/" + id + ".revoked.json";
  }

  String file() {
    return revokedAt.isPresent() ? revokedFile(id) : file(id);
  }

  byte[] signed(Signer owner) {
    SignedDocument document =
        new SignedDocument(file())
            .with("writer", id)
            .with("name", name)
            .with("key", key)
            .with("enrolledAt", enrolledAt.toString());
    revokedAt.ifPresent(time -> document.with("revokedAt", time.toString()));
    return document.signed(file(), owner);
  }

  /// @throws serdab.SerdabException.Damaged when it is malformed, not signed by the owner, or when
  ///   the id is not that of the key
  static Writer read(String file, byte[] bytes, OwnerKey owner) {
    SignedDocument document = owner.read(file, bytes);
    Writer writer =
        new Writer(
            document.text("writer"),
            document.text("name"),
            document.base64("key", Signatures.KEY_BYTES),
            document.time("enrolledAt"),
            document.timeIfThere("revokedAt"));
    if (!writer.file().equals(file) || !writer.id().equals(Signer.id(writer.key()))) {
      throw KeyProblems.malformed(file);
    }
    return writer;
  }

  /// Whether a signature that it made at this time, by its own clock, counts.
  boolean mayWriteAt(Instant time) {
    return revokedAt.isEmpty() || time.isBefore(revokedAt.get());
  }
}
