package serdab.dicom.net;

import java.util.List;
import serdab.dicom.SopInstanceUid;

/// How a C-MOVE or C-GET ended, as the peer tells it. What arrived is the truth; these are hints.
///
/// @param status of the last answer
/// @param completed sub-operations that the peer counts as done; -1 when it does not count
/// @param failed sub-operations that it counts as failed; -1 when it does not count
/// @param warning sub-operations that it counts as done with a warning; -1 when it does not count
/// @param failedInstances those it names as failed
public record RetrieveOutcome(
    DimseStatus status,
    int completed,
    int failed,
    int warning,
    List<SopInstanceUid> failedInstances) {

  public RetrieveOutcome {
    failedInstances = List.copyOf(failedInstances);
  }
}
