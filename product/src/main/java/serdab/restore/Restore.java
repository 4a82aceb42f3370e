package serdab.restore;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.VersionId;
import serdab.destination.CarryOver;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.store.BlobStore;

/// Brings studies back from a destination. Needs nothing but the destination. One thread at a time.
///
/// One file that cannot be read is a named gap, not the end: people restore after something broke,
/// so a study with a gap beats none.
public final class Restore {

  private final Destination from;
  private final Function<StudyKey, StudyLabel> labels;
  private final Progress progress;
  private final BooleanSupplier stop;

  private final List<RestoreReport.Gap> gaps = new ArrayList<>();
  private long studies;
  private long filesWritten;
  private long filesThere;
  private long bytesWritten;
  private boolean interrupted;

  public Restore(
      Destination from,
      Function<StudyKey, StudyLabel> labels,
      Progress progress,
      BooleanSupplier stop) {
    this.from = from;
    this.labels = labels;
    this.progress = progress;
    this.stop = stop;
  }

  /// Brings the wanted studies back into a folder: each in a folder of its own, named as its copy
  /// is.
  ///
  /// @param asOf the newest version that was read at this time or before; empty means the newest
  public RestoreReport toFolder(BlobStore folder, Selection wanted, Optional<Instant> asOf) {
    folder.sweep();
    FolderTarget target = new FolderTarget(folder);
    for (HeldVersion copy : chosen(wanted, asOf)) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        break;
      }
      StudyLabel label = labels.apply(copy.study());
      progress.began(label);
      int gapsBefore = gaps.size();
      try (VersionReader reader = from.read(copy)) {
        Optional<HeldVersion> fuller = fuller(copy, reader.version());
        if (fuller.isPresent()) {
          try (VersionReader older = from.read(fuller.get())) {
            bringBack(older, folderName(fuller.get()), target, label);
          }
        } else {
          bringBack(reader, folderName(copy), target, label);
        }
        studies++;
      } catch (SerdabException.Damaged e) {
        gaps.add(new RestoreReport.Gap(Optional.of(label), "", e.problem()));
      }
      progress.ended(label, gaps.size() == gapsBefore ? "restored" : "incomplete");
    }
    return report();
  }

  private void bringBack(
      VersionReader reader, String folder, FolderTarget target, StudyLabel label) {
    nameWhatIsMissing(reader.version(), label);
    for (StoredFile file : reader.version().files()) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        return;
      }
      try {
        FolderTarget.Written written = target.write(folder, file, reader.open(file), progress);
        switch (written) {
          case NEW -> {
            filesWritten++;
            bytesWritten += file.lengthBytes();
          }
          case SAME -> filesThere++;
          case DIFFERENT_THERE ->
              gaps.add(
                  new RestoreReport.Gap(
                      Optional.of(label),
                      file.path(),
                      new Problem(
                          "different-file-there",
                          "The target holds another file under this name; it was left as it is.",
                          "Restore into an empty folder, or move that file away and run again.")));
        }
      } catch (SerdabException.Damaged | SerdabException.Refused e) {
        gaps.add(new RestoreReport.Gap(Optional.of(label), file.path(), e.problem()));
      }
    }
  }

  /// Copies the wanted studies into another destination, proven there as any backup is.
  public RestoreReport toDestination(Destination to, Selection wanted, Optional<Instant> asOf) {
    CarryOver carry = new CarryOver(progress::read, () -> false);
    for (HeldVersion copy : chosen(wanted, asOf)) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        break;
      }
      StudyLabel label = labels.apply(copy.study());
      progress.began(label);
      boolean good = false;
      try (VersionReader reader = from.read(copy)) {
        Optional<HeldVersion> fuller = fuller(copy, reader.version());
        if (fuller.isPresent()) {
          try (VersionReader older = from.read(fuller.get())) {
            bringOver(older, to, carry, label);
          }
        } else {
          bringOver(reader, to, carry, label);
        }
        studies++;
        good = true;
      } catch (SerdabException.Damaged e) {
        gaps.add(new RestoreReport.Gap(Optional.of(label), "", e.problem()));
      }
      progress.ended(label, good ? "restored" : "failed");
    }
    return report();
  }

  private void bringOver(VersionReader reader, Destination to, CarryOver carry, StudyLabel label) {
    StudyVersion version = reader.version();
    nameWhatIsMissing(version, label);
    // A copy that is only listed there may be damaged; then a good one is made beside it.
    boolean there =
        to.find(version.facts().key(), version.id())
            .map(copy -> to.prove(copy, to.traits().copiedDepth()))
            .filter(ProofOutcome.Proven.class::isInstance)
            .isPresent();
    if (there) {
      filesThere += version.files().size();
    } else {
      carry.copy(reader, to);
      filesWritten += version.files().size();
      bytesWritten += version.lengthBytes();
    }
  }

  /// A copy that was made while files could not be read is not the whole study, and says so.
  private void nameWhatIsMissing(StudyVersion version, StudyLabel label) {
    for (StudyVersion.Missing missing : version.missing()) {
      gaps.add(
          new RestoreReport.Gap(
              Optional.of(label),
              missing.path(),
              new Problem(
                  "not-in-copy",
                  "The source listed this file when the copy was made and could not give it.",
                  "An older copy or another destination may have it: see --as-of.")));
    }
  }

  /// For a copy that lacks files: the newest older one that holds all that it holds and lacks less.
  /// A source whose disk was away for a while must not hide what was copied before.
  private Optional<HeldVersion> fuller(HeldVersion copy, StudyVersion version) {
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

  private RestoreReport report() {
    return new RestoreReport(studies, filesWritten, filesThere, bytesWritten, gaps, interrupted);
  }

  // ---- choosing

  /// The one version of each wanted study that is to be brought back.
  private List<HeldVersion> chosen(Selection wanted, Optional<Instant> asOf) {
    List<HeldVersion> chosen = new ArrayList<>();
    for (StudyKey key : keys(wanted)) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        break;
      }
      Optional<HeldVersion> newest = newest(key, asOf);
      newest.ifPresent(chosen::add);
      if (newest.isEmpty() && wanted.studies().contains(key.value())) {
        gaps.add(
            new RestoreReport.Gap(
                Optional.of(labels.apply(key)),
                "",
                new Problem(
                    "no-copy-by-then",
                    "The destination holds no readable copy of this study of that time or before.",
                    "Ask for a later time, or try another destination.")));
      }
    }
    chosen.sort(Comparator.comparing(HeldVersion::location));
    progress.planned(chosen.size());
    return chosen;
  }

  private Set<StudyKey> keys(Selection wanted) {
    Set<StudyKey> keys = new HashSet<>();
    if (!wanted.studies().isEmpty()) {
      for (String uid : wanted.studies()) {
        StudyKey key = new StudyKey(uid);
        Optional<Problem> unreadable = from.unreadableNewest(key);
        unreadable.ifPresent(problem ->
            gaps.add(new RestoreReport.Gap(Optional.of(labels.apply(key)), "", problem)));
        if (from.versions(key).isEmpty()) {
          if (unreadable.isPresent()) {
            continue;
          }
          gaps.add(
              new RestoreReport.Gap(
                  Optional.of(labels.apply(key)),
                  "",
                  new Problem(
                      "study-not-there",
                      "The destination holds no copy of this study.",
                      "Try another destination; serdab studies shows which has it.")));
        } else {
          keys.add(key);
        }
      }
      return keys;
    }
    try (Stream<Destination.Listed> held = from.held()) {
      held.forEach(listed -> {
        switch (listed) {
          case Destination.Listed.Copy readable -> {
            if (matches(readable.version(), wanted)) {
              keys.add(readable.version().study());
            }
          }
          case Destination.Listed.Unreadable unreadable ->
              gaps.add(new RestoreReport.Gap(Optional.empty(), "", unreadable.problem()));
        }
      });
    }
    return keys;
  }

  private boolean matches(HeldVersion copy, Selection wanted) {
    if (wanted.isAll()) {
      return true;
    }
    try (VersionReader reader = from.read(copy)) {
      return wanted.matches(reader.version().facts());
    } catch (SerdabException.Damaged e) {
      gaps.add(new RestoreReport.Gap(Optional.of(labels.apply(copy.study())), "", e.problem()));
      return false;
    }
  }

  private Optional<HeldVersion> newest(StudyKey key, Optional<Instant> asOf) {
    List<HeldVersion> versions = from.versions(key);
    if (versions.isEmpty()) {
      return Optional.empty();
    }
    if (asOf.isEmpty()) {
      return Optional.of(versions.getLast());
    }
    return versions.reversed().stream()
        .filter(copy -> {
          try (VersionReader reader = from.read(copy)) {
            return !reader.version().readAt().isAfter(asOf.get());
          } catch (SerdabException.Damaged e) {
            gaps.add(new RestoreReport.Gap(Optional.of(labels.apply(key)), "", e.problem()));
            return false;
          }
        })
        .findFirst();
  }

  private static String folderName(HeldVersion copy) {
    String location = copy.location();
    return location.endsWith(".zip")
        ? location.substring(0, location.length() - ".zip".length())
        : location;
  }
}
