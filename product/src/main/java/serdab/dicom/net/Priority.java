package serdab.dicom.net;

import java.util.Locale;
import java.util.Optional;

/// How urgent the operations on a node are, as we ask it (Priority, 0000,0700; PS3.7 section E.1).
/// A node need not heed it.
public enum Priority {
  LOW(2),
  MEDIUM(0),
  HIGH(1);

  private final int code;

  Priority(int code) {
    this.code = code;
  }

  /// Its value in a command.
  int code() {
    return code;
  }

  /// Reads `low`, `medium` or `high`.
  public static Optional<Priority> parse(String text) {
    for (Priority each : values()) {
      if (each.name().toLowerCase(Locale.ROOT).equals(text)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }
}
