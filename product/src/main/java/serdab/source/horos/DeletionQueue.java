package serdab.source.horos;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import serdab.Finding;

/// The files that the viewer is about to unlink, from `DeleteQueueFile.plist`: a property list, XML
/// or binary, holding an array of absolute paths.
///
/// @param paths as written there; of those in the folder of files also the part that begins with
///   its name
/// @param findings when it cannot be understood
record DeletionQueue(Set<String> paths, List<Finding> findings) {

  static final String NAME = "DeleteQueueFile.plist";
  private static final int PATH_LENGTH_MAX = 4096;

  private static final String FILES = "/DATABASE.noindex/";

  DeletionQueue {
    Set<String> all = new HashSet<>(paths);
    for (String path : paths) {
      int files = path.lastIndexOf(FILES);
      if (files >= 0) {
        all.add(path.substring(files + 1));
      }
    }
    paths = Set.copyOf(all);
    findings = List.copyOf(findings);
  }

  /// Whether a file is about to be deleted. The viewer may see the library at another path than we
  /// do, so the part inside the library decides.
  ///
  /// @param entry its path inside the library
  boolean names(String entry, Path file) {
    return paths.contains(file.toString()) || paths.contains(entry);
  }

  /// How many files are about to be deleted.
  long size() {
    return paths.stream().filter(path -> path.startsWith("/")).count();
  }

  /// Reads the queue of a library; empty when there is none.
  static DeletionQueue read(Path base) {
    byte[] content;
    try (InputStream in = Files.newInputStream(base.resolve(NAME))) {
      content = in.readNBytes(PropertyList.BYTES_MAX + 1);
    } catch (NoSuchFileException e) {
      return new DeletionQueue(Set.of(), List.of());
    } catch (IOException e) {
      return notUnderstood();
    }
    return PropertyList.of(content)
        .map(list ->
            new DeletionQueue(
                list.texts().stream()
                    .filter(path -> path.length() <= PATH_LENGTH_MAX)
                    .collect(Collectors.toSet()),
                List.of()))
        .orElseGet(DeletionQueue::notUnderstood);
  }

  private static DeletionQueue notUnderstood() {
    return new DeletionQueue(
        Set.of(),
        List.of(
            Finding.about(
                NAME,
                "deletion-queue-not-understood",
                "The viewer's list of files to delete cannot be read; files it names may be called"
                    + " missing.")));
  }
}
