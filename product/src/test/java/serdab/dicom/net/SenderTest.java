package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import serdab.Gate;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.testing.world.TinyDicom;

class SenderTest {

  private static final String UID = "1.2.840.9";

  private final MemorySink kept = new MemorySink();
  private final Set<Long> associations = ConcurrentHashMap.newKeySet();
  private final List<Duration> rests = new CopyOnWriteArrayList<>();
  private Gate gate = () -> {};
  private final AtomicInteger bytes = new AtomicInteger();

  private Traffic traffic(int width) {
    return new Traffic(
        new Traffic.Means(
            width,
            width,
            new Retry(3, Duration.ofSeconds(1), 2, Duration.ofSeconds(3)),
            new Gate() {
              @Override
              public void pass() {
                gate.pass();
              }

              @Override
              public boolean isHeld() {
                return gate.isHeld();
              }
            },
            count -> bytes.addAndGet((int) count),
            RandomGenerator.of("L64X128MixRandom"),
            rests::add));
  }

  private StorageServer server(InstanceSink sink, int associationsMax) {
    return StorageServer.start(
        new ServerSettings(AeTitle.ours("ARCHIVE")).associationsMax(associationsMax),
        instance -> {
          associations.add(instance.association().number());
          return sink.store(instance);
        },
        _ -> {});
  }

  private static Sender sender(StorageServer server, Traffic traffic) {
    NodeAddress node = NodeAddress.parse("dicom://ARCHIVE@127.0.0.1:" + server.address().getPort());
    return new Sender(() -> AssociationRequest.to(node), traffic);
  }

  private static List<OutgoingInstance> images(int count) throws IOException {
    List<OutgoingInstance> images = new ArrayList<>();
    for (int n = 0; n < count; n++) {
      ByteSource source =
          ByteSource.of(
              TinyDicom.image()
                  .study(UID)
                  .series(UID + ".1")
                  .sop(UID + ".1." + n)
                  .pixels(new byte[1000])
                  .bytes());
      images.add(OutgoingInstance.of(DicomFile.read(source), source));
    }
    return images;
  }

  private List<String> arrived() {
    return kept.kept().stream().map(one -> one.instance().sop().value()).sorted().toList();
  }

  private static Set<StoreOutcome> distinct(Map<OutgoingInstance, StoreOutcome> outcomes) {
    return Set.copyOf(outcomes.values());
  }

  private static final StoreOutcome GOOD = new StoreOutcome.Answered(DimseStatus.SUCCESS);

  @Test
  void allAreSentOnAsManyAssociationsAsThereMayBe() throws Exception {
    CyclicBarrier both = new CyclicBarrier(2);
    Set<Long> met = ConcurrentHashMap.newKeySet();
    InstanceSink meeting =
        instance -> {
          if (met.add(instance.association().number())) {
            try {
              both.await(60, TimeUnit.SECONDS); // Each association waits for the other one.
            } catch (Exception e) {
              throw new IOException(e);
            }
          }
          return kept.store(instance);
        };
    try (StorageServer server = server(meeting, 8);
        Sender sender = sender(server, traffic(2))) {
      Map<OutgoingInstance, StoreOutcome> outcomes = sender.send(images(20));

      assertThat(outcomes).hasSize(20);
      assertThat(distinct(outcomes)).containsExactly(GOOD);
      assertThat(arrived()).hasSize(20).doesNotHaveDuplicates();
      assertThat(associations).hasSize(2);
      assertThat(bytes.get()).isGreaterThan(20_000);
    }
  }

  @Test
  void aNodeThatGrantsOneIsServedByOne() throws IOException {
    try (StorageServer server = server(kept, 1);
        Sender sender = sender(server, traffic(4))) {
      assertThat(distinct(sender.send(images(20)))).containsExactly(GOOD);
      assertThat(distinct(sender.send(images(3)))).containsExactly(GOOD);

      assertThat(associations).hasSize(1);
    }
  }

  @Test
  void whatANodeHasNoRoomForNowIsSentAgainAndTheOthersOnce() throws IOException {
    AtomicInteger refusals = new AtomicInteger(2);
    InstanceSink busy =
        instance ->
            instance.sop().value().endsWith(".3") && refusals.getAndDecrement() > 0
                ? DimseStatus.OUT_OF_RESOURCES
                : kept.store(instance);
    try (StorageServer server = server(busy, 8);
        Sender sender = sender(server, traffic(1))) {
      assertThat(distinct(sender.send(images(5)))).containsExactly(GOOD);

      assertThat(arrived()).hasSize(5).doesNotHaveDuplicates();
      assertThat(rests).hasSize(2);
    }
  }

  @Test
  void whatANodeNeverHasRoomForIsGivenUpAndSaid() throws IOException {
    InstanceSink full =
        instance ->
            instance.sop().value().endsWith(".3")
                ? DimseStatus.OUT_OF_RESOURCES
                : kept.store(instance);
    try (StorageServer server = server(full, 8);
        Sender sender = sender(server, traffic(1))) {
      Map<OutgoingInstance, StoreOutcome> outcomes = sender.send(images(5));

      assertThat(distinct(outcomes))
          .containsExactlyInAnyOrder(GOOD, new StoreOutcome.Answered(DimseStatus.OUT_OF_RESOURCES));
      assertThat(arrived()).hasSize(4);
    }
  }

