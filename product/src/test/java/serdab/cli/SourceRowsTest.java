package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.PatientData;
import serdab.destination.VersionReader;
import serdab.destination.ZipTreeDestination;
import serdab.dicom.SourceRow;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.store.LocalFolder;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;
import serdab.ziptree.NamingProfile;

/// What a viewer's users typed goes from its index into the ZIP of each study.
class SourceRowsTest {

  /// Prints what a person would look up, with nothing but Python's own modules.
  private static final String LOOK_UP =
      """
      import json, sys, zipfile
      zip = zipfile.ZipFile(sys.argv[1])
      manifest = json.loads(zip.read('study-manifest.json'))
      study, series = manifest['sourceRows']
      assert (study['table'], series['table']) == ('ZSTUDY', 'ZSERIES')
      columns = study['columns']
      print(columns['ZCOMMENT'].encode('unicode_escape').decode())
      print(columns['ZSTATETEXT'], columns['ZLOCKEDSTUDY'], columns['ZHASDICOM'])
      print(series['columns']['ZTHUMBNAIL']['length'], series['columns']['ZSTUDY'] == str(study['key']))
      for file in manifest['files']:
          print(file['entry'].split('/')[-1], file['sourceRowCount'])
      """;

  private static final String COMMENT = "Dr Müller: \"zurückrufen\"\n山田";

  @TempDir private Path folder;

  @BeforeEach
  void aLibraryWithACommentedStudy() {
    try (HorosLibraryFixture library =
        HorosLibraryBuilder.in(folder)
            .zone(ZoneId.of("UTC"))
            .importedAt(Instant.parse("2020-01-01T00:00:00Z"))
            .create()) {
      library.importFile(TinyDicom.of(1, 1, 1).frames(12));
      library.importFile(TinyDicom.of(1, 1, 2));
      library.sql("UPDATE ZSTUDY SET ZCOMMENT = ?, ZSTATETEXT = 3, ZLOCKEDSTUDY = 1", COMMENT);
      library.sql("UPDATE ZSERIES SET ZTHUMBNAIL = ?", (Object) new byte[] {1, 2, 3, 4});
    }
  }

  @Test
  @Needs(Peer.PYTHON)
  void pythonReadsWhatTheIndexSaid() throws Exception {
    backUp();

    assertThat(lookUp(zip(folder.resolve("zips"))))
        .isEqualTo(
            """
            Dr M\\xfcller: "zur\\xfcckrufen"\\n\\u5c71\\u7530
            3 1 1
            4 True
            2.dcm 12
            3.dcm 1
            """);
  }

  @Test
  void weReadWhatTheIndexSaid() {
    backUp();

    StudyVersion version = versionIn(folder.resolve("zips"));

    assertThat(version.sourceRows().rows().getFirst().values())
        .containsEntry("ZCOMMENT", text(COMMENT))
        .containsEntry("ZSTATETEXT", text("3"))
        .containsEntry("ZLOCKEDSTUDY", text("1"));
    assertThat(version.files()).extracting(StoredFile::sourceRowCount).containsExactly(12L, 1L);
  }

  @Test
  void copiesWithRowsAreVerifiedRebuiltAndRestoredWithThem() throws IOException {
    backUp();
    String zips = "zip:" + folder.resolve("zips");

    CommandLineRun.Result verify = serdab("verify", zips, "--depth", "readable");
    CommandLineRun.Result toZips =
        serdab("restore", "--from", zips, "--to", "zip:" + folder.resolve("zips2"), "--all");
    CommandLineRun.Result toFolder =
        serdab("restore", "--from", zips, "--to", folder.resolve("back").toString(), "--all");
    delete(folder.resolve("home"));
    CommandLineRun.Result rebuild = serdab("catalogue", "rebuild", zips);
    CommandLineRun.Result again = backUp();

    assertThat(verify.exitCode()).as(verify.out()).isZero();
    assertThat(toZips.exitCode()).as(toZips.out()).isZero();
    assertThat(toFolder.exitCode()).as(toFolder.out()).isZero();
    assertThat(rebuild.exitCode()).as(rebuild.err()).isZero();
    assertThat(again.out()).contains(" 0 copied and proven");
    assertThat(versionIn(folder.resolve("zips2")).sourceRows())
        .isEqualTo(versionIn(folder.resolve("zips")).sourceRows());
  }

  @Test
  void aCommentTypedLaterMakesNoNewVersion() throws Exception {
    backUp();
    try (Connection index =
            DriverManager.getConnection(
                "jdbc:sqlite:" + folder.resolve("Horos Data/Database.sql"));
        Statement statement = index.createStatement()) {
      statement.execute("UPDATE ZSTUDY SET ZCOMMENT = 'typed later', Z_OPT = Z_OPT + 1");
    }

    backUp();

    try (Stream<Path> all = Files.walk(folder.resolve("zips"))) {
      assertThat(all.filter(path -> path.toString().contains(TinyDicom.studyUid(1)))).hasSize(1);
    }
  }

  @Test
  void whatIsPrintedHoldsNothingOfTheRows() {
    CommandLineRun.Result backup = backUp("--json");
    CommandLineRun.Result verify = serdab("verify", "zip:" + folder.resolve("zips"));

    assertThat(backup.out() + backup.err() + verify.out() + verify.err())
        .doesNotContain("Müller", "zurückrufen");
  }

  private CommandLineRun.Result backUp(String... more) {
    String[] args =
        Stream.concat(
                Stream.of(
                    "backup",
                    "--from",
                    "horos:" + folder.resolve("Horos Data"),
                    "--to",
                    "zip:" + folder.resolve("zips")),
                Stream.of(more))
            .toArray(String[]::new);
    CommandLineRun.Result backup = serdab(args);
    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    return backup;
  }

  private CommandLineRun.Result serdab(String... args) {
    return new CommandLineRun(folder.resolve("home")).run(args);
  }

  private static Path zip(Path tree) throws IOException {
    try (Stream<Path> all = Files.walk(tree)) {
      return all.filter(path -> path.toString().endsWith(TinyDicom.studyUid(1) + ".zip"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static StudyVersion versionIn(Path tree) {
    try (ExecutorService crew = Executors.newFixedThreadPool(1);
        ZipTreeDestination destination =
            ZipTreeDestination.open(
                LocalFolder.create(tree, new SplittableRandom(7)),
                new ZipTreeDestination.Options(
                    NamingProfile.HOROS_ZIP, ZipTreeDestination.Access.READ, crew, 1, "a test"),
                Set.of(),
                InstantSource.system(),
                new SplittableRandom(7));
        VersionReader reader =
            destination.read(
                destination.versions(new StudyKey(TinyDicom.studyUid(1))).getFirst())) {
      return reader.version();
    }
  }

  private static String lookUp(Path zip) throws IOException, InterruptedException {
    Process python =
        new ProcessBuilder("python3", "-c", LOOK_UP, zip.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(python.waitFor()).as(said).isZero();
    return said;
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> all = Files.walk(tree)) {
      for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private static SourceRow.Value text(String value) {
    return new SourceRow.Value.Text(PatientData.of(value));
  }
}
