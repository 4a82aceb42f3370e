package serdab.cli;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.HoldRow;
import serdab.destination.Destination;
import serdab.dicom.StudyKey;
import serdab.retention.HoldPapers;

/// `serdab hold`: studies that must lose nothing, whatever the rules say.
@Command(
    name = "hold",
    mixinStandardHelpOptions = true,
    header = "Holds studies: no copy of them may be removed until a person releases the hold.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      HoldCommand.AddCommand.class,
      HoldCommand.ListCommand.class,
      HoldCommand.ReleaseCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  serdab hold add --patient-id 12345 --reason \"case 4711 at court\"",
      "  serdab hold release 3 --reason \"case closed\""
    })
final class HoldCommand implements Runnable {

  private final Surroundings around;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private CommandSpec spec;

  HoldCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public void run() {
    spec.commandLine().usage(around.terminal().out());
  }

  private static String author(@Nullable String named) {
    return named == null ? System.getProperty("user.name", "unknown") : named;
  }

  /// Writes it beside the copies that are connected now; the others get it at the end of their next
  /// run.
  private static void leaveBesideCopies(Surroundings around, Wiring wiring, Catalogue catalogue) {
    long known = catalogue.destinations().stream().map(Catalogue.UsedPlace::id).distinct().count();
    long left = 0;
    HoldPapers papers = new HoldPapers(catalogue);
    for (Destination destination : wiring.usedDestinations(catalogue, Set.of())) {
      try (destination) {
        papers.leave(destination);
        left++;
      } catch (SerdabException e) {
        around.terminal().warn(PlanRun.holdsNotCompared(destination, e));
      }
    }
    if (known > 0) {
      around
          .terminal()
          .out()
          .println(
              around
                  .terminal()
                  .messages()
                  .text(left < known ? "hold.beside-later" : "hold.beside", left, known));
    }
  }

  private static SerdabException.Misconfigured wrong(String code, String what, String next) {
    return new SerdabException.Misconfigured(new Problem(code, what, next));
  }

