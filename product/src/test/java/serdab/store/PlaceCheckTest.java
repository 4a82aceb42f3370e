package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.store.PlaceCheck.Aspect;
import serdab.store.PlaceCheck.Verdict;

/// A place is tried out with files of its own, and left as it was.
class PlaceCheckTest {

  @TempDir private Path folder;

  private final AtomicLong clock = new AtomicLong();

  private Path place() throws IOException {
    Path place = Files.createDirectories(folder.resolve("place"));
    Files.writeString(place.resolve("mine.txt"), "mine");
    return place;
  }

  private PlaceCheck check(Path place, java.util.function.Consumer<Aspect> before) {
    return new PlaceCheck(place, new Random(1), () -> clock.addAndGet(1_000_000), before);
  }

  @Test
  void aFolderOfThisComputerWillDoAndIsLeftAsItWas() throws IOException {
    Path place = place();

    PlaceCheck.Report report = check(place, _ -> {}).run(3_000_000);

    assertThat(report.isGood()).isTrue();
    assertThat(report.results().keySet()).containsExactly(Aspect.values());
    report
        .results()
        .forEach((aspect, result) ->
            assertThat(result.verdict()).as(aspect.name()).isIn(Verdict.GOOD, Verdict.WEAK));
    // The clock of this test goes on by a millisecond each time it is read.
    assertThat(report.writeBytesPerSecond()).isEqualTo(3_000_000_000L);
    assertThat(report.readBytesPerSecond()).isEqualTo(3_000_000_000L);
    assertThat(report.usableBytes()).isPresent();
    assertThat(report.leftBehind()).isEmpty();
    try (Stream<Path> left = Files.list(place)) {
      assertThat(left).containsExactly(place.resolve("mine.txt"));
    }
  }

  @Test
  void speedIsNotMeasuredUnasked() throws IOException {
    PlaceCheck.Report report = check(place(), _ -> {}).run(0);

    assertThat(report.results())
        .hasEntrySatisfying(
            Aspect.SPEED, one -> assertThat(one.verdict()).isEqualTo(Verdict.NOT_TRIED));
    assertThat(report.isGood()).isTrue();
  }

  @Test
  void aPlaceThatIsNotThereIsNotMade() {
    assertThatThrownBy(() -> check(folder.resolve("none"), _ -> {}).run(0))
        .isInstanceOf(SerdabException.Unavailable.class);
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void aPlaceThatVanishesMeanwhileIsToldAsGone() throws IOException {
    for (Aspect when : Aspect.values()) {
      Path place = place();
      Path away = folder.resolve("away-" + when);

      assertThatThrownBy(() -> check(place, aspect -> move(aspect == when, place, away)).run(1000))
          .as(when.name())
          .isInstanceOfSatisfying(
              SerdabException.Unavailable.class,
              gone -> assertThat(gone.problem().code()).isEqualTo("place-gone"));
      assertThat(place).doesNotExist();
    }
  }

  @Test
  void whatCannotBeRemovedAgainIsNamed() throws IOException {
    Path place = place();

    PlaceCheck.Report report =
        check(
                place,
                aspect -> {
                  if (aspect == Aspect.LONG_NAMES) {
                    strangerInside(place);
                  }
                })
            .run(0);

    assertThat(report.leftBehind()).isPresent();
    assertThat(report.leftBehind().get().getFileName().toString())
        .startsWith(PlaceCheck.FOLDER_PREFIX);
  }

  private static void move(boolean now, Path from, Path to) {
    if (now) {
      try {
        Files.move(from, to);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// A folder that is not ours, with something in it: that is not removed.
  private static void strangerInside(Path place) {
    try (Stream<Path> inside = Files.list(place)) {
      Path own = inside.filter(Files::isDirectory).findFirst().orElseThrow();
      Files.createDirectories(own.resolve("stranger"));
      Files.writeString(own.resolve("stranger/file"), "x");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
