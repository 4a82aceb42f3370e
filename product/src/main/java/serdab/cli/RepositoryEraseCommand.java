package serdab.cli;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.destination.repository.RepositoryDestination;
import serdab.dicom.StudyKey;
import serdab.report.Progress;
import serdab.retention.Erasing;
import serdab.retention.Prune;
import serdab.retention.PruneReport;

/// `serdab repository erase`: a study whose key is destroyed.
@Command(
    name = "erase",
    mixinStandardHelpOptions = true,
    header = "Erases a study from a repository: its key is destroyed, and nobody can ever read it.",
    description = {
      "All versions of the study go at once and for good, whatever the retention rules say; a hold"
          + " forbids it. What other studies share with it is sealed to them first. The room is freed"
          + " by serdab repository prune. Killed at any step, the same command ends it.",
      "",
      "Only this repository is meant. Copies on other destinations stay and are named. The next"
          + " backups say that the study was erased, and never copy it here again.",
      "",
      "Without --confirm it asks on a terminal, and elsewhere only says what would be erased."
    },
    footer = {
      "",
      "Examples:",
      "  serdab repository erase repo:/Volumes/Sealed --label S-3f2a90c1b7 --reason \"consent"
          + " withdrawn\" --plan",
      "  serdab repository erase repo:/Volumes/Sealed --study 1.2.840.1 --reason \"court order 17\""
    })
