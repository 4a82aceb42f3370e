package serdab.retention;

/// Why a copy is kept or may go.
///
/// @param code for programs, such as `newest` or `hold`
/// @param text for people, in English, without patient data
/// @param value what the text says of this case beside the code, such as a number or a period;
///   empty when there is none
public record Reason(String code, String text, String value) {

  Reason(String code, String text) {
    this(code, text, "");
  }

  static final Reason NEWEST = new Reason("newest", "the newest version");
  static final Reason LAST_PROVEN =
      new Reason("last-proven-copy", "the last proven copy of its study");
  static final Reason NOT_PROVEN = new Reason("not-proven", "not proven by reading it back");
  static final Reason NOT_LOOKED_AT =
      new Reason(
          "not-looked-at",
          "not looked at since the catalogue was recovered (run: serdab backup, or serdab verify)");
  static final Reason DAMAGED = new Reason("damaged", "damaged: rules never remove such a copy");
  static final Reason UNKNOWN_COPY =
      new Reason("unknown-copy", "not known to the catalogue (run: serdab catalogue rebuild)");
  static final Reason NOT_OURS =
      new Reason("not-ours", "no run of this catalogue made it, so it may be another library's");
  static final Reason IN_SOURCE = new Reason("in-source", "its study is still in the source");
  static final Reason NO_SOURCE_ASKED =
      new Reason(
          "no-source-asked", "no backup since the catalogue began says what the sources have");
  static final Reason UNKNOWN_DATE =
      new Reason("unknown-date", "the date of its study is not known");
  static final Reason YOUNG_STUDY =
      new Reason("study-age", "its study is not old enough to be removed");
  static final Reason ONLY_IMAGES =
      new Reason("only-images", "it holds images or files that no other proven copy here has");
  static final Reason NOT_ASKED =
      new Reason(
          "other-not-asked",
          "other destinations should hold it, and could not be looked at or do not hold it now");
  static final Reason NO_RULE = new Reason("no-rule", "no rule lets older versions go");
  static final Reason INDEX_COPY =
      new Reason("index-copy", "a copy of a viewer's index, thinned by rules of its own");
  static final Reason FROZEN = new Reason("frozen", "retention is frozen");
}
