package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

class DeflateTest {

  private final Deflate deflate = new Deflate();

  @Test
  void everyLengthComesBack() throws DataFormatException {
    var random = new SplittableRandom(1);
    for (int length = 0; length <= 2_000; length++) {
      byte[] in = DrawnBytes.ofAnyKind(random, length);

      assertComesBack(in);
    }
  }

  @Test
  void lengthsAroundWindowsAndBlocksComeBack() throws DataFormatException {
    var random = new SplittableRandom(2);
    for (int middle : new int[] {4_096, 32_768, 60_000, 65_536, 120_000, 180_000}) {
      for (int length = middle - 12; length <= middle + 12; length++) {
        byte[] in = DrawnBytes.ofAnyKind(random, length);

        assertComesBack(in);
      }
    }
  }

  @Test
  void everyShortPeriodComesBack() throws DataFormatException {
    var random = new SplittableRandom(3);
    for (int period = 1; period <= 600; period++) {
      byte[] in = new byte[3_000];
      DrawnBytes.repeat(random, in, 0, in.length, period);

      assertComesBack(in);
    }
  }

  @Test
  void aMatchMayReachBackToTheEdgeOfTheWindowAndNoFurther() throws DataFormatException {
    var random = new SplittableRandom(4);
    for (int period = 32_760; period <= 32_776; period++) {
      byte[] in = new byte[70_000];
      DrawnBytes.repeat(random, in, 0, in.length, period);

      int length = assertComesBack(in);

      if (period <= Deflate.WINDOW_BYTES) {
        assertThat(length).isLessThan(in.length * 2 / 3);
      } else {
        assertThat(length).isGreaterThan(in.length);
      }
    }
  }

