package serdab.testing.world;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import serdab.store.Disk;
import serdab.store.DiskFailure;
import serdab.store.ReadBack;

/// A disk in memory that keeps apart what programs see and what would outlive a power cut.
/// Thread-safe.
///
/// It behaves like a file system without a journal that follows POSIX to the letter and no further:
///
/// - The bytes and length of a file are durable after its sync; its name only after the sync of its
///   folder, and that folder's name after the sync of the one above.
/// - A power cut takes each unsynced block of 4096 bytes, or keeps it, or keeps its first sectors;
///   a grown file ends anywhere between its old and new length, and blocks that were never written
///   hold whatever the disk held. Each unsynced change of a name happens or not, apart from the
///   others; only changes of the same name keep their order.
/// - A failed sync forgets which bytes were not written, as operating systems do: programs go on
///   seeing them, and a second sync succeeds.
///
/// Processes reach it through [#mount]. Every step they take is counted, and [#failAt] makes one of
/// them fail or crash.
public final class SimulatedDisk {

  /// What can happen at a step.
  public enum Fault {
    /// The medium fails. A write may have begun, a change of a name may have happened.
    IO_ERROR,
    /// No room for this write or this new name; ignored by steps that need none.
    FULL,
    /// A write takes only some of its bytes; ignored by all other steps.
    SHORT_WRITE,
    /// The process ends; what it wrote stays with the operating system.
    KILL,
    /// The machine stops; what was not synced is lost, cut short or reordered.
    POWER_CUT,
    /// The cable is pulled: as a power cut for the disk, and the processes live on without it.
    PULL
  }

  private static final List<Fault> PASSING = List.of(Fault.IO_ERROR, Fault.FULL, Fault.SHORT_WRITE);

  private static final int BLOCK_BYTES = 4096;
  private static final int SECTOR_BYTES = 512;

  private final RandomGenerator random;
  private final InstantSource clock;
  private final Map<Long, Fault> faults = new HashMap<>();
  private final Map<String, Mount> locks = new HashMap<>();
  private final List<Mount> mounts = new ArrayList<>();
  private final Folder root = new Folder();
  private long steps;
  private long epoch;
  private double randomFaults;
  private boolean pulled;
  private boolean emptyFolderShows;
  private long bytesMax = Long.MAX_VALUE;
  private boolean hasLocks = true;
  private boolean takesFreeNamesAtomically = true;

  /// An empty disk; all chance comes from the generator.
  public SimulatedDisk(RandomGenerator random, InstantSource clock) {
    this.random = random;
    this.clock = clock;
  }

  /// An empty disk at a fixed time.
  public SimulatedDisk(RandomGenerator random) {
    this(random, () -> Instant.parse("2026-03-01T12:00:00Z"));
  }

  /// The disk as one new process sees it.
  public synchronized Disk mount() {
    Mount mount = new Mount();
    mounts.add(mount);
    return mount;
  }

  /// Steps taken so far by all processes.
  public synchronized long steps() {
    return steps;
  }

  /// Makes the step of this number fail; the first step ever has number 1.
  public synchronized void failAt(long step, Fault fault) {
    faults.put(step, fault);
  }

  /// Forgets all faults to come.
  public synchronized void failNoMore() {
    faults.clear();
    randomFaults = 0;
  }

  /// Makes each step an [Fault#IO_ERROR], [Fault#FULL] or [Fault#SHORT_WRITE] with this
  /// probability.
  public synchronized void failRandomly(double probability) {
    randomFaults = probability;
  }

  /// Leaves room for this many bytes in all files together.
  public synchronized void limitBytes(long most) {
    bytesMax = most;
  }

  /// Behaves as a share without locks.
  public synchronized void withoutLocks() {
    hasLocks = false;
  }

  /// Behaves as a file system without hard links.
  public synchronized void withoutLinks() {
    takesFreeNamesAtomically = false;
  }

  /// Ends every process; the operating system goes on.
  public synchronized void kill() {
    mounts.forEach(mount -> mount.dead = true);
    mounts.clear();
    locks.clear();
  }

  /// Stops the machine. The next [#mount] is after its restart.
  public synchronized void powerCut() {
    kill();
    loseWhatIsNotSynced();
  }

