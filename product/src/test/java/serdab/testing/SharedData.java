package serdab.testing;

import java.nio.file.Files;
import java.nio.file.Path;

/// The real DICOM files beside the checkout: `../shared/data`, or the folder `SERDAB_SHARED` names.
public final class SharedData {

  private SharedData() {}

  static boolean isPresent() {
    return Files.isDirectory(folder().resolve("data/dicom"));
  }

  /// The folder `data/dicom`; call only where [Peer#SHARED_DATA] is required.
  public static Path dicom() {
    return folder().resolve("data/dicom");
  }

  /// The folder `data/jpegls`; call only where [Peer#SHARED_DATA] is required.
  public static Path jpegLs() {
    return folder().resolve("data/jpegls");
  }

  /// The checkout itself, where `examples/` and `docs/` are.
  public static Path checkout() {
    String named = System.getProperty("serdab.checkout");
    if (named != null && !named.isEmpty() && !named.startsWith("$")) {
      return Path.of(named);
    }
    Path here = Path.of("").toAbsolutePath();
    return Files.exists(here.resolve("product/pom.xml")) ? here : here.resolveSibling("");
  }

  private static Path folder() {
    String named = System.getenv("SERDAB_SHARED");
    if (named != null && !named.isEmpty()) {
      return Path.of(named);
    }
    return checkout().resolveSibling("shared");
  }
}
