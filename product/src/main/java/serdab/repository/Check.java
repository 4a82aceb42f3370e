package serdab.repository;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.ReadBack;
import serdab.store.ReadableBytes;

/// Whether everything in a repository is there and as it was written. Needs no key: names are
/// digests, and signatures are public. Only reads. One thread at a time.
public final class Check {

  private static final int PIECE_BYTES = 1 << 20;

  private final Shelf shelf;
  private final Judge judge;
  private final Predicate<String> known;

  private Check(Shelf shelf, Predicate<String> known) {
    this.shelf = shelf;
    this.judge = new Judge(shelf, Charter.read(shelf));
    this.known = known;
  }

  /// A check of the repository at a place.
  ///
  /// @param known says of a file that does not belong to the format whether somebody knows it
  /// @throws SerdabException.Refused `repository-missing` when there is none
  /// @throws SerdabException.Damaged when `repository.json` and all its copies are damaged
  public static Check of(BlobStore store, Predicate<String> known) {
    return new Check(new Shelf(store), known);
  }

  /// What is wrong with a file.
  public enum Kind {
    /// It should be there.
    MISSING,
    /// It has another length than a version says.
    WRONG_LENGTH,
    /// Its bytes are not those that were written.
    DAMAGED,
    /// The medium does not give its bytes.
    UNREADABLE,
    /// It has no good signature of somebody who may write here.
    UNSIGNED,
    /// Nothing proves it: it carries neither digest nor signature, and has no two copies.
    UNPROVEN,
    /// No file of the format is called that.
    UNKNOWN,
    /// The other half of this parity file was there before it, and is gone.
    HALF
  }

  /// Something that is wrong.
  ///
  /// @param file where
  /// @param lengthBytes how long the file is, or should be; 0 when nobody knows
  public record Finding(Kind kind, String file, long lengthBytes) {}

  /// How fast to go, and how far.
  public interface Pace {

    /// As fast as can be, to the end.
    Pace FULL = _ -> true;

    /// Is asked before bytes are read, in pieces of at most 1 MiB or one small file; may wait.
    ///
    /// @return false to stop: the file at hand then counts as not looked at
    boolean mayRead(long bytes);
  }

  /// A place in the order of files; the same for every run that is given the same due dates.
  ///
  /// @param due when its proof is due
  public record Point(Instant due, String file) implements Comparable<Point> {
    @Override
    public int compareTo(Point other) {
      int first = due.compareTo(other.due);
      return first != 0 ? first : file.compareTo(other.file);
    }
  }

  /// How far a run came.
  ///
  /// @param files looked at
  /// @param bytes read
  /// @param last the file looked at last; what continues after it
  /// @param isComplete whether it came to the end
  public record Progress(long files, long bytes, Optional<Point> last, boolean isComplete) {}

  /// What listing and the snapshots say.
  ///
  /// @param versions how many there are
  /// @param packs how many they need
  /// @param packBytes how long these are together
  /// @param withoutParity how many of these no parity protects
  /// @param unfinished copies of records of removals that the next run that writes will make
  /// @param findings what is missing, or of another length than it should be
  public record Presence(
      long versions,
      long packs,
      long packBytes,
      long withoutParity,
      List<String> unfinished,
      List<Finding> findings) {

    public Presence {
      unfinished = List.copyOf(unfinished);
      findings = List.copyOf(findings);
    }
  }

  /// Compares what is listed with what versions need. Reads snapshots, copies and the beginnings of
  /// parity files, and no pack.
  public Presence presence() {
    Roll roll = Roll.call(shelf, judge);
    List<Finding> findings = new ArrayList<>();
    Set<Sha256> covered = new HashSet<>();
    Set<String> paired = pairs(findings);
    for (Parity.Held held : new Parity(shelf).held()) {
      String q = held.files().get(ParityGroup.Part.Q);
      if (held.isWhole()) {
        held.group().members().forEach(member -> covered.add(member.digest()));
      } else if (q != null && !paired.contains(q)) {
        // p alone was not finished; q is written after p and goes before it.
        findings.add(new Finding(Kind.HALF, q, lengthOf(q)));
      }
    }
    long[] counts = new long[3];
    roll.packs((pack, found) -> {
      String file = Layout.pack(pack.name());
      counts[0]++;
      counts[1] += pack.storedBytes();
      if (!covered.contains(pack.name())) {
        counts[2]++;
      }
      if (found.isEmpty()) {
        findings.add(new Finding(Kind.MISSING, file, pack.storedBytes()));
      } else if (found.get().lengthBytes() != pack.storedBytes()) {
        findings.add(new Finding(Kind.WRONG_LENGTH, file, found.get().lengthBytes()));
      }
    });
    for (String file : lostSmall(roll)) {
      findings.add(new Finding(Kind.MISSING, file, 0));
    }
    findings.sort(Comparator.comparing(Finding::file).thenComparing(Finding::kind));
    return new Presence(
        roll.versions(), counts[0], counts[1], counts[2], unfinishedNotices(), findings);
  }

