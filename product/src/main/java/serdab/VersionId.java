package serdab;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/// The identity of one version of a study: the SHA-256 over its sorted "file digest, length" lines.
///
/// Paths are left out, so that a renumbered library is not a new version. A file that is there
/// twice counts twice. Each line is the digest's 64 hexadecimal digits, one space, the length in
/// decimal and a line feed, all ASCII; lines are sorted by byte value (`docs/format/digests.md`).
public record VersionId(Sha256 digest) implements Comparable<VersionId> {

  /// One file's share in the identity.
  public record Part(Sha256 fileDigest, long lengthBytes) {}

  public static VersionId of(Collection<Part> files) {
    List<String> lines = new ArrayList<>(files.size());
    for (Part file : files) {
      lines.add(file.fileDigest().hex() + ' ' + file.lengthBytes() + '\n');
    }
    Collections.sort(lines);
    MessageDigest hasher = Sha256.hasher();
    for (String line : lines) {
      hasher.update(line.getBytes(StandardCharsets.US_ASCII));
    }
    return new VersionId(Sha256.finish(hasher));
  }

  public static VersionId parse(String hex) {
    return new VersionId(Sha256.parse(hex));
  }

  public String hex() {
    return digest.hex();
  }

  @Override
  public int compareTo(VersionId other) {
    return digest.compareTo(other.digest);
  }

  @Override
  public String toString() {
    return hex();
  }
}
