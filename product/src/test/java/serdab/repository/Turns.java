package serdab.repository;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Runs actors one at a time and changes between them wherever one asks the place for something, in
/// an order that a seed decides. An actor may also fall asleep for long, or be killed, at any such
/// point.
final class Turns {

  private final RandomGenerator random;
  private final List<Actor> actors = new ArrayList<>();
  private final Semaphore done = new Semaphore(0);
  private long steps;

  Turns(RandomGenerator random) {
    this.random = random;
  }

  /// What an actor does; it calls [Actor#step] before each thing it asks of the place.
  interface Work {
    void run(Actor actor) throws Exception;
  }

  final class Actor {
    private final Work work;
    private final Semaphore turn = new Semaphore(0);
    private boolean over;
    private boolean killed;
    private long asleepUntil;
    private @Nullable Throwable failure;

    private Actor(Work work) {
      this.work = work;
    }

    void step() {
      done.release();
      turn.acquireUninterruptibly();
      if (killed) {
        throw new KilledError();
      }
    }

    @Nullable Throwable failure() {
      return failure;
    }

    private void start() {
      Thread.ofVirtual()
          .start(() -> {
            turn.acquireUninterruptibly();
            try {
              if (!killed) {
                work.run(this);
              }
            } catch (KilledError e) {
              // As a process that is gone.
            } catch (Throwable e) {
              failure = e;
            } finally {
              over = true;
              done.release();
            }
          });
    }
  }

  /// An actor is gone, as by `kill -9`.
  static final class KilledError extends Error {
    private static final long serialVersionUID = 1L;
  }

  Actor add(Work work) {
    Actor actor = new Actor(work);
    actors.add(actor);
    actor.start();
    return actor;
  }

  long steps() {
    return steps;
  }

  /// Runs all of them to their ends.
  void run(double sleeps, double kills) {
    while (true) {
      List<Actor> ready = actors.stream().filter(actor -> !actor.over).toList();
      if (ready.isEmpty()) {
        return;
      }
      List<Actor> awake = ready.stream().filter(actor -> actor.asleepUntil <= steps).toList();
      Actor next =
          awake.isEmpty()
              ? ready.get(random.nextInt(ready.size()))
              : awake.get(random.nextInt(awake.size()));
      double chance = random.nextDouble();
      if (chance < sleeps) {
        next.asleepUntil = steps + 1 + random.nextInt(400);
        continue;
      }
      if (chance > 1 - kills) {
        next.killed = true;
      }
      // A few steps in a row, so that short and long stretches both happen.
      for (int i = random.nextInt(6); i >= 0 && !next.over; i--) {
        steps++;
        next.turn.release();
        done.acquireUninterruptibly();
      }
    }
  }
}
