package serdab;

/// How stored bytes were looked at when a copy was proven.
public enum ProofMeans {
  /// Read from the device past the operating system's page cache.
  PAST_CACHE,
  /// Read through the page cache, which proves little about the disk.
  THROUGH_CACHE,
  /// Read over a network from the place itself.
  NETWORK,
  /// Not read: the place was only asked.
  ASKED
}
