package serdab.repository;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import serdab.SerdabException;
import serdab.store.Capability;

/// Erases a group for good: its key goes, and with it whatever only that key opens (format section
/// 8.3). One thread at a time.
///
/// Blobs that versions of other groups need are sealed to those groups before. A run that was
/// killed at any step is started again, with the same call; until it has ended, the key is there
/// and nothing that others need is lost.
public final class Erasure {

  private static final int TRIES_MAX = 20;

  private final Repository repository;
  private final Shelf shelf;
  private final Trust trust;
  private final ManifestMover mover;

  /// @param repository opened with a writer's keys or an identity; with an identity when other
  ///   groups share blobs with the one to erase
  /// @param mover knows the manifests of the versions in the repository
  public Erasure(Repository repository, ManifestMover mover) {
    this.repository = repository;
    this.shelf = repository.shelf();
    this.trust = repository.trust();
    this.mover = mover;
  }

  /// What an erasure would do.
  ///
  /// @param versions those of the group that count no more
  /// @param sharing those of other groups that are written anew, as they share blobs with it
  /// @param whenPlaceLetsGo whether the place locks finished files: the erasure takes effect when
  ///   its lock on the group's documents ends, not before
  /// @param needsIdentity whether there is sharing, and no identity to open what is shared
  public record Plan(
      List<Snapshot> versions,
      List<Snapshot> sharing,
      boolean whenPlaceLetsGo,
      boolean needsIdentity) {

    public Plan {
      versions = List.copyOf(versions);
      sharing = List.copyOf(sharing);
    }
  }

  /// What was done.
  ///
  /// @param versions how many of other groups were written anew
  /// @param storedBytes what was added to the place for them
  /// @param whenPlaceLetsGo whether the group's key can be had from the place until its lock ends;
  ///   only then has the erasure taken effect
  public record Done(int versions, long storedBytes, boolean whenPlaceLetsGo) {}

  /// Finds what is to be done. Only reads.
  ///
  /// @throws SerdabException.Refused `repository-no-prune` where the place cannot promise enough,
  ///   `repository-group-unknown`
  /// @throws SerdabException.Damaged when a snapshot cannot be read: nobody knows what it needs
  public Plan plan(String groupKey) {
    String group = repository.naming().group(groupKey);
    requireAble();
    try (Known known = repository.readAgainWithLabels()) {
      known.requireReadable();
      List<Snapshot> versions = new ArrayList<>();
      for (Known.Ref ref : known.versions(group)) {
        versions.add(known.snapshot(ref));
      }
      // An erasure that was killed may have left its document and copies of keys, and nothing else.
      boolean begun = Notices.isThere(shelf, Erased.file(group));
      if (!begun && !known.hasGroup(group) && !repository.hasKey(group)) {
        throw Problems.groupUnknown();
      }
      List<Snapshot> sharing = known.needing(group);
      return new Plan(
          versions,
          sharing,
          shelf.store().capabilities().has(Capability.IMMUTABILITY),
          !sharing.isEmpty() && repository.unlocked().isEmpty());
    }
  }

  private void requireAble() {
    if (!shelf.store().capabilities().has(Capability.CONDITIONAL_CREATE)
        || !shelf.store().capabilities().has(Capability.LIST_AFTER_WRITE)) {
      throw Problems.cannotPrune();
    }
  }

  /// Erases a group. Nothing brings it back, and nothing can be written for it again.
  ///
  /// @param groupKey the group's key
  /// @param reason one sentence for people, without patient data
  /// @throws SerdabException.Refused `repository-needs-identity` when versions of other groups
  ///   share blobs with it and there is no identity to open them, and what [#plan] throws
  public Done carryOut(String groupKey, String reason) {
    if (!trust.canSign()) {
      throw Problems.needsWriter();
    }
    Plan plan = plan(groupKey);
    if (plan.needsIdentity()) {
      throw Problems.needsIdentity();
    }
    String group = repository.naming().group(groupKey);
    // From here on no session that begins relies on the group's packs, and none that began before
    // outlives the fences: what is found after them is all that there will be.
    Erased.write(shelf, trust, group, repository.clock().instant(), reason);
    repository.erased(group);
    repository.settle();
    Fences.raise(repository);
    int versions = 0;
    long storedBytes = 0;
    // Once is enough, unless sessions are fenced meanwhile.
    for (List<Move> moves = moves(group); !moves.isEmpty(); moves = moves(group)) {
      for (Move move : moves) {
        try {
          if (!move.isDone()) {
            storedBytes += writeAnew(group, move);
          }
        } catch (SerdabException.Damaged e) {
          if (!Notices.isThere(shelf, Layout.At.parse(move.old().at()).removal())) {
            throw e;
          }
          // Somebody let the version go meanwhile, and its packs with it.
          continue;
        }
        repository.remove(move.old(), reason);
        versions++;
      }
      repository.settle();
    }
    removeKeys(group);
    return new Done(versions, storedBytes, plan.whenPlaceLetsGo());
  }

