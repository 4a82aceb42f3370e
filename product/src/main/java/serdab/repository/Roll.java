package serdab.repository;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.HeldBytes;

/// What should be there, going by the snapshots and the copies of small files; read without any
/// key. One thread at a time.
///
/// In memory are 56 bytes for each pack that a version needs, and the names of snapshots.
final class Roll {

  private static final int GAP_MAX = 1000;

  private final Shelf shelf;
  private final Judge judge;
  private final PackTable packs = new PackTable();
  private final Set<String> erased = new HashSet<>();
  private final Set<Layout.At> removed = new HashSet<>();
  private final Map<String, List<Layout.Range>> copies = new HashMap<>();
  private final TreeSet<String> lost = new TreeSet<>();
  private final Consumer<Commit> each;
  private int versions;
  private boolean uncertain;

  private Roll(Shelf shelf, Judge judge, Consumer<Commit> each) {
    this.shelf = shelf;
    this.judge = judge;
    this.each = each;
  }

  static Roll call(Shelf shelf, Judge judge) {
    return call(shelf, judge, _ -> {});
  }

  /// @param each is told of every version that exists
  static Roll call(Shelf shelf, Judge judge, Consumer<Commit> each) {
    Roll roll = new Roll(shelf, judge, each);
    roll.readRemoved();
    roll.readSnapshots();
    return roll;
  }

  private void readRemoved() {
    for (String file : Notices.names(shelf, Layout.ERASED)) {
      // Only what somebody trusted signed: else who can write to the place could hide what is lost.
      Judge.erasedOf(file).filter(_ -> isGood(file)).ifPresent(erased::add);
    }
    for (String file : Notices.names(shelf, Layout.REMOVED)) {
      Layout.removalOf(file).filter(_ -> isGood(file)).ifPresent(removed::add);
    }
  }

  private boolean isGood(String first) {
    return Notices.files(first).stream().anyMatch(file -> judge.isGood(file));
  }

  private void readSnapshots() {
    Numbers listed = new Numbers();
    try (Stream<BlobInfo> files = shelf.store().list(Layout.SNAPSHOTS)) {
      files.forEach(file -> Layout.At.of(file.name()).ifPresent(listed::add));
    }
    Numbers there = new Numbers();
    there.addAll(listed);
    for (String file : shelf.names(Layout.COPIES)) {
      Layout.copyOf(file)
          .ifPresent(range -> {
            listed.add(range);
            List<Layout.Range> of = copies.computeIfAbsent(range.session(), _ -> new ArrayList<>());
            if (!of.contains(range)) {
              of.add(range);
            }
          });
    }
    for (String session : listed.sessions()) {
      for (Layout.At at : withGaps(session, listed.of(session))) {
        if (!there.has(at) && !removed.contains(at)) {
          lost.add(at.file());
        }
        try (SnapshotFile snapshot = open(at)) {
          if (take(snapshot)) {
            break;
          }
        } catch (SerdabException.Damaged | SerdabException.Refused e) {
          // Nothing is known of it: neither file nor copy. The check of each file tells.
          uncertain |= !removed.contains(at);
        }
      }
    }
  }

  /// Numbers are given one after another: what is missing in between was lost. A gap that no
  /// session of ours leaves is a name that somebody made up.
  private static List<Layout.At> withGaps(String session, int[] numbers) {
    List<Layout.At> all = new ArrayList<>(numbers.length);
    int next = 0;
    for (int number : numbers) {
      for (int i = number - next <= GAP_MAX ? next : number; i <= number; i++) {
        all.add(new Layout.At(session, i));
      }
      next = number + 1;
    }
    return all;
  }

  /// True when the session was over with it.
  private boolean take(SnapshotFile snapshot) {
    Commit commit = snapshot.commit();
    commit
        .version()
        .filter(version -> !removed.contains(commit.at()) && !erased.contains(version.group()))
        .ifPresent(version -> {
          versions++;
          each.accept(commit);
          version.packs().forEach(packs::intern);
        });
    return switch (commit.kind()) {
      case END, FENCE -> true;
      case BEGIN, VERSION -> false;
    };
  }

  private SnapshotFile open(Layout.At at) {
    try {
      return SnapshotFile.open(shelf.store().open(at.file()), at, judge.trust());
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      for (String file : copiesOf(at)) {
        Optional<byte[]> copy = Copies.read(shelf, file, at.file());
        if (copy.isPresent()) {
          try {
            return SnapshotFile.open(new HeldBytes(copy.get()), at, judge.trust());
          } catch (SerdabException.Damaged again) {
            e.addSuppressed(again);
          }
        }
      }
      throw e;
    }
  }

  /// Files of copies that should have this snapshot.
  List<String> copiesOf(Layout.At at) {
    List<String> files = new ArrayList<>();
    for (Layout.Range range : copies.getOrDefault(at.session(), List.of())) {
      if (at.number() >= range.from() && at.number() < range.to()) {
        for (int which = 1; which <= Copies.COUNT; which++) {
          files.add(Layout.copy(which, range.session(), range.from(), range.to() - 1));
        }
      }
    }
    return files;
  }

  /// How many versions there are.
  int versions() {
    return versions;
  }

  /// Snapshots that should be there and are not.
  Set<String> lostSnapshots() {
    return lost;
  }

  /// Whether a version may need packs of which nothing here knows: its snapshot is lost with its
  /// copies, and only an index still speaks of it.
  boolean isUncertain() {
    return uncertain;
  }

  boolean needs(Sha256 pack) {
    return packs.find(pack) >= 0;
  }

  boolean isErased(String group) {
    return erased.contains(group);
  }

  /// Goes through the packs that versions need and what the place lists under their names.
  void packs(BiConsumer<PackRef, Optional<BlobInfo>> each) {
    BitSet there = new BitSet();
    try (Stream<BlobInfo> listed = shelf.store().list(Layout.PACKS)) {
      listed.forEach(file ->
          Layout.packOf(file.name())
              .map(packs::find)
              .filter(number -> number >= 0)
              .ifPresent(number -> {
                there.set(number);
                each.accept(packs.pack(number), Optional.of(file));
              }));
    }
    for (int number = there.nextClearBit(0);
        number < packs.size();
        number = there.nextClearBit(number + 1)) {
      each.accept(packs.pack(number), Optional.empty());
    }
  }
}
