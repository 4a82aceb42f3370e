package serdab.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ShareTest {

  @AfterEach
  void forgetTheShare() {
    System.clearProperty("slice");
    System.clearProperty("runsFactor");
  }

  @Test
  void slicesFollowEachOtherAndMakeUpTheWhole() {
    long next = 0;
    for (int slice = 0; slice < 20; slice++) {
      System.setProperty("slice", slice + "/20");

      assertThat(Share.firstOf(10_007)).isEqualTo(next);
      next = Share.endOf(10_007);
    }

    assertThat(next).isEqualTo(10_007);
  }

  @Test
  void aTwentiethOfAFewRunsIsStillOne() {
    System.setProperty("runsFactor", "0.05");

    assertThat(Share.endOf(200)).isEqualTo(10);
    assertThat(Share.endOf(3)).isEqualTo(1);
    assertThat(Share.of(Duration.ofMinutes(10))).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void aSliceBeyondTheLastIsRefused() {
    System.setProperty("slice", "20/20");

    assertThatThrownBy(() -> Share.firstOf(100)).isInstanceOf(IllegalArgumentException.class);
  }
}
