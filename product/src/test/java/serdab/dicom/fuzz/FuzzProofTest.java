package serdab.dicom.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.testing.Share;

/// The long form of [FuzzTest], run by `./dev prove fuzz`.
@Tag("prove")
@Tag("prove-fuzz")
class FuzzProofTest {

  private static final Duration WHOLE = Duration.ofMinutes(10);

  /// Each slice of the proof starts from another seed.
  private static final long SLICES_MAX = 1_000;

  @TempDir private Path scratch;

  @ParameterizedTest
  @EnumSource
  void tenMinutesOfHostileInputDoNoHarmInASmallHeap(FuzzTarget target)
      throws IOException, InterruptedException {
    long seed = Long.getLong("firstSeed", 1L) + Share.firstOf(SLICES_MAX);
    long seconds = Math.max(1, Share.of(WHOLE).toSeconds());
    Path printed = scratch.resolve("printed");

    int exitCode =
        FuzzMain.inSmallHeap(
            ProcessBuilder.Redirect.to(printed.toFile()),
            target.label(),
            Long.toString(seconds),
            Long.toString(seed));

    assertThat(exitCode).as(Files.readString(printed)).isZero();
  }
}
