package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.dicom.NoteBytes;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.WorldClock;

/// Rejection notes are kept and obeyed by a restore, and never without a word
/// (`docs/rejection-notes.md`).
class RejectionNotesTest {

  private static final String PASSPHRASE = "a long passphrase";
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir private Path folder;

  private final WorldClock clock = new WorldClock(Instant.parse("2026-03-02T20:00:00Z"));
  private int restores;
  private String said = "";

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void aRestoreLeavesOutWhatANoteRejectsAndSaysSo(String form) throws IOException {
    begin(form);
    putStudy("1.2.3", 3);
    put("note", NoteBytes.of("1.2.3", "1.2.3.99.1").title("113037").rejects("1.2.3.1.2").bytes());
    backUp(form);

    assertThat(restored(form, "--all")).containsExactlyInAnyOrder("1.2.3-1", "1.2.3-3", "note");
    assertThat(said)
        .contains("1 files left out")
        .contains("rejected for patient safety reasons")
        .contains("--with-rejected")
        .containsPattern("S-[0-9a-f]{10}: 1 files")
        .doesNotContain("Tina")
        .doesNotContain("1.2.3.1.2");
    assertThat(restored(form, "--all", "--with-rejected"))
        .containsExactlyInAnyOrder("1.2.3-1", "1.2.3-2", "1.2.3-3", "note");
    assertThat(said).contains("1 of the files are rejected by a rejection note");
  }

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void everyVersionIsRestorableAndAnOldOneSaysWhatWasRejectedLater(String form) throws IOException {
    begin(form);
    putStudy("1.2.3", 2);
    backUp(form);
    Instant before = clock.instant();
    clock.pass(DAY);
    put("note", NoteBytes.of("1.2.3", "1.2.3.99.1").rejects("1.2.3.1.1").bytes());
    backUp(form);
    Instant between = clock.instant();
    clock.pass(DAY);
    // The PACS throws away what was rejected, and keeps the note.
    Files.delete(folder.resolve("source/1.2.3-1"));
    backUp(form);

    assertThat(restored(form, "--all", "--as-of", before.toString()))
        .containsExactlyInAnyOrder("1.2.3-1", "1.2.3-2");
    assertThat(restored(form, "--all", "--as-of", between.toString()))
        .containsExactlyInAnyOrder("1.2.3-2", "note");
    assertThat(said).contains("1 files left out");
    assertThat(restored(form, "--all")).containsExactlyInAnyOrder("1.2.3-2", "note");
    assertThat(said).doesNotContain("left out");
  }

  @Test
  void anOlderVersionWarnsOfWhatANewerOneRejects() throws IOException {
    putStudy("1.2.3", 2);
    backUp("zip");
    Instant before = clock.instant();
    clock.pass(DAY);
    put("note", NoteBytes.of("1.2.3", "1.2.3.99.1").rejects("1.2.3.1.1").bytes());
    backUp("zip");

    assertThat(restored("zip", "--all", "--as-of", before.toString())).hasSize(2);
    assertThat(said).contains("A later version of this study rejects 1 of these files");
  }

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void aNoteThatLeavesDoubtHidesNothingAndIsNamed(String form) throws IOException {
    begin(form);
    byte[] good = NoteBytes.of("1.2.3", "1.2.3.99.1").rejects("1.2.3.1.1").bytes();
    List<byte[]> doubtful =
        List.of(
            Arrays.copyOf(good, good.length - 10),
            NoteBytes.of("1.2.3", "1.2.3.99.1").patient("somebody").rejects("1.2.3.1.1").bytes(),
            NoteBytes.of("1.2.3", "1.2.3.99.1").onlyInEvidence("1.2.3.1.1").bytes(),
            NoteBytes.of("1.2.3", "1.2.3.99.1").frameOf("1.2.3.1.1").bytes(),
            NoteBytes.of("1.2.3", "1.2.3.99.1").evidenceUnder("9").rejects("1.2.3.1.1").bytes());
    putStudy("1.2.3", 2);
    for (byte[] note : doubtful) {
      put("note", note);
      backUp(form);
      clock.pass(DAY);

      assertThat(restored(form, "--all")).containsExactlyInAnyOrder("1.2.3-1", "1.2.3-2", "note");
      assertThat(said).contains("rejection notes of this study").doesNotContain("left out,");
    }
  }

