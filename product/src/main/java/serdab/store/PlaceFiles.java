package serdab.store;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import serdab.Sha256;

/// The names [LocalFolder] uses for itself, and how it knows its own unfinished files.
///
/// An unfinished file is called `<final name>.<8 hex random><8 hex proof>.part`; the proof is the
/// start of the SHA-256 over the random digits and the place's id. So without any journal a
/// leftover can be told from another program's `.part`, such as a browser's download, and from that
/// of another place copied here. Where several runs write at once, the first two random digits are
/// the number of the run's lock file, so that what a live run is writing can be told from what a
/// dead one left.
final class PlaceFiles {

  /// Keeps the place's id: 32 hexadecimal digits on its first line.
  static final String ID = ".place-id";

  static final String ID_BEING_WRITTEN = ".place-id.new";

  /// Locked by the one process that writes to the place.
  static final String LOCK = ".place-lock";

  /// How many runs can write at once where several may.
  static final int WRITERS_MAX = 256;

  static final int ID_FILE_BYTES_MAX = 4096;

  /// What operating systems keep at the root of a volume, often unreadable.
  static final Set<String> OF_THE_SYSTEM =
      Set.of(
          "lost+found",
          ".Trashes",
          ".Spotlight-V100",
          ".fseventsd",
          ".TemporaryItems",
          ".DocumentRevisions-V100",
          "System Volume Information",
          "$RECYCLE.BIN");

  private static final Set<String> OURS = Set.of(ID, ID_BEING_WRITTEN, LOCK);
  private static final String SUFFIX = ".part";
  private static final int RANDOM_DIGITS = 8;
  private static final int PROOF_DIGITS = 8;
  private static final int ID_DIGITS = 32;
  private static final int WRITER_DIGITS = 2;
  private static final HexFormat HEX = HexFormat.of();

  private PlaceFiles() {}

  static boolean isBookkeeping(String path) {
    return OURS.contains(path)
        || isNumbered(path, LOCK + '-', WRITER_DIGITS)
        || isNumbered(path, ID_BEING_WRITTEN + '.', RANDOM_DIGITS);
  }

  private static boolean isNumbered(String path, String prefix, int digits) {
    return path.length() == prefix.length() + digits
        && path.startsWith(prefix)
        && isHex(path.substring(prefix.length()));
  }

  /// Locked by one of several runs that write at once.
  ///
  /// @param writer two hexadecimal digits
  static String lock(String writer) {
    return LOCK + '-' + writer;
  }

  static String writer(int number) {
    return HEX.toHexDigits((byte) number);
  }

  /// Which of several runs an own unfinished file is from.
  static String writerOf(String part) {
    int start = part.length() - SUFFIX.length() - RANDOM_DIGITS - PROOF_DIGITS;
    return part.substring(start, start + WRITER_DIGITS);
  }

  static String idBeingWritten(RandomGenerator random) {
    return ID_BEING_WRITTEN + '.' + HEX.toHexDigits(random.nextInt());
  }

  static String newId(RandomGenerator random) {
    return HEX.toHexDigits(random.nextLong()) + HEX.toHexDigits(random.nextLong());
  }

  static byte[] idFile(String id) {
    return (id
            + "\n"
            + "This number marks unfinished files (*.part) in this folder as its own, so that only\n"
            + "those are cleaned up. Finished files do not need it.\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  static Optional<String> readId(byte[] file) {
    String text = new String(file, StandardCharsets.US_ASCII);
    int end = text.indexOf('\n');
    String id = end < 0 ? "" : text.substring(0, end);
    return id.length() == ID_DIGITS && isHex(id) ? Optional.of(id) : Optional.empty();
  }

  /// @param writer the number of one of several runs, or empty where one writes at a time
  static String partName(String name, String writer, String placeId, RandomGenerator random) {
    String digits = writer + HEX.toHexDigits(random.nextInt()).substring(writer.length());
    return name + '.' + digits + proof(digits, placeId) + SUFFIX;
  }

  static boolean isOwnPart(String path, String placeId) {
    if (!path.endsWith(SUFFIX)
        || path.length() - path.lastIndexOf('/') - 1 <= BlobStore.STAGED_SUFFIX_BYTES) {
      return false;
    }
    int end = path.length() - SUFFIX.length();
    int start = end - RANDOM_DIGITS - PROOF_DIGITS;
    String digits = path.substring(start, start + RANDOM_DIGITS);
    return path.charAt(start - 1) == '.'
        && isHex(digits)
        && path.substring(start + RANDOM_DIGITS, end).equals(proof(digits, placeId));
  }

  private static String proof(String digits, String placeId) {
    byte[] hashed = (digits + placeId).getBytes(StandardCharsets.US_ASCII);
    return Sha256.digest(hashed).hex().substring(0, PROOF_DIGITS);
  }

  private static boolean isHex(String text) {
    return text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }
}
