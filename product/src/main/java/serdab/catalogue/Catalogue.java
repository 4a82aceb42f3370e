package serdab.catalogue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.random.RandomGenerator;
import java.util.stream.Gatherer;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Finding;
import serdab.PatientData;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.StudyLabel;
import serdab.VersionId;
import serdab.dicom.Identity;
import serdab.dicom.Rejections;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// The memory of what was seen and copied, in SQLite or PostgreSQL. Thread-safe; several processes
/// may use one catalogue.
///
/// Every method that records something is one transaction: a crash leaves it wholly done or not at
/// all, and once it returned, a power cut does not undo it. Times are kept to the millisecond.
/// Streams hold a connection until they are read to the end or closed; what they show is the state
/// at the time of the call.
///
/// A SQLite file belongs on a disk of this machine: SQLite's locks do not work on most network
/// volumes.
///
/// Every method throws [SerdabException]: `Unavailable` when the database cannot be reached,
/// `Damaged` when its file is not whole; the text says how to rebuild it.
public final class Catalogue implements AutoCloseable {

  private static final int LABEL_KEY_BYTES = 32;

  /// Rows per batch: enough to save round trips, little enough to hold.
  private static final int BATCH_ROWS = 1000;

  private final Database database;
  private final InstantSource clock;
  private final byte[] labelKey;

  private Catalogue(Database database, InstantSource clock, RandomGenerator random) {
    this.database = database;
    this.clock = clock;
    try {
      Schema.bringUpToDate(database, clock);
      this.labelKey = keptLabelKey(random);
    } catch (RuntimeException | Error e) {
      database.close();
      throw e;
    }
  }

  /// Opens or makes the catalogue in a SQLite file, readable by its owner only. Folders that are
  /// missing are made, readable by their owner only.
  ///
  /// @param random makes the key of the study labels once, so it must be a secure one
  /// @throws SerdabException.Refused when a newer Serdab wrote it
  public static Catalogue inFile(Path file, InstantSource clock, RandomGenerator random) {
    return over(SqliteDatabase.inFile(file, WritePoint.NONE), clock, random);
  }

  /// Opens or makes the catalogue in a PostgreSQL database.
  ///
  /// @param url a JDBC URL without secrets in it
  /// @param random makes the key of the study labels once, so it must be a secure one
  /// @throws SerdabException.Refused when a newer Serdab wrote it
  /// @throws SerdabException.Misconfigured when the address or the user is wrong
  public static Catalogue inPostgres(
      String url, String user, String password, InstantSource clock, RandomGenerator random) {
    return over(new PostgresDatabase(url, user, password, WritePoint.NONE), clock, random);
  }

  static Catalogue over(Database database, InstantSource clock, RandomGenerator random) {
    return new Catalogue(database, clock, random);
  }

  private byte[] keptLabelKey(RandomGenerator random) {
    String sql = "select value from installation where name = 'label-key'";
    String hex =
        database
            .read(link -> link.call(sql).one(Link.Row::text))
            .orElseGet(() -> {
              byte[] fresh = new byte[LABEL_KEY_BYTES];
              random.nextBytes(fresh);
              return database.write(link -> {
                // Another process may have been faster; then its key is everybody's.
                link.call(
                        "insert into installation (name, value) values ('label-key', ?)"
                            + " on conflict (name) do nothing")
                    .text(HexFormat.of().formatHex(fresh))
                    .write();
                return link.call(sql).one(Link.Row::text).orElseThrow();
              });
            });
    try {
      return HexFormat.of().parseHex(hex);
    } catch (IllegalArgumentException e) {
      throw damaged("the key of the study labels");
    }
  }

  /// The label of a study, by this installation's key.
  public StudyLabel label(StudyKey study) {
    return StudyLabel.of(labelKey, study.value());
  }

  /// A short name for a path in texts that leave the house, by this installation's key.
  public String pathLabel(String path) {
    return StudyLabel.ofPath(labelKey, path);
  }

  /// Holds that people placed on studies.
  public Holds holds() {
    return new Holds(database, clock);
  }

  /// What people had removed.
  public Removals removals() {
    return new Removals(database, clock);
  }

  /// What was retrieved from copies over the network.
  public Retrievals retrievals() {
    return new Retrievals(database, clock);
  }

  /// What must be known of a study before a copy of it may go.
  public Standing standing() {
    return new Standing(this, database);
  }

  /// Which installation this is: the same on every machine that uses this catalogue or a copy of
  /// it.
  public String installation() {
    String named = "serdab-installation-v1\n" + HexFormat.of().formatHex(labelKey);
    return Sha256.digest(named.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 8);
  }

