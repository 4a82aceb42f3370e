package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.testing.SeededTest;

class CheckRoundsTest {

  private static final CheckRounds NEW = CheckRounds.parse("");

  private static Map<String, Long> files(int count) {
    Map<String, Long> files = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      files.put("packs/%03d".formatted(i), 10L);
    }
    return files;
  }

  private static CheckRounds run(CheckRounds rounds, Map<String, Long> files, int of) {
    SequencedMap<String, Long> due = rounds.due(files, 1, of);
    return rounds.after(due.lastEntry().getKey(), due.size() == files.size());
  }

  @Test
  void quietRunsTakeTheShareAndNoMoreRoundAndRound() {
    Map<String, Long> files = files(60);
    CheckRounds rounds = NEW;
    Map<String, Integer> read = new HashMap<>();
    for (int i = 0; i < 60; i++) {
      SequencedMap<String, Long> due = rounds.due(files, 1, 30);
      assertThat(due).hasSize(2);
      due.keySet().forEach(file -> read.merge(file, 1, Integer::sum));
      rounds = CheckRounds.parse(rounds.after(due.lastEntry().getKey(), false).text());
    }

    assertThat(read)
        .hasSize(60)
        .containsValue(2)
        .allSatisfy((_, times) -> assertThat(times).isEqualTo(2));
  }

  @Test
  void aRunThatWasBrokenOffGoesOnWhereItWasAndDoesNotCount() {
    Map<String, Long> files = files(60);
    CheckRounds once = run(NEW, files, 30);

    CheckRounds stopped = once.stopped("packs/002");

    assertThat(stopped.turns()).hasSameSizeAs(once.turns());
    assertThat(stopped.due(files, 1, 30).keySet()).startsWith("packs/003");
    assertThat(NEW.stopped("packs/004").due(files, 1, 30).keySet()).startsWith("packs/005");
  }

  @Test
  void aFileLargerThanAShareIsReadAllTheSame() {
    Map<String, Long> files = files(3);
    files.put("packs/001", 1_000_000L);
    CheckRounds rounds = NEW;
    Map<String, Integer> read = new HashMap<>();
    for (int i = 0; i < 30; i++) {
      rounds.due(files, 1, 30).keySet().forEach(file -> read.merge(file, 1, Integer::sum));
      rounds = run(rounds, files, 30);
    }
    assertThat(read).containsOnlyKeys(files.keySet());
  }

  @Test
  void whatCannotBeUnderstoodBeginsAnew() {
    assertThat(CheckRounds.parse("packs/ab/what the first release kept")).isEqualTo(NEW);
    assertThat(CheckRounds.parse("\n\n")).isEqualTo(NEW);
  }

  /// Files come, go and grow in number, runs are broken off, and shares change nothing of it.
  @SeededTest(runs = 300)
  void whatIsThereNowIsReadWithinARoundWhateverHappensBetween(RandomGenerator random) {
    int of = 1 + random.nextInt(30);
    Map<String, Long> there = new TreeMap<>();
    Map<String, Integer> lastRead = new HashMap<>();
    CheckRounds rounds = NEW;
    int counted = 0;
    for (int step = 0; step < 150; step++) {
      for (int i = random.nextInt(20); i > 0; i--) {
        String name = "packs/" + Integer.toHexString(random.nextInt(1 << 20));
        there.put(name, 1L + random.nextLong(1_000_000));
        lastRead.put(name, counted); // It was read back when it was written.
      }
      if (random.nextInt(4) == 0) {
        there.keySet().removeIf(_ -> random.nextInt(3) == 0);
      }
      if (there.isEmpty()) {
        continue;
      }
      List<String> due = List.copyOf(rounds.due(there, 1, of).keySet());
      boolean brokenOff = random.nextInt(5) == 0;
      int end = brokenOff ? random.nextInt(due.size() + 1) : due.size();
      for (String file : due.subList(0, end)) {
        lastRead.put(file, counted);
      }
      if (brokenOff) {
        rounds = end == 0 ? rounds : rounds.stopped(due.get(end - 1));
      } else {
        rounds = rounds.after(due.getLast(), due.size() == there.size());
        counted++;
      }
      rounds = CheckRounds.parse(rounds.text());
      int now = counted;
      assertThat(there.keySet())
          .allSatisfy(
              file -> assertThat(now - lastRead.getOrDefault(file, 0)).isLessThanOrEqualTo(of));
    }
  }
}
