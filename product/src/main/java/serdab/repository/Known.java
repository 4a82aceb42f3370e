package serdab.repository;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import serdab.store.BlobInfo;
import serdab.store.HeldBytes;
import serdab.store.ReadableBytes;

/// What is known of versions and blobs: the index segments, the snapshots that none of them covers,
/// and what this run committed. Thread-safe.
///
/// Nothing here is needed for correctness: what it does not know is stored once more, and what it
/// says of packs is asked of the place before anything relies on it. With every segment gone it
/// reads the snapshots.
final class Known implements AutoCloseable {

  /// From so many on, what is not in a segment goes into one.
  static final int HELD_BLOBS_MAX = 1 << 19;

  static final int HELD_VERSIONS_MAX = 20_000;

  private static final int GAP_MAX = 1000;

  /// More segments than this are merged whatever their sizes.
  private static final int SEGMENTS_MAX = 8;

  /// What is smaller is merged without asking. More would write the same again in every small run.
  private static final long SMALL_WEIGHT = 32;

  private final Shelf shelf;
  private final Trust trust;
  private final Naming naming;
  private final List<AgeIdentity> labelReaders;
  private final List<AgeRecipient> labelRecipients;
  private final RandomGenerator secure;
  private final boolean wantsBlobs;
  private final boolean wantsLabels;
  private final int heldBlobsMax;
  private final Optional<PackContents> packContents;
  private final Set<Sha256> superseded = new HashSet<>();
  private final Set<Sha256> listedSegments = new HashSet<>();

  private final PackTable packs = new PackTable();
  private final List<Segment> segments = new ArrayList<>();
  private final Numbers inSegments = new Numbers();
  private Numbers heldNumbers = new Numbers();
  private BlobTable heldBlobs = new BlobTable();
  private List<LabelLine> heldLabels = new ArrayList<>();
  private final Map<String, List<Ref>> byGroup = new HashMap<>();
  private final Set<Layout.At> removed = new HashSet<>();
  private final Set<String> erased = new HashSet<>();
  private final Map<String, List<Layout.Range>> copies = new HashMap<>();
  private final Map<Layout.At, Optional<String>> uncopied = new TreeMap<>();
  private final Numbers taken = new Numbers();
  private final Map<Layout.At, SerdabException> unreadable = new TreeMap<>();
  private final Map<String, SerdabException> refused = new TreeMap<>();

  private Known(Builder builder) {
    shelf = builder.shelf;
    trust = builder.trust;
    naming = builder.naming;
    labelReaders = builder.labelReaders;
    labelRecipients = builder.labelRecipients;
    secure = builder.secure;
    wantsBlobs = builder.wantsBlobs;
    wantsLabels = builder.wantsLabels;
    heldBlobsMax = builder.heldBlobsMax;
    packContents = builder.packContents;
  }

  record Builder(
      Shelf shelf,
      Trust trust,
      Naming naming,
      List<AgeIdentity> labelReaders,
      List<AgeRecipient> labelRecipients,
      RandomGenerator secure,
      boolean wantsBlobs,
      boolean wantsLabels,
      int heldBlobsMax,
      Optional<PackContents> packContents) {

    /// Reads what the place says.
    Known load() {
      Known known = new Known(this);
      known.load();
      return known;
    }

    /// Reads the snapshots alone, and writes what they say into segments that replace all others.
    Known rebuild() {
      Known known = new Known(this);
      known.loadRemoved();
      for (String file : shelf.names(Layout.INDEX)) {
        Layout.indexOf(file).ifPresent(known.superseded::add);
      }
      known.loadSnapshots();
      known.flush();
      return known;
    }

    /// Only what it takes to open single snapshots.
    Known toOpen() {
      Known known = new Known(this);
      known.loadCopies(new Numbers());
      return known;
    }
  }

  /// A version by what it takes to find it again.
  record Ref(Layout.At at, String version, Instant time) {}

  /// Where a blob is said to lie.
  ///
  /// @param record its pack's number counts in this object only
  record Found(BlobRecord record, PackRef pack) {}

  private void load() {
    loadRemoved();
    loadSegments();
    loadSnapshots();
  }

