package serdab.cli;

import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.backup.Absent;
import serdab.backup.DiskSets;
import serdab.backup.Reach;
import serdab.backup.Safeguards;
import serdab.backup.SyncedFolders;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.plan.BackupPlan;
import serdab.plan.DicomAddress;
import serdab.plan.DiskSet;
import serdab.plan.RunWindow;
import serdab.source.Source;

/// Everything that may hold a run back before anything is made anywhere: hours, volumes that are
/// away, hang or are not the right ones, and destinations inside the source. One thread at a time.
final class RunGuard {

  private final Surroundings around;
  private final Wiring wiring;
  private final Catalogue catalogue;
  private final BackupPlan plan;
  private final PlanRun.Switches switches;
  private final DiskSets sets;

  RunGuard(
      Surroundings around,
      Wiring wiring,
      Catalogue catalogue,
      BackupPlan plan,
      PlanRun.Switches switches) {
    this.around = around;
    this.wiring = wiring;
    this.catalogue = catalogue;
    this.plan = plan;
    this.switches = switches;
    this.sets = new DiskSets(catalogue, around.clock());
  }

  /// A run that nothing holds back.
  ///
  /// @param destinations the specifications of those that are there
  /// @param warnings what is worth knowing
  /// @param absent gathers what is wrong with the others
  record Allowed(List<String> destinations, List<Problem> warnings, Absent.Gathering absent) {}

  /// Checks everything; makes nothing, but remembers sentinels and volumes in the catalogue.
  ///
  /// @throws SerdabException when something holds the run back or cannot be reached
  Allowed allow() {
    List<Problem> warnings = new ArrayList<>();
    requireHours(warnings);
    plan.destinations().forEach(each -> Nodes.warning(each).ifPresent(warnings::add));
    if (Nodes.isNode(plan.source())) {
      return allowFromNode(warnings);
    }
    Path source = Wiring.sourceFolder(plan.source());
    Map<String, Path> folders = new LinkedHashMap<>();
    plan.destinations().stream()
        .filter(each -> !Nodes.isNode(each))
        .forEach(each -> folders.put(each, Wiring.destinationFolder(each)));

    // From here on disks are asked, and those that hang have been found out.
    Map<Path, Reach.State> states =
        around.reach().of(Stream.concat(Stream.of(source), folders.values().stream()).toList());
    Reach.requireSource(source, state(states, source), sourceHeldStudies(), program());
    List<String> there = withNodes(thereNow(folders, states, warnings));
    Safeguards safeguards = new Safeguards(catalogue);
    SyncedFolders synced = new SyncedFolders(around.userHome());
    safeguards.requireSentinel(source, plan.sentinels());
    safeguards.requireVolume(source, switches.adopt());
    synced.of(source).ifPresent(by -> warnings.add(by.sourceWarning(source)));
    Absent.Gathering absent = new Absent.Gathering();
    List<String> usable = new ArrayList<>();
    for (String specification : there) {
      if (Nodes.isNode(specification)) {
        usable.add(specification);
        continue;
      }
      Path folder = Wiring.destinationFolder(specification);
      Safeguards.refuseInsideSource(source, folder);
      // One that is away or not the right one must not keep the others from getting their copies.
      absent.attempt(() -> {
        require(specification, state(states, folder), safeguards);
        usable.add(specification);
        synced.of(folder).ifPresent(by -> warnings.add(by.destinationWarning(folder)));
        Safeguards.sameDisk(source, folder).ifPresent(warnings::add);
      });
    }
    absent.requireAny(usable);
    return new Allowed(usable, warnings, absent);
  }

  /// Nodes are asked when they are opened; a plan's order stays as it is.
  private List<String> withNodes(List<String> there) {
    return plan.destinations().stream()
        .filter(each -> Nodes.isNode(each) || there.contains(each))
        .toList();
  }

  /// A node has no folder, and no volume that could be away: it answers when it is opened, or not.
  private Allowed allowFromNode(List<Problem> warnings) {
    Map<String, Path> folders = new LinkedHashMap<>();
    plan.destinations().stream()
        .filter(each -> !Nodes.isNode(each))
        .forEach(each -> folders.put(each, Wiring.destinationFolder(each)));
    Map<Path, Reach.State> states = around.reach().of(List.copyOf(folders.values()));
    Safeguards safeguards = new Safeguards(catalogue);
    SyncedFolders synced = new SyncedFolders(around.userHome());
    Absent.Gathering absent = new Absent.Gathering();
    List<String> usable = new ArrayList<>();
    for (String specification : withNodes(thereNow(folders, states, warnings))) {
      if (Nodes.isNode(specification)) {
        if (Wiring.address(specification).equals(Wiring.address(plan.source()))) {
          throw new SerdabException.Misconfigured(
              new Problem(
                  "destination-inside-source",
                  "The node " + Wiring.address(specification) + " is both source and destination.",
                  "Name another destination."));
        }
        usable.add(specification);
        continue;
      }
      Path folder = Wiring.destinationFolder(specification);
      absent.attempt(() -> {
        require(specification, state(states, folder), safeguards);
        usable.add(specification);
        synced.of(folder).ifPresent(by -> warnings.add(by.destinationWarning(folder)));
      });
    }
    absent.requireAny(usable);
    return new Allowed(usable, warnings, absent);
  }

  private void require(String specification, Reach.State state, Safeguards safeguards) {
    Path folder = Wiring.destinationFolder(specification);
    Reach.requireDestination(folder, state, program());
    // Disks that take turns may have a sentinel each or none; their markers tell them apart.
    boolean takesTurns = setOf(specification).isPresent();
    if (!takesTurns || !plan.sentinels().isEmpty()) {
      safeguards.requireSentinel(folder, plan.sentinels());
    }
    if (!takesTurns) {
      safeguards.requireVolume(folder, switches.adopt());
    }
  }

