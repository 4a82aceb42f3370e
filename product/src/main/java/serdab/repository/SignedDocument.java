package serdab.repository;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// A small JSON document whose signature, if it has one, is its last member (format section 3.4).
///
/// Reading throws [SerdabException.Damaged] (`repository-document-damaged`) when a member is
/// missing or malformed. The message names the file and repeats nothing of it.
final class SignedDocument {

  static final int LENGTH_BYTES_MAX = 1 << 20;

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final int MEMBERS_MAX = 100;
  private static final int ELEMENTS_MAX = 1000;
  private static final byte[] SIGNATURE = ",\"signature\":\"".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\"}".getBytes(StandardCharsets.US_ASCII);

  private final String file;
  private final Map<String, Object> members = new LinkedHashMap<>();

  /// A document without members.
  ///
  /// @param file where it is in the repository; also the subject that it is signed under
  SignedDocument(String file) {
    this.file = file;
  }

  SignedDocument with(String name, String value) {
    members.put(name, value);
    return this;
  }

  SignedDocument with(String name, long value) {
    members.put(name, value);
    return this;
  }

  SignedDocument with(String name, byte[] value) {
    return with(name, Base64.getEncoder().encodeToString(value));
  }

  SignedDocument with(String name, List<String> values) {
    members.put(name, List.copyOf(values));
    return this;
  }

  /// The document on one line, signed.
  byte[] signed(String subject, Signer signer) {
    byte[] body = body();
    ByteArrayOutputStream document = new ByteArrayOutputStream();
    document.write(body, 0, body.length - 1);
    document.writeBytes(SIGNATURE);
    document.writeBytes(signer.sign(subject, body).getBytes(StandardCharsets.US_ASCII));
    document.writeBytes(END);
    document.write('\n');
    return document.toByteArray();
  }

