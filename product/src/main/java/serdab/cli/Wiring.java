package serdab.cli;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.BackupPlan;
import serdab.source.FolderSource;
import serdab.source.Source;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;

/// Turns what the user wrote into sources, destinations and the catalogue. The one place where
/// specifications become objects.
final class Wiring {

  private static final String HOROS = "horos:";
  private static final String FOLDER = "folder:";
  private static final String ZIP = "zip:";

  private final Surroundings around;

  Wiring(Surroundings around) {
    this.around = around;
  }

  Catalogue catalogue(Home home) {
    return Catalogue.inFile(home.catalogue(), around.clock(), around.random());
  }

  /// Which machine and process this is.
  static String worker() {
    return "pid-" + ProcessHandle.current().pid();
  }

  // ---- sources

  /// The folder that a source's specification names.
  static Path sourceFolder(String specification) {
    return path("--from", withoutKind(specification, HOROS, FOLDER));
  }

  Source source(String specification, BackupPlan plan, Home home) {
    Path folder = sourceFolder(specification);
    throw new UnsupportedOperationException(folder + plan.name() + home);
  }

  private static Source folder(Path folder, Home home) {
    return FolderSource.open(folder, home.cache().resolve("folder-" + shortHash(folder) + ".db"));
  }

  private static String shortHash(Path path) {
    byte[] text = path.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8);
    return Sha256.digest(text).hex().substring(0, 16);
  }

  // ---- destinations

  Destination destination(String s, BackupPlan plan, Catalogue catalogue, boolean adopt) {
    throw new UnsupportedOperationException();
  }

  Destination destinationToLookAt(String s, BackupPlan plan, Catalogue catalogue) {
    throw new UnsupportedOperationException();
  }

  Destination destinationToRead(String s, Catalogue catalogue) {
    throw new UnsupportedOperationException();
  }

  Destination destinationToFill(String s, Catalogue catalogue) {
    throw new UnsupportedOperationException();
  }

  /// A folder that files are brought back to; made when it is not there.
  BlobStore folderToFill(String path) {
    return LocalFolder.create(path("--to", path), around.random());
  }

  /// A folder of ours for drills.
  BlobStore scratch(Home home) {
    return LocalFolder.create(home.cache().resolve("drill"), around.random());
  }

  static boolean isDestination(String specification) {
    return specification.startsWith(ZIP);
  }

  /// The folder that a destination's specification names.
  static Path destinationFolder(String specification) {
    if (!specification.startsWith(ZIP)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "unknown-destination",
              "The destination " + specification + " is of no kind that is known.",
              "Write zip:PATH for a tree of ZIPs in a folder."));
    }
    return path("--to", specification.substring(ZIP.length()));
  }

  private static String withoutKind(String specification, String... kinds) {
    for (String kind : kinds) {
      if (specification.startsWith(kind)) {
        return specification.substring(kind.length());
      }
    }
    return specification;
  }

  private static Path path(String option, String text) {
    try {
      if (!text.isEmpty()) {
        return Path.of(text).toAbsolutePath().normalize();
      }
    } catch (InvalidPathException e) {
      // Said below.
    }
    throw new SerdabException.Misconfigured(
        new Problem("wrong-option", option + " names no path.", "Run: serdab --help"));
  }
}
