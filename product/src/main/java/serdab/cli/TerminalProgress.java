package serdab.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import serdab.Problem;
import serdab.StudyLabel;
import serdab.report.Forecast;
import serdab.report.Progress;

/// Shows how a run goes on: one line that is rewritten on a terminal, else a plain line from time
/// to time.
final class TerminalProgress implements Progress {

  private static final Duration REWRITE_EVERY = Duration.ofMillis(200);
  private static final Duration LINE_EVERY = Duration.ofSeconds(10);
  private static final int BAR_LENGTH = 24;

  private final PrintStream out;
  private final boolean terminal;
  private final Messages messages;
  private final LongSupplier nanoTime;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicLong done = new AtomicLong();
  private final AtomicLong nextLineNanos = new AtomicLong();
  private volatile long studies;
  private volatile long beganNanos;
  private volatile boolean lineOpen;
  private volatile Forecast forecast = Forecast.DONE;

  /// @param nanoTime a clock that only goes forward
  TerminalProgress(Terminal terminal, LongSupplier nanoTime) {
    this.out = terminal.err();
    this.terminal = terminal.interactive();
    this.messages = terminal.messages();
    this.nanoTime = nanoTime;
    this.beganNanos = nanoTime.getAsLong();
  }

  @Override
  public void planned(long count) {
    studies = count;
    beganNanos = nanoTime.getAsLong();
    nextLineNanos.set(beganNanos + (terminal ? REWRITE_EVERY : LINE_EVERY).toNanos());
    if (count > 0) {
      say(messages.text("progress.planned", count));
    }
  }

  @Override
  public void began(StudyLabel study) {}

  @Override
  public void read(long count) {
    bytes.addAndGet(count);
    showSometimes();
  }

  @Override
  public void forecast(Forecast newest) {
    forecast = newest;
  }

  @Override
  public void ended(StudyLabel study, String outcome) {
    done.incrementAndGet();
    if (outcome.equals("failed") || outcome.equals("incomplete")) {
      say(messages.text("progress.ended", study, messages.text("progress." + outcome)));
    }
    showSometimes();
  }

  @Override
  public synchronized void say(String line) {
    wipe();
    out.println(line);
    out.flush();
  }

  @Override
  public void tell(String key, String english, Object... values) {
    say(messages.isEnglish() ? english : messages.text(key, values));
  }

  @Override
  public void warn(Problem warning) {
    say(messages.warning(warning));
  }

  /// Ends the line that is being rewritten.
  synchronized void end() {
    wipe();
    out.flush();
  }

  private void showSometimes() {
    long now = nanoTime.getAsLong();
    long due = nextLineNanos.get();
    long every = (terminal ? REWRITE_EVERY : LINE_EVERY).toNanos();
    if (now - due >= 0 && nextLineNanos.compareAndSet(due, now + every)) {
      show(now);
    }
  }

  private synchronized void show(long now) {
    String text = text(now);
    if (terminal) {
      out.print("\r\u001b[K" + text);
      lineOpen = true;
    } else {
      out.println(text);
    }
    out.flush();
  }

  private String text(long nanos) {
    double seconds = Math.max(1e-3, (nanos - beganNanos) / 1e9);
    long all = studies;
    long finished = Math.min(done.get(), all);
    StringBuilder text = new StringBuilder();
    if (terminal && all > 0) {
      int filled = (int) (BAR_LENGTH * finished / all);
      text.append('[')
          .append("#".repeat(filled))
          .append(".".repeat(BAR_LENGTH - filled))
          .append("] ");
    }
    // Where files are read and not studies, their bytes are all there is to tell.
    if (all > 0) {
      text.append(messages.text("progress.studies", finished, all)).append(", ");
    }
    text.append(Sizes.text(bytes.get())).append(", ");
    text.append(Sizes.text((long) (bytes.get() / seconds))).append("/s");
    Forecast now = forecast;
    if (now.runsLeft() > 0) {
      text.append(messages.text("progress.done-when", words(now, messages)));
    } else if (now.left().isPresent()) {
      text.append(messages.text("progress.left", Sizes.text(now.left().get())));
    }
    return text.toString();
  }

  /// When all will be done, as [Forecast#words] has it; empty when it is not known.
  static String words(Forecast forecast, Messages messages) {
    return switch (forecast.when()) {
      case Forecast.When.Unknown _ -> "";
      case Forecast.When.AfterRuns after -> messages.text("forecast.runs", after.runs());
      case Forecast.When.InDays in -> messages.text("forecast.days", in.days(), in.date());
      case Forecast.When.InHours in -> messages.text("forecast.hours", in.hours());
      case Forecast.When.InMinutes in -> messages.text("forecast.minutes", in.minutes());
    };
  }

  private void wipe() {
    if (lineOpen) {
      out.print("\r\u001b[K");
      lineOpen = false;
    }
  }

  /// Sizes and durations as people read them.
  static final class Sizes {
    private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB"};

    private Sizes() {}

    static String text(long bytes) {
      double value = bytes;
      int unit = 0;
      while (value >= 1000 && unit < UNITS.length - 1) {
        value /= 1000;
        unit++;
      }
      return unit == 0
          ? bytes + " B"
          : String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, UNITS[unit]);
    }

    static String text(Duration duration) {
      long seconds = duration.toSeconds();
      if (seconds < 60) {
        return seconds + " s";
      }
      if (seconds < 3600) {
        return seconds / 60 + " min";
      }
      return seconds / 3600 + " h " + seconds % 3600 / 60 + " min";
    }
  }
}
