package serdab.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneId;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.plan.Configuration;

/// Writes the configuration's file: beside, synced, read back, and then moved into place. What
/// stood there before is kept under the next free number.
final class ConfigurationFile {

  private static final int KEPT_MAX = 999;

  private ConfigurationFile() {}

  /// Refuses to go on when there is a configuration already.
  ///
  /// @throws SerdabException.Misconfigured when there is one
  static void refuseThere(Path file) {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "configuration-there-already",
              "There is a configuration already: " + file + ".",
              "Edit it (docs/configuration.md describes every key), or write a new one with --force:"
                  + " the old one is kept beside it."));
    }
  }

  /// Writes it.
  ///
  /// @return where the one that stood there before is now
  /// @throws SerdabException.Misconfigured when it cannot be written
  static Optional<Path> write(Path file, String text) {
    // What cannot be read again must not replace what can.
    Configuration _ = Configuration.parse(text, file.toString(), ZoneId.of("UTC"));
    Path beside = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.deleteIfExists(beside);
      try (FileChannel out =
          FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        if (Files.getFileStore(beside).supportsFileAttributeView("posix")) {
          Files.setPosixFilePermissions(beside, PosixFilePermissions.fromString("rw-------"));
        }
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      if (!Files.readString(beside).equals(text)) {
        throw new IOException("read back otherwise than written");
      }
      Optional<Path> kept = keep(file);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
      return kept;
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "home-not-writable",
              "The configuration " + file + " cannot be written.",
              "Make its folder writable, or name another folder as SERDAB_HOME."),
          e);
    }
  }

  private static Optional<Path> keep(Path file) throws IOException {
    if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    for (int i = 1; i <= KEPT_MAX; i++) {
      Path kept = file.resolveSibling(file.getFileName() + "." + i);
      if (!Files.exists(kept, LinkOption.NOFOLLOW_LINKS)) {
        // Copied, not moved: at no moment is there no configuration.
        Files.copy(file, kept, StandardCopyOption.COPY_ATTRIBUTES);
        return Optional.of(kept);
      }
    }
    throw new IOException("no number is free");
  }
}
