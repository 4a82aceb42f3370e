package serdab.catalogue;

import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;

/// Counts how safe the studies are, by the database itself: a practice's catalogue is answered for
/// in a second. Thread-safe.
///
/// Every method throws [serdab.SerdabException] as [Catalogue] does.
public final class Safety {

  /// A plan with more destinations is counted for the first so many.
  public static final int DESTINATIONS_MAX = 16;

  private static final int WISHES_MAX = 50;

  private final Catalogue catalogue;
  private final Database database;

  Safety(Catalogue catalogue, Database database) {
    this.catalogue = catalogue;
    this.database = database;
  }

  /// Which studies a plan wants.
  public record Wish(Selection selection, boolean dicomOnly) {

    /// Everything.
    public static final Wish ALL = new Wish(Selection.ALL, false);
  }

  /// What is counted.
  ///
  /// @param wishes a study counts when any of them wants it; empty means all
  /// @param listedSince what no run since this one listed is not in the source any more
  public record Scope(
      String sourceId, List<String> destinationIds, List<Wish> wishes, long listedSince) {

    public Scope {
      destinationIds = destinationIds.stream().limit(DESTINATIONS_MAX).toList();
      boolean all = wishes.isEmpty() || wishes.size() > WISHES_MAX || wishes.contains(Wish.ALL);
      wishes = all ? List.of() : List.copyOf(wishes);
    }
  }

  /// Studies and groups of other files of a source that a plan wants and that have files.
  ///
  /// @param studies how many, groups not counted
  /// @param groups groups of other files
  /// @param safeStudies of the studies: every destination holds a proven copy of all files of the
  ///   present version, and nothing is known to have changed or failed since
  /// @param safeGroups the same of the groups
  /// @param neverRead studies and groups that were never read
  /// @param lacking were read, and a destination holds no proven copy of that version
  /// @param incomplete have listed files that could not be read, or that the copy does not hold
  /// @param failing failed and are tried again later
  /// @param changed are listed otherwise than when they were copied
  /// @param waiting changed and wait for a quiet time
  /// @param empty studies without a single file, which are not counted in any other figure
  /// @param notListed in a backup and not in the source any more; in no other figure
  /// @param lost not in the source any more, and no destination at all has a good copy any more of
  ///   what these held; in no other figure
  /// @param notWanted listed and wanted by no plan; in no other figure
  /// @param erased studies and groups that a person had erased from one of the destinations for
  ///   good; it counts as if it were not asked to hold them, and who was erased from all of them is
  ///   in no other figure
  /// @param oldestNeverRead when the first of those never read was first seen
  /// @param destinations in the order of the scope
  public record Counts(
      long studies,
      long groups,
      long safeStudies,
      long safeGroups,
      long neverRead,
      long lacking,
      long incomplete,
      long failing,
      long changed,
      long waiting,
      long empty,
      long notListed,
      long lost,
      long notWanted,
      long erased,
      Optional<Instant> oldestNeverRead,
      List<OnDestination> destinations) {

    public Counts {
      destinations = List.copyOf(destinations);
    }
  }

  /// Copies of present versions on one destination.
  ///
  /// @param proven studies and groups with a proven copy of every file
  /// @param byDepth these by the depth of their deepest proof
  /// @param bad copies found damaged
  /// @param gone copies found lost, of studies that are not in the source any more
  /// @param unseen copies that nobody has looked for since the catalogue was brought back
  /// @param oldestProof when the bytes of the copy that was read back longest ago were
  /// @param newestProof the same of the copy read back last
  public record OnDestination(
      String id,
      long proven,
      Map<Depth, Long> byDepth,
      long bad,
      long gone,
      long unseen,
      Optional<Instant> oldestProof,
      Optional<Instant> newestProof) {

    public OnDestination {
      byDepth = Map.copyOf(byDepth);
    }
  }

  private static final List<Depth> PROVEN =
      Arrays.stream(Depth.values()).filter(depth -> depth.reaches(Depth.INTACT)).toList();

  static final String PROVEN_DEPTHS =
      PROVEN.stream().map(depth -> "'" + depth.name() + "'").collect(Collectors.joining(", "));

