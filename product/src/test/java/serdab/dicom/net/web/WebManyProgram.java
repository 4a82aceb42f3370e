package serdab.dicom.net.web;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.testing.world.TinyDicom;

/// Sends, lists and retrieves as many instances as wanted, or is the node that takes and gives
/// them, each in a process of its own, so that its memory can be measured.
///
/// - `node` listens, says `port N`, and after its input ends how many came, were listed and given.
///   It keeps nothing: it lists and gives whatever study it is asked for.
/// - `client PORT COUNT FOLDER` does all three with each study, says `done N` after each tenth, and
///   `failed N` at the end.
public final class WebManyProgram {

  private static final int STUDY_IMAGES = 200;
  private static final String BOUNDARY = "many-instances";
  private static final Pattern STUDY = Pattern.compile("/dw/studies/([0-9.]+)(/instances)?");
  private static final Pattern PAGE = Pattern.compile("limit=([0-9]+)&offset=([0-9]+)");

  private WebManyProgram() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments[0].equals("node")) {
      node();
    } else {
      client(Integer.parseInt(arguments[1]), Long.parseLong(arguments[2]), Path.of(arguments[3]));
    }
  }

  private static String sop(String study, int n) {
    return study + ".1." + n;
  }

  private static byte[] image(String study, int n) {
    return TinyDicom.image().study(study).series(study + ".1").sop(sop(study, n)).bytes();
  }

  // ---- the node

  private static void node() throws IOException {
    AtomicLong came = new AtomicLong();
    AtomicLong listed = new AtomicLong();
    AtomicLong given = new AtomicLong();
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/dw/",
        exchange -> {
          try (exchange) {
            Matcher study = STUDY.matcher(exchange.getRequestURI().getPath());
            if (exchange.getRequestMethod().equals("POST")) {
              take(exchange, came);
            } else if (study.matches() && study.group(2) != null) {
              list(exchange, study.group(1), listed);
            } else if (study.matches()) {
              give(exchange, study.group(1), given);
            } else {
              exchange.sendResponseHeaders(404, -1);
            }
          }
        });
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    say("port " + server.getAddress().getPort());
    while (System.in.read() >= 0) {
      // Until the test has had enough.
    }
    server.stop(0);
    say("came " + came + ", listed " + listed + ", given " + given);
  }

  private static void take(HttpExchange exchange, AtomicLong came) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    Multipart parts =
        new Multipart(
            new ByteArrayInputStream(body), MediaType.parse(type).parameter("boundary").orElse(""));
    StringBuilder stored = new StringBuilder();
    for (Optional<Multipart.Part> part = parts.next(); part.isPresent(); part = parts.next()) {
      byte[] file = part.get().readAllBytes();
      String sop = DicomFile.read(ByteSource.of(file)).facts().sop().value();
      stored
          .append(stored.isEmpty() ? "" : ",")
          .append("{\"00081155\":{\"vr\":\"UI\",\"Value\":[\"" + sop + "\"]}}");
      came.incrementAndGet();
    }
    json(exchange, "{\"00081199\":{\"vr\":\"SQ\",\"Value\":[" + stored + "]}}");
  }

  private static void list(HttpExchange exchange, String study, AtomicLong listed)
      throws IOException {
    Matcher page = PAGE.matcher(exchange.getRequestURI().getQuery());
    if (!page.find()) {
      throw new IOException("it asks for no page");
    }
    int from = Integer.parseInt(page.group(2));
    int to = Math.min(STUDY_IMAGES, from + Integer.parseInt(page.group(1)));
    StringBuilder rows = new StringBuilder();
    for (int n = from; n < to; n++) {
      rows.append(rows.isEmpty() ? "" : ",")
          .append("{\"00080018\":{\"vr\":\"UI\",\"Value\":[\"" + sop(study, n) + "\"]},")
          .append("\"0020000E\":{\"vr\":\"UI\",\"Value\":[\"" + study + ".1\"]}}");
      listed.incrementAndGet();
    }
    json(exchange, "[" + rows + "]");
  }

  private static void give(HttpExchange exchange, String study, AtomicLong given)
      throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int n = 0; n < STUDY_IMAGES; n++) {
      body.writeBytes(
          ("--" + BOUNDARY + "\r\nContent-Type: application/dicom\r\n\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      body.writeBytes(image(study, n));
      body.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
      given.incrementAndGet();
    }
    body.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.US_ASCII));
    answer(
        exchange,
        "multipart/related; type=\"application/dicom\"; boundary=" + BOUNDARY,
        body.toByteArray());
  }

  private static void json(HttpExchange exchange, String text) throws IOException {
    answer(exchange, "application/dicom+json", text.getBytes(StandardCharsets.US_ASCII));
  }

  private static void answer(HttpExchange exchange, String type, byte[] body) throws IOException {
    exchange.getResponseHeaders().add("Content-Type", type);
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
  }

  // ---- the client

  private static void client(int port, long count, Path folder) {
    long failed = 0;
    long studies = count / STUDY_IMAGES;
    try (DicomWeb client =
            new DicomWeb(
                URI.create("http://127.0.0.1:" + port + "/dw"),
                new DicomWeb.Means(
                    new Credentials.None(),
                    Optional.empty(),
                    WebSettings.DEFAULT,
                    InstantSource.system(),
                    RandomGenerator.of("L64X128MixRandom"),
                    Thread::sleep));
        Spool spool = new Spool(folder)) {
      for (long each = 0; each < studies; each++) {
        failed += all(client, spool, "1.2.840.5." + each);
        if ((each + 1) % Math.max(1, studies / 10) == 0) {
          say("done " + (each + 1) * STUDY_IMAGES);
        }
      }
    }
    say("failed " + failed);
  }

  /// @return how many were not stored, not listed, or not given as they were sent
  private static long all(DicomWeb client, Spool spool, String study) {
    List<DicomWeb.Outgoing> images = new ArrayList<>();
    try {
      for (int n = 0; n < STUDY_IMAGES; n++) {
        images.add(
            new DicomWeb.Outgoing(
                new SopInstanceUid(sop(study, n)),
                spool.take(new ByteArrayInputStream(image(study, n)))));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long bad = 0;
    for (List<DicomWeb.Outgoing> batch : client.batches(images)) {
      Map<SopInstanceUid, Stored> said = client.store(batch);
      bad += said.values().stream().filter(one -> !(one instanceof Stored.Claimed)).count();
    }
    images.forEach(each -> each.held().close());
    StudyInstanceUid uid = new StudyInstanceUid(study);
    bad += Math.abs(STUDY_IMAGES - client.instances(uid).rows().size());
    AtomicLong right = new AtomicLong();
    client.retrieve(
        uid,
        STUDY_IMAGES,
        in -> {
          byte[] file = in.readAllBytes();
          String sop = DicomFile.read(ByteSource.of(file)).facts().sop().value();
          int n = Integer.parseInt(sop.substring(sop.lastIndexOf('.') + 1));
          if (java.util.Arrays.equals(file, image(study, n))) {
            right.incrementAndGet();
          }
        });
    return bad + STUDY_IMAGES - right.get();
  }

  @SuppressWarnings("SystemOut") // what the test reads
  private static void say(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
  }
}
