package serdab.ziptree;

import java.text.Normalizer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.ReadBack;
import serdab.store.ReadableBytes;

/// A tree of ZIPs at one place: names are given, ZIPs are found, written, read and proven.
/// Thread-safe.
///
/// Which ZIPs are there is learned by one listing, when it is first asked, and kept up to date with
/// what is written here. The list is only a guide: what a ZIP holds is what its manifest says.
public final class ZipTree {

  /// More names than this are not taken one after the other while we look.
  private static final int NAME_TRIES_MAX = 100;

  /// In front of index keys that were read from manifests; no name of a file holds it.
  private static final String BY_MANIFEST = "/";

  private final BlobStore store;
  private final NamingProfile naming;
  private final Crew crew;
  private final String writtenBy;
  private final boolean jpegLs;

  private final Object lock = new Object();

  /// Paths by index key; most studies have one.
  private @Nullable Map<String, List<TreeZip>> index;

  /// Paths of ZIPs that have a manifest beside them, as listed with the index.
  private final Set<String> adopted = new HashSet<>();

  /// Folded paths of ZIPs that are being written.
  private final Set<String> reserved = new HashSet<>();

  /// @param executor a bounded pool that compresses and checks for all ZIPs of this tree; its tasks
  ///   never wait for each other
  /// @param parallelism how many tasks it runs at the same time
  /// @param writtenBy program and version, for the manifests
  /// @param jpegLs whether images that can be are stored as JPEG-LS
  public ZipTree(
      BlobStore store,
      NamingProfile naming,
      Executor executor,
      int parallelism,
      String writtenBy,
      boolean jpegLs) {
    this.jpegLs = jpegLs;
    this.store = store;
    this.naming = naming;
    this.crew = new Crew(executor, parallelism);
    this.writtenBy = writtenBy;
  }

  /// One ZIP as the place lists it.
  ///
  /// @param path its name in the tree; holds patient data where the naming profile puts it there
  public record TreeZip(String path, long lengthBytes) {}

  /// A ZIP and what the head of its manifest says.
  ///
  /// @param zip as listed
  /// @param study whose it is
  /// @param id the version
  /// @param supersedes the version it follows
  /// @param fileCount how many files it holds
  /// @param readAt when it was read from its source; empty when that cannot be understood
  public record Listed(
      TreeZip zip,
      StudyKey study,
      VersionId id,
      Optional<VersionId> supersedes,
      long fileCount,
      Optional<Instant> readAt) {}

  public NamingProfile naming() {
    return naming;
  }

  BlobStore store() {
    return store;
  }

  String writtenBy() {
    return writtenBy;
  }

  /// Every ZIP in a month folder or under `_other` or `_library`, whether ours or not, in no order.
  /// Streamed from the place; close it.
  public Stream<TreeZip> zips() {
    return store.list("").filter(ZipTree::isZip).map(ZipTree::treeZip);
  }

  /// The ZIPs as they were listed and added to since; empty when nothing was looked for yet.
  Optional<List<TreeZip>> listed() {
    synchronized (lock) {
      if (index == null) {
        return Optional.empty();
      }
      Set<String> paths = new HashSet<>();
      List<TreeZip> all = new ArrayList<>();
      for (List<TreeZip> some : index.values()) {
        for (TreeZip zip : some) {
          if (paths.add(zip.path())) {
            all.add(zip);
          }
        }
      }
      return Optional.of(all);
    }
  }

  private static boolean isZip(BlobInfo blob) {
    return !StudyNames.tails(blob.name()).isEmpty();
  }

  private static TreeZip treeZip(BlobInfo blob) {
    return new TreeZip(blob.name(), blob.lengthBytes());
  }

  /// Reads a ZIP's directory and the head of its manifest, a few kilobytes at its end.
  ///
  /// @throws SerdabException.Damaged when it is no whole ZIP with a manifest
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public Listed look(TreeZip zip) {
    try (Blob blob = store.open(zip.path())) {
      Manifest.Head head = StudyZip.head(blob, beside(zip.path()));
      TreeZip seen = new TreeZip(zip.path(), blob.lengthBytes());
      return new Listed(
          seen, head.study(), head.id(), head.supersedes(), head.fileCount(), head.readAt());
    }
  }

