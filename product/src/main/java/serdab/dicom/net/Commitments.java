package serdab.dicom.net;

import java.util.List;
import java.util.Optional;
import serdab.dicom.net.CommitmentReport.Reference;
import serdab.dicom.net.Holdings.MoveTarget;

/// What a server answers requests for storage commitment from (PS3.4 annex J). Thread-safe.
public interface Commitments {

  /// Finds out which instances are kept, by reading each of them again. May take long.
  ///
  /// @return says of each reference whether it is kept, or why not
  CommitmentReport check(String transactionUid, List<Reference> references);

  /// Where a node that asked is told; empty when it is told on the association on which it asked.
  Optional<MoveTarget> reportTo(AeTitle title);

  /// Told when a report could not be delivered: nobody will hear it.
  void notDelivered(AeTitle title);
}
