package serdab.cli;

import java.time.Instant;
import java.util.List;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RetrievalRow;

/// Shows who retrieved what over the network, by label: `serdab serve --retrievals`.
final class RetrievalList {

  private final Terminal terminal;
  private final boolean json;

  RetrievalList(Terminal terminal, boolean json) {
    this.terminal = terminal;
    this.json = json;
  }

  int print(Catalogue catalogue, int count) {
    if (count < 1) {
      throw ListenOptions.wrong("serve", "--retrievals is " + count + "; it must be at least 1.");
    }
    List<RetrievalRow> rows = catalogue.retrievals().newest(count);
    if (json) {
      printJson(catalogue, rows);
      return Main.ExitCodes.GOOD;
    }
    for (RetrievalRow row : rows) {
      terminal
          .out()
          .println(
              terminal
                  .messages()
                  .text(
                      row.endedAt().isPresent() ? "serve.retrieval" : "serve.retrieval-open",
                      row.begunAt(),
                      row.calling(),
                      row.address(),
                      row.service(),
                      catalogue.label(row.study()),
                      row.sentTo().isEmpty() ? "-" : row.sentTo(),
                      row.sent(),
                      row.wanted(),
                      row.status()));
    }
    if (rows.isEmpty()) {
      terminal.out().println(terminal.messages().text("serve.no-retrievals"));
    }
    return Main.ExitCodes.GOOD;
  }

  private void printJson(Catalogue catalogue, List<RetrievalRow> rows) {
    Json.object(
        terminal.out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-retrievals-v1");
          writer.writeArrayPropertyStart("retrievals");
          for (RetrievalRow row : rows) {
            writer.writeStartObject();
            writer.writeNumberProperty("retrieval", row.retrieval());
            writer.writeStringProperty("label", catalogue.label(row.study()).toString());
            writer.writeStringProperty("version", row.version().hex());
            writer.writeStringProperty("destination", row.destinationId());
            writer.writeStringProperty("service", row.service());
            writer.writeStringProperty("level", row.level());
            writer.writeStringProperty("calling", row.calling());
            writer.writeStringProperty("address", row.address());
            writer.writeStringProperty("certificate", row.certificate());
            writer.writeStringProperty("sent_to", row.sentTo());
            writer.writeNumberProperty("wanted", row.wanted());
            writer.writeNumberProperty("sent", row.sent());
            writer.writeStringProperty("status", row.status());
            writer.writeStringProperty("begun_at", row.begunAt().toString());
            writer.writeStringProperty("ended_at", row.endedAt().map(Instant::toString).orElse(""));
            writer.writeEndObject();
          }
          writer.writeEndArray();
        });
  }
}
