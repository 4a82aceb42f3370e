package serdab.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Results that outlive a release, pinned in git under `product/src/test/golden`.
///
/// `./dev golden` rewrites them (`-Dgolden=rewrite`); the difference is read before it is
/// committed.
public final class Golden {

  private static final boolean REWRITE = "rewrite".equals(System.getProperty("golden"));

  private Golden() {}

  /// Fails when `text` is not exactly what the file `name`, such as `zip-tree/two-series.listing`,
  /// holds.
  public static void assertMatchesGolden(String name, String text) {
    Path file = SharedData.checkout().resolve("product/src/test/golden").resolve(name);
    try {
      if (REWRITE) {
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, text);
        return;
      }
      assertThat(file).as("run ./dev golden to make it, then read it").exists();
      assertThat(text).as("golden result %s", name).isEqualTo(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