  /// Counts.
  public Counts count(Scope scope) {
    List<String> texts = new ArrayList<>();
    List<String> columns = new ArrayList<>();
    String wanted = wanted(scope.wishes(), texts);
    String group = "substr(s.study, 1, 1) = '_'";
    String listed = "s.last_seen_run >= " + scope.listedSince();
    int places = scope.destinationIds().size();
    boolean anyErased = places > 0 && catalogue.removals().hasErased();
    String asked = "t.listed = 1 and t.wanted = 1 and (t.file_count > 0 or t.version <> '')";
    String counted = anyErased ? asked + " and not (" + erasedFrom(places, " and ") + ")" : asked;
    StringBuilder everywhere = new StringBuilder("1 = 1");
    StringBuilder joins = new StringBuilder();
    StringBuilder copies = new StringBuilder();
    List<String> joinTexts = new ArrayList<>();
    for (int i = 0; i < places; i++) {
      String c = "c" + i;
      joins
          .append(" left join copy ")
          .append(c)
          .append(" on " + c + ".study = s.study and " + c + ".version = s.version")
          .append(" and " + c + ".destination = ?");
      joinTexts.add(scope.destinationIds().get(i));
      copies
          .append(", case when " + c + ".state = 'good' and " + c + ".depth in (")
          .append(PROVEN_DEPTHS + ") then 1 else 0 end as good" + i)
          .append(", case when " + c + ".file_count >= s.file_count then 1 else 0 end as whole" + i)
          .append(", case when " + c + ".state = 'bad' then 1 else 0 end as bad" + i)
          .append(", case when " + c + ".state = 'gone' then 1 else 0 end as gone" + i)
          .append(", case when " + c + ".state = 'unseen' then 1 else 0 end as unseen" + i)
          .append(", " + c + ".depth as depth" + i)
          .append(", coalesce(" + c + ".intact_at, " + c + ".proven_at) as proven" + i);
      if (anyErased) {
        copies
            .append(", case when exists (select 1 from fact e where e.name = ? || s.study)")
            .append(" then 1 else 0 end as erased" + i);
        texts.add(Removals.erasedFrom(scope.destinationIds().get(i)));
        everywhere
            .append(" and (t.erased" + i + " = 1")
            .append(" or (t.good" + i + " = 1 and t.whole" + i + " = 1))");
      } else {
        everywhere.append(" and t.good" + i + " = 1 and t.whole" + i + " = 1");
      }
    }
    String good = places == 0 ? "1 = 0" : everywhere.toString();
    String changed =
        // A viewer's index changes with every click, and is copied once an hour.
        "t.library = 0 and t.version <> '' and t.listed_fingerprint <> ''"
            + " and t.listed_fingerprint <> t.fingerprint";
    String calm =
        "t.version <> '' and t.missing_files = 0 and t.failures = 0 and t.change_seen_at is null"
            + " and not ("
            + changed
            + ")";
    sum(columns, counted + " and t.other = 0");
    sum(columns, counted + " and t.other = 1");
    sum(columns, counted + " and t.other = 0 and " + calm + " and " + good);
    sum(columns, counted + " and t.other = 1 and " + calm + " and " + good);
    sum(columns, counted + " and t.version = ''");
    sum(columns, counted + " and t.version <> '' and not (" + provenOn(places, anyErased) + ")");
    sum(
        columns,
        counted
            + " and t.version <> '' and (t.missing_files > 0 or ("
            + provenOn(places, anyErased)
            + " and not ("
            + good
            + ") and not ("
            + changed
            + ")))");
    sum(columns, counted + " and t.failures > 0");
    sum(columns, counted + " and " + changed);
    sum(columns, counted + " and t.change_seen_at is not null");
    sum(columns, "t.listed = 1 and t.wanted = 1 and t.file_count = 0 and t.version = ''");
    String missed = "(t.gone%1$d = 1 or t.bad%1$d = 1)";
    String lost = any(places, anyErased ? missed + " and t.erased%1$d = 0" : missed);
    sum(columns, "t.listed = 0 and t.kept = 1");
    sum(columns, "t.listed = 0 and t.kept = 0 and (" + lost + ")");
    sum(columns, "t.listed = 1 and t.wanted = 0");
    sum(columns, anyErased ? asked + " and (" + erasedFrom(places, " or ") + ")" : "1 = 0");
    columns.add("min(case when " + counted + " and t.version = '' then t.first_seen_at end)");
    for (int i = 0; i < places; i++) {
      String proven = counted + " and t.good" + i + " = 1";
      sum(columns, proven + " and t.whole" + i + " = 1");
      for (Depth depth : PROVEN) {
        sum(columns, proven + " and t.depth" + i + " = '" + depth.name() + "'");
      }
      sum(columns, "t.bad" + i + " = 1");
      sum(
          columns,
          "t.listed = 0 and t.gone" + i + " = 1" + (anyErased ? " and t.erased" + i + " = 0" : ""));
      sum(columns, "t.unseen" + i + " = 1");
      columns.add("min(case when " + proven + " then t.proven" + i + " end)");
      columns.add("max(case when " + proven + " then t.proven" + i + " end)");
    }
    String sql =
        "select "
            + String.join(", ", columns)
            + " from (select s.version, s.file_count, s.missing_files, s.failures,"
            + " s.change_seen_at, s.fingerprint, s.listed_fingerprint, s.first_seen_at, case when "
            + group
            + " then 1 else 0 end as other, case when substr(s.study, 1, 9) = '_library/'"
            + " then 1 else 0 end as library, case when "
            + listed
            + " then 1 else 0 end as listed, case when "
            + listed
            + " then 1 when exists (select 1 from copy k where k.study = s.study"
            + " and k.version = s.version and k.state in ('good', 'unseen'))"
            + " then 1 else 0 end as kept, case when "
            + wanted
            + " then 1 else 0 end as wanted"
            + copies
            + " from study s"
            + joins
            + " where s.source = ?) t";
    return database.read(link -> {
      Link.Call call = link.call(sql);
      for (String text : texts) {
        call.text(text);
      }
      for (String text : joinTexts) {
        call.text(text);
      }
      return call.text(scope.sourceId()).one(row -> counts(scope, row)).orElseThrow();
    });
  }

