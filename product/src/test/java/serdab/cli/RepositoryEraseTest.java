package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.testing.world.TinyDicom;

/// A person has a study erased from a repository, as people do it.
class RepositoryEraseTest {

  private static final String PASSPHRASE = "a long passphrase";
  private static final String GONE = "1.2.3";

  @TempDir private Path folder;

  private final byte[] shared = new byte[4000];

  /// The study to erase, the same image under another UID, and one that shares nothing; all of them
  /// in a repository and in a tree of ZIPs.
  @BeforeEach
  void backUpThreeStudies() throws IOException {
    new java.util.SplittableRandom(1).nextBytes(shared);
    put("a", TinyDicom.image().study(GONE).sop("1.2.3.1").pixels(shared).bytes());
    good(owner().run("repository", "init", repo()));
    good(backUp());
    put("b", TinyDicom.image().study("1.2.9").sop("1.2.9.1").pixels(shared).bytes());
    put("c", TinyDicom.image().study("1.2.7").sop("1.2.7.1").bytes());
    good(backUp());
  }

  @Test
  void anErasedStudyIsGoneForGoodAndEverybodyElseIsWhole() throws IOException {
    String label = label(GONE);
    Path paper = folder.resolve("home/certificates");

    CommandLineRun.Result erased = good(erase("--label", label, "--confirm", label));
    CommandLineRun.Result pruned = good(home().run("repository", "prune", repo(), "--yes"));
    CommandLineRun.Result repaired = good(home().run("repository", "repair", repo()));
    CommandLineRun.Result restored = restore("back", "--all");
    CommandLineRun.Result asked = restore("asked", "--study", GONE);
    CommandLineRun.Result verified = good(owner().run("verify", repo()));

    assertThat(erased.out())
        .contains("study " + label + ", 1 version", "1 other study shares bytes")
        .contains("It stays on destination", "Its key is gone", "certificate-")
        .doesNotContain(GONE);
    assertThat(pruned.out()).contains("removed");
    assertThat(repaired.out()).doesNotContain("Mended");
    good(restored);
    assertThat(digests(folder.resolve("back")))
        .contains(digest("b"), digest("c"))
        .doesNotContain(digest("a"));
    assertThat(asked.exitCode()).isEqualTo(Main.ExitCodes.INCOMPLETE);
    assertThat(verified.out()).contains("2 copies", " 0 NOT good");
    try (Stream<Path> papers = Files.list(paper)) {
      assertThat(papers.map(each -> each.getFileName().toString()))
          .anyMatch(name -> name.matches("certificate-.*[0-9]\\.json"));
    }
    assertThat(everyPaper(paper)).contains("\"author\":\"Dr. Silva\"", "consent withdrawn");
  }

  @Test
  void anErasedStudyIsNotTakenAgainAndEverybodyIsTold() {
    String label = label(GONE);
    good(erase("--label", label, "--confirm", label));

    CommandLineRun.Result next = good(backUp());
    CommandLineRun.Result status = good(home().run("status"));
    CommandLineRun.Result again = good(erase("--study", GONE, "--confirm", label));

    assertThat(next.out() + next.err())
        .contains("Erased from a destination by a person, and not copied there again: 1.")
        .contains(" 0 copied and proven");
    assertThat(status.out()).contains("1 erased from a destination by a person");
    assertThat(again.out()).contains("Erasing it was begun before");
    assertThat(home().run("repository", "snapshots", repo()).out()).contains("2 versions of 2");
  }

  /// A change in the source is a new version for the others only.
  @Test
  void whatChangesInAnErasedStudyGoesToTheOtherDestinationsOnly() throws IOException {
    String label = label(GONE);
    good(erase("--label", label, "--confirm", label));
    put("a2", TinyDicom.image().study(GONE).sop("1.2.3.2").bytes());

    CommandLineRun.Result next = good(backUp("--quiet-time", "0s"));

    assertThat(next.out()).contains(" 1 copied and proven");
    assertThat(home().run("repository", "snapshots", repo(), "--show-studies").out())
        .doesNotContain(GONE);
    good(home().run("status"));
  }

