package serdab.testing.world;

/// The process, or the machine, stopped here. An error, so that no `catch` of an exception in the
/// code under test goes on as if it were still running.
public final class CrashedException extends Error {

  private static final long serialVersionUID = 1L;

  public CrashedException(String how) {
    super(how);
  }
}
