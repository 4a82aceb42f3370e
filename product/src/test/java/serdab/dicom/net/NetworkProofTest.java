package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Share;

/// What `./dev prove network` runs in slices.
@Tag("prove")
@Tag("prove-network")
class NetworkProofTest {

  private static final long MILLION = 1_000_000;

  /// Beside the heap, what the first tenth has not used yet: buffers, compiled code.
  private static final long GROWTH_BYTES_MAX = 24 << 20;

  private static final long BACKUP_BYTES_MAX = 512 << 20;

  @TempDir private Path folder;

  private final List<Process> running = new ArrayList<>();

  @AfterEach
  void stopAll() throws InterruptedException {
    for (Process process : running) {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  /// A heap of 24 MB each; what the processes occupy after a tenth is what they occupy at the end.
  @Test
  @EnabledOnOs(OS.LINUX)
  void aMillionInstancesGoOverOneAssociationInFlatMemory() throws Exception {
    long count = wholeOf(MILLION);
    Process taker = start("serdab.dicom.net.ManyProgram", "take");
    BufferedReader taken = taker.inputReader(StandardCharsets.US_ASCII);
    String port = taken.readLine().replace("port ", "");
    Process sender = start("serdab.dicom.net.ManyProgram", "send", port, "" + count);
    List<String> memory = new ArrayList<>();

    String failed = watch(sender, taker, memory);
    taker.outputWriter().close();

    assertThat(failed).isEqualTo("failed 0");
    assertThat(taken.readLine()).isEqualTo("came " + count);
    assertThat(taker.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(memory).hasSize(10);
    assertFlat(memory);
  }

  /// Each is stored by STOW-RS in requests of 100, listed by QIDO-RS and retrieved by WADO-RS.
  @Test
  @EnabledOnOs(OS.LINUX)
  void aMillionInstancesGoToANodeAreListedAndComeBackInFlatMemory() throws Exception {
    long count = wholeOf(MILLION);
    String program = "serdab.dicom.net.web.WebManyProgram";
    Process node = start(program, "node");
    BufferedReader said = node.inputReader(StandardCharsets.US_ASCII);
    String port = said.readLine().replace("port ", "");
    Process client = start(program, "client", port, "" + count, folder.toString());
    List<String> memory = new ArrayList<>();

    String failed = watch(client, node, memory);
    node.outputWriter().close();

    assertThat(failed).isEqualTo("failed 0");
    assertThat(said.readLine())
        .isEqualTo("came " + count + ", listed " + count + ", given " + count);
    assertThat(node.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(memory).hasSize(10);
    assertFlat(memory, 2 * GROWTH_BYTES_MAX);
  }

  /// `serdab receive`, each instance synced before it is acknowledged, while studies settle; then
  /// the next backup of the inbox. A million with `-DrunsFactor=5`.
  @Test
  @EnabledOnOs(OS.LINUX)
  void theInboxTakesTwoHundredThousandInstancesInFlatMemory() throws Exception {
    long count = wholeOf(MILLION / 5);
    Path inbox = folder.resolve("inbox");
    Process taker = receive(inbox);
    String port = listening(taker).replaceFirst(".*, port ([0-9]+).*", "$1");
    Process sender = start("serdab.dicom.net.ManyProgram", "send", port, "" + count);
    List<String> memory = new ArrayList<>();

    String failed = watch(sender, taker, memory);
    taker.destroy();

    assertThat(failed).isEqualTo("failed 0");
    assertThat(taker.waitFor(600, TimeUnit.SECONDS)).isTrue();
    // What it had no time to bring to its place, the next one does before it listens.
    String again = listening(receive(inbox));
    assertThat(again).contains("Listening");
    try (Stream<Path> files = Files.walk(inbox.resolve("received"))) {
      assertThat(files.filter(Files::isRegularFile).count()).isEqualTo(count);
    }
    // Its heap is 64 MB, of which it takes more and more until it is warm.
    assertFlat(memory, 40 << 20);
    assertThat(peakOfBackup(inbox, count)).isLessThan(BACKUP_BYTES_MAX);
  }

  /// With the heap that `./serdab` gives it.
  ///
  /// @return the most bytes that it occupied
  private long peakOfBackup(Path inbox, long count) throws Exception {
    Path said = folder.resolve("backup.txt");
    List<String> command =
        command(
            List.of("-Xmx288m", "-XX:+UseParallelGC"),
            "serdab.cli.Main",
            "backup",
            "--from",
            "inbox:" + inbox,
            "--to",
            "zip:" + folder.resolve("kept"));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
    builder.environment().put("SERDAB_HOME", folder.resolve("home").toString());
    builder.environment().put("SERDAB_LANG", "en");
    builder.environment().put("MALLOC_ARENA_MAX", "2");
    Process backup = builder.start();
    running.add(backup);
    long peak = 0;
    while (!backup.waitFor(100, TimeUnit.MILLISECONDS)) {
      peak = Math.max(peak, bytes(backup, "VmHWM:").orElse(0L));
    }
    long studies = Math.ceilDiv(count, ManyProgram.STUDY_IMAGES);
    assertThat(Files.readString(said)).contains(studies + " copied and proven");
    assertThat(backup.exitValue()).isZero();
    report("the backup of " + count + " instances occupied at most " + peak + " bytes");
    return peak;
  }

  private Process receive(Path inbox) throws IOException {
    return start(
        "serdab.cli.Main", "receive", "--inbox", inbox.toString(), "--port", "0", "--quiet", "0s");
  }

  private static String listening(Process receiver) throws IOException {
    BufferedReader said = receiver.inputReader(StandardCharsets.UTF_8);
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.contains("Listening at ")) {
        return line;
      }
    }
    throw new IOException("the receiver does not listen");
  }

  /// A million has to be one run: the last slice has it whole.
  private static long wholeOf(long count) {
    assumeThat(Share.firstOf(1)).isLessThan(Share.endOf(1));
    return Share.endOf(count);
  }

  private Process start(String main, String... arguments) throws IOException {
    List<String> command =
        command(
            List.of(main.equals("serdab.cli.Main") ? "-Xmx64m" : "-Xmx24m", "-XX:+UseSerialGC"),
            main,
            arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SERDAB_HOME", folder.resolve("home").toString());
    Process process = builder.start();
    running.add(process);
    return process;
  }

  private static List<String> command(List<String> options, String main, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            main));
    command.addAll(Arrays.asList(arguments));
    return command;
  }

  /// Measures both after each tenth.
  ///
  /// @return what the sender said last
  private static String watch(Process sender, Process taker, List<String> memory)
      throws IOException {
    String last = "";
    try (BufferedReader said = sender.inputReader(StandardCharsets.US_ASCII)) {
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        last = line;
        if (line.startsWith("done ")) {
          memory.add(residentBytes(sender) + " " + residentBytes(taker));
        }
      }
    }
    return last;
  }

  private static long residentBytes(Process process) throws IOException {
    return bytes(process, "VmRSS:")
        .orElseThrow(() -> new IOException("nothing says what the process occupies"));
  }

  /// What the system says of a process; empty when it has ended.
  private static Optional<Long> bytes(Process process, String what) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/" + process.pid() + "/status"))) {
      return lines
          .filter(line -> line.startsWith(what))
          .map(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
          .findFirst();
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty();
    }
  }

  @SuppressWarnings("SystemOut") // what goes into the table of proofs
  private static void report(String figures) {
    System.out.println(figures);
  }

  private static void assertFlat(List<String> memory) {
    assertFlat(memory, GROWTH_BYTES_MAX);
  }

  /// An HTTP client and server have more code to compile, and go on with it for longer.
  private static void assertFlat(List<String> memory, long growthBytesMax) {
    String figures = "sender and taker in bytes after each tenth: " + memory;
    report(figures);
    for (int which : new int[] {0, 1}) {
      long early = Long.parseLong(memory.getFirst().split(" ", -1)[which]);
      for (String each : memory) {
        assertThat(Long.parseLong(each.split(" ", -1)[which]))
            .as(figures)
            .isLessThan(early + growthBytesMax);
      }
    }
  }
}
