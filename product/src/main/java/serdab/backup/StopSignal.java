package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// How a run is asked to end early. Thread-safe.
///
/// After [#request] no new study is begun; studies in flight may finish within [#GRACE], then they
/// are abandoned, which leaves nothing visible behind.
public final class StopSignal {

  /// Well inside the ten seconds after which people pull the plug.
  public static final Duration GRACE = Duration.ofSeconds(5);

  private final InstantSource clock;
  private volatile @Nullable Instant requestedAt;

  public StopSignal(InstantSource clock) {
    this.clock = clock;
  }

  public void request() {
    if (requestedAt == null) {
      requestedAt = clock.instant();
    }
  }

  public boolean isRequested() {
    return requestedAt != null;
  }

  /// Whether the time for finishing gracefully is over.
  public boolean mustAbandon() {
    Instant since = requestedAt;
    return since != null && clock.instant().isAfter(since.plus(GRACE));
  }
}
