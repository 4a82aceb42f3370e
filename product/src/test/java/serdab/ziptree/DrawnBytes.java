package serdab.ziptree;

import java.nio.charset.StandardCharsets;
import java.util.random.RandomGenerator;

/// Bytes of many kinds, drawn from a seed, on which a compressor could trip.
final class DrawnBytes {

  private static final byte[] WORDS =
      "1.2.840.10008.5.1.4.1.1.2 ORIGINAL\\PRIMARY\\AXIAL ISO_IR 100 Thorax 20190102 "
          .getBytes(StandardCharsets.US_ASCII);

  private DrawnBytes() {}

  static byte[] ofAnyKind(RandomGenerator random, int length) {
    byte[] bytes = new byte[length];
    int from = 0;
    while (from < length) {
      int to = random.nextInt(4) == 0 ? random.nextInt(from, length) + 1 : length;
      fill(random, bytes, from, to);
      from = to;
    }
    return bytes;
  }

  private static void fill(RandomGenerator random, byte[] bytes, int from, int to) {
    switch (random.nextInt(8)) {
      case 0 -> noise(random, bytes, from, to, 256);
      case 1 -> noise(random, bytes, from, to, random.nextInt(1, 20));
      case 2 -> repeat(random, bytes, from, to, 1);
      case 3 -> repeat(random, bytes, from, to, random.nextInt(1, 600));
      case 4 -> repeat(random, bytes, from, to, random.nextInt(32_700, 32_800));
      case 5 -> pixels(random, bytes, from, to, random.nextInt(1, 400));
      case 6 -> ramp(random, bytes, from, to);
      default -> text(random, bytes, from, to);
    }
  }

  static void noise(RandomGenerator random, byte[] bytes, int from, int to, int values) {
    for (int i = from; i < to; i++) {
      bytes[i] = (byte) random.nextInt(values);
    }
  }

  static void repeat(RandomGenerator random, byte[] bytes, int from, int to, int period) {
    for (int i = from; i < to; i++) {
      bytes[i] = i - from < period ? (byte) random.nextInt() : bytes[i - period];
    }
  }

  /// 16-bit pixels around a level that drifts, like an image with so much noise.
  static void pixels(RandomGenerator random, byte[] bytes, int from, int to, int noise) {
    int level = random.nextInt(4096);
    for (int i = from; i < to; i += 2) {
      level += random.nextInt(-3, 4);
      int pixel = level + random.nextInt(noise);
      bytes[i] = (byte) pixel;
      if (i + 1 < to) {
        bytes[i + 1] = (byte) (pixel >> 8);
      }
    }
  }

  private static void ramp(RandomGenerator random, byte[] bytes, int from, int to) {
    int rise = random.nextInt(1, 300);
    for (int i = from; i < to; i++) {
      int pixel = (i - from) / 2 * rise;
      bytes[i] = (byte) ((i - from) % 2 == 0 ? pixel : pixel >> 8);
    }
  }

  private static void text(RandomGenerator random, byte[] bytes, int from, int to) {
    int i = from;
    while (i < to) {
      int word = random.nextInt(WORDS.length);
      for (int n = random.nextInt(1, 30); n > 0 && i < to; n--) {
        bytes[i++] = WORDS[word++ % WORDS.length];
      }
    }
  }
}
