package serdab.dicom.net;

import java.io.IOException;

/// Bytes that are no PDU, or not one that fits here. The peer is told by an A-ABORT.
final class MalformedPduException extends IOException {

  private static final long serialVersionUID = 1L;

  private final int abortReason;

  /// @param abortReason one of [Pdu.Abort]
  /// @param message what is wrong, with numbers and never with bytes of the peer
  MalformedPduException(int abortReason, String message) {
    super(message);
    this.abortReason = abortReason;
  }

  int abortReason() {
    return abortReason;
  }
}
