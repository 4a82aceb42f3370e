package serdab.ziptree;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import serdab.Finding;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.FileDigests;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.store.ReadableBytes;

/// One ZIP of the tree, open for reading. Nothing in it is trusted before it was compared.
/// Thread-safe when the bytes behind it are; a channel is for one thread at a time.
public final class StudyZip implements AutoCloseable {

  private final ReadableBytes zip;
  private final ZipDirectory directory;
  private final Manifest manifest;
  private final Map<String, Integer> indexByPath;
  private final Map<String, StoredEntry> entriesByName;

  /// Which ZIP the manifest was made for, when it stands beside it.
  private final Optional<BesideManifest.Bound> bound;

  private StudyZip(ReadableBytes zip, ZipDirectory directory, Manifest manifest) {
    this(zip, directory, manifest, Optional.empty());
  }

  private StudyZip(
      ReadableBytes zip,
      ZipDirectory directory,
      Manifest manifest,
      Optional<BesideManifest.Bound> bound) {
    this.zip = zip;
    this.directory = directory;
    this.manifest = manifest;
    this.bound = bound;
    this.indexByPath = new HashMap<>();
    this.entriesByName = new HashMap<>();
    for (int i = 0; i < manifest.places().size(); i++) {
      indexByPath.put(manifest.version().files().get(i).path(), i);
    }
    for (StoredEntry entry : directory.entries()) {
      entriesByName.put(entry.name(), entry);
    }
  }

  /// A ZIP whose manifest is known.
  static StudyZip of(ReadableBytes zip, ZipDirectory directory, Manifest manifest) {
    return new StudyZip(zip, directory, manifest);
  }

  /// The bytes of a manifest that stands beside a ZIP, opened when they are asked for.
  @FunctionalInterface
  interface Beside {
    /// Opens it; the caller closes it.
    ///
    /// @throws SerdabException.Damaged `manifest-missing` when there is none
    ReadableBytes open();
  }

