package serdab.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Tag;

/// A DICOMweb node that keeps what it is sent in memory, and can be told to lie. On the loopback
/// address, on a free port, gone when it is closed. Thread-safe.
public final class LyingNode implements AutoCloseable {

  /// What a node does wrong, or in an unusual way.
  public enum Fault {
    // ---- storing
    /// Another object under a UID that it has: it says it stored it, and keeps the first.
    KEEPS_THE_FIRST,
    /// It says it stored everything, and stores nothing.
    STORES_NOTHING,
    /// It says it stored everything, and loses every third instance.
    LOSES_EVERY_THIRD,
    /// It stores all but the last, and answers 200 without a word of that one.
    ANSWERS_200_WITH_FEWER,
    /// It stores all but the last, and answers 202 with a failed SOP sequence.
    ANSWERS_202_PARTLY,
    /// It stores all, and names as stored only UIDs that nobody sent.
    NAMES_OTHERS,
    /// It stores all, and says that all failed.
    FAILS_FALSELY,
    /// It stores all, and answers in HTML.
    ANSWERS_STORE_IN_HTML,
    /// It refuses a request with more than one instance.
    REFUSES_BATCHES,
    /// It changes the patient id, and says so with a warning.
    CHANGES_PATIENT_ID,
    /// It changes the patient id, and says nothing.
    CHANGES_PATIENT_ID_SILENTLY,
    /// It takes private elements away.
    STRIPS_PRIVATE_TAGS,
    /// It changes one pixel.
    CHANGES_A_PIXEL,
    /// It adds trailing padding, which changes bytes and no value.
    REENCODES_HARMLESSLY,
    // ---- listing
    /// It gives the first page for every offset.
    IGNORES_OFFSETS,
    /// It gives everything at once, whatever the limit and the offset are.
    IGNORES_LIMITS_AND_OFFSETS,
    /// It gives two rows at most, whatever the limit is.
    CAPS_PAGES,
    /// It gives two rows at most, and always the same.
    CAPS_PAGES_AND_IGNORES_OFFSETS,
    /// Its rows come in another order for every page.
    SHUFFLES_PAGES,
    /// It says 200 and an empty array where others say 204.
    EMPTY_ARRAYS,
    /// It lists an instance that it does not have.
    LISTS_A_GHOST,
    /// It does not list an instance that it has.
    HIDES_ONE,
    /// It lists what it says it stored, and has lost it.
    LISTS_THE_LOST,
    /// It does not know the instances of a study, only those of a series.
    NO_RELATIONAL_SEARCH,
    GARBAGE_JSON,
    JSON_CUT_SHORT,
    JSON_WITHOUT_END,
    JSON_NESTED_DEEPLY,
    // ---- retrieving
    /// The answer breaks off in the middle of the second instance of a study.
    BREAKS_OFF,
    /// The last instance of a study is not given.
    GIVES_ONE_LESS,
    /// Every instance is given twice.
    GIVES_TWICE,
    /// An instance is cut short, and the answer ends as it should.
    CUTS_INSTANCES_SHORT,
    /// One bit of an instance is another one.
    FLIPS_A_BIT,
    /// Asked for one instance, it gives another one.
    GIVES_ANOTHER,
    WRONG_BOUNDARY,
    NO_BOUNDARY,
    PART_HEADERS_WITHOUT_END,
    INSTANCE_WITHOUT_END,
    SINGLE_PART,
    GZIP,
    /// It knows no transfer-syntax parameter.
    REFUSES_STORED_SYNTAX,
    STALLS,
    // ---- all
    BUSY_TWICE,
    ALWAYS_BUSY,
    ASKS_FOR_AN_HOUR,
    SAYS_401,
    SAYS_403,
    REDIRECTS_AWAY,
    REDIRECTS_HOME,
    REDIRECTS_IN_CIRCLES
  }

  private static final String ROOT = "/dicom-web";

