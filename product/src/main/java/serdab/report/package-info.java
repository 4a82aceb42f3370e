/// What happened, for people and for machines.
///
/// Start at [RunReport]. Reports name studies by label; only files beside the data name more.
@NullMarked
package serdab.report;

import org.jspecify.annotations.NullMarked;
