package serdab.ziptree;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import serdab.SerdabException;
import serdab.store.BlobStore;
import serdab.store.Expected;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// The DICOM Inventories of a tree: for each month as many as keep each below some megabytes
/// (`docs/format/tree-index.md` section 4). One thread at a time.
///
/// An inventory stays as it is while its ZIPs do; the last of a month takes new ones in while it
/// has room. So a study that is added costs reading the manifests of one inventory, not of a month.
final class Inventories {

  /// An inventory that has this much is closed, and a study with more is divided.
  private final int bytesMax;

  static final int BYTES_MAX = 4 << 20;

  /// Files of one month that are believed to be a list of ours.
  private static final int FILES_MAX = 100_000;

  private final BlobStore store;
  private final ZipTree tree;
  private final InstantSource clock;

  Inventories(BlobStore store, ZipTree tree, InstantSource clock, int bytesMax) {
    this.store = store;
    this.tree = tree;
    this.clock = clock;
    this.bytesMax = bytesMax;
  }

  /// One inventory as it was written.
  ///
  /// @param number counted from 1 in its month
  /// @param uid its SOP Instance UID
  /// @param bytes its length
  /// @param zips lengths by the path of each ZIP it names instances of
  private record Written(int number, String uid, long bytes, Map<String, Long> zips) {}

  /// Brings a month's inventories up to date.
  ///
  /// @param anew nothing that is there is used again
  /// @return for each inventory its UID and how many studies it has, as `UID:NUMBER` with blanks
  ///   between
  String update(String month, List<ZipTree.TreeZip> zips, boolean anew) {
    List<Written> before = read(month);
    Set<Integer> numbers = new LinkedHashSet<>();
    before.forEach(file -> numbers.add(file.number()));
    Map<String, Long> present = new HashMap<>();
    zips.forEach(zip -> present.put(zip.path(), zip.lengthBytes()));

    List<Written> kept = anew ? new ArrayList<>() : unchanged(before, present);
    Set<String> listed = new LinkedHashSet<>();
    kept.forEach(file -> listed.addAll(file.zips().keySet()));
    List<ZipTree.TreeZip> open = new ArrayList<>();
    zips.stream().filter(zip -> !listed.contains(zip.path())).forEach(open::add);
    if (!open.isEmpty()) {
      makeRoom(kept, listed, zips, open);
    }

    Filling filling = new Filling(month, kept);
    open.forEach(filling::add);
    filling.close();
    kept.sort(Comparator.comparingInt(Written::number));
    for (int number : numbers) {
      if (kept.stream().noneMatch(file -> file.number() == number)) {
        kept.add(filling.empty(number));
      }
    }
    kept.sort(Comparator.comparingInt(Written::number));
    write(month, kept);
    StringBuilder uids = new StringBuilder();
    kept.forEach(file ->
        uids.append(uids.isEmpty() ? "" : " ")
            .append(file.uid())
            .append(':')
            .append(file.zips().size()));
    return uids.toString();
  }

  /// Those whose ZIPs are all there as they were, and whose divided studies are whole.
  private static List<Written> unchanged(List<Written> before, Map<String, Long> present) {
    List<Written> kept = new ArrayList<>(before);
    Set<String> dropped = new LinkedHashSet<>();
    boolean again = true;
    while (again) {
      again =
          kept.removeIf(file -> {
            boolean same =
                !file.zips().isEmpty()
                    && file.zips().entrySet().stream()
                        .allMatch(zip ->
                            zip.getValue().equals(present.get(zip.getKey()))
                                && !dropped.contains(zip.getKey()));
            if (!same) {
              dropped.addAll(file.zips().keySet());
            }
            return !same;
          });
    }
    return kept;
  }

  /// Opens the last inventory again when it is half empty, so that there are not as many as runs.
  private void makeRoom(
      List<Written> kept,
      Set<String> listed,
      List<ZipTree.TreeZip> zips,
      List<ZipTree.TreeZip> open) {
    Optional<Written> last =
        kept.stream().filter(file -> file.bytes() < bytesMax * 3L / 4).reduce((_, b) -> b);
    if (last.isEmpty()) {
      return;
    }
    boolean shared =
        kept.stream()
            .filter(file -> file != last.get())
            .anyMatch(
                file -> file.zips().keySet().stream().anyMatch(last.get().zips()::containsKey));
    if (shared) {
      return; // It ends a divided study.
    }
    kept.remove(last.get());
    List<ZipTree.TreeZip> first = new ArrayList<>();
    zips.stream().filter(zip -> last.get().zips().containsKey(zip.path())).forEach(first::add);
    listed.removeAll(last.get().zips().keySet());
    open.addAll(0, first);
  }

  /// Inventories being written, one after the other.
  private final class Filling {

    private final String month;
    private final List<Written> done;
    private final Instant at = clock.instant();
    private InventoryFile file = new InventoryFile();
    private Map<String, Long> zips = new LinkedHashMap<>();

    Filling(String month, List<Written> done) {
      this.month = month;
      this.done = done;
    }

    void add(ZipTree.TreeZip zip) {
      Manifest manifest;
      try (StudyZip open = tree.open(zip.path())) {
        manifest = open.manifest();
      } catch (SerdabException.Damaged e) {
        return; // What it holds nobody knows; the page shows it.
      } catch (SerdabException.Refused e) {
        if (e.problem().code().equals("blob-missing")) {
          return;
        }
        throw e;
      }
      InventoriedStudy study = InventoriedStudy.of(zip.path(), manifest);
      int from = 0;
      while (from < study.size()) {
        if (!zips.isEmpty() && file.bytes() + study.bytes(from) > bytesMax) {
          close();
        }
        int to = study.end(from, bytesMax);
        file.add(study, from, to);
        zips.put(zip.path(), zip.lengthBytes());
        from = to;
      }
    }

