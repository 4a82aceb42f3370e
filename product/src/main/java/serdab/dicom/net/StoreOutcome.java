package serdab.dicom.net;

import serdab.Problem;

/// What became of an instance that was to be sent. For an [Association] that breaks is no outcome
/// but an exception: then nobody knows.
public sealed interface StoreOutcome {

  /// The peer answered. A success is its claim, not a proof.
  record Answered(DimseStatus status) implements StoreOutcome {}

  /// The association broke each time it was sent, so nobody knows.
  record Broke(Problem problem) implements StoreOutcome {}

  /// It was not sent, and cannot be sent to this peer as it is.
  record NotTransferable(Reason reason) implements StoreOutcome {}

  /// Why an instance cannot be sent as it is.
  enum Reason {
    /// The peer takes this SOP class in no encoding that was proposed.
    SOP_CLASS_REFUSED,
    /// The peer takes this SOP class, and not in the transfer syntax that the file has.
    TRANSFER_SYNTAX_REFUSED,
    /// It has no SOP Class UID, SOP Instance UID or transfer syntax.
    NOT_NAMED,
    /// Its data set has an odd number of bytes, for which peers end the association.
    ODD_LENGTH
  }
}
