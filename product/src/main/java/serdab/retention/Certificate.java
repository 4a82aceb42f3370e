package serdab.retention;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import serdab.catalogue.RemovalRow;
import serdab.catalogue.Removals;
import serdab.dicom.StudyKey;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// What was destroyed, or is about to be, for whoever asks in twenty years
/// (`docs/format/retention.md` section 2).
///
/// @param act who, when, by which plan and rules
/// @param destination where, in words
/// @param writtenBy program and version
/// @param copies each with what became of it; state `intended` before anything was done
/// @param more by ordinal, what only the certificate knows of a copy
/// @param shown how papers beside the copies name a study
record Certificate(
    Removals.CertificateRow act,
    String destination,
    String writtenBy,
    List<RemovalRow> copies,
    Map<Integer, More> more,
    Function<StudyKey, String> shown) {

  static final String FORMAT = "destruction-certificate";

  private static final int DIGESTS_MAX = 10_000_000;

  Certificate {
    copies = List.copyOf(copies);
    more = Map.copyOf(more);
  }

  /// What only the certificate knows of a copy.
  ///
  /// @param digests one line for each file: SHA-256 in hexadecimal, a space, the length in bytes
  /// @param remains proven copies of the study that stay, in words; empty when none does
  record More(List<String> digests, List<String> remains) {

    static final More NONE = new More(List.of(), List.of());

    More {
      digests = List.copyOf(digests);
      remains = List.copyOf(remains);
    }
  }

  private boolean isComplete() {
    return act.endedAt().isPresent();
  }

  private More more(RemovalRow copy) {
    return more.getOrDefault(copy.ordinal(), More.NONE);
  }

  byte[] json() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORMAT);
      json.writeNumberProperty("formatVersion", 1);
      json.writeStringProperty("id", act.id());
      json.writeStringProperty("state", isComplete() ? "complete" : "intended");
      json.writeStringProperty("destination", act.destinationId());
      json.writeStringProperty("destinationName", destination);
      json.writeStringProperty("author", act.author());
      json.writeStringProperty("worker", act.worker());
      json.writeStringProperty("writtenBy", writtenBy);
      json.writeStringProperty("begunAt", act.begunAt().toString());
      json.writeStringProperty("endedAt", act.endedAt().map(Instant::toString).orElse(""));
      json.writeStringProperty("planSha256", act.planHash());
      json.writeStringProperty("rulesSha256", RulesText.hash(rules()).hex());
      json.writeArrayPropertyStart("rules");
      rules().forEach(json::writeString);
      json.writeEndArray();
      json.writeNumberProperty("removedCopies", count("removed"));
      json.writeNumberProperty("removedBytes", bytes("removed"));
      json.writeArrayPropertyStart("copies");
      for (RemovalRow copy : copies) {
        json.writeRaw('\n');
        write(json, copy);
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
    return out.toByteArray();
  }

  private void write(JsonGenerator json, RemovalRow copy) {
    json.writeStartObject();
    json.writeNumberProperty("ordinal", copy.ordinal());
    json.writeStringProperty("study", shown.apply(copy.study()));
    json.writeStringProperty("version", copy.version().hex());
    json.writeStringProperty("location", copy.location());
    json.writeNumberProperty("storedBytes", copy.storedBytes());
    json.writeNumberProperty("files", copy.fileCount());
    json.writeBooleanProperty("endsStudy", copy.endsStudy());
    json.writeStringProperty("outcome", copy.state());
    json.writeStringProperty("note", copy.note());
    writeTexts(json, "reasons", copy.reasons());
    writeTexts(json, "remains", more(copy).remains());
    writeTexts(json, "digests", more(copy).digests());
    json.writeEndObject();
  }

  private static void writeTexts(JsonGenerator json, String name, List<String> texts) {
    json.writeArrayPropertyStart(name);
    texts.forEach(json::writeString);
    json.writeEndArray();
  }

  private List<String> rules() {
    return act.rules().lines().toList();
  }

  private long count(String state) {
    return copies.stream().filter(copy -> copy.state().equals(state)).count();
  }

  private long bytes(String state) {
    return copies.stream()
        .filter(copy -> copy.state().equals(state))
        .mapToLong(RemovalRow::storedBytes)
        .sum();
  }

  /// The same for people; the digests of the files stand in the other form only.
  ///
  /// @param digest SHA-256 of the JSON form in hexadecimal
  byte[] text(String digest) {
    StringBuilder text = new StringBuilder();
    line(text, "Certificate of destruction " + act.id());
    line(text, "");
    line(text, "Destination: " + destination + " (" + act.destinationId() + ")");
    line(text, "By:          " + act.author() + ", on " + act.worker() + ", with " + writtenBy);
    line(text, "From:        " + act.begunAt());
    line(text, "To:          " + act.endedAt().map(Instant::toString).orElse("not finished"));
    line(text, "Plan:        SHA-256 " + act.planHash());
    line(text, "Rules:       SHA-256 " + RulesText.hash(rules()).hex());
    rules().forEach(rule -> line(text, "             " + rule));
    line(text, "");
    line(text, count("removed") + " copies were destroyed, " + bytes("removed") + " bytes.");
    for (RemovalRow copy : copies) {
      line(text, "");
      line(text, (copy.ordinal() + 1) + ". " + copy.state().toUpperCase(java.util.Locale.ROOT));
      line(text, "   study   " + shown.apply(copy.study()));
      line(text, "   version " + copy.version().hex());
      line(text, "   stored  " + copy.location() + ", " + copy.storedBytes() + " bytes");
      line(text, "   files   " + copy.fileCount());
      copy.reasons().forEach(reason -> line(text, "   because " + reason));
      if (!copy.note().isEmpty()) {
        line(text, "   note    " + copy.note());
      }
      List<String> remains = more(copy).remains();
      if (remains.isEmpty()) {
        line(text, "   remains nothing of this study that is known");
      }
      remains.forEach(one -> line(text, "   remains " + one));
    }
    line(text, "");
    line(text, "The SHA-256 digest of every file is in certificate-" + act.id() + ".json,");
    line(text, "whose own SHA-256 is " + digest + ".");
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /// One line, whatever the values hold.
  private static void line(StringBuilder text, String line) {
    line.chars().forEach(c -> text.append(c < ' ' ? '?' : (char) c));
    text.append('\n');
  }

  /// What a certificate of intent knew of each copy that the catalogue does not: for finishing what
  /// a run that was cut short began.
  static Map<Integer, More> readMore(InputStream in) {
    Map<Integer, More> more = new HashMap<>();
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), in)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Map.of();
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        boolean copies = json.currentName().equals("copies");
        json.nextToken();
        if (copies) {
          while (json.nextToken() == JsonToken.START_OBJECT) {
            readCopy(json, more);
          }
        } else {
          json.skipChildren();
        }
      }
      return more;
    } catch (JacksonException e) {
      return more; // Cut short or damaged: what was understood is better than nothing.
    }
  }

  private static void readCopy(JsonParser json, Map<Integer, More> more) {
    Optional<Integer> ordinal = Optional.empty();
    List<String> digests = List.of();
    List<String> remains = List.of();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "ordinal" -> ordinal = Optional.of(json.getIntValue());
        case "digests" -> digests = texts(json);
        case "remains" -> remains = texts(json);
        default -> json.skipChildren();
      }
    }
    More found = new More(digests, remains);
    ordinal.ifPresent(number -> more.put(number, found));
  }

  private static List<String> texts(JsonParser json) {
    List<String> texts = new ArrayList<>();
    while (json.nextToken() == JsonToken.VALUE_STRING && texts.size() < DIGESTS_MAX) {
      texts.add(json.getString());
    }
    return texts;
  }
}
