/// Copies of studies at a node: another PACS, a cloud service.
///
/// Start at [NodeDestination]. A node keeps instances, not files and not versions, and what it says
/// of them proves nothing; so a copy counts when every instance was retrieved again and compared.
/// What we sent is remembered in a [NodeLedger] of this machine: without it nothing is sent twice,
/// as the node is asked first what it has, but everything is compared again.
///
/// What a node speaks, DICOMweb or DICOM's own protocol, only [WebNode] and [DimseNode] know.
/// Nothing is ever overwritten at a node or removed from one. The rules are `docs/dicomweb.md` and
/// `docs/dicom-network.md`.
@NullMarked
package serdab.destination.node;

import org.jspecify.annotations.NullMarked;
