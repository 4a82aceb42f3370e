package serdab.retention;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Period;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import serdab.Sha256;
import serdab.plan.RetentionRules;

/// Retention rules as lines of text, for plans and certificates. The same rules have the same text.
public final class RulesText {

  private static final Pattern LEGAL =
      Pattern.compile("([A-Za-z0-9_,]*|\\*)=([^@]+)(?:@(\\d{1,3}))?");
  private static final int AGE_MAX = 150;
  private static final int VERSIONS_MAX = 1_000_000;
  private static final int MONTHS_MAX = 100_000;
  private static final int LINES_MAX = 1000;

  private RulesText() {}

  /// One line for each rule, sorted.
  public static List<String> lines(RetentionRules rules) {
    List<String> lines = new ArrayList<>();
    rules.versions().ifPresent(count -> lines.add("versions: " + count));
    rules.versionsFor().ifPresent(time -> lines.add("versions-for: " + time));
    rules.studiesFor().ifPresent(time -> lines.add("studies-for: " + time));
    rules.months().ifPresent(count -> lines.add("months: " + count));
    rules.legal().forEach(time -> lines.add("legal: " + legal(time)));
    return lines.stream().sorted().distinct().toList();
  }

  /// A legal time as it is written: `MG=P20Y@30`, or `*=P10Y` for all modalities.
  static String legal(RetentionRules.LegalTime time) {
    String modalities =
        time.modalities().isEmpty() ? "*" : String.join(",", new TreeSet<>(time.modalities()));
    String age = time.untilAge().isPresent() ? "@" + time.untilAge().getAsInt() : "";
    return modalities + "=" + time.keep() + age;
  }

  /// SHA-256 over the lines, each with a line feed.
  public static Sha256 hash(List<String> lines) {
    String text = lines.stream().map(line -> line + "\n").collect(Collectors.joining());
    return Sha256.digest(text.getBytes(StandardCharsets.UTF_8));
  }

  /// Reads a legal time.
  ///
  /// @throws IllegalArgumentException saying what is wrong
  public static RetentionRules.LegalTime parseLegal(String text) {
    Matcher matcher = LEGAL.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("write it as MG=P20Y or MG,CR=P10Y@28 or *=P10Y");
    }
    String modalities = matcher.group(1);
    Set<String> named =
        modalities.isEmpty() || modalities.equals("*")
            ? Set.of()
            : Arrays.stream(modalities.split(",", -1))
                .filter(modality -> !modality.isBlank())
                .map(modality -> modality.toUpperCase(Locale.ROOT))
                .collect(Collectors.toSet());
    OptionalInt age = OptionalInt.empty();
    if (matcher.group(3) != null) {
      age = OptionalInt.of(Integer.parseInt(matcher.group(3)));
      if (age.getAsInt() > AGE_MAX) {
        throw new IllegalArgumentException("the age is more than " + AGE_MAX);
      }
    }
    return new RetentionRules.LegalTime(named, parsePeriod(matcher.group(2)), age);
  }

  /// Reads a period such as `P20Y` that is not negative.
  ///
  /// @throws IllegalArgumentException saying what is wrong
  public static Period parsePeriod(String text) {
    try {
      Period period = Period.parse(text.strip());
      if (period.getYears() >= 0 && period.getMonths() >= 0 && period.getDays() >= 0) {
        return period;
      }
    } catch (DateTimeException e) {
      // Said below.
    }
    throw new IllegalArgumentException(
        "'" + text + "' is no period; write it as P1Y, P18M or P90D");
  }

  /// Reads a number of versions.
  ///
  /// @throws IllegalArgumentException saying what is wrong
  public static int parseVersions(String text) {
    return parseCount(text, VERSIONS_MAX, "versions");
  }

  /// Reads a number of months.
  ///
  /// @throws IllegalArgumentException saying what is wrong
  public static int parseMonths(String text) {
    return parseCount(text, MONTHS_MAX, "months");
  }

  private static int parseCount(String text, int most, String what) {
    try {
      int count = Integer.parseInt(text.strip());
      if (count >= 1 && count <= most) {
        return count;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IllegalArgumentException("'" + text + "' is no number of " + what + "; at least 1");
  }

  /// Reads what [#lines] wrote.
  ///
  /// @throws IllegalArgumentException when it is anything else
  public static RetentionRules parse(List<String> lines) {
    OptionalInt versions = OptionalInt.empty();
    Optional<Period> versionsFor = Optional.empty();
    Optional<Period> studiesFor = Optional.empty();
    OptionalInt months = OptionalInt.empty();
    List<RetentionRules.LegalTime> legal = new ArrayList<>();
    if (lines.size() > LINES_MAX) {
      throw new IllegalArgumentException("there are more than " + LINES_MAX + " rules");
    }
    for (String line : lines) {
      int colon = line.indexOf(": ");
      String value = colon < 0 ? "" : line.substring(colon + 2);
      switch (colon < 0 ? "" : line.substring(0, colon)) {
        case "versions" -> versions = OptionalInt.of(parseVersions(value));
        case "versions-for" -> versionsFor = Optional.of(parsePeriod(value));
        case "studies-for" -> studiesFor = Optional.of(parsePeriod(value));
        case "months" -> months = OptionalInt.of(parseMonths(value));
        case "legal" -> legal.add(parseLegal(value));
        default -> throw new IllegalArgumentException("there is an unknown rule");
      }
    }
    return new RetentionRules(versions, versionsFor, studiesFor, months, legal);
  }
}
