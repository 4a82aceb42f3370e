package serdab.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.UUID;
import serdab.Problem;
import serdab.SerdabException;
import serdab.repository.WriterKeys;

/// What this machine keeps of each repository that it may write to, `repositories/ID.json` in
/// Serdab's own folder. Only its user may read these files.
final class WriterFiles {

  private static final int FILE_BYTES_MAX = 1 << 20;

  private final Path folder;

  WriterFiles(Home home) {
    this.folder = home.folder().resolve("repositories");
  }

  /// The keys for a repository; empty when the machine has none.
  ///
  /// @throws SerdabException.Damaged when the file cannot be understood
  Optional<WriterKeys> read(UUID repository) {
    Path file = file(repository);
    try {
      if (!Files.isRegularFile(file)) {
        return Optional.empty();
      }
      if (Files.size(file) > FILE_BYTES_MAX) {
        throw new IOException("too long");
      }
      return Optional.of(WriterKeys.parse(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "writer-keys-not-readable",
              "The file with this machine's keys of a repository cannot be read: " + file + ".",
              "Make it readable for its user, or enrol the machine anew: serdab repository key"
                  + " enrol."),
          e);
    }
  }

  /// Keeps keys, in place of those that were there for the same repository.
  Path keep(WriterKeys keys) {
    return write(keys.repository() + ".json", keys.json());
  }

  /// Writes another file beside them, in place of the one there.
  Path write(String name, byte[] content) {
    Path file = folder.resolve(name);
    try {
      makeFolder();
      Path part = folder.resolve(name + ".part");
      Files.deleteIfExists(part);
      writeNew(part, content);
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return file;
    } catch (IOException e) {
      throw notWritable(file, e);
    }
  }

  /// Writes a file that only its user may read, where there is none.
  ///
  /// @throws SerdabException.Misconfigured `key-file-exists`, `key-file-not-written`
  static void writeNewFile(Path file, byte[] content) {
    try {
      writeNew(file, content);
    } catch (FileAlreadyExistsException e) {
      throw exists(file);
    } catch (IOException e) {
      throw notWritable(file, e);
    }
  }

  /// Refuses a name that is taken, before anything is made.
  static void requireFree(Path file) {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw exists(file);
    }
  }

  private static SerdabException.Misconfigured exists(Path file) {
    return new SerdabException.Misconfigured(
        new Problem(
            "key-file-exists",
            "The file " + file + " is there already, and a file with keys is never overwritten.",
            "Give another name."));
  }

  private static SerdabException.Misconfigured notWritable(Path file, IOException e) {
    return new SerdabException.Misconfigured(
        new Problem(
            "key-file-not-written",
            "The file " + file + " cannot be written.",
            "Check that its folder is there, that you may write to it, and that there is room."),
        e);
  }

  private static void writeNew(Path file, byte[] content) throws IOException {
    boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] mode =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    try (var channel =
        Files.newByteChannel(
            file,
            java.util.Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            mode)) {
      java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      if (channel instanceof java.nio.channels.FileChannel real) {
        real.force(true);
      }
    }
  }

  private void makeFolder() throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Files.createDirectories(folder);
    if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    }
  }

  private Path file(UUID repository) {
    return folder.resolve(repository + ".json");
  }
}
