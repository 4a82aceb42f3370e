package serdab.cli;

import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import serdab.Finding;
import serdab.PatientData;
import serdab.PatientData.Purpose;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.StudyRow;
import serdab.dicom.Identity;
import serdab.dicom.RejectionNote;
import serdab.dicom.StudyFacts;
import tools.jackson.core.JsonGenerator;

/// `serdab studies`: what is known of each study and of its copies.
@Command(
    name = "studies",
    mixinStandardHelpOptions = true,
    header = "Lists studies with their copies and how deeply those are proven.",
    footer = {
      "",
      "Examples:",
      "  serdab studies --not-copied",
      "  serdab studies --date 2024-01-01..2024-03-31 --modality CT --json",
      "  serdab studies --label S-3f2a90c1b7 --findings"
    })
final class StudiesCommand implements Callable<Integer> {

  private final Surroundings around;

  @Option(
      names = "--patient",
      paramLabel = "TEXT",
      description = "Only where name or id of the patient holds this text, in any case.")
  private @Nullable String patient;

  @Option(
      names = "--date",
      paramLabel = "A..B",
      description = "Only studies of these dates, both included: 2024-01-01..2024-01-31.")
  private @Nullable String date;

  @Option(names = "--modality", split = ",", paramLabel = "CT,MR", description = "Only these.")
  private List<String> modalities = List.of();

  @Option(names = "--label", paramLabel = "LABEL", description = "The study with this label.")
  private @Nullable String label;

  @Option(names = "--not-copied", description = "Only studies without a proven copy.")
  private boolean notCopied;

