package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import serdab.plan.RunWindow;

/// How a run is asked to end early. Thread-safe.
///
/// After [#request] no new study is begun; studies in flight may finish within [#GRACE], then they
/// are abandoned, which leaves nothing visible behind. When the plan's hours end, no new study is
/// begun either, and those in flight are finished, however long that takes: nobody waits with a
/// hand on the plug.
public final class StopSignal {

  /// Well inside the ten seconds after which people pull the plug.
  public static final Duration GRACE = Duration.ofSeconds(5);

  private final InstantSource clock;
  private final RunWindow window;
  private volatile @Nullable Instant requestedAt;

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
  }

  public boolean isRequested() {
    return requestedAt != null;
  }

  /// Whether the plan must not run now.
  public boolean isOutsideWindow() {
    return !window.isOpen(clock.instant());
  }

  /// Whether no further study may be begun.
  boolean endsAfterThisStudy() {
    return isRequested() || isOutsideWindow();
  }

  /// Whether the time for finishing gracefully is over.
  public boolean mustAbandon() {
    Instant since = requestedAt;
    return since != null && clock.instant().isAfter(since.plus(GRACE));
  }
}
