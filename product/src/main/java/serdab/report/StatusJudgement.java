package serdab.report;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import serdab.Problem;
import serdab.catalogue.RunRow;
import serdab.catalogue.Safety;

/// Decides from what is known whether everything is safe, and says it in one sentence. The rules
/// are those of `docs/status.md`; each alone is enough for "not safe".
final class StatusJudgement {

  /// A plan without a schedule that did not run well for longer than this is overdue.
  static final Duration OVERDUE = Duration.ofDays(3);

  /// A schedule may leave out nights and clinic hours.
  static final Duration OVERDUE_AT_LEAST = Duration.ofDays(1);

  private static final int SCHEDULES_MISSED = 3;

  /// A run that ended so much later than now was dated by a clock that was wrong.
  private static final Duration CLOCKS_DIFFER = Duration.ofHours(1);

  /// Bytes that nobody read back for longer than this are not known to be good.
  static final Duration PROOF_OLD = Duration.ofDays(400);

  /// Fewer than this share of what was there before is an alarm.
  static final double SHARPLY_FEWER = 0.9;

  private static final String RUN = "Run: serdab backup";

  private final Instant now;
  private final List<String> disksAway;

  StatusJudgement(Instant now, List<String> disksAway) {
    this.now = now;
    this.disksAway = List.copyOf(disksAway);
  }

  /// A plan and what is known of it.
  ///
  /// @param every how often it is to run; empty when nobody said
  /// @param notBegun the last time that a run of it could not even begin
  record Case(Status.PlanStatus plan, Optional<Duration> every, Optional<NotBegun> notBegun) {}

  Status judge(List<Case> cases) {
    if (cases.isEmpty()) {
      return nothing("Nothing was backed up yet.", "Run: serdab backup --help");
    }
    Map<String, Long> studies = new HashMap<>();
    Map<String, Long> unsafe = new HashMap<>();
    for (Case each : cases) {
      Safety.Counts counts = each.plan().counts();
      studies.merge(each.plan().source(), counts.studies(), Math::max);
      unsafe.merge(each.plan().source(), counts.studies() - counts.safeStudies(), Math::max);
    }
    long all = studies.values().stream().mapToLong(Long::longValue).sum();
    long bad = unsafe.values().stream().mapToLong(Long::longValue).sum();
    List<Problem> found = new ArrayList<>();
    judge(cases, all, bad, found);
    // Two plans over one source tell the same of it.
    List<Problem> reasons = found.stream().distinct().toList();
    return new Status(
        sentence(cases, all, reasons),
        reasons.isEmpty(),
        reasons,
        all,
        all - bad,
        cases.stream().map(Case::plan).toList());
  }

  private void judge(List<Case> cases, long all, long bad, List<Problem> reasons) {
    cases.forEach(each -> fewer(each, reasons));
    cases.forEach(each -> lost(each, reasons));
    notProven(cases, all, bad, reasons);
    cases.forEach(each -> lastRun(each, reasons));
    cases.forEach(each -> overdue(each, reasons));
    cases.forEach(each -> copies(each, reasons));
    cases.forEach(each -> health(each, bad, reasons));
    for (String away : disksAway) {
      reasons.add(new Problem("disk-away", away, "Connect it and run: serdab backup"));
    }
    if (all == 0 && reasons.isEmpty()) {
      reasons.add(
          new Problem(
              "no-studies", "No study is known.", "Check that the source is the right one."));
    }
  }

  /// The status before anything was compared with a source.
  static Status nothing(String what, String next) {
    Problem nothing = new Problem("nothing-backed-up", what, next);
    return new Status(what + " " + next, false, List.of(nothing), 0, 0, List.of());
  }

  // ---- the sentence

