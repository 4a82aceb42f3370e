package serdab.plan;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import serdab.Sha256;

/// A backup as the user asked for it: where from, where to, which studies, how gently.
///
/// @param name for people; empty for a plan from the command line
/// @param source the source's specification, such as `horos:/Volumes/PACS/Horos Data`
/// @param destinations the destinations' specifications, such as `zip:/Volumes/Backup`
/// @param selection which studies
/// @param order in which order
/// @param batch how many studies one run copies at most; 0 means all
/// @param pause how long each worker rests after a study
/// @param workers how many studies are copied at once, 1 to 16
/// @param quietTime how long a change of headers alone waits where a version costs a whole study
/// @param zone the time zone in which dates of the source and of file names are meant
/// @param naming the naming profile of ZIP trees, `horos-zip` or `uid`
/// @param dicomOnly whether files that are not DICOM are left out
/// @param sentinels names of files that must stand in the root of the source's and of each
///   destination's volume or folder before anything is done
public record BackupPlan(
    String name,
    String source,
    List<String> destinations,
    Selection selection,
    Order order,
    int batch,
    Duration pause,
    int workers,
    Duration quietTime,
    ZoneId zone,
    String naming,
    boolean dicomOnly,
    List<String> sentinels) {

  public static final Duration DEFAULT_QUIET_TIME = Duration.ofHours(24);
  public static final int DEFAULT_WORKERS = 2;
  public static final int MAX_WORKERS = 16;

  public BackupPlan {
    destinations = List.copyOf(destinations);
    sentinels = List.copyOf(sentinels);
  }

  /// The one serialised form: a line `key=value` for every setting, sorted by key, values with
  /// backslash, line feed and carriage return escaped. Holds no secrets.
  public String serialised() {
    Map<String, String> lines = new TreeMap<>();
    lines.put("name", name);
    lines.put("source", source);
    for (int i = 0; i < destinations.size(); i++) {
      lines.put("destination." + (i + 1), destinations.get(i));
    }
    lines.put("selection.modalities", String.join(",", new TreeSet<>(selection.modalities())));
    lines.put("selection.from", text(selection.from()));
    lines.put("selection.to", text(selection.to()));
    lines.put("selection.studies", String.join(",", new TreeSet<>(selection.studies())));
    lines.put("selection.patient-id", selection.patientId().orElse(""));
    lines.put("order", order.text());
    lines.put("batch", Integer.toString(batch));
    lines.put("pause", pause.toString());
    lines.put("workers", Integer.toString(workers));
    lines.put("quiet-time", quietTime.toString());
    lines.put("zone", zone.getId());
    lines.put("naming", naming);
    lines.put("dicom-only", Boolean.toString(dicomOnly));
    lines.put("sentinels", String.join(",", sentinels));
    StringBuilder form = new StringBuilder();
    lines.forEach((key, value) -> form.append(key).append('=').append(escape(value)).append('\n'));
    return form.toString();
  }

  /// The SHA-256 of [#serialised] in UTF-8, which each run records.
  public String hash() {
    return Sha256.digest(serialised().getBytes(StandardCharsets.UTF_8)).hex();
  }

  private static String text(Optional<LocalDate> date) {
    return date.map(LocalDate::toString).orElse("");
  }

  private static String escape(String value) {
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
  }
}
