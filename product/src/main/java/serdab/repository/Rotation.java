package serdab.repository;

import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import serdab.SerdabException;
import serdab.repository.age.AgeIdentity;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;

/// Seals the identities of groups to the newest generation. Only files under `groups/` are added;
/// packs and everything else stay as they are.
///
/// What is done is seen in the place itself, so that a run that was killed goes on where it ended
/// when it is started again.
final class Rotation {

  private static final Pattern ERASED = Pattern.compile("erased/([0-9a-f]{32})\\.json");

  private Rotation() {}

  /// How many groups are not sealed to the newest generation yet, going by names alone.
  static int pending(BlobStore place, OwnerKey owner) {
    return waiting(place, Generations.newest(place, owner)).size();
  }

  /// Seals every group that is not yet sealed to the newest generation. A group whose key is
  /// damaged, or sealed to a generation that is not open, is left as it is and told of.
  static Resealed reseal(
      BlobStore place, Unlocked unlocked, InstantSource clock, RandomGenerator secure) {
    Generation newest = Generations.newest(place, unlocked.ownerKey());
    Writers writers = Writers.read(place, unlocked.ownerKey());
    List<AgeIdentity> identities = unlocked.identities();
    int done = 0;
    Map<String, SerdabException> left = new TreeMap<>();
    for (String group : waiting(place, newest)) {
      try {
        Optional<GroupKey> now = GroupKey.newest(place, group, writers);
        if (now.isEmpty() || now.get().generation() == newest.number()) {
          continue;
        }
        GroupKey resealed =
            GroupKey.seal(
                group,
                newest,
                now.get().open(identities),
                GroupKey.OWNER,
                clock.instant().truncatedTo(ChronoUnit.SECONDS),
                secure);
        String file = GroupKey.file(group, newest.number());
        if (KeyFiles.write(place, file, resealed.signed(unlocked.owner()))) {
          done++;
        }
      } catch (SerdabException.Damaged | SerdabException.Misconfigured e) {
        left.put(group, e);
      }
    }
    return new Resealed(newest.number(), done, left);
  }

  private static List<String> waiting(BlobStore place, Generation newest) {
    Set<String> erased = new HashSet<>();
    for (String file : KeyFiles.names(place, "erased/")) {
      Matcher name = ERASED.matcher(file);
      if (name.matches()) {
        erased.add(name.group(1));
      }
    }
    TreeMap<String, Boolean> sealed = new TreeMap<>();
    try (Stream<BlobInfo> files = place.list("groups/")) {
      files.forEach(file -> {
        Matcher name = GroupKey.FILE.matcher(file.name());
        if (name.matches() && !erased.contains(name.group(1))) {
          boolean isNewest = Integer.parseInt(name.group(2)) == newest.number();
          sealed.merge(name.group(1), isNewest, Boolean::logicalOr);
        }
      });
    }
    List<String> waiting = new ArrayList<>();
    sealed.forEach((group, isSealed) -> {
      if (!isSealed) {
        waiting.add(group);
      }
    });
    return waiting;
  }

  /// What a run did.
  ///
  /// @param generation the newest
  /// @param done groups that were sealed to it now
  /// @param left why some were not, by group
  record Resealed(int generation, int done, Map<String, SerdabException> left) {}
}
