package serdab.source.horos;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/// Reads the XML form.
final class XmlPropertyList {

  /// More digits than a number of 128 bits has.
  private static final int DIGITS_MAX = 40;

  private final XMLStreamReader in;
  private int values;

  private XmlPropertyList(XMLStreamReader in) {
    this.in = in;
  }

  static Optional<PropertyList> read(byte[] content) {
    XMLInputFactory factory = XMLInputFactory.newFactory();
    // The file is outside data: no entity and no external DTD is looked up for it.
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    factory.setProperty(XMLInputFactory.IS_COALESCING, true);
    // Without one the parser tells the terminal what it thinks of the file.
    factory.setXMLReporter((_, _, _, _) -> {});
    try {
      XMLStreamReader reader = factory.createXMLStreamReader(new ByteArrayInputStream(content));
      try {
        return Optional.of(new XmlPropertyList(reader).document());
      } finally {
        reader.close();
      }
    } catch (XMLStreamException | DateTimeException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private PropertyList document() throws XMLStreamException {
    if (!nextElement() || !in.getLocalName().equals("plist") || !nextElement()) {
      throw new XMLStreamException("not a property list");
    }
    PropertyList value = value(0);
    if (nextElement()) {
      throw new XMLStreamException("more than one value");
    }
    // What follows is read too: a file that was cut off is not understood, however much of it is.
    while (in.hasNext()) {
      in.next();
    }
    return value;
  }

  /// Goes to the next element of the one that is open; false at the open one's end.
  private boolean nextElement() throws XMLStreamException {
    while (in.hasNext()) {
      switch (in.next()) {
        case XMLStreamConstants.START_ELEMENT -> {
          return true;
        }
        case XMLStreamConstants.END_ELEMENT -> {
          return false;
        }
        case XMLStreamConstants.CHARACTERS -> {
          if (!in.isWhiteSpace()) {
            throw new XMLStreamException("text outside of values");
          }
        }
        case XMLStreamConstants.ENTITY_REFERENCE -> throw new XMLStreamException("an entity");
        default -> {}
      }
    }
    return false;
  }

  private PropertyList value(int depth) throws XMLStreamException {
    if (++values > PropertyList.VALUES_MAX || depth > PropertyList.DEPTH_MAX) {
      throw new XMLStreamException("too large");
    }
    return switch (in.getLocalName()) {
      case "dict" -> dict(depth);
      case "array" -> array(depth);
      case "string" -> new PropertyList.Text(text());
      case "integer" -> new PropertyList.Int(integer(text().strip()));
      case "real" -> new PropertyList.Real(real(text().strip().toLowerCase(Locale.ROOT)));
      case "true" -> new PropertyList.Bool(empty(true));
      case "false" -> new PropertyList.Bool(empty(false));
      case "date" -> new PropertyList.Date(Instant.parse(text().strip()));
      case "data" -> new PropertyList.Data(ByteBuffer.wrap(Base64.getMimeDecoder().decode(text())));
      default -> throw new XMLStreamException("an element that no property list has");
    };
  }

  private PropertyList dict(int depth) throws XMLStreamException {
    Map<String, PropertyList> dict = new LinkedHashMap<>();
    while (nextElement()) {
      if (!in.getLocalName().equals("key")) {
        throw new XMLStreamException("a value without a key");
      }
      String key = text();
      if (!nextElement()) {
        throw new XMLStreamException("a key without a value");
      }
      dict.put(key, value(depth + 1));
    }
    return new PropertyList.Dict(dict);
  }

  private PropertyList array(int depth) throws XMLStreamException {
    List<PropertyList> array = new ArrayList<>();
    while (nextElement()) {
      array.add(value(depth + 1));
    }
    return new PropertyList.Array(array);
  }

  private String text() throws XMLStreamException {
    return in.getElementText();
  }

  private boolean empty(boolean value) throws XMLStreamException {
    if (nextElement()) {
      throw new XMLStreamException("true or false with something in it");
    }
    return value;
  }

  private static BigInteger integer(String text) throws XMLStreamException {
    if (text.length() > DIGITS_MAX) {
      throw new XMLStreamException("a number too long");
    }
    boolean negative = text.startsWith("-");
    String digits = negative || text.startsWith("+") ? text.substring(1) : text;
    BigInteger value =
        digits.startsWith("0x") || digits.startsWith("0X")
            ? new BigInteger(digits.substring(2), 16)
            : new BigInteger(digits);
    return negative ? value.negate() : value;
  }

  private static double real(String text) {
    return switch (text) {
      case "nan" -> Double.NaN;
      case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
      case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }
}
