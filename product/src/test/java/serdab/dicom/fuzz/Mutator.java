package serdab.dicom.fuzz;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/// Makes new inputs from old ones. Everything comes from the generator it is given.
final class Mutator {

  private static final int INPUT_BYTES_MAX = 256 << 10;
  private static final int INFLATED_BYTES_MAX = 1 << 20;

  private static final byte[][] INTERESTING = {
    {0, 0, 0, 0},
    {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF},
    {(byte) 0xFE, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF},
    {(byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 0x7F},
    {0, 0, 0, (byte) 0x80},
    {(byte) 0xFE, (byte) 0xFF, 0, (byte) 0xE0},
    {(byte) 0xFE, (byte) 0xFF, 0x0D, (byte) 0xE0},
    {(byte) 0xFE, (byte) 0xFF, (byte) 0xDD, (byte) 0xE0},
    {(byte) 0xFF, (byte) 0xFE, (byte) 0xE0, 0},
    {(byte) 0xE0, 0x7F, 0x10, 0},
    {0x08, 0, 0x05, 0},
    {0x28, 0, 0x08, 0},
    {'S', 'Q', 0, 0},
    {'U', 'N', 0, 0},
    {'O', 'B', 0, 0},
    {'O', 'W', 0, 0},
    {'U', 'T', 0, 0},
    {'L', 'O', 2, 0},
    {'U', 'S', 2, 0},
    {'X', 'Y', 0, 0},
    {0x1B, '$', 'B', '!'},
    {0x1B, '$', ')', 'C'},
    {0x1B, '(', 'J', '\\'},
    {'\\', '^', '=', '\r'},
    {'.', '.', '\\', '/'},
    {1, 0, 0, 0},
    {2, 0, 0x10, 0},
  };

  private final RandomGenerator random;
  private final List<byte[]> pool;

  Mutator(RandomGenerator random, List<byte[]> seeds) {
    this.random = random;
    this.pool = new ArrayList<>(seeds);
  }

  /// Adds an input that showed something new.
  void add(byte[] input) {
    pool.add(input);
  }

  byte[] next(FuzzTarget target) {
    byte[] input = pool.get(random.nextInt(pool.size())).clone();
    if (target == FuzzTarget.INFLATER && random.nextInt(3) > 0) {
      return insideOfDeflated(input);
    }
    return mutated(input);
  }

  private byte[] mutated(byte[] start) {
    byte[] bytes = start;
    for (int steps = 1 + random.nextInt(random.nextBoolean() ? 3 : 24); steps > 0; steps--) {
      bytes = once(bytes);
    }
    return bytes.length <= INPUT_BYTES_MAX ? bytes : Arrays.copyOf(bytes, INPUT_BYTES_MAX);
  }

  private byte[] once(byte[] bytes) {
    if (bytes.length < 8) {
      return insert(bytes, 0, INTERESTING[random.nextInt(INTERESTING.length)]);
    }
    int at = place(bytes.length);
    return switch (random.nextInt(9)) {
      case 0 -> {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        yield bytes;
      }
      case 1 -> {
        bytes[at] = (byte) random.nextInt(256);
        yield bytes;
      }
      case 2, 3 -> {
        byte[] word = INTERESTING[random.nextInt(INTERESTING.length)];
        int count = Math.min(word.length, bytes.length - at);
        System.arraycopy(word, 0, bytes, at, count);
        yield bytes;
      }
      case 4 -> insert(bytes, at, INTERESTING[random.nextInt(INTERESTING.length)]);
      case 5 -> Arrays.copyOf(bytes, at);
      case 6 -> remove(bytes, at, 1 + random.nextInt(Math.min(64, bytes.length - at)));
      case 7 -> {
        // Twice the same: duplicates, and nesting when it is done again and again.
        int length = 1 + random.nextInt(Math.min(512, bytes.length - at));
        yield insert(bytes, at, Arrays.copyOfRange(bytes, at, at + length));
      }
      default -> {
        byte[] other = pool.get(random.nextInt(pool.size()));
        if (other.length == 0) {
          yield bytes;
        }
        int from = place(other.length);
        int length = 1 + random.nextInt(Math.min(2048, other.length - from));
        yield insert(bytes, at, Arrays.copyOfRange(other, from, from + length));
      }
    };
  }

  /// Most headers stand at the start, so most changes go there.
  private int place(int length) {
    int within = random.nextInt(4) == 0 ? length : Math.min(length, 2048);
    return random.nextInt(within);
  }

  private byte[] insert(byte[] bytes, int at, byte[] what) {
    if (bytes.length + what.length > INPUT_BYTES_MAX) {
      return bytes;
    }
    byte[] out = new byte[bytes.length + what.length];
    System.arraycopy(bytes, 0, out, 0, at);
    System.arraycopy(what, 0, out, at, what.length);
    System.arraycopy(bytes, at, out, at + what.length, bytes.length - at);
    return out;
  }

  private static byte[] remove(byte[] bytes, int at, int length) {
    byte[] out = new byte[bytes.length - length];
    System.arraycopy(bytes, 0, out, 0, at);
    System.arraycopy(bytes, at + length, out, at, bytes.length - at - length);
    return out;
  }

  /// Changes what was deflated, or makes it very long, and deflates it again.
  private byte[] insideOfDeflated(byte[] input) {
    int start = Inflation.start(input);
    byte[] inside = Inflation.inflate(input, start, INFLATED_BYTES_MAX);
    byte[] changed =
        random.nextInt(40) == 0
            ? Arrays.copyOf(inside, inside.length + random.nextInt(96 << 20))
            : mutated(inside);
    byte[] deflated = Inflation.deflate(changed);
    byte[] out = Arrays.copyOf(input, start + deflated.length);
    System.arraycopy(deflated, 0, out, start, deflated.length);
    return random.nextInt(4) == 0 ? once(out) : out;
  }

  /// Deflated data sets of test inputs.
  private static final class Inflation {

    static int start(byte[] input) {
      int at = Math.min(132, input.length);
      while (at + 8 <= input.length && input[at] == 2 && input[at + 1] == 0) {
        boolean isLong = input[at + 4] == 'O' && input[at + 5] == 'B';
        int length = (input[at + 6] & 0xFF) + (isLong ? 4 + (input[at + 8] & 0xFF) : 0);
        at = Math.min(input.length, at + 8 + length);
      }
      return at;
    }

    static byte[] inflate(byte[] input, int start, int max) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (Inflater inflater = new Inflater(true)) {
        inflater.setInput(input, start, input.length - start);
        byte[] buffer = new byte[4096];
        int count;
        while (out.size() < max && (count = inflater.inflate(buffer)) > 0) {
          out.write(buffer, 0, count);
        }
      } catch (DataFormatException e) {
        // What came out so far is as good as anything.
      }
      return out.toByteArray();
    }

    static byte[] deflate(byte[] bytes) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      try (Deflater deflater = new Deflater(1, true)) {
        deflater.setInput(bytes);
        deflater.finish();
        byte[] buffer = new byte[1 << 16];
        while (!deflater.finished()) {
          out.write(buffer, 0, deflater.deflate(buffer));
        }
      }
      return out.toByteArray();
    }
  }
}
