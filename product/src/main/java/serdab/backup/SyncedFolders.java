package serdab.backup;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import serdab.Problem;

/// Whether a folder lies in one that a cloud service keeps in step with its servers. Such a service
/// moves files out of the way, brings old ones back and deletes on one machine what was deleted on
/// another, which has cost people whole libraries. Looks only, and says only what is sure: a folder
/// that nothing speaks for may be synced all the same.
public final class SyncedFolders {

  /// Names that are looked at in one folder, in search of files that a service has moved out.
  private static final int NAMES_MAX = 2000;

  private static final int ANCESTORS_MAX = 64;

  /// A file that iCloud has moved out leaves `.NAME.icloud` in its place.
  private static final Pattern PLACEHOLDER = Pattern.compile("\\..+\\.icloud");

  /// A folder with this ending stays on its Mac.
  private static final String NOT_SYNCED = ".nosync";

  private static final String ICLOUD = "iCloud Drive";
  private static final String DROPBOX = "Dropbox";
  private static final String ONEDRIVE = "OneDrive";
  private static final String GOOGLE = "Google Drive";

  /// What gives a service away. Names are compared without regard to case.
  private sealed interface Sign {
    String service();

    /// Folders of these names below the home folder, one in the other; the last is a pattern.
    record BelowHome(String service, List<String> names) implements Sign {}

    /// Folders of these names anywhere, one in the other.
    record Anywhere(String service, List<String> names) implements Sign {}

    /// A folder that holds a file, or a folder, of this name.
    record Marker(String service, String name, boolean folder) implements Sign {}

    /// A folder below home that the service shows inside its own.
    record ShownIn(String service, String name, List<String> place) implements Sign {}
  }

  private static final List<String> CLOUD_DOCS =
      List.of("Library", "Mobile Documents", "com~apple~CloudDocs");

  /// From the surest and narrowest to the widest.
  private static final List<Sign> SIGNS =
      List.of(
          new Sign.BelowHome(ICLOUD, List.of("Library", "Mobile Documents")),
          new Sign.BelowHome(DROPBOX, List.of("Library", "CloudStorage", "Dropbox.*")),
          new Sign.BelowHome(ONEDRIVE, List.of("Library", "CloudStorage", "OneDrive.*")),
          new Sign.BelowHome(GOOGLE, List.of("Library", "CloudStorage", "GoogleDrive.*")),
          new Sign.BelowHome("Box", List.of("Library", "CloudStorage", "Box.*")),
          new Sign.BelowHome("a cloud service", List.of("Library", "CloudStorage", ".+")),
          new Sign.BelowHome(
              GOOGLE, List.of("Library", "Application Support", "Google", "DriveFS")),
          new Sign.BelowHome(GOOGLE, List.of("AppData", "Local", "Google", "DriveFS")),
          new Sign.ShownIn(ICLOUD, "Documents", CLOUD_DOCS),
          new Sign.ShownIn(ICLOUD, "Desktop", CLOUD_DOCS),
          new Sign.BelowHome(DROPBOX, List.of("Dropbox( \\(.+\\))?")),
          new Sign.BelowHome(ONEDRIVE, List.of("OneDrive( - .+)?")),
          new Sign.BelowHome(GOOGLE, List.of("Google Drive")),
          new Sign.BelowHome(ICLOUD, List.of("iCloudDrive")),
          new Sign.Anywhere(GOOGLE, List.of("Volumes", "GoogleDrive")),
          new Sign.Anywhere(ICLOUD, List.of("Library", "Mobile Documents", "com~apple~CloudDocs")),
          // In the home folder itself Dropbox keeps its settings in a folder named so.
          new Sign.Marker(DROPBOX, ".dropbox", false),
          new Sign.Marker(DROPBOX, ".dropbox.cache", true));

  private final Path home;

  /// Looks from one user's point of view.
  ///
  /// @param home the user's home folder
  public SyncedFolders(Path home) {
    this.home = real(home);
  }

  /// A folder that is kept in step.
  ///
  /// @param service by whom, as people know it
  /// @param folder its top folder
  /// @param evicted whether files in the folder asked about were moved out to the service
  public record Synced(String service, Path folder, boolean evicted) {

    /// A warning about the folder that studies are read from.
    public Problem sourceWarning(Path source) {
      String first =
          "The source "
              + source
              + " lies in "
              + folder
              + ", which "
              + service
              + " keeps in step with its servers: this has damaged libraries.";
      String then =
          evicted
              ? " Some of its files were moved out to the service and are not on this disk; they"
                  + " cannot be copied until they are downloaded again."
              : service.equals(ICLOUD)
                  ? " It may move files out to its servers; those count as offline."
                  : "";
      return new Problem(
          "source-in-synced-folder",
          first + then,
          "Move the library to a folder that is not synced.");
    }

