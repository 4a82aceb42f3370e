package serdab.repository;

import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.SerdabException;
import serdab.store.BlobStore;

/// Whose signatures count in a repository, as its `writers/` said when they were read.
final class Writers {

  private static final String FOLDER = "writers/";

  private final OwnerKey owner;
  private final Map<String, Writer> byId;
  private final List<SerdabException> unread;

  private Writers(OwnerKey owner, Map<String, Writer> byId, List<SerdabException> unread) {
    this.owner = owner;
    this.byId = Map.copyOf(byId);
    this.unread = List.copyOf(unread);
  }

  static Writers of(OwnerKey owner, Collection<Writer> writers) {
    Map<String, Writer> byId = new HashMap<>();
    writers.forEach(writer -> byId.merge(writer.id(), writer, Writers::earlierEnd));
    return new Writers(owner, byId, List.of());
  }

  /// Reads them all, from copies what is lost or damaged. A file that is damaged with its copies
  /// enrols and revokes nobody; [#unread] tells of it.
  static Writers read(BlobStore place, OwnerKey owner) {
    Map<String, Writer> byId = new HashMap<>();
    List<SerdabException> unread = new java.util.ArrayList<>();
    for (String file : Copies.names(new Shelf(place), FOLDER)) {
      if (!file.endsWith(".json")) {
        continue;
      }
      try {
        Writer writer =
            KeyFiles.readWithCopies(place, file, bytes -> Writer.read(file, bytes, owner));
        byId.merge(writer.id(), writer, Writers::earlierEnd);
      } catch (SerdabException.Damaged e) {
        unread.add(e);
      }
    }
    return new Writers(owner, byId, unread);
  }

  private static Writer earlierEnd(Writer one, Writer other) {
    if (one.revokedAt().isEmpty()) {
      return other;
    }
    return other.revokedAt().isEmpty() || one.revokedAt().get().isBefore(other.revokedAt().get())
        ? one
        : other;
  }

  OwnerKey owner() {
    return owner;
  }

  Optional<Writer> find(String id) {
    return Optional.ofNullable(byId.get(id));
  }

  Collection<Writer> all() {
    return byId.values();
  }

  /// What was wrong with files that could not be read.
  List<SerdabException> unread() {
    return unread;
  }

  /// Whether this is a signature of an enrolled writer that was not revoked at this time.
  boolean signed(String writer, Instant time, String subject, byte[] body, String signature) {
    Writer known = byId.get(writer);
    return known != null
        && known.mayWriteAt(time)
        && Signatures.check(owner.repository(), known.key(), subject, body, signature);
  }
}
