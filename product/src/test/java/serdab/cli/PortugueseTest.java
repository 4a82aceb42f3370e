package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import serdab.retention.Reason;
import serdab.testing.world.TinyDicom;

/// Somebody who reads Brazilian Portuguese meets no English: not in a command's help, and not in
/// what commands print.
class PortugueseTest {

  private static final Messages PORTUGUESE = Messages.in("pt_BR");

  /// Words that Portuguese does not have and hardly an English sentence is without.
  private static final Pattern ENGLISH =
      Pattern.compile(
          "(?i)(?<![-{./=])\\b(the|and|of|is|are|was|were|has|have|not|with|without|from|this|that|these|run"
              + "|copies|copy|studies|study|files|file|nothing|example|examples|usage|warning"
              + "|prints|shows|only|default|where|when)\\b(?![-}/_:]|\\.\\w)");

  @TempDir private Path folder;

  // ---- help

  @Test
  void everyTextOfHelpIsInBothLanguagesAndThereIsNoOther() {
    SortedMap<String, String> english = new TreeMap<>();
    specs().forEach((_, spec) -> english.putAll(texts(spec)));
    english.put("mixinStandardHelpOptions.help", "");
    english.put("mixinStandardHelpOptions.version", "");
    english.put("usage.synopsisHeading", "");
    english.put("usage.commandListHeading", "");
    english.put("usage.synopsisSubcommandLabel", "");
    Properties portuguese = PORTUGUESE.helpTexts();

    assertThat(portuguese.stringPropertyNames())
        .containsExactlyInAnyOrderElementsOf(english.keySet());
    english.forEach((key, text) ->
        assertThat(portuguese.getProperty(key)).as(key).isNotBlank().isNotEqualTo(text));
  }

  @Test
  void helpOfEveryCommandIsInPortuguese() {
    for (Map.Entry<String, CommandSpec> command : specs().entrySet()) {
      List<String> words = new ArrayList<>(List.of(command.getKey().split(" ")));
      words.removeFirst();
      words.add("--help");

      CommandLineRun.Result help = portuguese(words.toArray(String[]::new));

      assertThat(help.exitCode()).isZero();
      assertThat(help.out()).as(command.getKey()).contains("Uso: " + command.getKey());
      assertThat(withoutCommands(help.out())).as(command.getKey()).doesNotContainPattern(ENGLISH);
    }
  }

  @Test
  void theTestOfHelpWouldSeeEnglish() {
    for (String command : specs().keySet()) {
      List<String> words = new ArrayList<>(List.of(command.split(" ")));
      words.removeFirst();
      words.add("--help");

      String english = serdab(Messages.ENGLISH, words.toArray(String[]::new)).out();

      assertThat(withoutCommands(english)).as(command).containsPattern(ENGLISH);
    }
  }

