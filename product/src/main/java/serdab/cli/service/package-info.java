/// Runs backups by themselves: what launchd, systemd and the Windows scheduler need to know.
///
/// Start at [Schedule]. Everything here is text; the command that installs it is `serdab service`.
@NullMarked
package serdab.cli.service;

import org.jspecify.annotations.NullMarked;
