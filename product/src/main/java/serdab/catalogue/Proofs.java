package serdab.catalogue;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// Every depth to which copies were proven, each with its own date, and in which order.
/// Thread-safe.
///
/// A proof that succeeds stands beside the others; one that fails ends them all. Proofs are counted
/// as they are recorded, so that their order does not hang on clocks.
public final class Proofs {

  private static final String COUNTER = "proof";
  private static final String GOOD = "good";

  private final Database database;

  Proofs(Database database) {
    this.database = database;
  }

  /// Whose turn it is: a copy as the catalogue knows it, and when it was last proven deeply enough.
  ///
  /// @param state as in [CopyRow]
  /// @param lastTurn the count of its last proof that was deep enough; when there is none, of what
  ///   made it wait: it was made, found, or found bad
  /// @param lastAt the date of that proof; when there is none, of the copy's last proof of any kind
  public record Turn(
      StudyKey study,
      VersionId version,
      String location,
      long storedBytes,
      long fileCount,
      String state,
      long lastTurn,
      Instant lastAt) {

    /// As [CopyRow#isUnseen].
    public boolean isUnseen() {
      return state.equals(CopyRow.UNSEEN);
    }

    /// As [CopyRow#shouldBeThere].
    public boolean shouldBeThere() {
      return !state.equals("gone") && !state.equals("removed");
    }
  }

  /// All copies on a destination by study and version; close the stream.
  ///
  /// @param depth proofs to this depth or deeper count
  public Stream<Turn> turns(String destinationId, Depth depth) {
    return database.stream(
        "select c.study, c.version, c.location, c.stored_bytes, c.file_count, c.state,"
            + " coalesce(max(p.turn), c.since_turn), coalesce(max(p.proven_at), c.proven_at)"
            + " from copy c left join proof p on p.destination = c.destination"
            + " and p.study = c.study and p.version = c.version and p.depth in ("
            + reaching(depth)
            + ") where c.destination = ?"
            + " group by c.study, c.version, c.location, c.stored_bytes, c.file_count, c.state,"
            + " c.since_turn, c.proven_at order by c.study, c.version",
        call -> call.text(destinationId),
        row ->
            new Turn(
                new StudyKey(row.text()),
                VersionId.parse(row.text()),
                row.text(),
                row.number(),
                row.number(),
                row.text(),
                row.number(),
                row.time()));
  }

  /// The depths that reach one, as SQL text; constants of ours only.
  static String reaching(Depth depth) {
    return Arrays.stream(Depth.values())
        .filter(one -> one.reaches(depth))
        .map(one -> "'" + one.name() + "'")
        .collect(Collectors.joining(", "));
  }

  /// The proofs of a copy that hold, the deepest first.
  public List<Proof> of(StudyKey study, VersionId version, String destinationId) {
    return database.read(
        link -> List.copyOf(standing(link, study.value(), version.hex(), destinationId)));
  }

  /// How many proofs were ever recorded.
  public long count() {
    return database.read(link ->
        link.call("select value from counter where name = ?")
            .text(COUNTER)
            .one(Link.Row::number)
            .orElse(0L));
  }

  // ---- within the transactions of the catalogue

  /// Counts a proof. First of all in a transaction, so that two of them never wait for each other.
  static long next(Link link) throws SQLException {
    return Catalogue.next(link, COUNTER);
  }

  /// A copy was made, found or proven. Proofs that stand go on standing while the same bytes are at
  /// the same place and were read back now; a copy that is only listed starts anew.
  static void write(Link link, CopyRow copy, long turn) throws SQLException {
    boolean goesOn =
        copy.state().equals(GOOD)
            && copy.proof().depth().reaches(Depth.ATTESTED)
            && link.call(
                    "select count(*) from copy where study = ? and version = ?"
                        + " and destination = ? and location = ? and stored_bytes = ?"
                        + " and state in ('good', 'unseen')")
                .text(copy.study().value())
                .text(copy.version().hex())
                .text(copy.destinationId())
                .text(copy.location())
                .number(copy.storedBytes())
                .one(row -> row.number() > 0)
                .orElse(false);
    if (!goesOn) {
      end(link, copy.study(), copy.version(), copy.destinationId());
    }
    link.call(
            "insert into copy (study, version, destination, location, stored_bytes, file_count,"
                + " depth, means, proven_at, state, run, since_turn)"
                + " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                + " on conflict (study, version, destination) do update set"
                + " location = excluded.location, stored_bytes = excluded.stored_bytes,"
                + " file_count = excluded.file_count, depth = excluded.depth,"
                + " means = excluded.means, proven_at = excluded.proven_at,"
                + " state = excluded.state, run = excluded.run, intact_at = null"
                + (goesOn ? "" : ", since_turn = excluded.since_turn"))
        .text(copy.study().value())
        .text(copy.version().hex())
        .text(copy.destinationId())
        .text(copy.location())
        .number(copy.storedBytes())
        .number(copy.fileCount())
        .text(copy.proof().depth().name())
        .text(copy.proof().means().name())
        .time(copy.proof().at())
        .text(copy.state())
        .number(copy.runId())
        .number(turn)
        .write();
    if (copy.state().equals(GOOD)) {
      add(link, copy.study(), copy.version(), copy.destinationId(), copy.proof(), turn);
    }
  }

