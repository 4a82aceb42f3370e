package serdab.repository;

import serdab.Problem;
import serdab.SerdabException;

/// What this package has to say to people.
final class Problems {

  private Problems() {}

  static SerdabException.Damaged damaged(String what) {
    return new SerdabException.Damaged(
        new Problem(
            "repository-damaged",
            what,
            "Run: serdab repository check. What is damaged can be mended: serdab repository repair."));
  }

  static SerdabException.Damaged damaged(String what, Throwable cause) {
    return new SerdabException.Damaged(damaged(what).problem(), cause);
  }

  static SerdabException.Damaged missing(String file) {
    return new SerdabException.Damaged(
        new Problem(
            "repository-file-missing",
            "A file that a version needs is not in the repository: " + file + ".",
            "Run: serdab repository repair. If it cannot be mended, the next backup stores it anew."));
  }

  static SerdabException.Refused needsIdentity() {
    return new SerdabException.Refused(
        new Problem(
            "repository-needs-identity",
            "This needs the identity that opens the repository, and this machine keeps none.",
            "Give it with --identity FILE; it is used in memory only."));
  }

  static SerdabException.Refused needsWriter() {
    return new SerdabException.Refused(
        new Problem(
            "repository-needs-writer",
            "This machine is not enrolled as a writer of the repository.",
            "Enrol it with the identity: serdab repository key enrol."));
  }

  static SerdabException.Refused another() {
    return new SerdabException.Refused(
        new Problem(
            "repository-changed-identity",
            "There is another repository at this place than the one this machine knows.",
            "Check the address. If it is right, somebody replaced the repository: ask who."));
  }

  static SerdabException.Refused none(String place) {
    return new SerdabException.Refused(
        new Problem(
            "repository-missing",
            "There is no repository at " + place + ".",
            "Check the address, or make one: serdab repository init."));
  }

  static SerdabException.Refused there(String place) {
    return new SerdabException.Refused(
        new Problem(
            "repository-exists",
            "There is a repository at " + place + " already.",
            "Use it, or choose another place. Nothing was changed."));
  }

  static SerdabException.Unavailable fenced() {
    return new SerdabException.Unavailable(
        new Problem(
            "repository-session-ended",
            "A prune ended this run's session while a version was being written.",
            "The version is written anew; nothing else is to do."));
  }

  static SerdabException.Refused cannotPrune() {
    return new SerdabException.Refused(
        new Problem(
            "repository-no-prune",
            "This place cannot refuse a name that is taken, so nothing can be removed from it safely.",
            "Keep everything, or move the repository to a place that can."));
  }

  static SerdabException.Refused notLost(String at) {
    return new SerdabException.Refused(
        new Problem(
            "repository-snapshot-not-lost",
            "The repository misses no snapshot " + at + ", so none is given up.",
            "Run: serdab repository prune. What it names as lost can be given up."));
  }

  static SerdabException.Refused erased() {
    return new SerdabException.Refused(
        new Problem(
            "repository-group-erased",
            "This was erased from the repository for good, so nothing is written for it again.",
            "Leave it out of the backup, or back it up to another repository."));
  }

  static SerdabException.Refused groupUnknown() {
    return new SerdabException.Refused(
        new Problem(
            "repository-group-unknown",
            "The repository has nothing of what is to be erased.",
            "Check what was named; nothing was changed."));
  }

  static SerdabException.Damaged readBack(String file) {
    return new SerdabException.Damaged(
        new Problem(
            "repository-read-back",
            "What was just written was read back different: " + file + ".",
            "Check the disk and its cable; nothing was committed, and the next backup tries again."));
  }

  static SerdabException.Refused tooLarge(String what) {
    return new SerdabException.Refused(
        new Problem(
            "repository-too-large", what, "Tell the makers of this program; nothing was written."));
  }
}
