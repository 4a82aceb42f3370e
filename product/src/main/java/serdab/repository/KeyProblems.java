package serdab.repository;

import serdab.Problem;
import serdab.SerdabException;

/// What can be wrong with keys and signed documents, in words.
final class KeyProblems {

  private KeyProblems() {}

  static SerdabException.Damaged malformed(String file) {
    return new SerdabException.Damaged(
        new Problem(
            "repository-document-damaged",
            "The file " + file + " of the repository cannot be understood.",
            "Mend it from its copies: serdab repository repair"));
  }

  static SerdabException.Damaged unsigned(String file) {
    return new SerdabException.Damaged(
        new Problem(
            "repository-signature-wrong",
            "The file " + file + " of the repository has no good signature of who may write it.",
            "Do not trust it. Find out who can write to the place, and mend it from its copies:"
                + " serdab repository repair"));
  }

  static SerdabException.Damaged missing(String file) {
    return new SerdabException.Damaged(
        new Problem(
            "repository-keys-missing",
            "The file " + file + " of the repository is not there.",
            "Mend it from its copies: serdab repository repair"));
  }

  static SerdabException.Refused notEnrolled() {
    return new SerdabException.Refused(
        new Problem(
            "repository-writer-unknown",
            "No such machine is enrolled in the repository.",
            "List the machines that are: serdab repository key list"));
  }

  static SerdabException.Refused newestNotOpened() {
    return new SerdabException.Refused(
        new Problem(
            "repository-newest-key-closed",
            "The identity at hand opens an earlier generation of the repository's keys, not the"
                + " newest.",
            "Do this with the identity of a person in the newest generation."));
  }

  static SerdabException.Refused personUnknown() {
    return new SerdabException.Refused(
        new Problem(
            "repository-person-unknown",
            "The newest keys of the repository are not for this recipient.",
            "List those they are for: serdab repository key list"));
  }

  static SerdabException.Refused lastPerson() {
    return new SerdabException.Refused(
        new Problem(
            "repository-last-person",
            "Nobody else can open the repository: without this recipient it would be lost.",
            "Add another one first: serdab repository key add"));
  }
}
