package serdab.restore;

import java.nio.channels.ReadableByteChannel;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import serdab.Problem;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.catalogue.Catalogue;
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

  private final Function<StudyKey, StudyLabel> labels;
  private final Progress progress;
  private final BooleanSupplier stop;

  private final Choice choice;

  private final List<RestoreReport.Gap> gaps = new ArrayList<>();
  private long studies;
  private long filesWritten;
  private long filesThere;
  private long bytesWritten;
  private boolean interrupted;

  /// As below; rejected files are left out.
  public Restore(Destination from, Catalogue catalogue, Progress progress, BooleanSupplier stop) {
    this(from, catalogue, RejectedFiles.LEFT_OUT, progress, stop);
  }

  /// @param rejected what becomes of rejected files in a folder; another destination gets whole
  ///   versions
  public Restore(
      Destination from,
      Catalogue catalogue,
      RejectedFiles rejected,
      Progress progress,
      BooleanSupplier stop) {
    this.labels = catalogue::label;
    this.progress = progress;
    this.stop = stop;
    this.choice = new Choice(from, catalogue, stop, gaps, rejected);
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
      try (Choice.Open open = choice.open(copy)) {
        bringBack(open, folderName(open.copy()), target, label);
        studies++;
      } catch (SerdabException.Damaged e) {
        gaps.add(new RestoreReport.Gap(Optional.of(label), "", e.problem()));
      }
      progress.ended(label, gaps.size() == gapsBefore ? "restored" : "incomplete");
    }
    return report();
  }

  /// What would be brought back; writes nothing. What is there already is not looked at.
  ///
  /// @param whole whether whole versions would be brought, as another destination gets them
  /// @param room what can be written to the target; empty when it does not say
  public RestorePlan plan(
      Selection wanted, Optional<Instant> asOf, boolean whole, OptionalLong room) {
    List<HeldVersion> copies = chosen(wanted, asOf);
    long files = 0;
    long bytes = 0;
    for (HeldVersion copy : copies) {
      if (stop.getAsBoolean()) {
        break;
      }
      StudyLabel label = labels.apply(copy.study());
      try (Choice.Open open = whole ? choice.openWhole(copy) : choice.open(copy)) {
        choice.nameWhatIsMissing(open.reader().version(), label);
        files += open.files().size();
        bytes += open.lengthBytes();
      } catch (SerdabException.Damaged e) {
        gaps.add(new RestoreReport.Gap(Optional.of(label), "", e.problem()));
      }
    }
    return new RestorePlan(copies.size(), files, bytes, 0, 0, room, gaps, choice.notices());
  }

  /// A file that was begun.
  private record Begun(StoredFile file, FolderTarget.Writing writing) {}

  private void bringBack(Choice.Open open, String folder, FolderTarget target, StudyLabel label) {
    VersionReader reader = open.reader();
    choice.nameWhatIsMissing(reader.version(), label);
    Deque<Begun> underWay = new ArrayDeque<>();
    try {
      for (StoredFile file : open.files()) {
        if (stop.getAsBoolean()) {
          interrupted = true;
          break;
        }
        ReadableByteChannel bytes;
        try {
          bytes = reader.open(file);
        } catch (SerdabException.Damaged e) {
          // A place that tells so at once: the other files come all the same.
          gaps.add(new RestoreReport.Gap(Optional.of(label), file.path(), e.problem()));
          continue;
        }
        underWay.add(new Begun(file, target.begin(folder, file, bytes, progress)));
        if (underWay.size() > FolderTarget.UNDER_WAY) {
          end(underWay.removeFirst(), label);
        }
      }
      while (!underWay.isEmpty()) {
        end(underWay.removeFirst(), label);
      }
    } finally {
      // After a failure of the place: nobody may close it under those who still write to it.
      for (Begun left : underWay) {
        try {
          left.writing().await();
        } catch (SerdabException e) {
          // The first failure is told.
        }
      }
    }
  }

  private void end(Begun begun, StudyLabel label) {
    StoredFile file = begun.file();
    try {
      switch (begun.writing().await()) {
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
      try (Choice.Open open = choice.openWhole(copy)) {
        bringOver(open.reader(), to, carry, label);
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
    choice.nameWhatIsMissing(version, label);
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

  private List<HeldVersion> chosen(Selection wanted, Optional<Instant> asOf) {
    List<HeldVersion> chosen = choice.of(wanted, asOf);
    interrupted = stop.getAsBoolean();
    progress.planned(chosen.size());
    return chosen;
  }

  private RestoreReport report() {
    return new RestoreReport(
        studies, filesWritten, filesThere, bytesWritten, gaps, choice.notices(), interrupted);
  }

  private static String folderName(HeldVersion copy) {
    String location = copy.location();
    return location.endsWith(".zip")
        ? location.substring(0, location.length() - ".zip".length())
        : location;
  }
}
