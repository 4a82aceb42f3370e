package serdab.ziptree;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import serdab.store.BlobStore;
import serdab.store.Expected;

/// The page for people without Serdab, `index.html` (`docs/format/tree-index.md` section 1): one
/// text that is always the same, with the list of months put in.
final class IndexPage {

  static final String NAME = "index.html";
  private static final String RESOURCE = "index.html";
  private static final String MONTHS = "<!--MONTHS-->";
  private static final String NEWEST = "<!--NEWEST-->";
  private static final String GAP = "<!--GAP-->";

  private IndexPage() {}

  /// Writes the page, when it is another than what is there.
  static void write(BlobStore store, IndexLedger ledger) {
    byte[] page = page(ledger).getBytes(StandardCharsets.UTF_8);
    Optional<byte[]> present = store.document(NAME);
    if (present.isEmpty() || !Arrays.equals(present.get(), page)) {
      store.replace(NAME, page, Expected.anything());
    }
  }

  private static String page(IndexLedger ledger) {
    StringBuilder months = new StringBuilder();
    String newest = "";
    for (Map.Entry<String, IndexLedger.Month> entry : ledger.months().entrySet()) {
      IndexLedger.Month month = entry.getValue();
      if (month.parts() == 0) {
        continue;
      }
      if (month.newest().compareTo(newest) > 0) {
        newest = month.newest();
      }
      months
          .append("<li data-month=\"")
          .append(entry.getKey())
          .append("\" data-parts=\"")
          .append(month.parts())
          .append("\"><a href=\"")
          .append(entry.getKey())
          .append("/\">")
          .append(entry.getKey().replace('_', entry.getKey().startsWith("U") ? ' ' : '-'))
          .append("</a> (")
          .append(month.zips())
          .append(")</li>\n");
    }
    return text()
        .replace(MONTHS, months)
        .replace(NEWEST, newest.length() < 10 ? "-" : newest.substring(0, 10).replace("<", ""))
        .replace(GAP, ledger.isComplete() ? "" : "1");
  }

  private static String text() {
    try (InputStream in = IndexPage.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the program is not whole: " + RESOURCE + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
