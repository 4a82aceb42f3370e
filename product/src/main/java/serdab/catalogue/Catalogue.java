package serdab.catalogue;

import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.Proof;
import serdab.StudyLabel;
import serdab.VersionId;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// The memory of what was seen and copied, in SQLite or PostgreSQL. Thread-safe; several processes
/// may use one catalogue.
///
/// Every method that records something is one transaction: a crash leaves it wholly done or not at
/// all.
///
/// Every method throws [serdab.SerdabException]: `Unavailable` when the database cannot be reached,
/// `Damaged` when its file is not whole; the text says how to rebuild it.
public final class Catalogue implements AutoCloseable {

  /// Opens or makes the catalogue in a SQLite file, readable by its owner only.
  public static Catalogue inFile(Path file, InstantSource clock, RandomGenerator random) {
    throw new UnsupportedOperationException();
  }

  /// Opens or makes the catalogue in a PostgreSQL database.
  ///
  /// @param url a JDBC URL without secrets in it
  public static Catalogue inPostgres(
      String url, String user, String password, InstantSource clock, RandomGenerator random) {
    throw new UnsupportedOperationException();
  }

  /// The label of a study, by this installation's key.
  public StudyLabel label(StudyKey study) {
    throw new UnsupportedOperationException();
  }

  // ---- sources and destinations

  /// Remembers that a source was used.
  public void sawSource(String sourceId, String spec) {
    throw new UnsupportedOperationException();
  }

  /// Remembers that a destination was used at this address.
  public void sawDestination(String destinationId, String spec) {
    throw new UnsupportedOperationException();
  }

  /// Which destinations were used at this address before, the last one first.
  public List<String> destinationsAt(String spec) {
    throw new UnsupportedOperationException();
  }

  /// A fact that must outlive a run, such as "a sentinel was seen on this volume".
  public Optional<String> fact(String name) {
    throw new UnsupportedOperationException();
  }

  public void rememberFact(String name, String value) {
    throw new UnsupportedOperationException();
  }

  // ---- runs

  public long beginRun(
      String kind, String planHash, String sourceId, List<String> destinationIds, String worker) {
    throw new UnsupportedOperationException();
  }

  public void endRun(long run, String outcome, RunTotals totals) {
    throw new UnsupportedOperationException();
  }

  /// The last ended run of a kind over this source whose outcome is `good` or `incomplete`.
  public Optional<RunRow> lastGoodRun(String kind, String sourceId) {
    throw new UnsupportedOperationException();
  }

  /// The newest runs, the newest first.
  public List<RunRow> runs(int limit) {
    throw new UnsupportedOperationException();
  }

  // ---- studies as a source shows them

  /// Remembers that a run listed these studies. Facts, file counts and last seen are updated;
  /// fingerprint, look and version stay as they are.
  public void sawStudies(long run, String sourceId, List<Seen> studies) {
    throw new UnsupportedOperationException();
  }

  /// One listed study.
  public record Seen(StudyFacts facts, long fileCount) {}

  public Optional<StudyRow> study(String sourceId, StudyKey key) {
    throw new UnsupportedOperationException();
  }

  /// All studies of a source, ordered by key; close the stream.
  public Stream<StudyRow> studies(String sourceId) {
    throw new UnsupportedOperationException();
  }

  /// All studies of all sources, ordered by study date then key; close the stream.
  public Stream<StudyRow> studies() {
    throw new UnsupportedOperationException();
  }

  /// The files were looked at and found as they were: fingerprint and time are updated.
  public void foundUnchanged(String sourceId, StudyKey key, String fingerprint) {
    throw new UnsupportedOperationException();
  }

  /// A change was seen and not copied yet; keeps the first time until a version is recorded.
  public void sawChange(String sourceId, StudyKey key) {
    throw new UnsupportedOperationException();
  }

  /// A try failed: counts it, and sets the time before which it is not tried again.
  public void recordFailure(String sourceId, StudyKey key, String problem, Instant nextTryAt) {
    throw new UnsupportedOperationException();
  }

  // ---- versions and copies

  /// A version was read and copied: version, copies, fingerprint and look in one transaction.
  /// Failures are cleared.
  public void recordCopied(
      String sourceId,
      VersionRow version,
      List<CopyRow> copies,
      String fingerprint,
      String look,
      List<Finding> findings,
      long run) {
    throw new UnsupportedOperationException();
  }

  /// A copy found at a destination: version and copy in one transaction, with no source involved.
  public void recordHeld(VersionRow version, CopyRow copy) {
    throw new UnsupportedOperationException();
  }

  /// The newest proof of a copy, or that it is bad or gone.
  public void recordProof(
      StudyKey study, VersionId version, String destinationId, Proof proof, String state) {
    throw new UnsupportedOperationException();
  }

  /// All copies of a study, on all destinations, newest version first.
  public List<CopyRow> copies(StudyKey study) {
    throw new UnsupportedOperationException();
  }

  /// All copies on a destination, ordered by study; close the stream.
  public Stream<CopyRow> copiesOn(String destinationId) {
    throw new UnsupportedOperationException();
  }

  public Optional<VersionRow> version(StudyKey study, VersionId id) {
    throw new UnsupportedOperationException();
  }

  // ---- findings

  /// Findings of a run that belong to no study.
  public void recordFindings(long run, String sourceId, List<Finding> findings) {
    throw new UnsupportedOperationException();
  }

  /// Findings of the last reading of a study.
  public List<Finding> findings(String sourceId, StudyKey key) {
    throw new UnsupportedOperationException();
  }

  public long findingCount(String sourceId) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
