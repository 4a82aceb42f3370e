package serdab.dicom.net;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import serdab.SerdabException;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.MessageStream.Message;

/// Answers C-STORE requests out of an [InstanceSink] (PS3.4 annex B): for whoever was called, and
/// for whoever asked to be sent something on the same association.
final class StoreService {

  private final InstanceSink sink;
  private final AssociationFacts facts;

  StoreService(InstanceSink sink, AssociationFacts facts) {
    this.sink = sink;
    this.facts = facts;
  }

  /// Takes one instance and answers.
  ///
  /// @return what the peer was told
  DimseStatus answer(MessageStream messages, Message request, PresentationContext context)
      throws IOException {
    DimseStatus status = status(messages, request.command(), context);
    // What the sink did not want is passed over first: some peers read no answer before that.
    messages.drain();
    messages.send(request.contextId(), request.command().response(status, false), null);
    return status;
  }

  private DimseStatus status(
      MessageStream messages, CommandSet command, PresentationContext context) throws IOException {
    String sopClass = command.text(CommandSet.AFFECTED_SOP_CLASS_UID);
    String sop = command.text(CommandSet.AFFECTED_SOP_INSTANCE_UID);
    Optional<ReadableByteChannel> body = messages.body();
    if (body.isEmpty() || sop.isEmpty()) {
      return DimseStatus.CANNOT_UNDERSTAND;
    }
    if (!sopClass.equals(context.abstractSyntax())) {
      return DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS;
    }
    String originator = command.text(CommandSet.MOVE_ORIGINATOR);
    IncomingInstance instance =
        new IncomingInstance(
            facts,
            sopClass,
            new SopInstanceUid(sop),
            context.transferSyntaxes().getFirst(),
            originator.isEmpty() || originator.length() > AeTitle.LENGTH_MAX
                ? Optional.empty()
                : Optional.of(
                    new IncomingInstance.MoveOriginator(
                        new AeTitle(originator),
                        command.number(CommandSet.MOVE_ORIGINATOR_MESSAGE_ID).orElse(0))),
            body.get());
    try {
      return sink.store(instance);
    } catch (NetworkException e) {
      throw e;
    } catch (IOException | SerdabException e) {
      return DimseStatus.OUT_OF_RESOURCES;
    } catch (RuntimeException e) {
      // A mistake of ours must not look like a success, nor end the server.
      return DimseStatus.PROCESSING_FAILURE;
    }
  }
}
