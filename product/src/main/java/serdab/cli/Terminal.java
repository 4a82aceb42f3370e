package serdab.cli;

import java.io.BufferedReader;
import java.io.PrintStream;
import java.io.Reader;

/// Where a command writes: results to `out`, everything about the work to `err`; and where it hears
/// a person from.
///
/// @param interactive whether `err` is a terminal whose lines can be rewritten, with a person at it
/// @param in what the person types
record Terminal(PrintStream out, PrintStream err, boolean interactive, BufferedReader in) {

  /// A terminal at which nobody types.
  Terminal(PrintStream out, PrintStream err, boolean interactive) {
    this(out, err, interactive, new BufferedReader(Reader.nullReader()));
  }
}