  private String sentence(List<Case> cases, long all, List<Problem> reasons) {
    if (reasons.isEmpty()) {
      long notWanted = cases.stream().mapToLong(each -> each.plan().counts().notWanted()).sum();
      String which = notWanted > 0 ? " selected studies" : " studies";
      return "All " + number(all) + which + " safe, last proven " + ago(lastProven(cases)) + ".";
    }
    Problem worst = reasons.getFirst();
    String more =
        reasons.size() == 1
            ? ""
            : reasons.size() == 2
                ? " (There is one more reason.)"
                : " (There are " + (reasons.size() - 1) + " more reasons.)";
    return worst.what() + " " + worst.next() + (worst.next().endsWith(".") ? "" : ".") + more;
  }

  private static Optional<Instant> lastProven(List<Case> cases) {
    return cases.stream()
        .flatMap(each -> each.plan().destinations().stream())
        .flatMap(destination -> destination.copies().newestProof().stream())
        .max(Instant::compareTo);
  }

  private String ago(Optional<Instant> time) {
    return time.map(at -> days(Duration.between(at, now)) + " ago").orElse("never");
  }

  /// A length of time as people say it.
  static String days(Duration time) {
    if (time.toDays() >= 2) {
      return time.toDays() + " days";
    }
    if (time.toHours() >= 2) {
      return time.toHours() + " hours";
    }
    long minutes = Math.max(0, time.toMinutes());
    return minutes == 1 ? "1 minute" : minutes + " minutes";
  }

