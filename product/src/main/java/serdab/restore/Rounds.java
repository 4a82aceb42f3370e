package serdab.restore;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import serdab.Depth;
import serdab.catalogue.Catalogue;

/// How many copies have their turn in a run that proves a share, so that each comes round.
///
/// A share of 1/30 is a promise: whatever is there now is proven within the next 30 runs that end,
/// also when copies come and go meanwhile. Each copy has as many runs left as a round has, less
/// those that passed it by. Those with the fewest runs left go first, and a run takes at least so
/// many that for no number of runs more copies are left than an even pace through them can prove.
///
/// - With nothing happening that is exactly the share.
/// - New copies have a whole round before them, so they push nobody out.
/// - When copies vanish, those left keep their turns.
/// - A run that was broken off passes nobody by: it does not count.
///
/// It goes by the order in which proofs were recorded, not by their dates: clocks are set back, and
/// many copies are proven at one instant.
final class Rounds {

  /// The longest round that is kept track of, in runs: almost three years of days.
  static final int RUNS_MAX = 1000;

  private final Catalogue catalogue;
  private final String fact;
  private final int length;
  private final long begin;

  /// For each counted run before, how many proofs had been recorded when it began; ascending.
  private final long[] begins;

  private Rounds(Catalogue catalogue, String fact, int length, long begin, long[] begins) {
    this.catalogue = catalogue;
    this.fact = fact;
    this.length = length;
    this.begin = begin;
    this.begins = begins;
  }

  /// Begins a run. Called before anything is proven or remembered in it.
  static Rounds begin(Catalogue catalogue, String destinationId, Depth depth, Share share) {
    String fact = "verify-rounds/" + destinationId + "/" + depth.name();
    int length = (int) Math.min(RUNS_MAX, Math.ceilDiv(share.of(), share.part()));
    long[] begins =
        catalogue
            .fact(fact)
            .filter(text -> text.matches("[0-9 ]+"))
            .map(text -> Arrays.stream(text.trim().split(" +")).mapToLong(Long::parseLong))
            .orElseGet(LongStream::empty)
            .sorted()
            .toArray();
    return new Rounds(catalogue, fact, length, catalogue.proofs().count(), begins);
  }

  /// How many runs a copy has left, this one counted; at least 1.
  ///
  /// @param lastTurn the count of its last proof
  int left(long lastTurn) {
    int low = 0;
    int high = begins.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (begins[middle] >= lastTurn) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    int passedBy = begins.length - low;
    return Math.max(1, length - passedBy);
  }

  /// How many of these copies this run proves at least.
  ///
  /// @param lastTurns of every copy, in any order
  long due(LongStream lastTurns) {
    long[] byRunsLeft = new long[length + 1];
    lastTurns.forEach(turn -> byRunsLeft[left(turn)]++);
    long due = 0;
    long until = 0;
    for (int runs = 1; runs <= length; runs++) {
      until += byRunsLeft[runs];
      due = Math.max(due, Math.ceilDiv(until, runs));
    }
    return due;
  }

  /// Counts this run: it did its share.
  void end() {
    List<String> kept =
        LongStream.concat(Arrays.stream(begins), LongStream.of(begin))
            .skip(Math.max(0, begins.length + 1 - RUNS_MAX))
            .mapToObj(Long::toString)
            .collect(Collectors.toList());
    catalogue.rememberFact(fact, String.join(" ", kept));
  }
}