  /// Writes a whole copy of the catalogue into a file, as one moment shows it, without side files.
  ///
  /// @param file must not exist yet; its folder must
  /// @return false when this catalogue is not kept in a file; then nothing was written
  public boolean copyTo(Path file) {
    return database.copyTo(file);
  }

  /// Whether an SQLite file is whole and a catalogue that this program can open. Changes nothing.
  public static boolean isWhole(Path file) {
    return SqliteDatabase.isWhole(file);
  }

  // ---- sources and destinations

  /// A source or destination that was used.
  ///
  /// @param spec the address under which it was used last
  public record UsedPlace(String id, String spec, Instant firstUsedAt, Instant lastUsedAt) {}

  /// Remembers that a source was used.
  public void sawSource(String sourceId, String spec) {
    Instant now = clock.instant();
    database.write(link ->
        link.call(
                "insert into source (source, spec, first_used_at, last_used_at, findings_run)"
                    + " values (?, ?, ?, ?, 0) on conflict (source) do update set"
                    + " spec = excluded.spec, last_used_at = excluded.last_used_at")
            .text(sourceId)
            .text(spec)
            .time(now)
            .time(now)
            .write());
  }

  /// All sources that were ever used, by identity.
  public List<UsedPlace> sources() {
    return database.read(link ->
        link.call("select source, spec, first_used_at, last_used_at from source order by source")
            .all(Catalogue::usedPlace));
  }

  /// Remembers that a destination was used at this address.
  public void sawDestination(String destinationId, String spec) {
    Instant now = clock.instant();
    database.write(link ->
        link.call(
                "insert into destination"
                    + " (destination, spec, first_used_at, last_used_at, last_use)"
                    + " values (?, ?, ?, ?, ?) on conflict (destination, spec) do update set"
                    + " last_used_at = excluded.last_used_at, last_use = excluded.last_use")
            .text(destinationId)
            .text(spec)
            .time(now)
            .time(now)
            .number(next(link, "use"))
            .write());
  }

  /// Which destinations were used at this address before, the last one first.
  public List<String> destinationsAt(String spec) {
    return database.read(link ->
        link.call("select destination from destination where spec = ? order by last_use desc")
            .text(spec)
            .all(Link.Row::text));
  }

  /// All destinations that were ever used, each once for every address, the last used first.
  public List<UsedPlace> destinations() {
    return database.read(link ->
        link.call(
                "select destination, spec, first_used_at, last_used_at from destination"
                    + " order by last_use desc")
            .all(Catalogue::usedPlace));
  }

  private static UsedPlace usedPlace(Link.Row row) throws SQLException {
    return new UsedPlace(row.text(), row.text(), row.time(), row.time());
  }

  /// A fact that must outlive a run, such as "a sentinel was seen on this volume".
  public Optional<String> fact(String name) {
    return database.read(
        link -> link.call("select value from fact where name = ?").text(name).one(Link.Row::text));
  }

  /// All facts whose names begin so, by name.
  public SortedMap<String, String> facts(String prefix) {
    SortedMap<String, String> facts = new TreeMap<>();
    database
        .read(link ->
            link.call(
                    "select name, value from fact"
                        + " where substr(name, 1, cast(? as integer)) = ? order by name")
                .number(prefix.length())
                .text(prefix)
                .all(row -> Map.entry(row.text(), row.text())))
        .forEach(fact -> facts.put(fact.getKey(), fact.getValue()));
    return facts;
  }

  public void rememberFact(String name, String value) {
    database.write(link ->
        link.call(
                "insert into fact (name, value, remembered_at) values (?, ?, ?)"
                    + " on conflict (name) do update set"
                    + " value = excluded.value, remembered_at = excluded.remembered_at")
            .text(name)
            .text(value)
            .time(clock.instant())
            .write());
  }

  /// The name of the fact that a file of another program at a destination was looked into and is no
  /// copy; its value is the study that it is about, which the source still had then.
  public static String leftAloneFact(String destinationId, String location) {
    return "left-alone/" + destinationId + "/" + location;
  }

  /// Counts up for ever, across processes; a number that was rolled back may come again.
  static long next(Link link, String counter) throws SQLException {
    link.call("update counter set value = value + 1 where name = ?").text(counter).write();
    return link.call("select value from counter where name = ?")
        .text(counter)
        .one(Link.Row::number)
        .orElseThrow();
  }

  /// What is asked and recorded for many studies at once.
  public Listings listings() {
    return new Listings(this, database);
  }

  /// The plans that runs followed.
  public Plans plans() {
    return new Plans(database, clock);
  }

  /// How safe the studies are, counted.
  public Safety safety() {
    return new Safety(this, database);
  }

  // ---- runs