  /// The newest proof of a copy, or that it is bad or gone.
  ///
  /// @return how many copies that was: one, or none when it is not known
  static int record(
      Link link, StudyKey study, VersionId version, String destinationId, Proof proof, String state)
      throws SQLException {
    long turn = next(link);
    Optional<String> before =
        link.call("select state from copy where study = ? and version = ? and destination = ?")
            .text(study.value())
            .text(version.hex())
            .text(destinationId)
            .one(Link.Row::text);
    if (before.isEmpty()) {
      return 0;
    }
    boolean good = state.equals(GOOD);
    boolean goesOn = good && (before.get().equals(GOOD) || before.get().equals(CopyRow.UNSEEN));
    if (!goesOn) {
      end(link, study, version, destinationId);
    }
    int rows =
        link.call(
                "update copy set depth = ?, means = ?, proven_at = ?, state = ?, intact_at = null"
                    + (goesOn ? "" : ", since_turn = " + turn)
                    + " where study = ? and version = ? and destination = ?")
            .text(proof.depth().name())
            .text(proof.means().name())
            .time(proof.at())
            .text(state)
            .text(study.value())
            .text(version.hex())
            .text(destinationId)
            .write();
    if (good) {
      add(link, study, version, destinationId, proof, turn);
    }
    return rows;
  }

  private static void end(Link link, StudyKey study, VersionId version, String destinationId)
      throws SQLException {
    link.call("delete from proof where destination = ? and study = ? and version = ?")
        .text(destinationId)
        .text(study.value())
        .text(version.hex())
        .write();
  }

  private static void add(
      Link link, StudyKey study, VersionId version, String destinationId, Proof proof, long turn)
      throws SQLException {
    link.call(
            "insert into proof (destination, study, version, depth, means, proven_at, turn)"
                + " values (?, ?, ?, ?, ?, ?, ?)"
                + " on conflict (destination, study, version, depth) do update set"
                + " means = excluded.means, proven_at = excluded.proven_at, turn = excluded.turn")
        .text(destinationId)
        .text(study.value())
        .text(version.hex())
        .text(proof.depth().name())
        .text(proof.means().name())
        .time(proof.at())
        .number(turn)
        .write();
    List<Proof> standing = standing(link, study.value(), version.hex(), destinationId);
    Proof deepest = standing.getFirst();
    // A deeper proof reads all bytes back first, so it is one of their wholeness too.
    Optional<Instant> intactAt =
        standing.stream()
            .filter(one -> one.depth().reaches(Depth.INTACT))
            .map(Proof::at)
            .max(Comparator.naturalOrder());
    Link.Call call =
        link.call(
                "update copy set depth = ?, means = ?, proven_at = ?, intact_at = "
                    + (intactAt.isPresent() ? "?" : "null")
                    + " where study = ? and version = ? and destination = ?")
            .text(deepest.depth().name())
            .text(deepest.means().name())
            .time(deepest.at());
    if (intactAt.isPresent()) {
      call.time(intactAt.get());
    }
    call.text(study.value()).text(version.hex()).text(destinationId).write();
  }

  private static List<Proof> standing(Link link, String study, String version, String destinationId)
      throws SQLException {
    List<Proof> standing =
        new ArrayList<>(
            link.call(
                    "select depth, means, proven_at from proof"
                        + " where destination = ? and study = ? and version = ?")
                .text(destinationId)
                .text(study)
                .text(version)
                .all(row ->
                    new Proof(
                        Depth.valueOf(row.text()), ProofMeans.valueOf(row.text()), row.time())));
    standing.sort(Comparator.comparing(Proof::depth).reversed());
    return standing;
  }
}
