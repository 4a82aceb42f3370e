package serdab.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/// Which files of a repository a run of `check --share` reads, so that each has its turn.
///
/// Files are read in the order of their names, round and round, each run going on where the last
/// one ended: so those that were read longest ago come first, and nothing has to be remembered of a
/// file. A share of 1/30 is a promise, as for `verify`: what is there now is read within the next
/// 30 runs that end. A run takes the share of all bytes, and more when files came or grew and
/// otherwise some would be late.
///
/// A value; [#after] and [#stopped] give the next one.
record CheckRounds(List<Turn> turns) {

  /// The longest round that is kept track of, in runs.
  static final int RUNS_MAX = 1000;

  private static final char WHOLE = '*';
  private static final char PART = ' ';

  CheckRounds {
    turns = List.copyOf(turns);
  }

  /// A run that ended.
  ///
  /// @param end the name of the last file that it read; empty text before the first run
  /// @param whole whether it read all there was
  record Turn(String end, boolean whole) {}

  /// What an earlier run remembered; what cannot be understood begins anew.
  static CheckRounds parse(String text) {
    List<Turn> turns = new ArrayList<>();
    for (String line : text.lines().toList()) {
      char kind = line.isEmpty() ? PART : line.charAt(0);
      if (line.isEmpty() || (kind != WHOLE && kind != PART)) {
        return new CheckRounds(List.of());
      }
      turns.add(new Turn(line.substring(1), kind == WHOLE));
    }
    return new CheckRounds(turns);
  }

  String text() {
    StringBuilder text = new StringBuilder();
    for (Turn turn : turns) {
      text.append(turn.whole() ? WHOLE : PART).append(turn.end()).append('\n');
    }
    return text.toString();
  }

  private String end() {
    return turns.isEmpty() ? "" : turns.getLast().end();
  }

  /// The files of this run, in the order in which they are to be read.
  ///
  /// @param there every file with its length, by name
  /// @param part of so many, as 1 of 30
  SequencedMap<String, Long> due(Map<String, Long> there, long part, long of) {
    TreeMap<String, Long> sorted = new TreeMap<>(there);
    SequencedMap<String, Long> circle = new LinkedHashMap<>(sorted.tailMap(end(), false));
    circle.putAll(sorted.headMap(end(), true));
    int length = (int) Math.min(RUNS_MAX, Math.ceilDiv(of, part));
    long all = 0;
    long[] byRunsLeft = new long[length + 1];
    for (Map.Entry<String, Long> file : circle.entrySet()) {
      byRunsLeft[Math.max(1, length - passedBy(file.getKey()))] += file.getValue();
      all += file.getValue();
    }
    double least = (double) all * part / of;
    long until = 0;
    for (int runs = 1; runs <= length; runs++) {
      until += byRunsLeft[runs];
      least = Math.max(least, (double) until / runs);
    }
    SequencedMap<String, Long> due = new LinkedHashMap<>();
    long taken = 0;
    for (Map.Entry<String, Long> file : circle.entrySet()) {
      if (taken >= least && !due.isEmpty()) {
        break;
      }
      due.put(file.getKey(), file.getValue());
      taken += file.getValue();
    }
    return due;
  }

  /// How many runs ended since a file of this name had its turn.
  private int passedBy(String name) {
    for (int i = turns.size() - 1; i > 0; i--) {
      Turn turn = turns.get(i);
      String begin = turns.get(i - 1).end();
      boolean isIn =
          begin.compareTo(turn.end()) < 0
              ? name.compareTo(begin) > 0 && name.compareTo(turn.end()) <= 0
              : name.compareTo(begin) > 0 || name.compareTo(turn.end()) <= 0;
      if (turn.whole() || (isIn && !begin.equals(turn.end()))) {
        return turns.size() - 1 - i;
      }
    }
    return Math.max(0, turns.size() - 1);
  }

  /// After a run that read all that was due.
  ///
  /// @param end the last file that it read
  /// @param whole whether that was all there is
  CheckRounds after(String end, boolean whole) {
    List<Turn> next = new ArrayList<>(turns.isEmpty() ? List.of(new Turn("", false)) : turns);
    if (whole) {
      next.subList(0, next.size() - 1).clear();
    }
    next.add(new Turn(end, whole));
    return new CheckRounds(next.subList(Math.max(0, next.size() - RUNS_MAX), next.size()));
  }

  /// After a run that was broken off: it passed nobody by, so it does not count, and the next one
  /// goes on where it was.
  CheckRounds stopped(String end) {
    if (turns.isEmpty()) {
      return new CheckRounds(List.of(new Turn(end, false)));
    }
    List<Turn> next = new ArrayList<>(turns);
    next.set(next.size() - 1, new Turn(end, turns.getLast().whole()));
    return new CheckRounds(next);
  }
}
