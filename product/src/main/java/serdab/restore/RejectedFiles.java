package serdab.restore;

/// What becomes of files that a rejection note in the copy rejects.
public enum RejectedFiles {
  /// They stay in the copy; how many and why is told.
  LEFT_OUT,
  /// They come with the others; how many and why is told.
  BROUGHT
}
