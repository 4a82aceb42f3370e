package serdab.restore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
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
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.StagedVersion;
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

  private static final int CHUNK_BYTES = 1 << 20;

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
        bringBack(reader, folderName(copy), target, label);
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
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
    for (HeldVersion copy : chosen(wanted, asOf)) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        break;
      }
      StudyLabel label = labels.apply(copy.study());
      progress.began(label);
      boolean good = false;
      try (VersionReader reader = from.read(copy)) {
        StudyVersion version = reader.version();
        if (to.find(copy.study(), copy.id()).isPresent()) {
          filesThere += version.files().size();
        } else {
          copyVersion(reader, to, chunk);
          filesWritten += version.files().size();
          bytesWritten += version.lengthBytes();
        }
        studies++;
        good = true;
      } catch (SerdabException.Damaged | IOException e) {
        Problem problem =
            e instanceof SerdabException known
                ? known.problem()
                : new Problem("read-failed", "The copy could not be read.", "");
        gaps.add(new RestoreReport.Gap(Optional.of(label), "", problem));
      }
      progress.ended(label, good ? "restored" : "failed");
    }
    return report();
  }

  private void copyVersion(VersionReader reader, Destination to, ByteBuffer chunk)
      throws IOException {
    StudyVersion version = reader.version();
    try (StagedVersion staged = to.begin(version.facts())) {
      for (StoredFile file : version.files()) {
        staged.beginFile(file.path(), file.lengthBytes());
        try (ReadableByteChannel bytes = reader.open(file)) {
          while (true) {
            chunk.clear();
            if (bytes.read(chunk) < 0) {
              break;
            }
            chunk.flip();
            progress.read(chunk.remaining());
            staged.write(chunk);
          }
        }
        staged.endFile(file);
      }
      staged.commit(version);
    }
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
      newest(key, asOf).ifPresent(chosen::add);
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
        if (from.versions(key).isEmpty()) {
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
