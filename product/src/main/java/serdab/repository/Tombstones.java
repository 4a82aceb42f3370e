package serdab.repository;

import java.util.HashSet;
import java.util.Set;
import serdab.SerdabException;
import serdab.Sha256;

/// The packs that prunes are about to remove (format section 8.2).
final class Tombstones {

  private static final long BYTES_MAX = 1L << 30;

  private final Shelf shelf;

  Tombstones(Shelf shelf) {
    this.shelf = shelf;
  }

  /// Every pack in any tombstone. One that cannot be understood stops whoever asks, as nobody knows
  /// what it condemns; who signed it does not matter for keeping off.
  Set<Sha256> packs() {
    Set<Sha256> packs = new HashSet<>();
    for (String file : shelf.names(Layout.TOMBSTONES)) {
      // One that went since it was listed has done its work: its packs are gone or spared for good.
      shelf.whole(file, BYTES_MAX).ifPresent(json -> packs.addAll(packsOf(Doc.parse(json))));
    }
    return packs;
  }

  static Set<Sha256> packsOf(Doc tombstone) {
    Set<Sha256> packs = new HashSet<>();
    for (String name : tombstone.texts("packs")) {
      try {
        packs.add(Sha256.parse(name));
      } catch (IllegalArgumentException e) {
        throw unreadable();
      }
    }
    return packs;
  }

  private static SerdabException.Damaged unreadable() {
    return Problems.damaged("A list of packs that are to be removed cannot be read.");
  }
}
