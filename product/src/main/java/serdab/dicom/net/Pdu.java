package serdab.dicom.net;

import java.util.List;
import java.util.Optional;

/// What two nodes say to each other about their association (PS3.8 section 9.3). P-DATA-TF is not
/// among them: it carries messages and is never held as a value.
sealed interface Pdu {

  int ASSOCIATE_RQ = 0x01;
  int ASSOCIATE_AC = 0x02;
  int ASSOCIATE_RJ = 0x03;
  int DATA_TF = 0x04;
  int RELEASE_RQ = 0x05;
  int RELEASE_RP = 0x06;
  int ABORT = 0x07;

  /// Type, a reserved byte, and the length of the rest.
  int HEADER_BYTES = 6;

  /// PS3.7 section A.2.1.
  String APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1";

  int PROTOCOL_VERSION = 1;

  /// PS3.8 section 9.3.2.
  record AssociateRequest(
      int protocolVersion,
      AeTitle called,
      AeTitle calling,
      String applicationContext,
      List<PresentationContext> contexts,
      UserInformation user)
      implements Pdu {

    public AssociateRequest {
      contexts = List.copyOf(contexts);
    }
  }

  /// PS3.8 section 9.3.3. The titles are those of the request again; nobody may rely on them.
  record AssociateAccept(
      int protocolVersion,
      AeTitle called,
      AeTitle calling,
      String applicationContext,
      List<ContextAnswer> answers,
      UserInformation user)
      implements Pdu {

    public AssociateAccept {
      answers = List.copyOf(answers);
    }
  }

  /// PS3.8 section 9.3.4, table 9-21.
  record AssociateReject(int result, int source, int reason) implements Pdu {

    static final int PERMANENT = 1;
    static final int TRANSIENT = 2;
    static final int BY_USER = 1;
    static final int BY_ACSE = 2;
    static final int BY_PRESENTATION = 3;
  }

  /// PS3.8 section 9.3.6.
  record ReleaseRequest() implements Pdu {}

  /// PS3.8 section 9.3.7.
  record ReleaseResponse() implements Pdu {}

  /// PS3.8 section 9.3.8, table 9-26.
  record Abort(int source, int reason) implements Pdu {

    static final int BY_USER = 0;
    static final int BY_PROVIDER = 2;
    static final int NOT_SPECIFIED = 0;
    static final int UNRECOGNIZED_PDU = 1;
    static final int UNEXPECTED_PDU = 2;
    static final int UNRECOGNIZED_PARAMETER = 4;
    static final int UNEXPECTED_PARAMETER = 5;
    static final int INVALID_PARAMETER = 6;
  }

  /// One answer to one presentation context (PS3.8 section 9.3.3.2).
  ///
  /// @param result as in table 9-18
  /// @param transferSyntax means nothing unless the context was accepted
  record ContextAnswer(int id, int result, String transferSyntax) {

    static final int ACCEPTED = 0;
    static final int USER_REJECTION = 1;
    static final int NO_REASON = 2;
    static final int ABSTRACT_SYNTAX_NOT_SUPPORTED = 3;
    static final int TRANSFER_SYNTAXES_NOT_SUPPORTED = 4;
  }

  /// PS3.8 section 9.3.2.3 and annex D, PS3.7 section D.3.3.
  ///
  /// @param pduLengthMax the longest P-DATA-TF this side takes, without its six bytes of header; 0
  ///   when there is no limit
  /// @param identity in requests only
  /// @param identityAnswered in accepts only; whether the peer said that it took the identity
  record UserInformation(
      long pduLengthMax,
      String implementationClassUid,
      String implementationVersionName,
      Optional<AsyncWindow> window,
      List<RoleSelection> roles,
      Optional<UserIdentity> identity,
      boolean identityAnswered) {

    public UserInformation {
      roles = List.copyOf(roles);
    }
  }

  /// How many operations may be under way at once (PS3.7 section D.3.3.3); 0 means any number.
  record AsyncWindow(int invoked, int performed) {}

  /// Who is SCU and SCP of one SOP class (PS3.7 section D.3.3.4).
  record RoleSelection(String sopClassUid, boolean scu, boolean scp) {}
}
