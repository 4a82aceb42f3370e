package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.SerdabException;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.testing.SeededTest;
import serdab.testing.world.FaultyStore;

/// A ZIP of another program that was made a copy by a manifest beside it is proven as strictly as
/// one of ours, and nothing touches its bytes.
class AdoptedZipTest {

  private static final String ZIP = "2021_01/Doe_Jane_1980-05-03_2021-01-10_1.2.3.zip";
  private static final String BESIDE =
      "2021_01/Doe_Jane_1980-05-03_2021-01-10_1.2.3.study-manifest.json";

  private final FaultyStore place = new FaultyStore(new SplittableRandom(1), ZipTrees.CLOCK);
  private final ZipTreeDestination destination = ZipTrees.on(place.connect());

  // ---- damage

  @SeededTest(runs = 8)
  void anyFlippedBitOfTheZipOrItsManifestIsNoticed(RandomGenerator random) {
    HeldVersion held = adopted(TestStudy.drawnFrom(random, "1.2.3", 1 + random.nextInt(4)));
    byte[] zip = place.document(ZIP).orElseThrow();
    byte[] manifest = place.document(BESIDE).orElseThrow();

    for (int i = 0; i < 40; i++) {
      boolean beside = random.nextInt(3) == 0;
      String name = beside ? BESIDE : ZIP;
      long bit = random.nextLong((beside ? manifest : zip).length * 8L);
      place.flipBit(name, bit);
      expectBad(held, name + " bit " + bit);
      readWithoutSurprise(held);
      place.flipBit(name, bit);
    }
    assertThat(destination.prove(held, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
  }

  @Test
  void everyBitOfASmallPairCounts() {
    HeldVersion held = adopted(TestStudy.of("1.2.3").file("a", new byte[] {1, 2, 3}));
    for (String name : new String[] {ZIP, BESIDE}) {
      long bits = place.document(name).orElseThrow().length * 8L;
      for (long bit = 0; bit < bits; bit += 5) {
        place.flipBit(name, bit);
        expectBad(held, name + " bit " + bit);
        place.flipBit(name, bit);
      }
    }
  }

  @SeededTest(runs = 8)
  void aPairCutShortOrGrownIsNeverGood(RandomGenerator random) {
    HeldVersion held = adopted(TestStudy.drawnFrom(random, "1.2.3", 2));
    for (String name : new String[] {ZIP, BESIDE}) {
      byte[] whole = place.document(name).orElseThrow();
      for (int i = 0; i < 10; i++) {
        byte[] changed =
            random.nextBoolean()
                ? Arrays.copyOf(whole, random.nextInt(whole.length))
                : Arrays.copyOf(whole, whole.length + 1 + random.nextInt(200));
        place.lose(name);
        place.put(name, changed);
        expectBad(held, name);
        readWithoutSurprise(held);
      }
      place.lose(name);
      place.put(name, whole);
    }
    assertThat(destination.prove(held, Depth.INTACT)).isInstanceOf(ProofOutcome.Proven.class);
  }

  @Test
  void aManifestOfAnotherZipMakesNoCopy() {
    TestStudy study = TestStudy.of("1.2.3").file("a", new byte[] {1, 2, 3});
    adopted(study);
    byte[] other = zip(TestStudy.of("1.2.3").file("a", new byte[] {1, 2, 4, 5}));
    place.lose(ZIP);
    place.put(ZIP, other);

    assertThat(destination.versions(study.key())).isEmpty();
    try (var found = destination.found()) {
      assertThat(found).singleElement().isInstanceOf(ForeignCopy.Found.Foreign.class);
    }
  }

  @Test
  void whenTheManifestIsLostTheFilesAreReadAllTheSame() {
    TestStudy study = TestStudy.of("1.2.3").file("a", new byte[] {1, 2, 3});
    HeldVersion held = adopted(study);
    place.lose(BESIDE);

    assertThat(destination.versions(study.key())).isEmpty();
    assertThat(destination.prove(held, Depth.INTACT)).isInstanceOf(ProofOutcome.Bad.class);
    assertThat(TestStudy.readAll(destination, held).get("a")).containsExactly(1, 2, 3);
  }

  @Test
  void aDamagedManifestIsSetAsideWhenTheZipIsAdoptedAgain() {
    TestStudy study = TestStudy.of("1.2.3").file("a", new byte[] {1, 2, 3});
    HeldVersion held = adopted(study);
    byte[] damaged = place.document(BESIDE).orElseThrow();
    damaged[40] ^= 1;
    place.lose(BESIDE);
    place.put(BESIDE, damaged);

    adopt(study);

    assertThat(destination.prove(held, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
    assertThat(place.document("_set-aside/20261120T041500Z/" + BESIDE)).hasValue(damaged);
  }

  // ---- the pair goes together

  @Test
  void removingAnAdoptedZipTakesItsManifestAlong() {
    HeldVersion held = adopted(TestStudy.of("1.2.3").file("a", new byte[] {1}));

    assertThat(destination.removeLast(held)).isTrue();

    assertThat(place.document(ZIP)).isEmpty();
    assertThat(place.document(BESIDE)).isEmpty();
  }

  @Test
  void aRemovalThatWasCutShortIsFinishedByTheNext() {
    HeldVersion held = adopted(TestStudy.of("1.2.3").file("a", new byte[] {1}));
    place.lose(ZIP);

    assertThat(destination.removeLast(held)).isFalse();

    assertThat(place.document(BESIDE)).isEmpty();
  }

  @Test
  void settingAnAdoptedZipAsideTakesItsManifestAlong() {
    HeldVersion held = adopted(TestStudy.of("1.2.3").file("a", new byte[] {1}));

    String aside = destination.setAside(held.location()).orElseThrow();

    assertThat(place.document(aside)).isPresent();
    assertThat(place.document(aside.replace(".zip", ".study-manifest.json"))).isPresent();
    assertThat(place.document(BESIDE)).isEmpty();
    assertThat(destination.setAsideCount()).isEqualTo(1);
  }

  @Test
  void theNextVersionOfItsStudyGetsTheNextNumber() {
    TestStudy study = TestStudy.of("1.2.3").file("a", new byte[] {1});
    adopted(study);
    byte[] before = place.document(ZIP).orElseThrow();

    HeldVersion next = TestStudy.of("1.2.3").file("a", new byte[] {2}).copyTo(destination);

    assertThat(next.location()).isEqualTo(ZIP.replace(".zip", "_2.zip"));
    assertThat(destination.versions(study.key())).hasSize(2);
    assertThat(place.document(ZIP)).hasValue(before);
  }

  // ---- what can never be adopted

  @Test
  void aZipOfOddContentIsRefusedAndLeftAlone() {
    byte[] good = zip(TestStudy.of("1.2.3").file("one", new byte[500]));
    assertRefused(folderIn());
    assertRefused(Arrays.copyOf(good, good.length - 1));
    assertRefused(withPrefix(good));
    assertRefused(withFlag(good, 1)); // encrypted
    assertRefused(
        renamed(zip(TestStudy.of("1.2.3").file("one", new byte[9]).file("two", new byte[9]))));
    assertRefused(new byte[0]);
  }

  private void assertRefused(byte[] zip) {
    place.lose(ZIP);
    place.put(ZIP, zip);

    assertThatThrownBy(() -> destination.examine(ZIP, _ -> {}).close())
        .isInstanceOf(SerdabException.Damaged.class);
    try (var found = destination.found()) {
      assertThat(found).singleElement().isInstanceOf(ForeignCopy.Found.Unusable.class);
    }
    assertThat(place.document(ZIP)).hasValue(zip);
  }

  private static byte[] folderIn() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      out.putNextEntry(new ZipEntry("folder/"));
      out.closeEntry();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] withPrefix(byte[] zip) {
    byte[] prefixed = new byte[zip.length + 10];
    System.arraycopy(zip, 0, prefixed, 10, zip.length);
    return prefixed;
  }

  /// Sets a bit in the flags of the first record of the directory.
  private static byte[] withFlag(byte[] zip, int flag) {
    byte[] changed = zip.clone();
    changed[indexOf(zip, new byte[] {'P', 'K', 1, 2}, 0) + 8] |= (byte) flag;
    return changed;
  }

  /// Calls the second entry as the first.
  private static byte[] renamed(byte[] zip) {
    byte[] changed = zip.clone();
    for (int at = indexOf(zip, "two".getBytes(StandardCharsets.US_ASCII), 0);
        at >= 0;
        at = indexOf(zip, "two".getBytes(StandardCharsets.US_ASCII), at + 1)) {
      System.arraycopy("one".getBytes(StandardCharsets.US_ASCII), 0, changed, at, 3);
    }
    return changed;
  }

  private static int indexOf(byte[] in, byte[] wanted, int from) {
    for (int at = from; at <= in.length - wanted.length; at++) {
      if (Arrays.equals(in, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    return -1;
  }

  // ----

  private HeldVersion adopted(TestStudy study) {
    place.put(ZIP, zip(study));
    byte[] before = place.document(ZIP).orElseThrow();
    HeldVersion held = adopt(study);
    assertThat(place.document(ZIP)).hasValue(before);
    assertThat(destination.find(study.key(), held.id())).isPresent();
    return held;
  }

  private HeldVersion adopt(TestStudy study) {
    StudyVersion version = study.version();
    try (ForeignCopy copy = destination.examine(ZIP, _ -> {})) {
      assertThat(copy.files()).hasSameSizeAs(version.files());
      for (StoredFile file : copy.files()) {
        assertThat(copy.parsed(file).digests().file()).isEqualTo(file.digests().file());
      }
      return destination.adopt(copy, version);
    }
  }

  private static void expectBad(ZipTreeDestination in, HeldVersion held, String how) {
    ProofOutcome outcome = in.prove(held, Depth.INTACT);
    if (!(outcome instanceof ProofOutcome.Bad)) {
      fail(how + " was not noticed: " + outcome);
    }
  }

  private void expectBad(HeldVersion held, String how) {
    expectBad(destination, held, how);
    long length = place.document(ZIP).orElseThrow().length;
    expectBad(
        destination,
        new HeldVersion(
            held.study(),
            held.id(),
            held.location(),
            length,
            held.fileCount(),
            held.supersedes(),
            held.proof()),
        how);
  }

  private void readWithoutSurprise(HeldVersion held) {
    try {
      TestStudy.readAll(destination, held);
      destination.find(held.study(), held.id());
    } catch (SerdabException.Damaged e) {
      assertThat(e.problem().text()).doesNotContain("Doe");
    }
  }

  /// As other programs write them: some entries deflated with a descriptor, some stored.
  private static byte[] zip(TestStudy study) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      int number = 0;
      for (Map.Entry<String, byte[]> file : study.files().entrySet()) {
        ZipEntry entry = new ZipEntry(file.getKey().replace('/', '-'));
        if (number++ % 3 == 2) {
          CRC32 crc = new CRC32();
          crc.update(file.getValue());
          entry.setMethod(ZipEntry.STORED);
          entry.setCrc(crc.getValue());
          entry.setSize(file.getValue().length);
        }
        out.putNextEntry(entry);
        out.write(file.getValue());
        out.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
