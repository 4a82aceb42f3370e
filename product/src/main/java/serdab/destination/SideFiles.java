package serdab.destination;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.repository.Sealing;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.Expected;
import serdab.store.ReadBack;
import serdab.store.Staged;

/// Files that a destination keeps beside its studies, in one folder of its own. Thread-safe.
///
/// They are no copies of studies: nothing here is listed, verified or restored as one. Names are
/// relative to the folder. A form that hides whose studies it holds has them sealed. Every method
/// throws [SerdabException] when the place fails.
public final class SideFiles {

  private static final int PIECE_BYTES = 1 << 20;
  private static final int NAMES_MAX = 100_000;

  /// A sealed file has this behind its name.
  private static final String SEALED = ".age";

  private final BlobStore store;
  private final String folder;
  private final Optional<Sealing> sealing;

  /// @param folder the folder with a slash at its end, such as `_recovery/`
  SideFiles(BlobStore store, String folder) {
    this(store, folder, Optional.empty());
  }

  private SideFiles(BlobStore store, String folder, Optional<Sealing> sealing) {
    this.store = store;
    this.folder = folder;
    this.sealing = sealing;
  }

  /// Files of which the place shall learn nothing but their names.
  ///
  /// @param folder the folder with a slash at its end, such as `_recovery/`
  public static SideFiles sealed(BlobStore store, String folder, Sealing sealing) {
    return new SideFiles(store, folder, Optional.of(sealing));
  }

  private String stored(String name) {
    return folder + name + (sealing.isPresent() ? SEALED : "");
  }

  /// What writes a file's bytes.
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /// The names that begin with a prefix, sorted.
  ///
  /// @throws SerdabException.Refused when there are more than anybody could have meant
  public List<String> names(String prefix) {
    try (Stream<BlobInfo> found = store.list(folder + prefix)) {
      List<String> names =
          found
              .map(blob -> blob.name().substring(folder.length()))
              .filter(name -> sealing.isEmpty() || name.endsWith(SEALED))
              .map(name ->
                  sealing.isEmpty() ? name : name.substring(0, name.length() - SEALED.length()))
              .limit(NAMES_MAX + 1L)
              .sorted()
              .toList();
      if (names.size() > NAMES_MAX) {
        throw new SerdabException.Refused(
            new Problem(
                "too-many-side-files",
                store.describe() + " holds more than " + NAMES_MAX + " files in " + folder + ".",
                "Look what another program puts there."));
      }
      return names;
    }
  }

  /// How much room a file takes; empty when there is none of this name.
  public Optional<Long> lengthBytes(String name) {
    return store.find(stored(name)).map(BlobInfo::lengthBytes);
  }

  /// A small document; empty when there is none.
  public Optional<byte[]> document(String name) {
    return store
        .document(stored(name))
        .map(document -> sealing.isPresent() ? sealing.get().opened(document) : document);
  }

  /// Writes a small document whole, in place of the one there.
  public void replace(String name, byte[] content) {
    byte[] written = sealing.isPresent() ? sealing.get().sealed(content) : content;
    store.replace(stored(name), written, Expected.anything());
  }

  /// Writes a file of any length: beside, synced, read back, and only then under its name.
  ///
  /// @throws SerdabException.Damaged when what was read back is not what was written
  /// @throws SerdabException.Refused `blob-exists` when the name is taken
  public void write(String name, Content content) {
    try (Staged staged = store.stage(stored(name))) {
      DigestOutputStream out = new DigestOutputStream(new StagedOutput(staged), sha256());
      if (sealing.isPresent()) {
        try (OutputStream plain = sealing.get().sealing(out)) {
          content.writeTo(plain);
        }
      } else {
        content.writeTo(out);
      }
      staged.sync();
      byte[] meant = out.getMessageDigest().digest();
      try (ReadBack back = staged.readBack()) {
        if (!Arrays.equals(meant, digest(back))) {
          throw new SerdabException.Damaged(
              new Problem(
                  "side-file-damaged",
                  "What was written to " + store.describe() + " came back different.",
                  "Check the disk; nothing was kept of it."));
        }
      }
      staged.commit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class StagedOutput extends OutputStream {
    private final Staged staged;

    StagedOutput(Staged staged) {
      this.staged = staged;
    }

    @Override
    public void write(int b) {
      staged.write(ByteBuffer.wrap(new byte[] {(byte) b}));
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      staged.write(ByteBuffer.wrap(bytes, offset, length));
    }
  }

  /// A file's bytes from the start. Close the stream.
  ///
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public InputStream open(String name) {
    Blob blob = store.open(stored(name));
    if (sealing.isPresent()) {
      return sealing.get().opening(blob);
    }
    return new InputStream() {
      private final byte[] one = new byte[1];
      private long position;

      @Override
      public int read() {
        int count = read(one, 0, 1);
        return count < 0 ? -1 : one[0] & 0xFF;
      }

      @Override
      public int read(byte[] into, int offset, int length) {
        int count = blob.read(position, ByteBuffer.wrap(into, offset, length));
        position += Math.max(0, count);
        return count;
      }

      @Override
      public void close() {
        blob.close();
      }
    };
  }

  /// Removes a file that its owner does not need any more; true when there was one. For what can be
  /// made again only.
  public boolean remove(String name) {
    return store.delete(stored(name));
  }

  private static byte[] digest(ReadBack bytes) {
    MessageDigest digest = sha256();
    ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
    long position = 0;
    int count;
    while ((count = bytes.read(position, piece.clear())) > 0) {
      position += count;
      digest.update(piece.flip());
    }
    return digest.digest();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
