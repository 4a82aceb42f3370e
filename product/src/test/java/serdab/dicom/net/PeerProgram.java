package serdab.dicom.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import serdab.SerdabException;

/// An independent DICOM program: one that runs to its end, or a server that is stopped with the
/// test.
public final class PeerProgram implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Process process;
  private final int port;
  private final Path log;

  private PeerProgram(Process process, int port, Path log) {
    this.process = process;
    this.port = port;
    this.log = log;
  }

  /// How a program ended.
  record Ended(int code, String output) {}

  /// Starts a server and waits until it listens.
  ///
  /// @param command with `PORT` where the port belongs
  public static PeerProgram serve(Path folder, Map<String, String> environment, String... command)
      throws IOException {
    return serve(folder, environment, PeerProgram::connect, command);
  }

  /// The same for one that ends when a connection is opened and closed without a word: it is asked
  /// by C-ECHO whether it is there.
  static PeerProgram serveAndEcho(Path folder, String title, String... command) throws IOException {
    return serve(
        folder,
        Map.of(),
        port -> {
          NodeAddress node = NodeAddress.parse("dicom://" + title + "@127.0.0.1:" + port);
          try (Association association =
              Association.open(AssociationRequest.to(node).verification())) {
            association.echo();
          } catch (SerdabException e) {
            throw new IOException(e);
          }
        },
        command);
  }

  private interface Asking {
    void ask(int port) throws IOException;
  }

  private static void connect(int port) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
    }
  }

  private static PeerProgram serve(
      Path folder, Map<String, String> environment, Asking asking, String... command)
      throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path log = Files.createTempFile(folder, "peer", ".log");
    List<String> words = new ArrayList<>();
    for (String word : command) {
      words.add(word.replace("PORT", "" + port));
    }
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.directory(folder.toFile()).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    PeerProgram server = new PeerProgram(builder.start(), port, log);
    server.awaitListening(asking);
    return server;
  }

  private void awaitListening(Asking asking) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        asking.ask(port);
        return;
      } catch (IOException e) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          String said = log();
          close();
          throw new IOException("the peer does not listen: " + said, e);
        }
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
    }
  }

  public int port() {
    return port;
  }

  String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Runs a program to its end.
  static Ended run(Path folder, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(Arrays.asList(command));
    builder.directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException(command[0] + " does not end");
    }
    return new Ended(process.exitValue(), output);
  }
}
