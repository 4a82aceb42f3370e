package serdab.catalogue;

import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import serdab.plan.BackupPlan;
import serdab.plan.Strategy;

/// The plans that runs followed, and what kinds of runs there were. Thread-safe.
///
/// Every method throws [serdab.SerdabException] as [Catalogue] does.
public final class Plans {

  /// Runs of one source that are looked through for a certain one: two weeks of one each 10
  /// minutes.
  private static final int RUNS_MAX = 2100;

  private final Database database;
  private final InstantSource clock;

  Plans(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /// A plan as it was recorded.
  ///
  /// @param name for people; empty for a plan from the command line
  /// @param serialised its one serialised form, which the hash is over
  public record StoredPlan(
      String hash, String name, String serialised, Instant firstUsedAt, Instant lastUsedAt) {

    /// The value of a setting in the serialised form; empty when it is not there.
    public String setting(String key) {
      return serialised
          .lines()
          .filter(line -> line.startsWith(key + "="))
          .map(line -> unescape(line.substring(key.length() + 1)))
          .findFirst()
          .orElse("");
    }
  }

  private static String unescape(String value) {
    StringBuilder text = new StringBuilder();
    boolean escaped = false;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (!escaped && c == '\\') {
        escaped = true;
        continue;
      }
      text.append(escaped && c == 'n' ? '\n' : escaped && c == 'r' ? '\r' : c);
      escaped = false;
    }
    return text.toString();
  }

  /// Remembers which plan a run follows and what kind of run it is.
  ///
  /// @param did what it does, which is more than the plan asks for when there was no full run yet
  public void follows(long run, BackupPlan plan, Strategy did) {
    Instant now = clock.instant();
    database.write(link -> {
      link.call(
              "insert into plan (plan_hash, name, serialised, first_used_at, last_used_at)"
                  + " values (?, ?, ?, ?, ?) on conflict (plan_hash) do update set"
                  + " last_used_at = excluded.last_used_at")
          .text(plan.hash())
          .text(plan.name())
          .text(plan.serialised())
          .time(now)
          .time(now)
          .write();
      return link.call("update run set strategy = ? where run = ?")
          .text(did.text())
          .number(run)
          .write();
    });
  }

  /// The plan with this hash, when a run ever followed it.
  public Optional<StoredPlan> plan(String hash) {
    return database.read(link ->
        link.call(
                "select plan_hash, name, serialised, first_used_at, last_used_at from plan"
                    + " where plan_hash = ?")
            .text(hash)
            .one(Plans::stored));
  }

  /// All plans that were ever followed, the one used last first.
  public List<StoredPlan> plans() {
    return database.read(link ->
        link.call(
                "select plan_hash, name, serialised, first_used_at, last_used_at from plan"
                    + " order by last_used_at desc, plan_hash")
            .all(Plans::stored));
  }

  private static StoredPlan stored(Link.Row row) throws SQLException {
    return new StoredPlan(row.text(), row.text(), row.text(), row.time(), row.time());
  }

  /// What kind of backup a run was; empty for other runs.
  public String strategyOf(long run) {
    return database.read(link ->
        link.call("select strategy from run where run = ?")
            .number(run)
            .one(Link.Row::text)
            .orElse(""));
  }

  /// Whether a backup of this source ever ended with nothing left for later.
  public boolean everCaughtUp(String sourceId) {
    return database.read(link ->
        link.call(
                "select 1 from run where kind = 'backup' and source = ? and waiting = 0"
                    + " and ended_at is not null and outcome in ('good', 'incomplete') limit 1")
            .text(sourceId)
            .one(row -> true)
            .isPresent());
  }

  /// How fast a source was copied lately.
  ///
  /// @param since when the first of these runs began
  /// @param copied studies copied by them
  /// @param runs how many they were
  public record Pace(Instant since, long copied, long runs) {}

  /// How fast runs before this one copied, looking back to a time; empty when there was none.
  public Optional<Pace> pace(String sourceId, Instant from, long beforeRun) {
    return database.read(link ->
        link.call(
                "select min(started_at), coalesce(sum(copied), 0), count(*) from run"
                    + " where kind = 'backup' and source = ? and started_at >= ? and run < ?")
            .text(sourceId)
            .time(from)
            .number(beforeRun)
            .one(row -> new Pace(row.time(), row.number(), row.number()))
            .filter(pace -> pace.runs() > 0));
  }

  /// One backup run, as far as its kind matters.
  ///
  /// @param finished whether it ended and left nothing for later
  public record KindOfRun(Instant startedAt, Optional<Instant> endedAt, boolean finished) {}

  /// The backup runs of a kind over this source, with the plan's selection and to just these
  /// destinations, the newest first.
  public List<KindOfRun> runsOfKind(
      Strategy kind, BackupPlan plan, String sourceId, List<String> destinationIds) {
    String scope = scope(plan.serialised());
    TreeSet<String> wanted = new TreeSet<>(destinationIds);
    return database.read(link -> {
      record Candidate(long run, String planHash, KindOfRun kindOfRun) {}
      List<Candidate> candidates =
          link.call(
                  "select run, plan_hash, started_at, ended_at, outcome, waiting from run"
                      + " where kind = 'backup' and strategy = ? and source = ?"
                      + " order by run desc limit ?")
              .text(kind.text())
              .text(sourceId)
              .number(RUNS_MAX)
              .all(row -> {
                long run = row.number();
                String hash = row.text();
                Instant started = row.time();
                Optional<Instant> ended = row.maybeTime();
                String outcome = row.text();
                boolean good = outcome.equals("good") || outcome.equals("incomplete");
                boolean finished = ended.isPresent() && good && row.number() == 0;
                return new Candidate(run, hash, new KindOfRun(started, ended, finished));
              });
      Map<String, Boolean> sameScope = new HashMap<>();
      List<KindOfRun> runs = new ArrayList<>();
      for (Candidate candidate : candidates) {
        Boolean same = sameScope.get(candidate.planHash());
        if (same == null) {
          same =
              link.call("select serialised from plan where plan_hash = ?")
                  .text(candidate.planHash())
                  .one(Link.Row::text)
                  .filter(text -> scope(text).equals(scope))
                  .isPresent();
          sameScope.put(candidate.planHash(), same);
        }
        if (same
            && new TreeSet<>(
                    link.call("select destination from run_destination where run = ?")
                        .number(candidate.run())
                        .all(Link.Row::text))
                .equals(wanted)) {
          runs.add(candidate.kindOfRun());
        }
      }
      return List.copyOf(runs);
    });
  }

  /// Which studies a plan wants, as its serialised form says it.
  private static String scope(String serialised) {
    return String.join(
        "\n",
        serialised
            .lines()
            .filter(line -> line.startsWith("selection.") || line.startsWith("dicom-only="))
            .toList());
  }
}
