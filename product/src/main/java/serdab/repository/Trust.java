package serdab.repository;

import java.time.Instant;
import java.util.Optional;

/// Whose signatures count, and what signs here. Thread-safe.
///
/// @param writers those that were enrolled when the repository was opened
/// @param signer signs as a writer, or as the owner; empty when nothing can be written
/// @param writer the name that stands beside what it signs
record Trust(Writers writers, Optional<Signer> signer, String writer) {

  boolean canSign() {
    return signer.isPresent();
  }

  /// @throws serdab.SerdabException.Refused when nothing here may sign
  String sign(String subject, byte[] body) {
    return signer.orElseThrow(Problems::needsWriter).sign(subject, body);
  }

  /// Whether this is the signature of somebody who is or was enrolled, or of the owner.
  boolean isGood(String by, String subject, byte[] body, String signature) {
    OwnerKey owner = writers.owner();
    if (by.equals(GroupKey.OWNER)) {
      return owner.signed(subject, body, signature);
    }
    return writers
        .find(by)
        .filter(known -> Signatures.check(owner.repository(), known.key(), subject, body, signature))
        .isPresent();
  }

  boolean wasEnrolled(String by, Instant time) {
    return by.equals(GroupKey.OWNER)
        || writers.find(by).filter(known -> known.mayWriteAt(time)).isPresent();
  }

  /// A signed JSON document.
  byte[] signed(Doc doc, String subject) {
    doc.without("signature").with("writer", writer);
    return doc.with("signature", sign(subject, doc.bytes())).bytes();
  }

  /// A document that somebody trusted signed.
  ///
  /// @throws serdab.SerdabException.Damaged when nobody did
  Doc requireSigned(byte[] json, String subject) {
    Doc doc = Doc.parse(json);
    String signature = doc.text("signature");
    String by = doc.text("writer");
    Instant time;
    try {
      time = Instant.parse(doc.text("time"));
    } catch (java.time.DateTimeException e) {
      throw Problems.damaged("A small file of the repository is not as it was written.");
    }
    byte[] body = doc.without("signature").bytes();
    if (!isGood(by, subject, body, signature) || !wasEnrolled(by, time)) {
      throw Problems.damaged("A small file of the repository has no good signature: " + subject + ".");
    }
    return doc;
  }
}
