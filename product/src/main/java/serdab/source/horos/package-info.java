/// Reads the library of Horos and OsiriX: its folders, its index and its files, as they are.
///
/// Start at [HorosSource]. It works on a private copy of the index ([IndexSnapshot]), finds columns
/// by name ([IndexSchema]), and files by the viewer's own rule ([FileLocator]). What the index does
/// not know is found by listing the folders ([UnindexedFiles]); without a usable index that is
/// everything.
///
/// The viewer may be running. Nothing of its library is opened for writing, and no lock is held on
/// its index except in the last resort that [IndexSnapshot] describes. This package knows nothing
/// of destinations or of what was copied before.
@NullMarked
package serdab.source.horos;

import org.jspecify.annotations.NullMarked;
