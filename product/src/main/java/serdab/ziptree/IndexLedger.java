package serdab.ziptree;

import java.io.ByteArrayOutputStream;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import serdab.store.BlobStore;
import serdab.store.Expected;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// Which months of a tree are listed, and what they held then (`_index/months.json`,
/// `docs/format/tree-index.md` section 3). One thread at a time.
final class IndexLedger {

  static final String NAME = TreeIndex.FOLDER + "months.json";
  private static final String FORMAT = "tree-index";
  private static final int FORMAT_VERSION = 1;

  /// Four digits of a year and two of a month make no more.
  private static final int MONTHS_MAX = 150_000;

  private static final int MEMBERS_MAX = 50;

  private final Map<String, Month> months = new TreeMap<>(Comparator.reverseOrder());
  private boolean complete;

  /// A month as it was listed.
  ///
  /// @param zips how many ZIPs it had
  /// @param fingerprint of their names and lengths
  /// @param parts how many files its list has; 0 when there is none
  /// @param inventories UID and number of studies of each of its inventories; empty without any
  /// @param newest when its newest copy was made, as text; empty when unknown
  record Month(long zips, String fingerprint, int parts, String inventories, String newest) {}

  private IndexLedger() {}

  static IndexLedger empty() {
    return new IndexLedger();
  }

  /// What is there; one that cannot be understood counts as none, for all of it can be made again.
  static IndexLedger read(BlobStore store) {
    Optional<byte[]> document = store.document(NAME);
    if (document.isEmpty()) {
      return empty();
    }
    IndexLedger ledger = new IndexLedger();
    try (JsonParser json =
        new JsonFactory().createParser(ObjectReadContext.empty(), document.get())) {
      json.nextToken();
      Map<String, String> head = new LinkedHashMap<>();
      while (json.nextToken() == JsonToken.PROPERTY_NAME && head.size() < MEMBERS_MAX) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (name.equals("months") && value == JsonToken.START_ARRAY) {
          ledger.readMonths(json);
        } else if (value.isScalarValue()) {
          head.put(name, json.getString());
        } else {
          json.skipChildren();
        }
      }
      ledger.complete = "true".equals(head.get("complete"));
      boolean ours =
          FORMAT.equals(head.get("format"))
              && Integer.toString(FORMAT_VERSION).equals(head.get("formatVersion"));
      return ours ? ledger : empty();
    } catch (JacksonException | IllegalArgumentException e) {
      return empty();
    }
  }

  private void readMonths(JsonParser json) {
    while (json.nextToken() == JsonToken.START_OBJECT && months.size() < MONTHS_MAX) {
      Map<String, String> member = new LinkedHashMap<>();
      while (json.nextToken() == JsonToken.PROPERTY_NAME && member.size() < MEMBERS_MAX) {
        String name = json.currentName();
        if (json.nextToken().isScalarValue()) {
          member.put(name, json.getString());
        } else {
          json.skipChildren();
        }
      }
      String month = member.getOrDefault("month", "");
      if (MonthFolder.isOne(month)) {
        months.put(
            month,
            new Month(
                Long.parseLong(member.getOrDefault("zips", "0")),
                member.getOrDefault("fingerprint", ""),
                Integer.parseInt(member.getOrDefault("parts", "0")),
                member.getOrDefault("inventories", ""),
                member.getOrDefault("newest", "")));
      }
    }
  }

  void write(BlobStore store) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORMAT);
      json.writeNumberProperty("formatVersion", FORMAT_VERSION);
      json.writeBooleanProperty("complete", complete);
      json.writeArrayPropertyStart("months");
      months.forEach((name, month) -> {
        json.writeRaw('\n');
        json.writeStartObject();
        json.writeStringProperty("month", name);
        json.writeNumberProperty("zips", month.zips());
        json.writeStringProperty("fingerprint", month.fingerprint());
        json.writeNumberProperty("parts", month.parts());
        json.writeStringProperty("inventories", month.inventories());
        json.writeStringProperty("newest", month.newest());
        json.writeEndObject();
      });
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
    store.replace(NAME, out.toByteArray(), Expected.anything());
  }

  /// Newest month first.
  Map<String, Month> months() {
    return months;
  }

  /// Whether every month that the tree had was listed.
  boolean isComplete() {
    return complete;
  }

  void complete(boolean all) {
    complete = all;
  }
}
