package serdab.store;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;

/// Blobs as plain files in a folder: anyone finds them there without us. Thread-safe.
///
/// - Written beside as `.part`, synced, read back past the cache, then given the final name, and
///   the folder synced. So are all folders above it the first time this store uses them, also those
///   that were there already: a run that was killed may have made them and not synced.
/// - One process writes at a time. It holds a lock that the operating system lets go of when the
///   process ends, however it ends, so there are no stale locks and what is left unfinished by
///   others is known to be dead. Reading needs no lock and makes nothing.
/// - Opened as shared ([#openShared]), several processes write at once. Each holds a lock of its
///   own, whose number is in the names of its unfinished files; those of a process that ended are
///   known by the lock that nobody holds. All that write to a place open it in the same way. A
///   blob's name is still given to whoever commits first; [#replace] compares and replaces in two
///   steps, so that a document has one writer.
/// - The root folder is remembered by what it is, not by its path: when the volume goes, or another
///   one appears at its path, nothing looks empty and nothing is written to the wrong disk. Writing
///   then needs the place opened anew, even when the same volume came back.
/// - Files are made for their owner only (0600, folders 0700).
public final class LocalFolder implements BlobStore {

  /// Small writes are collected up to this many bytes, as a system call for each would cost more
  /// than the bytes.
  static final int WRITE_BYTES = 256 << 10;

  /// A random name that is taken is drawn again this often.
  private static final int NAME_TRIES_MAX = 16;

  /// A disk that takes no bytes this often, and reports no error either, has failed.
  private static final int EMPTY_WRITES_MAX = 100;

  private final Disk disk;
  private final String place;
  private final Object identity;
  private final Capabilities capabilities;
  private final RandomGenerator random;
  private final boolean shared;
  private final Set<String> partsInUse = ConcurrentHashMap.newKeySet();
  private final Set<String> durableFolders = ConcurrentHashMap.newKeySet();
  private final Object documents = new Object();
  // Used again and again: a new one for each file costs more than writing a short file.
  private final Deque<ByteBuffer> spareBuffers = new ConcurrentLinkedDeque<>();
  private volatile Disk.@Nullable Lock lock;
  // The number of our lock where several runs write at once; empty before, and without locks.
  private volatile String writer = "";
  private volatile @Nullable String placeId;
  // Once the volume was away, our lock on it is void even if it comes back.
  private volatile boolean lost;
  private volatile boolean closed;

  private LocalFolder(Disk disk, String place, RandomGenerator random, boolean shared) {
    this.disk = disk;
    this.place = place;
    this.random = random;
    this.shared = shared;
    try {
      this.identity = disk.identity();
    } catch (DiskFailure e) {
      throw gone(e);
    }
    EnumSet<Capability> present =
        EnumSet.of(Capability.LIST_AFTER_WRITE, Capability.READ_BEFORE_COMMIT);
    if (disk.takesFreeNamesAtomically()) {
      present.add(Capability.CONDITIONAL_CREATE);
    }
    if (disk.pastCacheMeans() == ReadBack.Means.PAST_CACHE) {
      present.add(Capability.READ_PAST_CACHE);
    }
    this.capabilities = new Capabilities(present);
  }

  /// A folder that is there.
  ///
  /// @param random draws the names of unfinished files and, once, the place's id; used by one
  ///   thread at a time
  /// @throws SerdabException.Unavailable `place-gone` when it is not there
  /// @throws SerdabException.Misconfigured `locale-not-utf-8` when names cannot be spelled
  public static LocalFolder open(Path root, RandomGenerator random) {
    requireUnicodeNames();
    return on(RealDisk.at(root), root.toString(), random);
  }

