package serdab.cli;

import java.io.PrintStream;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/// Writes one JSON value to a stream that stays open.
final class Json {

  private Json() {}

  /// Writes an object whose properties the given code writes, and a line feed.
  static void object(PrintStream out, Consumer<JsonGenerator> properties) {
    JsonFactory factory =
        JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
    try (JsonGenerator json = factory.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      properties.accept(json);
      json.writeEndObject();
    }
    out.println();
    out.flush();
  }
}
