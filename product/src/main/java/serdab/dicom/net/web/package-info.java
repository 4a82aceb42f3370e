/// Speaks DICOMweb with a node: searches (QIDO-RS), retrieves (WADO-RS) and stores (STOW-RS).
///
/// Start at [DicomWeb]. What a node says of itself is passed on as what it is, a claim: a status, a
/// count or a listing proves nothing here. Whoever wants a proof retrieves the instance and
/// compares it. Whatever a node sends has a limit, and an answer that cannot be understood is a
/// [serdab.Problem], never a guess.
///
/// This package knows nothing of backups, plans or catalogues. It writes only scratch files.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part18.html DICOM PS3.18
@NullMarked
package serdab.dicom.net.web;

import org.jspecify.annotations.NullMarked;
