package serdab.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Map;
import serdab.Problem;
import serdab.SerdabException;

/// Where this installation keeps its catalogue, caches and run logs: `SERDAB_HOME`, else the
/// system's usual place for such data. Readable by its owner only.
record Home(Path folder) {

  /// Finds the folder from the environment; makes nothing.
  static Home find(Map<String, String> environment, String osName) {
    String named = environment.getOrDefault("SERDAB_HOME", "");
    if (!named.isEmpty()) {
      return new Home(Path.of(named).toAbsolutePath());
    }
    String os = osName.toLowerCase(Locale.ROOT);
    if (os.contains("win")) {
      String local = environment.getOrDefault("LOCALAPPDATA", "");
      if (!local.isEmpty()) {
        return new Home(Path.of(local, "Serdab"));
      }
    }
    Path user = user(environment);
    if (os.contains("mac")) {
      return new Home(user.resolve("Library/Application Support/Serdab"));
    }
    String data = environment.getOrDefault("XDG_DATA_HOME", "");
    return new Home(data.isEmpty() ? user.resolve(".local/share/serdab") : Path.of(data, "serdab"));
  }

  /// The home folder of who runs this.
  static Path user(Map<String, String> environment) {
    String named = environment.getOrDefault("HOME", "");
    return Path.of(named.isEmpty() ? System.getProperty("user.home", ".") : named);
  }

  /// Makes the folder when it is not there yet.
  ///
  /// @throws SerdabException.Misconfigured when it cannot be made
  Home make() {
    makePrivate(folder);
    return this;
  }

  boolean exists() {
    return Files.isRegularFile(catalogue());
  }

  Path catalogue() {
    return folder.resolve("catalogue.db");
  }

  /// What this installation shall do; `serdab init` writes it.
  Path configuration() {
    return folder.resolve("serdab.toml");
  }

  /// The written reports of runs.
  Path reports() {
    return folder.resolve("reports");
  }

  /// Where run logs are; the folder need not be there.
  Path logs() {
    return folder.resolve("logs");
  }

  Path lock() {
    return folder.resolve("run.lock");
  }

  /// For what can be made again at any time.
  Path cache() {
    Path cache = folder.resolve("cache");
    makePrivate(cache);
    return cache;
  }

  private static void makePrivate(Path folder) {
    try {
      if (Files.isDirectory(folder)) {
        return;
      }
      Files.createDirectories(folder);
      if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "home-not-writable",
              "The folder for Serdab's own data, " + folder + ", cannot be made.",
              "Make it writable, or name another folder in the environment as SERDAB_HOME."),
          e);
    }
  }
}
