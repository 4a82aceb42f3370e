package serdab.cli;

import java.io.IOException;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;

/// Asks a person at the terminal.
final class Dialogue {

  /// A line is a path at most.
  private static final int CHARACTERS_MAX = 8192;

  private static final int TRIES_MAX = 10;

  private final Terminal terminal;

  Dialogue(Terminal terminal) {
    this.terminal = terminal;
  }

  void say(String line) {
    terminal.err().println(line);
  }

  /// What looks at an answer: gives what is wrong with it, or nothing when it is good.
  interface Check {
    Optional<String> wrong(String answer);
  }

  /// Asks until the answer is good.
  ///
  /// @param otherwise what an empty answer means; empty when there must be one
  /// @throws SerdabException.Misconfigured when the input ends, or no answer was ever good
  String ask(String question, String otherwise, Check check) {
    for (int i = 0; i < TRIES_MAX; i++) {
      terminal.err().print(question + (otherwise.isEmpty() ? ": " : " [" + otherwise + "]: "));
      terminal.err().flush();
      String line = line().strip();
      String answer = line.isEmpty() ? otherwise : line;
      Optional<String> wrong =
          answer.isEmpty()
              ? Optional.of(terminal.messages().text("init.answer-needed"))
              : check.wrong(answer);
      if (wrong.isEmpty()) {
        return answer;
      }
      say("  " + wrong.get());
    }
    throw notAnswered();
  }

  /// Asks for yes or no.
  boolean confirm(String question, boolean otherwise) {
    Messages say = terminal.messages();
    String yes = say.text("init.yes");
    String no = say.text("init.no");
    // Whoever reads another language may still type English.
    String answer =
        ask(
            question + " " + say.text("init.yes-no"),
            otherwise ? yes : no,
            text ->
                isOneOf(text, yes, "yes") || isOneOf(text, no, "no")
                    ? Optional.empty()
                    : Optional.of(say.text("init.please-yes-no")));
    return isOneOf(answer, yes, "yes");
  }

  /// Whether an answer is one of these words, or the first letter of one.
  private static boolean isOneOf(String answer, String... words) {
    for (String word : words) {
      if (answer.equalsIgnoreCase(word) || answer.equalsIgnoreCase(word.substring(0, 1))) {
        return true;
      }
    }
    return false;
  }

  private String line() {
    StringBuilder line = new StringBuilder();
    try {
      for (int c = terminal.in().read(); c >= 0; c = terminal.in().read()) {
        if (c == '\n') {
          return line.toString();
        }
        if (line.length() < CHARACTERS_MAX) {
          line.append((char) c);
        }
      }
    } catch (IOException e) {
      throw notAnswered();
    }
    if (line.isEmpty()) {
      throw notAnswered();
    }
    return line.toString();
  }

  private static SerdabException.Misconfigured notAnswered() {
    return new SerdabException.Misconfigured(
        new Problem(
            "not-answered",
            "A question was not answered, and nothing was written.",
            "Run it again, or give the answers as options: serdab init --help"));
  }
}
