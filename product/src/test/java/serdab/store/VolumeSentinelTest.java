package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;

/// The file that says which volume this is (`docs/format/volume-sentinel.md`).
class VolumeSentinelTest {

  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-03-01T12:00:00.5Z"));

  @TempDir private Path volume;

  private VolumeSentinel make(int seed) {
    return VolumeSentinel.make(volume, CLOCK, new SplittableRandom(seed), "Serdab 0.1.0");
  }

  @Test
  void whatIsMadeIsFoundInAndBelowItsFolder() throws IOException {
    VolumeSentinel made = make(1);

    assertThat(VolumeSentinel.in(volume)).contains(made);
    assertThat(VolumeSentinel.above(volume.resolve("a/b/c")))
        .contains(new VolumeSentinel.Found(volume, made));
    assertThat(made.id().version()).isEqualTo(4);
    assertThat(Files.readString(volume.resolve(".serdab-sentinel")))
        .isEqualTo(
            "{\"format\":\"volume-sentinel\",\"formatVersion\":1,\"id\":\""
                + made.id()
                + "\",\"madeAt\":\"2026-03-01T12:00:00Z\",\"writtenBy\":\"Serdab 0.1.0\"}\n");
  }

  @Test
  void anIdentityStaysForGoodAndNothingElseIsLeft() throws IOException {
    VolumeSentinel first = make(1);

    VolumeSentinel second = make(2);

    assertThat(second).isEqualTo(first);
    try (Stream<Path> files = Files.list(volume)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void aLaterVersionIsReadAsFarAsItIsKnown() throws IOException {
    Files.writeString(
        volume.resolve(VolumeSentinel.NAME),
        "{\"format\":\"volume-sentinel\",\"formatVersion\":2,\"more\":{\"a\":[1]},"
            + "\"id\":\"00000000-0000-4000-8000-000000000001\",\"madeAt\":\"2030-01-01T00:00:00Z\"}");

    assertThat(VolumeSentinel.in(volume).orElseThrow().id())
        .hasToString("00000000-0000-4000-8000-000000000001");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "hello",
        "{\"format\":\"study-zip-tree\",\"id\":\"00000000-0000-4000-8000-000000000001\","
            + "\"madeAt\":\"2030-01-01T00:00:00Z\"}",
        "{\"format\":\"volume-sentinel\",\"formatVersion\":1,\"id\":\"7\","
            + "\"madeAt\":\"2030-01-01T00:00:00Z\"}",
        "{\"format\":\"volume-sentinel\",\"formatVersion\":1,"
            + "\"id\":\"00000000-0000-4000-8000-000000000001\",\"madeAt\":\"yesterday\"}"
      })
  void whatIsNoSentinelHoldsBack(String content) throws IOException {
    Files.writeString(volume.resolve(VolumeSentinel.NAME), content);

    assertThatThrownBy(() -> VolumeSentinel.above(volume.resolve("x")))
        .isInstanceOf(SerdabException.HeldBack.class)
        .hasMessageContaining("volume-sentinel-damaged");
    assertThatThrownBy(() -> make(1)).isInstanceOf(SerdabException.HeldBack.class);
  }

  @Test
  void anEndlessFileIsNotReadToItsEnd() throws IOException {
    Files.writeString(volume.resolve(VolumeSentinel.NAME), "[".repeat(1_000_000));

    assertThatThrownBy(() -> VolumeSentinel.in(volume))
        .isInstanceOf(SerdabException.HeldBack.class);
  }

  @Test
  void whereNothingCanBeWrittenItSaysSo() {
    Path nowhere = volume.resolve("nowhere");

    assertThatThrownBy(
            () -> VolumeSentinel.make(nowhere, CLOCK, new SplittableRandom(1), "Serdab 0.1.0"))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("volume-sentinel-not-written");
  }
}
