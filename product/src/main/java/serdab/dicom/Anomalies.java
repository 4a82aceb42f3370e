package serdab.dicom;

import java.util.ArrayList;
import java.util.List;

/// Collects anomalies of one file, up to the limit. Damage has a limit of its own, so that many
/// small oddities cannot hide it. One thread at a time.
final class Anomalies {

  private final int max;
  private final List<Anomaly> found = new ArrayList<>(0);
  private int odd;
  private int damages;
  private boolean more;

  Anomalies(int max) {
    this.max = max;
  }

  void add(Anomaly.Kind kind, long position, String detail) {
    int before = kind.severity() == Anomaly.Severity.ODD ? odd++ : damages++;
    if (before < max) {
      found.add(new Anomaly(kind, position, detail));
    } else if (!more) {
      more = true;
      found.add(
          new Anomaly(
              Anomaly.Kind.MORE_ANOMALIES, position, "only the first " + max + " are listed"));
    }
  }

  List<Anomaly> list() {
    return List.copyOf(found);
  }
}
