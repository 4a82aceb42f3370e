package serdab.retention;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.catalogue.HoldRow;
import serdab.dicom.StudyKey;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// A hold, or its release, as it lies beside the copies (`docs/format/retention.md` section 3).
///
/// @param id the same wherever this hold is written down
/// @param by what it names: `study`, `patient`, `dates`
/// @param study the study it names, and so on; empty text where it names none, or where papers must
///   not say it
/// @param copies locations of what it holds, where papers must not say more
/// @param reason why; empty where papers must not say it
record HoldPaper(
    String id,
    List<String> by,
    String study,
    PatientData<String> patientId,
    String from,
    String to,
    List<String> copies,
    String reason,
    String author,
    String madeAt,
    Optional<Release> release) {

  static final String FORMAT = "retention-hold";

  private static final int COPIES_MAX = 100_000;

  HoldPaper {
    by = List.copyOf(by);
    copies = List.copyOf(copies);
  }

  /// How it ended.
  record Release(String at, String author, String reason) {}

  /// A paper that says all.
  static HoldPaper of(String id, HoldRow hold, boolean withRelease) {
    return new HoldPaper(
        id,
        by(hold),
        hold.study().map(StudyKey::value).orElse(""),
        hold.patientId().orElse(PatientData.of("")),
        hold.dates().map(days -> days.from().toString()).orElse(""),
        hold.dates().map(days -> days.to().toString()).orElse(""),
        List.of(),
        hold.reason(),
        hold.author(),
        hold.madeAt().toString(),
        hold.release()
            .filter(_ -> withRelease)
            .map(end -> new Release(end.at().toString(), end.author(), end.reason())));
  }

  /// The same for a place where names hide whose studies they are: it says no more than they do.
  ///
  /// @param copies where the copies of the study lie that it names
  HoldPaper hidden(List<String> copies) {
    return new HoldPaper(
        id,
        by,
        "",
        PatientData.of(""),
        "",
        "",
        copies,
        "",
        author,
        madeAt,
        release.map(end -> new Release(end.at(), end.author(), "")));
  }

  private static List<String> by(HoldRow hold) {
    List<String> by = new ArrayList<>();
    hold.study().ifPresent(_ -> by.add("study"));
    hold.patientId().ifPresent(_ -> by.add("patient"));
    hold.dates().ifPresent(_ -> by.add("dates"));
    return by;
  }

  /// Whether it names only a study, which it does not say.
  boolean isHiddenStudy() {
    return study.isEmpty() && by.equals(List.of("study"));
  }

  /// The hold, as far as it is said. What is not said is held: the days of all time, when nothing
  /// else is left.
  ///
  /// @param found the study, where the paper does not say it and it was found otherwise
  HoldRow hold(Optional<StudyKey> found) {
    Optional<StudyKey> named = study.isEmpty() ? found : Optional.of(new StudyKey(study));
    Optional<PatientData<String>> patient =
        patientText().isEmpty() ? Optional.empty() : Optional.of(patientId);
    Optional<HoldRow.Days> dates =
        from.isEmpty()
            ? Optional.empty()
            : Optional.of(new HoldRow.Days(LocalDate.parse(from), LocalDate.parse(to)));
    boolean anything = named.isPresent() || patient.isPresent() || dates.isPresent();
    return new HoldRow(
        0,
        named,
        patient,
        anything ? dates : Optional.of(ALL_TIME),
        reason.isEmpty() ? "its reason is not written beside these copies" : reason,
        author,
        Instant.parse(madeAt),
        release.map(
            end -> new HoldRow.Release(Instant.parse(end.at()), end.author(), end.reason())));
  }

  private static final HoldRow.Days ALL_TIME =
      new HoldRow.Days(LocalDate.of(1, 1, 1), LocalDate.of(9999, 12, 31));

  private String patientText() {
    return patientId.reveal(PatientData.Purpose.BESIDE_THE_DATA);
  }

  private Sha256 hash() {
    MessageDigest hasher = Sha256.hasher();
    PlanFile.hash(hasher, FORMAT, id, study, patientText(), from, to, reason, author, madeAt);
    PlanFile.hash(hasher, by.toArray(String[]::new));
    PlanFile.hash(hasher, copies.toArray(String[]::new));
    release.ifPresent(end -> PlanFile.hash(hasher, end.at(), end.author(), end.reason()));
    return Sha256.finish(hasher);
  }

  byte[] json() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORMAT);
      json.writeNumberProperty("formatVersion", 1);
      json.writeStringProperty("id", id);
      texts(json, "by", by);
      json.writeStringProperty("study", study);
      json.writeStringProperty("patientId", patientText());
      json.writeStringProperty("from", from);
      json.writeStringProperty("to", to);
      texts(json, "copies", copies);
      json.writeStringProperty("reason", reason);
      json.writeStringProperty("author", author);
      json.writeStringProperty("madeAt", madeAt);
      if (release.isPresent()) {
        json.writeStringProperty("releasedAt", release.get().at());
        json.writeStringProperty("releasedBy", release.get().author());
        json.writeStringProperty("releaseReason", release.get().reason());
      }
      json.writeStringProperty("sha256", hash().hex());
      json.writeEndObject();
      json.writeRaw('\n');
    }
    return out.toByteArray();
  }

  private static void texts(JsonGenerator json, String name, List<String> texts) {
    json.writeArrayPropertyStart(name);
    texts.forEach(json::writeString);
    json.writeEndArray();
  }

  /// Reads one back.
  ///
  /// @param where it lies, as messages name it
  /// @throws SerdabException.Damaged `hold-damaged` when it is none, or not as it was written
  static HoldPaper read(byte[] content, String where) {
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), content)) {
      return read(json);
    } catch (JacksonException | IllegalArgumentException | DateTimeException e) {
      throw new SerdabException.Damaged(
          new Problem(
              "hold-damaged",
              "A hold beside the copies cannot be read, so nobody knows what it holds: "
                  + where
                  + ".",
              "Nothing is removed there. If another destination has the file, copy it from there;"
                  + " else place the hold again with: serdab hold add, and move that file away."));
    }
  }

  private static HoldPaper read(JsonParser json) {
    String format = "";
    String version = "";
    String id = "";
    List<String> by = List.of();
    String study = "";
    String patient = "";
    String from = "";
    String to = "";
    List<String> copies = List.of();
    String reason = "";
    String author = "";
    String madeAt = "";
    String releasedAt = "";
    String releasedBy = "";
    String releaseReason = "";
    String sha256 = "";
    require(json.nextToken() == JsonToken.START_OBJECT);
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "format" -> format = json.getString();
        case "formatVersion" -> version = json.getString();
        case "id" -> id = json.getString();
        case "by" -> by = texts(json);
        case "study" -> study = json.getString();
        case "patientId" -> patient = json.getString();
        case "from" -> from = json.getString();
        case "to" -> to = json.getString();
        case "copies" -> copies = texts(json);
        case "reason" -> reason = json.getString();
        case "author" -> author = json.getString();
        case "madeAt" -> madeAt = json.getString();
        case "releasedAt" -> releasedAt = json.getString();
        case "releasedBy" -> releasedBy = json.getString();
        case "releaseReason" -> releaseReason = json.getString();
        case "sha256" -> sha256 = json.getString();
        default -> json.skipChildren();
      }
    }
    require(format.equals(FORMAT) && version.equals("1") && !by.isEmpty());
    HoldPaper paper =
        new HoldPaper(
            id,
            by,
            study,
            PatientData.of(patient),
            from,
            to,
            copies,
            reason,
            author,
            madeAt,
            releasedAt.isEmpty()
                ? Optional.empty()
                : Optional.of(new Release(releasedAt, releasedBy, releaseReason)));
    require(paper.hash().equals(Sha256.parse(sha256)));
    HoldRow understood = paper.hold(Optional.empty());
    require(!understood.author().isEmpty());
    return paper;
  }

  private static List<String> texts(JsonParser json) {
    List<String> texts = new ArrayList<>();
    require(json.currentToken() == JsonToken.START_ARRAY);
    while (json.nextToken() == JsonToken.VALUE_STRING) {
      texts.add(json.getString());
      require(texts.size() <= COPIES_MAX);
    }
    require(json.currentToken() == JsonToken.END_ARRAY);
    return texts;
  }

  private static void require(boolean holds) {
    if (!holds) {
      throw new IllegalArgumentException("no hold");
    }
  }
}
