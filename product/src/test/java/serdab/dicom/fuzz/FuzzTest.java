package serdab.dicom.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The short form of `./dev prove fuzz`.
class FuzzTest {

  private static final Duration SHORT = Duration.ofSeconds(2);
  private static final long SEED = Long.getLong("firstSeed", 1L);

  @ParameterizedTest
  @EnumSource
  void keptInputsDoNoHarm(FuzzTarget target) throws IOException {
    int replayed = 0;
    try (Stream<Path> files = Files.walk(FuzzMain.corpus())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (file.getFileName().toString().startsWith(target.label())) {
          byte[] input = Files.readAllBytes(file);

          assertThatCode(() -> target.behaviour(input))
              .as(file.getFileName().toString())
              .doesNotThrowAnyException();
          replayed++;
        }
      }
    }

    assertThat(replayed).isGreaterThan(3);
  }

  @ParameterizedTest
  @EnumSource
  void newInputsDoNoHarm(FuzzTarget target) throws IOException, InterruptedException {
    List<byte[]> seeds = FuzzMain.seeds(target);

    Fuzzer.Result result = new Fuzzer(target, SEED).run(seeds, SHORT, Optional.empty());

    assertThat(result.failure()).as("seed " + SEED).isEmpty();
    assertThat(result.inputs()).isGreaterThan(10);
  }

  @Test
  void theLongFormRunsInASmallHeap() throws IOException, InterruptedException {
    int exitCode =
        FuzzMain.inSmallHeap(ProcessBuilder.Redirect.DISCARD, "dicomdir", "1", Long.toString(SEED));

    assertThat(exitCode).isZero();
  }

  @Test
  void aFailureIsFoundAndItsInputWritten() throws InterruptedException {
    // Without inputs to start from the mutator itself fails, as a target would.
    Fuzzer fuzzer = new Fuzzer(FuzzTarget.PARSER, SEED);

    Fuzzer.Result result = fuzzer.run(List.of(), Duration.ofSeconds(1), Optional.empty());

    assertThat(result.failure()).isPresent();
    assertThat(result.failure().get().input()).exists();
  }
}
