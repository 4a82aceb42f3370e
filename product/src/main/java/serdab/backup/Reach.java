package serdab.backup;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import serdab.Problem;
import serdab.SerdabException;
import serdab.store.VolumeSentinel;

/// Whether a folder can be reached, told apart from one that is empty, one that may not be read,
/// and a volume that does not answer. Looks only.
///
/// A network volume whose server is gone makes every question wait for minutes or for ever. So each
/// folder is asked about by a thread of its own that nobody waits for longer than the limit; all
/// are asked at once, so the limit is that of all together. A thread that never comes back ends
/// with the process.
public final class Reach {

  /// Slow disks that have to spin up need up to ten seconds.
  public static final Duration LIMIT = Duration.ofSeconds(12);

  /// What systems leave on every disk by themselves; a folder that holds nothing else is empty.
  private static final Set<String> BOOKKEEPING =
      Set.of(
          ".DS_Store",
          ".fseventsd",
          ".Spotlight-V100",
          ".TemporaryItems",
          ".Trashes",
          ".localized",
          "lost+found",
          "System Volume Information",
          "$RECYCLE.BIN",
          "desktop.ini",
          VolumeSentinel.NAME,
          Safeguards.KNOWN_SENTINEL);

  /// What a folder turned out to be.
  public enum State {
    /// It is there, and there is something in it.
    FILLED,
    /// It is there, with nothing in it but what systems leave on every disk.
    EMPTY,
    /// There is no such folder.
    ABSENT,
    /// It is there and may not be listed.
    NOT_PERMITTED,
    /// It is there and the system fails to list it.
    FAILING,
    /// Nothing was said about it in time.
    NOT_ANSWERING
  }

  /// How a folder is looked at; a seam, so that tests can have a volume that hangs.
  @FunctionalInterface
  public interface Look {
    State at(Path folder);
  }

  private final Look look;
  private final Duration limit;

  public Reach() {
    this(Reach::lookAt, LIMIT);
  }

  /// Asks in another way, or for another time.
  public Reach(Look look, Duration limit) {
    this.look = look;
    this.limit = limit;
  }

  /// Asks about all folders at once.
  public Map<Path, State> of(List<Path> folders) {
    Map<Path, CompletableFuture<State>> asked = new LinkedHashMap<>();
    for (Path folder : folders) {
      asked.computeIfAbsent(folder, each -> ask("look-at-volume", () -> look.at(each)));
    }
    long end = System.nanoTime() + limit.toNanos();
    Map<Path, State> states = new LinkedHashMap<>();
    asked.forEach((folder, answer) ->
        states.put(
            folder,
            answered(answer, Math.max(0, end - System.nanoTime())).orElse(State.NOT_ANSWERING)));
    return states;
  }

  /// Does something that may hang, such as opening a source, within the limit.
  ///
  /// @return empty when there was no answer in time; what comes later is lost
  public <T> Optional<T> within(Supplier<T> what) {
    return answered(ask("open-volume", what), limit.toNanos());
  }

  private static <T> CompletableFuture<T> ask(String name, Supplier<T> what) {
    CompletableFuture<T> answer = new CompletableFuture<>();
    Thread.ofPlatform()
        .name(name)
        .daemon(true)
        .start(() -> {
          try {
            answer.complete(what.get());
          } catch (Throwable e) {
            answer.completeExceptionally(e);
          }
        });
    return answer;
  }

  private static <T> Optional<T> answered(CompletableFuture<T> answer, long nanos) {
    try {
      return Optional.of(answer.get(nanos, TimeUnit.NANOSECONDS));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      if (cause instanceof RuntimeException failure) {
        throw failure;
      }
      if (cause instanceof Error error) {
        throw error;
      }
      throw new IllegalStateException(e);
    }
  }

