package serdab.endurance;

import java.time.LocalDate;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What really is in the source, and was at each run: kept by the test alone, never asked of the
/// code under test.
final class Truth {

  /// What the source holds now, by study and path.
  private final Map<String, TreeMap<String, byte[]>> source = new TreeMap<>();

  /// Every state that a study had while a run read it, by study and version, the one read last at
  /// the end.
  private final Map<String, LinkedHashMap<String, Map<String, byte[]>>> states = new HashMap<>();

  private final Map<String, LocalDate> dates = new HashMap<>();
  private final Set<String> broken = new HashSet<>();

  /// Studies whose last change the source's index does not show.
  private final Set<String> hidden = new HashSet<>();

  /// Studies that changed in their headers alone since they were last copied.
  private final Set<String> headersOnly = new HashSet<>();

  /// Studies that came back to a state which they had had before.
  private final Set<String> returned = new HashSet<>();

  // ---- the source

  void put(String study, String path, byte[] content) {
    source.computeIfAbsent(study, _ -> new TreeMap<>()).put(path, content);
  }

  void take(String study, String path) {
    source.getOrDefault(study, new TreeMap<>()).remove(path);
  }

  void remove(String study) {
    source.remove(study);
    hidden.remove(study);
    headersOnly.remove(study);
  }

  void date(String study, LocalDate date) {
    dates.put(study, date);
  }

  LocalDate date(String study) {
    return dates.getOrDefault(study, LocalDate.EPOCH);
  }

  Set<String> studies() {
    return new TreeSet<>(source.keySet());
  }

  boolean has(String study) {
    return source.containsKey(study);
  }

  TreeMap<String, byte[]> files(String study) {
    return new TreeMap<>(source.getOrDefault(study, new TreeMap<>()));
  }

  void broke(String path) {
    broken.add(path);
  }

  void mended() {
    broken.clear();
  }

  boolean isBroken(String study) {
    return files(study).keySet().stream().anyMatch(broken::contains);
  }

  void hide(String study) {
    hidden.add(study);
  }

  boolean isHidden(String study) {
    return hidden.contains(study);
  }

  void shown(String study) {
    hidden.remove(study);
  }

  void changed(String study, boolean inHeadersOnly) {
    if (!inHeadersOnly) {
      headersOnly.remove(study);
    } else if (!hidden.contains(study)) {
      headersOnly.add(study);
    }
  }

  boolean mayWaitForQuiet(String study) {
    return headersOnly.contains(study);
  }

  // ---- what a run could read

  /// Remembers what a run that begins now can read.
  void runBegins() {
    for (String study : source.keySet()) {
      TreeMap<String, byte[]> readable = files(study);
      readable.keySet().removeAll(broken);
      if (!readable.isEmpty()) {
        LinkedHashMap<String, Map<String, byte[]>> known =
            states.computeIfAbsent(study, _ -> new LinkedHashMap<>());
        String version = PlainZip.version(readable.values());
        if (known.containsKey(version) && !known.lastEntry().getKey().equals(version)) {
          returned.add(study);
        }
        known.remove(version);
        known.put(version, readable);
      }
    }
  }

  /// Whether a study ever came back to an earlier state, as when an image that was added is
  /// deleted. A destination holds that version once, with its first date, so it cannot tell that it
  /// is the newest again.
  boolean cameBack(String study) {
    return returned.contains(study);
  }

  /// The version that the source shows now.
  String present(String study) {
    return PlainZip.version(files(study).values());
  }

  /// The files of a version that a run could read once; empty when there never was one.
  Optional<Map<String, byte[]>> state(String study, String version) {
    return Optional.ofNullable(states.getOrDefault(study, new LinkedHashMap<>()).get(version));
  }

  /// Every study that any run could read.
  Set<String> everSeen() {
    return new TreeSet<>(states.keySet());
  }

  /// Every version of a study that any run could read, the one that was there last at the end.
  Set<String> versions(String study) {
    return states.getOrDefault(study, new LinkedHashMap<>()).sequencedKeySet();
  }
}
