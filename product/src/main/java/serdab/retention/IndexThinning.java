package serdab.retention;

import java.time.Instant;
import java.time.LocalDate;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/// Which copies of a viewer's index stay: 24 hourly, 30 daily and 12 monthly ones, within a budget
/// that thins the oldest. A pure rule: equal versions give equal verdicts, in whatever order they
/// come, and nothing is removed here.
///
/// Of each of the last hours, days and months (in UTC) that have a good copy the newest one stays.
/// Damaged copies fill no such place; the newest few stay as evidence. Never removed: the newest
/// good copy, and the newest damaged one.
public final class IndexThinning {

  static final int HOURLY = 24;
  static final int DAILY = 30;
  static final int MONTHLY = 12;
  static final int DAMAGED = 3;

  private static final Comparator<Version> NEWEST_FIRST =
      Comparator.comparing(Version::at).reversed().thenComparing(Version::id);

  private IndexThinning() {}

  /// A copy of the index.
  ///
  /// @param id tells it from others
  /// @param at when it was read
  /// @param bytes the room it takes
  /// @param good whether it was proven to open when it was made, and its copy is proven here
  public record Version(String id, Instant at, long bytes, boolean good) {}

  /// What becomes of a version.
  ///
  /// @param reason why, in words
  public record Verdict(Version version, boolean keep, String reason) {}

  /// Judges versions.
  ///
  /// @param budgetBytes the room that all of them together may take; empty when it is not known
  /// @return a verdict for each, newest first
  public static List<Verdict> judge(List<Version> versions, OptionalLong budgetBytes) {
    List<Version> good = versions.stream().filter(Version::good).sorted(NEWEST_FIRST).toList();
    List<Version> damaged =
        versions.stream().filter(version -> !version.good()).sorted(NEWEST_FIRST).toList();
    Map<Version, String> kept = new LinkedHashMap<>();
    keepNewestOfEach(good, at -> at.truncatedTo(ChronoUnit.HOURS), HOURLY, "hourly", kept);
    keepNewestOfEach(good, at -> LocalDate.ofInstant(at, ZoneOffset.UTC), DAILY, "daily", kept);
    keepNewestOfEach(
        good,
        at -> YearMonth.from(LocalDate.ofInstant(at, ZoneOffset.UTC)),
        MONTHLY,
        "monthly",
        kept);
    damaged.stream().limit(DAMAGED).forEach(version -> kept.put(version, "damaged, as evidence"));

    Set<Version> overBudget = overBudget(good, damaged, kept.keySet(), budgetBytes);
    List<Verdict> verdicts = new ArrayList<>();
    for (Version version : versions.stream().sorted(NEWEST_FIRST).toList()) {
      if (!good.isEmpty() && version.equals(good.getFirst())) {
        verdicts.add(new Verdict(version, true, "the newest good copy"));
      } else if (overBudget.contains(version)) {
        verdicts.add(new Verdict(version, false, "over the budget"));
      } else if (kept.containsKey(version)) {
        verdicts.add(new Verdict(version, true, kept.getOrDefault(version, "")));
      } else {
        verdicts.add(new Verdict(version, false, "a newer copy of its time stays"));
      }
    }
    return List.copyOf(verdicts);
  }

  private static void keepNewestOfEach(
      List<Version> newestFirst,
      Function<Instant, Object> time,
      int most,
      String reason,
      Map<Version, String> kept) {
    Set<Object> seen = new HashSet<>();
    for (Version version : newestFirst) {
      if (seen.add(time.apply(version.at()))) {
        if (seen.size() > most) {
          return;
        }
        kept.putIfAbsent(version, reason);
      }
    }
  }

  /// The oldest go first, damaged ones before good ones, until the rest fits.
  private static Set<Version> overBudget(
      List<Version> good, List<Version> damaged, Set<Version> kept, OptionalLong budgetBytes) {
    Set<Version> leaving = new HashSet<>();
    if (budgetBytes.isEmpty()) {
      return leaving;
    }
    long left = budgetBytes.getAsLong();
    for (Version version : kept) {
      left -= version.bytes();
    }
    List<Version> inTurn = new ArrayList<>(damaged.stream().skip(1).toList().reversed());
    inTurn.addAll(good.stream().skip(1).toList().reversed());
    for (Version version : inTurn) {
      if (left >= 0) {
        break;
      }
      if (kept.contains(version)) {
        left += version.bytes();
        leaving.add(version);
      }
    }
    return leaving;
  }
}
