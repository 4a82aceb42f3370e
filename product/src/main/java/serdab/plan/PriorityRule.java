package serdab.plan;

import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/// A rule of the order `smart`: studies that match an earlier rule come before those that match a
/// later one or none. An empty condition is met by every study.
///
/// @param modalities any of these, in upper case
/// @param addedWithinDays taken in by the source at most so many days ago
/// @param states any of these states of the viewer: `unread`, `reviewed`, `dictated`, `validated`,
///   `empty`
public record PriorityRule(
    Set<String> modalities, OptionalInt addedWithinDays, Set<String> states) {

  public PriorityRule {
    modalities = Set.copyOf(modalities);
    states = Set.copyOf(states);
  }

  /// One spelling, such as `modality=CT,MR added-within-days=30 state=`.
  public String text() {
    return "modality="
        + String.join(",", new TreeSet<>(modalities))
        + " added-within-days="
        + (addedWithinDays.isPresent() ? Integer.toString(addedWithinDays.getAsInt()) : "")
        + " state="
        + String.join(",", new TreeSet<>(states));
  }
}
