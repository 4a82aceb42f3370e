package serdab.dicom.net;

import java.io.IOException;
import java.net.UnknownHostException;
import java.util.Map;
import javax.net.ssl.SSLException;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.net.NetworkException.Aborted;
import serdab.dicom.net.NetworkException.Garbled;
import serdab.dicom.net.NetworkException.Lost;
import serdab.dicom.net.NetworkException.Rejected;
import serdab.dicom.net.NetworkException.Released;
import serdab.dicom.net.NetworkException.TimedOut;

/// What a person is told when a node does not do what was asked: what happened, and what to do.
final class NodeProblems {

  private NodeProblems() {}

  /// While the connection was opened.
  static SerdabException connecting(NodeAddress node, IOException e, boolean timedOut) {
    if (e instanceof UnknownHostException) {
      return new SerdabException.Unavailable(
          new Problem(
              "node-not-found",
              "There is no host " + node.host() + ".",
              "Check the name in the address of the node, and this machine's network."),
          e);
    }
    if (e instanceof SSLException && !timedOut) {
      return new SerdabException.Refused(
          new Problem(
              "node-tls-failed",
              "The node " + node.shortName() + " and this machine did not agree on TLS.",
              "Check that this is the node's port for TLS, that each side trusts the other's"
                  + " certificate, and that the node's is made for "
                  + node.host()
                  + ".",
              Map.of("reason", String.valueOf(e.getMessage()))),
          e);
    }
    return new SerdabException.Unavailable(
        new Problem(
            "node-unreachable",
            "Nothing answers at "
                + node.host()
                + ", port "
                + node.port()
                + (timedOut ? "." : ": the connection was refused."),
            "Check that the node is running, its name and port, and the firewalls between: PACS"
                + " listen on 104 or 11112 mostly."),
        e);
  }

  /// Once there was a connection.
  static SerdabException of(NodeAddress node, IOException e) {
    return switch (e) {
      case Rejected rejected -> rejected(node, rejected);
      case Aborted aborted ->
          new SerdabException.Unavailable(
              new Problem(
                  "node-aborted",
                  "The node "
                      + node.shortName()
                      + " ended the association: "
                      + reason(aborted)
                      + ".",
                  "Its own log says why. What it had not answered was not sent; run again.",
                  Map.of("source", "" + aborted.source(), "reason", "" + aborted.reason())),
              e);
      case Garbled garbled when garbled.isBeforeAnyAnswer() ->
          new SerdabException.Refused(
              new Problem(
                  "node-not-dicom",
                  "What listens at "
                      + node.host()
                      + ", port "
                      + node.port()
                      + ", does not speak"
                      + " DICOM.",
                  "Check the port: a web page is another, and a node that wants TLS has one of its"
                      + " own.",
                  Map.of("reason", String.valueOf(e.getMessage()))),
              e);
      case Garbled _ ->
          new SerdabException.Unavailable(
              new Problem(
                  "node-protocol-broken",
                  "The node " + node.shortName() + " said something that DICOM does not allow.",
                  "Run again; when it happens again, tell its manufacturer the reason.",
                  Map.of("reason", String.valueOf(e.getMessage()))),
              e);
      case TimedOut _ ->
          new SerdabException.Unavailable(
              new Problem(
                  "node-timed-out",
                  "The node " + node.shortName() + " did not answer in time.",
                  "Check whether it is overloaded or its disk is full. What it had not answered was"
                      + " not sent; run again."),
              e);
      case Lost _, Released _ ->
          new SerdabException.Unavailable(
              new Problem(
                  "node-lost",
                  "The connection to the node " + node.shortName() + " broke.",
                  "Check the network and whether the node restarted. What it had not answered was"
                      + " not sent; run again."),
              e);
      default ->
          new SerdabException.Unavailable(
              new Problem(
                  "node-lost",
                  "The connection to the node " + node.shortName() + " broke.",
                  "Check the network and whether the node restarted. What it had not answered was"
                      + " not sent; run again."),
              e);
    };
  }

