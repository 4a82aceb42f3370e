package serdab.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import serdab.PatientData;
import serdab.PatientData.Purpose;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.report.AccessionList;
import serdab.report.Reconciliation;
import serdab.report.Reconciliation.Difference;

/// `serdab reconcile`: a RIS's list against images and copies.
@Command(
    name = "reconcile",
    mixinStandardHelpOptions = true,
    header = "Compares accession numbers from a RIS with images and copies, both ways.",
    description = {
      "",
      "LIST.csv has one line for each exam; quotes, semicolons and any usual encoding will do. Told",
      "is what the list has and no images are known of, what has images and no proven copy, and",
      "what has a copy and is not in the list. What is known is what runs have listed so far.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  serdab reconcile exams-2024.csv --date 2024-01-01..2024-12-31",
      "  serdab reconcile exams.csv --column \"Acc. No\" --json",
      "  serdab reconcile exams.csv --column 3",
      "",
      "Exit code 0: all of the list has images and proven copies. 3: some of it has not."
    })
final class ReconcileCommand implements Callable<Integer> {

  private static final int SHOWN_MAX = 100;

  private final Surroundings around;

  @Parameters(paramLabel = "LIST.csv", description = "The list that the RIS wrote.")
  @SuppressWarnings("NullAway.Init") // required
  private String list;

  @Option(
      names = "--column",
      paramLabel = "NAME",
      description =
          "The column with the accession numbers: its name in the first line, or its place from 1."
              + " Default: the one that is called so.")
  private @Nullable String column;

  @Option(
      names = "--date",
      paramLabel = "A..B",
      description =
          "The study dates that the list covers, both included; studies of other dates are not"
              + " missed in it. Default: all.")
  private @Nullable String date;

  @Option(names = "--json", description = "Prints one JSON document.")
  private boolean json;

  ReconcileCommand(Surroundings around) {
    this.around = around;
  }

