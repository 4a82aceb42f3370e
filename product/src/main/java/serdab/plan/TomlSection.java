package serdab.plan;

import java.time.Duration;
import java.time.LocalDate;
import java.time.Period;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/// One table of a configuration, read key by key. What is wrong is noted with its place and read as
/// if it were not there; [#close] notes the keys that nobody asked for.
final class TomlSection implements AutoCloseable {

  /// Longer lists are a mistake, and every entry is looked at more than once.
  private static final int LIST_MAX = 1000;

  private final TomlTable table;
  private final String name;
  private final @Nullable TomlPosition position;
  private final ConfigurationProblems problems;
  private final Set<String> known = new LinkedHashSet<>();

  TomlSection(
      TomlTable table,
      String name,
      @Nullable TomlPosition position,
      ConfigurationProblems problems) {
    this.table = table;
    this.name = name;
    this.position = position;
    this.problems = problems;
  }

  /// Where it begins.
  @Nullable TomlPosition position() {
    return position;
  }

  @Nullable TomlPosition position(String key) {
    return table.inputPositionOf(List.of(key));
  }

  boolean has(String key) {
    return table.get(List.of(key)) != null;
  }

  /// Whether something stands there that is not an empty list.
  boolean isFilled(String key) {
    return switch (table.get(List.of(key))) {
      case null -> false;
      case TomlArray array -> !array.isEmpty();
      default -> true;
    };
  }

  /// A key's full name, as a person would look for it.
  String path(String key) {
    return name.isEmpty() ? key : name + "." + key;
  }

  void wrong(String key, String what) {
    problems.add(position(key), path(key) + " " + what + ".");
  }

  /// An entry of a list and where it stands.
  record Entry(String value, @Nullable TomlPosition position) {}

  // ---- values

  Optional<String> text(String key) {
    return value(key, String.class, "a text in quotes");
  }

  boolean flag(String key, boolean otherwise) {
    return value(key, Boolean.class, "true or false").orElse(otherwise);
  }

  long number(String key, long least, long most, long otherwise) {
    Optional<Long> found = value(key, Long.class, "a whole number from " + least + " to " + most);
    if (found.filter(value -> value < least || value > most).isPresent()) {
      wrong(key, "is " + found.get() + "; it must be from " + least + " to " + most);
      return otherwise;
    }
    return found.orElse(otherwise);
  }

  OptionalInt number(String key, int least, int most) {
    if (!has(key)) {
      known.add(key);
      return OptionalInt.empty();
    }
    int none = least - 1;
    int found = (int) number(key, least, most, none);
    return found == none ? OptionalInt.empty() : OptionalInt.of(found);
  }

  Duration duration(String key, Duration least, Duration most, Duration otherwise) {
    return duration(key, least, most).orElse(otherwise);
  }

  Optional<Duration> duration(String key, Duration least, Duration most) {
    Optional<String> text = value(key, String.class, "a duration in quotes, such as \"1s\"");
    Optional<Duration> duration = text.flatMap(Durations::duration);
    if (text.isPresent() && duration.isEmpty()) {
      wrong(
          key,
          "is " + quoted(text.get()) + "; it must be a duration such as 500ms, 1s, 10m or 24h");
    }
    if (duration
        .filter(each -> each.compareTo(least) < 0 || each.compareTo(most) > 0)
        .isPresent()) {
      wrong(
          key,
          "is "
              + quoted(text.orElse(""))
              + "; it must be from "
              + Durations.text(least)
              + " to "
              + Durations.text(most));
      return Optional.empty();
    }
    return duration;
  }

  Optional<Period> period(String key) {
    Optional<String> text = value(key, String.class, "a period in quotes, such as \"P10Y\"");
    Optional<Period> period = text.flatMap(Durations::period);
    if (text.isPresent() && period.isEmpty()) {
      wrong(
          key,
          "is "
              + quoted(text.get())
              + "; it must be a period such as P1Y, P18M, 30d, 6w or 10y, longer than nothing");
    }
    return period;
  }

  Optional<LocalDate> date(String key) {
    known.add(key);
    Object found = table.get(List.of(key));
    if (found instanceof LocalDate date) {
      return Optional.of(date);
    }
    if (found instanceof String text) {
      try {
        return Optional.of(LocalDate.parse(text));
      } catch (DateTimeParseException e) {
        wrong(key, "is " + quoted(text) + "; it must be a date such as 2024-01-31");
      }
    } else if (found != null) {
      wrong(key, "must be a date such as 2024-01-31; it is " + described(found));
    }
    return Optional.empty();
  }

