package serdab.repository.age;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/// The text before the payload: who can open the file, and a MAC over that.
///
/// @param stanzas in the order of the file
/// @param text everything that the MAC covers
/// @param mac as it stands in the file
/// @param lengthBytes of the header with its MAC
/// @spec https://age-encryption.org/v1 section "The v1 format"
@SuppressWarnings("ArrayRecordComponent") // never compared
record Header(List<Stanza> stanzas, byte[] text, byte[] mac, int lengthBytes) {

  /// What a header may have; a file of a person has one or a few stanzas.
  static final int STANZAS_MAX = 128;

  static final int LENGTH_BYTES_MAX = 64 << 10;

  private static final String VERSION = "age-encryption.org/v1";
  private static final String END = "---";
  private static final int COLUMNS = 64;
  private static final int ARGUMENTS_MAX = 16;
  private static final int MAC_BYTES = 32;
  private static final int MAC_CHARACTERS = 43;
  private static final byte[] HEADER_INFO = "header".getBytes(StandardCharsets.US_ASCII);
  private static final Pattern ARGUMENT = Pattern.compile("[!-~]+");

  /// One way to open the file.
  ///
  /// @param arguments the first is its type
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Stanza(List<String> arguments, byte[] body) {

    String type() {
      return arguments.getFirst();
    }
  }

  /// A header around a file key.
  static byte[] write(List<Stanza> stanzas, FileKey key) {
    StringBuilder text = new StringBuilder(VERSION).append('\n');
    for (Stanza stanza : stanzas) {
      text.append("-> ").append(String.join(" ", stanza.arguments())).append('\n');
      String body = base64(stanza.body());
      int at = 0;
      for (; body.length() - at >= COLUMNS; at += COLUMNS) {
        text.append(body, at, at + COLUMNS).append('\n');
      }
      text.append(body, at, body.length()).append('\n');
    }
    text.append(END);
    String mac = base64(macOf(key, text.toString().getBytes(StandardCharsets.US_ASCII)));
    return text.append(' ').append(mac).append('\n').toString().getBytes(StandardCharsets.US_ASCII);
  }

  /// The stanza that seals a file key to a recipient.
  ///
  /// @spec https://age-encryption.org/v1 section "The X25519 recipient type"
  static Stanza seal(AgeRecipient recipient, FileKey key, RandomGenerator secure) {
    byte[] ephemeral = new byte[Crypto.KEY_BYTES];
    secure.nextBytes(ephemeral);
    byte[] share = Crypto.publicKey(ephemeral);
    byte[] shared;
    try {
      shared = Crypto.x25519(ephemeral, recipient.point());
    } catch (java.security.GeneralSecurityException e) {
      throw AgeProblems.malformedKey("The recipient " + recipient + " is no key to seal to.");
    }
    byte[] wrapKey = Crypto.hkdf(shared, concat(share, recipient.point()), X25519.INFO);
    return new Stanza(List.of(X25519.TYPE, base64(share)), Crypto.wrap(wrapKey, key.bytes()));
  }

  /// Where the header ends, its MAC line included; empty when it goes on after these bytes.
  static Optional<Integer> end(byte[] bytes, int length) {
    for (int i = 0; i + 4 <= length; i++) {
      if (bytes[i] == '\n' && bytes[i + 1] == '-' && bytes[i + 2] == '-' && bytes[i + 3] == '-') {
        for (int j = i + 4; j < length; j++) {
          if (bytes[j] == '\n') {
            return Optional.of(j + 1);
          }
        }
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /// Whether this can be the beginning of an age file at all.
  static boolean begins(byte[] bytes, int length) {
    byte[] version = (VERSION + "\n").getBytes(StandardCharsets.US_ASCII);
    return length >= version.length
        && Arrays.equals(bytes, 0, version.length, version, 0, version.length);
  }

  /// Reads a whole header.
  ///
  /// @throws serdab.SerdabException.Damaged `age-damaged`
  static Header parse(byte[] bytes, int length) {
    if (!begins(bytes, length)) {
      throw AgeProblems.damaged("it does not begin as an age file");
    }
    String[] lines = new String(bytes, 0, length, StandardCharsets.ISO_8859_1).split("\n", -1);
    List<Stanza> stanzas = new ArrayList<>();
    int at = 1;
    while (at < lines.length && lines[at].startsWith("-> ")) {
      if (stanzas.size() == STANZAS_MAX) {
        throw AgeProblems.damaged("its header has more than " + STANZAS_MAX + " stanzas");
      }
      List<String> arguments = List.of(lines[at++].substring(3).split(" ", ARGUMENTS_MAX));
      for (String argument : arguments) {
        if (!ARGUMENT.matcher(argument).matches()) {
          throw malformed();
        }
      }
      StringBuilder body = new StringBuilder();
      String line;
      do {
        if (at >= lines.length) {
          throw malformed();
        }
        line = lines[at++];
        if (line.length() > COLUMNS) {
          throw malformed();
        }
        body.append(line);
      } while (line.length() == COLUMNS);
      stanzas.add(new Stanza(arguments, fromBase64(body.toString())));
    }
    // The MAC line is the last, and the line feed after it leaves one empty string.
    if (stanzas.isEmpty()
        || at != lines.length - 2
        || !lines[at].startsWith(END + " ")
        || lines[at].length() != END.length() + 1 + MAC_CHARACTERS
        || !lines[at + 1].isEmpty()) {
      throw malformed();
    }
    byte[] mac = fromBase64(lines[at].substring(END.length() + 1));
    if (mac.length != MAC_BYTES) {
      throw malformed();
    }
    byte[] text = Arrays.copyOf(bytes, length - 1 - MAC_CHARACTERS - 1);
    return new Header(List.copyOf(stanzas), text, mac, length);
  }

  /// Refuses a header that was not made with this key.
  ///
  /// @throws serdab.SerdabException.Damaged `age-damaged`
  void authenticate(FileKey key) {
    if (!MessageDigest.isEqual(mac, macOf(key, text))) {
      throw AgeProblems.damaged("its header was changed");
    }
  }

  private static byte[] macOf(FileKey key, byte[] text) {
    return Crypto.hmac(Crypto.hkdf(key.bytes(), new byte[0], HEADER_INFO), text);
  }

  static byte[] concat(byte[] first, byte[] second) {
    ByteArrayOutputStream both = new ByteArrayOutputStream(first.length + second.length);
    both.writeBytes(first);
    both.writeBytes(second);
    return both.toByteArray();
  }

  static String base64(byte[] bytes) {
    return Base64.getEncoder().withoutPadding().encodeToString(bytes);
  }

  /// Canonical base64 without padding; anything else is damage.
  static byte[] fromBase64(String text) {
    try {
      byte[] bytes = Base64.getDecoder().decode(text);
      if (!base64(bytes).equals(text)) {
        throw malformed();
      }
      return bytes;
    } catch (IllegalArgumentException e) {
      throw malformed();
    }
  }

  static serdab.SerdabException.Damaged malformed() {
    return AgeProblems.damaged("its header is malformed");
  }
}
