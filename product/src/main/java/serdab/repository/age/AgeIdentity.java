package serdab.repository.age;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/// A secret key that opens what was sealed to its recipient: `AGE-SECRET-KEY-1…`.
///
/// The secret leaves by [#text] alone.
public final class AgeIdentity {

  private static final String PREFIX = "age-secret-key-";
  private static final int IDENTITIES_MAX = 100;

  private final byte[] secret;
  private final AgeRecipient recipient;

  private AgeIdentity(byte[] secret) {
    this.secret = secret;
    this.recipient = AgeRecipient.of(Crypto.publicKey(secret));
  }

  /// A new identity.
  ///
  /// @param secure a generator that nobody can predict
  public static AgeIdentity generate(RandomGenerator secure) {
    byte[] secret = new byte[Crypto.KEY_BYTES];
    secure.nextBytes(secret);
    return new AgeIdentity(secret);
  }

  /// Reads `AGE-SECRET-KEY-1…`; blanks around it are ignored. The message of a failure repeats
  /// nothing of it.
  ///
  /// @throws serdab.SerdabException.Misconfigured `age-key-malformed`
  public static AgeIdentity parse(String text) {
    String key = text.strip();
    String lower = key.toLowerCase(Locale.ROOT);
    if (!key.equals(key.toUpperCase(Locale.ROOT)) && !key.equals(lower)) {
      throw malformed();
    }
    if (lower.startsWith(PREFIX + "pq-1")) {
      throw AgeProblems.malformedKey("The identity is of a kind that this program does not know.");
    }
    return new AgeIdentity(
        Bech32.decode(PREFIX, lower)
            .filter(bytes -> bytes.length == Crypto.KEY_BYTES)
            .orElseThrow(AgeIdentity::malformed));
  }

  /// Reads an identity file as `age-keygen` writes it: one identity on a line, comments after `#`.
  ///
  /// @throws serdab.SerdabException.Misconfigured `age-key-malformed` when a line is anything else,
  ///   or when there is no identity
  public static List<AgeIdentity> parseFile(String text) {
    List<AgeIdentity> identities = new ArrayList<>();
    for (String line : text.lines().map(String::strip).toList()) {
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      if (identities.size() == IDENTITIES_MAX) {
        throw AgeProblems.malformedKey(
            "The identity file has more than " + IDENTITIES_MAX + " identities.");
      }
      identities.add(parse(line));
    }
    if (identities.isEmpty()) {
      throw AgeProblems.malformedKey("The identity file has no identity in it.");
    }
    return List.copyOf(identities);
  }

  /// `AGE-SECRET-KEY-1…`, 74 characters. Secret.
  public String text() {
    return Bech32.encode(PREFIX, secret).toUpperCase(Locale.ROOT);
  }

  /// What to seal to, so that this identity opens it.
  public AgeRecipient recipient() {
    return recipient;
  }

  byte[] secret() {
    return secret;
  }

  private static serdab.SerdabException.Misconfigured malformed() {
    return AgeProblems.malformedKey(
        "An identity begins with AGE-SECRET-KEY-1 and has 74 characters; this one is misspelt.");
  }

  /// The recipient, never the secret.
  @Override
  public String toString() {
    return "identity of " + recipient;
  }
}
