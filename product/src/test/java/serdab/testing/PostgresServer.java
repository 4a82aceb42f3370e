package serdab.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A PostgreSQL server of a test's own, from Debian's programs: a new data folder, a free port on
/// the loopback address, gone when it is closed. One thread at a time.
///
/// It orders text as a language does, not as bytes, because many real databases do.
public final class PostgresServer implements AutoCloseable {

  private static final Path DEBIAN = Path.of("/usr/lib/postgresql");
  private static final long PROGRAM_SECONDS_MAX = 60;

  private final Path programs;
  private final Path folder;
  private final int port;
  private final boolean asRoot;
  private final Thread stopAtExit = new Thread(this::stopAtOnce, "stop-postgresql");

  private PostgresServer(Path programs, Path folder, int port, boolean asRoot) {
    this.programs = programs;
    this.folder = folder;
    this.port = port;
    this.asRoot = asRoot;
  }

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

  /// Makes and starts a server; call only where [Peer#POSTGRESQL] is required.
  public static PostgresServer start() {
    try {
      Path folder = Files.createTempDirectory("serdab-pg");
      UserPrincipal owner = Files.getOwner(folder);
      boolean asRoot = owner.getName().equals("root");
      if (asRoot) {
        // The server refuses to run as root, so Debian's own user for it runs it.
        Files.setOwner(
            folder,
            folder
                .getFileSystem()
                .getUserPrincipalLookupService()
                .lookupPrincipalByName("postgres"));
      }
      PostgresServer server =
          new PostgresServer(programs().orElseThrow(), folder, freePort(), asRoot);
      Runtime.getRuntime().addShutdownHook(server.stopAtExit);
      server.make();
      server.startAgain();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void make() throws IOException {
    Path secret = folder.resolve("secret");
    Files.writeString(secret, password());
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r--r--"));
    run(
        List.of(
            programs.resolve("initdb").toString(),
            "--pgdata=" + data(),
            "--username=" + user(),
            "--pwfile=" + secret,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=en",
            "--no-sync",
            "--no-instructions"));
  }

  /// Starts the server again after [#crash].
  public void startAgain() {
    run(
        List.of(
            programs.resolve("pg_ctl").toString(),
            "--pgdata=" + data(),
            "--log=" + folder.resolve("log"),
            "--options=-c fsync=off -c unix_socket_directories='' -c listen_addresses=127.0.0.1"
                + " -c max_connections=40 -c port="
                + port,
            "--wait",
            "start"));
  }

  /// Ends the server as a crash would: connections drop, nothing is written out.
  public void crash() {
    run(pgCtlStop());
  }

  private List<String> pgCtlStop() {
    return List.of(
        programs.resolve("pg_ctl").toString(),
        "--pgdata=" + data(),
        "--mode=immediate",
        "--wait",
        "stop");
  }

  /// A JDBC URL of its one database.
  public String url() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
  }

  public String user() {
    return "tester";
  }

  public String password() {
    return "not a secret";
  }

  private Path data() {
    return folder.resolve("data");
  }

  private void run(List<String> command) {
    List<String> whole = new ArrayList<>();
    if (asRoot) {
      whole.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"));
    }
    whole.addAll(command);
    try {
      Path output = Files.createTempFile("serdab-pg", ".txt");
      try {
        Process process =
            new ProcessBuilder(whole)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(PROGRAM_SECONDS_MAX, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          throw new IllegalStateException("does not end: " + command);
        }
        if (process.exitValue() != 0) {
          throw new IllegalStateException(command + ": " + Files.readString(output));
        }
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void stopAtOnce() {
    if (Files.exists(data().resolve("postmaster.pid"), LinkOption.NOFOLLOW_LINKS)) {
      try {
        crash();
      } catch (RuntimeException e) {
        // It is down already, or nobody is left to be told.
      }
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // A temporary folder that stays is no reason to fail a test.
    }
  }

  @Override
  public void close() {
    stopAtOnce();
    Runtime.getRuntime().removeShutdownHook(stopAtExit);
  }
}
