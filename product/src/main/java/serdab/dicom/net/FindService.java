package serdab.dicom.net;

import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.net.Holdings.Query;
import serdab.dicom.net.MessageStream.Message;
import serdab.dicom.net.MessageStream.Outgoing;
import serdab.dicom.net.NodeSheet.Service;

/// Answers C-FIND requests out of [Holdings] (PS3.4 section C.4.1). One thread at a time.
final class FindService {

  private final Connection connection;
  private final MessageStream messages;
  private final Holdings holdings;
  private final AssociationFacts facts;

  FindService(
      Connection connection, MessageStream messages, Holdings holdings, AssociationFacts facts) {
    this.connection = connection;
    this.messages = messages;
    this.holdings = holdings;
    this.facts = facts;
  }

  void answer(Message request, PresentationContext context) throws IOException {
    Optional<Query> query = query(messages, request, context, facts);
    DimseStatus status = DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS;
    if (query.isPresent()) {
      Cancelling cancelling = new Cancelling(connection, messages, request);
      status = find(request, query.get(), cancelling);
      if (cancelling.isCancelled() && status.isSuccess()) {
        status = DimseStatus.CANCEL;
      }
    }
    messages.send(request.contextId(), request.command().response(status, false), null);
  }

  private DimseStatus find(Message request, Query query, Cancelling cancelling) throws IOException {
    CommandSet all = request.command().response(DimseStatus.PENDING, true);
    CommandSet some = request.command().response(DimseStatus.PENDING_KEYS_UNSUPPORTED, true);
    try {
      return holdings.find(
          query,
          (match, complete) -> {
            if (cancelling.isAsked()) {
              return false;
            }
            messages.send(request.contextId(), complete ? all : some, Outgoing.of(match.bytes()));
            return true;
          });
    } catch (SerdabException e) {
      return DimseStatus.UNABLE_TO_PROCESS;
    } catch (RuntimeException e) {
      // A mistake of ours must not look like the end of the list, nor end the server.
      return DimseStatus.UNABLE_TO_PROCESS;
    }
  }

  /// What is asked; empty when the identifier does not fit its service.
  static Optional<Query> query(
      MessageStream messages, Message request, PresentationContext context, AssociationFacts facts)
      throws IOException {
    DataSet identifier = Identifier.read(messages.bodyBytes(Identifier.BYTES_MAX));
    boolean byPatient = isByPatient(context.abstractSyntax());
    String written =
        identifier.string(Identifier.QUERY_RETRIEVE_LEVEL).orElse("").toUpperCase(Locale.ROOT);
    for (QueryLevel level : QueryLevel.values()) {
      if (level.name().equals(written) && (byPatient || level != QueryLevel.PATIENT)) {
        return Optional.of(new Query(facts, byPatient, level, identifier));
      }
    }
    return Optional.empty();
  }

  private static boolean isByPatient(String abstractSyntax) {
    return abstractSyntax.equals(Service.FIND_PATIENT_ROOT.sopClassUid())
        || abstractSyntax.equals(Service.MOVE_PATIENT_ROOT.sopClassUid())
        || abstractSyntax.equals(Service.GET_PATIENT_ROOT.sopClassUid());
  }

  /// Listens for a C-CANCEL while a request is worked on (PS3.7 section 9.3.2.3).
  static final class Cancelling {

    private final Connection connection;
    private final MessageStream messages;
    private final int id;
    private boolean cancelled;

    Cancelling(Connection connection, MessageStream messages, Message request) {
      this.connection = connection;
      this.messages = messages;
      this.id = request.command().number(CommandSet.MESSAGE_ID).orElse(0);
    }

    boolean isCancelled() {
      return cancelled;
    }

    /// Whether the peer said so by now. Does not wait.
    boolean isAsked() throws IOException {
      while (!cancelled && messages.hasInput()) {
        take(messages.receive(connection.timeouts().response()));
      }
      return cancelled;
    }

    /// Takes what came while something else was waited for.
    void take(Optional<Message> came) throws IOException {
      if (came.isEmpty()) {
        throw connection.protocolError("a release in the middle of an operation");
      }
      CommandSet command = came.get().command();
      if (command.commandField() != Command.C_CANCEL_RQ) {
        throw connection.protocolError("a request in the middle of another");
      }
      messages.drain();
      cancelled |= command.number(CommandSet.MESSAGE_ID_BEING_RESPONDED_TO).orElse(-1) == id;
    }
  }
}
