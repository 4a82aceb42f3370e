package serdab.repository;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.Capability;

/// Removes versions that a person decided on, and packs that no version needs (format section 8.2).
/// One thread at a time.
///
/// Nothing here decides what goes: the versions are handed in. Writers and other prunes may be at
/// work meanwhile, asleep for days, or with wrong clocks; no pack that a committed version needs is
/// removed.
public final class Prune {

  private final Repository repository;
  private final Shelf shelf;
  private final Trust trust;

  /// @param repository opened with a writer's keys or an identity
  public Prune(Repository repository) {
    this.repository = repository;
    this.shelf = repository.shelf();
    this.trust = repository.trust();
  }

  /// What is to go.
  ///
  /// @param versions no longer count; their packs go as far as nothing else needs them
  /// @param packs that nothing will need, when nothing else changes meanwhile
  public record Plan(List<Snapshot> versions, List<Snapshot.PackName> packs) {

    public Plan {
      versions = List.copyOf(versions);
      packs = List.copyOf(packs);
    }

    /// How much room the packs take.
    public long storedBytes() {
      return packs.stream().mapToLong(Snapshot.PackName::storedBytes).sum();
    }
  }

  /// What went.
  ///
  /// @param packs how many were removed
  /// @param storedBytes the room they took
  /// @param spared how many packs of the plan a version turned out to need
  public record Done(int packs, long storedBytes, int spared) {}

  /// Finds what goes when these versions go. Only reads.
  ///
  /// A pack that no snapshot ever named belongs to a run that has not committed it yet, or never
  /// will. It is left alone while the place says that it is younger than `untouched`. That is to
  /// spare live runs the trouble of writing it anew; nothing is lost by it when clocks are wrong.
  ///
  /// @param versions to let go, perhaps none
  /// @throws SerdabException.Refused `repository-no-prune` where the place cannot promise enough
  /// @throws SerdabException.Damaged when a snapshot cannot be read: nobody knows what it needs
  public Plan plan(List<Snapshot> versions, Duration untouched) {
    if (!shelf.store().capabilities().has(Capability.CONDITIONAL_CREATE)
        || !shelf.store().capabilities().has(Capability.LIST_AFTER_WRITE)) {
      throw Problems.cannotPrune();
    }
    Set<String> going = new HashSet<>();
    versions.forEach(version -> going.add(version.at()));
    Set<Sha256> needed = new HashSet<>();
    Set<Sha256> named = new HashSet<>();
    try (Known known = known()) {
      known.all(version -> {
        for (Snapshot.PackName pack : version.packs()) {
          named.add(pack.digest());
          if (!going.contains(version.at())) {
            needed.add(pack.digest());
          }
        }
      });
      known.removedVersions(version -> version.packs().forEach(pack -> named.add(pack.digest())));
    }
    Instant young = repository.clock().instant().minus(untouched);
    List<Snapshot.PackName> packs = new ArrayList<>();
    try (Stream<BlobInfo> listed = shelf.store().list(Layout.PACKS)) {
      listed.forEach(file ->
          Layout.packOf(file.name())
              .filter(pack -> !needed.contains(pack))
              .filter(pack -> named.contains(pack) || file.lastModified().isBefore(young))
              .ifPresent(pack -> packs.add(new Snapshot.PackName(pack, file.lengthBytes()))));
    }
    packs.sort(java.util.Comparator.comparing(Snapshot.PackName::digest));
    return new Plan(versions, packs);
  }

  /// Gives up a snapshot that is lost with all its copies, because a person says so: the version
  /// that it was, if it was one, counts no more, and it stops no prune. Nothing else changes; what
  /// other versions need stays.
  ///
  /// @param at as [Repository#unreadableSnapshots] names it
  /// @param reason one sentence for people, without patient data
  /// @throws SerdabException.Refused `repository-snapshot-not-lost` when it can be read, or never
  ///   was
  public void giveUp(String at, String reason) {
    if (!trust.canSign()) {
      throw Problems.needsWriter();
    }
    Layout.At lost = Layout.At.parse(at);
    try (Known known = repository.readAgain()) {
      if (!known.isUnreadable(lost)) {
        throw Problems.notLost(at);
      }
    }
    // Whoever may still hold the session open can commit nothing at that number, nor after it.
    Fences.end(repository, lost);
    Doc doc =
        new Doc()
            .with("at", lost.text())
            .with("time", repository.clock().instant().toString())
            .with("reason", reason);
    Notices.write(shelf, trust, lost.removal(), trust.signed(doc, lost.removal()));
  }

