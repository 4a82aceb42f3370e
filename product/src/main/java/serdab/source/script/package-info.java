/// What the Horos backup script left behind of its own: which studies it exported, and when.
///
/// Start at [ExportState]. Nothing of the script's is ever written to. This package knows nothing
/// of the script's ZIPs; they are read by `ziptree`.
@NullMarked
package serdab.source.script;

import org.jspecify.annotations.NullMarked;
