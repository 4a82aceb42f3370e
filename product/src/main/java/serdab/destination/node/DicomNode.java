package serdab.destination.node;

import java.util.Optional;
import java.util.function.Supplier;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.CommitmentAsker;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.Traffic;
import serdab.plan.Existing;

/// How a node of DICOM's own protocol is spoken with.
///
/// @param requests gives a new request to it each time, without contexts
/// @param traffic what all operations on it share
/// @param retrieval how instances come back; closed with the destination
/// @param existing what it is asked before a study is sent
/// @param readBackOf of so many instances of a study one is read back; 1 means all
/// @param commitment asks it to keep what was sent; empty asks for no such claim
/// @param convert whether what it does not take may be converted without loss
public record DicomNode(
    NodeAddress address,
    Supplier<AssociationRequest> requests,
    Traffic traffic,
    Retrieval retrieval,
    Existing existing,
    int readBackOf,
    Optional<CommitmentAsker> commitment,
    boolean convert) {

  /// One of which everything is read back, and that gets everything as it is.
  public DicomNode(
      NodeAddress address,
      Supplier<AssociationRequest> requests,
      Traffic traffic,
      Retrieval retrieval,
      Existing existing) {
    this(address, requests, traffic, retrieval, existing, 1, Optional.empty(), false);
  }
}
