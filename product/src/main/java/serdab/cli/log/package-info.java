/// What the program writes down of its own doings, as JSON lines without patient data.
///
/// Start at [JsonLog].
@NullMarked
package serdab.cli.log;

import org.jspecify.annotations.NullMarked;
