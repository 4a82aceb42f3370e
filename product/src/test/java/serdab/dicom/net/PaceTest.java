package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PaceTest {

  private final AtomicLong nanos = new AtomicLong();
  private final List<Duration> rests = new ArrayList<>();
  private final Pace pace =
      new Pace(
          1_000_000,
          nanos::get,
          time -> {
            rests.add(time);
            nanos.addAndGet(time.toNanos());
          });

  @Test
  void bytesTakeTheirTime() {
    pace.accept(500_000);
    pace.accept(250_000);

    assertThat(rests).containsExactly(Duration.ofMillis(500), Duration.ofMillis(250));
  }

  @Test
  void whatWasNotUsedIsNotSavedUp() {
    pace.accept(1_000);
    nanos.addAndGet(Duration.ofHours(1).toNanos());
    rests.clear();

    pace.accept(2_000_000);

    assertThat(rests).containsExactly(Duration.ofSeconds(2));
  }

  @Test
  void whatTookLongerByItselfIsNotSlowedDown() {
    pace.accept(1_000);
    rests.clear();
    pace.accept(1_000);
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    pace.accept(1_000);

    assertThat(rests).containsExactly(Duration.ofMillis(1), Duration.ofMillis(1));
  }
}
