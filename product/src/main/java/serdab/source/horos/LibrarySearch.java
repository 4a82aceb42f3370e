package serdab.source.horos;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// Looks for viewers' libraries where people have them. Looks at names of folders only, and for so
/// long only: a volume that does not answer is left out.
public final class LibrarySearch {

  private static final List<String> NAMES =
      List.of("Horos Data", "OsiriX Data", "Horos Data.nosync", "OsiriX Data.nosync");

  private static final int FOUND_MAX = 100;

  /// Names that are looked at in one folder.
  private static final int NAMES_MAX = 500;

  /// Folders that are looked at below one place.
  private static final int FOLDERS_MAX = 5000;

  private final Path home;
  private final List<Place> places;
  private final long nanosMax;
  private final LongSupplier nanoTime;

  /// A folder to look below, such as `/Volumes`.
  ///
  /// @param depth how many levels down a library's parent may be; 0 is the folder itself
  public record Place(Path folder, int depth) {}

  /// @param home the user's own folder; libraries are looked for in its Documents, and where the
  ///   viewers' preferences in it say that they are
  /// @param places where else to look
  /// @param nanosMax how long one place may take
  /// @param nanoTime a clock of nanoseconds
  public LibrarySearch(Path home, List<Place> places, long nanosMax, LongSupplier nanoTime) {
    this.home = home;
    this.places = List.copyOf(places);
    this.nanosMax = nanosMax;
    this.nanoTime = nanoTime;
  }

  /// Where volumes are on macOS and on Linux.
  public static List<Place> usualPlaces() {
    return List.of(
        new Place(Path.of("/Volumes"), 2),
        new Place(Path.of("/media"), 3),
        new Place(Path.of("/run/media"), 3),
        new Place(Path.of("/mnt"), 2));
  }

  /// The folders of all libraries found, each once: those of the preferences first, then those in
  /// Documents, then the others in the order of the places and of their names.
  public List<Path> find() {
    Map<Path, Path> found = new LinkedHashMap<>();
    for (ViewerPreferences preferences : ViewerPreferences.find(home)) {
      for (Path location : preferences.libraryLocations()) {
        look(List.of(new Place(location, 0)), found);
      }
    }
    look(List.of(new Place(home.resolve("Documents"), 0)), found);
    for (Place place : places) {
      look(List.of(place), found);
    }
    return List.copyOf(found.values());
  }

  /// Looks in a thread of its own, which is left behind when a volume keeps it waiting.
  private void look(List<Place> where, Map<Path, Path> found) {
    BlockingQueue<List<Path>> answer = new ArrayBlockingQueue<>(1);
    Thread.ofPlatform()
        .name("library-search")
        .daemon(true)
        .start(() -> {
          List<Path> libraries = new ArrayList<>();
          long begun = nanoTime.getAsLong();
          for (Place place : where) {
            int[] folders = {0};
            descend(place.folder(), place.depth(), begun, folders, libraries);
          }
          boolean _ = answer.offer(libraries);
        });
    try {
      List<Path> libraries = answer.poll(nanosMax, TimeUnit.NANOSECONDS);
      if (libraries != null) {
        libraries.forEach(library -> found.putIfAbsent(real(library), library));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void descend(Path folder, int depth, long begun, int[] folders, List<Path> found) {
    if (++folders[0] > FOLDERS_MAX
        || found.size() >= FOUND_MAX
        || nanoTime.getAsLong() - begun > nanosMax) {
      return;
    }
    if (isLibrary(folder)) {
      found.add(folder);
      return;
    }
    for (String name : NAMES) {
      Path library = folder.resolve(name);
      if (isLibrary(library)) {
        found.add(library);
      }
    }
    if (depth == 0) {
      return;
    }
    for (Path inside : foldersIn(folder)) {
      // A library has no libraries in it, only numbered folders of many files.
      if (!NAMES.contains(String.valueOf(inside.getFileName()))) {
        descend(inside, depth - 1, begun, folders, found);
      }
    }
  }

  private static boolean isLibrary(Path folder) {
    return NAMES.contains(String.valueOf(folder.getFileName()))
        && LibraryFolders.find(folder).filter(folder::equals).isPresent();
  }

  private static List<Path> foldersIn(Path folder) {
    List<Path> inside = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      int looked = 0;
      for (Path each : all) {
        if (++looked > NAMES_MAX) {
          break;
        }
        String name = String.valueOf(each.getFileName());
        // The system's disk is shown a second time in /Volumes, through a link.
        if (!name.startsWith(".") && Files.isDirectory(each, LinkOption.NOFOLLOW_LINKS)) {
          inside.add(each);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Not there, or not permitted: nothing is found in it.
      return List.of();
    }
    inside.sort(null);
    return inside;
  }

  private static Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException e) {
      return folder;
    }
  }
}
