package serdab.backup;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import serdab.destination.Destination;
import serdab.destination.SizeEstimator;
import serdab.dicom.ByteSource;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.StudyReceiver;

/// Lets destinations look at a sample of the files that a run would copy. Writes nothing. One
/// thread at a time.
final class SizeSample {

  private final Inventory inventory;
  private final StopSignal stop;

  SizeSample(Inventory inventory, StopSignal stop) {
    this.inventory = inventory;
    this.stop = stop;
  }

  /// What the work would take, by the destination's place in the list; destinations that cannot
  /// tell, or get nothing, are left out. Asked to stop, it tells nothing.
  SortedMap<Integer, SizeEstimator.Estimate> estimates(
      List<WorkItem> work, List<Destination> destinations) {
    SortedMap<Integer, SizeEstimator.Estimate> estimates = new TreeMap<>();
    for (int i = 0; i < destinations.size(); i++) {
      int index = i;
      List<WorkItem> wanted = work.stream().filter(item -> item.targets().contains(index)).toList();
      if (wanted.isEmpty()) {
        continue;
      }
      long total = 0;
      for (WorkItem item : wanted) {
        for (SourceFile file : inventory.files(item.study())) {
          total += Math.max(0, file.lengthBytes());
        }
      }
      destinations
          .get(i)
          .estimator(total)
          .ifPresent(estimator -> {
            try (estimator) {
              wanted.forEach(item -> sample(item, estimator));
              if (!stop.isRequested()) {
                estimates.put(index, estimator.estimate());
              }
            }
          });
    }
    return estimates;
  }

  private void sample(WorkItem item, SizeEstimator estimator) {
    if (stop.isRequested()) {
      return;
    }
    List<SourceFile> files = inventory.files(item.study());
    Map<String, Long> places = new HashMap<>();
    Set<String> others = new HashSet<>();
    for (SourceFile file : files) {
      OptionalLong place = estimator.place(Math.max(0, file.lengthBytes()));
      if (place.isPresent()) {
        places.put(file.path(), place.getAsLong());
      } else {
        others.add(file.path());
      }
    }
    if (!places.isEmpty()) {
      // A study that changes while it is looked at is looked at as far as that goes.
      inventory.deliver(item.study(), others, new Sampling(estimator, places));
    }
  }

  /// What cannot be given now may be given when the backup runs.
  private record Sampling(SizeEstimator estimator, Map<String, Long> places)
      implements StudyReceiver {

    @Override
    public void take(SourceFile file, ByteSource bytes) throws IOException {
      Long place = places.get(file.path());
      if (place != null) {
        estimator.sample(place, bytes);
      }
    }

    @Override
    public void notGiven(SourceFile file, NotGiven reason, String detail) {}
  }
}