    void close() {
      if (!zips.isEmpty()) {
        done.add(put(freeNumber()));
      }
    }

    Written empty(int number) {
      return put(number);
    }

    private int freeNumber() {
      Set<Integer> taken = new LinkedHashSet<>();
      done.forEach(one -> taken.add(one.number()));
      int number = 1;
      while (taken.contains(number)) {
        number++;
      }
      return number;
    }

    private Written put(int number) {
      String uid = InventoryFile.uid(month + " " + number + " " + at + " " + zips);
      byte[] bytes =
          file.bytes(uid, at, "Studies of " + month + ", part " + number, tree.writtenBy());
      store.replace(name(month, number), bytes, Expected.anything());
      Written written = new Written(number, uid, bytes.length, zips);
      file = new InventoryFile();
      zips = new LinkedHashMap<>();
      return written;
    }
  }

  static String name(String month, int number) {
    return TreeIndex.FOLDER + "inventory-" + month + "-" + number + ".dcm";
  }

  // ---- what each inventory names

  private static String listName(String month) {
    return TreeIndex.FOLDER + "inventory-" + month + ".json";
  }

  private List<Written> read(String month) {
    Optional<byte[]> document = store.document(listName(month));
    TreeMap<Integer, Written> files = new TreeMap<>();
    if (document.isEmpty()) {
      return new ArrayList<>();
    }
    try (JsonParser json =
        new JsonFactory().createParser(ObjectReadContext.empty(), document.get())) {
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.PROPERTY_NAME
            && json.currentName().equals("files")
            && json.nextToken() == JsonToken.START_ARRAY) {
          while (json.nextToken() == JsonToken.START_OBJECT && files.size() < FILES_MAX) {
            Written file = readFile(json);
            files.put(file.number(), file);
          }
          break;
        }
      }
    } catch (JacksonException | IllegalArgumentException e) {
      return new ArrayList<>();
    }
    return new ArrayList<>(files.values());
  }

  private static Written readFile(JsonParser json) {
    int number = 0;
    String uid = "";
    long bytes = 0;
    Map<String, Long> zips = new LinkedHashMap<>();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      switch (name) {
        case "number" -> number = json.getIntValue();
        case "uid" -> uid = json.getString();
        case "bytes" -> bytes = json.getLongValue();
        case "zips" -> {
          while (value == JsonToken.START_OBJECT
              && json.nextToken() == JsonToken.PROPERTY_NAME
              && zips.size() < ZipDirectory.ENTRIES_MAX) {
            String path = json.currentName();
            json.nextToken();
            zips.put(path, json.getLongValue());
          }
        }
        default -> json.skipChildren();
      }
    }
    if (number < 1) {
      throw new IllegalArgumentException("no number");
    }
    return new Written(number, uid, bytes, zips);
  }

  private void write(String month, List<Written> files) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", "tree-inventory");
      json.writeNumberProperty("formatVersion", 1);
      json.writeArrayPropertyStart("files");
      for (Written file : files) {
        json.writeRaw('\n');
        json.writeStartObject();
        json.writeNumberProperty("number", file.number());
        json.writeStringProperty("uid", file.uid());
        json.writeNumberProperty("bytes", file.bytes());
        json.writeName("zips");
        json.writeStartObject();
        file.zips().forEach((path, length) -> json.writeNumberProperty(path, length));
        json.writeEndObject();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
    store.replace(listName(month), out.toByteArray(), Expected.anything());
  }

  /// Writes the inventory that names all others, `_index/inventory.dcm`.
  void writeRoot(IndexLedger ledger) {
    Map<String, String> parts = new LinkedHashMap<>();
    long studies = 0;
    for (Map.Entry<String, IndexLedger.Month> month : ledger.months().entrySet()) {
      int number = 0;
      for (String part : month.getValue().inventories().split(" ", -1)) {
        int colon = part.indexOf(':');
        if (colon > 0) {
          number++;
          parts.put(name(month.getKey(), number), part.substring(0, colon));
          studies += Long.parseLong(part.substring(colon + 1));
        }
      }
    }
    Instant at = clock.instant();
    String uid = InventoryFile.uid("root " + at + " " + parts.hashCode() + " " + studies);
    byte[] bytes =
        InventoryFile.root(uid, at, parts, studies, ledger.isComplete(), tree.writtenBy());
    store.replace(TreeIndex.FOLDER + "inventory.dcm", bytes, Expected.anything());
    byte[] script = FormatDocument.read("restore-from-inventory.py");
    if (!store
        .document(SCRIPT)
        .map(there -> java.util.Arrays.equals(there, script))
        .orElse(false)) {
      store.replace(SCRIPT, script, Expected.anything());
    }
  }

  private static final String SCRIPT = TreeIndex.FOLDER + "restore-from-inventory.py";

  static String percent(String text) {
    StringBuilder out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xFF);
      boolean plain =
          (c >= '0' && c <= '9')
              || (c >= 'A' && c <= 'Z')
              || (c >= 'a' && c <= 'z')
              || "-._~/".indexOf(c) >= 0;
      if (plain) {
        out.append(c);
      } else {
        out.append('%').append(String.format(java.util.Locale.ROOT, "%02X", (int) c));
      }
    }
    return out.toString();
  }
}
