package serdab.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import serdab.dicom.net.NodeAddress;

/// An Orthanc with its DICOMweb plugin, from Debian's packages: a new storage folder, free ports on
/// the loopback address, gone when it is closed. One thread at a time.
public final class OrthancServer implements AutoCloseable {

  private static final Path PLUGIN = Path.of("/usr/share/orthanc/plugins/libOrthancDicomWeb.so");
  private static final List<Path> PROGRAMS =
      List.of(Path.of("/usr/sbin/Orthanc"), Path.of("/usr/bin/Orthanc"));

  /// It starts in a few seconds; a busy machine takes longer.
  private static final long START_SECONDS_MAX = 90;

  private static final long LOOK_MILLIS = 100;

  private static final Pattern COUNT = Pattern.compile("\"CountInstances\" *: *([0-9]+)");

  private final Path folder;
  private volatile Process process;
  private final int port;
  private int dicomPort;
  private final Thread stopAtExit = new Thread(this::stop, "stop-orthanc");

  private OrthancServer(Path folder, Process process, int port) {
    this.folder = folder;
    this.process = process;
    this.port = port;
  }

  static boolean isInstalled() {
    return Files.exists(PLUGIN) && program().isPresent();
  }

  private static Optional<Path> program() {
    return PROGRAMS.stream().filter(Files::isExecutable).findFirst();
  }

  /// Starts a server; call only where [Peer#ORTHANC] is required.
  public static OrthancServer start() {
    return start("");
  }

  /// The same, set up in another way.
  ///
  /// @param settings more members of its configuration, each with a comma before it
  public static OrthancServer start(String settings) {
    try {
      Path folder = Files.createTempDirectory("serdab-orthanc");
      int port = freePort();
      Path configuration = folder.resolve("orthanc.json");
      Files.writeString(
          configuration,
          """
          {
            "Name": "for tests",
            "StorageDirectory": "%1$s/storage", "IndexDirectory": "%1$s/storage",
            "RemoteAccessAllowed": false, "AuthenticationEnabled": false,
            "HttpPort": %2$d, "DicomServerEnabled": false,
            "Plugins": ["%3$s"],
            "DicomWeb": {"Enable": true, "Root": "/dicom-web/"}%4$s
          }
          """
              .formatted(folder, port, PLUGIN, settings));
      OrthancServer server = new OrthancServer(folder, started(folder), port);
      Runtime.getRuntime().addShutdownHook(server.stopAtExit);
      server.awaitAnswer();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Process started(Path folder) throws IOException {
    return new ProcessBuilder(
            program().orElseThrow().toString(), folder.resolve("orthanc.json").toString())
        .directory(folder.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
        .start();
  }

  /// Ends it by `kill -9`, and starts it again with what it has on its disk. Returns when it
  /// answers.
  public void kill() {
    process.destroyForcibly();
    try {
      process.waitFor();
      process = started(folder);
      awaitAnswer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /// The same, which also speaks DICOM's own protocol, as `ORTHANC` to whoever calls it from here
  /// as `SERDAB`.
  ///
  /// @param settings more members of its configuration, each with a comma before it
  public static OrthancServer withDicom(String settings) {
    int dicomPort;
    try {
      dicomPort = freePort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    OrthancServer server =
        start(
            """
            ,
            "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
            "DicomCheckCalledAet": false, "DicomAlwaysAllowFind": true,
            "DicomAlwaysAllowGet": true, "DicomAlwaysAllowMove": true%s
            """
                .formatted(dicomPort, settings));
    server.dicomPort = dicomPort;
    return server;
  }

  /// Its address in DICOM's own protocol.
  public NodeAddress dicom() {
    return NodeAddress.parse("dicom://ORTHANC@127.0.0.1:" + dicomPort);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitAnswer() throws IOException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(url() + "/studies?limit=1")).build();
      for (long left = START_SECONDS_MAX * 1000 / LOOK_MILLIS; left > 0; left--) {
        if (!process.isAlive()) {
          break;
        }
        try {
          int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
          if (status == 200 || status == 204) {
            return;
          }
        } catch (IOException e) {
          // Not yet.
        }
        // There is nothing else to wait for: another program's socket.
        process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      }
      String log = Files.readString(folder.resolve("log"));
      close();
      throw new IllegalStateException("Orthanc does not answer: " + log);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw new IllegalStateException(e);
    }
  }

  /// The address before `/studies`.
  public String url() {
    return "http://127.0.0.1:" + port + "/dicom-web";
  }

  /// Removes all it holds, by its own interface.
  public void forgetEverything() throws IOException {
    String patients = ask(HttpRequest.newBuilder(root("/patients")));
    for (String id : patients.split("[^0-9a-f-]+", -1)) {
      if (!id.isEmpty()) {
        ask(HttpRequest.newBuilder(root("/patients/" + id)).DELETE());
      }
    }
  }

  /// Removes one instance, by its own interface.
  public void lose(String sop) throws IOException {
    String found =
        ask(
            HttpRequest.newBuilder(root("/tools/lookup"))
                .POST(HttpRequest.BodyPublishers.ofString(sop)));
    for (String path : found.split("\"", -1)) {
      if (path.startsWith("/instances/")) {
        ask(HttpRequest.newBuilder(root(path)).DELETE());
      }
    }
  }

  /// Asks its own interface.
  ///
  /// @param json what is posted; empty text asks without posting
  /// @return what it answered
  public String ask(String path, String json) throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(root(path));
    return ask(json.isEmpty() ? request : request.POST(HttpRequest.BodyPublishers.ofString(json)));
  }

  /// How many instances it says that it holds; 0 while it does not answer. Cheap, to be asked
  /// often.
  public int count() {
    try {
      HttpURLConnection connection =
          (HttpURLConnection) root("/statistics").toURL().openConnection();
      try (InputStream in = connection.getInputStream()) {
        Matcher count = COUNT.matcher(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        return count.find() ? Integer.parseInt(count.group(1)) : 0;
      }
    } catch (IOException e) {
      return 0;
    }
  }

  /// All instances as it holds them.
  public List<byte[]> files() throws IOException {
    List<byte[]> files = new ArrayList<>();
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      for (String id : ask("/instances", "").split("[^0-9a-f-]+", -1)) {
        if (!id.isEmpty()) {
          HttpRequest request = HttpRequest.newBuilder(root("/instances/" + id + "/file")).build();
          files.add(http.send(request, HttpResponse.BodyHandlers.ofByteArray()).body());
        }
      }
      return files;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private URI root(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  /// Each with a connection of its own: the server closes those that rest.
  private static String ask(HttpRequest.Builder request) throws IOException {
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString()).body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void stop() {
    process.destroyForcibly();
    try {
      process.waitFor(START_SECONDS_MAX, TimeUnit.SECONDS);
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
      }
    } catch (IOException e) {
      // A temporary folder that stays is no reason to fail a test.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    stop();
    Runtime.getRuntime().removeShutdownHook(stopAtExit);
  }
}
