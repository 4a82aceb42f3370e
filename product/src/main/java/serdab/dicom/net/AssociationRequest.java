package serdab.dicom.net;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import serdab.dicom.DicomWriter;
import serdab.dicom.TransferSyntax;

/// What is asked of a node before anything else: who, about what, how. [Association#open] sends it.
/// One thread at a time; can be used again.
public final class AssociationRequest {

  /// What fits every buffer on both sides and is long enough for its headers not to count.
  static final long PDU_LENGTH_MAX = 128 << 10;

  private final NodeAddress node;
  private final List<ProposedContext> contexts = new ArrayList<>();
  private final List<Pdu.RoleSelection> roles = new ArrayList<>();
  private Timeouts timeouts = Timeouts.DEFAULT;
  private int window = 1;
  private Priority priority = Priority.MEDIUM;
  private @Nullable UserIdentity identity;
  private @Nullable SSLContext tls;

  private AssociationRequest(NodeAddress node) {
    this.node = node;
  }

  /// A request without contexts; some have to be added. It speaks TLS where the address says so,
  /// and says who asks.
  ///
  /// @throws serdab.SerdabException.Misconfigured when what TLS needs cannot be read
  public static AssociationRequest to(NodeAddress node) {
    AssociationRequest request = new AssociationRequest(node);
    node.tls().ifPresent(files -> request.tls(files.context()));
    node.identity().ifPresent(request::identity);
    return request;
  }

  /// Adds contexts.
  ///
  /// @throws IllegalArgumentException when there are more contexts than an association has
  public AssociationRequest propose(List<ProposedContext> more) {
    if (contexts.size() + more.size() > PresentationContext.COUNT_MAX) {
      throw new IllegalArgumentException("an association has at most 128 presentation contexts");
    }
    contexts.addAll(more);
    return this;
  }

  /// Asks for C-ECHO.
  public AssociationRequest verification() {
    return propose(
        List.of(
            new ProposedContext(
                ProposedContext.VERIFICATION, List.of(TransferSyntax.IMPLICIT_LITTLE_ENDIAN))));
  }

  /// Asks for C-FIND: by study, and by patient for nodes that know only this.
  public AssociationRequest querying() {
    return services(NodeSheet.Service.FIND_STUDY_ROOT, NodeSheet.Service.FIND_PATIENT_ROOT);
  }

  /// Asks for C-MOVE.
  public AssociationRequest moving() {
    return services(NodeSheet.Service.MOVE_STUDY_ROOT, NodeSheet.Service.MOVE_PATIENT_ROOT);
  }

  /// Asks for C-GET, and to be sent what is got: on the same association, so that its kinds have to
  /// be named beforehand.
  ///
  /// @param kinds what may come, at most 126; of one context with several transfer syntaxes the
  ///   peer picks one
  public AssociationRequest getting(List<ProposedContext> kinds) {
    services(NodeSheet.Service.GET_STUDY_ROOT, NodeSheet.Service.GET_PATIENT_ROOT);
    propose(kinds);
    kinds.stream()
        .map(ProposedContext::abstractSyntax)
        .distinct()
        .forEach(sopClass -> roles.add(new Pdu.RoleSelection(sopClass, false, true)));
    return this;
  }

  /// Asks for storage commitment.
  public AssociationRequest commitment() {
    return services(NodeSheet.Service.STORAGE_COMMITMENT);
  }

  /// Asks to report on storage commitment, as the one who was asked for it (PS3.4 section J.3.3).
  AssociationRequest reporting() {
    commitment();
    roles.add(new Pdu.RoleSelection(CommitmentReport.SOP_CLASS, false, true));
    return this;
  }

  private AssociationRequest services(NodeSheet.Service... all) {
    for (NodeSheet.Service service : all) {
      propose(List.of(new ProposedContext(service.sopClassUid(), Identifier.syntaxes())));
    }
    return this;
  }

  public AssociationRequest timeouts(Timeouts value) {
    this.timeouts = value;
    return this;
  }

  /// Says with each operation how urgent it is; MEDIUM when nobody says.
  public AssociationRequest priority(Priority value) {
    this.priority = value;
    return this;
  }

  /// Asks to have several operations under way at once (PS3.7 section D.3.3.3); the peer says how
  /// many. By default one, which is not even asked for: some peers stumble over the question.
  ///
  /// @param operations at least 1
  public AssociationRequest window(int operations) {
    if (operations < 1 || operations > 0xFFFF) {
      throw new IllegalArgumentException("a window is from 1 to 65535");
    }
    this.window = operations;
    return this;
  }

  public AssociationRequest identity(UserIdentity value) {
    this.identity = value;
    return this;
  }

  /// Speaks TLS; the context says whom to trust, and who we are.
  public AssociationRequest tls(SSLContext value) {
    this.tls = value;
    return this;
  }

  NodeAddress node() {
    return node;
  }

  List<ProposedContext> contexts() {
    return List.copyOf(contexts);
  }

  Timeouts timeouts() {
    return timeouts;
  }

  Priority priority() {
    return priority;
  }

  int window() {
    return window;
  }

  Optional<SSLContext> tls() {
    return Optional.ofNullable(tls);
  }

  Pdu.AssociateRequest pdu() {
    List<PresentationContext> numbered = new ArrayList<>();
    for (ProposedContext context : contexts) {
      numbered.add(
          new PresentationContext(
              2 * numbered.size() + 1, context.abstractSyntax(), context.transferSyntaxes()));
    }
    return new Pdu.AssociateRequest(
        Pdu.PROTOCOL_VERSION,
        node.called(),
        node.calling(),
        Pdu.APPLICATION_CONTEXT,
        numbered,
        new Pdu.UserInformation(
            PDU_LENGTH_MAX,
            DicomWriter.IMPLEMENTATION_CLASS_UID,
            DicomWriter.IMPLEMENTATION_VERSION_NAME,
            window == 1 ? Optional.empty() : Optional.of(new Pdu.AsyncWindow(window, 1)),
            roles,
            Optional.ofNullable(identity),
            false));
  }
}
