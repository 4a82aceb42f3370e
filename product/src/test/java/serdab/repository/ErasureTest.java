package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.BlobStore;
import serdab.store.Capability;
import serdab.testing.world.FaultyStore;

class ErasureTest {

  private final Kit kit = new Kit(5);
  private final FaultyStore place = place();

  private final List<byte[]> own = blobs(2);
  private final List<byte[]> shared = blobs(3);
  private final List<byte[]> others = blobs(2);

  private FaultyStore place() {
    FaultyStore made = new FaultyStore(kit.random, Kit.CLOCK);
    made.shareAmongWriters();
    return made;
  }

  private List<byte[]> blobs(int count) {
    return Stream.generate(() -> kit.bytes(500)).limit(count).toList();
  }

  /// The manifests of [Kit], a blob on each line.
  static byte[] move(byte[] manifest, UnaryOperator<BlobAt> moved) {
    return new String(manifest, StandardCharsets.UTF_8)
        .lines()
        .map(line -> line.split(" ", -1))
        .map(at ->
            moved.apply(
                new BlobAt(
                    Integer.parseInt(at[0]),
                    Long.parseLong(at[1]),
                    Long.parseLong(at[2]),
                    Integer.parseInt(at[3]))))
        .map(at -> at.pack() + " " + at.offset() + " " + at.storedBytes() + " " + at.codec() + "\n")
        .collect(Collectors.joining())
        .getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(BlobStore place, String file) {
    return new Shelf(place).whole(file, 1 << 30).orElseThrow();
  }

  private static <T> List<T> both(List<T> one, List<T> other) {
    return Stream.concat(one.stream(), other.stream()).toList();
  }

  /// A group to erase, two that share with it, and one that does not.
  private void fill(BlobStore store) {
    try (Repository repository = kit.begin(store)) {
      Kit.write(repository, "gone", "v1", both(own, shared));
      Kit.write(repository, "near", "v1", both(shared, others));
      Kit.write(repository, "near", "v2", shared.subList(0, 1));
      Kit.write(repository, "next", "v1", shared.subList(1, 3));
      Kit.write(repository, "far", "v1", others);
      repository.settle();
    }
  }

  private void requireLiving(Repository repository) {
    var versions = Kit.versions(repository);
    assertThat(versions.keySet()).contains("near/v1", "near/v2", "next/v1", "far/v1");
    assertThat(Kit.read(repository, Objects.requireNonNull(versions.get("near/v1"))))
        .containsExactlyElementsOf(both(shared, others));
    assertThat(Kit.read(repository, Objects.requireNonNull(versions.get("near/v2"))))
        .containsExactlyElementsOf(shared.subList(0, 1));
    assertThat(Kit.read(repository, Objects.requireNonNull(versions.get("next/v1"))))
        .containsExactlyElementsOf(shared.subList(1, 3));
    assertThat(Kit.read(repository, Objects.requireNonNull(versions.get("far/v1"))))
        .containsExactlyElementsOf(others);
  }

  /// No document with the group's key is anywhere, and no version that counts needs it.
  private static void requireErased(Repository repository, FaultyStore place, String group) {
    assertThat(RepositoryTest.names(place, Layout.groupFolder(group))).isEmpty();
    List<String> copies = RepositoryTest.names(place, "copies/");
    assertThat(copies).isNotEmpty();
    for (String copy : copies) {
      assertThat(new String(bytes(place, copy), StandardCharsets.ISO_8859_1))
          .doesNotContain(Layout.groupFolder(group));
    }
    assertThat(repository.snapshots("gone")).isEmpty();
    try (Known known = repository.readAgainWithLabels()) {
      assertThat(known.needing(group)).isEmpty();
    }
  }

  /// Whoever erases takes a file of copies away and writes it anew; another one who does the same
  /// misses it for a while, at any step of their own.
  @Test
  void keysAreTakenOutOfCopiesThatSomebodyElseWritesAnewMeanwhile() {
    fill(place.connect());
    Repository repository = kit.open(place.connect());
    String gone = Layout.groupFolder(repository.naming().group("gone"));
    String near = Layout.groupFolder(repository.naming().group("near"));
    List<String> copies = RepositoryTest.names(place, "copies/");
    assertThat(copies).hasSize(2);
    byte[] before = bytes(place, copies.getFirst());
    for (String taken : copies) {
      for (int at = 1; at <= 20; at++) {
        copies.forEach(file -> {
          place.lose(file);
          place.put(file, before);
        });
        int[] left = {at};
        Runnable other =
            () -> {
              left[0]--;
              if (left[0] == 0) {
                place.lose(taken);
              } else if (left[0] == -2 && place.find(taken).isEmpty()) {
                place.put(taken, before);
              }
            };

        Copies.forget(
            new Shelf(new SteppedStore(place.connect(), other)),
            Set.of(repository.naming().group("gone")));

        List<String> after = RepositoryTest.names(place, "copies/");
        // The other may still be about to write its own.
        assertThat(after).hasSizeGreaterThanOrEqualTo(left[0] == 0 || left[0] == -1 ? 1 : 2);
        for (String file : after) {
          assertThat(new String(bytes(place, file), StandardCharsets.ISO_8859_1))
              .as("at step %s", at)
              .contains(near)
              .doesNotContain(gone);
        }
      }
    }
  }

  @Test
  void anErasedGroupIsGoneAndWhatOthersShareWithItStays() {
    fill(place.connect());
    Repository repository = kit.open(place.connect());
    String group = repository.naming().group("gone");
    List<Snapshot> before = repository.snapshots("near");

    Erasure.Plan plan = new Erasure(repository, ErasureTest::move).plan("gone");
    Erasure.Done done = repository.erase("gone", ErasureTest::move, "Asked for.");

    assertThat(plan.versions()).extracting(Snapshot::version).containsExactly("v1");
    assertThat(plan.sharing()).hasSize(3);
    assertThat(done.versions()).isEqualTo(3);
    assertThat(done.whenPlaceLetsGo()).isFalse();
    Repository again = kit.open(place.connect());
    requireLiving(again);
    requireErased(again, place, group);
    assertThat(again.snapshots("near")).extracting(Snapshot::version).containsExactly("v1", "v2");
    assertThat(again.snapshots("near"))
        .extracting(Snapshot::time)
        .containsExactlyElementsOf(before.stream().map(Snapshot::time).toList());
    assertThat(again.refusedDocuments()).isEmpty();
    assertThat(new Erasure(again, ErasureTest::move).carryOut("gone", "Again.").versions())
        .isZero();
  }

  @Test
  void whatIsSealedAnewIsOnlyWhatIsShared() {
    fill(place.connect());
    Repository repository = kit.open(place.connect());

    Erasure.Done done = repository.erase("gone", ErasureTest::move, "Asked for.");
    Prune prune = new Prune(repository);
    prune.carryOut(prune.plan(List.of(), Duration.ofDays(-1)), "None.");

    // Three blobs of 500 bytes, three manifests, and what a pack takes around them.
    assertThat(done.storedBytes()).isLessThan(3 * 500 + 3 * 900);
    Repository again = kit.open(place.connect());
    requireLiving(again);
    for (byte[] blob : own) {
      VersionWriter writer = again.begin("other");
      assertThat(writer.find(serdab.Sha256.digest(blob))).isEmpty();
    }
  }

  @Test
  void nothingIsWrittenForAnErasedGroupAgain() {
    fill(place.connect());
    Repository before = kit.open(place.connect());
    VersionWriter open = before.begin("gone");
    kit.open(place.connect()).erase("gone", ErasureTest::move, "Asked for.");

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> kit.open(place.connect()).begin("gone"))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-group-erased"));
    assertThatExceptionOfType(SerdabException.Unavailable.class)
        .isThrownBy(() -> Kit.write(open, "v2", java.util.Optional.empty(), own))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-session-ended"));
    assertThatExceptionOfType(SerdabException.Refused.class).isThrownBy(() -> before.begin("gone"));
  }

