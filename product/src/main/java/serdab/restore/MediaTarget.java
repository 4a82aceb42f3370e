package serdab.restore;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.FileDigests;
import serdab.dicom.StoredFile;
import serdab.report.Progress;
import serdab.store.BlobStore;
import serdab.store.PrivateFolder;

/// Where the files for a patient are written: a folder, or a ZIP. It appears under its name only
/// when all of it is there and was read back. One thread at a time.
sealed interface MediaTarget extends AutoCloseable {

  /// Writes one file.
  ///
  /// @param path `/` between parts
  /// @param digest of the bytes, which are compared with it when they were read back
  void put(String path, ReadableByteChannel bytes, long lengthBytes, Sha256 digest);

  /// Gives it its name.
  void finish();

  /// Removes what was not finished.
  @Override
  void close();

  /// A target for a path: a ZIP when it ends so.
  ///
  /// @param unique tells this run's unfinished files from those of others
  /// @param folders opens a folder as a store of blobs
  /// @throws SerdabException.HeldBack when something is there
  static MediaTarget at(
      Path target, String unique, Instant now, Function<Path, BlobStore> folders) {
    TargetPlace.requireNoLink(target);
    requireFree(target);
    Path working = target.resolveSibling(target.getFileName() + ".making-" + unique);
    boolean isZip = target.toString().toLowerCase(java.util.Locale.ROOT).endsWith(".zip");
    try {
      Path parent = target.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      return isZip ? new Zip(target, working, now) : new Folder(target, working, folders);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static void requireFree(Path target) {
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    boolean free = false;
    if (Files.isDirectory(target)) {
      try (DirectoryStream<Path> inside = Files.newDirectoryStream(target)) {
        free = !inside.iterator().hasNext();
      } catch (IOException e) {
        // Not to be written to then.
      }
    }
    if (!free) {
      throw new SerdabException.HeldBack(
          new Problem(
              "target-not-empty",
              "There is something at " + target + " already; it is left as it is.",
              "Give a name that is free, or an empty folder."));
    }
  }

  private static SerdabException failed(IOException e) {
    return new SerdabException.Unavailable(
        new Problem(
            "media-failed",
            "The files for the patient cannot be written there ("
                + e.getClass().getSimpleName()
                + ").",
            "Check that the volume is there, has room and may be written to."),
        e);
  }

  private static SerdabException differs() {
    return new SerdabException.Unavailable(
        new Problem(
            "media-differs",
            "A file that was written for the patient reads back differently.",
            "Check the disk, and write it again."));
  }

  /// Files in a folder.
  final class Folder implements MediaTarget {

    private static final List<String> BOOKKEEPING = List.of(".place-id", ".place-lock");

    private final Path target;
    private final Path working;
    private final BlobStore store;
    private final FolderTarget files;
    private boolean finished;

    Folder(Path target, Path working, Function<Path, BlobStore> folders) {
      this.target = target;
      this.working = working;
      this.store = folders.apply(working);
      this.files = new FolderTarget(store);
    }

    @Override
    public void put(String path, ReadableByteChannel bytes, long lengthBytes, Sha256 digest) {
      StoredFile file =
          new StoredFile(
              path,
              lengthBytes,
              0,
              new FileDigests(digest, Optional.empty(), Optional.empty(), Optional.empty()),
              Optional.empty(),
              List.of());
      files.write("", file, bytes, Progress.SILENT);
      files.compare("", file);
    }

    @Override
    public void finish() {
      store.close();
      try {
        for (String own : BOOKKEEPING) {
          Files.deleteIfExists(working.resolve(own));
        }
        Files.deleteIfExists(target);
        Files.move(working, target, StandardCopyOption.ATOMIC_MOVE);
        finished = true;
      } catch (IOException e) {
        throw failed(e);
      }
    }

    @Override
    public void close() {
      store.close();
      if (!finished) {
        // What stays has a name that says what it is.
        PrivateFolder.delete(working);
      }
    }
  }

  /// Entries of a ZIP.
  final class Zip implements MediaTarget {

    private static final int CHUNK_BYTES = 1 << 16;

    private final Path target;
    private final Path working;
    private final LocalDateTime time;
    private final FileChannel channel;
    private final ZipOutputStream zip;
    private final Map<String, Sha256> written = new LinkedHashMap<>();
    private boolean finished;

    Zip(Path target, Path working, Instant now) throws IOException {
      this.target = target;
      this.working = working;
      this.time = LocalDateTime.ofInstant(now, ZoneOffset.UTC);
      this.channel = newPrivateFile(working);
      this.zip = new ZipOutputStream(Channels.newOutputStream(channel));
    }

    /// Readable by its owner only, wherever the system knows owners.
    private static FileChannel newPrivateFile(Path file) throws IOException {
      Set<StandardOpenOption> how = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      return file.getFileSystem().supportedFileAttributeViews().contains("posix")
          ? FileChannel.open(
              file,
              how,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
          : FileChannel.open(file, how);
    }

    @Override
    public void put(String path, ReadableByteChannel bytes, long lengthBytes, Sha256 digest) {
      ZipEntry entry = new ZipEntry(path);
      entry.setTimeLocal(time);
      try (InputStream in = Channels.newInputStream(bytes)) {
        zip.putNextEntry(entry);
        in.transferTo(zip);
        zip.closeEntry();
      } catch (IOException e) {
        throw failed(e);
      }
      written.put(path, digest);
    }

    @Override
    public void finish() {
      try {
        zip.finish();
        zip.flush();
        channel.force(true);
        zip.close();
        readBack();
        Files.move(working, target);
        finished = true;
      } catch (IOException e) {
        throw failed(e);
      }
    }

    private void readBack() throws IOException {
      try (ZipFile read = new ZipFile(working.toFile())) {
        if (read.size() != written.size()) {
          throw differs();
        }
        for (Map.Entry<String, Sha256> each : written.entrySet()) {
          ZipEntry entry = read.getEntry(each.getKey());
          if (entry == null || !digest(read, entry).equals(each.getValue())) {
            throw differs();
          }
        }
      }
    }

    private static Sha256 digest(ZipFile zip, ZipEntry entry) throws IOException {
      MessageDigest hasher = Sha256.hasher();
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
      try (ReadableByteChannel in = Channels.newChannel(zip.getInputStream(entry))) {
        while (in.read(chunk.clear()) >= 0) {
          hasher.update(chunk.flip());
        }
      }
      return Sha256.finish(hasher);
    }

    @Override
    public void close() {
      if (finished) {
        return;
      }
      try (OutputStream _ = zip;
          FileChannel _ = channel) {
        Files.deleteIfExists(working);
      } catch (IOException | UncheckedIOException e) {
        // It stays under a name that says what it is.
      }
    }
  }
}
