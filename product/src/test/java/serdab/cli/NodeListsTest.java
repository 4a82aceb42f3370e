package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.LyingPacs;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.testing.LyingNode;
import serdab.testing.world.TinyDicom;

/// `serdab restore` from nodes that cut their lists, when nothing is remembered of what they hold.
class NodeListsTest {

  private static final int CAP = 10;

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start().capAt(CAP);
  private CommandLineRun serdab;
  private Path back;

  @BeforeEach
  void anotherMachine() {
    serdab = new CommandLineRun(folder.resolve("home"));
    back = folder.resolve("back");
  }

  @AfterEach
  void stop() {
    pacs.close();
  }

  private static byte[] image(int study, int n, String patient, String date) {
    return TinyDicom.image()
        .study("1.2." + study)
        .series("1.2." + study + ".1")
        .sop("1.2." + study + ".1." + n)
        .patient("A^B", patient)
        .date(date)
        .pixels(new byte[] {(byte) study, (byte) n, 3, 4})
        .bytes();
  }

  private void hold(int studies) {
    for (int study = 1; study <= studies; study++) {
      pacs.put(image(study, 1, "P" + study % 7, "202401%02d".formatted(study)));
    }
  }

  private CommandLineRun.Result restore(String... more) {
    String[] words = {"restore", "--from", pacs.address(), "--to", back.toString()};
    return serdab.run(Stream.concat(Stream.of(words), Stream.of(more)).toArray(String[]::new));
  }

  private long imagesBack() throws IOException {
    if (!Files.exists(back)) {
      return 0;
    }
    try (Stream<Path> walk = Files.walk(back)) {
      return walk.filter(file -> file.toString().endsWith(".dcm")).count();
    }
  }

  @Test
  void aNodeThatCutsItsListsInSilenceGivesAllItsStudiesBack() throws IOException {
    hold(25);
    pacs.with(Fault.CAPS_QUERIES_SILENTLY);

    CommandLineRun.Result restored = restore("--all");

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(imagesBack()).isEqualTo(25);
  }

  @Test
  void soDoesOneThatSaysThatThereIsMore() throws IOException {
    hold(25);
    pacs.with(Fault.CAPS_QUERIES_OPENLY);

    CommandLineRun.Result restored = restore("--all");

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(imagesBack()).isEqualTo(25);
  }

  @Test
  void aPartIsNeverBroughtBackAsTheWhole() throws IOException {
    for (int study = 1; study <= 12; study++) {
      pacs.put(image(study, 1, "SAME", ""));
    }
    pacs.with(Fault.CAPS_QUERIES_SILENTLY);

    CommandLineRun.Result planned = restore("--all", "--dry-run");
    CommandLineRun.Result restored = restore("--all");
    CommandLineRun.Result json = restore("--all", "--json");

    assertThat(planned.exitCode()).as(planned.toString()).isEqualTo(3);
    assertThat(restored.exitCode()).as(restored.toString()).isEqualTo(3);
    assertThat(restored.out()).contains("could not be listed for certain", "&limit=500");
    assertThat(imagesBack()).isEqualTo(CAP);
    assertThat(json.out()).contains("\"node-list-not-certain\"");
    // Each of the others comes when it is named.
    assertThat(restore("--study", "1.2.12").exitCode()).isZero();
    assertThat(imagesBack()).isEqualTo(CAP + 1);
  }

  @Test
  void aPatientsStudiesAreNotTakenForAllOfThemEither() {
    for (int study = 1; study <= 12; study++) {
      pacs.put(image(study, 1, "SAME", ""));
    }
    pacs.with(Fault.CAPS_QUERIES_SILENTLY);

    assertThat(restore("--patient-id", "SAME").exitCode()).isEqualTo(3);
  }

  @Test
  void ofAStudyWhoseImagesAreNotAllListedAllCome() throws IOException {
    for (int n = 1; n <= 12; n++) {
      pacs.put(image(1, n, "P", "20240101"));
    }
    pacs.with(Fault.CAPS_QUERIES_SILENTLY);

    CommandLineRun.Result restored = restore("--study", "1.2.1");

    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(imagesBack()).isEqualTo(12);
  }

  @Test
  void orThoseThatDoNotAreMissed() throws IOException {
    for (int n = 1; n <= 12; n++) {
      pacs.put(image(1, n, "P", "20240101"));
    }
    pacs.with(Fault.CAPS_QUERIES_SILENTLY, Fault.GIVES_ONE_LESS);

    CommandLineRun.Result restored = restore("--study", "1.2.1");

    assertThat(restored.exitCode()).as(restored.toString()).isEqualTo(3);
    assertThat(imagesBack()).isEqualTo(11);
  }

  @Test
  void aDicomWebNodeThatCutsItsPagesIsDoubted() throws IOException {
    try (LyingNode node = LyingNode.start()) {
      for (int study = 1; study <= 5; study++) {
        node.put(image(study, 1, "P" + study, "2024010" + study));
      }
      String from = "dicomweb:" + node.url();

      CommandLineRun.Result all =
          serdab.run("restore", "--from", from, "--all", "--to", back.toString());
      node.with(LyingNode.Fault.CAPS_PAGES_AND_IGNORES_OFFSETS);
      CommandLineRun.Result part =
          serdab.run("restore", "--from", from, "--all", "--to", back.toString());

      assertThat(all.exitCode()).as(all.toString()).isZero();
      assertThat(part.exitCode()).as(part.toString()).isEqualTo(3);
      assertThat(part.out()).contains("could not be listed for certain");
      assertThat(imagesBack()).isEqualTo(5);
    }
  }
}
