package serdab.repository;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeReader;
import serdab.repository.age.AgeRecipient;
import serdab.repository.age.FileKey;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.NameSet;
import serdab.store.ReadBack;
import serdab.store.ReadableBytes;

/// A repository at one place. Thread-safe.
///
/// The place must let several runs write at once. Every method throws [serdab.SerdabException].
public final class Repository implements AutoCloseable {

  private static final String FORMAT = "sealed-repository";
  private static final int FORMAT_VERSION = 1;
  private static final int GROUPS_HELD_MAX = 10_000;

  /// Which version of the reader a new repository gets ([#reader]).
  public static final int READER = 2;

  private static final int LISTING_TRIES_MAX = 5;

  /// Files that say how to read a repository, and are stored in it.
  static final List<String> DOCUMENTS = List.of("LICENSE.txt", "repository.md", "restore.py");

  /// Where they are taken from.
  private static final Map<String, String> RESOURCES =
      Map.of(
          "repository.md", "/serdab/format/repository.md",
          "restore.py", "/serdab/format/restore-from-repository.py",
          "LICENSE.txt", "LICENSE.txt");

  /// How long packs wait for others of their size before they get parity without them.
  private static final Duration UNPROTECTED_MAX = Duration.ofDays(7);

  private final Shelf shelf;
  private final OwnerKey owner;
  private final Optional<WriterKeys> writer;
  private final Optional<Unlocked> unlocked;
  private final Trust trust;
  private final Naming naming;
  private final AgeIdentity index;
  private final Optional<Generation> generation;
  private final InstantSource clock;
  private final RandomGenerator secure;
  private final Session session;
  private final Copies copies;
  private final InFlight inFlight;
  private final int heldBlobsMax;
  private final Map<Sha256, FileKey> fileKeys = new ConcurrentHashMap<>();
  private final Map<String, AgeRecipient> recipients = new HashMap<>();
  private final Map<String, List<AgeIdentity>> groups = new ConcurrentHashMap<>();
  private @Nullable Known known;
  private @Nullable Set<String> erasedBefore;
  private boolean wroteSomething;

  private Repository(
      BlobStore store,
      OwnerKey owner,
      Optional<WriterKeys> writer,
      Optional<Unlocked> unlocked,
      InstantSource clock,
      RandomGenerator secure,
      int heldBlobsMax) {
    this.shelf = new Shelf(store);
    this.owner = owner;
    this.writer = writer;
    this.unlocked = unlocked;
    this.clock = clock;
    this.secure = secure;
    this.heldBlobsMax = heldBlobsMax;
    Writers writers = Writers.read(store, owner);
    // What a machine signs that may write no more would be there and count for nothing.
    Optional<WriterKeys> enrolled =
        writer.filter(keys ->
            writers.find(keys.id()).filter(known -> known.mayWriteAt(clock.instant())).isPresent());
    this.trust =
        new Trust(
            writers,
            enrolled.map(WriterKeys::signer).or(() -> unlocked.map(Unlocked::owner)),
            enrolled.map(WriterKeys::id).orElse(GroupKey.OWNER));
    this.naming =
        writer
            .map(WriterKeys::naming)
            .or(() -> unlocked.map(Unlocked::naming))
            .orElseThrow(Problems::needsIdentity);
    this.index =
        writer
            .map(WriterKeys::index)
            .or(() -> unlocked.map(Unlocked::index))
            .orElseThrow(Problems::needsIdentity);
    this.generation =
        trust.canSign() ? Optional.of(newest(store, owner, writer)) : Optional.empty();
    this.session =
        new Session(shelf, trust, clock, secure, group -> lookUpGroupKey(group).isPresent());
    this.copies = new Copies(shelf, trust);
    this.inFlight = new InFlight(shelf);
  }

  /// The newest generation, by the place or by what this machine remembers: whoever takes the newer
  /// one away from the place does not bring back those whom it shut out.
  private static Generation newest(BlobStore store, OwnerKey owner, Optional<WriterKeys> writer) {
    Optional<Generation> remembered = writer.map(WriterKeys::newest);
    try {
      Generation there = Generations.newest(store, owner);
      return remembered.filter(each -> each.number() > there.number()).orElse(there);
    } catch (SerdabException.Damaged e) {
      return remembered.orElseThrow(() -> e);
    }
  }

