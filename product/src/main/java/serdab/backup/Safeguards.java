package serdab.backup;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.store.VolumeSentinel;

/// What must hold before a run may begin: the right volumes are mounted, and nothing is copied into
/// itself. Checks only; makes nothing.
public final class Safeguards {

  /// The sentinel that the Horos script's users have already.
  public static final String KNOWN_SENTINEL = ".pacs_sentinel";

  /// Volumes are rarely mounted deeper.
  private static final int MAX_ANCESTORS = 64;

  private static final Pattern DISK =
      Pattern.compile("^(?:/dev/)?(disk\\d+|nvme\\d+n\\d+|mmcblk\\d+|[shv]d[a-z]+)");

  private static final Pattern NUMBERED = Pattern.compile("[ -]\\d{1,2}$");
  private static final int SIBLINGS_MAX = 9;

  private final Catalogue catalogue;

  public Safeguards(Catalogue catalogue) {
    this.catalogue = catalogue;
  }

  /// Holds the run back unless the sentinel of a volume is there: one that the plan names, or one
  /// that was seen here before. A sentinel may stand in the folder itself or in one above it.
  ///
  /// @param folder the source's or destination's folder; need not exist
  /// @param named the names that the plan asks for; empty when it asks for none
  /// @throws SerdabException.HeldBack when it is missing
  public void requireSentinel(Path folder, List<String> named) {
    Path absolute = folder.toAbsolutePath().normalize();
    String fact = "sentinel/" + absolute;
    for (String name : named) {
      Optional<Path> found = findUpwards(absolute, name);
      if (found.isEmpty()) {
        throw missing(absolute, name);
      }
      catalogue.rememberFact(fact, name);
    }
    Optional<String> remembered = catalogue.fact(fact);
    if (remembered.isPresent() && findUpwards(absolute, remembered.get()).isEmpty()) {
      throw missing(absolute, remembered.get());
    }
    if (remembered.isEmpty() && findUpwards(absolute, KNOWN_SENTINEL).isPresent()) {
      catalogue.rememberFact(fact, KNOWN_SENTINEL);
    }
  }

  /// Holds the run back unless the volume of a folder is the one that was there before, by the id
  /// in its sentinel. A volume seen with an id for the first time is remembered by it.
  ///
  /// @param folder the source's or destination's folder; need not exist
  /// @param adopt whether a person says that what is there now is right
  /// @throws SerdabException.HeldBack `volume-is-another`, `volume-elsewhere` or
  ///   `volume-sentinel-missing`; also when a sentinel cannot be understood
  public void requireVolume(Path folder, boolean adopt) {
    Path absolute = folder.toAbsolutePath().normalize();
    String fact = "volume/" + absolute;
    Optional<VolumeSentinel.Found> found = VolumeSentinel.above(absolute);
    Optional<Volume> remembered =
        adopt ? Optional.empty() : catalogue.fact(fact).flatMap(Volume::parse);
    if (remembered.isPresent()
        && found.filter(there -> remembered.get().is(there.sentinel())).isEmpty()) {
      throw anotherVolume(absolute, remembered.get(), found);
    }
    String now =
        found.map(there -> new Volume(there.sentinel().id(), there.folder()).text()).orElse("");
    if (!catalogue.fact(fact).orElse("").equals(now)) {
      catalogue.rememberFact(fact, now);
    }
  }

  /// A volume as it was seen: its id, and the folder of its sentinel.
  private record Volume(UUID id, Path folder) {

    boolean is(VolumeSentinel sentinel) {
      return sentinel.id().equals(id);
    }

    String text() {
      return id + " " + folder;
    }

    /// Nothing when no volume is remembered, or none any more.
    static Optional<Volume> parse(String text) {
      int space = text.indexOf(' ');
      try {
        return space < 0
            ? Optional.empty()
            : Optional.of(
                new Volume(
                    UUID.fromString(text.substring(0, space)), Path.of(text.substring(space + 1))));
      } catch (IllegalArgumentException e) {
        return Optional.empty();
      }
    }
  }

