package serdab.ziptree;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.StudyFacts;

/// A pattern for names: pieces in braces, and letters, digits, `.`, `_` and `-` between them
/// (`docs/format/zip-tree.md` section 2.6).
///
/// Versions of a study are found by the end of their names, so a name always ends in the study's
/// UID, or in a hash of it where the template does not end in `_{uid}`.
public final class NameTemplate {

  private static final int CHARACTERS_MAX = 200;
  private static final String UID_AT_END = "_{uid}";

  private final String text;

  private final List<Part> parts;

  private final boolean endsInUid;

  private NameTemplate(String text, List<Part> parts, boolean endsInUid) {
    this.text = text;
    this.parts = List.copyOf(parts);
    this.endsInUid = endsInUid;
  }

  /// What a piece in braces stands for.
  private enum Piece {
    PATIENT,
    PATIENT_ID,
    BIRTH_DATE,
    STUDY_DATE,
    MODALITY,
    ACCESSION,
    DESCRIPTION,
    UID;

    String text() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static Optional<Piece> of(String text) {
      for (Piece piece : values()) {
        if (piece.text().equals(text)) {
          return Optional.of(piece);
        }
      }
      return Optional.empty();
    }

    String value(StudyFacts facts) {
      PatientData.Purpose name = PatientData.Purpose.FILE_NAME;
      return switch (this) {
        case PATIENT -> StudyNames.patient(facts.patientName().reveal(name));
        case PATIENT_ID -> StudyNames.patient(facts.patientId().reveal(name));
        case BIRTH_DATE -> StudyNames.date(facts.birthDate().map(date -> date.reveal(name)));
        case STUDY_DATE -> StudyNames.date(facts.studyDate());
        case MODALITY -> StudyNames.patient(String.join("-", facts.modalities()));
        case ACCESSION -> StudyNames.patient(facts.accessionNumber().reveal(name));
        case DESCRIPTION -> StudyNames.patient(facts.description().reveal(name));
        case UID -> StudyNames.tail(facts.key());
      };
    }
  }

  private sealed interface Part {
    record Literal(String text) implements Part {}

    record Value(Piece piece) implements Part {}
  }

  /// Reads a template.
  ///
  /// @throws SerdabException.Misconfigured `naming-template-wrong`, saying what is wrong and where
  public static NameTemplate parse(String text) {
    if (text.length() > CHARACTERS_MAX) {
      throw wrong(
          text.substring(0, 20) + "…", "it has more than " + CHARACTERS_MAX + " characters");
    }
    boolean endsInUid = text.equals("{uid}") || text.endsWith(UID_AT_END);
    String beginning =
        endsInUid ? text.substring(0, Math.max(0, text.length() - UID_AT_END.length())) : text;
    List<Part> parts = new ArrayList<>();
    int at = 0;
    while (at < beginning.length()) {
      char c = beginning.charAt(at);
      if (c == '{') {
        int end = beginning.indexOf('}', at);
        if (end < 0) {
          throw wrong(text, "the brace at character " + (at + 1) + " is not closed");
        }
        String name = beginning.substring(at + 1, end);
        int position = at + 1;
        parts.add(
            new Part.Value(
                Piece.of(name)
                    .orElseThrow(() ->
                        wrong(text, "{" + name + "} at character " + position + " is no piece"))));
        at = end + 1;
      } else if (isPlain(c)) {
        int end = at;
        while (end < beginning.length() && isPlain(beginning.charAt(end))) {
          end++;
        }
        parts.add(new Part.Literal(beginning.substring(at, end)));
        at = end;
      } else {
        throw wrong(text, "character " + (at + 1) + " may not stand in a file's name");
      }
    }
    if (parts.isEmpty() && !endsInUid) {
      throw wrong(text, "it is empty");
    }
    return new NameTemplate(text, parts, endsInUid);
  }

  private static boolean isPlain(char c) {
    return (c >= '0' && c <= '9')
        || (c >= 'A' && c <= 'Z')
        || (c >= 'a' && c <= 'z')
        || c == '.'
        || c == '_'
        || c == '-';
  }

  private static SerdabException.Misconfigured wrong(String text, String why) {
    return new SerdabException.Misconfigured(
        new Problem(
            "naming-template-wrong",
            "The naming template \"" + text + "\" cannot be used: " + why + ".",
            "Put together any of "
                + List.of(Piece.values()).stream()
                    .map(piece -> "{" + piece.text() + "}")
                    .collect(Collectors.joining(" "))
                + " with letters, digits, dots, dashes and _ between them, such as"
                + " {study-date}_{patient}_{uid}."));
  }

  /// As it was written.
  public String text() {
    return text;
  }

  /// Whether names end in the whole UID; else in a hash of it.
  boolean endsInUid() {
    return endsInUid;
  }

  /// What stands before the end of a study's names; empty when nothing does.
  String beginning(StudyFacts facts) {
    StringBuilder filled = new StringBuilder();
    for (Part part : parts) {
      switch (part) {
        case Part.Literal literal -> filled.append(literal.text());
        case Part.Value value -> filled.append(value.piece().value(facts));
      }
    }
    // Once more as a whole: a letter and a mark from two pieces may make one character.
    return filled.isEmpty() ? "" : StudyNames.patient(filled.toString());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NameTemplate that && text.equals(that.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
