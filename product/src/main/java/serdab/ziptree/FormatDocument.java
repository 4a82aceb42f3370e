package serdab.ziptree;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/// The description of the ZIP tree that is stored in each tree, so that it can be read when this
/// program is forgotten. It is `docs/format/zip-tree.md`, word for word.
public final class FormatDocument {

  /// Its name in a tree.
  public static final String NAME = "zip-tree.md";

  private FormatDocument() {}

  public static byte[] bytes() {
    try (InputStream in = FormatDocument.class.getResourceAsStream(NAME)) {
      if (in == null) {
        throw new IllegalStateException("the program is not whole: " + NAME + " is missing");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
