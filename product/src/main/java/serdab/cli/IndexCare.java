package serdab.cli;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.LibraryHealth;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.retention.IndexCopies;
import serdab.source.Source;

/// Thins the copies of a viewer's index at the end of a run, and says so. One thread at a time.
final class IndexCare {

  private final Catalogue catalogue;
  private final IndexCopies copies;

  IndexCare(Catalogue catalogue, InstantSource clock) {
    this.catalogue = catalogue;
    this.copies = new IndexCopies(catalogue, clock, Wiring.worker());
  }

  /// What a run would remove, a line for each destination.
  List<String> planned(Source source, List<Destination> destinations) {
    List<String> lines = new ArrayList<>();
    Optional<String> library = library(source);
    for (Destination destination : destinations) {
      if (library.isPresent()) {
        List<IndexCopies.Leaving> leaving = copies.plan(destination, library.get());
        if (!leaving.isEmpty()) {
          lines.add(line("Would thin", leaving, destination));
        }
      }
    }
    return lines;
  }

  /// Removes what the rule says, after a run that was good and saw nothing wrong with the index.
  ///
  /// @param told gets a line for each destination where something was removed
  void afterRun(PlanRun.Ran ran, List<Problem> told) {
    Optional<String> library = library(ran.source());
    if (library.isEmpty() || ran.report().outcome().exitCode() != Main.ExitCodes.GOOD) {
      return;
    }
    for (Destination destination : ran.destinations()) {
      try {
        List<IndexCopies.Leaving> gone = copies.thin(destination, library.get());
        if (!gone.isEmpty()) {
          told.add(new Problem("index-copies-thinned", line("Thinned", gone, destination), ""));
        }
      } catch (SerdabException e) {
        told.add(
            PlanRun.copiesAreSafe(
                "index-copies-not-thinned",
                "old copies of the index were not thinned in " + destination.describe(),
                e));
      }
    }
  }

  /// The library of a source whose index is as it should be; while it is not, no copy goes.
  private Optional<String> library(Source source) {
    return LibraryHealth.last(catalogue, source.id().value())
        .filter(health -> health.warning().isEmpty())
        .map(health -> health.health().library())
        .filter(name -> !name.isEmpty());
  }

  private static String line(
      String verb, List<IndexCopies.Leaving> leaving, Destination destination) {
    long bytes = leaving.stream().mapToLong(each -> each.copy().storedBytes()).sum();
    return "%s the copies of the viewer's index in %s: %d older ones, %d MB (24 hourly, 30 daily and 12 monthly ones stay)"
        .formatted(verb, destination.describe(), leaving.size(), bytes / 1_000_000);
  }
}
