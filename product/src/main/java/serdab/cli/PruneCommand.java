package serdab.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Period;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.Configuration;
import serdab.plan.RetentionRules;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.retention.HoldPapers;
import serdab.retention.PlanFile;
import serdab.retention.Prune;
import serdab.retention.PruneReport;
import serdab.retention.RetentionPlan;
import serdab.retention.RulesText;
import serdab.retention.Verdict;

/// `serdab prune`: what a destination need not keep any more, and its end.
@Command(
    name = "prune",
    mixinStandardHelpOptions = true,
    header = "Plans which copies may go from a destination; removes them when a person confirms.",
    description = {
      "Without --execute nothing is removed: the plan is printed and written into a file. What is"
          + " removed is exactly what stands in that file and is still allowed when its turn comes."
          + " Every removal is written down in a certificate, beside the copies that remain and in"
          + " Serdab's own folder.",
      "",
      "Never removed are: the newest version, the last proven copy of a study, what is still in the"
          + " source, what a hold names, what was not proven, and a version that alone has some"
          + " image. A study that is over by --keep-studies-for, --keep-months and all legal times"
          + " may go when another destination is connected and holds a proven copy, or with"
          + " --last-copies."
    },
    footer = {
      "",
      "Examples:",
      "  serdab prune zip:/Volumes/Backup --plan --keep-versions 3 --keep-versions-for P1Y",
      "  serdab prune zip:/Volumes/Backup --plan --keep-studies-for P20Y --legal MG=P20Y@30",
      "  serdab prune zip:/Volumes/Backup --execute PLANFILE --confirm 17"
    })
final class PruneCommand implements Callable<Integer> {

  private final Surroundings around;

  @Parameters(paramLabel = "DEST", description = "The destination: zip:PATH or repo:PATH.")
  @SuppressWarnings("NullAway.Init") // required
  private String destination;

  @Option(
      names = "--plan",
      description = "Prints the plan, writes it into a file, removes nothing.")
  private boolean planOnly;

  @Option(names = "--execute", paramLabel = "PLANFILE", description = "Carries out this plan.")
  private @Nullable Path execute;

  @Option(
      names = "--confirm",
      paramLabel = "COUNT",
      description = "The number of copies to destroy, as the plan says; asked for on a terminal.")
  private @Nullable Long confirm;

  @Option(
      names = "--last-copies",
      paramLabel = "STUDIES",
      description =
          "Also removes the last copies of studies that are over; the number of these studies, as"
              + " the plan says.")
  private @Nullable Long lastCopies;

  @Option(
      names = "--keep-versions",
      paramLabel = "N",
      description = "Keeps at least the newest N versions of a study.")
  private @Nullable String versions;

  @Option(
      names = "--keep-versions-for",
      paramLabel = "PERIOD",
      description = "Keeps a version so long after the next one was made, such as P1Y or P90D.")
  private @Nullable String versionsFor;

  @Option(
      names = "--keep-studies-for",
      paramLabel = "PERIOD",
      description = "Keeps a study so long after its study date; without it, for ever.")
  private @Nullable String studiesFor;

  @Option(
      names = "--keep-months",
      paramLabel = "N",
      description =
          "Keeps all studies of at least the newest N months in which the destination has any.")
  private @Nullable String months;

  @Option(
      names = "--legal",
      paramLabel = "MODALITIES=PERIOD[@AGE]",
      description =
          "Keeps studies of these modalities (* for all) so long, and until the patient has this"
              + " age; may repeat, all that match count.")
  private List<String> legal = List.of();

  @Option(
      names = "--proof-days",
      paramLabel = "DAYS",
      description =
          "How old the proof of a copy on another destination may be, for a removal to lean on it"
              + " (default: 30). It is read again first, as are the copies that remain here.")
  private @Nullable Integer proofDays;

  @Option(
      names = "--author",
      paramLabel = "NAME",
      description = "Who confirms, for the certificate (default: the user of this computer).")
  private @Nullable String author;

  @Option(
      names = "--show-studies",
      description = "Shows Study Instance UIDs and locations, which may hold patient data.")
  private boolean showStudies;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli before anything is called
  private KeyOptions keys;

  @Option(names = "--json", description = "Prints the plan or the report as JSON.")
  private boolean json;

  PruneCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    if (planOnly && execute != null) {
      throw wrong("--plan and --execute exclude each other.");
    }
    if (Nodes.isNode(destination)) {
      throw Nodes.keepsEverything();
    }
    Home home = around.home().make();
    try (RunLock _ = RunLock.take(home.lock());
        Wiring wiring = new Wiring(around, keys);
        Catalogue catalogue = wiring.catalogue(home)) {
      if (execute != null) {
        return carryOut(PlanFiles.read(execute), home, wiring, catalogue);
      }
      PlanFile plan;
      Optional<Problem> frozen;
      try (Destination place = wiring.destinationToRead(destination, catalogue);
          Others others = Others.of(place, wiring, catalogue)) {
        new HoldPapers(catalogue).require(place);
        RetentionPlan made =
            RetentionPlan.of(
                rules(home),
                place,
                catalogue,
                around.clock(),
                catalogue.holds().standing(),
                proofsFor(),
                others.opened());
        plan = PlanFile.of(made);
        frozen = made.frozen();
        Path file = PlanFiles.write(home, plan);
        new PrunePrinter(around.terminal(), json, showStudies)
            .plan(made, plan, file, place, destination, isTrial(plan, home));
      }
      if (frozen.isPresent()) {
        return Main.ExitCodes.HELD_BACK;
      }
      boolean ask = !planOnly && !json && around.terminal().interactive() && !isTrial(plan, home);
      return ask && !plan.with(Verdict.GO).isEmpty()
          ? carryOut(plan, home, wiring, catalogue)
          : Main.ExitCodes.GOOD;
    }
  }

  /// The other destinations that are there now.
  private record Others(List<Destination> opened) implements AutoCloseable {

    static Others of(Destination here, Wiring wiring, Catalogue catalogue) {
      return new Others(wiring.otherDestinations(here.id(), catalogue));
    }

    @Override
    public void close() {
      opened.forEach(Destination::close);
    }
  }

  // ---- carrying out

  private int carryOut(PlanFile plan, Home home, Wiring wiring, Catalogue catalogue) {
    RetentionRules rules = rulesNow(plan, home);
    boolean last = confirmLast(plan);
    long copies = plan.with(Verdict.GO).size();
    if (last) {
      copies += plan.with(Verdict.GO_AS_LAST).size();
    }
    if (!confirmCopies(copies)) {
      around.terminal().err().println(around.terminal().messages().text("prune.nothing-removed"));
      return Main.ExitCodes.GOOD;
    }
    Terminal terminal = around.terminal();
    TerminalProgress bar = new TerminalProgress(terminal, System::nanoTime);
    Progress progress = json && !terminal.interactive() ? Progress.SILENT : bar;
    StopSignal stop = new StopSignal(around.clock());
    try (Destination place = wiring.destinationToPrune(destination, catalogue);
        Others others = Others.of(place, wiring, catalogue);
        StopOnSignal _ = StopOnSignal.of(stop)) {
      PruneReport report =
          new Prune(
                  new Prune.Setting(
                      place,
                      others.opened(),
                      catalogue,
                      around.clock(),
                      (name, content) -> PlanFiles.keepCertificate(home, name, content),
                      progress,
                      stop::isRequested,
                      author(),
                      Wiring.worker(),
                      Wiring.WRITTEN_BY))
              .execute(plan, rules, last);
      bar.end();
      RunReport.Outcome outcome = outcome(report);
      new PrunePrinter(terminal, json, showStudies).report(report, outcome, plan);
      return outcome.exitCode();
    }
  }

  private static RunReport.Outcome outcome(PruneReport report) {
    if (report.interrupted()) {
      return RunReport.Outcome.INTERRUPTED;
    }
    return report.kept().isEmpty() ? RunReport.Outcome.GOOD : RunReport.Outcome.INCOMPLETE;
  }

  private boolean confirmLast(PlanFile plan) {
    if (lastCopies == null) {
      return false;
    }
    long studies = PlanFile.studies(plan.with(Verdict.GO_AS_LAST));
    if (lastCopies != studies) {
      throw wrong(
          "--last-copies is "
              + lastCopies
              + "; the plan would end "
              + studies
              + " studies of which no other proven copy is known.");
    }
    return studies > 0;
  }

  private boolean confirmCopies(long copies) {
    if (confirm != null) {
      if (confirm != copies) {
        throw wrong("--confirm is " + confirm + "; the plan would destroy " + copies + " copies.");
      }
      return true;
    }
    if (copies == 0) {
      return true; // What an earlier run began is finished.
    }
    if (!around.terminal().interactive() || json) {
      throw wrong("--confirm is missing; the plan would destroy " + copies + " copies.");
    }
    PrintStream out = around.terminal().err();
    out.print(around.terminal().messages().text("prune.type-number", copies) + " ");
    out.flush();
    return answer().filter(Long.toString(copies)::equals).isPresent();
  }

  private static Optional<String> answer() {
    try {
      String line =
          new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
      return Optional.ofNullable(line).map(String::strip);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private String author() {
    return author == null ? System.getProperty("user.name", "unknown") : author;
  }

  // ---- rules

  private boolean hasOptions() {
    return versions != null
        || versionsFor != null
        || studiesFor != null
        || months != null
        || !legal.isEmpty();
  }

  /// What a new plan is made by: the options when there are any, else the configuration.
  private RetentionRules rules(Home home) {
    if (hasOptions()) {
      return new RetentionRules(
          versions == null
              ? OptionalInt.empty()
              : OptionalInt.of(parsed("--keep-versions", versions, RulesText::parseVersions)),
          period("--keep-versions-for", versionsFor),
          period("--keep-studies-for", studiesFor),
          months == null
              ? OptionalInt.empty()
              : OptionalInt.of(parsed("--keep-months", months, RulesText::parseMonths)),
          legal.stream().map(text -> parsed("--legal", text, RulesText::parseLegal)).toList());
    }
    return configured(home)
        .filter(rules -> !rules.equals(RetentionRules.ALL))
        .orElseThrow(() ->
            new SerdabException.Misconfigured(
                new Problem(
                    "no-retention-rules",
                    "There are no retention rules for " + destination + ", so everything is kept.",
                    "Write them into the configuration, or try some with --keep-versions,"
                        + " --keep-versions-for, --keep-studies-for, --keep-months and --legal.")));
  }

  /// What a plan is carried out by: the configuration where there is one, else the rules that the
  /// plan was made by and that the person confirmed with it.
  private RetentionRules rulesNow(PlanFile plan, Home home) {
    if (execute != null && hasOptions()) {
      throw wrong("Rules cannot be given with --execute; they stand in the plan.");
    }
    return configured(home)
        .orElseGet(() -> parsed("the plan", String.join(" ", plan.rules()), _ -> ofPlan(plan)));
  }

  private static RetentionRules ofPlan(PlanFile plan) {
    return RulesText.parse(plan.rules());
  }

  /// What the configuration says of this destination, where there is one; one that does not name it
  /// keeps everything there.
  private Optional<RetentionRules> configured(Home home) {
    return Files.isRegularFile(home.configuration())
        ? Optional.of(
            Configuration.read(home.configuration(), ZoneId.systemDefault())
                .retentionOf(Wiring.address(destination)))
        : Optional.empty();
  }

  /// A plan by rules that the configuration does not have is for looking at.
  private boolean isTrial(PlanFile plan, Home home) {
    return configured(home)
        .map(RulesText::lines)
        .filter(now -> !now.equals(plan.rules()))
        .isPresent();
  }

  private static Optional<Period> period(String option, @Nullable String text) {
    return text == null
        ? Optional.empty()
        : Optional.of(parsed(option, text, RulesText::parsePeriod));
  }

  private static <T> T parsed(String option, String text, Function<String, T> parser) {
    try {
      return parser.apply(text);
    } catch (IllegalArgumentException e) {
      throw wrong(option + " is wrong: " + e.getMessage() + ".");
    }
  }

  private Duration proofsFor() {
    if (proofDays == null) {
      return RetentionPlan.PROOFS_FOR;
    }
    if (proofDays < 0) {
      throw wrong("--proof-days is " + proofDays + "; it must not be negative.");
    }
    return Duration.ofDays(proofDays);
  }

  private static SerdabException.Misconfigured wrong(String what) {
    return new SerdabException.Misconfigured(
        new Problem("wrong-option", what, "Nothing was removed. Run: serdab prune --help"));
  }
}
