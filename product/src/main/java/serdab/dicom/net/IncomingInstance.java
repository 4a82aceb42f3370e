package serdab.dicom.net;

import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import serdab.dicom.FileMeta;
import serdab.dicom.SopInstanceUid;

/// One instance that a peer is sending: what its C-STORE request says, and its data set as it comes
/// from the network. Nobody compared the two: the data set may hold other UIDs.
///
/// @param association who sends it
/// @param sopClassUid Affected SOP Class UID (0000,0002), any text of up to 64 characters
/// @param sop Affected SOP Instance UID (0000,1000)
/// @param transferSyntaxUid in which the data set is encoded, as negotiated
/// @param moveOriginator whose C-MOVE made the peer send it, where it said so
/// @param body the data set's bytes: what stands behind the File Meta Information of a file. Ends
///   where the message ends; reading throws an `IOException` when the association breaks before,
///   and then nothing may be kept as received. Belongs to the association: it is read on the
///   calling thread only, and not after the sink returned.
public record IncomingInstance(
    AssociationFacts association,
    String sopClassUid,
    SopInstanceUid sop,
    String transferSyntaxUid,
    Optional<MoveOriginator> moveOriginator,
    ReadableByteChannel body) {

  /// The C-MOVE that an instance comes from (PS3.7 section 9.1.1.1).
  ///
  /// @param aeTitle Move Originator Application Entity Title (0000,1030)
  /// @param messageId Move Originator Message ID (0000,1031)
  public record MoveOriginator(AeTitle aeTitle, int messageId) {}

  /// Preamble, prefix and File Meta Information: written in front of the [#body] they make a file.
  public byte[] fileHeader() {
    return FileMeta.header(
        sopClassUid, sop.value(), transferSyntaxUid, association.calling().value());
  }
}
