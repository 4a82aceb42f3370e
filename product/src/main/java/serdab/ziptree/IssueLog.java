package serdab.ziptree;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.BlobStore;
import serdab.store.Expected;

/// The list for people of what needs their attention, `issues.csv` (`docs/format/zip-tree.md`
/// section 4.3). Thread-safe.
///
/// The file is always replaced whole, so a crash never leaves half a line. A line is written at
/// once unless another was just written; then it waits for the next, for [#flush] or for the end. A
/// crash may thus take lines of the last moments, whose studies the next run tries again.
public final class IssueLog {

  static final String NAME = "issues.csv";
  private static final byte[] HEADER =
      "timestamp,kind,study_uid,detail,extra\r\n".getBytes(StandardCharsets.US_ASCII);

  /// Where the file starts again, with its lines kept under another name.
  static final int BYTES_MAX = 1 << 20;

  /// Longer cells are cut; nobody reads them.
  private static final int CELL_CHARACTERS_MAX = 4000;

  private static final int WAITING_MAX = 64;
  private static final Duration PAUSE = Duration.ofSeconds(2);

  /// Somebody else may write the file at the same moment, so often in a row.
  private static final int TRIES_MAX = 5;

  private final BlobStore store;
  private final InstantSource clock;
  private final List<String> waiting = new ArrayList<>();
  private Instant lastWritten = Instant.MIN;

  public IssueLog(BlobStore store, InstantSource clock) {
    this.store = store;
    this.clock = clock;
  }

  /// Adds one line.
  ///
  /// @param kind capital letters, digits and `_`, such as `NO_FILES`
  /// @param studyUid the study it is about, or empty
  /// @throws SerdabException when the place fails; the line is then kept for the next try
  public synchronized void add(String kind, String studyUid, String detail, String extra) {
    Instant now = clock.instant();
    waiting.add(line(now, kind, studyUid, detail, extra));
    if (waiting.size() >= WAITING_MAX || !lastWritten.plus(PAUSE).isAfter(now)) {
      flush();
    }
  }

  /// Writes what waits.
  public synchronized void flush() {
    if (waiting.isEmpty()) {
      return;
    }
    for (int tries = 1; ; tries++) {
      try {
        append(String.join("", waiting).getBytes(StandardCharsets.UTF_8));
        waiting.clear();
        lastWritten = clock.instant();
        return;
      } catch (SerdabException.Refused e) {
        if (!e.problem().code().equals("document-changed") || tries >= TRIES_MAX) {
          throw e;
        }
      }
    }
  }

  private void append(byte[] lines) {
    Optional<byte[]> present = store.document(NAME);
    Expected expected =
        present.isPresent() ? Expected.content(Sha256.digest(present.get())) : Expected.absent();
    byte[] before = present.orElse(HEADER);
    if (before.length + lines.length > BYTES_MAX && before.length > HEADER.length) {
      // The full file first, then the fresh one: a crash between them repeats lines, it loses none.
      store.replace(fullName(), before, Expected.anything());
      before = HEADER;
    }
    ByteArrayOutputStream after = new ByteArrayOutputStream(before.length + lines.length);
    after.writeBytes(before);
    if (before[before.length - 1] != '\n') {
      // A spreadsheet, or a person, saved it without the last line's end.
      after.writeBytes(new byte[] {'\r', '\n'});
    }
    after.writeBytes(lines);
    store.replace(NAME, after.toByteArray(), expected);
  }

  private String fullName() {
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    // No colons: Windows has none in names.
    return "issues-" + now.toString().replace(":", "") + ".csv";
  }

  private static String line(
      Instant at, String kind, String studyUid, String detail, String extra) {
    if (!kind.matches("[A-Z][A-Z0-9_]{0,63}")) {
      throw new IllegalArgumentException("no kind of issue: " + kind);
    }
    return at.truncatedTo(ChronoUnit.SECONDS)
        + ","
        + kind
        + ","
        + cell(studyUid)
        + ","
        + cell(detail)
        + ","
        + cell(extra)
        + "\r\n";
  }

  /// One cell after RFC 4180, which no spreadsheet takes for a formula.
  public static String cell(String text) {
    StringBuilder safe = new StringBuilder();
    String whole = SafeNames.withoutLoneSurrogates(text);
    boolean formula = !whole.isEmpty() && "=+-@\t\r\n＝＋－＠".indexOf(whole.charAt(0)) >= 0;
    if (formula) {
      safe.append('\'');
    }
    int end = whole.length();
    if (end > CELL_CHARACTERS_MAX) {
      end =
          CELL_CHARACTERS_MAX
              - (Character.isHighSurrogate(whole.charAt(CELL_CHARACTERS_MAX - 1)) ? 1 : 0);
    }
    for (int i = 0; i < end; i++) {
      char c = whole.charAt(i);
      safe.append(Character.isISOControl(c) ? ' ' : c);
    }
    String plain = safe.toString();
    // A semicolon separates cells where the comma is for decimals.
    boolean quote = plain.indexOf(',') >= 0 || plain.indexOf('"') >= 0 || plain.indexOf(';') >= 0;
    return quote ? '"' + plain.replace("\"", "\"\"") + '"' : plain;
  }
}