  private static String provenOn(int places, boolean anyErased) {
    if (places == 0) {
      return "1 = 0";
    }
    List<String> good = new ArrayList<>();
    for (int i = 0; i < places; i++) {
      String here = "t.good" + i + " = 1";
      good.add(anyErased ? "(" + here + " or t.erased" + i + " = 1)" : here);
    }
    return String.join(" and ", good);
  }

  private static String erasedFrom(int places, String joined) {
    List<String> erased = new ArrayList<>();
    for (int i = 0; i < places; i++) {
      erased.add("t.erased" + i + " = 1");
    }
    return String.join(joined, erased);
  }

  /// A condition that has to hold for one of the destinations at least.
  private static String any(int places, String condition) {
    return places == 0
        ? "1 = 0"
        : IntStream.range(0, places)
            .mapToObj(i -> String.format(Locale.ROOT, condition, i))
            .collect(Collectors.joining(" or "));
  }

  private static void sum(List<String> columns, String condition) {
    columns.add("coalesce(sum(case when " + condition + " then 1 else 0 end), 0)");
  }

  private static Counts counts(Scope scope, Link.Row row) throws SQLException {
    long[] figures = new long[15];
    for (int i = 0; i < figures.length; i++) {
      figures[i] = row.number();
    }
    Optional<Instant> oldest = row.maybeTime();
    List<OnDestination> destinations = new ArrayList<>();
    for (String id : scope.destinationIds()) {
      long proven = row.number();
      Map<Depth, Long> byDepth = new HashMap<>();
      for (Depth depth : PROVEN) {
        byDepth.put(depth, row.number());
      }
      destinations.add(
          new OnDestination(
              id,
              proven,
              byDepth,
              row.number(),
              row.number(),
              row.number(),
              row.maybeTime(),
              row.maybeTime()));
    }
    return new Counts(
        figures[0],
        figures[1],
        figures[2],
        figures[3],
        figures[4],
        figures[5],
        figures[6],
        figures[7],
        figures[8],
        figures[9],
        figures[10],
        figures[11],
        figures[12],
        figures[13],
        figures[14],
        oldest,
        destinations);
  }

