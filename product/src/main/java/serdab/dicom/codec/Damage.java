package serdab.dicom.codec;

import serdab.Problem;
import serdab.SerdabException;

/// What is wrong with a stream, as the exception to throw.
final class Damage {
  private Damage() {}

  /// @param what completes "A JPEG-LS image is damaged: …"
  static SerdabException.Damaged of(String what) {
    return new SerdabException.Damaged(
        new Problem(
            "jpeg-ls-damaged",
            "A JPEG-LS image is damaged: " + what + ".",
            "Bring the file back from another copy; serdab verify shows which copies are whole."));
  }

  /// @param what completes "A JPEG-LS image uses …"
  static SerdabException.Damaged notSupported(String what) {
    return new SerdabException.Damaged(
        new Problem(
            "jpeg-ls-not-supported",
            "A JPEG-LS image uses " + what + ", which Serdab does not decode.",
            "The file is kept as it is; open it with another program to see the image."));
  }
}