  private void loadRemoved() {
    for (String file : Notices.names(shelf, Layout.REMOVED)) {
      Layout.removalOf(file)
          .filter(_ -> Notices.counts(shelf, trust, file, refused::put))
          .ifPresent(removed::add);
    }
    erased.addAll(Erased.groups(shelf, trust, refused::put));
  }

  private void loadSegments() {
    List<BlobInfo> files;
    try (Stream<BlobInfo> listed = shelf.store().list(Layout.INDEX)) {
      // The newest first, as it tells which older ones need not be opened.
      files =
          listed
              .sorted(
                  Comparator.comparing(BlobInfo::lastModified)
                      .reversed()
                      .thenComparing(BlobInfo::name))
              .toList();
    }
    Set<Sha256> replaced = new HashSet<>();
    for (BlobInfo file : files) {
      Optional<Sha256> name = Layout.indexOf(file.name());
      name.ifPresent(listedSegments::add);
      if (name.isEmpty() || replaced.contains(name.get())) {
        continue;
      }
      try {
        Segment segment = Segment.open(name.get(), shelf.store().open(file.name()), trust);
        segments.add(segment);
        replaced.addAll(segment.replaces());
      } catch (SerdabException.Damaged | SerdabException.Refused e) {
        // What it covers is read from the snapshots.
      }
    }
    for (Segment segment : List.copyOf(segments)) {
      if (replaced.contains(segment.name())) {
        segments.remove(segment);
        segment.close();
      } else {
        take(segment);
      }
    }
  }

  private void take(Segment segment) {
    try {
      segment.loadPacks(packs);
      segment.labels(labelReaders, line -> refer(line.group(), ref(line)));
      inSegments.addAll(segment.covers());
    } catch (SerdabException.Damaged e) {
      segments.remove(segment);
      segment.close();
    }
  }

  private Ref ref(LabelLine line) {
    return new Ref(line.at(), naming.version(line.name()), line.time());
  }

  private void refer(String group, Ref ref) {
    List<Ref> refs = byGroup.computeIfAbsent(group, _ -> new ArrayList<>(1));
    for (Ref each : refs) {
      if (each.at().equals(ref.at())) {
        return;
      }
    }
    refs.add(ref);
  }

  private void loadSnapshots() {
    Numbers listed = new Numbers();
    try (Stream<BlobInfo> files = shelf.store().list(Layout.SNAPSHOTS)) {
      files.forEach(file -> Layout.At.of(file.name()).ifPresent(listed::add));
    }
    loadCopies(listed);
    taken.addAll(listed);
    taken.addAll(inSegments);
    for (String session : listed.sessions()) {
      for (Layout.At at : withGaps(session, listed.of(session))) {
        if (inSegments.has(at)) {
          continue;
        }
        boolean over = false;
        try (SnapshotFile snapshot = open(at, wantsLabels)) {
          over = take(snapshot);
          if (wantsBlobs && !isCopied(at)) {
            uncopied.put(at, snapshot.commit().version().map(Commit.Version::group));
          }
        } catch (SerdabException.Damaged e) {
          if (!removed.contains(at)) {
            unreadable.put(at, e);
          }
        }
        if (heldBlobs.size() >= heldBlobsMax || heldLabels.size() >= HELD_VERSIONS_MAX) {
          flush();
        }
        if (over) {
          break;
        }
      }
    }
  }

  /// Numbers from 1 on are given one after another, so what is missing between others was lost, and
  /// nobody knows what it needs, unless it counts no more.
  private List<Layout.At> withGaps(String session, int[] numbers) {
    List<Layout.At> all = new ArrayList<>(numbers.length);
    int next = 1;
    for (int number : numbers) {
      // Where more are missing than anybody loses, somebody made up a name.
      for (int i = number - next <= GAP_MAX ? next : number; i < number; i++) {
        Layout.At missing = new Layout.At(session, i);
        if (!removed.contains(missing)) {
          all.add(missing);
        }
      }
      all.add(new Layout.At(session, number));
      next = number + 1;
    }
    return all;
  }

  private boolean isCopied(Layout.At at) {
    return copies.getOrDefault(at.session(), List.of()).stream()
        .anyMatch(range -> range.from() <= at.number() && at.number() < range.to());
  }