  /// What this machine should keep from now on, when a newer generation was found.
  public Optional<WriterKeys> newerWriterKeys() {
    return writer.flatMap(keys ->
        generation.filter(found -> found.number() > keys.newest().number()).map(keys::with));
  }

  /// A new repository and what belongs to it.
  ///
  /// @param repository opened with the secrets of its owner, in memory only
  /// @param writer what this machine keeps at home so that it can write
  public record Begun(Repository repository, WriterKeys writer) {}

  /// Makes a repository at a place that has none.
  ///
  /// @param people who can open it
  /// @param writerName what this machine is called, for people
  /// @param parity `16+2` or `none`
  /// @param secure a generator that nobody can predict, thread-safe
  /// @param writtenBy the name and version of this program
  /// @throws SerdabException.Refused `repository-exists`
  public static Begun begin(
      BlobStore store,
      List<AgeRecipient> people,
      String writerName,
      String parity,
      InstantSource clock,
      RandomGenerator secure,
      String writtenBy) {
    if (isAt(store)) {
      throw Problems.there(store.describe());
    }
    UUID id = uuid(secure);
    Instant now = clock.instant();
    Unlocked unlocked = Keys.create(store, id, people, now, secure);
    WriterKeys writer = Keys.enrol(store, unlocked, writerName, now, secure);
    Shelf shelf = new Shelf(store);
    Doc documents = new Doc();
    for (String document : DOCUMENTS) {
      shelf.putIfFree(document, Bulk.of(resource(document).orElseThrow()));
      shelf
          .whole(document, 1 << 20)
          .ifPresent(content -> documents.with(document, Sha256.digest(content).hex()));
    }
    Doc doc =
        new Doc()
            .with("format", FORMAT)
            .with("formatVersion", FORMAT_VERSION)
            .with("id", id.toString())
            .with("ownerKey", unlocked.ownerKey().text())
            .with("parity", parity)
            .with("madeAt", now.toString())
            .with("writtenBy", writtenBy)
            .with("documents", documents)
            .with("reader", READER);
    doc.with("signature", unlocked.owner().sign(Layout.REPOSITORY, doc.bytes()));
    // The last one: before it there is no repository, and two who begin at once do not both win.
    Bulk content = Bulk.of(doc.bytes());
    content.write('\n');
    if (shelf.putIfFree(Layout.REPOSITORY, content).isEmpty()) {
      throw Problems.there(store.describe());
    }
    Repository repository =
        new Repository(
            store,
            unlocked.ownerKey(),
            Optional.of(writer),
            Optional.of(unlocked),
            clock,
            secure,
            Known.HELD_BLOBS_MAX);
    return new Begun(repository, writer);
  }

  private static UUID uuid(RandomGenerator secure) {
    long high = (secure.nextLong() & ~0xF000L) | 0x4000L;
    long low = (secure.nextLong() & ~(3L << 62)) | (1L << 63);
    return new UUID(high, low);
  }

