package serdab.retention;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.HoldRow;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.dicom.StudyKey;
import serdab.plan.RetentionRules;

/// What may go from a destination and what stays, with the reasons. A value; nothing was changed to
/// make it, and nothing happens by it.
///
/// @param destinationId what it is about
/// @param rules as text, one line each
/// @param madeAt when
/// @param proofsFor how old a proof may be that a removal leans on
/// @param lines one for each copy that the destination lists, by study, the newest first
/// @param unreadable how many things lie there that nobody can read; they are left alone
/// @param missing how many copies the catalogue expects there and the destination does not list
/// @param frozen why nothing may go at all; empty when something may
public record RetentionPlan(
    String destinationId,
    List<String> rules,
    Instant madeAt,
    Duration proofsFor,
    List<Line> lines,
    long unreadable,
    long missing,
    Optional<Problem> frozen) {

  /// How old a proof may be that a removal leans on, when nobody says otherwise.
  public static final Duration PROOFS_FOR = Duration.ofDays(30);

  /// Stands for the month of studies without a date.
  public static final String NO_MONTH = "unknown";

  /// Of so many copies that the catalogue expects, one may be missing without an alarm: a listing
  /// that is shorter than it should be is no ground to remove anything.
  private static final long ONE_MISSING_OF = 1000;

  public RetentionPlan {
    rules = List.copyOf(rules);
    lines = List.copyOf(lines);
  }

  /// Copies and their bytes.
  public record Count(long copies, long bytes) {
    Count plus(Line line) {
      return new Count(copies + 1, bytes + line.copy().storedBytes());
    }
  }

  /// Makes a plan; only reads.
  ///
  /// @param holds those that stand
  /// @param proofsFor how old a proof may be that a removal leans on
  /// @param others the other destinations that are there now, opened to read
  /// @throws serdab.SerdabException when the destination or the catalogue cannot be read to the end
  public static RetentionPlan of(
      RetentionRules rules,
      Destination destination,
      Catalogue catalogue,
      InstantSource clock,
      List<HoldRow> holds,
      Duration proofsFor,
      List<Destination> others) {
    String here = destination.id().toString();
    Terms terms = terms(rules, holds, clock.instant(), proofsFor, catalogue, here);
    Map<StudyKey, List<HeldVersion>> studies = new TreeMap<>();
    long unreadable = 0;
    try (Stream<Destination.Listed> listed = destination.held()) {
      for (Destination.Listed one : (Iterable<Destination.Listed>) listed::iterator) {
        switch (one) {
          case Destination.Listed.Copy copy ->
              studies
                  .computeIfAbsent(copy.version().study(), _ -> new ArrayList<>(1))
                  .add(copy.version());
          case Destination.Listed.Unreadable _ -> unreadable++;
        }
      }
    }
    long[] expectedAndMissing = missing(catalogue, here, studies);
    Optional<Problem> frozen =
        Freeze.of(catalogue, here)
            .or(() -> outOfStep(destination, expectedAndMissing[0], expectedAndMissing[1]));
    StudyJudgement judgement =
        new StudyJudgement(destination, catalogue, terms, Elsewhere.looked(others), false);
    List<Line> lines = new ArrayList<>();
    studies.forEach((study, held) ->
        judgement
            .lines(study, held)
            .forEach(line -> lines.add(frozen.isPresent() ? frozen(line) : line)));
    return new RetentionPlan(
        here,
        RulesText.lines(rules),
        terms.now(),
        proofsFor,
        lines,
        unreadable,
        expectedAndMissing[1],
        frozen);
  }

  /// By what copies on a destination are judged now.
  static Terms terms(
      RetentionRules rules,
      List<HoldRow> holds,
      Instant now,
      Duration proofsFor,
      Catalogue catalogue,
      String here) {
    List<YearMonth> months =
        rules.months().isPresent() ? catalogue.standing().months(here) : List.of();
    return new Terms(rules, holds, now, proofsFor, Terms.keptSince(rules, months, now));
  }

  private static Line frozen(Line line) {
    return line.verdict() == Verdict.KEEP
        ? line
        : new Line(
            line.label(), line.month(), line.copy(), Verdict.KEEP, false, List.of(Reason.FROZEN));
  }

  private static long[] missing(
      Catalogue catalogue, String here, Map<StudyKey, List<HeldVersion>> studies) {
    long expected = 0;
    long missing = 0;
    try (Stream<CopyRow> rows = catalogue.copiesOn(here)) {
      for (CopyRow row : (Iterable<CopyRow>) rows::iterator) {
        if (row.shouldBeThere() && !row.state().equals("bad")) {
          expected++;
          boolean there =
              studies.getOrDefault(row.study(), List.of()).stream()
                  .map(HeldVersion::id)
                  .anyMatch(row.version()::equals);
          missing += there ? 0 : 1;
        }
      }
    }
    return new long[] {expected, missing};
  }

  private static Optional<Problem> outOfStep(Destination destination, long expected, long missing) {
    if (missing * ONE_MISSING_OF <= expected) {
      return Optional.empty();
    }
    return Optional.of(
        new Problem(
            "retention-copies-missing",
            "Of "
                + expected
                + " copies that should be in "
                + destination.describe()
                + ", "
                + missing
                + " are not listed there. Nothing may be removed until that is explained.",
            "Check that it is the right disk and that all of it is there; then run: serdab verify,"
                + " and the backup."));
  }

  /// The copies with this verdict.
  public List<Line> with(Verdict verdict) {
    return lines.stream().filter(line -> line.verdict() == verdict).toList();
  }

  /// How many studies have a copy with this verdict.
  public static long studies(List<Line> lines) {
    Set<StudyKey> keys = new HashSet<>();
    lines.forEach(line -> keys.add(line.copy().study()));
    return keys.size();
  }

  /// What a verdict is given for, in the order of the reasons' texts. A copy with two reasons
  /// counts for both.
  public Map<Reason, Count> byReason(Verdict verdict) {
    Map<Reason, Count> counts = new TreeMap<>(Comparator.comparing(Reason::text));
    for (Line line : with(verdict)) {
      line.reasons().stream()
          .distinct()
          .forEach(reason ->
              counts.merge(
                  reason, new Count(1, line.copy().storedBytes()), (a, b) -> a.plus(line)));
    }
    return counts;
  }

  /// What would go, by month of the study; studies without a date under [#NO_MONTH].
  public Map<String, Count> byMonth(Verdict verdict) {
    Map<String, Count> counts = new TreeMap<>();
    for (Line line : with(verdict)) {
      counts.merge(
          line.month().map(Object::toString).orElse(NO_MONTH),
          new Count(1, line.copy().storedBytes()),
          (a, b) -> a.plus(line));
    }
    return counts;
  }

  /// The bytes of these copies.
  public static long bytes(List<Line> lines) {
    return lines.stream().mapToLong(line -> line.copy().storedBytes()).sum();
  }

  /// Versions by study, for comparing two plans.
  Map<StudyKey, Set<VersionId>> versions(Verdict verdict) {
    Map<StudyKey, Set<VersionId>> versions = new HashMap<>();
    with(verdict)
        .forEach(line ->
            versions
                .computeIfAbsent(line.copy().study(), _ -> new HashSet<>())
                .add(line.copy().id()));
    return versions;
  }
}
