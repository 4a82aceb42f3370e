package serdab.daemon;

import java.util.Optional;

/// The values that one answer to a query can have: those of a study, of a series or of an instance.
@FunctionalInterface
interface Attributes {

  /// The value of an attribute as text, several joined with a backslash; empty text when it has
  /// none here; absent when it is not one that can be asked for at this level.
  Optional<String> value(int tag);
}