  // ---- which studies count

  private static String wanted(List<Wish> wishes, List<String> texts) {
    if (wishes.isEmpty()) {
      return "1 = 1";
    }
    List<String> any = new ArrayList<>();
    // What could not be looked into may hold what was asked for.
    any.add("s.study in (?, ?)");
    texts.add(StudyKey.UNREAD_FILES.value());
    texts.add(StudyKey.UNREAD_FOLDERS.value());
    for (Wish wish : wishes) {
      any.add("(" + wanted(wish, texts) + ")");
    }
    return "(" + String.join(" or ", any) + ")";
  }

  private static String wanted(Wish wish, List<String> texts) {
    Selection selection = wish.selection();
    List<String> all = new ArrayList<>();
    if (!selection.isAll() || wish.dicomOnly()) {
      all.add("substr(s.study, 1, 1) <> '_'");
    }
    if (!selection.modalities().isEmpty()) {
      List<String> any = new ArrayList<>();
      for (String modality : new TreeSet<>(selection.modalities())) {
        any.add("'\\' || s.modalities || '\\' like ? escape '!'");
        texts.add("%\\" + escaped(modality) + "\\%");
      }
      all.add("(" + String.join(" or ", any) + ")");
    }
    selection
        .from()
        .ifPresent(date -> {
          all.add("s.study_date >= ?");
          texts.add(date.toString());
        });
    selection
        .to()
        .ifPresent(date -> {
          all.add("s.study_date <> '' and s.study_date <= ?");
          texts.add(date.toString());
        });
    if (!selection.studies().isEmpty()) {
      all.add("s.study in (" + "?, ".repeat(selection.studies().size() - 1) + "?)");
      texts.addAll(new TreeSet<>(selection.studies()));
    }
    selection
        .patientId()
        .ifPresent(id -> {
          all.add("s.patient_id = ?");
          texts.add(id);
        });
    return all.isEmpty() ? "1 = 1" : String.join(" and ", all);
  }

  private static String escaped(String text) {
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_");
  }

  /// All studies and groups of a source, those not listed any more among them, whatever plans want
  /// and wherever their copies are.
  ///
  /// @param proven have a proven copy of every file somewhere, and nothing failed since
  /// @param notCopied have no proven copy of the version that was read last
  /// @param provenByDestination proven copies of present versions by destination
  public record OfSource(
      long studies,
      long proven,
      long notCopied,
      long incomplete,
      long failing,
      long waiting,
      long notListed,
      Map<String, Long> provenByDestination) {

    public OfSource {
      provenByDestination =
          java.util.Collections.unmodifiableMap(new TreeMap<>(provenByDestination));
    }
  }

  /// Counts a source as a whole.
  ///
  /// @param listedSince what no run since this one listed is not in the source any more
  public OfSource ofSource(String sourceId, long listedSince) {
    String proven = "c.state = 'good' and c.depth in (" + PROVEN_DEPTHS + ")";
    return database.read(link -> {
      Map<String, Long> byDestination = new HashMap<>();
      link.call(
              "select c.destination, count(*) from study s join copy c on c.study = s.study"
                  + " and c.version = s.version where s.source = ? and "
                  + proven
                  + " group by c.destination")
          .text(sourceId)
          .all(row -> byDestination.put(row.text(), row.number()));
      return link.call(
              "select count(*),"
                  + " coalesce(sum(case when t.files >= t.file_count and t.missing_files = 0"
                  + " and t.failures = 0 then 1 else 0 end), 0),"
                  + " coalesce(sum(case when t.files is null then 1 else 0 end), 0),"
                  + " coalesce(sum(case when t.missing_files > 0 then 1 else 0 end), 0),"
                  + " coalesce(sum(case when t.failures > 0 then 1 else 0 end), 0),"
                  + " coalesce(sum(case when t.change_seen_at is not null then 1 else 0 end), 0),"
                  + " coalesce(sum(case when t.last_seen_run < ? then 1 else 0 end), 0)"
                  + " from (select s.file_count, s.missing_files, s.failures, s.change_seen_at,"
                  + " s.last_seen_run, (select max(c.file_count) from copy c"
                  + " where c.study = s.study and c.version = s.version and "
                  + proven
                  + ") as files from study s where s.source = ?) t")
          .number(listedSince)
          .text(sourceId)
          .one(row ->
              new OfSource(
                  row.number(),
                  row.number(),
                  row.number(),
                  row.number(),
                  row.number(),
                  row.number(),
                  row.number(),
                  byDestination))
          .orElseThrow();
    });
  }

