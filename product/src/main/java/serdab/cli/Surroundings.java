package serdab.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.NetworkVolumes;
import serdab.backup.Reach;

/// What a command finds around it: the terminal, the environment and the clock.
///
/// @param osName the operating system's name as Java gives it
/// @param reach how volumes are asked whether they are there
/// @param network which volumes are on a network
record Surroundings(
    Terminal terminal,
    Map<String, String> environment,
    InstantSource clock,
    String osName,
    Reach reach,
    Supplier<NetworkVolumes> network) {

  /// Set by people who must have Serdab's own folder on a network volume.
  static final String HOME_ON_NETWORK = "SERDAB_HOME_ON_NETWORK";

  Surroundings(Terminal terminal, Map<String, String> environment, InstantSource clock) {
    this(terminal, environment, clock, System.getProperty("os.name", ""), new Reach());
  }

  Surroundings(
      Terminal terminal,
      Map<String, String> environment,
      InstantSource clock,
      String osName,
      Reach reach) {
    this(terminal, environment, clock, osName, reach, Surroundings::networkVolumes);
  }

  Surroundings(
      Terminal terminal, Map<String, String> environment, InstantSource clock, Reach reach) {
    this(terminal, environment, clock, System.getProperty("os.name", ""), reach);
  }

  private static NetworkVolumes networkVolumes() {
    Optional<String> table;
    try {
      table = Optional.of(Files.readString(Path.of("/proc/self/mounts")));
    } catch (IOException e) {
      table = Optional.empty(); // Only Linux has it.
    }
    return NetworkVolumes.ofThisComputer(table);
  }

  /// The home folder of who runs this.
  Path userHome() {
    return Home.user(environment);
  }

  /// Serdab's own folder.
  ///
  /// @throws SerdabException.Misconfigured `home-on-network` when it lies on a network volume and
  ///   nobody said that it must
  Home home() {
    Home home = Home.find(environment, osName);
    Optional<String> type = network.get().of(home.folder());
    if (type.isPresent() && !isHomeOnNetworkAllowed()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "home-on-network",
              "Serdab's own folder, "
                  + home.folder()
                  + ", lies on a network volume ("
                  + type.get()
                  + "), where its catalogue can be damaged.",
              "Name a folder on a disk of this computer in the environment as SERDAB_HOME. If it"
                  + " must be there, and no other computer ever uses it, set "
                  + HOME_ON_NETWORK
                  + "=yes."));
    }
    return home;
  }

  /// What a person should know who has Serdab's own folder on a network volume all the same.
  Optional<String> homeWarning() {
    return isHomeOnNetworkAllowed()
        ? network
            .get()
            .of(Home.find(environment, osName).folder())
            .map(type -> terminal.messages().text("any.home-on-network", type))
        : Optional.empty();
  }

  private boolean isHomeOnNetworkAllowed() {
    return environment.getOrDefault(HOME_ON_NETWORK, "").strip().equals("yes");
  }

  /// The same with another terminal.
  Surroundings printingTo(Terminal another) {
    return new Surroundings(another, environment, clock, osName, reach, network);
  }

  RandomGenerator random() {
    return new SecureRandom();
  }
}
