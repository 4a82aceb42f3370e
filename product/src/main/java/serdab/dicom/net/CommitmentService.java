package serdab.dicom.net;

import java.io.IOException;
import serdab.dicom.net.MessageStream.Message;

/// Takes reports on storage commitment (N-EVENT-REPORT; PS3.4 section J.3.3), wherever they come.
final class CommitmentService {

  private CommitmentService() {}

  /// Reads a report and answers it. It is always answered with success, whatever it says: a node
  /// that hears of a failure sends it again and again.
  static CommitmentReport answer(MessageStream messages, Message request) throws IOException {
    CommitmentReport report =
        CommitmentReport.of(Identifier.read(messages.bodyBytes(Identifier.BYTES_MAX)));
    messages.send(
        request.contextId(), request.command().response(DimseStatus.SUCCESS, false), null);
    return report;
  }
}