  private static SerdabException.HeldBack anotherVolume(
      Path folder, Volume wanted, Optional<VolumeSentinel.Found> found) {
    Optional<Path> elsewhere = sibling(wanted);
    if (elsewhere.isPresent()) {
      Path meant = elsewhere.get().resolve(wanted.folder().relativize(folder).toString());
      return new SerdabException.HeldBack(
          new Problem(
              "volume-elsewhere",
              "The disk of " + folder + " is mounted at " + elsewhere.get() + " now.",
              "Eject it, remove what was left behind at "
                  + wanted.folder()
                  + ", and connect it again; or use "
                  + meant
                  + " from now on."));
    }
    if (found.isPresent()) {
      return new SerdabException.HeldBack(
          new Problem(
              "volume-is-another",
              "At "
                  + found.get().folder()
                  + " there is another disk than the one that was there before, by its "
                  + VolumeSentinel.NAME
                  + ".",
              "Connect the right disk. If this one is to be used here from now on, run once with"
                  + " --adopt."));
    }
    return new SerdabException.HeldBack(
        new Problem(
            "volume-sentinel-missing",
            "The file "
                + VolumeSentinel.NAME
                + " that was in "
                + wanted.folder()
                + " before is not there now.",
            "The disk is probably not mounted: connect it. If the file was removed on purpose, run"
                + " once with --adopt."));
  }

  /// Where a system mounts a volume whose place is taken: `PACS 1` or `PACS-1` beside `PACS`. The
  /// other way round, too, as the place may have become free since.
  private static Optional<Path> sibling(Volume wanted) {
    Path parent = wanted.folder().getParent();
    Path last = wanted.folder().getFileName();
    if (parent == null || last == null) {
      return Optional.empty();
    }
    String name = NUMBERED.matcher(last.toString()).replaceFirst("");
    List<String> names = new ArrayList<>(List.of(name));
    for (int i = 1; i <= SIBLINGS_MAX; i++) {
      names.add(name + " " + i);
      names.add(name + "-" + i);
    }
    for (String each : names) {
      Path folder = parent.resolve(each);
      try {
        if (!folder.equals(wanted.folder())
            && VolumeSentinel.in(folder).filter(wanted::is).isPresent()) {
          return Optional.of(folder);
        }
      } catch (SerdabException.HeldBack e) {
        // The sentinel of a disk that nobody asked for.
      }
    }
    return Optional.empty();
  }

  private static SerdabException.HeldBack missing(Path folder, String name) {
    return new SerdabException.HeldBack(
        new Problem(
            "sentinel-missing",
            "The sentinel file " + name + " is neither in " + folder + " nor above it.",
            "The volume is probably not mounted: connect it. If the sentinel was removed on purpose,"
                + " make an empty file of that name again."));
  }

  private static Optional<Path> findUpwards(Path folder, String name) {
    Path at = folder;
    for (int i = 0; i < MAX_ANCESTORS && at != null; i++) {
      Path candidate = at.resolve(name);
      if (Files.isRegularFile(candidate)) {
        return Optional.of(candidate);
      }
      at = at.getParent();
    }
    return Optional.empty();
  }

  /// Refuses a destination inside the source: the next run would copy its own copies.
  ///
  /// @throws SerdabException.Misconfigured when it lies there
  public static void refuseInsideSource(Path source, Path destination) {
    Path real = nearestReal(destination);
    if (real.startsWith(nearestReal(source))) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "destination-inside-source",
              "The destination " + destination + " lies inside the source " + source + ".",
              "Choose a folder outside of it, best on another disk."));
    }
  }

  /// A warning when both lie on one physical disk, as far as the system tells.
  public static Optional<Problem> sameDisk(Path source, Path destination) {
    try {
      String a = disk(Files.getFileStore(nearestExisting(source)));
      String b = disk(Files.getFileStore(nearestExisting(destination)));
      return a.equals(b)
          ? Optional.of(
              new Problem(
                  "same-disk",
                  "Source and destination "
                      + destination
                      + " are on the same disk ("
                      + a
                      + "): when it dies, both are lost.",
                  "Add a destination on another disk."))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /// The disk that a file store is a part of, where its name shows it.
  private static String disk(FileStore store) {
    Matcher matcher = DISK.matcher(store.name());
    return matcher.find() ? matcher.group(1) : store.name();
  }

  /// The folder itself, or the closest one above it that is there.
  private static Path nearestExisting(Path path) {
    Path at = path.toAbsolutePath().normalize();
    Path parent = at.getParent();
    while (parent != null && !Files.exists(at)) {
      at = parent;
      parent = at.getParent();
    }
    return at;
  }

  /// The path with links followed, as far as it exists.
  static Path nearestReal(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    List<Path> below = new ArrayList<>();
    Path at = absolute;
    while (at != null) {
      try {
        Path real = at.toRealPath();
        for (int i = below.size() - 1; i >= 0; i--) {
          real = real.resolve(below.get(i));
        }
        return real;
      } catch (IOException e) {
        Path name = at.getFileName();
        if (name != null) {
          below.add(name);
        }
        at = at.getParent();
      }
    }
    return absolute;
  }
}
