package serdab.report;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// How a viewer's library was when it was looked at last, as a run left it in the catalogue: one
/// flat JSON object under the fact `health/SOURCE`. Read leniently: what is not there is not known.
///
/// @param filesOnDisk files in the library's folder of images
/// @param filesInIndex files that the index lists inside the library
/// @param studiesInIndex studies that the index lists
/// @param autoClean whether the viewer deletes old studies by itself
/// @param queuedForDeletion files that the viewer is about to delete
/// @param queuedWithoutCopy studies that it is about to delete and that had no copy then
/// @param warning what is wrong with the index; empty text when nothing is, empty when not known
public record SourceHealthFact(
    OptionalLong filesOnDisk,
    OptionalLong filesInIndex,
    OptionalLong studiesInIndex,
    Optional<Boolean> autoClean,
    OptionalLong queuedForDeletion,
    OptionalLong queuedWithoutCopy,
    Optional<String> warning) {

  private static final int MEMBERS_MAX = 100;

  /// The name of the fact that holds it.
  public static String factName(String sourceId) {
    return "health/" + sourceId;
  }

  /// What the text says; empty when it is no JSON object.
  static Optional<SourceHealthFact> parse(String text) {
    Map<String, String> members = new HashMap<>();
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), text)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME && members.size() < MEMBERS_MAX) {
        String name = json.currentName().replace("_", "").toLowerCase(Locale.ROOT);
        if (json.nextToken().isScalarValue()) {
          members.put(name, json.getString());
        } else {
          json.skipChildren();
        }
      }
    } catch (JacksonException e) {
      return Optional.empty();
    }
    String clean = members.getOrDefault("autoclean", "");
    return Optional.of(
        new SourceHealthFact(
            number(members, "filesondisk"),
            number(members, "filesinindex"),
            number(members, "studiesinindex"),
            clean.equals("true") || clean.equals("false")
                ? Optional.of(clean.equals("true"))
                : Optional.empty(),
            number(members, "queuedfordeletion"),
            number(members, "queuedwithoutcopy"),
            Optional.ofNullable(members.get("warning"))));
  }

  private static OptionalLong number(Map<String, String> members, String name) {
    try {
      return OptionalLong.of(Long.parseLong(members.getOrDefault(name, "")));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }
}
