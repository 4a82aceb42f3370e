package serdab.store;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;

/// The rules for names of blobs: relative paths that mean one and the same file on every system.
///
/// Parts are separated by `/`; none is empty, `.` or `..`. No control character and no backslash
/// stands in a name, and it can be written in UTF-8. A part has at most [#PART_BYTES_MAX] bytes,
/// all of it at most [#NAME_BYTES_MAX] bytes and [#PARTS_MAX] parts. A name to be written leaves
/// [BlobStore#STAGED_SUFFIX_BYTES] of both free.
public final class BlobName {

  /// What file systems allow in one part.
  public static final int PART_BYTES_MAX = 255;

  /// What common cloud stores allow in all.
  public static final int NAME_BYTES_MAX = 1024;

  /// Deeper paths come from loops or attacks, not from a form of ours.
  public static final int PARTS_MAX = 32;

  private BlobName() {}

  /// The name itself, when it follows the rules.
  ///
  /// @throws SerdabException.Refused `blob-name-not-allowed`; the text does not repeat the name
  public static String require(String name) {
    refuse(brokenRule(name, 0));
    return name;
  }

  /// The name itself, when a blob of this name can be staged.
  ///
  /// @throws SerdabException.Refused `blob-name-not-allowed`; the text does not repeat the name
  public static String requireWritable(String name) {
    refuse(brokenRule(name, BlobStore.STAGED_SUFFIX_BYTES));
    return name;
  }

  /// Whether the name follows the rules.
  public static boolean isValid(String name) {
    return brokenRule(name, 0).isEmpty();
  }

  private static void refuse(Optional<String> broken) {
    if (broken.isPresent()) {
      throw new SerdabException.Refused(
          new Problem(
              "blob-name-not-allowed",
              "A name for a stored file is not allowed: " + broken.get() + ".",
              "Choose another naming pattern."));
    }
  }

  private static Optional<String> brokenRule(String name, int reservedBytes) {
    int nameBytesMax = NAME_BYTES_MAX - reservedBytes;
    if (name.length() > nameBytesMax) {
      return Optional.of("it has more than " + nameBytesMax + " bytes");
    }
    try {
      int bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name)).remaining();
      if (bytes > nameBytesMax) {
        return Optional.of("it has more than " + nameBytesMax + " bytes");
      }
    } catch (CharacterCodingException e) {
      return Optional.of("it cannot be written in UTF-8");
    }
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < 0x20 || c == 0x7f) {
        return Optional.of("it holds a control character");
      }
      if (c == '\\') {
        return Optional.of("it holds a backslash, which separates folders on some systems");
      }
    }
    int parts = 0;
    int start = 0;
    while (start <= name.length()) {
      int slash = name.indexOf('/', start);
      String part = name.substring(start, slash < 0 ? name.length() : slash);
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        return Optional.of("one of its parts is empty, \".\" or \"..\"");
      }
      int partBytesMax = slash < 0 ? PART_BYTES_MAX - reservedBytes : PART_BYTES_MAX;
      if (part.getBytes(StandardCharsets.UTF_8).length > partBytesMax) {
        return Optional.of("one of its parts has more than " + partBytesMax + " bytes");
      }
      if (++parts > PARTS_MAX) {
        return Optional.of("it has more than " + PARTS_MAX + " parts");
      }
      if (slash < 0) {
        return Optional.empty();
      }
      start = slash + 1;
    }
    return Optional.empty();
  }
}
