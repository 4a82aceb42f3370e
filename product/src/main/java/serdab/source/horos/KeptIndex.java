package serdab.source.horos;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import serdab.Sha256;

/// The last private copy of a large index and what was computed from it, kept between runs
/// (`docs/decisions/0007-kept-index.md`). Losing it, or any doubt about it, costs one run that
/// computes all.
///
/// In `kept-index/` of the work folder, for each library: `KEY.about`, which names the two files
/// that belong together, and these, `KEY-GENERATION.sql` and `KEY-GENERATION.facts`. The first is
/// replaced in one step after the others were synced.
final class KeptIndex {

  /// From this size on an index is kept: reading all of a smaller one takes a second or two.
  static final long FROM_BYTES = 32L << 20;

  /// An index that did not change is copied and read from end to end again after this time.
  static final Duration UNCHANGED_FOR = Duration.ofDays(7);

  /// An index that changed is followed by its pages for so long after all was computed.
  static final Duration FOLLOWED_FOR = Duration.ofHours(24);

  private static final String FOLDER = "kept-index";
  private static final String FORMAT = "kept-index-1";
  private static final int BYTES_MAX = 16 << 10;
  private static final int LINES = 9;

  private final Path folder;
  private final String key;
  private final String path;

  /// @param index the live index
  KeptIndex(Path workFolder, Path index) {
    this.folder = workFolder.resolve(FOLDER);
    this.path = index.toAbsolutePath().normalize().toString();
    this.key = Sha256.digest(path.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 16);
  }

  /// What is kept.
  ///
  /// @param state of the index when it was copied
  /// @param computedAt when all was computed from end to end
  /// @param uuid the index's own
  record About(
      String generation,
      String state,
      Instant computedAt,
      String uuid,
      long copyBytes,
      String copyModified,
      long factsBytes) {

    boolean isRecent(Instant now, Duration limit) {
      return !computedAt.isAfter(now) && now.isBefore(computedAt.plus(limit));
    }
  }

  /// What shows that the index is the one that was copied; empty while the viewer is in the middle
  /// of writing, or crashed at it: its journal may turn the file back.
  static Optional<String> state(Path index) throws IOException {
    return Files.exists(index.resolveSibling(index.getFileName() + "-journal"))
        ? Optional.empty()
        : Optional.of(IndexState.of(index).fingerprint());
  }

  /// What is kept of this library; empty when nothing is, or it cannot be understood.
  Optional<About> about() {
    try (InputStream in = Files.newInputStream(folder.resolve(key + ".about"))) {
      List<String> lines =
          new String(in.readNBytes(BYTES_MAX), StandardCharsets.UTF_8).lines().toList();
      return lines.size() == LINES && lines.getFirst().equals(FORMAT) && lines.get(1).equals(path)
          ? Optional.of(
              new About(
                  lines.get(2),
                  lines.get(3),
                  Instant.parse(lines.get(4)),
                  lines.get(5),
                  Long.parseLong(lines.get(6)),
                  lines.get(7),
                  Long.parseLong(lines.get(8))))
          : Optional.empty();
    } catch (IOException | DateTimeParseException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  private Path copy(String generation) {
    return folder.resolve(key + "-" + generation + ".sql");
  }

  private Path facts(String generation) {
    return folder.resolve(key + "-" + generation + ".facts");
  }

  /// Gives the kept files to an inventory: the copy as a second name of the same file, which must
  /// not be written to, and the facts as a file of its own.
  ///
  /// @return whether they are what was kept; if not, there are none
  boolean give(About about, Path copy, Path facts) throws IOException {
    try {
      link(copy(about.generation()), copy);
      Files.copy(facts(about.generation()), facts);
      if (Files.size(copy) == about.copyBytes()
          && Files.getLastModifiedTime(copy).toString().equals(about.copyModified())
          && Files.size(facts) == about.factsBytes()) {
        return true;
      }
    } catch (IOException e) {
      // Another process has just kept a newer one, or the disk is full: as if nothing was kept.
    }
    Files.deleteIfExists(copy);
    Files.deleteIfExists(facts);
    return false;
  }

  private static void link(Path from, Path to) throws IOException {
    try {
      Files.createLink(to, from);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException | UnsupportedOperationException e) {
      Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES);
    }
  }

  /// Keeps a copy and its facts in place of what was kept. Both must be closed or only be read; the
  /// copy must never be written to again. Without room for another copy nothing is kept.
  void keep(String state, String uuid, Instant computedAt, Instant now, Path copy, Path facts)
      throws IOException {
    makeFolder();
    try (FileChannel lock =
            FileChannel.open(
                folder.resolve(key + ".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock held = tryLock(lock)) {
      if (held == null) {
        return; // Another process is keeping its own.
      }
      forgetAlone();
      if (Files.getFileStore(folder).getUsableSpace() < Files.size(copy)) {
        return;
      }
      String generation = ProcessHandle.current().pid() + "-" + now.toEpochMilli();
      link(copy, copy(generation));
      Files.copy(facts, facts(generation));
      sync(copy(generation));
      sync(facts(generation));
      Path beside = folder.resolve(key + ".part");
      Files.writeString(
          beside,
          String.join(
              "\n",
              FORMAT,
              path,
              generation,
              state,
              computedAt.toString(),
              uuid.replaceAll("\\s", " "),
              Long.toString(Files.size(copy)),
              Files.getLastModifiedTime(copy(generation)).toString(),
              Long.toString(Files.size(facts(generation))),
              ""));
      sync(beside);
      Files.move(beside, folder.resolve(key + ".about"), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static @org.jspecify.annotations.Nullable FileLock tryLock(FileChannel file)
      throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private void makeFolder() throws IOException {
    Files.createDirectories(folder.getParent());
    if (!Files.isDirectory(folder)) {
      boolean posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
      if (posix) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectories(folder);
      }
    }
  }

  /// A machine that loses power must not find a whole name of half a file.
  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  /// Keeps nothing of this library any more.
  void forget() {
    try {
      if (Files.isDirectory(folder)) {
        forgetAlone();
      }
    } catch (IOException e) {
      // What is left is replaced by the next run that can.
    }
  }

  private void forgetAlone() throws IOException {
    Files.deleteIfExists(folder.resolve(key + ".about"));
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder, key + "-*")) {
      for (Path each : inside) {
        Files.deleteIfExists(each);
      }
    }
  }
}
