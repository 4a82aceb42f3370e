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
/// @param orderGiven whether a person asked for that order; else a first backup is free to choose.
///   No part of the serialised form, which holds what was used
/// @param batch how many studies one run copies at most; 0 means all
/// @param pause how long each worker rests after a study
/// @param workers how many studies are copied at once, 1 to 16
/// @param quietTime how long a change of headers alone waits where a version costs a whole study
/// @param zone the time zone in which dates of the source and of file names are meant
/// @param naming the naming profile of ZIP trees, `horos-zip` or `uid`
/// @param dicomOnly whether files that are not DICOM are left out
/// @param sentinels names of files that must stand in the root of the source's and of each
///   destination's volume or folder before anything is done
/// @param strategy what a run copies
/// @param rules of the order `smart`, the first to match decides
/// @param closed hours in which it must not run
/// @param importGuardFiles it does not run while more files than this wait to be imported by the
///   viewer; 0 turns the guard off
/// @param adaptive whether it slows down while reading the source becomes slower
/// @param compression how repositories make images small
/// @param compress how trees of ZIPs make images small
public record BackupPlan(
    String name,
    String source,
    List<String> destinations,
    Selection selection,
    Order order,
    boolean orderGiven,
    int batch,
    Duration pause,
    int workers,
    Duration quietTime,
    ZoneId zone,
    String naming,
    boolean dicomOnly,
    List<String> sentinels,
    Strategy strategy,
    List<PriorityRule> rules,
    List<ClosedHours> closed,
    long importGuardFiles,
    boolean adaptive,
    FrameCompression compression,
    ZipCompression compress) {

  public static final Duration DEFAULT_QUIET_TIME = Duration.ofHours(24);
  public static final int DEFAULT_WORKERS = 2;
  public static final int MAX_WORKERS = 16;
  public static final long DEFAULT_IMPORT_GUARD_FILES = 25_000;

  public BackupPlan {
    destinations = List.copyOf(destinations);
    sentinels = List.copyOf(sentinels);
    rules = List.copyOf(rules);
    closed = List.copyOf(closed);
  }

  /// Begins a plan with every setting at its default.
  public static Draft from(String source, ZoneId zone) {
    return new Draft(source, zone);
  }

  /// Begins another plan with the settings of this one.
  public Draft changed() {
    return changed(source);
  }

  /// Begins a plan for another source with the settings of this one.
  public Draft changed(String source) {
    Draft draft = new Draft(source, zone);
    draft.name = name;
    draft.destinations = destinations;
    draft.selection = selection;
    draft.order = order;
    draft.orderGiven = orderGiven;
    draft.batch = batch;
    draft.pause = pause;
    draft.workers = workers;
    draft.quietTime = quietTime;
    draft.naming = naming;
    draft.dicomOnly = dicomOnly;
    draft.sentinels = sentinels;
    draft.strategy = strategy;
    draft.rules = rules;
    draft.closed = closed;
    draft.importGuardFiles = importGuardFiles;
    draft.adaptive = adaptive;
    draft.compression = compression;
    draft.compress = compress;
    return draft;
  }

  /// A plan in the making. One thread at a time.
  public static final class Draft {
    private final String source;
    private final ZoneId zone;
    private String name = "";
    private List<String> destinations = List.of();
    private Selection selection = Selection.ALL;
    private Order order = Order.STUDY_DATE;
    private boolean orderGiven;
    private int batch;
    private Duration pause = Duration.ZERO;
    private int workers = DEFAULT_WORKERS;
    private Duration quietTime = DEFAULT_QUIET_TIME;
    private String naming = "horos-zip";
    private boolean dicomOnly;
    private List<String> sentinels = List.of();
    private Strategy strategy = Strategy.INCREMENTAL;
    private List<PriorityRule> rules = List.of();
    private List<ClosedHours> closed = List.of();
    private long importGuardFiles = DEFAULT_IMPORT_GUARD_FILES;
    private boolean adaptive;
    private FrameCompression compression = FrameCompression.JPEG_LS;
    private ZipCompression compress = ZipCompression.DEFLATE;

    private Draft(String source, ZoneId zone) {
      this.source = source;
      this.zone = zone;
    }

    public Draft name(String wanted) {
      name = wanted;
      return this;
    }

    public Draft destinations(List<String> wanted) {
      destinations = wanted;
      return this;
    }

    public Draft selection(Selection wanted) {
      selection = wanted;
      return this;
    }

    public Draft order(Order wanted) {
      order = wanted;
      orderGiven = true;
      return this;
    }

    public Draft batch(int wanted) {
      batch = wanted;
      return this;
    }

    public Draft pause(Duration wanted) {
      pause = wanted;
      return this;
    }

    public Draft workers(int wanted) {
      workers = wanted;
      return this;
    }

    public Draft quietTime(Duration wanted) {
      quietTime = wanted;
      return this;
    }

    public Draft naming(String wanted) {
      naming = wanted;
      return this;
    }

    public Draft dicomOnly(boolean wanted) {
      dicomOnly = wanted;
      return this;
    }

    public Draft sentinels(List<String> wanted) {
      sentinels = wanted;
      return this;
    }

    public Draft strategy(Strategy wanted) {
      strategy = wanted;
      return this;
    }

    public Draft rules(List<PriorityRule> wanted) {
      rules = wanted;
      return this;
    }

    public Draft closed(List<ClosedHours> wanted) {
      closed = wanted;
      return this;
    }

    public Draft importGuardFiles(long wanted) {
      importGuardFiles = wanted;
      return this;
    }

    public Draft adaptive(boolean wanted) {
      adaptive = wanted;
      return this;
    }

    public Draft compression(FrameCompression wanted) {
      compression = wanted;
      return this;
    }

    public Draft compress(ZipCompression wanted) {
      compress = wanted;
      return this;
    }

    public BackupPlan plan() {
      return new BackupPlan(
          name,
          source,
          destinations,
          selection,
          order,
          orderGiven,
          batch,
          pause,
          workers,
          quietTime,
          zone,
          naming,
          dicomOnly,
          sentinels,
          strategy,
          rules,
          closed,
          importGuardFiles,
          adaptive,
          compression,
          compress);
    }
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
    lines.put("strategy", strategy.text());
    for (int i = 0; i < rules.size(); i++) {
      lines.put("rule." + (i + 1), rules.get(i).text());
    }
    for (int i = 0; i < closed.size(); i++) {
      lines.put("closed." + (i + 1), closed.get(i).text());
    }
    lines.put("import-guard-files", Long.toString(importGuardFiles));
    lines.put("adaptive", Boolean.toString(adaptive));
    lines.put("compression", compression.text());
    lines.put("compress", compress.text());
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
