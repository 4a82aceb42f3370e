package serdab.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;

/// A folder of ours for one command, readable by its owner only and deleted when it is closed.
/// Those that killed processes left behind are deleted when the next is made.
final class ScratchFolder implements AutoCloseable {

  private static final String PREFIX = "restore-";
  private static final Pattern OURS = Pattern.compile(PREFIX + "(\\d{1,18})-.*");

  private final Path folder;

  private ScratchFolder(Path folder) {
    this.folder = folder;
  }

  /// Makes one.
  ///
  /// @param parent where caches are kept
  static ScratchFolder in(Path parent) {
    try {
      try (DirectoryStream<Path> inside = Files.newDirectoryStream(parent, PREFIX + "*")) {
        for (Path each : inside) {
          Matcher name = OURS.matcher(each.getFileName().toString());
          if (name.matches() && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()) {
            delete(each);
          }
        }
      }
      String prefix = PREFIX + ProcessHandle.current().pid() + "-";
      // Java makes temporary folders for their owner only.
      return new ScratchFolder(Files.createTempDirectory(parent, prefix));
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "scratch-failed",
              "No folder for the restore's own files can be made.",
              "Check the disk of SERDAB_HOME: it may be full or read-only."),
          e);
    }
  }

  Path path() {
    return folder;
  }

  @Override
  public void close() {
    delete(folder);
  }

  private static void delete(Path folder) {
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
      // Deleted when the next one is made.
    }
  }
}
