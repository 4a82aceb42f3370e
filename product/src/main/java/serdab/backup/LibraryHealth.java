package serdab.backup;

import java.io.StringWriter;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import serdab.catalogue.Catalogue;
import serdab.source.SourceHealth;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// How a viewer's library was at the end of a run, as the catalogue remembers it: the fact
/// `health/SOURCE`.
///
/// @param at the end of that run
/// @param health what the library showed
/// @param endangeredWithoutCopy studies that the viewer is about to delete and that had no proven
///   copy when the run ended
/// @param warning what is wrong with the index, and which earlier copy is good; empty text when
///   nothing is
public record LibraryHealth(
    Instant at, SourceHealth health, long endangeredWithoutCopy, String warning) {

  private static final JsonFactory JSON = new JsonFactory();
  private static final int MEMBERS_MAX = 64;

  static String factName(String sourceId) {
    return "health/" + sourceId;
  }

  /// The health of the last run of a source; empty when it has none or it cannot be understood.
  public static Optional<LibraryHealth> last(Catalogue catalogue, String sourceId) {
    return catalogue.fact(factName(sourceId)).flatMap(LibraryHealth::parse);
  }

  String toJson() {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      json.writeStartObject();
      json.writeStringProperty("at", at.toString());
      json.writeNumberProperty("studiesInIndex", health.studiesInIndex());
      json.writeNumberProperty("filesInIndex", health.filesInIndex());
      json.writeNumberProperty("filesOnDisk", health.filesOnDisk());
      json.writeNumberProperty("filesMissing", health.filesMissing());
      if (health.autoClean().isPresent()) {
        json.writeBooleanProperty("autoClean", health.autoClean().get());
      }
      json.writeNumberProperty("queuedForDeletion", health.queuedForDeletion());
      json.writeNumberProperty("waitingForImport", health.waitingForImport());
      json.writeStringProperty("indexId", health.indexId());
      json.writeStringProperty("library", health.library());
      json.writeNumberProperty("queuedWithoutCopy", endangeredWithoutCopy);
      json.writeStringProperty("warning", warning);
      json.writeEndObject();
    }
    return text.toString();
  }

  static Optional<LibraryHealth> parse(String text) {
    Map<String, String> values = new HashMap<>();
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      String name = json.nextName();
      while (name != null && values.size() < MEMBERS_MAX) {
        json.nextToken();
        values.put(name, json.getString());
        name = json.nextName();
      }
      Optional<Boolean> autoClean =
          Optional.ofNullable(values.get("autoClean")).map(Boolean::parseBoolean);
      return Optional.of(
          new LibraryHealth(
              Instant.parse(values.getOrDefault("at", "")),
              new SourceHealth(
                  number(values, "studiesInIndex"),
                  number(values, "filesInIndex"),
                  number(values, "filesOnDisk"),
                  number(values, "filesMissing"),
                  autoClean,
                  number(values, "queuedForDeletion"),
                  number(values, "waitingForImport"),
                  values.getOrDefault("indexId", ""),
                  values.getOrDefault("library", "")),
              number(values, "queuedWithoutCopy"),
              values.getOrDefault("warning", "")));
    } catch (JacksonException | DateTimeParseException | NumberFormatException e) {
      // Written by another version; the next run writes it again.
      return Optional.empty();
    }
  }

  private static long number(Map<String, String> values, String name) {
    return Long.parseLong(values.getOrDefault(name, "0"));
  }
}
