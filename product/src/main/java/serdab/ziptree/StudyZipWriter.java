package serdab.ziptree;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.store.Capability;
import serdab.store.ReadBack;
import serdab.store.Staged;

/// Writes one version of a study into one ZIP, reads it back, and only then gives it its name. One
/// thread at a time.
///
/// Nothing of it is visible before [#commit] returns. After an exception the version is void: close
/// it and begin anew.
public final class StudyZipWriter implements AutoCloseable {

  /// How much of the files that are being coded is held.
  private static final long CODING_BYTES_MAX = Recipe.FILE_BYTES_MAX;

  private final ZipTree tree;
  private final String path;
  private final Staged staged;
  private final Crew crew;
  private final ZipWriter zip;
  private final EntryNames names = new EntryNames();
  private final List<StoredFile> files = new ArrayList<>();
  private final Set<String> paths = new HashSet<>();
  private String openPath = "";
  private boolean fileOpen;

  private final boolean jpegLs;

  /// Files that are being coded, in the order of their entries.
  private final ArrayDeque<Coding> coding = new ArrayDeque<>();

  private final List<Optional<Recipe>> recipes = new ArrayList<>();
  private long codingBytes;

  /// The file that is open, while it is held; null when it goes straight into the ZIP.
  private byte @Nullable [] held;

  private int heldBytes;
  private String openEntry = "";
  private boolean committed;
  private boolean closed;

  /// @param jpegLs whether images that can be are stored as JPEG-LS
  StudyZipWriter(ZipTree tree, String path, Staged staged, Crew crew, boolean jpegLs) {
    this.jpegLs = jpegLs;
    this.tree = tree;
    this.path = path;
    this.staged = staged;
    this.crew = crew;
    this.zip = new ZipWriter(staged, crew);
  }

  /// Time of last change of a file when it is not known before the file was read.
  public static final long TIME_UNKNOWN = ZipWriter.TIME_UNKNOWN;

  /// Begins the next file.
  ///
  /// @param lengthBytes its expected length; -1 when unknown
  /// @param modifiedMillis its time of last change, or [#TIME_UNKNOWN]; a file of more than 8 MiB
  ///   has this in the ZIP's headers, any other what [#endFile] says
  public void beginFile(String libraryPath, long lengthBytes, long modifiedMillis) {
    if (!paths.add(libraryPath)) {
      throw new IllegalArgumentException("a path is there twice in one study");
    }
    openPath = libraryPath;
    openEntry = names.take(libraryPath);
    fileOpen = true;
    if (jpegLs
        && lengthBytes >= JpegLsFile.FILE_BYTES_MIN
        && lengthBytes <= Recipe.FILE_BYTES_MAX) {
      makeRoom(lengthBytes);
      held = new byte[(int) lengthBytes];
      heldBytes = 0;
    } else {
      makeRoom(Long.MAX_VALUE);
      zip.begin(openEntry, lengthBytes, modifiedMillis);
    }
  }

  public void write(ByteBuffer bytes) {
    byte[] into = held;
    if (into != null && bytes.remaining() > into.length - heldBytes) {
      // It is longer than was told: no file to be held.
      makeRoom(Long.MAX_VALUE);
      zip.begin(openEntry, -1, TIME_UNKNOWN);
      zip.write(ByteBuffer.wrap(into, 0, heldBytes));
      held = null;
      into = null;
    }
    if (into == null) {
      zip.write(bytes);
    } else {
      int count = bytes.remaining();
      bytes.get(into, heldBytes, count);
      heldBytes += count;
    }
  }

  public void endFile(StoredFile file) {
    if (!fileOpen || !file.path().equals(openPath)) {
      throw new IllegalStateException("another file is open");
    }
    fileOpen = false;
    files.add(file);
    byte[] whole = held;
    if (whole == null) {
      zip.end(file.modifiedMillis());
      recipes.add(Optional.empty());
      return;
    }
    held = null;
    byte[] all = heldBytes == whole.length ? whole : Arrays.copyOf(whole, heldBytes);
    Coding next = new Coding(openEntry, all, file.modifiedMillis(), crew);
    coding.addLast(next);
    codingBytes += next.file.length;
    crew.executor().execute(next.job);
  }

