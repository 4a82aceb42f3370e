package serdab.source.horos;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// JSON values, one on a line, written to a file and, all but what is marked, to a digest as well.
/// One thread at a time.
final class Json implements AutoCloseable {

  private static final JsonFactory FACTORY =
      JsonFactory.builder().rootValueSeparator((String) null).build();

  private final JsonGenerator file;
  private final Optional<JsonGenerator> print;
  private boolean outOfPrint;

  /// @param file is closed with this
  Json(OutputStream file, Optional<MessageDigest> print) {
    this.file = FACTORY.createGenerator(ObjectWriteContext.empty(), file);
    this.print =
        print.map(digest ->
            FACTORY.createGenerator(
                ObjectWriteContext.empty(),
                new DigestOutputStream(OutputStream.nullOutputStream(), digest)));
  }

  /// What is written while this is on leaves the digest as it is.
  void keepOutOfPrint(boolean on) {
    outOfPrint = on;
  }

  void startObject() {
    each(JsonGenerator::writeStartObject);
  }

  void startObject(String name) {
    each(json -> json.writeObjectPropertyStart(name));
  }

  void endObject() {
    each(JsonGenerator::writeEndObject);
  }

  void startArray() {
    each(JsonGenerator::writeStartArray);
  }

  void startArray(String name) {
    each(json -> json.writeArrayPropertyStart(name));
  }

  void endArray() {
    each(JsonGenerator::writeEndArray);
  }

  void endLine() {
    each(json -> json.writeRaw('\n'));
  }

  void text(String value) {
    each(json -> json.writeString(whole(value)));
  }

  void text(String name, String value) {
    each(json -> json.writeStringProperty(name, whole(value)));
  }

  void number(String name, long value) {
    each(json -> json.writeNumberProperty(name, value));
  }

  void number(String name, double value) {
    if (Double.isFinite(value)) {
      each(json -> json.writeNumberProperty(name, value));
    }
  }

  void flag(String name, boolean value) {
    each(json -> json.writeBooleanProperty(name, value));
  }

  /// Half of a surrogate pair cannot be written in UTF-8.
  static String whole(String text) {
    StringBuilder repaired = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
        continue;
      }
      if (repaired == null) {
        repaired = new StringBuilder(text);
      }
      repaired.setCharAt(i, '\ufffd');
    }
    return repaired == null ? text : repaired.toString();
  }

  private void each(Consumer<JsonGenerator> step) {
    try {
      step.accept(file);
      if (!outOfPrint) {
        print.ifPresent(step);
      }
    } catch (JacksonException e) {
      throw failed(e);
    }
  }

  private static UncheckedIOException failed(JacksonException e) {
    return new UncheckedIOException(new IOException("what people made cannot be written", e));
  }

  @Override
  public void close() {
    try {
      print.ifPresent(JsonGenerator::close);
      file.close();
    } catch (JacksonException e) {
      throw failed(e);
    }
  }
}
