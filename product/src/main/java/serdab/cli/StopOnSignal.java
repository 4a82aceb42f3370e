package serdab.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import serdab.backup.StopSignal;

/// Turns Ctrl-C and SIGTERM into a request to stop, and keeps the process alive until the run has
/// ended gracefully, at most nine seconds.
///
/// A shutdown hook is the one portable way to hear both; the virtual machine ends when it returns,
/// so the exit code of an interrupted run is set by [Runtime#halt] there.
final class StopOnSignal implements AutoCloseable {

  private static final long LONGEST_WAIT_SECONDS = 9;

  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread hook;

  private StopOnSignal(StopSignal stop) {
    hook =
        new Thread(
            () -> {
              stop.request();
              try {
                boolean graceful = ended.await(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS);
                if (graceful) {
                  // The report is printed by the main thread after the run has ended.
                  TimeUnit.MILLISECONDS.sleep(200);
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              Runtime.getRuntime().halt(Main.ExitCodes.INTERRUPTED);
            },
            "stop-on-signal");
  }

  static StopOnSignal of(StopSignal stop) {
    StopOnSignal signal = new StopOnSignal(stop);
    Runtime.getRuntime().addShutdownHook(signal.hook);
    return signal;
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending already; the hook has its turn.
    }
  }
}