  /// Which versions are listed and cannot be read, as these files are lost or damaged. Of a group's
  /// keys one good one will do, and snapshots are read from their copies.
  ///
  /// @return their places ([Snapshot#at])
  public Set<String> versionsLostWith(Collection<String> files) {
    return versionsNeeding(
        files.stream().filter(file -> !isSpareKey(file) && Layout.At.of(file).isEmpty()).toList());
  }

  private boolean isSpareKey(String file) {
    Matcher key = GroupKey.FILE.matcher(file);
    return key.matches()
        && shelf.names(GroupKey.folder(key.group(1))).stream().anyMatch(judge::isGood);
  }

  /// Which versions have these files: packs, a snapshot, or keys of their groups. Reads every
  /// snapshot, and no pack.
  ///
  /// @return their places ([Snapshot#at])
  public Set<String> versionsNeeding(Collection<String> files) {
    Set<String> needing = new HashSet<>();
    Set<Sha256> packs = new HashSet<>();
    Set<String> groups = new HashSet<>();
    for (String file : files) {
      Layout.packOf(file).ifPresent(packs::add);
      Layout.At.of(file).map(Layout.At::text).ifPresent(needing::add);
      Matcher key = GroupKey.FILE.matcher(file);
      if (key.matches()) {
        groups.add(key.group(1));
      }
    }
    if (!packs.isEmpty() || !groups.isEmpty()) {
      Roll.call(
          shelf,
          judge,
          commit -> {
            boolean needs =
                commit.version().orElseThrow().packs().stream()
                    .anyMatch(pack -> packs.contains(pack.name()) || groups.contains(pack.group()));
            if (needs) {
              needing.add(commit.at().text());
            }
          });
    }
    return needing;
  }

  private List<String> unfinishedNotices() {
    List<String> unfinished = new ArrayList<>();
    for (String folder : List.of(Layout.REMOVED, Layout.ERASED)) {
      // One that came while they were listed is there by now.
      Notices.unfinished(shelf.names(folder)).stream()
          .filter(file -> shelf.store().find(file).isEmpty())
          .forEach(unfinished::add);
    }
    return unfinished;
  }

  /// Parity files of which a pair says that they were there.
  ///
  /// @param findings gets those that are not
  private Set<String> pairs(List<Finding> findings) {
    Set<String> paired = new HashSet<>();
    for (ParityGroup.Pair pair : new Parity(shelf).pairs()) {
      paired.addAll(pair.files());
      for (String file : pair.files()) {
        if (shelf.store().find(file).isEmpty()) {
          // Both are of one length.
          long length = pair.files().stream().mapToLong(this::lengthOf).max().orElse(0);
          findings.add(new Finding(Kind.MISSING, file, length));
        }
      }
    }
    return paired;
  }

  private long lengthOf(String file) {
    return shelf.store().find(file).map(BlobInfo::lengthBytes).orElse(0L);
  }

  /// Small files that copies speak of and that are not there.
  private Set<String> lostSmall(Roll roll) {
    TreeSet<String> lost = new TreeSet<>(roll.lostSnapshots());
    TreeSet<String> there = new TreeSet<>();
    for (String folder : List.of(Layout.KEYS, Layout.WRITERS, Layout.GROUPS)) {
      there.addAll(shelf.names(folder));
    }
    for (String document : Repository.DOCUMENTS) {
      if (judge.charter().digestOf(document).isPresent()
          && shelf.store().find(document).isEmpty()) {
        lost.add(document);
      }
    }
    if (shelf.store().find(Layout.REPOSITORY).isEmpty()) {
      lost.add(Layout.REPOSITORY);
    }
    for (String folder : List.of(Layout.REMOVED, Layout.ERASED)) {
      // One that came while they were listed is there by now.
      Notices.lost(shelf.names(folder)).stream()
          .filter(file -> shelf.store().find(file).isEmpty())
          .forEach(lost::add);
    }
    java.util.NavigableSet<String> copies = shelf.names(Layout.COPIES);
    Set<String> named = new HashSet<>();
    for (String file : copies) {
      twin(file)
          .filter(twin -> !copies.contains(twin) && isIndexed(Layout.copyOf(file).orElseThrow()))
          .ifPresent(lost::add);
      Map<String, StoredZip.Entry> entries;
      try (ReadableBytes zip = shelf.store().open(file)) {
        entries = StoredZip.entries(zip);
      } catch (SerdabException.Damaged | SerdabException.Refused e) {
        continue;
      }
      for (String name : entries.keySet()) {
        if (Judge.isSmall(name)
            && Layout.At.of(name).isEmpty()
            && !name.equals(Layout.REPOSITORY)
            && !there.contains(name)
            && !isOfErased(roll, name)
            && (!named.add(name) || isGoodIn(file, name))) {
          lost.add(name);
        }
      }
    }
    return lost;
  }