  /// The document on one line, without a signature and a line feed.
  byte[] body() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      for (Map.Entry<String, Object> member : members.entrySet()) {
        switch (member.getValue()) {
          case Long number -> json.writeNumberProperty(member.getKey(), number);
          case List<?> texts -> {
            json.writeArrayPropertyStart(member.getKey());
            texts.forEach(text -> json.writeString((String) text));
            json.writeEndArray();
          }
          case Object text -> json.writeStringProperty(member.getKey(), (String) text);
        }
      }
      json.writeEndObject();
    }
    return out.toByteArray();
  }

  /// Reads a signed document without asking whether the signature is good.
  static Signed read(String file, byte[] document) {
    int length = document.length;
    if (length > LENGTH_BYTES_MAX) {
      throw KeyProblems.malformed(file);
    }
    if (length > 0 && document[length - 1] == '\n') {
      length--;
    }
    int at = length - END.length - 1;
    while (at >= 0 && !startsAt(document, at, length, SIGNATURE)) {
      at--;
    }
    if (at < 0 || !startsAt(document, length - END.length, length, END)) {
      throw KeyProblems.malformed(file);
    }
    byte[] body = Arrays.copyOf(document, at + 1);
    body[at] = '}';
    int from = at + SIGNATURE.length;
    String signature =
        new String(document, from, length - END.length - from, StandardCharsets.ISO_8859_1);
    return new Signed(parse(file, body), body, signature);
  }

  /// Reads a document without a signature.
  static SignedDocument parse(String file, byte[] body) {
    SignedDocument document = new SignedDocument(file);
    try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), body)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw KeyProblems.malformed(file);
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        if (document.members.size() == MEMBERS_MAX) {
          throw KeyProblems.malformed(file);
        }
        String name = json.currentName();
        switch (json.nextToken()) {
          case VALUE_STRING -> document.with(name, json.getString());
          case VALUE_NUMBER_INT -> document.with(name, json.getLongValue());
          case START_ARRAY -> document.members.put(name, texts(file, json));
          default -> json.skipChildren();
        }
      }
      if (json.nextToken() != null) {
        throw KeyProblems.malformed(file);
      }
    } catch (JacksonException e) {
      throw KeyProblems.malformed(file);
    }
    return document;
  }

  private static List<String> texts(String file, JsonParser json) {
    List<String> texts = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (texts.size() == ELEMENTS_MAX) {
        throw KeyProblems.malformed(file);
      }
      if (json.currentToken() == JsonToken.VALUE_STRING) {
        texts.add(json.getString());
      } else {
        json.skipChildren();
      }
    }
    return List.copyOf(texts);
  }

  private static boolean startsAt(byte[] in, int at, int end, byte[] what) {
    return at >= 0
        && at + what.length <= end
        && Arrays.equals(in, at, at + what.length, what, 0, what.length);
  }

  String text(String name) {
    if (members.get(name) instanceof String text) {
      return text;
    }
    throw KeyProblems.malformed(file);
  }

  /// A positive number that fits an `int`.
  int number(String name) {
    if (members.get(name) instanceof Long number && number > 0 && number <= Integer.MAX_VALUE) {
      return number.intValue();
    }
    throw KeyProblems.malformed(file);
  }

  List<String> texts(String name) {
    if (members.get(name) instanceof List<?> texts) {
      return texts.stream().map(String.class::cast).toList();
    }
    throw KeyProblems.malformed(file);
  }

  /// Lower-case digits, exactly so many.
  String hex(String name, int digits) {
    String text = text(name);
    if (!text.matches("[0-9a-f]{" + digits + "}")) {
      throw KeyProblems.malformed(file);
    }
    return text;
  }

  byte[] hexBytes(String name, int bytes) {
    return HexFormat.of().parseHex(hex(name, 2 * bytes));
  }

  byte[] base64(String name) {
    try {
      return Base64.getDecoder().decode(text(name));
    } catch (IllegalArgumentException e) {
      throw KeyProblems.malformed(file);
    }
  }

  byte[] base64(String name, int bytes) {
    byte[] value = base64(name);
    if (value.length != bytes) {
      throw KeyProblems.malformed(file);
    }
    return value;
  }

  UUID uuid(String name) {
    try {
      return UUID.fromString(text(name));
    } catch (IllegalArgumentException e) {
      throw KeyProblems.malformed(file);
    }
  }

  Instant time(String name) {
    try {
      return Instant.parse(text(name));
    } catch (DateTimeException e) {
      throw KeyProblems.malformed(file);
    }
  }

  Optional<Instant> timeIfThere(String name) {
    return members.containsKey(name) ? Optional.of(time(name)) : Optional.empty();
  }

  Optional<Sha256> digestIfThere(String name) {
    return members.containsKey(name)
        ? Optional.of(Sha256.parse(hex(name, 2 * Sha256.LENGTH_BYTES)))
        : Optional.empty();
  }

  /// Files with their SHA-256; none when the member is not there.
  SortedMap<String, Sha256> digestsIfThere(String name) {
    SortedMap<String, Sha256> digests = new TreeMap<>();
    for (String line : members.containsKey(name) ? texts(name) : List.<String>of()) {
      int blank = line.length() - 2 * Sha256.LENGTH_BYTES - 1;
      if (blank < 1 || !line.substring(blank).matches(" [0-9a-f]+")) {
        throw KeyProblems.malformed(file);
      }
      digests.put(line.substring(0, blank), Sha256.parse(line.substring(blank + 1)));
    }
    return digests;
  }

  AgeRecipient recipient(String name) {
    return recipient(file, text(name));
  }

  List<AgeRecipient> recipients(String name) {
    return texts(name).stream().map(text -> recipient(file, text)).toList();
  }

  AgeIdentity identity(String name) {
    try {
      return AgeIdentity.parse(text(name));
    } catch (SerdabException.Misconfigured e) {
      throw KeyProblems.malformed(file);
    }
  }

  private static AgeRecipient recipient(String file, String text) {
    try {
      return AgeRecipient.parse(text);
    } catch (SerdabException.Misconfigured e) {
      throw KeyProblems.malformed(file);
    }
  }

  /// A document that carries a signature.
  ///
  /// @param document what it says
  /// @param body what was signed, byte for byte
  /// @param signature base64, not yet checked
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Signed(SignedDocument document, byte[] body, String signature) {}
}