  @Test
  void whatIsWrongWithTheInstanceIsNotTriedAgain() throws IOException {
    InstanceSink strict =
        instance ->
            instance.sop().value().endsWith(".3")
                ? DimseStatus.CANNOT_UNDERSTAND
                : kept.store(instance);
    try (StorageServer server = server(strict, 8);
        Sender sender = sender(server, traffic(1))) {
      assertThat(distinct(sender.send(images(5))))
          .containsExactlyInAnyOrder(
              GOOD, new StoreOutcome.Answered(DimseStatus.CANNOT_UNDERSTAND));
      assertThat(rests).isEmpty();
    }
  }

  @Test
  void hoursThatEndLetTheInstanceUnderWayEndAndNoOtherBegin() throws IOException {
    AtomicInteger left = new AtomicInteger(3);
    gate =
        () -> {
          if (left.getAndDecrement() <= 0) {
            throw new SerdabException.HeldBack(new Problem("outside-window", "Not now.", "Later."));
          }
        };
    List<Boolean> released = new CopyOnWriteArrayList<>();
    StorageServer server =
        StorageServer.start(
            new ServerSettings(AeTitle.ours("ARCHIVE")),
            kept,
            event -> {
              if (event instanceof ServerEvent.Ended ended) {
                released.add(ended.released());
              }
            });
    try (server;
        Sender sender = sender(server, traffic(1))) {
      List<OutgoingInstance> images = images(10);

      assertThatExceptionOfType(SerdabException.HeldBack.class)
          .isThrownBy(() -> sender.send(images));
    }
    assertThat(arrived()).hasSize(3);
    assertThat(released).containsExactly(true);
  }

  @Test
  void aGateThatIsHeldLetsTheInstanceUnderWayEndAndReleasesTheAssociationUntilItOpens()
      throws IOException {
    AtomicBoolean held = new AtomicBoolean();
    AtomicBoolean seen = new AtomicBoolean();
    BlockingQueue<Boolean> released = new LinkedBlockingQueue<>();
    List<Integer> arrivedWhenPassing = new CopyOnWriteArrayList<>();
    List<Boolean> releasedWhenPassing = new CopyOnWriteArrayList<>();
    gate =
        new Gate() {
          @Override
          public void pass() {
            // What was asked for a moment before the gate was held goes by.
            if (seen.get() && held.getAndSet(false)) {
              arrivedWhenPassing.add(kept.kept().size());
              try {
                releasedWhenPassing.add(
                    Optional.ofNullable(released.poll(30, TimeUnit.SECONDS)).orElse(false));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            }
          }

          @Override
          public boolean isHeld() {
            boolean now = held.get();
            seen.compareAndSet(false, now);
            return now;
          }
        };
    StorageServer server =
        StorageServer.start(
            new ServerSettings(AeTitle.ours("ARCHIVE")),
            instance -> {
              DimseStatus status = kept.store(instance);
              if (kept.kept().size() == 4) {
                held.set(true);
              }
              return status;
            },
            event -> {
              if (event instanceof ServerEvent.Ended ended) {
                released.add(ended.released());
              }
            });
    try (server;
        Sender sender = sender(server, traffic(1))) {
      List<OutgoingInstance> images = images(10);

      assertThat(sender.send(images)).hasSize(10);
    }
    // The fifth may have been let by while the fourth was under way.
    assertThat(arrivedWhenPassing)
        .hasSize(1)
        .allSatisfy(count -> assertThat(count).isBetween(4, 5));
    assertThat(releasedWhenPassing).containsExactly(true);
    assertThat(arrived()).hasSize(10).doesNotHaveDuplicates();
    assertThat(rests).isEmpty();
  }

  @Test
  void aNodeThatIsAwayAtEachTryIsLeft() throws IOException {
    StorageServer server = server(kept, 1);
    server.close();
    List<OutgoingInstance> images = images(2);

    try (Sender sender = sender(server, traffic(2))) {
      assertThatExceptionOfType(SerdabException.Unavailable.class)
          .isThrownBy(() -> sender.send(images))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-unreachable"));
    }
    assertThat(rests).hasSize(2);
  }

  @Test
  void anAssociationThatTheNodeEndedWhileItRestedIsOpenedAgainWithoutAWait() throws IOException {
    Timeouts impatient =
        new Timeouts(
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofMillis(1),
            Duration.ofSeconds(2),
            32 << 10);
    java.util.concurrent.BlockingQueue<ServerEvent> ended =
        new java.util.concurrent.LinkedBlockingQueue<>();
    try (StorageServer server =
            StorageServer.start(
                new ServerSettings(AeTitle.ours("ARCHIVE")).timeouts(impatient),
                kept,
                event -> {
                  if (event instanceof ServerEvent.Ended) {
                    ended.add(event);
                  }
                });
        Sender sender = sender(server, traffic(1))) {
      Set<StoreOutcome> first =
          sender.send(images(1)).values().stream().collect(Collectors.toSet());
      assertThat(ended.poll(60, TimeUnit.SECONDS)).isNotNull();
      Set<StoreOutcome> second =
          sender.send(images(1)).values().stream().collect(Collectors.toSet());

      assertThat(first).containsExactly(GOOD);
      assertThat(second).containsExactly(GOOD);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
