package serdab.repository;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// A repository at one place. Thread-safe.
///
/// Every method throws [serdab.SerdabException].
public interface Repository extends AutoCloseable {

  UUID id();

  /// Every version that exists, in no promised order, streamed. Close the stream.
  Stream<Snapshot> snapshots();

  /// Every version of a group, in the order of their times.
  List<Snapshot> snapshots(String groupKey);

  /// The newest snapshot of exactly this version.
  Optional<Snapshot> find(String groupKey, String version);

  /// Begins a version of a group; needs a writer's keys.
  VersionWriter begin(String groupKey);

  /// Whether [#read] can open the packs of this version: with the identity, or because they were
  /// written by this very repository object.
  boolean canRead(Snapshot snapshot);

  /// Opens a version.
  ///
  /// @throws serdab.SerdabException.Refused `repository-needs-identity` when [#canRead] is false
  VersionSource read(Snapshot snapshot);

  /// Whether every pack of the version is listed with its length.
  ///
  /// @throws serdab.SerdabException.Damaged naming what is missing or of another length
  void requirePresent(Snapshot snapshot);

  /// Reads every pack of the version back and compares its SHA-256 with its name; needs no key.
  ///
  /// @throws serdab.SerdabException.Damaged when one is damaged
  serdab.store.ReadBack.Means requireIntact(Snapshot snapshot);

  /// Lets a version count no more; its packs stay until a prune.
  ///
  /// @param reason one sentence for people, without patient data
  void remove(Snapshot snapshot, String reason);

  /// Ends this session, merges what it wrote into an index segment, and writes the copies of small
  /// things. Does nothing when nothing was written.
  void settle();

  @Override
  void close();
}