  /// Begins a run and gives it its number.
  public long beginRun(
      String kind, String planHash, String sourceId, List<String> destinationIds, String worker) {
    return database.write(link -> {
      long run = next(link, "run");
      link.call(
              "insert into run (run, kind, plan_hash, source, worker, started_at, ended_at,"
                  + " outcome, listed, selected, copied, already_there, adopted, incomplete,"
                  + " failed, waiting, findings, copied_bytes)"
                  + " values (?, ?, ?, ?, ?, ?, null, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)")
          .number(run)
          .text(kind)
          .text(planHash)
          .text(sourceId)
          .text(worker)
          .time(clock.instant())
          .write();
      for (int i = 0; i < destinationIds.size(); i++) {
        link.call("insert into run_destination (run, ordinal, destination) values (?, ?, ?)")
            .number(run)
            .number(i)
            .text(destinationIds.get(i))
            .write();
      }
      return run;
    });
  }

  /// Ends a run.
  ///
  /// @throws IllegalArgumentException when there is no such run
  public void endRun(long run, String outcome, RunTotals totals) {
    database.write(link ->
        expectOne(
            link.call(
                    "update run set ended_at = ?, outcome = ?, listed = ?, selected = ?,"
                        + " copied = ?, already_there = ?, adopted = ?, incomplete = ?,"
                        + " failed = ?, waiting = ?, findings = ?, copied_bytes = ?"
                        + " where run = ?")
                .time(clock.instant())
                .text(outcome)
                .number(totals.listed())
                .number(totals.selected())
                .number(totals.copied())
                .number(totals.alreadyThere())
                .number(totals.adopted())
                .number(totals.incomplete())
                .number(totals.failed())
                .number(totals.waiting())
                .number(totals.findings())
                .number(totals.copiedBytes())
                .number(run)
                .write(),
            "no such run"));
  }

  static final String RUN_COLUMNS =
      "run, kind, plan_hash, source, worker, started_at, ended_at, outcome, listed, selected,"
          + " copied, already_there, adopted, incomplete, failed, waiting, findings, copied_bytes";

  static RunRow runRow(Link.Row row) throws SQLException {
    long id = row.number();
    String kind = row.text();
    String planHash = row.text();
    String source = row.text();
    String worker = row.text();
    Instant startedAt = row.time();
    Optional<Instant> endedAt = row.maybeTime();
    String outcome = row.text();
    RunTotals totals =
        new RunTotals(
            row.number(),
            row.number(),
            row.number(),
            row.number(),
            row.number(),
            row.number(),
            row.number(),
            row.number(),
            row.number(),
            row.number());
    return new RunRow(
        id, kind, planHash, source, List.of(), worker, startedAt, endedAt, outcome, totals);
  }

  static RunRow withDestinations(Link link, RunRow run) throws SQLException {
    List<String> destinations =
        link.call("select destination from run_destination where run = ? order by ordinal")
            .number(run.id())
            .all(Link.Row::text);
    return new RunRow(
        run.id(),
        run.kind(),
        run.planHash(),
        run.sourceId(),
        List.copyOf(destinations),
        run.worker(),
        run.startedAt(),
        run.endedAt(),
        run.outcome(),
        run.totals());
  }

  /// The last ended run of a kind over this source whose outcome is `good` or `incomplete`.
  public Optional<RunRow> lastGoodRun(String kind, String sourceId) {
    return database.read(link -> {
      Optional<RunRow> run =
          link.call(
                  "select "
                      + RUN_COLUMNS
                      + " from run where kind = ? and source = ? and ended_at is not null"
                      + " and outcome in ('good', 'incomplete') order by run desc limit 1")
              .text(kind)
              .text(sourceId)
              .one(Catalogue::runRow);
      return run.isPresent() ? Optional.of(withDestinations(link, run.get())) : Optional.empty();
    });
  }

  /// The newest runs, the newest first.
  public List<RunRow> runs(int limit) {
    return database.read(link -> {
      List<RunRow> runs = new ArrayList<>();
      for (RunRow run :
          link.call("select " + RUN_COLUMNS + " from run order by run desc limit ?")
              .number(limit)
              .all(Catalogue::runRow)) {
        runs.add(withDestinations(link, run));
      }
      return List.copyOf(runs);
    });
  }

  // ---- studies as a source shows them

