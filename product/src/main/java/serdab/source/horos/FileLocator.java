package serdab.source.horos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import serdab.Sha256;

/// From an index row to the file it means, by the viewer's rule. Thread-safe.
///
/// A relative name lies in `DATABASE.noindex/<(n / F + 1) * F>/`, n being the number the name
/// begins with and F the files per folder, a preference. When it is not there, the other numbered
/// folders are asked for the name, since F may have been changed. An absolute path is a linked
/// file, whatever the row's flag says.
///
/// What a name in the library leads to through a symbolic link is taken only while it stays inside
/// the library; numbered folders may be links, as `DATABASE.noindex` itself may be.
///
/// A linked file that is not there is *offline*, not missing, when nothing speaks for its volume
/// being mounted: the volume's folder (below `/Volumes`, `/media/<user>`, `/run/media/<user>`,
/// `/mnt`, `/net`) is missing or empty, or the first folder of its path that exists is the root or
/// is empty, as a mount point with nothing mounted is.
final class FileLocator {

  static final int DEFAULT_FOLDER_SIZE = 10_000;

  /// Names in an unexpected folder that are kept; beyond, folders are asked one by one.
  private static final int EXCEPTIONS_MAX = 200_000;

  /// Where manifests show files outside the library.
  private static final String DENIED = "Its folder may not be read: permission is denied.";

  private static final String NOT_LOOKED_AT = "It cannot be looked at.";

  private static final String LINKED = "linked/";

  private static final int UNUSABLE_CHARACTERS_MAX = 60;
  private static final int UNUSABLE_HASH_DIGITS = 16;

  private static final int FOLDERS_MAX = 1_000_000;
  private static final int FOLDERS_ASKED_MAX = 5_000;
  private static final int FOLDERS_SAMPLED = 16;
  private static final int NAMES_SAMPLED = 64;

  private static final Map<String, Integer> MOUNT_PARENTS =
      Map.of("/Volumes", 1, "/media", 2, "/run/media", 2, "/mnt", 1, "/net", 1);

  private final LibraryFolders folders;
  private final Map<Path, Integer> mountParents;
  private final int folderSize;
  private final List<String> numbered;
  private @Nullable Map<String, String> exceptions;
  private boolean exceptionsOverflowed;

  FileLocator(LibraryFolders folders, OptionalInt folderSize) {
    this(folders, folderSize, MOUNT_PARENTS);
  }

