package serdab.dicom.net;

import java.net.InetAddress;

/// What happens at a [StorageServer], for a log or an audit trail. Nothing in it is about a
/// patient.
public sealed interface ServerEvent {

  /// An association was granted.
  record Opened(AssociationFacts association) implements ServerEvent {}

  /// Somebody was turned away before there was an association.
  ///
  /// @param why a sentence without a full stop
  record TurnedAway(InetAddress from, String why) implements ServerEvent {}

  /// An association is over.
  ///
  /// @param stored how many instances were answered with success
  /// @param notStored how many were answered otherwise
  /// @param released whether it ended in order; what was unanswered then is none
  /// @param why it ended, a sentence without a full stop; empty when released
  record Ended(
      AssociationFacts association, long stored, long notStored, boolean released, String why)
      implements ServerEvent {}
}
