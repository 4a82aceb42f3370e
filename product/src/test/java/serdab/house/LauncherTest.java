package serdab.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SharedData;

/// `./serdab` in a copy of the checkout, in a folder with a space in its name, with an older `java`
/// first on the path. The copy's program is a small one that shows what reached it.
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LauncherTest {

  private static final Duration LONGEST_BUILD = Duration.ofMinutes(5);

  private static final String PROGRAM =
      """
      package serdab.cli;

      public final class Main {
        public static void main(String[] args) throws Exception {
          if (args.length > 0 && args[0].equals("wait")) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("stopped")));
          }
          System.out.println("VERSION 1 " + String.join("|", args));
          System.err.println(System.getProperty("sun.jnu.encoding"));
          if (args.length > 1 && args[0].equals("exit")) {
            System.exit(Integer.parseInt(args[1]));
          }
          if (args.length > 0 && args[0].equals("wait")) {
            Thread.sleep(600_000);
          }
        }
      }
      """;

  private static final String TRAINING =
      """
      package serdab.cli;

      final class Training {
        public static void main(String[] args) throws Exception {
          Main.main(new String[] {"status"});
        }
      }
      """;

  @TempDir static Path temp;

  private static Path checkout = Path.of("");
  private static Path home = Path.of("");
  private static Path olderJava = Path.of("");

  record Outcome(int exitCode, String out, String err) {}

  @BeforeAll
  static void copyTheCheckout() throws IOException {
    checkout = temp.resolve("a checkout's copy");
    for (String file :
        List.of("serdab", "scripts/tools.sh", "scripts/launch.sh", "pom.xml", "product/pom.xml")) {
      Path copy = checkout.resolve(file);
      Files.createDirectories(copy.resolveSibling(""));
      Files.copy(SharedData.checkout().resolve(file), copy, StandardCopyOption.COPY_ATTRIBUTES);
    }
    writeProgram(PROGRAM);
    Files.writeString(checkout.resolve("product/src/main/java/serdab/cli/Training.java"), TRAINING);

    home = Files.createDirectories(temp.resolve("home"));
    Files.createSymbolicLink(
        Files.createDirectories(home.resolve(".jdks")).resolve("the-jdk"),
        Path.of(System.getProperty("java.home")));
    olderJava = Files.createDirectories(temp.resolve("older"));
    Path java = olderJava.resolve("java");
    Files.writeString(java, "#!/bin/sh\necho 'the older java was run'\nexit 99\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();
  }

  @AfterAll
  static void removeTheLinkToTheJdk() throws IOException {
    Files.delete(home.resolve(".jdks/the-jdk"));
  }

  @Test
  @Order(1)
  void twoFirstUsesAtOnceBuildOnceAndBothRun() throws Exception {
    Process one = start(Map.of(), "one");
    Process other = start(Map.of(), "other");

    Outcome first = outcomeOf(one);
    Outcome second = outcomeOf(other);

    assertThat(first.out()).isEqualTo("VERSION 1 one\n");
    assertThat(second.out()).isEqualTo("VERSION 1 other\n");
    assertThat(List.of(first.exitCode(), second.exitCode())).containsOnly(0);
    assertThat((first.err() + second.err()).split("serdab: building", -1)).hasSize(2);
    assertThat(builds()).hasSize(1);
    assertThat(leftovers()).isEmpty();
  }

  @Test
  @Order(2)
  void aSecondUseBuildsNothingAndIsSilent() throws Exception {
    Outcome outcome = run("status", "two words", "", "*");

    assertThat(outcome.out()).isEqualTo("VERSION 1 status|two words||*\n");
    assertThat(outcome.err().lines()).hasSize(1);
  }

  @Test
  @Order(2)
  void theClassCacheIsUsed() throws Exception {
    Outcome outcome = run(Map.of("SERDAB_JAVA_OPTS", "-Xlog:class+load:stderr"), "status");

    assertThat(outcome.err()).contains("serdab.cli.Main source: shared objects file");
  }

  @Test
  @Order(2)
  void commandsThatMoveDataRunWithBothCompilersAndABoundedHeap() throws Exception {
    Map<String, String> showFlags = Map.of("SERDAB_JAVA_OPTS", "-XX:+PrintFlagsFinal");

    String backup = run(showFlags, "backup").out();
    String status = run(showFlags, "status").out();

    assertThat(backup)
        .containsPattern("TieredStopAtLevel += 4")
        .containsPattern("MaxHeapSize += 301989888");
    assertThat(status).containsPattern("TieredStopAtLevel += 1");
  }

  @Test
  @Order(2)
  void theExitCodeIsTheProgramsOwn() throws Exception {
    assertThat(run("exit", "0").exitCode()).isZero();
    assertThat(run("exit", "3").exitCode()).isEqualTo(3);
    assertThat(run("exit", "130").exitCode()).isEqualTo(130);
  }

  @Test
  @Order(2)
  void aSignalReachesTheProgram() throws Exception {
    Process process = start(Map.of(), "wait");
    try (var out = process.inputReader()) {
      assertThat(out.readLine()).isEqualTo("VERSION 1 wait");

      process.toHandle().destroy();

      assertThat(out.readLine()).isEqualTo("stopped");
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(143);
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  @Order(2)
  void aLinkToItIsEnough() throws Exception {
    Path link = temp.resolve("linked");
    Files.createSymbolicLink(link, checkout.resolve("serdab"));

    Outcome outcome = outcomeOf(start(link, Map.of(), "status"));

    assertThat(outcome.out()).isEqualTo("VERSION 1 status\n");
  }

  @Test
  @Order(2)
  void fileNamesAreUtf8WhenTheLocaleIsNotSet() throws Exception {
    Outcome outcome = run(Map.of("LC_ALL", "", "LC_CTYPE", "", "LANG", "C"), "status");

    assertThat(outcome.err()).isEqualTo("UTF-8\n");
  }

  @Test
  @Order(3)
  void aBrokenClassCacheIsAPlainStart() throws Exception {
    Path cache = onlyCache();
    byte[] whole = Files.readAllBytes(cache);
    Files.write(cache, new byte[4096]);

    Outcome outcome = run("status");

    Files.write(cache, whole);
    assertThat(outcome.out()).isEqualTo("VERSION 1 status\n");
    assertThat(outcome.exitCode()).isZero();
  }

  @Test
  @Order(3)
  void aMissingClassCacheIsMadeAgain() throws Exception {
    Files.delete(onlyCache());

    Outcome outcome = run("status");

    assertThat(outcome.out()).isEqualTo("VERSION 1 status\n");
    assertThat(onlyCache()).exists();
    assertThat(leftovers()).isEmpty();
  }

  @Test
  @Order(3)
  void inAnInstalledCheckoutTheClassCacheIsKeptInTheUsersOwnFolder() throws Exception {
    Path cache = onlyCache();
    Path aside = Files.move(cache, temp.resolve("aside"));

    // Root may write anywhere, so the shell is told what another user would find.
    Outcome outcome =
        shell(
            """
            checkout=$1; . "$1/scripts/tools.sh"; . "$1/scripts/launch.sh"
            may_write() { [ "$1" != "$build" ]; }
            find_jdk; current_build; printf %s "$class_cache"
            """);

    Files.move(aside, cache);
    assertThat(outcome.err()).isEmpty();
    assertThat(Path.of(outcome.out().strip()))
        .startsWith(home.resolve(".cache/serdab"))
        .isNotEmptyFile();
  }

  @Test
  @Order(4)
  void aNewerSourceIsBuiltAndTheLockOfADeadBuildIsTakenOver() throws Exception {
    writeProgram(PROGRAM.replace("VERSION 1", "VERSION 2"));
    Path lock = Files.createDirectories(checkout.resolve("product/target/launch/lock"));
    Files.writeString(lock.resolve("pid"), deadProcess() + "\n");

    Outcome outcome = run("status");

    assertThat(outcome.out()).isEqualTo("VERSION 2 status\n");
    assertThat(outcome.err()).contains("serdab: building");
    assertThat(leftovers()).isEmpty();
  }

  @Test
  @Order(5)
  void aSourceThatDoesNotCompileIsNotRun() throws Exception {
    writeProgram("package serdab.cli; final class Main { this is not Java }");

    Outcome outcome = run("status");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).contains("Main.java").contains("serdab: the build failed");
    assertThat(leftovers()).isEmpty();
  }

  @Test
  @Order(6)
  void withoutAJdkItSaysInOneSentenceWhatToInstall() throws Exception {
    Outcome outcome = shell(". \"$1/scripts/tools.sh\"; try_jdk() { :; }; find_jdk");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err().lines()).singleElement().asString().contains("install one");
  }

  // ---- what the tests are written in

  private static void writeProgram(String source) throws IOException {
    Path main = checkout.resolve("product/src/main/java/serdab/cli/Main.java");
    Files.createDirectories(main.resolveSibling(""));
    Files.writeString(main, source);
  }

  private static long deadProcess() throws Exception {
    Process process = new ProcessBuilder("/bin/sh", "-c", "exit 0").start();
    process.waitFor();
    return process.pid();
  }

  private static Outcome run(String... arguments) throws Exception {
    return run(Map.of(), arguments);
  }

  private static Outcome run(Map<String, String> environment, String... arguments)
      throws Exception {
    return outcomeOf(start(environment, arguments));
  }

  private static Process start(Map<String, String> environment, String... arguments)
      throws IOException {
    return start(checkout.resolve("serdab"), environment, arguments);
  }

  private static Outcome shell(String script) throws Exception {
    return outcomeOf(start(Path.of("/bin/sh"), Map.of(), "-c", script, "sh", checkout.toString()));
  }

  private static Process start(Path program, Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile());
    Map<String, String> variables = builder.environment();
    variables.remove("JAVA_HOME");
    variables.remove("XDG_CACHE_HOME");
    variables.remove("SERDAB_JAVA_OPTS");
    variables.put("HOME", home.toString());
    variables.put("PATH", olderJava + ":" + variables.get("PATH"));
    @Nullable String repository = System.getProperty("maven.repo.local");
    if (repository != null) {
      variables.put("MAVEN_OPTS", "-Dmaven.repo.local=" + repository);
    }
    variables.putAll(environment);
    return builder.start();
  }

  private static Outcome outcomeOf(Process process) throws Exception {
    Instant end = Instant.now().plus(LONGEST_BUILD);
    try (var err = process.errorReader();
        var out = process.inputReader()) {
      StringBuilder errors = new StringBuilder();
      Thread reader =
          Thread.ofVirtual().start(() -> err.lines().forEach(l -> errors.append(l).append('\n')));
      StringBuilder output = new StringBuilder();
      out.lines().forEach(l -> output.append(l).append('\n'));
      reader.join();
      assertThat(process.waitFor(Duration.between(Instant.now(), end))).isTrue();
      return new Outcome(process.exitValue(), output.toString(), errors.toString());
    } finally {
      process.destroyForcibly();
    }
  }

  private static List<Path> builds() throws IOException {
    try (Stream<Path> folders = Files.list(checkout.resolve("product/target/launch"))) {
      return folders.filter(f -> f.getFileName().toString().matches("\\d+-\\d+")).toList();
    }
  }

  private static Path onlyCache() throws IOException {
    try (Stream<Path> files = Files.list(builds().getFirst())) {
      return files.filter(f -> f.toString().endsWith(".aot")).findFirst().orElseThrow();
    }
  }

  /// Locks and temporary files, of which none may stay.
  private static List<String> leftovers() throws IOException {
    Path launch = checkout.resolve("product/target/launch");
    try (Stream<Path> files = Files.walk(launch, 2)) {
      return files
          .map(f -> launch.relativize(f).toString())
          .filter(f -> !f.startsWith("maven/"))
          .filter(f -> f.matches(".*(lock|begun|training|\\.\\d+$).*") && !f.endsWith(".aot"))
          .toList();
    }
  }
}