  /// Whether a file of copies has a small file of this name; a bit that was flipped in its
  /// directory makes up a name. What two of them name was there.
  private boolean isGoodIn(String copies, String name) {
    return Copies.read(shelf, copies, name)
        .map(content -> judge.of(name, content))
        .filter(verdict -> verdict == Judge.Verdict.GOOD || verdict == Judge.Verdict.UNPROVEN)
        .isPresent();
  }

  /// Whether the index tells of snapshots: they come into it after both their copies. Where it does
  /// not, a run is writing the copies, or was killed then, and the next one does it.
  private boolean isIndexed(Layout.Range snapshots) {
    for (String file : shelf.names(Layout.INDEX)) {
      Optional<Sha256> name = Layout.indexOf(file);
      if (name.isPresent()) {
        try (Segment segment = Segment.open(name.get(), shelf.store().open(file), judge.trust())) {
          for (int number : segment.covers().of(snapshots.session())) {
            if (number >= snapshots.from() && number < snapshots.to()) {
              return true;
            }
          }
        } catch (SerdabException.Damaged | SerdabException.Refused e) {
          // It is told of by itself.
        }
      }
    }
    return false;
  }

  static boolean isOfErased(Roll roll, String file) {
    var group = GroupKey.FILE.matcher(file);
    return group.matches() && roll.isErased(group.group(1));
  }

  /// The other one of two files of copies.
  static Optional<String> twin(String copies) {
    return Layout.copyOf(copies)
        .map(range ->
            Layout.copy(
                copies.startsWith(Layout.COPIES + "1/") ? 2 : 1,
                range.session(),
                range.from(),
                range.to() - 1));
  }

  /// Reads every file back and proves it. What is in `quarantine/` was set aside and is left out.
  ///
  /// @param due when each file's proof is due; the earliest first, then by name
  /// @param after where an earlier run with the same due dates came to; empty for all
  /// @param findings is told what is wrong
  public Progress prove(
      Function<String, Instant> due, Optional<Point> after, Pace pace, Consumer<Finding> findings) {
    List<Point> points = new ArrayList<>();
    try (Stream<BlobInfo> files = shelf.store().list("")) {
      files
          .filter(file -> !file.name().startsWith(Judge.QUARANTINE))
          .map(file -> new Point(due.apply(file.name()), file.name()))
          .filter(point -> after.isEmpty() || point.compareTo(after.get()) > 0)
          .forEach(points::add);
    }
    points.sort(Comparator.naturalOrder());
    return prove(points, after, pace, findings);
  }

  /// Every file that [#prove] would read, with its length.
  public Map<String, Long> files() {
    Map<String, Long> all = new TreeMap<>();
    try (Stream<BlobInfo> files = shelf.store().list("")) {
      files
          .filter(file -> !file.name().startsWith(Judge.QUARANTINE))
          .forEach(file -> all.put(file.name(), file.lengthBytes()));
    }
    return all;
  }

  /// Reads these files back, in this order, and proves them.
  public Progress prove(List<String> files, Pace pace, Consumer<Finding> findings) {
    List<Point> points = files.stream().map(file -> new Point(Instant.EPOCH, file)).toList();
    return prove(points, Optional.empty(), pace, findings);
  }

  private Progress prove(
      List<Point> points, Optional<Point> after, Pace pace, Consumer<Finding> findings) {
    long files = 0;
    long bytes = 0;
    Optional<Point> last = after;
    for (Point point : points) {
      Optional<Proven> proven = prove(point.file(), pace);
      if (proven.isEmpty()) {
        return new Progress(files, bytes, last, false);
      }
      proven
          .get()
          .kind()
          .ifPresent(
              kind -> findings.accept(new Finding(kind, point.file(), proven.get().lengthBytes())));
      files++;
      bytes += proven.get().lengthBytes();
      last = Optional.of(point);
    }
    return new Progress(files, bytes, last, true);
  }

  /// A snapshot that a person gave up stays where it is, damaged as it is.
  private boolean isGivenUp(String file) {
    return Layout.At.of(file).filter(at -> Notices.givesUp(shelf, judge.trust(), at)).isPresent();
  }