  /// A document that lies in every repository, as this version of the program has it; empty when
  /// there is none of this name.
  static Optional<byte[]> resource(String name) {
    String from = RESOURCES.get(name);
    if (from == null) {
      return Optional.empty();
    }
    try (InputStream in = Repository.class.getResourceAsStream(from)) {
      if (in == null) {
        throw new IllegalStateException(from);
      }
      return Optional.of(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Opens a repository with whatever keys there are; at least one of a writer's keys and an
  /// identity. With the first alone it can write, and read what it wrote; with the second it can
  /// read everything, and sign as the owner.
  ///
  /// @param identities those of a person, perhaps none
  /// @param secure a generator that nobody can predict, thread-safe
  /// @throws SerdabException.Refused `repository-missing`, `repository-changed-identity` when it is
  ///   not the one that the writer's keys are for, `repository-needs-identity` without any key
  /// @throws SerdabException.Misconfigured `age-wrong-key` when the identities open nothing
  public static Repository open(
      BlobStore store,
      Optional<WriterKeys> writer,
      List<AgeIdentity> identities,
      InstantSource clock,
      RandomGenerator secure) {
    return open(store, writer, identities, clock, secure, Known.HELD_BLOBS_MAX);
  }

  static Repository open(
      BlobStore store,
      Optional<WriterKeys> writer,
      List<AgeIdentity> identities,
      InstantSource clock,
      RandomGenerator secure,
      int heldBlobsMax) {
    OwnerKey owner = identity(store);
    if (writer.isPresent() && !writer.get().owner().equals(owner)) {
      throw Problems.another();
    }
    Optional<Unlocked> unlocked =
        identities.isEmpty()
            ? Optional.empty()
            : Optional.of(Unlocked.open(store, owner, identities));
    return new Repository(store, owner, writer, unlocked, clock, secure, heldBlobsMax);
  }

  /// Whether a repository is at the place: its `repository.json`, or a good copy of that.
  public static boolean isAt(BlobStore store) {
    return isDescribed(store) || Charter.find(new Shelf(store)).isPresent();
  }

  /// Whether `repository.json` is there itself. Where it is not, a copy of it is read.
  public static boolean isDescribed(BlobStore store) {
    return store.find(Layout.REPOSITORY).isPresent();
  }

  /// Which repository is at the place, by its own word; nothing is checked of it.
  ///
  /// @throws SerdabException.Refused `repository-missing`
  /// @throws SerdabException.Damaged when its description cannot be understood
  public static UUID idAt(BlobStore store) {
    return identity(store).repository();
  }

  static OwnerKey identity(BlobStore store) {
    Doc doc = Doc.parse(Charter.read(new Shelf(store)).content());
    try {
      if (!doc.text("format").equals(FORMAT) || doc.number("formatVersion") != FORMAT_VERSION) {
        throw Problems.damaged("repository.json is of a format that this program does not know.");
      }
      return new OwnerKey(
          UUID.fromString(doc.text("id")),
          java.util.Base64.getDecoder().decode(doc.text("ownerKey")));
    } catch (IllegalArgumentException e) {
      throw Problems.damaged("repository.json is not as it was written.", e);
    }
  }

  public UUID id() {
    return owner.repository();
  }

  /// Whether [#begin] may be called: this machine is enrolled and was not revoked, or an identity
  /// was given.
  public boolean canWrite() {
    return trust.canSign();
  }

  /// Whether packs are protected by parity (format section 7.1).
  ///
  /// @throws SerdabException.Damaged when `repository.json` cannot be read
  public boolean hasParity() {
    return Doc.parse(Charter.read(shelf).content())
        .textIfThere("parity")
        .filter(Parity.WITH::equals)
        .isPresent();
  }

  /// Which version of the reader is stored in it: nothing may be written that this one does not
  /// know, or people who have nothing but the repository could not read it.
  ///
  /// @throws SerdabException.Damaged when `repository.json` cannot be read
  public int reader() {
    Doc doc = Doc.parse(Charter.read(shelf).content());
    return doc.has("reader") ? (int) doc.number("reader") : 1;
  }

  // ---- what it holds

  /// Every version that exists, in no promised order, streamed. Close the stream.
  public Stream<Snapshot> snapshots() {
    try {
      return known().stream();
    } catch (SerdabException.Refused e) {
      return snapshotsAgain(e);
    }
  }

  /// A prune elsewhere took away an index that another one has replaced since this was opened.
  private Stream<Snapshot> snapshotsAgain(SerdabException.Refused first) {
    SerdabException.Refused last = first;
    for (int i = 0; i < LISTING_TRIES_MAX && Shelf.isCode(last, "blob-missing"); i++) {
      Known now = readAgainWithLabels();
      try {
        return now.stream().onClose(now::close);
      } catch (SerdabException.Refused e) {
        now.close();
        last = e;
      } catch (RuntimeException e) {
        now.close();
        throw e;
      }
    }
    throw last;
  }

  /// Snapshots that could not be read when this was opened, neither they nor a copy of theirs.
  public Map<String, serdab.Problem> unreadable() {
    Map<String, serdab.Problem> all = new java.util.TreeMap<>();
    known().unreadable().forEach((at, e) -> all.put(at.text(), e.problem()));
    return all;
  }

  /// Every version of a group, in the order of their times.
  public List<Snapshot> snapshots(String groupKey) {
    List<Snapshot> versions = new ArrayList<>();
    for (Known.Ref ref : known().versions(naming.group(groupKey))) {
      versions.add(known().snapshot(ref));
    }
    return versions;
  }

  /// The newest snapshot of exactly this version.
  public Optional<Snapshot> find(String groupKey, String version) {
    String name = naming.version(version);
    return known().versions(naming.group(groupKey)).stream()
        .filter(ref -> ref.version().equals(name))
        .reduce((_, newer) -> newer)
        .map(ref -> known().snapshot(ref));
  }

  static Snapshot snapshot(Commit commit, Known.Label label) {
    Commit.Version version = commit.version().orElseThrow();
    return new Snapshot(
        commit.at().text(),
        label.key(),
        label.name(),
        label.supersedes(),
        version.files(),
        version.lengthBytes(),
        label.storedBytes(),
        commit.time(),
        version.packs().stream()
            .map(pack -> new Snapshot.PackName(pack.name(), pack.storedBytes()))
            .toList());
  }

  /// What is known, read once.
  synchronized Known known() {
    Known loaded = known;
    if (loaded == null) {
      loaded = builder(trust.canSign(), true).load();
      known = loaded;
    }
    return loaded;
  }

  /// What the place says now of versions and their packs, without where blobs lie and perhaps
  /// without what labels say; the caller closes it.
  Known readAgain() {
    return builder(false, false).load();
  }

  /// What the place says now of versions, their packs and their labels; the caller closes it.
  Known readAgainWithLabels() {
    return builder(false, true).load();
  }

  /// Opens single snapshots; the caller closes it.
  Known opener() {
    return builder(false, false).toOpen();
  }

  private Known.Builder builder(boolean blobs, boolean labels) {
    return new Known.Builder(
        shelf,
        trust,
        naming,
        List.of(index),
        generation.map(each -> List.of(each.indexRecipient(), each.recipient())).orElse(List.of()),
        secure,
        blobs,
        labels,
        heldBlobsMax,
        Optional.empty());
  }

  // ---- writing

  /// Begins a version of a group; needs a writer's keys.
  ///
  /// @throws SerdabException.Refused `repository-needs-writer` without them,
  ///   `repository-group-erased` for a group that was erased
  public VersionWriter begin(String groupKey) {
    if (!trust.canSign()) {
      throw Problems.needsWriter();
    }
    known();
    String group = naming.group(groupKey);
    session.ensureBegun();
    session.requireLiving(group);
    return new VersionWriter(this, groupKey, group, recipient(group));
  }

  /// The keys of a group, from a copy when they are damaged; empty when it has none.
  private Optional<GroupKey> groupKey(String group) {
    try {
      return GroupKey.newest(shelf.store(), group, trust.writers());
    } catch (SerdabException.Damaged e) {
      return Optional.of(groupKeyFromCopies(group).orElseThrow(() -> e));
    }
  }

  private Optional<GroupKey> groupKeyFromCopies(String group) {
    for (Generation each : Generations.all(shelf.store(), owner).reversed()) {
      Optional<GroupKey> copy =
          Copies.search(
              shelf,
              GroupKey.file(group, each.number()),
              bytes -> GroupKey.read(group, each.number(), bytes, trust.writers()));
      if (copy.isPresent()) {
        return copy;
      }
    }
    return Optional.empty();
  }

  /// The keys of a group that had some, from a copy when they are damaged or lost.
  private Optional<GroupKey> lookUpGroupKey(String group) {
    return groupKey(group).or(() -> groupKeyFromCopies(group));
  }

  /// What packs of the group are sealed to. Whoever comes first makes it.
  private synchronized AgeRecipient recipient(String group) {
    AgeRecipient there = recipients.get(group);
    if (there != null) {
      return there;
    }
    if (recipients.size() >= GROUPS_HELD_MAX) {
      recipients.clear();
    }
    Optional<GroupKey> key = groupKey(group);
    if (key.isEmpty() && known().knowsGroup(group)) {
      // Its keys were lost. Others in their place would shut everybody out of what is there.
      key = Optional.of(groupKeyFromCopies(group).orElseThrow(Repository::keysAreLost));
    }
    if (key.isEmpty()) {
      AgeIdentity made = AgeIdentity.generate(secure);
      Generation newest = generation.orElseThrow();
      GroupKey document =
          GroupKey.seal(group, newest, made, trust.writer(), clock.instant(), secure);
      Bulk file = Bulk.of(document.signed(trust.signer().orElseThrow()));
      if (shelf.putIfFree(GroupKey.file(group, newest.number()), file).isPresent()) {
        copies.note(GroupKey.file(group, newest.number()));
        recipients.put(group, made.recipient());
        return made.recipient();
      }
      key = groupKey(group);
    }
    AgeRecipient recipient = key.orElseThrow(Repository::keysAreLost).recipient();
    recipients.put(group, recipient);
    return recipient;
  }

  boolean hasKey(String group) {
    return !shelf.names(Layout.groupFolder(group)).isEmpty();
  }

  /// Whether a group was erased for good, so that nothing is written for it again.
  public boolean isErased(String groupKey) {
    Known loaded;
    Set<String> listed = Set.of();
    synchronized (this) {
      loaded = known;
      if (loaded == null) {
        // A run that finds nothing new asks this alone, and need not read the index for it.
        if (erasedBefore == null) {
          erasedBefore = Erased.groups(shelf, trust, (_, _) -> {});
        }
        listed = erasedBefore;
      }
    }
    if (loaded != null) {
      return loaded.hasErased() && loaded.isErased(naming.group(groupKey));
    }
    return !listed.isEmpty() && listed.contains(naming.group(groupKey));
  }

  /// Whether somebody let a version go that was here.
  ///
  /// @param at what [Snapshot#at] said of it
  public boolean isRemoved(String at) {
    return known().isRemoved(Layout.At.parse(at));
  }

  /// Learns that a group was erased.
  void erased(String group) {
    known().erased(group);
  }

  /// Forgets what opens a group and what its packs are sealed to.
  synchronized void forgetKey(String group) {
    groups.remove(group);
    recipients.remove(group);
  }

  private static SerdabException.Damaged keysAreLost() {
    return Problems.damaged("The keys of a group are not there.");
  }

  /// Whether somebody could open the packs of a version: the keys of their groups are there.
  private void requireKeys(Snapshot snapshot) {
    boolean lost =
        known().version(Layout.At.parse(snapshot.at())).packs().stream()
            .map(PackRef::group)
            .distinct()
            .anyMatch(group -> lookUpGroupKey(group).isEmpty());
    if (lost) {
      throw keysAreLost();
    }
  }

  Snapshot commit(
      String began,
      Commit.Version version,
      String groupKey,
      String versionName,
      Optional<String> supersedes,
      BlobTable added,
      Instant time) {
    Known.Label label = new Known.Label(groupKey, versionName, supersedes, version.newBytes());
    Generation newest = generation.orElseThrow();
    byte[] sealed = label.seal(List.of(newest.indexRecipient(), newest.recipient()), secure);
    byte[] table = added.bytes();
    Layout.At at =
        session.commit(
            began,
            version.packs(),
            place ->
                SnapshotFile.make(
                    new Commit(
                        place, Commit.Kind.VERSION, time, trust.writer(), Optional.of(version)),
                    Session.entries(table, sealed),
                    trust));
    Commit commit = new Commit(at, Commit.Kind.VERSION, time, trust.writer(), Optional.of(version));
    synchronized (this) {
      wroteSomething = true;
    }
    known().committed(commit, label, table);
    copies.committed(at);
    return snapshot(commit, label);
  }

  /// Ends this session, merges what it wrote into an index segment, and writes the copies of small
  /// things and the parity of packs: of 16 of similar size, and of those that waited for a week.
  /// Clears away what runs that were killed left unfinished. When nothing was written, it only
  /// looks whether packs have waited that long.
  public void settle() {
    synchronized (this) {
      if (session.name().isEmpty()) {
        if (canWrite() && hasParity()) {
          new Parity(this).coverLatest(clock.instant().minus(UNPROTECTED_MAX));
        }
        return;
      }
      boolean wrote = wroteSomething;
      wroteSomething = false;
      Optional<Layout.Range> numbers = session.end();
      if (numbers.isPresent()) {
        known().wrote(numbers.get());
      }
      if (wrote) {
        copies.settle(numbers);
        copies.settleOthers(known().takeUncopied());
        Notices.complete(shelf, trust);
        known().flush();
        if (hasParity()) {
          new Parity(this).cover(clock.instant().minus(UNPROTECTED_MAX));
        }
        shelf.store().sweep();
      }
    }
  }

  /// Erases a group for good; see [Erasure], which also tells beforehand what is to be done.
  ///
  /// @param mover knows the manifests of the versions in the repository
  /// @param reason one sentence for people, without patient data
  public Erasure.Done erase(String groupKey, ManifestMover mover, String reason) {
    return new Erasure(this, mover).carryOut(groupKey, reason);
  }

  /// Lets a version count no more; its packs stay until a prune.
  ///
  /// @param reason one sentence for people, without patient data
  public void remove(Snapshot snapshot, String reason) {
    Layout.At at = Layout.At.parse(snapshot.at());
    Doc doc =
        new Doc()
            .with("at", at.text())
            .with("group", naming.group(snapshot.groupKey()))
            .with("version", naming.version(snapshot.version()))
            .with("time", clock.instant().toString())
            .with("reason", reason);
    // Somebody else may have removed it first; either way it is removed.
    Notices.write(shelf, trust, at.removal(), trust.signed(doc, at.removal()));
    known().removed(at);
  }

  // ---- reading

  /// Whether [#read] can open the packs of this version: with the identity, or because they were
  /// written by this very repository object.
  public boolean canRead(Snapshot snapshot) {
    return unlocked.isPresent()
        || snapshot.packs().stream().allMatch(pack -> fileKeys.containsKey(pack.digest()));
  }

  /// Opens a version.
  ///
  /// @throws SerdabException.Refused `repository-needs-identity` when [#canRead] is false
  public VersionSource read(Snapshot snapshot) {
    if (!canRead(snapshot)) {
      throw Problems.needsIdentity();
    }
    return new VersionSource(this, snapshot, known().version(Layout.At.parse(snapshot.at())));
  }

  AgeReader openPack(PackRef pack) {
    ReadableBytes stored;
    try {
      stored = shelf.store().open(Layout.pack(pack.name()));
    } catch (SerdabException.Refused e) {
      if (Shelf.isCode(e, "blob-missing")) {
        throw Problems.missing(Layout.pack(pack.name()));
      }
      throw e;
    }
    try {
      if (stored.lengthBytes() != pack.storedBytes()) {
        throw Problems.damaged(
            "A pack has another length than was written: " + Layout.pack(pack.name()) + ".");
      }
      FileKey key = fileKeys.get(pack.name());
      return key != null
          ? AgeReader.open(stored, key)
          : AgeReader.open(stored, groupIdentities(pack.group()));
    } catch (RuntimeException e) {
      stored.close();
      throw e;
    }
  }

  /// What opens packs of a group: one identity, but where two machines made one each at once.
  private List<AgeIdentity> groupIdentities(String group) {
    List<AgeIdentity> there = groups.get(group);
    if (there != null) {
      return there;
    }
    Unlocked secrets = unlocked.orElseThrow(Problems::needsIdentity);
    GroupKey newest = lookUpGroupKey(group).orElseThrow(Repository::keysAreLost);
    List<AgeIdentity> opened = new ArrayList<>();
    opened.add(newest.open(secrets.identities()));
    for (GroupKey each : GroupKey.all(shelf.store(), group, trust.writers())) {
      if (!each.recipient().equals(newest.recipient())) {
        try {
          opened.add(each.open(secrets.identities()));
        } catch (SerdabException.Misconfigured | SerdabException.Damaged e) {
          // Of a generation that is not at hand; the newest may do.
        }
      }
    }
    if (groups.size() >= GROUPS_HELD_MAX) {
      groups.clear();
    }
    groups.put(group, opened);
    return opened;
  }

  /// Seals what lies beside the versions. Without a writer's keys it only opens.
  public Sealing sealing() {
    return new Sealing(
        generation.map(each -> List.of(each.indexRecipient(), each.recipient())).orElse(List.of()),
        List.of(index),
        secure);
  }

  // ---- proving

  /// Whether every pack of the version is listed with its length, and the keys of its groups are
  /// there.
  ///
  /// @throws SerdabException.Damaged naming what is missing or of another length
  public void requirePresent(Snapshot snapshot) {
    requireKeys(snapshot);
    for (Snapshot.PackName pack : snapshot.packs()) {
      String file = Layout.pack(pack.digest());
      BlobInfo found = shelf.store().find(file).orElseThrow(() -> Problems.missing(file));
      if (found.lengthBytes() != pack.storedBytes()) {
        throw Problems.damaged("A pack has another length than was written: " + file + ".");
      }
    }
  }

  /// The places ([Snapshot#at]) of all versions of which every pack is listed with its length. One
  /// listing of all packs; keys are not looked for.
  public NameSet present() {
    NameSet listed;
    try (Stream<BlobInfo> packs = shelf.store().list(Layout.PACKS)) {
      listed = NameSet.ofBlobs(packs);
    }
    try (Stream<Snapshot> versions = snapshots()) {
      return NameSet.of(
          versions
              .filter(version ->
                  version.packs().stream()
                      .allMatch(
                          pack -> listed.hasBlob(Layout.pack(pack.digest()), pack.storedBytes())))
              .map(Snapshot::at));
    }
  }

  /// Reads every pack of the version back and compares its SHA-256 with its name; needs no key. The
  /// keys of its groups, sealed as they are, have to be there.
  ///
  /// @throws SerdabException.Damaged when one is damaged
  public ReadBack.Means requireIntact(Snapshot snapshot) {
    requireKeys(snapshot);
    ReadBack.Means means = ReadBack.Means.PAST_CACHE;
    for (Snapshot.PackName pack : snapshot.packs()) {
      means = VersionWriter.worse(means, requireIntact(pack));
    }
    return means;
  }

  /// Reads one pack back and compares its SHA-256 with its name; needs no key.
  ///
  /// @throws SerdabException.Damaged when it is damaged or missing
  public ReadBack.Means requireIntact(Snapshot.PackName pack) {
    String file = Layout.pack(pack.digest());
    Shelf.Hashed stored;
    try {
      stored = shelf.hash(file);
    } catch (SerdabException.Refused e) {
      throw Shelf.isCode(e, "blob-missing") ? Problems.missing(file) : e;
    }
    if (!stored.digest().equals(pack.digest())) {
      throw Problems.damaged("A pack is not as it was written: " + file + ".");
    }
    return stored.means();
  }

  // ---- mending what only repeats

  /// Makes the index anew from the snapshots; what it was made of before counts no more.
  public void rebuildIndex() {
    rebuild(Optional.empty());
  }

  /// Makes the index anew from the snapshots, and what it says of blobs from the packs themselves;
  /// needs the identity. For when the tables in the snapshots cannot be read.
  ///
  /// @throws SerdabException.Refused `repository-needs-identity` without it
  public void rebuildIndexFromPacks() {
    if (unlocked.isEmpty()) {
      throw Problems.needsIdentity();
    }
    rebuild(Optional.of(new PackContents(this)));
  }

  private synchronized void rebuild(Optional<PackContents> contents) {
    if (!trust.canSign()) {
      throw Problems.needsWriter();
    }
    Known before = known;
    Known.Builder asked = builder(true, true);
    known =
        new Known.Builder(
                asked.shelf(),
                asked.trust(),
                asked.naming(),
                asked.labelReaders(),
                asked.labelRecipients(),
                asked.secure(),
                true,
                true,
                asked.heldBlobsMax(),
                contents)
            .rebuild();
    if (before != null) {
      before.close();
    }
  }

  /// Snapshots that cannot be read, neither they nor a copy of theirs: what names each, and why.
  public Map<String, serdab.Problem> unreadableSnapshots() {
    Map<String, serdab.Problem> all = new java.util.TreeMap<>();
    try (Known now = builder(false, false).load()) {
      now.unreadable().forEach((at, e) -> all.put(at.text(), e.problem()));
    }
    return all;
  }

  /// Documents that say that versions or groups were removed and that nobody trusted signed: they
  /// count for nothing, and somebody who can write to the place put them there. What names each,
  /// and why.
  public Map<String, serdab.Problem> refusedDocuments() {
    Map<String, serdab.Problem> all = new java.util.TreeMap<>();
    try (Known now = builder(false, false).load()) {
      now.refused().forEach((file, e) -> all.put(file, e.problem()));
    }
    return all;
  }

  /// Where a pack is in every copy of its repository.
  public static String packFile(Sha256 pack) {
    return Layout.pack(pack);
  }

  // ---- for this package

  Shelf shelf() {
    return shelf;
  }

  Session session() {
    return session;
  }

  InFlight inFlight() {
    return inFlight;
  }

  Naming naming() {
    return naming;
  }

  Trust trust() {
    return trust;
  }

  RandomGenerator secure() {
    return secure;
  }

  InstantSource clock() {
    return clock;
  }

  Optional<WriterKeys> writerKeys() {
    return writer;
  }

  Optional<Unlocked> unlocked() {
    return unlocked;
  }

  BlobKey blobKey(Sha256 digest) {
    return BlobKey.of(naming.blob(digest));
  }

  void remember(Sha256 pack, FileKey key) {
    fileKeys.put(pack, key);
  }

  @Override
  public synchronized void close() {
    if (known != null) {
      known.close();
    }
    shelf.store().close();
  }
}
