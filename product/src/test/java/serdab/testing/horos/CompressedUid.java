package serdab.testing.horos;

/// How the index holds a SOP Instance UID: two characters in a byte, first one in the high half.
///
/// `0` to `9` are 1 to 10, the dot is 11, the end is filled with 0.
public final class CompressedUid {

  private CompressedUid() {}

  public static byte[] encode(String uid) {
    byte[] packed = new byte[(uid.length() + 1) / 2];
    for (int i = 0; i < uid.length(); i++) {
      char c = uid.charAt(i);
      int half = c == '.' ? 11 : c - '0' + 1;
      packed[i / 2] |= (byte) (i % 2 == 0 ? half << 4 : half);
    }
    return packed;
  }
}
