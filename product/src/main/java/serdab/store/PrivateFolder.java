package serdab.store;

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

/// Folders of one process for what it needs for a while, readable by their owner only: patient data
/// may lie in them. Thread-safe.
public final class PrivateFolder {

  private static final Pattern OURS = Pattern.compile("(\\d{1,18})-.*");

  private PrivateFolder() {}

  private static void clearLeftovers(Path parent, String prefix) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(parent, prefix + "*")) {
      for (Path each : inside) {
        Matcher name = OURS.matcher(each.getFileName().toString().substring(prefix.length()));
        if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
          delete(each);
        }
      }
    }
  }

  /// A new, empty folder inside `parent`, which is made when it is not there. Those of the same
  /// kind that killed processes left there are deleted first.
  ///
  /// @param kind what its name begins with; letters
  public static Path create(Path parent, String kind) throws IOException {
    Files.createDirectories(parent);
    clearLeftovers(parent, kind + "-");
    String prefix = kind + "-" + ProcessHandle.current().pid() + "-";
    boolean posix = parent.getFileSystem().supportedFileAttributeViews().contains("posix");
    return posix
        ? Files.createTempDirectory(
            parent,
            prefix,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
        : Files.createTempDirectory(parent, prefix);
  }

  /// Deletes a folder and all in it; what cannot be deleted stays, until the next one is made when
  /// it is one of these.
  public static void delete(Path folder) {
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
