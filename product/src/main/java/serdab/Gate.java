package serdab;

/// What is passed before something is begun that others have a word in: sending an instance, asking
/// a node, reading the next file. Thread-safe.
@FunctionalInterface
public interface Gate {

  /// Lets everything by.
  Gate OPEN = () -> {};

  /// Returns when the next may begin. May wait for long.
  ///
  /// @throws SerdabException when nothing more may begin
  void pass();

  /// Whether passing would wait for as long as a person likes. Whoever has something open that the
  /// other side closes when it idles, such as an association, ends that in good order first.
  default boolean isHeld() {
    return false;
  }
}
