/// Where studies come from: a viewer's library or a folder.
///
/// Start at [Source]. A source is never written to, renamed in or locked. This package knows
/// nothing of destinations or of what was copied before.
@NullMarked
package serdab.source;

import org.jspecify.annotations.NullMarked;