  /// Pulls the cable: every step fails until [#remount].
  public synchronized void pull() {
    epoch++;
    pulled = true;
    locks.clear();
    loseWhatIsNotSynced();
  }

  /// Pulls the cable where an empty folder then shows at the same path, as mount points do.
  public synchronized void pullShowingAnEmptyFolder() {
    pull();
    pulled = false;
    emptyFolderShows = true;
  }

  /// Plugs it in again. Files that were open stay lost.
  public synchronized void remount() {
    epoch++;
    pulled = false;
    emptyFolderShows = false;
  }

  /// Every file a program sees now, by path.
  public synchronized List<String> files() {
    List<String> found = new ArrayList<>();
    collect(root, "", found);
    return found;
  }

  private static void collect(Folder folder, String prefix, List<String> found) {
    folder.entries.forEach((name, node) -> {
      switch (node) {
        case File _ -> found.add(prefix + name);
        case Folder below -> collect(below, prefix + name + '/', found);
      }
    });
  }

  /// The bytes a program sees in a file now.
  public synchronized byte[] bytes(String path) {
    File file = fileAt(path);
    return Arrays.copyOf(file.cached, file.length);
  }

  /// Puts a file there as another program would, durably, with the folders above it.
  public synchronized void put(String path, byte[] content) {
    Folder folder = root;
    String[] parts = path.split("/", -1);
    for (int i = 0; i < parts.length - 1; i++) {
      Node next = folder.entries.get(parts[i]);
      if (next == null) {
        next = new Folder();
        folder.set(parts[i], next);
        folder.sync();
      }
      folder = (Folder) next;
    }
    File file = new File(clock.instant());
    file.append(ByteBuffer.wrap(content), content.length);
    file.sync();
    folder.set(parts[parts.length - 1], file);
    folder.sync();
  }

  /// Removes a file as another program would, durably.
  public synchronized void remove(String path) {
    Folder folder = root;
    String[] parts = path.split("/", -1);
    for (int i = 0; i < parts.length - 1; i++) {
      folder = (Folder) node(folder, parts[i]);
    }
    folder.set(parts[parts.length - 1], null);
    folder.sync();
  }

  /// Flips a bit of a file for good: on the medium and for everyone who reads it.
  public synchronized void flipBit(String path, long bit) {
    flipStoredBit(path, bit);
    fileAt(path).cached[Math.toIntExact(bit / 8)] ^= (byte) (1 << (bit % 8));
  }

  /// Flips a bit on the medium only: who reads through the cache sees the good one until
  /// [#dropCaches].
  public synchronized void flipStoredBit(String path, long bit) {
    File file = fileAt(path);
    file.dropDirt();
    file.stored[Math.toIntExact(bit / 8)] ^= (byte) (1 << (bit % 8));
  }

  /// Makes one block of a file unreadable on the medium.
  public synchronized void breakBlockAt(String path, long position) {
    fileAt(path).broken.set(Math.toIntExact(position / BLOCK_BYTES));
  }

  /// Forgets clean cached bytes, as a restart does.
  public synchronized void dropCaches() {
    for (String path : files()) {
      File file = fileAt(path);
      if (file.dirty.isEmpty() && file.length == file.storedLength) {
        file.cached = file.stored.clone();
      }
    }
  }

  private File fileAt(String path) {
    Node node = root;
    for (String part : path.split("/", -1)) {
      node = node((Folder) node, part);
    }
    return (File) node;
  }

  private static Node node(Folder folder, String name) {
    Node node = folder.entries.get(name);
    if (node == null) {
      throw new IllegalArgumentException("the test names a file that is not there");
    }
    return node;
  }

  private void loseWhatIsNotSynced() {
    Set<Node> done = Collections.newSetFromMap(new IdentityHashMap<>());
    lose(root, done);
  }

  private void lose(Node node, Set<Node> done) {
    if (!done.add(node)) {
      return;
    }
    switch (node) {
      case File file -> file.lose(random);
      case Folder folder -> {
        folder.lose(random);
        folder.entries.values().forEach(below -> lose(below, done));
      }
    }
  }