  @SeededTest(runs = 400)
  void drawnBytesComeBack(RandomGenerator random) throws DataFormatException {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 19)));

    assertComesBack(in);
  }

  @SeededTest(runs = 50)
  void pixelsAreFoundAtEvenAndOddPlaces(RandomGenerator random) throws DataFormatException {
    byte[] in = new byte[200_001];
    int from = random.nextInt(2_000);
    DrawnBytes.noise(random, in, 0, from, 90);
    DrawnBytes.pixels(random, in, from, in.length, 40);

    int length = assertComesBack(in);

    assertThat(length).isLessThan(jdkLength(in, 1) * 11 / 10);
  }

  @SeededTest(runs = 200)
  void partsJoinIntoOneStream(RandomGenerator random) throws DataFormatException {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 19)));
    var joined = new ByteArrayOutputStream();
    int from = 0;
    boolean last = false;
    while (!last) {
      int to = Math.min(in.length, from + random.nextInt(1 << random.nextInt(1, 18)));
      last = to == in.length && random.nextInt(3) > 0;
      byte[] out = new byte[Deflate.bound(to - from)];
      int dictionaryFrom = random.nextBoolean() ? 0 : random.nextInt(from + 1);

      int length = new Deflate().compressPart(in, dictionaryFrom, from, to, last, out, 0);

      assertThat(length).isPositive();
      joined.write(out, 0, length);
      from = to;
    }

    assertThat(inflated(joined.toByteArray(), in.length)).isEqualTo(in);
  }

  @Test
  void aPartMayReferToTheBytesBeforeIt() {
    byte[] in = new byte[40_000];
    DrawnBytes.noise(new SplittableRandom(5), in, 0, 20_000, 256);
    System.arraycopy(in, 0, in, 20_000, 20_000);
    byte[] out = new byte[Deflate.bound(20_000)];

    int with = deflate.compressPart(in, 0, 20_000, 40_000, true, out, 0);
    int without = deflate.compressPart(in, 20_000, 20_000, 40_000, true, out, 0);

    assertThat(with).isLessThan(1_000);
    assertThat(without).isGreaterThan(20_000);
  }

  @SeededTest(runs = 100)
  void bytesOutsideTheRangeMakeNoDifference(RandomGenerator random) {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(100_000));
    int before = random.nextInt(5) * 2;
    int after = random.nextInt(10);
    byte[] wider = new byte[before + in.length + after];
    DrawnBytes.noise(random, wider, 0, wider.length, 3);
    System.arraycopy(in, 0, wider, before, in.length);
    byte[] out = new byte[Deflate.bound(in.length)];

    int length = deflate.compressPart(wider, before, before, before + in.length, true, out, 0);

    assertThat(Arrays.copyOf(out, length)).isEqualTo(part(new Deflate(), in));
  }

  @SeededTest(runs = 100)
  void whatWasCompressedBeforeMakesNoDifference(RandomGenerator random) {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(100_000));
    Deflate used = new Deflate(random.nextBoolean() ? 0 : Integer.MAX_VALUE - 400_000);
    for (int i = random.nextInt(8); i > 0; i--) {
      part(used, DrawnBytes.ofAnyKind(random, random.nextInt(100_000)));
    }
    part(used, in);

    byte[] again = part(used, in);

    assertThat(again).isEqualTo(part(new Deflate(), in));
  }

  @SeededTest(runs = 300)
  void nothingIsLongerThanItsBound(RandomGenerator random) {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 18)));
    int outFrom = random.nextInt(100);
    byte[] out = new byte[outFrom + Deflate.bound(in.length)];

    int length = deflate.compressPart(in, 0, 0, in.length, random.nextBoolean(), out, outFrom);

    assertThat(length).isBetween(1, Deflate.bound(in.length) - 16);
  }

  @Test
  void noiseTurningIntoPixelsAndBackStaysBelowTheBound() {
    byte[] in = new byte[300_000];
    var random = new SplittableRandom(6);
    for (int from = 0; from < in.length; from += 10_000) {
      if (from % 20_000 == 0) {
        DrawnBytes.noise(random, in, from, from + 10_000, 256);
      } else {
        for (int i = from; i < from + 10_000; i += 2) {
          in[i] = (byte) random.nextInt();
          in[i + 1] = (byte) (random.nextInt(4) == 0 ? random.nextInt() : 7);
        }
      }
    }
    byte[] out = new byte[Deflate.bound(in.length)];

    int length = deflate.compressPart(in, 0, 0, in.length, false, out, 0);

    assertThat(length).isPositive();
  }

  @SeededTest(runs = 200)
  void aPlaceThatIsTooSmallIsTurnedAwayOrFilledRight(RandomGenerator random)
      throws DataFormatException {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1, 1 << random.nextInt(1, 18)));
    byte[] whole = part(deflate, in);
    int outFrom = random.nextInt(50);
    byte[] out = new byte[outFrom + random.nextInt(whole.length + 20)];
    Arrays.fill(out, (byte) 0x5a);

    int length = deflate.compressPart(in, 0, 0, in.length, true, out, outFrom);

    for (int i = 0; i < outFrom; i++) {
      assertThat(out[i]).isEqualTo((byte) 0x5a);
    }
    if (out.length - outFrom < whole.length) {
      assertThat(length).isEqualTo(-1);
    } else if (out.length - outFrom >= whole.length + 16) {
      assertThat(length).isEqualTo(whole.length);
    }
    if (length >= 0) {
      byte[] written = Arrays.copyOfRange(out, outFrom, outFrom + length);
      assertThat(inflated(written, in.length)).isEqualTo(in);
    }
  }

  @Test
  void whatDoesNotGetSmallerIsLeftToTheCaller() {
    byte[] noise = new byte[100_000];
    DrawnBytes.noise(new SplittableRandom(7), noise, 0, noise.length, 256);
    byte[] out = new byte[Deflate.bound(noise.length)];

    assertThat(deflate.compress(noise, 0, noise.length, out, 0)).isEqualTo(-1);
    assertThat(deflate.compress(noise, 50, 50, out, 0)).isEqualTo(-1);
    assertThat(deflate.compress(new byte[100], 0, 100, out, 0)).isBetween(1, 99);
  }

  @Test
  void noiseCostsNextToNothing() throws DataFormatException {
    byte[] noise = new byte[1_000_000];
    DrawnBytes.noise(new SplittableRandom(8), noise, 0, noise.length, 256);

    assertThat(assertComesBack(noise)).isLessThan(noise.length + 100);
  }

  @Test
  void rangesOutsideTheirArraysAreRefused() {
    byte[] in = new byte[10];
    byte[] out = new byte[100];

    for (int[] range : new int[][] {{0, 11}, {-1, 5}, {6, 5}}) {
      assertThatThrownBy(() -> deflate.compress(in, range[0], range[1], out, 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> deflate.compressPart(in, 6, 5, 10, true, out, 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> deflate.compress(in, 0, 10, out, 101))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> deflate.compress(in, 0, 10, out, -1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void everyRealFileComesBackAtTheSizeOfAFastLevel() throws IOException, DataFormatException {
    long ours = 0;
    long fast = 0;
    for (Path file : realFiles()) {
      byte[] in = Files.readAllBytes(file);

      ours += assertComesBack(in);

      fast += jdkLength(in, 1);
    }
    assertThat(ours).isPositive().isLessThan(fast);
  }

  @Test
  @Needs({Peer.PYTHON, Peer.UNZIP, Peer.SEVEN_ZIP})
  void otherProgramsReadIt(@TempDir Path folder) throws IOException, InterruptedException {
    var random = new SplittableRandom(9);
    var zip = new TinyZip();
    for (int i = 0; i < 150; i++) {
      byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 18)));
      int middle = random.nextInt(in.length + 1);
      byte[] stream = part(deflate, in);
      if (i % 2 == 0) {
        var joined = new ByteArrayOutputStream();
        byte[] out = new byte[Deflate.bound(in.length)];
        joined.write(out, 0, deflate.compressPart(in, 0, 0, middle, false, out, 0));
        joined.write(out, 0, deflate.compressPart(in, 0, middle, in.length, true, out, 0));
        stream = joined.toByteArray();
      }
      zip.add("entry" + i, in, stream);
    }
    Path file = Files.write(folder.resolve("tiny.zip"), zip.finished());

    assertThat(run("unzip", "-tq", file.toString())).contains("No errors detected");
    assertThat(run("7z", "t", file.toString())).contains("Everything is Ok");
    assertThat(
            run(
                "python3",
                "-c",
                "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]);"
                    + " print(z.testzip(), len(z.namelist()))",
                file.toString()))
        .contains("None 150");
  }

  private int assertComesBack(byte[] in) throws DataFormatException {
    byte[] compressed = part(deflate, in);

    assertThat(Arrays.equals(inflated(compressed, in.length), in))
        .as("%d bytes come back", in.length)
        .isTrue();
    return compressed.length;
  }

  private static byte[] part(Deflate deflate, byte[] in) {
    byte[] out = new byte[Deflate.bound(in.length)];
    int length = deflate.compressPart(in, 0, 0, in.length, true, out, 0);
    assertThat(length).isPositive();
    return Arrays.copyOf(out, length);
  }

  private static byte[] inflated(byte[] compressed, int length) throws DataFormatException {
    byte[] out = new byte[length + 1];
    try (var inflater = new Inflater(true)) {
      inflater.setInput(compressed);
      int inflated = inflater.inflate(out);
      if (!inflater.finished()) {
        // A stream may hold empty blocks after its last byte.
        inflated += inflater.inflate(out, inflated, out.length - inflated);
      }
      assertThat(inflated).isEqualTo(length);
      assertThat(inflater.finished() || inflater.getRemaining() == 0).isTrue();
      return Arrays.copyOf(out, length);
    }
  }

  private static int jdkLength(byte[] in, int level) {
    byte[] out = new byte[in.length + in.length / 1000 + 100];
    try (var deflater = new Deflater(level, true)) {
      deflater.setInput(in);
      deflater.finish();
      return deflater.deflate(out);
    }
  }

  private static List<Path> realFiles() throws IOException {
    try (var walk = Files.walk(SharedData.dicom())) {
      return walk.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  /// Just enough of a ZIP for other programs to read deflated entries from.
  private static final class TinyZip {

    private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private int count;

    void add(String name, byte[] in, byte[] compressed) {
      var crc = new CRC32();
      crc.update(in);
      var common = new ByteArrayOutputStream();
      put(common, 2, 20, 0, 8);
      put(common, 4, 0x21, crc.getValue(), compressed.length, in.length);
      put(common, 2, name.length(), 0);
      put(directory, 4, 0x02014b50);
      put(directory, 2, 20);
      directory.writeBytes(common.toByteArray());
      put(directory, 2, 0, 0, 0);
      put(directory, 4, 0, entries.size());
      directory.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
      put(entries, 4, 0x04034b50);
      entries.writeBytes(common.toByteArray());
      entries.writeBytes(name.getBytes(StandardCharsets.US_ASCII));
      entries.writeBytes(compressed);
      count++;
    }

    byte[] finished() {
      int directoryAt = entries.size();
      entries.writeBytes(directory.toByteArray());
      put(entries, 4, 0x06054b50, 0);
      put(entries, 2, count, count);
      put(entries, 4, directory.size(), directoryAt);
      put(entries, 2, 0);
      return entries.toByteArray();
    }

    private static void put(ByteArrayOutputStream to, int bytes, long... values) {
      for (long value : values) {
        for (int i = 0; i < bytes; i++) {
          to.write((int) (value >>> (8 * i)));
        }
      }
    }
  }
}
