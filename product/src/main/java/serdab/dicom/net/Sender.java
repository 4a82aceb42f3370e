package serdab.dicom.net;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.dicom.net.OutgoingInstance.Kind;

/// Sends instances to a node (C-STORE), over as many associations as the [Traffic] to it allows.
///
/// - What a node did not answer, or answered with "try later", is sent again, after a wait that
///   grows. An instance at which the association breaks each time does not keep the others from
///   being sent.
/// - A node that grants fewer associations than we would like is served by those.
/// - Associations stay open between calls, until [#rest]: some nodes take a release for "the study
///   is complete".
///
/// One thread at a time.
public final class Sender implements AutoCloseable {

  private final Supplier<AssociationRequest> requests;
  private final Traffic traffic;
  private final List<Lane> lanes = new ArrayList<>();

  /// How many associations the node has shown that it grants.
  private int width = Integer.MAX_VALUE;

  /// @param requests gives a new request to the node each time, without contexts
  public Sender(Supplier<AssociationRequest> requests, Traffic traffic) {
    this.requests = requests;
    this.traffic = traffic;
  }

  /// Sends instances.
  ///
  /// @param instances whose sources stay open until this returns
  /// @return what became of each
  /// @throws SerdabException when the node does not let us in, or was away at each try; what was
  ///   sent by then counts as not sent
  public Map<OutgoingInstance, StoreOutcome> send(Collection<OutgoingInstance> instances) {
    Map<OutgoingInstance, StoreOutcome> outcomes = new LinkedHashMap<>();
    Map<Set<Kind>, List<OutgoingInstance>> parts = new LinkedHashMap<>();
    Set<Kind> kinds = new LinkedHashSet<>();
    instances.forEach(instance -> kinds.add(instance.kind()));
    for (List<ProposedContext> contexts : ProposedContext.forSending(kinds)) {
      Set<Kind> together = new HashSet<>();
      contexts.forEach(context ->
          together.add(new Kind(context.abstractSyntax(), context.transferSyntaxes().getFirst())));
      parts.put(together, new ArrayList<>());
    }
    for (OutgoingInstance instance : instances) {
      parts.entrySet().stream()
          .filter(part -> part.getKey().contains(instance.kind()))
          .findFirst()
          .orElseThrow()
          .getValue()
          .add(instance);
    }
    parts.forEach((together, part) -> {
      if (!part.isEmpty()) {
        long begun = System.nanoTime();
        new Run(together, part, outcomes).run();
        long bytes = part.stream().mapToLong(OutgoingInstance::lengthBytes).sum();
        traffic.went(lanes.size(), bytes, System.nanoTime() - begun);
      }
    });
    return outcomes;
  }

  /// Releases all associations.
  public void rest() {
    lanes.forEach(Lane::close);
    lanes.clear();
  }

  @Override
  public void close() {
    rest();
  }

  /// One association, or the wish for one.
  private final class Lane {
    private @Nullable Association association;
    private Set<Kind> proposed = Set.of();
    private boolean takesNothing;
    private boolean isNew;

    /// Guarded by the run.
    private State state = State.GRANTED;

    /// Whether there is an association, in the run at hand.
    private enum State {
      OPENING,
      GRANTED,
      NOT_GRANTED
    }

    /// Opens the association for kinds, unless there is one that has them.
    void open(Set<Kind> kinds) {
      isNew = false;
      if ((association != null || takesNothing) && proposed.containsAll(kinds)) {
        return;
      }
      leave();
      proposed = kinds;
      isNew = true;
      try {
        association =
            Association.open(requests.get().propose(ProposedContext.forSending(kinds).getFirst()));
      } catch (SerdabException.Refused e) {
        if (!e.problem().code().equals("node-takes-nothing")) {
          throw e;
        }
        takesNothing = true;
      }
    }

    /// Ends the association, and keeps the right to have one.
    void leave() {
      @Nullable Association last = association;
      association = null;
      takesNothing = false;
      if (last != null) {
        last.close();
      }
    }

    void close() {
      leave();
      traffic.release();
    }
  }

