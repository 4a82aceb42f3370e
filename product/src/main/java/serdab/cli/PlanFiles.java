package serdab.cli;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.function.Consumer;
import serdab.Problem;
import serdab.SerdabException;
import serdab.retention.PlanFile;

/// Retention plans and certificates in Serdab's own folder, readable by its owner only.
final class PlanFiles {

  private static final int HASH_DIGITS = 8;

  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

  private PlanFiles() {}

  /// Writes a plan; the same plan has the same name.
  static Path write(Home home, PlanFile plan) {
    String name =
        "prune-"
            + STAMP.format(plan.madeAt())
            + "-"
            + plan.hash().hex().substring(0, HASH_DIGITS)
            + ".json";
    Path file = home.folder().resolve("plans").resolve(name);
    write(file, plan::writeTo);
    return file;
  }

  static void keepCertificate(Home home, String name, byte[] content) {
    write(
        home.folder().resolve("certificates").resolve(name),
        out -> {
          try {
            out.write(content);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
  }

  /// @throws SerdabException.Misconfigured when it cannot be read
  /// @throws SerdabException.Damaged when it is no plan
  static PlanFile read(Path file) {
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      return PlanFile.read(in);
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "plan-not-readable",
              "The plan " + file + " cannot be read.",
              "Make one with: serdab prune DEST --plan"),
          e);
    }
  }

  /// Beside, synced, and only then under its name.
  private static void write(Path file, Consumer<OutputStream> content) {
    Path beside = file.resolveSibling(file.getFileName() + ".part");
    try {
      Path folder = file.getParent();
      if (folder != null && !Files.isDirectory(folder)) {
        Files.createDirectories(folder);
        ownerOnly(folder, "rwx------");
      }
      Files.deleteIfExists(beside);
      Files.createFile(beside);
      ownerOnly(beside, "rw-------");
      try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE)) {
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel));
        content.accept(out);
        out.flush();
        channel.force(true);
      }
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | java.io.UncheckedIOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "home-not-writable",
              "The file " + file + " cannot be written.",
              "See that the disk of Serdab's own folder has room and may be written to."),
          e);
    }
  }

  private static void ownerOnly(Path path, String mode) throws IOException {
    if (Files.getFileStore(path).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }
  }
}
