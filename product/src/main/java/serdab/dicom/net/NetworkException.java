package serdab.dicom.net;

import java.io.IOException;

/// An association that did not come about, or ended before it should. What a person is told about
/// it is made by [NodeProblems].
abstract sealed class NetworkException extends IOException {

  private static final long serialVersionUID = 1L;

  private NetworkException(String message) {
    super(message);
  }

  /// The peer refused the association: PS3.8 table 9-21.
  static final class Rejected extends NetworkException {
    private static final long serialVersionUID = 1L;

    private final int result;
    private final int source;
    private final int reason;

    Rejected(Pdu.AssociateReject reject) {
      super("rejected " + reject.result() + "/" + reject.source() + "/" + reject.reason());
      this.result = reject.result();
      this.source = reject.source();
      this.reason = reject.reason();
    }

    int result() {
      return result;
    }

    int source() {
      return source;
    }

    int reason() {
      return reason;
    }
  }

  /// The peer ended the association: PS3.8 table 9-26.
  static final class Aborted extends NetworkException {
    private static final long serialVersionUID = 1L;

    private final int source;
    private final int reason;

    Aborted(Pdu.Abort abort) {
      super("aborted " + abort.source() + "/" + abort.reason());
      this.source = abort.source();
      this.reason = abort.reason();
    }

    int source() {
      return source;
    }

    int reason() {
      return reason;
    }
  }

  /// The connection is gone, without a word.
  static final class Lost extends NetworkException {
    private static final long serialVersionUID = 1L;

    Lost(String message) {
      super(message);
    }
  }

  /// The peer took too long.
  static final class TimedOut extends NetworkException {
    private static final long serialVersionUID = 1L;

    TimedOut(String message) {
      super(message);
    }
  }

  /// The peer broke the protocol, or is no DICOM node at all.
  static final class Garbled extends NetworkException {
    private static final long serialVersionUID = 1L;

    private final boolean beforeAnyAnswer;

    Garbled(String message, boolean beforeAnyAnswer) {
      super(message);
      this.beforeAnyAnswer = beforeAnyAnswer;
    }

    /// Whether it never said anything that was DICOM.
    boolean isBeforeAnyAnswer() {
      return beforeAnyAnswer;
    }
  }

  /// The peer asked to release the association while more was to be done.
  static final class Released extends NetworkException {
    private static final long serialVersionUID = 1L;

    Released() {
      super("released by the peer");
    }
  }
}
