package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.WorldClock;

/// `serdab reconcile`: what a RIS lists, what images there are, and what has a proven copy.
class ReconcileTest {

  @TempDir private Path folder;

  private final WorldClock clock = new WorldClock(Instant.parse("2026-03-02T20:00:00Z"));

  @BeforeEach
  void backUp() throws IOException {
    put("1.2.1", "A1", "20240110");
    put("1.2.2", "A2", "20240220");
    put("1.2.3", "", "20240330");
    put("1.2.4", "A4", "20250410");
    assertThat(backup().exitCode()).isZero();
  }

  @Test
  void aListThatAgreesIsGood() throws IOException {
    CommandLineRun.Result result = reconcile("Accession;Name\nA1;Doe\nA2 ;Roe\nA4;Poe\n");

    assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
    assertThat(result.out())
        .contains("3 accession numbers in the list: 3 have proven copies, 0 have no images")
        .contains("0 with a copy are not in the list, 1 with a copy have no accession number")
        .doesNotContain("Doe");
  }

  @Test
  void whatIsListedAndHasNoImagesIsNamedOnceWithItsLine() throws IOException {
    CommandLineRun.Result result = reconcile("Accession\nA1\nGONE\nA2\nA4\nGONE\n");

    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.out()).containsOnlyOnce("GONE (line 3): no images are known of it");
  }

  @Test
  void whatHasImagesAndNoCopyIsNamed() throws IOException {
    put("1.2.5", "A5", "20240110");
    backup();
    loseCopy("1.2.5");

    CommandLineRun.Result result = reconcile("Accession\nA1\nA5\n");

    assertThat(result.exitCode()).isEqualTo(3);
    assertThat(result.out()).contains("A5 (line 3): images, and no proven copy of all of them");
  }

  @Test
  void aSecondStudyWithoutACopyUnderOneNumberIsNotHidden() throws IOException {
    put("1.2.5", "A1", "20240110");
    backup();
    loseCopy("1.2.5");

    assertThat(reconcile("Accession\nA1\n").out())
        .contains("A1 (line 2): images, and no proven copy of all of them");
  }

  @Test
  void whatHasACopyAndIsNotListedIsNamedWithinTheDatesOfTheList() throws IOException {
    CommandLineRun.Result all = reconcile("Accession\nA1\n");
    CommandLineRun.Result year = reconcile("Accession\nA1\n", "--date", "2024-01-01..2024-12-31");

    assertThat(all.exitCode()).isZero();
    assertThat(all.out()).contains("A2: a copy").contains("A4: a copy").doesNotContain("A1: a");
    assertThat(year.out()).contains("A2: a copy").doesNotContain("A4: a copy");
    assertThat(year.out()).containsPattern("S-[0-9a-f]{10}  2024-02-20  A2: a copy");
  }

  @Test
  void jsonListsEveryDifference() throws IOException {
    StringBuilder list = new StringBuilder("Accession\n");
    for (int i = 0; i < 3_000; i++) {
      list.append("X").append(i).append('\n');
    }
    CommandLineRun.Result json = reconcile(list.toString(), "--json");
    CommandLineRun.Result text = reconcile(list.toString());

    assertThat(json.exitCode()).isEqualTo(3);
    assertThat(json.out()).contains("\"X2999\"").contains("\"no_images\":3000");
    assertThat(text.out()).contains("X99 (").doesNotContain("X100 (").contains("2900 more");
  }

  @Test
  void aListThatIsNoneIsTheUsersToMend() throws IOException {
    assertThat(reconcile("").exitCode()).isEqualTo(2);
    assertThat(reconcile("Doe;Jane\n").exitCode()).isEqualTo(2);
    assertThat(home().run("reconcile", folder.resolve("none.csv").toString()).exitCode())
        .isEqualTo(2);
    assertThat(home().run("reconcile", folder.toString()).exitCode()).isEqualTo(2);
    assertThat(home().run("reconcile", folder.resolve("none.csv").toString()).err())
        .contains("none.csv", "there is no such file")
        .doesNotContain("Exception");
    assertThat(home().run("reconcile").exitCode()).isEqualTo(2);
    assertThat(reconcile("").err()).contains("no accession number at all");
  }

  private CommandLineRun home() {
    return new CommandLineRun(folder.resolve("home"), clock);
  }

  private CommandLineRun.Result backup() {
    return home()
        .run(
            "backup",
            "--from",
            folder.resolve("source").toString(),
            "--to",
            "zip:" + folder.resolve("kept"));
  }

  private void loseCopy(String study) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("kept"))) {
      Files.delete(
          files
              .filter(file -> file.toString().endsWith("_" + study + ".zip"))
              .findFirst()
              .orElseThrow());
    }
    home().run("verify", "zip:" + folder.resolve("kept"));
  }

  private CommandLineRun.Result reconcile(String list, String... more) throws IOException {
    Path file = Files.writeString(folder.resolve("list.csv"), list);
    String[] command = new String[2 + more.length];
    command[0] = "reconcile";
    command[1] = file.toString();
    System.arraycopy(more, 0, command, 2, more.length);
    return home().run(command);
  }

  private void put(String study, String accession, String date) throws IOException {
    Path source = Files.createDirectories(folder.resolve("source"));
    Path file =
        Files.write(
            source.resolve(study),
            TinyDicom.image()
                .study(study)
                .sop(study + ".1")
                .date(date)
                .accession(accession)
                .bytes());
    Files.setLastModifiedTime(file, FileTime.from(clock.instant().minus(Duration.ofHours(1))));
  }
}