  @Test
  void aNoteRejectsNothingOfAnotherStudyAndNoOtherNote() throws IOException {
    putStudy("1.2.3", 1);
    putStudy("1.2.4", 1);
    put("note", NoteBytes.of("1.2.3", "1.2.3.99.1").rejects("1.2.4.1.1", "1.2.3.99.1").bytes());
    backUp("zip");

    assertThat(restored("zip", "--all")).containsExactlyInAnyOrder("1.2.3-1", "1.2.4-1", "note");
    assertThat(said).doesNotContain("left out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void studiesAndStatusTellAlsoAfterTheCatalogueWasLost(String form) throws IOException {
    begin(form);
    putStudy("1.2.3", 3);
    put(
        "note",
        NoteBytes.of("1.2.3", "1.2.3.99.1")
            .title("113038")
            .rejects("1.2.3.1.1", "1.2.3.1.2")
            .bytes());
    backUp(form);

    assertThat(serdab("studies").out()).contains("2 instances are rejected");
    assertThat(serdab("studies", "--findings").out()).contains("rejection-note:");
    assertThat(home().run("status").out()).contains("2 instances of 1 studies are rejected");

    Files.delete(folder.resolve("home/catalogue.db"));
    serdab("catalogue", "rebuild", place(form));
    backUp(form);

    assertThat(serdab("studies").out()).contains("2 instances are rejected");
    assertThat(home().run("status", "--json").out()).contains("\"rejected_instances\":2");
  }

  @Test
  void anotherDestinationGetsWholeVersions() throws IOException {
    putStudy("1.2.3", 2);
    put("note", NoteBytes.of("1.2.3", "1.2.3.99.1").rejects("1.2.3.1.1").bytes());
    backUp("zip");

    said =
        serdab(
                "restore",
                "--from",
                place("zip"),
                "--to",
                "zip:" + folder.resolve("second"),
                "--all")
            .out();

    assertThat(said).contains("3 files written").contains("1 of the files are rejected");
    assertThat(serdab("verify", "zip:" + folder.resolve("second")).exitCode()).isZero();
  }

  @Test
  void aMediumForThePatientIsWithoutThem() throws IOException {
    putStudy("1.2.3", 2);
    put("note", NoteBytes.of("1.2.3", "1.2.3.99.1").rejects("1.2.3.1.1").bytes());
    backUp("zip");

    String text =
        home()
            .run(
                "restore",
                "--from",
                place("zip"),
                "--media",
                folder.resolve("cd").toString(),
                "--all")
            .out();

    assertThat(text).contains("1 files left out");
    try (Stream<Path> files = Files.walk(folder.resolve("cd"))) {
      assertThat(files.filter(Files::isRegularFile).filter(RejectionNotesTest::isRejected))
          .isEmpty();
    }
  }

  private static boolean isRejected(Path file) {
    try {
      return new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1)
              .contains("1.2.3.1.1")
          && !file.getFileName().toString().equals("DICOMDIR")
          && Files.size(file) < 1000
          && new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1)
              .contains("MR");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  // ---- patients

  @ParameterizedTest
  @ValueSource(strings = {"repo", "zip"})
  void anOlderVersionOfAnotherPatientIsBroughtWithAWarning(String form) throws IOException {
    begin(form);
    put("a", image("1.2.3", 1).patient("Maiden^Jane", "P1").bytes());
    backUp(form);
    Instant before = clock.instant();
    clock.pass(DAY);
    put("a", image("1.2.3", 1).patient("Married^Jane", "P2").bytes());
    backUp(form);

    restored(form, "--all", "--as-of", before.toString());
    assertThat(said)
        .contains("A later version of this study names another patient id or name")
        .doesNotContain("Married")
        .doesNotContain("P2");
    restored(form, "--all");
    assertThat(said).doesNotContain("another patient");
    assertThat(serdab("studies").out()).contains("names another patient id or name");
  }

  @Test
  void oneStudyWithTwoPatientsIsBroughtWithAWarning() throws IOException {
    put("a", image("1.2.3", 1).patient("Doe^Jane", "P1").bytes());
    put("b", image("1.2.3", 2).patient("Roe^Joan", "P2").bytes());
    backUp("zip");

    assertThat(restored("zip", "--all")).hasSize(2);
    assertThat(said).contains("The files of this study name different patients");
  }

  @Test
  void aNameWrittenOtherwiseIsNoOtherPatient() throws IOException {
    put("a", image("1.2.3", 1).patient("Doe^Jane", "P1").bytes());
    backUp("zip");
    Instant before = clock.instant();
    clock.pass(DAY);
    put("a", image("1.2.3", 1).patient("DOE^JANE^^", "P1").bytes());
    backUp("zip");

    restored("zip", "--all", "--as-of", before.toString());
    assertThat(said).doesNotContain("another patient");
    assertThat(serdab("studies").out()).doesNotContain("another patient");
  }

  // ---- helpers

  private static TinyDicom image(String study, int number) {
    return TinyDicom.image().study(study).series(study + ".1").sop(study + ".1." + number);
  }

  private void putStudy(String study, int images) throws IOException {
    for (int i = 1; i <= images; i++) {
      put(study + "-" + i, image(study, i).bytes());
    }
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

  private void put(String name, byte[] bytes) throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Path file = Files.write(folder.resolve("source").resolve(name), bytes);
    Files.setLastModifiedTime(file, FileTime.from(clock.instant().minus(Duration.ofHours(1))));
  }

  private void backUp(String form) {
    serdab(
        "backup",
        "--from",
        folder.resolve("source").toString(),
        "--to",
        place(form),
        "--quiet-time",
        "0s");
  }

  /// The names of what comes back.
  private Set<String> restored(String form, String... what) throws IOException {
    Path target = folder.resolve("back-" + restores++);
    List<String> command =
        new ArrayList<>(List.of("restore", "--from", place(form), "--to", target.toString()));
    command.addAll(List.of(what));
    said = serdab(command.toArray(String[]::new)).out();
    Set<String> names = new TreeSet<>();
    try (Stream<Path> files = Files.walk(target)) {
      files
          .filter(Files::isRegularFile)
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.startsWith("."))
          .forEach(names::add);
    }
    return names;
  }
}
