package serdab.plan;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// How much is asked of a node before a study is sent to it.
public enum Existing {
  /// Which instances it has; those that it lacks are sent.
  FULL,
  /// How many instances it has. As many as ours: nothing is sent, and nothing is proven.
  COUNT,
  /// Whether it has the study. If so, nothing is sent, and nothing is proven.
  SKIP;

  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// The one that is written so.
  public static Optional<Existing> parse(String text) {
    return Arrays.stream(values()).filter(each -> each.text().equals(text)).findFirst();
  }
}