  /// A file on its way to be coded.
  private static final class Coding {

    private final String entry;
    private final byte[] file;
    private final long modifiedMillis;
    private final Job job;
    private Optional<JpegLsFile.Made> made = Optional.empty();

    Coding(String entry, byte[] file, long modifiedMillis, Crew crew) {
      this.entry = entry;
      this.file = file;
      this.modifiedMillis = modifiedMillis;
      this.job =
          new Job(() -> {
            JpegLsFile coder = crew.takeJpegLs();
            made = coder.make(file);
            crew.giveBack(coder);
          });
    }
  }

  /// Writes what was coded, the oldest first, until so many bytes more may be held; all of it when
  /// none may.
  private void makeRoom(long lengthBytes) {
    while (!coding.isEmpty()
        && (coding.size() >= crew.window()
            || lengthBytes > CODING_BYTES_MAX - codingBytes
            || coding.peekFirst().job.isDone())) {
      Coding next = coding.removeFirst();
      next.job.await();
      codingBytes -= next.file.length;
      byte[] bytes = next.made.map(JpegLsFile.Made::entry).orElse(next.file);
      zip.begin(next.entry, bytes.length, next.modifiedMillis);
      zip.write(ByteBuffer.wrap(bytes));
      zip.end(next.modifiedMillis);
      recipes.add(next.made.map(JpegLsFile.Made::recipe));
    }
  }

  /// Syncs, reads everything back, compares it with the digests of the source, and makes the ZIP
  /// visible.
  ///
  /// @return how the bytes were read back
  /// @throws SerdabException.Damaged when what was read back is not what was written; the same
  ///   bytes may be staged again
  public Committed commit(StudyVersion version) {
    if (!version.files().equals(files)) {
      throw new IllegalArgumentException("the version's files are not those that were written");
    }
    makeRoom(Long.MAX_VALUE);
    zip.drain();
    List<StoredEntry> dataEntries = List.copyOf(zip.written());
    requireLengths(dataEntries);
    Sha256 manifestDigest =
        writeEntry(
            EntryNames.MANIFEST,
            version,
            out -> Manifest.write(out, version, dataEntries, recipes, tree.writtenBy()));
    Sha256 sumsDigest =
        writeEntry(EntryNames.SUMS, version, out -> writeSums(out, dataEntries, manifestDigest));
    zip.finish();
    zip.close();
    staged.sync();
    List<StoredEntry> entries = List.copyOf(zip.written());
    boolean before = tree.store().capabilities().has(Capability.READ_BEFORE_COMMIT);
    ReadBack.Means means;
    if (before) {
      means = readBack(staged.readBack(), version, entries, manifestDigest, sumsDigest);
      takeName();
    } else {
      // The place shows bytes only under their final name, so a copy that reads back wrong stays
      // visible; the proof that fails says so, and the next try gets the next name.
      takeName();
      tree.appeared(path, zip.positionBytes());
      means = readBack(tree.store().readBack(path), version, entries, manifestDigest, sumsDigest);
    }
    committed = true;
    tree.appeared(path, zip.positionBytes());
    return new Committed(path, zip.positionBytes(), means);
  }

