package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.Sha256;
import serdab.repository.PersonKeys;
import serdab.repository.age.AgeFile;
import serdab.store.LocalFolder;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// What the first release wrote, in `formats/v1`, is opened by every later one. [FormatFreezer]
/// made it; it is never written again.
class EarlierFormatsTest {

  private static final Path V1 = FormatFreezer.folder("v1");

  /// The study that was erased; section 8.3 of the format.
  private static final String ERASED = "1.2.999.999.99.9.9999.8888";

  @TempDir private Path folder;

  /// Work is done on a copy.
  @BeforeEach
  void copy() throws IOException {
    FormatFreezer.copy(V1, folder.resolve("v1"));
  }

  private String repository() {
    return "repo:" + folder.resolve("v1/repository");
  }

  private String zips() {
    return "zip:" + folder.resolve("v1/zip-tree");
  }

  private CommandLineRun home() {
    return new CommandLineRun(folder.resolve("home"))
        .with("SERDAB_PASSPHRASE", FormatFreezer.PASSPHRASE);
  }

  private CommandLineRun.Result serdab(String... command) {
    CommandLineRun.Result result = home().run(command);
    assertThat(result.exitCode())
        .as(String.join(" ", command) + "\n" + result.out() + result.err())
        .isZero();
    return result;
  }

  /// A machine that was set up after the first one was lost.
  private void enrol() {
    serdab("repository", "key", "enrol", repository(), "--machine", "second");
  }

  private static List<String> recorded(String name) throws IOException {
    return Files.readAllLines(V1.resolve(name + ".tsv"));
  }

