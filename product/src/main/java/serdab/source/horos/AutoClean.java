package serdab.source.horos;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/// How the viewer deletes studies by itself when its disk fills up. It is on unless somebody turned
/// it off.
///
/// @param on `AUTOCLEANINGSPACE`
/// @param freeMegabytes `AUTOCLEANINGSPACESIZE`: it begins when less than this is free
/// @spec https://github.com/horosproject/horos Horos, DicomDatabase+Clean.mm and DefaultsOsiriX.m
public record AutoClean(boolean on, long freeMegabytes) {

  /// What the viewer does when nobody set anything.
  public static final AutoClean VIEWERS_DEFAULT = new AutoClean(true, 1024);

  /// How many studies one pass of the viewer deletes at most.
  static final int STUDIES_PER_PASS = 50;

  /// The viewer spares what was added later than this.
  static final Duration SPARED = Duration.ofHours(2);

  /// What the preferences of a library's viewer say; empty when they cannot be read.
  ///
  /// @param home the user's own folder
  /// @param library the library's folder, or the one above it
  public static Optional<AutoClean> find(Path home, Path library) {
    String viewer =
        LibraryFolders.find(library).filter(folder -> folder.endsWith("OsiriX Data")).isPresent()
            ? "OsiriX"
            : "Horos";
    return ViewerPreferences.find(home).stream()
        .filter(preferences -> preferences.viewer().equals(viewer))
        .findFirst()
        .map(AutoClean::of);
  }

  private static AutoClean of(ViewerPreferences preferences) {
    OptionalLong free =
        preferences
            .values()
            .at("AUTOCLEANINGSPACESIZE")
            .map(PropertyList::number)
            .orElse(OptionalLong.empty());
    return new AutoClean(
        preferences.autoClean().orElse(VIEWERS_DEFAULT.on()),
        free.orElse(VIEWERS_DEFAULT.freeMegabytes()));
  }

  /// Whether the next pass may delete something. Studies count as endangered while twice the
  /// viewer's limit is free: one import may be a gigabyte, and the viewer looks when it imports.
  boolean isNear(long freeBytes) {
    return on && freeBytes / (2L << 20) < freeMegabytes;
  }
}