  /// Reads directory and manifest. The bytes are closed with this, also when opening fails.
  ///
  /// @param beside asked when there is no manifest inside
  /// @throws SerdabException.Damaged `zip-damaged`, `manifest-missing` or `manifest-damaged`
  static StudyZip open(ReadableBytes zip, Beside beside) {
    try {
      ZipDirectory directory = ZipDirectory.read(zip);
      if (directory.find(EntryNames.MANIFEST).isPresent()) {
        return new StudyZip(zip, directory, readManifest(zip, directory));
      }
      BesideManifest.Read read;
      try (ReadableBytes bytes = beside.open()) {
        read = BesideManifest.read(bytes, zip.lengthBytes());
      }
      requireUnique(read.manifest());
      return new StudyZip(zip, directory, read.manifest(), Optional.of(read.bound()));
    } catch (RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  /// Reads a ZIP whose manifest is missing or damaged: every entry is a file under its entry's
  /// name, and its digest is what is found. The version has a finding that says so. Whether it is
  /// the version that was meant, only its id can tell. The bytes are closed with this, also when
  /// opening fails.
  ///
  /// @throws SerdabException.Damaged when an entry cannot be unpacked, too
  static StudyZip openWithoutManifest(ReadableBytes zip, StudyKey study) {
    try {
      ZipDirectory directory = ZipDirectory.read(zip);
      List<StoredFile> files = new ArrayList<>();
      List<Manifest.Place> places = new ArrayList<>();
      for (StoredEntry entry : directory.entries()) {
        if (entry.name().equals(EntryNames.MANIFEST) || entry.name().equals(EntryNames.SUMS)) {
          continue;
        }
        Manifest.requireInside(entry.name());
        Sha256 digest = digest(zip, directory, entry);
        files.add(
            new StoredFile(
                entry.name(),
                entry.lengthBytes(),
                entry.modifiedSeconds() == StoredEntry.NO_TIME ? 0 : entry.modifiedSeconds() * 1000,
                new FileDigests(digest, Optional.empty(), Optional.empty(), Optional.empty()),
                Optional.empty(),
                List.of()));
        places.add(
            new Manifest.Place(
                entry.name(),
                entry.method(),
                entry.dataOffset(),
                entry.storedBytes(),
                entry.crc()));
      }
      StudyFacts facts = unknownFacts(study);
      Finding finding =
          Finding.about(
              "",
              "manifest-damaged",
              "The manifest cannot be read; files have the names of their entries, and nothing is"
                  + " known of them but their bytes.");
      StudyVersion version =
          StudyVersion.of(
              facts, files, List.of(), List.of(finding), Optional.empty(), "", Instant.EPOCH);
      Manifest found = new Manifest(version, places);
      requireUnique(found);
      return new StudyZip(zip, directory, found);
    } catch (RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  static StudyFacts unknownFacts(StudyKey study) {
    PatientData<String> unknown = PatientData.of("");
    return new StudyFacts(
        study, unknown, unknown, Optional.empty(), Optional.empty(), List.of(), unknown, unknown);
  }

  /// What a list shows of a ZIP, from a few kilobytes at its end.
  ///
  /// @param beside asked when there is no manifest inside
  /// @throws SerdabException.Damaged `zip-damaged`, `manifest-missing` or `manifest-damaged`
  static Manifest.Summary summary(ReadableBytes zip, Beside beside) {
    ZipDirectory directory = ZipDirectory.read(zip);
    if (directory.find(EntryNames.MANIFEST).isEmpty()) {
      try (ReadableBytes bytes = beside.open()) {
        BesideManifest.head(bytes, zip.lengthBytes());
        return BesideManifest.summary(bytes);
      }
    }
    StoredEntry entry = manifestEntry(directory);
    try (EntryChannel channel = whole(zip, directory, entry, Optional.empty())) {
      return Manifest.readSummary(Channels.newInputStream(channel));
    }
  }

  Manifest manifest() {
    return manifest;
  }

  /// The head of a ZIP's manifest, from a few kilobytes at its end.
  ///
  /// @param beside asked when there is no manifest inside
  /// @throws SerdabException.Damaged `zip-damaged`, `manifest-missing` or `manifest-damaged`
  static Manifest.Head head(ReadableBytes zip, Beside beside) {
    ZipDirectory directory = ZipDirectory.read(zip);
    if (directory.find(EntryNames.MANIFEST).isEmpty()) {
      try (ReadableBytes bytes = beside.open()) {
        return BesideManifest.head(bytes, zip.lengthBytes());
      }
    }
    StoredEntry entry = manifestEntry(directory);
    try (EntryChannel channel = whole(zip, directory, entry, Optional.empty())) {
      return Manifest.readHead(Channels.newInputStream(channel));
    }
  }

  /// The version as its manifest describes it.
  public StudyVersion version() {
    return manifest.version();
  }

  /// The bytes of one file in `[fromByte, toByte)`. When all of them are read, they are compared
  /// with CRC-32 and SHA-256 before the channel ends; a part of a file has no check sum of its own.
  ///
  /// @throws IllegalArgumentException when the file is not one of [#version]
  public ReadableByteChannel open(StoredFile file, long fromByte, long toByte) {
    Integer index = indexByPath.get(file.path());
    if (index == null) {
      throw new IllegalArgumentException("not a file of this version");
    }
    Manifest.Place place = manifest.places().get(index);
    StoredFile known = manifest.version().files().get(index);
    if (place.recipe().isPresent()) {
      if (fromByte < 0 || fromByte > toByte || toByte > known.lengthBytes()) {
        throw new IllegalArgumentException("no range of the file: " + fromByte + " to " + toByte);
      }
      byte[] rebuilt = rebuilt(known, place, place.recipe().get());
      return Channels.newChannel(
          new ByteArrayInputStream(rebuilt, (int) fromByte, (int) (toByte - fromByte)));
    }
    return open(known, place, known.digests().file(), fromByte, toByte);
  }

  /// The whole of a file that is made by a recipe, compared with its SHA-256; empty when its entry
  /// is the file.
  Optional<byte[]> rebuilt(StoredFile file) {
    int index = Objects.requireNonNull(indexByPath.get(file.path()));
    Manifest.Place place = manifest.places().get(index);
    return place
        .recipe()
        .map(recipe -> rebuilt(manifest.version().files().get(index), place, recipe));
  }

  private byte[] rebuilt(StoredFile known, Manifest.Place place, Recipe recipe) {
    byte[] entry = new byte[(int) recipe.entryBytes()];
    try (EntryChannel channel = open(known, place, recipe.entry(), 0, recipe.entryBytes())) {
      ByteBuffer into = ByteBuffer.wrap(entry);
      while (into.hasRemaining() && read(channel, into) >= 0) {
        // Read on.
      }
      // The end of the channel is where check sums are compared.
      boolean over = read(channel, ByteBuffer.allocate(1)) >= 0;
      if (over || into.hasRemaining()) {
        throw notAgreeing(known);
      }
    }
    byte[] file = recipe.rebuild(entry, known.lengthBytes(), known.path());
    if (!Sha256.digest(file).equals(known.digests().file())) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The copy of "
                  + known.path()
                  + " is not what it should be: its entry and its recipe make another file.",
              "Restore it from another copy; verify this one to see what else is damaged."));
    }
    return file;
  }

  private EntryChannel open(
      StoredFile known, Manifest.Place place, Sha256 expected, long fromByte, long toByte) {
    StoredEntry entry = entriesByName.get(place.entry());
    if (entry == null) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The copy of " + known.path() + " is not in the ZIP.",
              "Restore it from another copy; verify this one to see what else is damaged."));
    }
    return new EntryChannel(
        zip, entry, directory.offset(), fromByte, toByte, Optional.of(expected), known.path());
  }

  /// Reads every byte and compares it: [serdab.Depth#INTACT].
  ///
  /// @param whole the ZIP's bytes again, as they should be read for a proof
  /// @throws SerdabException.Damaged naming the first file that is not what it should be
  void checkWhole(ReadableBytes whole, Crew crew) {
    if (bound.isPresent()) {
      checkAdopted(whole, bound.get());
      return;
    }
    List<StoredEntry> entries = directory.entries();
    List<StoredFile> files = manifest.version().files();
    if (entries.size() != files.size() + 2
        || !entries.get(files.size()).name().equals(EntryNames.MANIFEST)
        || !entries.getLast().name().equals(EntryNames.SUMS)) {
      throw ZipDirectory.damaged("it does not hold exactly the files that its manifest names");
    }
    for (int i = 0; i < files.size(); i++) {
      requireAgreement(files.get(i), manifest.places().get(i), entries.get(i));
    }
    Sha256 manifestDigest = digest(zip, directory, entries.get(files.size()));
    Sha256 sumsDigest = sumsDigest(manifest, manifestDigest);
    IntFunction<Sha256> digests =
        i ->
            i < files.size()
                ? manifest.places().get(i).digest(files.get(i))
                : i == files.size() ? manifestDigest : sumsDigest;
    new WholeCheck(whole, directory, digests, i -> pathOf(i), crew).run();
  }

  /// A ZIP of another program is compared with the digest that it had, and each of its entries with
  /// the file that it should be.
  private void checkAdopted(ReadableBytes whole, BesideManifest.Bound expected) {
    List<StoredEntry> entries = directory.entries();
    List<StoredFile> files = manifest.version().files();
    if (entries.size() != files.size()) {
      throw ZipDirectory.damaged("it does not hold exactly the files that its manifest names");
    }
    ForeignCheck.Found found = new ForeignCheck(whole, directory, _ -> {}).run();
    for (int i = 0; i < entries.size(); i++) {
      StoredEntry entry = entries.get(i);
      Manifest.Place place = manifest.places().get(i);
      boolean agrees =
          place.entry().equals(entry.name())
              && place.method() == entry.method()
              && place.offset() == found.offsets().get(i)
              && place.storedBytes() == entry.storedBytes()
              && place.crc() == entry.crc()
              && files.get(i).lengthBytes() == entry.lengthBytes()
              && files.get(i).digests().file().equals(found.digests().get(i));
      if (!agrees) {
        throw notAgreeing(files.get(i));
      }
    }
    if (whole.lengthBytes() != expected.zipBytes() || !found.whole().equals(expected.zip())) {
      throw ZipDirectory.damaged("its bytes are not those that were adopted");
    }
  }

  private String pathOf(int index) {
    List<StoredFile> files = manifest.version().files();
    return index < files.size() ? files.get(index).path() : directory.entries().get(index).name();
  }

  private static void requireAgreement(StoredFile file, Manifest.Place place, StoredEntry entry) {
    // Where its data lies is compared without the Zip64 field that only the local header shows.
    long offset = entry.dataOffset();
    boolean agrees =
        place.entry().equals(entry.name())
            && place.method() == entry.method()
            && (place.offset() == offset || place.offset() == offset + ZipHeaders.ZIP64_FIELD_BYTES)
            && place.storedBytes() == entry.storedBytes()
            && place.crc() == entry.crc()
            && place.lengthBytes(file) == entry.lengthBytes();
    if (!agrees) {
      throw notAgreeing(file);
    }
  }

  private static SerdabException.Damaged notAgreeing(StoredFile file) {
    return new SerdabException.Damaged(
        new Problem(
            "copy-damaged",
            "The copy of "
                + file.path()
                + " is not what it should be: manifest and directory do"
                + " not agree.",
            "Keep this ZIP, check the disk it lies on, and run the backup again: it makes a new"
                + " copy beside it."));
  }

  /// The digest that a small entry really has; it is compared with what depends on it.
  private static Sha256 digest(ReadableBytes zip, ZipDirectory directory, StoredEntry entry) {
    MessageDigest sha256 = Sha256.hasher();
    ByteBuffer piece = ByteBuffer.allocate(64 << 10);
    try (EntryChannel channel = whole(zip, directory, entry, Optional.empty())) {
      while (read(channel, piece.clear()) >= 0) {
        sha256.update(piece.flip());
      }
    }
    return Sha256.finish(sha256);
  }

  private static int read(EntryChannel channel, ByteBuffer into) {
    try {
      return channel.read(into);
    } catch (ClosedChannelException e) {
      throw new IllegalStateException("it is closed at the end of this block", e);
    }
  }

  /// What `SHA256SUMS` must be, when the manifest is as given.
  static Sha256 sumsDigest(Manifest manifest, Sha256 manifestDigest) {
    MessageDigest sha256 = Sha256.hasher();
    List<Manifest.Place> places = manifest.places();
    for (int i = 0; i < places.size(); i++) {
      Sha256 digest = places.get(i).digest(manifest.version().files().get(i));
      sha256.update(Sums.line(digest, places.get(i).entry()).getBytes(StandardCharsets.UTF_8));
    }
    sha256.update(Sums.line(manifestDigest, EntryNames.MANIFEST).getBytes(StandardCharsets.UTF_8));
    return Sha256.finish(sha256);
  }

  private static StoredEntry manifestEntry(ZipDirectory directory) {
    return directory.find(EntryNames.MANIFEST).orElseThrow(BesideManifest::missing);
  }

  private static EntryChannel whole(
      ReadableBytes zip, ZipDirectory directory, StoredEntry entry, Optional<Sha256> expected) {
    return new EntryChannel(
        zip, entry, directory.offset(), 0, entry.lengthBytes(), expected, entry.name());
  }

  static Manifest readManifest(ReadableBytes zip, ZipDirectory directory) {
    StoredEntry entry = manifestEntry(directory);
    Manifest manifest;
    try (EntryChannel channel = whole(zip, directory, entry, Optional.empty());
        InputStream in = Channels.newInputStream(channel)) {
      manifest = Manifest.read(in);
      // The parser stops where the value ends; reading on to the end compares the check sum.
      in.skip(Long.MAX_VALUE);
    } catch (IOException e) {
      throw Manifest.damaged("it cannot be read", e);
    }
    requireUnique(manifest);
    return manifest;
  }

  private static void requireUnique(Manifest manifest) {
    Set<String> paths = new HashSet<>();
    List<String> all = new ArrayList<>();
    manifest.version().files().forEach(file -> all.add(file.path()));
    for (String path : all) {
      if (!paths.add(path)) {
        throw Manifest.damaged("it names a path twice", null);
      }
    }
  }

  @Override
  public void close() {
    zip.close();
  }
}
