package serdab.dicom.net.web;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// Access tokens of an authorization server, kept in memory until shortly before they end.
/// Thread-safe.
final class Tokens {

  /// A token that ends while a request is on its way is of no use.
  private static final Duration BEFORE_ITS_END = Duration.ofSeconds(30);

  /// How long a token is used of which nobody says when it ends.
  private static final long LIFE_SECONDS = 300;

  private static final int ANSWER_BYTES_MAX = 256 << 10;
  private static final int MEMBERS_MAX = 100;

  private final Sender sender;
  private final InstantSource clock;
  private @Nullable String token;
  private Instant until = Instant.EPOCH;

  @FunctionalInterface
  interface Sender {
    HttpResponse<InputStream> send(HttpRequest.Builder request, Optional<Payload> payload)
        throws IOException;
  }

  Tokens(Sender sender, InstantSource clock) {
    this.sender = sender;
    this.clock = clock;
  }

  /// Gives up the token at hand, which was not accepted.
  ///
  /// @return whether there was one
  synchronized boolean forget() {
    boolean was = token != null;
    token = null;
    return was;
  }

  /// A token that can be used now.
  synchronized String of(Credentials.ClientCredentials client, String node, WebSettings settings)
      throws IOException {
    @Nullable String known = token;
    if (known != null && clock.instant().isBefore(until)) {
      return known;
    }
    byte[] form =
        ("grant_type=client_credentials"
                + (client.scope().isEmpty() ? "" : "&scope=" + encoded(client.scope())))
            .getBytes(StandardCharsets.UTF_8);
    String basic = encoded(client.clientId()) + ":" + encoded(client.secret().get());
    HttpRequest.Builder request =
        HttpRequest.newBuilder(client.tokenUrl())
            .header("Accept", "application/json")
            .header(
                "Authorization",
                "Basic "
                    + Base64.getEncoder().encodeToString(basic.getBytes(StandardCharsets.UTF_8)))
            .timeout(settings.answer());
    Payload payload =
        new Payload(
            "application/x-www-form-urlencoded", form.length, () -> new ByteArrayInputStream(form));
    HttpResponse<InputStream> response = sender.send(request, Optional.of(payload));
    try (InputStream body = new LimitedStream(response.body(), ANSWER_BYTES_MAX)) {
      if (response.statusCode() / 100 == 5 || response.statusCode() == 429) {
        throw new IOException("the authorization server is busy");
      }
      if (response.statusCode() != 200) {
        throw WebProblems.notAllowed(node, response.statusCode());
      }
      Map<String, String> members = members(body);
      String given = members.getOrDefault("access_token", "");
      if (given.isEmpty() || !given.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
        throw WebProblems.answer(node, "its authorization server gave no token");
      }
      long seconds = LIFE_SECONDS;
      if (members.getOrDefault("expires_in", "").matches("[0-9]{1,9}")) {
        seconds = Long.parseLong(members.getOrDefault("expires_in", ""));
      }
      token = given;
      until = clock.instant().plusSeconds(seconds).minus(BEFORE_ITS_END);
      return given;
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static Map<String, String> members(InputStream body) throws IOException {
    Map<String, String> members = new HashMap<>();
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), body)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return members;
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME && members.size() < MEMBERS_MAX) {
        String name = json.currentName();
        if (json.nextToken().isScalarValue()) {
          members.put(name, json.getString());
        } else {
          json.skipChildren();
        }
      }
    } catch (JacksonException e) {
      return Map.of();
    }
    return members;
  }
}
