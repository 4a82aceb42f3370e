package serdab.repository;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.ReadableBytes;

/// What mends lost and damaged packs: two files for each group of up to 16 (format section 7.1).
/// One thread at a time; several runs at once write more than is needed, and nothing wrong.
public final class Parity {

  /// What goes for a repository that has parity, in `repository.json`.
  public static final String WITH = "16+2";

  /// What goes for one that has none.
  public static final String WITHOUT = "none";

  /// Packs up to this long are all of similar size.
  private static final long SMALL_BYTES = 256 << 10;

  private final Shelf shelf;
  private final ParityWriter writer;

  /// @param repository which has parity; whoever calls has asked [Repository#hasParity]
  public Parity(Repository repository) {
    this(repository.shelf());
  }

  Parity(Shelf shelf) {
    this.shelf = shelf;
    this.writer = new ParityWriter(shelf);
  }

  /// What was written, and what could not be protected.
  ///
  /// @param groups how many groups of packs
  /// @param packs how many packs they have
  /// @param lengthBytes of the files written
  /// @param damaged packs that are not as their names say; no parity was computed from them
  public record Written(int groups, int packs, long lengthBytes, List<Sha256> damaged) {

    public Written {
      damaged = List.copyOf(damaged);
    }
  }

  /// A group that there is.
  ///
  /// @param files which parts are there, by their names
  record Held(ParityGroup group, Map<ParityGroup.Part, String> files) {

    boolean isWhole() {
      return files.size() == ParityGroup.Part.values().length;
    }

    Optional<ParityGroup.Pair> pair() {
      String p = files.get(ParityGroup.Part.P);
      String q = files.get(ParityGroup.Part.Q);
      return p == null || q == null
          ? Optional.empty()
          : Optional.of(
              new ParityGroup.Pair(
                  ParityGroup.nameOf(p).orElseThrow(), ParityGroup.nameOf(q).orElseThrow()));
    }
  }

  /// Every group that a parity file speaks of.
  List<Held> held() {
    Map<ParityGroup, Held> held = new LinkedHashMap<>();
    for (String file : shelf.names(ParityGroup.FOLDER)) {
      describe(file)
          .ifPresent(each ->
              held.computeIfAbsent(each.group(), group -> new Held(group, new HashMap<>()))
                  .files()
                  .put(each.part(), file));
    }
    return List.copyOf(held.values());
  }

  /// Every pair that is there.
  Set<ParityGroup.Pair> pairs() {
    Set<ParityGroup.Pair> pairs = new LinkedHashSet<>();
    for (String file : shelf.names(ParityGroup.FOLDER)) {
      ParityGroup.pairOf(file).ifPresent(pairs::add);
    }
    return pairs;
  }

  Optional<ParityGroup.Described> describe(String file) {
    if (ParityGroup.nameOf(file).isEmpty()) {
      return Optional.empty();
    }
    try (ReadableBytes bytes = shelf.store().open(file)) {
      return ParityGroup.read(bytes);
    } catch (SerdabException.Refused | SerdabException.Damaged e) {
      // Gone since it was listed, or not readable at all: as if it were not there.
      return Optional.empty();
    }
  }

  /// Protects packs that no parity covers yet, as far as 16 of similar size are there.
  public Written cover() {
    return cover(Instant.MIN);
  }

  /// Protects packs that no parity covers yet: 16 of similar size at a time, and those written
  /// before a time even when there are fewer.
  ///
  /// @param waitedEnough packs from before it wait no longer, by the clock of the place
  public Written cover(Instant waitedEnough) {
    Map<Sha256, BlobInfo> listed = listed();
    Totals totals = new Totals();
    Set<Sha256> covered = new HashSet<>();
    Set<ParityGroup.Pair> paired = pairs();
    for (Held held : held()) {
      if (held.group().members().stream().allMatch(member -> isThere(listed, member))
          && (held.isWhole() || write(held.group(), totals))) {
        held.group().members().forEach(member -> covered.add(member.digest()));
        held.pair()
            .filter(pair -> !paired.contains(pair))
            .ifPresent(pair -> ParityWriter.pair(shelf, pair));
      }
    }
    // What a prune condemned would leave the others behind.
    Set<Sha256> condemned = new Tombstones(shelf).packs();
    List<Snapshot.PackName> waiting = new ArrayList<>();
    Set<Sha256> old = new HashSet<>();
    listed.forEach((name, file) -> {
      if (!covered.contains(name)
          && !condemned.contains(name)
          && !totals.damaged.contains(name)
          && file.lengthBytes() <= ParityGroup.MEMBER_BYTES_MAX) {
        waiting.add(new Snapshot.PackName(name, file.lengthBytes()));
        if (file.lastModified().isBefore(waitedEnough)) {
          old.add(name);
        }
      }
    });
    coverSimilar(waiting, totals);
    waiting.removeIf(pack -> !old.contains(pack.digest()));
    coverAll(waiting, totals);
    return totals.written();
  }

