package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.testing.SeededTest;
import serdab.testing.world.FaultyStore;

/// A ZIP whose bytes changed is never called good, and never makes reading fail in other ways than
/// it should.
class ZipTreeDamageTest {

  private final FaultyStore place = new FaultyStore(new SplittableRandom(1), ZipTrees.CLOCK);
  private final ZipTreeDestination destination = ZipTrees.on(place.connect());

  @SeededTest(runs = 12)
  void anyFlippedBitIsNoticed(RandomGenerator random) {
    TestStudy study = drawn(random);
    HeldVersion held = study.copyTo(destination);
    byte[] whole = place.document(held.location()).orElseThrow();

    for (int i = 0; i < 40; i++) {
      long bit = random.nextLong(whole.length * 8L);
      place.flipBit(held.location(), bit);
      expectBadOrUnaffected(held, whole, bit);
      place.flipBit(held.location(), bit);
    }
    assertThat(destination.prove(held, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
  }

  @Test
  void everyBitOfASmallZipCounts() {
    HeldVersion held = TestStudy.of("1.2.3").file("a", new byte[] {1, 2, 3}).copyTo(destination);
    byte[] whole = place.document(held.location()).orElseThrow();

    for (long bit = 0; bit < whole.length * 8L; bit += 3) {
      place.flipBit(held.location(), bit);
      expectBadOrUnaffected(held, whole, bit);
      place.flipBit(held.location(), bit);
    }
  }

  @SeededTest(runs = 12)
  void aZipCutShortGrownOrMixedUpIsNeverGood(RandomGenerator random) {
    TestStudy study = drawn(random);
    HeldVersion held = study.copyTo(destination);
    byte[] whole = place.document(held.location()).orElseThrow();

    for (int i = 0; i < 20; i++) {
      byte[] changed =
          switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(whole, random.nextInt(whole.length));
            case 1 -> Arrays.copyOf(whole, whole.length + 1 + random.nextInt(200));
            case 2 -> {
              byte[] moved = whole.clone();
              int length = 1 + random.nextInt(Math.min(500, whole.length - 1));
              System.arraycopy(
                  whole,
                  random.nextInt(whole.length - length),
                  moved,
                  random.nextInt(whole.length - length),
                  length);
              yield moved;
            }
            default -> {
              byte[] zeroed = whole.clone();
              int from = random.nextInt(whole.length);
              Arrays.fill(zeroed, from, Math.min(whole.length, from + 4096), (byte) 0);
              yield zeroed;
            }
          };
      if (Arrays.equals(changed, whole)) {
        continue;
      }
      place.lose(held.location());
      place.put(held.location(), changed);
      expectBad(held, "change " + i);
      HeldVersion asListed =
          new HeldVersion(
              held.study(),
              held.id(),
              held.location(),
              changed.length,
              held.fileCount(),
              held.supersedes(),
              held.proof());
      expectBad(asListed, "change " + i);
      readWithoutSurprise(held);
    }
  }

  /// Deflate has a few bits that mean nothing: those that fill up a byte before a stored block and
  /// at the end. When one of them flips, an independent reader must find the same content.
  private void expectBadOrUnaffected(HeldVersion held, byte[] whole, long bit) {
    ProofOutcome outcome = destination.prove(held, Depth.INTACT);
    if (!(outcome instanceof ProofOutcome.Bad)) {
      byte[] flipped = place.document(held.location()).orElseThrow();
      assertThat(unzipped(flipped)).as("bit %s", bit).isEqualTo(unzipped(whole));
      assertThat(flipped.length).isEqualTo(whole.length);
    }
  }

  private static Map<String, String> unzipped(byte[] bytes) {
    Map<String, String> content = new LinkedHashMap<>();
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(bytes))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        content.put(entry.getName(), Sha256.digest(zip.readAllBytes()).hex());
      }
      return content;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void expectBad(HeldVersion held, String how) {
    ProofOutcome outcome = destination.prove(held, Depth.INTACT);
    if (!(outcome instanceof ProofOutcome.Bad)) {
      fail(how + " was not noticed: " + outcome);
    }
  }

  private void readWithoutSurprise(HeldVersion held) {
    try {
      TestStudy.readAll(destination, held);
      destination.find(held.study(), held.id());
    } catch (SerdabException.Damaged e) {
      assertThat(e.problem().text()).doesNotContain("Doe");
    }
  }

  private static TestStudy drawn(RandomGenerator random) {
    TestStudy study = TestStudy.drawnFrom(random, "1.2.840.1", 1 + random.nextInt(4));
    byte[] noise = new byte[random.nextInt(20_000)];
    random.nextBytes(noise);
    study.file("noise", noise);
    if (random.nextInt(4) == 0) {
      study.file("long", TestStudy.pixels(random, 9 << 20));
    }
    return study;
  }
}