  /// Snapshots in no index segment of which there are no copies, with their groups: those of a run
  /// that was killed, or is under way. Given once.
  synchronized Map<Layout.At, Optional<String>> takeUncopied() {
    Map<Layout.At, Optional<String>> taken = new TreeMap<>(uncopied);
    uncopied.clear();
    return taken;
  }

  private byte[] table(SnapshotFile snapshot) {
    if (packContents.isPresent()) {
      return packContents.get().table(snapshot.commit().version().orElseThrow());
    }
    try {
      return snapshot.table();
    } catch (SerdabException.Damaged e) {
      // The version does not need its table; what it would tell is stored once more.
      return new byte[0];
    }
  }

  private void loadCopies(Numbers listed) {
    try (Stream<BlobInfo> files = shelf.store().list(Layout.COPIES)) {
      files.forEach(file ->
          Layout.copyOf(file.name())
              .ifPresent(range -> {
                listed.add(range);
                copies.computeIfAbsent(range.session(), _ -> new ArrayList<>()).add(range);
              }));
    }
  }

  /// Takes what a snapshot says; true when its session was over with it.
  private boolean take(SnapshotFile snapshot) {
    Commit commit = snapshot.commit();
    if (commit.version().isPresent()) {
      Label label = wantsLabels ? Label.open(snapshot.label(), labelReaders) : Label.UNREAD;
      add(commit, label, wantsBlobs ? table(snapshot) : new byte[0]);
    } else {
      heldNumbers.add(commit.at());
    }
    return commit.kind() == Commit.Kind.END || commit.kind() == Commit.Kind.FENCE;
  }

  /// Opens a snapshot, from a copy when the first is lost or damaged.
  SnapshotFile open(Layout.At at) {
    return open(at, false);
  }

  private SnapshotFile open(ReadableBytes bytes, Layout.At at, boolean withLabel) {
    SnapshotFile snapshot = SnapshotFile.open(bytes, at, trust);
    try {
      if (withLabel && snapshot.commit().version().isPresent()) {
        snapshot.label();
      }
      return snapshot;
    } catch (RuntimeException e) {
      snapshot.close();
      throw e;
    }
  }

  /// @param withLabel whether its label must be whole too
  private SnapshotFile open(Layout.At at, boolean withLabel) {
    try {
      return open(shelf.store().open(at.file()), at, withLabel);
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      for (Layout.Range range : copies.getOrDefault(at.session(), List.of())) {
        if (at.number() >= range.from() && at.number() < range.to()) {
          for (int which = 1; which <= Copies.COUNT; which++) {
            Optional<byte[]> copy =
                Copies.read(
                    shelf,
                    Layout.copy(which, range.session(), range.from(), range.to() - 1),
                    at.file());
            if (copy.isPresent()) {
              try {
                return open(new HeldBytes(copy.get()), at, withLabel);
              } catch (SerdabException.Damaged again) {
                e.addSuppressed(again);
              }
            }
          }
        }
      }
      throw e instanceof SerdabException.Damaged ? e : Problems.missing(at.file());
    }
  }

  private void add(Commit commit, Label label, byte[] table) {
    Commit.Version version = commit.version().orElseThrow();
    int[] numbers = new int[version.packs().size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = packs.intern(version.packs().get(i));
    }
    ByteBuffer records = ByteBuffer.wrap(table);
    while (records.hasRemaining()) {
      BlobRecord record = BlobRecord.get(records);
      if (record.pack() < 0 || record.pack() >= numbers.length) {
        throw Problems.damaged("A snapshot of the repository does not say what it should.");
      }
      heldBlobs.add(record.inPack(numbers[record.pack()]));
    }
    heldLabels.add(
        new LabelLine(
            commit.at(),
            version.group(),
            label.key(),
            label.name(),
            label.supersedes(),
            version.files(),
            version.lengthBytes(),
            label.storedBytes(),
            commit.time(),
            numbers,
            version.manifest()));
    heldNumbers.add(commit.at());
    refer(version.group(), new Ref(commit.at(), version.version(), commit.time()));
  }

  /// Learns of a version that this run committed, and of the snapshots before it that this run
  /// wrote.
  synchronized void committed(Commit commit, Label label, byte[] table) {
    add(commit, label, table);
    heldNumbers.add(new Layout.At(commit.at().session(), 0));
    if (heldBlobs.size() >= heldBlobsMax || heldLabels.size() >= HELD_VERSIONS_MAX) {
      flush();
    }
  }

