package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.plan.Strategy;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.PostgresServer;

/// A catalogue that the first release wrote (`formats/catalogue-1.db`) is opened and brought up to
/// date, and nothing of it is lost.
class EarlierCatalogueTest {

  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-12-01T08:00:00Z"));

  @TempDir private Path folder;

  @Test
  void everythingItKnewIsStillKnown() throws IOException {
    Path file = folder.resolve("catalogue.db");
    try (InputStream in =
        EarlierCatalogueTest.class.getResourceAsStream("/formats/catalogue-1.db")) {
      Files.copy(in, file);
    }

    try (Catalogue catalogue = Catalogue.inFile(file, CLOCK, new SplittableRandom(1))) {
      String source = catalogue.sources().getFirst().id();
      List<Catalogue.StudyWithCopies> studies;
      try (Stream<Catalogue.StudyWithCopies> all = catalogue.studiesWithCopies()) {
        studies = all.toList();
      }

      assertThat(studies).hasSize(12);
      assertThat(studies).allMatch(each -> each.copies().size() == 2);
      assertThat(studies)
          .allMatch(each -> each.copies().stream().allMatch(CopyRow::isProven))
          .allMatch(each -> each.copies().stream().allMatch(copy -> copy.intactAt().isPresent()));
      assertThat(catalogue.runs(10)).extracting(RunRow::kind).containsExactly("verify", "backup");
      assertThat(catalogue.plans().strategyOf(1)).isEqualTo("incremental");
      assertThat(catalogue.plans().strategyOf(2)).isEmpty();
      assertThat(catalogue.plans().everCaughtUp(source)).isTrue();
      Safety.Counts counts =
          catalogue
              .safety()
              .count(
                  new Safety.Scope(
                      source,
                      catalogue.lastGoodRun("backup", source).orElseThrow().destinationIds(),
                      List.of(),
                      1));
      assertThat(counts.safeStudies()).isEqualTo(counts.studies()).isEqualTo(10);
      assertThat(counts.safeGroups()).isEqualTo(2);
    }
  }

  /// The tables of the first release as its script made them, brought up to date by today's.
  @Test
  @Needs(Peer.POSTGRESQL)
  void theSameTablesInPostgresAreBroughtUpToDate() {
    try (PostgresServer server = PostgresServer.start()) {
      try (Database database =
          new PostgresDatabase(server.url(), server.user(), server.password(), WritePoint.NONE)) {
        Schema.bringUpTo(database, CLOCK, 1);
        database.write(link ->
            link.call(
                    "insert into run (run, kind, plan_hash, source, worker, started_at, ended_at,"
                        + " outcome, listed, selected, copied, already_there, adopted, incomplete,"
                        + " failed, waiting, findings, copied_bytes) values"
                        + " (1, 'backup', 'h', 's', 'w', 1, 2, 'good', 1, 1, 1, 0, 0, 0, 0, 0, 0, 5)")
                .write());
      }

      try (Catalogue catalogue =
          Catalogue.inPostgres(
              server.url(), server.user(), server.password(), CLOCK, new SplittableRandom(1))) {
        assertThat(catalogue.plans().strategyOf(1)).isEqualTo(Strategy.INCREMENTAL.text());
        assertThat(catalogue.runs(5)).hasSize(1);
      }
    }
  }
}
