package serdab.restore;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
import serdab.destination.NotesInCopy;
import serdab.destination.VersionReader;
import serdab.report.Progress;

/// Makes a lost catalogue again from what destinations hold. Copies nothing, deletes nothing.
public final class Rebuild {

  private Rebuild() {}

  /// What came of it.
  ///
  /// @param remembered how many copies are in the catalogue now
  /// @param gone how many the catalogue knew before and the destination does not list
  /// @param unreadable what the destination holds and nobody can read
  public record Outcome(long remembered, long gone, List<VerifyReport.BadCopy> unreadable) {}

  /// Remembers every copy that a destination lists, as PRESENT: the next backup or verification
  /// proves it before it counts as copied. What the catalogue knew and the destination does not
  /// list counts as gone; what is listed and unreadable is for a verification to judge.
  public static Outcome from(
      Destination destination,
      Catalogue catalogue,
      InstantSource clock,
      Progress progress,
      BooleanSupplier stop) {
    List<VerifyReport.BadCopy> unreadable = new ArrayList<>();
    Set<String> listedNames = new HashSet<>();
    Set<String> unreadableAt = new HashSet<>();
    long remembered = 0;
    try (Stream<Destination.Listed> held = destination.held()) {
      for (Destination.Listed listed : (Iterable<Destination.Listed>) held::iterator) {
        if (stop.getAsBoolean()) {
          return new Outcome(remembered, 0, unreadable);
        }
        switch (listed) {
          case Destination.Listed.Copy readable -> {
            HeldVersion copy = readable.version();
            listedNames.add(Recovery.name(copy.study().value(), copy.id().hex()));
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
          case Destination.Listed.Unreadable bad -> {
            unreadableAt.add(bad.location());
            unreadable.add(
                new VerifyReport.BadCopy(Optional.empty(), bad.location(), bad.problem()));
          }
        }
      }
    }
    long gone = Recovery.forget(catalogue, destination, listedNames, unreadableAt, clock);
    return new Outcome(remembered, gone, unreadable);
  }

  /// Records one held copy with the version that its manifest describes.
  static void remember(
      Destination destination, HeldVersion copy, Proof proof, Catalogue catalogue) {
    try (VersionReader reader = destination.read(copy)) {
      catalogue.recordHeld(
          VersionRow.of(reader.version(), NotesInCopy.of(reader)),
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
