package serdab.destination.node;

/// What a node said of one instance that was sent to it, or what kept it from being sent. None of
/// these is a proof.
sealed interface Said {

  /// It says that it stored it, quite as it was sent or not.
  record Kept() implements Said {}

  /// It says that it did not, or nothing.
  ///
  /// @param reason as it named it; empty text when it gave none
  record NotKept(String reason) implements Said {}

  /// It cannot be sent as it is.
  ///
  /// @param reason the end of a sentence that begins with "It"
  record CannotBeSent(String reason) implements Said {}
}
