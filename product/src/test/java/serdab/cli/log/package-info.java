/// The log, on real files.
@NullMarked
package serdab.cli.log;

import org.jspecify.annotations.NullMarked;
