package serdab.repository;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What an index says of a version (format section 6).
///
/// @param key the group's key; never logged
/// @param packs numbers in whatever list the line belongs to, in the order of the version's
///   ordinals
@SuppressWarnings("ArrayRecordComponent") // never compared
record LabelLine(
    Layout.At at,
    String group,
    String key,
    String name,
    Optional<String> supersedes,
    long files,
    long lengthBytes,
    long storedBytes,
    Instant time,
    int[] packs,
    BlobAt manifest) {

  byte[] bytes() {
    Doc doc =
        new Doc().with("at", at.text()).with("group", group).with("key", key).with("name", name);
    supersedes.ifPresent(before -> doc.with("supersedes", before));
    List<Object> numbers = new ArrayList<>();
    for (int pack : packs) {
      numbers.add(pack);
    }
    return doc.with("files", files)
        .with("bytes", lengthBytes)
        .with("stored", storedBytes)
        .with("time", time.toString())
        .with("packs", numbers)
        .with("manifest", List.of(manifest.pack(), manifest.offset(), manifest.storedBytes()))
        .bytes();
  }

  static LabelLine parse(byte[] json) {
    Doc doc = Doc.parse(json);
    try {
      List<Object> manifest = doc.list("manifest");
      return new LabelLine(
          Layout.At.parse(doc.text("at")),
          Commit.requireName(doc.text("group")),
          doc.text("key"),
          doc.text("name"),
          doc.textIfThere("supersedes"),
          doc.count("files"),
          doc.count("bytes"),
          doc.count("stored"),
          Instant.parse(doc.text("time")),
          doc.list("packs").stream().mapToInt(each -> ((Number) each).intValue()).toArray(),
          new BlobAt(
              ((Number) manifest.get(0)).intValue(),
              ((Number) manifest.get(1)).longValue(),
              ((Number) manifest.get(2)).longValue(),
              1));
    } catch (DateTimeException | ClassCastException | IndexOutOfBoundsException e) {
      throw Problems.damaged("An index of the repository does not say what it should.");
    }
  }

  LabelLine withPacks(int[] others) {
    return new LabelLine(
        at, group, key, name, supersedes, files, lengthBytes, storedBytes, time, others, manifest);
  }
}
