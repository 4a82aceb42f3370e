package serdab.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.plan.Configuration;
import serdab.plan.NamedPlan;

/// Where everything is on this machine (`serdab status --paths`): Serdab's own files, and what each
/// destination keeps for people.
final class PathTable {

  private final Surroundings around;

  PathTable(Surroundings around) {
    this.around = around;
  }

  /// Prints it.
  ///
  /// @return the exit code
  int print(boolean json) {
    Home home = around.home();
    Map<String, Path> own = new LinkedHashMap<>();
    own.put("home", home.folder());
    own.put("configuration", home.configuration());
    own.put("catalogue", home.catalogue());
    own.put("logs", home.logs());
    own.put("lock", home.lock());
    own.put("cache", home.folder().resolve("cache"));
    Map<String, Path> issues = new LinkedHashMap<>();
    for (String destination : destinations(home)) {
      issues.put(destination, Wiring.destinationFolder(destination).resolve("issues.csv"));
    }
    if (json) {
      printJson(own, issues);
    } else {
      own.forEach((what, path) -> row(what, path));
      issues.forEach((destination, path) -> row("issues of " + destination, path));
      around.terminal().out().flush();
    }
    return Main.ExitCodes.GOOD;
  }

  private void row(String what, Path path) {
    around
        .terminal()
        .out()
        .printf("%-14s %s%s%n", what, path, Files.exists(path) ? "" : "   (not there)");
  }

  private void printJson(Map<String, Path> own, Map<String, Path> issues) {
    Json.object(
        around.terminal().out(),
        writer -> {
          writer.writeStringProperty("schema", "serdab-paths-v1");
          own.forEach((what, path) -> writer.writeStringProperty(what, path.toString()));
          writer.writeArrayPropertyStart("destinations");
          issues.forEach((destination, path) -> {
            writer.writeStartObject();
            writer.writeStringProperty("address", destination);
            writer.writeStringProperty("issues", path.toString());
            writer.writeEndObject();
          });
          writer.writeEndArray();
        });
  }

  /// Those that plans name and those that were ever used. Neither a wrong configuration nor a
  /// damaged catalogue keeps a person from learning where they are.
  private Set<String> destinations(Home home) {
    Set<String> destinations = new TreeSet<>();
    if (Files.exists(home.configuration())) {
      try {
        Configuration.read(home.configuration(), ZoneId.systemDefault()).plans().stream()
            .map(NamedPlan::destinations)
            .flatMap(List::stream)
            .filter(each -> !Nodes.isNode(each))
            .map(Wiring::address)
            .forEach(destinations::add);
      } catch (SerdabException e) {
        Main.tell(around.terminal(), e.problem());
      }
    }
    if (home.exists()) {
      try (Wiring wiring = new Wiring(around);
          Catalogue catalogue = wiring.catalogue(home)) {
        catalogue.destinations().stream()
            .map(Catalogue.UsedPlace::spec)
            .filter(spec -> Wiring.isDestination(spec) && !Nodes.isNode(spec))
            .forEach(destinations::add);
      } catch (SerdabException e) {
        Main.tell(around.terminal(), e.problem());
      }
    }
    return destinations;
  }
}
