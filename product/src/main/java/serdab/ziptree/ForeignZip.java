package serdab.ziptree;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.dicom.FileDigests;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.store.Blob;
import serdab.store.ReadBack;

/// A ZIP that another program made, read whole: what its entries hold, and how it is adopted
/// (`docs/format/zip-tree.md` section 7). It is never written to. One thread at a time.
public final class ForeignZip implements AutoCloseable {

  private final ZipTree tree;
  private final String path;
  private final Blob blob;
  private final ZipDirectory directory;
  private final ForeignCheck.Found found;
  private final ReadBack.Means means;
  private final List<StoredFile> files;
  private final StudyZip content;

  private ForeignZip(
      ZipTree tree,
      String path,
      Blob blob,
      ZipDirectory directory,
      ForeignCheck.Found found,
      ReadBack.Means means,
      List<StoredFile> files) {
    this.tree = tree;
    this.path = path;
    this.blob = blob;
    this.directory = directory;
    this.found = found;
    this.means = means;
    this.files = List.copyOf(files);
    this.content = StudyZip.of(blob, directory, manifest(version(files)));
  }

  /// What the directory of such a ZIP says, without reading anything else.
  ///
  /// @param fileCount how many entries it has
  /// @param lengthBytes what they unpack to, together
  public record Glance(long fileCount, long lengthBytes) {}

  /// Reads the directory and refuses what can never be adopted.
  ///
  /// @throws SerdabException.Damaged when it has no directory, or entries that share a name, lie in
  ///   other folders, or are encrypted or packed by a method that is not used here
  static Glance glance(ZipDirectory directory) {
    Set<String> names = new HashSet<>();
    long length = 0;
    List<StoredEntry> entries = directory.entries();
    for (int i = 0; i < entries.size(); i++) {
      StoredEntry entry = entries.get(i);
      ForeignCheck.requireUsable(i, entry);
      Manifest.requireInside(entry.name());
      if (!names.add(SafeNames.folded(entry.name()))) {
        throw ZipDirectory.damaged(
            "two of its entries have one name, so most programs unpack one of them only");
      }
      length += entry.lengthBytes();
    }
    if (entries.isEmpty()) {
      throw ZipDirectory.damaged("it is empty");
    }
    return new Glance(entries.size(), length);
  }

  /// Reads all of it past whatever cache can be passed.
  ///
  /// @param told how many bytes were read, piece by piece; what it throws ends the reading
  /// @throws SerdabException.Damaged when it is not whole, or can never be adopted
  static ForeignZip read(ZipTree tree, String path, LongConsumer told) {
    ReadBack.Means means;
    ZipDirectory directory;
    ForeignCheck.Found found;
    long length;
    try (ReadBack bytes = tree.store().readBack(path)) {
      means = bytes.means();
      length = bytes.lengthBytes();
      directory = ZipDirectory.read(bytes);
      glance(directory);
      found = new ForeignCheck(bytes, directory, told).run();
    }
    List<StoredFile> files = new ArrayList<>();
    List<StoredEntry> entries = directory.entries();
    for (int i = 0; i < entries.size(); i++) {
      StoredEntry entry = entries.get(i);
      files.add(
          new StoredFile(
              entry.name(),
              entry.lengthBytes(),
              ZipHeaders.millis(entry.dosTime()),
              new FileDigests(
                  found.digests().get(i), Optional.empty(), Optional.empty(), Optional.empty()),
              Optional.empty(),
              List.of()));
    }
    Blob blob = tree.store().open(path);
    try {
      if (blob.lengthBytes() != length) {
        throw ZipDirectory.damaged("it changed while it was read");
      }
      return new ForeignZip(tree, path, blob, directory, found, means, files);
    } catch (RuntimeException e) {
      blob.close();
      throw e;
    }
  }

  /// Its entries in the directory's order: names as paths, times as its maker's clock had them,
  /// lengths and digests as they were read; of the rest nothing is known yet.
  public List<StoredFile> files() {
    return files;
  }

  /// How the bytes were read.
  public ReadBack.Means means() {
    return means;
  }

  /// One of [#files], parsed as DICOM.
  ///
  /// @throws SerdabException.Damaged when it does not read as it did
  public StoredFile parsed(StoredFile file) {
    try {
      return ReadableCheck.parsed(content, file);
    } catch (IOException e) {
      throw ZipDirectory.damaged("an entry could not be read a second time");
    }
  }

  /// What it holds, as a version that was made of [#files] in their order, under other paths.
  /// Closed with this.
  public StudyZip as(StudyVersion version) {
    requireSame(version);
    return StudyZip.of(blob, directory, manifest(version));
  }

  /// Puts a manifest beside it, which makes it a copy of this version.
  ///
  /// @param version made of [#files] in their order, under other paths
  /// @throws SerdabException.Refused `blob-exists` when there is a manifest beside it
  public void adopt(StudyVersion version) {
    requireSame(version);
    BesideManifest.put(
        tree.store(),
        path,
        version,
        directory.entries(),
        found.offsets(),
        new BesideManifest.Bound(blob.lengthBytes(), found.whole()),
        tree.writtenBy());
    tree.adopted(path);
  }

  private void requireSame(StudyVersion version) {
    if (!version.id().equals(VersionId.of(files.stream().map(StoredFile::versionPart).toList()))) {
      throw new IllegalArgumentException("a version of other files");
    }
  }

  private Manifest manifest(StudyVersion version) {
    List<Manifest.Place> places = new ArrayList<>();
    List<StoredEntry> entries = directory.entries();
    for (int i = 0; i < entries.size(); i++) {
      StoredEntry entry = entries.get(i);
      places.add(
          new Manifest.Place(
              entry.name(),
              entry.method(),
              found.offsets().get(i),
              entry.storedBytes(),
              entry.crc()));
    }
    return new Manifest(version, places);
  }

  private static StudyVersion version(List<StoredFile> files) {
    StudyFacts nothing = StudyZip.unknownFacts(new StudyKey(""));
    return StudyVersion.of(
        nothing, files, List.of(), List.of(), Optional.empty(), "", Instant.EPOCH);
  }

  @Override
  public void close() {
    blob.close();
  }
}
