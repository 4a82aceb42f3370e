package serdab.catalogue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import java.util.Set;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;

/// Keeps SQLite's native library unpacked between starts.
///
/// The driver unpacks it into the temporary folder at every start, compares it with itself and
/// deletes it at the end; that is more than half of the time that a short command takes. Kept in a
/// folder of its owner's, it is only loaded. Whatever looks wrong is left alone, and the driver
/// unpacks as ever.
public final class SqliteLibrary {

  private static final String PATH_PROPERTY = "org.sqlite.lib.path";
  private static final String NAME_PROPERTY = "org.sqlite.lib.name";

  private static final FileAttribute<Set<PosixFilePermission>> FOLDER_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> FILE_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private SqliteLibrary() {}

  /// Makes the driver load its library from this folder, and puts it there when it is missing. Call
  /// it before SQLite is used first; later calls do nothing.
  ///
  /// The folder is made readable by its owner only. One that belongs to somebody else, or that
  /// others may write to, is not used: it could hold a library that is not ours.
  public static synchronized void keepIn(Path folder) {
    if (System.getProperty(PATH_PROPERTY) != null) {
      return;
    }
    try {
      unpackedIn(folder)
          .ifPresent(library -> {
            System.setProperty(PATH_PROPERTY, library.getParent().toString());
            System.setProperty(NAME_PROPERTY, library.getFileName().toString());
          });
    } catch (IOException | RuntimeException e) {
      // Only speed is lost: the driver finds its own way.
    }
  }

  /// The library, unpacked; empty when the folder is not to be trusted, or when the driver has none
  /// for this system.
  static Optional<Path> unpackedIn(Path folder) throws IOException {
    String name = LibraryLoaderUtil.getNativeLibName();
    URL packed =
        SqliteLibrary.class.getResource(LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name);
    if (packed == null) {
      return Optional.empty();
    }
    // One folder per release of the driver: another release never loads this one's library.
    Path mine = folder.resolve("sqlite-" + SQLiteJDBCLoader.getVersion());
    Path library = mine.resolve(name);
    return unpack(packed, mine, library) ? Optional.of(library) : Optional.empty();
  }

  private static boolean unpack(URL packed, Path mine, Path library) throws IOException {
    boolean posix = mine.getFileSystem().supportedFileAttributeViews().contains("posix");
    if (!Files.isDirectory(mine, LinkOption.NOFOLLOW_LINKS)) {
      if (posix) {
        Files.createDirectories(mine, FOLDER_MODE);
      } else {
        Files.createDirectories(mine);
      }
    }
    if (!Files.isDirectory(mine, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    if (posix && !(isOursAlone(mine.getParent()) && isOursAlone(mine))) {
      return false;
    }
    URLConnection connection = packed.openConnection();
    connection.setUseCaches(false);
    try (InputStream in = connection.getInputStream()) {
      // A length that differs means that a write was cut short, or that the release changed.
      if (isWhole(library, connection.getContentLengthLong(), posix)) {
        return true;
      }
      Path beside =
          posix
              ? Files.createTempFile(mine, "unpacking", ".part", FILE_MODE)
              : Files.createTempFile(mine, "unpacking", ".part");
      try {
        try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE);
            OutputStream out = Channels.newOutputStream(channel)) {
          in.transferTo(out);
          channel.force(true);
        }
        Files.move(beside, library, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(beside);
      }
    }
    return true;
  }

  private static boolean isWhole(Path library, long lengthBytes, boolean posix) throws IOException {
    return Files.isRegularFile(library, LinkOption.NOFOLLOW_LINKS)
        && Files.size(library) == lengthBytes
        && (!posix || isOursAlone(library));
  }

  private static boolean isOursAlone(Path path) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    UserPrincipal me =
        path.getFileSystem()
            .getUserPrincipalLookupService()
            .lookupPrincipalByName(System.getProperty("user.name", ""));
    return attributes.owner().equals(me)
        && !attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
        && !attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
  }
}
