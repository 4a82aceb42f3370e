package serdab.destination.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import serdab.destination.Repositories;
import serdab.destination.TestStudy;
import serdab.repository.BlobAt;
import serdab.repository.Repository;
import serdab.repository.Snapshot;
import serdab.repository.VersionSource;
import serdab.testing.world.TinyDicom;

/// Where a version's bytes lie (`docs/format/repository.md` sections 4 and 5).
class VersionLayoutTest {

  private static final int MEBIBYTE = 1 << 20;

  /// What stands between one entry of a pack and the next.
  private static final int ZIP_ENTRY_BYTES_MAX = 300;

  private final SplittableRandom random = new SplittableRandom(20_261_121);
  private final Repositories place = new Repositories();

  @Test
  void headersLieTogetherInFewBlocksOfAtMostFourMebibytes() {
    int files = 100;
    TestStudy study = TestStudy.of("1.2.3");
    long headerBytes = 0;
    for (int i = 0; i < files; i++) {
      byte[] file =
          TinyDicom.image()
              .study("1.2.3")
              .sop("1.2.3." + i)
              .withPrivate("*".repeat(60_000))
              .bytes();
      study.file("IM" + i, file);
      headerBytes += file.length;
    }
    try (RepositoryDestination destination = place.connect()) {
      study.copyTo(destination);
    }

    VersionManifest manifest = Objects.requireNonNull(manifests().get("1.2.3"));

    assertThat(manifest.headers()).hasSize((int) (headerBytes / (4 * MEBIBYTE)) + 1);
    assertThat(manifest.headers())
        .extracting(VersionManifest.Blob::lengthBytes)
        .allSatisfy(length -> assertThat(length).isLessThanOrEqualTo(4L * MEBIBYTE));
    assertThat(manifest.headers().stream().mapToLong(VersionManifest.Blob::lengthBytes).sum())
        .isEqualTo(headerBytes);
  }

  @Test
  void studiesThatAreCopiedAtOnceLieApartEachInTheOrderInWhichItIsRead() throws Exception {
    List<Callable<Object>> copies = new ArrayList<>();
    try (RepositoryDestination destination = place.connect();
        var crew = Executors.newFixedThreadPool(3)) {
      for (String uid : List.of("1.2.3", "1.2.4", "1.2.5")) {
        TestStudy study = TestStudy.of(uid);
        for (int i = 0; i < 5; i++) {
          study.file("piece" + i, bytes(7 * MEBIBYTE));
        }
        copies.add(() -> study.copyTo(destination));
      }
      for (var copy : crew.invokeAll(copies)) {
        copy.get();
      }
    }

    Set<String> packs = new LinkedHashSet<>();
    try (Repository repository = place.open()) {
      try (var all = repository.snapshots()) {
        all.forEach(snapshot ->
            assertThat(snapshot.packs())
                .hasSizeBetween(2, 3)
                .allSatisfy(pack -> assertThat(packs.add(pack.digest().hex())).isTrue()));
      }
    }
    Map<String, VersionManifest> manifests = manifests();
    assertThat(manifests).hasSize(3);
    manifests
        .values()
        .forEach(manifest -> {
          BlobAt before = new BlobAt(-1, 0, 0, 0);
          for (VersionManifest.FileRecipe file : manifest.files()) {
            BlobAt at = file.parts().getFirst().blob().at();
            assertThat(at.pack()).isBetween(before.pack(), before.pack() + 1);
            if (at.pack() == before.pack()) {
              long end = before.offset() + before.storedBytes();
              assertThat(at.offset()).isBetween(end, end + ZIP_ENTRY_BYTES_MAX);
            }
            before = at;
          }
        });
  }

  private byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  /// Of each study.
  private Map<String, VersionManifest> manifests() {
    Map<String, VersionManifest> manifests = new HashMap<>();
    try (Repository repository = place.open()) {
      List<Snapshot> versions;
      try (var all = repository.snapshots()) {
        versions = all.toList();
      }
      for (Snapshot version : versions) {
        try (VersionSource source = repository.read(version)) {
          manifests.put(version.groupKey(), VersionManifest.read(source.manifest()));
        }
      }
    }
    return manifests;
  }
}
