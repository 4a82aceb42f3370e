package serdab.testing.world;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobName;
import serdab.store.BlobStore;
import serdab.store.Capabilities;
import serdab.store.Capability;
import serdab.store.Expected;
import serdab.store.ReadBack;
import serdab.store.Staged;

/// A place across a network, in memory, that does to its clients what such places do: lists late,
/// loses answers, keeps less than it was given and says it was fine. Thread-safe.
///
/// With no fault switched on it keeps every promise of [BlobStore]. Faults belong to the place and
/// reach all its clients; [#connect] makes another client.
public final class FaultyStore implements BlobStore {

  private final Place place;
  private final Set<String> stagedHere = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /// A new, empty place and its first client; all chance comes from the generator.
  public FaultyStore(RandomGenerator random, InstantSource clock) {
    this(new Place(random, clock));
  }

  private FaultyStore(Place place) {
    this.place = place;
  }

  /// Another run that uses the same place.
  public FaultyStore connect() {
    return new FaultyStore(place);
  }

  /// Lets several clients write at once from now on.
  public void shareAmongWriters() {
    place.shared = true;
  }

  /// Promises only these from now on, and keeps no others.
  public void promiseOnly(Capability... present) {
    place.capabilities = Capabilities.of(present);
  }

  /// From now on a committed blob is missing from this many listings that begin after it.
  public void listLate(int listings) {
    place.listingsLate = listings;
  }

  /// Makes each call fail without effect with this probability.
  public void failRandomly(double probability) {
    place.failures = probability;
  }

  /// Makes the call of this number fail without effect; calls are counted from 1, over all clients.
  public void failAt(long call) {
    place.failAt = call;
  }

  /// Calls so far that could have failed.
  public long calls() {
    synchronized (place) {
      return place.calls;
    }
  }

  /// Makes a change take effect and its answer get lost, with this probability.
  public void loseAnswers(double probability) {
    place.lostAnswers = probability;
  }

  /// Makes each read give back one wrong bit with this probability; the stored bytes are good.
  public void corruptReads(double probability) {
    place.corruptReads = probability;
  }

  /// Makes the place keep only the beginning of what it is given, with this probability, and report
  /// success.
  public void keepLess(double probability) {
    place.keptShort = probability;
  }

  /// No faults from now on; damage done stays.
  public void behave() {
    place.listingsLate = 0;
    place.failures = 0;
    place.failAt = -1;
    place.lostAnswers = 0;
    place.corruptReads = 0;
    place.keptShort = 0;
  }

  /// Flips one stored bit.
  public void flipBit(String name, long bit) {
    place.entry(name).content[Math.toIntExact(bit / 8)] ^= (byte) (1 << (bit % 8));
  }

  /// Puts a blob there as another program would.
  public void put(String name, byte[] content) {
    place.entries.put(name, new Entry(content.clone(), place.clock.instant(), 0));
  }

  /// Removes a blob as another program would.
  public void lose(String name) {
    place.entries.remove(name);
  }

  private static final class Entry {
    final byte[] content;
    final Instant written;
    int listingsLate;

    Entry(byte[] content, Instant written, int listingsLate) {
      this.content = content;
      this.written = written;
      this.listingsLate = listingsLate;
    }
  }

  private static final class Place {
    private final RandomGenerator random;
    private final InstantSource clock;
    private final ConcurrentNavigableMap<String, Entry> entries = new ConcurrentSkipListMap<>();
    private final Map<String, ByteArrayOutputStream> staged = new TreeMap<>();
    private @Nullable FaultyStore writer;
    private volatile boolean shared;
    private long nextStaged;
    private long calls;
    private volatile Capabilities capabilities =
        Capabilities.of(
            Capability.CONDITIONAL_CREATE,
            Capability.LIST_AFTER_WRITE,
            Capability.SERVER_CHECKSUM,
            Capability.READ_BEFORE_COMMIT);
    private volatile int listingsLate;
    private volatile double failures;
    private volatile long failAt = -1;
    private volatile double lostAnswers;
    private volatile double corruptReads;
    private volatile double keptShort;

    Place(RandomGenerator random, InstantSource clock) {
      this.random = random;
      this.clock = clock;
    }

    Entry entry(String name) {
      Entry entry = entries.get(name);
      if (entry == null) {
        throw new IllegalArgumentException("the test names a blob that is not there");
      }
      return entry;
    }

    synchronized boolean happens(double probability) {
      return probability > 0 && random.nextDouble() < probability;
    }

    synchronized void call() {
      calls++;
      if (calls == failAt || happens(failures)) {
        throw unavailable("The place did not answer.");
      }
    }

