package serdab.cli;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.random.RandomGenerator;

/// What a command finds around it: the terminal, the environment and the clock.
///
/// @param osName the operating system's name as Java gives it
record Surroundings(
    Terminal terminal, Map<String, String> environment, InstantSource clock, String osName) {

  Surroundings(Terminal terminal, Map<String, String> environment, InstantSource clock) {
    this(terminal, environment, clock, System.getProperty("os.name", ""));
  }

  Home home() {
    return Home.find(environment, osName);
  }

  RandomGenerator random() {
    return new SecureRandom();
  }
}
