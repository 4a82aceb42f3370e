package serdab.cli;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.random.RandomGenerator;
import serdab.backup.Reach;

/// What a command finds around it: the terminal, the environment and the clock.
///
/// @param osName the operating system's name as Java gives it
/// @param reach how volumes are asked whether they are there
record Surroundings(
    Terminal terminal,
    Map<String, String> environment,
    InstantSource clock,
    String osName,
    Reach reach) {

  Surroundings(Terminal terminal, Map<String, String> environment, InstantSource clock) {
    this(terminal, environment, clock, System.getProperty("os.name", ""), new Reach());
  }

  Surroundings(
      Terminal terminal, Map<String, String> environment, InstantSource clock, Reach reach) {
    this(terminal, environment, clock, System.getProperty("os.name", ""), reach);
  }

  /// The home folder of who runs this.
  Path userHome() {
    return Home.user(environment);
  }

  Home home() {
    return Home.find(environment, osName);
  }

  /// The same with another terminal.
  Surroundings printingTo(Terminal another) {
    return new Surroundings(another, environment, clock, osName, reach);
  }

  RandomGenerator random() {
    return new SecureRandom();
  }
}
