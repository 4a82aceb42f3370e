package serdab.destination.node;

import java.util.Optional;
import serdab.Sha256;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Outline;
import serdab.dicom.TransferSyntax;

/// What an instance is after it was written without loss for a node that does not take it as it is.
///
/// @param transferSyntaxUid in which that is, a native one
/// @param canonical its digest then (docs/format/digests.md)
/// @param pixel the same of its pixels; empty when there is none
/// @param outline what its elements are; empty when it is not at hand any more
record OtherForm(
    String transferSyntaxUid, Sha256 canonical, Optional<Sha256> pixel, Optional<Outline> outline) {

  /// Whether an instance holds these values, however it is encoded natively.
  boolean isHeldBy(InstanceFacts other, FileDigests its) {
    return !TransferSyntax.of(other.transferSyntaxUid()).encapsulated()
        && its.canonical().isPresent()
        && its.canonical().get().equals(canonical);
  }
}
