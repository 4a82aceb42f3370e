package serdab.cli;

import java.io.IOException;
import java.nio.file.Path;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.PrivateFolder;

/// A folder of ours for one command, readable by its owner only and deleted when it is closed.
/// Those that killed processes left behind are deleted when the next is made.
final class ScratchFolder implements AutoCloseable {

  private final Path folder;

  private ScratchFolder(Path folder) {
    this.folder = folder;
  }

  /// Makes one.
  ///
  /// @param parent where caches are kept
  static ScratchFolder in(Path parent) {
    try {
      return new ScratchFolder(PrivateFolder.create(parent, "restore"));
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "scratch-failed",
              "No folder for the restore's own files can be made.",
              "Check the disk of SERDAB_HOME: it may be full or read-only."),
          e);
    }
  }

  Path path() {
    return folder;
  }

  @Override
  public void close() {
    PrivateFolder.delete(folder);
  }
}