  private static Reach.State state(Map<Path, Reach.State> states, Path folder) {
    return states.getOrDefault(folder, Reach.State.NOT_ANSWERING);
  }

  // ---- hours

  private void requireHours(List<Problem> warnings) {
    RunWindow window = RunWindow.of(plan);
    Instant now = around.clock().instant();
    if (switches.ignoreWindow() || window.isOpen(now)) {
      return;
    }
    Optional<Instant> opens = window.opensAt(now);
    if (opens.isEmpty()) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "window-never-opens",
              "The hours in which the plan must not run cover the whole week.",
              "Leave some hours free."));
    }
    String when = time(opens.get(), now, plan.zone());
    if (switches.dryRun()) {
      warnings.add(
          new Problem(
              "outside-window",
              "The plan must not run now; a run would be held back until " + when + ".",
              ""));
      return;
    }
    throw new SerdabException.HeldBack(
        new Problem(
            "outside-window",
            "The plan must not run now; it may from " + when + ".",
            "Run it again then, or now with --ignore-window.",
            Map.of("opens", opens.get().toString())));
  }

  private static String time(Instant moment, Instant now, ZoneId zone) {
    String time = DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT).format(moment.atZone(zone));
    if (moment.atZone(zone).toLocalDate().equals(now.atZone(zone).toLocalDate())) {
      return time + " today";
    }
    String day = moment.atZone(zone).getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
    return time + " on " + day + ", " + moment.atZone(zone).toLocalDate();
  }

  // ---- volumes

  /// Whether a good run saw studies at the plan's source. Who says that there are fewer now has
  /// looked.
  private boolean sourceHeldStudies() {
    return !switches.acceptFewer()
        && catalogue.sources().stream()
            .filter(source -> source.spec().equals(plan.source()))
            .map(source -> catalogue.lastGoodRun("backup", source.id()))
            .anyMatch(run -> run.filter(last -> last.totals().listed() > 0).isPresent());
  }

  private Reach.Program program() {
    return new Reach.Program(
        around.osName(),
        System.getProperty("user.name", "who runs it"),
        ProcessHandle.current().info().command().orElse("the program java"));
  }

  /// Opens the source, which may name further folders on volumes that hang.
  ///
  /// @throws SerdabException.Unavailable when it does not answer in time
  Source open(Supplier<Source> source) {
    return around
        .reach()
        .within(source)
        .orElseThrow(() ->
            Nodes.isNode(plan.source())
                ? notAnswering(plan.source())
                : Reach.sourceNotAnswering(Wiring.sourceFolder(plan.source())));
  }

  private static SerdabException notAnswering(String node) {
    return new SerdabException.Unavailable(
        new Problem(
            DicomAddress.isOne(node) ? "node-unreachable" : "dicomweb-unreachable",
            "The node at " + Wiring.address(node) + " does not answer.",
            "Check that it runs and that this machine may connect to it, then run again."));
  }

  // ---- disks that take turns

  private Optional<DiskSet> setOf(String specification) {
    String address = Wiring.address(specification);
    return switches.diskSets().stream()
        .filter(set -> set.destinations().stream().map(Wiring::address).anyMatch(address::equals))
        .findFirst();
  }

  /// The destinations that are to be used now: all but disks whose turn it is not.
  private List<String> thereNow(
      Map<String, Path> folders, Map<Path, Reach.State> states, List<Problem> warnings) {
    List<String> there = new ArrayList<>();
    Map<DiskSet, List<Path>> away = new LinkedHashMap<>();
    for (Map.Entry<String, Path> each : folders.entrySet()) {
      Optional<DiskSet> set = setOf(each.getKey());
      if (set.isEmpty()) {
        there.add(each.getKey());
        continue;
      }
      Path folder = each.getValue();
      switch (sets.turn(set.get(), folder, state(states, folder))) {
        case THERE -> {
          wiring.expect(
              each.getKey(), sets.expected(set.get(), Wiring.knownAt(each.getKey(), catalogue)));
          there.add(each.getKey());
        }
        case NEW -> {
          wiring.expect(each.getKey(), Set.of());
          there.add(each.getKey());
        }
        case AWAY -> away.computeIfAbsent(set.get(), _ -> new ArrayList<>()).add(folder);
      }
    }
    away.forEach((set, places) -> {
      boolean another =
          there.stream().anyMatch(each -> setOf(each).filter(set::equals).isPresent());
      if (!another) {
        String what = "No disk of the set " + set.name() + " is connected: nothing is at ";
        String where = String.join(", ", places.stream().map(Path::toString).toList());
        if (there.isEmpty()) {
          throw new SerdabException.HeldBack(
              new Problem(
                  "disk-set-away",
                  what + where + ".",
                  "Connect one of its disks and run again. A new disk joins the set when the folder"
                      + " is there and empty."));
        }
        warnings.add(
            new Problem(
                "disk-set-away", what + where + ".", "The other destinations get their copies."));
      }
    });
    return there;
  }

  /// Remembers which disks of which sets are there, and warns of those that were away too long.
  void learn(List<String> specifications, List<Destination> destinations) {
    for (int i = 0; i < destinations.size(); i++) {
      Destination destination = destinations.get(i);
      setOf(specifications.get(i)).ifPresent(set -> sets.saw(set, destination.id()));
    }
  }

  /// One line for each disk that somebody should connect.
  List<Problem> reminders() {
    return sets.reminders(switches.diskSets()).stream().map(DiskSets.Reminder::problem).toList();
  }
}
