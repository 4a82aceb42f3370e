package serdab.restore;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.VersionRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.report.Progress;

/// Makes a lost catalogue again from what destinations hold. Copies nothing, deletes nothing.
public final class Rebuild {

  private Rebuild() {}

  /// What came of it.
  ///
  /// @param remembered how many copies are in the catalogue now
  /// @param unreadable what the destination holds and nobody can read
  public record Outcome(long remembered, List<VerifyReport.BadCopy> unreadable) {}

  /// Remembers every copy that a destination lists, as PRESENT: the next backup or verification
  /// proves it before it counts as copied.
  public static Outcome from(
      Destination destination,
      Catalogue catalogue,
      InstantSource clock,
      Progress progress,
      BooleanSupplier stop) {
    List<VerifyReport.BadCopy> unreadable = new ArrayList<>();
    long remembered = 0;
    try (Stream<Destination.Listed> held = destination.held()) {
      for (Destination.Listed listed : (Iterable<Destination.Listed>) held::iterator) {
        if (stop.getAsBoolean()) {
          break;
        }
        switch (listed) {
          case Destination.Listed.Copy readable -> {
            HeldVersion copy = readable.version();
            progress.began(catalogue.label(copy.study()));
            try {
              Proof listedOnly = new Proof(Depth.PRESENT, ProofMeans.ASKED, clock.instant());
              remember(destination, copy, listedOnly, catalogue);
              remembered++;
              progress.ended(catalogue.label(copy.study()), "remembered");
            } catch (SerdabException.Damaged e) {
              unreadable.add(
                  new VerifyReport.BadCopy(
                      Optional.of(catalogue.label(copy.study())), copy.location(), e.problem()));
            }
          }
          case Destination.Listed.Unreadable bad ->
              unreadable.add(
                  new VerifyReport.BadCopy(Optional.empty(), bad.location(), bad.problem()));
        }
      }
    }
    return new Outcome(remembered, unreadable);
  }

  /// Records one held copy with the version that its manifest describes.
  static void remember(
      Destination destination, HeldVersion copy, Proof proof, Catalogue catalogue) {
    try (VersionReader reader = destination.read(copy)) {
      catalogue.recordHeld(
          VersionRow.of(reader.version()),
          new CopyRow(
              copy.study(),
              copy.id(),
              destination.id().toString(),
              copy.location(),
              copy.storedBytes(),
              copy.fileCount(),
              proof,
              "good",
              0));
    }
  }
}
