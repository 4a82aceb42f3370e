package serdab.ziptree;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import serdab.store.BlobStore;
import serdab.store.Expected;

/// The descriptions of the ZIP tree and of what it refers to, stored in each tree so that it can be
/// read when this program is forgotten: those of `docs/format`, word for word.
public enum FormatDocument {
  ZIP_TREE("zip-tree.md"),
  LIBRARY("library.md"),
  DIGESTS("digests.md"),
  TREE_INDEX("tree-index.md"),
  /// Only where images are stored as JPEG-LS.
  RECIPES("zip-tree-recipes.md"),
  /// Only where images are stored as JPEG-LS.
  RESTORE("restore-from-zip-tree.py");

  private final String fileName;

  FormatDocument(String fileName) {
    this.fileName = fileName;
  }

  /// Its name in a tree.
  public String fileName() {
    return fileName;
  }

  /// Writes those that are missing. One that is there describes what was written before, and stays.
  ///
  /// @param jpegLs whether images are stored as JPEG-LS
  public static void storeIn(BlobStore store, boolean jpegLs) {
    for (FormatDocument document : values()) {
      boolean ofRecipes = document == RECIPES || document == RESTORE;
      if ((jpegLs || !ofRecipes) && store.find(document.fileName).isEmpty()) {
        store.replace(document.fileName, document.bytes(), Expected.anything());
      }
    }
  }

  byte[] bytes() {
    return read(fileName);
  }

  static byte[] read(String fileName) {
    String resource = "/serdab/format/" + fileName;
    try (InputStream in = FormatDocument.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the program is not whole: " + resource + " is missing");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
