/// Reads DICOM files and gives back the same bytes it was given.
///
/// Start at [DicomFile]. A [DataSet] is an index of byte ranges over the untouched file: tags, VRs,
/// positions and lengths are known, values stay where they are until someone asks for them through
/// the [ByteSource]. Reading is lenient and never fails because of what a file holds: whatever is
/// odd, damaged or hostile becomes an [Anomaly] with its byte position, and what could be
/// understood is kept. Everything outside data can grow has a limit in [Limits].
///
/// [DicomWriter] makes new files of our own; a file that exists is never changed.
///
/// This package knows nothing of backups, networks or viewers.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part10.html DICOM PS3.10
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part05.html DICOM PS3.5
@NullMarked
package serdab.dicom;

import org.jspecify.annotations.NullMarked;