  /// An instance that is held.
  @SuppressWarnings("ArrayRecordComponent") // compared by nobody
  public record Kept(String study, String series, String sop, String sopClass, byte[] bytes) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<Fault> faults = ConcurrentHashMap.newKeySet();
  private final Map<String, Kept> kept = Collections.synchronizedMap(new LinkedHashMap<>());
  private final Set<String> lost = ConcurrentHashMap.newKeySet();
  private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
  private final List<String> authorizations = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger arrived = new AtomicInteger();
  private final AtomicInteger busy = new AtomicInteger();
  private final AtomicInteger shuffled = new AtomicInteger();
  private volatile String retryAfter = "1";
  private volatile Optional<String> demanded = Optional.empty();
  private volatile String token = "";
  private final AtomicInteger tokensGiven = new AtomicInteger();

  private LyingNode(HttpServer server) {
    this.server = server;
  }

  public static LyingNode start() {
    return start(Optional.empty());
  }

  /// A node that proves who it is.
  public static LyingNode startWithTls(SSLContext itself) {
    return start(Optional.of(new HttpsConfigurator(itself)));
  }

  /// The same, which speaks only with those whose certificate it trusts.
  ///
  /// @param version of TLS, the only one that it speaks
  public static LyingNode startWithTlsBothWays(SSLContext itself, String version) {
    return start(
        Optional.of(
            new HttpsConfigurator(itself) {
              @Override
              public void configure(HttpsParameters parameters) {
                SSLParameters both = getSSLContext().getDefaultSSLParameters();
                both.setNeedClientAuth(true);
                both.setProtocols(new String[] {version});
                parameters.setSSLParameters(both);
              }
            }));
  }

