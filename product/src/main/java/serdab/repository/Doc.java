package serdab.repository;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// A JSON object whose members keep their order. One thread at a time.
///
/// Reading is lenient about members that are not known, and throws `Damaged` for one that is
/// missing or of another kind.
final class Doc {

  private static final JsonFactory FACTORY =
      JsonFactory.builder().rootValueSeparator((String) null).build();
  private static final int DEPTH_MAX = 16;

  private final Map<String, Object> members;

  Doc() {
    this(new LinkedHashMap<>());
  }

  private Doc(Map<String, Object> members) {
    this.members = members;
  }

  /// @throws SerdabException.Damaged `repository-damaged` when it is no JSON object
  static Doc parse(byte[] json) {
    return parse(json, 0, json.length);
  }

  static Doc parse(byte[] json, int offset, int length) {
    try (JsonParser parser =
        FACTORY.createParser(ObjectReadContext.empty(), json, offset, length)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw damaged();
      }
      return new Doc(object(parser, 0));
    } catch (JacksonException e) {
      throw damaged();
    }
  }

  private static Map<String, Object> object(JsonParser parser, int depth) {
    Map<String, Object> members = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      members.put(name, value(parser, depth + 1));
    }
    return members;
  }

  private static Object value(JsonParser parser, int depth) {
    if (depth > DEPTH_MAX) {
      throw damaged();
    }
    JsonToken token = parser.currentToken();
    return switch (token) {
      case START_OBJECT -> object(parser, depth);
      case START_ARRAY -> {
        List<Object> elements = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          elements.add(value(parser, depth + 1));
        }
        yield elements;
      }
      case VALUE_STRING -> parser.getString();
      case VALUE_NUMBER_INT -> parser.getLongValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> throw damaged();
    };
  }

  Doc with(String name, Object value) {
    members.put(name, value instanceof Doc doc ? doc.members : value);
    return this;
  }

  Doc without(String name) {
    members.remove(name);
    return this;
  }

  boolean has(String name) {
    return members.containsKey(name);
  }

  String text(String name) {
    return member(name, String.class);
  }

  Optional<String> textIfThere(String name) {
    return has(name) ? Optional.of(text(name)) : Optional.empty();
  }

  long number(String name) {
    return member(name, Long.class);
  }

  long count(String name) {
    long value = number(name);
    if (value < 0) {
      throw damaged();
    }
    return value;
  }

  boolean flag(String name) {
    return member(name, Boolean.class);
  }

  Doc object(String name) {
    return asDoc(members.get(name));
  }

  Map<String, Object> members() {
    return members;
  }

  List<Object> list(String name) {
    @SuppressWarnings("unchecked")
    List<Object> list = member(name, List.class);
    return list;
  }

  List<Doc> objects(String name) {
    return list(name).stream().map(Doc::asDoc).toList();
  }

  List<String> texts(String name) {
    List<String> texts = new ArrayList<>();
    for (Object each : list(name)) {
      if (!(each instanceof String text)) {
        throw damaged();
      }
      texts.add(text);
    }
    return texts;
  }

  @SuppressWarnings("unchecked")
  private static Doc asDoc(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return new Doc((Map<String, Object>) map);
    }
    throw damaged();
  }

  private <T> T member(String name, Class<T> type) {
    Object value = members.get(name);
    if (!type.isInstance(value)) {
      throw damaged();
    }
    return type.cast(value);
  }

  /// The document without blanks.
  byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), out)) {
      write(json, members);
    }
    return out.toByteArray();
  }

  /// Whether these bytes are the document as it is written, a line feed after it or not: none of
  /// them could be another one.
  boolean isWrittenAs(byte[] json) {
    byte[] bytes = bytes();
    return java.util.Arrays.equals(json, bytes)
        || (json.length == bytes.length + 1
            && json[bytes.length] == '\n'
            && java.util.Arrays.mismatch(json, bytes) == bytes.length);
  }

  private static void write(JsonGenerator json, Object value) {
    switch (value) {
      case Map<?, ?> map -> {
        json.writeStartObject();
        map.forEach((name, member) -> {
          json.writeName((String) name);
          write(json, member);
        });
        json.writeEndObject();
      }
      case List<?> list -> {
        json.writeStartArray();
        list.forEach(element -> write(json, element));
        json.writeEndArray();
      }
      case Doc doc -> write(json, doc.members);
      case Boolean flag -> json.writeBoolean(flag);
      case Long number -> json.writeNumber(number);
      case Integer number -> json.writeNumber(number);
      default -> json.writeString(value.toString());
    }
  }

  private static SerdabException.Damaged damaged() {
    return Problems.damaged("A small file of the repository is not as it was written.");
  }
}
