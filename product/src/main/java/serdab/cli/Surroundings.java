package serdab.cli;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.random.RandomGenerator;

/// What a command finds around it: the terminal, the environment and the clock.
record Surroundings(Terminal terminal, Map<String, String> environment, InstantSource clock) {

  Home home() {
    return Home.find(environment, System.getProperty("os.name", ""));
  }

  RandomGenerator random() {
    return new SecureRandom();
  }
}