  /// The readable ZIPs of one study, oldest version first. Others of the same name are left out: a
  /// damaged one is no copy, and is told by [#zips] and a proof.
  public List<Listed> versions(StudyKey study) {
    List<Listed> found = new ArrayList<>();
    for (TreeZip zip : candidates(study)) {
      try {
        Listed listed = look(zip);
        if (listed.study().equals(study)) {
          found.add(listed);
        }
      } catch (SerdabException.Damaged e) {
        // Not a copy.
      } catch (SerdabException.Refused e) {
        if (!e.problem().code().equals("blob-missing")) {
          throw e;
        }
      }
    }
    return inOrder(found);
  }

  /// Oldest first: by when each was read, or the one that it follows if that was later by the clock
  /// of then, and none before the one it follows. The number in a name only tells when the ZIP was
  /// made: a copy of an older version that was made again, or came from another destination, has a
  /// higher one.
  private static List<Listed> inOrder(List<Listed> found) {
    record Placed(Listed zip, Instant time, int depth) {}

    List<Placed> placed = new ArrayList<>();
    for (Listed zip : found) {
      Instant time = readAt(zip);
      Set<VersionId> chain = new HashSet<>();
      chain.add(zip.id());
      Optional<Listed> before = predecessor(zip, found);
      // A chain that bites its tail ends where it would begin again.
      while (before.isPresent() && chain.add(before.get().id())) {
        Instant earlier = readAt(before.get());
        time = earlier.isAfter(time) ? earlier : time;
        before = predecessor(before.get(), found);
      }
      placed.add(new Placed(zip, time, chain.size()));
    }
    placed.sort(Comparator.comparing(Placed::time).thenComparingInt(Placed::depth));
    return placed.stream().map(Placed::zip).toList();
  }

  private static Instant readAt(Listed zip) {
    return zip.readAt().orElse(Instant.EPOCH);
  }

  private static Optional<Listed> predecessor(Listed zip, List<Listed> all) {
    return zip.supersedes()
        .flatMap(id -> all.stream().filter(other -> other.id().equals(id)).findFirst());
  }

