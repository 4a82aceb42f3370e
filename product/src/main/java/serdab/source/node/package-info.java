/// Studies that a node has: one that speaks DICOMweb, or DICOM's own protocol.
///
/// Start at [WebNodeSource] and [DicomNodeSource]. What a node lists is a hint; what it gives is
/// the truth. A list that may not be whole is asked for in pieces, and where even that leaves a
/// doubt, the run says so and does not end as good.
@NullMarked
package serdab.source.node;

import org.jspecify.annotations.NullMarked;