    /// A warning about a folder that copies are written to.
    public Problem destinationWarning(Path destination) {
      return new Problem(
          "destination-in-synced-folder",
          "The destination "
              + destination
              + " lies in "
              + folder
              + ", which "
              + service
              + " keeps in step with its servers: it uploads every copy, and what is deleted"
              + " elsewhere is deleted here.",
          "Choose a folder that is not synced.");
    }
  }

  /// By whom a folder is kept in step, as far as it is sure; links are followed.
  ///
  /// @param folder need not exist
  public Optional<Synced> of(Path folder) {
    Set<Path> paths = new LinkedHashSet<>();
    paths.add(folder.toAbsolutePath().normalize());
    paths.add(real(folder));
    boolean evicted = paths.stream().anyMatch(SyncedFolders::holdsPlaceholders);
    for (Path path : paths) {
      if (namesOf(path).stream().anyMatch(name -> name.endsWith(NOT_SYNCED))) {
        continue;
      }
      for (Sign sign : SIGNS) {
        Optional<Path> top = top(sign, path);
        if (top.isPresent()) {
          return Optional.of(new Synced(sign.service(), top.get(), evicted));
        }
      }
    }
    return evicted
        ? Optional.of(new Synced(ICLOUD, folder.toAbsolutePath().normalize(), true))
        : Optional.empty();
  }

  private Optional<Path> top(Sign sign, Path path) {
    return switch (sign) {
      case Sign.BelowHome below -> at(home, below.names(), path);
      case Sign.Anywhere anywhere -> anywhere(anywhere.names(), path);
      case Sign.Marker marker -> marked(marker, path);
      case Sign.ShownIn shown -> {
        Path there = home;
        for (String name : shown.place()) {
          there = there.resolve(name);
        }
        yield Files.exists(there.resolve(shown.name()), LinkOption.NOFOLLOW_LINKS)
            ? at(home, List.of(shown.name()), path)
            : Optional.empty();
      }
    };
  }

  /// The folder of these names below another, when the path is it or lies in it.
  private static Optional<Path> at(Path top, List<String> names, Path path) {
    int first = top.getNameCount();
    if (!path.startsWith(top) || path.getNameCount() < first + names.size()) {
      return Optional.empty();
    }
    Path found = top;
    for (int i = 0; i < names.size(); i++) {
      String name = path.getName(first + i).toString();
      if (!Pattern.compile(names.get(i), Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE)
          .matcher(name)
          .matches()) {
        return Optional.empty();
      }
      found = found.resolve(name);
    }
    return Optional.of(found);
  }

  private static Optional<Path> anywhere(List<String> names, Path path) {
    Path root = path.getRoot();
    List<String> parts = namesOf(path);
    for (int i = 0; root != null && i + names.size() <= parts.size(); i++) {
      List<String> part = parts.subList(i, i + names.size());
      boolean same = true;
      for (int j = 0; j < names.size(); j++) {
        same &= part.get(j).equals(names.get(j).toLowerCase(Locale.ROOT));
      }
      if (same) {
        return Optional.of(root.resolve(path.subpath(0, i + names.size())));
      }
    }
    return Optional.empty();
  }

  private Optional<Path> marked(Sign.Marker marker, Path path) {
    Path at = path;
    for (int i = 0; i < ANCESTORS_MAX && at != null; i++) {
      Path sign = at.resolve(marker.name());
      boolean there =
          marker.folder()
              ? Files.isDirectory(sign, LinkOption.NOFOLLOW_LINKS)
              : Files.isRegularFile(sign, LinkOption.NOFOLLOW_LINKS);
      if (there && !at.equals(home)) {
        return Optional.of(at);
      }
      at = at.getParent();
    }
    return Optional.empty();
  }

  /// Lower-cased names of a path's parts.
  private static List<String> namesOf(Path path) {
    List<String> names = new ArrayList<>();
    path.forEach(part -> names.add(part.toString().toLowerCase(Locale.ROOT)));
    return names;
  }

  /// Whether a name is that of a file which iCloud has moved out.
  static boolean isPlaceholder(String name) {
    return PLACEHOLDER.matcher(name).matches();
  }

  private static boolean holdsPlaceholders(Path folder) {
    int seen = 0;
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      for (Path each : inside) {
        Path name = each.getFileName();
        if (++seen > NAMES_MAX) {
          return false;
        }
        if (name != null && isPlaceholder(name.toString())) {
          return true;
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      return false; // Whether it can be read is asked elsewhere.
    }
    return false;
  }

  private static Path real(Path path) {
    return Safeguards.nearestReal(path);
  }
}
