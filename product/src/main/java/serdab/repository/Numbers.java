package serdab.repository;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Which numbers of which sessions. One thread at a time.
final class Numbers {

  private final Map<String, BitSet> sessions = new TreeMap<>();

  void add(Layout.At at) {
    sessions.computeIfAbsent(at.session(), _ -> new BitSet()).set(at.number());
  }

  void add(Layout.Range range) {
    sessions.computeIfAbsent(range.session(), _ -> new BitSet()).set(range.from(), range.to());
  }

  void addAll(Numbers others) {
    others.sessions.forEach(
        (session, numbers) -> sessions.computeIfAbsent(session, _ -> new BitSet()).or(numbers));
  }

  boolean has(Layout.At at) {
    BitSet numbers = sessions.get(at.session());
    return numbers != null && numbers.get(at.number());
  }

  boolean isEmpty() {
    return sessions.isEmpty();
  }

  Iterable<String> sessions() {
    return sessions.keySet();
  }

  /// The numbers of a session, ascending.
  int[] of(String session) {
    BitSet numbers = sessions.get(session);
    return numbers == null ? new int[0] : numbers.stream().toArray();
  }

  Doc doc() {
    Doc doc = new Doc();
    sessions.forEach((session, numbers) -> {
      List<Object> ranges = new ArrayList<>();
      for (int from = numbers.nextSetBit(0); from >= 0; ) {
        int to = numbers.nextClearBit(from);
        ranges.add(List.of(from, to));
        from = numbers.nextSetBit(to);
      }
      doc.with(session, ranges);
    });
    return doc;
  }

  static Numbers parse(Doc doc) {
    Numbers numbers = new Numbers();
    doc.members()
        .forEach((session, ranges) -> {
          Commit.requireName(session);
          if (!(ranges instanceof List<?> list)) {
            throw wrong();
          }
          for (Object each : list) {
            if (!(each instanceof List<?> range)
                || range.size() != 2
                || !(range.get(0) instanceof Long from)
                || !(range.get(1) instanceof Long to)
                || from < 0
                || to < from
                || to > Layout.At.NUMBER_MAX + 1L) {
              throw wrong();
            }
            numbers.add(new Layout.Range(session, from.intValue(), to.intValue()));
          }
        });
    return numbers;
  }

  private static serdab.SerdabException.Damaged wrong() {
    return Problems.damaged("An index of the repository does not say what it covers.");
  }
}