  /// Remembers that a run listed these studies. Facts, file counts and last seen are updated;
  /// fingerprint, look and version stay as they are. A study that is listed twice counts as listed
  /// last.
  public void sawStudies(long run, String sourceId, List<Seen> studies) {
    if (studies.isEmpty()) {
      return;
    }
    Map<StudyKey, Seen> byKey = new LinkedHashMap<>();
    studies.forEach(seen -> byKey.put(seen.facts().key(), seen));
    // All processes in one order, so that none waits for another that waits for it.
    List<Seen> ordered =
        byKey.values().stream()
            .sorted(Comparator.comparing((Seen seen) -> seen.facts().key()))
            .toList();
    Instant now = clock.instant();
    database.write(link -> {
      Link.Call call =
          link.call(
              "insert into study (source, study, patient_name, patient_id, birth_date,"
                  + " study_date, modalities, accession_number, description, file_count,"
                  + " first_seen_at, last_seen_run, listed_fingerprint, fingerprint, look, version,"
                  + " missing_files, failures, problem)"
                  + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', 0, 0, '')"
                  + " on conflict (source, study) do update set"
                  + " patient_name = excluded.patient_name,"
                  + " patient_id = excluded.patient_id,"
                  + " birth_date = excluded.birth_date,"
                  + " study_date = excluded.study_date,"
                  + " modalities = excluded.modalities,"
                  + " accession_number = excluded.accession_number,"
                  + " description = excluded.description,"
                  + " file_count = excluded.file_count,"
                  + " last_seen_run = excluded.last_seen_run,"
                  + " listed_fingerprint = excluded.listed_fingerprint");
      int rows = 0;
      for (Seen seen : ordered) {
        StudyFacts facts = seen.facts();
        call.text(sourceId)
            .text(facts.key().value())
            .text(plain(facts.patientName()))
            .text(plain(facts.patientId()))
            .text(facts.birthDate().map(Catalogue::plain).map(LocalDate::toString).orElse(""))
            .text(facts.studyDate().map(LocalDate::toString).orElse(""))
            .texts(facts.modalities())
            .text(plain(facts.accessionNumber()))
            .text(plain(facts.description()))
            .number(seen.fileCount())
            .time(now)
            .number(run)
            .text(seen.fingerprint())
            .nextRow();
        rows++;
        if (rows % BATCH_ROWS == 0) {
          call.writeBatch();
        }
      }
      if (rows % BATCH_ROWS != 0) {
        call.writeBatch();
      }
      return rows;
    });
  }

  private static <T> T plain(PatientData<T> data) {
    return data.reveal(PatientData.Purpose.CATALOGUE);
  }

  /// One listed study.
  ///
  /// @param fingerprint the source's fingerprint as listed; when it is not the one under which the
  ///   study was copied, the study may have changed since
  public record Seen(StudyFacts facts, long fileCount, String fingerprint) {

    /// From a source that was asked for no fingerprint.
    public Seen(StudyFacts facts, long fileCount) {
      this(facts, fileCount, "");
    }
  }

  static final String STUDY_COLUMNS =
      "s.source, s.study, s.patient_name, s.patient_id, s.birth_date, s.study_date, s.modalities,"
          + " s.accession_number, s.description, s.fingerprint, s.look, s.file_count, s.version,"
          + " s.missing_files, s.first_seen_at, s.last_seen_run, s.last_looked_at,"
          + " s.change_seen_at, s.failures, s.next_try_at, s.problem";

  StudyRow studyRow(Link.Row row) throws SQLException {
    String source = row.text();
    StudyFacts facts =
        new StudyFacts(
            new StudyKey(row.text()),
            PatientData.of(row.text()),
            PatientData.of(row.text()),
            date(row.text()).map(PatientData::of),
            date(row.text()),
            row.texts(),
            PatientData.of(row.text()),
            PatientData.of(row.text()));
    return new StudyRow(
        source,
        facts,
        row.text(),
        row.text(),
        row.number(),
        maybeVersion(row.text()),
        (int) row.number(),
        row.time(),
        row.number(),
        row.maybeTime(),
        row.maybeTime(),
        (int) row.number(),
        row.maybeTime(),
        row.text());
  }

  public Optional<StudyRow> study(String sourceId, StudyKey key) {
    return database.read(link ->
        link.call("select " + STUDY_COLUMNS + " from study s where s.source = ? and s.study = ?")
            .text(sourceId)
            .text(key.value())
            .one(this::studyRow));
  }

  /// All studies of a source, ordered by key (by code point); close the stream.
  public Stream<StudyRow> studies(String sourceId) {
    return database.stream(
        "select " + STUDY_COLUMNS + " from study s where s.source = ? order by s.study",
        call -> call.text(sourceId),
        this::studyRow);
  }

  /// All studies of all sources, ordered by study date then key; those without a date come first.
  /// Close the stream.
  public Stream<StudyRow> studies() {
    return database.stream(
        "select " + STUDY_COLUMNS + " from study s order by s.study_date, s.study, s.source",
        call -> call,
        this::studyRow);
  }

