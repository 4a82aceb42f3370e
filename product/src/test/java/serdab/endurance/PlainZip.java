package serdab.endurance;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import serdab.Sha256;

/// A study's ZIP as somebody without this product reads it: with the JDK alone, by the words of
/// `docs/format/zip-tree.md` and `digests.md`.
final class PlainZip {

  private static final Pattern TREE_ZIP =
      Pattern.compile("(?:[0-9]{4}_[0-9]{2}|UNKNOWN_DATE)/([0-9.]+)(?:_[0-9]+)?\\.zip");

  private PlainZip() {}

  /// The study of a ZIP in the tree, by its name; empty for every other file.
  static Optional<String> studyOf(String path) {
    Matcher matcher = TREE_ZIP.matcher(path);
    return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  /// The files of a study by path; empty when the ZIP is not whole.
  static Optional<Map<String, byte[]>> files(byte[] zip) {
    Map<String, byte[]> files = new TreeMap<>();
    String sums = "";
    try (ZipInputStream in =
        new ZipInputStream(new ByteArrayInputStream(zip), StandardCharsets.UTF_8)) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        byte[] content = in.readAllBytes();
        if (entry.getName().equals("SHA256SUMS")) {
          sums = new String(content, StandardCharsets.UTF_8);
        } else {
          files.put(entry.getName(), content);
        }
      }
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
    if (!sums.equals(sumsOf(sums, files)) || files.remove("study-manifest.json") == null) {
      return Optional.empty();
    }
    return Optional.of(files);
  }

  /// What the list of check sums has to be, in its own order.
  private static String sumsOf(String sums, Map<String, byte[]> files) {
    StringBuilder expected = new StringBuilder();
    List<String> names = sums.lines().map(line -> line.replaceFirst("^[0-9a-f]*  ", "")).toList();
    if (names.size() != files.size()) {
      return "";
    }
    for (String name : names) {
      byte[] content = files.get(name);
      if (content == null) {
        return "";
      }
      expected.append(Sha256.digest(content).hex()).append("  ").append(name).append('\n');
    }
    return expected.toString();
  }

  /// The identity of a version: a digest over its sorted "file digest, length" lines.
  static String version(Collection<byte[]> files) {
    List<String> lines = new ArrayList<>();
    for (byte[] file : files) {
      lines.add(Sha256.digest(file).hex() + ' ' + file.length + '\n');
    }
    lines.sort(null);
    byte[] all = String.join("", lines).getBytes(StandardCharsets.US_ASCII);
    return Sha256.digest(all).hex();
  }

  /// A byte of the first file's stored bytes, so that flipping a bit there does harm.
  static long byteOfContent(byte[] zip, int drawn) {
    int name = (zip[26] & 0xFF) | (zip[27] & 0xFF) << 8;
    int extra = (zip[28] & 0xFF) | (zip[29] & 0xFF) << 8;
    int length = (zip[18] & 0xFF) | (zip[19] & 0xFF) << 8 | (zip[20] & 0xFF) << 16;
    // The last byte of a deflated entry may have bits that mean nothing.
    return 30L + name + extra + drawn % Math.max(1, length - 1);
  }
}
