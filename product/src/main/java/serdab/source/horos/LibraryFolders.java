package serdab.source.horos;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;

/// The folders of a library, links followed where the viewer follows them.
///
/// @param base holds the index
/// @param data holds the files; the same as `base` unless `DBFOLDER_LOCATION` names another
/// @param database the folder of the numbered folders, usually `DATABASE.noindex`
/// @param findings what is odd about them
record LibraryFolders(Path base, Path data, Path database, List<Finding> findings) {

  static final List<String> LIBRARY_NAMES = List.of("Horos Data", "OsiriX Data");
  static final String INDEX = "Database.sql";
  private static final String POINTER = "DBFOLDER_LOCATION";
  private static final int POINTER_BYTES_MAX = 16 * 1024;
  static final Pattern NUMBERED = Pattern.compile("[1-9]\\d{0,9}");

  /// A Finder alias begins so; only macOS can follow one.
  private static final byte[] ALIAS_MAGIC = {'b', 'o', 'o', 'k', 0, 0, 0, 0, 'm', 'a', 'r', 'k'};

  LibraryFolders {
    findings = List.copyOf(findings);
  }

  /// The library at a path: the folder itself, or the one library in it.
  static Optional<Path> find(Path given) {
    if (looksLikeLibrary(given)) {
      return Optional.of(given);
    }
    List<Path> inside =
        LIBRARY_NAMES.stream()
            .map(given::resolve)
            .filter(LibraryFolders::looksLikeLibrary)
            .toList();
    return inside.size() == 1 ? Optional.of(inside.getFirst()) : Optional.empty();
  }

  static boolean looksLikeLibrary(Path folder) {
    return Files.isDirectory(folder)
        && (Files.exists(folder.resolve(INDEX))
            || Files.exists(folder.resolve("DATABASE.noindex"), LinkOption.NOFOLLOW_LINKS)
            || Files.exists(folder.resolve(POINTER)));
  }

  /// Opens the library at a path.
  ///
  /// @throws SerdabException.Unavailable when the library, or the folder of its files, is not
  ///   there: a library that cannot be seen is never an empty one
  static LibraryFolders open(Path given) {
    Path base = find(given).orElseThrow(() -> notThere(given));
    Path data = dataFolder(base);
    List<Finding> findings = new ArrayList<>();
    Path database = data.resolve("DATABASE.noindex");
    if (!Files.exists(database, LinkOption.NOFOLLOW_LINKS)
        && Files.isDirectory(data.resolve("DATABASE"))) {
      database = data.resolve("DATABASE");
      findings.add(
          Finding.about(
              "DATABASE",
              "old-folder-name",
              "The folder of the files has the name that very old viewers gave it."));
    }
    requireFolder(database);
    for (String name : List.of("REPORTS", "ROIs", "INCOMING.noindex")) {
      if (isAlias(data.resolve(name))) {
        findings.add(
            Finding.about(
                name,
                "finder-alias",
                "This is a Finder alias, which only macOS can follow; what it leads to is not read."));
      }
    }
    return new LibraryFolders(base, data, database, findings);
  }

  private static SerdabException notThere(Path given) {
    if (isAlias(given)) {
      return new SerdabException.Unavailable(
          new Problem(
              "library-is-alias",
              given + " is a Finder alias, which only macOS can follow.",
              "Give the folder it leads to."));
    }
    long inside =
        LIBRARY_NAMES.stream().filter(name -> looksLikeLibrary(given.resolve(name))).count();
    if (inside > 1) {
      return new SerdabException.Misconfigured(
          new Problem(
              "two-libraries",
              given + " holds both a Horos and an OsiriX library.",
              "Give the folder of the one you mean."));
    }
    return new SerdabException.Unavailable(
        new Problem(
            "library-not-there",
            "There is no Horos or OsiriX library at " + given + ".",
            "Mount its volume, or correct the path."));
  }

  private static Path dataFolder(Path base) {
    Path pointer = base.resolve(POINTER);
    if (!Files.isRegularFile(pointer)) {
      return base;
    }
    String target;
    try (InputStream in = Files.newInputStream(pointer)) {
      target = new String(in.readNBytes(POINTER_BYTES_MAX), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "pointer-unreadable",
              POINTER + " in " + base + " cannot be read.",
              "Check the volume and its permissions."),
          e);
    }
    if (target.isEmpty()) {
      return base;
    }
    try {
      Path data = Path.of(target);
      if (data.isAbsolute() && Files.isDirectory(data)) {
        return data;
      }
    } catch (InvalidPathException e) {
      // Reported below, like any other path that leads nowhere.
    }
    throw new SerdabException.Unavailable(
        new Problem(
            "data-folder-not-there",
            POINTER + " in " + base + " names a folder that is not there: " + target + ".",
            "Mount its volume. The library is not treated as empty.",
            Map.of("target", target)));
  }

  private static void requireFolder(Path database) {
    if (Files.isDirectory(database)) {
      return;
    }
    if (isAlias(database)) {
      throw new SerdabException.Unavailable(
          new Problem(
              "database-folder-is-alias",
              database + " is a Finder alias, which only macOS can follow.",
              "Replace it by a symbolic link: the viewer follows both."));
    }
    throw new SerdabException.Unavailable(
        new Problem(
            "database-folder-not-there",
            "The library's folder of files is not there: " + database + ".",
            "Mount its volume. The library is not treated as empty."));
  }

  /// Whether this is a Finder alias: a regular file where the viewer sees what it leads to.
  static boolean isAlias(Path path) {
    if (!Files.isRegularFile(path)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(path)) {
      return Arrays.equals(in.readNBytes(ALIAS_MAGIC.length), ALIAS_MAGIC);
    } catch (IOException e) {
      return false;
    }
  }

  /// Whether any file lies in a numbered folder.
  boolean holdsFiles() throws IOException {
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(database, Files::isDirectory)) {
      for (Path folder : folders) {
        if (NUMBERED.matcher(folder.getFileName().toString()).matches()) {
          try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            if (files.iterator().hasNext()) {
              return true;
            }
          }
        }
      }
    }
    return false;
  }

  /// The library's name in keys: its kind, and eight digits that stand for where it is.
  String name() {
    Path path = base.toAbsolutePath().normalize();
    String kind = path.endsWith("OsiriX Data") ? "osirix-" : "horos-";
    byte[] id = HorosSource.id(this).value().getBytes(StandardCharsets.UTF_8);
    return kind + Sha256.digest(id).hex().substring(0, 8);
  }

  Path indexFile() {
    return base.resolve(INDEX);
  }
}
