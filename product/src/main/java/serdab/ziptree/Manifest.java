package serdab.ziptree;

import java.io.InputStream;
import java.io.OutputStream;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.VersionId;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.SourceRow;
import serdab.dicom.SourceRows;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// What `study-manifest.json` says (`docs/format/zip-tree.md` section 3.3).
///
/// @param version the version of the study
/// @param places where each file of the version lies, in the order of its files
record Manifest(StudyVersion version, List<Place> places) {

  static final String FORMAT = "study-manifest";
  static final int FORMAT_VERSION = 1;

  /// A manifest with recipes: who does not know them would take entries for files.
  static final int FORMAT_VERSION_WITH_RECIPES = 2;

  private static final String RECIPE = "recipe";
  private static final String PIXEL = "pixel";
  private static final String PLANE = "plane";

  private static final String ZIP_LENGTH = "zipLength";
  private static final String ZIP_SHA256 = "zipSha256";

  /// Objects in objects; ours need five.
  private static final int NESTING_MAX = 12;

  /// The longest text; a path has at most some thousand characters.
  private static final int TEXT_MAX = 1 << 20;

  /// Findings of one file or study that are read; a file of ours has at most some hundred.
  private static final int LIST_MAX = 1_000_000;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          // Whoever opened the entry reads it to its end, where its check sum is compared.
          .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(NESTING_MAX)
                  .maxStringLength(TEXT_MAX)
                  .maxNameLength(1000)
                  .maxNumberLength(30)
                  .maxDocumentLength(-1)
                  .build())
          .build();

  private static final PatientData.Purpose BESIDE = PatientData.Purpose.BESIDE_THE_DATA;

  Manifest {
    places = List.copyOf(places);
  }

  /// Where one file lies in the ZIP.
  ///
  /// @param entry its entry's name
  /// @param method as in [StoredEntry]
  /// @param offset where its stored bytes begin
  /// @param storedBytes how many they are
  /// @param crc CRC-32 of the entry
  /// @param recipe how the entry becomes the file; empty when it is the file
  record Place(
      String entry, int method, long offset, long storedBytes, int crc, Optional<Recipe> recipe) {

    /// The place of an entry that is the file.
    Place(String entry, int method, long offset, long storedBytes, int crc) {
      this(entry, method, offset, storedBytes, crc, Optional.empty());
    }

    /// What the entry's SHA-256 must be.
    Sha256 digest(StoredFile file) {
      return recipe.map(Recipe::entry).orElse(file.digests().file());
    }

    /// How long the entry must be.
    long lengthBytes(StoredFile file) {
      return recipe.map(Recipe::entryBytes).orElse(file.lengthBytes());
    }
  }

  /// The first few members, which are enough to list a copy.
  ///
  /// @param readAt when it was read from its source; empty when that cannot be understood
  record Head(
      StudyKey study,
      VersionId id,
      Optional<VersionId> supersedes,
      long fileCount,
      Optional<Instant> readAt) {}

  /// What a list of copies shows of one.
  ///
  /// @param head whose and which it is
  /// @param facts what was known of the study
  /// @param lengthBytes sum of its files' lengths
  /// @param readAt when it was read, and proven right after
  record Summary(Head head, StudyFacts facts, long lengthBytes, Instant readAt) {}

  // ---- writing

  /// @param entries where the files were written, in the order of the version's files
  static void write(
      OutputStream out, StudyVersion version, List<StoredEntry> entries, String writtenBy) {
    List<Optional<Recipe>> none = Collections.nCopies(entries.size(), Optional.empty());
    write(out, version, entries, none, writtenBy);
  }

  /// @param entries where the files were written, in the order of the version's files
  /// @param recipes how each becomes its file
  static void write(
      OutputStream out,
      StudyVersion version,
      List<StoredEntry> entries,
      List<Optional<Recipe>> recipes,
      String writtenBy) {
    int formatVersion =
        recipes.stream().anyMatch(Optional::isPresent)
            ? FORMAT_VERSION_WITH_RECIPES
            : FORMAT_VERSION;
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      writeHead(json, formatVersion, version, writtenBy, Optional.empty());
      json.writeArrayPropertyStart("files");
      for (int i = 0; i < entries.size(); i++) {
        json.writeRaw('\n');
        StoredEntry entry = entries.get(i);
        writeFile(json, version.files().get(i), entry, entry.dataOffset(), recipes.get(i));
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }

  /// Writes what is known of a version whose files lie elsewhere: nothing is said of entries.
  static void writeWithoutEntries(OutputStream out, StudyVersion version, String writtenBy) {
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      writeHead(json, FORMAT_VERSION, version, writtenBy, Optional.empty());
      json.writeArrayPropertyStart("files");
      for (StoredFile file : version.files()) {
        json.writeRaw('\n');
        json.writeStartObject();
        put(json, "path", file.path());
        writeKnown(json, file);
        writeFacts(json, file);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }

  /// Writes the manifest that stands beside a ZIP (section 7).
  ///
  /// @param offsets where the stored bytes of each entry begin
  /// @param digestSoFar the digest of all that `out` was given
  static void writeBeside(
      OutputStream out,
      StudyVersion version,
      List<StoredEntry> entries,
      List<Long> offsets,
      BesideManifest.Bound bound,
      String writtenBy,
      Supplier<Sha256> digestSoFar) {
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      writeHead(json, FORMAT_VERSION, version, writtenBy, Optional.of(bound));
      json.writeArrayPropertyStart("files");
      for (int i = 0; i < entries.size(); i++) {
        json.writeRaw('\n');
        writeFile(json, version.files().get(i), entries.get(i), offsets.get(i), Optional.empty());
      }
      json.writeEndArray();
      json.writeRaw('\n');
      json.flush();
      json.writeStringProperty(BesideManifest.SELF, digestSoFar.get().hex());
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }

  private static void writeHead(
      JsonGenerator json,
      int formatVersion,
      StudyVersion version,
      String writtenBy,
      Optional<BesideManifest.Bound> bound) {
    json.writeStringProperty("format", FORMAT);
    json.writeNumberProperty("formatVersion", formatVersion);
    json.writeStringProperty("writtenBy", writtenBy);
    if (bound.isPresent()) {
      json.writeNumberProperty(ZIP_LENGTH, bound.get().zipBytes());
      json.writeStringProperty(ZIP_SHA256, bound.get().zip().hex());
    }
    put(json, "studyKey", version.facts().key().value());
    json.writeStringProperty("versionId", version.id().hex());
    if (version.supersedes().isPresent()) {
      json.writeStringProperty("supersedes", version.supersedes().get().hex());
    }
    json.writeNumberProperty("fileCount", version.files().size());
    json.writeNumberProperty("instanceCount", version.instanceCount());
    json.writeNumberProperty("lengthBytes", version.lengthBytes());
    json.writeStringProperty("readAt", version.readAt().toString());
    put(json, "source", version.source());
    writeStudy(json, version.facts());
    writeSourceRows(json, version.sourceRows());
    writeFindings(json, version.findings(), true);
    writeMissing(json, version.missing());
    writeSeries(json, version.files());
  }

  private static void writeStudy(JsonGenerator json, StudyFacts facts) {
    json.writeName("study");
    json.writeStartObject();
    writeText(json, "patientName", facts.patientName().reveal(BESIDE));
    writeText(json, "patientId", facts.patientId().reveal(BESIDE));
    writeText(
        json, "birthDate", facts.birthDate().map(d -> d.reveal(BESIDE).toString()).orElse(""));
    writeText(json, "studyDate", facts.studyDate().map(LocalDate::toString).orElse(""));
    json.writeArrayPropertyStart("modalities");
    facts.modalities().forEach(m -> json.writeString(SafeNames.withoutLoneSurrogates(m)));
    json.writeEndArray();
    writeText(json, "accessionNumber", facts.accessionNumber().reveal(BESIDE));
    writeText(json, "description", facts.description().reveal(BESIDE));
    json.writeEndObject();
  }

  private static void writeSourceRows(JsonGenerator json, SourceRows sourceRows) {
    if (sourceRows.isEmpty()) {
      return;
    }
    json.writeArrayPropertyStart("sourceRows");
    for (SourceRow row : sourceRows.rows()) {
      json.writeRaw('\n');
      json.writeStartObject();
      put(json, "table", row.table());
      json.writeNumberProperty("key", row.key());
      json.writeName("columns");
      json.writeStartObject();
      row.values().forEach((name, value) -> writeValue(json, name, value));
      json.writeEndObject();
      if (row.columnsLeftOut() > 0) {
        json.writeNumberProperty("columnsLeftOut", row.columnsLeftOut());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    if (sourceRows.leftOut() > 0) {
      json.writeNumberProperty("sourceRowsLeftOut", sourceRows.leftOut());
    }
  }

  private static void writeValue(JsonGenerator json, String name, SourceRow.Value value) {
    switch (value) {
      case SourceRow.Value.Text text -> put(json, name, text.text().reveal(BESIDE));
      case SourceRow.Value.Large large -> {
        json.writeName(name);
        json.writeStartObject();
        json.writeNumberProperty("length", large.lengthBytes());
        large.digest().ifPresent(digest -> json.writeStringProperty("sha256", digest.hex()));
        json.writeEndObject();
      }
    }
  }

  private static void writeFindings(JsonGenerator json, List<Finding> findings, boolean withPath) {
    if (findings.isEmpty()) {
      return;
    }
    json.writeArrayPropertyStart("findings");
    for (Finding finding : findings) {
      json.writeStartObject();
      put(json, "kind", finding.kind());
      if (withPath) {
        writeText(json, "path", finding.path());
      }
      if (finding.position() != Finding.NO_POSITION) {
        json.writeNumberProperty("position", finding.position());
      }
      put(json, "detail", finding.detail());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeMissing(JsonGenerator json, List<StudyVersion.Missing> missing) {
    if (missing.isEmpty()) {
      return;
    }
    json.writeArrayPropertyStart("missing");
    for (StudyVersion.Missing file : missing) {
      json.writeStartObject();
      put(json, "path", file.path());
      put(json, "reason", file.reason());
      put(json, "detail", file.detail());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeSeries(JsonGenerator json, List<StoredFile> files) {
    Map<String, List<StoredFile>> series = new LinkedHashMap<>();
    for (StoredFile file : files) {
      if (file.instance().isPresent()) {
        series
            .computeIfAbsent(file.instance().get().series().value(), uid -> new ArrayList<>())
            .add(file);
      }
    }
    json.writeArrayPropertyStart("series");
    for (Map.Entry<String, List<StoredFile>> one : series.entrySet()) {
      List<StoredFile> members = one.getValue();
      InstanceFacts first = members.getFirst().instance().orElseThrow();
      json.writeStartObject();
      writeText(json, "seriesInstanceUid", one.getKey());
      writeText(json, "modality", first.modality());
      writeText(json, "seriesNumber", first.seriesNumber());
      writeText(json, "description", first.seriesDescription());
      json.writeNumberProperty("fileCount", members.size());
      json.writeNumberProperty(
          "lengthBytes", members.stream().mapToLong(StoredFile::lengthBytes).sum());
      json.writeStringProperty(
          "digest", VersionId.of(members.stream().map(StoredFile::versionPart).toList()).hex());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void writeFile(
      JsonGenerator json,
      StoredFile file,
      StoredEntry entry,
      long offset,
      Optional<Recipe> recipe) {
    json.writeStartObject();
    json.writeStringProperty("entry", entry.name());
    if (!entry.name().equals(file.path())) {
      put(json, "path", file.path());
    }
    writeKnown(json, file);
    json.writeStringProperty("method", entry.method() == ZipHeaders.STORED ? "stored" : "deflate");
    json.writeNumberProperty("offset", offset);
    json.writeNumberProperty("storedLength", entry.storedBytes());
    json.writeStringProperty("crc32", HexFormat.of().toHexDigits(entry.crc()));
    recipe.ifPresent(how -> writeRecipe(json, how));
    writeFacts(json, file);
    json.writeEndObject();
  }

  private static void writeRecipe(JsonGenerator json, Recipe recipe) {
    json.writeName(RECIPE);
    json.writeStartObject();
    json.writeStringProperty("transferSyntaxUid", Recipe.TRANSFER_SYNTAX);
    json.writeNumberProperty("length", recipe.entryBytes());
    json.writeStringProperty("sha256", recipe.entry().hex());
    json.writeStringProperty("layout", recipe.planar() ? PLANE : PIXEL);
    json.writeStringProperty("steps", recipe.steps());
    json.writeEndObject();
  }

  private static void writeKnown(JsonGenerator json, StoredFile file) {
    json.writeNumberProperty("length", file.lengthBytes());
    json.writeStringProperty("modified", Instant.ofEpochMilli(file.modifiedMillis()).toString());
    writeDigests(json, file.digests());
  }

  private static void writeFacts(JsonGenerator json, StoredFile file) {
    if (file.instance().isPresent()) {
      InstanceFacts facts = file.instance().get();
      put(json, "sopInstanceUid", facts.sop().value());
      writeText(json, "sopClassUid", facts.sopClassUid());
      writeText(json, "transferSyntaxUid", facts.transferSyntaxUid());
      writeText(json, "studyInstanceUid", facts.study().value());
      writeText(json, "seriesInstanceUid", facts.series().value());
      writeText(json, "modality", facts.modality());
    }
    if (file.sourceRowCount() > 0) {
      json.writeNumberProperty("sourceRowCount", file.sourceRowCount());
    }
    writeFindings(json, file.findings(), false);
  }

  private static void writeDigests(JsonGenerator json, FileDigests digests) {
    json.writeName("digests");
    json.writeStartObject();
    json.writeStringProperty(FileDigests.FILE, digests.file().hex());
    digests.dataSet().ifPresent(d -> json.writeStringProperty(FileDigests.DATA_SET, d.hex()));
    digests.canonical().ifPresent(d -> json.writeStringProperty(FileDigests.CANONICAL, d.hex()));
    digests.pixel().ifPresent(d -> json.writeStringProperty(FileDigests.PIXEL, d.hex()));
    json.writeEndObject();
    if (!digests.absent().isEmpty()) {
      json.writeName("absentDigests");
      json.writeStartObject();
      Set<String> named = new HashSet<>();
      for (FileDigests.Absent absent : digests.absent()) {
        if (named.add(absent.digest())) {
          put(json, absent.digest(), absent.reason());
        }
      }
      json.writeEndObject();
    }
  }

  private static void writeText(JsonGenerator json, String name, String value) {
    if (!value.isEmpty()) {
      put(json, name, value);
    }
  }

  /// A lone surrogate, which a damaged file name can hold, has no UTF-8.
  private static void put(JsonGenerator json, String name, String value) {
    json.writeStringProperty(name, SafeNames.withoutLoneSurrogates(value));
  }

  // ---- reading

  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static Manifest read(InputStream in) {
    return read(in, new Reading());
  }

  /// The version that [#writeWithoutEntries] wrote.
  ///
  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static StudyVersion readWithoutEntries(InputStream in) {
    Reading reading = new Reading();
    reading.hasEntries = false;
    return read(in, reading).version();
  }

  private static Manifest read(InputStream in, Reading reading) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), in)) {
      reading.readAll(json);
      return reading.manifest();
    } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
      throw damaged("it cannot be understood", e);
    }
  }

  /// The head of a manifest that stands beside a ZIP.
  record BesideHead(Head head, BesideManifest.Bound bound) {}

  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static BesideManifest.Read readBeside(InputStream in) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), in)) {
      Reading reading = new Reading();
      reading.readAll(json);
      return new BesideManifest.Read(reading.manifest(), reading.bound());
    } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
      throw damaged("it cannot be understood", e);
    }
  }

  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static BesideHead readBesideHead(InputStream in) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), in)) {
      Reading reading = new Reading();
      Head head = reading.readHead(json);
      return new BesideHead(head, reading.bound());
    } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
      throw damaged("it cannot be understood", e);
    }
  }

  /// Reads no further than needed.
  ///
  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static Head readHead(InputStream in) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), in)) {
      Reading reading = new Reading();
      return reading.readHead(json);
    } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
      throw damaged("it cannot be understood", e);
    }
  }

  /// Reads no further than the facts of the study.
  ///
  /// @throws SerdabException.Damaged `manifest-damaged` when it is not what the format says
  static Summary readSummary(InputStream in) {
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), in)) {
      return new Reading().readSummary(json);
    } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
      throw damaged("it cannot be understood", e);
    }
  }

  /// A restore makes files of these names below its target and nowhere else.
  static void requireInside(String path) {
    for (String part : path.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw damaged("it names a file outside of its study", null);
      }
    }
  }

  static SerdabException.Damaged damaged(String how, @Nullable Throwable cause) {
    Problem problem =
        new Problem(
            "manifest-damaged",
            "The manifest of a copy cannot be trusted: " + how + ".",
            "Its files may be whole all the same: unzip it by hand and compare, or make a new copy.");
    return cause == null
        ? new SerdabException.Damaged(problem)
        : new SerdabException.Damaged(problem, cause);
  }

  /// Collects members as they come; those nobody knows are skipped.
  private static final class Reading {

    private final Map<String, String> texts = new LinkedHashMap<>();
    private Map<String, Object> study = Map.of();
    private final SourceRows.Gathering sourceRows = new SourceRows.Gathering();
    private List<Finding> findings = List.of();
    private final List<StudyVersion.Missing> missing = new ArrayList<>();
    private final List<StoredFile> files = new ArrayList<>();
    private final List<Place> places = new ArrayList<>();
    private boolean hasEntries = true;

    void readAll(JsonParser json) {
      requireStart(json);
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        switch (name) {
          case "study" -> study = object(json);
          case "sourceRows" -> readSourceRows(json);
          case "findings" -> findings = findings(list(json), "");
          case "missing" -> {
            for (Map<String, Object> one : objects(list(json))) {
              missing.add(
                  new StudyVersion.Missing(
                      text(one, "path"), text(one, "reason"), text(one, "detail")));
            }
          }
          case "files" -> readFiles(json);
          default -> {
            if (value.isScalarValue()) {
              texts.put(name, json.getString());
            } else {
              json.skipChildren();
            }
          }
        }
      }
      if (json.nextToken() != null) {
        throw new IllegalArgumentException("something follows the manifest");
      }
      requireFormat();
    }

    Head readHead(JsonParser json) {
      requireStart(json);
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (!value.isScalarValue()) {
          json.skipChildren();
        } else {
          texts.put(name, json.getString());
        }
        if (name.equals("readAt") || name.equals("source")) {
          break;
        }
      }
      requireFormat();
      return head();
    }

    /// Which ZIP a manifest beside one is for.
    BesideManifest.Bound bound() {
      return new BesideManifest.Bound(
          Long.parseLong(member(ZIP_LENGTH)), Sha256.parse(member(ZIP_SHA256)));
    }

    private Head head() {
      return new Head(
          new StudyKey(member("studyKey")),
          VersionId.parse(member("versionId")),
          Optional.ofNullable(texts.get("supersedes")).map(VersionId::parse),
          Long.parseLong(member("fileCount")),
          readAt(texts.get("readAt")));
    }

    /// Only the order of versions hangs on it, so a copy is no worse for lacking it.
    private static Optional<Instant> readAt(@Nullable String text) {
      try {
        return Optional.ofNullable(text).map(Instant::parse);
      } catch (DateTimeException e) {
        return Optional.empty();
      }
    }

    Summary readSummary(JsonParser json) {
      requireStart(json);
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        JsonToken value = json.nextToken();
        if (name.equals("study")) {
          study = object(json);
          break;
        }
        if (value.isScalarValue()) {
          texts.put(name, json.getString());
        } else {
          json.skipChildren();
        }
      }
      requireFormat();
      Head head = head();
      return new Summary(
          head,
          facts(head.study()),
          Long.parseLong(member("lengthBytes")),
          Instant.parse(member("readAt")));
    }

    private static void requireStart(JsonParser json) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IllegalArgumentException("no object");
      }
    }

    private void requireFormat() {
      if (!member("format").equals(FORMAT)) {
        throw new IllegalArgumentException("another format");
      }
      if (Integer.parseInt(member("formatVersion")) > FORMAT_VERSION_WITH_RECIPES) {
        throw damaged("a later version of this program wrote it", null);
      }
    }

    private void readFiles(JsonParser json) {
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw new IllegalArgumentException("no list of files");
      }
      while (json.nextToken() == JsonToken.START_OBJECT) {
        if (files.size() >= ZipDirectory.ENTRIES_MAX) {
          throw new IllegalArgumentException("too many files");
        }
        readFile(object(json));
      }
      if (json.currentToken() != JsonToken.END_ARRAY) {
        throw new IllegalArgumentException("a file that is none");
      }
    }

    private void readSourceRows(JsonParser json) {
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw new IllegalArgumentException("no list of rows");
      }
      while (json.nextToken() == JsonToken.START_OBJECT) {
        if (!sourceRows.add(readSourceRow(json))) {
          throw new IllegalArgumentException("too many rows");
        }
      }
      if (json.currentToken() != JsonToken.END_ARRAY) {
        throw new IllegalArgumentException("a row that is none");
      }
    }

    private static SourceRow readSourceRow(JsonParser json) {
      String table = "";
      long key = 0;
      long leftOut = 0;
      Map<String, SourceRow.Value> values = Map.of();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "table" -> table = json.getString();
          case "key" -> key = json.getLongValue();
          case "columnsLeftOut" -> leftOut = json.getLongValue();
          case "columns" -> values = readValues(json);
          default -> json.skipChildren();
        }
      }
      return new SourceRow(table, key, values, leftOut);
    }

    private static Map<String, SourceRow.Value> readValues(JsonParser json) {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw new IllegalArgumentException("no columns");
      }
      Map<String, SourceRow.Value> values = new LinkedHashMap<>();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        if (values.size() >= SourceRow.COLUMNS_MAX) {
          throw new IllegalArgumentException("too many columns");
        }
        String name = json.currentName();
        if (json.nextToken() == JsonToken.START_OBJECT) {
          Map<String, Object> large = object(json);
          values.put(
              name, new SourceRow.Value.Large(number(large, "length"), digest(large, "sha256")));
        } else if (json.currentToken() == JsonToken.VALUE_STRING) {
          values.put(name, new SourceRow.Value.Text(PatientData.of(json.getString())));
        } else {
          throw new IllegalArgumentException("a value that is none");
        }
      }
      return values;
    }

    private void readFile(Map<String, Object> file) {
      String entry = required(file, hasEntries ? "entry" : "path");
      String path = file.containsKey("path") ? required(file, "path") : entry;
      requireInside(path);
      files.add(
          new StoredFile(
              path,
              number(file, "length"),
              Instant.parse(required(file, "modified")).toEpochMilli(),
              digests(file),
              instance(file),
              findings(file.get("findings"), path),
              file.containsKey("sourceRowCount") ? number(file, "sourceRowCount") : 0));
      if (!hasEntries) {
        return;
      }
      int method =
          switch (required(file, "method")) {
            case "stored" -> ZipHeaders.STORED;
            case "deflate" -> ZipHeaders.DEFLATED;
            default -> throw new IllegalArgumentException("unknown method");
          };
      places.add(
          new Place(
              entry,
              method,
              number(file, "offset"),
              number(file, "storedLength"),
              HexFormat.fromHexDigits(required(file, "crc32")),
              recipe(file)));
    }

    private static Optional<Recipe> recipe(Map<String, Object> file) {
      if (!file.containsKey(RECIPE)) {
        return Optional.empty();
      }
      if (!(file.get(RECIPE) instanceof Map<?, ?> found)) {
        throw new IllegalArgumentException("no recipe");
      }
      Map<String, Object> recipe = objects(List.of(found)).getFirst();
      String layout = required(recipe, "layout");
      String steps = required(recipe, "steps");
      long length = number(recipe, "length");
      if (!required(recipe, "transferSyntaxUid").equals(Recipe.TRANSFER_SYNTAX)
          || !(layout.equals(PIXEL) || layout.equals(PLANE))
          || steps.length() > Recipe.STEPS_MAX
          || length > Recipe.ENTRY_BYTES_MAX
          || number(file, "length") > Recipe.FILE_BYTES_MAX) {
        throw new IllegalArgumentException("a recipe that nobody knows");
      }
      return Optional.of(
          new Recipe(
              length, Sha256.parse(required(recipe, "sha256")), layout.equals(PLANE), steps));
    }

    private static FileDigests digests(Map<String, Object> file) {
      if (!(file.get("digests") instanceof Map<?, ?> digests)) {
        throw new IllegalArgumentException("no digests");
      }
      List<FileDigests.Absent> absent = new ArrayList<>();
      if (file.get("absentDigests") instanceof Map<?, ?> reasons) {
        reasons.forEach((name, reason) ->
            absent.add(new FileDigests.Absent(String.valueOf(name), String.valueOf(reason))));
      }
      Optional<Sha256> whole = digest(digests, FileDigests.FILE);
      return new FileDigests(
          whole.orElseThrow(() -> new IllegalArgumentException("no file digest")),
          digest(digests, FileDigests.DATA_SET),
          digest(digests, FileDigests.CANONICAL),
          digest(digests, FileDigests.PIXEL),
          absent);
    }

    private static Optional<Sha256> digest(Map<?, ?> digests, String name) {
      return digests.get(name) instanceof String hex
          ? Optional.of(Sha256.parse(hex))
          : Optional.empty();
    }

    private static Optional<InstanceFacts> instance(Map<String, Object> file) {
      if (!(file.get("sopInstanceUid") instanceof String sop)) {
        return Optional.empty();
      }
      PatientData<String> unknown = PatientData.of("");
      return Optional.of(
          new InstanceFacts(
              new StudyInstanceUid(text(file, "studyInstanceUid")),
              new SeriesInstanceUid(text(file, "seriesInstanceUid")),
              new SopInstanceUid(sop),
              text(file, "sopClassUid"),
              text(file, "transferSyntaxUid"),
              text(file, "modality"),
              "",
              "",
              unknown,
              unknown,
              unknown,
              unknown,
              unknown,
              unknown,
              "",
              "",
              "",
              "",
              "",
              "",
              "",
              "",
              "",
              ""));
    }

    private static List<Finding> findings(@Nullable Object list, String path) {
      List<Finding> findings = new ArrayList<>();
      for (Map<String, Object> one : objects(list)) {
        findings.add(
            new Finding(
                text(one, "kind"),
                one.containsKey("path") ? text(one, "path") : path,
                one.containsKey("position") ? number(one, "position") : Finding.NO_POSITION,
                text(one, "detail")));
      }
      return findings;
    }

    Manifest manifest() {
      StudyFacts facts = facts(new StudyKey(member("studyKey")));
      StudyVersion version =
          StudyVersion.of(
              facts,
              files,
              missing,
              findings,
              Optional.ofNullable(texts.get("supersedes")).map(VersionId::parse),
              texts.getOrDefault("source", ""),
              Instant.parse(member("readAt")));
      if (!version.id().equals(VersionId.parse(member("versionId")))) {
        throw damaged("its version id does not follow from its files", null);
      }
      if (Long.parseLong(member("fileCount")) != files.size()) {
        throw damaged("it has another number of files than it says", null);
      }
      long leftOut = Long.parseLong(texts.getOrDefault("sourceRowsLeftOut", "0"));
      return new Manifest(version.with(sourceRows.leavingOut(leftOut)), places);
    }

    private StudyFacts facts(StudyKey key) {
      List<String> modalities = new ArrayList<>();
      if (study.get("modalities") instanceof List<?> list) {
        list.forEach(modality -> modalities.add(String.valueOf(modality)));
      }
      return new StudyFacts(
          key,
          PatientData.of(text(study, "patientName")),
          PatientData.of(text(study, "patientId")),
          date("birthDate").map(PatientData::of),
          date("studyDate"),
          modalities,
          PatientData.of(text(study, "accessionNumber")),
          PatientData.of(text(study, "description")));
    }

    private Optional<LocalDate> date(String name) {
      String text = text(study, name);
      return text.isEmpty() ? Optional.empty() : Optional.of(LocalDate.parse(text));
    }

    private String member(String name) {
      String value = texts.get(name);
      if (value == null) {
        throw new IllegalArgumentException("no " + name);
      }
      return value;
    }

    private static String required(Map<String, Object> object, String name) {
      if (object.get(name) instanceof String text) {
        return text;
      }
      throw new IllegalArgumentException("no " + name);
    }

    private static String text(Map<String, Object> object, String name) {
      return object.get(name) instanceof String text ? text : "";
    }

    private static long number(Map<String, Object> object, String name) {
      if (object.get(name) instanceof Long number && number >= 0) {
        return number;
      }
      throw new IllegalArgumentException("no " + name);
    }

    private static List<Map<String, Object>> objects(@Nullable Object list) {
      List<Map<String, Object>> objects = new ArrayList<>();
      if (list instanceof List<?> members) {
        for (Object member : members) {
          if (member instanceof Map<?, ?> map) {
            Map<String, Object> object = new LinkedHashMap<>();
            map.forEach((name, value) -> object.put(String.valueOf(name), value));
            objects.add(object);
          }
        }
      }
      return objects;
    }

    /// A small object in memory; nesting is bounded by the parser.
    private static Map<String, Object> object(JsonParser json) {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        throw new IllegalArgumentException("no object");
      }
      Map<String, Object> object = new LinkedHashMap<>();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        if (object.size() >= LIST_MAX) {
          throw new IllegalArgumentException("too many members");
        }
        String name = json.currentName();
        json.nextToken();
        object.put(name, value(json));
      }
      return object;
    }

    private static List<Object> list(JsonParser json) {
      if (json.currentToken() != JsonToken.START_ARRAY) {
        throw new IllegalArgumentException("no list");
      }
      List<Object> list = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (list.size() >= LIST_MAX || json.currentToken() == null) {
          throw new IllegalArgumentException("too many members");
        }
        list.add(value(json));
      }
      return list;
    }

    private static Object value(JsonParser json) {
      return switch (json.currentToken()) {
        case START_OBJECT -> object(json);
        case START_ARRAY -> list(json);
        case VALUE_NUMBER_INT -> json.getLongValue();
        case null -> throw new IllegalArgumentException("cut off");
        default -> json.getString();
      };
    }
  }
}
