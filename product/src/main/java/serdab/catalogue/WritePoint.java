package serdab.catalogue;

/// A moment at which a transaction can be cut short. Production passes [#NONE]; tests throw here,
/// to stand for a crash or a full disk at every single step.
@FunctionalInterface
interface WritePoint {

  WritePoint NONE = step -> {};

  /// A transaction has come this far.
  ///
  /// @param step `begin`, `write`, `commit` (about to) or `committed`
  void reached(String step);
}
