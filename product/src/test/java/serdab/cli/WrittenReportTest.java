package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Reports, the log and the bundle: what they say, and what they never say.
class WrittenReportTest {

  private static final Path EXAMPLE = SharedData.checkout().resolve("examples/Horos Data");

  @TempDir private Path folder;

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private CommandLineRun.Result backUp() {
    return serdab(
        "backup", "--from", EXAMPLE.toString(), "--to", "zip:" + folder.resolve("copies"));
  }

  /// Names, ids and dates of birth in the example library, as its index has them.
  private static List<String> patientData() throws Exception {
    List<String> all = new ArrayList<>();
    try (java.sql.Connection index =
            java.sql.DriverManager.getConnection(
                "jdbc:sqlite:file:" + EXAMPLE.resolve("Database.sql") + "?immutable=1");
        java.sql.Statement statement = index.createStatement();
        java.sql.ResultSet row =
            statement.executeQuery("select ZNAME, ZPATIENTID, ZSTUDYINSTANCEUID from ZSTUDY")) {
      while (row.next()) {
        for (int i = 1; i <= 3; i++) {
          String value = row.getString(i);
          // Shorter ones, such as an id of two digits, stand in any text by chance.
          if (value != null && value.length() > 4) {
            all.add(value);
            all.add(value.replace(' ', '_'));
          }
        }
      }
    }
    assertThat(all).hasSizeGreaterThan(20);
    return all;
  }

  @Test
  void everyRunLeavesAPageATableAndJson() throws IOException {
    backUp();

    Path reports = folder.resolve("home/reports");
    assertThat(Files.readString(reports.resolve("run-1.html")))
        .contains("All good: every wanted study", "Copied and proven in this run", ">12<");
    assertThat(Files.readAllLines(reports.resolve("run-1.csv"))).hasSize(13);
    assertThat(Files.readString(reports.resolve("run-1.json")))
        .contains("\"schema\":\"serdab-backup-v1\"", "\"location\":\"\"");
    assertThat(serdab("report").out()).contains("run-1.html");
    assertThat(serdab("report", "1", "--csv").out()).contains(",copied,");
  }

  @Test
  void aRunThatLeftNoReportIsNamed() {
    CommandLineRun.Result result = serdab("report", "7");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("no report of run 7");
  }

  @Test
  @Needs(Peer.PYTHON)
  void thePageIsWellFormedAndLoadsNothing() throws Exception {
    backUp();

    Process python =
        new ProcessBuilder(
                "python3",
                "-c",
                """
                import html.parser, sys
                void = {'meta', 'br', 'link', 'img', 'input', 'hr'}
                class P(html.parser.HTMLParser):
                    open = []
                    def handle_starttag(self, tag, attrs):
                        assert tag not in ('script', 'img', 'link', 'iframe'), tag
                        assert not any(k in ('src', 'href') for k, _ in attrs), attrs
                        if tag not in void: self.open.append(tag)
                    def handle_endtag(self, tag):
                        assert self.open.pop() == tag, tag
                p = P(); p.feed(open(sys.argv[1], encoding='utf-8').read()); p.close()
                assert not p.open, p.open
                """,
                folder.resolve("home/reports/run-1.html").toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(python.waitFor()).as(said).isZero();
  }

  @Test
  void noPatientStandsInReportsOrLog() throws Exception {
    backUp();
    List<String> patients = patientData();

    for (String kind : List.of("reports", "logs")) {
      try (Stream<Path> files = Files.walk(folder.resolve("home").resolve(kind))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          assertThat(Files.readString(file)).as(file.toString()).doesNotContain(patients);
        }
      }
    }
  }

  @Test
  void theLogHasALineForEachStudyAndForTheRun() throws IOException {
    backUp();

    List<String> lines = Files.readAllLines(folder.resolve("home/logs/serdab.jsonl"));

    assertThat(lines).filteredOn(line -> line.contains("\"event\":\"study\"")).hasSize(12);
    assertThat(lines.getLast()).contains("\"event\":\"run-ended\"", "\"outcome\":\"good\"");
  }

