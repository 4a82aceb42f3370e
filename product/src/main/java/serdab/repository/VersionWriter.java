package serdab.repository;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeRecipient;
import serdab.store.ReadBack;

/// A version on its way into a repository. One thread at a time; several writers may be at work.
///
/// Packs are written, synced and read back by other threads while the next ones fill; what stops
/// one is thrown by the next [#put] or by [#commit], which waits for all of them and writes the
/// snapshot. It alone makes the version exist. What was not committed is never listed.
///
/// Every method throws [serdab.SerdabException] when the place fails; the version is then void.
public final class VersionWriter implements AutoCloseable {

  private final Repository repository;
  private final String groupKey;
  private final String group;
  private final AgeRecipient recipient;
  private final String session;
  private final List<@Nullable PackRef> packs = new ArrayList<>();
  private final List<Boolean> isNew = new ArrayList<>();
  private final Map<Sha256, Integer> ordinals = new HashMap<>();
  private final BlobTable added = new BlobTable();
  private final List<InFlight.Put> onTheirWay = new ArrayList<>();
  private @Nullable PackWriter open;
  private int openOrdinal;
  private ReadBack.Means means = ReadBack.Means.PAST_CACHE;
  private boolean ended;
  private boolean failed;

  VersionWriter(Repository repository, String groupKey, String group, AgeRecipient recipient) {
    this.repository = repository;
    this.groupKey = groupKey;
    this.group = group;
    this.recipient = recipient;
    this.session = repository.session().ensureBegun();
  }

  /// Where a blob lies already, in this version or in any pack that may be relied on. What is found
  /// counts as needed by this version.
  ///
  /// @param digest SHA-256 of the blob's bytes before they were encoded
  public Optional<BlobAt> find(Sha256 digest) {
    requireUsable();
    BlobKey key = repository.blobKey(digest);
    Optional<BlobRecord> own = added.find(key);
    if (own.isPresent()) {
      return own.map(record -> record.at(record.pack()));
    }
    for (Known.Found found : repository.known().find(key)) {
      Optional<Integer> ordinal = rely(found.pack());
      if (ordinal.isPresent()) {
        return Optional.of(found.record().at(ordinal.get()));
      }
    }
    return Optional.empty();
  }

  /// The ordinal that a pack has in this version, which needs it from now on; empty when it may not
  /// be relied on.
  Optional<Integer> rely(PackRef pack) {
    Integer ordinal = ordinals.get(pack.name());
    if (ordinal == null) {
      if (!repository.session().mayRely(pack)) {
        return Optional.empty();
      }
      ordinal = packs.size();
      packs.add(pack);
      isNew.add(false);
      ordinals.put(pack.name(), ordinal);
    }
    return Optional.of(ordinal);
  }

  /// Adds a blob, wherever else it may lie.
  ///
  /// @param digest SHA-256 of the blob's bytes before they were encoded
  /// @param lengthBytes how many these were
  /// @param stored the encoded bytes, from position to limit; the caller may reuse the buffer
  public BlobAt put(Sha256 digest, long lengthBytes, Codec codec, ByteBuffer stored) {
    requireUsable();
    failed = true;
    takeArrived();
    int storedBytes = stored.remaining();
    PackWriter pack = open;
    if (pack != null && !pack.hasRoomFor(storedBytes)) {
      onTheirWay.add(repository.inFlight().begin(finish(pack)));
      pack = null;
    }
    if (pack == null) {
      pack = begin();
    }
    long offset = pack.put(digest, lengthBytes, codec, stored.duplicate());
    BlobAt at = new BlobAt(openOrdinal, offset, storedBytes, codec.number());
    added.add(
        new BlobRecord(
            repository.blobKey(digest), openOrdinal, offset, storedBytes, codec.number()));
    failed = false;
    return at;
  }

