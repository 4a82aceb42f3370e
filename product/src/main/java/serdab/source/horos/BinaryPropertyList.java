package serdab.source.horos;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Reads the binary form, `bplist00`: values, a table of their offsets, and a trailer of 32 bytes
/// that tells offset size (byte 6), reference size (7), number of values (8), the top value (16)
/// and where the table begins (24), all big-endian.
///
/// A value begins with a byte of kind and length; length 15 puts it in an integer behind.
final class BinaryPropertyList {

  private static final byte[] MAGIC = "bplist0".getBytes(StandardCharsets.US_ASCII);
  private static final int HEADER_BYTES = 8;
  private static final int TRAILER_BYTES = 32;
  private static final int LONG_BYTES = 8;
  private static final int INTEGER_BYTES_MAX = 16;
  private static final Instant DATES_BEGIN = Instant.parse("2001-01-01T00:00:00Z");

  private final ByteBuffer in;
  private final int end;
  private final int offsetSize;
  private final int referenceSize;
  private final long count;
  private final int table;

  /// Values without others in them. One may be referred to a million times, and is kept once.
  private final Map<Long, PropertyList> leaves = new HashMap<>();

  private int values;

  private BinaryPropertyList(byte[] content) {
    in = ByteBuffer.wrap(content).asReadOnlyBuffer();
    end = content.length - TRAILER_BYTES;
    offsetSize = in.get(end + 6) & 0xff;
    referenceSize = in.get(end + 7) & 0xff;
    count = in.getLong(end + 8);
    long begin = in.getLong(end + 24);
    if (!isSize(offsetSize)
        || !isSize(referenceSize)
        || count < 1
        || count > PropertyList.VALUES_MAX
        || begin < HEADER_BYTES
        || begin > end - count * offsetSize) {
      throw new NotUnderstood();
    }
    table = (int) begin;
  }

