package serdab.restore;

import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.report.Progress;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;

/// Restores copies into a scratch folder as a restore would, compares every file bit for bit with
/// what was backed up, and throws them away. One thread at a time.
///
/// Whatever stands under its own folder in there is its own: what a drill that was killed left is
/// removed by the next.
final class Drill {

  private static final String FOLDER = "drill";

  private final Destination destination;
  private final BlobStore scratch;
  private final InstantSource clock;
  private final Progress progress;

  Drill(Destination destination, BlobStore scratch, InstantSource clock, Progress progress) {
    this.destination = destination;
    this.scratch = scratch;
    this.clock = clock;
    this.progress = progress;
  }

  /// Removes what drills before this one left.
  void cleanUp() {
    scratch.sweep();
    List<String> left;
    try (Stream<BlobInfo> blobs = scratch.list(FOLDER + "/")) {
      left = blobs.map(BlobInfo::name).toList();
    }
    left.forEach(scratch::delete);
  }

  /// Restores one copy and compares it.
  ///
  /// @throws SerdabException.Unavailable `drill-no-room`, `drill-differs` or `drill-same-name` when
  ///   the scratch folder cannot take it or changes it, which says nothing of the copy
  ProofOutcome run(HeldVersion copy) {
    try (VersionReader reader = destination.read(copy)) {
      requireRoom(reader.version().lengthBytes());
      FolderTarget folder = new FolderTarget(scratch);
      // All are there before the first is compared, as after a restore: two that need one name
      // show.
      for (StoredFile file : reader.version().files()) {
        FolderTarget.Written written = folder.write(FOLDER, file, reader.open(file), progress);
        if (written != FolderTarget.Written.NEW) {
          throw new SerdabException.Unavailable(
              new Problem(
                  "drill-same-name",
                  "Two of its files come back under one name.",
                  "Restore this study into a ZIP tree instead of a folder, and tell its makers."));
        }
      }
      for (StoredFile file : reader.version().files()) {
        folder.compare(FOLDER, file);
      }
      return new ProofOutcome.Proven(
          new Proof(Depth.RESTORED, ProofMeans.THROUGH_CACHE, clock.instant()));
    } catch (SerdabException.Damaged e) {
      if (e.problem().code().equals("restored-differs")) {
        // It was good when it was read; what came back wrong is what the scratch folder made of it.
        throw new SerdabException.Unavailable(
            new Problem("drill-differs", e.problem().what(), e.problem().next()), e);
      }
      return new ProofOutcome.Bad(e.problem());
    } catch (SerdabException.Refused e) {
      return e.problem().code().equals("blob-missing")
          ? new ProofOutcome.Gone(e.problem())
          : new ProofOutcome.Bad(e.problem());
    } finally {
      cleanUp();
    }
  }

  private void requireRoom(long lengthBytes) {
    OptionalLong usable = scratch.usableBytes();
    long needed = lengthBytes + Repair.RESERVED_BYTES;
    if (usable.isPresent() && usable.getAsLong() < needed) {
      throw new SerdabException.Unavailable(
          new Problem(
              "drill-no-room",
              "The scratch folder "
                  + scratch.describe()
                  + " has no room to restore this copy: "
                  + usable.getAsLong() / 1_000_000
                  + " MB are free, "
                  + needed / 1_000_000
                  + " MB are needed.",
              "Name one with more room: serdab verify … --scratch FOLDER"));
    }
  }
}
