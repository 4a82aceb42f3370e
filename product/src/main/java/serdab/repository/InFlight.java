package serdab.repository;

import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import serdab.Tasks;
import serdab.store.ReadBack;

/// Puts full packs into their place on threads of their own, while the next ones fill. Thread-safe.
///
/// A pack is held in memory until it was read back, so that only so many are on their way in one
/// repository; who comes with another one waits.
final class InFlight {

  static final int PACKS_MAX = 2;

  private final Shelf shelf;
  private final Semaphore room = new Semaphore(PACKS_MAX);

  InFlight(Shelf shelf) {
    this.shelf = shelf;
  }

  /// A pack on its way.
  static final class Put {

    private final FutureTask<ReadBack.Means> task;

    private Put(FutureTask<ReadBack.Means> task) {
      this.task = task;
    }

    boolean isOver() {
      return task.isDone();
    }

    /// Waits until the pack was written, synced and read back, and says how; throws what stopped
    /// that.
    ReadBack.Means await() {
      return Tasks.result(task);
    }
  }

  /// Sends a pack on its way, as soon as there is room.
  Put begin(PackWriter.Sealed pack) {
    room.acquireUninterruptibly();
    FutureTask<ReadBack.Means> task =
        new FutureTask<>(() -> {
          try {
            return put(pack);
          } finally {
            room.release();
          }
        });
    Thread.ofPlatform().name("pack").daemon(true).start(task);
    return new Put(task);
  }

  /// Puts a pack in its place on this thread.
  ReadBack.Means put(PackWriter.Sealed pack) {
    return shelf.put(Layout.pack(pack.name()), pack.bytes());
  }
}