  @Override
  public Integer call() {
    Optional<DateRange> range =
        Optional.ofNullable(date).map(text -> DateRange.parse("--date", text));
    Home home = around.home();
    if (!home.exists()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "no-studies-known",
              "No study is known yet, so there is nothing to compare with.",
              "Run a backup first: serdab backup --help"));
    }
    try (InputStream in = Files.newInputStream(Path.of(list));
        Wiring wiring = new Wiring(around);
        Catalogue catalogue = wiring.catalogue(home)) {
      AccessionList numbers = AccessionList.of(in, Optional.ofNullable(column));
      return compare(numbers, range, catalogue);
    } catch (IOException | InvalidPathException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "list-unreadable",
              "The list " + list + " cannot be read: " + why(e) + ".",
              "Check its name and that you may read it."),
          e);
    }
  }

  private static String why(Exception e) {
    return switch (e) {
      case NoSuchFileException _ -> "there is no such file";
      case AccessDeniedException _ -> "this program may not read it";
      case InvalidPathException _ -> "no file can have this name";
      case FileSystemException other when other.getReason() != null ->
          String.valueOf(other.getReason());
      default -> "it is a folder, or its disk reports an error";
    };
  }

  private int compare(AccessionList numbers, Optional<DateRange> range, Catalogue catalogue)
      throws IOException {
    if (!json) {
      Printed printed = new Printed();
      Reconciliation.Totals totals = reconciled(numbers, range, catalogue, printed);
      printed.end(totals);
      return code(totals);
    }
    Reconciliation.Totals[] totals = new Reconciliation.Totals[1];
    IOException[] failure = new IOException[1];
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-reconcile-v1");
          writer.writeArrayPropertyStart("differences");
          try {
            totals[0] =
                reconciled(
                    numbers,
                    range,
                    catalogue,
                    difference -> {
                      writer.writeStartObject();
                      writer.writeStringProperty("kind", kind(difference));
                      writer.writeNumberProperty("line", line(difference));
                      writer.writeStringProperty("accession_number", reveal(number(difference)));
                      boolean study = difference instanceof Difference.NotInList;
                      writer.writeStringProperty(
                          "label",
                          study ? ((Difference.NotInList) difference).study().value() : "");
                      writer.writeStringProperty("study_date", date(difference));
                      writer.writeEndObject();
                    });
          } catch (IOException e) {
            failure[0] = e;
            return;
          }
          writer.writeEndArray();
          writer.writeNumberProperty("numbers", totals[0].numbers());
          writer.writeNumberProperty("repeated", totals[0].repeated());
          writer.writeNumberProperty("without_number", totals[0].withoutNumber());
          writer.writeNumberProperty("studies", totals[0].studies());
          writer.writeNumberProperty("proven", totals[0].proven());
          writer.writeNumberProperty("no_images", totals[0].noImages());
          writer.writeNumberProperty("not_proven", totals[0].notProven());
          writer.writeNumberProperty("not_in_list", totals[0].notInList());
          writer.writeNumberProperty("studies_without_number", totals[0].noNumber());
          writer.writeNumberProperty("exit_code", code(totals[0]));
        });
    if (failure[0] != null) {
      throw failure[0];
    }
    return code(totals[0]);
  }

  private static Reconciliation.Totals reconciled(
      AccessionList numbers,
      Optional<DateRange> range,
      Catalogue catalogue,
      Consumer<Difference> told)
      throws IOException {
    return new Reconciliation(
            catalogue, day -> range.filter(dates -> !dates.contains(day)).isEmpty(), told)
        .with(numbers);
  }

  private static int code(Reconciliation.Totals totals) {
    return totals.isComplete() ? Main.ExitCodes.GOOD : Main.ExitCodes.INCOMPLETE;
  }

  private static String kind(Difference difference) {
    return switch (difference) {
      case Difference.NoImages _ -> "no-images";
      case Difference.NotProven _ -> "not-proven";
      case Difference.NotInList _ -> "not-in-list";
    };
  }

  private static long line(Difference difference) {
    return switch (difference) {
      case Difference.NoImages missing -> missing.line();
      case Difference.NotProven images -> images.line();
      case Difference.NotInList _ -> 0;
    };
  }

  private static PatientData<String> number(Difference difference) {
    return switch (difference) {
      case Difference.NoImages missing -> missing.number();
      case Difference.NotProven images -> images.number();
      case Difference.NotInList study -> study.number();
    };
  }

  private static String date(Difference difference) {
    return difference instanceof Difference.NotInList study
        ? study.date().map(LocalDate::toString).orElse("")
        : "";
  }

  private static String reveal(PatientData<String> number) {
    return number.reveal(Purpose.SHOW_TO_OWNER);
  }

  /// For people: the first so many of each kind as they are found, then the sums.
  private final class Printed implements Consumer<Difference> {

    private final Messages say = around.terminal().messages();
    private final Map<String, Long> counts = new HashMap<>();

    @Override
    public void accept(Difference difference) {
      long count = counts.merge(kind(difference), 1L, Long::sum);
      if (count > SHOWN_MAX) {
        return;
      }
      around
          .terminal()
          .out()
          .println(
              switch (difference) {
                case Difference.NoImages missing ->
                    say.text("reconcile.no-images", shown(missing.number()), missing.line());
                case Difference.NotProven images ->
                    say.text("reconcile.not-proven", shown(images.number()), images.line());
                case Difference.NotInList study ->
                    reveal(study.number()).isEmpty()
                        ? say.text("reconcile.no-number", study.study(), date(study))
                        : say.text(
                            "reconcile.not-in-list",
                            study.study(),
                            date(study),
                            shown(study.number()));
              });
    }

    /// A list can hold anything, and this goes to a terminal.
    private static String shown(PatientData<String> number) {
      return reveal(number).replaceAll("\\p{Cntrl}", "?");
    }

    void end(Reconciliation.Totals totals) {
      var out = around.terminal().out();
      long more = counts.values().stream().mapToLong(count -> Math.max(0, count - SHOWN_MAX)).sum();
      if (more > 0) {
        out.println(say.text("reconcile.more", more));
      }
      out.println(
          say.text(
              "reconcile.totals",
              totals.numbers(),
              totals.proven(),
              totals.noImages(),
              totals.notProven()));
      out.println(
          say.text(
              "reconcile.totals-back", totals.studies(), totals.notInList(), totals.noNumber()));
      if (totals.withoutNumber() > 0) {
        out.println(say.text("reconcile.lines-without", totals.withoutNumber()));
      }
      out.flush();
    }
  }
}
