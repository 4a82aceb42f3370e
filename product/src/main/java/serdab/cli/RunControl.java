package serdab.cli;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.StopSignal;
import serdab.report.Progress;

/// Lets a run be paused, resumed and stopped from other processes: looks twice a second at the few
/// files by which people ask for that, and passes it on. Close it when the run has ended.
final class RunControl implements AutoCloseable {

  private static final long LOOK_EVERY_MILLIS = 500;

  private final Control control;
  private final Control.UnderWay run;
  private final Surroundings around;
  private final StopSignal stop;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread watch;
  private volatile Progress progress;

  private volatile Optional<Control.Pause> pausedBy = Optional.empty();
  private boolean stopped;

  private RunControl(Surroundings around, Control control, Control.UnderWay run, StopSignal stop) {
    this.around = around;
    this.control = control;
    this.run = run;
    this.stop = stop;
    this.progress = new TerminalProgress(around.terminal(), System::nanoTime);
    this.watch = Thread.ofPlatform().daemon(true).name("run-control").unstarted(this::watch);
  }

  /// Notes that a run begins.
  ///
  /// @param kind `backup` or `verify`
  /// @param plan the name of its plan; empty text when it has none
  /// @param stop paused, resumed and set off by what people ask
  /// @throws SerdabException.HeldBack `run-paused` when it is paused before it has begun
  static RunControl begin(
      Surroundings around, Home home, String kind, String plan, StopSignal stop) {
    Control control = new Control(home);
    Instant now = around.clock().instant();
    Optional<Control.Pause> pause = control.pauseOf(plan, Optional.empty(), now);
    if (pause.isPresent()) {
      throw new SerdabException.HeldBack(paused(pause.get(), plan));
    }
    Control.UnderWay run = control.begin(kind, plan, now, around.random());
    RunControl begun = new RunControl(around, control, run, stop);
    begun.watch.start();
    return begun;
  }

  private static Problem paused(Control.Pause pause, String plan) {
    boolean ofPlan = pause.whom() instanceof Control.Whom.Plan;
    return new Problem(
        "run-paused",
        (ofPlan ? "The plan " + plan + " is paused" : "Everything is paused")
            + ", since "
            + pause.since()
            + pause.until().map(end -> " until " + end).orElse("")
            + ".",
        "To go on: " + resuming(pause.whom()));
  }

  /// The command that ends a pause.
  static String resuming(Control.Whom whom) {
    return switch (whom) {
      case Control.Whom.Everything _ -> "serdab resume --all";
      case Control.Whom.Plan(String plan) -> "serdab resume " + plan;
      case Control.Whom.Run _ -> "serdab resume";
    };
  }

  /// Who is told from now on.
  void tellBy(Progress teller) {
    progress = teller;
    pausedBy.ifPresent(this::tellPaused);
  }

  private void watch() {
    try {
      do {
        look();
      } while (!ended.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    try {
      if (!stopped && control.isAskedToStop(run)) {
        end("progress.stopping", "Asked to stop: what is under way comes to its end.");
      }
      Optional<Control.Pause> pause =
          control.pauseOf(run.plan(), Optional.of(run), around.clock().instant());
      if (pause.isPresent() != pausedBy.isPresent()) {
        pausedBy = pause;
        pause.ifPresentOrElse(this::rest, this::goOn);
      }
    } catch (SerdabException e) {
      // Nobody can tell whether it shall rest, so it neither goes on nor waits for ever.
      if (!stopped) {
        progress.warn(e.problem());
        end("progress.stopping", "Asked to stop: what is under way comes to its end.");
      }
    }
  }

  private void rest(Control.Pause pause) {
    stop.pause();
    tellPaused(pause);
  }

  private void tellPaused(Control.Pause pause) {
    String how = resuming(pause.whom());
    progress.tell(
        "progress.paused",
        "Paused: what is under way comes to its end, and nothing more is begun. To go on: " + how,
        how);
  }

  private void goOn() {
    stop.resume();
    progress.tell("progress.resumed", "Going on.");
  }

  private void end(String key, String english) {
    stopped = true;
    stop.request();
    progress.tell(key, english);
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      watch.join();
      control.end(run);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (SerdabException e) {
      // The next run that begins forgets this one.
    }
  }
}
