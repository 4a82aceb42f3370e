package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class NameSetTest {

  @Test
  void hasWhatWasSeenAndNothingElse() {
    NameSet names = NameSet.of(IntStream.range(0, 10_000).mapToObj(i -> "name-" + 2 * i));

    assertThat(IntStream.range(0, 20_000).filter(i -> names.has("name-" + i)))
        .hasSize(10_000)
        .allMatch(i -> i % 2 == 0);
    assertThat(NameSet.of(Stream.empty()).has("")).isFalse();
  }

  @Test
  void aBlobOfAnotherLengthIsAnother() {
    NameSet listed = NameSet.ofBlobs(Stream.of(new BlobInfo("2024-01/a.zip", 12, Instant.EPOCH)));

    assertThat(listed.hasBlob("2024-01/a.zip", 12)).isTrue();
    assertThat(listed.hasBlob("2024-01/a.zip", 1)).isFalse();
    assertThat(listed.hasBlob("2024-01/a.zip1", 2)).isFalse();
    assertThat(listed.hasBlob("2024-01/b.zip", 12)).isFalse();
  }
}