  /// Learns of a snapshot that this run wrote.
  synchronized void wrote(Layout.Range numbers) {
    heldNumbers.add(numbers);
  }

  synchronized void removed(Layout.At at) {
    removed.add(at);
  }

  synchronized void erased(String group) {
    erased.add(group);
  }

  /// Whether any group was erased.
  synchronized boolean hasErased() {
    return !erased.isEmpty();
  }

  synchronized boolean isErased(String group) {
    return erased.contains(group);
  }

  synchronized boolean isRemoved(Layout.At at) {
    return removed.contains(at);
  }

  /// Everywhere that a blob is said to lie; whether the packs are there is to be asked.
  synchronized List<Found> find(BlobKey key) {
    List<Found> found = new ArrayList<>(1);
    heldBlobs.find(key).ifPresent(record -> found.add(found(record)));
    for (Segment segment : List.copyOf(segments)) {
      try {
        segment.find(key, record -> found.add(found(record)));
      } catch (SerdabException.Damaged e) {
        // A damaged index is as good as none: the blob is stored once more.
      }
    }
    return found;
  }

  private Found found(BlobRecord record) {
    return new Found(record, packs.pack(record.pack()));
  }

  /// The versions of a group, in the order of their times.
  synchronized List<Ref> versions(String group) {
    if (erased.contains(group)) {
      return List.of();
    }
    return byGroup.getOrDefault(group, List.of()).stream()
        .filter(ref -> !removed.contains(ref.at()))
        .sorted(Comparator.comparing(Ref::time).thenComparing(Ref::at))
        .toList();
  }

  /// Whether there is or was a version of the group.
  synchronized boolean knowsGroup(String group) {
    return byGroup.containsKey(group);
  }

  /// The numbers of snapshots that somebody speaks of: the place, a file of copies or an index.
  synchronized Numbers taken() {
    return taken;
  }

  /// Every version that exists.
  synchronized void all(Consumer<Snapshot> versions) {
    all(versions, false);
  }

  /// Every version that exists, read as it is asked for. To be closed.
  synchronized Stream<Snapshot> stream() {
    // Segments of its own: those in use may be merged and closed meanwhile.
    List<Segment> own = new ArrayList<>();
    Runnable closeAll = () -> own.forEach(Segment::close);
    try {
      for (Segment segment : segments) {
        ReadableBytes stored = shelf.store().open(Layout.index(segment.name()));
        Segment opened = Segment.open(segment.name(), stored, trust);
        own.add(opened);
        opened.loadPacks(packs);
      }
    } catch (RuntimeException e) {
      closeAll.run();
      throw e;
    }
    Numbers seen = new Numbers();
    return Stream.concat(
            List.copyOf(heldLabels).stream(),
            own.stream()
                .flatMap(segment -> {
                  Segment.Lines lines = segment.lines(labelReaders);
                  return StreamSupport.stream(
                          Spliterators.spliteratorUnknownSize(lines, Spliterator.ORDERED), false)
                      .onClose(lines::close);
                }))
        .filter(line -> isFirst(seen, line))
        .map(this::living)
        .flatMap(Optional::stream)
        .onClose(closeAll);
  }

  private static boolean isFirst(Numbers seen, LabelLine line) {
    if (seen.has(line.at())) {
      return false;
    }
    seen.add(line.at());
    return true;
  }

  private synchronized Optional<Snapshot> living(LabelLine line) {
    return removed.contains(line.at()) || erased.contains(line.group())
        ? Optional.empty()
        : Optional.of(snapshot(line));
  }

  /// Every version that existed, was removed, and is still known.
  synchronized void removedVersions(Consumer<Snapshot> versions) {
    all(versions, true);
  }

  private void all(Consumer<Snapshot> versions, boolean gone) {
    Numbers seen = new Numbers();
    Consumer<LabelLine> each =
        line -> {
          if (!seen.has(line.at())) {
            seen.add(line.at());
            if (gone == (removed.contains(line.at()) || erased.contains(line.group()))) {
              versions.accept(snapshot(line));
            }
          }
        };
    heldLabels.forEach(each);
    for (Segment segment : segments) {
      segment.labels(labelReaders, each);
    }
  }

