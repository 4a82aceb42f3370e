package serdab.dicom.codec;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/// Damage drawn from a seed.
final class Mutation {
  private Mutation() {}

  /// Some bytes with one to four damages: cut off, a bit turned over, a byte of the head or a few
  /// bytes written over, a part left out or repeated.
  static byte[] of(byte[] stream, RandomGenerator random) {
    byte[] mutated = stream;
    for (int n = random.nextInt(1, 5); n > 0; n--) {
      int at = random.nextInt(mutated.length);
      switch (random.nextInt(6)) {
        case 0 -> mutated = Arrays.copyOf(mutated, Math.max(1, at));
        case 1, 2 -> mutated[at] ^= (byte) (1 << random.nextInt(8));
        case 3 -> mutated[Math.min(at, random.nextInt(50))] = (byte) random.nextInt(256);
        case 4 -> {
          for (int i = at; i < Math.min(mutated.length, at + 20); i++) {
            mutated[i] = (byte) (random.nextBoolean() ? 0 : random.nextInt(256));
          }
        }
        default -> {
          ByteArrayOutputStream out = new ByteArrayOutputStream();
          out.write(mutated, 0, at);
          int from = random.nextInt(mutated.length);
          out.write(mutated, from, mutated.length - from);
          mutated = out.toByteArray();
          if (mutated.length == 0) {
            mutated = new byte[1];
          }
        }
      }
    }
    return mutated;
  }
}