  /// A version of another group that needs packs of the one to erase.
  ///
  /// @param isDone whether a snapshot that does not has been written in its place
  private record Move(Snapshot old, Commit.Version version, boolean isDone) {}

  private List<Move> moves(String group) {
    try (Known known = repository.readAgainWithLabels()) {
      known.requireReadable();
      List<Snapshot> needing = known.needing(group);
      Set<String> old = new HashSet<>();
      needing.forEach(each -> old.add(each.at()));
      List<Move> moves = new ArrayList<>();
      for (Snapshot each : needing) {
        Commit.Version version = known.version(Layout.At.parse(each.at()));
        boolean done =
            known.versions(version.group()).stream()
                .anyMatch(ref ->
                    ref.version().equals(version.version())
                        && ref.time().equals(each.time())
                        && !old.contains(ref.at().text()));
        moves.add(new Move(each, version, done));
      }
      return moves;
    }
  }

  private long writeAnew(String group, Move move) {
    if (repository.unlocked().isEmpty()) {
      throw Problems.needsIdentity();
    }
    for (int tries = 0; ; tries++) {
      try (VersionSource source = new VersionSource(repository, move.old(), move.version());
          VersionWriter writer = repository.begin(move.old().groupKey())) {
        Mover blobs = new Mover(group, move.version(), source, writer);
        byte[] manifest = mover.move(source.manifest(), blobs::moved);
        return writer.commitInPlaceOf(move.old(), manifest).snapshot().storedBytes();
      } catch (SerdabException.Unavailable e) {
        if (tries == TRIES_MAX || !Shelf.isCode(e, "repository-session-ended")) {
          throw e;
        }
      }
    }
  }

  /// Moves the blobs of one version.
  private final class Mover {

    private final String group;
    private final Commit.Version version;
    private final VersionSource source;
    private final VersionWriter writer;
    private final Map<BlobAt, BlobAt> moved = new HashMap<>();
    private final Map<PackRef, Map<Long, PackContents.Blob>> contents = new HashMap<>();

    Mover(String group, Commit.Version version, VersionSource source, VersionWriter writer) {
      this.group = group;
      this.version = version;
      this.source = source;
      this.writer = writer;
    }

    BlobAt moved(BlobAt old) {
      if (old.pack() < 0 || old.pack() >= version.packs().size()) {
        throw Problems.damaged("A version speaks of bytes that its packs do not have.");
      }
      BlobAt now = moved.get(old);
      if (now == null) {
        now = move(old);
        moved.put(old, now);
      }
      return now;
    }

    private BlobAt move(BlobAt old) {
      PackRef pack = version.packs().get(old.pack());
      if (!pack.group().equals(group)) {
        Optional<Integer> ordinal = writer.rely(pack);
        if (ordinal.isPresent()) {
          return new BlobAt(ordinal.get(), old.offset(), old.storedBytes(), old.codec());
        }
      }
      PackContents.Blob blob =
          contents
              .computeIfAbsent(pack, each -> new PackContents(repository).blobs(each))
              .get(old.offset());
      if (blob == null || blob.storedBytes() != old.storedBytes()) {
        throw Problems.damaged("A version speaks of bytes that its packs do not have.");
      }
      return writer
          .find(blob.digest())
          .filter(there -> there.codec() == old.codec())
          .filter(there -> there.storedBytes() == old.storedBytes())
          .orElseGet(() ->
              writer.put(
                  blob.digest(),
                  blob.lengthBytes(),
                  blob.codec(),
                  java.nio.ByteBuffer.wrap(source.read(old))));
    }
  }

  private void removeKeys(String group) {
    for (String file : shelf.names(Layout.groupFolder(group))) {
      shelf.store().delete(file);
    }
    Copies.forget(shelf, Set.of(Objects.requireNonNull(group)));
    repository.forgetKey(group);
  }
}
