package serdab.ziptree;

import java.util.Optional;
import java.util.function.BiConsumer;
import serdab.SerdabException;
import serdab.dicom.StudyFacts;

/// How the ZIPs of a tree are named (`docs/format/zip-tree.md` section 2).
public sealed interface NamingProfile {

  NamingProfile HOROS_ZIP = new HorosZip();
  NamingProfile UID = new Uid();

  /// What a marker says of a tree of pseudonyms: its names cannot be made, and its studies are
  /// found by what their manifests say.
  NamingProfile PSEUDONYM_WITHOUT_KEY = new PseudonymWithoutKey();

  /// However the tree was named when it was begun; a new one is named [#HOROS_ZIP].
  NamingProfile AS_FOUND = new AsFound();

  /// What is written in the configuration and in `destination.json`.
  String text();

  /// `Patient_DOB_StudyDate_UID`, as the Horos backup script named them, without losing letters.
  record HorosZip() implements NamingProfile {
    @Override
    public String text() {
      return "horos-zip";
    }
  }

  /// Only the UID: a name says nothing about a person, and is the same everywhere.
  record Uid() implements NamingProfile {
    @Override
    public String text() {
      return "uid";
    }
  }

  /// Keyed hashes of patient and study: without the key nobody can tell whose study a name is.
  ///
  /// @param key what the hashes are made with; kept elsewhere
  /// @param mapping told of each name, and of the study it is given to, before the copy becomes
  ///   visible; what it throws keeps the copy from being made. Thread-safe
  record Pseudonym(PseudonymKey key, BiConsumer<String, StudyFacts> mapping)
      implements NamingProfile {
    @Override
    public String text() {
      return PseudonymWithoutKey.TEXT;
    }
  }

  /// As [Pseudonym], when the key is not at hand.
  record PseudonymWithoutKey() implements NamingProfile {
    static final String TEXT = "pseudonym";

    @Override
    public String text() {
      return TEXT;
    }
  }

  /// Pieces that a person has chosen.
  record Template(NameTemplate template) implements NamingProfile {
    @Override
    public String text() {
      return template.text();
    }
  }

  /// No naming of its own.
  record AsFound() implements NamingProfile {
    @Override
    public String text() {
      return "";
    }
  }

  /// Whether names and lists of this tree must not say whose studies they are.
  default boolean hidesPatients() {
    return text().equals(PseudonymWithoutKey.TEXT);
  }

  /// The profile, or the template, of this text; `pseudonym` comes without its key.
  ///
  /// @throws SerdabException.Misconfigured `naming-template-wrong` when it is a template that names
  ///   no files
  static Optional<NamingProfile> parse(String text) {
    return switch (text) {
      case "horos-zip" -> Optional.of(HOROS_ZIP);
      case "uid" -> Optional.of(UID);
      case PseudonymWithoutKey.TEXT -> Optional.of(PSEUDONYM_WITHOUT_KEY);
      default ->
          text.indexOf('{') < 0
              ? Optional.empty()
              : Optional.of(new Template(NameTemplate.parse(text)));
    };
  }
}
