package serdab.store;

import java.io.IOException;

/// A step on a [Disk] that failed. Its message is the system's reason without any path.
public final class DiskFailure extends IOException {

  private static final long serialVersionUID = 1L;

  /// What failed, as far as code reacts to it.
  public enum Kind {
    /// There is nothing at that path.
    MISSING,
    /// There is something at that path already.
    EXISTS,
    /// No room, or none under a quota.
    FULL,
    /// Rights, or a volume mounted for reading only.
    NOT_PERMITTED,
    /// The volume is not there any more.
    GONE,
    /// The file system cannot have this name.
    NAME,
    /// The thread was interrupted while it waited for the disk.
    INTERRUPTED,
    /// The medium failed, or anything else.
    BROKEN
  }

  private final Kind kind;

  public DiskFailure(Kind kind, String reason) {
    super(reason);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
