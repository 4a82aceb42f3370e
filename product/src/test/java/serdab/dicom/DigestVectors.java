package serdab.dicom;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import serdab.testing.SharedData;

/// Reads `docs/format/digests-vectors.txt`.
final class DigestVectors {

  /// A small file and what its digests must be: digest, or `-`, by name.
  static final class Vector {

    private final String name;
    private final byte[] bytes;
    private final Map<String, String> expected;

    Vector(String name, byte[] bytes, Map<String, String> expected) {
      this.name = name;
      this.bytes = bytes;
      this.expected = Map.copyOf(expected);
    }

    String name() {
      return name;
    }

    byte[] bytes() {
      return bytes.clone();
    }

    Map<String, String> expected() {
      return expected;
    }

    String expected(String digest) {
      return expected.getOrDefault(digest, "");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private DigestVectors() {}

  static Path file() {
    return SharedData.checkout().resolve("docs/format/digests-vectors.txt");
  }

  static List<Vector> all() {
    List<Vector> vectors = new ArrayList<>();
    String name = "";
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Map<String, String> expected = new HashMap<>();
    for (String line : lines()) {
      String content = line.replaceFirst("#.*", "").strip();
      int colon = content.indexOf(':');
      if (content.startsWith("==")) {
        addTo(vectors, name, bytes, expected);
        name = content.substring(2).strip();
        bytes.reset();
        expected = new HashMap<>();
      } else if (colon > 0) {
        expected.put(content.substring(0, colon), content.substring(colon + 1).strip());
      } else if (!content.isEmpty()) {
        addBytes(content, bytes);
      }
    }
    addTo(vectors, name, bytes, expected);
    return vectors;
  }

  private static void addTo(
      List<Vector> vectors,
      String name,
      ByteArrayOutputStream bytes,
      Map<String, String> expected) {
    if (!name.isEmpty()) {
      vectors.add(new Vector(name, bytes.toByteArray(), expected));
    }
  }

  private static void addBytes(String line, ByteArrayOutputStream bytes) {
    for (String token : line.split("\\s+", -1)) {
      String[] parts = token.split("\\*", -1);
      byte[] once = HexFormat.of().parseHex(parts[0]);
      int count = parts.length == 1 ? 1 : Integer.parseInt(parts[1]);
      for (int i = 0; i < count; i++) {
        bytes.writeBytes(once);
      }
    }
  }

  private static List<String> lines() {
    try {
      return Files.readAllLines(file());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
