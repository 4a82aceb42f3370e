package serdab.repository;

/// A committed version, opened for reading; every byte it gives was authenticated. Thread-safe.
///
/// Every method throws [serdab.SerdabException]: `Damaged` when what is stored is not what was
/// written, `Unavailable` when the place fails.
public interface VersionSource extends AutoCloseable {

  Snapshot snapshot();

  /// The manifest's JSON.
  byte[] manifest();

  /// The stored bytes of a blob, decrypted and not decoded.
  byte[] read(BlobAt blob);

  @Override
  void close();
}
