package serdab.store;

import serdab.Sha256;

/// What a document must be for [BlobStore#replace] to write over it.
public sealed interface Expected {

  /// There must be none yet.
  static Expected absent() {
    return new Absent();
  }

  /// It must hold exactly these bytes.
  static Expected content(Sha256 digest) {
    return new Content(digest);
  }

  /// Whatever it is, it is replaced.
  static Expected anything() {
    return new Anything();
  }

  /// There must be none yet.
  record Absent() implements Expected {}

  /// It must hold exactly the bytes of this digest.
  record Content(Sha256 digest) implements Expected {}

  /// Whatever it is, it is replaced.
  record Anything() implements Expected {}
}