  @Test
  void aBundleHoldsRunsReportsAndLogAndNoPatient() throws Exception {
    backUp();
    Path bundle = folder.resolve("bundle.zip");

    CommandLineRun.Result result = serdab("bundle", "--to", bundle.toString());

    assertThat(result.exitCode()).as(result.err()).isZero();
    List<String> patients = patientData();
    List<String> names = new ArrayList<>();
    try (ZipFile zip = new ZipFile(bundle.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        names.add(entry.getName());
        String content =
            new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8);
        assertThat(content).as(entry.getName()).doesNotContain(patients);
      }
    }
    assertThat(names)
        .contains("environment.json", "catalogue.json", "reports/run-1.json", "logs/serdab.jsonl");
  }

  @Test
  void aBundleHoldsNoPathNotEvenOneThatIsNamedForAPatient() throws Exception {
    Path named = folder.resolve("DOE^JOHN 1970-01-01/Horos Data");
    copyTree(EXAMPLE, named);
    Path copies = folder.resolve("SILVA_MARIA copies");
    Files.createDirectories(folder.resolve("home"));
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        """
        [plan.daily]
        from = ["%s"]
        to = ["zip:%s"]
        """
            .formatted(named, copies));
    assertThat(serdab("backup", "daily").exitCode()).isZero();
    // A file of the source that cannot be read, and a destination that is gone, leave their paths.
    serdab("backup", "--from", named + "/REPORTS/SOUZA_ANA", "--to", "zip:" + copies);
    Files.move(copies, folder.resolve("away"));
    serdab("backup", "daily");
    Files.writeString(
        folder.resolve("home/logs/serdab.jsonl"),
        """
        {"event":"said","text":"The file %s/REPORTS/SOUZA ANA.pdf cannot be read. Look at it."}
        {"event":"said","text":"The file DATABASE.noindex/SOUZA ANA.dcm is damaged."}
        {"event":"said","text":"In C:\\\\Users\\\\SOUZA\\\\x there is nothing."}
        {"event":"said","text":"In \\\\\\\\nas\\\\SOUZA there is nothing."}
        {"event":"said","text":"3 of 1/30 at 2 MB/s in Europe/Berlin; see docs/json.md"}
        """
            .formatted(named),
        java.nio.file.StandardOpenOption.APPEND);
    Path bundle = folder.resolve("bundle.zip");

    CommandLineRun.Result result = serdab("bundle", "--to", bundle.toString());
    CommandLineRun.Result mapping = serdab("bundle", "--paths");

    assertThat(result.exitCode()).as(result.err()).isZero();
    StringBuilder all = new StringBuilder();
    try (ZipFile zip = new ZipFile(bundle.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        assertThat(result.out()).contains(entry.getName());
        all.append(new String(zip.getInputStream(entry).readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    String first =
        mapping.out().lines().filter(line -> line.endsWith("  " + named)).findFirst().orElseThrow();
    String label = first.substring(0, first.indexOf(' '));
    assertThat(label).matches("\\[P-[0-9a-f]{10}]");
    assertThat(all.toString())
        .contains("[\"" + label + "\"]", "horos:" + label, "The file " + label + "/…")
        .contains("3 of 1/30 at 2 MB/s in Europe/Berlin; see docs/json.md")
        .doesNotContain("DOE", "JOHN", "SILVA", "SOUZA", "REPORTS", folder.toString(), "noindex/");
    assertThat(mapping.out()).contains("  " + copies);
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (java.util.stream.Stream<Path> all = Files.walk(from)) {
      for (Path each : (Iterable<Path>) all::iterator) {
        Path there = to.resolve(from.relativize(each).toString());
        if (Files.isDirectory(each)) {
          Files.createDirectories(there);
        } else {
          Files.copy(each, there);
        }
      }
    }
  }

  @Test
  void aBundleNeverReplacesAFile() throws IOException {
    Path there = Files.writeString(folder.resolve("mine.zip"), "mine");

    CommandLineRun.Result result = serdab("bundle", "--to", there.toString());

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(there).hasContent("mine");
  }
}