  /// Those of [#studies()] whose patient is wanted, in the same order; close the stream. Of the
  /// others nothing but name and id is read: among 130,000 studies that is most of the time.
  ///
  /// @param wanted asked with the Patient's Name (0010,0010) and the Patient ID (0010,0020)
  public Stream<StudyRow> studies(BiPredicate<PatientData<String>, PatientData<String>> wanted) {
    return database.stream(
            "select s.patient_name, s.patient_id, "
                + STUDY_COLUMNS
                + " from study s order by s.study_date, s.study, s.source",
            call -> call,
            row ->
                wanted.test(PatientData.of(row.text()), PatientData.of(row.text()))
                    ? Optional.of(studyRow(row))
                    : Optional.<StudyRow>empty())
        .flatMap(Optional::stream);
  }

  /// Those of [#studies()] whose version that was read last has no proven copy, in the same order;
  /// close the stream.
  public Stream<StudyRow> studiesNotCopied() {
    return database.stream(
        "select "
            + STUDY_COLUMNS
            + " from study s where not exists (select 1 from copy c where c.study = s.study"
            + " and c.version = s.version and c.state = 'good' and c.depth in ("
            + Proofs.reaching(Depth.INTACT)
            + ")) order by s.study_date, s.study, s.source",
        call -> call,
        this::studyRow);
  }

  /// A study with all its copies on all destinations, newest version first.
  public record StudyWithCopies(StudyRow study, List<CopyRow> copies) {}

  /// As [#studies()], each with its copies; close the stream.
  public Stream<StudyWithCopies> studiesWithCopies() {
    record Joined(StudyRow study, Optional<CopyRow> copy) {}

    Stream<Joined> rows =
        database.stream(
            "select "
                + STUDY_COLUMNS
                + ", c.location is not null, "
                + COPY_COLUMNS
                + " from study s left join copy c on c.study = s.study"
                + " left join version v on v.study = c.study and v.version = c.version"
                + " order by s.study_date, s.study, s.source, v.read_at desc, c.version,"
                + " c.destination",
            call -> call,
            row -> {
              StudyRow study = studyRow(row);
              boolean hasCopy = row.flag();
              return new Joined(study, hasCopy ? Optional.of(copyRow(row)) : Optional.empty());
            });
    class Group {
      private Optional<StudyRow> study = Optional.empty();
      private List<CopyRow> copies = new ArrayList<>();
    }
    return rows.gather(
        Gatherer.ofSequential(
            Group::new,
            Gatherer.Integrator.ofGreedy(
                (Group group, Joined row, Gatherer.Downstream<? super StudyWithCopies> out) -> {
                  boolean same =
                      group
                          .study
                          .filter(s -> s.sourceId().equals(row.study().sourceId()))
                          .filter(s -> s.facts().key().equals(row.study().facts().key()))
                          .isPresent();
                  if (!same) {
                    group.study.ifPresent(s -> out.push(new StudyWithCopies(s, group.copies)));
                    group.study = Optional.of(row.study());
                    group.copies = new ArrayList<>();
                  }
                  row.copy().ifPresent(group.copies::add);
                  return !out.isRejecting();
                }),
            (group, out) ->
                group.study.ifPresent(s -> out.push(new StudyWithCopies(s, group.copies)))));
  }

  /// The study with this label, as the source that listed it last shows it.
  ///
  /// @param label as printed, such as `S-3f2a90c1b7`
  public Optional<StudyRow> byLabel(String label) {
    try (Stream<String> keys =
        database.stream(
            "select distinct study from study order by study", call -> call, Link.Row::text)) {
      Optional<String> key =
          keys.filter(k -> label(new StudyKey(k)).value().equals(label)).findFirst();
      return key.flatMap(this::lastSeen);
    }
  }

  /// As [#studies()], those with this label only.
  public List<StudyRow> studiesLabelled(String label) {
    List<String> found;
    try (Stream<String> keys =
        database.stream(
            "select distinct study from study order by study", call -> call, Link.Row::text)) {
      found = keys.filter(k -> label(new StudyKey(k)).value().equals(label)).toList();
    }
    List<StudyRow> rows = new ArrayList<>();
    for (String key : found) {
      rows.addAll(
          database.read(link ->
              link.call(
                      "select "
                          + STUDY_COLUMNS
                          + " from study s where s.study = ? order by s.study_date, s.source")
                  .text(key)
                  .all(this::studyRow)));
    }
    return rows;
  }

  private Optional<StudyRow> lastSeen(String key) {
    return database.read(link ->
        link.call(
                "select "
                    + STUDY_COLUMNS
                    + " from study s where s.study = ?"
                    + " order by s.last_seen_run desc, s.source limit 1")
            .text(key)
            .one(this::studyRow));
  }

  /// The files were looked at and found as they were: fingerprint and time are updated, and a
  /// change that was seen before counts as taken back. Failures are cleared, unless the version
  /// lacks files: then the study is still waiting for a better reading.
  ///
  /// @throws IllegalArgumentException when the study was never listed
  public void foundUnchanged(String sourceId, StudyKey key, String fingerprint) {
    database.write(link ->
        expectOne(
            link.call(FOUND_UNCHANGED)
                .text(fingerprint)
                .time(clock.instant())
                .text(sourceId)
                .text(key.value())
                .write(),
            NEVER_LISTED));
  }