  @Test
  void aForgedErasureIsReportedAndHidesNothing() {
    fill(place.connect());
    String group = kit.open(place.connect()).naming().group("near");
    Kit stranger = new Kit(99);
    Repository theirs = stranger.begin(new FaultyStore(stranger.random, Kit.CLOCK));
    Doc doc =
        new Doc()
            .with("group", group)
            .with("time", Kit.CLOCK.instant().toString())
            .with("reason", "Nobody asked.");
    place.put(Erased.file(group), theirs.trust().signed(doc, Erased.file(group)));

    Repository repository = kit.open(place.connect());

    requireLiving(repository);
    assertThat(repository.refusedDocuments()).containsOnlyKeys(Erased.file(group));
    Kit.write(repository, "near", "v3", own);
    // Somebody who may makes it true.
    repository.erase("near", ErasureTest::move, "Asked for.");
    assertThat(kit.open(place.connect()).snapshots("near")).isEmpty();
    assertThat(kit.open(place.connect()).refusedDocuments()).isEmpty();
  }

  @Test
  void aGroupOfAnotherNameIsNotErasedByADocumentThatWasCopied() {
    fill(place.connect());
    Repository repository = kit.open(place.connect());
    String gone = repository.naming().group("gone");
    String near = repository.naming().group("near");
    repository.erase("gone", ErasureTest::move, "Asked for.");
    place.put(Erased.file(near), bytes(place, Erased.file(gone)));

    Repository again = kit.open(place.connect());

    requireLiving(again);
    assertThat(again.refusedDocuments()).containsOnlyKeys(Erased.file(near));
  }

