package serdab.source.horos;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/// A folder for one inventory, readable by its owner only: the copy of the index holds patient
/// data.
final class PrivateFolder {

  private PrivateFolder() {}

  /// A new, empty folder inside `parent`.
  static Path create(Path parent) throws IOException {
    Files.createDirectories(parent);
    boolean posix = parent.getFileSystem().supportedFileAttributeViews().contains("posix");
    return posix
        ? Files.createTempDirectory(
            parent,
            "index-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
        : Files.createTempDirectory(parent, "index-");
  }

  /// Deletes the folder; what cannot be deleted stays for the next start to clear.
  static void delete(Path folder) {
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes seen)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(
                Path each, @org.jspecify.annotations.Nullable IOException failure)
                throws IOException {
              Files.delete(each);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      // An open file on a system that keeps such; nothing depends on the folder being gone.
    }
  }
}
