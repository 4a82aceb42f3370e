/// Copies of studies in a repository: deduplicated, compressed by what is in the files, sealed.
///
/// Start at [RepositoryDestination]. A study is a group; a version of it is a manifest that says of
/// which pieces each file is made. A file is cut at its bulk values, by its own structure; whatever
/// the structure claims, the pieces one after another are the file. This package knows DICOM and
/// picks codecs; where blobs lie, and who may open them, is the repository's business.
///
/// The format is `docs/format/repository.md`, sections 4.1 to 4.3 and 5.1.
@NullMarked
package serdab.destination.repository;

import org.jspecify.annotations.NullMarked;
