package serdab.destination.node;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import serdab.Finding;
import serdab.Problem;
import serdab.SerdabException;
import serdab.destination.HeldVersion;
import serdab.dicom.Tag;

/// What keeps a study from being copied at a node, in words.
final class NodeProblems {

  /// So many tags or paths are named; the number of the others is said.
  private static final int NAMED_MAX = 8;

  private NodeProblems() {}

  /// What is told of a copy some of whose instances were converted.
  static Finding converted(String node, long converted, long instances) {
    return Finding.about(
        "",
        HeldVersion.SENT_CONVERTED,
        "Sent in another transfer syntax, without loss: "
            + converted
            + " of "
            + instances
            + " instances, as the node at "
            + node
            + " does not take theirs. They come back with the same values, and not bit for bit.");
  }

  /// A file that the node cannot hold.
  ///
  /// @param reason the end of a sentence that begins with "It"
  record Unheld(String path, String reason) {}

  /// What is wrong with a copy; empty when nothing is.
  ///
  /// @param expected in their order
  /// @param verdicts by SOP Instance UID
  /// @param there UIDs that were at the node before anything was sent
  /// @param said what the node said of those that were sent, by SOP Instance UID
  /// @param brokenPromises of how many that did not come back its storage commitment says that it
  ///   keeps them
  static Optional<SerdabException> judge(
      String node,
      List<Expected> expected,
      Map<String, ReadBack.Verdict> verdicts,
      java.util.Set<String> there,
      Map<String, Said> said,
      List<Unheld> unheld,
      long brokenPromises) {
    List<Expected> missing = with(expected, verdicts, ReadBack.Verdict.Missing.class);
    List<Expected> other = with(expected, verdicts, ReadBack.Verdict.Other.class);
    List<Expected> conflicts =
        other.stream()
            .filter(each -> there.contains(each.sop()) && !samePixels(verdicts.get(each.sop())))
            .toList();
    Map<String, String> details = new LinkedHashMap<>();
    details.put("instances", Integer.toString(expected.size()));
    details.put("missing", Integer.toString(missing.size()));
    details.put("altered", Integer.toString(other.size()));
    details.put("unheld", Integer.toString(unheld.size()));
    if (!conflicts.isEmpty()) {
      return Optional.of(
          new SerdabException.Refused(
              new Problem(
                  "node-conflict",
                  "The node at "
                      + node
                      + " has "
                      + (conflicts.size() == 1 ? "another instance" : "other instances")
                      + " under the SOP Instance UID of "
                      + named(conflicts.stream().map(Expected::path).toList())
                      + ". Both are kept where they are; nothing was overwritten.",
                  "Find out at the node which of both is right. Keep this study at another"
                      + " destination, such as zip:PATH.",
                  details)));
    }
    if (!other.isEmpty()) {
      String tags = tags(other, verdicts);
      return Optional.of(
          new SerdabException.Refused(
              new Problem(
                  "node-altered",
                  "The node at "
                      + node
                      + " keeps "
                      + other.size()
                      + " of "
                      + expected.size()
                      + " instances with other values than they have"
                      + (tags.isEmpty() ? "" : ", in " + tags)
                      + "; first "
                      + other.getFirst().path()
                      + ".",
                  "Ask who runs the node whether it can keep instances as they are. Keep this study"
                      + " at another destination, such as zip:PATH.",
                  details)));
    }
    if (!missing.isEmpty()) {
      long claimed =
          missing.stream().filter(each -> said.get(each.sop()) instanceof Said.Kept).count();
      String reasons = reasons(missing, said);
      return Optional.of(
          new SerdabException.Unavailable(
              new Problem(
                  "node-not-stored",
                  missing.size()
                      + " of "
                      + expected.size()
                      + " instances did not come back from the node at "
                      + node
                      + (claimed > 0 ? "; of " + claimed + " it had said that it has them" : "")
                      + (brokenPromises > 0
                          ? ", of "
                              + brokenPromises
                              + " also that it keeps them (storage commitment)"
                          : "")
                      + (reasons.isEmpty() ? "" : "; its reasons: " + reasons)
                      + ". First: "
                      + missing.getFirst().path()
                      + ".",
                  "Run again: what is there is not sent again. If it happens again, look into the"
                      + " node's log, and keep this study at another destination too.",
                  details)));
    }
    if (!unheld.isEmpty()) {
      return Optional.of(
          new SerdabException.Refused(
              new Problem(
                  "node-cannot-hold",
                  "The node at "
                      + node
                      + " cannot hold "
                      + unheld.size()
                      + " of its files"
                      + "; first "
                      + unheld.getFirst().path()
                      + ": it "
                      + unheld.getFirst().reason()
                      + ". Its other files are there and were compared.",
                  "Back the study up to another destination too, such as zip:PATH, which holds every"
                      + " file.",
                  details)));
    }
    return Optional.empty();
  }

