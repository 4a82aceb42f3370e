package serdab.source.horos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.PrivateFolder;

/// A library into which studies are brought back, through its INCOMING folder. Its index is read,
/// from private copies, and never written. One thread at a time.
public final class ViewerLibrary {

  private static final String INCOMING = "INCOMING.noindex";

  private final LibraryFolders folders;
  private final Path workFolder;
  private final InstantSource clock;
  private final Sleeper sleeper;

  private ViewerLibrary(
      LibraryFolders folders, Path workFolder, InstantSource clock, Sleeper sleeper) {
    this.folders = folders;
    this.workFolder = workFolder;
    this.clock = clock;
    this.sleeper = sleeper;
  }

  /// Whether a folder has one of the two names by which viewers know a library.
  public static boolean hasLibraryName(Path folder) {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return name != null && LibraryFolders.LIBRARY_NAMES.contains(name.toString());
  }

  /// Whether a folder is a viewer's library, whatever it is called.
  public static boolean isLibrary(Path folder) {
    return LibraryFolders.looksLikeLibrary(folder);
  }

  /// Opens a library that is there.
  ///
  /// @param library the library's own folder, by its exact name: a viewer that is given another
  ///   makes an empty library beside it
  /// @param workFolder where private copies of the index are made
  /// @throws SerdabException.Misconfigured when the folder has another name, or belongs to another
  ///   user than this process: the viewer could not take in what it may not read
  /// @throws SerdabException.Unavailable when it is not there
  public static ViewerLibrary open(
      Path library, Path workFolder, InstantSource clock, Sleeper sleeper) {
    if (!hasLibraryName(library)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "not-a-library-name",
              library + " is not called \"Horos Data\" or \"OsiriX Data\", as viewers want it.",
              LibraryFolders.find(library)
                  .map(inside -> "Give the library itself: horos:" + inside)
                  .orElse("Give the folder of the library itself.")));
    }
    LibraryFolders folders = LibraryFolders.open(library);
    ViewerLibrary opened = new ViewerLibrary(folders, workFolder, clock, sleeper);
    opened.refuseAliases();
    opened.requireItsUser();
    return opened;
  }

  private void refuseAliases() {
    if (LibraryFolders.isAlias(incoming())) {
      throw new SerdabException.Unavailable(
          new Problem(
              "incoming-is-alias",
              incoming() + " is a Finder alias, which only macOS can follow.",
              "Replace it by a symbolic link: the viewer follows both."));
    }
  }

  private void requireItsUser() {
    try {
      UserPrincipal owner = Files.getOwner(folders.data());
      UserPrincipal user =
          FileSystems.getDefault()
              .getUserPrincipalLookupService()
              .lookupPrincipalByName(System.getProperty("user.name", ""));
      if (!owner.equals(user)) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "not-the-viewers-user",
                "The library belongs to the user "
                    + owner.getName()
                    + "; what another user drops into it, the viewer may not be able to read.",
                "Run this as the user " + owner.getName() + "."));
      }
    } catch (IOException | UnsupportedOperationException e) {
      // A volume without owners tells nothing.
    }
  }

  /// The library's folder.
  public Path folder() {
    return folders.base();
  }

  /// Where files are dropped; it may not be there yet.
  public Path incoming() {
    return folders.data().resolve(INCOMING);
  }

  /// Makes the INCOMING folder when the library has none: the viewer makes it at its next start, as
  /// it makes all its folders, and takes in what lies there already.
  public void makeIncoming() {
    try {
      if (!Files.isDirectory(incoming())) {
        Files.createDirectory(incoming());
      }
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "incoming-failed",
              "The folder " + INCOMING + " cannot be made in the library.",
              "Check that its volume is mounted and may be written to."),
          e);
    }
  }

  /// The size of the volume on which INCOMING is; a very large number where it does not say.
  public long volumeBytes() {
    try {
      FileStore volume = Files.getFileStore(folders.data());
      long bytes = volume.getTotalSpace();
      return bytes > 0 ? bytes : Long.MAX_VALUE;
    } catch (IOException e) {
      return Long.MAX_VALUE;
    }
  }

  /// What the library holds now, from a private copy of its index; empty when it has no index that
  /// can be used, which the viewer then builds anew from the files. Close it.
  ///
  /// @throws SerdabException.Unavailable when the index is busy or cannot be reached
  public Optional<Contents> contents() {
    if (!Files.exists(folders.indexFile())) {
      return Optional.empty();
    }
    Path privateFolder = null;
    try {
      privateFolder = PrivateFolder.create(workFolder, "index");
      Path snapshots = Files.createDirectory(privateFolder.resolve("snapshot"));
      IndexSnapshot.Outcome outcome =
          new IndexSnapshot(clock, sleeper).take(folders.indexFile(), snapshots);
      Optional<Contents> contents =
          outcome instanceof IndexSnapshot.Outcome.Taken taken
              ? contents(taken.copy(), privateFolder)
              : Optional.empty();
      if (contents.isEmpty()) {
        PrivateFolder.delete(privateFolder);
      }
      return contents;
    } catch (IOException | UncheckedIOException e) {
      delete(privateFolder);
      throw new SerdabException.Unavailable(
          new Problem(
              "index-unreachable",
              "The library's index cannot be read: " + folders.indexFile() + ".",
              "Check that its volume is mounted and may be read."),
          e);
    } catch (RuntimeException e) {
      delete(privateFolder);
      throw e;
    }
  }

  private static void delete(@org.jspecify.annotations.Nullable Path privateFolder) {
    if (privateFolder != null) {
      PrivateFolder.delete(privateFolder);
    }
  }

  private Optional<Contents> contents(Path copy, Path privateFolder) {
    Workbook workbook = Workbook.create(privateFolder.resolve("notes.sqlite"), Optional.of(copy));
    try {
      IndexSchema schema = IndexSchema.of(workbook.connection());
      if (schema.leadsFromStudiesToFiles()
          && schema.has(IndexSchema.STUDY, "ZSTUDYINSTANCEUID")
          && schema.has(IndexSchema.IMAGE, "ZCOMPRESSEDSOPINSTANCEUID")) {
        FileLocator locator = new FileLocator(folders, java.util.OptionalInt.empty());
        return Optional.of(new Contents(workbook, schema, locator, privateFolder));
      }
      workbook.close();
      return Optional.empty();
    } catch (SQLException e) {
      workbook.close();
      throw Workbook.failed(e);
    } catch (RuntimeException e) {
      workbook.close();
      throw e;
    }
  }

  /// A library's index at one moment. One thread at a time.
  public static final class Contents implements AutoCloseable {

    private final Workbook workbook;
    private final IndexSchema schema;
    private final FileLocator locator;
    private final Path privateFolder;

    private Contents(
        Workbook workbook, IndexSchema schema, FileLocator locator, Path privateFolder) {
      this.workbook = workbook;
      this.schema = schema;
      this.locator = locator;
      this.privateFolder = privateFolder;
    }

    /// Those of a study's instances that the index lists and whose files are there. A row whose
    /// file is missing does not count: dropping the file heals it.
    ///
    /// @param sopInstanceUids the instances that are asked for
    public Set<String> held(String studyInstanceUid, Set<String> sopInstanceUids) {
      Map<String, String> wanted = new HashMap<>();
      sopInstanceUids.forEach(uid -> wanted.put(packed(uid), uid));
      Set<String> held = new HashSet<>();
      try (PreparedStatement statement =
          workbook.prepare(
              "SELECT i.ZCOMPRESSEDSOPINSTANCEUID, %s, %s FROM lib.ZSTUDY t JOIN lib.ZSERIES s ON"
                      .formatted(schema.fileName("i"), schema.inLibraryFlag("i"))
                  + " s.ZSTUDY = t.Z_PK JOIN lib.ZIMAGE i ON i.ZSERIES = s.Z_PK WHERE"
                  + " t.ZSTUDYINSTANCEUID = ?")) {
        statement.setString(1, studyInstanceUid);
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            byte[] uid = rows.getBytes(1);
            String found = uid == null ? null : wanted.get(HexFormat.of().formatHex(uid));
            if (found != null && !held.contains(found) && isThere(rows)) {
              held.add(found);
            }
          }
        }
        return held;
      } catch (SQLException e) {
        throw Workbook.failed(e);
      }
    }

    private boolean isThere(ResultSet row) throws SQLException {
      String name = row.getString(2);
      boolean inLibrary = row.getObject(3) == null || row.getLong(3) != 0;
      return locator.locate(name == null ? "" : name, inLibrary)
          instanceof FileLocator.Located.Found;
    }

    @Override
    public void close() {
      workbook.close();
      PrivateFolder.delete(privateFolder);
    }
  }

  /// How the index holds a SOP Instance UID, in hexadecimal: two characters in a byte, the first in
  /// the high half; digits are 1 to 10, the dot is 11, the end is filled with 0.
  static String packed(String uid) {
    byte[] packed = new byte[(uid.length() + 1) / 2];
    for (int i = 0; i < uid.length(); i++) {
      char c = uid.charAt(i);
      int half = c == '.' ? 11 : (c - '0' + 1) & 0xF;
      packed[i / 2] |= (byte) (i % 2 == 0 ? half << 4 : half);
    }
    return HexFormat.of().formatHex(packed);
  }
}
