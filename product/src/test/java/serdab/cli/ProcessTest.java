package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;

/// What only a process of its own shows: the system's language, its memory, where output goes.
class ProcessTest {

  @TempDir private Path folder;

  private int serdab(List<String> jvm, String... args) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(jvm);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), "serdab.cli.Main"));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("SERDAB_HOME", folder.resolve("home").toString());
    builder.redirectErrorStream(true);
    builder.redirectOutput(output().toFile());
    return builder.start().waitFor();
  }

  private static Path example() {
    return Path.of(System.getProperty("serdab.checkout", ".."), "examples/Horos Data")
        .toAbsolutePath();
  }

  private Path output() {
    return folder.resolve("output.txt");
  }

  @Test
  void aSystemWithOtherDigitsMakesTheSameCopies() throws Exception {
    int code =
        serdab(
            List.of("-Duser.language=ar", "-Duser.country=EG"),
            "backup",
            "--from",
            example().toString(),
            "--to",
            "zip:" + folder.resolve("zips"));

    assertThat(code).as(Files.readString(output())).isZero();
    assertThat(Files.readString(output())).contains("12 copied and proven");
    assertThat(folder.resolve("zips/2018_09")).isDirectory();
  }

  @Test
  void aProcessWithoutMemorySaysSoAndShowsNoTrace() throws Exception {
    int code = serdab(List.of("-Xmx6m"), "backup", "--from", folder.toString(), "--to", "zip:/x");

    assertThat(code).isEqualTo(1);
    assertThat(Files.readString(output())).doesNotContain("\tat ", "Exception in thread");
  }

  @Test
  void outputThatCannotBeWrittenIsAFailureAndAReaderThatLeftIsNot() {
    assertThat(runPrintingTo("No space left on device", "--help")).isEqualTo(1);
    assertThat(runPrintingTo("Broken pipe", "--help")).isZero();
  }

  private int runPrintingTo(String failure, String... args) {
    OutputStream broken =
        new OutputStream() {
          @Override
          public void write(int one) throws IOException {
            throw new IOException(failure);
          }
        };
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    PrintStream told = new PrintStream(err, true, StandardCharsets.UTF_8);
    WatchedOutput out = new WatchedOutput(broken);
    int code =
        Main.runWatched(
            args,
            Map.of("SERDAB_HOME", folder.resolve("home").toString()),
            out,
            new Terminal(out.printing(), told, false));
    return code;
  }

  @Test
  void aTraceForSupportHoldsNoFileNames() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Exception cause = new java.nio.file.NoSuchFileException("/x/Doe^Jane.dcm");
    Exception whole =
        new SerdabException.Unavailable(
            new serdab.Problem("some-code", "Something.", "Try."), cause);

    Trace.print(
        new IllegalStateException("Doe^Jane", whole),
        new PrintStream(out, true, StandardCharsets.UTF_8));

    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("IllegalStateException", "some-code", "NoSuchFileException", "ProcessTest")
        .doesNotContain("Doe");
  }

  @Test
  void aDamagedCatalogueAndAWrongConfigurationAreInTheBundleAsWhatTheyAre() throws Exception {
    Path home = Files.createDirectories(folder.resolve("home"));
    Files.writeString(home.resolve("catalogue.db"), "garbage");
    Files.writeString(home.resolve("serdab.toml"), "x = [");
    Path bundle = folder.resolve("support.zip");

    CommandLineRun.Result made = new CommandLineRun(home).run("bundle", "--to", bundle.toString());

    assertThat(made.exitCode()).as(made.err()).isZero();
    try (java.util.zip.ZipFile zip = new java.util.zip.ZipFile(bundle.toFile())) {
      byte[] catalogue = zip.getInputStream(zip.getEntry("catalogue.json")).readAllBytes();
      assertThat(new String(catalogue, StandardCharsets.UTF_8)).contains("is damaged");
      assertThat(zip.getEntry("serdab.toml")).isNotNull();
    }
  }

  @Test
  void aPathThatThisLocaleCannotSpellIsToldAsSuch() {
    Main.ExitCodes.Failure failure =
        Main.ExitCodes.of(new java.nio.file.InvalidPathException("Doe", "malformed"));

    assertThat(failure.exitCode()).isEqualTo(2);
    assertThat(failure.problem().text()).contains("LC_ALL").doesNotContain("Doe");
  }

  @Test
  void anEmptyHomeIsNoFolder() {
    Home home = Home.find(Map.of("HOME", ""), "Linux");

    assertThat(home.folder()).isAbsolute();
  }
}
