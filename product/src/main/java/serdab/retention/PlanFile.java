package serdab.retention;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.VersionId;
import serdab.destination.HeldVersion;
import serdab.dicom.StudyKey;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/// A plan as it was written down, so that exactly what a person saw is what is carried out
/// (`docs/format/retention.md` section 1).
///
/// @param destinationId what it is about
/// @param rules as text, one line each
/// @param madeAt when the plan was made
/// @param proofsFor how old a proof may be that a removal leans on
/// @param copies what may go
/// @param hash over all of it
public record PlanFile(
    String destinationId,
    List<String> rules,
    Instant madeAt,
    Duration proofsFor,
    List<Planned> copies,
    Sha256 hash) {

  static final String FORMAT = "retention-plan";

  private static final int COPIES_MAX = 10_000_000;
  private static final int RULES_MAX = 1000;

  public PlanFile {
    rules = List.copyOf(rules);
    copies = List.copyOf(copies);
  }

  /// A copy that may go.
  ///
  /// @param copy as it was listed
  /// @param verdict [Verdict#GO] or [Verdict#GO_AS_LAST]
  /// @param endsStudy whether its whole study goes from the destination
  /// @param reasons in words
  public record Planned(
      HeldVersion copy, Verdict verdict, boolean endsStudy, List<String> reasons) {

    public Planned {
      reasons = List.copyOf(reasons);
    }
  }

  /// What of a plan is written down.
  public static PlanFile of(RetentionPlan plan) {
    List<Planned> copies = new ArrayList<>();
    for (Line line : plan.lines()) {
      if (line.verdict() != Verdict.KEEP) {
        copies.add(
            new Planned(
                line.copy(),
                line.verdict(),
                line.endsStudy(),
                line.reasons().stream().map(Reason::text).toList()));
      }
    }
    return of(plan.destinationId(), plan.rules(), plan.madeAt(), plan.proofsFor(), copies);
  }

  private static PlanFile of(
      String destinationId,
      List<String> rules,
      Instant madeAt,
      Duration proofsFor,
      List<Planned> copies) {
    MessageDigest hasher = Sha256.hasher();
    hash(hasher, FORMAT, destinationId, madeAt.toString(), proofsFor.toString());
    hash(hasher, rules.toArray(String[]::new));
    for (Planned planned : copies) {
      HeldVersion copy = planned.copy();
      hash(
          hasher,
          copy.study().value(),
          copy.id().hex(),
          copy.location(),
          Long.toString(copy.storedBytes()),
          Long.toString(copy.fileCount()),
          planned.verdict().name(),
          Boolean.toString(planned.endsStudy()));
      hash(hasher, planned.reasons().toArray(String[]::new));
    }
    return new PlanFile(destinationId, rules, madeAt, proofsFor, copies, Sha256.finish(hasher));
  }

  /// Each text with its length before it, so that no two plans run into each other.
  static void hash(MessageDigest hasher, String... texts) {
    hasher.update((texts.length + "\n").getBytes(StandardCharsets.US_ASCII));
    for (String text : texts) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      hasher.update((bytes.length + " ").getBytes(StandardCharsets.US_ASCII));
      hasher.update(bytes);
      hasher.update((byte) '\n');
    }
  }

  /// The copies with this verdict.
  public List<Planned> with(Verdict verdict) {
    return copies.stream().filter(planned -> planned.verdict() == verdict).toList();
  }

  /// How many studies these copies are of.
  public static long studies(List<Planned> copies) {
    return copies.stream().map(planned -> planned.copy().study()).distinct().count();
  }

  /// Writes it; the stream stays open.
  public void writeTo(OutputStream out) {
    JsonFactory factory =
        JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
    try (JsonGenerator json = factory.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORMAT);
      json.writeNumberProperty("formatVersion", 1);
      json.writeStringProperty("destination", destinationId);
      json.writeStringProperty("madeAt", madeAt.toString());
      json.writeStringProperty("proofsFor", proofsFor.toString());
      json.writeArrayPropertyStart("rules");
      rules.forEach(json::writeString);
      json.writeEndArray();
      json.writeArrayPropertyStart("copies");
      for (Planned planned : copies) {
        json.writeRaw('\n');
        json.writeStartObject();
        json.writeStringProperty("study", planned.copy().study().value());
        json.writeStringProperty("version", planned.copy().id().hex());
        json.writeStringProperty("location", planned.copy().location());
        json.writeNumberProperty("storedBytes", planned.copy().storedBytes());
        json.writeNumberProperty("files", planned.copy().fileCount());
        json.writeStringProperty("verdict", planned.verdict().name());
        json.writeBooleanProperty("endsStudy", planned.endsStudy());
        json.writeArrayPropertyStart("reasons");
        planned.reasons().forEach(json::writeString);
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeStringProperty("sha256", hash.hex());
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }

  /// Reads one back; the stream stays open.
  ///
  /// @throws SerdabException.Damaged when it is no plan, or not as it was written
  public static PlanFile read(InputStream in) throws IOException {
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), in)) {
      return new Reader(json).plan();
    } catch (JacksonException
        | IllegalArgumentException
        | DateTimeException
        | ArithmeticException e) {
      throw damaged();
    }
  }

  private static SerdabException.Damaged damaged() {
    return new SerdabException.Damaged(
        new Problem(
            "plan-damaged",
            "The file is no retention plan, or was changed since it was written.",
            "Make a new one with: serdab prune DEST --plan"));
  }

  /// Reads one plan.
  private static final class Reader {
    private final JsonParser json;
    private String format = "";
    private String version = "";
    private String destination = "";
    private String madeAt = "";
    private String proofsFor = "";
    private List<String> rules = List.of();
    private final List<Planned> copies = new ArrayList<>();
    private String hash = "";

    Reader(JsonParser json) {
      this.json = json;
    }

    PlanFile plan() {
      require(json.nextToken() == JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "format" -> format = json.getString();
          case "formatVersion" -> version = json.getString();
          case "destination" -> destination = json.getString();
          case "madeAt" -> madeAt = json.getString();
          case "proofsFor" -> proofsFor = json.getString();
          case "rules" -> rules = texts();
          case "copies" -> copies();
          case "sha256" -> hash = json.getString();
          default -> json.skipChildren();
        }
      }
      require(format.equals(FORMAT) && version.equals("1"));
      PlanFile plan =
          of(destination, rules, Instant.parse(madeAt), Duration.parse(proofsFor), copies);
      require(plan.hash().equals(Sha256.parse(hash)));
      return plan;
    }

    private List<String> texts() {
      List<String> texts = new ArrayList<>();
      require(json.currentToken() == JsonToken.START_ARRAY);
      while (json.nextToken() == JsonToken.VALUE_STRING) {
        texts.add(json.getString());
        require(texts.size() <= RULES_MAX);
      }
      require(json.currentToken() == JsonToken.END_ARRAY);
      return texts;
    }

    private void copies() {
      require(json.currentToken() == JsonToken.START_ARRAY);
      while (json.nextToken() == JsonToken.START_OBJECT) {
        copies.add(copy());
        require(copies.size() <= COPIES_MAX);
      }
      require(json.currentToken() == JsonToken.END_ARRAY);
    }

    private Planned copy() {
      String study = "";
      String id = "";
      String location = "";
      long storedBytes = -1;
      long files = -1;
      Verdict verdict = Verdict.KEEP;
      boolean endsStudy = false;
      List<String> reasons = List.of();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        json.nextToken();
        switch (name) {
          case "study" -> study = json.getString();
          case "version" -> id = json.getString();
          case "location" -> location = json.getString();
          case "storedBytes" -> storedBytes = json.getLongValue();
          case "files" -> files = json.getLongValue();
          case "verdict" -> verdict = Verdict.valueOf(json.getString());
          case "endsStudy" -> endsStudy = json.getBooleanValue();
          case "reasons" -> reasons = texts();
          default -> json.skipChildren();
        }
      }
      require(verdict != Verdict.KEEP && storedBytes >= 0 && !location.isEmpty());
      HeldVersion copy =
          new HeldVersion(
              new StudyKey(study),
              VersionId.parse(id),
              location,
              storedBytes,
              files,
              Optional.empty(),
              Optional.empty());
      return new Planned(copy, verdict, endsStudy, reasons);
    }

    private static void require(boolean holds) {
      if (!holds) {
        throw new IllegalArgumentException("no plan");
      }
    }
  }
}
