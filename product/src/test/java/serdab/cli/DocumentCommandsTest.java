package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import serdab.testing.Headings;
import serdab.testing.SharedData;

/// Every command that a document quotes is one that Serdab takes, in both languages; and what the
/// two languages have together corresponds.
class DocumentCommandsTest {

  private static final Pattern CODE = Pattern.compile("`([^`]+)`");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#\\s]*)(?:#([^)]*))?\\)");

  /// A value that the text writes as a word, where the option wants more than any text.
  private static final Map<String, String> STAND_INS = Map.of("N", "1", "COUNT", "1");

  static Stream<String> documents() {
    return Stream.of(
        "README.md",
        "docs/operations.md",
        "docs/troubleshooting.md",
        "docs/queries.md",
        "docs/restore.md",
        "docs/retention.md",
        "docs/configuration.md",
        "docs/status.md",
        "docs/from-horos-script.md",
        "docs/pt-BR/README.md",
        "docs/pt-BR/operacao.md",
        "docs/pt-BR/solucao-de-problemas.md");
  }

  @ParameterizedTest
  @MethodSource("documents")
  void everyCommandInADocumentIsOneThatSerdabTakes(String document) throws Exception {
    List<String> commands = commands(document);

    for (String command : commands) {
      assertThat(complaint(command)).as("%s: %s", document, command).isEmpty();
    }
    assertThat(commands).as(document).isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("documents")
  void everyFileAndHeadingThatADocumentLinksToIsThere(String document) throws Exception {
    Path file = SharedData.checkout().resolve(document);
    Matcher link = LINK.matcher(Files.readString(file));
    while (link.find()) {
      if (link.group(1).matches("https?:.*")) {
        continue;
      }
      Path target = link.group(1).isEmpty() ? file : file.resolveSibling(link.group(1)).normalize();
      assertThat(target).as(document).exists();
      if (link.group(2) != null) {
        assertThat(Headings.anchors(target)).as(document).contains(link.group(2));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "README.md,docs/pt-BR/README.md",
    "docs/operations.md,docs/pt-BR/operacao.md",
    "docs/troubleshooting.md,docs/pt-BR/solucao-de-problemas.md"
  })
  void bothLanguagesHaveTheSameHeadingsAndTheSameCommands(String english, String portuguese)
      throws Exception {
    assertThat(levels(portuguese)).containsExactlyElementsOf(levels(english));
    assertThat(options(portuguese)).containsExactlyElementsOf(options(english));
  }

  @ParameterizedTest
  @CsvSource({
    "serdab backup --no-such-option",
    "serdab verify --share 1/30",
    "serdab archive zip:/a",
    "serdab restore --from zip:/a --to /b"
  })
  void aCommandThatSerdabDoesNotTakeIsNoticed(String command) {
    assertThat(complaint(command)).isPresent();
  }

  @Test
  void commandsAreFoundInTextBlocksAndTables() {
    assertThat(
            found(
                """
                Say `serdab status` or `SERDAB_LANG=pt_BR ./serdab studies --json`.

                ```sh
                serdab restore --from zip:/a \\
                  --to "horos:$HOME/Horos Data" --all   # brings all back
                unzip x.zip && sudo serdab service install --system
                ```

                | `serdab hold list` | text |
                A command split at a line's end: `serdab restore --from zip:/a --all --to
                /b`.
                """))
        .containsExactly(
            "serdab status",
            "serdab studies --json",
            "serdab restore --from zip:/a --to \"horos:$HOME/Horos Data\" --all",
            "serdab service install --system",
            "serdab hold list",
            "serdab restore --from zip:/a --all --to /b");
  }

  // ---- reading documents

  private static List<String> commands(String document) throws Exception {
    return found(Files.readString(SharedData.checkout().resolve(document)));
  }

  private static List<String> found(String text) {
    List<String> commands = new ArrayList<>();
    StringBuilder prose = new StringBuilder();
    boolean block = false;
    String before = "";
    for (String line : text.lines().toList()) {
      if (line.strip().startsWith("```")) {
        if (!block) {
          inline(prose, commands);
        }
        block = !block;
        continue;
      }
      if (!block) {
        prose.append(line.strip()).append(' ');
        continue;
      }
      if (line.endsWith("\\")) {
        before += line.substring(0, line.length() - 1).strip() + " ";
        continue;
      }
      for (String part : (before + line.strip()).split("&&", -1)) {
        command(part).ifPresent(commands::add);
      }
      before = "";
    }
    inline(prose, commands);
    return commands;
  }

  private static void inline(StringBuilder prose, List<String> commands) {
    CODE.matcher(prose)
        .results()
        .forEach(found -> command(found.group(1)).ifPresent(commands::add));
    prose.setLength(0);
  }

  /// A command of Serdab's, without what stands around it in a shell: comments, variables, `sudo`,
  /// and an explanation in a column of its own.
  private static Optional<String> command(String text) {
    String line =
        text.replaceAll("\\s#.*$", "")
            .strip()
            .replaceAll("\\s{3,}.*$", "")
            .replaceAll("^((?:[A-Z_]+=\\S+|sudo)\\s+)*", "")
            .replaceFirst("^\\./serdab", "serdab");
    return line.startsWith("serdab ") && !line.startsWith("serdab --") && !line.contains("…")
        ? Optional.of(line)
        : Optional.empty();
  }

  private static List<Integer> levels(String document) throws Exception {
    List<Integer> levels = new ArrayList<>();
    boolean block = false;
    for (String line : Files.readAllLines(SharedData.checkout().resolve(document))) {
      block ^= line.strip().startsWith("```");
      if (!block && line.startsWith("#")) {
        levels.add(line.indexOf(' '));
      }
    }
    return levels;
  }

  /// The commands without the values, which may be in the reader's language, in no order.
  private static List<String> options(String document) throws Exception {
    return commands(document).stream()
        .filter(command -> !command.startsWith("serdab status"))
        .map(command ->
            String.join(
                " ",
                words(command).stream()
                    .filter(word -> word.startsWith("--") || word.matches("[a-z]+"))
                    .toList()))
        .sorted()
        .toList();
  }

  // ---- taking commands

  /// What is wrong with a command; empty when Serdab takes it.
  private static Optional<String> complaint(String command) {
    List<String> words = words(command);
    CommandLine line =
        Main.commandLine(
            new Surroundings(
                new Terminal(
                    new PrintStream(OutputStream.nullOutputStream()),
                    new PrintStream(OutputStream.nullOutputStream()),
                    false),
                Map.of(),
                InstantSource.system()));
    List<String> arguments = words.subList(1, words.size());
    // "serdab prune" alone names the command; it is not meant to be typed.
    CommandLine named = line;
    boolean onlyNames = true;
    for (String word : arguments) {
      CommandLine below = named.getSubcommands().get(word);
      if (below == null) {
        onlyNames = false;
        break;
      }
      named = below;
    }
    if (onlyNames) {
      return Optional.empty();
    }
    try {
      line.parseArgs(arguments.toArray(String[]::new));
      return Optional.empty();
    } catch (CommandLine.MissingParameterException e) {
      // A mention such as "serdab verify --repair" names an option; typed it needs a destination.
      return isMention(arguments) ? Optional.empty() : Optional.of(String.valueOf(e.getMessage()));
    } catch (CommandLine.ParameterException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  /// A command's name and options without a single value.
  private static boolean isMention(List<String> arguments) {
    return arguments.size() <= 2 && arguments.getLast().startsWith("--");
  }

  /// As a shell splits it, with variables left as they are.
  private static List<String> words(String command) {
    List<String> words = new ArrayList<>();
    Matcher word = Pattern.compile("((?:[^\\s\"']|\"[^\"]*\"|'[^']*')+)").matcher(command);
    while (word.find()) {
      String plain = word.group(1).replaceAll("[\"']", "");
      words.add(STAND_INS.getOrDefault(plain, plain));
    }
    return words;
  }
}