  /// `serdab hold add`.
  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      header =
          "Places a hold on a study, a patient or study dates; what is named together counts"
              + " together.",
      footer = {
        "",
        "Examples:",
        "  serdab hold add --label S-3f2a90c1b7 --reason \"complaint of 2026-03-01\"",
        "  serdab hold add --date 2020-01-01..2020-12-31 --reason \"audit\" --author \"Dr. Silva\""
      })
  static final class AddCommand implements Callable<Integer> {

    private final Surroundings around;

    @Option(names = "--study", paramLabel = "UID", description = "This study.")
    private @Nullable String study;

    @Option(names = "--label", paramLabel = "LABEL", description = "The study of this label.")
    private @Nullable String label;

    @Option(names = "--patient-id", paramLabel = "ID", description = "Studies of this patient.")
    private @Nullable String patientId;

    @Option(names = "--date", paramLabel = "A..B", description = "Studies of these days.")
    private @Nullable String date;

    @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why.")
    @SuppressWarnings("NullAway.Init") // required
    private String reason;

    @Option(
        names = "--author",
        paramLabel = "NAME",
        description = "Who says so (default: the user of this computer).")
    private @Nullable String author;

    AddCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      if (study == null && label == null && patientId == null && date == null) {
        throw wrong(
            "wrong-option",
            "A hold needs --study, --label, --patient-id or --date.",
            "Run: serdab hold add --help");
      }
      if (study != null && label != null) {
        throw wrong(
            "wrong-option", "--study and --label exclude each other.", "Name the study once.");
      }
      if (reason.isBlank() || (patientId != null && patientId.isBlank())) {
        throw wrong("wrong-option", "A value is empty.", "Run: serdab hold add --help");
      }
      Optional<DateRange> days = Optional.ofNullable(date).map(d -> DateRange.parse("--date", d));
      Home home = around.home().make();
      try (Wiring wiring = new Wiring(around);
          Catalogue catalogue = wiring.catalogue(home)) {
        long hold =
            catalogue
                .holds()
                .place(
                    key(catalogue),
                    Optional.ofNullable(patientId).map(id -> PatientData.of(id.strip())),
                    days.map(range -> new HoldRow.Days(range.from(), range.to())),
                    reason,
                    author(author));
        Messages say = around.terminal().messages();
        around.terminal().out().println(say.text("hold.placed", hold));
        leaveBesideCopies(around, wiring, catalogue);
        key(catalogue)
            .filter(one -> catalogue.standing().rows(one).isEmpty())
            .ifPresent(_ -> around.terminal().out().println(say.text("hold.study-unlisted")));
      }
      return Main.ExitCodes.GOOD;
    }

    private Optional<StudyKey> key(Catalogue catalogue) {
      if (label == null) {
        return Optional.ofNullable(study).map(uid -> new StudyKey(uid.strip()));
      }
      return Optional.of(
          catalogue
              .byLabel(label)
              .map(row -> row.facts().key())
              .orElseThrow(() ->
                  wrong(
                      "unknown-label",
                      "No study has the label " + label + ".",
                      "Labels are shown by: serdab studies")));
    }
  }

  /// `serdab hold list`.
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      header = "Lists the holds that stand.",
      footer = {"", "Example:", "  serdab hold list --all"})
  static final class ListCommand implements Callable<Integer> {

    private final Surroundings around;

    @Option(names = "--all", description = "Also those that were released.")
    private boolean all;

    @Option(names = "--json", description = "Prints one JSON document.")
    private boolean json;

    ListCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      Home home = around.home();
      List<HoldRow> holds = List.of();
      if (home.exists()) {
        try (Wiring wiring = new Wiring(around);
            Catalogue catalogue = wiring.catalogue(home)) {
          holds = all ? catalogue.holds().all() : catalogue.holds().standing();
          print(holds, Optional.of(catalogue));
        }
      } else {
        print(holds, Optional.empty());
      }
      return Main.ExitCodes.GOOD;
    }

    private void print(List<HoldRow> holds, Optional<Catalogue> catalogue) {
      if (json) {
        printJson(holds);
        return;
      }
      var out = around.terminal().out();
      Messages say = around.terminal().messages();
      if (holds.isEmpty()) {
        out.println(say.text("hold.none"));
      }
      for (HoldRow hold : holds) {
        out.println(say.text("hold.line", hold.id(), what(hold, catalogue, say)));
        out.println("  " + hold.reason());
        out.println(say.text("hold.by", hold.author(), hold.madeAt()));
        hold.release()
            .ifPresent(end ->
                out.println(
                    end.reason().isEmpty()
                        ? say.text("hold.released-by", end.author(), end.at())
                        : say.text("hold.released-why", end.author(), end.at(), end.reason())));
      }
      out.flush();
    }

    private static String what(HoldRow hold, Optional<Catalogue> catalogue, Messages say) {
      List<String> parts = new java.util.ArrayList<>();
      hold.study()
          .ifPresent(study ->
              parts.add(
                  say.text(
                      "hold.study",
                      catalogue.map(known -> known.label(study).value()).orElse(""),
                      study.value())));
      hold.patientId().ifPresent(id -> parts.add(say.text("hold.patient", shown(id))));
      hold.dates().ifPresent(days -> parts.add(say.text("hold.dates", days.from(), days.to())));
      return String.join(" " + say.text("hold.and") + " ", parts);
    }

    private static String shown(PatientData<String> id) {
      return id.reveal(PatientData.Purpose.SHOW_TO_OWNER);
    }

    private void printJson(List<HoldRow> holds) {
      Json.object(
          around.terminal().out(),
          writer -> {
            writer.writeStringProperty("schema", "serdab-holds-v1");
            writer.writeArrayPropertyStart("holds");
            for (HoldRow hold : holds) {
              writer.writeStartObject();
              writer.writeNumberProperty("hold", hold.id());
              writer.writeStringProperty("study", hold.study().map(StudyKey::value).orElse(""));
              writer.writeStringProperty(
                  "patient_id", hold.patientId().map(ListCommand::shown).orElse(""));
              writer.writeStringProperty(
                  "from_date", hold.dates().map(days -> days.from().toString()).orElse(""));
              writer.writeStringProperty(
                  "to_date", hold.dates().map(days -> days.to().toString()).orElse(""));
              writer.writeStringProperty("reason", hold.reason());
              writer.writeStringProperty("author", hold.author());
              writer.writeStringProperty("made_at", hold.madeAt().toString());
              writer.writeStringProperty(
                  "released_at", hold.release().map(end -> end.at().toString()).orElse(""));
              writer.writeStringProperty(
                  "released_by", hold.release().map(HoldRow.Release::author).orElse(""));
              writer.writeStringProperty(
                  "release_reason", hold.release().map(HoldRow.Release::reason).orElse(""));
              writer.writeEndObject();
            }
            writer.writeEndArray();
          });
    }
  }

  /// `serdab hold release`.
  @Command(
      name = "release",
      mixinStandardHelpOptions = true,
      header = "Releases a hold; it stays on record with who released it and why.",
      footer = {"", "Example:", "  serdab hold release 3 --reason \"case closed\""})
  static final class ReleaseCommand implements Callable<Integer> {

    private final Surroundings around;

    @Parameters(paramLabel = "HOLD", description = "Its number, as: serdab hold list")
    private long hold;

    @Option(names = "--reason", required = true, paramLabel = "TEXT", description = "Why.")
    @SuppressWarnings("NullAway.Init") // required
    private String reason;

    @Option(
        names = "--author",
        paramLabel = "NAME",
        description = "Who says so (default: the user of this computer).")
    private @Nullable String author;

    ReleaseCommand(Surroundings around) {
      this.around = around;
    }

    @Override
    public Integer call() {
      Home home = around.home().make();
      try (Wiring wiring = new Wiring(around);
          Catalogue catalogue = wiring.catalogue(home)) {
        if (!catalogue.holds().release(hold, author(author), reason)) {
          throw wrong(
              "no-such-hold", "No hold " + hold + " stands.", "See them with: serdab hold list");
        }
        around.terminal().out().println(around.terminal().messages().text("hold.released", hold));
        leaveBesideCopies(around, wiring, catalogue);
      }
      return Main.ExitCodes.GOOD;
    }
  }
}
