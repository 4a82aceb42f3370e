package serdab.source.horos;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// A value of a macOS property list, as viewers keep their preferences and queues in. Both forms
/// are read, XML and binary.
///
/// What is read comes from outside: the number of values, their depth and their total length are
/// bounded, no entity is looked up, and what is not understood is an empty result, never an
/// exception.
public sealed interface PropertyList {

  /// A longer file is not read. A queue of half a million paths is shorter.
  int BYTES_MAX = 64 * 1024 * 1024;

  /// More values than the longest list that a viewer writes.
  int VALUES_MAX = 1_000_000;

  /// Preferences are three or four deep.
  int DEPTH_MAX = 64;

  /// Values by name, in the order of the file.
  record Dict(Map<String, PropertyList> values) implements PropertyList {
    public Dict {
      values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }
  }

  /// Values in order; a set is read as one too.
  record Array(List<PropertyList> values) implements PropertyList {
    public Array {
      values = List.copyOf(values);
    }
  }

  /// A text.
  record Text(String value) implements PropertyList {}

  /// A whole number; the binary form has them up to 128 bits.
  record Int(BigInteger value) implements PropertyList {
    static Int of(long value) {
      return new Int(BigInteger.valueOf(value));
    }
  }

  /// A number with a fraction.
  record Real(double value) implements PropertyList {}

  /// True or false.
  record Bool(boolean value) implements PropertyList {}

  /// A moment.
  record Date(Instant value) implements PropertyList {}

  /// Bytes, from position to limit.
  record Data(ByteBuffer value) implements PropertyList {
    public Data {
      value = value.asReadOnlyBuffer();
    }

    @Override
    public ByteBuffer value() {
      return value.duplicate();
    }
  }

  /// Reads a property list in either form; empty when it is not understood.
  static Optional<PropertyList> of(byte[] content) {
    if (content.length > BYTES_MAX) {
      return Optional.empty();
    }
    return BinaryPropertyList.isOne(content)
        ? BinaryPropertyList.read(content)
        : XmlPropertyList.read(content);
  }

  // ---- looking into one, without caring what it turns out to be

  /// The value of this name in a dictionary.
  default Optional<PropertyList> at(String name) {
    return this instanceof Dict dict
        ? Optional.ofNullable(dict.values().get(name))
        : Optional.empty();
  }

  /// The values of an array; empty for anything else.
  default List<PropertyList> items() {
    return this instanceof Array array ? array.values() : List.of();
  }

  /// Texts in an array, and in the arrays and dictionaries in it.
  default List<String> texts() {
    List<String> texts = new ArrayList<>();
    collect(this, texts);
    return texts;
  }

  private static void collect(PropertyList value, List<String> texts) {
    switch (value) {
      case Text text -> texts.add(text.value());
      case Array array -> array.values().forEach(each -> collect(each, texts));
      case Dict dict -> dict.values().values().forEach(each -> collect(each, texts));
      case Int _, Real _, Bool _, Date _, Data _ -> {}
    }
  }

  /// A text, or a number as a text: viewers write a port as either.
  default Optional<String> text() {
    return switch (this) {
      case Text text -> Optional.of(text.value());
      case Int number -> Optional.of(number.value().toString());
      case Real _, Bool _, Date _, Data _, Dict _, Array _ -> Optional.empty();
    };
  }

  /// A whole number, or a text of digits.
  default OptionalLong number() {
    Optional<String> digits = text().filter(each -> each.strip().matches("[-+]?\\d{1,18}"));
    return digits.isPresent()
        ? OptionalLong.of(Long.parseLong(digits.get().strip()))
        : OptionalLong.empty();
  }

  /// True or false, or what viewers write for it: numbers, and texts such as `1` and `YES`.
  default Optional<Boolean> flag() {
    return switch (this) {
      case Bool bool -> Optional.of(bool.value());
      case Int number -> Optional.of(number.value().signum() != 0);
      case Text text ->
          switch (text.value().strip().toUpperCase(Locale.ROOT)) {
            case "YES", "TRUE", "1" -> Optional.of(true);
            case "NO", "FALSE", "0" -> Optional.of(false);
            default -> Optional.empty();
          };
      case Real _, Date _, Data _, Dict _, Array _ -> Optional.empty();
    };
  }
}