  private static boolean samePixels(ReadBack.@org.jspecify.annotations.Nullable Verdict verdict) {
    return verdict instanceof ReadBack.Verdict.Other(_, boolean samePixels) && samePixels;
  }

  private static List<Expected> with(
      List<Expected> expected,
      Map<String, ReadBack.Verdict> verdicts,
      Class<? extends ReadBack.Verdict> kind) {
    return expected.stream()
        .filter(each ->
            kind.isInstance(verdicts.getOrDefault(each.sop(), new ReadBack.Verdict.Missing())))
        .toList();
  }

  private static String tags(List<Expected> other, Map<String, ReadBack.Verdict> verdicts) {
    TreeSet<Integer> tags = new TreeSet<>(Integer::compareUnsigned);
    for (Expected each : other) {
      if (verdicts.get(each.sop()) instanceof ReadBack.Verdict.Other(List<Integer> some, _)) {
        tags.addAll(some);
      }
    }
    return named(tags.stream().map(Tag::text).toList());
  }

  private static String reasons(List<Expected> missing, Map<String, Said> said) {
    return missing.stream()
        .map(each -> said.get(each.sop()))
        .map(what -> what instanceof Said.NotKept(String reason) ? reason : "")
        .filter(text -> !text.isEmpty())
        .distinct()
        .limit(NAMED_MAX)
        .collect(Collectors.joining(", "));
  }

  private static String named(List<String> all) {
    String first = all.stream().limit(NAMED_MAX).collect(Collectors.joining(", "));
    return all.size() <= NAMED_MAX ? first : first + " and " + (all.size() - NAMED_MAX) + " more";
  }

  /// Nothing was sent because of what the node says, and nothing was compared.
  static SerdabException.Refused assumed(String node, String why) {
    return new SerdabException.Refused(
        new Problem(
            "node-assumed",
            "The node at "
                + node
                + " "
                + why
                + ". Nothing was sent or compared, so this is no copy.",
            "Leave existing=skip or existing=count out of its address to have the study compared,"
                + " and what is missing sent."));
  }

  static SerdabException.Refused cannotHoldGroups(String node) {
    return new SerdabException.Refused(
        new Problem(
            "node-cannot-hold",
            "The node at " + node + " cannot hold files that belong to no study.",
            "Back them up to another destination too, such as zip:PATH, or leave them out on purpose:"
                + " --dicom-only."));
  }

  static SerdabException.Refused keepsEverything() {
    return new SerdabException.Refused(
        new Problem(
            "node-no-removal",
            "Nothing is ever removed from a node.",
            "Remove it with the node's own program, when it is certain that nobody needs it."));
  }

  /// @param doubt a sentence
  static Problem listNotCertain(String node, String doubt) {
    return new Problem(
        "node-list-not-certain",
        "What " + node + " holds could not be listed for certain. " + doubt,
        "What it lists is brought back; name the other studies with --study. Of a DICOM node, ask its"
            + " administrator how many answers it gives at most, and write that behind its address:"
            + " &limit=500.");
  }

  static Problem gone() {
    return new Problem(
        "copy-gone",
        "What is known of a copy at a node is not there any more.",
        "The next backup compares the study with the node again.");
  }
}
