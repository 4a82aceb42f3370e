package serdab.source;

import java.io.IOException;
import serdab.dicom.ByteSource;

/// What a source hands a study's files to. One thread at a time.
public interface StudyReceiver {

  /// Takes one file and reads its bytes once, from beginning to end (small reads by position before
  /// that are allowed, to learn its structure).
  ///
  /// @throws IOException exactly as `bytes` threw it: the source's fault, not a destination's
  void take(SourceFile file, ByteSource bytes) throws IOException;

  /// A listed file that could not be given.
  void notGiven(SourceFile file, NotGiven reason, String detail);

  /// Why a listed file could not be given.
  enum NotGiven {
    /// Its volume is there and it is not.
    MISSING,
    /// Its volume is not there.
    OFFLINE,
    /// It is there and reading it failed.
    UNREADABLE
  }
}
