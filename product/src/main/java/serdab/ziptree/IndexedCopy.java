package serdab.ziptree;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.PatientData;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/// One line of a month's list (`docs/format/tree-index.md` section 2): a ZIP and what is known of
/// the study in it. Holds patient data, so it prints nothing.
///
/// @param zip its path in the tree
/// @param lengthBytes its length
/// @param values by the names that the format gives
record IndexedCopy(String zip, long lengthBytes, Map<String, String> values) {

  private static final PatientData.Purpose BESIDE = PatientData.Purpose.BESIDE_THE_DATA;

  private static final int MEMBERS_MAX = 30;

  /// Longer texts are cut: lists are for finding, the manifest has them whole.
  private static final int TEXT_MAX = 300;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(3)
                  .maxStringLength(10_000)
                  .maxNameLength(10)
                  .build())
          .build();

  /// A copy whose manifest was read.
  static IndexedCopy of(ZipTree.TreeZip zip, int version, Manifest.Summary summary) {
    Map<String, String> values = new LinkedHashMap<>();
    put(values, "p", summary.facts().patientName().reveal(BESIDE));
    put(values, "i", summary.facts().patientId().reveal(BESIDE));
    put(values, "b", summary.facts().birthDate().map(d -> d.reveal(BESIDE).toString()).orElse(""));
    put(values, "d", summary.facts().studyDate().map(LocalDate::toString).orElse(""));
    put(values, "m", String.join("/", summary.facts().modalities()));
    put(values, "t", summary.facts().description().reveal(BESIDE));
    put(values, "a", summary.facts().accessionNumber().reveal(BESIDE));
    put(values, "u", summary.head().study().value());
    put(values, "n", Long.toString(summary.head().fileCount()));
    put(values, "s", Long.toString(summary.lengthBytes()));
    put(values, "v", Integer.toString(version));
    put(values, "r", summary.readAt().toString());
    return new IndexedCopy(zip.path(), zip.lengthBytes(), values);
  }

  /// A ZIP that cannot be understood.
  static IndexedCopy damaged(ZipTree.TreeZip zip) {
    return new IndexedCopy(zip.path(), zip.lengthBytes(), Map.of("x", "1"));
  }

  boolean isDamaged() {
    return values.containsKey("x");
  }

  String studyDate() {
    return values.getOrDefault("d", "");
  }

  String readAt() {
    return values.getOrDefault("r", "");
  }

  private static void put(Map<String, String> values, String name, String value) {
    if (!value.isEmpty()) {
      int end = Math.min(value.length(), TEXT_MAX);
      if (end < value.length() && Character.isHighSurrogate(value.charAt(end - 1))) {
        end--;
      }
      values.put(name, value.substring(0, end));
    }
  }

  /// One JSON object on one line, harmless wherever it stands in a page or a script.
  String json() {
    StringBuilder out = new StringBuilder("{\"z\":");
    string(out, zip);
    out.append(",\"l\":").append(lengthBytes);
    values.forEach((name, value) -> {
      out.append(',');
      string(out, name);
      out.append(':');
      string(out, value);
    });
    return out.append('}').toString();
  }

  private static void string(StringBuilder out, String text) {
    out.append('"');
    String whole = SafeNames.withoutLoneSurrogates(text);
    for (int i = 0; i < whole.length(); i++) {
      char c = whole.charAt(i);
      // Everything that could end a script, begin a tag, or break a line of an old script engine.
      boolean plain =
          c >= ' '
              && c != '"'
              && c != '\\'
              && c != '<'
              && c != '>'
              && c != '&'
              && c != '\''
              && c != '\u007F'
              && c != '\u2028'
              && c != '\u2029';
      if (plain) {
        out.append(c);
      } else {
        out.append("\\u").append(String.format(java.util.Locale.ROOT, "%04x", (int) c));
      }
    }
    out.append('"');
  }

  /// The copies in a month's file; those that cannot be understood are left out.
  static List<IndexedCopy> read(String script) {
    List<IndexedCopy> copies = new ArrayList<>();
    script
        .lines()
        .filter(line -> line.startsWith("{\"z\":"))
        .forEach(line -> parse(line).ifPresent(copies::add));
    return copies;
  }

  private static Optional<IndexedCopy> parse(String line) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), line)) {
      String zip = "";
      long length = -1;
      Map<String, String> values = new LinkedHashMap<>();
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return Optional.empty();
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME && values.size() < MEMBERS_MAX) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (name.equals("l") && value == JsonToken.VALUE_NUMBER_INT) {
          length = json.getLongValue();
        } else if (value != JsonToken.VALUE_STRING) {
          return Optional.empty();
        } else if (name.equals("z")) {
          zip = json.getString();
        } else {
          values.put(name, json.getString());
        }
      }
      return length < 0 || zip.isEmpty()
          ? Optional.empty()
          : Optional.of(new IndexedCopy(zip, length, values));
    } catch (JacksonException e) {
      return Optional.empty();
    }
  }

  /// Never what it holds.
  @Override
  public String toString() {
    return "(a copy)";
  }
}
