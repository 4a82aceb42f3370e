package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.store.LocalFolder;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.ziptree.NamingProfile;
import serdab.ziptree.PseudonymKey;

/// The page and the lists that people use who have nothing but the tree.
class TreeIndexTest {

  private static final Destination.Listing PAGE = new Destination.Listing(true, false, false);

  @TempDir private Path folder;

  private ZipTreeDestination open() {
    return ZipTrees.in(folder);
  }

  private void copy(TestStudy... studies) {
    try (ZipTreeDestination tree = open()) {
      for (TestStudy study : studies) {
        study.copyTo(tree);
      }
      tree.list(PAGE);
    }
  }

  private static TestStudy study(String uid, int images, LocalDate date) {
    return TestStudy.drawnFrom(new SplittableRandom(images), uid, images).on(Optional.of(date));
  }

  private static TestStudy january(String uid) {
    return study(uid, 1, LocalDate.of(2021, 1, 10));
  }

  private static TestStudy march(String uid) {
    return study(uid, 1, LocalDate.of(2019, 3, 2));
  }

  private String read(String name) throws IOException {
    return Files.readString(folder.resolve(name));
  }

  private Map<String, String> index() throws IOException {
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        String name = folder.relativize(file).toString();
        if (name.equals("index.html") || name.startsWith("_index/")) {
          files.put(name, Files.readString(file));
        }
      }
    }
    return files;
  }

  @Test
  void aMonthsListHasWhatAPersonLooksFor() throws IOException {
    copy(january("1.2.3").patient("山田^太郎"), march("1.2.4"));

    assertThat(read("_index/2021_01.js"))
        .startsWith("studiesOf(\"2021_01\", [")
        .contains(
            "山田^太郎", "1980-05-03", "2021-01-10", "ACC-1", "Head", "\"m\":\"MR\"", "1.2.3.zip");
    assertThat(read("index.html"))
        .contains("data-month=\"2021_01\" data-parts=\"1\"", "href=\"2019_03/\"", "2026-11-20")
        .doesNotContain("<!--");
  }

  @Test
  void onlyMonthsThatChangedAreWrittenAgain() throws IOException {
    copy(january("1.2.3"), march("1.2.4"));
    FileTime longAgo = FileTime.fromMillis(1_000_000_000_000L);
    for (String name : List.of("_index/2021_01.js", "_index/2019_03.js")) {
      Files.setLastModifiedTime(folder.resolve(name), longAgo);
    }

    copy(january("1.2.5"));

    assertThat(Files.getLastModifiedTime(folder.resolve("_index/2019_03.js"))).isEqualTo(longAgo);
    assertThat(read("_index/2021_01.js")).contains("1.2.3.zip", "1.2.5.zip");
  }

  @Test
  void whatARunBeforeDidNotListIsListedByTheNext() throws IOException {
    try (ZipTreeDestination tree = open()) {
      january("1.2.3").copyTo(tree); // and then the power went
    }

    copy(march("1.2.4"));

    assertThat(read("_index/2021_01.js")).contains("1.2.3.zip");
  }

  @Test
  void theListsFollowFromTheCopiesAlone() throws IOException {
    copy(january("1.2.3"), study("1.2.3", 2, LocalDate.of(2021, 1, 10)));
    copy(march("1.2.4"), january("1.2.5"));
    Map<String, String> grown = index();
    for (String name : grown.keySet()) {
      Files.delete(folder.resolve(name));
    }

    try (ZipTreeDestination tree = open()) {
      tree.list(new Destination.Listing(true, false, true));
    }

    assertThat(index()).isEqualTo(grown);
  }

  @Test
  void aStudyWithoutAVersionAnyMoreLeavesTheList() throws IOException {
    copy(january("1.2.3"), march("1.2.4"));
    try (ZipTreeDestination tree = open()) {
      tree.removeLast(tree.versions(march("1.2.4").key()).getFirst());
      tree.list(PAGE);
    }

    assertThat(read("_index/2019_03.js")).doesNotContain("1.2.4");
    assertThat(read("index.html")).doesNotContain("2019_03");
  }

  @Test
  void aDamagedZipIsShownAsOne() throws IOException {
    copy(january("1.2.3"));
    Path zip = folder.resolve("2021_01/Doe_Jane_1980-05-03_2021-01-10_1.2.3.zip");
    Files.write(zip, new byte[1000]);
    Files.write(folder.resolve("2021_01/holiday.zip"), new byte[0]);

    copy(january("1.2.9"));

    assertThat(read("_index/2021_01.js")).contains("1.2.3.zip\",\"l\":1000,\"x\":\"1\"");
  }

  @Test
  void damagedListsAreMadeAnew() throws IOException {
    copy(january("1.2.3"));
    String good = read("_index/2021_01.js");
    Files.writeString(folder.resolve("_index/months.json"), "{\"format\":");
    Files.writeString(folder.resolve("_index/2021_01.js"), "{\"z\":\"a\",\"l\":1},\nalert(1)");

    copy();

    assertThat(read("_index/2021_01.js")).isEqualTo(good);
  }

  @Test
  void aTreeOfPseudonymsHasNoLists() throws IOException {
    NamingProfile pseudonym =
        new NamingProfile.Pseudonym(PseudonymKey.of(new byte[32]), (_, _) -> {});
    try (ZipTreeDestination tree =
        ZipTrees.on(
            LocalFolder.create(folder, new SplittableRandom(7)),
            ZipTreeDestination.Access.WRITE,
            Set.of(),
            pseudonym)) {
      january("1.2.3").copyTo(tree);
      tree.list(new Destination.Listing(true, true, true));
    }

    assertThat(index()).isEmpty();
  }

  // ---- as a browser shows it

  private static final String HOSTILE =
      "</script><img src=x onerror=document.body.setAttribute('data-hacked','1')>";

  @Test
  void aHostileNameIsTextAndNothingElse() throws IOException {
    copy(january("1.2.3").patient(HOSTILE).patient(HOSTILE + "\u2028'\"\\"));

    assertThat(read("_index/2021_01.js")).doesNotContain("</script", "<img", "\u2028");
  }

  @Test
  @Needs(Peer.CHROMIUM)
  void aBrowserFindsAStudyByPatientAndShowsAHostileNameAsText() throws Exception {
    copy(
        january("1.2.3").patient(HOSTILE),
        january("1.2.6").patient("Doe^João Ç"),
        study("1.2.6", 2, LocalDate.of(2021, 1, 10)).patient("Doe^João Ç"),
        march("1.2.4"));

    String hostile = browse("text=" + "onerror");
    String accents = browse("text=joao%20doe&from=2021-01&to=2021&modality=mr");
    String all = browse("text=");
    String none = browse("text=nobody");

    assertThat(hostile)
        .contains("data-done=\"1\"", "&lt;/script&gt;&lt;img")
        .doesNotContain("data-hacked=");
    assertThat(accents)
        .contains("data-done=\"1\"", "Doe João Ç")
        .containsPattern("href=\"\\./2021_01/[^\"]*1\\.2\\.6_2\\.zip\">version 2<")
        .containsPattern("1\\.2\\.6\\.zip\">version 1<");
    assertThat(all).contains("data-done=\"3\"");
    assertThat(none).contains("data-done=\"0\"", "Nothing found.");
  }

  @Test
  @Needs(Peer.CHROMIUM)
  void aBrowserInPortugueseSpeaksIt() throws Exception {
    copy(january("1.2.3"));

    assertThat(browse("text=doe", "--accept-lang=pt-BR"))
        .contains("Estudos neste backup", "Encontrados: 1");
  }

  private String browse(String query, String... more) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "chromium",
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--user-data-dir=" + folder.resolveSibling(folder.getFileName() + "-browser"),
                "--virtual-time-budget=5000",
                "--dump-dom"));
    command.addAll(List.of(more));
    command.add(folder.resolve("index.html").toUri() + "#" + query);
    Path out = folder.resolveSibling(folder.getFileName() + "-dom.html");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("LANGUAGE", more.length == 0 ? "en" : "pt_BR");
    Process process =
        builder.redirectOutput(out.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(out);
  }
}
