package serdab.plan;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.tomlj.Toml;

/// Writes a configuration as TOML. Every setting of a plan is written, also those at their default:
/// a default may be another in a later release, and a plan that is kept for years must not change.
final class ConfigurationWriter {

  private final StringBuilder out = new StringBuilder();

  private final boolean withStudies;

  private ConfigurationWriter(boolean withStudies) {
    this.withStudies = withStudies;
  }

  /// @param withLogs whether to write what holds for one machine alone
  /// @param withStudies whether plans for single studies name them; else such a plan is written as
  ///   one that is not enabled
  static String text(Configuration configuration, boolean withLogs, boolean withStudies) {
    return new ConfigurationWriter(withStudies).write(configuration, withLogs);
  }

  private String write(Configuration configuration, boolean withLogs) {
    line("zone", string(configuration.zone().getId()));
    configuration.plans().forEach(plan -> plan(plan, configuration));
    configuration.retention().forEach(this::retention);
    for (DiskSet disks : configuration.disks()) {
      table("disks", disks.name());
      line("at", list(disks.destinations()));
      line("remind_after_days", disks.remindAfterDays());
    }
    if (withLogs) {
      LogSettings logs = configuration.logs();
      out.append("\n[logs]\n");
      line("file_bytes", logs.fileBytesMax());
      line("files", logs.files());
      line("daily", logs.daily());
      line("keep_days", logs.keepDays());
    }
    if (!configuration.names().equals(NameSettings.NONE)) {
      out.append("\n[names]\n");
      NameSettings names = configuration.names();
      names.pseudonymKey().ifPresent(key -> line("pseudonym_key", string(key.text())));
      names.pseudonymMapping().ifPresent(file -> line("pseudonym_mapping", string(file)));
      if (names.catalogueCopies()) {
        line("catalogue_copies", true);
      }
    }
    return out.toString();
  }

  private void plan(NamedPlan named, Configuration configuration) {
    BackupPlan plan = named.plans().getFirst();
    table("plan", named.name());
    Selection selection = plan.selection();
    boolean isCut = !withStudies && !selection.studies().isEmpty();
    if (isCut) {
      // Without its list it would be a plan for everything.
      out.append("# The studies of this plan are not named here.\n");
    }
    line("enabled", named.enabled() && !isCut);
    line("from", list(named.sources()));
    line("to", list(plan.destinations()));
    if (!selection.modalities().isEmpty()) {
      line("modality", list(new TreeSet<>(selection.modalities())));
    }
    selection.from().ifPresent(date -> line("since", date));
    selection.to().ifPresent(date -> line("until", date));
    if (withStudies && !selection.studies().isEmpty()) {
      line("study", list(new TreeSet<>(selection.studies())));
    }
    if (plan.orderGiven()) {
      line("order", string(plan.order().text()));
    }
    line("strategy", string(plan.strategy().text()));
    line("batch", plan.batch());
    line("pause", string(Durations.text(plan.pause())));
    line("workers", plan.workers());
    line("quiet_time", string(Durations.text(plan.quietTime())));
    line("naming", string(plan.naming()));
    line("dicom_only", plan.dicomOnly());
    if (!plan.sentinels().isEmpty()) {
      line("sentinels", list(plan.sentinels()));
    }
    if (!plan.closed().isEmpty()) {
      line("not_during", list(plan.closed().stream().map(ConfigurationWriter::hours).toList()));
    }
    line("import_guard_files", plan.importGuardFiles());
    line("adaptive", plan.adaptive());
    line("compression", string(plan.compression().text()));
    line("compress", string(plan.compress().text()));
    named.every().ifPresent(every -> line("every", string(Durations.text(every))));
    if (!plan.zone().equals(configuration.zone())) {
      line("zone", string(plan.zone().getId()));
    }
    for (PriorityRule rule : plan.rules()) {
      out.append("\n[[plan.").append(key(named.name())).append(".rule]]\n");
      if (!rule.modalities().isEmpty()) {
        line("modality", list(new TreeSet<>(rule.modalities())));
      }
      rule.addedWithinDays().ifPresent(days -> line("added_within_days", days));
      if (!rule.states().isEmpty()) {
        line("state", list(new TreeSet<>(rule.states())));
      }
    }
  }

  private void retention(String destination, RetentionRules rules) {
    table("retention", destination);
    rules.versions().ifPresent(versions -> line("versions", versions));
    rules.versionsFor().ifPresent(period -> line("versions_for", string(period.toString())));
    rules.studiesFor().ifPresent(period -> line("studies_for", string(period.toString())));
    rules.months().ifPresent(months -> line("months", months));
    for (RetentionRules.LegalTime legal : rules.legal()) {
      out.append("\n[[retention.").append(key(destination)).append(".legal]]\n");
      if (!legal.modalities().isEmpty()) {
        line("modality", list(new TreeSet<>(legal.modalities())));
      }
      line("keep", string(legal.keep().toString()));
      legal.untilAge().ifPresent(age -> line("until_age", age));
    }
  }

  private static String hours(ClosedHours hours) {
    String days =
        hours.days().stream()
            .sorted(Comparator.naturalOrder())
            .map(day -> day.name().charAt(0) + day.name().substring(1, 3).toLowerCase(Locale.ROOT))
            .collect(Collectors.joining(","));
    return days + " " + hours.from() + "-" + hours.to();
  }

  private void table(String kind, String name) {
    out.append("\n[").append(kind).append('.').append(key(name)).append("]\n");
  }

  private void line(String key, Object value) {
    out.append(key).append(" = ").append(value).append('\n');
  }

  private static String key(String name) {
    return name.matches("[A-Za-z0-9_-]+") ? name : string(name);
  }

  private static String list(Collection<String> values) {
    return values.stream()
        .map(ConfigurationWriter::string)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  static String string(String value) {
    return "\"" + Toml.tomlEscape(value) + "\"";
  }
}
