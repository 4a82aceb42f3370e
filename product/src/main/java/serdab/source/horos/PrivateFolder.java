package serdab.source.horos;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A folder for one inventory, readable by its owner only: the copy of the index holds patient
/// data.
final class PrivateFolder {

  private static final String PREFIX = "index-";
  private static final Pattern OURS = Pattern.compile(PREFIX + "(\\d{1,18})-.*");

  private PrivateFolder() {}

  private static void clearLeftovers(Path parent) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path each : inside) {
        Matcher name = OURS.matcher(each.getFileName().toString());
        if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
          delete(each);
        }
      }
    }
  }

  /// A new, empty folder inside `parent`. Those that killed processes left there are deleted first.
  static Path create(Path parent) throws IOException {
    Files.createDirectories(parent);
    clearLeftovers(parent);
    String prefix = PREFIX + ProcessHandle.current().pid() + "-";
    boolean posix = parent.getFileSystem().supportedFileAttributeViews().contains("posix");
    return posix
        ? Files.createTempDirectory(
            parent,
            prefix,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
        : Files.createTempDirectory(parent, prefix);
  }

  /// Deletes the folder; what cannot be deleted stays until the next one is made.
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
            public FileVisitResult postVisitDirectory(Path each, @Nullable IOException failure)
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
