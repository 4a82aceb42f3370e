/// Named blobs in one place, such as a folder on an external disk.
///
/// Start at [BlobStore]. A blob is staged, written, synced, read back and only then committed under
/// its name; what is visible is whole. [LocalFolder] keeps blobs as plain files; it reaches the
/// file system through [Disk], whose real side is [RealDisk], so that tests can cut the power at
/// every step. What a place cannot do stands in its [Capabilities], with the consequence in words.
///
/// This package knows nothing of studies, of DICOM or of what the blobs hold. Blob names may hold
/// what patients are called, so no message and no exception of this package repeats one.
@NullMarked
package serdab.store;

import org.jspecify.annotations.NullMarked;
