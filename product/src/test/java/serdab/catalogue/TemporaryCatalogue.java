package serdab.catalogue;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

/// A real catalogue in memory: SQLite without a file, made in a fraction of a millisecond, for
/// tests that need thousands of them. Several threads may use [#catalogue].
///
/// [#state] is everything it knows, as bytes. A crash is simulated by taking the state, or an
/// earlier one, and going on with [#of] that state; a step inside a transaction is made to fail
/// with [#failAt].
public final class TemporaryCatalogue implements AutoCloseable {

  private static final byte[] EMPTY = emptyTables();

  private final SqliteDatabase database;
  private final Catalogue catalogue;
  private volatile StepAction atStep = (number, step) -> {};
  private long steps;

  /// Called before each step of a transaction; what it throws breaks the transaction off.
  @FunctionalInterface
  public interface StepAction {
    /// A transaction has come to this step.
    ///
    /// @param number counts all steps since the catalogue was made or [#failAt] was called
    /// @param step `begin`, `write`, `commit` (not yet done) or `committed`
    void at(long number, String step);
  }

  private TemporaryCatalogue(byte[] state, InstantSource clock, RandomGenerator random) {
    this.database = SqliteDatabase.inMemory(step -> atStep.at(steps++, step));
    database.replaceState(state);
    this.catalogue = Catalogue.over(database, clock, random);
  }

  /// An empty one.
  public static TemporaryCatalogue empty(InstantSource clock, RandomGenerator random) {
    return new TemporaryCatalogue(EMPTY, clock, random);
  }

  /// One that knows what another knew when its state was taken.
  public static TemporaryCatalogue of(byte[] state, InstantSource clock, RandomGenerator random) {
    return new TemporaryCatalogue(state, clock, random);
  }

  public Catalogue catalogue() {
    return catalogue;
  }

  /// All it knows now. Not to be taken by the thread that is inside a transaction.
  public byte[] state() {
    return database.state();
  }

  /// Forgets what was recorded since that state of the same catalogue was taken.
  public void rollBackTo(byte[] state) {
    database.replaceState(state);
  }

  /// Calls this at each step from now on, counted from 0.
  public void failAt(StepAction action) {
    steps = 0;
    atStep = action;
  }

  private static byte[] emptyTables() {
    try (SqliteDatabase database = SqliteDatabase.inMemory(WritePoint.NONE)) {
      Schema.bringUpToDate(database, () -> java.time.Instant.EPOCH);
      return database.state();
    }
  }

  @Override
  public void close() {
    catalogue.close();
  }
}