  private long usedBytes() {
    long used = 0;
    for (String path : files()) {
      used += fileAt(path).length;
    }
    return used;
  }

  private sealed interface Node {}

  private static final class File implements Node {

    private final Instant modified;
    private byte[] cached = new byte[0];
    private byte[] stored = new byte[0];
    private int length;
    private int storedLength;
    private final BitSet dirty = new BitSet();
    private final BitSet broken = new BitSet();

    File(Instant modified) {
      this.modified = modified;
    }

    void append(ByteBuffer bytes, int count) {
      if (length + count > cached.length) {
        cached = Arrays.copyOf(cached, Math.max(length + count, 2 * cached.length));
      }
      bytes.get(cached, length, count);
      if (count > 0) {
        dirty.set(length / BLOCK_BYTES, (length + count - 1) / BLOCK_BYTES + 1);
      }
      length += count;
    }

    void sync() {
      stored = Arrays.copyOf(stored, length);
      dirty.stream().forEach(block -> store(block, BLOCK_BYTES));
      storedLength = length;
      dirty.clear();
    }

    /// Marks everything clean; what was dirty keeps what the medium held.
    void failSync(RandomGenerator random) {
      stored = Arrays.copyOf(stored, length);
      dirty.stream().filter(_ -> random.nextBoolean()).forEach(block -> store(block, BLOCK_BYTES));
      storedLength = length;
      dirty.clear();
    }

    void dropDirt() {
      if (!dirty.isEmpty() || length != storedLength) {
        sync();
      }
    }

    private void store(int block, int bytes) {
      int start = block * BLOCK_BYTES;
      int end = Math.min(Math.min(start + bytes, length), stored.length);
      if (end > start) {
        System.arraycopy(cached, start, stored, start, end - start);
      }
    }

    void lose(RandomGenerator random) {
      if (dirty.isEmpty() && length == storedLength) {
        cached = Arrays.copyOf(stored, length);
        return;
      }
      int kept =
          switch (random.nextInt(3)) {
            case 0 -> storedLength;
            case 1 -> length;
            default -> random.nextInt(storedLength, length + 1);
          };
      int old = storedLength;
      stored = Arrays.copyOf(stored, kept);
      if (random.nextBoolean() && kept > old) {
        // The blocks it grew by were another file's before.
        byte[] stale = new byte[kept - old];
        random.nextBytes(stale);
        System.arraycopy(stale, 0, stored, old, stale.length);
      }
      dirty.stream()
          .forEach(block -> {
            switch (random.nextInt(3)) {
              case 0 -> store(block, BLOCK_BYTES);
              case 1 -> store(block, SECTOR_BYTES * random.nextInt(BLOCK_BYTES / SECTOR_BYTES));
              default -> {}
            }
          });
      storedLength = kept;
      length = kept;
      cached = stored.clone();
      dirty.clear();
    }

    int read(long position, ByteBuffer into, boolean pastCache) throws DiskFailure {
      if (position >= length) {
        return -1;
      }
      int start = Math.toIntExact(position);
      int count = Math.min(into.remaining(), length - start);
      for (int at = start; at < start + count; ) {
        int block = at / BLOCK_BYTES;
        int end = Math.min(start + count, (block + 1) * BLOCK_BYTES);
        boolean fromMedium = pastCache && !dirty.get(block) && at < storedLength;
        if (broken.get(block)) {
          throw new DiskFailure(DiskFailure.Kind.BROKEN, "Input/output error");
        }
        into.put(fromMedium ? stored : cached, at, end - at);
        at = end;
      }
      return count;
    }
  }

  private static final class Folder implements Node {

    private final Map<String, Node> entries = new TreeMap<>();

    /// For each name changed since the last sync, what it stood for then and after each change.
    private final Map<String, List<Optional<Node>>> unsynced = new TreeMap<>();

    void set(String name, @Nullable Node node) {
      List<Optional<Node>> history =
          unsynced.computeIfAbsent(
              name, _ -> new ArrayList<>(List.of(Optional.ofNullable(entries.get(name)))));
      history.add(Optional.ofNullable(node));
      if (node == null) {
        entries.remove(name);
      } else {
        entries.put(name, node);
      }
    }

    void sync() {
      unsynced.clear();
    }

