package serdab.dicom.codec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// A binary PGM or PPM picture, with its samples as [FrameFormat] has them.
record Netpbm(FrameFormat format, byte[] raw) {

  static Netpbm read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int[] numbers = new int[4];
    int at = 0;
    for (int found = 0; found < 4; ) {
      int end = at;
      while (bytes[end] > ' ') {
        end++;
      }
      String word = new String(bytes, at, end - at, StandardCharsets.US_ASCII);
      at = end + 1;
      if (word.startsWith("#")) {
        while (bytes[at - 1] != '\n') {
          at++;
        }
      } else if (!word.isEmpty()) {
        numbers[found++] = Integer.parseInt(word.startsWith("P") ? word.substring(1) : word);
      }
    }
    int bits = Math.max(2, Integer.SIZE - Integer.numberOfLeadingZeros(numbers[3]));
    FrameFormat format =
        new FrameFormat(numbers[2], numbers[1], numbers[0] == 6 ? 3 : 1, bits, false);
    byte[] raw = Arrays.copyOfRange(bytes, at, at + format.lengthBytes());
    if (format.bytesPerSample() == 2) {
      // PGM is big endian.
      for (int i = 0; i < raw.length; i += 2) {
        byte high = raw[i];
        raw[i] = raw[i + 1];
        raw[i + 1] = high;
      }
    }
    return new Netpbm(format, raw);
  }
}