  /// @param mountParents folders under which volumes are mounted, and how many levels deep
  FileLocator(LibraryFolders folders, OptionalInt folderSize, Map<String, Integer> mountParents) {
    this.folders = folders;
    this.mountParents = new HashMap<>();
    mountParents.forEach((path, depth) -> this.mountParents.put(Path.of(path), depth));
    try {
      this.numbered = numberedFolders(folders.database());
      this.folderSize =
          folderSize.isPresent()
              ? folderSize.getAsInt()
              : detectFolderSize(folders.database(), numbered);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Files per folder, as given or as the folders show it.
  int folderSize() {
    return folderSize;
  }

  /// The names of the numbered folders, unsorted.
  List<String> numberedFolders() {
    return Collections.unmodifiableList(numbered);
  }

  /// Where a row's file is.
  sealed interface Located {

    /// Its path inside the library as manifests name it; unique for a file.
    String entry();

    record Found(
        String entry, Path file, long lengthBytes, FileTime modified, @Nullable Object fileKey)
        implements Located {}

    record Missing(String entry, Path file) implements Located {}

    /// A linked file whose volume is not there, or one that iCloud has moved out to its servers.
    record Offline(String entry, Path file) implements Located {}

    /// Something is there that cannot be taken: a folder, a FIFO, a link that leads out.
    record NotAFile(String entry, String detail) implements Located {

      /// Whether nobody knows what is there: it may well be a file.
      boolean isClosed() {
        return detail.equals(DENIED) || detail.equals(NOT_LOOKED_AT);
      }
    }

    /// A row that names no file, or one that no file can have; without a name the entry is empty.
    record Broken(String entry, String detail) implements Located {}
  }

  /// Where the file of a row is.
  ///
  /// @param name the row's file name: text, or number and `.dcm`; may be empty
  /// @param inLibrary the row's flag; used only for a name that the rule does not find
  /// @throws UncheckedIOException when a folder cannot be read
  Located locate(String name, boolean inLibrary) {
    if (name.isEmpty()) {
      return new Located.Broken("", "An index row names no file.");
    }
    try {
      return name.startsWith("/") ? linked(Path.of(name), true) : stored(name, inLibrary);
    } catch (InvalidPathException e) {
      return new Located.Broken(
          unusable(name), "An index row names a file that no volume can hold.");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Whether a file was found for an absolute name although it does not lie there, on the guess
  /// that the library was moved. A file linked from another library has such a name, too, so only
  /// the file itself can tell.
  boolean isMoved(String name, Located.Found found) {
    return name.startsWith("/")
        && !found.entry().startsWith(LINKED)
        && insideLibrary(Path.of(name).normalize()).isEmpty();
  }

  /// Where the file of an absolute name is, when it was not moved with the library.
  Located locateUnmoved(String name) {
    try {
      return linked(Path.of(name), false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A row that names something nobody can open is a file all the same: it is listed, and told as
  /// one that could not be read.
  private static String unusable(String name) {
    String hash = Sha256.digest(name.getBytes(StandardCharsets.UTF_8)).hex();
    String end = name.substring(Math.max(0, name.length() - UNUSABLE_CHARACTERS_MAX));
    return "unusable-names/"
        + hash.substring(0, UNUSABLE_HASH_DIGITS)
        + "-"
        + end.replaceAll("[^0-9A-Za-z._-]", "_");
  }

  // ---- files in the library ----------------------------------------------------------------

  private Located stored(String name, boolean inLibrary) throws IOException {
    Path relative = Path.of(name).normalize();
    if (relative.getNameCount() != 1 || name.contains("/")) {
      return new Located.Broken(
          unusable(name), "An index row names a file by a path that the viewer does not write.");
    }
    String folder = folderOf(name, folderSize);
    String entry = entry(folder, name);
    Path file = folders.database().resolve(folder).resolve(name);
    Located there = look(entry, file, false);
    if (!(there instanceof Located.Missing)) {
      return there;
    }
    Optional<String> other = otherFolderOf(name);
    if (other.isPresent()) {
      return look(
          entry(other.get(), name), folders.database().resolve(other.get()).resolve(name), false);
    }
    return inLibrary
        ? there
        : new Located.Broken(
            entry, "An index row names a file outside the library by a relative name.");
  }

  private String entry(String folder, String name) {
    return "DATABASE.noindex/" + folder + "/" + name;
  }

  /// The folder of a name by the viewer's arithmetic.
  static String folderOf(String name, int folderSize) {
    long number = leadingInteger(name);
    return Long.toString((number / folderSize + 1) * folderSize);
  }

  /// The number a name begins with as C's `intValue` reads it: 0 when there is none.
  static long leadingInteger(String name) {
    int i = 0;
    while (i < name.length() && Character.isWhitespace(name.charAt(i))) {
      i++;
    }
    boolean negative = i < name.length() && name.charAt(i) == '-';
    if (i < name.length() && (negative || name.charAt(i) == '+')) {
      i++;
    }
    long value = 0;
    while (i < name.length() && name.charAt(i) >= '0' && name.charAt(i) <= '9') {
      value = Math.min(value * 10 + (name.charAt(i) - '0'), Integer.MAX_VALUE);
      i++;
    }
    return negative ? -value : value;
  }

  private Optional<String> otherFolderOf(String name) throws IOException {
    Map<String, String> known = exceptions();
    String folder = known.get(name);
    if (folder != null) {
      return Optional.of(folder);
    }
    if (exceptionsOverflowed) {
      int asked = 0;
      for (String each : numbered) {
        if (++asked > FOLDERS_ASKED_MAX) {
          break;
        }
        Path file = folders.database().resolve(each).resolve(name);
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
          return Optional.of(each);
        }
      }
    }
    return Optional.empty();
  }

  /// Which names lie in another folder than the rule says; listed once, at the first need.
  private synchronized Map<String, String> exceptions() throws IOException {
    if (exceptions != null) {
      return exceptions;
    }
    Map<String, String> found = new HashMap<>();
    for (String folder : numbered) {
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(folders.database().resolve(folder))) {
        for (Path file : files) {
          String name = file.getFileName().toString();
          if (!folder.equals(folderOf(name, folderSize))) {
            if (found.size() >= EXCEPTIONS_MAX) {
              exceptionsOverflowed = true;
            } else {
              found.putIfAbsent(name, folder);
            }
          }
        }
      } catch (DirectoryIteratorException e) {
        throw e.getCause();
      } catch (NoSuchFileException e) {
        // The viewer removes numbered folders that it has emptied.
      } catch (FileSystemException e) {
        // A folder that may not be listed hides what lies in it; the finding on it says so.
      }
    }
    exceptions = found;
    return found;
  }

  // ---- linked files ------------------------------------------------------------------------

  private Located linked(Path given, boolean mayHaveMoved) throws IOException {
    Path path = given.normalize();
    Optional<String> inside = insideLibrary(path);
    if (inside.isPresent()) {
      return look(inside.get(), path, false);
    }
    String entry = LINKED + slashed(path);
    Located there = look(entry, path, true);
    if (!(there instanceof Located.Missing)) {
      return there;
    }
    Optional<Located> moved = mayHaveMoved ? movedWithLibrary(path) : Optional.empty();
    if (moved.isPresent()) {
      return moved.get();
    }
    return isOffline(path) ? new Located.Offline(entry, path) : there;
  }

  /// The parts of a path with `/` between them, on every system; a root is left out.
  static String slashed(Path path) {
    List<String> parts = new ArrayList<>();
    path.forEach(part -> parts.add(part.toString()));
    return String.join("/", parts);
  }

  private Optional<String> insideLibrary(Path path) {
    if (path.startsWith(folders.database())) {
      return Optional.of("DATABASE.noindex/" + slashed(folders.database().relativize(path)));
    }
    return path.startsWith(folders.data())
        ? Optional.of(slashed(folders.data().relativize(path)))
        : Optional.empty();
  }

  /// Very old rows hold absolute paths into the library; they go stale when the library moves.
  private Optional<Located> movedWithLibrary(Path path) throws IOException {
    for (int i = path.getNameCount() - 3; i >= 0; i--) {
      String part = path.getName(i).toString();
      if (part.equals("DATABASE.noindex") || part.equals("DATABASE")) {
        Path tail = path.subpath(i + 1, path.getNameCount());
        Located there =
            look("DATABASE.noindex/" + slashed(tail), folders.database().resolve(tail), false);
        return there instanceof Located.Missing ? Optional.empty() : Optional.of(there);
      }
    }
    return Optional.empty();
  }

  private boolean isOffline(Path path) throws IOException {
    for (Map.Entry<Path, Integer> parent : mountParents.entrySet()) {
      int volume = parent.getKey().getNameCount() + parent.getValue();
      if (path.startsWith(parent.getKey()) && path.getNameCount() > volume) {
        Path mount = path.getRoot().resolve(path.subpath(0, volume));
        return !Files.isDirectory(mount) || isEmpty(mount);
      }
    }
    Path existing = path.getParent();
    while (existing != null && !Files.isDirectory(existing)) {
      existing = existing.getParent();
    }
    return existing == null || existing.getParent() == null || isEmpty(existing);
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      return !inside.iterator().hasNext();
    }
  }

  // ---- looking -----------------------------------------------------------------------------

  /// Looks at one file without opening it.
  ///
  /// @param mayLeadOut whether a link may lead out of the library
  Located look(String entry, Path file, boolean mayLeadOut) throws IOException {
    BasicFileAttributes seen;
    Path real = file;
    try {
      seen = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (seen.isSymbolicLink()) {
        real = file.toRealPath();
        if (!mayLeadOut && !isInside(real)) {
          return new Located.NotAFile(entry, "It is a link that leads out of the library.");
        }
        seen = Files.readAttributes(real, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      }
    } catch (NoSuchFileException e) {
      return isMovedOut(file) ? new Located.Offline(entry, file) : new Located.Missing(entry, file);
    } catch (java.nio.file.FileSystemException e) {
      if (isNotThere(file)) {
        return new Located.Missing(entry, file);
      }
      return new Located.NotAFile(
          entry, e instanceof AccessDeniedException ? DENIED : NOT_LOOKED_AT);
    }
    if (!seen.isRegularFile()) {
      return new Located.NotAFile(
          entry, seen.isDirectory() ? "It is a folder." : "It is a device, a FIFO or a socket.");
    }
    return new Located.Found(entry, real, seen.size(), seen.lastModifiedTime(), seen.fileKey());
  }

  /// Whether iCloud has moved a file out to its servers: it leaves `.NAME.icloud` in its place.
  private static boolean isMovedOut(Path file) {
    return Files.isRegularFile(
        file.resolveSibling("." + file.getFileName() + ".icloud"), LinkOption.NOFOLLOW_LINKS);
  }

  /// A part of the path that is a file, or a name longer than the volume allows.
  private static boolean isNotThere(Path file) {
    return Files.notExists(file, LinkOption.NOFOLLOW_LINKS);
  }

  private boolean isInside(Path real) throws IOException {
    return real.startsWith(folders.data().toRealPath())
        || real.startsWith(folders.database().toRealPath());
  }

  // ---- numbered folders --------------------------------------------------------------------

  private static List<String> numberedFolders(Path database) throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(database)) {
      for (Path each : inside) {
        String name = each.getFileName().toString();
        if (LibraryFolders.NUMBERED.matcher(name).matches()
            && Files.isDirectory(each)
            && names.size() < FOLDERS_MAX) {
          names.add(name);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return names;
  }

  /// The files per folder that explains most of a sample of the folders; the default on a tie.
  private static int detectFolderSize(Path database, List<String> numbered) throws IOException {
    long common = 0;
    for (String name : numbered) {
      common = gcd(common, Long.parseLong(name));
    }
    if (common == 0 || common == DEFAULT_FOLDER_SIZE) {
      return DEFAULT_FOLDER_SIZE;
    }
    Map<String, List<Long>> samples = new HashMap<>();
    for (String folder : numbered.subList(0, Math.min(FOLDERS_SAMPLED, numbered.size()))) {
      samples.put(folder, sampleOf(database.resolve(folder)));
    }
    List<Long> candidates = new ArrayList<>(List.of((long) DEFAULT_FOLDER_SIZE));
    for (long divisor = 1; divisor * divisor <= common; divisor++) {
      if (common % divisor == 0) {
        candidates.add(common / divisor);
        candidates.add(divisor);
      }
    }
    candidates.subList(1, candidates.size()).sort(Collections.reverseOrder());
    long best = DEFAULT_FOLDER_SIZE;
    long bestExplained = -1;
    for (long candidate : candidates) {
      if (candidate > Integer.MAX_VALUE) {
        continue;
      }
      long explained = 0;
      for (Map.Entry<String, List<Long>> sample : samples.entrySet()) {
        long folder = Long.parseLong(sample.getKey());
        explained +=
            sample.getValue().stream()
                .filter(number -> (number / candidate + 1) * candidate == folder)
                .count();
      }
      if (explained > bestExplained) {
        best = candidate;
        bestExplained = explained;
      }
    }
    return (int) best;
  }

  private static List<Long> sampleOf(Path folder) throws IOException {
    List<Long> numbers = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        long number = leadingInteger(file.getFileName().toString());
        if (number > 0) {
          numbers.add(number);
        }
        if (numbers.size() >= NAMES_SAMPLED) {
          break;
        }
      }
    } catch (FileSystemException e) {
      // Other folders show as well how many files the viewer puts into one.
    }
    return numbers;
  }

  private static long gcd(long a, long b) {
    long x = a;
    long y = b;
    while (y != 0) {
      long rest = x % y;
      x = y;
      y = rest;
    }
    return x;
  }
}
