/// What every package may use: a handful of types.
///
/// [SerdabException] and [Problem] say what went wrong and what to do next, [PatientData] keeps
/// names out of logs, [Sha256] is the one kind of digest everything is named by. This package knows
/// nothing of DICOM, of places or of backups.
@NullMarked
package serdab;

import org.jspecify.annotations.NullMarked;
