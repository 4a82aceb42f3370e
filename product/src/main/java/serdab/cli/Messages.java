package serdab.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.MessageFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import serdab.Problem;

/// The sentences that commands print for people, in their language.
///
/// A language is a file `messages_LANGUAGE.properties` beside this class, in UTF-8. Fixed lines are
/// patterns of [MessageFormat] under a key; English is in `messages.properties`. For each problem
/// code there are two plain sentences without values, `problem.CODE.what` and `problem.CODE.next`:
/// a problem itself is English wherever it is made, with its values, so that logs, `--json` and
/// what people report mean the same everywhere. In another language it is shown between the two.
/// What a kind of finding means stands under `finding.KIND`.
///
/// Thread-safe.
final class Messages {

  /// Languages there are, besides English.
  static final List<String> TRANSLATED = List.of("pt_BR");

  static final Messages ENGLISH = new Messages("", Locale.ROOT);

  /// In this order, the first that is set says which language; then the system.
  private static final List<String> VARIABLES =
      List.of("SERDAB_LANG", "LC_ALL", "LC_MESSAGES", "LANG");

  private final String suffix;
  private final Locale locale;
  private volatile Properties lines = new Properties();

  private Messages(String suffix, Locale locale) {
    this.suffix = suffix;
    this.locale = locale;
  }

  /// The language that the environment asks for.
  ///
  /// @param otherwise the system's language, for when the environment says nothing
  static Messages of(Map<String, String> environment, Locale otherwise) {
    String asked =
        VARIABLES.stream()
            .map(name -> environment.getOrDefault(name, "").strip())
            .filter(value -> !value.isEmpty())
            .findFirst()
            .orElse(otherwise.toLanguageTag());
    return in(asked);
  }

  /// The language of a name such as `pt_BR.UTF-8`, `pt-BR` or `pt`; English for what is not known.
  static Messages in(String name) {
    String wanted = name.replace('-', '_').split("[.@]", 2)[0].toLowerCase(Locale.ROOT);
    for (String language : TRANSLATED) {
      String known = language.toLowerCase(Locale.ROOT);
      // Portuguese from elsewhere is nearer to this one than English is.
      if (wanted.equals(known) || wanted.split("_", 2)[0].equals(known.split("_", 2)[0])) {
        return new Messages("_" + language, Locale.forLanguageTag(language.replace('_', '-')));
      }
    }
    return ENGLISH;
  }

  /// Whether these are the sentences as the code makes them.
  boolean isEnglish() {
    return suffix.isEmpty();
  }

  /// A line by its key. Numbers are written as the pattern says.
  String text(String key, Object... values) {
    String pattern = lines().getProperty(key);
    if (pattern == null) {
      throw new IllegalArgumentException(key);
    }
    return new MessageFormat(pattern, locale).format(values);
  }

  /// A line without values, if there is one of this key.
  Optional<String> known(String key) {
    return lines().containsKey(key) ? Optional.of(text(key)) : Optional.empty();
  }

  /// A problem in one line.
  String line(Problem problem) {
    return isEnglish() ? problem.text() : String.join(" ", told(problem));
  }

  /// A warning in one line.
  String warning(Problem warning) {
    return text("any.warning", line(warning));
  }

  /// What was found: in another language than English, what its kind means, then the English.
  String detail(String kind, String english) {
    return isEnglish()
        ? english
        : known("finding." + kind).map(means -> means + " [" + english + "]").orElse(english);
  }

  /// A problem in the lines that tell of it: what happened, facts, what to do.
  List<String> told(Problem problem) {
    List<String> told = new ArrayList<>();
    Optional<String> what = sentence(problem.code(), "what");
    if (what.isEmpty()) {
      told.add(problem.what());
      told.add(problem.next());
    } else {
      told.add(what.get());
      told.add("[" + problem.code() + ": " + problem.text() + "]");
      told.add(sentence(problem.code(), "next").orElse(""));
    }
    told.removeIf(String::isEmpty);
    return told;
  }

  /// How long ago, as people say it.
  String length(Duration time) {
    if (time.toDays() >= 2) {
      return text("time.days", time.toDays());
    }
    return time.toHours() >= 2
        ? text("time.hours", time.toHours())
        : text("time.minutes", Math.max(0, time.toMinutes()));
  }

  private Optional<String> sentence(String code, String part) {
    return isEnglish()
        ? Optional.empty()
        : Optional.ofNullable(lines().getProperty("problem." + code + "." + part));
  }

  private Properties lines() {
    Properties known = lines;
    if (known.isEmpty()) {
      known = read(suffix);
      lines = known;
    }
    return known;
  }

  /// What `--help` shows in this language; empty for English, which stands in the code.
  Properties helpTexts() {
    return isEnglish() ? new Properties() : readFile("help" + suffix);
  }

  /// All lines of a language; empty text is English.
  static Properties read(String suffix) {
    return readFile("messages" + suffix);
  }

  private static Properties readFile(String name) {
    Properties read = new Properties();
    try (InputStream in = Messages.class.getResourceAsStream(name + ".properties")) {
      if (in == null) {
        throw new IllegalStateException(name);
      }
      read.load(new InputStreamReader(in, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return read;
  }
}