  /// An instance, and how often it was sent.
  private static final class Ticket {
    private final OutgoingInstance instance;
    private int tries;

    Ticket(OutgoingInstance instance) {
      this.instance = instance;
    }
  }

  /// Sending what fits on one association's contexts. Its queues are guarded by its lock.
  private final class Run {
    private final Set<Kind> kinds;
    private final Deque<Ticket> queue = new ArrayDeque<>();
    private final List<Ticket> again = new ArrayList<>();
    private final Map<OutgoingInstance, StoreOutcome> outcomes;
    private @Nullable SerdabException broken;
    private @Nullable RuntimeException fatal;
    private int answered;

    Run(
        Set<Kind> kinds,
        List<OutgoingInstance> instances,
        Map<OutgoingInstance, StoreOutcome> outcomes) {
      this.kinds = kinds;
      this.outcomes = outcomes;
      instances.forEach(instance -> queue.add(new Ticket(instance)));
    }

    void run() {
      int failed = 0;
      while (true) {
        if (traffic.isHeld()) {
          rest(); // Associations that idle for long are ended by nodes, and look like failures
          // there.
          traffic.begin();
        }
        answered = 0;
        broken = null;
        round();
        @Nullable RuntimeException worst = fatal;
        if (worst != null) {
          rest();
          throw worst;
        }
        queue.addAll(again);
        again.clear();
        if (queue.isEmpty()) {
          return;
        }
        if (broken == null && traffic.isHeld()) {
          continue;
        }
        failed = answered > 0 ? 1 : failed + 1;
        @Nullable SerdabException last = broken;
        if (failed >= traffic.retry().tries() && last != null) {
          rest();
          throw last;
        }
        int most = queue.stream().mapToInt(ticket -> ticket.tries).max().orElse(0);
        if (last != null || most > 0) {
          traffic.restAfter(Math.max(failed, most));
        }
      }
    }

    /// Works until nothing is left that can be sent now.
    private void round() {
      if (lanes.isEmpty()) {
        traffic.acquire();
        lanes.add(new Lane());
      }
      int wanted = Math.min(width, traffic.width());
      while (lanes.size() > wanted) {
        lanes.removeLast().close(); // It was found that fewer are better.
      }
      while (lanes.size() < Math.min(wanted, queue.size()) && traffic.tryAcquire()) {
        lanes.add(new Lane());
      }
      List<Lane> used = List.copyOf(lanes.subList(0, Math.min(lanes.size(), queue.size())));
      Map<Lane, Thread> others = new LinkedHashMap<>();
      for (Lane lane : used.subList(1, used.size())) {
        lane.state = Lane.State.OPENING;
        others.put(lane, Thread.ofVirtual().name("dicom-send").start(() -> work(lane)));
      }
      used.getFirst().state = Lane.State.OPENING;
      work(used.getFirst());
      others.forEach((lane, thread) -> {
        synchronized (this) {
          if (lane.state == Lane.State.OPENING) {
            // Nobody needs it any more, and some nodes would let it wait until we are gone.
            lane.state = Lane.State.NOT_GRANTED;
            thread.interrupt();
          }
        }
        join(thread);
        if (lane.state == Lane.State.NOT_GRANTED) {
          lanes.remove(lane);
          lane.close();
          traffic.refused();
          width = Math.max(1, lanes.size());
        }
      });
    }