    void answer() {
      if (happens(lostAnswers)) {
        throw unavailable("The answer of the place was lost.");
      }
    }

    synchronized byte[] kept(byte[] given) {
      if (given.length == 0 || !happens(keptShort)) {
        return given;
      }
      return Arrays.copyOf(given, random.nextInt(given.length));
    }

    private static SerdabException.Unavailable unavailable(String what) {
      return new SerdabException.Unavailable(new Problem("place-failed", what, "Try again later."));
    }
  }

  @Override
  public Capabilities capabilities() {
    return place.capabilities;
  }

  @Override
  public String describe() {
    return "a simulated place";
  }

  @Override
  public Staged stage(String name) {
    BlobName.requireWritable(name);
    beginWriting();
    if (place.entries.containsKey(name)) {
      throw refused("blob-exists");
    }
    return new FaultyStaged(name);
  }

  @Override
  public Blob open(String name) {
    return new Bytes(visible(name).content, ReadBack.Means.NETWORK);
  }

  @Override
  public ReadBack readBack(String name) {
    return new Bytes(visible(name).content, ReadBack.Means.NETWORK);
  }

  private Entry visible(String name) {
    requireOpen();
    BlobName.require(name);
    place.call();
    Entry entry = place.entries.get(name);
    if (entry == null) {
      throw refused("blob-missing");
    }
    return entry;
  }

  @Override
  public Optional<Sha256> attested(String name) {
    requireOpen();
    BlobName.require(name);
    if (!place.capabilities.has(Capability.SERVER_CHECKSUM)) {
      return Optional.empty();
    }
    place.call();
    return Optional.ofNullable(place.entries.get(name)).map(entry -> Sha256.digest(entry.content));
  }

  @Override
  public Optional<BlobInfo> find(String name) {
    requireOpen();
    BlobName.require(name);
    place.call();
    return Optional.ofNullable(place.entries.get(name)).map(entry -> info(name, entry));
  }

  private static BlobInfo info(String name, Entry entry) {
    return new BlobInfo(name, entry.content.length, entry.written);
  }

  @Override
  public Stream<BlobInfo> list(String prefix) {
    requireOpen();
    if (!prefix.isEmpty()) {
      BlobName.require(prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix);
    }
    place.call();
    return place.entries.tailMap(prefix, true).entrySet().stream()
        .takeWhile(entry -> entry.getKey().startsWith(prefix))
        .filter(entry -> {
          requireOpen();
          if (entry.getValue().listingsLate > 0) {
            entry.getValue().listingsLate--;
            return false;
          }
          return true;
        })
        .map(entry -> info(entry.getKey(), entry.getValue()));
  }

  @Override
  public boolean delete(String name) {
    BlobName.require(name);
    beginWriting();
    boolean deleted = place.entries.remove(name) != null;
    place.answer();
    return deleted;
  }

  @Override
  public void move(String from, String to) {
    BlobName.require(from);
    BlobName.requireWritable(to);
    beginWriting();
    synchronized (place) {
      if (place.entries.containsKey(to)) {
        throw refused("blob-exists");
      }
      Entry moved = place.entries.remove(from);
      if (moved == null) {
        throw refused("blob-missing");
      }
      place.entries.put(to, moved);
    }
    place.answer();
  }

  @Override
  public void replace(String name, byte[] content, Expected expected) {
    BlobName.requireWritable(name);
    if (content.length > DOCUMENT_BYTES_MAX) {
      throw refused("document-too-large");
    }
    beginWriting();
    synchronized (place) {
      Entry present = place.entries.get(name);
      boolean asExpected =
          switch (expected) {
            case Expected.Absent _ -> present == null;
            case Expected.Content(Sha256 digest) ->
                present != null && Sha256.digest(present.content).equals(digest);
            case Expected.Anything _ -> true;
          };
      if (!asExpected) {
        throw refused("document-changed");
      }
      place.entries.put(
          name, new Entry(content.clone(), place.clock.instant(), place.listingsLate));
    }
    place.answer();
  }

  @Override
  public Optional<byte[]> document(String name) {
    requireOpen();
    BlobName.require(name);
    place.call();
    Entry entry = place.entries.get(name);
    if (entry == null) {
      return Optional.empty();
    }
    if (entry.content.length > DOCUMENT_BYTES_MAX) {
      throw new SerdabException.Damaged(problem("document-too-large"));
    }
    return Optional.of(entry.content.clone());
  }

  @Override
  public Stream<String> unfinished() {
    requireOpen();
    place.call();
    synchronized (place) {
      List<String> names = new ArrayList<>(place.staged.keySet());
      names.removeAll(stagedHere);
      return names.stream();
    }
  }

