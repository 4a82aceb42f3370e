package serdab.destination;

import serdab.Problem;
import serdab.Proof;

/// What came of proving a copy.
public sealed interface ProofOutcome {

  /// It is good, to this depth.
  record Proven(Proof proof) implements ProofOutcome {}

  /// It is there and it is not what it should be.
  record Bad(Problem problem) implements ProofOutcome {}

  /// It is not there any more.
  record Gone(Problem problem) implements ProofOutcome {}
}
