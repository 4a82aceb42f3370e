package serdab.endurance;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import serdab.testing.world.SimulatedDisk;

/// A disk with copies, and what the test saw on it last.
final class Medium {

  final String name;
  final SimulatedDisk disk;

  /// The destination's id, once it has one.
  Optional<String> id = Optional.empty();

  /// In the machine now.
  boolean connected;

  /// Gone for ever.
  boolean lost;

  /// The ZIPs of studies, as they were seen last, by path.
  private final TreeMap<String, Zip> zips = new TreeMap<>();

  /// What was harmed: by path, how many proofs the catalogue had counted by then.
  private final Map<String, Long> hurt = new HashMap<>();

  /// One ZIP.
  ///
  /// @param version what it really holds; empty when it is not whole
  record Zip(String study, byte[] bytes, Optional<String> version, Set<String> paths) {
    static Zip of(String study, byte[] bytes) {
      Optional<Map<String, byte[]>> files = PlainZip.files(bytes);
      return new Zip(
          study,
          bytes,
          files.map(Map::values).map(PlainZip::version),
          files.map(Map::keySet).map(Set::copyOf).orElse(Set.of()));
    }
  }

  Medium(String name, SimulatedDisk disk) {
    this.name = name;
    this.disk = disk;
  }

  Map<String, Zip> zips() {
    return zips;
  }

  boolean isHurt(String path) {
    return hurt.containsKey(path);
  }

  Set<String> hurt() {
    return new TreeSet<>(hurt.keySet());
  }

  long hurtAt(String path) {
    return hurt.getOrDefault(path, Long.MAX_VALUE);
  }

  /// Another catalogue has its own count: whatever it knows by now was proven before the harm.
  void catalogueCounts(long proofs) {
    hurt.replaceAll((_, _) -> proofs);
  }

  /// Harms a ZIP for good.
  void hurt(String path, int drawn, long proofs) {
    Zip zip = zips.get(path);
    long at = PlainZip.byteOfContent(zip.bytes(), drawn >>> 3);
    disk.flipBit(path, 8 * at + (drawn & 7));
    hurt.put(path, proofs);
    zips.put(path, new Zip(zip.study(), disk.bytes(path), zip.version(), zip.paths()));
  }

  /// Whether a whole copy of exactly this version was seen here, and nothing harmed it since.
  boolean holds(String study, String version) {
    return zips.entrySet().stream()
        .anyMatch(zip ->
            zip.getValue().study().equals(study)
                && zip.getValue().version().filter(version::equals).isPresent()
                && !hurt.containsKey(zip.getKey()));
  }

  /// The whole copies of a study, by path.
  Map<String, Zip> whole(String study) {
    Map<String, Zip> whole = new TreeMap<>();
    zips.forEach((path, zip) -> {
      if (zip.study().equals(study) && !hurt.containsKey(path)) {
        whole.put(path, zip);
      }
    });
    return whole;
  }

  Set<String> studies() {
    Set<String> studies = new TreeSet<>();
    zips.forEach((path, zip) -> {
      if (!hurt.containsKey(path)) {
        studies.add(zip.study());
      }
    });
    return studies;
  }

  // ---- looking again

  /// What changed on the disk since it was looked at last.
  ///
  /// @param appeared ZIPs that are new in the tree
  /// @param overwritten those with other bytes under the same name
  /// @param setAside those that lie aside now, byte for byte
  /// @param vanished those that are not there at all
  record Changes(
      Map<String, Zip> appeared,
      Set<String> overwritten,
      Map<String, Zip> setAside,
      Map<String, Zip> vanished) {}

  /// Looks at the disk again and remembers what is there.
  Changes look() {
    Changes changes =
        new Changes(new TreeMap<>(), new TreeSet<>(), new TreeMap<>(), new TreeMap<>());
    Collection<String> files = disk.files();
    Set<String> there = new HashSet<>();
    for (String path : files) {
      Optional<String> study = PlainZip.studyOf(path);
      if (study.isEmpty()) {
        continue;
      }
      there.add(path);
      Zip before = zips.get(path);
      byte[] bytes = disk.bytes(path);
      if (before == null) {
        Zip zip = Zip.of(study.get(), bytes);
        zips.put(path, zip);
        changes.appeared().put(path, zip);
      } else if (!java.util.Arrays.equals(before.bytes(), bytes)) {
        changes.overwritten().add(path);
      }
    }
    for (String path : new TreeSet<>(zips.keySet())) {
      if (!there.contains(path)) {
        Zip zip = zips.remove(path);
        boolean aside =
            files.stream()
                .filter(other -> other.startsWith("_set-aside/") && other.endsWith("/" + path))
                .anyMatch(other -> java.util.Arrays.equals(disk.bytes(other), zip.bytes()));
        (aside ? changes.setAside() : changes.vanished()).put(path, zip);
      }
    }
    return changes;
  }

  /// A ZIP is gone and that is right.
  void healed(String path) {
    hurt.remove(path);
  }
}
