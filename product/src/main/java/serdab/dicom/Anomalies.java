package serdab.dicom;

import java.util.ArrayList;
import java.util.List;

/// Collects anomalies of one file, up to the limit. One thread at a time.
final class Anomalies {

  private final int max;
  private final List<Anomaly> found = new ArrayList<>(0);

  Anomalies(int max) {
    this.max = max;
  }

  void add(Anomaly.Kind kind, long position, String detail) {
    if (found.size() < max) {
      found.add(new Anomaly(kind, position, detail));
    } else if (found.size() == max) {
      found.add(
          new Anomaly(
              Anomaly.Kind.MORE_ANOMALIES, position, "only the first " + max + " are listed"));
    }
  }

  List<Anomaly> list() {
    return List.copyOf(found);
  }
}
