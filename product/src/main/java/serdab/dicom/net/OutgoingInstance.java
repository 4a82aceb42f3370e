package serdab.dicom.net;

import java.io.IOException;
import java.util.Optional;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.TransferSyntax;

/// One instance that is to be sent: a range of a file's bytes, and what the request says about it.
///
/// @param sopClassUid as the data set has it
/// @param sop as the data set has it
/// @param transferSyntaxUid in which these bytes are
/// @param source belongs to the caller and stays open until the answer came
/// @param offset of the data set, behind the File Meta Information
/// @param lengthBytes of the data set, deflated or not
public record OutgoingInstance(
    String sopClassUid,
    SopInstanceUid sop,
    String transferSyntaxUid,
    ByteSource source,
    long offset,
    long lengthBytes) {

  /// The instance that a file holds.
  public static OutgoingInstance of(DicomFile file, ByteSource source) throws IOException {
    return new OutgoingInstance(
        file.facts().sopClassUid(),
        file.facts().sop(),
        file.transferSyntax().uid(),
        source,
        file.dataSetOffset(),
        source.lengthBytes() - file.dataSetOffset());
  }

  /// Whether its data set has an odd number of bytes. A NUL behind a deflated one makes it even
  /// (PS3.5 section A.5); for others peers end the association.
  boolean isOdd() {
    return (lengthBytes & 1) != 0;
  }

  /// Whether it cannot be sent for being odd.
  boolean isOddForPeers() {
    return isOdd() && !TransferSyntax.of(transferSyntaxUid).deflated();
  }

  /// The same with an even length, as peers end the association at an odd one: the last value gets
  /// the byte that pads it (PS3.5 section 7.1.1). As it is when its length is even already, or when
  /// another value is the odd one.
  ///
  /// @param file the one that it is of
  public OutgoingInstance even(DicomFile file) throws IOException {
    if ((lengthBytes & 1) == 0) {
      return this;
    }
    Optional<PaddedSource> padded = PaddedSource.of(file, source);
    return padded.isEmpty()
        ? this
        : new OutgoingInstance(
            sopClassUid, sop, transferSyntaxUid, padded.get(), offset, lengthBytes + 1);
  }

  /// What it needs to be sent on.
  public Kind kind() {
    return new Kind(sopClassUid, transferSyntaxUid);
  }

  /// A SOP class in a transfer syntax: what a presentation context is made for.
  public record Kind(String sopClassUid, String transferSyntaxUid) {}
}
