package serdab.repository;

import java.nio.ByteBuffer;
import java.util.Optional;
import serdab.Sha256;

/// A version on its way into a repository. One thread at a time.
///
/// Packs are written, synced and read back as they fill; [#commit] writes the snapshot, which alone
/// makes the version exist. What was not committed is never listed.
///
/// Every method throws [serdab.SerdabException] when the place fails; the version is then void.
public interface VersionWriter extends AutoCloseable {

  /// Where a blob lies already, in this version or in any pack that may be relied on.
  ///
  /// @param digest SHA-256 of the blob's bytes before they were encoded
  Optional<BlobAt> find(Sha256 digest);

  /// Adds a blob, wherever else it may lie.
  ///
  /// @param digest SHA-256 of the blob's bytes before they were encoded
  /// @param lengthBytes how many these were
  /// @param stored the encoded bytes, from position to limit; the caller may reuse the buffer
  BlobAt put(Sha256 digest, long lengthBytes, Codec codec, ByteBuffer stored);

  /// Writes what is left of the packs, then the snapshot.
  ///
  /// @param version the version's name
  /// @param supersedes the version before it
  /// @param files how many files it has
  /// @param lengthBytes the sum of their lengths
  /// @param manifest JSON in UTF-8; it is compressed here
  Committed commit(
      String version, Optional<String> supersedes, long files, long lengthBytes, byte[] manifest);

  /// Discards what was not committed; after a commit it does nothing.
  @Override
  void close();

  /// What [#commit] did.
  ///
  /// @param means how the packs were read back before the snapshot was written
  record Committed(Snapshot snapshot, serdab.store.ReadBack.Means means) {}
}