  private record Proven(long lengthBytes, Optional<Kind> kind) {}

  /// Proves one file; empty when it was told to stop.
  private Optional<Proven> prove(String file, Pace pace) {
    long length = 0;
    try (ReadBack stored = shelf.store().readBack(file)) {
      length = stored.lengthBytes();
      Optional<Sha256> name =
          Layout.packOf(file).or(() -> Layout.indexOf(file)).or(() -> ParityGroup.nameOf(file));
      if (name.isPresent()) {
        Optional<Sha256> found = hash(stored, pace);
        if (found.isEmpty()) {
          return Optional.empty();
        }
        if (!found.get().equals(name.get())) {
          return Optional.of(new Proven(length, Optional.of(Kind.DAMAGED)));
        }
        return Optional.of(new Proven(length, form(file, stored)));
      }
      if (ParityGroup.pairOf(file).isPresent()) {
        return Optional.of(
            new Proven(length, length == 0 ? Optional.empty() : Optional.of(Kind.DAMAGED)));
      }
      boolean copies = Layout.copyOf(file).isPresent();
      if (!copies && !Judge.isSmall(file)) {
        return Optional.of(
            new Proven(length, known.test(file) ? Optional.empty() : Optional.of(Kind.UNKNOWN)));
      }
      if (!pace.mayRead(length)) {
        return Optional.empty();
      }
      if (length > Judge.BYTES_MAX) {
        return Optional.of(new Proven(length, Optional.of(Kind.DAMAGED)));
      }
      byte[] content = new byte[Math.toIntExact(length)];
      stored.readFully(0, ByteBuffer.wrap(content));
      Optional<Kind> kind = copies ? copies(content) : kind(judge.of(file, content));
      return Optional.of(new Proven(length, kind.filter(_ -> !isGivenUp(file))));
    } catch (SerdabException.Damaged e) {
      return Optional.of(new Proven(length, Optional.of(Kind.UNREADABLE)));
    } catch (SerdabException.Refused e) {
      if (Shelf.isCode(e, "blob-missing")) {
        // A prune took it since it was listed.
        return Optional.of(new Proven(0, Optional.empty()));
      }
      throw e;
    }
  }

  private static Optional<Kind> kind(Judge.Verdict verdict) {
    return switch (verdict) {
      case GOOD -> Optional.empty();
      case DAMAGED -> Optional.of(Kind.DAMAGED);
      case UNSIGNED -> Optional.of(Kind.UNSIGNED);
      case UNPROVEN -> Optional.of(Kind.UNPROVEN);
      case UNKNOWN -> Optional.of(Kind.UNKNOWN);
    };
  }

  /// What has its digest for a name may still be of somebody who may not write here.
  private Optional<Kind> form(String file, ReadableBytes stored) {
    try {
      if (Layout.indexOf(file).isPresent()) {
        SignedZip.open(stored, judge.trust(), Segment.SUBJECT).requireIntact();
      } else if (ParityGroup.nameOf(file).isPresent() && ParityGroup.read(stored).isEmpty()) {
        return Optional.of(Kind.UNKNOWN);
      }
      return Optional.empty();
    } catch (SerdabException.Damaged e) {
      return Optional.of(Kind.UNSIGNED);
    }
  }

  private Optional<Kind> copies(byte[] content) {
    return copiesAreGood(judge, content) ? Optional.empty() : Optional.of(Kind.DAMAGED);
  }

  /// Whether a file of copies is as it was written, and so is each file in it.
  static boolean copiesAreGood(Judge judge, byte[] content) {
    try {
      Map<String, byte[]> entries = Judge.entries(content);
      if (!Arrays.equals(StoredZip.of(entries), content)) {
        return false;
      }
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        Judge.Verdict verdict = judge.of(entry.getKey(), entry.getValue());
        if (verdict != Judge.Verdict.GOOD && verdict != Judge.Verdict.UNPROVEN) {
          return false;
        }
      }
      return true;
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  private static Optional<Sha256> hash(ReadBack stored, Pace pace) {
    MessageDigest hasher = Sha256.hasher();
    ByteBuffer piece = ByteBuffer.allocate(Math.clamp(stored.lengthBytes(), 1, PIECE_BYTES));
    for (long position = 0; ; ) {
      piece.clear();
      if (position < stored.lengthBytes()
          && !pace.mayRead(Math.min(PIECE_BYTES, stored.lengthBytes() - position))) {
        return Optional.empty();
      }
      int count = stored.read(position, piece);
      if (count < 0) {
        return Optional.of(Sha256.finish(hasher));
      }
      position += count;
      hasher.update(piece.flip());
    }
  }
}