  /// The same for when nothing was written since: looks closely only if a pack that waited enough
  /// is newer than all parity, or if some of it was not finished, so that a run that finds nothing
  /// to do need not read all of it.
  void coverLatest(Instant waitedEnough) {
    Instant newest = Instant.MIN;
    Set<String> unpaired = new HashSet<>();
    Set<ParityGroup.Pair> pairs = new HashSet<>();
    try (Stream<BlobInfo> listed = shelf.store().list(ParityGroup.FOLDER)) {
      for (BlobInfo file : (Iterable<BlobInfo>) listed::iterator) {
        ParityGroup.pairOf(file.name()).ifPresent(pairs::add);
        if (ParityGroup.nameOf(file.name()).isPresent()) {
          unpaired.add(file.name());
          newest = file.lastModified().isAfter(newest) ? file.lastModified() : newest;
        }
      }
    }
    pairs.forEach(pair -> pair.files().forEach(unpaired::remove));
    Instant newestParity = newest;
    if (!unpaired.isEmpty()
        || listed().values().stream()
            .map(BlobInfo::lastModified)
            .anyMatch(at -> at.isAfter(newestParity) && at.isBefore(waitedEnough))) {
      cover(waitedEnough);
    }
  }

  private static boolean isThere(Map<Sha256, BlobInfo> listed, Snapshot.PackName member) {
    BlobInfo found = listed.get(member.digest());
    return found != null && found.lengthBytes() == member.storedBytes();
  }

  /// Takes full groups of similar packs out of the list, the longest first.
  private void coverSimilar(List<Snapshot.PackName> waiting, Totals totals) {
    waiting.sort(LONGEST_FIRST);
    for (int i = 0; i + ParityGroup.MEMBERS_MAX <= waiting.size(); ) {
      List<Snapshot.PackName> group = waiting.subList(i, i + ParityGroup.MEMBERS_MAX);
      if (!isSimilar(group.getFirst(), group.getLast())) {
        i++;
      } else if (write(new ParityGroup(group), totals)) {
        group.clear();
      } else {
        waiting.removeIf(pack -> totals.damaged.contains(pack.digest()));
        i = 0;
      }
    }
  }

  private void coverAll(List<Snapshot.PackName> waiting, Totals totals) {
    waiting.sort(LONGEST_FIRST);
    while (!waiting.isEmpty()) {
      List<Snapshot.PackName> group =
          waiting.subList(0, Math.min(ParityGroup.MEMBERS_MAX, waiting.size()));
      if (write(new ParityGroup(group), totals)) {
        group.clear();
      } else {
        waiting.removeIf(pack -> totals.damaged.contains(pack.digest()));
      }
    }
  }

  private static final Comparator<Snapshot.PackName> LONGEST_FIRST =
      Comparator.comparingLong(Snapshot.PackName::storedBytes)
          .reversed()
          .thenComparing(Snapshot.PackName::digest);

  private static boolean isSimilar(Snapshot.PackName longest, Snapshot.PackName shortest) {
    return longest.storedBytes() <= SMALL_BYTES
        || shortest.storedBytes() >= longest.storedBytes() / 2;
  }

  private boolean write(ParityGroup group, Totals totals) {
    try {
      ParityWriter.Written written = writer.write(group);
      totals.groups++;
      totals.packs += group.members().size();
      totals.lengthBytes += written.lengthBytes();
      return true;
    } catch (ParityWriter.BadMemberException e) {
      totals.damaged.add(e.member().digest());
      return false;
    }
  }