  private static Set<String> digests(List<String> lines) {
    return lines.stream()
        .map(line -> line.substring(line.lastIndexOf('\t') + 1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> digestsIn(Path folder) throws IOException {
    Set<String> digests = new TreeSet<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        digests.add(Sha256.digest(Files.readAllBytes(file)).hex());
      }
    }
    return digests;
  }

  // ---- both forms

  @Test
  void nothingOfItWasEverChanged() throws IOException {
    assertThat(FormatFreezer.sums(V1)).isEqualTo(Files.readAllLines(V1.resolve("SHA256SUMS")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"repository", "zip-tree"})
  void everyVersionComesBackBitForBit(String name) throws IOException {
    String destination = name.equals("repository") ? repository() : zips();

    List<String> contents = FormatFreezer.contents(destination, folder.resolve("reader"));

    assertThat(contents).isEqualTo(recorded(name)).hasSizeGreaterThan(20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"repository", "zip-tree"})
  void everyCopyIsIntactAndReadable(String name) {
    String destination = name.equals("repository") ? repository() : zips();

    enrol();

    CommandLineRun.Result intact = serdab("verify", destination, "--depth", "intact");
    CommandLineRun.Result readable = serdab("verify", destination, "--depth", "readable");

    assertThat(intact.out()).contains("checked to INTACT", " 0 NOT good");
    assertThat(readable.out()).contains("checked to READABLE", " 0 NOT good");
  }

  @ParameterizedTest
  @ValueSource(strings = {"repository", "zip-tree"})
  void aBackupGoesOnWhereItEnded(String name) throws IOException {
    String destination = name.equals("repository") ? repository() : zips();
    Path images = SharedData.checkout().resolve("examples/Horos Data/DATABASE.noindex/10000");
    Path source = Files.createDirectory(folder.resolve("source"));
    for (String each : List.of("2", "3", "4", "5", "26", "27", "28")) {
      Files.copy(images.resolve(each + ".dcm"), source.resolve(each + ".dcm"));
    }
    enrol();

    CommandLineRun.Result next = serdab("backup", "--from", source.toString(), "--to", destination);

    assertThat(next.out()).contains(" 3 copied and proven,", " 1 adopted,");
    List<String> contents = FormatFreezer.contents(destination, folder.resolve("reader"));
    assertThat(contents).containsAll(recorded(name)).hasSize(recorded(name).size() + 3);
    assertThat(serdab("verify", destination).out()).contains(" 0 NOT good");
  }

  // ---- the repository

  @Test
  @Needs({Peer.AGE, Peer.ZSTD, Peer.PYTHON})
  void theReaderThatIsStoredInItReadsIt() throws Exception {
    assertThat(readByTheStoredReader()).containsAll(newest(recorded("repository")));
  }

  /// That reader knows less than today's: nothing is written that it could not read.
  @Test
  @Needs({Peer.AGE, Peer.ZSTD, Peer.PYTHON})
  void theReaderThatIsStoredInItReadsWhatIsWrittenToday() throws Exception {
    Path images = SharedData.checkout().resolve("examples/Horos Data/DATABASE.noindex/10000");
    Path source = Files.createDirectory(folder.resolve("source"));
    Set<String> expected = new TreeSet<>();
    for (String each : List.of("26", "27", "28")) {
      Files.copy(images.resolve(each + ".dcm"), source.resolve(each + ".dcm"));
      expected.add(Sha256.digest(Files.readAllBytes(images.resolve(each + ".dcm"))).hex());
    }
    enrol();
    serdab("backup", "--from", source.toString(), "--to", repository(), "--compression", "fast");

    assertThat(readByTheStoredReader()).containsAll(expected);
  }

  private Set<String> readByTheStoredReader() throws Exception {
    Process script =
        new ProcessBuilder(
                "python3",
                folder.resolve("v1/repository/restore.py").toString(),
                folder.resolve("v1/repository").toString(),
                person().toString(),
                "restore",
                folder.resolve("back").toString())
            .redirectErrorStream(true)
            .start();
    script.getOutputStream().close();
    String said = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(script.waitFor()).as(said).isZero();
    return digestsIn(folder.resolve("back"));
  }

  /// The identity, opened: `age` asks a terminal for passphrases.
  private Path person() throws IOException {
    try (LocalFolder place =
        LocalFolder.open(folder.resolve("v1/repository"), new java.security.SecureRandom())) {
      byte[] sealed = PersonKeys.read(place, "owner");
      return Files.write(
          folder.resolve("person.txt"),
          AgeFile.openWithPassphrase(sealed, FormatFreezer.PASSPHRASE.toCharArray()));
    }
  }

  /// The digests of each study's newest version.
  private static Set<String> newest(List<String> lines) {
    var last = new java.util.TreeMap<String, String>();
    lines.forEach(line -> last.put(field(line, 1), field(line, 2)));
    return digests(lines.stream().filter(line -> last.containsValue(field(line, 2))).toList());
  }

  private static String field(String line, int number) {
    return line.split("\t", -1)[number];
  }

  @Test
  void itHasEverythingThatAVersionOfTheFormatCanHave() throws IOException {
    Path repository = V1.resolve("repository");
    try (Stream<Path> files = Files.walk(repository)) {
      Set<String> folders =
          files
              .filter(Files::isRegularFile)
              .map(file -> repository.relativize(file).getName(0).toString())
              .collect(Collectors.toCollection(TreeSet::new));
      assertThat(folders)
          .contains("copies", "erased", "groups", "index", "keys", "packs", "parity")
          .contains("removed", "snapshots", "tombstones", "writers");
    }
    assertThat(repository.resolve("keys/2.json")).exists();
    assertThat(codecs()).containsExactly("0", "1", "2", "3");
  }

  /// The codecs of the pieces of which files are made.
  private Set<String> codecs() throws IOException {
    Set<String> codecs = new TreeSet<>();
    Pattern piece = Pattern.compile("\\[\\d+,\\d+,\\d+,\\d+,(\\d)]");
    for (String manifest : FormatFreezer.manifests(folder.resolve("v1/repository"))) {
      piece
          .matcher(manifest)
          .results()
          .map((MatchResult each) -> each.group(1))
          .forEach(codecs::add);
    }
    return codecs;
  }

  @Test
  void whatWasErasedStaysErased() throws IOException {
    enrol();
    CommandLineRun.Result repaired = serdab("repository", "repair", repository());
    CommandLineRun.Result listed =
        serdab("repository", "snapshots", repository(), "--show-studies");

    assertThat(repaired.out()).doesNotContain("Mended");
    assertThat(listed.out()).doesNotContain(ERASED);
    assertThat(recorded("zip-tree")).anyMatch(line -> line.contains(ERASED));
  }

  @Test
  void aPruneThatWasKilledIsEnded() throws IOException {
    enrol();
    CommandLineRun.Result pruned = serdab("repository", "prune", repository(), "--yes");
    CommandLineRun.Result checked = serdab("repository", "check", repository());

    assertThat(pruned.out()).contains("removed");
    assertThat(folder.resolve("v1/repository/tombstones")).isEmptyDirectory();
    assertThat(checked.out()).contains(" 0 NOT good");
    assertThat(FormatFreezer.contents(repository(), folder.resolve("reader")))
        .isEqualTo(recorded("repository"));
  }

  @Test
  void twoLostPacksAreMendedFromItsParity() throws IOException {
    enrol();
    List<Path> packs;
    try (Stream<Path> files = Files.walk(folder.resolve("v1/repository/packs"))) {
      packs = files.filter(Files::isRegularFile).sorted().limit(2).toList();
    }
    for (Path pack : packs) {
      Files.delete(pack);
    }

    serdab("repository", "repair", repository());

    assertThat(FormatFreezer.contents(repository(), folder.resolve("reader")))
        .isEqualTo(recorded("repository"));
  }
}
