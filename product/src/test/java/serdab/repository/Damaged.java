package serdab.repository;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import serdab.store.BlobStore;
import serdab.testing.world.FaultyStore;

/// A settled repository with parity whose files a test may damage, and what they were before.
final class Damaged {

  final Kit kit;
  final FaultyStore place;
  final Map<String, byte[]> before;
  final Map<String, List<byte[]>> content = new HashMap<>();

  /// @param versions each has a pack of 5 to 45 KB
  Damaged(RandomGenerator random, int versions) {
    this(random, versions, 5_000, 45_000);
  }

  /// @param versions each has a pack of about that many bytes, in [from, to)
  Damaged(RandomGenerator random, int versions, int from, int to) {
    kit = new Kit(random);
    place = ParityTest.place(random);
    try (Repository repository = kit.begin(place.connect(), Parity.WITH)) {
      for (int i = 0; i < versions; i++) {
        List<byte[]> blobs = List.of(kit.bytes(random.nextInt(from, to)));
        content.put("g" + i + "/v", blobs);
        Kit.write(repository, "g" + i, "v", blobs);
      }
      repository.settle();
      new Parity(repository).cover(Kit.CLOCK.instant());
    }
    before = image(place);
  }

  /// Every file outside `quarantine/`.
  static Map<String, byte[]> image(BlobStore place) {
    Map<String, byte[]> image = new TreeMap<>();
    for (String file : new Shelf(place).names("")) {
      if (!file.startsWith(Judge.QUARANTINE)) {
        image.put(file, ParityTest.bytes(place, file));
      }
    }
    return image;
  }

  byte[] before(String file) {
    return java.util.Objects.requireNonNull(before.get(file));
  }

  List<String> files(String prefix) {
    return before.keySet().stream().filter(file -> file.startsWith(prefix)).toList();
  }

  /// The files with p and q.
  List<String> parity() {
    return files("parity/").stream().filter(file -> file.endsWith(".zip")).toList();
  }

  void zeroSector(String file, int sector) {
    byte[] bytes = ParityTest.bytes(place, file).clone();
    int from = Math.min(bytes.length, sector * ParityGroup.STRIPE_BYTES);
    java.util.Arrays.fill(
        bytes, from, Math.min(bytes.length, from + ParityGroup.STRIPE_BYTES), (byte) 0);
    place.lose(file);
    place.put(file, bytes);
  }

  static List<Check.Finding> findings(BlobStore place) {
    Check check = Check.of(place, _ -> false);
    List<Check.Finding> findings = new ArrayList<>(check.presence().findings());
    check.prove(
        _ -> java.time.Instant.EPOCH, java.util.Optional.empty(), Check.Pace.FULL, findings::add);
    return findings;
  }

  static Repair.Result repair(BlobStore place) {
    return Repair.run(place, findings(place), Repair.Supply.NONE, Check.Pace.FULL);
  }

  /// Files that are not, to the last bit, as they were.
  Set<String> different() {
    Map<String, byte[]> now = image(place);
    Set<String> different = new java.util.TreeSet<>();
    before.forEach((file, bytes) -> {
      if (!java.util.Arrays.equals(bytes, now.get(file))) {
        different.add(file);
      }
    });
    now.keySet().stream().filter(file -> !before.containsKey(file)).forEach(different::add);
    return different;
  }
}
