package serdab.dicom.net.web;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Reads the parts of a multipart answer one after another (RFC 2046 section 5.1, PS3.18 section
/// 8.6.1.2.1). Nothing but one buffer is held. A body that ends before its last delimiter is an
/// `EOFException`: what came last may be half an instance. One thread at a time.
final class Multipart {

  private static final int BUFFER_BYTES = 64 << 10;
  private static final int HEADER_BYTES_MAX = 16 << 10;
  private static final int HEADERS_MAX = 64;
  private static final int BOUNDARY_MAX = 200;

  /// RFC 2046 lets text stand before the first delimiter; nobody needs much of it.
  private static final long PREAMBLE_BYTES_MAX = 64 << 10;

  private final InputStream in;
  private final byte[] delimiter;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int from;
  private int to;
  private boolean begun;
  private boolean inPart;
  private boolean over;

  /// @param boundary as the media type names it
  /// @throws IOException when no boundary can be like that
  Multipart(InputStream in, String boundary) throws IOException {
    if (boundary.isEmpty() || boundary.length() > BOUNDARY_MAX) {
      throw new IOException("the boundary of the answer is not one");
    }
    this.in = in;
    this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
    // The first delimiter may be the first bytes of all; then its line break is missing.
    buffer[0] = '\r';
    buffer[1] = '\n';
    this.to = 2;
  }

  /// One part: its bytes, to be read before the next part is asked for; what was not read is
  /// skipped.
  final class Part extends InputStream {
    private final Map<String, String> headers;

    private Part(Map<String, String> headers) {
      this.headers = headers;
    }

    Optional<String> header(String name) {
      return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return length == 0 ? 0 : readOfPart(target, offset, length);
    }
  }

  /// The next part; empty behind the last one.
  Optional<Part> next() throws IOException {
    if (over) {
      return Optional.empty();
    }
    byte[] skipped = new byte[8 << 10];
    long preamble = 0;
    if (!begun || inPart) {
      boolean first = !begun;
      begun = true;
      inPart = true;
      try {
        for (int count = 0; count >= 0; count = readOfPart(skipped, 0, skipped.length)) {
          preamble += count;
          if (first && preamble > PREAMBLE_BYTES_MAX) {
            throw new IOException("no part begins where one should");
          }
        }
      } catch (EOFException e) {
        if (first) {
          // It ended by itself: the boundary is not the one that it names.
          throw new IOException("there is no part in it", e);
        }
        throw e;
      }
    }
    return afterDelimiter() ? Optional.of(begin()) : Optional.empty();
  }

  private Part begin() throws IOException {
    Map<String, String> headers = new HashMap<>();
    int budget = HEADER_BYTES_MAX;
    while (true) {
      String line = line(budget);
      budget -= line.length() + 2;
      if (line.isEmpty()) {
        break;
      }
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.putIfAbsent(
            line.substring(0, colon).strip().toLowerCase(Locale.ROOT),
            line.substring(colon + 1).strip());
      }
      if (headers.size() > HEADERS_MAX) {
        throw new IOException("a part has too many headers");
      }
    }
    inPart = true;
    return new Part(Map.copyOf(headers));
  }

  /// Reads what follows a delimiter.
  ///
  /// @return whether a part follows
  private boolean afterDelimiter() throws IOException {
    from += delimiter.length;
    String rest = line(HEADER_BYTES_MAX);
    over = rest.startsWith("--");
    return !over;
  }

  private String line(int most) throws IOException {
    StringBuilder line = new StringBuilder();
    while (true) {
      if (from == to && !fill()) {
        // The very last line may end with the body.
        if (line.toString().startsWith("--")) {
          return line.toString();
        }
        throw new EOFException("the answer ended in the middle of a part's headers");
      }
      int b = buffer[from++] & 0xFF;
      if (b == '\n') {
        int length = line.length();
        if (length > 0 && line.charAt(length - 1) == '\r') {
          line.setLength(length - 1);
        }
        return line.toString();
      }
      line.append((char) b);
      if (line.length() > most) {
        throw new IOException("a part's headers are too long");
      }
    }
  }

  private int readOfPart(byte[] target, int offset, int length) throws IOException {
    while (inPart) {
      int end = plainUntil();
      if (end > from) {
        int count = Math.min(length, end - from);
        System.arraycopy(buffer, from, target, offset, count);
        from += count;
        return count;
      }
      if (to - from > delimiter.length) {
        inPart = false; // A delimiter stands here.
      } else if (!fill()) {
        if (to - from == delimiter.length && startsWithDelimiter(from)) {
          inPart = false;
        } else if (to > from) {
          // The beginning of a delimiter that never came.
          int count = Math.min(length, to - from);
          System.arraycopy(buffer, from, target, offset, count);
          from += count;
          return count;
        } else {
          throw new EOFException("the answer ended in the middle of a part");
        }
      }
    }
    return -1;
  }

  /// Up to where the buffer certainly holds no delimiter. When it is `from` itself, either a whole
  /// delimiter with a byte behind it stands there, or more bytes are needed to know.
  private int plainUntil() {
    for (int i = from; i < to; i++) {
      if (buffer[i] != '\r') {
        continue;
      }
      int known = Math.min(delimiter.length, to - i);
      int same = 1;
      while (same < known && buffer[i + same] == delimiter[same]) {
        same++;
      }
      if (same < known) {
        continue;
      }
      if (to - i > delimiter.length && !mayFollow(buffer[i + delimiter.length])) {
        continue; // Another, longer boundary.
      }
      return i;
    }
    return to;
  }

  private static boolean mayFollow(byte next) {
    return next == '-' || next == '\r' || next == '\n' || next == ' ' || next == '\t';
  }

  private boolean startsWithDelimiter(int at) {
    for (int i = 0; i < delimiter.length; i++) {
      if (buffer[at + i] != delimiter[i]) {
        return false;
      }
    }
    return true;
  }

  /// Gets more bytes behind those that are held.
  private boolean fill() throws IOException {
    if (from > 0) {
      System.arraycopy(buffer, from, buffer, 0, to - from);
      to -= from;
      from = 0;
    }
    int count = in.read(buffer, to, buffer.length - to);
    if (count <= 0) {
      return false;
    }
    to += count;
    return true;
  }
}
