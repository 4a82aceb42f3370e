package serdab.restore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.Tasks;
import serdab.dicom.StoredFile;
import serdab.report.Progress;
import serdab.store.Blob;
import serdab.store.BlobInfo;
import serdab.store.BlobName;
import serdab.store.BlobStore;
import serdab.store.ReadableBytes;
import serdab.store.Staged;

/// A folder that files are brought back to. Never overwrites a different file, never writes outside
/// itself, and never shows a file under its name before all its bytes are there and right: it is a
/// store of blobs, one per file, with that store's promises. One thread at a time.
///
/// Files are synced and named on threads of their own: a file system makes many safe at once in
/// little more time than one.
final class FolderTarget {

  /// So many files should be under way before the first of them is waited for.
  static final int UNDER_WAY = 32;

  private static final int SYNCED_AT_ONCE = 16;
  private static final int IDLE_SECONDS = 1;
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int HASH_DIGITS = 12;
  private static final int LONGEST_PART = 150;

  private final BlobStore store;
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);

  private final ThreadPoolExecutor syncing =
      new ThreadPoolExecutor(
          SYNCED_AT_ONCE,
          SYNCED_AT_ONCE,
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          Thread.ofPlatform().name("sync-", 1).daemon(true).factory());

  FolderTarget(BlobStore store) {
    this.store = store;
    syncing.allowCoreThreadTimeOut(true);
  }

  /// What came of writing one file.
  enum Written {
    NEW,
    /// The same bytes were there already.
    SAME,
    /// Another file has its name; it was left as it is.
    DIFFERENT_THERE
  }

  /// A file on its way. One thread at a time; the one that began it.
  final class Writing {
    private final String name;
    private final StoredFile file;
    private final FutureTask<Written> task;

    private Writing(String name, StoredFile file, FutureTask<Written> task) {
      this.name = name;
      this.file = file;
      this.task = task;
    }

    /// Waits until the file is there for good under its name.
    ///
    /// @throws SerdabException.Damaged when the bytes are not what the manifest says
    /// @throws SerdabException.Refused when its name leads outside the target
    Written await() {
      try {
        return Tasks.result(task);
      } catch (SerdabException.Refused refused) {
        if (!refused.problem().code().equals("blob-exists")) {
          throw refused;
        }
        // Another one of these files has come to the same name.
        return found().orElseThrow(() -> refused);
      }
    }

    private Optional<Written> found() {
      return store
          .find(name)
          .map(there -> isSame(name, there, file) ? Written.SAME : Written.DIFFERENT_THERE);
    }
  }

  /// Writes one file, synced, or finds it there.
  ///
  /// @param folder the study's folder inside the target, `/` between parts
  /// @throws SerdabException.Damaged when the bytes are not what the manifest says
  /// @throws SerdabException.Refused when its name leads outside the target
  Written write(String folder, StoredFile file, ReadableByteChannel bytes, Progress progress) {
    return begin(folder, file, bytes, progress).await();
  }

  /// Writes one file and leaves it to other threads to sync it and give it its name; what is wrong
  /// with its bytes is told by [Writing#await] too. Everything that was begun is to be awaited
  /// before the store is closed.
  Writing begin(String folder, StoredFile file, ReadableByteChannel bytes, Progress progress) {
    try (bytes) {
      String name = nameInside(folder, file.path());
      Optional<BlobInfo> there = store.find(name);
      if (there.isPresent()) {
        boolean isSame = isSame(name, there.get(), file);
        return over(file, () -> isSame ? Written.SAME : Written.DIFFERENT_THERE);
      }
      Staged staged = store.stage(name);
      boolean begun = false;
      try {
        copy(staged, file, bytes, progress);
        Writing writing = new Writing(name, file, new FutureTask<>(() -> settled(staged)));
        syncing.execute(writing.task);
        begun = true;
        return writing;
      } finally {
        if (!begun) {
          staged.close();
        }
      }
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return over(
          file,
          () -> {
            throw e;
          });
    } catch (IOException e) {
      SerdabException.Damaged unreadable =
          new SerdabException.Damaged(
              new Problem(
                  "copy-unreadable",
                  "The stored bytes of one of its files cannot be read.",
                  "Restore this study from another destination, then run: serdab verify"),
              e);
      return over(
          file,
          () -> {
            throw unreadable;
          });
    }
  }

  private static Written settled(Staged staged) {
    try (staged) {
      staged.sync();
      staged.commit();
    }
    return Written.NEW;
  }

  private Writing over(StoredFile file, Callable<Written> outcome) {
    FutureTask<Written> task = new FutureTask<>(outcome);
    task.run();
    return new Writing("", file, task);
  }

  /// Reads a file that was written back from the medium and compares it with what it should be.
  void compare(String folder, StoredFile file) {
    try (ReadableBytes stored = store.readBack(nameInside(folder, file.path()))) {
      if (stored.lengthBytes() != file.lengthBytes()
          || !digest(stored).equals(file.digests().file())) {
        throw new SerdabException.Damaged(
            new Problem(
                "restored-differs",
                "A file that was brought back differs from the backup's manifest.",
                "Check the scratch disk and the computer's memory."));
      }
    }
  }

  /// Deletes a file that was written, when the folder is a scratch folder of ours.
  void delete(String folder, StoredFile file) {
    store.delete(nameInside(folder, file.path()));
  }

  private void copy(Staged staged, StoredFile file, ReadableByteChannel bytes, Progress progress)
      throws IOException {
    MessageDigest hasher = Sha256.hasher();
    while (true) {
      chunk.clear();
      if (bytes.read(chunk) < 0) {
        break;
      }
      chunk.flip();
      hasher.update(chunk.duplicate());
      progress.read(chunk.remaining());
      staged.write(chunk);
    }
    if (staged.positionBytes() != file.lengthBytes()
        || !Sha256.finish(hasher).equals(file.digests().file())) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The stored bytes of one of its files are not those that were backed up.",
              "Restore this study from another destination, then run: serdab verify"));
    }
  }

  private boolean isSame(String name, BlobInfo there, StoredFile file) {
    if (there.lengthBytes() != file.lengthBytes()) {
      return false;
    }
    try (Blob blob = store.open(name)) {
      return digest(blob).equals(file.digests().file());
    }
  }

  private Sha256 digest(ReadableBytes bytes) {
    MessageDigest hasher = Sha256.hasher();
    for (long position = 0; position < bytes.lengthBytes(); position += chunk.limit()) {
      chunk.clear().limit((int) Math.min(CHUNK_BYTES, bytes.lengthBytes() - position));
      bytes.readFully(position, chunk);
      chunk.flip();
      hasher.update(chunk.duplicate());
    }
    return Sha256.finish(hasher);
  }

  /// The name of a file inside the target; never outside, whatever a manifest says.
  static String nameInside(String folder, String path) {
    String name = folder.isEmpty() ? path : folder + '/' + path;
    StringBuilder safe = new StringBuilder();
    for (String part : name.split("/", -1)) {
      if (part.isEmpty() || part.equals(".") || part.equals("..")) {
        throw outside();
      }
      if (!safe.isEmpty()) {
        safe.append('/');
      }
      safe.append(writable(part) ? part : rewritten(part));
    }
    String result = safe.toString();
    return BlobName.isValid(result) ? result : "long-names/" + hash(name);
  }

  /// Whether a name can be written everywhere as it is, the suffix of unfinished files included.
  private static boolean writable(String part) {
    return BlobName.isValid(part)
        && part.getBytes(StandardCharsets.UTF_8).length
            <= BlobName.PART_BYTES_MAX - BlobStore.STAGED_SUFFIX_BYTES;
  }

  /// What a system that knows fewer characters, or shorter names, can hold; still told apart.
  private static String rewritten(String part) {
    StringBuilder kept = new StringBuilder();
    for (int i = 0; i < part.length() && kept.length() < LONGEST_PART; i++) {
      char c = part.charAt(i);
      boolean plain = c > 0x20 && c < 0x7F && c != '\\';
      kept.append(plain ? c : '_');
    }
    return kept + "~" + hash(part);
  }

  private static String hash(String text) {
    return Sha256.digest(text.getBytes(StandardCharsets.UTF_8)).hex().substring(0, HASH_DIGITS);
  }

  private static SerdabException.Refused outside() {
    return new SerdabException.Refused(
        new Problem(
            "name-outside-target",
            "A stored file has a name that leads outside the target folder; it was not written.",
            "Do not trust this copy: it was not written by Serdab as it is now."));
  }
}
