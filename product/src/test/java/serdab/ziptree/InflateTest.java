package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

class InflateTest {

  private final Inflate inflate = new Inflate();

  @SeededTest(runs = 400)
  void whatTheJdkCompressedComesBack(RandomGenerator random) throws DataFormatException {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 19)));
    byte[] compressed = jdkCompressed(in, random);
    byte[] out = new byte[in.length];

    int length = inflate.inflateWhole(compressed, 0, compressed.length, out, 0, out.length);

    assertThat(length).isEqualTo(in.length);
    assertThat(Arrays.equals(out, in)).isTrue();
  }

  @SeededTest(runs = 300)
  void whatWeCompressedComesBack(RandomGenerator random) throws DataFormatException {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 19)));
    byte[] compressed = ourCompressed(in);
    byte[] out = new byte[in.length];

    int length = inflate.inflateWhole(compressed, 0, compressed.length, out, 0, out.length);

    assertThat(length).isEqualTo(in.length);
    assertThat(Arrays.equals(out, in)).isTrue();
  }

  @Test
  void everyDistanceAndLengthIsCopiedRight() throws DataFormatException {
    var random = new SplittableRandom(1);
    byte[] in = new byte[100_000];
    int pos = 300;
    DrawnBytes.noise(random, in, 0, pos, 256);
    for (int distance = 1; distance <= 40; distance++) {
      for (int length = 3; length <= 40; length++) {
        for (int i = 0; i < length; i++, pos++) {
          in[pos] = in[pos - distance];
        }
        in[pos++] = (byte) random.nextInt();
      }
    }
    in = Arrays.copyOf(in, pos);
    byte[] out = new byte[in.length + 300];

    for (byte[] compressed : List.of(ourCompressed(in), jdkCompressed(in, 9, 0))) {
      int length = inflate.inflateWhole(compressed, 0, compressed.length, out, 0, out.length);

      assertThat(Arrays.copyOf(out, length)).isEqualTo(in);
    }
  }

  @SeededTest(runs = 200)
  void piecesOfAnySizeGiveTheSame(RandomGenerator random) throws DataFormatException {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 18)));
    byte[] compressed = jdkCompressed(in, random);
    int inputMax = 1 << random.nextInt(16);
    int roomMax = 1 << random.nextInt(16);
    byte[] out = new byte[in.length];
    int consumed = 0;
    int offered = 0;
    int produced = 0;

    inflate.reset();
    var outcome = Inflate.Outcome.NEEDS_INPUT;
    int calls = 0;
    while (outcome != Inflate.Outcome.FINISHED) {
      assertThat(calls++).isLessThan(4 * (compressed.length + in.length) + 100);
      if (outcome == Inflate.Outcome.NEEDS_INPUT) {
        offered = Math.min(compressed.length, offered + 1 + random.nextInt(inputMax));
      }
      // A window of its own each time, with no more than the history the contract asks for.
      int history = Math.min(produced, Deflate.WINDOW_BYTES);
      int room = Math.min(in.length - produced, random.nextInt(roomMax + 1));
      byte[] window = new byte[history + room + random.nextInt(3)];
      System.arraycopy(out, produced - history, window, 0, history);
      outcome = inflate.inflate(compressed, consumed, offered, window, 0, history, history + room);
      int length = inflate.producedTo() - history;
      System.arraycopy(window, history, out, produced, length);
      produced += length;
      consumed = inflate.consumedTo();
    }

    assertThat(consumed).isEqualTo(compressed.length);
    assertThat(produced).isEqualTo(in.length);
    assertThat(Arrays.equals(out, in)).isTrue();
  }

  @SeededTest(runs = 1_500)
  void damagedStreamsAreJudgedAsTheJdkJudgesThem(RandomGenerator random) {
    byte[] in = DrawnBytes.ofAnyKind(random, random.nextInt(1 << random.nextInt(1, 13)));
    byte[] compressed = random.nextBoolean() ? jdkCompressed(in, random) : ourCompressed(in);
    damage(compressed, random);
    byte[] mine = Arrays.copyOf(compressed, random.nextInt(compressed.length + 1));

    assertSameJudgement(mine, in.length + 2_000);
  }

  @SeededTest(runs = 1_500)
  void noiseIsJudgedAsTheJdkJudgesIt(RandomGenerator random) {
    byte[] noise = new byte[random.nextInt(1, 300)];
    DrawnBytes.noise(random, noise, 0, noise.length, 256);
    // Mostly a last block with codes of its own: noise seldom begins with one.
    noise[0] = (byte) (random.nextInt(8) == 0 ? noise[0] : 0b101 | (noise[0] & 0xf8));

    assertSameJudgement(noise, 4_000);
  }

  @ParameterizedTest
  @CsvSource({
    "07, a block of the unknown form 3",
    "000000ffff00, a stored block followed by another that is cut short",
    "010500fafe68656c6c6f, a stored length that its complement contradicts",
    "0d0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000,"
        + " a code length code of nothing",
    "edffffffffffff, more literal codes than there are",
    "4b4c0302, a distance beyond the beginning",
  })
  void brokenStreamsAreRefused(String hex, String why) {
    byte[] broken = HexFormat.of().parseHex(hex);

    assertThatThrownBy(() -> inflate.inflateWhole(broken, 0, broken.length, new byte[100], 0, 100))
        .as(why)
        .isInstanceOf(DataFormatException.class);
    assertSameJudgement(broken, 100);
  }

  @Test
  void aStreamThatIsLongerOrShorterThanItsPlaceIsRefused() {
    byte[] in = new byte[5_000];
    DrawnBytes.noise(new SplittableRandom(2), in, 0, in.length, 7);
    byte[] compressed = ourCompressed(in);
    byte[] longer = Arrays.copyOf(compressed, compressed.length + 1);
    byte[] out = new byte[in.length];

    assertThatThrownBy(
            () -> inflate.inflateWhole(compressed, 0, compressed.length, out, 0, in.length - 1))
        .isInstanceOf(DataFormatException.class);
    assertThatThrownBy(
            () -> inflate.inflateWhole(compressed, 0, compressed.length - 1, out, 0, in.length))
        .isInstanceOf(DataFormatException.class);
    assertThatThrownBy(() -> inflate.inflateWhole(longer, 0, longer.length, out, 0, in.length))
        .isInstanceOf(DataFormatException.class);
  }

  @Test
  void nothingIsWrittenOutsideTheRoom() throws DataFormatException {
    byte[] in = new byte[5_000];
    DrawnBytes.pixels(new SplittableRandom(3), in, 0, in.length, 9);
    byte[] compressed = ourCompressed(in);
    byte[] out = new byte[7_000];

    inflate.inflateWhole(compressed, 0, compressed.length, out, 1_000, 6_000);

    assertThat(Arrays.copyOf(out, 1_000)).containsOnly(0);
    assertThat(Arrays.copyOfRange(out, 1_000, 6_000)).isEqualTo(in);
    assertThat(Arrays.copyOfRange(out, 6_000, 7_000)).containsOnly(0);
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void everyRealFileComesBack() throws IOException, DataFormatException {
    try (var walk = Files.walk(SharedData.dicom())) {
      for (Path file : walk.filter(Files::isRegularFile).sorted().toList()) {
        byte[] in = Files.readAllBytes(file);
        byte[] out = new byte[in.length];
        for (byte[] compressed : List.of(ourCompressed(in), jdkCompressed(in, 1, 0))) {
          inflate.inflateWhole(compressed, 0, compressed.length, out, 0, out.length);

          assertThat(Arrays.equals(out, in)).isTrue();
        }
      }
    }
  }

  /// Both give the same bytes, or both refuse, or both want more.
  private void assertSameJudgement(byte[] stream, int room) {
    String theirs = judgedByTheJdk(stream, room);

    String ours = judgedByUs(stream, room);

    assertThat(ours).isEqualTo(theirs);
  }

  private String judgedByUs(byte[] stream, int room) {
    byte[] out = new byte[room];
    inflate.reset();
    try {
      var outcome = inflate.inflate(stream, 0, stream.length, out, 0, 0, room);
      return judgement(outcome, out, inflate.producedTo());
    } catch (DataFormatException e) {
      return "refused";
    }
  }

  private static String judgedByTheJdk(byte[] stream, int room) {
    byte[] out = new byte[room];
    try (var inflater = new Inflater(true)) {
      inflater.setInput(stream);
      int length = 0;
      int more = -1;
      while (more != 0 && length < room) {
        more = inflater.inflate(out, length, room - length);
        length += more;
      }
      var outcome =
          inflater.finished()
              ? Inflate.Outcome.FINISHED
              : length == room ? Inflate.Outcome.NEEDS_ROOM : Inflate.Outcome.NEEDS_INPUT;
      return judgement(outcome, out, length);
    } catch (DataFormatException e) {
      return "refused";
    }
  }

  private static String judgement(Inflate.Outcome outcome, byte[] out, int length) {
    return outcome + " " + HexFormat.of().formatHex(out, 0, length);
  }

  private static void damage(byte[] bytes, RandomGenerator random) {
    for (int i = random.nextInt(4); i > 0; i--) {
      int at = random.nextInt(random.nextBoolean() ? bytes.length : Math.min(bytes.length, 60));
      if (random.nextBoolean()) {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
      } else {
        bytes[at] = (byte) random.nextInt();
      }
    }
  }

  private static byte[] ourCompressed(byte[] in) {
    byte[] out = new byte[Deflate.bound(in.length)];
    int length = new Deflate().compressPart(in, 0, 0, in.length, true, out, 0);
    return Arrays.copyOf(out, length);
  }

  private static byte[] jdkCompressed(byte[] in, RandomGenerator random) {
    return jdkCompressed(in, random.nextInt(10), random.nextInt(3));
  }

  private static byte[] jdkCompressed(byte[] in, int level, int strategy) {
    byte[] out = new byte[in.length + in.length / 1000 + 100];
    try (var deflater = new Deflater(level, true)) {
      deflater.setStrategy(strategy);
      deflater.setInput(in);
      deflater.finish();
      int length = 0;
      while (!deflater.finished()) {
        length += deflater.deflate(out, length, out.length - length);
      }
      return Arrays.copyOf(out, length);
    }
  }
}
