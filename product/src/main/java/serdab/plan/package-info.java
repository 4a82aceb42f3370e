/// What the user asked for, as values.
///
/// Start at [BackupPlan]. A plan is made once, printed, hashed and then only read. This package
/// does nothing and knows nothing of sources' and destinations' workings.
@NullMarked
package serdab.plan;

import org.jspecify.annotations.NullMarked;