  /// Every version of another group that needs packs of this one. What labels say has to be known.
  synchronized List<Snapshot> needing(String group) {
    List<Snapshot> needing = new ArrayList<>();
    Numbers seen = new Numbers();
    Consumer<LabelLine> each =
        line -> {
          if (!seen.has(line.at())) {
            seen.add(line.at());
            if (!line.group().equals(group)
                && !removed.contains(line.at())
                && !erased.contains(line.group())
                && Arrays.stream(line.packs())
                    .anyMatch(number -> packs.pack(number).group().equals(group))) {
              needing.add(snapshot(line));
            }
          }
        };
    heldLabels.forEach(each);
    segments.forEach(segment -> segment.labels(labelReaders, each));
    return needing;
  }

  /// Whether there is or was a version of the group.
  synchronized boolean hasGroup(String group) {
    return byGroup.containsKey(group);
  }

  /// What an index says of a version whose snapshot is lost with all its copies.
  synchronized Optional<LabelLine> line(Layout.At at) {
    List<LabelLine> found = new ArrayList<>(1);
    Consumer<LabelLine> each =
        line -> {
          if (line.at().equals(at)) {
            found.add(line);
          }
        };
    heldLabels.forEach(each);
    segments.forEach(segment -> segment.labels(labelReaders, each));
    return found.stream().findFirst();
  }

  /// What it takes to read a version.
  ///
  /// @throws SerdabException.Damaged when its snapshot is lost, its copies too, and no index tells
  synchronized Commit.Version version(Layout.At at) {
    try (SnapshotFile file = open(at)) {
      return file.commit()
          .version()
          .orElseThrow(() -> Problems.damaged("A snapshot is of no version."));
    } catch (SerdabException.Damaged e) {
      LabelLine line = line(at).orElseThrow(() -> e);
      List<PackRef> needed = new ArrayList<>();
      List<Boolean> isNew = new ArrayList<>();
      for (int number : line.packs()) {
        needed.add(packs.pack(number));
        isNew.add(false);
      }
      return new Commit.Version(
          line.group(),
          naming.version(line.name()),
          line.supersedes().map(naming::version),
          line.files(),
          line.lengthBytes(),
          needed,
          isNew,
          line.manifest());
    }
  }

  /// A version as callers see it.
  synchronized Snapshot snapshot(Ref ref) {
    try (SnapshotFile file = open(ref.at(), true)) {
      return Repository.snapshot(file.commit(), Label.open(file.label(), labelReaders));
    } catch (SerdabException.Damaged e) {
      return snapshot(line(ref.at()).orElseThrow(() -> e));
    }
  }

  private Snapshot snapshot(LabelLine line) {
    List<Snapshot.PackName> names = new ArrayList<>(line.packs().length);
    for (int number : line.packs()) {
      PackRef pack = packs.pack(number);
      names.add(new Snapshot.PackName(pack.name(), pack.storedBytes()));
    }
    return new Snapshot(
        line.at().text(),
        line.key(),
        line.name(),
        line.supersedes(),
        line.files(),
        line.lengthBytes(),
        line.storedBytes(),
        line.time(),
        names);
  }

  /// Snapshots that could not be read, and why.
  synchronized Map<Layout.At, SerdabException> unreadable() {
    return Map.copyOf(unreadable);
  }

  /// @throws SerdabException.Damaged when a snapshot could not be read: nobody knows what it needs
  synchronized void requireReadable() {
    if (!unreadable.isEmpty()) {
      throw unreadable.values().iterator().next();
    }
  }

  /// Snapshots that cannot be read, neither they nor a copy of theirs.
  synchronized boolean isUnreadable(Layout.At at) {
    return unreadable.containsKey(at);
  }

  /// Documents under `removed/` and `erased/` that nobody trusted signed: they count for nothing.
  synchronized Map<String, SerdabException> refused() {
    return Map.copyOf(refused);
  }

  /// How many blobs the segments speak of.
  synchronized long indexedBlobs() {
    return segments.stream().mapToLong(Segment::records).sum();
  }

  /// The segments in use, those that replace nothing of each other.
  synchronized Set<Sha256> segmentNames() {
    Set<Sha256> names = new HashSet<>();
    segments.forEach(segment -> names.add(segment.name()));
    return names;
  }