  static final String FOUND_UNCHANGED =
      "update study set fingerprint = ?, last_looked_at = ?, change_seen_at = null,"
          + " failures = case when missing_files > 0 then failures else 0 end,"
          + " next_try_at = case when missing_files > 0 then next_try_at else null end,"
          + " problem = case when missing_files > 0 then problem else '' end"
          + " where source = ? and study = ?";

  /// A change was seen and not copied yet; keeps the first time until a version is recorded or the
  /// files are found unchanged.
  ///
  /// @throws IllegalArgumentException when the study was never listed
  public void sawChange(String sourceId, StudyKey key) {
    database.write(link ->
        expectOne(
            link.call(
                    "update study set change_seen_at = coalesce(change_seen_at, ?)"
                        + " where source = ? and study = ?")
                .time(clock.instant())
                .text(sourceId)
                .text(key.value())
                .write(),
            NEVER_LISTED));
  }

  /// A try failed: counts it, and sets the time before which it is not tried again.
  ///
  /// @param problem code and words without patient data
  /// @throws IllegalArgumentException when the study was never listed
  public void recordFailure(String sourceId, StudyKey key, String problem, Instant nextTryAt) {
    database.write(link ->
        expectOne(
            link.call(
                    "update study set failures = failures + 1, next_try_at = ?, problem = ?"
                        + " where source = ? and study = ?")
                .time(nextTryAt)
                .text(problem)
                .text(sourceId)
                .text(key.value())
                .write(),
            NEVER_LISTED));
  }

  private static final String NEVER_LISTED = "this source never listed this study";

  private static int expectOne(int rows, String otherwise) {
    if (rows != 1) {
      throw new IllegalArgumentException(otherwise);
    }
    return rows;
  }

  // ---- versions and copies

  /// A version was read and copied: version, copies, fingerprint and look in one transaction.
  /// Failures are cleared. The findings replace those of the last reading.
  ///
  /// @throws IllegalArgumentException when the study was never listed
  public void recordCopied(
      String sourceId,
      VersionRow version,
      List<CopyRow> copies,
      String fingerprint,
      String look,
      List<Finding> findings,
      long run) {
    byte[] packed = PackedInstances.pack(version.instances());
    database.write(link -> {
      long turn = Proofs.next(link);
      link.call(
              INSERT_VERSION
                  + " do update set read_at = excluded.read_at,"
                  + " missing_files = excluded.missing_files,"
                  + " supersedes = excluded.supersedes, patient_id = excluded.patient_id,"
                  + " patient_name = excluded.patient_name")
          .text(version.study().value())
          .text(version.id().hex())
          .time(version.readAt())
          .number(version.fileCount())
          .number(version.lengthBytes())
          .number(version.missingFiles())
          .text(version.supersedes().map(VersionId::hex).orElse(""))
          .text(version.identity().patientId().reveal(PatientData.Purpose.CATALOGUE))
          .text(version.identity().patientName().reveal(PatientData.Purpose.CATALOGUE))
          .write();
      writeInstances(link, version, packed);
      Rejected.write(link, version);
      for (CopyRow copy : copies) {
        Proofs.write(link, copy, turn);
      }
      expectOne(
          link.call(
                  "update study set fingerprint = ?, look = ?, version = ?, missing_files = ?,"
                      + " last_looked_at = ?, change_seen_at = null, failures = 0,"
                      + " next_try_at = null, problem = '' where source = ? and study = ?")
              .text(fingerprint)
              .text(look)
              .text(version.id().hex())
              .number(version.missingFiles())
              .time(clock.instant())
              .text(sourceId)
              .text(version.study().value())
              .write(),
          NEVER_LISTED);
      link.call("delete from study_finding where source = ? and study = ?")
          .text(sourceId)
          .text(version.study().value())
          .write();
      writeStudyFindings(link, sourceId, version.study(), run, findings);
      return copies.size();
    });
  }

  /// A copy found at a destination: version and copy in one transaction, with no source involved.
  /// What is known of the version already stays, except that a full list of instances replaces a
  /// shorter one.
  public void recordHeld(VersionRow version, CopyRow copy) {
    byte[] packed = PackedInstances.pack(version.instances());
    database.write(link -> {
      long turn = Proofs.next(link);
      link.call(INSERT_VERSION + " do nothing")
          .text(version.study().value())
          .text(version.id().hex())
          .time(version.readAt())
          .number(version.fileCount())
          .number(version.lengthBytes())
          .number(version.missingFiles())
          .text(version.supersedes().map(VersionId::hex).orElse(""))
          .text(version.identity().patientId().reveal(PatientData.Purpose.CATALOGUE))
          .text(version.identity().patientName().reveal(PatientData.Purpose.CATALOGUE))
          .write();
      writeInstances(link, version, packed);
      Rejected.write(link, version);
      Proofs.write(link, copy, turn);
      return copy;
    });
  }

