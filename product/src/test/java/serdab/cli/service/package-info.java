/// What launchd, systemd and the Windows scheduler are told, read by their own tools.
@NullMarked
package serdab.cli.service;

import org.jspecify.annotations.NullMarked;
