/// Writes instances anew in another transfer syntax, without losing anything: data sets between the
/// native encodings, and pixels out of lossless compressions.
///
/// Start at [LosslessConversion]. What is in doubt is not converted, and the reason is said.
/// Nothing here knows a node, a destination or a study, and nothing lossy is ever touched.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part05.html#chapter_A DICOM PS3.5
///   annex A
@NullMarked
package serdab.dicom.convert;

import org.jspecify.annotations.NullMarked;