    void lose(RandomGenerator random) {
      unsynced.forEach((name, history) ->
          history
              .get(random.nextInt(history.size()))
              .ifPresentOrElse(node -> entries.put(name, node), () -> entries.remove(name)));
      unsynced.clear();
    }
  }

  /// One process's view.
  private final class Mount implements Disk {

    private boolean dead;

    /// Counts a step and lets happen what is due at it. The fault it gives back is for the step to
    /// show.
    private Optional<Fault> step() throws DiskFailure {
      requireAlive();
      requirePlugged();
      steps++;
      Fault fault = faults.get(steps);
      if (fault == null && randomFaults > 0 && random.nextDouble() < randomFaults) {
        fault = PASSING.get(random.nextInt(PASSING.size()));
      }
      return Optional.ofNullable(fault);
    }

    private void requireAlive() {
      if (dead) {
        throw new CrashedException("this process ended earlier");
      }
    }

    private void requirePlugged() throws DiskFailure {
      if (pulled) {
        throw new DiskFailure(DiskFailure.Kind.GONE, "No such device");
      }
    }

    private void requireEpoch(long opened) throws DiskFailure {
      requireAlive();
      requirePlugged();
      if (opened != epoch) {
        throw new DiskFailure(DiskFailure.Kind.GONE, "Stale file handle");
      }
    }

    private void crash(Fault fault) throws DiskFailure {
      switch (fault) {
        case KILL -> {
          dead = true;
          locks.values().removeIf(holder -> holder == this);
          throw new CrashedException("killed at step " + steps);
        }
        case POWER_CUT -> {
          powerCut();
          throw new CrashedException("power cut at step " + steps);
        }
        case PULL -> {
          pull();
          requirePlugged();
        }
        case IO_ERROR, FULL, SHORT_WRITE -> {}
      }
    }

    private void readingStep() throws DiskFailure {
      Optional<Fault> fault = step();
      if (fault.isPresent()) {
        crash(fault.get());
        if (fault.get() == Fault.IO_ERROR) {
          throw new DiskFailure(DiskFailure.Kind.BROKEN, "Input/output error");
        }
      }
    }

    /// A change of names: all of it happens or nothing, and the caller may not be told which.
    private void namingStep(boolean needsRoom, Runnable change) throws DiskFailure {
      Optional<Fault> fault = step();
      if (fault.isPresent()) {
        crash(fault.get());
        if (fault.get() == Fault.FULL && needsRoom) {
          throw new DiskFailure(DiskFailure.Kind.FULL, "No space left on device");
        }
        if (fault.get() == Fault.IO_ERROR) {
          if (random.nextBoolean()) {
            change.run();
          }
          throw new DiskFailure(DiskFailure.Kind.BROKEN, "Input/output error");
        }
      }
      change.run();
    }

    private Folder visibleRoot() {
      return emptyFolderShows ? new Folder() : root;
    }

    private @Nullable Node find(String path) {
      if (path.isEmpty()) {
        return visibleRoot();
      }
      Node node = visibleRoot();
      for (String part : path.split("/", -1)) {
        if (!(node instanceof Folder folder)) {
          return null;
        }
        Node next = folder.entries.get(part);
        if (next == null) {
          return null;
        }
        node = next;
      }
      return node;
    }

    private Folder parentOf(String path) throws DiskFailure {
      Node parent = find(path.substring(0, Math.max(0, path.lastIndexOf('/'))));
      if (parent instanceof Folder folder) {
        return folder;
      }
      throw new DiskFailure(DiskFailure.Kind.MISSING, "No such file or directory");
    }

    private String nameOf(String path) {
      return path.substring(path.lastIndexOf('/') + 1);
    }

    private File file(String path) throws DiskFailure {
      if (find(path) instanceof File file) {
        return file;
      }
      throw new DiskFailure(DiskFailure.Kind.MISSING, "No such file or directory");
    }

