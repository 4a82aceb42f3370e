package serdab.dicom.net.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import serdab.Gate;

/// Sends requests to one node and gives back its answers: says who we are, waits and tries again
/// while the node is busy, and follows no redirect to another origin. Thread-safe.
final class Exchange implements AutoCloseable {

  /// The node may be able to answer the same request later (RFC 9110 section 15, RFC 6585).
  private static final Set<Integer> LATER = Set.of(408, 425, 429, 500, 502, 503, 504);

  /// A node that failed may have failed at what it was asked, so it is not asked for long.
  private static final int FAILED = 500;

  private static final int TRIES_OF_FAILED = 2;

  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
  private static final int REDIRECTS_MAX = 5;

  private static final Pattern ALERT =
      Pattern.compile(
          "Received fatal alert: (certificate_required|bad_certificate|unsupported_certificate"
              + "|certificate_revoked|certificate_expired|certificate_unknown|unknown_ca"
              + "|access_denied|handshake_failure)");

  /// Less than this of an unread answer is read to its end, so that the connection can be used
  /// again.
  private static final int DRAINED_BYTES = 64 << 10;

  private final URI base;
  private final Credentials credentials;
  private final WebSettings settings;
  private final Waiting waiting;
  private final HttpClient http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Tokens tokens;
  private volatile boolean answered;

  /// What makes it wait: a clock, chance, and a way to rest.
  ///
  /// @param rest waits, or throws when the program is to end
  /// @param gate is passed before each request
  record Waiting(InstantSource clock, RandomGenerator random, Rest rest, Gate gate) {}

  /// Waits for a while.
  @FunctionalInterface
  interface Rest {
    void rest(Duration time) throws InterruptedException;
  }

