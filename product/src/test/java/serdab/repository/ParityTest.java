package serdab.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobStore;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;
import serdab.testing.world.FaultyStore;

class ParityTest {

  static FaultyStore place(RandomGenerator random) {
    FaultyStore place = new FaultyStore(random, Kit.CLOCK);
    place.shareAmongWriters();
    return place;
  }

  static Snapshot.PackName put(FaultyStore place, byte[] content) {
    Snapshot.PackName pack = new Snapshot.PackName(Sha256.digest(content), content.length);
    place.put(Layout.pack(pack.digest()), content);
    return pack;
  }

  static byte[] bytes(BlobStore place, String file) {
    return new Shelf(place).whole(file, 1 << 30).orElseThrow();
  }

  private static Parity parity(BlobStore place) {
    return new Parity(new Shelf(place));
  }

  @Test
  void theFieldIsOne() {
    for (int a = 1; a < 256; a++) {
      assertThat(Galois.times(a, Galois.inverse(a))).isEqualTo(1);
    }
    assertThat(Galois.power(8)).isEqualTo(0x1D);
    assertThat(Galois.times(0x80, 2)).isEqualTo(0x1D);
    assertThat(Galois.power(255)).isEqualTo(1);
  }

  @SeededTest(runs = 50)
  void eachByteOfQIsTheSumOfPowersTimesMembers(RandomGenerator random) {
    byte[][] members = new byte[1 + random.nextInt(16)][64];
    long[] p = new long[8];
    long[] q = new long[8];
    long[] d = new long[8];
    for (int i = members.length - 1; i >= 0; i--) {
      random.nextBytes(members[i]);
      ParityWriter.longs(members[i]).get(d);
      Galois.add(p, q, d, 0, 8);
    }
    byte[] foundP = new byte[64];
    byte[] foundQ = new byte[64];
    ParityWriter.longs(foundP).put(p);
    ParityWriter.longs(foundQ).put(q);

    for (int at = 0; at < 64; at++) {
      int sumP = 0;
      int sumQ = 0;
      for (int i = 0; i < members.length; i++) {
        sumP ^= members[i][at] & 0xFF;
        sumQ ^= Galois.times(Galois.power(i), members[i][at] & 0xFF);
      }
      assertThat((byte) sumP).isEqualTo(foundP[at]);
      assertThat((byte) sumQ).isEqualTo(foundQ[at]);
    }
  }

  @Test
  void fullGroupsOfSimilarPacksAreCoveredAndTheOthersWait() {
    Kit kit = new Kit(1);
    FaultyStore place = place(kit.random);
    for (int i = 0; i < 17; i++) {
      put(place, kit.bytes(600_000 + kit.random.nextInt(300_000)));
    }
    for (int i = 0; i < 15; i++) {
      put(place, kit.bytes(10_000));
    }

    Parity.Written first = parity(place).cover();
    Parity.Written again = parity(place).cover();
    Parity.Written asked = parity(place).cover(Kit.CLOCK.instant());

    assertThat(first.groups()).isEqualTo(1);
    assertThat(first.packs()).isEqualTo(16);
    assertThat(again).isEqualTo(new Parity.Written(0, 0, 0, List.of()));
    assertThat(asked.packs()).isEqualTo(16);
    assertThat(parity(place).held()).hasSize(2).allMatch(Parity.Held::isWhole);
    assertThat(first.lengthBytes()).isLessThan(2 * 910_000L);
  }

  @Test
  void packsThatWaitedForAWeekAreCoveredByTheNextRunWhetherItWritesOrNot() {
    for (boolean writes : new boolean[] {true, false}) {
      Kit kit = new Kit(3);
      FaultyStore place = new FaultyStore(kit.random, Kit.CLOCK);
      try (Repository repository = kit.begin(place.connect(), Parity.WITH)) {
        Kit.write(repository, "one", "a", List.of(kit.bytes(500_000)));
        repository.settle();
      }
      for (int days : new int[] {6, 8}) {
        try (Repository repository =
            kit.open(place.connect(), () -> Kit.CLOCK.instant().plus(Duration.ofDays(days)))) {
          if (writes) {
            Kit.write(repository, "one", "b" + days, List.of(kit.bytes(days)));
          }
          repository.settle();
        }
        assertThat(new Parity(new Shelf(place)).held()).hasSize(days > 7 ? 1 : 0);
      }
    }
  }

  @Test
  void parityIsNeverComputedFromADamagedPack() {
    Kit kit = new Kit(2);
    FaultyStore place = place(kit.random);
    List<Snapshot.PackName> packs = new ArrayList<>();
    for (int i = 0; i < 17; i++) {
      packs.add(put(place, kit.bytes(5_000)));
    }
    place.flipBit(Layout.pack(packs.get(3).digest()), 12_345);

    Parity.Written written = parity(place).cover();

    assertThat(written.damaged()).containsExactly(packs.get(3).digest());
    assertThat(written.packs()).isEqualTo(16);
    assertThat(parity(place).held().getFirst().group().members()).doesNotContain(packs.get(3));
  }

  @Test
  void whatIsTooLongToHoldIsReadTwiceAndComesOutTheSame() throws Exception {
    Kit kit = new Kit(3);
    FaultyStore place = place(kit.random);
    List<Snapshot.PackName> packs = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      packs.add(put(place, kit.bytes(3_000_000 - i * 500_000)));
    }
    ParityGroup group = new ParityGroup(packs);

    ParityWriter.Written held = new ParityWriter(new Shelf(place)).write(group);
    place.lose(held.p());
    place.lose(held.q());
    ParityWriter.Written streamed = new ParityWriter(new Shelf(place), 0).write(group);

