package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

/// Lossless JPEG, coded by a small coder of these tests, written after T.81 annex H alone. That
/// DCMTK's is read too, and how DCMTK reads, other tests show.
class JpegLosslessDecoderTest {

  /// One frame of samples, component after component.
  private static final class Frame {
    private final int rows;
    private final int columns;
    private final int bits;
    private final int[][] samples;

    private Frame(int rows, int columns, int bits, int[][] samples) {
      this.rows = rows;
      this.columns = columns;
      this.bits = bits;
      this.samples = samples;
    }

    static Frame drawn(RandomGenerator random) {
      int rows = 1 + random.nextInt(12);
      int columns = 1 + random.nextInt(12);
      int bits = 2 + random.nextInt(15);
      int[][] samples = new int[random.nextBoolean() ? 1 : 3][rows * columns];
      int level = random.nextInt(1 << bits);
      for (int[] plane : samples) {
        for (int i = 0; i < plane.length; i++) {
          // Smooth in places, and everything in others.
          level =
              random.nextInt(3) == 0
                  ? random.nextInt(1 << bits)
                  : (level + random.nextInt(5)) & ((1 << bits) - 1);
          plane[i] = level;
        }
      }
      return new Frame(rows, columns, bits, samples);
    }

    FrameFormat format(boolean planar) {
      return new FrameFormat(rows, columns, samples.length, bits, planar);
    }

    byte[] raw(boolean planar) {
      int cell = bits > 8 ? 2 : 1;
      byte[] raw = new byte[rows * columns * samples.length * cell];
      for (int j = 0; j < samples.length; j++) {
        for (int i = 0; i < rows * columns; i++) {
          int at = cell * (planar ? j * rows * columns + i : i * samples.length + j);
          raw[at] = (byte) samples[j][i];
          if (cell == 2) {
            raw[at + 1] = (byte) (samples[j][i] >> 8);
          }
        }
      }
      return raw;
    }
  }

  /// Codes all 17 categories with five bits each.
  private static final class Coder {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Frame frame;
    private final int predictor;
    private final int linesInInterval;
    private int bits;
    private int waiting;

    Coder(Frame frame, int predictor, int linesInInterval) {
      this.frame = frame;
      this.predictor = predictor;
      this.linesInInterval = linesInInterval;
    }

