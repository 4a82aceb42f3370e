package serdab.backup;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import serdab.Problem;
import serdab.catalogue.Catalogue;
import serdab.destination.DestinationId;
import serdab.plan.DiskSet;

/// Disks that take turns: which ones belong to a set, when each was there last, and whom to remind.
///
/// A disk is known by the id of the destination on it, so two disks that appear under one address
/// are two destinations, and each gets what it lacks itself. The set learns a disk when a run has
/// used it. What it knows is kept in the catalogue, as facts `disk-set/NAME/ID`.
public final class DiskSets {

  private static final String FACT = "disk-set/";
  private static final int SHOWN_DIGITS = 8;

  private final Catalogue catalogue;
  private final InstantSource clock;

  public DiskSets(Catalogue catalogue, InstantSource clock) {
    this.catalogue = catalogue;
    this.clock = clock;
  }

  /// The disks of a set, with the time at which each was used last, in no promised order.
  public Map<DestinationId, Instant> members(DiskSet set) {
    Map<DestinationId, Instant> members = new LinkedHashMap<>();
    String prefix = FACT + set.name() + "/";
    catalogue
        .facts(prefix)
        .forEach((name, seen) -> {
          try {
            members.put(
                new DestinationId(UUID.fromString(name.substring(prefix.length()))),
                Instant.parse(seen));
          } catch (IllegalArgumentException | DateTimeException e) {
            // The set of a longer name that begins with this one and a slash.
          }
        });
    return members;
  }

  /// Remembers that a disk of the set is there now.
  public void saw(DiskSet set, DestinationId disk) {
    catalogue.rememberFact(
        FACT + set.name() + "/" + disk, clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  /// What is at an address of a set, before anything is made there.
  public enum Turn {
    /// Something is there: a disk of the set, or one that is none of it, as its marker will tell.
    THERE,
    /// An empty place without a marker, which may become a disk of the set.
    NEW,
    /// No disk is there, as is normal.
    AWAY
  }

  /// Whose turn it is at an address.
  ///
  /// @param folder the address
  /// @param state what a look at it showed
  public Turn turn(DiskSet set, Path folder, Reach.State state) {
    boolean first = members(set).isEmpty();
    return switch (state) {
      case FILLED, NOT_PERMITTED, FAILING, NOT_ANSWERING -> Turn.THERE;
      case ABSENT -> first ? Turn.NEW : Turn.AWAY;
      case EMPTY -> first || !isLeftBehind(folder) ? Turn.NEW : Turn.AWAY;
    };
  }

  /// Whether an empty folder is a mount point without its volume, where the path shows that it is a
  /// mount point: then it lies on the same volume as the folder above it.
  private static boolean isLeftBehind(Path folder) {
    Optional<Path> point = Reach.mountPoint(folder);
    if (point.isEmpty()) {
      return false;
    }
    try {
      FileStore here = Files.getFileStore(folder);
      Path above = point.get().getParent();
      return above == null || here.equals(Files.getFileStore(above));
    } catch (IOException e) {
      return true;
    }
  }

  /// Somebody should connect a disk.
  ///
  /// @param set the set's name
  /// @param disk the disk that was away too long; empty when no disk of the set was there
  /// @param days for how many whole days
  public record Reminder(String set, Optional<DestinationId> disk, long days) {

    /// The same for people.
    public Problem problem() {
      return disk.map(id ->
              new Problem(
                  "disk-away",
                  "The disk "
                      + id.toString().substring(0, SHOWN_DIGITS)
                      + " of the set "
                      + set
                      + " was not connected for "
                      + days
                      + " days: it lacks what came since.",
                  "Let it have its turn."))
          .orElseGet(() ->
              new Problem(
                  "disk-away",
                  "No disk of the set "
                      + set
                      + " was connected for "
                      + days
                      + " days: nothing new is safe on any of them.",
                  "Connect one."));
    }
  }

  /// Whom to remind of which disk now, for the report of a run and for `serdab status`. A set that
  /// never had a disk reminds of nothing.
  public List<Reminder> reminders(List<DiskSet> sets) {
    Instant now = clock.instant();
    List<Reminder> reminders = new ArrayList<>();
    for (DiskSet set : sets) {
      Map<DestinationId, Instant> members = members(set);
      Optional<Instant> last = members.values().stream().max(Instant::compareTo);
      if (last.isPresent() && isLong(set, last.get(), now)) {
        reminders.add(new Reminder(set.name(), Optional.empty(), days(last.get(), now)));
        continue;
      }
      new TreeMap<>(byText(members))
          .values()
          .forEach(member -> {
            if (isLong(set, member.getValue(), now)) {
              reminders.add(
                  new Reminder(
                      set.name(), Optional.of(member.getKey()), days(member.getValue(), now)));
            }
          });
    }
    return reminders;
  }

  private static Map<String, Map.Entry<DestinationId, Instant>> byText(
      Map<DestinationId, Instant> members) {
    Map<String, Map.Entry<DestinationId, Instant>> byText = new TreeMap<>();
    members.entrySet().forEach(member -> byText.put(member.getKey().toString(), member));
    return byText;
  }

  private static boolean isLong(DiskSet set, Instant last, Instant now) {
    return set.remindAfterDays() > 0 && days(last, now) >= set.remindAfterDays();
  }

  private static long days(Instant last, Instant now) {
    return Duration.between(last, now).toDays();
  }

  /// The ids that may be found at an address: those seen there, and all disks of the set, as any of
  /// them may be connected at any of its addresses.
  public Set<DestinationId> expected(DiskSet set, Set<DestinationId> seenThere) {
    Set<DestinationId> expected = new LinkedHashSet<>(seenThere);
    expected.addAll(members(set).keySet());
    return expected;
  }
}
