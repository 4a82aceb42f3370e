package serdab.restore;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.dicom.StudyVersion;

/// Finds the version that is to be used rather than one that lacks files: a source whose disk was
/// away for a while must not hide what was copied before.
public final class FullerVersion {

  private FullerVersion() {}

  /// For a copy that lacks files: the newest older one that holds all that it holds and lacks less.
  ///
  /// @param version what the copy holds
  public static Optional<HeldVersion> of(Destination from, HeldVersion copy, StudyVersion version) {
    if (version.missing().isEmpty()) {
      return Optional.empty();
    }
    List<HeldVersion> all = from.versions(copy.study());
    Set<VersionId.Part> held = parts(version);
    for (HeldVersion older : all.subList(0, Math.max(0, all.indexOf(copy))).reversed()) {
      try (VersionReader reader = from.read(older)) {
        StudyVersion before = reader.version();
        if (before.missing().size() < version.missing().size() && parts(before).containsAll(held)) {
          return Optional.of(older);
        }
      } catch (SerdabException.Damaged e) {
        // Not a better one then.
      }
    }
    return Optional.empty();
  }

  private static Set<VersionId.Part> parts(StudyVersion version) {
    Set<VersionId.Part> parts = new HashSet<>();
    version.files().forEach(file -> parts.add(file.versionPart()));
    return parts;
  }
}
