package serdab.dicom.codec;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/// An image drawn from a seed: any format, and pixels of the kinds that take different ways through
/// the codec.
record TestImage(FrameFormat format, byte[] raw, int from) {

  static TestImage drawnFrom(RandomGenerator random) {
    int rows = side(random);
    int columns = side(random);
    int components = random.nextBoolean() ? 1 : random.nextInt(1, 5);
    int bits = random.nextInt(2, 17);
    boolean planar = random.nextBoolean();
    int offset = random.nextInt(3) == 0 ? random.nextInt(-70000, 70000) : 0;
    FrameFormat format = new FrameFormat(rows, columns, components, bits, planar, offset);
    int from = random.nextInt(4);
    byte[] raw = new byte[from + format.lengthBytes() + random.nextInt(4)];
    int maximum = format.maximum();
    int kind = random.nextInt(7);
    int amplitude = 1 + random.nextInt(Math.max(1, maximum >> random.nextInt(bits)));
    int previous = random.nextInt(maximum + 1);
    int cells = rows * columns * components;
    for (int i = 0; i < cells; i++) {
      int x = i % columns;
      int y = i / columns;
      int sample =
          switch (kind) {
            case 0 -> random.nextInt(maximum + 1);
            case 1 -> previous;
            case 2 -> random.nextInt(40) == 0 ? random.nextInt(maximum + 1) : previous;
            case 3 -> previous + random.nextInt(-amplitude, amplitude + 1);
            case 4 ->
                (x * 3 + y * 5) * maximum / (8 * (rows + columns)) + random.nextInt(amplitude);
            case 5 -> random.nextBoolean() ? 0 : maximum;
            default ->
                (x / 9 + y / 7 & 1) == 0 ? 0 : maximum / 2 + random.nextInt(-amplitude, amplitude);
          };
      sample = Math.max(0, Math.min(maximum, sample));
      previous = kind == 5 ? 0 : sample;
      int cell = sample - offset;
      int at = from + i * format.bytesPerSample();
      raw[at] = (byte) cell;
      if (format.bytesPerSample() == 2) {
        raw[at + 1] = (byte) (cell >> 8);
      }
    }
    return new TestImage(format, raw, from);
  }

  /// The frame's bytes alone.
  byte[] cells() {
    return Arrays.copyOfRange(raw, from, from + format.lengthBytes());
  }

  private static int side(RandomGenerator random) {
    return switch (random.nextInt(6)) {
      case 0 -> 1;
      case 1 -> random.nextInt(1, 5);
      case 2 -> random.nextInt(100, 300);
      default -> random.nextInt(1, 70);
    };
  }
}
