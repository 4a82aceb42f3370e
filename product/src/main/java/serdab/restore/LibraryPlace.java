package serdab.restore;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.source.horos.LibraryIndex;

/// Where a file of a backup goes in a new library: the rules of the viewer's folder, without any
/// disk.
sealed interface LibraryPlace {

  /// Its path in the library.
  record InPlace(String path) implements LibraryPlace {}

  /// Into INCOMING.noindex, where the viewer takes it in at its first start.
  record Incoming() implements LibraryPlace {}

  /// Into the folder beside the library.
  record Beside(String path) implements LibraryPlace {}

  /// Nowhere: in another library, or at another time, it would do harm.
  record Never(String reason) implements LibraryPlace {}

  /// Files in a numbered folder: the number and its extension.
  Pattern NUMBERED = Pattern.compile("[1-9]\\d{0,9}(\\..*)?");

  String IMAGES = "DATABASE.noindex";

  /// The folder of the files under the name that very old viewers gave it.
  String OLD_IMAGES = "DATABASE";

  /// Where backups show the index folder of a library whose files were elsewhere.
  String INDEX_FOLDER = "index-folder/";

  String POINTER = "DBFOLDER_LOCATION";

  /// Belong to one moment of one index. Beside another main file they show wrong data silently.
  Pattern SIDE_FILE = Pattern.compile("(?i).*\\.sql[0-9]?-(wal|shm|journal)");

  /// Markers and queues of a viewer at work. The queue names files that a viewer deletes at start.
  Set<String> OF_A_MOMENT =
      Set.of(
          "loading",
          "thumbnailpath",
          "deletequeuefile.plist",
          "database3.sql",
          "database.sql.dump",
          ".dump.sql");

  /// What the viewer empties, or takes in by itself.
  Set<String> PASSING =
      Set.of(
          "INCOMING.noindex",
          "TEMP.noindex",
          "DECOMPRESSION.noindex",
          "TOBEINDEXED.noindex",
          "DUMP");

  /// Where backups show files from outside the library, and files of names that none can have.
  List<String> OUTSIDE = List.of("linked/", "unusable-names/");

  /// Decides.
  ///
  /// @param rows the study's files by name, with their instances, from the index; empty when the
  ///   library is restored without one
  /// @param folderSize files per numbered folder
  static LibraryPlace of(
      StudyKey key, StoredFile file, Optional<Map<String, List<String>>> rows, int folderSize) {
    Optional<Groups.Group> group = Groups.of(key);
    String path = file.path();
    if (path.startsWith(INDEX_FOLDER)) {
      path = path.substring(INDEX_FOLDER.length());
    }
    if (group.isPresent()) {
      String name = group.get().name();
      if (name.equals("made") || name.equals("index-damaged")) {
        return new Beside(name + "/" + path);
      }
      if (path.equals("index-copy.json")) {
        return new Beside("made/" + path);
      }
    }
    return ofPath(path, file, group.isPresent(), rows, folderSize);
  }

  private static LibraryPlace ofPath(
      String path,
      StoredFile file,
      boolean ofGroup,
      Optional<Map<String, List<String>>> rows,
      int folderSize) {
    String[] parts = path.split("/", -1);
    String top = parts[0];
    if (SIDE_FILE.matcher(path).matches()) {
      return new Never("a side file of another moment of the index");
    }
    if (parts.length == 1) {
      if (OF_A_MOMENT.contains(top.toLowerCase(Locale.ROOT))) {
        return new Never("it belongs to a moment of the viewer's work");
      }
      if (top.equalsIgnoreCase(POINTER)) {
        return new Never("it leads to the place where the files were");
      }
      if (top.equalsIgnoreCase(LibraryIndex.FILE_NAME)) {
        return new Never("another copy of the index");
      }
    }
    if (top.equals(IMAGES) || (top.equals(OLD_IMAGES) && parts.length > 1)) {
      return ofImage(parts, file, ofGroup, rows, folderSize);
    }
    boolean isOutside = OUTSIDE.stream().anyMatch(path::startsWith);
    if (isOutside || PASSING.contains(top)) {
      return takenInOrBeside(path, file);
    }
    return new InPlace(path);
  }

  private static LibraryPlace ofImage(
      String[] parts,
      StoredFile file,
      boolean ofGroup,
      Optional<Map<String, List<String>>> rows,
      int folderSize) {
    String name = parts[parts.length - 1];
    Matcher numbered = NUMBERED.matcher(name);
    // The viewer deletes a numbered folder in which no name begins with a number, and its rebuild
    // looks one level deep.
    if (parts.length != 3 || !numbered.matches()) {
      return takenInOrBeside(String.join("/", parts), file);
    }
    LibraryPlace place =
        new InPlace(IMAGES + "/" + LibraryIndex.folderOf(name, folderSize) + "/" + name);
    boolean isDicom = ViewerRestore.canBeDropped(file);
    if (rows.isEmpty() || !isDicom) {
      return place;
    }
    // Nobody sees a file that no row names; through INCOMING the viewer makes one.
    return !ofGroup && isNamedBy(rows.get(), name, file) ? place : new Incoming();
  }

  private static boolean isNamedBy(Map<String, List<String>> rows, String name, StoredFile file) {
    List<String> uids = rows.get(name);
    if (uids == null) {
      return false;
    }
    // The viewer gives numbers again after it deleted the highest: a row can mean another file.
    return uids.isEmpty()
        || file.instance()
            .filter(facts -> uids.contains(LibraryIndex.packed(facts.sop())))
            .isPresent();
  }

  private static LibraryPlace takenInOrBeside(String path, StoredFile file) {
    return ViewerRestore.canBeDropped(file) ? new Incoming() : new Beside("not placed/" + path);
  }
}
