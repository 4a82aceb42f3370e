package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

class DeltaShuffleTest {

  @Test
  void differencesOfTwoBytesStandLowBytesFirst() {
    // 0x0100 0x0102 0x00FF
    // 0x0203 0x0203 0xFFFF
    byte[] raw = {0, 1, 2, 1, (byte) 0xFF, 0, 3, 2, 3, 2, (byte) 0xFF, (byte) 0xFF};

    byte[] filtered = new byte[12];
    new DeltaShuffle(2, 3, 1, 2).forward(raw, 0, filtered, 0);

    // 0x0100 0x0002 0xFFFD
    // 0x0103 0x0000 0xFDFC
    assertThat(filtered)
        .containsExactly(0x00, 0x02, 0xFD, 0x03, 0x00, 0xFC, 0x01, 0x00, 0xFF, 0x01, 0x00, 0xFD);
  }

  @Test
  void aPixelOfThreeBytesIsComparedWithThePixelToItsLeft() {
    byte[] raw = {10, 20, 30, 11, 19, 30, 9, 20, 33, 9, 20, 34};

    byte[] filtered = new byte[12];
    new DeltaShuffle(2, 2, 3, 1).forward(raw, 0, filtered, 0);

    assertThat(filtered).containsExactly(10, 20, 30, 1, -1, 0, -1, 0, 3, 0, 0, 1);
  }

  @SeededTest(runs = 300)
  void whatIsFilteredComesBack(RandomGenerator random) {
    DeltaShuffle filter =
        new DeltaShuffle(
            random.nextInt(1, 20),
            random.nextInt(1, 40),
            random.nextInt(1, 5),
            random.nextInt(1, 3));
    int from = random.nextInt(9);
    int at = random.nextInt(9);
    byte[] raw = new byte[from + filter.lengthBytes() + random.nextInt(9)];
    random.nextBytes(raw);
    byte[] filtered = new byte[at + filter.lengthBytes()];
    byte[] back = new byte[raw.length];

    filter.forward(raw, from, filtered, at);
    filter.inverse(filtered, at, back, from);

    byte[] expected = new byte[raw.length];
    System.arraycopy(raw, from, expected, from, filter.lengthBytes());
    assertThat(back).isEqualTo(expected);
    assertThat(filtered).isNotEqualTo(raw);
  }

  @Test
  void anImageThatIsNotWhollyThereIsNotFiltered() {
    DeltaShuffle filter = new DeltaShuffle(4, 4, 1, 2);

    assertThatThrownBy(() -> filter.forward(new byte[31], 0, new byte[32], 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> filter.inverse(new byte[32], 0, new byte[32], 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new DeltaShuffle(1 << 20, 1 << 20, 3, 2))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
