package serdab.catalogue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
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
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.sqlite.util.LibraryLoaderUtil;

/// Keeps SQLite's native library unpacked between starts.
///
/// The driver unpacks it into the temporary folder at every start, compares it with itself and
/// deletes it at the end; that is more than half of the time that a short command takes. Kept in a
/// folder of its owner's, it is only loaded. Whatever looks wrong is left alone, and the driver
/// unpacks as ever.
public final class SqliteLibrary {

  /// The release of the driver. It stands here, and a test compares it, because asking the driver
  /// takes longer than all the rest.
  static final String DRIVER = "3.54.1.0";

  private static final String PATH_PROPERTY = "org.sqlite.lib.path";
  private static final String NAME_PROPERTY = "org.sqlite.lib.name";

  /// Ends the length in the library's file name. A file of another length was cut short.
  private static final char AFTER_LENGTH = '-';

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
      Optional<Path> library = unpackedIn(folder);
      if (library.isPresent()) {
        System.setProperty(PATH_PROPERTY, library.get().resolveSibling("").toString());
        System.setProperty(NAME_PROPERTY, library.get().getFileName().toString());
      }
    } catch (IOException | RuntimeException e) {
      // Only speed is lost: the driver finds its own way.
    }
  }

  /// The library, unpacked; empty when the folder is not to be trusted, or when the driver has none
  /// for this system.
  static Optional<Path> unpackedIn(Path folder) throws IOException {
    // One folder per release and system: none ever loads the library of another.
    Path mine =
        folder.resolve("sqlite-" + DRIVER + "-" + property("os.name") + "-" + property("os.arch"));
    Owner owner = Owner.of(mine);
    owner.makeFolder(mine);
    if (!owner.ownsAlone(folder, true) || !owner.ownsAlone(mine, true)) {
      return Optional.empty();
    }
    String name = System.mapLibraryName("sqlitejdbc");
    try (DirectoryStream<Path> kept = Files.newDirectoryStream(mine)) {
      for (Path path : kept) {
        if (isWhole(path, name) && owner.ownsAlone(path, false)) {
          return Optional.of(path);
        }
      }
    }
    return unpack(mine, name, owner);
  }

  private static String property(String name) {
    StringBuilder plain = new StringBuilder();
    for (char c : System.getProperty(name, "").toLowerCase(Locale.ROOT).toCharArray()) {
      plain.append((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_');
    }
    return plain.toString();
  }

  private static boolean isWhole(Path path, String name) throws IOException {
    String fileName = path.getFileName().toString();
    int end = fileName.indexOf(AFTER_LENGTH);
    return end > 0
        && fileName.substring(end + 1).equals(name)
        && Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        && fileName.substring(0, end).equals(Long.toString(Files.size(path)));
  }

  private static Optional<Path> unpack(Path mine, String name, Owner owner) throws IOException {
    String packed =
        LibraryLoaderUtil.getNativeLibResourcePath() + "/" + LibraryLoaderUtil.getNativeLibName();
    try (InputStream in = SqliteLibrary.class.getResourceAsStream(packed)) {
      if (in == null) {
        return Optional.empty();
      }
      Path beside = owner.makeFile(mine);
      try {
        long lengthBytes;
        try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE);
            OutputStream out = Channels.newOutputStream(channel)) {
          lengthBytes = in.transferTo(out);
          channel.force(true);
        }
        Path library = mine.resolve(Long.toString(lengthBytes) + AFTER_LENGTH + name);
        Files.move(beside, library, StandardCopyOption.ATOMIC_MOVE);
        return Optional.of(library);
      } finally {
        Files.deleteIfExists(beside);
      }
    }
  }

  /// Whose folder it has to be.
  ///
  /// @param me who runs this program; empty where files have no owner and mode, as on Windows,
  ///   where a person's own folders are closed to others anyway
  private record Owner(Optional<UserPrincipal> me) {

    static Owner of(Path path) throws IOException {
      if (!path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        return new Owner(Optional.empty());
      }
      return new Owner(
          Optional.of(
              path.getFileSystem()
                  .getUserPrincipalLookupService()
                  .lookupPrincipalByName(System.getProperty("user.name", ""))));
    }

    void makeFolder(Path folder) throws IOException {
      if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
        return;
      }
      if (me.isPresent()) {
        Files.createDirectories(folder, FOLDER_MODE);
      } else {
        Files.createDirectories(folder);
      }
    }

    Path makeFile(Path folder) throws IOException {
      return me.isPresent()
          ? Files.createTempFile(folder, "unpacking", ".part", FILE_MODE)
          : Files.createTempFile(folder, "unpacking", ".part");
    }

    boolean ownsAlone(Path path, boolean folder) throws IOException {
      if (me.isEmpty()) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) == folder;
      }
      PosixFileAttributes attributes =
          Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return attributes.isDirectory() == folder
          && !attributes.isSymbolicLink()
          && attributes.owner().equals(me.get())
          && !attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
          && !attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
    }
  }
}
