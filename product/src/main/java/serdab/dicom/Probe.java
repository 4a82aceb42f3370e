package serdab.dicom;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds out how the first elements at a position are encoded. A declared transfer syntax is a
/// claim that these elements confirm or refute.
final class Probe {

  private static final int ELEMENTS_LOOKED_AT = 2;

  /// The highest group that a data set without File Meta Information starts with.
  private static final int FIRST_GROUP_MAX = 0x0018;

  private Probe() {}

  /// The encoding under which the first two elements make sense.
  ///
  /// @param claim what is declared; null when nothing is
  /// @return null when they make sense under none
  static @Nullable Encoding find(Window in, long position, @Nullable Encoding claim)
      throws IOException {
    if (!in.has(position, 8)) {
      return null;
    }
    byte[] bytes = in.bytes();
    int offset = in.offset(position);
    // Groups start low: a first byte of zero is the high byte of a big-endian group.
    boolean bigEndian = bytes[offset] == 0 && bytes[offset + 1] != 0;
    boolean explicit = Vr.ofLetters(bytes[offset + 4], bytes[offset + 5]) != null;
    for (Encoding candidate :
        List.of(
            new Encoding(explicit, bigEndian),
            new Encoding(explicit, !bigEndian),
            new Encoding(!explicit, bigEndian),
            new Encoding(!explicit, !bigEndian))) {
      if (isPlausible(in, position, candidate, claim == null)) {
        return candidate;
      }
    }
    return null;
  }

  /// Whether the first elements make sense in this encoding.
  ///
  /// @param strict whether nothing else says that this is DICOM: then the first attribute must be
  ///   one of the standard, of a group that files start with
  static boolean isPlausible(Window in, long position, Encoding encoding, boolean strict)
      throws IOException {
    long at = position;
    int last = 0;
    for (int n = 0; n < ELEMENTS_LOOKED_AT; n++) {
      if (n > 0 && at == in.length()) {
        return true;
      }
      if (!in.has(at, 8)) {
        return false;
      }
      int offset = in.offset(at);
      int tag = Bytes.tag(in.bytes(), offset, encoding.bigEndian());
      int group = Tag.group(tag);
      if (group == 0 || group >= 0xFFFC || Integer.compareUnsigned(tag, last) <= 0) {
        return false;
      }
      if (n == 0 && strict && (group > FIRST_GROUP_MAX || !Dictionary.isKnown(tag))) {
        return false;
      }
      int headerBytes = 8;
      long length;
      if (encoding.explicit()) {
        Vr vr = Vr.ofLetters(in.bytes()[offset + 4], in.bytes()[offset + 5]);
        if (vr == null) {
          return false;
        }
        if (vr.hasLongForm()) {
          headerBytes = 12;
          if (!in.has(at, headerBytes)) {
            return false;
          }
          length = Bytes.u32(in.bytes(), in.offset(at) + 8, encoding.bigEndian());
        } else {
          length = Bytes.u16(in.bytes(), offset + 6, encoding.bigEndian());
        }
      } else {
        length = Bytes.u32(in.bytes(), offset + 4, encoding.bigEndian());
      }
      if (length == Walk.UNDEFINED) {
        return n > 0 || !strict || startsItem(in, at + headerBytes, encoding);
      }
      at += headerBytes + length;
      if (at > in.length()) {
        // A file cut inside its second element is still what its first element says.
        return n > 0 && !strict;
      }
      last = tag;
    }
    return true;
  }

  private static boolean startsItem(Window in, long position, Encoding encoding)
      throws IOException {
    return in.has(position, 4)
        && Bytes.tag(in.bytes(), in.offset(position), encoding.bigEndian()) == Tag.Item;
  }
}
