package serdab.source.horos;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// What a viewer's user set in its preferences. macOS stores only what was changed there; what is
/// not stored is at the viewer's own default.
///
/// @param viewer `Horos` or `OsiriX`
/// @param file where they were read
/// @param values all of them
public record ViewerPreferences(String viewer, Path file, PropertyList values) {

  /// File names in the folder of preferences. macOS names them by the program's identifier.
  private static final Map<String, String> FILES =
      Map.of(
          "Horos", "org.horosproject.horos.plist",
          "OsiriX", "com.rossetantoine.osirix.plist");

  private static final int NODES_MAX = 1000;
  private static final int PORT_MAX = 65_535;

  /// Another DICOM node that the viewer sends to or asks.
  ///
  /// @param description what the user calls it; may be empty
  /// @param aeTitle its AE title
  public record Node(String description, String host, int port, String aeTitle) {}

  /// What the backup plug-in of OsiriX sends to, each value at the plug-in's default where it was
  /// never set.
  public record PluginDefaults(
      String host, int port, String calledAeTitle, String callingAeTitle) {}

  /// The preferences of the viewers that this user has, Horos first; none that cannot be read or
  /// understood.
  ///
  /// @param home the user's own folder
  public static List<ViewerPreferences> find(Path home) {
    List<ViewerPreferences> found = new ArrayList<>();
    for (String viewer : List.of("Horos", "OsiriX")) {
      Path file = home.resolve("Library/Preferences").resolve(FILES.getOrDefault(viewer, ""));
      read(file).ifPresent(values -> found.add(new ViewerPreferences(viewer, file, values)));
    }
    return found;
  }

  private static Optional<PropertyList> read(Path file) {
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(file)) {
      return PropertyList.of(in.readNBytes(PropertyList.BYTES_MAX + 1));
    } catch (IOException e) {
      // Not permitted, or gone: as if the user had no viewer; nothing depends on it.
      return Optional.empty();
    }
  }

  /// The nodes that the viewer knows (`SERVERS`), without those whose address or port makes no
  /// sense.
  public List<Node> nodes() {
    List<Node> nodes = new ArrayList<>();
    for (PropertyList each : values.at("SERVERS").map(PropertyList::items).orElse(List.of())) {
      String host = text(each, "Address");
      int port = port(each.at("Port"));
      if (!host.isEmpty() && port > 0 && nodes.size() < NODES_MAX) {
        nodes.add(new Node(text(each, "Description"), host, port, text(each, "AETitle")));
      }
    }
    return nodes;
  }

  private static String text(PropertyList in, String name) {
    return in.at(name).flatMap(PropertyList::text).map(String::strip).orElse("");
  }

  private static int port(Optional<PropertyList> value) {
    OptionalLong number = value.map(PropertyList::number).orElse(OptionalLong.empty());
    long port = number.orElse(0);
    return port >= 1 && port <= PORT_MAX ? (int) port : 0;
  }

  /// Whether the viewer deletes studies when its disk fills up (`AUTOCLEANINGSPACE`). Empty when it
  /// was never set: then the viewer's default holds, which is that it does.
  public Optional<Boolean> autoClean() {
    return values.at("AUTOCLEANINGSPACE").flatMap(PropertyList::flag);
  }

  /// Whether the viewer deletes studies by age (`AUTOCLEANINGDATE`). Empty when it was never set:
  /// then the viewer's default holds, which is that it does not.
  public Optional<Boolean> autoCleanByAge() {
    return values.at("AUTOCLEANINGDATE").flatMap(PropertyList::flag);
  }

  /// The folders in which the viewer's libraries are, as its preferences name them: the folder of a
  /// library, or the one above it.
  public List<Path> libraryLocations() {
    Set<Path> folders = new LinkedHashSet<>();
    for (String key : List.of("DATABASELOCATIONURL", "DEFAULT_DATABASELOCATIONURL")) {
      values
          .at(key)
          .flatMap(PropertyList::text)
          .flatMap(ViewerPreferences::path)
          .ifPresent(folders::add);
    }
    for (PropertyList each :
        values.at("localDatabasePaths").map(PropertyList::items).orElse(List.of())) {
      each.at("Path")
          .flatMap(PropertyList::text)
          .flatMap(ViewerPreferences::path)
          .ifPresent(folders::add);
    }
    return List.copyOf(folders);
  }

  private static Optional<Path> path(String text) {
    try {
      return text.startsWith("/") ? Optional.of(Path.of(text).normalize()) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /// What the OsiriX backup plug-in is set to; empty when it was never used here.
  public Optional<PluginDefaults> pluginDefaults() {
    if (!(values instanceof PropertyList.Dict dict)
        || dict.values().keySet().stream().noneMatch(key -> key.startsWith("OsiriXBackup"))) {
      return Optional.empty();
    }
    int port = port(values.at("OsiriXBackupPortNumber"));
    return Optional.of(
        new PluginDefaults(
            or(text(values, "OsiriXBackupHostAddress"), "127.0.0.1"),
            port == 0 ? 104 : port,
            or(text(values, "OsiriXBackupAEDestination"), "DESTINO"),
            or(text(values, "OsiriXBackupAETitle"), "OSIRIX")));
  }

  private static String or(String value, String otherwise) {
    return value.isEmpty() ? otherwise : value;
  }
}
