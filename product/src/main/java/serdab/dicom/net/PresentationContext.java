package serdab.dicom.net;

import java.util.List;

/// One thing to talk about, and the encodings it may be said in (PS3.8 section 9.3.2.2).
///
/// @param id odd, from 1 to 255
/// @param abstractSyntax a SOP Class UID
/// @param transferSyntaxes at least one; the acceptor picks
record PresentationContext(int id, String abstractSyntax, List<String> transferSyntaxes) {

  /// There are no more odd numbers in a byte.
  static final int COUNT_MAX = 128;

  PresentationContext {
    transferSyntaxes = List.copyOf(transferSyntaxes);
  }
}