  @Test
  void anotherMachineLearnsOfItFromTheRepository() {
    CommandLineRun second =
        new CommandLineRun(folder.resolve("second")).with("SERDAB_PASSPHRASE", PASSPHRASE);
    good(second.run("repository", "key", "enrol", repo(), "--machine", "two"));
    good(second.run("backup", "--from", path("source"), "--to", repo()));
    String label = label(GONE);
    good(erase("--label", label, "--confirm", label));

    CommandLineRun.Result verified = good(second.run("verify", repo()));
    CommandLineRun.Result next =
        good(second.run("backup", "--from", path("source"), "--to", repo()));
    CommandLineRun.Result status = good(second.run("status"));

    assertThat(next.out() + next.err())
        .contains("Erased from a destination by a person, and not copied there again: 1.");
    assertThat(status.out()).contains("1 erased from a destination by a person");
    assertThat(verified.out()).contains(" 0 NOT good");
  }

  /// The catalogues that they kept know nothing of it.
  @Test
  void whoRecoversOrVerifiesMissesNothingThatAPersonRemovedOrErased() throws IOException {
    put("b2", TinyDicom.image().study("1.2.9").sop("1.2.9.2").bytes());
    good(backUp("--quiet-time", "0s"));
    copy(folder.resolve("home"), folder.resolve("second"));
    copy(folder.resolve("sealed/_recovery"), folder.resolve("kept"));
    Matcher plan =
        Pattern.compile("--execute \"(.+)\" --confirm (\\d+)")
            .matcher(good(owner().run("prune", repo(), "--plan", "--keep-versions", "1")).out());
    assertThat(plan.find()).isTrue();
    good(owner().run("prune", repo(), "--execute", plan.group(1), "--confirm", plan.group(2)));
    String label = label(GONE);
    good(erase("--label", label, "--confirm", label));
    delete(folder.resolve("sealed/_recovery"));
    copy(folder.resolve("kept"), folder.resolve("sealed/_recovery"));

    CommandLineRun.Result recovered = good(owner("third").run("recover", "--from", repo()));
    CommandLineRun.Result verified = good(owner("second").run("verify", repo()));
    CommandLineRun.Result again = good(owner("third").run("verify", repo()));

    assertThat(recovered.out()).contains("The catalogue of").doesNotContain("not there any more");
    assertThat(verified.out()).contains("2 copies", " 0 NOT good");
    assertThat(again.out()).contains("2 copies", " 0 NOT good");
  }

