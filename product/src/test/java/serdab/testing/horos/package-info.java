/// Makes Horos libraries for tests: the folder, the files and the index as the viewer leaves them.
///
/// Start at [HorosLibraryBuilder]. A [HorosLibraryFixture] imports DICOM files the way the viewer
/// does (numbering, merged series, one row per frame, NULL for common values) and takes plain SQL
/// for whatever else a library in the wild may hold. [TinyDicom] writes small files to import. This
/// package does not use the code it helps to test: it has its own small reader of headers.
@NullMarked
package serdab.testing.horos;

import org.jspecify.annotations.NullMarked;
