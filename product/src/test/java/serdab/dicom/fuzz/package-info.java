/// Throws damaged and hostile input at everything in `serdab.dicom` that reads bytes from outside.
///
/// [FuzzMain] runs one target for as long as it is told, in a small heap; [FuzzTest] replays the
/// kept inputs of `src/test/resources/fuzz-corpus` and adds a few seconds of new ones. What fails
/// is written to `target/fuzz`, and belongs into the corpus when it is mended.
@NullMarked
package serdab.dicom.fuzz;

import org.jspecify.annotations.NullMarked;