  /// It is no property list; told apart from an error in this code.
  private static final class NotUnderstood extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private NotUnderstood() {
      super("not a binary property list", null, false, false);
    }
  }

  static boolean isOne(byte[] content) {
    return content.length >= MAGIC.length
        && ByteBuffer.wrap(content, 0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC));
  }

  static Optional<PropertyList> read(byte[] content) {
    if (content.length < HEADER_BYTES + TRAILER_BYTES) {
      return Optional.empty();
    }
    try {
      BinaryPropertyList list = new BinaryPropertyList(content);
      long top = list.in.getLong(list.end + 16);
      return Optional.of(list.value(top, 0));
    } catch (NotUnderstood e) {
      return Optional.empty();
    }
  }

  private static boolean isSize(int bytes) {
    return bytes >= 1 && bytes <= LONG_BYTES;
  }

  private PropertyList value(long reference, int depth) {
    if (reference < 0 || reference >= count) {
      throw new NotUnderstood();
    }
    // A value may refer to one that refers to it: depth and number are what ends that.
    if (++values > PropertyList.VALUES_MAX || depth > PropertyList.DEPTH_MAX) {
      throw new NotUnderstood();
    }
    PropertyList known = leaves.get(reference);
    if (known != null) {
      return known;
    }
    int at = position(integer(table + (int) reference * offsetSize, offsetSize), 1);
    int marker = in.get(at) & 0xff;
    int low = marker & 0x0f;
    PropertyList value =
        switch (marker >> 4) {
          case 0x0 -> flag(low);
          case 0x1 -> new PropertyList.Int(number(at + 1, 1 << low));
          case 0x2 -> real(at + 1, low);
          case 0x3 -> date(at + 1, low);
          case 0x4, 0x5, 0x6 -> bytes(marker >> 4, counted(at, low));
          case 0x8 -> unique(at + 1, low + 1);
          case 0xA, 0xC -> array(counted(at, low), depth);
          case 0xD -> dict(counted(at, low), depth);
          default -> throw new NotUnderstood();
        };
    if (!(value instanceof PropertyList.Array) && !(value instanceof PropertyList.Dict)) {
      leaves.put(reference, value);
    }
    return value;
  }

  private static PropertyList flag(int low) {
    return switch (low) {
      case 8 -> new PropertyList.Bool(false);
      case 9 -> new PropertyList.Bool(true);
      default -> throw new NotUnderstood();
    };
  }

  /// A number of up to 16 bytes; those of 1, 2 and 4 have no sign.
  private BigInteger number(int at, int size) {
    if (size > INTEGER_BYTES_MAX) {
      throw new NotUnderstood();
    }
    byte[] bytes = new byte[size];
    in.get(position(at, size), bytes);
    return size < LONG_BYTES ? new BigInteger(1, bytes) : new BigInteger(bytes);
  }

  private PropertyList real(int at, int low) {
    return switch (low) {
      case 2 -> new PropertyList.Real(in.getFloat(position(at, Float.BYTES)));
      case 3 -> new PropertyList.Real(in.getDouble(position(at, Double.BYTES)));
      default -> throw new NotUnderstood();
    };
  }

  private PropertyList date(int at, int low) {
    double seconds = in.getDouble(position(at, Double.BYTES));
    if (low != 3 || Double.isNaN(seconds)) {
      throw new NotUnderstood();
    }
    double whole = Math.floor(seconds);
    try {
      return new PropertyList.Date(
          DATES_BEGIN.plusSeconds((long) whole).plusNanos(Math.round((seconds - whole) * 1e9)));
    } catch (DateTimeException | ArithmeticException e) {
      throw new NotUnderstood();
    }
  }

  /// How many things follow, and where.
  private record Counted(int number, int at) {}

  private Counted counted(int marker, int low) {
    if (low != 0x0f) {
      return new Counted(low, marker + 1);
    }
    int size = in.get(position((long) marker + 1, 1)) & 0xff;
    if (size >> 4 != 0x1 || (size & 0x0f) > 3) {
      throw new NotUnderstood();
    }
    int bytes = 1 << (size & 0x0f);
    long number = integer(position((long) marker + 2, bytes), bytes);
    if (number > end) {
      throw new NotUnderstood();
    }
    return new Counted((int) number, marker + 2 + bytes);
  }

  private PropertyList bytes(int kind, Counted counted) {
    long length = kind == 0x6 ? 2L * counted.number : counted.number;
    byte[] bytes = new byte[(int) held(counted.at, length)];
    in.get(counted.at, bytes);
    return switch (kind) {
      case 0x4 -> new PropertyList.Data(ByteBuffer.wrap(bytes));
      case 0x5 -> new PropertyList.Text(new String(bytes, StandardCharsets.US_ASCII));
      default -> new PropertyList.Text(new String(bytes, StandardCharsets.UTF_16BE));
    };
  }

  /// A reference that archives use; written in the XML form as a dictionary of this one key.
  private PropertyList unique(int at, int size) {
    return new PropertyList.Dict(Map.of("CF$UID", new PropertyList.Int(number(at, size))));
  }

  private PropertyList array(Counted counted, int depth) {
    held(counted.at, (long) counted.number * referenceSize);
    List<PropertyList> array = new ArrayList<>();
    for (int i = 0; i < counted.number; i++) {
      array.add(value(integer(counted.at + i * referenceSize, referenceSize), depth + 1));
    }
    return new PropertyList.Array(array);
  }

  private PropertyList dict(Counted counted, int depth) {
    held(counted.at, 2L * counted.number * referenceSize);
    Map<String, PropertyList> dict = new LinkedHashMap<>();
    int valuesAt = counted.at + counted.number * referenceSize;
    for (int i = 0; i < counted.number; i++) {
      long key = integer(counted.at + i * referenceSize, referenceSize);
      if (!(value(key, depth + 1) instanceof PropertyList.Text text)) {
        throw new NotUnderstood();
      }
      dict.put(
          text.value(), value(integer(valuesAt + i * referenceSize, referenceSize), depth + 1));
    }
    return new PropertyList.Dict(dict);
  }

  /// An unsigned number, as offsets, references and lengths are.
  private long integer(int at, int size) {
    long value = 0;
    for (int i = 0; i < size; i++) {
      value = value << 8 | (in.get(at + i) & 0xff);
    }
    if (value < 0) {
      throw new NotUnderstood();
    }
    return value;
  }

  /// A position from which so many bytes are values' own.
  private int position(long at, int length) {
    held(at, length);
    return (int) at;
  }

  private long held(long at, long length) {
    if (at < HEADER_BYTES || length < 0 || at > end - length) {
      throw new NotUnderstood();
    }
    return length;
  }
}
