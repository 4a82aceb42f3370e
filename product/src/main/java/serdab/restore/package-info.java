/// Proves that copies are good and brings them back.
///
/// Start at [Verification] and [Restore]; [Rebuild] makes a lost catalogue again. Nothing here
/// needs the catalogue to restore: a destination alone is enough.
@NullMarked
package serdab.restore;

import org.jspecify.annotations.NullMarked;
