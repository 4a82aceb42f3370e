package serdab.repository;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.ReadBack;

/// One writer's run, and what it may rely on (format sections 5 and 8.2). Thread-safe.
///
/// Its numbers are given by the place to whoever asks first. When a fence stands where the next
/// snapshot should, the session is over, and with it everything that was believed about packs.
final class Session {

  private final Shelf shelf;
  private final Trust trust;
  private final InstantSource clock;
  private final RandomGenerator secure;
  private final Tombstones tombstones;
  private final Predicate<String> canBeOpened;
  private @Nullable String name;
  private int next;
  private boolean uncertain;
  private Set<Sha256> condemned = Set.of();
  private Set<String> erased = Set.of();
  private final Map<Sha256, Boolean> relied = new HashMap<>();
  private final Map<String, Boolean> groups = new HashMap<>();
  private ReadBack.Means means = ReadBack.Means.PAST_CACHE;

  /// @param canBeOpened whether the keys of a group are there, so that somebody can open its packs
  Session(
      Shelf shelf,
      Trust trust,
      InstantSource clock,
      RandomGenerator secure,
      Predicate<String> canBeOpened) {
    this.shelf = shelf;
    this.trust = trust;
    this.clock = clock;
    this.secure = secure;
    this.tombstones = new Tombstones(shelf);
    this.canBeOpened = canBeOpened;
  }

  /// Begins when it has not begun; gives the session's name. What was learned of packs before it
  /// began is asked again.
  synchronized String ensureBegun() {
    String session = name;
    if (session != null && !uncertain) {
      return session;
    }
    byte[] digits = new byte[16];
    secure.nextBytes(digits);
    session = HexFormat.of().formatHex(digits);
    relied.clear();
    groups.clear();
    name = null;
    uncertain = false;
    next = 0;
    put(session, Commit.Kind.BEGIN);
    next = 1;
    // Only now: a prune that did not see this session has written its tombstone before.
    condemned = tombstones.packs();
    erased = Erased.groups(shelf, trust, (_, _) -> {});
    name = session;
    return session;
  }

  private void put(String session, Commit.Kind kind) {
    Layout.At at = new Layout.At(session, next);
    Commit commit = new Commit(at, kind, clock.instant(), trust.writer(), Optional.empty());
    if (shelf.putIfFree(at.file(), SnapshotFile.make(commit, Map.of(), trust)).isEmpty()) {
      throw Problems.fenced();
    }
  }

  /// Whether a pack may be relied on in this session: it is there, whole, the keys of its group are
  /// there too, and no prune means it.
  boolean mayRely(PackRef pack) {
    String before;
    synchronized (this) {
      before = name;
      if (before == null) {
        throw new IllegalStateException("the session has not begun");
      }
      Boolean known = relied.get(pack.name());
      if (known != null) {
        return known;
      }
      if (condemned.contains(pack.name()) || erased.contains(pack.group())) {
        relied.put(pack.name(), false);
        return false;
      }
    }
    boolean there = hasKeys(pack.group()) && isIntact(pack);
    synchronized (this) {
      if (before.equals(name)) {
        relied.put(pack.name(), there);
      }
    }
    return there;
  }

  private boolean hasKeys(String group) {
    synchronized (this) {
      Boolean known = groups.get(group);
      if (known != null) {
        return known;
      }
    }
    boolean has;
    try {
      has = canBeOpened.test(group);
    } catch (SerdabException.Damaged e) {
      has = false;
    }
    synchronized (this) {
      groups.put(group, has);
    }
    return has;
  }

  /// A version is only as good as what it shares with others, so that is read back too, once in a
  /// session.
  private boolean isIntact(PackRef pack) {
    try {
      Shelf.Hashed stored = shelf.hash(Layout.pack(pack.name()));
      synchronized (this) {
        means = VersionWriter.worse(means, stored.means());
      }
      return stored.digest().equals(pack.name()) && stored.lengthBytes() == pack.storedBytes();
    } catch (SerdabException.Damaged e) {
      return false;
    } catch (SerdabException.Refused e) {
      if (Shelf.isCode(e, "blob-missing")) {
        return false;
      }
      throw e;
    }
  }

  /// By what means at worst the packs were read that were relied on.
  synchronized ReadBack.Means means() {
    return means;
  }

  /// @throws SerdabException.Refused `repository-group-erased` when the group was erased before
  ///   this session began
  synchronized void requireLiving(String group) {
    if (erased.contains(group)) {
      throw Problems.erased();
    }
  }

  /// A pack that was written and read back in a session. Another one that began meanwhile knows
  /// nothing of it: a tombstone may have come between.
  synchronized void wrote(String session, Sha256 pack) {
    if (session.equals(name)) {
      relied.put(pack, true);
    }
  }

  /// Commits a version at the next number.
  ///
  /// @param began the session in which the version's packs were relied on
  /// @param packs what the version needs
  /// @param snapshot makes the file for the place it is given
  /// @throws SerdabException.Unavailable `repository-session-ended` when the session was fenced and
  ///   something that was relied on may be gone
  synchronized Layout.At commit(
      String began, Iterable<PackRef> packs, Function<Layout.At, Bulk> snapshot) {
    for (int tries = 0; ; tries++) {
      String session = ensureBegun();
      if (!session.equals(began)) {
        for (PackRef pack : packs) {
          if (!mayRely(pack)) {
            throw Problems.fenced();
          }
        }
      }
      if (next > Layout.At.NUMBER_MAX - 2) {
        uncertain = true;
        continue;
      }
      Layout.At at = new Layout.At(session, next);
      boolean ours;
      uncertain = true;
      ours = shelf.putIfFree(at.file(), snapshot.apply(at)).isPresent();
      if (ours) {
        uncertain = false;
        next++;
        return at;
      }
      if (tries > 16) {
        throw Problems.fenced();
      }
    }
  }

  synchronized Optional<String> name() {
    return Optional.ofNullable(name);
  }

  /// How many numbers are taken, that of the begin included.
  synchronized int numbers() {
    return next;
  }

  /// Ends the session; what follows begins another. Gives the numbers it used, if it had begun.
  synchronized Optional<Layout.Range> end() {
    String session = name;
    if (session == null) {
      return Optional.empty();
    }
    int end = next;
    try {
      if (!uncertain) {
        put(session, Commit.Kind.END);
        end++;
      }
    } catch (SerdabException.Unavailable e) {
      if (!Shelf.isCode(e, "repository-session-ended")) {
        throw e;
      }
    } finally {
      name = null;
      relied.clear();
      condemned = new HashSet<>();
      erased = Set.of();
    }
    return Optional.of(new Layout.Range(session, 0, end));
  }

  static Map<String, byte[]> entries(byte[] table, byte[] label) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put(SnapshotFile.BLOBS, table);
    entries.put(SnapshotFile.LABEL, label);
    return entries;
  }
}