  /// Looks at a folder as the system shows it.
  public static State lookAt(Path folder) {
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      for (Path each : inside) {
        Path name = each.getFileName();
        if (name == null || !BOOKKEEPING.contains(name.toString())) {
          return State.FILLED;
        }
      }
      return State.EMPTY;
    } catch (NoSuchFileException e) {
      return State.ABSENT;
    } catch (NotDirectoryException e) {
      return State.FILLED; // A file in its place; whoever opens it says so.
    } catch (DirectoryIteratorException e) {
      IOException cause = e.getCause();
      return cause == null ? State.FAILING : notListed(cause);
    } catch (IOException e) {
      return notListed(e);
    }
  }

  /// macOS refuses what its privacy settings do not allow with EPERM, which is no AccessDenied.
  static State notListed(IOException failure) {
    String reason =
        failure instanceof FileSystemException named && named.getReason() != null
            ? named.getReason().toLowerCase(Locale.ROOT)
            : "";
    return failure instanceof AccessDeniedException || reason.contains("not permitted")
        ? State.NOT_PERMITTED
        : State.FAILING;
  }

  // ---- what to tell

  /// Which program on which system needs the right to read, for telling how to give it.
  ///
  /// @param system as in the property `os.name`
  /// @param user by whom the program was started
  /// @param command the path of the running program, as macOS lists it
  public record Program(String system, String user, String command) {

    String howToPermit(Path folder) {
      String os = system.toLowerCase(Locale.ROOT);
      if (os.contains("mac")) {
        return "Open System Settings > Privacy & Security > Full Disk Access, add "
            + command
            + " (and Terminal, if the backup is started there; launchd needs the first only),"
            + " switch it on, and run again.";
      }
      if (os.contains("windows")) {
        return "In the folder's Properties > Security allow the user "
            + user
            + " to read it (a scheduled task runs as the user named in the task), and run again.";
      }
      return "Let the user "
          + user
          + " list and read it, or run as a user who may: namei -l '"
          + folder
          + "' shows where it stops. Then run again.";
    }
  }

  /// Throws unless the source's folder can be read, or there is nothing known against it.
  ///
  /// @param seenBefore whether studies were seen there in an earlier run
  /// @throws SerdabException.Unavailable `source-not-answering`, `source-not-permitted`,
  ///   `source-failing` or `source-offline`
  public static void requireSource(Path folder, State state, boolean seenBefore, Program program) {
    switch (state) {
      case NOT_ANSWERING -> throw sourceNotAnswering(folder);
      case NOT_PERMITTED ->
          throw new SerdabException.Unavailable(
              new Problem(
                  "source-not-permitted",
                  "The source "
                      + folder
                      + " is there, and this program is not permitted to read it.",
                  program.howToPermit(folder)));
      case FAILING ->
          throw new SerdabException.Unavailable(
              new Problem(
                  "source-failing",
                  "The source " + folder + " is there, and listing it fails.",
                  "Check its disk and cable before running again."));
      case ABSENT, EMPTY -> {
        if (seenBefore || (state == State.ABSENT && isOnAbsentVolume(folder))) {
          throw new SerdabException.Unavailable(
              new Problem(
                  "source-offline",
                  "The source "
                      + folder
                      + (state == State.EMPTY
                          ? " is an empty folder now, and studies were there before."
                          : " is not there now.")
                      + " Its volume is probably not mounted; it is not taken for empty.",
                  "Connect or mount the volume and run again. If the source was moved, name its new"
                      + " place after --from."));
        }
      }
      case FILLED -> {}
    }
  }

  /// The source of a volume that does not answer.
  public static SerdabException.Unavailable sourceNotAnswering(Path folder) {
    return new SerdabException.Unavailable(
        new Problem(
            "source-not-answering",
            "The source " + folder + " does not answer.",
            "Its server or disk hangs: check the network, eject the volume (by force if need be),"
                + " connect it again, and run again."));
  }

  /// Throws unless copies may be written to the folder, or there is nothing known against it.
  ///
  /// @throws SerdabException.Unavailable `destination-not-answering`, `destination-not-permitted`
  ///   or `destination-failing`
  /// @throws SerdabException.HeldBack `destination-offline` when it names a volume that is not
  ///   mounted: a folder made there would lie on this computer's own disk
  public static void requireDestination(Path folder, State state, Program program) {
    switch (state) {
      case NOT_ANSWERING ->
          throw new SerdabException.Unavailable(
              new Problem(
                  "destination-not-answering",
                  "The destination " + folder + " does not answer.",
                  "Its server or disk hangs: check the network, eject the volume (by force if need"
                      + " be), connect it again, and run again."));
      case NOT_PERMITTED ->
          throw new SerdabException.Unavailable(
              new Problem(
                  "destination-not-permitted",
                  "The destination "
                      + folder
                      + " is there, and this program is not permitted to read it.",
                  program.howToPermit(folder)));
      case FAILING ->
          throw new SerdabException.Unavailable(
              new Problem(
                  "destination-failing",
                  "The destination " + folder + " is there, and listing it fails.",
                  "Check its disk and cable before running again."));
      case ABSENT -> {
        if (isOnAbsentVolume(folder)) {
          throw new SerdabException.HeldBack(
              new Problem(
                  "destination-offline",
                  "The destination " + folder + " names a volume that is not mounted.",
                  "Connect or mount the volume and run again."));
        }
      }
      case EMPTY, FILLED -> {}
    }
  }

  /// Where systems mount volumes by name, and how many levels below.
  private static final Map<String, Integer> MOUNTED_BELOW =
      Map.of("/Volumes", 1, "/media", 2, "/run/media", 2);

  /// Whether a path names a volume by its mount point, and nothing is there.
  private static boolean isOnAbsentVolume(Path folder) {
    return mountPoint(folder).filter(point -> !Files.isDirectory(point)).isPresent();
  }

  /// Where the volume of a path would be mounted, when its name shows that.
  static Optional<Path> mountPoint(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    List<Path> found = new ArrayList<>();
    MOUNTED_BELOW.forEach((parent, depth) -> {
      Path top = Path.of(parent);
      int parts = top.getNameCount() + depth;
      if (absolute.startsWith(top) && absolute.getNameCount() >= parts) {
        found.add(absolute.getRoot().resolve(absolute.subpath(0, parts)));
      }
    });
    return found.stream().findFirst();
  }
}
