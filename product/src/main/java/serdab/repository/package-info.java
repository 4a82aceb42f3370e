/// Keeps versions of opaque groups in one place: deduplicated, packed, sealed, signed.
///
/// Start at [Repository]. A [VersionWriter] puts blobs and commits a [Snapshot]; a [VersionSource]
/// reads one again. What a blob means, how it was encoded and which versions may go is decided by
/// whoever uses this package. It knows nothing of studies or DICOM.
///
/// The format is `docs/format/repository.md`.
@NullMarked
package serdab.repository;

import org.jspecify.annotations.NullMarked;
