package serdab.cli;

import java.io.BufferedReader;
import java.io.PrintStream;
import java.io.Reader;
import serdab.Problem;

/// Where a command writes: results to `out`, everything about the work to `err`; and where it hears
/// a person from.
///
/// @param interactive whether `err` is a terminal whose lines can be rewritten, with a person at it
/// @param in what the person types
/// @param messages the sentences for this person
record Terminal(
    PrintStream out, PrintStream err, boolean interactive, BufferedReader in, Messages messages) {

  /// A terminal of somebody who reads English.
  Terminal(PrintStream out, PrintStream err, boolean interactive, BufferedReader in) {
    this(out, err, interactive, in, Messages.ENGLISH);
  }

  /// A terminal at which nobody types.
  Terminal(PrintStream out, PrintStream err, boolean interactive) {
    this(out, err, interactive, new BufferedReader(Reader.nullReader()));
  }

  /// Writes a warning to `err`.
  void warn(Problem warning) {
    err.println(messages.warning(warning));
  }

  /// The same in another language.
  Terminal speaking(Messages language) {
    return new Terminal(out, err, interactive, in, language);
  }
}