  /// PS3.8 table 9-21.
  private static SerdabException rejected(NodeAddress node, Rejected e) {
    Map<String, String> details =
        Map.of("result", "" + e.result(), "source", "" + e.source(), "reason", "" + e.reason());
    if (e.source() == Pdu.AssociateReject.BY_USER && e.reason() == 3) {
      return new SerdabException.Refused(
          new Problem(
              "node-unknown-caller",
              "The node "
                  + node.shortName()
                  + " does not know the calling AE title "
                  + node.calling()
                  + ".",
              "Ask its administrator to add the AE title "
                  + node.calling()
                  + " with the address of this machine, or give a title that it knows:"
                  + " ?calling=TITLE",
              details),
          e);
    }
    if (e.source() == Pdu.AssociateReject.BY_USER && e.reason() == 7) {
      return new SerdabException.Refused(
          new Problem(
              "node-unknown-called",
              "The node at "
                  + node.host()
                  + ":"
                  + node.port()
                  + " is not called "
                  + node.called()
                  + ".",
              "Ask its administrator for its AE title and write it in front of the @; capitals"
                  + " count.",
              details),
          e);
    }
    if (e.source() == Pdu.AssociateReject.BY_PRESENTATION
        || (e.result() == Pdu.AssociateReject.TRANSIENT && e.reason() == 1)) {
      return new SerdabException.Unavailable(
          new Problem(
              "node-busy",
              "The node "
                  + node.shortName()
                  + " takes no association now: "
                  + (e.reason() == 2 ? "it has as many as it may" : "it is too busy")
                  + ".",
              "Run again later, or with fewer associations at a time.",
              details),
          e);
    }
    Problem problem =
        new Problem(
            "node-rejected",
            "The node " + node.shortName() + " rejected the association: " + reason(e) + ".",
            "Its own log says why; ask its administrator, and name both AE titles, "
                + node.calling()
                + " and "
                + node.called()
                + (node.identity().isPresent()
                    ? ", and the user that the address names: its name or password may be wrong."
                    : ". If it wants to know a user, write &user=NAME&password=env:NAME behind its"
                        + " address."),
            details);
    return e.result() == Pdu.AssociateReject.TRANSIENT
        ? new SerdabException.Unavailable(problem, e)
        : new SerdabException.Refused(problem, e);
  }

  private static String reason(Rejected e) {
    return switch (e.source()) {
      case Pdu.AssociateReject.BY_USER ->
          e.reason() == 2 ? "it does not know DICOM's application context" : "it gives no reason";
      case Pdu.AssociateReject.BY_ACSE ->
          e.reason() == 2 ? "it does not know this version of the protocol" : "it gives no reason";
      default -> "it gives no reason";
    };
  }

  private static String reason(Aborted e) {
    if (e.source() == Pdu.Abort.BY_USER) {
      return "the program behind it wished so";
    }
    return switch (e.reason()) {
      case Pdu.Abort.UNRECOGNIZED_PDU -> "it did not recognise what we sent";
      case Pdu.Abort.UNEXPECTED_PDU -> "it did not expect what we sent";
      case Pdu.Abort.UNRECOGNIZED_PARAMETER,
          Pdu.Abort.UNEXPECTED_PARAMETER,
          Pdu.Abort.INVALID_PARAMETER ->
          "it did not like a value that we sent";
      default -> "it gives no reason";
    };
  }

  /// What was sent is to blame, not the peer.
  static SerdabException sourceFailed(IOException e) {
    return new SerdabException.Unavailable(
        new Problem(
            "sent-file-unreadable",
            "A file that was being sent could not be read to its end, so the association was ended.",
            "Check the disk that it lies on, and run again."),
        e);
  }

  /// The peer granted an association, and nothing to talk about.
  static SerdabException.Refused takesNothing(NodeAddress node) {
    return new SerdabException.Refused(
        new Problem(
            "node-takes-nothing",
            "The node " + node.shortName() + " supports nothing of what it was asked for.",
            "Ask its administrator which SOP classes and transfer syntaxes it supports; its DICOM"
                + " Conformance Statement lists them."));
  }

  /// There is no way to have back what the node holds.
  static SerdabException.Refused givesNothing(NodeAddress node) {
    return new SerdabException.Refused(
        new Problem(
            "node-gives-nothing",
            "The node "
                + node.shortName()
                + " gives nothing back on the association on which it is asked (C-GET).",
            "Let it send to this machine (C-MOVE): have its administrator enter the AE title "
                + node.calling()
                + " with a port of this machine, and write that port behind the address:"
                + " &listen=11112"));
  }

  /// PS3.4 table C.4-2, status A801.
  static SerdabException.Refused unknownDestination(NodeAddress node) {
    return new SerdabException.Refused(
        new Problem(
            "node-unknown-destination",
            "The node "
                + node.shortName()
                + " does not know where to send what "
                + node.calling()
                + " asks for (C-MOVE).",
            "Ask its administrator to enter the AE title "
                + node.calling()
                + " with the address of this machine and the port on which it listens."));
  }
}
