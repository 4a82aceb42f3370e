package serdab.plan;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Priority;
import serdab.dicom.net.Retry;

/// A node of DICOM's own protocol as it is written, `dicom://CALLED@host:104?calling=SERDAB`, and
/// behind an `&` each how it is treated.
///
/// @param node the node itself
/// @param existing what it is asked before a study is sent
/// @param associations how many associations there are at once, from 1 to 16
/// @param associationsMax up to how many are tried when more goes through with more; else as many
/// @param bytesPerSecond the bandwidth, both ways together; empty when there is no limit
/// @param retry how often and how patiently it is tried
/// @param priority how urgent our operations are, as the node is told
/// @param readBackOf of so many instances that were sent one is read back; 1 means all
/// @param commitment how long a report is waited for when the node is asked to keep what was sent;
///   empty does not ask
/// @param convert whether what the node does not take may be sent in another transfer syntax,
///   without loss
/// @param user who asks, for nodes that want to know a user
/// @param password where the user's passcode is kept; only with a user
public record DicomAddress(
    NodeAddress node,
    Existing existing,
    int associations,
    int associationsMax,
    OptionalLong bytesPerSecond,
    Retry retry,
    Priority priority,
    int readBackOf,
    Optional<Duration> commitment,
    boolean convert,
    Optional<String> user,
    Optional<SecretReference> password) {

  private static final Duration COMMITMENT_PATIENCE = Duration.ofSeconds(30);
  static final int ASSOCIATIONS = 2;
  private static final int ASSOCIATIONS_MAX = 16;
  private static final int TRIES_MAX = 100;
  private static final int SHARE_MAX = 1000;
  private static final String LOSSLESS = "lossless";
  private static final double FACTOR_MAX = 100;
  static final long MEGABYTE = 1_000_000;
  private static final Pattern SPAN = Pattern.compile("(\\d{1,2})(?:-(\\d{1,2}))?");

  public static boolean isOne(String address) {
    return address.startsWith(NodeAddress.SCHEME);
  }

  /// Reads an address.
  ///
  /// @throws SerdabException.Misconfigured `node-address-wrong` when it is none
  public static DicomAddress parse(String address) {
    int question = address.indexOf('?');
    Map<String, String> settings = new LinkedHashMap<>();
    StringBuilder ofTheNode = new StringBuilder();
    if (question >= 0) {
      for (String each : address.substring(question + 1).split("&", -1)) {
        int equals = each.indexOf('=');
        String key = equals < 0 ? each : each.substring(0, equals);
        if (Setting.of(key).isEmpty()) {
          ofTheNode.append(ofTheNode.isEmpty() ? '?' : '&').append(each);
        } else if (settings.put(key, each.substring(equals + 1)) != null) {
          throw wrong(address, "has the setting " + key + " twice");
        }
      }
    }
    NodeAddress node =
        NodeAddress.parse(question < 0 ? address : address.substring(0, question) + ofTheNode);
    Written written = new Written(address, settings);
    if (settings.containsKey(Setting.PASSWORD.key) && !settings.containsKey(Setting.USER.key)) {
      throw wrong(address, "gives a password and no user");
    }
    int[] associations =
        written
            .read(Setting.ASSOCIATIONS, DicomAddress::span, "a number or two, such as 4 or 2-8")
            .orElse(new int[] {ASSOCIATIONS, ASSOCIATIONS});
    return new DicomAddress(
        node,
        written
            .read(Setting.EXISTING, Existing::parse, "full, count or skip")
            .orElse(Existing.FULL),
        associations[0],
        associations[1],
        written
            .read(Setting.RATE, text -> whole(text, 1_000_000), "megabytes a second")
            .map(rate -> OptionalLong.of(rate * MEGABYTE))
            .orElse(OptionalLong.empty()),
        new Retry(
            written
                .read(Setting.TRIES, text -> whole(text, TRIES_MAX), "a number from 1 to 100")
                .orElse(Retry.DEFAULT.tries()),
            written
                .read(Setting.FIRST_WAIT, Durations::duration, "a time, such as 500ms or 2s")
                .orElse(Retry.DEFAULT.firstWait()),
            written
                .read(Setting.WAIT_FACTOR, DicomAddress::factor, "a number from 1 to 100")
                .orElse(Retry.DEFAULT.factor()),
            written
                .read(Setting.WAIT_MAX, Durations::duration, "a time, such as 30s or 5m")
                .orElse(Retry.DEFAULT.waitMax())),
        written.read(Setting.PRIORITY, Priority::parse, "low, medium or high").orElse(Priority.LOW),
        written.read(Setting.READ_BACK, DicomAddress::share, "a share, such as 1/10").orElse(1),
        written.read(
            Setting.COMMITMENT, DicomAddress::patience, "yes, or a time up to 1h, such as 2m"),
        written
            .read(
                Setting.CONVERT,
                text -> text.equals(LOSSLESS) ? Optional.of(true) : Optional.empty(),
                "lossless, or leave it out")
            .orElse(false),
        written.read(Setting.USER, DicomAddress::text, "a name"),
        written.read(
            Setting.PASSWORD,
            text -> text(text).flatMap(SecretReference::parse),
            "env:NAME or file:/PATH"));
  }

  private record Written(String address, Map<String, String> settings) {

    <T> Optional<T> read(Setting setting, Function<String, Optional<T>> reader, String form) {
      return Optional.ofNullable(settings.get(setting.key))
          .map(text ->
              reader
                  .apply(text)
                  .orElseThrow(() ->
                      wrong(
                          address,
                          // What stands there may be a secret.
                          (setting == Setting.PASSWORD
                                  ? "has a password that is not written as it must be"
                                  : "has " + setting.key + "=" + text)
                              + "; write "
                              + form)));
    }
  }

  /// Reads a number from 1 on.
  static Optional<Integer> whole(String text, int max) {
    return Optional.of(text)
        .filter(digits -> digits.matches("[0-9]{1,7}"))
        .map(Integer::parseInt)
        .filter(number -> number >= 1 && number <= max);
  }

  /// What is written with percent signs where characters have a meaning in addresses.
  private static Optional<String> text(String written) {
    try {
      return Optional.of(
              URLDecoder.decode(written.replace("+", "%2B"), StandardCharsets.UTF_8).strip())
          .filter(text -> !text.isEmpty());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Optional<Duration> patience(String text) {
    return text.equals("yes")
        ? Optional.of(COMMITMENT_PATIENCE)
        : Durations.duration(text)
            .filter(time -> time.isPositive() && time.compareTo(Duration.ofHours(1)) <= 0);
  }

  private static Optional<Integer> share(String text) {
    return text.startsWith("1/") ? whole(text.substring(2), SHARE_MAX) : Optional.empty();
  }

  private static Optional<Double> factor(String text) {
    return Optional.of(text)
        .filter(number -> number.matches("[0-9]{1,3}(\\.[0-9]{1,3})?"))
        .map(Double::parseDouble)
        .filter(number -> number >= 1 && number <= FACTOR_MAX);
  }

  /// Reads one number from 1 to 16, or two.
  static Optional<int[]> span(String text) {
    Matcher matcher = SPAN.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int first = Integer.parseInt(matcher.group(1));
    int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
    return first < 1 || last < first || last > ASSOCIATIONS_MAX
        ? Optional.empty()
        : Optional.of(new int[] {first, last});
  }

  /// What may stand in an address beside what the node needs.
  private enum Setting {
    EXISTING("existing"),
    ASSOCIATIONS("associations"),
    RATE("rate"),
    TRIES("tries"),
    FIRST_WAIT("first-wait"),
    WAIT_FACTOR("wait-factor"),
    WAIT_MAX("wait-max"),
    PRIORITY("priority"),
    READ_BACK("read-back"),
    COMMITMENT("commitment"),
    CONVERT("convert"),
    USER("user"),
    PASSWORD("password");

    private final String key;

    Setting(String key) {
      this.key = key;
    }

    static Optional<Setting> of(String key) {
      for (Setting each : values()) {
        if (each.key.equals(key)) {
          return Optional.of(each);
        }
      }
      return Optional.empty();
    }
  }

  private static SerdabException.Misconfigured wrong(String address, String what) {
    return new SerdabException.Misconfigured(
        new Problem(
            "node-address-wrong",
            "The address of a DICOM node \""
                + NodeAddress.withoutSecrets(address)
                + "\" "
                + what
                + ".",
            "Write dicom://CALLED@host:104?calling=SERDAB, and behind an & each, what it is to be"
                + " treated like."));
  }

  /// What is wrong with an address, as the end of a sentence; empty when nothing is.
  static Optional<String> wrong(String address) {
    try {
      DicomAddress _ = parse(address);
      return Optional.empty();
    } catch (SerdabException.Misconfigured e) {
      return Optional.of("is wrong: " + e.problem().what());
    }
  }

  /// The address alone, without titles of ours and settings: what is remembered, and told.
  public String plain() {
    return node.place();
  }
}
