package serdab.plan;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalDate;
import java.time.Period;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlPosition;

/// Turns the text of a configuration into values and notes everything that is wrong in it.
final class ConfigurationReader {

  static final Set<String> STATES = Set.of("unread", "reviewed", "dictated", "validated", "empty");
  static final int DEFAULT_REMIND_AFTER_DAYS = 30;

  /// DICOM code strings have at most 16 characters (PS3.5 section 6.2).
  private static final Pattern MODALITY = Pattern.compile("[A-Z0-9_ ]{1,16}");

  private static final Pattern PLAN_NAME =
      Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N} _.-]{0,63}");
  private static final Pattern FILE_NAME = Pattern.compile("[^/\\\\\\p{Cntrl}]{1,255}");

  /// As wide as DICOM allows a UID, and a little for those that do not follow it.
  private static final Pattern STUDY = Pattern.compile("[\\x21-\\x7e]{1,128}");

  private static final int PLANS_MAX = 200;
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration YEAR = Duration.ofDays(366);

  private final ZoneId here;
  private final ConfigurationProblems problems = new ConfigurationProblems();

  ConfigurationReader(ZoneId here) {
    this.here = here;
  }

  /// Everything that was wrong in what was read.
  List<ConfigurationProblem> problems() {
    return problems.inOrder();
  }

  /// Reads; what is wrong is at its default in the result.
  Configuration read(byte[] content) {
    if (content.length > Configuration.BYTES_MAX) {
      problems.add(null, "The file is longer than " + Configuration.BYTES_MAX + " bytes.");
      return Configuration.of(here, List.of());
    }
    Optional<String> text = decode(content);
    if (text.isEmpty()) {
      return Configuration.of(here, List.of());
    }
    // Editors on Windows begin UTF-8 with a mark that TOML does not know.
    String plain = text.get().startsWith("\ufeff") ? text.get().substring(1) : text.get();
    TomlParseResult table = Toml.parse(plain);
    for (TomlParseError error : table.errors()) {
      String said = TomlSection.shown(String.valueOf(error.getMessage()));
      problems.syntax(error.position(), said.endsWith(".") ? said : said + ".");
    }
    try (TomlSection root = new TomlSection(table, "", null, problems)) {
      return root(root);
    }
  }

  private Optional<String> decode(byte[] content) {
    try {
      return Optional.of(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString());
    } catch (CharacterCodingException e) {
      // Decoded with marks in place of what is wrong, to find the first.
      String marked = new String(content, StandardCharsets.UTF_8);
      int line = 1;
      int column = 1;
      for (int i = 0; i < marked.length() && marked.charAt(i) != '\ufffd'; i++) {
        column++;
        if (marked.charAt(i) == '\n') {
          line++;
          column = 1;
        }
      }
      problems.syntax(
          TomlPosition.positionAt(line, column),
          "This is not UTF-8; save the file in that encoding.");
      return Optional.empty();
    }
  }

  private Configuration root(TomlSection root) {
    ZoneId zone = zone(root, here);
    NameSettings names = root.section("names").map(this::names).orElse(NameSettings.NONE);
    List<NamedPlan> plans = plans(root, zone, names);
    return new Configuration(
        zone,
        plans,
        retention(root),
        disks(root),
        root.section("logs").map(ConfigurationReader::logs).orElse(LogSettings.DEFAULT),
        names);
  }

  private static ZoneId zone(TomlSection section, ZoneId otherwise) {
    Optional<String> text = section.text("zone");
    try {
      return text.map(ZoneId::of).orElse(otherwise);
    } catch (DateTimeException e) {
      section.wrong(
          "zone",
          "is "
              + TomlSection.quoted(text.orElse(""))
              + "; it must be a time zone such as Europe/Berlin or UTC");
      return otherwise;
    }
  }

  // ---- plans

  private List<NamedPlan> plans(TomlSection root, ZoneId zone, NameSettings names) {
    Map<String, TomlSection> sections = root.sections("plan");
    if (sections.size() > PLANS_MAX) {
      root.wrong("plan", "has more than " + PLANS_MAX + " plans");
      return List.of();
    }
    Map<String, String> seen = new HashMap<>();
    List<NamedPlan> plans = new ArrayList<>();
    sections.forEach((name, section) -> {
      if (!PLAN_NAME.matcher(name).matches()) {
        problems.add(
            section.position(),
            "The plan's name "
                + TomlSection.quoted(name)
                + " must begin with a letter or digit and hold only those, blanks and _ . -, at"
                + " most 64 characters.");
      }
      String same = seen.put(name.toLowerCase(Locale.ROOT), name);
      if (same != null) {
        problems.add(
            section.position(),
            "The plans "
                + TomlSection.quoted(same)
                + " and "
                + TomlSection.quoted(name)
                + " differ only in upper and lower case; name one of them otherwise.");
      }
      try (section) {
        plans.add(plan(name, section, zone, names));
      }
    });
    return plans;
  }

  private NamedPlan plan(String name, TomlSection in, ZoneId zone, NameSettings names) {
    boolean enabled = in.flag("enabled", true);
    List<String> sources = addresses(in, "from", Addresses::wrongSource);
    List<String> destinations = addresses(in, "to", Addresses::wrongDestination);
    refuseInsideSources(in, name);
    BackupPlan.Draft draft =
        BackupPlan.from("", zone(in, zone))
            .name(name)
            .destinations(destinations)
            .selection(selection(in))
            .strategy(
                oneOf(in, "strategy", Strategy.values(), Strategy::text, Strategy.INCREMENTAL))
            .batch((int) in.number("batch", 0, 1_000_000, 0))
            .pause(in.duration("pause", Duration.ZERO, DAY, Duration.ZERO))
            .workers(
                (int) in.number("workers", 1, BackupPlan.MAX_WORKERS, BackupPlan.DEFAULT_WORKERS))
            .quietTime(
                in.duration("quiet_time", Duration.ZERO, YEAR, BackupPlan.DEFAULT_QUIET_TIME))
            .naming(naming(in, names))
            .dicomOnly(in.flag("dicom_only", false))
            .sentinels(sentinels(in))
            .closed(closed(in))
            .importGuardFiles(
                in.number(
                    "import_guard_files", 0, 1_000_000_000, BackupPlan.DEFAULT_IMPORT_GUARD_FILES))
            .adaptive(in.flag("adaptive", false))
            .compression(
                oneOf(
                    in,
                    "compression",
                    FrameCompression.values(),
                    FrameCompression::text,
                    FrameCompression.JPEG_LS))
            .compress(
                oneOf(
                    in,
                    "compress",
                    ZipCompression.values(),
                    ZipCompression::text,
                    ZipCompression.DEFLATE))
            .rules(rules(in));
    if (in.text("order").isPresent()) {
      draft.order(oneOf(in, "order", Order.values(), Order::text, Order.STUDY_DATE));
    }
    Optional<Duration> every = in.duration("every", MINUTE, YEAR);
    BackupPlan settings = draft.plan();
    List<BackupPlan> each =
        sources.stream().map(source -> settings.changed(source).plan()).toList();
    return new NamedPlan(name, enabled, each.isEmpty() ? List.of(settings) : each, every);
  }

  /// The addresses of a key, each good on its own and there once.
  private List<String> addresses(
      TomlSection in, String key, Function<String, Optional<String>> wrong) {
    Set<String> seen = new LinkedHashSet<>();
    List<String> good = new ArrayList<>();
    List<TomlSection.Entry> entries = in.list(key);
    for (TomlSection.Entry entry : entries) {
      Optional<String> problem = wrong.apply(entry.value());
      if (problem.isPresent()) {
        problems.add(entry.position(), in.path(key) + " " + problem.get() + ".");
      } else if (!seen.add(Addresses.normal(entry.value()))) {
        problems.add(
            entry.position(),
            in.path(key) + " names " + TomlSection.quoted(entry.value()) + " twice.");
      } else {
        good.add(Addresses.whole(entry.value()));
      }
    }
    if (!in.isFilled(key)) {
      problems.missing(
          in.has(key) ? in.position(key) : in.position(),
          in.path(key)
              + (in.has(key) ? " is empty" : " is missing")
              + "; a plan needs "
              + (key.equals("from")
                  ? "a source, such as from = [\"/Volumes/PACS/Horos Data\"]."
                  : "a destination, such as to = [\"zip:/Volumes/Backup\"]."));
    }
    return good;
  }

  /// The next run would copy its own copies. The run itself looks again, with links followed.
  private void refuseInsideSources(TomlSection in, String name) {
    List<String> sources =
        in.list("from").stream()
            .map(TomlSection.Entry::value)
            .filter(source -> Addresses.wrongSource(source).isEmpty())
            .filter(source -> !WebAddress.isOne(source))
            .toList();
    for (TomlSection.Entry entry : in.list("to")) {
      if (Addresses.wrongDestination(entry.value()).isPresent()
          || WebAddress.isOne(entry.value())) {
        continue;
      }
      Path destination = Addresses.path(entry.value());
      for (String source : sources) {
        if (destination.startsWith(Addresses.path(source))) {
          problems.add(
              entry.position(),
              "The destination "
                  + TomlSection.quoted(entry.value())
                  + " of plan "
                  + TomlSection.quoted(name)
                  + " lies inside its source "
                  + TomlSection.quoted(source)
                  + "; choose a folder outside of it, best on another disk.");
        }
      }
    }
  }

  private Selection selection(TomlSection in) {
    Set<String> studies = new LinkedHashSet<>();
    for (TomlSection.Entry entry : in.list("study")) {
      if (STUDY.matcher(entry.value()).matches()) {
        studies.add(entry.value());
      } else {
        problems.add(entry.position(), in.path("study") + " must hold Study Instance UIDs.");
      }
    }
    Optional<LocalDate> since = in.date("since");
    Optional<LocalDate> until = in.date("until");
    if (since.isPresent() && until.isPresent() && until.get().isBefore(since.get())) {
      in.wrong("until", "is before " + in.path("since") + "; no study could be between them");
    }
    return new Selection(modalities(in), since, until, studies, Optional.empty());
  }

  private Set<String> modalities(TomlSection in) {
    Set<String> modalities = new LinkedHashSet<>();
    for (TomlSection.Entry entry : in.list("modality")) {
      for (String part : entry.value().split(",", -1)) {
        String modality = part.strip().toUpperCase(Locale.ROOT);
        if (MODALITY.matcher(modality).matches()) {
          modalities.add(modality);
        } else {
          problems.add(
              entry.position(),
              in.path("modality")
                  + " has "
                  + TomlSection.quoted(entry.value())
                  + "; a modality has at most 16 letters and digits, such as CT.");
        }
      }
    }
    return modalities;
  }

  private static <T> T oneOf(
      TomlSection in, String key, T[] values, Function<T, String> text, T otherwise) {
    Optional<String> found = in.text(key);
    if (found.isEmpty()) {
      return otherwise;
    }
    Optional<T> value =
        Arrays.stream(values).filter(each -> text.apply(each).equals(found.get())).findFirst();
    if (value.isEmpty()) {
      in.wrong(
          key,
          "is "
              + TomlSection.quoted(found.get())
              + "; it must be one of "
              + Arrays.stream(values).map(text).collect(Collectors.joining(", ")));
    }
    return value.orElse(otherwise);
  }

  private static String naming(TomlSection in, NameSettings names) {
    Optional<String> found = in.text("naming");
    String naming = found.orElse("horos-zip");
    boolean known = Set.of("horos-zip", "uid", "pseudonym").contains(naming);
    if (!known && !(naming.contains("{") && naming.length() <= 500)) {
      in.wrong(
          "naming",
          "is "
              + TomlSection.quoted(naming)
              + "; it must be horos-zip, uid, pseudonym, or a template such as"
              + " \"{study-date}_{uid}\"");
    }
    if (naming.equals("pseudonym") && names.pseudonymKey().isEmpty()) {
      in.wrong(
          "naming",
          "is \"pseudonym\", which needs a key: add [names] with pseudonym_key ="
              + " \"file:/PATH\" or \"env:NAME\"");
    }
    return naming;
  }

  private List<String> sentinels(TomlSection in) {
    List<String> good = new ArrayList<>();
    for (TomlSection.Entry entry : in.list("sentinels")) {
      String name = entry.value();
      if (FILE_NAME.matcher(name).matches() && !name.equals(".") && !name.equals("..")) {
        good.add(name);
      } else {
        problems.add(
            entry.position(),
            in.path("sentinels")
                + " has "
                + TomlSection.quoted(name)
                + "; a sentinel is the name of a file, without a folder.");
      }
    }
    return good;
  }

  private List<ClosedHours> closed(TomlSection in) {
    List<ClosedHours> closed = new ArrayList<>();
    for (TomlSection.Entry entry : in.list("not_during")) {
      try {
        closed.add(ClosedHours.parse(entry.value()));
      } catch (IllegalArgumentException e) {
        problems.add(
            entry.position(),
            in.path("not_during")
                + " has "
                + TomlSection.quoted(entry.value())
                + "; write hours such as \"Mon-Fri 07:30-19:00\" or \"Sat,Sun 10:00-12:00\".");
      }
    }
    if (!closed.isEmpty() && neverOpen(closed)) {
      in.wrong("not_during", "closes every minute of the week, so the plan would never run");
    }
    return closed;
  }

  private static boolean neverOpen(List<ClosedHours> closed) {
    // 2024-01-01 was a Monday; which week does not matter.
    var moment = LocalDate.of(2024, 1, 1).with(DayOfWeek.MONDAY).atStartOfDay();
    for (int minute = 0; minute < 7 * 24 * 60; minute++) {
      var at = moment.plusMinutes(minute);
      if (closed.stream().noneMatch(hours -> hours.contains(at))) {
        return false;
      }
    }
    return true;
  }

  private List<PriorityRule> rules(TomlSection in) {
    List<PriorityRule> rules = new ArrayList<>();
    for (TomlSection each : in.repeated("rule")) {
      try (each) {
        Set<String> modalities = modalities(each);
        OptionalInt days = each.number("added_within_days", 1, 100_000);
        Set<String> states = new LinkedHashSet<>();
        for (TomlSection.Entry entry : each.list("state")) {
          if (STATES.contains(entry.value())) {
            states.add(entry.value());
          } else {
            problems.add(
                entry.position(),
                each.path("state")
                    + " has "
                    + TomlSection.quoted(entry.value())
                    + "; it must be one of unread, reviewed, dictated, validated, empty.");
          }
        }
        if (!each.has("modality") && !each.has("added_within_days") && !each.has("state")) {
          problems.missing(
              each.position(),
              in.path("rule") + " asks for nothing; give it modality, added_within_days or state.");
        }
        rules.add(new PriorityRule(modalities, days, states));
      }
    }
    return rules;
  }

  // ---- what is not a plan

  private Map<String, RetentionRules> retention(TomlSection root) {
    Map<String, RetentionRules> retention = new LinkedHashMap<>();
    root.sections("retention")
        .forEach((destination, section) -> {
          Optional<String> wrong = Addresses.wrongDestination(destination);
          wrong.ifPresent(what ->
              problems.add(section.position(), "The destination of [retention] " + what + "."));
          try (section) {
            RetentionRules rules =
                new RetentionRules(
                    section.number("versions", 1, 1_000_000),
                    section.period("versions_for"),
                    section.period("studies_for"),
                    section.number("months", 1, 100_000),
                    legal(section));
            if (wrong.isEmpty() && retention.put(Addresses.normal(destination), rules) != null) {
              problems.add(
                  section.position(),
                  "The destination " + TomlSection.quoted(destination) + " has its rules twice.");
            }
          }
        });
    return retention;
  }

  private List<RetentionRules.LegalTime> legal(TomlSection in) {
    List<RetentionRules.LegalTime> legal = new ArrayList<>();
    for (TomlSection each : in.repeated("legal")) {
      try (each) {
        Set<String> modalities = modalities(each);
        Optional<Period> keep = each.period("keep");
        OptionalInt untilAge = each.number("until_age", 0, 150);
        if (!each.has("keep")) {
          problems.missing(
              each.position(),
              each.path("keep") + " is missing; say how long, such as keep = \"P10Y\".");
        }
        keep.ifPresent(
            period -> legal.add(new RetentionRules.LegalTime(modalities, period, untilAge)));
      }
    }
    return legal;
  }

  private List<DiskSet> disks(TomlSection root) {
    Map<String, String> sets = new HashMap<>();
    List<DiskSet> disks = new ArrayList<>();
    root.sections("disks")
        .forEach((name, section) -> {
          try (section) {
            List<String> destinations = new ArrayList<>();
            for (TomlSection.Entry entry : section.list("at")) {
              Optional<String> wrong = Addresses.wrongDestination(entry.value());
              if (wrong.isPresent()) {
                problems.add(entry.position(), section.path("at") + " " + wrong.get() + ".");
                continue;
              }
              String other = sets.put(Addresses.normal(entry.value()), name);
              if (other != null) {
                problems.add(
                    entry.position(),
                    TomlSection.quoted(entry.value())
                        + " is named twice, by the disks "
                        + TomlSection.quoted(other)
                        + " and "
                        + TomlSection.quoted(name)
                        + ".");
              } else {
                destinations.add(Addresses.whole(entry.value()));
              }
            }
            if (!section.isFilled("at")) {
              problems.missing(
                  section.position(),
                  section.path("at")
                      + " is missing or empty; say where the disks appear, such as at ="
                      + " [\"zip:/Volumes/Backup\"].");
            }
            disks.add(
                new DiskSet(
                    name,
                    destinations,
                    (int) section.number("remind_after_days", 1, 3650, DEFAULT_REMIND_AFTER_DAYS)));
          }
        });
    return disks;
  }

  private static LogSettings logs(TomlSection section) {
    try (section) {
      LogSettings defaults = LogSettings.DEFAULT;
      return new LogSettings(
          section.number("file_bytes", 65_536, 1L << 40, defaults.fileBytesMax()),
          (int) section.number("files", 1, 1000, defaults.files()),
          section.flag("daily", defaults.daily()),
          (int) section.number("keep_days", 1, 36_500, defaults.keepDays()));
    }
  }

  private NameSettings names(TomlSection section) {
    try (section) {
      Optional<String> key = section.text("pseudonym_key");
      Optional<SecretReference> reference = key.flatMap(SecretReference::parse);
      if (key.isPresent() && reference.isEmpty()) {
        // The value is not repeated: it may be the secret itself.
        section.wrong(
            "pseudonym_key",
            "must say where the key is kept, env:NAME or file:/PATH; the key itself must not stand"
                + " here");
      }
      Optional<String> mapping = section.text("pseudonym_mapping");
      if (mapping.filter(path -> !Addresses.isAbsolute(path)).isPresent()) {
        section.wrong("pseudonym_mapping", "must be a whole path; begin it with / or ~/ (or C:\\)");
        mapping = Optional.empty();
      }
      return new NameSettings(
          reference, mapping.map(Addresses::withHome), section.flag("catalogue_copies", false));
    }
  }
}