  /// A folder that is made, with those above it, when it is not there. Only for a place named for
  /// the first time: a known place that is missing is an unplugged disk, not an empty one.
  ///
  /// @throws SerdabException.Unavailable when it cannot be made
  /// @throws SerdabException.Misconfigured `locale-not-utf-8` when names cannot be spelled
  public static LocalFolder create(Path root, RandomGenerator random) {
    requireUnicodeNames();
    if (java.nio.file.Files.isRegularFile(root)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "place-is-file",
              root + " is a file; a folder is needed there.",
              "Give another folder. The file was left as it is."));
    }
    try {
      return on(RealDisk.making(root), root.toString(), random);
    } catch (DiskFailure e) {
      throw explained(e, root.toString(), false);
    }
  }

  /// As [#create], for files that are brought back and must not leave the folder: where a link
  /// stands in the place of a folder, nothing is written.
  public static LocalFolder createWithoutLinks(Path root, RandomGenerator random) {
    requireUnicodeNames();
    try {
      return on(RealDisk.making(root).withoutLinks(), root.toString(), random);
    } catch (DiskFailure e) {
      throw explained(e, root.toString(), false);
    }
  }

  /// Under a locale such as `C`, which is what scheduled jobs get, Java cannot spell names beyond
  /// ASCII: a listing would silently leave them out.
  private static void requireUnicodeNames() {
    if (!RealDisk.spellsUnicode()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "locale-not-utf-8",
              "This process runs under a locale that cannot spell all file names.",
              "Set the environment variable LC_ALL to C.UTF-8 or another UTF-8 locale."));
    }
  }

  /// Blobs on any disk; `place` names it in messages.
  ///
  /// @throws SerdabException.Unavailable `place-gone` when its root folder is not there
  public static LocalFolder on(Disk disk, String place, RandomGenerator random) {
    return new LocalFolder(disk, place, random, false);
  }

  /// An empty folder, made when it is not there, that stands for another which is not, and is told
  /// of by that one's name.
  ///
  /// @throws SerdabException.Unavailable when it cannot be made
  public static LocalFolder standIn(Path empty, Path missing, RandomGenerator random) {
    create(empty, random).close();
    return on(RealDisk.at(empty), missing.toString(), random);
  }

  /// As [#open], for a form whose runs may write at once.
  public static LocalFolder openShared(Path root, RandomGenerator random) {
    requireUnicodeNames();
    return onShared(RealDisk.at(root), root.toString(), random);
  }

  /// As [#create], for a form whose runs may write at once.
  public static LocalFolder createShared(Path root, RandomGenerator random) {
    create(root, random).close();
    return openShared(root, random);
  }

  /// As [#on], for a form whose runs may write at once.
  public static LocalFolder onShared(Disk disk, String place, RandomGenerator random) {
    return new LocalFolder(disk, place, random, true);
  }

  @Override
  public Capabilities capabilities() {
    return capabilities;
  }

  @Override
  public String describe() {
    return place;
  }

  @Override
  public Staged stage(String name) {
    BlobName.requireWritable(name);
    beginWriting();
    refuseReserved(name);
    try {
      if (disk.stat(name).isPresent()) {
        throw exists();
      }
      return new LocalStaged(name);
    } catch (DiskFailure e) {
      throw explained(e, false);
    }
  }

  @Override
  public Blob open(String name) {
    requireOpen();
    BlobName.require(name);
    try {
      return new LocalBlob(disk.open(blobPath(name)));
    } catch (DiskFailure e) {
      throw e.kind() == DiskFailure.Kind.MISSING ? missing() : explained(e, true);
    }
  }

  @Override
  public ReadBack readBack(String name) {
    requireOpen();
    BlobName.require(name);
    try {
      String path = blobPath(name);
      settle(path);
      return storedBytes(path);
    } catch (DiskFailure e) {
      throw e.kind() == DiskFailure.Kind.MISSING ? missing() : explained(e, true);
    }
  }

  private String blobPath(String name) throws DiskFailure {
    if (isReserved(name)) {
      throw new DiskFailure(DiskFailure.Kind.MISSING, "not a blob");
    }
    return name;
  }

  private void settle(String name) throws DiskFailure {
    try {
      disk.syncFile(name);
      disk.syncFolder(parent(name));
      for (String folder = parent(name); !folder.isEmpty(); folder = parent(folder)) {
        if (!durableFolders.contains(folder)) {
          disk.syncFolder(parent(folder));
          durableFolders.add(folder);
        }
      }
    } catch (DiskFailure e) {
      // On a place that may only be read, nothing is waiting to be written either.
      if (e.kind() != DiskFailure.Kind.NOT_PERMITTED) {
        throw e;
      }
    }
  }

  private StoredBytes storedBytes(String path) throws DiskFailure {
    Disk.Input input = disk.openPastCache(path);
    try {
      return new StoredBytes(input, e -> explained(e, true));
    } catch (DiskFailure e) {
      input.close();
      throw e;
    }
  }

  @Override
  public Optional<Sha256> attested(String name) {
    requireOpen();
    BlobName.require(name);
    return Optional.empty();
  }

  @Override
  public Optional<BlobInfo> find(String name) {
    requireOpen();
    BlobName.require(name);
    try {
      Optional<Disk.Entry> entry = disk.stat(name);
      if (entry.isEmpty()) {
        requirePlace();
      }
      return entry
          .filter(found -> found.kind() == Disk.Kind.FILE && !isReserved(name))
          .map(found -> new BlobInfo(name, found.lengthBytes(), found.lastModified()));
    } catch (DiskFailure e) {
      throw explained(e, false);
    }
  }

  @Override
  public Stream<BlobInfo> list(String prefix) {
    requireOpen();
    return walk(prefix, (path, id) -> !isReserved(path, id));
  }

  @Override
  public boolean delete(String name) {
    BlobName.require(name);
    beginWriting();
    try {
      if (find(name).isEmpty()) {
        return false;
      }
      boolean deleted = deleteIfThere(name);
      disk.syncFolder(parent(name));
      return deleted;
    } catch (DiskFailure e) {
      throw explained(e, false);
    }
  }

  @Override
  public void move(String from, String to) {
    BlobName.require(from);
    BlobName.requireWritable(to);
    beginWriting();
    refuseReserved(to);
    try {
      if (find(from).isEmpty()) {
        throw missing();
      }
      if (disk.stat(to).isPresent()) {
        throw exists();
      }
      prepareFolders(to);
      // Two folders are two changes, and a power cut may keep either. So there are two names until
      // the new one is safe.
      if (disk.link(from, to)) {
        disk.syncFolder(parent(to));
        disk.delete(from);
      } else {
        disk.rename(from, to);
        disk.syncFolder(parent(to));
      }
      disk.syncFolder(parent(from));
    } catch (DiskFailure e) {
      throw e.kind() == DiskFailure.Kind.EXISTS ? exists() : explained(e, false);
    }
  }

  private boolean deleteIfThere(String path) throws DiskFailure {
    try {
      disk.delete(path);
      return true;
    } catch (DiskFailure e) {
      if (e.kind() == DiskFailure.Kind.MISSING) {
        requirePlace();
        return false;
      }
      throw e;
    }
  }

  @Override
  public void replace(String name, byte[] content, Expected expected) {
    BlobName.requireWritable(name);
    if (content.length > DOCUMENT_BYTES_MAX) {
      throw new SerdabException.Refused(tooLarge());
    }
    beginWriting();
    refuseReserved(name);
    synchronized (documents) {
      Optional<byte[]> present = document(name);
      boolean asExpected =
          switch (expected) {
            case Expected.Absent _ -> present.isEmpty();
            case Expected.Content(Sha256 digest) ->
                present.map(Sha256::digest).equals(Optional.of(digest));
            case Expected.Anything _ -> true;
          };
      if (!asExpected) {
        throw changed();
      }
      try (LocalStaged staged = new LocalStaged(name)) {
        staged.write(ByteBuffer.wrap(content));
        staged.sync();
        switch (expected) {
          case Expected.Absent _ -> staged.commit();
          case Expected.Content _, Expected.Anything _ -> staged.commitOver();
        }
      } catch (SerdabException.Refused e) {
        throw e.problem().code().equals("blob-exists") ? changed() : e;
      } catch (DiskFailure e) {
        throw explained(e, false);
      }
    }
  }

  @Override
  public Optional<byte[]> document(String name) {
    requireOpen();
    BlobName.require(name);
    try {
      Optional<byte[]> content = readSmall(blobPath(name), DOCUMENT_BYTES_MAX);
      if (content.isPresent() && content.get().length > DOCUMENT_BYTES_MAX) {
        throw new SerdabException.Damaged(tooLarge());
      }
      if (content.isEmpty()) {
        requirePlace();
      }
      return content;
    } catch (DiskFailure e) {
      throw explained(e, true);
    }
  }

  /// At most one byte more than the limit; empty when there is no such file.
  private Optional<byte[]> readSmall(String path, int bytesMax) throws DiskFailure {
    if (disk.stat(path).filter(entry -> entry.kind() == Disk.Kind.FILE).isEmpty()) {
      return Optional.empty();
    }
    try (Disk.Input input = disk.open(path)) {
      ByteArrayOutputStream content = new ByteArrayOutputStream();
      ByteBuffer piece = ByteBuffer.allocate(Math.min(bytesMax + 1, 64 << 10));
      while (content.size() <= bytesMax) {
        piece.clear().limit(Math.min(piece.capacity(), bytesMax + 1 - content.size()));
        if (input.read(content.size(), piece) <= 0) {
          break;
        }
        content.write(piece.array(), 0, piece.position());
      }
      return Optional.of(content.toByteArray());
    } catch (DiskFailure e) {
      if (e.kind() == DiskFailure.Kind.MISSING) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public Stream<String> unfinished() {
    requireOpen();
    return walk("", this::isDeadPart).map(BlobInfo::name);
  }

  private boolean isDeadPart(String path, @Nullable String id) {
    return id != null && PlaceFiles.isOwnPart(path, id) && !partsInUse.contains(path);
  }

  @Override
  public int sweep() {
    beginWriting();
    if (!(lock instanceof Disk.Lock.Held)) {
      return 0; // Without locks nobody knows whether the run that left a file is dead.
    }
    int removed = 0;
    Map<String, Disk.Lock> others = new HashMap<>();
    try (Stream<String> leftovers = unfinished()) {
      for (String part : (Iterable<String>) leftovers::iterator) {
        if (isOfEndedRun(part, others) && deleteIfThere(part)) {
          removed++;
        }
      }
    } catch (DiskFailure e) {
      throw explained(e, false);
    } finally {
      for (Disk.Lock other : others.values()) {
        if (other instanceof Disk.Lock.Held held) {
          held.close();
        }
      }
    }
    return removed;
  }

  /// Whoever has the lock of a run knows that the run is over. It is kept while its files go, so
  /// that no new run comes by that number.
  private boolean isOfEndedRun(String part, Map<String, Disk.Lock> others) throws DiskFailure {
    String number = PlaceFiles.writerOf(part);
    if (!shared || number.equals(writer)) {
      return true;
    }
    Disk.Lock other = others.get(number);
    if (other == null) {
      other = disk.lock(PlaceFiles.lock(number));
      others.put(number, other);
    }
    return other instanceof Disk.Lock.Held;
  }

  @Override
  public OptionalLong usableBytes() {
    requireOpen();
    requirePlace();
    try {
      return disk.usableBytes();
    } catch (DiskFailure e) {
      throw explained(e, false);
    }
  }

  @Override
  public OptionalLong totalBytes() {
    requireOpen();
    requirePlace();
    try {
      return disk.totalBytes();
    } catch (DiskFailure e) {
      throw explained(e, false);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (lock instanceof Disk.Lock.Held held) {
        held.close();
      }
      disk.close();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this store was closed");
    }
  }

  /// Not finding something means something only when this passes.
  private void requirePlace() {
    Object now;
    try {
      now = disk.identity();
    } catch (DiskFailure e) {
      throw gone(e);
    }
    if (!now.equals(identity)) {
      throw gone(null);
    }
  }

  private void requireNeverLost() {
    if (lost) {
      throw gone(null);
    }
  }

  /// Checks the place and, the first time, takes the lock and finds or makes the place's id.
  private void beginWriting() {
    requireOpen();
    requireNeverLost();
    requirePlace();
    if (lock != null) {
      return;
    }
    synchronized (this) {
      requireOpen();
      if (lock != null) {
        return;
      }
      Disk.Lock taken;
      try {
        taken = shared ? lockAmongOthers() : disk.lock(PlaceFiles.LOCK);
      } catch (DiskFailure e) {
        throw explained(e, false);
      }
      switch (taken) {
        case Disk.Lock.Busy _ ->
            throw new SerdabException.HeldBack(
                new Problem(
                    "place-busy",
                    "Another run is writing to " + place + ".",
                    "Wait until it has ended, or stop it, then try again."));
        case Disk.Lock.Held held -> {
          try {
            prepareId();
          } catch (DiskFailure e) {
            held.close();
            throw explained(e, false);
          }
        }
        case Disk.Lock.Unsupported _ -> {
          try {
            prepareId();
          } catch (DiskFailure e) {
            throw explained(e, false);
          }
        }
      }
      lock = taken;
    }
  }

  /// The first lock that no other run holds. Lock files stay: one that is removed could be locked
  /// by two, each with a file of its own.
  private Disk.Lock lockAmongOthers() throws DiskFailure {
    Disk.Lock taken = new Disk.Lock.Busy();
    for (int i = 0; i < PlaceFiles.WRITERS_MAX && taken instanceof Disk.Lock.Busy; i++) {
      String number = PlaceFiles.writer(i);
      taken = disk.lock(PlaceFiles.lock(number));
      if (taken instanceof Disk.Lock.Held) {
        writer = number;
      }
    }
    return taken;
  }

  private void prepareId() throws DiskFailure {
    if (placeId().isPresent()) {
      // A run killed before its sync may have left it visible and not yet safe.
      disk.syncFolder("");
      return;
    }
    String id = PlaceFiles.newId(random);
    String beside = shared ? PlaceFiles.idBeingWritten(random) : PlaceFiles.ID_BEING_WRITTEN;
    if (disk.stat(beside).isPresent()) {
      disk.delete(beside);
    }
    try (Disk.Output output = disk.create(beside)) {
      writeAll(output, ByteBuffer.wrap(PlaceFiles.idFile(id)));
      output.sync();
    }
    if (!shared || !takesFreeId(beside)) {
      disk.rename(beside, PlaceFiles.ID);
      placeId = id;
    }
    disk.syncFolder("");
  }

  /// Gives the place the id that was written beside, or takes the one that another run gave it
  /// meanwhile; false when what stands there is no id.
  private boolean takesFreeId(String beside) throws DiskFailure {
    try {
      disk.renameIfFree(beside, PlaceFiles.ID);
      return placeId().isPresent();
    } catch (DiskFailure e) {
      if (e.kind() != DiskFailure.Kind.EXISTS) {
        throw e;
      }
    }
    if (placeId().isEmpty()) {
      return false;
    }
    disk.delete(beside);
    return true;
  }

  private Optional<String> placeId() throws DiskFailure {
    String known = placeId;
    if (known != null) {
      return Optional.of(known);
    }
    Optional<String> read =
        readSmall(PlaceFiles.ID, PlaceFiles.ID_FILE_BYTES_MAX).flatMap(PlaceFiles::readId);
    read.ifPresent(id -> placeId = id);
    return read;
  }

  private boolean isReserved(String path) {
    if (!path.endsWith(".part")) {
      return PlaceFiles.isBookkeeping(path);
    }
    try {
      return isReserved(path, placeId().orElse(null));
    } catch (DiskFailure e) {
      throw explained(e, false);
    }
  }

  private static boolean isReserved(String path, @Nullable String id) {
    return PlaceFiles.isBookkeeping(path) || (id != null && PlaceFiles.isOwnPart(path, id));
  }

  private void refuseReserved(String name) {
    if (isReserved(name)) {
      throw new SerdabException.Refused(
          new Problem(
              "blob-name-not-allowed",
              "A name for a stored file is one that " + place + " keeps for itself.",
              "Choose another naming pattern."));
    }
  }

  private static String parent(String path) {
    return path.substring(0, Math.max(0, path.lastIndexOf('/')));
  }

  /// Makes the folders above a file and sees that they would outlive a power cut.
  private void prepareFolders(String name) throws DiskFailure {
    for (int slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
      String folder = name.substring(0, slash);
      if (durableFolders.contains(folder)) {
        continue;
      }
      Optional<Disk.Entry> found = disk.stat(folder);
      if (found.isEmpty()) {
        try {
          disk.makeFolder(folder);
        } catch (DiskFailure e) {
          if (e.kind() != DiskFailure.Kind.EXISTS) {
            throw e;
          }
        }
      } else if (found.get().kind() == Disk.Kind.FILE) {
        throw new SerdabException.Refused(
            new Problem(
                "blob-name-not-allowed",
                "A file stands in " + place + " where a folder is needed.",
                "Move that file away or choose another naming pattern."));
      }
      disk.syncFolder(parent(folder));
      durableFolders.add(folder);
    }
  }

  private ByteBuffer takeBuffer() {
    ByteBuffer spare = spareBuffers.pollFirst();
    return spare == null ? ByteBuffer.allocateDirect(WRITE_BYTES) : spare;
  }

  private void giveBack(ByteBuffer buffer) {
    spareBuffers.addFirst(buffer.clear());
  }

  private static void writeAll(Disk.Output output, ByteBuffer bytes) throws DiskFailure {
    int emptyWrites = 0;
    while (bytes.hasRemaining()) {
      if (output.write(bytes) == 0 && ++emptyWrites > EMPTY_WRITES_MAX) {
        throw new DiskFailure(DiskFailure.Kind.BROKEN, "the disk takes no bytes");
      }
    }
  }

  /// Every file below the prefix whose path is wanted, as blobs; wanted is given the place's id.
  private Stream<BlobInfo> walk(String prefix, BiPredicate<String, @Nullable String> wanted) {
    String folder = parent(prefix);
    if (!folder.isEmpty()) {
      BlobName.require(folder);
    }
    Walk walk = new Walk(folder, prefix, wanted);
    return StreamSupport.stream(walk, false).onClose(walk::close);
  }

  private final class Walk extends Spliterators.AbstractSpliterator<BlobInfo> {

    private record Level(String folder, Disk.Listing listing) {}

    private final String start;
    private final String prefix;
    private final BiPredicate<String, @Nullable String> wanted;
    private final Deque<Level> levels = new ArrayDeque<>();
    private @Nullable String id;
    private boolean begun;

    Walk(String start, String prefix, BiPredicate<String, @Nullable String> wanted) {
      super(Long.MAX_VALUE, Spliterator.DISTINCT | Spliterator.NONNULL);
      this.start = start;
      this.prefix = prefix;
      this.wanted = wanted;
    }

    @Override
    public boolean tryAdvance(Consumer<? super BlobInfo> action) {
      requireOpen();
      try {
        if (!begun) {
          begun = true;
          // A listing of another volume that came to this path, or of none, would be short, and a
          // short listing is easily taken for lost blobs. So we look before and after.
          requirePlace();
          id = placeId().orElse(null);
          enter(start);
        }
        BlobInfo next = next();
        if (next == null) {
          requirePlace();
          return false;
        }
        action.accept(next);
        return true;
      } catch (DiskFailure e) {
        throw explained(e, false);
      }
    }

    private @Nullable BlobInfo next() throws DiskFailure {
      for (Level level = levels.peek(); level != null; level = levels.peek()) {
        Optional<String> name = level.listing().next();
        if (name.isEmpty()) {
          levels.pop().listing().close();
          continue;
        }
        boolean atRoot = level.folder().isEmpty();
        if (atRoot && PlaceFiles.OF_THE_SYSTEM.contains(name.get())) {
          continue;
        }
        String path = atRoot ? name.get() : level.folder() + '/' + name.get();
        // Only in the folder it starts in can a name be outside the prefix.
        if ((levels.size() == 1 && !path.startsWith(prefix)) || !BlobName.isValid(path)) {
          continue;
        }
        Optional<Disk.Entry> entry = disk.stat(path);
        if (entry.isEmpty()) {
          continue; // Gone since it was listed.
        }
        switch (entry.get().kind()) {
          case FILE -> {
            if (wanted.test(path, id)) {
              return new BlobInfo(path, entry.get().lengthBytes(), entry.get().lastModified());
            }
          }
          case FOLDER -> enter(path);
          case OTHER -> {}
        }
      }
      return null;
    }

    private void enter(String folder) throws DiskFailure {
      try {
        levels.push(new Level(folder, disk.list(folder)));
      } catch (DiskFailure e) {
        if (e.kind() != DiskFailure.Kind.MISSING) {
          throw e;
        }
      }
    }

    void close() {
      while (!levels.isEmpty()) {
        levels.pop().listing().close();
      }
    }
  }

  private final class LocalBlob implements Blob {

    private final Disk.Input input;
    private final long lengthBytes;

    LocalBlob(Disk.Input input) throws DiskFailure {
      this.input = input;
      try {
        this.lengthBytes = input.lengthBytes();
      } catch (DiskFailure e) {
        input.close();
        throw e;
      }
    }

    @Override
    public long lengthBytes() {
      return lengthBytes;
    }

    @Override
    public int read(long position, ByteBuffer into) {
      if (position < 0) {
        throw new IllegalArgumentException("a position is not negative");
      }
      try {
        return into.hasRemaining() ? input.read(position, into) : 0;
      } catch (DiskFailure e) {
        throw explained(e, true);
      }
    }

    @Override
    public void close() {
      input.close();
    }
  }

  private final class LocalStaged implements Staged {

    private final String name;
    private final String part;
    private final Disk.Output output;
    private final ByteBuffer collected = takeBuffer();
    private long positionBytes;
    private boolean synced;
    private boolean failed;
    private boolean committed;
    private boolean released;

    LocalStaged(String name) throws DiskFailure {
      this.name = name;
      boolean opened = false;
      try {
        prepareFolders(name);
        Disk.Output made = null;
        String path = "";
        for (int tries = 0; made == null; tries++) {
          path = newPartName();
          partsInUse.add(path); // Before the file exists, so that no sweep of ours takes it.
          try {
            made = disk.create(path);
          } catch (DiskFailure e) {
            partsInUse.remove(path);
            if (e.kind() == DiskFailure.Kind.MISSING) {
              durableFolders.removeIf(folder -> isAbove(folder, name));
              prepareFolders(name);
            }
            boolean again =
                e.kind() == DiskFailure.Kind.EXISTS || e.kind() == DiskFailure.Kind.MISSING;
            if (!again || tries >= NAME_TRIES_MAX) {
              throw e;
            }
          }
        }
        this.part = path;
        this.output = made;
        opened = true;
      } finally {
        if (!opened) {
          giveBack(collected);
        }
      }
    }

    private boolean isAbove(String folder, String file) {
      return file.startsWith(folder + '/');
    }

    private String newPartName() throws DiskFailure {
      synchronized (LocalFolder.this) {
        return PlaceFiles.partName(name, writer, placeId().orElseThrow(), random);
      }
    }

    @Override
    public void write(ByteBuffer bytes) {
      begin();
      synced = false;
      try {
        while (bytes.hasRemaining()) {
          if (collected.position() == 0 && bytes.isDirect() && bytes.remaining() >= WRITE_BYTES) {
            positionBytes += bytes.remaining();
            writeAll(output, bytes);
            continue;
          }
          int count = Math.min(bytes.remaining(), collected.remaining());
          collected.put(collected.position(), bytes, bytes.position(), count);
          collected.position(collected.position() + count);
          bytes.position(bytes.position() + count);
          positionBytes += count;
          if (!collected.hasRemaining()) {
            flush();
          }
        }
      } catch (DiskFailure e) {
        throw explained(e, false);
      }
      failed = false;
    }

    private void flush() throws DiskFailure {
      collected.flip();
      writeAll(output, collected);
      collected.clear();
    }

    @Override
    public long positionBytes() {
      return positionBytes;
    }

    @Override
    public void sync() {
      begin();
      try {
        flush();
        output.sync();
      } catch (DiskFailure e) {
        throw explained(e, false);
      }
      synced = true;
      failed = false;
    }

    @Override
    public ReadBack readBack() {
      requireSynced();
      requireOpen();
      try {
        StoredBytes stored = storedBytes(part);
        if (stored.lengthBytes() != positionBytes) {
          stored.close();
          throw new SerdabException.Damaged(
              new Problem(
                  "blob-wrong-length",
                  place
                      + " holds "
                      + stored.lengthBytes()
                      + " bytes of a file of which "
                      + positionBytes
                      + " were written.",
                  "Check the disk; the copy is made again."));
        }
        return stored;
      } catch (DiskFailure e) {
        throw explained(e, true);
      }
    }

    @Override
    public void commit() {
      requireSynced();
      begin();
      requirePlace();
      try {
        output.close();
        disk.renameIfFree(part, name);
        committed = true;
        disk.syncFolder(parent(name));
      } catch (DiskFailure e) {
        throw e.kind() == DiskFailure.Kind.EXISTS ? exists() : explained(e, false);
      }
      failed = false;
    }

    void commitOver() {
      requireSynced();
      begin();
      requirePlace();
      try {
        output.close();
        disk.rename(part, name);
        committed = true;
        disk.syncFolder(parent(name));
      } catch (DiskFailure e) {
        throw explained(e, false);
      }
      failed = false;
    }

    /// Every step that changes something starts as failed and says at its end that it was not, so
    /// no exception of any kind leaves bytes that look fine.
    private void begin() {
      requireOpen();
      if (released || committed || failed) {
        throw new IllegalStateException("this staged blob has ended");
      }
      requireNeverLost();
      failed = true;
    }

    private void requireSynced() {
      if (!synced || released || committed || failed) {
        throw new IllegalStateException("only synced bytes are read back or committed");
      }
    }

    @Override
    public void close() {
      if (released) {
        return;
      }
      released = true;
      try {
        try {
          output.close();
        } finally {
          if (!committed) {
            disk.delete(part);
          }
        }
      } catch (DiskFailure e) {
        // It stays as our own leftover; a later run sweeps it.
      } finally {
        partsInUse.remove(part);
        giveBack(collected);
      }
    }
  }

  private SerdabException explained(DiskFailure e, boolean reading) {
    try {
      if (!disk.identity().equals(identity)) {
        return gone(e);
      }
    } catch (DiskFailure lost) {
      return gone(e);
    }
    return e.kind() == DiskFailure.Kind.GONE ? gone(e) : explained(e, place, reading);
  }

  static SerdabException explained(DiskFailure e, String place, boolean reading) {
    return switch (e.kind()) {
      case GONE ->
          new SerdabException.Unavailable(
              new Problem(
                  "place-gone",
                  "The folder " + place + " is not there, or another one is in its place.",
                  "Connect and mount the disk it is on, then try again."),
              e);
      case FULL ->
          new SerdabException.Unavailable(
              new Problem(
                  "place-full",
                  "There is no room left in " + place + ".",
                  "Make room or use a larger disk, then run the same command again; it goes on where"
                      + " it stopped."),
              e);
      case NOT_PERMITTED ->
          new SerdabException.Unavailable(
              new Problem(
                  "place-not-permitted",
                  "The system does not permit this in " + place + " (" + e.getMessage() + ").",
                  "Give the user who runs the backup the right to write there, and check that the"
                      + " disk is not mounted for reading only."),
              e);
      case INTERRUPTED ->
          new SerdabException.Unavailable(
              new Problem(
                  "place-interrupted",
                  "Work in " + place + " was interrupted.",
                  "Run the command again; it goes on where it stopped."),
              e);
      case NAME, MISSING, EXISTS, BROKEN -> {
        if (reading) {
          yield new SerdabException.Damaged(
              new Problem(
                  "place-unreadable",
                  "Stored bytes in " + place + " cannot be read (" + e.getMessage() + ").",
                  "Check the disk for errors; copies that cannot be read are made again."),
              e);
        }
        if (e.kind() == DiskFailure.Kind.NAME) {
          yield new SerdabException.Refused(
              new Problem(
                  "blob-name-not-allowed",
                  place + " cannot store a file under this name (" + e.getMessage() + ").",
                  "Choose another naming pattern."),
              e);
        }
        yield new SerdabException.Unavailable(
            new Problem(
                "place-failed",
                "The disk of " + place + " failed (" + e.getMessage() + ").",
                "Check the disk and its cable, then try again."),
            e);
      }
    };
  }

  private SerdabException gone(@Nullable DiskFailure e) {
    lost = true;
    return explained(
        new DiskFailure(
            DiskFailure.Kind.GONE, e == null ? "another folder" : String.valueOf(e.getMessage())),
        place,
        false);
  }

  private SerdabException.Refused exists() {
    return new SerdabException.Refused(
        new Problem(
            "blob-exists",
            "A file of this name is in " + place + " already, and it is not overwritten.",
            "Prove and adopt the one that is there, or choose another name."));
  }

  private SerdabException.Refused missing() {
    requirePlace();
    return new SerdabException.Refused(
        new Problem(
            "blob-missing",
            "A file that should be in " + place + " is not there.",
            "Run the backup again to make it anew, or restore from another copy."));
  }

  private SerdabException.Refused changed() {
    return new SerdabException.Refused(
        new Problem(
            "document-changed",
            "A small file in " + place + " is not as it was when it was read.",
            "Read it again and decide anew."));
  }

  private Problem tooLarge() {
    return new Problem(
        "document-too-large",
        "A small file in " + place + " has more than " + DOCUMENT_BYTES_MAX + " bytes.",
        "Check what wrote it.");
  }
}
