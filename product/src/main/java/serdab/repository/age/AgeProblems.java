package serdab.repository.age;

import serdab.Problem;
import serdab.SerdabException;

/// What can be wrong with an age file or a key, in words.
final class AgeProblems {

  private AgeProblems() {}

  static SerdabException.Damaged damaged(String how) {
    return new SerdabException.Damaged(
        new Problem(
            "age-damaged",
            "A sealed file is damaged: " + how + ".",
            "Check the repository, and bring the file back from another copy."));
  }

  static SerdabException.Misconfigured wrongKey(String what) {
    return new SerdabException.Misconfigured(
        new Problem("age-wrong-key", what, "Give an identity that it was sealed to."));
  }

  static SerdabException.Misconfigured wrongPassphrase(String what) {
    return new SerdabException.Misconfigured(
        new Problem("age-wrong-passphrase", what, "Type the passphrase again."));
  }

  static SerdabException.Refused tooCostly(String what) {
    return new SerdabException.Refused(
        new Problem(
            "age-too-costly",
            what,
            "Open the file with the program age on a computer with more memory, or give this"
                + " program more."));
  }

  static SerdabException.Misconfigured malformedKey(String what) {
    return new SerdabException.Misconfigured(
        new Problem(
            "age-key-malformed",
            what,
            "Copy the whole key again, with nothing before or after it."));
  }
}