  // ---- runs

  /// What the backup runs of one plan over one source came to.
  ///
  /// @param last the newest of them
  /// @param lastGood the newest that ended well; empty when none did
  public record RunsOfPlan(
      String sourceId, String planHash, long last, Optional<Long> lastGood, Instant lastBegan) {}

  /// The backup runs by source and plan.
  public List<RunsOfPlan> backupRuns() {
    return database.read(link ->
        link.call(
                "select source, plan_hash, max(run), coalesce(max(case when ended_at is not null"
                    + " and outcome in ('good', 'incomplete') then run end), 0), max(started_at)"
                    + " from run where kind = 'backup' group by source, plan_hash"
                    + " order by max(run) desc")
            .all(row -> {
              String source = row.text();
              String hash = row.text();
              long last = row.number();
              long good = row.number();
              return new RunsOfPlan(
                  source, hash, last, good > 0 ? Optional.of(good) : Optional.empty(), row.time());
            }));
  }

  /// One run by its number.
  public Optional<RunRow> run(long number) {
    return database.read(link -> {
      Optional<RunRow> run =
          link.call("select " + Catalogue.RUN_COLUMNS + " from run where run = ?")
              .number(number)
              .one(Catalogue::runRow);
      return run.isPresent()
          ? Optional.of(Catalogue.withDestinations(link, run.get()))
          : Optional.empty();
    });
  }

  // ---- studies one by one

  /// A study as one source shows it, with every copy of its present version.
  public record PresentStudy(StudyRow study, String listedFingerprint, List<CopyRow> copies) {

    public PresentStudy {
      copies = List.copyOf(copies);
    }

    /// Whether the source shows it otherwise than when it was copied.
    public boolean changedSinceCopied() {
      return study.changeSeenAt().isPresent()
          || (!listedFingerprint.isEmpty() && !listedFingerprint.equals(study.fingerprint()));
    }
  }

  /// A study as a source shows it; empty when the source never listed it.
  public Optional<PresentStudy> present(String sourceId, StudyKey key) {
    Listings.Known known = catalogue.listings().known(sourceId, List.of(key)).get(key);
    return Optional.ofNullable(known)
        .map(row ->
            new PresentStudy(
                row.study(),
                row.listedFingerprint(),
                row.copies().stream()
                    .filter(
                        copy -> row.study().version().filter(copy.version()::equals).isPresent())
                    .toList()));
  }

  /// All studies of a date range, by date; a page is held at a time. Groups of other files have no
  /// date. Close the stream.
  ///
  /// @param from first study date
  /// @param to last study date, included
  public Stream<PresentStudy> presentStudies(LocalDate from, LocalDate to) {
    record Found(StudyRow study, String listed) {}

    Stream<Found> rows =
        database.stream(
            "select "
                + Catalogue.STUDY_COLUMNS
                + ", s.listed_fingerprint from study s"
                + " where s.study_date >= ? and s.study_date <= ?"
                + " order by s.study_date, s.study, s.source",
            call -> call.text(from.toString()).text(to.toString()),
            row -> new Found(catalogue.studyRow(row), row.text()));
    return rows.gather(java.util.stream.Gatherers.windowFixed(Listings.PAGE))
        .flatMap(page -> {
          Map<StudyKey, List<CopyRow>> copies =
              catalogue
                  .listings()
                  .copies(page.stream().map(found -> found.study().facts().key()).toList());
          return page.stream()
              .map(found ->
                  new PresentStudy(
                      found.study(),
                      found.listed(),
                      copies.getOrDefault(found.study().facts().key(), List.of()).stream()
                          .filter(copy ->
                              found.study().version().filter(copy.version()::equals).isPresent())
                          .toList()));
        });
  }
}
