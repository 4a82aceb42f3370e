package serdab.backup;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import serdab.Finding;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.dicom.StudyKey;
import serdab.source.Inventory;
import serdab.source.SourceHealth;

/// Watches a viewer's library from run to run: remembers how it was, and tells when its index is
/// not what it was. One thread at a time.
final class HealthWatch {

  private static final String INDEX_GROUP = "index";

  /// Findings of the source that a person should not have to look for.
  private static final Set<String> ALARMING = Set.of("index-damaged", "index-missing");

  private final Catalogue catalogue;
  private final String sourceId;
  private Optional<Finding> alarming = Optional.empty();

  HealthWatch(Catalogue catalogue, String sourceId) {
    this.catalogue = catalogue;
    this.sourceId = sourceId;
  }

  /// Hears of a finding of the source.
  ///
  /// @return whether people should be told at once
  boolean saw(Finding finding) {
    if (!ALARMING.contains(finding.kind())) {
      return false;
    }
    alarming = Optional.of(finding);
    return true;
  }

  /// What is wrong with the index compared with the last time it was as it should be.
  ///
  /// @param accepted a person has looked and says that it is as it should be
  Optional<Finding> compare(SourceHealth now, boolean accepted) {
    Optional<LibraryHealth> good = catalogue.fact(goodFact()).flatMap(LibraryHealth::parse);
    if (good.isEmpty() || accepted) {
      return Optional.empty();
    }
    SourceHealth then = good.get().health();
    String wayBack = wayBack(good.get());
    if (now.studiesInIndex() < then.studiesInIndex() * Backup.SHARPLY_FEWER) {
      return Optional.of(
          Finding.about(
              "Database.sql",
              "index-shrunken",
              "The viewer's index lists "
                  + now.studiesInIndex()
                  + " studies; it listed "
                  + then.studiesInIndex()
                  + " before. "
                  + now.filesOnDisk()
                  + " files are still on the disk. "
                  + wayBack));
    }
    boolean rebuilt =
        !then.indexId().isEmpty()
            && !now.indexId().isEmpty()
            && !then.indexId().equals(now.indexId());
    return rebuilt
        ? Optional.of(
            Finding.about(
                "Database.sql",
                "index-rebuilt",
                "The viewer built its index anew, which loses albums, locks and linked files. "
                    + wayBack))
        : Optional.empty();
  }

  private static String wayBack(LibraryHealth good) {
    return "The copy of "
        + good.at().truncatedTo(ChronoUnit.SECONDS)
        + " is good. To get it back: serdab restore --from DEST --to FOLDER --study "
        + StudyKey.library(good.health().library(), INDEX_GROUP).value()
        + " --as-of "
        + good.at()
        + ". If the index is as it should be, run: serdab backup --accept-fewer";
  }

  /// Remembers how the library is, at the end of a run.
  ///
  /// @param worked the items of the run
  /// @param wrong what [#compare] said
  /// @param accepted as there
  void remember(
      Inventory inventory,
      SourceHealth health,
      List<WorkItem> worked,
      Optional<Finding> wrong,
      boolean accepted,
      Instant now) {
    long naked =
        worked.stream()
            .filter(item -> !item.study().key().isOther())
            .filter(item -> inventory.endangered(item.study()))
            .filter(
                item -> catalogue.copies(item.study().key()).stream().noneMatch(CopyRow::isProven))
            .count();
    LibraryHealth seen =
        new LibraryHealth(
            now, health, naked, wrong.or(() -> alarming).map(Finding::detail).orElse(""));
    catalogue.rememberFact(LibraryHealth.factName(sourceId), seen.toJson());
    // A shrunken index stays a warning until it has grown again or somebody accepts it; one that
    // was built anew and lists all is told once.
    boolean isMeasure = accepted || wrong.isEmpty() || wrong.get().kind().equals("index-rebuilt");
    if (isMeasure && alarming.isEmpty() && health.studiesInIndex() > 0) {
      catalogue.rememberFact(goodFact(), seen.toJson());
    }
  }

  private String goodFact() {
    return "health-good/" + sourceId;
  }
}