  private static final String INSERT_VERSION =
      "insert into version (study, version, read_at, file_count, length_bytes, missing_files,"
          + " supersedes, patient_id, patient_name) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
          + " on conflict (study, version)";

  private static void writeInstances(Link link, VersionRow version, byte[] packed)
      throws SQLException {
    link.call(
            "insert into instance_list (study, version, instances, packed) values (?, ?, ?, ?)"
                + " on conflict (study, version) do update set"
                + " instances = excluded.instances, packed = excluded.packed"
                + " where excluded.instances > instance_list.instances")
        .text(version.study().value())
        .text(version.id().hex())
        .number(version.instances().size())
        .bytes(packed)
        .write();
  }

  /// The newest proof of a copy, or that it is bad or gone. A good copy keeps its deeper proofs;
  /// one that is not good loses them all.
  ///
  /// @throws IllegalArgumentException when no such copy is known
  public void recordProof(
      StudyKey study, VersionId version, String destinationId, Proof proof, String state) {
    database.write(link ->
        expectOne(
            Proofs.record(link, study, version, destinationId, proof, state), "no such copy"));
  }

  /// All depths to which copies were proven, and in which order.
  public Proofs proofs() {
    return new Proofs(database);
  }

  static final String COPY_COLUMNS =
      "c.study, c.version, c.destination, c.location, c.stored_bytes, c.file_count, c.depth,"
          + " c.means, c.proven_at, c.state, c.run, c.intact_at";

  CopyRow copyRow(Link.Row row) throws SQLException {
    return new CopyRow(
        new StudyKey(row.text()),
        version(row.text()),
        row.text(),
        row.text(),
        row.number(),
        row.number(),
        proof(row.text(), row.text(), row.time()),
        row.text(),
        row.number(),
        row.maybeTime());
  }

  /// All copies of a study, on all destinations, newest version first.
  public List<CopyRow> copies(StudyKey study) {
    return database.read(link ->
        List.copyOf(
            link.call(
                    "select "
                        + COPY_COLUMNS
                        + " from copy c join version v"
                        + " on v.study = c.study and v.version = c.version"
                        + " where c.study = ?"
                        + " order by v.read_at desc, c.version, c.destination")
                .text(study.value())
                .all(this::copyRow)));
  }

  /// All copies on a destination, ordered by study; close the stream.
  public Stream<CopyRow> copiesOn(String destinationId) {
    return database.stream(
        "select "
            + COPY_COLUMNS
            + " from copy c where c.destination = ? order by c.study, c.version",
        call -> call.text(destinationId),
        this::copyRow);
  }

  /// Copies on a destination that were found damaged, or not found at all. What a person had
  /// removed is none of them.
  public List<CopyRow> copiesLostOn(String destinationId) {
    return database.read(link ->
        List.copyOf(
            link.call(
                    "select "
                        + COPY_COLUMNS
                        + " from copy c where c.destination = ? and c.state in ('bad', 'gone')"
                        + " order by c.study, c.version")
                .text(destinationId)
                .all(this::copyRow)));
  }

  public Optional<VersionRow> version(StudyKey study, VersionId id) {
    return database.read(link -> {
      List<Rejections.Rejected> rejected = Rejected.of(link, study, id);
      return link.call(
              "select v.read_at, v.file_count, v.length_bytes, v.missing_files,"
                  + " v.supersedes, i.packed, v.patient_id, v.patient_name from version v"
                  + " join instance_list i on i.study = v.study and i.version = v.version"
                  + " where v.study = ? and v.version = ?")
          .text(study.value())
          .text(id.hex())
          .one(row ->
              new VersionRow(
                  study,
                  id,
                  row.time(),
                  row.number(),
                  row.number(),
                  (int) row.number(),
                  maybeVersion(row.text()),
                  instances(study, row.bytes()),
                  new Identity(PatientData.of(row.text()), PatientData.of(row.text())),
                  rejected));
    });
  }

  /// What rejection notes reject, and whose studies were said to be.
  public Rejected rejected() {
    return new Rejected(database);
  }

  private List<VersionRow.InstanceLine> instances(StudyKey study, byte[] packed) {
    try {
      return PackedInstances.unpack(packed);
    } catch (PackedInstances.Malformed e) {
      throw damaged("the list of instances of study " + label(study) + " (" + e.getMessage() + ")");
    }
  }

  // ---- findings