  @Test
  void whatOthersShareIsNotErasedWithoutAnIdentity() {
    fill(place.connect());
    Repository repository = kit.openWithoutIdentity(place.connect());

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> repository.erase("gone", ErasureTest::move, "Asked for."))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-needs-identity"));
    repository.erase("far", ErasureTest::move, "Asked for.");

    Repository again = kit.open(place.connect());
    assertThat(again.snapshots("gone")).hasSize(1);
    assertThat(again.snapshots("far")).isEmpty();
  }

  @Test
  void whatIsNotThereIsNotErased() {
    fill(place.connect());

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(
            () -> kit.open(place.connect()).erase("mistyped", ErasureTest::move, "Asked for."))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-group-unknown"));
    assertThat(RepositoryTest.names(place, "erased/")).isEmpty();
  }

  @Test
  void aPlaceThatLocksFilesIsToldOf() {
    fill(place.connect());
    place.promiseOnly(Capability.values());
    Repository repository = kit.open(place.connect());

    assertThat(new Erasure(repository, ErasureTest::move).plan("gone").whenPlaceLetsGo()).isTrue();
    assertThat(repository.erase("gone", ErasureTest::move, "Asked for.").whenPlaceLetsGo())
        .isTrue();
  }

  /// Whichever step is its last, what lives reads as written, and another run ends it.
  @Test
  void anErasureThatWasKilledAtAnyStepIsEndedByAnother() {
    for (int last = 1; ; last++) {
      ErasureTest world = new ErasureTest();
      if (!world.killAndEnd(last)) {
        assertThat(last).isGreaterThan(60);
        return;
      }
    }
  }

  private boolean killAndEnd(int last) {
    fill(place.connect());
    int[] left = {last};
    boolean killed = false;
    String group;
    try (Repository tool = kit.open(place.connect())) {
      group = tool.naming().group("gone");
    }
    try {
      Repository repository =
          kit.open(
              new SteppedStore(
                  place.connect(),
                  () -> {
                    if (--left[0] == 0) {
                      throw new Turns.KilledError();
                    }
                  }));
      repository.erase("gone", ErasureTest::move, "Asked for.");
    } catch (Turns.KilledError e) {
      killed = true;
    }

    try (Repository between = kit.open(place.connect())) {
      requireLiving(between);
      between.erase("gone", ErasureTest::move, "Asked for.");
    }
    try (Repository after = kit.open(place.connect())) {
      requireLiving(after);
      requireErased(after, place, group);
      Prune prune = new Prune(after);
      prune.carryOut(prune.plan(List.of(), Duration.ofDays(-3650)), "None.");
      requireLiving(kit.open(place.connect()));
    }
    return killed;
  }

  /// Makes a place that locks its files, as Object Lock does: what is deleted is not listed any
  /// more and stays as an earlier version of the name.
  private static BlobStore locking(BlobStore store, Map<String, byte[]> earlier) {
    return (BlobStore)
        Proxy.newProxyInstance(
            BlobStore.class.getClassLoader(),
            new Class<?>[] {BlobStore.class},
            (_, method, arguments) -> {
              if (method.getName().equals("delete")) {
                String name = (String) arguments[0];
                if (store.find(name).isPresent()) {
                  earlier.putIfAbsent(name, bytes(store, name));
                }
              }
              try {
                return method.invoke(store, arguments);
              } catch (InvocationTargetException e) {
                throw Objects.requireNonNull(e.getCause());
              }
            });
  }

  @Test
  void whereThePlaceLocksFilesTheStudyCanBeReadUntilTheLockOnItsKeysEnds() {
    fill(place.connect());
    place.promiseOnly(Capability.values());
    Map<String, byte[]> earlier = new TreeMap<>();
    String group;
    try (Repository repository = kit.open(locking(place.connect(), earlier))) {
      group = repository.naming().group("gone");
      assertThat(repository.erase("gone", ErasureTest::move, "Asked for.").whenPlaceLetsGo())
          .isTrue();
      assertThat(Kit.versions(repository)).doesNotContainKey("gone/v1");
    }
    assertThat(earlier.keySet())
        .anyMatch(file -> file.startsWith(Layout.groupFolder(group)))
        .noneMatch(file -> file.startsWith("packs/"));

    // Whoever has the identity, and may ask the place for earlier versions, puts them back.
    Notices.files(Erased.file(group)).forEach(place::lose);
    earlier.forEach((file, bytes) -> {
      if (place.find(file).isEmpty()) {
        place.put(file, bytes);
      }
    });
    try (Repository repository = kit.open(place.connect())) {
      assertThat(
              Kit.read(repository, Objects.requireNonNull(Kit.versions(repository).get("gone/v1"))))
          .containsExactlyElementsOf(both(own, shared));
    }

    // When the lock has ended there are none.
    earlier.keySet().forEach(place::lose);
    try (Repository repository = kit.open(place.connect())) {
      Snapshot gone = Objects.requireNonNull(Kit.versions(repository).get("gone/v1"));
      assertThatExceptionOfType(SerdabException.Damaged.class)
          .isThrownBy(() -> Kit.read(repository, gone));
      requireLiving(repository);
    }
  }

  @Test
  void whereThePlaceRefusesToDeleteTheErasureIsEndedByTheNextOneAfterTheLock() {
    fill(place.connect());
    place.promiseOnly(Capability.values());
    AtomicBoolean locked = new AtomicBoolean(true);
    FaultyStore connected = place.connect();
    BlobStore refusing =
        (BlobStore)
            Proxy.newProxyInstance(
                BlobStore.class.getClassLoader(),
                new Class<?>[] {BlobStore.class},
                (_, method, arguments) -> {
                  if (method.getName().equals("delete") && locked.get()) {
                    throw new SerdabException.Refused(
                        new Problem("blob-locked", "The place keeps it.", "Wait."));
                  }
                  try {
                    return method.invoke(connected, arguments);
                  } catch (InvocationTargetException e) {
                    throw Objects.requireNonNull(e.getCause());
                  }
                });
    Repository first = kit.open(refusing);
    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> first.erase("gone", ErasureTest::move, "Asked for."));
    assertThat(Kit.versions(first)).doesNotContainKey("gone/v1");

    locked.set(false);
    Repository second = kit.open(refusing);
    second.erase("gone", ErasureTest::move, "Asked for.");
    assertThat(new Shelf(place).names(Layout.groupFolder(second.naming().group("gone")))).isEmpty();
    requireLiving(second);
  }
}