  Exchange(
      URI base,
      Credentials credentials,
      Optional<SSLContext> tls,
      WebSettings settings,
      Waiting waiting) {
    this.base = base;
    this.credentials = credentials;
    this.settings = settings;
    this.waiting = waiting;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            // Over plain HTTP the JDK would ask for an upgrade first, which upsets old servers.
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.connect())
            .executor(threads);
    tls.ifPresent(builder::sslContext);
    this.http = builder.build();
    this.tokens = new Tokens(this::send, waiting.clock());
  }

  /// A request.
  ///
  /// @param uri whole, inside the node's base
  /// @param accept what the answer may be
  /// @param payload what is sent; empty makes it a GET
  record Ask(URI uri, String accept, Optional<Payload> payload) {}

  /// An answer. Close it.
  ///
  /// @param body with its content coding taken off
  record Answer(
      int status,
      MediaType type,
      List<String> warnings,
      Optional<String> retryAfter,
      InputStream body)
      implements AutoCloseable {

    Answer {
      warnings = List.copyOf(warnings);
    }

    @Override
    public void close() {
      try (body) {
        int left = DRAINED_BYTES;
        byte[] rest = new byte[8 << 10];
        for (int count = 0; count >= 0 && left > 0; left -= count) {
          count = body.read(rest);
        }
      } catch (IOException e) {
        // What is left of an answer nobody needs.
      }
    }
  }

  String node() {
    return base.toString();
  }

  /// Sends a request until it is answered.
  ///
  /// @return any answer that trying again would not better
  /// @throws serdab.SerdabException when the node cannot be reached, went on being busy, or does
  ///   not let us in
  Answer ask(Ask ask) {
    return ask(ask, settings.tries());
  }

  /// The same, with another number of tries in all.
  Answer ask(Ask ask, int tries) {
    requireSecrecy(ask.uri());
    Duration next = settings.firstWait();
    boolean renewed = false;
    for (int attempt = 1; ; attempt++) {
      boolean last = attempt >= tries;
      waiting.gate().pass();
      try {
        Answer answer = followed(ask);
        answered = true;
        if (answer.status() == 401 && !renewed && tokens.forget()) {
          answer.close();
          renewed = true;
          continue;
        }
        if (answer.status() == 401 || answer.status() == 403 || answer.status() == 407) {
          answer.close();
          throw WebProblems.notAllowed(node(), answer.status());
        }
        boolean failedAgain = answer.status() == FAILED && (last || attempt >= TRIES_OF_FAILED);
        if (!LATER.contains(answer.status()) || failedAgain) {
          return answer;
        }
        Optional<Duration> wished = retryAfter(answer);
        answer.close();
        boolean tooLong =
            wished.filter(wait -> wait.compareTo(settings.retryAfterMax()) > 0).isPresent();
        if (last || tooLong) {
          throw WebProblems.busy(node(), answer.status());
        }
        rest(wished.orElse(drawn(next)));
      } catch (SSLException e) {
        if (isUntrusted(e)) {
          throw WebProblems.notTrusted(node(), e);
        }
        Optional<String> alert = alertAboutUs(e);
        if (alert.isPresent()) {
          throw WebProblems.certificate(node(), alert.get(), e);
        }
        if (last) {
          throw WebProblems.unreachable(node(), why(e), e);
        }
        rest(drawn(next));
      } catch (IOException e) {
        if (last) {
          throw WebProblems.unreachable(node(), why(e), e);
        }
        rest(drawn(next));
      }
      Duration longer = Duration.ofMillis((long) (next.toMillis() * settings.waitFactor()));
      next = longer.compareTo(settings.waitMax()) > 0 ? settings.waitMax() : longer;
    }
  }

  /// A certificate that is not trusted now will not be trusted at the next try.
  private static boolean isUntrusted(Throwable failure) {
    for (@Nullable Throwable e = failure; e != null; e = e.getCause()) {
      if (e instanceof GeneralSecurityException) {
        return true;
      }
    }
    return false;
  }

  /// What a node says that wants a certificate of ours, or another one (RFC 8446 section 6.2). With
  /// TLS 1.3 it says so in answer to the first request.
  private static Optional<String> alertAboutUs(SSLException e) {
    Matcher said = ALERT.matcher(String.valueOf(e.getMessage()));
    return said.find() ? Optional.of(said.group(1)) : Optional.empty();
  }

  /// Some nodes that want a certificate of ours close the connection without a word.
  private String why(IOException e) {
    if (e instanceof HttpTimeoutException) {
      return "it did not answer in time";
    }
    return switch (e) {
      case java.net.ConnectException _ -> "nothing answers there";
      case java.net.UnknownHostException _ -> "no machine has this name";
      case SSLException _ when answered -> "no secure connection came about";
      case IOException _ when !answered && "https".equalsIgnoreCase(base.getScheme()) ->
          "it ended the secure connection before it said a word, as nodes do that want a certificate"
              + " of who calls";
      default -> "the connection broke off (" + e.getClass().getSimpleName() + ")";
    };
  }

  private Duration drawn(Duration most) {
    long millis = Math.max(1, most.toMillis());
    return Duration.ofMillis(millis / 2 + waiting.random().nextLong(millis / 2 + 1));
  }

  private void rest(Duration time) {
    try {
      waiting.rest().rest(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw WebProblems.unreachable(node(), "the program was told to end", e);
    }
  }

  /// What a node wishes (RFC 9110 section 10.2.3): seconds, or a date.
  private Optional<Duration> retryAfter(Answer answer) {
    return answer
        .retryAfter()
        .map(String::strip)
        .flatMap(text -> {
          if (text.matches("[0-9]{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
          }
          try {
            Duration until =
                Duration.between(
                    waiting.clock().instant(),
                    ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
            return Optional.of(until.isNegative() ? Duration.ZERO : until);
          } catch (DateTimeException e) {
            return Optional.empty();
          }
        });
  }

  private Answer followed(Ask ask) throws IOException {
    URI uri = ask.uri();
    for (int hop = 0; ; hop++) {
      HttpResponse<InputStream> response = send(request(ask, uri), ask.payload());
      if (!REDIRECTS.contains(response.statusCode())) {
        return answer(response);
      }
      Optional<String> location = response.headers().firstValue("Location");
      answer(response).close();
      URI target;
      try {
        target = uri.resolve(location.orElse(""));
      } catch (IllegalArgumentException e) {
        throw WebProblems.answer(node(), "it redirects to what is no address", e);
      }
      boolean wouldLoseBody = ask.payload().isPresent() && response.statusCode() < 307;
      if (hop >= REDIRECTS_MAX || target.equals(uri) || wouldLoseBody) {
        throw WebProblems.answer(node(), "its redirects lead nowhere");
      }
      if (!sameOrigin(uri, target)) {
        throw WebProblems.elsewhere(node(), origin(target));
      }
      uri = target;
    }
  }

  /// An origin is scheme, host and port (RFC 9110 section 4.3.1).
  private static boolean sameOrigin(URI one, URI other) {
    return origin(one).equals(origin(other));
  }

  private static String origin(URI uri) {
    String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
    String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
    int port = uri.getPort() >= 0 ? uri.getPort() : scheme.equals("https") ? 443 : 80;
    return scheme + "://" + host + ":" + port;
  }

  private HttpRequest.Builder request(Ask ask, URI uri) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .header("Accept", ask.accept())
            .timeout(settings.answerTo(ask.payload().map(Payload::lengthBytes).orElse(0L)));
    String authorization = authorization();
    if (!authorization.isEmpty()) {
      try {
        request.header("Authorization", authorization);
      } catch (IllegalArgumentException e) {
        // The exception holds the header's value, so it is not passed on.
        throw WebProblems.tokenNotOne(node());
      }
    }
    return request;
  }

  private String authorization() throws IOException {
    return switch (credentials) {
      case Credentials.None _ -> "";
      case Credentials.Bearer bearer -> "Bearer " + bearer.token().get();
      case Credentials.Basic basic ->
          "Basic "
              + Base64.getEncoder()
                  .encodeToString(
                      (basic.user() + ":" + basic.password().get())
                          .getBytes(StandardCharsets.UTF_8));
      case Credentials.ClientCredentials client -> "Bearer " + tokens.of(client, node(), settings);
    };
  }

  /// Sends one request once.
  private HttpResponse<InputStream> send(HttpRequest.Builder request, Optional<Payload> payload)
      throws IOException {
    payload.ifPresent(body ->
        request
            .header("Content-Type", body.contentType())
            .POST(
                HttpRequest.BodyPublishers.fromPublisher(
                    HttpRequest.BodyPublishers.ofInputStream(() -> opened(body)),
                    body.lengthBytes())));
    try {
      return http.send(request.build(), _ -> new BodyStream(settings.stall()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw WebProblems.unreachable(node(), "the program was told to end", e);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static InputStream opened(Payload body) {
    try {
      return body.bytes().open();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Answer answer(HttpResponse<InputStream> response) throws IOException {
    MediaType type = MediaType.parse(response.headers().firstValue("Content-Type").orElse(""));
    String coding = response.headers().firstValue("Content-Encoding").orElse("");
    InputStream body = response.body();
    return new Answer(
        response.statusCode(),
        type,
        response.headers().allValues("Warning"),
        response.headers().firstValue("Retry-After"),
        coding.equalsIgnoreCase("gzip") ? new GZIPInputStream(body) : body);
  }

  /// A secret goes through an encrypted connection, or stays on this machine.
  private void requireSecrecy(URI uri) {
    boolean secret = !(credentials instanceof Credentials.None);
    if (secret && !isPrivate(uri)) {
      throw WebProblems.inClear(node());
    }
    if (credentials instanceof Credentials.ClientCredentials client
        && !isPrivate(client.tokenUrl())) {
      throw WebProblems.inClear(origin(client.tokenUrl()));
    }
  }

  private static boolean isPrivate(URI uri) {
    String host = uri.getHost() == null ? "" : uri.getHost();
    return "https".equalsIgnoreCase(uri.getScheme())
        || host.equals("127.0.0.1")
        || host.equals("[::1]")
        || host.equalsIgnoreCase("localhost");
  }

  @Override
  public void close() {
    http.shutdownNow();
    threads.shutdownNow();
  }
}