  /// A list of texts; one text alone is a list of one.
  List<Entry> list(String key) {
    known.add(key);
    Object found = table.get(List.of(key));
    List<Entry> entries = new ArrayList<>();
    if (found instanceof String text) {
      entries.add(new Entry(text, position(key)));
    } else if (found instanceof TomlArray array) {
      if (array.size() > LIST_MAX) {
        wrong(key, "has more than " + LIST_MAX + " entries");
        return List.of();
      }
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i) instanceof String text) {
          entries.add(new Entry(text, array.inputPositionOf(i)));
        } else {
          problems.add(
              array.inputPositionOf(i),
              path(key) + " must hold texts in quotes; here is " + described(array.get(i)) + ".");
        }
      }
    } else if (found != null) {
      wrong(key, "must be a list such as [\"a\", \"b\"]; it is " + described(found));
    }
    return entries;
  }

  // ---- tables in it

  /// The tables of a table, by name: `[plan.daily]` and `[plan.weekly]` for `plan`.
  Map<String, TomlSection> sections(String key) {
    known.add(key);
    Map<String, TomlSection> sections = new LinkedHashMap<>();
    Object found = table.get(List.of(key));
    if (found instanceof TomlTable tables) {
      for (String each : tables.keySet()) {
        TomlPosition at = tables.inputPositionOf(List.of(each));
        if (tables.get(List.of(each)) instanceof TomlTable inner) {
          sections.put(each, new TomlSection(inner, path(key) + "." + shown(each), at, problems));
        } else {
          problems.add(
              at,
              path(key)
                  + "."
                  + shown(each)
                  + " must be a table: begin it with ["
                  + path(key)
                  + ".NAME] on a line of its own.");
        }
      }
    } else if (found != null) {
      wrong(key, "must be a table: begin it with [" + path(key) + ".NAME] on a line of its own");
    }
    return sections;
  }

  /// A table that stands there once, or nothing.
  Optional<TomlSection> section(String key) {
    known.add(key);
    Object found = table.get(List.of(key));
    if (found instanceof TomlTable inner) {
      return Optional.of(new TomlSection(inner, path(key), position(key), problems));
    }
    if (found != null) {
      wrong(key, "must be a table: begin it with [" + path(key) + "] on a line of its own");
    }
    return Optional.empty();
  }

  /// The tables of an array of tables: `[[plan.daily.rule]]`.
  List<TomlSection> repeated(String key) {
    known.add(key);
    Object found = table.get(List.of(key));
    List<TomlSection> sections = new ArrayList<>();
    if (found instanceof TomlArray array && array.size() <= LIST_MAX) {
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i) instanceof TomlTable inner) {
          sections.add(new TomlSection(inner, path(key), array.inputPositionOf(i), problems));
        } else {
          problems.add(
              array.inputPositionOf(i),
              path(key) + " must be tables: begin each with [[" + path(key) + "]].");
        }
      }
    } else if (found != null) {
      wrong(key, "must be at most " + LIST_MAX + " tables: begin each with [[" + path(key) + "]]");
    }
    return sections;
  }

  /// Notes every key that nobody asked for, with the known one that is nearest.
  @Override
  public void close() {
    for (String key : table.keySet()) {
      if (!known.contains(key)) {
        problems.add(
            position(key),
            path(shown(key))
                + " is no key that is known"
                + nearest(key).map(near -> "; did you mean " + near + "?").orElse("."));
      }
    }
  }

  // ----

  private <T> Optional<T> value(String key, Class<T> type, String wanted) {
    known.add(key);
    Object found = table.get(List.of(key));
    if (type.isInstance(found)) {
      return Optional.of(type.cast(found));
    }
    if (found != null) {
      wrong(key, "must be " + wanted + "; it is " + described(found));
    }
    return Optional.empty();
  }

  /// What was found, in a person's words; never its content.
  private static String described(Object found) {
    return switch (found) {
      case String _ -> "a text in quotes";
      case Long _ -> "a whole number";
      case Double _ -> "a number with a fraction";
      case Boolean _ -> "true or false";
      case TomlArray _ -> "a list";
      case TomlTable _ -> "a table";
      default -> "a date or time";
    };
  }

  static String quoted(String text) {
    return "\"" + shown(text) + "\"";
  }

  /// Short and without control characters, for a terminal.
  static String shown(String text) {
    String clean = text.replaceAll("\\p{Cntrl}", "?");
    return clean.length() <= 100 ? clean : clean.substring(0, 100) + "…";
  }

  private Optional<String> nearest(String key) {
    String wanted = key.toLowerCase(Locale.ROOT).replace('-', '_');
    Optional<String> best = Optional.empty();
    int bestDistance = 1 + Math.max(1, wanted.length() / 3);
    for (String each : known) {
      int distance = distance(wanted, each);
      if (distance < bestDistance) {
        bestDistance = distance;
        best = Optional.of(each);
      }
    }
    return best;
  }

  /// How many letters must be changed, added, left out or swapped with a neighbour.
  private static int distance(String a, String b) {
    if (Math.abs(a.length() - b.length()) > 10 || a.length() > 100) {
      return Integer.MAX_VALUE;
    }
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        int least = Math.min(cost[i - 1][j] + 1, cost[i][j - 1] + 1);
        least = Math.min(least, cost[i - 1][j - 1] + same);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          least = Math.min(least, cost[i - 2][j - 2] + 1);
        }
        cost[i][j] = least;
      }
    }
    return cost[a.length()][b.length()];
  }
}
