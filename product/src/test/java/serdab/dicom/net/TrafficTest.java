package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.Problem;
import serdab.SerdabException;
import serdab.testing.SeededTest;

class TrafficTest {

  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final List<Duration> rests = new ArrayList<>();

  private Traffic traffic(int associations, int associationsMax) {
    return new Traffic(
        new Traffic.Means(
            associations,
            associationsMax,
            new Retry(4, Duration.ofSeconds(1), 2, Duration.ofSeconds(3)),
            () -> {},
            _ -> {},
            RandomGenerator.of("L64X128MixRandom"),
            rests::add));
  }

  private static SerdabException.Unavailable away() {
    return new SerdabException.Unavailable(new Problem("node-lost", "It is away.", "Wait."));
  }

  // ---- how many at once

  @Test
  void oneMoreIsTriedAsLongAsMoreGoesThrough() {
    Traffic traffic = traffic(2, 4);

    traffic.went(2, 100, SECOND);
    assertThat(traffic.width()).isEqualTo(3);
    traffic.went(3, 150, SECOND);
    assertThat(traffic.width()).isEqualTo(4);
    traffic.went(4, 300, SECOND);
    assertThat(traffic.width()).as("there may be no more").isEqualTo(4);
  }

  @Test
  void asManyAreWorkedOnAtOnceAsAreWorthTryingAndNoMore() throws Exception {
    Traffic traffic = traffic(2, 2);
    CyclicBarrier bothAreHere = new CyclicBarrier(2);
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Integer> done = new CopyOnWriteArrayList<>();

    traffic.each(
        List.of(1, 2, 3, 4),
        one -> {
          most.accumulateAndGet(now.incrementAndGet(), Math::max);
          try {
            bothAreHere.await(60, TimeUnit.SECONDS);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
          done.add(one);
          now.decrementAndGet();
        });

    assertThat(done).containsExactlyInAnyOrder(1, 2, 3, 4);
    assertThat(most).hasValue(2);
  }

  @Test
  void whatFailsOnOneThreadIsThrownAndNothingMoreIsBegun() {
    Traffic traffic = traffic(1, 1);
    List<Integer> begun = new ArrayList<>();

    assertThatExceptionOfType(SerdabException.Unavailable.class)
        .isThrownBy(() ->
            traffic.each(
                List.of(1, 2, 3),
                one -> {
                  begun.add(one);
                  if (one == 2) {
                    throw away();
                  }
                }));
    assertThat(begun).containsExactly(1, 2);
  }

  @Test
  void moreThreadsAreTriedWhenMoreGoesThrough() {
    Traffic traffic = traffic(1, 2);

    traffic.each(List.of(1, 2), _ -> traffic.took(1000));

    assertThat(traffic.width()).isEqualTo(2);
  }

  @Test
  void whenOneMoreBringsNothingItStaysAsItIs() {
    Traffic traffic = traffic(1, 8);
    traffic.went(1, 100, SECOND);

    traffic.went(2, 105, SECOND);

    assertThat(traffic.width()).isEqualTo(2);
  }

  @Test
  void aRefusalHalves() {
    Traffic traffic = traffic(4, 8);

    traffic.refused();
    assertThat(traffic.width()).isEqualTo(2);
    traffic.refused();
    traffic.refused();
    assertThat(traffic.width()).isEqualTo(1);
  }

  @Test
  void aFixedNumberStaysFixed() {
    Traffic traffic = traffic(2, 2);

    traffic.went(2, 100, SECOND);
    traffic.refused();

    assertThat(traffic.width()).isEqualTo(2);
  }

  @Test
  void aNodeThatLosesWhatComesOnSeveralGetsOneForGood() {
    Traffic traffic = traffic(2, 8);

    assertThat(traffic.narrow()).isTrue();
    assertThat(traffic.narrow()).isTrue();
    assertThat(traffic.narrow()).isTrue();
    assertThat(traffic.narrow()).as("it loses everything").isFalse();
    assertThat(traffic(1, 1).narrow()).as("there was only one").isFalse();
    traffic.went(1, 100, SECOND);
    assertThat(traffic.width()).isEqualTo(1);
  }

  // ---- trying again

  @Test
  void aNodeThatComesBackIsAskedAgain() {
    AtomicInteger asked = new AtomicInteger();

    String answer =
        traffic(1, 1)
            .doing(() -> {
              if (asked.incrementAndGet() < 4) {
                throw away();
              }
              return "here";
            });

    assertThat(answer).isEqualTo("here");
    assertThat(rests).hasSize(3);
  }

  @Test
  void aNodeThatStaysAwayIsLeft() {
    AtomicInteger asked = new AtomicInteger();

    assertThatExceptionOfType(SerdabException.Unavailable.class)
        .isThrownBy(() ->
            traffic(1, 1)
                .doing(() -> {
                  asked.incrementAndGet();
                  throw away();
                }));
    assertThat(asked).hasValue(4);
  }

  @SeededTest(runs = 50)
  void eachWaitIsDrawnFromItsUpperHalfAndTheNextIsLonger(RandomGenerator random) {
    Retry retry = new Retry(6, Duration.ofSeconds(1), 2, Duration.ofSeconds(3));

    assertThat(retry.after(1, random)).isBetween(Duration.ofMillis(500), Duration.ofSeconds(1));
    assertThat(retry.after(2, random)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(2));
    assertThat(retry.after(5, random)).isBetween(Duration.ofMillis(1500), Duration.ofSeconds(3));
  }
}