  @Test
  void aWrongCommandLineIsToldInPortuguese() {
    CommandLineRun.Result wrong = portuguese("recover");

    assertThat(wrong.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(wrong.err())
        .startsWith("serdab: A linha de comando não foi entendida. [")
        .endsWith("Execute: serdab recover --help\n");
  }

  // ---- what commands print

  @Test
  void whatCommandsPrintIsInPortuguese() throws IOException {
    put("1.2.3", 1);
    put("1.2.4", 1);
    String copies = "zip:" + folder.resolve("zips");
    String source = folder.resolve("source").toString();

    spoken("studies");
    spoken("status", "--safe-to-delete", "--date", "2000-01-01..2030-12-31");
    spoken("backup", "--from", source, "--to", copies, "--dry-run");
    spoken("backup", "--from", source, "--to", copies);
    put("1.2.3", 2);
    spoken("backup", "--from", source, "--to", copies, "--batch", "1");
    spoken("studies");
    spoken("studies", "--patient", "NOBODY");
    spoken("status", "--safe-to-delete", "--date", "2000-01-01..2030-12-31");
    spoken("hold", "add", "--study", "1.2.3", "--reason", "processo", "--author", "Dr. Silva");
    spoken("hold", "add", "--study", "9.9", "--patient-id", "X", "--reason", "y");
    spoken("hold", "list");
    spoken("hold", "release", "1", "--reason", "fim", "--author", "Dr. Silva");
    spoken("hold", "list", "--all");
    spoken("prune", copies, "--plan", "--keep-versions", "1");
    spoken("prune", copies, "--execute", newestPlan().toString(), "--confirm", "1");
    spoken("service", "status");
    spoken("service", "uninstall");
    CommandLineRun.Result recovered =
        new CommandLineRun(folder.resolve("another"))
            .speaking(PORTUGUESE)
            .run("recover", "--from", copies);
    assertThat(plain(recovered)).doesNotContainPattern(ENGLISH).contains("O catálogo de");
  }

  @Test
  void jsonIsTheSameInEveryLanguage() throws IOException {
    put("1.2.3", 1);
    String copies = "zip:" + folder.resolve("zips");
    portuguese("backup", "--from", folder.resolve("source").toString(), "--to", copies);
    put("1.2.3", 2);
    portuguese("backup", "--from", folder.resolve("source").toString(), "--to", copies);
    List<String[]> commands =
        List.of(
            new String[] {"studies", "--json"},
            new String[] {"hold", "list", "--json"},
            new String[] {"service", "status", "--json"},
            new String[] {
              "status", "--safe-to-delete", "--date", "2000-01-01..2030-12-31", "--json"
            });

    for (String[] command : commands) {
      assertThat(portuguese(command).out())
          .as(String.join(" ", command))
          .isEqualTo(serdab(Messages.ENGLISH, command).out());
    }
    String[] prune = {"prune", copies, "--plan", "--keep-versions", "1", "--json"};
    assertThat(portuguese(prune).out()).contains("\"the newest version\"");
  }

  @Test
  void everyReasonOfRetentionHasItsWordsAsTheCodeHasThem() throws Exception {
    List<Reason> reasons = new ArrayList<>();
    for (var field : Reason.class.getDeclaredFields()) {
      if (field.getType().equals(Reason.class)) {
        field.setAccessible(true);
        reasons.add((Reason) field.get(null));
      }
    }

    assertThat(reasons).hasSizeGreaterThan(10);
    for (Reason reason : reasons) {
      assertThat(Messages.ENGLISH.text("prune.reason." + reason.code())).isEqualTo(reason.text());
    }
  }

  @Test
  void everyWordThatIsLookedUpByACodeIsThere() {
    for (var why : serdab.backup.SafeToDelete.Why.values()) {
      assertThat(Messages.ENGLISH.text("safe.why." + why.code())).isEqualTo(why.words());
    }
    for (var reason : serdab.backup.WorkItem.Reason.values()) {
      assertThat(Messages.ENGLISH.text("plan.reason." + reason.text().replace(' ', '-')))
          .isEqualTo(reason.text());
    }
    for (var kind : serdab.backup.ImportReport.Kind.values()) {
      assertThat(Messages.ENGLISH.known("import.means." + kind.text())).as(kind.text()).isPresent();
    }
  }

  // ---- helpers

  private CommandLineRun.Result serdab(Messages language, String... args) {
    return new CommandLineRun(folder.resolve("home")).speaking(language).run(args);
  }

  private CommandLineRun.Result portuguese(String... args) {
    return serdab(PORTUGUESE, args);
  }

  private void spoken(String... args) {
    CommandLineRun.Result result = portuguese(args);

    assertThat(result.exitCode())
        .as(String.join(" ", args) + result.err())
        .isIn(Main.ExitCodes.GOOD, Main.ExitCodes.INCOMPLETE);
    assertThat(plain(result))
        .as(String.join(" ", args))
        .isNotBlank()
        .doesNotContainPattern(ENGLISH);
  }

  /// What was printed, without what is quoted from elsewhere: commands, paths, problems and
  /// warnings in English as they stand in logs.
  private String plain(CommandLineRun.Result result) {
    return withoutCommands(
        (result.out() + result.err())
            .replace(folder.toString(), "")
            .replaceAll("\\[[a-z-]+: .*]", "")
            .replaceAll("Aviso: .*", ""));
  }

  private static String withoutCommands(String text) {
    return text.lines()
        .map(line ->
            line.replaceAll("(sudo )?serdab [a-z]+.*", "")
                .replaceAll("--[a-z-]+", "")
                // DICOM's words are DICOM's.
                .replace("Study Instance UID", "")
                // The names of commands, in the list of them.
                .replaceAll("^ {2}[a-z-]+ {2,}", ""))
        .filter(line -> !line.isBlank())
        // Labels such as RUN, and a name that wrapped away from its "serdab".
        .map(
            line -> line.replaceAll("\\b[A-Z]{3,}\\b", "").replaceAll("^ +(status|studies)\\b", ""))
        .collect(Collectors.joining("\n"));
  }

  private void put(String study, int number) throws IOException {
    Path file = folder.resolve("source").resolve(study + "-" + number + ".dcm");
    Files.createDirectories(file.getParent());
    Files.write(
        file,
        TinyDicom.image().study(study).series(study + ".1").sop(study + "." + number).bytes());
  }

  private Path newestPlan() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("home/plans"))) {
      return files.sorted().reduce((_, last) -> last).orElseThrow();
    }
  }

  /// Every command by what is typed for it.
  private Map<String, CommandSpec> specs() {
    Map<String, CommandSpec> specs = new LinkedHashMap<>();
    Terminal silent = new Terminal(System.out, System.err, false);
    Surroundings around = new Surroundings(silent, Map.of(), InstantSource.system());
    add(Main.commandLine(around), specs);
    return specs;
  }

  private static void add(CommandLine line, Map<String, CommandSpec> specs) {
    specs.put(line.getCommandSpec().qualifiedName(), line.getCommandSpec());
    line.getSubcommands().values().forEach(below -> add(below, specs));
  }

  private static Map<String, String> texts(CommandSpec spec) {
    String name = spec.qualifiedName(".");
    Map<String, String> texts = new TreeMap<>();
    put(texts, name + ".usage.header", spec.usageMessage().header());
    put(texts, name + ".usage.description", spec.usageMessage().description());
    put(texts, name + ".usage.footer", spec.usageMessage().footer());
    for (OptionSpec option : spec.options()) {
      if (!option.usageHelp() && !option.versionHelp()) {
        put(texts, name + "." + option.longestName().substring(2), option.description());
      }
    }
    for (PositionalParamSpec parameter : spec.positionalParameters()) {
      String label = parameter.paramLabel() + "[" + parameter.index() + "]";
      put(texts, name + "." + label, parameter.description());
    }
    return texts;
  }

  private static void put(Map<String, String> texts, String key, String[] lines) {
    if (lines.length > 0) {
      texts.put(key, String.join("\n", lines));
    }
  }
}
