package serdab.destination.node;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import serdab.Problem;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.CommitmentAsker;

/// What a node said when it was asked to keep instances (PS3.4 annex J), beside what reading them
/// back showed. Its word makes nothing a copy and keeps nothing from being one; where it is wrong,
/// that is told. Thread-safe.
final class Commitment {

  /// Failure Reasons (0008,1197): PS3.3 section C.14.1.1.
  private static final Map<Integer, String> REASONS =
      Map.of(
          0x0110, "processing failure",
          0x0112, "no such instance",
          0x0119, "class and instance do not fit",
          0x0122, "SOP class not supported",
          0x0131, "the same request twice",
          0x0213, "resource limitation");

  private long asked;
  private long kept;
  private long unanswered;
  private long lies;
  private long wrongly;
  private final Map<Integer, Long> reasons = new TreeMap<>();
  private final Set<String> whyNot = new HashSet<>();

  /// Adds what was said of some instances.
  ///
  /// @param verdicts what reading back showed, by SOP Instance UID
  synchronized void add(CommitmentAsker.Said said, Map<String, ReadBack.Verdict> verdicts) {
    asked += said.kept().size() + said.notKept().size() + said.unanswered().size();
    kept += said.kept().size();
    unanswered += said.unanswered().size();
    lies += missing(said, verdicts);
    said.notKept()
        .forEach((sop, reason) -> {
          reasons.merge(reason, 1L, Long::sum);
          if (verdicts.get(sop.value()) instanceof ReadBack.Verdict.Same) {
            wrongly++;
          }
        });
    if (!said.whyNot().isEmpty()) {
      whyNot.add(said.whyNot());
    }
  }

  /// How many it says that it keeps and did not give back.
  static long missing(CommitmentAsker.Said said, Map<String, ReadBack.Verdict> verdicts) {
    return said.kept().stream()
        .map(SopInstanceUid::value)
        .filter(sop -> verdicts.get(sop) instanceof ReadBack.Verdict.Missing)
        .count();
  }

  /// What is worth telling at the end of a run, without patient data.
  ///
  /// @param node as sentences name it
  synchronized List<Problem> notices(String node) {
    List<Problem> notices = new ArrayList<>();
    if (asked == 0) {
      return notices;
    }
    Map<String, String> details =
        Map.of(
            "asked", "" + asked,
            "kept", "" + kept,
            "refused", "" + refused(),
            "unanswered", "" + unanswered,
            "confirmed_and_missing", "" + lies,
            "refused_and_there", "" + wrongly);
    notices.add(
        new Problem(
            "commitment-claimed",
            "Storage commitment of "
                + node
                + ", a claim: of "
                + asked
                + " instances that were sent"
                + " it says that it keeps "
                + kept
                + ", refuses "
                + refused()
                + " and says nothing of "
                + unanswered
                + (whyNot.isEmpty()
                    ? "."
                    : "; it "
                        + whyNot.stream().sorted().collect(Collectors.joining(", it "))
                        + "."),
            "What was copied, reading back decides.",
            details));
    if (lies > 0) {
      notices.add(
          new Problem(
              "commitment-lies",
              "The storage commitment of "
                  + node
                  + " is not to be trusted: "
                  + lies
                  + " of the instances that it says it keeps did not come back from it.",
              "Show this to its maker. What did not come back is not copied there."));
    }
    if (refused() > 0) {
      notices.add(
          new Problem(
              "commitment-refused",
              node
                  + " refuses to keep "
                  + refused()
                  + " instances: "
                  + reasons.entrySet().stream()
                      .map(each ->
                          "%04X %s (%d)"
                              .formatted(
                                  each.getKey(),
                                  REASONS.getOrDefault(each.getKey(), "a reason of its own"),
                                  each.getValue()))
                      .collect(Collectors.joining(", "))
                  + ". "
                  + wrongly
                  + " of them came back from it as they should.",
              "Ask who runs the node; it may delete what it does not promise to keep."));
    }
    return notices;
  }

  private long refused() {
    return reasons.values().stream().mapToLong(Long::longValue).sum();
  }
}