  @Option(names = "--findings", description = "Shows what was found odd about each study.")
  private boolean findings;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  StudiesCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Optional<DateRange> range =
        Optional.ofNullable(date).map(text -> DateRange.parse("--date", text));
    Home home = around.home();
    Messages say = around.terminal().messages();
    if (!home.exists()) {
      if (json) {
        Json.object(
            around.terminal().out(),
            writer -> {
              writer.writeStringProperty("schema", "serdab-studies-v1");
              writer.writeArrayPropertyStart("studies");
              writer.writeEndArray();
            });
      } else {
        around.terminal().out().println(say.text("studies.none-known"));
      }
      return Main.ExitCodes.GOOD;
    }
    try (Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home);
        Stream<StudyRow> all = asked(catalogue)) {
      Stream<StudyRow> wanted = all.filter(row -> matches(row, range, catalogue));
      if (json) {
        Json.object(
            around.terminal().out(),
            writer -> {
              writer.writeStringProperty("schema", "serdab-studies-v1");
              writer.writeArrayPropertyStart("studies");
              wanted.forEach(row -> write(writer, row, catalogue));
              writer.writeEndArray();
            });
      } else {
        long shown = wanted.peek(row -> print(row, catalogue)).mapToLong(_ -> 1).sum();
        if (shown == 0) {
          around.terminal().out().println(say.text("studies.none-match"));
        }
        around.terminal().out().flush();
      }
    }
    return Main.ExitCodes.GOOD;
  }

  /// As few rows as a query can tell; [#matches] looks at each.
  private Stream<StudyRow> asked(Catalogue catalogue) {
    if (label != null) {
      return catalogue.studiesLabelled(label).stream();
    }
    if (notCopied) {
      return catalogue.studiesNotCopied();
    }
    String text = patient;
    return text == null
        ? catalogue.studies()
        : catalogue.studies((name, id) -> holds(name, text) || holds(id, text));
  }

  private boolean matches(StudyRow row, Optional<DateRange> range, Catalogue catalogue) {
    StudyFacts facts = row.facts();
    if (label != null && !catalogue.label(facts.key()).value().equals(label)) {
      return false;
    }
    if (patient != null
        && !holds(facts.patientName(), patient)
        && !holds(facts.patientId(), patient)) {
      return false;
    }
    if (range.isPresent() && facts.studyDate().filter(range.get()::contains).isEmpty()) {
      return false;
    }
    if (!modalities.isEmpty()
        && modalities.stream()
            .map(modality -> modality.strip().toUpperCase(Locale.ROOT))
            .noneMatch(facts.modalities()::contains)) {
      return false;
    }
    return !notCopied || goodCopies(row, catalogue).isEmpty();
  }

  private static boolean holds(PatientData<String> data, String text) {
    return reveal(data).toLowerCase(Locale.ROOT).contains(text.toLowerCase(Locale.ROOT));
  }

  private static String reveal(PatientData<String> data) {
    return data.reveal(Purpose.SHOW_TO_OWNER);
  }

  /// Copies of the version that was read last.
  private static List<CopyRow> goodCopies(StudyRow row, Catalogue catalogue) {
    return catalogue.copies(row.facts().key()).stream()
        .filter(CopyRow::isProven)
        .filter(copy -> row.version().filter(copy.version()::equals).isPresent())
        .toList();
  }

  private void print(StudyRow row, Catalogue catalogue) {
    StudyFacts facts = row.facts();
    var out = around.terminal().out();
    List<CopyRow> copies = goodCopies(row, catalogue);
    Messages say = around.terminal().messages();
    out.printf(
        "%s  %-10s  %-8s %s  %s  %s%n",
        catalogue.label(facts.key()),
        facts.studyDate().map(LocalDate::toString).orElseGet(() -> say.text("studies.no-date")),
        facts.key().isOther() ? say.text("studies.other") : String.join("\\", facts.modalities()),
        say.text("studies.files", "%5d".formatted(row.fileCount())),
        copies.isEmpty()
            ? say.text("studies.not-copied")
            : say.text("studies.copies", copies.size(), deepest(copies)),
        reveal(facts.patientName()));
    if (row.missingFiles() > 0) {
      out.println(say.text("studies.incomplete", row.missingFiles()));
    }
    if (row.changeSeenAt().isPresent()) {
      out.println(say.text("studies.version-waits"));
    }
    rejected(row, catalogue)
        .forEach((reason, count) ->
            out.println(
                say.text("studies.rejected", count, say.text("rejected." + reason.code()))));
    if (otherPatient(row, catalogue)) {
      out.println(say.text("studies.other-patient"));
    }
    if (!row.problem().isEmpty()) {
      out.println("    " + row.problem());
    }
    if (findings) {
      for (Finding finding : catalogue.findings(row.sourceId(), facts.key())) {
        out.println("    " + text(finding, say));
      }
    }
  }

  private static Map<RejectionNote.Reason, Long> rejected(StudyRow row, Catalogue catalogue) {
    return row.version()
        .map(version -> catalogue.rejected().counts(row.facts().key(), version))
        .orElse(Map.of());
  }

  private static boolean otherPatient(StudyRow row, Catalogue catalogue) {
    return !row.facts().key().isOther()
        && catalogue.rejected().namesAnother(row.facts().key(), Identity.of(row.facts()));
  }

  private static String deepest(List<CopyRow> copies) {
    return copies.stream()
        .map(copy -> copy.proof().depth())
        .max(Enum::compareTo)
        .map(Enum::name)
        .orElse("");
  }

  private static String text(Finding finding, Messages say) {
    String where = finding.path();
    if (finding.position() != Finding.NO_POSITION) {
      where = say.text("studies.at-byte", where, finding.position());
    }
    return finding.kind()
        + (where.isEmpty() ? "" : " (" + where + ")")
        + ": "
        + say.detail(finding.kind(), finding.detail());
  }

  private void write(JsonGenerator writer, StudyRow row, Catalogue catalogue) {
    StudyFacts facts = row.facts();
    writer.writeStartObject();
    writer.writeStringProperty("label", catalogue.label(facts.key()).value());
    writer.writeStringProperty("key", facts.key().value());
    writer.writeStringProperty("source", row.sourceId());
    writer.writeStringProperty("patient_name", reveal(facts.patientName()));
    writer.writeStringProperty("patient_id", reveal(facts.patientId()));
    writer.writeStringProperty("study_date", facts.studyDate().map(LocalDate::toString).orElse(""));
    writer.writeArrayPropertyStart("modalities");
    facts.modalities().forEach(writer::writeString);
    writer.writeEndArray();
    writer.writeNumberProperty("files", row.fileCount());
    writer.writeNumberProperty("missing_files", row.missingFiles());
    writer.writeStringProperty("version", row.version().map(Object::toString).orElse(""));
    writer.writeBooleanProperty("change_waits", row.changeSeenAt().isPresent());
    writer.writeStringProperty("problem", row.problem());
    writer.writeArrayPropertyStart("rejected");
    rejected(row, catalogue)
        .forEach((reason, count) -> {
          writer.writeStartObject();
          writer.writeStringProperty("reason_code", reason.code());
          writer.writeStringProperty("reason", reason.meaning());
          writer.writeNumberProperty("instances", count);
          writer.writeEndObject();
        });
    writer.writeEndArray();
    writer.writeBooleanProperty("patient_differs", otherPatient(row, catalogue));
    writer.writeArrayPropertyStart("copies");
    for (CopyRow copy : catalogue.copies(facts.key())) {
      writer.writeStartObject();
      writer.writeStringProperty("destination", copy.destinationId());
      writer.writeStringProperty("location", copy.location());
      writer.writeStringProperty("version", copy.version().hex());
      writer.writeBooleanProperty(
          "current", row.version().filter(copy.version()::equals).isPresent());
      writer.writeStringProperty("state", copy.state());
      writer.writeStringProperty("depth", copy.proof().depth().name());
      writer.writeStringProperty("means", copy.proof().means().name());
      writer.writeStringProperty("proven_at", copy.proof().at().toString());
      writer.writeStringProperty("intact_at", copy.intactAt().map(Object::toString).orElse(""));
      writer.writeEndObject();
    }
    writer.writeEndArray();
    if (findings) {
      writer.writeArrayPropertyStart("findings");
      for (Finding finding : catalogue.findings(row.sourceId(), facts.key())) {
        writer.writeStartObject();
        writer.writeStringProperty("kind", finding.kind());
        writer.writeStringProperty("path", finding.path());
        writer.writeNumberProperty("position", finding.position());
        writer.writeStringProperty("detail", finding.detail());
        writer.writeEndObject();
      }
      writer.writeEndArray();
    }
    writer.writeEndObject();
  }
}
