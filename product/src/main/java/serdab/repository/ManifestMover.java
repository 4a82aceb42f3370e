package serdab.repository;

import java.util.function.UnaryOperator;

/// Writes a version's manifest anew when blobs that it speaks of have moved. Whoever writes the
/// manifests provides it, as this package does not know what they say.
@FunctionalInterface
public interface ManifestMover {

  /// The same manifest with other places.
  ///
  /// @param manifest its JSON
  /// @param moved where each blob lies now; it is asked for every blob that the manifest speaks of,
  ///   once or more often. The codec and the stored length stay what they are
  /// @throws serdab.SerdabException.Damaged when the manifest cannot be understood
  byte[] move(byte[] manifest, UnaryOperator<BlobAt> moved);
}