  /// Puts what is held into a segment, merged with segments that are not much larger. So each
  /// record is written again only when what it is merged with is about as much, and a run of a
  /// night leaves the large segments alone.
  synchronized void flush() {
    if (heldNumbers.isEmpty() || !trust.canSign() || !wantsBlobs) {
      return;
    }
    List<Segment> smallest =
        segments.stream().sorted(Comparator.comparingLong(Segment::weight)).toList();
    List<Segment> merged = new ArrayList<>();
    long weight = Segment.weight(heldBlobs.size(), heldLabels.size());
    for (Segment segment : smallest) {
      boolean tooMany = segments.size() - merged.size() >= SEGMENTS_MAX;
      if (!tooMany && segment.weight() > 2 * Math.max(weight, SMALL_WEIGHT)) {
        break;
      }
      merged.add(segment);
      weight += segment.weight();
    }
    try {
      write(merged);
    } catch (SerdabException.Damaged e) {
      if (merged.isEmpty()) {
        throw e;
      }
      // One of them is damaged. It stays as it is until it is mended; this run goes on.
      write(List.of());
    }
  }

  /// Puts what is held and all segments into one.
  synchronized void mergeAll() {
    if (trust.canSign() && wantsBlobs && !(heldNumbers.isEmpty() && segments.size() < 2)) {
      write(List.copyOf(segments));
    }
  }

  private void write(List<Segment> merged) {
    SegmentWriter writer = new SegmentWriter(packs, labelRecipients, secure);
    Numbers covers = new Numbers();
    covers.addAll(heldNumbers);
    Set<Sha256> replaces = new HashSet<>(superseded);
    Numbers seen = new Numbers();
    Consumer<LabelLine> each =
        line -> {
          if (!seen.has(line.at())) {
            seen.add(line.at());
            writer.label(line);
          }
        };
    heldLabels.forEach(each);
    for (Segment segment : merged) {
      segment.labels(labelReaders, each);
      covers.addAll(segment.covers());
      replaces.add(segment.name());
      // What is gone from the place needs no word any more; else the list would grow for ever.
      segment.replaces().stream().filter(listedSegments::contains).forEach(replaces::add);
    }
    BlobTable table = heldBlobs;
    Sha256 name =
        writer.write(
            () -> {
              List<Iterator<BlobRecord>> sources = new ArrayList<>();
              sources.add(table.sorted());
              merged.forEach(segment -> sources.add(segment.all()));
              return SegmentWriter.merged(sources);
            },
            covers,
            replaces,
            trust,
            shelf);
    ReadableBytes stored;
    try {
      stored = shelf.store().open(Layout.index(name));
    } catch (SerdabException.Refused e) {
      if (Shelf.isCode(e, "blob-missing")) {
        // Another run merged it at once, and a prune took it. What it says is still held here.
        return;
      }
      throw e;
    }
    Segment segment = Segment.open(name, stored, trust);
    segment.loadPacks(packs);
    segments.removeAll(merged);
    merged.forEach(Segment::close);
    segments.add(segment);
    listedSegments.add(name);
    inSegments.addAll(covers);
    heldNumbers = new Numbers();
    heldBlobs = new BlobTable();
    heldLabels = new ArrayList<>();
  }

  @Override
  public synchronized void close() {
    segments.forEach(Segment::close);
    segments.clear();
  }

  /// What a snapshot's label says.
  record Label(String key, String name, Optional<String> supersedes, long storedBytes) {

    private static final Label UNREAD = new Label("", "", Optional.empty(), 0);

    byte[] seal(List<AgeRecipient> readers, RandomGenerator secure) {
      Doc doc = new Doc().with("key", key).with("name", name);
      supersedes.ifPresent(before -> doc.with("supersedes", before));
      return serdab.repository.age.AgeFile.seal(
          readers, doc.with("stored", storedBytes).bytes(), secure);
    }

    static Label open(byte[] sealed, List<AgeIdentity> readers) {
      Doc doc = Doc.parse(serdab.repository.age.AgeFile.open(sealed, readers));
      return new Label(
          doc.text("key"), doc.text("name"), doc.textIfThere("supersedes"), doc.count("stored"));
    }
  }
}
