package serdab.cli;

import java.io.Console;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;

/// Where a passphrase comes from: a file, the environment, or a person at the terminal.
final class Passphrase {

  /// The variable in the environment that may hold it.
  static final String VARIABLE = "SERDAB_PASSPHRASE";

  private static final int CHARACTERS_MAX = 4096;
  private static final int TRIES_MAX = 5;

  private final Surroundings around;
  private final @Nullable String file;

  /// @param file the file that a person named
  Passphrase(Surroundings around, @Nullable String file) {
    this.around = around;
    this.file = file;
  }

  /// The one that is there without asking anybody.
  ///
  /// @throws SerdabException.Misconfigured `passphrase-not-usable` when it is empty or unreadable
  Optional<char[]> given() {
    if (file != null) {
      return Optional.of(usable(firstLine(file), "in " + file));
    }
    String variable = around.environment().getOrDefault(VARIABLE, "");
    return variable.isEmpty() ? Optional.empty() : Optional.of(usable(variable, "in " + VARIABLE));
  }

  /// The one that is there, or what a person types; empty when nobody sits there.
  Optional<char[]> givenOrTyped() {
    Optional<char[]> given = given();
    return given.isPresent() || !around.terminal().interactive()
        ? given
        : Optional.of(typed("keys.passphrase"));
  }

  /// A new one: given, or typed twice.
  ///
  /// @throws SerdabException.Misconfigured `passphrase-needed` when nobody gives one
  char[] made() {
    Optional<char[]> given = given();
    if (given.isPresent()) {
      return given.get();
    }
    if (!around.terminal().interactive()) {
      throw needed();
    }
    for (int i = 0; i < TRIES_MAX; i++) {
      char[] first = typed("keys.passphrase-new");
      char[] second = typed("keys.passphrase-again");
      boolean same = Arrays.equals(first, second);
      Arrays.fill(second, ' ');
      if (same) {
        return first;
      }
      Arrays.fill(first, ' ');
      Terminal terminal = around.terminal();
      terminal.err().println(terminal.messages().text("keys.passphrase-differs"));
    }
    throw needed();
  }

  static SerdabException.Misconfigured needed() {
    return new SerdabException.Misconfigured(
        new Problem(
            "passphrase-needed",
            "A passphrase is needed, and nobody gave one.",
            "Set " + VARIABLE + ", name a file with --passphrase-file, or run it on a terminal."));
  }

  private char[] typed(String question) {
    Terminal terminal = around.terminal();
    String prompt = terminal.messages().text(question) + ": ";
    Optional<Console> console = Optional.ofNullable(System.console()).filter(Console::isTerminal);
    char @Nullable [] line;
    if (console.isPresent()) {
      line = console.get().readPassword("%s", prompt);
    } else {
      terminal.err().print(prompt);
      terminal.err().flush();
      try {
        @Nullable String read = terminal.in().readLine();
        line = read == null ? null : read.toCharArray();
      } catch (IOException e) {
        line = null;
      }
    }
    if (line == null) {
      throw needed();
    }
    return usable(new String(line), "that was typed");
  }

  private static String firstLine(String named) {
    try {
      Path path = Path.of(named);
      if (Files.size(path) > 4L * CHARACTERS_MAX) {
        throw notUsable("The file " + named + " is too long for a passphrase.");
      }
      String text = Files.readString(path, StandardCharsets.UTF_8);
      return text.lines().findFirst().orElse("");
    } catch (CharacterCodingException e) {
      throw notUsable("The file " + named + " is no text in UTF-8.");
    } catch (IOException | InvalidPathException e) {
      throw notUsable("The file " + named + " cannot be read.");
    }
  }

  private static char[] usable(String text, String where) {
    if (text.isBlank() || text.length() > CHARACTERS_MAX) {
      throw notUsable("The passphrase " + where + " is empty, or too long.");
    }
    return text.toCharArray();
  }

  private static SerdabException.Misconfigured notUsable(String what) {
    return new SerdabException.Misconfigured(
        new Problem(
            "passphrase-not-usable",
            what,
            "The passphrase is the first line of the file, or the whole variable."));
  }
}
