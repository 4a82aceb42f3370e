package serdab.repository;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import serdab.SerdabException;

/// Whose signatures count, and what signs here. Thread-safe.
///
/// @param writers those that were enrolled when the repository was opened
/// @param signer signs as a writer, or as the owner; empty when nothing can be written
/// @param writer the name that stands beside what it signs
record Trust(Writers writers, Optional<Signer> signer, String writer) {

  private static final String MARK = ",\"signature\":\"";

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
        .filter(
            known -> Signatures.check(owner.repository(), known.key(), subject, body, signature))
        .isPresent();
  }

  boolean wasEnrolled(String by, Instant time) {
    return by.equals(GroupKey.OWNER)
        || writers.find(by).filter(known -> known.mayWriteAt(time)).isPresent();
  }

  boolean isStillEnrolled(String by) {
    return by.equals(GroupKey.OWNER)
        || writers.find(by).filter(known -> known.revokedAt().isEmpty()).isPresent();
  }

  /// A signed JSON document, as one line (format section 3.4).
  byte[] signed(Doc doc, String subject) {
    byte[] body = doc.with("writer", writer).bytes();
    byte[] signature = (MARK + sign(subject, body) + "\"}\n").getBytes(StandardCharsets.US_ASCII);
    byte[] document = Arrays.copyOf(body, body.length - 1 + signature.length);
    System.arraycopy(signature, 0, document, body.length - 1, signature.length);
    return document;
  }

  /// Whether a document is there and somebody trusted signed it.
  boolean isSigned(Optional<byte[]> json, String subject) {
    try {
      json.ifPresent(each -> requireSigned(each, subject));
      return json.isPresent();
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  /// A document that somebody trusted signed, its bytes as they are found.
  ///
  /// @throws serdab.SerdabException.Damaged when nobody did
  Doc requireSigned(byte[] json, String subject) {
    String text = new String(json, StandardCharsets.ISO_8859_1);
    int mark = text.lastIndexOf(MARK);
    if (mark < 0) {
      throw unsigned(subject);
    }
    byte[] body = Arrays.copyOf(json, mark + 1);
    body[mark] = '}';
    Doc doc = Doc.parse(body);
    String signature = Doc.parse(json).text("signature");
    String by = doc.text("writer");
    Instant time;
    try {
      time = Instant.parse(doc.text("time"));
    } catch (DateTimeException e) {
      throw unsigned(subject);
    }
    if (!isGood(by, subject, body, signature) || !wasEnrolled(by, time)) {
      throw unsigned(subject);
    }
    return doc;
  }

  private static SerdabException.Damaged unsigned(String subject) {
    return Problems.damaged(
        "A small file of the repository has no good signature: " + subject + ".");
  }
}
