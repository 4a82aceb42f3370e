package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import serdab.Gate;
import serdab.Problem;
import serdab.SerdabException;
import serdab.plan.RunWindow;

/// How a run is asked to end early, or to rest. Thread-safe.
///
/// After [#request] no new study is begun; studies in flight may finish within [#GRACE], then they
/// are abandoned, which leaves nothing visible behind. When the plan's hours end, no new study is
/// begun either, and those in flight are finished, however long that takes: nobody waits with a
/// hand on the plug.
///
/// After [#pause] nothing new is begun until [#resume]: no study, no file, no question to a node.
/// What is under way comes to its end. A run that is asked to end while it is paused ends at once.
public final class StopSignal implements Gate {

  /// Well inside the ten seconds after which people pull the plug.
  public static final Duration GRACE = Duration.ofSeconds(5);

  private static final String STOPPED = "run-stopped";

  private final InstantSource clock;
  private final RunWindow window;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile @Nullable Instant requestedAt;
  private volatile boolean paused;

  /// A signal that only [#request] sets off.
  public StopSignal(InstantSource clock) {
    this(clock, new RunWindow(List.of(), ZoneOffset.UTC));
  }

  /// A signal that the end of a plan's hours sets off, too.
  public StopSignal(InstantSource clock, RunWindow window) {
    this.clock = clock;
    this.window = window;
  }

  public void request() {
    if (requestedAt == null) {
      requestedAt = clock.instant();
    }
    wake();
  }

  /// Lets the run rest.
  public void pause() {
    paused = true;
  }

  /// Lets the run go on.
  public void resume() {
    paused = false;
    wake();
  }

  private void wake() {
    lock.lock();
    try {
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isHeld() {
    return paused && !isRequested();
  }

  /// Returns when the run is not paused, or is asked to end.
  @Override
  public void pass() {
    lock.lock();
    try {
      while (isHeld()) {
        changed.await();
      }
    } catch (InterruptedException e) {
      request();
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /// The gate before each operation on a node. It waits while the run is paused, and lets nothing
  /// by when the time for finishing gracefully is over.
  ///
  /// @return one that throws [SerdabException.HeldBack] `run-stopped`
  public Gate gateOfNodes() {
    return new Gate() {
      @Override
      public void pass() {
        StopSignal.this.pass();
        if (mustAbandon()) {
          throw new SerdabException.HeldBack(
              new Problem(
                  STOPPED,
                  "The run was asked to stop; nothing more is asked of the node or sent to it.",
                  "Run it again: it goes on where it stopped."));
        }
      }

      @Override
      public boolean isHeld() {
        return StopSignal.this.isHeld();
      }
    };
  }

  /// Whether a problem says no more than that the run was asked to stop.
  public static boolean isStop(Problem problem) {
    return problem.code().equals(STOPPED);
  }

  public boolean isRequested() {
    return requestedAt != null;
  }

  /// Whether the plan must not run now.
  public boolean isOutsideWindow() {
    return !window.isOpen(clock.instant());
  }

  /// Whether no further study may be begun. Waits while the run is paused.
  boolean endsAfterThisStudy() {
    pass();
    return isRequested() || isOutsideWindow();
  }

  /// Whether nothing further may be begun by those who know no hours. Waits while the run is
  /// paused.
  public boolean endsHere() {
    pass();
    return isRequested();
  }

  /// Whether the time for finishing gracefully is over.
  public boolean mustAbandon() {
    Instant since = requestedAt;
    return since != null && (paused || clock.instant().isAfter(since.plus(GRACE)));
  }
}
