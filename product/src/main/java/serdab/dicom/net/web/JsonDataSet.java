package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/// What is wanted of a data set in the DICOM JSON Model (PS3.18 Annex F). Values are texts, as the
/// node wrote them; nulls are empty texts.
///
/// @param values by tag; an attribute that is there without values has none
/// @param sequences items by the tag of their sequence
record JsonDataSet(Map<Integer, List<String>> values, Map<Integer, List<JsonDataSet>> sequences) {

  private static final int DEPTH_MAX = 32;
  private static final int STRING_MAX = 1 << 20;
  private static final int NUMBER_MAX = 1000;
  private static final int VALUES_MAX = 100_000;
  private static final Pattern TAG = Pattern.compile("[0-9A-Fa-f]{8}");

  JsonDataSet {
    values = Map.copyOf(values);
    sequences = Map.copyOf(sequences);
  }

  /// The first value, without padding; empty text when there is none.
  String text(int tag) {
    List<String> all = values.getOrDefault(tag, List.of());
    return all.isEmpty() ? "" : all.getFirst().strip();
  }

  List<JsonDataSet> items(int tag) {
    return sequences.getOrDefault(tag, List.of());
  }

  /// Reads an array of data sets, or one alone, and hands each on.
  ///
  /// @param wanted the tags to keep, at every depth
  /// @throws IOException when it is no such document, or the stream fails
  static void read(InputStream in, Set<Integer> wanted, Consumer<JsonDataSet> taker)
      throws IOException {
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH_MAX)
                    .maxStringLength(STRING_MAX)
                    .maxNumberLength(NUMBER_MAX)
                    .maxNameLength(NUMBER_MAX)
                    .build())
            .build();
    try (JsonParser json = factory.createParser(ObjectReadContext.empty(), in)) {
      switch (json.nextToken()) {
        case START_OBJECT -> taker.accept(dataSet(json, wanted));
        case START_ARRAY -> {
          while (json.nextToken() != JsonToken.END_ARRAY) {
            if (json.currentToken() != JsonToken.START_OBJECT) {
              throw new IOException("an entry of the JSON array is no data set");
            }
            taker.accept(dataSet(json, wanted));
          }
        }
        case null, default -> throw new IOException("the JSON is no data set");
      }
    } catch (JacksonException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException("the JSON cannot be read", e);
    }
  }

  /// Reads an object of which the first brace has been read.
  private static JsonDataSet dataSet(JsonParser json, Set<Integer> wanted) {
    Map<Integer, List<String>> values = new HashMap<>();
    Map<Integer, List<JsonDataSet>> sequences = new HashMap<>();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      boolean isWanted =
          TAG.matcher(name).matches()
              && wanted.contains(Integer.parseUnsignedInt(name, 16))
              && value == JsonToken.START_OBJECT;
      if (isWanted) {
        attribute(json, Integer.parseUnsignedInt(name, 16), wanted, values, sequences);
      } else {
        json.skipChildren();
      }
    }
    return new JsonDataSet(values, sequences);
  }

  private static void attribute(
      JsonParser json,
      int tag,
      Set<Integer> wanted,
      Map<Integer, List<String>> values,
      Map<Integer, List<JsonDataSet>> sequences) {
    List<String> texts = new ArrayList<>(1);
    List<JsonDataSet> items = new ArrayList<>(0);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (!name.equals("Value") || value != JsonToken.START_ARRAY) {
        json.skipChildren();
        continue;
      }
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (texts.size() + items.size() >= VALUES_MAX) {
          json.skipChildren();
        } else if (json.currentToken() == JsonToken.START_OBJECT) {
          objectValue(json, wanted, texts, items);
        } else if (json.currentToken() == JsonToken.START_ARRAY) {
          json.skipChildren();
        } else {
          texts.add(json.currentToken() == JsonToken.VALUE_NULL ? "" : json.getString());
        }
      }
    }
    values.put(tag, List.copyOf(texts));
    if (!items.isEmpty()) {
      sequences.put(tag, List.copyOf(items));
    }
  }

  /// An item of a sequence, or the groups of a person's name (PS3.18 section F.2.2).
  private static void objectValue(
      JsonParser json, Set<Integer> wanted, List<String> texts, List<JsonDataSet> items) {
    Map<String, String> groups = new HashMap<>();
    Map<Integer, List<String>> values = new HashMap<>();
    Map<Integer, List<JsonDataSet>> sequences = new HashMap<>();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (TAG.matcher(name).matches() && value == JsonToken.START_OBJECT) {
        int tag = Integer.parseUnsignedInt(name, 16);
        if (wanted.contains(tag)) {
          attribute(json, tag, wanted, values, sequences);
        } else {
          json.skipChildren();
        }
      } else if (value == JsonToken.VALUE_STRING) {
        groups.put(name, json.getString());
      } else {
        json.skipChildren();
      }
    }
    if (groups.containsKey("Alphabetic")
        || groups.containsKey("Ideographic")
        || groups.containsKey("Phonetic")) {
      String name =
          groups.getOrDefault("Alphabetic", "")
              + "="
              + groups.getOrDefault("Ideographic", "")
              + "="
              + groups.getOrDefault("Phonetic", "");
      texts.add(name.replaceFirst("=+$", ""));
    } else {
      items.add(new JsonDataSet(values, sequences));
    }
  }
}
