package serdab.ziptree;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Set;
import serdab.store.BlobStore;
import serdab.store.Expected;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// The notes `.month_done` in month folders (`docs/format/zip-tree.md` section 4.2): every selected
/// study of the month is proven. Nothing is ever deleted because of one but itself. Thread-safe.
public final class MonthMarkers {

  /// What the note is called.
  public static final String NAME = ".month_done";

  private static final String FORMAT = "month-done";

  /// Ours has some two hundred bytes.
  private static final int OURS_BYTES_MAX = 64 << 10;

  private final BlobStore store;
  private final InstantSource clock;
  private final String writtenBy;

  /// Months known to have no note, so that each is looked for once.
  private final Set<MonthFolder> open = new HashSet<>();

  public MonthMarkers(BlobStore store, InstantSource clock, String writtenBy) {
    this.store = store;
    this.clock = clock;
    this.writtenBy = writtenBy;
  }

  /// Writes the note, unless it is there.
  public synchronized void done(MonthFolder month) {
    if (!month.isMonth()) {
      return;
    }
    String name = name(month);
    if (store.find(name).isEmpty()) {
      store.replace(name, content(month), Expected.anything());
    }
    open.remove(month);
  }

  /// Removes the note, if it is there: before a new version of the month becomes visible. One that
  /// another program left stays: the Horos backup script deletes whole months that have none.
  public synchronized void reopened(MonthFolder month) {
    if (!month.isMonth() || open.contains(month)) {
      return;
    }
    if (store.find(name(month)).isPresent() && isOurs(month)) {
      store.delete(name(month));
    }
    open.add(month);
  }

  private boolean isOurs(MonthFolder month) {
    return store
        .document(name(month))
        .filter(bytes ->
            bytes.length <= OURS_BYTES_MAX
                && new String(bytes, StandardCharsets.UTF_8).contains('"' + FORMAT + '"'))
        .isPresent();
  }

  private static String name(MonthFolder month) {
    return month.value() + "/" + NAME;
  }

  private byte[] content(MonthFolder month) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORMAT);
      json.writeNumberProperty("formatVersion", 1);
      json.writeStringProperty("month", month.value());
      json.writeStringProperty("at", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
      json.writeStringProperty("writtenBy", writtenBy);
      json.writeEndObject();
      json.writeRaw('\n');
    }
    return out.toByteArray();
  }
}