  private static LyingNode start(Optional<HttpsConfigurator> tls) {
    try {
      InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      HttpServer server;
      if (tls.isPresent()) {
        HttpsServer secure = HttpsServer.create(address, 0);
        secure.setHttpsConfigurator(tls.get());
        server = secure;
      } else {
        server = HttpServer.create(address, 0);
      }
      LyingNode node = new LyingNode(server);
      server.createContext("/", node::handle);
      server.setExecutor(node.threads);
      server.start();
      return node;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The address before `/studies`.
  public String url() {
    String scheme = server instanceof HttpsServer ? "https" : "http";
    return scheme + "://127.0.0.1:" + server.getAddress().getPort() + ROOT;
  }

  public String tokenUrl() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/token";
  }

  public LyingNode with(Fault... some) {
    faults.addAll(Arrays.asList(some));
    return this;
  }

  public LyingNode honest() {
    faults.clear();
    return this;
  }

  /// What it puts into Retry-After while it is busy; empty text puts none.
  public LyingNode retryAfter(String text) {
    retryAfter = text;
    return this;
  }

  /// Lets nobody in without this Authorization.
  public LyingNode demand(String authorization) {
    demanded = Optional.of(authorization);
    return this;
  }

  /// Gives this token to whoever asks for one, and lets nobody in without it.
  public LyingNode demandToken(String value) {
    token = value;
    return demand("Bearer " + value);
  }

  public int tokensGiven() {
    return tokensGiven.get();
  }

  /// Puts an instance there, as somebody else did.
  public LyingNode put(byte[] file) {
    Kept instance = kept(file);
    kept.put(instance.sop(), instance);
    return this;
  }

  /// Does to an instance that it has what it does to one that comes.
  public void reencode(String sop) {
    put(changed(bytes(sop)));
  }

  /// Takes an instance away, as somebody else did.
  public void lose(String sop) {
    kept.remove(sop);
  }

  /// The bytes that it has under this UID.
  public byte[] bytes(String sop) {
    return Objects.requireNonNull(kept.get(sop), "it has no such instance").bytes();
  }

  public Map<String, Kept> kept() {
    synchronized (kept) {
      return Map.copyOf(kept);
    }
  }

  /// Methods and paths with queries, in their order.
  public List<String> requests() {
    synchronized (requests) {
      return List.copyOf(requests);
    }
  }

  public void forgetRequests() {
    requests.clear();
  }

  public List<String> authorizations() {
    synchronized (authorizations) {
      return List.copyOf(authorizations);
    }
  }

  /// How many instances came in requests to store, whatever became of them.
  public int arrived() {
    return arrived.get();
  }

  private boolean does(Fault fault) {
    return faults.contains(fault);
  }

  private static Kept kept(byte[] file) {
    try {
      DicomFile read = DicomFile.read(ByteSource.of(file));
      InstanceFacts facts = read.facts();
      return new Kept(
          facts.study().value(),
          facts.series().value(),
          facts.sop().value(),
          facts.sopClassUid(),
          file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- requests

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getRawPath();
      requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
      String authorization =
          Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Authorization"), "");
      authorizations.add(authorization);
      if (path.equals("/token")) {
        giveToken(exchange);
        return;
      }
      byte[] body = exchange.getRequestBody().readAllBytes();
      if (demanded.filter(wanted -> !wanted.equals(authorization)).isPresent()) {
        say(exchange, 401, "text/plain", new byte[0]);
      } else if (!refuses(exchange)) {
        serve(exchange, path, body);
      }
    } catch (RuntimeException e) {
      requests.add("failed: " + e);
      throw e;
    }
  }

  private void giveToken(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    tokensGiven.incrementAndGet();
    byte[] answer =
        ("{\"access_token\":\"" + token + "\",\"token_type\":\"Bearer\",\"expires_in\":3600}")
            .getBytes(StandardCharsets.UTF_8);
    say(exchange, 200, "application/json", answer);
  }

  /// What it does instead of answering.
  private boolean refuses(HttpExchange exchange) throws IOException {
    if (does(Fault.SAYS_401) || does(Fault.SAYS_403)) {
      say(exchange, does(Fault.SAYS_401) ? 401 : 403, "text/plain", new byte[0]);
    } else if (does(Fault.ALWAYS_BUSY)
        || does(Fault.ASKS_FOR_AN_HOUR)
        || (does(Fault.BUSY_TWICE) && busy.incrementAndGet() <= 2)) {
      String wait = does(Fault.ASKS_FOR_AN_HOUR) ? "3600" : retryAfter;
      if (!wait.isEmpty()) {
        exchange.getResponseHeaders().add("Retry-After", wait);
      }
      say(exchange, does(Fault.BUSY_TWICE) ? 429 : 503, "text/plain", new byte[0]);
    } else if (does(Fault.REDIRECTS_AWAY)) {
      exchange.getResponseHeaders().add("Location", "http://127.0.0.1:1/elsewhere");
      say(exchange, 307, "text/plain", new byte[0]);
    } else if (does(Fault.REDIRECTS_IN_CIRCLES)
        || (does(Fault.REDIRECTS_HOME)
            && !exchange.getRequestURI().getPath().startsWith("/moved"))) {
      String prefix = does(Fault.REDIRECTS_HOME) ? "/moved" : "/x";
      exchange.getResponseHeaders().add("Location", prefix + exchange.getRequestURI());
      say(exchange, 307, "text/plain", new byte[0]);
    } else {
      return false;
    }
    return true;
  }

  private void serve(HttpExchange exchange, String whole, byte[] body) throws IOException {
    String path = whole.startsWith("/moved") ? whole.substring("/moved".length()) : whole;
    if (!path.startsWith(ROOT + "/studies")) {
      say(exchange, 404, "text/plain", new byte[0]);
      return;
    }
    List<String> parts = new ArrayList<>();
    for (String part : path.substring(ROOT.length() + 1).split("/", -1)) {
      parts.add(URLDecoder.decode(part, StandardCharsets.UTF_8));
    }
    if (exchange.getRequestMethod().equals("POST")) {
      store(exchange, body);
      return;
    }
    switch (parts.size()) {
      case 1 -> search(exchange, studies(exchange));
      case 2 -> retrieve(exchange, inStudy(parts.get(1)));
      case 3 -> {
        if (parts.get(2).equals("series")) {
          search(exchange, series(parts.get(1)));
        } else if (does(Fault.NO_RELATIONAL_SEARCH)) {
          say(exchange, 501, "text/plain", new byte[0]);
        } else {
          search(exchange, instances(inStudy(parts.get(1)), parts.get(1)));
        }
      }
      case 5 ->
          search(
              exchange,
              instances(
                  inStudy(parts.get(1)).stream()
                      .filter(each -> each.series().equals(parts.get(3)))
                      .toList(),
                  parts.get(1)));
      case 6 ->
          retrieve(
              exchange,
              inStudy(parts.get(1)).stream()
                  .filter(each -> does(Fault.GIVES_ANOTHER) != each.sop().equals(parts.get(5)))
                  .limit(1)
                  .toList());
      default -> say(exchange, 404, "text/plain", new byte[0]);
    }
  }

  private List<Kept> inStudy(String study) {
    synchronized (kept) {
      return kept.values().stream().filter(each -> each.study().equals(study)).toList();
    }
  }

  private static void say(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    exchange.getResponseHeaders().add("Content-Type", type);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  // ---- storing

  private void store(HttpExchange exchange, byte[] body) throws IOException {
    List<Kept> sent =
        parts(exchange.getRequestHeaders().getFirst("Content-Type"), body).stream()
            .map(LyingNode::kept)
            .toList();
    arrived.addAndGet(sent.size());
    if (does(Fault.REFUSES_BATCHES) && sent.size() > 1) {
      say(exchange, 500, "text/plain", new byte[0]);
      return;
    }
    List<String> stored = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    for (int i = 0; i < sent.size(); i++) {
      Kept each = sent.get(i);
      boolean last = i == sent.size() - 1;
      if (last && does(Fault.ANSWERS_200_WITH_FEWER)) {
        continue;
      }
      if (last && does(Fault.ANSWERS_202_PARTLY)) {
        failed.add(each.sop());
        continue;
      }
      (does(Fault.FAILS_FALSELY) ? failed : stored).add(each.sop());
      boolean loses =
          does(Fault.STORES_NOTHING)
              || (does(Fault.LOSES_EVERY_THIRD) && Math.floorMod(each.sop().hashCode(), 3) == 0);
      if (loses) {
        lost.add(each.sop());
      } else if (!(does(Fault.KEEPS_THE_FIRST) && kept.containsKey(each.sop()))) {
        byte[] changed = changed(each.bytes());
        kept.put(
            each.sop(),
            new Kept(each.study(), each.series(), each.sop(), each.sopClass(), changed));
      }
    }
    if (does(Fault.ANSWERS_STORE_IN_HTML)) {
      say(exchange, 200, "text/html", "<html>Stored!</html>".getBytes(StandardCharsets.UTF_8));
      return;
    }
    if (does(Fault.NAMES_OTHERS)) {
      stored.replaceAll(uid -> uid + ".9");
    }
    StringBuilder json = new StringBuilder("{");
    json.append(references("00081199", stored, does(Fault.CHANGES_PATIENT_ID) ? "00081196" : ""));
    if (!failed.isEmpty()) {
      json.append(',').append(references("00081198", failed, "00081197"));
    }
    json.append('}');
    say(
        exchange,
        failed.isEmpty() ? 200 : stored.isEmpty() ? 409 : 202,
        "application/dicom+json",
        json.toString().getBytes(StandardCharsets.UTF_8));
  }

  private static String references(String sequence, List<String> uids, String reason) {
    StringBuilder json = new StringBuilder("\"" + sequence + "\":{\"vr\":\"SQ\",\"Value\":[");
    for (int i = 0; i < uids.size(); i++) {
      json.append(i == 0 ? "{" : ",{").append(attribute("00081155", "UI", uids.get(i)));
      if (!reason.isEmpty()) {
        json.append(",\"" + reason + "\":{\"vr\":\"US\",\"Value\":[45056]}");
      }
      json.append('}');
    }
    return json.append("]}").toString();
  }

  private byte[] changed(byte[] file) {
    byte[] changed = file.clone();
    if (does(Fault.CHANGES_PATIENT_ID) || does(Fault.CHANGES_PATIENT_ID_SILENTLY)) {
      changed = withOtherByte(changed, Tag.PatientID);
    }
    if (does(Fault.CHANGES_A_PIXEL)) {
      changed = withOtherByte(changed, Tag.PixelData);
    }
    if (does(Fault.STRIPS_PRIVATE_TAGS)) {
      changed = withoutPrivate(changed);
    }
    if (does(Fault.REENCODES_HARMLESSLY)) {
      byte[] padding = {
        (byte) 0xFC, (byte) 0xFF, (byte) 0xFC, (byte) 0xFF, 'O', 'B', 0, 0, 4, 0, 0, 0, 0, 0, 0, 0
      };
      byte[] longer = Arrays.copyOf(changed, changed.length + padding.length);
      System.arraycopy(padding, 0, longer, changed.length, padding.length);
      changed = longer;
    }
    return changed;
  }

  private static byte[] withOtherByte(byte[] file, int tag) {
    DataSet dataSet = dataSet(file);
    int i = dataSet.indexOf(tag);
    if (i >= 0 && dataSet.valueLength(i) > 0) {
      file[(int) dataSet.valueOffset(i)] ^= 1;
    }
    return file;
  }

  private static byte[] withoutPrivate(byte[] file) {
    DataSet dataSet = dataSet(file);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int from = 0;
    for (int i = 0; i < dataSet.size(); i = dataSet.next(i)) {
      if (Tag.isPrivate(dataSet.tag(i))) {
        int next = dataSet.next(i);
        out.write(file, from, (int) dataSet.position(i) - from);
        from = next < dataSet.size() ? (int) dataSet.position(next) : file.length;
      }
    }
    out.write(file, from, file.length - from);
    return out.toByteArray();
  }

  private static DataSet dataSet(byte[] file) {
    try {
      return DicomFile.read(ByteSource.of(file)).dataSet();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The parts of a body, found by searching it whole.
  private static List<byte[]> parts(String contentType, byte[] body) {
    String boundary = contentType.replaceFirst(".*boundary=\"?([^\";]+).*", "$1");
    byte[] delimiter = ("--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
    List<byte[]> parts = new ArrayList<>();
    int at = indexOf(body, delimiter, 0);
    while (at >= 0) {
      int next = indexOf(body, delimiter, at + delimiter.length);
      if (next < 0) {
        break;
      }
      int head = indexOf(body, "\r\n\r\n".getBytes(StandardCharsets.US_ASCII), at) + 4;
      parts.add(Arrays.copyOfRange(body, head, next - 2));
      at = next;
    }
    return parts;
  }

  private static int indexOf(byte[] body, byte[] wanted, int from) {
    for (int i = from; i + wanted.length <= body.length; i++) {
      if (Arrays.equals(body, i, i + wanted.length, wanted, 0, wanted.length)) {
        return i;
      }
    }
    return -1;
  }

  // ---- listing

  private List<String> studies(HttpExchange exchange) {
    String query = Objects.requireNonNullElse(exchange.getRequestURI().getQuery(), "");
    String dates =
        query.contains("StudyDate=") ? query.replaceFirst(".*StudyDate=([0-9-]*).*", "$1") : "";
    Map<String, List<Kept>> studies = new LinkedHashMap<>();
    synchronized (kept) {
      kept.values()
          .forEach(each -> studies.computeIfAbsent(each.study(), _ -> new ArrayList<>()).add(each));
    }
    List<String> rows = new ArrayList<>();
    studies.forEach((uid, all) -> {
      DataSet first = dataSet(all.getFirst().bytes());
      String date = text(first, Tag.StudyDate);
      if (!dates.isEmpty() && !within(date, dates)) {
        return;
      }
      rows.add(
          "{"
              + attribute("0020000D", "UI", uid)
              + ","
              + attribute("00080020", "DA", date)
              + ",\"00100010\":{\"vr\":\"PN\",\"Value\":[{\"Alphabetic\":"
              + quoted(text(first, Tag.PatientName))
              + "}]},"
              + attribute("00100020", "LO", text(first, Tag.PatientID))
              + ","
              + attribute("00080061", "CS", text(first, Tag.Modality))
              + ",\"00201208\":{\"vr\":\"IS\",\"Value\":["
              + all.size()
              + "]}}");
    });
    return rows;
  }

  private static boolean within(String date, String range) {
    String[] ends = range.split("-", -1);
    String last = ends.length > 1 ? ends[1] : ends[0];
    return !date.isEmpty()
        && (ends[0].isEmpty() || date.compareTo(ends[0]) >= 0)
        && (last.isEmpty() || date.compareTo(last) <= 0);
  }

  private List<String> series(String study) {
    return inStudy(study).stream()
        .map(Kept::series)
        .distinct()
        .map(uid -> "{" + attribute("0020000E", "UI", uid) + "}")
        .toList();
  }

  private List<String> instances(List<Kept> those, String study) {
    List<String> rows = new ArrayList<>();
    for (Kept each : those) {
      rows.add(instance(each.series(), each.sop()));
    }
    if (does(Fault.HIDES_ONE) && !rows.isEmpty()) {
      rows.removeLast();
    }
    if (does(Fault.LISTS_A_GHOST)) {
      rows.add(instance(study + ".1", study + ".1.777"));
    }
    if (does(Fault.LISTS_THE_LOST)) {
      lost.forEach(sop -> rows.add(instance(study + ".1", sop)));
    }
    return rows;
  }

  private static String instance(String series, String sop) {
    return "{" + attribute("0020000E", "UI", series) + "," + attribute("00080018", "UI", sop) + "}";
  }

  private static String attribute(String tag, String vr, String value) {
    return "\""
        + tag
        + "\":{\"vr\":\""
        + vr
        + "\""
        + (value.isEmpty() ? "" : ",\"Value\":[" + quoted(value) + "]")
        + "}";
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  private static String text(DataSet dataSet, int tag) {
    try {
      return dataSet.string(tag).orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void search(HttpExchange exchange, List<String> all) throws IOException {
    if (does(Fault.GARBAGE_JSON)) {
      say(exchange, 200, "application/dicom+json", "[{\"0020".getBytes(StandardCharsets.UTF_8));
      return;
    }
    if (does(Fault.JSON_NESTED_DEEPLY)) {
      String bomb = "[{\"0020000D\":{\"Value\":".repeat(100_000);
      say(exchange, 200, "application/dicom+json", bomb.getBytes(StandardCharsets.UTF_8));
      return;
    }
    if (does(Fault.JSON_WITHOUT_END)) {
      exchange.getResponseHeaders().add("Content-Type", "application/dicom+json");
      exchange.sendResponseHeaders(200, 0);
      OutputStream out = exchange.getResponseBody();
      out.write('[');
      byte[] row =
          "{\"00080005\":{\"vr\":\"CS\",\"Value\":[\"ISO_IR 100\"]}},"
              .repeat(1000)
              .getBytes(StandardCharsets.UTF_8);
      while (true) {
        out.write(row); // Ends when the client has had enough and closes the connection.
      }
    }
    Map<String, Integer> paging = paging(exchange);
    int limit = paging.getOrDefault("limit", Integer.MAX_VALUE);
    int offset = paging.getOrDefault("offset", 0);
    if (does(Fault.IGNORES_OFFSETS)
        || does(Fault.IGNORES_LIMITS_AND_OFFSETS)
        || does(Fault.CAPS_PAGES_AND_IGNORES_OFFSETS)) {
      offset = 0;
    }
    if (does(Fault.CAPS_PAGES) || does(Fault.CAPS_PAGES_AND_IGNORES_OFFSETS)) {
      limit = Math.min(limit, 2);
    }
    if (does(Fault.IGNORES_LIMITS_AND_OFFSETS)) {
      limit = Integer.MAX_VALUE;
    }
    List<String> rows = new ArrayList<>(all);
    if (does(Fault.SHUFFLES_PAGES)) {
      Collections.rotate(rows, shuffled.getAndIncrement());
    }
    int from = Math.min(offset, rows.size());
    int to = (int) Math.min(rows.size(), (long) from + limit);
    List<String> page = rows.subList(from, to);
    if (page.isEmpty() && !does(Fault.EMPTY_ARRAYS)) {
      say(exchange, 204, "application/dicom+json", new byte[0]);
      return;
    }
    byte[] json = ("[" + String.join(",", page) + "]").getBytes(StandardCharsets.UTF_8);
    if (does(Fault.JSON_CUT_SHORT)) {
      json = Arrays.copyOf(json, json.length / 2);
    }
    say(exchange, 200, "application/dicom+json", json);
  }

  private static Map<String, Integer> paging(HttpExchange exchange) {
    Map<String, Integer> found = new LinkedHashMap<>();
    String query = Objects.requireNonNullElse(exchange.getRequestURI().getQuery(), "");
    for (String each : query.split("&", -1)) {
      String[] pair = each.split("=", 2);
      if (pair.length == 2 && (pair[0].equals("limit") || pair[0].equals("offset"))) {
        found.put(pair[0], Integer.valueOf(pair[1]));
      }
    }
    return found;
  }

  // ---- retrieving

  private void retrieve(HttpExchange exchange, List<Kept> wanted) throws IOException {
    String accept = Objects.requireNonNullElse(exchange.getRequestHeaders().getFirst("Accept"), "");
    if (does(Fault.REFUSES_STORED_SYNTAX) && accept.contains("transfer-syntax")) {
      say(exchange, 406, "text/plain", new byte[0]);
      return;
    }
    List<Kept> given = new ArrayList<>(wanted);
    if (does(Fault.GIVES_ONE_LESS) && given.size() > 1) {
      given.removeLast();
    }
    if (does(Fault.GIVES_TWICE)) {
      given.addAll(wanted);
    }
    if (given.isEmpty()) {
      say(exchange, 404, "text/plain", new byte[0]);
      return;
    }
    if (does(Fault.SINGLE_PART) && given.size() == 1) {
      say(exchange, 200, "application/dicom", given.getFirst().bytes());
      return;
    }
    String boundary = "a boundary: it's (odd)";
    String named = does(Fault.WRONG_BOUNDARY) ? "another" : boundary;
    exchange
        .getResponseHeaders()
        .add(
            "Content-Type",
            "multipart/related; type=\"application/dicom\""
                + (does(Fault.NO_BOUNDARY) ? "" : "; boundary=\"" + named + "\""));
    if (does(Fault.GZIP)) {
      exchange.getResponseHeaders().add("Content-Encoding", "gzip");
    }
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out =
        does(Fault.GZIP)
            ? new GZIPOutputStream(exchange.getResponseBody())
            : exchange.getResponseBody()) {
      give(out, boundary, given);
    }
  }

  private void give(OutputStream out, String boundary, List<Kept> given) throws IOException {
    if (does(Fault.STALLS)) {
      out.write(("--" + boundary + "\r\n").getBytes(StandardCharsets.US_ASCII));
      out.flush();
      try {
        Thread.sleep(60_000); // Ends when the server is closed.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return;
    }
    for (int i = 0; i < given.size(); i++) {
      out.write(
          ("--" + boundary + "\r\nContent-Type: application/dicom\r\n")
              .getBytes(StandardCharsets.US_ASCII));
      if (does(Fault.PART_HEADERS_WITHOUT_END)) {
        byte[] more = "X-More: and more\r\n".repeat(1000).getBytes(StandardCharsets.US_ASCII);
        while (true) {
          out.write(more);
        }
      }
      out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] bytes = given.get(i).bytes().clone();
      if (does(Fault.INSTANCE_WITHOUT_END)) {
        while (true) {
          out.write(bytes);
        }
      }
      if (does(Fault.FLIPS_A_BIT)) {
        bytes[bytes.length - 1] ^= 1;
      }
      if (does(Fault.CUTS_INSTANCES_SHORT)) {
        bytes = Arrays.copyOf(bytes, bytes.length - 3);
      }
      if (does(Fault.BREAKS_OFF) && i == 1) {
        out.write(bytes, 0, bytes.length / 2);
        out.flush();
        throw new IOException("the node breaks off");
      }
      out.write(bytes);
      out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    out.write(("--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII));
  }

  /// All faults, for tests that go through them.
  public static Set<Fault> all() {
    return EnumSet.allOf(Fault.class);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
