package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.SerdabException;
import serdab.destination.repository.Compression;
import serdab.destination.repository.RepositoryDestination;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;

/// A study is erased from a repository: it is gone, and those that share images with it are whole.
class RepositoryErasingTest {

  private static final StudyKey GONE = new StudyKey("1.2.3");
  private static final String REASON = "Asked for.";

  private final Repositories place = new Repositories();
  private final SplittableRandom random = new SplittableRandom(4);
  private final Map<String, byte[]> own = new TreeMap<>();
  private final Map<String, byte[]> reimported = new TreeMap<>();
  private final Map<String, byte[]> stranger = new TreeMap<>();

  /// A study, the same images under another UID with one more, and one that shares nothing.
  private void fill() {
    for (int i = 0; i < 3; i++) {
      byte[] pixels = TestStudy.pixels(random, 3000);
      own.put("a-" + i, TestStudy.image("1.2.3", i, pixels));
      reimported.put("b-" + i, TestStudy.image("1.2.9", i, pixels));
    }
    reimported.put("b-9", TestStudy.image("1.2.9", 9, TestStudy.pixels(random, 3000)));
    stranger.put("c", TestStudy.image("1.2.7", 1, TestStudy.pixels(random, 3000)));
    try (RepositoryDestination destination = place.connect()) {
      study("1.2.3", own).copyTo(destination);
      study("1.2.9", reimported).copyTo(destination);
      study("1.2.7", stranger).copyTo(destination);
      destination.settle(Map.of());
    }
  }

  private static TestStudy study(String uid, Map<String, byte[]> files) {
    TestStudy study = TestStudy.of(uid);
    files.forEach(study::file);
    return study.tellingStructure();
  }

  private static void requireWhole(Destination from, String uid, Map<String, byte[]> files) {
    HeldVersion copy = from.versions(new StudyKey(uid)).getLast();
    assertThat(from.prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
    try (VersionReader reader = from.read(copy)) {
      assertThat(reader.version().files()).hasSize(files.size());
      for (StoredFile file : reader.version().files()) {
        assertThat(TestStudy.read(reader, file, 0, file.lengthBytes()))
            .isEqualTo(files.get(file.path()));
      }
    }
  }

  @Test
  void whatOthersShareWithAnErasedStudyIsKeptForThem() {
    fill();
    HeldVersion before;
    try (RepositoryDestination destination = place.connect()) {
      before = destination.versions(GONE).getLast();
      RepositoryDestination.Erasing plan = destination.planErasing(GONE);

      long written = destination.erase(GONE, REASON);

      assertThat(plan.versions()).extracting(HeldVersion::id).containsExactly(before.id());
      assertThat(plan.sharing()).containsExactly(new StudyKey("1.2.9"));
      assertThat(plan.needsIdentity()).isFalse();
      assertThat(written).isGreaterThan(1000);
    }

    try (RepositoryDestination again = place.connect()) {
      assertThat(again.isErased(GONE)).isTrue();
      assertThat(again.isErased(new StudyKey("1.2.9"))).isFalse();
      assertThat(again.versions(GONE)).isEmpty();
      assertThat(again.prove(before, Depth.PRESENT)).isInstanceOf(ProofOutcome.Gone.class);
      assertThatExceptionOfType(SerdabException.Damaged.class).isThrownBy(() -> again.read(before));
      requireWhole(again, "1.2.9", reimported);
      requireWhole(again, "1.2.7", stranger);
      assertThatExceptionOfType(SerdabException.Refused.class)
          .isThrownBy(() -> study("1.2.3", own).copyTo(again))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-group-erased"));
    }
  }

  /// A group's key is all that opens its packs, so nothing but what others share was sealed anew.
  @Test
  void noKeyOfAnErasedStudyIsLeftAnywhere() {
    fill();
    java.util.Set<String> groups = new java.util.TreeSet<>();
    place.eachFile((name, _) -> groups.add(name));
    try (RepositoryDestination destination = place.connect()) {
      destination.erase(GONE, REASON);
    }

    java.util.Set<String> gone = new java.util.TreeSet<>();
    place.eachFile((name, _) -> gone.add(name));
    groups.removeIf(name -> gone.contains(name) || !name.startsWith("groups/"));
    assertThat(groups).hasSize(1);
    String group = groups.iterator().next().split("/", -1)[2];
    place.eachFile((name, bytes) -> {
      if (name.startsWith("copies/")) {
        assertThat(new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1))
            .doesNotContain("groups/" + group.substring(0, 2) + "/" + group);
      }
    });
  }

  @Test
  void withoutTheIdentityOnlyWhatNobodySharesIsErased() {
    fill();
    try (RepositoryDestination machine = place.connect(Compression.SMALL, false)) {
      assertThat(machine.planErasing(GONE).needsIdentity()).isTrue();
      assertThatExceptionOfType(SerdabException.Refused.class)
          .isThrownBy(() -> machine.erase(GONE, REASON))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-needs-identity"));
      assertThat(machine.isErased(GONE)).isFalse();

      machine.erase(new StudyKey("1.2.7"), REASON);
    }

    try (RepositoryDestination again = place.connect()) {
      assertThat(again.versions(new StudyKey("1.2.7"))).isEmpty();
      requireWhole(again, "1.2.3", own);
      requireWhole(again, "1.2.9", reimported);
    }
  }

  @Test
  void whereverItIsKilledOthersAreWholeAndTheNextOneEndsIt() {
    int step = 1;
    boolean killed = true;
    for (; killed; step += 11) {
      RepositoryErasingTest world = new RepositoryErasingTest();
      world.fill();
      killed = world.killedAt(step);
    }
    assertThat(step).isGreaterThan(100);
  }

  private boolean killedAt(int step) {
    boolean killed = false;
    RepositoryDestination first = place.connect();
    place.disk.failAt(
        place.disk.steps() + step,
        step % 2 == 0 ? SimulatedDisk.Fault.KILL : SimulatedDisk.Fault.POWER_CUT);
    try {
      first.erase(GONE, REASON);
    } catch (CrashedException | SerdabException e) {
      killed = true;
    }
    place.disk.failNoMore();
    place.disk.kill();

    try (RepositoryDestination second = place.connect()) {
      requireWhole(second, "1.2.9", reimported);
      requireWhole(second, "1.2.7", stranger);
      second.erase(GONE, REASON);
      second.settle(Map.of());
    }

    try (RepositoryDestination third = place.connect()) {
      assertThat(third.versions(GONE)).isEmpty();
      requireWhole(third, "1.2.9", reimported);
      requireWhole(third, "1.2.7", stranger);
    }
    return killed;
  }
}
