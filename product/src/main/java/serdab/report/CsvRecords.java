package serdab.report;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;

/// Reads records of comma separated values one by one, as spreadsheets write them. One thread at a
/// time; keeps one record in memory.
///
/// Fields may be quoted, quotes inside doubled, line ends inside kept (RFC 4180). The separator is
/// `;`, `,` or a tab, whichever the first line has most of, or what a first line `sep=;` says. Text
/// is UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252.
final class CsvRecords {

  /// No accession number, and no comment of a person, is longer.
  private static final int FIELD_CHARS_MAX = 1 << 20;

  private static final int FIELDS_MAX = 10_000;
  private static final int RECORD_CHARS_MAX = 4 << 20;
  private static final int FIRST_LINE_MAX = 1 << 16;
  private static final Charset WINDOWS = Charset.forName("windows-1252");

  private final Reader in;
  private final boolean bytes;
  private char separator;
  private long line = 1;
  private long recordLine = 1;

  private CsvRecords(Reader in, boolean bytes) {
    this.in = in;
    this.bytes = bytes;
  }

  /// Looks at the beginning.
  ///
  /// @param in closed by the caller
  static CsvRecords of(InputStream in) throws IOException {
    BufferedInputStream buffered = new BufferedInputStream(in, 1 << 16);
    buffered.mark(4);
    byte[] head = buffered.readNBytes(3);
    boolean utf16 =
        head.length >= 2
            && ((head[0] == (byte) 0xFF && head[1] == (byte) 0xFE)
                || (head[0] == (byte) 0xFE && head[1] == (byte) 0xFF));
    boolean mark =
        head.length == 3
            && head[0] == (byte) 0xEF
            && head[1] == (byte) 0xBB
            && head[2] == (byte) 0xBF;
    if (!mark) {
      buffered.reset();
    }
    // What is no UTF-16 is taken apart as bytes, and each field decoded by itself.
    CsvRecords records =
        new CsvRecords(
            new BufferedReader(
                new InputStreamReader(
                    buffered, utf16 ? StandardCharsets.UTF_16 : StandardCharsets.ISO_8859_1),
                1 << 16),
            !utf16);
    records.findSeparator();
    return records;
  }

  private void findSeparator() throws IOException {
    in.mark(FIRST_LINE_MAX);
    StringBuilder first = new StringBuilder();
    int next = in.read();
    while (next >= 0 && next != '\n' && next != '\r' && first.length() < FIRST_LINE_MAX - 2) {
      first.append((char) next);
      next = in.read();
    }
    String text = first.toString();
    if (text.length() == 5 && text.startsWith("sep=")) {
      separator = text.charAt(4);
      if (next == '\r') {
        in.mark(1);
        if (in.read() != '\n') {
          in.reset();
        }
      }
      line++;
      return;
    }
    in.reset();
    separator = ',';
    int most = 0;
    for (char candidate : new char[] {';', '\t', ','}) {
      int count = 0;
      boolean quoted = false;
      for (int i = 0; i < text.length(); i++) {
        quoted ^= text.charAt(i) == '"';
        count += !quoted && text.charAt(i) == candidate ? 1 : 0;
      }
      if (count > most) {
        most = count;
        separator = candidate;
      }
    }
  }

  /// The line on which the record began that was read last, from 1.
  long line() {
    return recordLine;
  }

  /// The next record; lines without anything are passed over. Empty at the end.
  ///
  /// @throws SerdabException.Misconfigured `list-not-csv` when it cannot be taken apart
  Optional<List<String>> next() throws IOException {
    while (true) {
      recordLine = line;
      Optional<List<String>> record = record();
      if (record.isEmpty() || record.get().size() > 1 || !record.get().getFirst().isBlank()) {
        return record;
      }
    }
  }

  private Optional<List<String>> record() throws IOException {
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    boolean quoted = false;
    boolean wasQuoted = false;
    boolean any = false;
    int chars = 0;
    while (true) {
      int next = in.read();
      if (next < 0) {
        if (quoted) {
          throw notCsv("a quote that begins there does not end");
        }
        if (!any) {
          return Optional.empty();
        }
        add(fields, field);
        return Optional.of(fields);
      }
      any = true;
      chars++;
      char c = (char) next;
      if (c == '\n') {
        line++;
      }
      if (quoted) {
        if (c != '"') {
          field.append(c);
        } else if (peekIs('"')) {
          field.append('"');
        } else {
          quoted = false;
          wasQuoted = true;
        }
      } else if (c == '"' && field.isEmpty() && !wasQuoted) {
        quoted = true;
      } else if (c == separator) {
        add(fields, field);
        wasQuoted = false;
      } else if (c == '\n' || c == '\r') {
        if (c == '\r' && peekIs('\n')) {
          line++;
        }
        add(fields, field);
        return Optional.of(fields);
      } else {
        field.append(c);
      }
      if (field.length() > FIELD_CHARS_MAX
          || chars > RECORD_CHARS_MAX
          || fields.size() > FIELDS_MAX) {
        throw notCsv("a record is longer than any list has");
      }
    }
  }

  private boolean peekIs(char wanted) throws IOException {
    in.mark(1);
    if (in.read() == wanted) {
      return true;
    }
    in.reset();
    return false;
  }

  private void add(List<String> fields, StringBuilder field) {
    String text = field.toString();
    field.setLength(0);
    fields.add(bytes ? decoded(text) : text);
  }

  private static String decoded(String text) {
    if (text.chars().allMatch(c -> c < 0x80)) {
      return text;
    }
    byte[] raw = text.getBytes(StandardCharsets.ISO_8859_1);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
    } catch (CharacterCodingException e) {
      return new String(raw, WINDOWS);
    }
  }

  private SerdabException.Misconfigured notCsv(String how) {
    return new SerdabException.Misconfigured(
        new Problem(
            "list-not-csv",
            "The list cannot be read as comma separated values: in line "
                + recordLine
                + " "
                + how
                + ".",
            "Save it again as CSV in the program that made it."));
  }
}
