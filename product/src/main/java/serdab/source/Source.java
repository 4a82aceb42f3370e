package serdab.source;

import java.nio.file.Path;
import java.util.List;

/// Where studies come from. Nothing under it is ever written, renamed or locked. Thread-safe.
///
/// - A source that cannot be reached is `Unavailable`, never empty.
/// - Every file it can see is listed in a study, in a group of other files, or named in a finding.
public interface Source extends AutoCloseable {

  SourceId id();

  /// Where it is, in words without patient data, as messages name it.
  String describe();

  /// The folder whose volume must be there.
  Path root();

  /// The folders that it reads, [#root] among them. No destination may lie inside one.
  default List<Path> folders() {
    return List.of(root());
  }

  /// Whether it is usual that there is nothing at all, as before the first study came; elsewhere it
  /// is a sign that the place is not the right one.
  default boolean mayBeEmpty() {
    return false;
  }

  /// Looks at everything once and keeps what it saw until the inventory is closed.
  Inventory inventory();

  @Override
  void close();
}
