package serdab.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import serdab.Problem;
import serdab.SerdabException;

/// Any tree of folders: patient CDs, exports, several studies mixed, files without extension.
///
/// Every regular file is listed: in its study when its header names one, else whole in a group of
/// other files. Links, FIFOs and sockets are findings and are not followed.
public final class FolderSource implements Source {

  private final Path root;
  private final Path cache;
  private final Arrivals arrivals;

  private FolderSource(Path root, Path cache, Arrivals arrivals) {
    this.root = root;
    this.cache = cache;
    this.arrivals = arrivals;
  }

  /// Opens a folder; makes nothing in it.
  ///
  /// @param root the folder
  /// @param cache a file of ours, outside of it, that keeps what was seen from run to run
  /// @throws SerdabException.Unavailable `source-gone` when there is no such folder now
  public static FolderSource open(Path root, Path cache) {
    return open(root, cache, Arrivals.ALL);
  }

  /// Opens a folder into which others put files; makes nothing in it.
  ///
  /// @param arrivals which files of a folder count yet
  public static FolderSource open(Path root, Path cache, Arrivals arrivals) {
    Path absolute = root.toAbsolutePath().normalize();
    if (!Files.isDirectory(absolute)) {
      throw gone(absolute);
    }
    return new FolderSource(absolute, cache, arrivals);
  }

  @Override
  public SourceId id() {
    return new SourceId("folder:" + root);
  }

  @Override
  public String describe() {
    return "the folder " + root;
  }

  @Override
  public Path root() {
    return root;
  }

  @Override
  public Inventory inventory() {
    FileIndex index = FileIndex.open(cache);
    try {
      FolderInventory inventory = new FolderInventory(root, index, arrivals);
      inventory.scan();
      return inventory;
    } catch (IOException e) {
      index.close();
      throw new SerdabException.Unavailable(
          new Problem(
              "source-unreadable",
              "The folder " + root + " cannot be listed (" + e.getClass().getSimpleName() + ").",
              "Check that its volume is connected and that you may read it, then run again."),
          e);
    } catch (SerdabException e) {
      index.close();
      throw e;
    }
  }

  static SerdabException.Unavailable gone(Path root) {
    return new SerdabException.Unavailable(
        new Problem(
            "source-gone",
            "There is no folder " + root + ".",
            "If it lies on another volume, connect that; else check the spelling after --from."));
  }

  @Override
  public void close() {}
}