  private static String number(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  private static String studies(long count) {
    return number(count) + (count == 1 ? " study" : " studies");
  }

  /// Which plan a reason is about, where there is a choice.
  private static String of(Case each) {
    return each.plan().name().isEmpty() ? "" : " of plan " + each.plan().name();
  }

  // ---- the rules

  private static void fewer(Case each, List<Problem> reasons) {
    Optional<RunRow> last = each.plan().lastRun();
    Optional<RunRow> good = each.plan().lastGood();
    if (last.isPresent()
        && good.isPresent()
        && last.get().id() > good.get().id()
        && last.get().outcome().equals("failed")
        && good.get().totals().listed() > 0
        && last.get().totals().listed() < good.get().totals().listed() * SHARPLY_FEWER) {
      reasons.add(
          new Problem(
              "sharply-fewer-studies",
              "The last run saw "
                  + number(last.get().totals().listed())
                  + " studies where there were "
                  + number(good.get().totals().listed())
                  + ".",
              "Find out where they went; if they are meant to be gone, run: serdab backup"
                  + " --accept-fewer"));
    }
  }

  private static void lost(Case each, List<Problem> reasons) {
    long lost = each.plan().counts().lost();
    if (lost > 0) {
      reasons.add(
          new Problem(
              "studies-lost",
              studies(lost)
                  + (lost == 1 ? " is" : " are")
                  + " lost: neither the source nor any destination has a good copy any more.",
              "See which: serdab studies --not-copied; put their files back where they were, or run:"
                  + " serdab verify DEST --repair --from OTHERDEST"));
    }
  }

  private void notProven(List<Case> cases, long all, long bad, List<Problem> reasons) {
    long neverRead = 0;
    long lacking = 0;
    long incomplete = 0;
    long failing = 0;
    long changed = 0;
    long waiting = 0;
    long groups = 0;
    Optional<Instant> oldest = Optional.empty();
    for (Case each : cases) {
      Safety.Counts counts = each.plan().counts();
      neverRead += counts.neverRead();
      lacking += counts.lacking();
      incomplete += counts.incomplete();
      failing += counts.failing();
      changed += counts.changed();
      waiting += counts.waiting();
      groups += counts.groups() - counts.safeGroups();
      Optional<Instant> first = counts.oldestNeverRead();
      if (first.isPresent() && oldest.filter(first.get()::isAfter).isEmpty()) {
        oldest = first;
      }
    }
    if (neverRead + lacking > 0) {
      String waits =
          oldest
              .map(first -> "; the oldest waits " + days(Duration.between(first, now)))
              .orElse("");
      String what =
          bad > 0
              ? number(bad) + " of " + studies(all) + (bad == 1 ? " has" : " have")
              : groups
                  + (groups == 1 ? " group" : " groups")
                  + " of other files "
                  + (groups == 1 ? "has" : "have");
      reasons.add(new Problem("studies-not-proven", what + " no proven copy" + waits + ".", RUN));
    }
    if (incomplete > 0) {
      reasons.add(
          new Problem(
              "files-missing",
              studies(incomplete) + " lack files that are listed and could not be read or copied.",
              "See which: serdab studies --findings"));
    }
    if (failing > 0) {
      reasons.add(
          new Problem(
              "studies-failing",
              studies(failing) + " could not be copied and are tried again later.",
              "See why: serdab studies --not-copied"));
    }
    if (changed > 0) {
      reasons.add(
          new Problem(
              "studies-changed",
              studies(changed) + " changed in the source since the last copy.",
              RUN));
    }
    if (waiting > 0) {
      reasons.add(
          new Problem(
              "changes-waiting",
              studies(waiting)
                  + (waiting == 1 ? " was" : " were")
                  + " edited and wait for a quiet time before the change is copied.",
              "A later run copies them by itself; until then the copies show them as before."));
    }
    if (bad + groups > 0 && reasons.isEmpty()) {
      reasons.add(
          new Problem(
              "studies-not-proven",
              number(bad + groups) + " of " + studies(all) + " have no proven copy.",
              RUN));
    }
  }

  private void lastRun(Case each, List<Problem> reasons) {
    Optional<RunRow> last = each.plan().lastRun();
    Optional<NotBegun> notBegun = each.notBegun();
    if (notBegun.isPresent()
        && last.filter(run -> run.startedAt().isAfter(notBegun.get().at()))
            .filter(run -> !run.startedAt().isAfter(now))
            .isEmpty()) {
      reasons.add(
          new Problem(
              "run-not-begun",
              "The last backup"
                  + of(each)
                  + " could not begin "
                  + ago(Optional.of(notBegun.get().at()))
                  + ": "
                  + notBegun.get().what(),
              RUN));
    }
    if (last.isEmpty() || each.plan().running()) {
      return;
    }
    RunRow run = last.get();
    boolean known = reasons.stream().anyMatch(r -> r.code().equals("sharply-fewer-studies"));
    switch (run.outcome()) {
      case "good" -> {
        // So it says.
      }
      case "incomplete" -> {
        // What such a run left is counted study by study, but for what belongs to no study: a copy
        // that another destination was to get and nobody can read.
        Safety.Counts counts = each.plan().counts();
        if (counts.studies() == counts.safeStudies() && counts.groups() == counts.safeGroups()) {
          reasons.add(
              new Problem(
                  "last-run-failed",
                  "The last backup" + of(each) + " was not complete " + began(run) + ".",
                  "Run it again and read what it says: serdab backup"));
        }
      }
      case "" ->
          reasons.add(
              new Problem(
                  "last-run-died",
                  "The last backup" + of(each) + " was cut short " + began(run) + ".",
                  RUN));
      case "held-back" ->
          reasons.add(
              new Problem(
                  "last-run-failed",
                  "The last backup"
                      + of(each)
                      + " went on without a destination "
                      + began(run)
                      + ": what is new is not there.",
                  "See which: serdab report; connect it and run: serdab backup"));
      case "interrupted" ->
          reasons.add(
              new Problem(
                  "last-run-interrupted",
                  "The last backup" + of(each) + " was interrupted " + began(run) + ".",
                  RUN));
      default -> {
        if (!known) {
          reasons.add(
              new Problem(
                  "last-run-failed",
                  "The last backup" + of(each) + " failed " + began(run) + ".",
                  "Run it again and read what it says: serdab backup"));
        }
      }
    }
  }

  private String began(RunRow run) {
    return ago(Optional.of(run.endedAt().orElse(run.startedAt())));
  }

  private void overdue(Case each, List<Problem> reasons) {
    Duration longest =
        each.every()
            .map(every -> every.multipliedBy(SCHEDULES_MISSED))
            .map(three -> three.compareTo(OVERDUE_AT_LEAST) < 0 ? OVERDUE_AT_LEAST : three)
            .orElse(OVERDUE);
    Optional<Instant> good =
        each.plan().lastGood().map(run -> run.endedAt().orElse(run.startedAt()));
    if (good.isEmpty()) {
      reasons.add(new Problem("never-ran-well", "No backup" + of(each) + " ended well yet.", RUN));
    } else if (good.get().isAfter(now.plus(CLOCKS_DIFFER))) {
      reasons.add(
          new Problem(
              "backup-overdue",
              "The last good backup"
                  + of(each)
                  + " ran at "
                  + good.get().truncatedTo(ChronoUnit.SECONDS)
                  + ", which is not yet: the clock was wrong then, or is now.",
              "Set the clock right and run: serdab backup"));
    } else if (Duration.between(good.get(), now).compareTo(longest) > 0) {
      reasons.add(
          new Problem(
              "backup-overdue",
              "The last good backup" + of(each) + " ran " + ago(good) + ".",
              RUN));
    }
  }

  private void copies(Case each, List<Problem> reasons) {
    for (Status.DestinationStatus destination : each.plan().destinations()) {
      Safety.OnDestination copies = destination.copies();
      if (copies.id().isEmpty()) {
        reasons.add(
            new Problem(
                "destination-never-used",
                "Nothing was ever copied to " + destination.address() + ".",
                RUN));
        continue;
      }
      if (copies.bad() > 0) {
        reasons.add(
            new Problem(
                "copies-damaged",
                number(copies.bad())
                    + (copies.bad() == 1 ? " copy" : " copies")
                    + " on "
                    + destination.address()
                    + (copies.bad() == 1 ? " is" : " are")
                    + " damaged.",
                "Make them again with: serdab backup; then check the disk"));
      }
      if (copies.unseen() > 0) {
        reasons.add(
            new Problem(
                "destination-not-looked-at",
                number(copies.unseen())
                    + (copies.unseen() == 1 ? " copy" : " copies")
                    + " on "
                    + destination.address()
                    + (copies.unseen() == 1 ? " was" : " were")
                    + " not looked at since the catalogue was recovered.",
                "Connect it and run: serdab backup"));
      }
      Optional<Instant> oldest = copies.oldestProof();
      if (oldest.isPresent() && Duration.between(oldest.get(), now).compareTo(PROOF_OLD) > 0) {
        reasons.add(
            new Problem(
                "proofs-old",
                "Copies on " + destination.address() + " were last read back " + ago(oldest) + ".",
                "Read them back: serdab verify " + destination.address()));
      }
    }
  }

  private static void health(Case each, long bad, List<Problem> reasons) {
    if (each.plan().health().isEmpty()) {
      return;
    }
    SourceHealthFact health = each.plan().health().get();
    long queued =
        health.queuedWithoutCopy().isPresent()
            ? health.queuedWithoutCopy().getAsLong()
            : bad > 0 ? health.queuedForDeletion().orElse(0) : 0;
    if (queued > 0) {
      reasons.add(
          new Problem(
              "endangered-studies",
              "The viewer is about to delete files of studies that have no copy yet.",
              "Run at once: serdab backup"));
    }
    if (health.autoClean().orElse(false)) {
      reasons.add(
          new Problem(
              "auto-clean-on",
              "The viewer deletes old studies by itself.",
              "Turn automatic cleaning off in the viewer's settings."));
    }
    String restore =
        "Do not let the viewer rebuild or clean anything before a copy of the index is restored.";
    if (health.warning().isPresent()) {
      if (!health.warning().get().isEmpty()) {
        reasons.add(new Problem("index-shrunken", health.warning().get(), restore));
      }
    } else if (health.filesOnDisk().isPresent()
        && health.filesInIndex().isPresent()
        && health.filesInIndex().getAsLong() < health.filesOnDisk().getAsLong() * SHARPLY_FEWER) {
      reasons.add(
          new Problem(
              "index-shrunken",
              "The viewer's index lists "
                  + number(health.filesInIndex().getAsLong())
                  + " files; "
                  + number(health.filesOnDisk().getAsLong())
                  + " are still on disk.",
              restore));
    }
  }
}
