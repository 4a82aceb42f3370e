package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

class MedianShuffleTest {

  @Test
  void foldedDifferencesOfTwoBytesStandLowBytesFirst() {
    // 0x0100 0x0102 0x00FF
    // 0x0203 0x0203 0xFFFF
    byte[] raw = {0, 1, 2, 1, (byte) 0xFF, 0, 3, 2, 3, 2, (byte) 0xFF, (byte) 0xFF};

    byte[] filtered = new byte[12];
    new MedianShuffle(2, 3, 1, 2, false).forward(raw, 0, filtered, 0);

    // Guessed: 0x0000 0x0100 0x0102, then 0x0100, the middle of 0x203, 0x102 and 0x205, and that
    // of 0x203, 0xFF and 0x200. Differences: 256, 2, -3; 259, 0 and 0xFDFF, which is -513.
    assertThat(filtered)
        .containsExactly(0x00, 0x04, 0x05, 0x06, 0x00, 0x01, 0x02, 0x00, 0x00, 0x02, 0x00, 0x04);
  }

  @Test
  void signedCellsAreComparedAsSuch() {
    // -1 1 / 0 -2
    byte[] raw = {-1, -1, 1, 0, 0, 0, -2, -1};

    byte[] filtered = new byte[8];
    new MedianShuffle(2, 2, 1, 2, true).forward(raw, 0, filtered, 0);

    // Guessed: 0 -1, then -1 and the middle of 0, 1 and 2. Differences: -1 2 1 -3.
    assertThat(filtered).containsExactly(1, 4, 2, 5, 0, 0, 0, 0);
  }

  @SeededTest(runs = 500)
  void whatIsFilteredIsWhatItIsSaidToBeAndComesBack(RandomGenerator random) {
    MedianShuffle filter =
        new MedianShuffle(
            random.nextInt(1, 20),
            random.nextInt(1, 40),
            random.nextInt(1, 5),
            random.nextInt(1, 3),
            random.nextBoolean());
    int from = random.nextInt(9);
    int at = random.nextInt(9);
    byte[] raw = new byte[from + filter.lengthBytes() + random.nextInt(9)];
    if (random.nextBoolean()) {
      random.nextBytes(raw);
    } else {
      for (int i = 0; i < raw.length; i++) {
        raw[i] = (byte) (random.nextInt(3) - 1);
      }
    }
    byte[] filtered = new byte[at + filter.lengthBytes()];
    byte[] back = new byte[raw.length];

    filter.forward(raw, from, filtered, at);
    filter.inverse(filtered, at, back, from);

    byte[] expected = new byte[raw.length];
    System.arraycopy(raw, from, expected, from, filter.lengthBytes());
    assertThat(back).isEqualTo(expected);
    assertThat(filtered).isEqualTo(plain(filter, raw, from, at));
  }

  /// The same, one cell after another as the description has it.
  private static byte[] plain(MedianShuffle filter, byte[] raw, int from, int at) {
    int width = filter.columns() * filter.samplesPerPixel();
    int cells = filter.rows() * width;
    byte[] out = new byte[at + filter.lengthBytes()];
    for (int i = 0; i < cells; i++) {
      int left = i % width < filter.samplesPerPixel() ? -1 : i - filter.samplesPerPixel();
      int a = cell(filter, raw, from, left);
      int b = cell(filter, raw, from, i - width);
      int c = left < 0 ? b : cell(filter, raw, from, left - width);
      if (left < 0) {
        a = b;
      }
      int guess = Math.max(Math.min(a, b), Math.min(Math.max(a, b), a + b - c));
      int difference = cell(filter, raw, from, i) - guess;
      difference = filter.bytesPerSample() == 1 ? (byte) difference : (short) difference;
      int folded = difference < 0 ? -2 * difference - 1 : 2 * difference;
      out[at + i] = (byte) folded;
      if (filter.bytesPerSample() == 2) {
        out[at + cells + i] = (byte) (folded >> 8);
      }
    }
    return out;
  }

  private static int cell(MedianShuffle filter, byte[] raw, int from, int i) {
    if (i < 0) {
      return 0;
    }
    if (filter.bytesPerSample() == 1) {
      return filter.signed() ? raw[from + i] : raw[from + i] & 0xFF;
    }
    int cell = (raw[from + 2 * i] & 0xFF) | raw[from + 2 * i + 1] << 8;
    return filter.signed() ? cell : cell & 0xFFFF;
  }

  @Test
  void anImageThatIsNotWhollyThereIsNotFiltered() {
    MedianShuffle filter = new MedianShuffle(4, 4, 1, 2, true);

    assertThatThrownBy(() -> filter.forward(new byte[31], 0, new byte[32], 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> filter.inverse(new byte[32], 0, new byte[32], 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new MedianShuffle(1 << 20, 1 << 20, 3, 2, false))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