    private static void join(Thread thread) {
      boolean interrupted = false;
      while (true) {
        try {
          thread.join();
          break;
        } catch (InterruptedException e) {
          interrupted = true;
          thread.interrupt();
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private void work(Lane lane) {
      while (true) {
        try {
          lane.open(kinds);
        } catch (SerdabException.Unavailable e) {
          notGranted(lane, e);
          return;
        } catch (RuntimeException e) {
          fatal(e);
          return;
        }
        if (!granted(lane)) {
          return;
        }
        @Nullable Association association = lane.association;
        if (association == null) {
          refuseAll();
          return;
        }
        boolean isNew = lane.isNew;
        Handing handing = new Handing();
        try {
          association.storeAll(handing, (instance, outcome) -> answer(handing, instance, outcome));
          return;
        } catch (SerdabException.Unavailable e) {
          lane.leave();
          boolean gotNothing = handing.answered == 0;
          handing.giveBack(e, isNew || !gotNothing);
          if (!isNew && gotNothing) {
            continue; // It rested since the last batch, and the node has ended it meanwhile.
          }
          broke(e);
          return;
        } catch (RuntimeException e) {
          lane.leave();
          fatal(e);
          return;
        }
      }
    }

    private synchronized void broke(SerdabException e) {
      broken = e;
    }

    private synchronized void notGranted(Lane lane, SerdabException e) {
      broken = lane.state == Lane.State.NOT_GRANTED ? broken : e;
      lane.state = Lane.State.NOT_GRANTED;
    }

    private synchronized boolean granted(Lane lane) {
      if (lane.state == Lane.State.OPENING) {
        lane.state = Lane.State.GRANTED;
      }
      return lane.state == Lane.State.GRANTED;
    }

    private synchronized void fatal(RuntimeException e) {
      fatal = e;
      queue.clear();
    }

    private synchronized Optional<Ticket> poll() {
      return Optional.ofNullable(queue.poll());
    }

    private synchronized boolean hasNext() {
      return !queue.isEmpty();
    }

    /// Nothing of what was proposed is taken.
    private synchronized void refuseAll() {
      for (Ticket ticket = queue.poll(); ticket != null; ticket = queue.poll()) {
        outcomes.put(
            ticket.instance,
            new StoreOutcome.NotTransferable(StoreOutcome.Reason.SOP_CLASS_REFUSED));
        answered++;
      }
    }

    private synchronized void answer(
        Handing handing, OutgoingInstance instance, StoreOutcome outcome) {
      Ticket ticket = handing.answeredOne(instance);
      answered++;
      if (outcome instanceof StoreOutcome.Answered(DimseStatus status)
          && status.isWorthAnotherTry()
          && ++ticket.tries < traffic.retry().tries()) {
        answered--;
        traffic.refused();
        again.add(ticket);
      } else {
        outcomes.put(instance, outcome);
      }
    }

    /// What is given to one association, from the queue that all share.
    private final class Handing implements Iterator<OutgoingInstance> {
      private final Map<OutgoingInstance, Ticket> underWay = new HashMap<>();
      private @Nullable Ticket next;
      private int answered;

      @Override
      public boolean hasNext() {
        if (traffic.isHeld()) {
          putBack(); // What is under way comes to its end; the rest stays in the queue.
          return false;
        }
        return prepared();
      }

      private boolean prepared() {
        if (next == null && Run.this.hasNext()) {
          try {
            traffic.begin();
          } catch (RuntimeException e) {
            // What is under way comes to its end, and the association to an orderly one.
            fatal(e);
            return false;
          }
          next = poll().orElse(null);
        }
        return next != null;
      }

      @Override
      public OutgoingInstance next() {
        if (!prepared()) {
          throw new NoSuchElementException();
        }
        Ticket ticket = next;
        next = null;
        if (ticket == null) {
          throw new NoSuchElementException();
        }
        traffic.took(ticket.instance.lengthBytes());
        underWay.put(ticket.instance, ticket);
        return ticket.instance;
      }

      Ticket answeredOne(OutgoingInstance instance) {
        answered++;
        Ticket ticket = underWay.remove(instance);
        if (ticket == null) {
          throw new IllegalStateException("an answer for what was not sent");
        }
        return ticket;
      }

      private void putBack() {
        synchronized (Run.this) {
          if (next != null) {
            queue.addFirst(next);
            next = null;
          }
        }
      }

      /// Back to the queue, or to those that are sent again later.
      void giveBack(SerdabException e, boolean counts) {
        synchronized (Run.this) {
          putBack();
          for (Ticket ticket : underWay.values()) {
            if (!counts) {
              queue.addFirst(ticket);
              continue;
            }
            if (++ticket.tries < traffic.retry().tries()) {
              again.add(ticket);
            } else {
              outcomes.put(ticket.instance, new StoreOutcome.Broke(e.problem()));
              Run.this.answered++;
            }
          }
          underWay.clear();
        }
      }
    }
  }
}
