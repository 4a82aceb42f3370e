package serdab.destination.repository;

/// How much work goes into making frames small.
public enum Compression {
  /// JPEG-LS where it is smallest: the least room.
  SMALL,
  /// Differences and zstd: up to twice the room of CT and MR, and a fraction of the work.
  FAST
}
