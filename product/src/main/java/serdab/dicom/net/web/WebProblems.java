package serdab.dicom.net.web;

import java.util.Map;
import serdab.Problem;
import serdab.SerdabException;

/// What goes wrong with a node, in words. No text holds more of a URL than the node's base: the
/// rest names studies.
final class WebProblems {

  private WebProblems() {}

  static SerdabException.Unavailable unreachable(String node, String why, Throwable cause) {
    return new SerdabException.Unavailable(unreachable(node, why), cause);
  }

  static Problem unreachable(String node, String why) {
    return new Problem(
        "dicomweb-unreachable",
        "The node at " + node + " could not be reached: " + why + ".",
        "Check that it runs and that this machine may connect to it, then run again: what is done"
            + " already is not done again.");
  }

  static SerdabException.Unavailable busy(String node, int status) {
    return new SerdabException.Unavailable(
        new Problem(
            "dicomweb-busy",
            "The node at " + node + " went on saying that it cannot answer now.",
            "Run again later: what is done already is not done again.",
            Map.of("status", Integer.toString(status))));
  }

  static SerdabException.Refused notTrusted(String node, Throwable cause) {
    return new SerdabException.Refused(
        new Problem(
            "dicomweb-not-trusted",
            "No secure connection to " + node + " came about: its certificate is not trusted here.",
            "If an authority of your own signed it, name that authority's certificate: add"
                + " ca=/PATH/ca.pem to the address. Never send images to a node that cannot prove"
                + " who it is."),
        cause);
  }

  static SerdabException.Refused certificate(String node, String alert, Throwable cause) {
    return new SerdabException.Refused(
        new Problem(
            "dicomweb-certificate",
            "The node at "
                + node
                + " ended the secure connection. It wants a certificate of who calls, and was"
                + " shown none, or one that it does not trust.",
            "Ask who runs it for a certificate, and add it to the address:"
                + " certificate=/PATH/own.pem&key=/PATH/own.key.",
            Map.of("alert", alert)),
        cause);
  }

  static SerdabException.Refused notAllowed(String node, int status) {
    return new SerdabException.Refused(
        new Problem(
            "dicomweb-not-allowed",
            "The node at " + node + " does not let this program do that.",
            "Check the token or the user and password of the address, and what the node allows"
                + " them.",
            Map.of("status", Integer.toString(status))));
  }

  static SerdabException.Misconfigured tokenNotOne(String node) {
    return new SerdabException.Misconfigured(
        new Problem(
            "dicomweb-token",
            "The token for " + node + " holds characters that no token can have.",
            "Check what the address refers to: the token alone, in one line."));
  }

  static SerdabException.Refused elsewhere(String node, String host) {
    return new SerdabException.Refused(
        new Problem(
            "dicomweb-elsewhere",
            "The node at " + node + " sends requests on to another one: " + host + ".",
            "If that one is meant, write its address instead. Nothing was sent there."));
  }

  static SerdabException.Refused inClear(String node) {
    return new SerdabException.Refused(
        new Problem(
            "dicomweb-in-clear",
            "A password or token would go to " + node + " without encryption.",
            "Write https:// instead of http://. Only on this machine itself may it be http://."));
  }

  static SerdabException.Misconfigured noService(String node, int status) {
    return new SerdabException.Misconfigured(
        new Problem(
            "dicomweb-no-service",
            "At " + node + " there is no DICOMweb service that knows what was asked.",
            "Check the address: it is the part before /studies, such as"
                + " https://pacs.example/dicom-web.",
            Map.of("status", Integer.toString(status))));
  }

  static SerdabException.Damaged answer(String node, String why) {
    return new SerdabException.Damaged(answerProblem(node, why));
  }

  static SerdabException.Damaged answer(String node, String why, Throwable cause) {
    return new SerdabException.Damaged(answerProblem(node, why), cause);
  }

  private static Problem answerProblem(String node, String why) {
    return new Problem(
        "dicomweb-answer",
        "The node at " + node + " gave an answer that cannot be used: " + why + ".",
        "Run: serdab check dicomweb:" + node + ", and show what it says to the node's maker.");
  }
}
