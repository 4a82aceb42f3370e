package serdab.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/// Where Debian keeps PostgreSQL's server programs.
public final class PostgresServer {

  private static final Path DEBIAN = Path.of("/usr/lib/postgresql");

  private PostgresServer() {}

  static boolean isInstalled() {
    return programs().isPresent();
  }

  /// The folder with `initdb` and `pg_ctl` of the newest version installed.
  public static Optional<Path> programs() {
    if (!Files.isDirectory(DEBIAN)) {
      return Optional.empty();
    }
    try (Stream<Path> versions = Files.list(DEBIAN)) {
      return versions
          .map(version -> version.resolve("bin"))
          .filter(bin -> Files.isExecutable(bin.resolve("initdb")))
          .max(Comparator.comparing(Path::toString));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