  /// What is wrong with the newest ZIP whose name is this study's, when it cannot be read.
  public Optional<Problem> unreadableNewest(StudyKey study) {
    List<TreeZip> all = candidates(study);
    if (all.isEmpty()) {
      return Optional.empty();
    }
    try {
      look(all.getLast());
      return Optional.empty();
    } catch (SerdabException.Damaged e) {
      return Optional.of(e.problem());
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("blob-missing")) {
        throw e;
      }
      return Optional.empty();
    }
  }

  /// The ZIP of exactly this version, when it is listed. The newest comes first: it is the one most
  /// often asked for.
  public Optional<Listed> find(StudyKey study, VersionId id) {
    return versions(study).reversed().stream().filter(one -> one.id().equals(id)).findFirst();
  }

  /// Begins the next version of a study, under the next free name.
  public StudyZipWriter begin(StudyFacts facts) {
    for (int tries = 1; ; tries++) {
      String path = reserve(facts);
      try {
        return new StudyZipWriter(this, path, store.stage(path), crew, jpegLs);
      } catch (SerdabException.Refused e) {
        release(path);
        if (!e.problem().code().equals("blob-exists") || tries >= NAME_TRIES_MAX) {
          throw e;
        }
        // It is there since the listing: made by somebody else, or by us when the place failed
        // before it could say so.
        long length = store.find(path).map(BlobInfo::lengthBytes).orElse(0L);
        appeared(path, length);
      } catch (RuntimeException e) {
        release(path);
        throw e;
      }
    }
  }

  /// Opens a ZIP for reading files out of it.
  ///
  /// @throws SerdabException.Damaged when it is no whole ZIP with a manifest
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public StudyZip open(String path) {
    return StudyZip.open(store.open(path), beside(path));
  }

  /// What a list shows of a ZIP, from a few kilobytes.
  ///
  /// @throws SerdabException.Damaged when it is no whole ZIP with a manifest
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  Manifest.Summary summary(String path) {
    try (Blob blob = store.open(path)) {
      return StudyZip.summary(blob, beside(path));
    }
  }

  /// The manifest beside a ZIP that has none inside.
  private StudyZip.Beside beside(String path) {
    return () -> {
      try {
        return store.open(BesideManifest.of(path));
      } catch (SerdabException.Refused e) {
        throw noBeside(e);
      }
    };
  }

  private static SerdabException noBeside(SerdabException.Refused e) {
    return e.problem().code().equals("blob-missing")
            || e.problem().code().equals("blob-name-not-allowed")
        ? BesideManifest.missing()
        : e;
  }

  // ---- ZIPs that another program made

  /// What a ZIP without a manifest, inside or beside, seems to hold, from its directory alone. One
  /// whose manifest beside cannot be trusted, or belongs to another ZIP, counts as without.
  ///
  /// @return empty when it has a manifest
  /// @throws SerdabException.Damaged when it can never be adopted
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public Optional<ForeignZip.Glance> foreign(String path) {
    try (Blob blob = store.open(path)) {
      ZipDirectory directory = ZipDirectory.read(blob);
      if (directory.find(EntryNames.MANIFEST).isPresent() || isAdopted(path, blob.lengthBytes())) {
        return Optional.empty();
      }
      return Optional.of(ForeignZip.glance(directory));
    }
  }

  private boolean isAdopted(String path, long zipBytes) {
    try (ReadableBytes bytes = beside(path).open()) {
      BesideManifest.read(bytes, zipBytes);
      return true;
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  /// Reads a ZIP that another program made whole; nothing is written.
  ///
  /// @param told how many bytes were read, piece by piece; what it throws ends the reading
  /// @throws SerdabException.Damaged when it is not whole, or can never be adopted
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public ForeignZip readForeign(String path, LongConsumer told) {
    return ForeignZip.read(this, path, told);
  }

  /// The name of the manifest beside a ZIP, whether there is one or not.
  public static String manifestBeside(String path) {
    return BesideManifest.of(path);
  }

  /// What the name of a ZIP says of whose it is: one or two of what [#nameOf] gives for studies,
  /// for a number at its end may be a version's.
  public static List<String> namesIn(String path) {
    return StudyNames.tails(path);
  }

  /// What the names of a study's ZIPs end in, where the naming shows the UID.
  public static String nameOf(StudyKey study) {
    return StudyNames.tail(study);
  }

  /// A ZIP got a manifest beside it.
  void adopted(String path) {
    synchronized (lock) {
      if (index != null) {
        adopted.add(path);
      }
    }
  }

  /// Of listed ZIPs those with a manifest beside them; empty when nothing was looked for yet.
  Optional<Set<String>> listedAdopted() {
    synchronized (lock) {
      return index == null ? Optional.empty() : Optional.of(Set.copyOf(adopted));
    }
  }

  /// The paths of all ZIPs that have a manifest beside them, listed anew.
  Set<String> allAdopted() {
    try (Stream<BlobInfo> all = store.list("")) {
      Set<String> paths = new HashSet<>();
      all.forEach(blob -> {
        if (isBeside(blob.name())) {
          paths.add(BesideManifest.zip(blob.name()));
        }
      });
      return paths;
    }
  }

  private static boolean isBeside(String name) {
    return name.endsWith(BesideManifest.SUFFIX)
        && !StudyNames.tails(BesideManifest.zip(name)).isEmpty();
  }

  /// Opens the ZIP of one version. When its manifest is missing or damaged, and its entries are
  /// still exactly the files of that version, it is read without (the version's findings say so).
  ///
  /// @throws SerdabException.Damaged when it is no whole ZIP of this version
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public StudyZip open(String path, StudyKey study, VersionId id) {
    StudyZip zip;
    try {
      zip = open(path);
    } catch (SerdabException.Damaged e) {
      zip = StudyZip.openWithoutManifest(store.open(path), study);
    }
    if (!zip.version().id().equals(id)) {
      zip.close();
      throw new SerdabException.Damaged(
          new Problem(
              "copy-is-another",
              "A ZIP does not hold the version of its study that it did.",
              "Use another copy; then rebuild the catalogue: serdab catalogue rebuild"));
    }
    return zip;
  }

  /// The length under which a ZIP is listed; empty when it is not there.
  public Optional<TreeZip> present(String path) {
    return store.find(path).map(ZipTree::treeZip);
  }

  /// Reads all of a ZIP past whatever cache can be passed and compares every byte.
  ///
  /// @param id the version it should be
  /// @return how the bytes were read
  /// @throws SerdabException.Damaged naming the first file that is not what it should be
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public ReadBack.Means checkIntact(String path, VersionId id) {
    ReadBack bytes = store.readBack(path);
    ReadBack.Means means = bytes.means();
    try (StudyZip zip = StudyZip.open(bytes, besideForProof(path))) {
      if (!zip.version().id().equals(id)) {
        throw Manifest.damaged("it is that of another version", null);
      }
      zip.checkWhole(bytes, crew);
    }
    return means;
  }

  private StudyZip.Beside besideForProof(String path) {
    return () -> {
      try {
        return store.readBack(BesideManifest.of(path));
      } catch (SerdabException.Refused e) {
        throw noBeside(e);
      }
    };
  }

  /// Parses every file as DICOM again and compares UIDs, counts and digests with the manifest. Says
  /// nothing about the bytes between the files; that is [#checkIntact].
  ///
  /// @throws SerdabException.Damaged naming the first file that does not agree
  public void checkReadable(String path) {
    try (StudyZip zip = open(path)) {
      ReadableCheck.run(zip, crew);
    }
  }

  // ---- names

  private String reserve(StudyFacts facts) {
    synchronized (lock) {
      StudyKey study = facts.key();
      Set<String> taken = new HashSet<>(reserved);
      int highest = 0;
      for (TreeZip zip : candidates(study)) {
        taken.add(SafeNames.folded(zip.path()));
        highest = Math.max(highest, StudyNames.version(zip.path(), naming, study));
      }
      for (int version = highest + 1; ; version++) {
        String path = StudyNames.path(naming, facts, version);
        if (reserved.contains(SafeNames.folded(path)) || taken.contains(SafeNames.folded(path))) {
          continue;
        }
        reserved.add(SafeNames.folded(path));
        return path;
      }
    }
  }

  void release(String path) {
    synchronized (lock) {
      reserved.remove(SafeNames.folded(path));
    }
  }

  /// A ZIP became visible.
  void appeared(String path, long lengthBytes) {
    synchronized (lock) {
      if (index != null) {
        replace(index, new TreeZip(path, lengthBytes));
      }
    }
  }

  /// Gives a ZIP of this tree another name, outside of it, and forgets it.
  ///
  /// @throws SerdabException.Refused `blob-missing` when it is not there, `blob-exists` when the
  ///   other name is taken
  /// @throws IllegalArgumentException when the path is not that of a ZIP of a tree, or the other is
  public void moveOut(String path, String outside) {
    if (StudyNames.tails(path).isEmpty() || !StudyNames.tails(outside).isEmpty()) {
      throw new IllegalArgumentException("only ZIPs of the tree are moved, and only out of it");
    }
    store.move(path, outside);
    disappeared(path);
    moveBeside(path, BesideManifest.of(outside));
  }

  /// Takes a manifest that stands beside a ZIP away from it, its bytes untouched.
  ///
  /// @return whether there was one
  /// @throws SerdabException.Refused `blob-exists` when the other name is taken
  public boolean moveBeside(String path, String outside) {
    try {
      store.move(BesideManifest.of(path), outside);
      return true;
    } catch (SerdabException.Refused e) {
      if (noBeside(e) == e) {
        throw e;
      }
      return false;
    }
  }

  /// Deletes a ZIP, and a manifest that stands beside it; whether there was a ZIP. Who calls has
  /// looked into it before.
  public boolean remove(String path) {
    // In this order: a manifest without its ZIP is no copy, and a ZIP without its manifest would
    // stay for ever.
    boolean removed = store.delete(path);
    disappeared(path);
    if (store.find(BesideManifest.of(path)).isPresent()) {
      store.delete(BesideManifest.of(path));
    }
    return removed;
  }

  /// A ZIP is not there any more.
  public void disappeared(String path) {
    synchronized (lock) {
      if (index != null) {
        adopted.remove(path);
        for (String key : StudyNames.tails(path)) {
          List<TreeZip> same = index.get(Normalizer.normalize(key, Normalizer.Form.NFC));
          if (same != null) {
            same.removeIf(other -> other.path().equals(path));
          }
        }
      }
    }
  }

  /// The next question lists the place again.
  public void forgetIndex() {
    synchronized (lock) {
      index = null;
      adopted.clear();
    }
  }

  /// Listed ZIPs whose name may be one of this study's, lowest version number first.
  private List<TreeZip> candidates(StudyKey study) {
    synchronized (lock) {
      Map<String, List<TreeZip>> known = index;
      if (known == null) {
        known = new HashMap<>();
        adopted.clear();
        try (Stream<BlobInfo> all = store.list("")) {
          for (BlobInfo blob : (Iterable<BlobInfo>) all::iterator) {
            if (isBeside(blob.name())) {
              adopted.add(BesideManifest.zip(blob.name()));
            }
            if (!isZip(blob)) {
              continue;
            }
            TreeZip zip = treeZip(blob);
            add(known, zip);
            if (naming instanceof NamingProfile.PseudonymWithoutKey) {
              addByManifest(known, zip);
            }
          }
        }
        index = known;
      }
      List<TreeZip> found =
          new ArrayList<>(known.getOrDefault(BY_MANIFEST + study.value(), List.of()));
      for (String key : StudyNames.indexKeys(naming, study)) {
        found.addAll(known.getOrDefault(key, List.of()));
      }
      found.sort(
          Comparator.comparingInt((TreeZip zip) -> StudyNames.version(zip.path(), naming, study))
              .thenComparing(TreeZip::path));
      return found;
    }
  }

  /// A listing names each ZIP once, so nothing is looked for: the tail `2` has one ZIP for each
  /// study with two versions, and comparing them all would take hours in a large tree.
  private static void add(Map<String, List<TreeZip>> index, TreeZip zip) {
    for (String key : StudyNames.tails(zip.path())) {
      index
          .computeIfAbsent(Normalizer.normalize(key, Normalizer.Form.NFC), _ -> new ArrayList<>(1))
          .add(zip);
    }
  }

  /// Without the key a pseudonym says nothing; the ZIP itself does.
  private void addByManifest(Map<String, List<TreeZip>> known, TreeZip zip) {
    if (StudyNames.tails(zip.path()).stream().noneMatch(StudyNames::isPseudonym)) {
      return;
    }
    try {
      String study = look(zip).study().value();
      known.computeIfAbsent(BY_MANIFEST + study, _ -> new ArrayList<>(1)).add(zip);
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      // Whose it is, nobody can tell; a proof of the tree names it.
    }
  }

  private static void replace(Map<String, List<TreeZip>> index, TreeZip zip) {
    for (String key : StudyNames.tails(zip.path())) {
      List<TreeZip> same = index.get(Normalizer.normalize(key, Normalizer.Form.NFC));
      if (same != null) {
        same.removeIf(other -> other.path().equals(zip.path()));
      }
    }
    add(index, zip);
  }
}
