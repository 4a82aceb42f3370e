package serdab.repository.age;

import java.io.ByteArrayOutputStream;
import java.util.Optional;

/// Keys as text: Bech32 without its limit of 90 characters.
///
/// @spec https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki BIP 173
final class Bech32 {

  private static final String DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  private static final int[] GENERATOR = {
    0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3
  };
  private static final int CHECKSUM_DIGITS = 6;
  private static final int LENGTH_MAX = 1024;

  private Bech32() {}

  /// Lower-case text of a prefix and bytes.
  static String encode(String prefix, byte[] bytes) {
    byte[] digits = regroup(bytes, 8, 5, true).orElseThrow();
    StringBuilder text = new StringBuilder(prefix).append('1');
    for (byte digit : digits) {
      text.append(DIGITS.charAt(digit));
    }
    int check = 1;
    check = prefixed(check, prefix);
    for (byte digit : digits) {
      check = step(check, digit);
    }
    for (int i = 0; i < CHECKSUM_DIGITS; i++) {
      check = step(check, 0);
    }
    check ^= 1;
    for (int i = CHECKSUM_DIGITS - 1; i >= 0; i--) {
      text.append(DIGITS.charAt((check >>> (5 * i)) & 31));
    }
    return text.toString();
  }

  /// The bytes of lower-case text; empty when the prefix is another or a digit is wrong.
  static Optional<byte[]> decode(String prefix, String text) {
    int first = prefix.length() + 1;
    if (text.length() > LENGTH_MAX
        || text.length() < first + CHECKSUM_DIGITS
        || !text.startsWith(prefix + "1")) {
      return Optional.empty();
    }
    int check = prefixed(1, prefix);
    byte[] digits = new byte[text.length() - first];
    for (int i = 0; i < digits.length; i++) {
      int digit = DIGITS.indexOf(text.charAt(first + i));
      if (digit < 0) {
        return Optional.empty();
      }
      digits[i] = (byte) digit;
      check = step(check, digit);
    }
    if (check != 1) {
      return Optional.empty();
    }
    byte[] content = new byte[digits.length - CHECKSUM_DIGITS];
    System.arraycopy(digits, 0, content, 0, content.length);
    return regroup(content, 5, 8, false);
  }

  private static int prefixed(int check, String prefix) {
    int next = check;
    for (int i = 0; i < prefix.length(); i++) {
      next = step(next, prefix.charAt(i) >>> 5);
    }
    next = step(next, 0);
    for (int i = 0; i < prefix.length(); i++) {
      next = step(next, prefix.charAt(i) & 31);
    }
    return next;
  }

  private static int step(int check, int digit) {
    int top = check >>> 25;
    int next = ((check & 0x1ffffff) << 5) ^ digit;
    for (int i = 0; i < GENERATOR.length; i++) {
      if (((top >>> i) & 1) != 0) {
        next ^= GENERATOR[i];
      }
    }
    return next;
  }

  private static Optional<byte[]> regroup(byte[] from, int fromBits, int toBits, boolean pad) {
    ByteArrayOutputStream to = new ByteArrayOutputStream();
    int held = 0;
    int bits = 0;
    for (byte value : from) {
      held = ((held << fromBits) | (value & ((1 << fromBits) - 1))) & 0xfff;
      bits += fromBits;
      while (bits >= toBits) {
        bits -= toBits;
        to.write((held >>> bits) & ((1 << toBits) - 1));
      }
    }
    int rest = held & ((1 << bits) - 1);
    if (pad) {
      if (bits > 0) {
        to.write(rest << (toBits - bits));
      }
    } else if (bits >= fromBits || rest != 0) {
      return Optional.empty();
    }
    return Optional.of(to.toByteArray());
  }
}
