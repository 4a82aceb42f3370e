package serdab.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import serdab.plan.BackupPlan;
import serdab.plan.Configuration;
import serdab.plan.LogSettings;
import serdab.plan.NameSettings;
import serdab.plan.NamedPlan;
import serdab.plan.Order;
import serdab.plan.Selection;

/// What the Horos backup script did unless told otherwise, as one set (`--like horos-script`), for
/// those who come from it.
final class ScriptDefaults {

  /// The set's name on the command line.
  static final String NAME = "horos-script";

  static final Path VOLUME = Path.of("/Volumes/PACS");

  private static final Path LIBRARY = Path.of("Database", "Horos Data");
  private static final Path COPIES = Path.of("Backup");
  private static final String SENTINEL = ".pacs_sentinel";
  private static final Set<String> MODALITIES = Set.of("CT", "MR");
  private static final int STUDIES_PER_RUN = 15;
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration EVERY = Duration.ofMinutes(10);
  private static final long IMPORT_GUARD_FILES = 25_000;
  private static final LogSettings LOGS = new LogSettings(100L << 20, 10, false, 10);

  private ScriptDefaults() {}

  static Path library(Path volume) {
    return volume.resolve(LIBRARY);
  }

  static Path copies(Path volume) {
    return volume.resolve(COPIES);
  }

  /// The script's settings for these sources and destinations.
  static Configuration configuration(
      String name, List<String> sources, List<String> destinations, ZoneId zone) {
    // The profile horos-zip is the script's: at most 128 characters, months as folders.
    BackupPlan first =
        BackupPlan.from(sources.getFirst(), zone)
            .name(name)
            .destinations(destinations)
            .selection(
                new Selection(
                    MODALITIES, Optional.empty(), Optional.empty(), Set.of(), Optional.empty()))
            .order(Order.STUDY_DATE)
            .batch(STUDIES_PER_RUN)
            .pause(PAUSE)
            .workers(1)
            .naming("horos-zip")
            .sentinels(List.of(SENTINEL))
            .importGuardFiles(IMPORT_GUARD_FILES)
            .plan();
    List<BackupPlan> plans = sources.stream().map(source -> first.changed(source).plan()).toList();
    return new Configuration(
        zone,
        List.of(new NamedPlan(name, true, plans, Optional.of(EVERY))),
        java.util.Map.of(),
        List.of(),
        LOGS,
        NameSettings.NONE);
  }
}
