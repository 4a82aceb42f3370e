package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.Sha256;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.WorldClock;

/// Every earlier version stays restorable: `restore --as-of`, from either form of destination.
class AsOfTest {

  private static final String PASSPHRASE = "a long passphrase";
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir private Path folder;

  private final WorldClock clock = new WorldClock(Instant.parse("2026-03-02T20:00:00Z"));
  private int restores;

  // ---- what happens to studies

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void aStudyIsAsItWasBeforeItsPatientWasMerged(String form) throws IOException {
    begin(form);
    put("a", image("1.2.3", 1).patient("Maiden^Jane", "P1"));
    put("b", image("1.2.3", 2).patient("Maiden^Jane", "P1"));
    Set<String> maiden = backUp(form);
    Instant before = clock.instant();
    clock.pass(DAY);
    put("a", image("1.2.3", 1).patient("Married^Jane", "P2"));
    put("b", image("1.2.3", 2).patient("Married^Jane", "P2"));
    Set<String> married = backUp(form);

    assertThat(restored(form, "--study", "1.2.3", "--as-of", before.toString())).isEqualTo(maiden);
    assertThat(restored(form, "--all", "--as-of", "2026-03-02T21:00:00Z")).isEqualTo(maiden);
    assertThat(restored(form, "--patient-id", "P1", "--as-of", "2026-03-02T21:00:00Z"))
        .isEqualTo(maiden);
    assertThat(restored(form, "--all", "--as-of", clock.instant().toString())).isEqualTo(married);
    assertThat(restored(form, "--all")).isEqualTo(married);
  }

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void aStudyThatCameBackUnderNewUidsIsThereOnlyFromThenOn(String form) throws IOException {
    begin(form);
    put("a", image("1.2.3", 1));
    Set<String> old = backUp(form);
    Instant before = clock.instant();
    clock.pass(DAY);
    Files.delete(folder.resolve("source/a"));
    put("b", image("1.2.9", 1));
    Set<String> reimported = backUp(form);
    Set<String> both = new TreeSet<>(old);
    both.addAll(reimported);

    assertThat(restored(form, "--all", "--as-of", before.toString())).isEqualTo(old);
    assertThat(restored(form, "--study", "1.2.9")).isEqualTo(reimported);
    assertThat(restored(form, "--all")).as("deletions are never propagated").isEqualTo(both);
  }

  /// A merge that was a mistake and was taken back.
  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void aStudyThatIsAsItWasBeforeIsSoNowAndWasOtherwiseInBetween(String form) throws IOException {
    begin(form);
    put("a", image("1.2.3", 1).patient("Right^Jane", "P1"));
    Set<String> right = backUp(form);
    clock.pass(DAY);
    put("a", image("1.2.3", 1).patient("Wrong^Joan", "P2"));
    Set<String> wrong = backUp(form);
    Instant between = clock.instant();
    clock.pass(DAY);
    put("a", image("1.2.3", 1).patient("Right^Jane", "P1"));
    backUp(form);

    assertThat(restored(form, "--all", "--as-of", between.toString())).isEqualTo(wrong);
    assertThat(restored(form, "--all", "--as-of", "2026-03-02T21:00:00Z")).isEqualTo(right);
    assertThat(restored(form, "--all")).isEqualTo(right);
  }

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void whatGrewComesBackInEachOfItsSizes(String form) throws IOException {
    begin(form);
    for (int i = 1; i <= 4; i++) {
      put("slice-" + i, image("1.2.3", i));
      Set<String> then = backUp(form);
      Instant time = clock.instant();
      clock.pass(DAY);

      assertThat(restored(form, "--all", "--as-of", time.toString())).isEqualTo(then).hasSize(i);
    }
    assertThat(restored(form, "--all", "--as-of", "2026-03-04T23:00:00Z")).hasSize(3);
    assertThat(restored(form, "--all", "--as-of", "2026-03-02T21:00:00Z")).hasSize(1);
  }

  // ---- helpers

  private static TinyDicom image(String study, int number) {
    return TinyDicom.image().study(study).series(study + ".1").sop(study + ".1." + number);
  }

  private CommandLineRun home() {
    return new CommandLineRun(folder.resolve("home"), clock).with("SERDAB_PASSPHRASE", PASSPHRASE);
  }

  private CommandLineRun.Result serdab(String... command) {
    CommandLineRun.Result result = home().run(command);
    assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
    return result;
  }

  private String place(String form) {
    return form + ":" + folder.resolve("kept");
  }

  private void begin(String form) {
    if (form.equals("repo")) {
      serdab("repository", "init", place(form));
    }
  }

  private void put(String name, TinyDicom image) throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Path file = Files.write(folder.resolve("source").resolve(name), image.bytes());
    Files.setLastModifiedTime(file, FileTime.from(clock.instant().minus(Duration.ofHours(1))));
  }

  /// Backs up, and gives the digests of what was there.
  private Set<String> backUp(String form) throws IOException {
    serdab(
        "backup",
        "--from",
        folder.resolve("source").toString(),
        "--to",
        place(form),
        "--quiet-time",
        "0s");
    return digests(folder.resolve("source"));
  }

  private Set<String> restored(String form, String... wanted) throws IOException {
    Path back = folder.resolve("back-" + ++restores);
    Stream<String> always = Stream.of("restore", "--from", place(form), "--to", back.toString());
    serdab(Stream.concat(always, Stream.of(wanted)).toArray(String[]::new));
    return digests(back);
  }

  private static Set<String> digests(Path folder) throws IOException {
    Set<String> digests = new TreeSet<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file :
          files
              .filter(Files::isRegularFile)
              .filter(file -> !file.getFileName().toString().startsWith(".place-"))
              .toList()) {
        digests.add(Sha256.digest(Files.readAllBytes(file)).hex());
      }
    }
    return digests;
  }
}
