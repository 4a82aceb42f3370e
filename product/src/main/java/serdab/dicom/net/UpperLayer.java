package serdab.dicom.net;

import static serdab.dicom.net.UpperLayer.State.STA1;
import static serdab.dicom.net.UpperLayer.State.STA10;
import static serdab.dicom.net.UpperLayer.State.STA11;
import static serdab.dicom.net.UpperLayer.State.STA12;
import static serdab.dicom.net.UpperLayer.State.STA13;
import static serdab.dicom.net.UpperLayer.State.STA2;
import static serdab.dicom.net.UpperLayer.State.STA3;
import static serdab.dicom.net.UpperLayer.State.STA4;
import static serdab.dicom.net.UpperLayer.State.STA5;
import static serdab.dicom.net.UpperLayer.State.STA6;
import static serdab.dicom.net.UpperLayer.State.STA7;
import static serdab.dicom.net.UpperLayer.State.STA8;
import static serdab.dicom.net.UpperLayer.State.STA9;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The DICOM upper layer's protocol as a function: what to do, and which state comes next, when
/// something happens in a state (PS3.8 section 9.2.3, table 9-10). It does nothing by itself; a
/// [Connection] acts on what it says.
final class UpperLayer {

  /// PS3.8 tables 9-1 to 9-5.
  enum State {
    /// Idle.
    STA1,
    /// Connection open, waiting for A-ASSOCIATE-RQ.
    STA2,
    /// Waiting for the local answer to a request.
    STA3,
    /// Waiting for the connection to open.
    STA4,
    /// Waiting for the answer to our request.
    STA5,
    /// Established.
    STA6,
    /// Waiting for A-RELEASE-RP.
    STA7,
    /// Waiting for the local answer to a release.
    STA8,
    /// Collision of releases, requestor: waiting for the local answer.
    STA9,
    /// Collision of releases, acceptor: waiting for A-RELEASE-RP.
    STA10,
    /// Collision of releases, requestor: waiting for A-RELEASE-RP.
    STA11,
    /// Collision of releases, acceptor: waiting for the local answer.
    STA12,
    /// Waiting for the connection to close.
    STA13
  }

  /// The rows of PS3.8 table 9-10, in its order.
  enum Event {
    ASSOCIATE_REQUEST,
    TRANSPORT_OPEN,
    AC_PDU,
    RJ_PDU,
    TRANSPORT_INDICATION,
    RQ_PDU,
    ACCEPT,
    REJECT,
    DATA_REQUEST,
    DATA_PDU,
    RELEASE_REQUEST,
    RELEASE_RQ_PDU,
    RELEASE_RP_PDU,
    RELEASE_RESPONSE,
    ABORT_REQUEST,
    ABORT_PDU,
    TRANSPORT_CLOSED,
    ARTIM_EXPIRED,
    INVALID_PDU
  }

  /// PS3.8 tables 9-6 to 9-9.
  enum Action {
    /// Open the connection.
    AE_1,
    /// Send A-ASSOCIATE-RQ.
    AE_2,
    /// Confirm: accepted.
    AE_3,
    /// Confirm: rejected; close.
    AE_4,
    /// Answer the connection; start ARTIM.
    AE_5,
    /// Stop ARTIM; indicate the request, or send A-ASSOCIATE-RJ and start ARTIM.
    AE_6,
    /// Send A-ASSOCIATE-AC.
    AE_7,
    /// Send A-ASSOCIATE-RJ; start ARTIM.
    AE_8,
    /// Send P-DATA-TF.
    DT_1,
    /// Indicate data.
    DT_2,
    /// Send A-RELEASE-RQ.
    AR_1,
    /// Indicate a release.
    AR_2,
    /// Confirm the release; close.
    AR_3,
    /// Send A-RELEASE-RP; start ARTIM.
    AR_4,
    /// Stop ARTIM.
    AR_5,
    /// Indicate data.
    AR_6,
    /// Send P-DATA-TF.
    AR_7,
    /// Indicate a release; both sides want one.
    AR_8,
    /// Send A-RELEASE-RP.
    AR_9,
    /// Confirm the release.
    AR_10,
    /// Send A-ABORT as the user; (re)start ARTIM.
    AA_1,
    /// Stop ARTIM; close.
    AA_2,
    /// Indicate the abort; close.
    AA_3,
    /// Indicate that the connection is lost.
    AA_4,
    /// Stop ARTIM.
    AA_5,
    /// Ignore the PDU.
    AA_6,
    /// Send A-ABORT.
    AA_7,
    /// Send A-ABORT as the provider; indicate it; start ARTIM.
    AA_8
  }

