package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import serdab.catalogue.Plans;
import serdab.report.Forecast;

/// Says when the work will be done, from what was measured so far. Thread-safe.
///
/// Where one run does all the work, the rate is that of this run. Where each run copies a batch,
/// what counts is how many studies were copied from the beginning of an earlier run to the
/// beginning of this one: pauses between runs, closed hours and nights are in it by themselves. Too
/// little measured makes no forecast.
final class Forecaster {

  /// Earlier runs are looked at so far back.
  static final Duration HISTORY = Duration.ofDays(14);

  /// Less than this says nothing of a rate.
  private static final Duration MEASURED_AT_LEAST = Duration.ofSeconds(5);

  private static final int STUDIES_AT_LEAST = 2;

  /// Longer than this is no forecast any more.
  private static final Duration LONGEST = Duration.ofDays(3650);

  private final InstantSource clock;
  private final boolean first;
  private final int batch;
  private final Optional<Plans.Pace> history;
  private final Instant begunAt;
  private final ReentrantLock lock = new ReentrantLock();
  private long studiesLeft;
  private long filesLeft;
  private long studiesDone;
  private long filesDone;
  private long filesCopied;
  private long bytesCopied;

  /// Begins to measure.
  ///
  /// @param first whether this is the first backup of its source
  /// @param batch how many studies one run copies; 0 means all
  /// @param history what earlier runs copied; empty when there was none lately
  Forecaster(
      InstantSource clock,
      List<WorkItem> items,
      boolean first,
      int batch,
      Optional<Plans.Pace> history) {
    this.clock = clock;
    this.first = first;
    this.batch = batch;
    this.history = history;
    this.begunAt = clock.instant();
    this.studiesLeft = items.size();
    this.filesLeft = items.stream().mapToLong(item -> item.study().fileCount()).sum();
  }

  /// A study is done with; what has to be tried again is still left.
  void ended(WorkItem item, CopyOutcome outcome, long bytes) {
    boolean done =
        switch (outcome) {
          case CopyOutcome.Copied _, CopyOutcome.Adopted _, CopyOutcome.Unchanged _ -> true;
          case CopyOutcome.WaitsForQuiet _, CopyOutcome.Failed _, CopyOutcome.Stopped _ -> false;
        };
    if (!done) {
      return;
    }
    lock.lock();
    try {
      long files = item.study().fileCount();
      studiesLeft--;
      filesLeft -= files;
      studiesDone++;
      filesDone += files;
      if (bytes > 0) {
        filesCopied += files;
        bytesCopied += bytes;
      }
    } finally {
      lock.unlock();
    }
  }

  /// What is to be expected by now.
  Forecast forecast() {
    lock.lock();
    try {
      if (studiesLeft <= 0) {
        return Forecast.DONE;
      }
      long bytesLeft =
          filesCopied == 0 ? 0 : Math.round((double) bytesCopied / filesCopied * filesLeft);
      boolean batches = batch > 0 && studiesLeft + studiesDone > batch;
      long runsLeft = batches ? (studiesLeft + batch - 1) / batch : 0;
      Optional<Duration> left =
          (batches ? leftByHistory() : leftByThisRun()).filter(d -> d.compareTo(LONGEST) < 0);
      return new Forecast(
          first,
          studiesLeft,
          filesLeft,
          bytesLeft,
          runsLeft,
          left,
          left.map(clock.instant()::plus));
    } finally {
      lock.unlock();
    }
  }

  private Optional<Duration> leftByThisRun() {
    Duration passed = Duration.between(begunAt, clock.instant());
    if (passed.compareTo(MEASURED_AT_LEAST) < 0 || studiesDone < STUDIES_AT_LEAST) {
      return Optional.empty();
    }
    // By files, not by studies: one CT has a thousand times the files of one X-ray.
    double done = Math.max(1, filesDone);
    return Optional.of(millis(passed.toMillis() * (filesLeft / done)));
  }

  private Optional<Duration> leftByHistory() {
    if (history.isEmpty() || history.get().copied() <= 0) {
      return Optional.empty();
    }
    Duration passed = Duration.between(history.get().since(), begunAt);
    if (passed.compareTo(MEASURED_AT_LEAST) < 0) {
      return Optional.empty();
    }
    double perStudy = (double) passed.toMillis() / history.get().copied();
    return Optional.of(millis(perStudy * studiesLeft));
  }

  private static Duration millis(double millis) {
    return Duration.ofMillis(Math.round(Math.min(millis, (double) LONGEST.toMillis())));
  }
}
