package serdab.restore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StoredFile;
import serdab.report.Progress;

/// A folder that files are brought back to. Never overwrites a different file, never writes outside
/// itself, and never shows a file under its name before all its bytes are there and right.
final class FolderTarget {

  private static final int CHUNK_BYTES = 1 << 20;
  private static final String PART = ".serdab-part";

  private final Path root;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);

  private FolderTarget(Path root) {
    this.root = root;
  }

  /// Opens a folder, making it when it is not there.
  ///
  /// @throws SerdabException.Misconfigured when it cannot be a folder
  static FolderTarget at(Path folder) {
    try {
      Files.createDirectories(folder);
      return new FolderTarget(folder.toRealPath());
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "target-not-usable",
              "The folder " + folder + " cannot be made or opened.",
              "Name another folder with --to, or make this one writable."),
          e);
    }
  }

  static FolderTarget scratch(Path folder) {
    FolderTarget target = at(folder);
    target.deleteScratch();
    return at(folder);
  }

  /// What came of writing one file.
  enum Written {
    NEW,
    /// The same bytes were there already.
    SAME,
    /// Another file has its name; it was left as it is.
    DIFFERENT_THERE
  }

  /// Writes one file, synced, or finds it there.
  ///
  /// @param folder the study's folder inside the target, `/` between parts
  /// @throws SerdabException.Damaged when the bytes are not what the manifest says
  /// @throws SerdabException.Refused when its name leads outside the target
  Written write(String folder, StoredFile file, ReadableByteChannel bytes, Progress progress) {
    Path target = inside(folder, file.path());
    try (bytes) {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        return isSame(target, file) ? Written.SAME : Written.DIFFERENT_THERE;
      }
      Path parent = target.getParent();
      if (parent == null) {
        throw outside();
      }
      Files.createDirectories(parent);
      // A link inside the target could lead out of it although no name does.
      if (!parent.toRealPath().startsWith(root)) {
        throw outside();
      }
      Path part = parent.resolve("." + shortName(target) + PART);
      Files.deleteIfExists(part);
      try {
        copy(part, file, bytes, progress);
        moveWithoutOverwriting(part, target);
      } finally {
        Files.deleteIfExists(part);
      }
      Files.setLastModifiedTime(target, FileTime.fromMillis(file.modifiedMillis()));
      syncFolder(parent);
      return Written.NEW;
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "target-failed",
              "Writing into " + root + " failed (" + e.getClass().getSimpleName() + ").",
              "Check its free space and permissions, then run the same command again: it goes on"
                  + " where it stopped."),
          e);
    }
  }

  /// Compares a file that was written with what it should be.
  void compare(String folder, StoredFile file) {
    try {
      if (!isSame(inside(folder, file.path()), file)) {
        throw new SerdabException.Damaged(
            new Problem(
                "restored-differs",
                "A file that was brought back differs from the backup's manifest: " + file.path(),
                "Check the scratch disk and the computer's memory."));
      }
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem("target-failed", "A restored file could not be read again.", ""), e);
    }
  }

  private static String shortName(Path target) {
    Path name = target.getFileName();
    String text = name == null ? "" : name.toString();
    return Sha256.digest(text.getBytes(java.nio.charset.StandardCharsets.UTF_8))
        .hex()
        .substring(0, 16);
  }

  private static void moveWithoutOverwriting(Path part, Path target) throws IOException {
    // A hard link fails when the name exists; a plain move would replace it silently.
    try {
      Files.createLink(target, part);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
        throw new FileAlreadyExistsException(target.toString());
      }
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private void copy(Path part, StoredFile file, ReadableByteChannel bytes, Progress progress)
      throws IOException {
    MessageDigest hasher = Sha256.hasher();
    long length = 0;
    try (FileChannel out =
        FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (true) {
        chunk.clear();
        int got = bytes.read(chunk);
        if (got < 0) {
          break;
        }
        chunk.flip();
        hasher.update(chunk.duplicate());
        length += chunk.remaining();
        progress.read(chunk.remaining());
        while (chunk.hasRemaining()) {
          out.write(chunk);
        }
      }
      out.force(true);
    }
    if (length != file.lengthBytes() || !Sha256.finish(hasher).equals(file.digests().file())) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The stored bytes of " + file.path() + " are not those that were backed up.",
              "Restore this study from another destination, then run: serdab verify"));
    }
  }

  private boolean isSame(Path path, StoredFile file) throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        || Files.size(path) != file.lengthBytes()) {
      return false;
    }
    MessageDigest hasher = Sha256.hasher();
    try (FileChannel in = FileChannel.open(path, StandardOpenOption.READ)) {
      while (true) {
        chunk.clear();
        if (in.read(chunk) < 0) {
          break;
        }
        chunk.flip();
        hasher.update(chunk);
      }
    }
    return Sha256.finish(hasher).equals(file.digests().file());
  }

  /// The place of a file inside the target; never outside, whatever a manifest says.
  private Path inside(String folder, String path) {
    try {
      for (String part : (folder + '/' + path).split("/", -1)) {
        if (part.isEmpty() || part.equals(".") || part.equals("..") || part.indexOf('\0') >= 0) {
          throw outside();
        }
      }
      Path target = root.resolve(folder + '/' + path).normalize();
      if (!target.startsWith(root) || target.equals(root)) {
        throw outside();
      }
      return target;
    } catch (InvalidPathException e) {
      throw outside();
    }
  }

  private static SerdabException.Refused outside() {
    return new SerdabException.Refused(
        new Problem(
            "name-outside-target",
            "A stored file has a name that leads outside the target folder; it was not written.",
            "Do not trust this copy: it was not written by Serdab as it is now."));
  }

  /// Makes the names durable; not every system can sync a folder, and none loses bytes for it.
  private static void syncFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows and some network volumes cannot; the files themselves are synced.
    }
  }

  /// Deletes everything in a scratch folder of ours.
  void deleteScratch() {
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path folder, @org.jspecify.annotations.Nullable IOException failure)
                throws IOException {
              try {
                Files.delete(folder);
              } catch (DirectoryNotEmptyException e) {
                // Somebody put something there; it is not ours to delete.
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem("scratch-failed", "The scratch folder " + root + " cannot be emptied.", ""),
          e);
    }
  }
}