  /// Findings of a run that belong to no study; several calls add up. The first call of a run
  /// replaces, in what [#findingCount] counts, those of the source's earlier runs, so it is made
  /// even when there are none.
  public void recordFindings(long run, String sourceId, List<Finding> findings) {
    database.write(link -> {
      link.call("update source set findings_run = ? where source = ?")
          .number(run)
          .text(sourceId)
          .write();
      long ordinal =
          link.call("select coalesce(max(ordinal), -1) + 1 from run_finding where run = ?")
              .number(run)
              .one(Link.Row::number)
              .orElse(0L);
      Link.Call call =
          link.call(
              "insert into run_finding (run, ordinal, source, kind, path, position, detail)"
                  + " values (?, ?, ?, ?, ?, ?, ?)");
      int rows = 0;
      for (Finding finding : findings) {
        finding(call.number(run).number(ordinal + rows).text(sourceId), finding).nextRow();
        rows++;
        if (rows % BATCH_ROWS == 0) {
          call.writeBatch();
        }
      }
      if (rows % BATCH_ROWS != 0) {
        call.writeBatch();
      }
      return rows;
    });
  }

  private static void writeStudyFindings(
      Link link, String sourceId, StudyKey study, long run, List<Finding> findings)
      throws SQLException {
    Link.Call call =
        link.call(
            "insert into study_finding (source, study, ordinal, run, kind, path, position, detail)"
                + " values (?, ?, ?, ?, ?, ?, ?, ?)");
    int rows = 0;
    for (Finding finding : findings) {
      finding(call.text(sourceId).text(study.value()).number(rows).number(run), finding).nextRow();
      rows++;
      if (rows % BATCH_ROWS == 0) {
        call.writeBatch();
      }
    }
    if (rows % BATCH_ROWS != 0) {
      call.writeBatch();
    }
  }

  private static Link.Call finding(Link.Call call, Finding finding) throws SQLException {
    return call.text(finding.kind())
        .text(finding.path())
        .number(finding.position())
        .text(finding.detail());
  }

  private static Finding finding(Link.Row row) throws SQLException {
    return new Finding(row.text(), row.text(), row.number(), row.text());
  }

  /// Findings of the last reading of a study, as recorded.
  public List<Finding> findings(String sourceId, StudyKey key) {
    return database.read(link ->
        List.copyOf(
            link.call(
                    "select kind, path, position, detail from study_finding"
                        + " where source = ? and study = ? order by ordinal")
                .text(sourceId)
                .text(key.value())
                .all(Catalogue::finding)));
  }

  /// Findings of a run that belong to no study, as recorded; close the stream.
  public Stream<Finding> findings(long run) {
    return database.stream(
        "select kind, path, position, detail from run_finding where run = ? order by ordinal",
        call -> call.number(run),
        Catalogue::finding);
  }

  /// How many findings stand: of the last reading of each study of the source, and of the last run
  /// that recorded any without a study.
  public long findingCount(String sourceId) {
    return database.read(link ->
        link.call(
                "select (select count(*) from study_finding where source = ?)"
                    + " + (select count(*) from run_finding f join source s"
                    + " on s.findings_run = f.run and s.source = f.source"
                    + " where s.source = ?)")
            .text(sourceId)
            .text(sourceId)
            .one(Link.Row::number)
            .orElse(0L));
  }

  /// In how many studies of a source a finding of this kind stands.
  public long studiesWithFinding(String sourceId, String kind) {
    return database.read(link ->
        link.call("select count(distinct study) from study_finding where source = ? and kind = ?")
            .text(sourceId)
            .text(kind)
            .one(Link.Row::number)
            .orElse(0L));
  }

  // ---- what is stored, read back with suspicion

  private Optional<VersionId> maybeVersion(String hex) {
    return hex.isEmpty() ? Optional.empty() : Optional.of(version(hex));
  }

  private VersionId version(String hex) {
    try {
      return VersionId.parse(hex);
    } catch (IllegalArgumentException e) {
      throw damaged("a version's identity");
    }
  }

  private Proof proof(String depth, String means, Instant at) {
    try {
      return new Proof(Depth.valueOf(depth), ProofMeans.valueOf(means), at);
    } catch (IllegalArgumentException e) {
      throw damaged("the proof of a copy");
    }
  }

  private Optional<LocalDate> date(String text) {
    try {
      return text.isEmpty() ? Optional.empty() : Optional.of(LocalDate.parse(text));
    } catch (DateTimeParseException e) {
      throw damaged("a date");
    }
  }

  private SerdabException.Damaged damaged(String what) {
    return new SerdabException.Damaged(
        new Problem(
            "catalogue-damaged",
            database.describe() + " is damaged: " + what + " is unreadable. No backup is affected.",
            "Move it away and run: serdab catalogue rebuild"));
  }

  @Override
  public void close() {
    database.close();
  }
}
