package serdab.repository;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.store.Capability;
import serdab.testing.world.FaultyStore;

/// What is lost, forged or late must not take a version with it, nor let one count that nobody can
/// read.
class LossTest {

  private final Kit kit = new Kit(41);
  private final FaultyStore place = place();

  private FaultyStore place() {
    FaultyStore made = new FaultyStore(kit.random, Kit.CLOCK);
    made.shareAmongWriters();
    return made;
  }

  private List<byte[]> blobs(int count) {
    return Stream.generate(() -> kit.bytes(2_000)).limit(count).toList();
  }

  private List<String> names(String prefix) {
    return RepositoryTest.names(place, prefix);
  }

  // ---- the keys of groups

  @Test
  void anotherVersionOfAGroupWhoseKeysAreLostUsesTheirCopies() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kit.begin(place);
    Snapshot first = Kit.write(repository, "1", "v1", blobs).snapshot();
    repository.settle();
    place.lose(names("groups/").getFirst());

    Repository writer = kit.openWithoutIdentity(place.connect());
    List<byte[]> more = blobs(2);
    Snapshot second = Kit.write(writer, "1", "v2", more).snapshot();
    writer.settle();

    Repository reader = kit.openToRead(place.connect());
    assertThat(Kit.read(reader, second)).containsExactlyElementsOf(more);
    assertThat(Kit.read(reader, first)).containsExactlyElementsOf(blobs);
  }

  @Test
  void whatARunCommittedBeforeItWasKilledGetsItsCopiesFromTheNext() {
    List<byte[]> blobs = blobs(3);
    Repository killed = kit.begin(place);
    Snapshot first = Kit.write(killed, "1", "v1", blobs).snapshot();
    Snapshot second = Kit.write(killed, "2", "v1", blobs.subList(0, 2)).snapshot();
    assertThat(names("copies/")).isEmpty();

    try (Repository next = kit.openWithoutIdentity(place.connect())) {
      Kit.write(next, "3", "v1", blobs(1));
      next.settle();
    }
    List.of(first, second).forEach(each -> place.lose("snapshots/" + each.at() + ".zip"));
    names("index/").forEach(place::lose);
    names("groups/").forEach(place::lose);

    assertThat(Damaged.repair(place).notMended()).isEmpty();
    Repository reader = kit.openToRead(place.connect());
    assertThat(Kit.versions(reader)).containsOnlyKeys("1/v1", "2/v1", "3/v1");
    assertThat(Kit.read(reader, first)).containsExactlyElementsOf(blobs);
    assertThat(Kit.read(reader, second)).containsExactlyElementsOf(blobs.subList(0, 2));
  }

  @Test
  void copiesOfWhichARunWroteOnlyOneBeforeItWasKilledGetTheirOtherFromTheNext() {
    kit.begin(place.connect()).close();
    SteppedStore dying =
        new SteppedStore(
            place.connect(),
            () -> {
              if (!names("copies/1/").isEmpty()) {
                throw new Turns.KilledError();
              }
            });
    Repository killed = kit.open(dying);
    Kit.write(killed, "1", "v1", blobs(3));
    assertThatExceptionOfType(Turns.KilledError.class).isThrownBy(killed::settle);
    assertThat(names("copies/")).hasSize(1);
    assertThat(Damaged.findings(place)).isEmpty();

    try (Repository next = kit.openWithoutIdentity(place.connect())) {
      Kit.write(next, "2", "v1", blobs(1));
      next.settle();
    }

    assertThat(names("copies/1/")).hasSize(2);
    assertThat(names("copies/2/")).hasSize(2);
    assertThat(Damaged.findings(place)).isEmpty();
    place.lose(names("copies/2/").getFirst());
    assertThat(Damaged.findings(place)).hasSize(1);
  }

  @Test
  void keysOfAGroupThatAreLostWithTheirCopiesAreNotMadeAnew() {
    Repository repository = kit.begin(place);
    Kit.write(repository, "1", "v1", blobs(3));
    String keys = names("groups/").getFirst();
    place.lose(keys);

    Repository writer = kit.openWithoutIdentity(place.connect());

    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> Kit.write(writer, "1", "v2", blobs(2)));
    assertThat(names("groups/")).isEmpty();
  }

  @Test
  void noVersionReliesOnPacksWhoseKeysAreLost() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kit.begin(place);
    Kit.write(repository, "1", "v1", blobs);
    place.lose(names("groups/").getFirst());

    Repository writer = kit.openWithoutIdentity(place.connect());
    Snapshot other = Kit.write(writer, "2", "v1", blobs).snapshot();
    writer.settle();

    assertThat(Kit.read(kit.openToRead(place.connect()), other)).containsExactlyElementsOf(blobs);
  }

  @Test
  void aVersionWhoseKeysAreLostIsNotIntact() {
    Repository repository = kit.begin(place);
    Snapshot written = Kit.write(repository, "1", "v1", blobs(3)).snapshot();
    place.lose(names("groups/").getFirst());

    Repository again = kit.openWithoutIdentity(place.connect());

    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> again.requirePresent(written));
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> again.requireIntact(written));
  }

  @Test
  void keysThatTwoMachinesMadeAtOnceForDifferentGenerationsBothOpenWhatTheySealed() {
    kit.begin(place.connect());
    Unlocked owner = Unlocked.open(place, Repository.identity(place), List.of(kit.person));
    List<byte[]> late = blobs(2);
    List<byte[]> early = blobs(2);
    AtomicInteger steps = new AtomicInteger(-1);
    SteppedStore stepped =
        new SteppedStore(
            place.connect(),
            () -> {
              // Its folder was listed, and it is about to write the keys.
              if (steps.decrementAndGet() == 0) {
                Kit.write(kit.openWithoutIdentity(place.connect()), "1", "v1", early);
              }
            });
    Repository behind = kit.openWithoutIdentity(stepped);
    Kit.write(behind, "0", "v0", blobs(1));
    Keys.next(place, owner, List.of(kit.person.recipient()), Kit.CLOCK.instant(), kit.random);
    steps.set(2);
    Kit.write(behind, "1", "v2", late);

    Repository reader = kit.openToRead(place.connect());
    String group = reader.naming().group("1");
    assertThat(names("groups/")).contains(GroupKey.file(group, 1), GroupKey.file(group, 2));
    assertThat(Kit.read(reader, reader.find("1", "v1").orElseThrow()))
        .containsExactlyElementsOf(early);
    assertThat(Kit.read(reader, reader.find("1", "v2").orElseThrow()))
        .containsExactlyElementsOf(late);
  }

  // ---- snapshots

  @Test
  void aSnapshotWithADamagedLabelIsReadFromItsCopies() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kit.begin(place);
    Snapshot written = Kit.write(repository, "1", "v1", blobs).snapshot();
    repository.settle();
    names("index/").forEach(place::lose);
    String file = "snapshots/" + written.at() + ".zip";
    StoredZip.Entry label = StoredZip.entries(place.open(file)).get(SnapshotFile.LABEL);
    place.flipBit(file, 8 * (Objects.requireNonNull(label).offset() + 200));

    Repository again = kit.open(place.connect());

    assertThat(again.find("1", "v1")).contains(written);
    assertThat(again.unreadableSnapshots()).isEmpty();
    assertThat(Kit.read(again, written)).containsExactlyElementsOf(blobs);
  }

  @Test
  void aPruneDoesNotFenceOffASnapshotThatIsLeftInItsCopies() {
    List<byte[]> blobs = blobs(3);
    Repository repository = kit.begin(place);
    Snapshot written = Kit.write(repository, "1", "v1", blobs).snapshot();
    Snapshot goes = Kit.write(repository, "2", "v1", blobs(2)).snapshot();
    repository.settle();
    names("index/").forEach(place::lose);
    names("snapshots/").stream()
        .filter(file -> !file.endsWith("/00000000.zip"))
        .forEach(place::lose);

    Prune prune = new Prune(kit.open(place.connect()));
    prune.carryOut(prune.plan(List.of(goes), Duration.ZERO), "Asked for.");
    names("index/").forEach(place::lose);

    Repository again = kit.open(place.connect());
    assertThat(again.find("1", "v1")).contains(written);
    assertThat(Kit.read(again, written)).containsExactlyElementsOf(blobs);
  }

  @Test
  void aSnapshotThatIsMissingBetweenOthersStopsAPrune() {
    Repository repository = kit.begin(place);
    Snapshot lost = Kit.write(repository, "1", "v1", blobs(3)).snapshot();
    Kit.write(repository, "2", "v1", blobs(3));
    place.lose("snapshots/" + lost.at() + ".zip");

    Prune prune = new Prune(kit.open(place.connect()));

    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> prune.plan(List.of(), Duration.ZERO));
  }

  // ---- forged, and of people who may no more

  @Test
  void anIndexOfARevokedWriterHidesNothing() {
    Repository repository = kit.begin(place);
    Snapshot written = Kit.write(repository, "1", "v1", blobs(3)).snapshot();
    repository.settle();
    Unlocked owner = Unlocked.open(place, Repository.identity(place), List.of(kit.person));
    WriterKeys stolen = Keys.enrol(place, owner, "stolen", Kit.CLOCK.instant(), kit.random);
    Keys.revoke(place, owner, stolen.id(), Kit.CLOCK.instant());
    Trust trust =
        new Trust(Writers.read(place, owner.ownerKey()), Optional.of(stolen.signer()), stolen.id());
    Numbers covers = new Numbers();
    covers.add(new Layout.Range(written.at().substring(0, 32), 0, 100));
    Set<serdab.Sha256> replaces = new java.util.HashSet<>();
    names("index/").forEach(file -> Layout.indexOf(file).ifPresent(replaces::add));
    new SegmentWriter(
            new PackTable(),
            List.of(AgeIdentity.parse(stolen.index().text()).recipient()),
            kit.random)
        .write(() -> SegmentWriter.merged(List.of()), covers, replaces, trust, new Shelf(place));

    Repository again = kit.open(place.connect());

    assertThat(again.find("1", "v1")).contains(written);
    assertThat(new Prune(again).plan(List.of(), Duration.ZERO).packs()).isEmpty();
  }

  @Test
  void aGenerationThatThisMachineKnowsIsNotForgottenWhenItIsTakenAway() {
    kit.begin(place.connect());
    Unlocked owner = Unlocked.open(place, Repository.identity(place), List.of(kit.person));
    AgeIdentity stays = AgeIdentity.generate(kit.random);
    Keys.next(place, owner, List.of(stays.recipient()), Kit.CLOCK.instant(), kit.random);
    Generation second = Generations.newest(place, owner.ownerKey());
    WriterKeys home = kit.writer().with(second);
    place.lose(Generation.file(2));

    Repository writer =
        Repository.open(
            place.connect(), Optional.of(home), List.of(), Kit.CLOCK, kit.random, 1 << 19);
    Kit.write(writer, "1", "v1", blobs(1));

    assertThat(names("groups/")).hasSize(1).allMatch(file -> file.endsWith("/2.json"));
  }

  @Test
  void namesThatSomebodyMadeUpStopNobody() {
    Repository repository = kit.begin(place);
    Snapshot written = Kit.write(repository, "1", "v1", blobs(1)).snapshot();
    repository.settle();
    String session = written.at().substring(0, 32);
    place.put("copies/1/" + session + "-00000007-00000003.zip", new byte[1]);
    place.put("copies/2/" + "0".repeat(32) + "-00000000-99999998.zip", new byte[1]);
    place.put("erased/short.json", new byte[1]);
    place.put("groups/x.json", new byte[1]);
    place.put("packs/x.age", new byte[1]);
    place.put("keys/0.json", new byte[1]);
    place.put("removed/x.json", new byte[1]);

    Repository again = kit.open(place.connect());

    assertThat(again.find("1", "v1")).contains(written);
    assertThat(again.unreadableSnapshots()).isEmpty();
    assertThat(new Prune(again).plan(List.of(), Duration.ZERO).packs()).isEmpty();
  }

  @Test
  void keysThatThePlaceDidNotKeepWholeAreNotTakenForWritten() {
    Repository repository = kit.begin(place);
    Unlocked owner = Unlocked.open(place, Repository.identity(place), List.of(kit.person));
    place.promiseOnly(Capability.CONDITIONAL_CREATE, Capability.LIST_AFTER_WRITE);
    place.keepLess(1);

    assertThatExceptionOfType(SerdabException.class)
        .isThrownBy(() ->
            Keys.next(
                place, owner, List.of(kit.person.recipient()), Kit.CLOCK.instant(), kit.random));
    place.behave();
    assertThat(Generations.newest(place, owner.ownerKey()).number()).isEqualTo(1);
    assertThat(repository.canWrite()).isTrue();
  }

  // ---- late

  @Test
  void aPackThatWasWrittenBeforeAFenceIsAskedForAgain() throws Exception {
    // So that there is a step between a pack's name and its being counted as written.
    place.promiseOnly(Capability.CONDITIONAL_CREATE, Capability.LIST_AFTER_WRITE);
    kit.begin(place.connect());
    AtomicBoolean armed = new AtomicBoolean();
    CountDownLatch fenced = new CountDownLatch(1);
    CountDownLatch committed = new CountDownLatch(1);
    Thread pruning =
        new Thread(() -> {
          Prune prune = new Prune(kit.open(place.connect()));
          prune.carryOut(
              prune.plan(List.of(), Duration.ofDays(-1)),
              "Asked for.",
              _ -> {
                fenced.countDown();
                await(committed);
              });
        });
    SteppedStore stepped =
        new SteppedStore(
            place.connect(),
            () -> {
              if (armed.get() && !names("packs/").isEmpty()) {
                armed.set(false);
                pruning.start();
                await(fenced);
                Kit.write(other(), "2", "v1", blobs(1));
              }
            });
    Repository repository = kit.open(stepped);
    shared = repository;
    List<byte[]> blobs = blobs(3);
    Optional<Snapshot> done = Optional.empty();
    try (VersionWriter writer = repository.begin("1")) {
      armed.set(true);
      done = Optional.of(Kit.write(writer, "v1", Optional.empty(), blobs).snapshot());
    } catch (SerdabException.Unavailable e) {
      assertThat(e.problem().code()).isEqualTo("repository-session-ended");
    }
    committed.countDown();
    pruning.join();

    done.ifPresent(snapshot -> kit.open(place.connect()).requireIntact(snapshot));
    assertThat(fenced.getCount()).isZero();
  }

  private @org.jspecify.annotations.Nullable Repository shared;

  private Repository other() {
    return Objects.requireNonNull(shared);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  // ---- a damaged index

  @Test
  void aDamagedPageOfTheIndexStopsNoRun() {
    Repository repository = kit.begin(place);
    Kit.write(repository, "1", "v1", blobs(3));
    repository.settle();
    String file = names("index/").getFirst();
    StoredZip.Entry table = StoredZip.entries(place.open(file)).get(Segment.BLOBS);
    place.flipBit(file, 8 * (Objects.requireNonNull(table).offset() + 20));

    Repository again = kit.open(place.connect());
    Kit.write(again, "2", "v1", blobs(2));
    again.settle();

    assertThat(Kit.versions(kit.open(place.connect()))).containsOnlyKeys("1/v1", "2/v1");
  }

  @Test
  void aSnapshotThatIsLostForGoodIsGivenUpByNameAndStopsNoPruneAnyMore() {
    Damaged repository = new Damaged(new SplittableRandom(21), 5);
    Map<String, Snapshot> versions;
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      versions = Kit.versions(opened);
    }
    String lost = requireNonNull(versions.get("g2/v")).at();
    String other = requireNonNull(versions.get("g3/v")).at();
    repository.files("index/").forEach(repository.place::lose);
    repository.files("copies/").forEach(repository.place::lose);
    repository.place.flipBit(Layout.At.parse(lost).file(), 8 * 70);

    try (Repository opened = repository.kit.open(repository.place.connect())) {
      Prune prune = new Prune(opened);
      assertThatExceptionOfType(SerdabException.Damaged.class)
          .isThrownBy(() -> prune.plan(List.of(), Duration.ZERO));
      assertThat(opened.unreadableSnapshots()).containsOnlyKeys(lost);
      assertThatExceptionOfType(SerdabException.Refused.class)
          .isThrownBy(() -> prune.giveUp(other, "Asked for."))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("repository-snapshot-not-lost"));

      prune.giveUp(lost, "Asked for.");

      prune.carryOut(prune.plan(List.of(), Duration.ofDays(-1)), "Asked for.");
    }
    assertThat(Damaged.findings(repository.place)).isEmpty();
    try (Repository opened = repository.kit.open(repository.place.connect())) {
      Map<String, Snapshot> left = Kit.versions(opened);
      assertThat(left.keySet()).containsExactlyInAnyOrder("g0/v", "g1/v", "g3/v", "g4/v");
      left.forEach((name, snapshot) ->
          assertThat(Kit.read(opened, snapshot))
              .containsExactlyElementsOf(requireNonNull(repository.content.get(name))));
      // Its packs were needed by nobody else.
      assertThat(repository.place.find(Layout.pack(packOf(versions, "g2/v")))).isEmpty();
    }
  }

  private static Sha256 packOf(Map<String, Snapshot> versions, String name) {
    return requireNonNull(versions.get(name)).packs().getFirst().digest();
  }

  @Test
  void aWriterThatSleptOverItsLostSnapshotBeingGivenUpCommitsInANewSession() {
    for (boolean isGone : new boolean[] {false, true}) {
      Kit kit = new Kit(22);
      FaultyStore place = ParityTest.place(kit.random);
      Repository sleeping = kit.begin(place.connect(), Parity.WITHOUT);
      Kit.write(sleeping, "g0", "v", List.of(kit.bytes(100)));
      String lost = Kit.write(sleeping, "g1", "v", List.of(kit.bytes(100))).snapshot().at();
      Layout.At at = Layout.At.parse(lost);
      place.flipBit(at.file(), 8 * 70);
      try (Repository opened = kit.open(place.connect())) {
        new Prune(opened).giveUp(lost, "Asked for.");
        if (isGone) {
          place.lose(at.file());
        }
      }

      Snapshot after = Kit.write(sleeping, "g2", "v", List.of(kit.bytes(100))).snapshot();
      assertThat(Layout.At.parse(after.at()).session()).isNotEqualTo(at.session());

      try (Repository opened = kit.open(place.connect())) {
        assertThat(Kit.versions(opened).keySet()).containsExactlyInAnyOrder("g0/v", "g2/v");
        assertThat(new Prune(opened).plan(List.of(), Duration.ZERO).versions()).isEmpty();
      }
    }
  }
}