  /// What the place says now, all of it readable.
  private Known known() {
    Known known = repository.readAgain();
    try {
      known.requireReadable();
    } catch (SerdabException e) {
      known.close();
      throw e;
    }
    return known;
  }

  /// Carries a plan out.
  ///
  /// @param reason one sentence for people, without patient data
  /// @throws SerdabException.Damaged when a pack that stays has to be mended before parity can be
  ///   written for it without those that go; nothing was removed then
  public Done carryOut(Plan plan, String reason) {
    return carryOut(plan, reason, _ -> {});
  }

  /// The same, telling which packs go while they are all still there.
  Done carryOut(Plan plan, String reason, Consumer<Set<Sha256>> beforeRemoval) {
    if (!trust.canSign()) {
      throw Problems.needsWriter();
    }
    plan.versions().forEach(version -> repository.remove(version, reason));
    if (plan.packs().isEmpty()) {
      try (Known known = repository.readAgain()) {
        clearAway(known.segmentNames());
      }
      return new Done(0, 0, 0);
    }
    String tombstone = tombstone(plan);
    Fences.raise(repository);
    Set<Sha256> needed = new HashSet<>();
    Set<Sha256> active;
    try (Known known = known()) {
      known.all(version -> version.packs().forEach(pack -> needed.add(pack.digest())));
      active = known.segmentNames();
    }
    TreeMap<Sha256, Long> go = new TreeMap<>();
    plan.packs().stream()
        .filter(pack -> !needed.contains(pack.digest()))
        .forEach(pack -> go.put(pack.digest(), pack.storedBytes()));
    Optional<Parity> parity =
        repository.hasParity() ? Optional.of(new Parity(repository)) : Optional.empty();
    // While all members are there: afterwards what stays could not be mended any more.
    parity.ifPresent(all -> all.withoutMembers(Set.copyOf(go.keySet()), needed));
    beforeRemoval.accept(Set.copyOf(go.keySet()));
    BlobStore store = shelf.store();
    int removed = 0;
    long bytes = 0;
    for (var pack : go.entrySet()) {
      if (store.delete(Layout.pack(pack.getKey()))) {
        removed++;
        bytes += pack.getValue();
      }
    }
    parity.ifPresent(all -> all.dropReplaced(needed));
    // Ours alone: while a prune may still remove what it condemned, its word has to stand.
    store.delete(tombstone);
    clearAway(active);
    return new Done(removed, bytes, plan.packs().size() - go.size());
  }

  private String tombstone(Plan plan) {
    byte[] id = new byte[16];
    repository.secure().nextBytes(id);
    String file = Layout.TOMBSTONES + HexFormat.of().formatHex(id) + ".json";
    List<Object> names = new ArrayList<>();
    plan.packs().forEach(pack -> names.add(pack.digest().hex()));
    Doc doc = new Doc().with("packs", names).with("time", repository.clock().instant().toString());
    shelf.put(file, Bulk.of(trust.signed(doc, file)));
    return file;
  }

  /// What other runs left that ended or were killed. There may be some of it where no pack goes.
  private void clearAway(Set<Sha256> active) {
    removeReplaced(active);
    removeEmptyTombstones();
    shelf.store().sweep();
  }

  private void removeReplaced(Set<Sha256> active) {
    // A segment that came meanwhile is left for the next prune.
    Set<Sha256> replaced = new HashSet<>();
    for (Sha256 name : active) {
      try (Segment segment = Segment.open(name, shelf.store().open(Layout.index(name)), trust)) {
        replaced.addAll(segment.replaces());
      } catch (SerdabException.Refused | SerdabException.Damaged e) {
        // Somebody merged it, or it is damaged: nothing goes because of it.
      }
    }
    replaced.removeAll(active);
    replaced.forEach(name -> shelf.store().delete(Layout.index(name)));
  }

  /// What a prune that was killed condemned and removed wholly needs no word any more.
  private void removeEmptyTombstones() {
    for (String file : shelf.names(Layout.TOMBSTONES)) {
      Set<Sha256> packs =
          shelf
              .whole(file, 1L << 30)
              .map(json -> Tombstones.packsOf(Doc.parse(json)))
              .orElse(Set.of());
      if (packs.stream().allMatch(pack -> shelf.store().find(Layout.pack(pack)).isEmpty())) {
        shelf.store().delete(file);
      }
    }
  }
}
