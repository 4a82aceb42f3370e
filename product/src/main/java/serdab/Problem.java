package serdab;

import java.util.Map;

/// What went wrong, in words a person can act on.
///
/// Texts never hold a name, id or date of a patient: they name a study by its label and a file by
/// its path inside the library.
///
/// @param code a stable identifier in kebab case, for scripts and for searching the documentation
/// @param what one sentence: what happened, and to which file, place or study
/// @param next one sentence: what the reader should do now
/// @param details further facts by name, in no order; empty when there are none
public record Problem(String code, String what, String next, Map<String, String> details) {

  public Problem {
    details = Map.copyOf(details);
  }

  public Problem(String code, String what, String next) {
    this(code, what, next, Map.of());
  }

  /// Both sentences, as they are printed for a person.
  public String text() {
    return next.isEmpty() ? what : what + " " + next;
  }
}
