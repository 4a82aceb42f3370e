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
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.plan.Selection;

/// Chooses what is brought back: one version of each wanted study. What cannot be chosen because it
/// cannot be read is a gap. One thread at a time.
final class Choice {

  private final Destination from;
  private final Function<StudyKey, StudyLabel> labels;
  private final BooleanSupplier stop;
  private final List<RestoreReport.Gap> gaps;

  /// @param gaps where gaps are added
  Choice(
      Destination from,
      Function<StudyKey, StudyLabel> labels,
      BooleanSupplier stop,
      List<RestoreReport.Gap> gaps) {
    this.from = from;
    this.labels = labels;
    this.stop = stop;
    this.gaps = gaps;
  }

  /// A version that is open for reading.
  ///
  /// @param copy the one that was chosen, or the fuller one before it
  record Open(HeldVersion copy, VersionReader reader) implements AutoCloseable {
    @Override
    public void close() {
      reader.close();
    }
  }

  /// The one version of each wanted study that is to be brought back, ordered by where they are.
  ///
  /// @param asOf the newest version that was read at this time or before; empty means the newest
  List<HeldVersion> of(Selection wanted, Optional<Instant> asOf) {
    List<HeldVersion> chosen = new ArrayList<>();
    for (StudyKey key : keys(wanted)) {
      if (stop.getAsBoolean()) {
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
    return chosen;
  }

  /// Opens what was chosen; for a copy that lacks files, a fuller one before it if there is one.
  ///
  /// @throws SerdabException.Damaged when it cannot be read
  Open open(HeldVersion copy) {
    VersionReader reader = from.read(copy);
    try {
      Optional<HeldVersion> fuller = fuller(copy, reader.version());
      if (fuller.isPresent()) {
        VersionReader older = from.read(fuller.get());
        reader.close();
        return new Open(fuller.get(), older);
      }
      return new Open(copy, reader);
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  /// A copy that was made while files could not be read is not the whole study, and says so.
  void nameWhatIsMissing(StudyVersion version, StudyLabel label) {
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

  private Set<StudyKey> keys(Selection wanted) {
    Set<StudyKey> keys = new HashSet<>();
    if (!wanted.studies().isEmpty()) {
      for (String uid : wanted.studies()) {
        addStudy(new StudyKey(uid), keys);
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
    if (wanted.patientId().isPresent() && keys.isEmpty() && !stop.getAsBoolean()) {
      // Asked for by name, like a study by its UID: nothing is not what the person wanted.
      gaps.add(
          new RestoreReport.Gap(
              Optional.empty(),
              "",
              new Problem(
                  "patient-not-there",
                  "The destination holds no study of this patient.",
                  "Check the id as the viewer shows it, or find the studies with: serdab studies"
                      + " --patient TEXT")));
    }
    return keys;
  }

  private void addStudy(StudyKey key, Set<StudyKey> keys) {
    Optional<Problem> unreadable = from.unreadableNewest(key);
    unreadable.ifPresent(
        problem -> gaps.add(new RestoreReport.Gap(Optional.of(labels.apply(key)), "", problem)));
    if (!from.versions(key).isEmpty()) {
      keys.add(key);
    } else if (unreadable.isEmpty()) {
      gaps.add(
          new RestoreReport.Gap(
              Optional.of(labels.apply(key)),
              "",
              new Problem(
                  "study-not-there",
                  "The destination holds no copy of this study.",
                  "Try another destination; serdab studies shows which has it.")));
    }
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
}
