package serdab.cli;

import java.io.PrintStream;

/// Where a command writes: results to `out`, everything about the work to `err`.
///
/// @param interactive whether `err` is a terminal whose lines can be rewritten
record Terminal(PrintStream out, PrintStream err, boolean interactive) {}
