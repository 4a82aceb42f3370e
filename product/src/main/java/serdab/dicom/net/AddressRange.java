package serdab.dicom.net;

import java.net.InetAddress;
import java.util.regex.Pattern;

/// Addresses with the same first bits, written `10.1.0.0/16`, or one address.
///
/// @param first an address of the range
/// @param bits how many bits count, from the front
public record AddressRange(InetAddress first, int bits) {

  /// Digits alone: a name would be looked up, and may mean another machine tomorrow.
  private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  public AddressRange {
    if (bits < 0 || bits > first.getAddress().length * Byte.SIZE) {
      throw new IllegalArgumentException("an address has not so many bits: " + bits);
    }
  }

  /// Reads a range as it is written.
  ///
  /// @throws IllegalArgumentException when this is no address or range
  public static AddressRange parse(String text) {
    String[] parts = text.split("/", 2);
    if (!LITERAL.matcher(parts[0]).matches()) {
      throw new IllegalArgumentException("not an address: " + text);
    }
    InetAddress first = InetAddress.ofLiteral(parts[0]);
    int all = first.getAddress().length * Byte.SIZE;
    return new AddressRange(first, parts.length == 1 ? all : Integer.parseInt(parts[1]));
  }

  public boolean contains(InetAddress address) {
    byte[] one = first.getAddress();
    byte[] other = address.getAddress();
    if (one.length != other.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit++) {
      int mask = 0x80 >>> (bit % Byte.SIZE);
      if (((one[bit / Byte.SIZE] ^ other[bit / Byte.SIZE]) & mask) != 0) {
        return false;
      }
    }
    return true;
  }
}
