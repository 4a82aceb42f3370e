package serdab.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/// How a file looked when it was looked at: enough to notice that it was changed or replaced.
///
/// @param lengthBytes its length
/// @param modifiedNanos time of last change since 1970-01-01T00:00:00Z
/// @param fileKey what the system knows it by on its volume, such as its inode; empty text where it
///   has none
public record FileStamp(long lengthBytes, long modifiedNanos, String fileKey) {

  public static FileStamp of(BasicFileAttributes attributes) {
    Object key = attributes.fileKey();
    java.time.Instant modified = attributes.lastModifiedTime().toInstant();
    return new FileStamp(
        attributes.size(),
        modified.getEpochSecond() * 1_000_000_000L + modified.getNano(),
        key == null ? "" : withoutDevice(key.toString()));
  }

  /// An external volume gets another device number at every mount, and then each of its files would
  /// look touched and be read again.
  private static String withoutDevice(String key) {
    int inode = key.indexOf("ino=");
    return inode < 0 ? key : key.substring(inode);
  }

  /// Looks at a file without following a link at its end.
  public static FileStamp of(Path file) throws IOException {
    return of(Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
  }

  /// Looks at a file, following links.
  public static FileStamp ofTarget(Path file) throws IOException {
    return of(Files.readAttributes(file, BasicFileAttributes.class));
  }

  public long modifiedMillis() {
    return Math.floorDiv(modifiedNanos, 1_000_000L);
  }

  /// One line for fingerprints.
  public String text() {
    return lengthBytes + " " + modifiedNanos + " " + fileKey;
  }
}
