/// Commands, the terminal, exit codes, and the one place where objects are wired together.
///
/// Start at [Main]. Only this package prints, reads the wall clock and makes randomness.
@NullMarked
package serdab.cli;

import org.jspecify.annotations.NullMarked;