  /// What to do and where it leads.
  record Step(Action action, State next) {}

  /// The two questions that the table leaves to its reader.
  ///
  /// @param requestor whether we asked for the association: decides a collision of releases (AR-8)
  /// @param acceptable whether a request that came can be passed on at all (AE-6)
  record Circumstances(boolean requestor, boolean acceptable) {}

  private UpperLayer() {}

  /// Empty where the table has no entry: what we ask for cannot be asked for then.
  static Optional<Step> step(State state, Event event, Circumstances circumstances) {
    return Optional.ofNullable(action(state, event))
        .map(action -> new Step(action, next(action, circumstances)));
  }

  private static @Nullable Action action(State state, Event event) {
    return switch (event) {
      case ASSOCIATE_REQUEST -> state == STA1 ? Action.AE_1 : null;
      case TRANSPORT_OPEN -> state == STA4 ? Action.AE_2 : null;
      case TRANSPORT_INDICATION -> state == STA1 ? Action.AE_5 : null;
      case ACCEPT -> state == STA3 ? Action.AE_7 : null;
      case REJECT -> state == STA3 ? Action.AE_8 : null;
      case DATA_REQUEST ->
          switch (state) {
            case STA6 -> Action.DT_1;
            case STA8 -> Action.AR_7;
            default -> null;
          };
      case RELEASE_REQUEST -> state == STA6 ? Action.AR_1 : null;
      case RELEASE_RESPONSE ->
          switch (state) {
            case STA8, STA12 -> Action.AR_4;
            case STA9 -> Action.AR_9;
            default -> null;
          };
      case ABORT_REQUEST ->
          switch (state) {
            case STA1, STA2, STA13 -> null;
            case STA4 -> Action.AA_2;
            default -> Action.AA_1;
          };
      case AC_PDU -> state == STA5 ? Action.AE_3 : unexpected(state);
      case RJ_PDU -> state == STA5 ? Action.AE_4 : unexpected(state);
      case RQ_PDU ->
          switch (state) {
            case STA2 -> Action.AE_6;
            case STA13 -> Action.AA_7;
            default -> unexpected(state);
          };
      case DATA_PDU ->
          switch (state) {
            case STA6 -> Action.DT_2;
            case STA7 -> Action.AR_6;
            default -> unexpected(state);
          };
      case RELEASE_RQ_PDU ->
          switch (state) {
            case STA6 -> Action.AR_2;
            case STA7 -> Action.AR_8;
            default -> unexpected(state);
          };
      case RELEASE_RP_PDU ->
          switch (state) {
            case STA7, STA11 -> Action.AR_3;
            case STA10 -> Action.AR_10;
            default -> unexpected(state);
          };
      case ABORT_PDU ->
          switch (state) {
            case STA1, STA4 -> null;
            case STA2, STA13 -> Action.AA_2;
            default -> Action.AA_3;
          };
      case TRANSPORT_CLOSED ->
          switch (state) {
            case STA1 -> null;
            case STA2 -> Action.AA_5;
            case STA13 -> Action.AR_5;
            default -> Action.AA_4;
          };
      case ARTIM_EXPIRED ->
          switch (state) {
            case STA2, STA13 -> Action.AA_2;
            default -> null;
          };
      case INVALID_PDU -> state == STA13 ? Action.AA_7 : unexpected(state);
    };
  }

  /// What follows a PDU that has no place in a state.
  private static @Nullable Action unexpected(State state) {
    return switch (state) {
      case STA1, STA4 -> null;
      case STA2 -> Action.AA_1;
      case STA13 -> Action.AA_6;
      default -> Action.AA_8;
    };
  }

  private static State next(Action action, Circumstances circumstances) {
    return switch (action) {
      case AE_1 -> STA4;
      case AE_2 -> STA5;
      case AE_3, AE_7, DT_1, DT_2 -> STA6;
      case AE_5 -> STA2;
      case AE_6 -> circumstances.acceptable() ? STA3 : STA13;
      case AR_1, AR_6 -> STA7;
      case AR_2, AR_7 -> STA8;
      case AR_8 -> circumstances.requestor() ? STA9 : STA10;
      case AR_9 -> STA11;
      case AR_10 -> STA12;
      case AE_8, AR_4, AA_1, AA_6, AA_7, AA_8 -> STA13;
      case AE_4, AR_3, AR_5, AA_2, AA_3, AA_4, AA_5 -> STA1;
    };
  }
}
