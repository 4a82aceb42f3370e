/// Copies what is new from a source to its destinations: plan, copy, read back, record.
///
/// Start at [Backup]: [Backup#plan] only reads, [Backup#execute] acts. State is recorded after the
/// proof, never before. Nothing here deletes, and nothing here knows how a form stores its copies.
@NullMarked
package serdab.backup;

import org.jspecify.annotations.NullMarked;