  private static final class Totals {
    private final Set<Sha256> damaged = new LinkedHashSet<>();
    private int groups;
    private int packs;
    private long lengthBytes;

    Written written() {
      return new Written(groups, packs, lengthBytes, List.copyOf(damaged));
    }
  }

  /// Writes new parity for the packs that share parity with packs that will go. To be called while
  /// all of them are still there; when it throws, none may go.
  ///
  /// @param going packs that are about to be removed
  /// @param needed packs that existing versions need
  /// @throws SerdabException.Damaged when a pack that stays has to be mended first
  public Written withoutMembers(Set<Sha256> going, Set<Sha256> needed) {
    Set<Sha256> safe = new HashSet<>();
    Set<Snapshot.PackName> staying = new LinkedHashSet<>();
    for (Held each : held()) {
      boolean loses = each.group().members().stream().anyMatch(m -> going.contains(m.digest()));
      for (Snapshot.PackName member : each.group().members()) {
        if (!loses && each.isWhole()) {
          safe.add(member.digest());
        } else if (loses && !going.contains(member.digest())) {
          staying.add(member);
        }
      }
    }
    List<Snapshot.PackName> waiting = new ArrayList<>(staying);
    // What is neither there nor needed went with an earlier prune.
    waiting.removeIf(pack ->
        safe.contains(pack.digest())
            || (!needed.contains(pack.digest())
                && shelf.store().find(Layout.pack(pack.digest())).isEmpty()));
    Totals totals = new Totals();
    coverSimilar(waiting, totals);
    coverAll(waiting, totals);
    if (!totals.damaged.isEmpty()) {
      throw Problems.damaged(
          "A pack that stays is damaged, and what goes would be needed to mend it: "
              + Layout.pack(totals.damaged.iterator().next())
              + ".");
    }
    return totals.written();
  }

  /// Removes the parity of which a prune took members, where other parity protects all the rest. To
  /// be called after the packs went.
  ///
  /// @param needed packs that existing versions need
  /// @return how many files went
  public int dropReplaced(Set<Sha256> needed) {
    Map<Sha256, BlobInfo> listed = listed();
    List<Held> outdated = new ArrayList<>();
    Set<Sha256> safe = new HashSet<>();
    for (Held each : held()) {
      if (each.group().members().stream()
          .anyMatch(m -> !listed.containsKey(m.digest()) && !needed.contains(m.digest()))) {
        outdated.add(each);
      } else if (each.isWhole()) {
        each.group().members().forEach(member -> safe.add(member.digest()));
      }
    }
    int dropped = 0;
    Set<ParityGroup.Pair> pairs = pairs();
    for (Held each : outdated) {
      boolean replaced =
          each.group().members().stream()
              .map(Snapshot.PackName::digest)
              .filter(pack -> listed.containsKey(pack) || needed.contains(pack))
              .allMatch(safe::contains);
      if (replaced) {
        dropped += drop(each, pairs);
      }
    }
    return dropped;
  }

  /// The pair goes first and p last: what is left when a run is killed in between looks like parity
  /// that was not finished.
  private int drop(Held held, Set<ParityGroup.Pair> pairs) {
    List<ParityGroup.Pair> ours =
        pairs.stream()
            .filter(pair -> pair.files().stream().anyMatch(held.files()::containsValue))
            .toList();
    ours.forEach(pair -> shelf.store().delete(pair.file()));
    int dropped = 0;
    for (ParityGroup.Part part : List.of(ParityGroup.Part.Q, ParityGroup.Part.P)) {
      String file = held.files().get(part);
      dropped += file != null && shelf.store().delete(file) ? 1 : 0;
    }
    // Whoever was finishing it at this moment may have written it again.
    held.pair().ifPresent(pair -> shelf.store().delete(pair.file()));
    return dropped;
  }

  private Map<Sha256, BlobInfo> listed() {
    Map<Sha256, BlobInfo> listed = new HashMap<>();
    try (Stream<BlobInfo> packs = shelf.store().list(Layout.PACKS)) {
      packs.forEach(file -> Layout.packOf(file.name()).ifPresent(name -> listed.put(name, file)));
    }
    return listed;
  }
}