    assertThat(streamed).isEqualTo(held);
    assertThat(Sha256.digest(bytes(place, streamed.p())))
        .isEqualTo(ParityGroup.nameOf(streamed.p()).orElseThrow());
  }

  @Test
  void aRunThatWasKilledBetweenTheTwoFilesIsGoneOnWith() {
    Kit kit = new Kit(4);
    FaultyStore place = place(kit.random);
    for (int i = 0; i < 16; i++) {
      put(place, kit.bytes(5_000));
    }
    parity(place).cover();
    Set<String> whole = new TreeSet<>(new Shelf(place).names(ParityGroup.FOLDER));
    ParityGroup.Pair pair = parity(place).pairs().iterator().next();
    assertThat(whole).hasSize(3);

    for (boolean looksClosely : new boolean[] {true, false}) {
      for (int gone = 1; gone <= 3; gone++) {
        List.of(pair.file(), ParityGroup.file(pair.q()), ParityGroup.file(pair.p()))
            .subList(0, gone)
            .forEach(place::lose);

        if (looksClosely || gone == 3) {
          parity(place).cover();
        } else {
          parity(place).coverLatest(Instant.MIN);
        }

        assertThat(new Shelf(place).names(ParityGroup.FOLDER)).isEqualTo(whole);
      }
    }
  }

  @Test
  void parityThatGoesLooksAtEachStepAsIfItWereNotFinished() {
    Kit kit = new Kit(9);
    FaultyStore place = place(kit.random);
    List<Snapshot.PackName> packs = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      packs.add(put(place, kit.bytes(5_000)));
    }
    parity(place).cover();
    ParityGroup.Pair pair = parity(place).pairs().iterator().next();
    packs.forEach(pack -> place.lose(Layout.pack(pack.digest())));
    List<Set<String>> steps = new ArrayList<>();
    BlobStore watched =
        new SteppedStore(
            place.connect(), () -> steps.add(new Shelf(place).names(ParityGroup.FOLDER)));

    new Parity(new Shelf(watched)).dropReplaced(Set.of());

    assertThat(new Shelf(place).names(ParityGroup.FOLDER)).isEmpty();
    String p = ParityGroup.file(pair.p());
    String q = ParityGroup.file(pair.q());
    assertThat(Set.copyOf(steps))
        .isEqualTo(Set.of(Set.of(p, q, pair.file()), Set.of(p, q), Set.of(p), Set.<String>of()));
  }

  @Test
  void packsThatStayHaveNewParityBeforeTheOthersGo() {
    Kit kit = new Kit(5);
    FaultyStore place = place(kit.random);
    Set<Sha256> needed = new HashSet<>();
    List<Snapshot.PackName> packs = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      packs.add(put(place, kit.bytes(2_000 + kit.random.nextInt(3_000))));
      needed.add(packs.getLast().digest());
    }
    Parity parity = parity(place);
    parity.cover(Kit.CLOCK.instant());
    Set<Sha256> going = Set.of(packs.get(1).digest(), packs.get(20).digest());
    needed.removeAll(going);

    parity.withoutMembers(going, needed);
    assertThat(parity.dropReplaced(needed)).isZero();
    going.forEach(pack -> place.lose(Layout.pack(pack)));
    int dropped = parity.dropReplaced(needed);

    assertThat(dropped).isBetween(2, 4);
    Set<Sha256> covered = new HashSet<>();
    for (Parity.Held held : parity.held()) {
      assertThat(held.isWhole()).isTrue();
      held.group().members().forEach(member -> covered.add(member.digest()));
    }
    assertThat(covered).isEqualTo(needed);
    assertThat(parity.withoutMembers(going, needed).groups()).isZero();
  }

  @Test
  void aDamagedPackThatStaysStopsThoseThatWouldMendIt() {
    Kit kit = new Kit(6);
    FaultyStore place = place(kit.random);
    List<Snapshot.PackName> packs = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      packs.add(put(place, kit.bytes(5_000)));
    }
    parity(place).cover();
    place.flipBit(Layout.pack(packs.get(7).digest()), 7);

    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() ->
            parity(place)
                .withoutMembers(Set.of(packs.get(0).digest()), Set.of(packs.get(7).digest())));
  }

  @Test
  void aRepositoryHasParityUnlessItWasMadeWithout() {
    Kit kit = new Kit(7);
    for (String kind : List.of(Parity.WITH, Parity.WITHOUT)) {
      FaultyStore place = place(kit.random);
      Repository repository =
          Repository.begin(
                  place, List.of(kit.person.recipient()), "t", kind, Kit.CLOCK, kit.random, "t 1")
              .repository();
      for (int i = 0; i < 16; i++) {
        Kit.write(repository, "g" + i, "v", List.of(kit.bytes(3_000)));
      }
      repository.settle();

      assertThat(new Shelf(place).names(ParityGroup.FOLDER))
          .hasSize(kind.equals(Parity.WITH) ? 3 : 0);
    }
  }

  @Test
  @Needs(Peer.PYTHON)
  void anIndependentProgramComputesTheSame(@TempDir Path folder)
      throws IOException, InterruptedException {
    Kit kit = new Kit(8);
    FaultyStore place = place(kit.random);
    for (int i = 0; i < 20; i++) {
      put(place, kit.bytes(1 + kit.random.nextInt(30_000)));
    }
    parity(place).cover(Kit.CLOCK.instant());
    Shelf shelf = new Shelf(place);
    for (String file : shelf.names("")) {
      Path to = folder.resolve(file);
      Files.createDirectories(to.getParent());
      Files.write(to, bytes(place, file));
    }

    Process script =
        new ProcessBuilder(
                "python3",
                SharedData.checkout().resolve("scripts/repository-parity.py").toString(),
                folder.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(script.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(said).isEqualTo("all right: 4 files, 20 packs\n");
    assertThat(script.exitValue()).isZero();
  }
}
