package serdab.plan;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.Problem;
import serdab.SerdabException;

/// What an installation shall do, as its configuration says (`docs/configuration.md`). Holds no
/// secret, only where secrets are kept.
///
/// @param zone the time zone of plans that name none
/// @param plans in the order of the file
/// @param retention by destination, in one spelling; ask with [#retentionOf]
/// @param disks sets of disks that take turns
/// @param logs how much of its own log is kept
/// @param names what naming copies needs
public record Configuration(
    ZoneId zone,
    List<NamedPlan> plans,
    Map<String, RetentionRules> retention,
    List<DiskSet> disks,
    LogSettings logs,
    NameSettings names) {

  /// Long enough for a hundred plans; a wrong file does not fill the memory.
  static final int BYTES_MAX = 1 << 20;

  private static final Set<PosixFilePermission> OTHERS_READ =
      Set.of(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);

  public Configuration {
    plans = List.copyOf(plans);
    Map<String, RetentionRules> normal = new LinkedHashMap<>();
    retention.forEach((destination, rules) -> normal.put(Addresses.normal(destination), rules));
    retention = java.util.Collections.unmodifiableMap(normal);
    disks = List.copyOf(disks);
  }

  /// A configuration of plans alone, all else at its default.
  public static Configuration of(ZoneId zone, List<NamedPlan> plans) {
    return new Configuration(
        zone, plans, Map.of(), List.of(), LogSettings.DEFAULT, NameSettings.NONE);
  }

  /// A configuration that was read, and what a person should know of its file.
  public record Loaded(Configuration configuration, List<Problem> warnings) {

    public Loaded {
      warnings = List.copyOf(warnings);
    }
  }

  /// Reads a configuration.
  ///
  /// @param here the time zone where the file names none
  /// @throws SerdabException.Misconfigured when it is not there, cannot be read, or anything in it
  ///   is wrong; its problem lists everything that is, by line and column
  public static Configuration read(Path file, ZoneId here) {
    return load(file, here).configuration();
  }

  /// Reads a configuration as [#read] does, and looks at who else may read it.
  public static Loaded load(Path file, ZoneId here) {
    byte[] content;
    try (InputStream in = Files.newInputStream(file)) {
      content = in.readNBytes(BYTES_MAX + 1);
    } catch (NoSuchFileException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "configuration-missing",
              "There is no configuration at " + file + ".",
              "Make one with: serdab init"),
          e);
    } catch (IOException e) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "configuration-unreadable",
              "The configuration " + file + " cannot be read.",
              "Make the file readable for the user that runs serdab."),
          e);
    }
    Configuration configuration = parse(content, file.toString(), here);
    List<Problem> warnings = new ArrayList<>();
    warnWhenOthersRead(file, "The configuration", warnings);
    configuration
        .names
        .pseudonymKey()
        .flatMap(SecretReference::file)
        .ifPresent(secret -> warnWhenOthersRead(secret, "The secret in", warnings));
    return new Loaded(configuration, warnings);
  }

  private static void warnWhenOthersRead(Path file, String what, List<Problem> warnings) {
    try {
      if (Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS_READ::contains)) {
        warnings.add(
            new Problem(
                "readable-by-others",
                what + " " + file + " can be read by other users.",
                "Run: chmod 600 \"" + file + "\""));
      }
    } catch (IOException | UnsupportedOperationException e) {
      // Not there, or a system without these permissions: nothing to say.
    }
  }

  /// Reads the text of a configuration, such as one that was left beside the copies.
  ///
  /// @param where what it is called in messages
  /// @throws SerdabException.Misconfigured as [#read]
  public static Configuration parse(String text, String where, ZoneId here) {
    return parse(text.getBytes(java.nio.charset.StandardCharsets.UTF_8), where, here);
  }

  private static Configuration parse(byte[] content, String where, ZoneId here) {
    ConfigurationReader reader = new ConfigurationReader(here);
    Configuration configuration = reader.read(content);
    List<ConfigurationProblem> problems = reader.problems();
    if (problems.isEmpty()) {
      return configuration;
    }
    StringBuilder all = new StringBuilder();
    all.append("The configuration ").append(where).append(" has ");
    all.append(problems.size() == 1 ? "a problem:" : problems.size() + " problems:");
    problems.stream()
        .limit(ConfigurationProblems.SHOWN_MAX)
        .forEach(problem -> all.append("\n  ").append(problem.text()));
    if (problems.size() > ConfigurationProblems.SHOWN_MAX) {
      all.append("\n  and more, which are not listed here");
    }
    throw new SerdabException.Misconfigured(
        new Problem(
            "configuration-wrong",
            all.toString(),
            "Nothing was done. Mend these lines; docs/configuration.md describes every key."));
  }

  /// What is wrong in the text of a configuration, by line and column; empty when nothing is.
  public static List<ConfigurationProblem> check(String text, ZoneId here) {
    ConfigurationReader reader = new ConfigurationReader(here);
    Configuration _ = reader.read(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return reader.problems();
  }

  /// The plan of this name.
  public Optional<NamedPlan> plan(String name) {
    return plans.stream().filter(plan -> plan.name().equals(name)).findFirst();
  }

  /// The rules for a destination, however its path is spelled; those that keep everything when it
  /// has none.
  public RetentionRules retentionOf(String destination) {
    return retention.getOrDefault(Addresses.normal(destination), RetentionRules.ALL);
  }

  /// The set of disks that a destination takes turns in.
  public Optional<DiskSet> diskSetOf(String destination) {
    String normal = Addresses.normal(destination);
    return disks.stream()
        .filter(set -> set.destinations().stream().map(Addresses::normal).anyMatch(normal::equals))
        .findFirst();
  }

  /// This configuration as TOML, which reads as an equal one. Secrets stay references. What no key
  /// says (a plan's Patient ID, only ever asked for by hand) is left out.
  public String text() {
    return ConfigurationWriter.text(this, true, true);
  }

  /// What another machine needs to go on, as TOML for leaving beside the copies: all but this
  /// machine's logs. Holds no secret, only where they were kept.
  public String plansText() {
    return ConfigurationWriter.text(this, false, true);
  }

  /// As [#plansText], for eyes that may not see Study Instance UIDs: a plan for single studies is
  /// written without them, and not enabled.
  public String plansTextWithoutStudies() {
    return ConfigurationWriter.text(this, false, false);
  }
}
