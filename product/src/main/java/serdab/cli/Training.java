package serdab.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What `./serdab` runs once after a build, so that the JVM learns the classes that people's
/// commands need (docs/decisions/0002-launcher.md).
///
/// Backs up a small library and some images into scratch places of both forms, reads them back and
/// asks about them, silently. What comes out does not matter: whatever was loaded before a failure
/// is still worth keeping.
final class Training {

  private Training() {}

  /// Runs the commands once.
  ///
  /// @param args an empty scratch folder, and a library to practise on
  public static void main(String[] args) throws IOException {
    Path scratch = Path.of(args[0]).toAbsolutePath();
    String library = args[1];
    Path images = scratch.resolve("images");
    new PracticeImages().writeTo(images);
    String copies = "zip:" + scratch.resolve("copies");
    String repository = "repo:" + scratch.resolve("repository");
    Map<String, String> environment = new HashMap<>(System.getenv());
    environment.put("SERDAB_HOME", scratch.resolve("home").toString());
    environment.put("SERDAB_PASSPHRASE", "practice");
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    Surroundings silent =
        new Surroundings(
            new Terminal(nowhere, nowhere, false), environment, InstantSource.system());
    List<List<String>> commands =
        List.of(
            List.of("--help"),
            List.of("--version"),
            List.of("backup", "--from", library, "--to", copies),
            List.of("repository", "init", repository),
            List.of("backup", "--from", library, "--to", repository),
            List.of("backup", "--from", "folder:" + images, "--to", repository),
            List.of("backup", "--from", "folder:" + images, "--to", repository),
            List.of("verify", repository),
            List.of("restore", "--from", repository, "--all", "--to", scratch + "/back"),
            List.of("status"),
            List.of("status", "--json"),
            List.of("studies"),
            List.of("studies", "--json"));
    for (List<String> command : commands) {
      Main.run(command.toArray(String[]::new), silent);
    }
  }
}