    byte[] code(boolean together) {
      shorts(0xFFD8, 0xFFC4, 2 + 17 + 17);
      out.write(0);
      out.writeBytes(new byte[] {0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
      for (int category = 0; category <= 16; category++) {
        out.write(category);
      }
      int components = frame.samples.length;
      shorts(0xFFC3, 8 + 3 * components);
      out.write(frame.bits);
      shorts(frame.rows, frame.columns);
      out.write(components);
      for (int j = 1; j <= components; j++) {
        out.writeBytes(new byte[] {(byte) j, 0x11, 0});
      }
      if (linesInInterval > 0) {
        shorts(0xFFDD, 4, linesInInterval * frame.columns);
      }
      if (together) {
        scan(0, components);
      } else {
        for (int j = 0; j < components; j++) {
          scan(j, j + 1);
        }
      }
      shorts(0xFFD9);
      return out.toByteArray();
    }

    private void scan(int first, int end) {
      shorts(0xFFDA, 6 + 2 * (end - first));
      out.write(end - first);
      for (int j = first; j < end; j++) {
        out.write(j + 1);
        out.write(0);
      }
      out.writeBytes(new byte[] {(byte) predictor, 0, 0});
      for (int row = 0; row < frame.rows; row++) {
        boolean isFirst = linesInInterval == 0 ? row == 0 : row % linesInInterval == 0;
        if (isFirst && row > 0) {
          flush();
          shorts(0xFFD0 + ((row / linesInInterval - 1) & 7));
        }
        for (int x = 0; x < frame.columns; x++) {
          for (int j = first; j < end; j++) {
            sample(frame.samples[j], row, x, isFirst);
          }
        }
      }
      flush();
    }

    private void sample(int[] plane, int row, int x, boolean isFirst) {
      int at = row * frame.columns + x;
      int a = x > 0 ? plane[at - 1] : 0;
      int b = isFirst ? 0 : plane[at - frame.columns];
      int c = isFirst || x == 0 ? 0 : plane[at - frame.columns - 1];
      int prediction;
      if (isFirst) {
        prediction = x == 0 ? 1 << (frame.bits - 1) : a;
      } else if (x == 0) {
        prediction = b;
      } else {
        int[] all = {0, a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1};
        prediction = all[predictor];
      }
      int difference = (plane[at] - prediction) & 0xFFFF;
      int signed = difference > 0x8000 ? difference - 0x10000 : difference;
      int category = signed == 0 ? 0 : 32 - Integer.numberOfLeadingZeros(Math.abs(signed));
      put(category, 5);
      if (category > 0 && category < 16) {
        put(signed > 0 ? signed : signed + (1 << category) - 1, category);
      }
    }

    private void put(int value, int count) {
      for (int bit = count - 1; bit >= 0; bit--) {
        bits = (bits << 1) | ((value >> bit) & 1);
        if (++waiting == 8) {
          out.write(bits);
          if ((bits & 0xFF) == 0xFF) {
            out.write(0);
          }
          bits = 0;
          waiting = 0;
        }
      }
    }

    private void flush() {
      while (waiting > 0) {
        put(1, 1);
      }
    }

    private void shorts(int... values) {
      for (int value : values) {
        out.write(value >> 8);
        out.write(value);
      }
    }
  }

  private static byte[] decoded(byte[] stream, FrameFormat format) throws UndecodableException {
    byte[] out = new byte[format.lengthBytes()];
    new JpegLosslessDecoder().decode(stream, 0, stream.length, format, out, 0);
    return out;
  }

  @SeededTest(runs = 300)
  void whatWasCodedComesBack(RandomGenerator random) throws UndecodableException {
    Frame frame = Frame.drawn(random);
    int interval = random.nextBoolean() ? 0 : 1 + random.nextInt(frame.rows);
    byte[] stream = new Coder(frame, 1 + random.nextInt(7), interval).code(random.nextBoolean());
    boolean planar = random.nextBoolean();

    assertThat(decoded(stream, frame.format(planar))).isEqualTo(frame.raw(planar));
  }

  /// Damage may look like another picture; it never does anything else.
  @SeededTest(runs = 300)
  void aDamagedStreamIsToldOrIsAnotherPicture(RandomGenerator random) {
    Frame frame = Frame.drawn(random);
    byte[] stream = new Coder(frame, 1 + random.nextInt(7), 0).code(true);
    for (int n = random.nextInt(3); n >= 0; n--) {
      stream[random.nextInt(stream.length)] ^= (byte) (1 << random.nextInt(8));
    }
    byte[] cut =
        random.nextBoolean() ? stream : Arrays.copyOf(stream, random.nextInt(stream.length));
    try {
      assertThat(decoded(cut, frame.format(false))).isNotNull();
    } catch (UndecodableException e) {
      assertThat(e.getMessage()).isNotEmpty();
    }
  }

  @Test
  void aPointTransformHasLostBitsAndIsRefused() {
    Frame frame = Frame.drawn(new SplittableRandom(5));
    byte[] stream = new Coder(frame, 1, 0).code(true);
    int scan = 0;
    while ((stream[scan] & 0xFF) != 0xFF || (stream[scan + 1] & 0xFF) != 0xDA) {
      scan++;
    }
    stream[scan + 2 + 3 + 2 * frame.samples.length + 2] = 1;

    assertThatExceptionOfType(UndecodableException.class)
        .isThrownBy(() -> decoded(stream, frame.format(false)))
        .withMessageContaining("point transform");
  }

  @Test
  void otherProcessesOfJpegAreRefused() {
    Frame frame = Frame.drawn(new SplittableRandom(6));
    for (int process : new int[] {0xC0, 0xC1, 0xC2, 0xC5, 0xC7, 0xCB, 0xF7}) {
      byte[] stream = new Coder(frame, 1, 0).code(true);
      int at = 0;
      while ((stream[at] & 0xFF) != 0xFF || (stream[at + 1] & 0xFF) != 0xC3) {
        at++;
      }
      stream[at + 1] = (byte) process;

      assertThatExceptionOfType(UndecodableException.class)
          .isThrownBy(() -> decoded(stream, frame.format(false)));
    }
  }
}