    @Override
    public Object identity() throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        return emptyFolderShows ? "an empty folder" : root;
      }
    }

    @Override
    public Optional<Entry> stat(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        readingStep();
        return switch (find(path)) {
          case null -> Optional.empty();
          case File file ->
              Optional.of(new Entry(nameOf(path), Kind.FILE, file.length, file.modified));
          case Folder _ -> Optional.of(new Entry(nameOf(path), Kind.FOLDER, 0, clock.instant()));
        };
      }
    }

    @Override
    public Output create(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        Folder parent = parentOf(path);
        if (parent.entries.containsKey(nameOf(path))) {
          throw new DiskFailure(DiskFailure.Kind.EXISTS, "File exists");
        }
        File file = new File(clock.instant());
        namingStep(true, () -> parent.set(nameOf(path), file));
        return new SimulatedOutput(file);
      }
    }

    @Override
    public void makeFolder(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        Folder parent = parentOf(path);
        if (parent.entries.containsKey(nameOf(path))) {
          throw new DiskFailure(DiskFailure.Kind.EXISTS, "File exists");
        }
        namingStep(true, () -> parent.set(nameOf(path), new Folder()));
      }
    }

    @Override
    public Input open(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        readingStep();
        return new SimulatedInput(file(path), false);
      }
    }

    @Override
    public Input openPastCache(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        readingStep();
        return new SimulatedInput(file(path), true);
      }
    }

    @Override
    public void rename(String from, String to) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        File file = file(from);
        Folder source = parentOf(from);
        Folder parent = parentOf(to);
        namingStep(
            true,
            () -> {
              parent.set(nameOf(to), file);
              source.set(nameOf(from), null);
            });
      }
    }

    @Override
    public boolean link(String from, String to) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        if (!takesFreeNamesAtomically) {
          return false;
        }
        File file = file(from);
        Folder parent = parentOf(to);
        if (parent.entries.containsKey(nameOf(to))) {
          throw new DiskFailure(DiskFailure.Kind.EXISTS, "File exists");
        }
        namingStep(true, () -> parent.set(nameOf(to), file));
        return true;
      }
    }

    @Override
    public void renameIfFree(String from, String to) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        File file = file(from);
        Folder parent = parentOf(to);
        if (parent.entries.containsKey(nameOf(to))) {
          throw new DiskFailure(DiskFailure.Kind.EXISTS, "File exists");
        }
        namingStep(true, () -> parent.set(nameOf(to), file));
        try {
          namingStep(false, () -> parent.set(nameOf(from), null));
        } catch (DiskFailure e) {
          // As on a real disk, the new name stands and the old one is left over.
        }
      }
    }

    @Override
    public void delete(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        file(path);
        Folder parent = parentOf(path);
        namingStep(false, () -> parent.set(nameOf(path), null));
      }
    }

    @Override
    public void syncFile(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        sync(file(path));
      }
    }

    private void sync(File file) throws DiskFailure {
      Optional<Fault> fault = step();
      if (fault.isPresent()) {
        crash(fault.get());
        if (fault.get() == Fault.IO_ERROR) {
          file.failSync(random);
          throw new DiskFailure(DiskFailure.Kind.BROKEN, "Input/output error");
        }
      }
      file.sync();
    }

    @Override
    public void syncFolder(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        readingStep();
        if (find(path) instanceof Folder folder) {
          folder.sync();
        } else {
          throw new DiskFailure(DiskFailure.Kind.MISSING, "No such file or directory");
        }
      }
    }

    @Override
    public Listing list(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        readingStep();
        if (find(path) instanceof Folder folder) {
          List<String> names = new ArrayList<>(folder.entries.keySet());
          Collections.shuffle(names, java.util.Random.from(random));
          return new SimulatedListing(names.iterator());
        }
        throw new DiskFailure(DiskFailure.Kind.MISSING, "No such file or directory");
      }
    }

    @Override
    public Lock lock(String path) throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        requireAlive();
        requirePlugged();
        Folder parent = parentOf(path);
        if (!parent.entries.containsKey(nameOf(path))) {
          namingStep(true, () -> parent.set(nameOf(path), new File(clock.instant())));
        } else {
          readingStep();
        }
        if (!hasLocks) {
          return new Lock.Unsupported();
        }
        if (locks.putIfAbsent(path, this) != null) {
          return new Lock.Busy();
        }
        return new SimulatedLock(path);
      }
    }

    @Override
    public OptionalLong usableBytes() throws DiskFailure {
      synchronized (SimulatedDisk.this) {
        readingStep();
        return bytesMax == Long.MAX_VALUE
            ? OptionalLong.empty()
            : OptionalLong.of(Math.max(0, bytesMax - usedBytes()));
      }
    }

    @Override
    public boolean takesFreeNamesAtomically() {
      return takesFreeNamesAtomically;
    }

    @Override
    public ReadBack.Means pastCacheMeans() {
      return ReadBack.Means.PAST_CACHE;
    }

    @Override
    public void close() {}

    private final class SimulatedLock implements Lock.Held {

      private final String path;

      SimulatedLock(String path) {
        this.path = path;
      }

      @Override
      public void close() {
        synchronized (SimulatedDisk.this) {
          requireAlive();
          locks.remove(path, Mount.this);
        }
      }
    }

    private final class SimulatedOutput implements Output {

      private final File file;
      private final long opened = epoch;
      private boolean closed;

      SimulatedOutput(File file) {
        this.file = file;
      }

      @Override
      public int write(ByteBuffer bytes) throws DiskFailure {
        synchronized (SimulatedDisk.this) {
          requireOpen();
          Optional<Fault> fault = step();
          int count = bytes.remaining();
          if (fault.isPresent() && count > 0) {
            file.append(bytes, random.nextInt(count));
            crash(fault.get());
            if (fault.get() == Fault.SHORT_WRITE) {
              return count - bytes.remaining();
            }
            throw fault.get() == Fault.FULL
                ? new DiskFailure(DiskFailure.Kind.FULL, "No space left on device")
                : new DiskFailure(DiskFailure.Kind.BROKEN, "Input/output error");
          }
          if (bytesMax != Long.MAX_VALUE) {
            long room = bytesMax - usedBytes();
            if (room <= 0 && count > 0) {
              throw new DiskFailure(DiskFailure.Kind.FULL, "No space left on device");
            }
            count = (int) Math.min(count, room);
          }
          file.append(bytes, count);
          return count;
        }
      }

      @Override
      public void sync() throws DiskFailure {
        synchronized (SimulatedDisk.this) {
          requireOpen();
          Mount.this.sync(file);
        }
      }

      private void requireOpen() throws DiskFailure {
        if (closed) {
          throw new IllegalStateException("this file was closed");
        }
        requireEpoch(opened);
      }

      @Override
      public void close() {
        closed = true;
      }
    }

    private final class SimulatedInput implements Input {

      private final File file;
      private final boolean pastCache;
      private final long opened = epoch;
      private boolean closed;

      SimulatedInput(File file, boolean pastCache) {
        this.file = file;
        this.pastCache = pastCache;
      }

      @Override
      public long lengthBytes() throws DiskFailure {
        synchronized (SimulatedDisk.this) {
          requireEpoch(opened);
          return file.length;
        }
      }

      @Override
      public int read(long position, ByteBuffer into) throws DiskFailure {
        synchronized (SimulatedDisk.this) {
          if (closed) {
            throw new IllegalStateException("this file was closed");
          }
          if (position % alignmentBytes() != 0 || into.remaining() % alignmentBytes() != 0) {
            throw new IllegalArgumentException("a read past the cache must be aligned");
          }
          requireEpoch(opened);
          readingStep();
          return file.read(position, into, pastCache);
        }
      }

      @Override
      public int alignmentBytes() {
        return pastCache ? SECTOR_BYTES : 1;
      }

      @Override
      public ReadBack.Means means() {
        return pastCache ? ReadBack.Means.PAST_CACHE : ReadBack.Means.THROUGH_CACHE;
      }

      @Override
      public void close() {
        closed = true;
      }
    }

    private final class SimulatedListing implements Listing {

      private final Iterator<String> names;
      private final long opened = epoch;

      SimulatedListing(Iterator<String> names) {
        this.names = names;
      }

      @Override
      public Optional<String> next() throws DiskFailure {
        synchronized (SimulatedDisk.this) {
          requireEpoch(opened);
          return names.hasNext() ? Optional.of(names.next()) : Optional.empty();
        }
      }

      @Override
      public void close() {}
    }
  }
}
