/// One proven ZIP per study, in month folders, that any unzip program opens.
///
/// Start at [ZipTree]. [StudyZipWriter] writes one version of a study, reads it back and gives it
/// its name; [StudyZip] reads one and trusts nothing in it. The format is described byte for byte
/// in `docs/format/zip-tree.md`. [Deflate] makes the compressed bytes of an entry (RFC 1951),
/// faster than the JDK does and with 16-bit pixels in mind.
///
/// This package knows DICOM files and places; it reaches bytes through a place only, never through
/// the file system. It knows nothing of libraries, plans, runs or other forms of keeping a copy.
///
/// @spec https://www.rfc-editor.org/info/rfc1951 RFC 1951: DEFLATE Compressed Data Format
@NullMarked
package serdab.ziptree;

import org.jspecify.annotations.NullMarked;
