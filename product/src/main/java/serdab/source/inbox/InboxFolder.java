package serdab.source.inbox;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;

/// Where an inbox keeps what: `inbox.properties`, which makes the folder an inbox, `log`, what was
/// received and has no place yet, and `received`, plain files by study.
///
/// @param root the inbox
record InboxFolder(Path root) {

  private static final String MARKER = "inbox.properties";
  private static final String FORMAT = "inbox";
  private static final String VERSION = "1";
  private static final String LOG_END = ".log";
  private static final String SPARE_END = ".spare";

  Path log() {
    return root.resolve("log");
  }

  Path received() {
    return root.resolve("received");
  }

  /// An inbox that is there.
  ///
  /// @throws SerdabException.Unavailable `inbox-missing` when there is none
  static InboxFolder at(Path root) {
    InboxFolder folder = new InboxFolder(root.toAbsolutePath().normalize());
    if (!Files.isRegularFile(folder.root.resolve(MARKER))) {
      throw new SerdabException.Unavailable(
          new Problem(
              "inbox-missing",
              "There is no inbox at " + folder.root + ".",
              "If it lies on another volume, connect that. An inbox is made by: serdab receive"
                  + " --inbox PATH"));
    }
    return folder;
  }

  /// An inbox; made when there is nothing, or an empty folder.
  ///
  /// @param quiet how long nothing may have come for a study before it is offered; kept with the
  ///   inbox. Empty: what it has, or five minutes
  /// @throws SerdabException.Refused `inbox-place-taken` when the folder holds something else
  static InboxFolder make(Path root, Optional<Duration> quiet) throws IOException {
    InboxFolder folder = new InboxFolder(root.toAbsolutePath().normalize());
    Path marker = folder.root.resolve(MARKER);
    boolean isNew = !Files.isRegularFile(marker);
    if (isNew) {
      if (Files.exists(folder.root, LinkOption.NOFOLLOW_LINKS) && !isEmptyFolder(folder.root)) {
        throw new SerdabException.Refused(
            new Problem(
                "inbox-place-taken",
                "The folder " + folder.root + " is no inbox, and not empty.",
                "Give the inbox a folder of its own. Nothing was changed."));
      }
      privateFolder(folder.root);
    }
    privateFolder(folder.log());
    privateFolder(folder.received());
    if (isNew || quiet.isPresent()) {
      Properties properties = new Properties();
      properties.setProperty("format", FORMAT);
      properties.setProperty("version", VERSION);
      properties.setProperty("quiet", quiet.orElse(Inbox.QUIET).toString());
      Path draft = folder.root.resolve(MARKER + ".part");
      try (OutputStream out = Files.newOutputStream(draft)) {
        properties.store(out, null);
      }
      try (FileChannel written = FileChannel.open(draft, StandardOpenOption.WRITE)) {
        written.force(true);
      }
      Files.move(draft, marker, StandardCopyOption.ATOMIC_MOVE);
    }
    sync(folder.root);
    return folder;
  }

  private static boolean isEmptyFolder(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      return false;
    }
    try (Stream<Path> inside = Files.list(path)) {
      // What a killed first start left is ours.
      return inside
          .map(file -> file.getFileName().toString())
          .allMatch(name -> List.of("log", "received", MARKER + ".part").contains(name));
    }
  }

  private static void privateFolder(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return;
    }
    Files.createDirectories(path);
    if (Files.getFileStore(path).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
    }
  }

  /// How long nothing may have come for a study before it is offered.
  Duration quiet() {
    Properties properties = new Properties();
    try (InputStream in = Files.newInputStream(root.resolve(MARKER))) {
      properties.load(in);
      return Duration.parse(properties.getProperty("quiet", Inbox.QUIET.toString()));
    } catch (IOException | DateTimeException | IllegalArgumentException e) {
      return Inbox.QUIET;
    }
  }

  /// One receiver at a time; the system lets go of it when the process ends, however it ends.
  ///
  /// @return empty when another holds it
  Optional<FileChannel> lock() throws IOException {
    FileChannel channel =
        FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    boolean locked = false;
    try {
      FileLock lock = channel.tryLock();
      locked = lock != null;
    } catch (OverlappingFileLockException e) {
      locked = false;
    } finally {
      if (!locked) {
        channel.close();
      }
    }
    return locked ? Optional.of(channel) : Optional.empty();
  }

  /// The log files, oldest first.
  List<Path> logs() throws IOException {
    try (Stream<Path> files = Files.list(log())) {
      return files.filter(file -> number(file) >= 0).sorted().toList();
    }
  }

  /// The number of a log file; -1 for anything else.
  static long number(Path file) {
    String name = file.getFileName().toString();
    return name.matches("[0-9]{16}\\.log") ? Long.parseLong(name.substring(0, 16)) : -1;
  }

  Path logFile(long number) {
    return log().resolve("%016d".formatted(number) + LOG_END);
  }

  /// A file that nobody takes for anything yet.
  Path draft(long number) {
    return log().resolve("%016d.part".formatted(number));
  }

  /// A file to be written over, named after the log it was.
  Path spare(long number) {
    return log().resolve("%016d".formatted(number) + SPARE_END);
  }

  /// Drafts and spares that a receiver left when it was killed; call only while holding the lock.
  void sweep() throws IOException {
    try (Stream<Path> files = Files.list(log())) {
      for (Path file : files.filter(InboxFolder::isLeftover).toList()) {
        Files.delete(file);
      }
    }
  }

  private static boolean isLeftover(Path file) {
    return file.toString().endsWith(".part") || file.toString().endsWith(SPARE_END);
  }

  /// Makes the names in a folder outlive a power cut, where the system can.
  static void sync(Path folder) throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(folder, StandardOpenOption.READ);
    } catch (IOException e) {
      // Windows opens no folders; its file systems keep names by themselves.
      return;
    }
    try (channel) {
      channel.force(true);
    }
  }
}