  private PackWriter begin() {
    PackWriter pack = new PackWriter(recipient, repository.secure());
    open = pack;
    openOrdinal = packs.size();
    packs.add(null);
    isNew.add(true);
    return pack;
  }

  private PackWriter.Sealed finish(PackWriter pack) {
    open = null;
    PackWriter.Sealed sealed = pack.finish();
    repository.remember(sealed.name(), sealed.key());
    packs.set(openOrdinal, new PackRef(sealed.name(), sealed.bytes().lengthBytes(), group));
    return sealed;
  }

  private void takeArrived() {
    while (!onTheirWay.isEmpty() && onTheirWay.getFirst().isOver()) {
      means = worse(means, onTheirWay.removeFirst().await());
    }
  }

  static ReadBack.Means worse(ReadBack.Means one, ReadBack.Means other) {
    return one.compareTo(other) >= 0 ? one : other;
  }

  /// Writes what is left of the packs, then the snapshot.
  ///
  /// @param version the version's name
  /// @param supersedes the version before it
  /// @param files how many files it has
  /// @param lengthBytes the sum of their lengths
  /// @param manifest JSON in UTF-8; it is compressed here
  /// @throws serdab.SerdabException.Unavailable `repository-session-ended` when a prune ended the
  ///   session meanwhile and what this version relied on may be gone; it is to be written anew
  public Committed commit(
      String version, Optional<String> supersedes, long files, long lengthBytes, byte[] manifest) {
    Instant now = repository.clock().instant();
    return commit(version, supersedes, files, lengthBytes, manifest, now);
  }

  /// The same version once more, with its blobs elsewhere. It keeps its time, so that it stands
  /// where it stood among the group's versions.
  Committed commitInPlaceOf(Snapshot old, byte[] manifest) {
    return commit(
        old.version(), old.supersedes(), old.files(), old.lengthBytes(), manifest, old.time());
  }

  private Committed commit(
      String version,
      Optional<String> supersedes,
      long files,
      long lengthBytes,
      byte[] manifest,
      Instant time) {
    requireUsable();
    failed = true;
    PackWriter last = open == null ? begin() : open;
    PackWriter.Manifest stored = last.manifest(manifest);
    BlobAt manifestAt = new BlobAt(openOrdinal, stored.offset(), stored.storedBytes(), 1);
    // Nothing is left to do beside it.
    means = worse(means, repository.inFlight().put(finish(last)));
    while (!onTheirWay.isEmpty()) {
      means = worse(means, onTheirWay.removeFirst().await());
    }
    for (int i = 0; i < isNew.size(); i++) {
      if (isNew.get(i)) {
        repository.session().wrote(session, Objects.requireNonNull(packs.get(i)).name());
      }
    }
    List<PackRef> needed = new ArrayList<>();
    for (PackRef pack : packs) {
      needed.add(Objects.requireNonNull(pack));
    }
    Naming naming = repository.naming();
    Commit.Version content =
        new Commit.Version(
            group,
            naming.version(version),
            supersedes.map(naming::version),
            files,
            lengthBytes,
            needed,
            isNew,
            manifestAt);
    Snapshot snapshot =
        repository.commit(session, content, groupKey, version, supersedes, added, time);
    ended = true;
    failed = false;
    return new Committed(snapshot, worse(means, repository.session().means()));
  }

  private void requireUsable() {
    if (ended || failed) {
      throw new IllegalStateException("this version has ended");
    }
  }

  /// Discards what was not committed, when nothing of it is on its way any more; after a commit it
  /// does nothing.
  @Override
  public void close() {
    ended = true;
    open = null;
    while (!onTheirWay.isEmpty()) {
      try {
        InFlight.Put put = onTheirWay.removeFirst();
        means = worse(means, put.await());
      } catch (SerdabException e) {
        // The version is void already.
      }
    }
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /// What [#commit] did.
  ///
  /// @param means how the packs were read back before the snapshot was written
  public record Committed(Snapshot snapshot, ReadBack.Means means) {}
}
