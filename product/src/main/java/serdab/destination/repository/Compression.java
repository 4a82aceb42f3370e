package serdab.destination.repository;

/// How much work goes into making frames small.
public enum Compression {
  /// JPEG-LS where it is smallest: the least room.
  SMALL,
  /// What guesses from neighbours leave, by zstd: about a quarter more room of CT and MR, and less
  /// work.
  FAST
}
