package serdab.testing;

import java.io.IOException;
import java.util.List;

/// The Python that Debian's python3-pydicom belongs to.
public final class Python {

  /// Debian's interpreter first: another Python in front of it on the path lacks Debian's modules.
  private static final List<String> CANDIDATES = List.of("/usr/bin/python3", "python3");

  private static final String WITH_PYDICOM = find();

  private Python() {}

  static boolean hasPydicom() {
    return !WITH_PYDICOM.isEmpty();
  }

  /// The interpreter that can import pydicom; call only where [Peer#PYDICOM] is required.
  public static String withPydicom() {
    return WITH_PYDICOM;
  }

  private static String find() {
    for (String candidate : CANDIDATES) {
      try {
        Process process =
            new ProcessBuilder(candidate, "-c", "import pydicom")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (process.waitFor() == 0) {
          return candidate;
        }
      } catch (IOException e) {
        // Not installed: try the next.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return "";
      }
    }
    return "";
  }
}
