package serdab.catalogue;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// How a study stands, across all sources, and how the sources stand: what must be known before a
/// copy may go. Thread-safe.
public final class Standing {

  private final Catalogue catalogue;
  private final Database database;

  Standing(Catalogue catalogue, Database database) {
    this.catalogue = catalogue;
    this.database = database;
  }

  /// A version without its list of instances.
  public record VersionTime(
      VersionId id, Instant readAt, int missingFiles, Optional<VersionId> supersedes) {}

  /// Every version of a study that was ever known, in no promised order.
  public List<VersionTime> versions(StudyKey study) {
    return database.read(link ->
        List.copyOf(
            link.call(
                    "select version, read_at, missing_files, supersedes from version"
                        + " where study = ? order by version")
                .text(study.value())
                .all(row ->
                    new VersionTime(
                        VersionId.parse(row.text()),
                        row.time(),
                        (int) row.number(),
                        Optional.of(row.text())
                            .filter(hex -> !hex.isEmpty())
                            .map(VersionId::parse)))));
  }

  /// The newest version of a study of which a destination has or had a copy.
  ///
  /// @param readAt when the version was read from its source
  public record NewestCopy(StudyKey study, VersionId version, String location, Instant readAt) {}

  /// What ought to be on a destination: of each study the newest version that was copied there and
  /// that no person had removed, whether it was found lost since or not.
  ///
  /// @param asOf only versions that were read then or before
  public List<NewestCopy> newestCopies(String destinationId, Optional<Instant> asOf) {
    Map<StudyKey, NewestCopy> newest = new LinkedHashMap<>();
    try (Stream<NewestCopy> copies =
        database.stream(
            "select c.study, c.version, c.location, v.read_at from copy c"
                + " join version v on v.study = c.study and v.version = c.version"
                + " where c.destination = ? and c.state <> 'removed'"
                + " order by c.study, v.read_at desc, c.version",
            call -> call.text(destinationId),
            row ->
                new NewestCopy(
                    new StudyKey(row.text()),
                    VersionId.parse(row.text()),
                    row.text(),
                    row.time()))) {
      copies
          .filter(copy -> asOf.isEmpty() || !copy.readAt().isAfter(asOf.get()))
          .forEach(copy -> newest.putIfAbsent(copy.study(), copy));
    }
    return List.copyOf(newest.values());
  }

  /// A study as every source showed it last.
  public List<StudyRow> rows(StudyKey study) {
    return database.read(link ->
        List.copyOf(
            link.call(
                    "select "
                        + Catalogue.STUDY_COLUMNS
                        + " from study s where s.study = ? order by s.source")
                .text(study.value())
                .all(catalogue::studyRow)));
  }

  /// The months of the studies of which a destination has a proven copy, in no promised order. A
  /// study counts for its latest date, as sources showed it; one without a date counts for none.
  public List<YearMonth> months(String destinationId) {
    List<String> months =
        database.read(link ->
            link.call(
                    "select distinct substr(t.latest, 1, 7) from (select max(s.study_date) as"
                        + " latest from copy c join study s on s.study = c.study"
                        + " where c.destination = ? and c.state = 'good' and c.depth in ("
                        + Safety.PROVEN_DEPTHS
                        + ") and substr(c.study, 1, 1) <> '_' group by c.study) t"
                        + " where t.latest <> ''")
                .text(destinationId)
                .all(Link.Row::text));
    List<YearMonth> found = new ArrayList<>();
    for (String month : months) {
      try {
        found.add(YearMonth.parse(month));
      } catch (DateTimeException e) {
        // A date that is none is not known.
      }
    }
    return List.copyOf(found);
  }

  /// How the backups of one source went last.
  ///
  /// @param newest the newest run, whatever became of it
  /// @param lastGood the newest that ended `good` or `incomplete`
  public record SourceRuns(String sourceId, Optional<RunRow> newest, Optional<RunRow> lastGood) {}

  /// How the backups of each source went last.
  public List<SourceRuns> sources() {
    List<SourceRuns> all = new ArrayList<>();
    List<String> sources =
        database.read(link ->
            link.call("select distinct source from run where kind = 'backup' order by source")
                .all(Link.Row::text));
    for (String source : sources) {
      Optional<RunRow> newest =
          database.read(link -> {
            Optional<RunRow> run =
                link.call(
                        "select "
                            + Catalogue.RUN_COLUMNS
                            + " from run where kind = 'backup' and source = ?"
                            + " order by run desc limit 1")
                    .text(source)
                    .one(Catalogue::runRow);
            return run.isPresent()
                ? Optional.of(Catalogue.withDestinations(link, run.get()))
                : Optional.empty();
          });
      all.add(new SourceRuns(source, newest, catalogue.lastGoodRun("backup", source)));
    }
    return List.copyOf(all);
  }

  /// Whether a backup of this source ever had this destination.
  public boolean copiesTo(String sourceId, String destinationId) {
    return database.read(link ->
        link.call(
                "select r.run from run r join run_destination d on d.run = r.run"
                    + " where r.kind = 'backup' and r.source = ? and d.destination = ? limit 1")
            .text(sourceId)
            .text(destinationId)
            .one(Link.Row::number)
            .isPresent());
  }

  private static final String RECOVERED = "recovered-at";
  private static final int BATCH_ROWS = 1000;

  /// This catalogue was brought back from a copy of itself: what happened on destinations after it
  /// was made, such as removals, is not known until they are looked at again. No copy counts until
  /// then; what was proven of it stays written.
  public void recovered(Instant at) {
    database.write(
        link -> link.call("update copy set state = 'unseen' where state = 'good'").write());
    catalogue.rememberFact(RECOVERED, at.toString());
  }

  /// One copy by what names it in its destination.
  public record Seen(StudyKey study, VersionId version, String location) {

    /// The name of a copy.
    public static Seen of(CopyRow copy) {
      return new Seen(copy.study(), copy.version(), copy.location());
    }
  }

  /// Copies on a destination that nobody has looked for since the catalogue was brought back.
  public List<CopyRow> unseen(String destinationId) {
    // A catalogue that never was has none, and need not be searched for them.
    if (catalogue.fact(RECOVERED).isEmpty()) {
      return List.of();
    }
    try (Stream<CopyRow> rows = catalogue.copiesOn(destinationId)) {
      return rows.filter(CopyRow::isUnseen).toList();
    }
  }

  /// Copies were found listed as they are remembered: they count as they did, with their proofs.
  public void seen(String destinationId, List<Seen> copies) {
    for (int from = 0; from < copies.size(); from += BATCH_ROWS) {
      List<Seen> batch = copies.subList(from, Math.min(copies.size(), from + BATCH_ROWS));
      database.write(link -> {
        for (Seen copy : batch) {
          link.call(
                  "update copy set state = 'good' where state = 'unseen'"
                      + " and study = ? and version = ? and destination = ? and location = ?")
              .text(copy.study().value())
              .text(copy.version().hex())
              .text(destinationId)
              .text(copy.location())
              .write();
        }
        return batch.size();
      });
    }
  }
}
