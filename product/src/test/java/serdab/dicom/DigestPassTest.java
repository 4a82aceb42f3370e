package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import serdab.Sha256;
import serdab.testing.SeededTest;

class DigestPassTest {

  static List<DigestVectors.Vector> vectors() {
    return DigestVectors.all();
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void everyVectorHasTheDigestsThatItsDocumentSays(DigestVectors.Vector vector) throws IOException {
    FileDigests digests = digestsOf(vector.bytes());

    assertThat(byName(digests)).isEqualTo(vector.expected());
  }

  @Test
  void vectorsCoverEveryDigestPresentAndAbsent() {
    List<DigestVectors.Vector> vectors = vectors();

    assertThat(vectors).hasSizeGreaterThan(30);
    assertThat(vectors).anyMatch(v -> v.expected(FileDigests.PIXEL).equals("-"));
    assertThat(vectors).anyMatch(v -> !v.expected(FileDigests.PIXEL).equals("-"));
    assertThat(vectors).anyMatch(v -> v.expected(FileDigests.CANONICAL).equals("-"));
  }

  @SeededTest(runs = 40)
  void itDoesNotMatterHowTheBytesAreCut(RandomGenerator random) throws IOException {
    List<DigestVectors.Vector> vectors = vectors();
    DigestVectors.Vector vector = vectors.get(random.nextInt(vectors.size()));
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(vector.bytes())));

    int at = 0;
    while (at < vector.bytes().length) {
      int most = random.nextBoolean() ? 9 : 40_000;
      int count = Math.min(vector.bytes().length - at, 1 + random.nextInt(most));
      ByteBuffer cut = random.nextBoolean() ? ByteBuffer.allocate(count) : direct(count);
      pass.update(cut.put(vector.bytes(), at, count).flip());
      assertThat(cut.hasRemaining()).isFalse();
      at += count;
    }

    assertThat(byName(pass.finish())).isEqualTo(vector.expected());
  }

  @Test
  void aFileThatGrewOrShrankWhileItWasReadHasItsFileDigestOnly() throws IOException {
    byte[] bytes = vectors().getFirst().bytes();
    DicomFile indexed = DicomFile.read(ByteSource.of(bytes));
    DigestPass shrunk = DigestPass.over(indexed);
    DigestPass grown = DigestPass.over(indexed);

    shrunk.update(ByteBuffer.wrap(bytes, 0, bytes.length - 1));
    grown.update(ByteBuffer.wrap(bytes));
    grown.update(ByteBuffer.allocate(1));

    for (FileDigests digests : List.of(shrunk.finish(), grown.finish())) {
      assertThat(digests.dataSet()).isEmpty();
      assertThat(digests.canonical()).isEmpty();
      assertThat(digests.absent().getFirst().reason()).contains("changed while it was read");
    }
  }

  @Test
  void aFileOfWhichOnlyTheHeaderWasReadHasItsFileDigestOnly() throws IOException {
    byte[] bytes = vectorNamed("bulk-65536").bytes();
    DigestPass pass = DigestPass.over(DicomFile.scan(ByteSource.of(bytes)));

    pass.update(ByteBuffer.wrap(bytes));

    assertThat(pass.finish().dataSet()).isEmpty();
  }

  @Test
  void anUnknownFileHasItsFileDigest() {
    byte[] bytes = {1, 2, 3};
    DigestPass pass = DigestPass.ofUnknown();

    pass.update(ByteBuffer.wrap(bytes));
    FileDigests digests = pass.finish();

    assertThat(digests.file()).isEqualTo(Sha256.digest(bytes));
    assertThat(digests.absent()).hasSize(3);
  }

  @Test
  void fragmentsInManyElementsCostNoMoreThanTheirBytes() throws IOException {
    FileDigests many = digestsOf(elementsWithFragments(DataSetPass.BULKS_MAX));
    FileDigests tooMany = digestsOf(elementsWithFragments(DataSetPass.BULKS_MAX + 1));

    assertThat(many.canonical()).isPresent();
    assertThat(tooMany.canonical()).isEmpty();
    assertThat(tooMany.absent().getFirst().reason()).contains("more than 65536");
  }

  private static byte[] elementsWithFragments(int count) {
    String head = "00".repeat(128) + "4449434d" + "0200100055491400";
    byte[] start = HexFormat.of().parseHex(head + "312e322e3834302e31303030382e312e322e3100");
    byte[] element =
        HexFormat.of()
            .parseHex(
                "090001104f420000ffffffff"
                    + "feff00e000000000"
                    + "feff00e001000000aa"
                    + "feffdde000000000");
    ByteBuffer out = ByteBuffer.allocate(start.length + count * element.length).put(start);
    for (int i = 0; i < count; i++) {
      out.put(element);
    }
    return out.array();
  }

  @SeededTest(runs = 60)
  void oneChangedByteOfTheDataSetChangesItsDigest(RandomGenerator random) throws IOException {
    DigestVectors.Vector vector = vectorNamed("small-explicit");
    byte[] changed = vector.bytes().clone();
    int at = 132 + 28 + random.nextInt(changed.length - 160);
    changed[at] ^= (byte) (1 << random.nextInt(8));

    FileDigests digests = digestsOf(changed);

    assertThat(digests.dataSet().map(Sha256::hex))
        .isNotEqualTo(Optional.of(vector.expected(FileDigests.DATA_SET)));
  }

  static DigestVectors.Vector vectorNamed(String name) {
    return vectors().stream().filter(v -> v.name().equals(name)).findFirst().orElseThrow();
  }

  static FileDigests digestsOf(byte[] bytes) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(bytes)));
    pass.update(ByteBuffer.wrap(bytes));
    return pass.finish();
  }

  static Map<String, String> byName(FileDigests digests) {
    return Map.of(
        FileDigests.FILE, digests.file().hex(),
        FileDigests.DATA_SET, text(digests.dataSet()),
        FileDigests.CANONICAL, text(digests.canonical()),
        FileDigests.PIXEL, text(digests.pixel()));
  }

  private static String text(Optional<Sha256> digest) {
    return digest.map(Sha256::hex).orElse("-");
  }

  private static ByteBuffer direct(int count) {
    return ByteBuffer.allocateDirect(count);
  }
}