final class RepositoryEraseCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(paramLabel = "PLACE", description = "The repository: repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String place;

  @ArgGroup(multiplicity = "1")
  @SuppressWarnings("NullAway.Init") // required
  private Which which;

  /// One of these.
  static final class Which {
    @Option(names = "--study", paramLabel = "UID", description = "This study.")
    @Nullable String study;

    @Option(names = "--label", paramLabel = "LABEL", description = "The study of this label.")
    @Nullable String label;
  }

  @Option(
      names = "--reason",
      required = true,
      paramLabel = "TEXT",
      description = "Why, in one sentence without patient data: it stands in the repository.")
  @SuppressWarnings("NullAway.Init") // required
  private String reason;

  @Option(
      names = "--author",
      paramLabel = "NAME",
      description = "Who says so (default: the user of this computer).")
  private @Nullable String author;

  @Option(names = "--plan", description = "Only says what would be erased.")
  private boolean planOnly;

  @Option(
      names = "--confirm",
      paramLabel = "LABEL",
      description = "The label of the study, as the plan shows it; asked for on a terminal.")
  private @Nullable String confirm;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  RepositoryEraseCommand(Surroundings around) {
    this.around = around;
  }

  /// What came of it.
  ///
  /// @param sharedBytes what was written for studies that share with it
  private record Erased(PruneReport report, long sharedBytes) {}

  @Override
  public Integer call() {
    if (planOnly && confirm != null) {
      throw wrong("--plan and --confirm exclude each other.");
    }
    if (reason.isBlank() || reason.length() > 500) {
      throw wrong("--reason is empty or longer than 500 characters.");
    }
    String address = RepositoryCommand.address(place);
    Home home = around.home().make();
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around, keys);
        Catalogue catalogue = wiring.catalogue(home);
        RepositoryDestination repository = wiring.repositoryToErase(address, catalogue)) {
      Erasing erasing = new Erasing(repository, catalogue);
      StudyKey study = study(erasing);
      Erasing.Plan plan = erasing.plan(study);
      String label = catalogue.label(study).value();
      if (!json) {
        print(plan, label, repository);
      }
      Optional<Erased> erased =
          isConfirmed(label)
              ? Optional.of(carryOut(erasing, plan, repository, catalogue, home))
              : Optional.empty();
      if (json) {
        printJson(repository.id().toString(), plan, label, erased);
      } else {
        print(plan, erased);
      }
    }
    return Main.ExitCodes.GOOD;
  }

  private StudyKey study(Erasing erasing) {
    String label = which.label;
    return label == null
        ? new StudyKey(String.valueOf(which.study).strip())
        : erasing
            .byLabel(label.strip())
            .orElseThrow(() ->
                new SerdabException.Misconfigured(
                    new Problem(
                        "unknown-label",
                        "No study has the label " + label + ".",
                        "Labels are shown by: serdab studies")));
  }

  private Erased carryOut(
      Erasing erasing,
      Erasing.Plan plan,
      RepositoryDestination repository,
      Catalogue catalogue,
      Home home) {
    AtomicLong shared = new AtomicLong();
    PruneReport report =
        erasing.carryOut(
            plan,
            new Prune.Setting(
                repository,
                List.of(),
                catalogue,
                around.clock(),
                (name, content) -> PlanFiles.keepCertificate(home, name, content),
                Progress.SILENT,
                () -> false,
                author == null ? System.getProperty("user.name", "unknown") : author,
                Wiring.worker(),
                Wiring.WRITTEN_BY),
            reason.strip(),
            shared::set);
    return new Erased(report, shared.get());
  }

  private boolean isConfirmed(String label) {
    Terminal terminal = around.terminal();
    if (confirm != null) {
      if (!confirm.strip().equals(label)) {
        throw wrong("--confirm is " + confirm + "; the label of the study is " + label + ".");
      }
      return true;
    }
    if (planOnly || json || !terminal.interactive()) {
      return false;
    }
    return new Dialogue(terminal)
        .ask(terminal.messages().text("repository.erase-ask"), "-", _ -> Optional.empty())
        .equals(label);
  }

  private void print(Erasing.Plan plan, String label, RepositoryDestination repository) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    out.println(
        say.text(
            "repository.would-erase",
            label,
            plan.copies().size(),
            PrunePrinter.size(plan.storedBytes()),
            repository.describe()));
    if (plan.copies().isEmpty()) {
      out.println(say.text("repository.erase-begun"));
    }
    if (plan.sharing() > 0) {
      out.println(say.text("repository.erase-sharing", plan.sharing()));
    }
    plan.elsewhere()
        .forEach(copy ->
            out.println(
                say.text(
                    "repository.erase-elsewhere",
                    copy.destinationId(),
                    copy.proof().depth().name(),
                    copy.proof().at())));
    if (plan.whenPlaceLetsGo()) {
      out.println(say.text("repository.erase-locked"));
    }
    out.flush();
  }

  private void print(Erasing.Plan plan, Optional<Erased> erased) {
    var out = around.terminal().out();
    Messages say = around.terminal().messages();
    if (erased.isEmpty()) {
      out.println(say.text("repository.not-erased"));
    } else {
      out.println(
          say.text(
              plan.whenPlaceLetsGo() ? "repository.erased-later" : "repository.erased",
              erased.get().report().removed(),
              PrunePrinter.size(erased.get().sharedBytes())));
      erased
          .get()
          .report()
          .certificates()
          .forEach(paper ->
              out.println(say.text("repository.erase-certificate", paper.name(), paper.digest())));
      out.println(say.text("repository.next", "serdab repository prune " + place));
    }
    out.flush();
  }

  private void printJson(String id, Erasing.Plan plan, String label, Optional<Erased> erased) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-erase-v1");
          writer.writeStringProperty("id", id);
          writer.writeStringProperty("label", label);
          writer.writeNumberProperty("versions", plan.copies().size());
          writer.writeNumberProperty("stored_bytes", plan.storedBytes());
          writer.writeNumberProperty("sharing_studies", plan.sharing());
          writer.writeNumberProperty("copies_elsewhere", plan.elsewhere().size());
          writer.writeBooleanProperty("locked_by_place", plan.whenPlaceLetsGo());
          writer.writeBooleanProperty("done", erased.isPresent());
          writer.writeNumberProperty("written_bytes", erased.map(Erased::sharedBytes).orElse(0L));
          writer.writeArrayPropertyStart("certificates");
          erased.ifPresent(all ->
              all.report().certificates().forEach(paper -> writer.writeString(paper.name())));
          writer.writeEndArray();
        });
  }

  private static SerdabException.Misconfigured wrong(String what) {
    return new SerdabException.Misconfigured(
        new Problem(
            "wrong-option", what, "Nothing was erased. Run: serdab repository erase --help"));
  }
}