  @Test
  void nothingIsErasedBeforeAPersonConfirmsItByTheLabel() {
    String label = label(GONE);

    CommandLineRun.Result plan = good(erase("--study", GONE, "--plan"));
    CommandLineRun.Result silent = good(erase("--study", GONE));
    CommandLineRun.Result wrong = erase("--study", GONE, "--confirm", "S-0000000000");
    CommandLineRun.Result unknown = erase("--study", "1.2.3.4.5", "--plan");
    CommandLineRun.Result no = good(typed("no\n"));
    CommandLineRun.Result held = home().run("repository", "snapshots", repo());
    CommandLineRun.Result yes = good(typed(label + "\n"));

    assertThat(plan.out()).contains(label, "Nothing was erased");
    assertThat(silent.out()).contains("Nothing was erased");
    assertThat(wrong.exitCode()).isEqualTo(Main.ExitCodes.USAGE);
    assertThat(unknown.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(no.out()).contains("Nothing was erased");
    assertThat(held.out()).contains("3 versions of 3");
    assertThat(yes.out()).contains("Its key is gone");
  }

  @Test
  void aHoldForbidsIt() {
    String label = label(GONE);
    good(home().run("hold", "add", "--patient-id", "T1", "--reason", "case 4711"));

    CommandLineRun.Result refused = erase("--study", GONE, "--confirm", label);
    good(home().run("hold", "release", "1", "--reason", "case closed"));
    CommandLineRun.Result erased = good(erase("--study", GONE, "--confirm", label));

    assertThat(refused.exitCode()).isEqualTo(Main.ExitCodes.HELD_BACK);
    assertThat(refused.err()).contains("hold 1");
    assertThat(erased.out()).contains("Its key is gone");
  }

  @Test
  void withoutTheIdentityWhatOthersShareIsNotErased() {
    CommandLineRun.Result refused =
        home()
            .run(
                "repository",
                "erase",
                repo(),
                "--study",
                GONE,
                "--reason",
                "x",
                "--confirm",
                label(GONE));
    CommandLineRun.Result alone =
        home()
            .run(
                "repository",
                "erase",
                repo(),
                "--study",
                "1.2.7",
                "--reason",
                "x",
                "--confirm",
                label("1.2.7"));

    assertThat(refused.exitCode()).isEqualTo(Main.ExitCodes.FAILED);
    assertThat(refused.err()).contains("--identity FILE");
    good(alone);
    assertThat(home().run("repository", "snapshots", repo()).out()).contains("2 versions of 2");
  }

  // ---- helpers

  private CommandLineRun home() {
    return new CommandLineRun(folder.resolve("home"));
  }

  private CommandLineRun owner() {
    return home().with("SERDAB_PASSPHRASE", PASSPHRASE);
  }

  private CommandLineRun owner(String machine) {
    return new CommandLineRun(folder.resolve(machine)).with("SERDAB_PASSPHRASE", PASSPHRASE);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private String repo() {
    return "repo:" + path("sealed");
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private void put(String name, byte[] content) throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Files.write(folder.resolve("source").resolve(name), content);
  }

  private CommandLineRun.Result backUp(String... more) {
    Stream<String> always =
        Stream.of(
            "backup", "--from", path("source"), "--to", repo(), "--to", "zip:" + path("zips"));
    return home().run(Stream.concat(always, Stream.of(more)).toArray(String[]::new));
  }

  private CommandLineRun.Result erase(String... more) {
    return owner().run(eraseCommand(more));
  }

  private CommandLineRun.Result typed(String lines) {
    return owner().typing(lines).run(eraseCommand("--study", GONE));
  }

  private String[] eraseCommand(String... more) {
    Stream<String> always =
        Stream.of(
            "repository",
            "erase",
            repo(),
            "--reason",
            "consent withdrawn",
            "--author",
            "Dr. Silva");
    return Stream.concat(always, Stream.of(more)).toArray(String[]::new);
  }

  private CommandLineRun.Result restore(String to, String... wanted) {
    Stream<String> always = Stream.of("restore", "--from", repo(), "--to", path(to));
    return owner().run(Stream.concat(always, Stream.of(wanted)).toArray(String[]::new));
  }

  private String label(String study) {
    return home()
        .run("repository", "snapshots", repo(), "--show-studies")
        .out()
        .lines()
        .filter(line -> line.endsWith(" " + study))
        .flatMap(line -> Stream.of(line.split(" ", -1)))
        .filter(word -> word.startsWith("S-"))
        .findFirst()
        .orElseThrow();
  }

  private static CommandLineRun.Result good(CommandLineRun.Result result) {
    assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
    return result;
  }

  private String digest(String name) throws IOException {
    return Sha256.digest(Files.readAllBytes(folder.resolve("source").resolve(name))).hex();
  }

  private static Set<String> digests(Path folder) throws IOException {
    Set<String> digests = new TreeSet<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        digests.add(Sha256.digest(Files.readAllBytes(file)).hex());
      }
    }
    return digests;
  }

  private static String everyPaper(Path folder) throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        all.append(Files.readString(file));
      }
    }
    return all.toString();
  }
}
