package serdab.ziptree;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.util.List;
import java.util.function.Function;
import serdab.Sha256;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.store.ReadBack;
import serdab.store.Staged;

/// Writes ZIPs of a tree as a backup does, but neither syncs them nor reads them back: for trees of
/// a size that a backup would fill in months. Thread-safe.
public final class QuickZips {

  private final Crew crew = new Crew(Runnable::run, 1);

  /// Writes one ZIP.
  ///
  /// @param file must not be there
  /// @param content the bytes of each of the version's files
  /// @return its length
  public long write(Path file, StudyVersion version, Function<StoredFile, byte[]> content) {
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        ZipWriter zip = new ZipWriter(new Unsynced(channel), crew)) {
      EntryNames names = new EntryNames();
      for (StoredFile each : version.files()) {
        zip.begin(names.take(each.path()), each.lengthBytes(), each.modifiedMillis());
        zip.write(ByteBuffer.wrap(content.apply(each)));
        zip.end(each.modifiedMillis());
      }
      zip.drain();
      List<StoredEntry> entries = List.copyOf(zip.written());
      Sha256 manifest =
          add(
              zip,
              EntryNames.MANIFEST,
              version,
              out -> Manifest.write(out, version, entries, "make-library"));
      add(zip, EntryNames.SUMS, version, out -> writeSums(out, version, entries, manifest));
      zip.finish();
      return zip.positionBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void writeSums(
      OutputStream out, StudyVersion version, List<StoredEntry> entries, Sha256 manifest)
      throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < entries.size(); i++) {
      lines.append(Sums.line(version.files().get(i).digests().file(), entries.get(i).name()));
    }
    lines.append(Sums.line(manifest, EntryNames.MANIFEST));
    out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
  }

  @FunctionalInterface
  private interface Text {
    void writeTo(OutputStream out) throws IOException;
  }

  private static Sha256 add(ZipWriter zip, String name, StudyVersion version, Text text)
      throws IOException {
    zip.begin(name, -1, version.readAt().toEpochMilli());
    DigestOutputStream digesting = new DigestOutputStream(new IntoZip(zip), Sha256.hasher());
    try (OutputStream out = new BufferedOutputStream(digesting, 64 << 10)) {
      text.writeTo(out);
    }
    zip.end(version.readAt().toEpochMilli());
    zip.drain();
    return Sha256.finish(digesting.getMessageDigest());
  }

  private static final class IntoZip extends OutputStream {
    private final ZipWriter zip;

    IntoZip(ZipWriter zip) {
      this.zip = zip;
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      zip.write(ByteBuffer.wrap(bytes, from, length));
    }
  }

  private static final class Unsynced implements Staged {
    private final FileChannel channel;
    private long position;

    Unsynced(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public void write(ByteBuffer bytes) {
      try {
        while (bytes.hasRemaining()) {
          position += channel.write(bytes);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public long positionBytes() {
      return position;
    }

    @Override
    public void sync() {
      throw new UnsupportedOperationException();
    }

    @Override
    public ReadBack readBack() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void commit() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
      // The channel is closed by whoever opened it.
    }
  }
}