  private void takeName() {
    try {
      staged.commit();
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("blob-exists")) {
        throw e;
      }
      tree.forgetIndex();
      throw new SerdabException.Unavailable(
          new Problem(
              "name-taken-meanwhile",
              "While a copy was made, somebody else made a file of the same name.",
              "Nothing was lost; the next backup makes the copy under the next name."),
          e);
    }
  }

  /// What was made.
  ///
  /// @param path the ZIP's name in the tree
  /// @param lengthBytes its length
  /// @param means how it was read back
  public record Committed(String path, long lengthBytes, ReadBack.Means means) {}

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      coding.clear();
      zip.close();
      staged.close();
      tree.release(path);
    }
  }

  boolean isCommitted() {
    return committed;
  }

  private ReadBack.Means readBack(
      ReadBack bytes,
      StudyVersion version,
      List<StoredEntry> entries,
      Sha256 manifestDigest,
      Sha256 sumsDigest) {
    try (ReadBack readBack = bytes) {
      if (readBack.lengthBytes() != zip.positionBytes()) {
        throw damaged("it has another length");
      }
      ZipDirectory directory = ZipDirectory.read(readBack);
      if (!agree(directory.entries(), entries)) {
        throw damaged("its directory is another");
      }
      IntFunction<Sha256> digests =
          i -> i < files.size() ? digest(i) : i == files.size() ? manifestDigest : sumsDigest;
      IntFunction<String> called =
          i -> i < files.size() ? files.get(i).path() : entries.get(i).name();
      new WholeCheck(readBack, directory, digests, called, crew).run();
      // Whole is not enough: a manifest that could not be understood later would hide the copy.
      Manifest manifest = StudyZip.readManifest(readBack, directory);
      if (!manifest.version().id().equals(version.id())) {
        throw damaged("its manifest names another version");
      }
      if (!manifest.places().stream().map(Manifest.Place::recipe).toList().equals(recipes)) {
        throw damaged("its manifest has other recipes");
      }
      return readBack.means();
    }
  }

  /// What the SHA-256 of a file's entry must be.
  private Sha256 digest(int i) {
    return recipes.get(i).map(Recipe::entry).orElse(files.get(i).digests().file());
  }

  private static boolean agree(List<StoredEntry> read, List<StoredEntry> written) {
    if (read.size() != written.size()) {
      return false;
    }
    for (int i = 0; i < read.size(); i++) {
      if (!read.get(i).equals(written.get(i).withZip64Local(false))) {
        return false;
      }
    }
    return true;
  }

  private void requireLengths(List<StoredEntry> entries) {
    for (int i = 0; i < entries.size(); i++) {
      long wanted = recipes.get(i).map(Recipe::entryBytes).orElse(files.get(i).lengthBytes());
      if (entries.get(i).lengthBytes() != wanted) {
        throw new IllegalStateException("another number of bytes was written than was announced");
      }
    }
  }

  private void writeSums(OutputStream out, List<StoredEntry> entries, Sha256 manifestDigest) {
    try {
      for (int i = 0; i < entries.size(); i++) {
        String line = Sums.line(digest(i), entries.get(i).name());
        out.write(line.getBytes(StandardCharsets.UTF_8));
      }
      out.write(Sums.line(manifestDigest, EntryNames.MANIFEST).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does not fail", e);
    }
  }

  private Sha256 writeEntry(
      String name, StudyVersion version, java.util.function.Consumer<OutputStream> content) {
    zip.begin(name, -1, version.readAt().toEpochMilli());
    DigestOutputStream digesting = new DigestOutputStream(new ToZip(), Sha256.hasher());
    try (OutputStream out = new BufferedOutputStream(digesting, 64 << 10)) {
      content.accept(out);
    } catch (IOException e) {
      throw new UncheckedIOException("the entry takes every byte or throws otherwise", e);
    }
    zip.end(version.readAt().toEpochMilli());
    zip.drain();
    return Sha256.finish(digesting.getMessageDigest());
  }

  private static SerdabException.Damaged damaged(String how) {
    return new SerdabException.Damaged(
        new Problem(
            "copy-damaged",
            "A copy that was just written is not what it should be: " + how + ".",
            "Check the disk and its cable; the backup tries again by itself."));
  }

  private final class ToZip extends OutputStream {
    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      zip.write(ByteBuffer.wrap(bytes, from, length));
    }
  }
}
