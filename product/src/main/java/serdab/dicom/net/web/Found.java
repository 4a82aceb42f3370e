package serdab.dicom.net.web;

import java.util.List;
import java.util.Map;

/// What a search found.
///
/// @param rows by the UID that tells them apart, in the order in which they came first
/// @param certain whether the node gave a reason to believe that these are all: its answers ended
///   by themselves, and no page was given twice
/// @param strange rows without a UID, which name nothing
public record Found<R>(Map<String, R> rows, boolean certain, long strange) {

  public Found {
    rows = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(rows));
  }

  public List<R> all() {
    return List.copyOf(rows.values());
  }
}