  @Override
  public int sweep() {
    beginWriting();
    if (place.shared) {
      return 0; // Nobody knows whose they are.
    }
    List<String> leftovers = unfinished().toList();
    synchronized (place) {
      leftovers.forEach(place.staged::remove);
    }
    return leftovers.size();
  }

  @Override
  public OptionalLong usableBytes() {
    requireOpen();
    return OptionalLong.empty();
  }

  @Override
  public void close() {
    closed = true;
    synchronized (place) {
      if (place.writer == this) {
        place.writer = null;
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this store was closed");
    }
  }

  private void beginWriting() {
    requireOpen();
    place.call();
    synchronized (place) {
      if (place.shared) {
        return;
      }
      if (place.writer == null) {
        place.writer = this;
      } else if (place.writer != this) {
        throw new SerdabException.HeldBack(problem("place-busy"));
      }
    }
  }

  private static SerdabException.Refused refused(String code) {
    return new SerdabException.Refused(problem(code));
  }

  private static Problem problem(String code) {
    return new Problem(code, "The simulated place says " + code + ".", "Look at the test.");
  }

  private final class FaultyStaged implements Staged {

    private final String name;
    private final String id;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private boolean synced;
    private boolean ended;
    private boolean failed;

    FaultyStaged(String name) {
      this.name = name;
      synchronized (place) {
        id = name + ".upload-" + place.nextStaged++;
        stagedHere.add(id);
        place.staged.put(id, written);
      }
    }

    private void begin() {
      requireOpen();
      if (ended || failed) {
        throw new IllegalStateException("this staged blob has ended");
      }
      failed = true;
      place.call();
    }

    private void requireSynced() {
      if (!synced || ended || failed) {
        throw new IllegalStateException("only synced bytes are read back or committed");
      }
    }

    @Override
    public void write(ByteBuffer bytes) {
      begin();
      synced = false;
      byte[] copy = new byte[bytes.remaining()];
      bytes.get(copy);
      written.writeBytes(copy);
      failed = false;
    }

    @Override
    public long positionBytes() {
      return written.size();
    }

    @Override
    public void sync() {
      begin();
      synced = true;
      failed = false;
    }

    @Override
    public ReadBack readBack() {
      if (!place.capabilities.has(Capability.READ_BEFORE_COMMIT)) {
        throw new UnsupportedOperationException("this place reads back after the commit only");
      }
      requireSynced();
      requireOpen();
      place.call();
      return new Bytes(written.toByteArray(), ReadBack.Means.NETWORK);
    }

    @Override
    public void commit() {
      requireSynced();
      begin();
      Entry entry =
          new Entry(place.kept(written.toByteArray()), place.clock.instant(), place.listingsLate);
      if (place.entries.putIfAbsent(name, entry) != null) {
        throw refused("blob-exists");
      }
      ended = true;
      forget();
      place.answer();
      failed = false;
    }

    private void forget() {
      synchronized (place) {
        place.staged.remove(id);
        stagedHere.remove(id);
      }
    }

    @Override
    public void close() {
      ended = true;
      forget();
    }
  }

  private final class Bytes implements Blob, ReadBack {

    private final byte[] content;
    private final Means means;
    private volatile boolean ended;

    Bytes(byte[] content, Means means) {
      this.content = content;
      this.means = means;
    }

    @Override
    public Means means() {
      return means;
    }

    @Override
    public long lengthBytes() {
      return content.length;
    }

    @Override
    public int read(long position, ByteBuffer into) {
      if (position < 0) {
        throw new IllegalArgumentException("a position is not negative");
      }
      if (ended) {
        throw new IllegalStateException("these bytes were closed");
      }
      if (!into.hasRemaining()) {
        return 0;
      }
      if (position >= content.length) {
        return -1;
      }
      place.call();
      int start = Math.toIntExact(position);
      int count = Math.min(into.remaining(), content.length - start);
      int target = into.position();
      into.put(content, start, count);
      synchronized (place) {
        if (place.happens(place.corruptReads)) {
          int at = target + place.random.nextInt(count);
          into.put(at, (byte) (into.get(at) ^ (1 << place.random.nextInt(8))));
        }
      }
      return count;
    }

    @Override
    public void close() {
      ended = true;
    }
  }

  /// What the place holds now, by name, for a test to compare.
  public Map<String, Sha256> digests() {
    Map<String, Sha256> digests = new HashMap<>();
    place.entries.forEach((name, entry) -> digests.put(name, Sha256.digest(entry.content)));
    return digests;
  }
}
