package serdab.restore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.source.horos.ViewerLibrary;

/// Where files may be brought back to: not among a viewer's own files, which only the viewer
/// changes, and not among the copies of a backup.
public final class TargetPlace {

  private static final String MARKER = "destination.json";

  private TargetPlace() {}

  /// Refuses a folder, or a file to be made, that lies where nothing of ours may.
  ///
  /// @throws SerdabException.Misconfigured when it does
  public static void check(Path target) {
    check(target, true);
  }

  /// As [#check], for a tree of copies, which may itself be there already.
  public static void checkTree(Path target) {
    check(target, false);
  }

  private static void check(Path target, boolean copiesThere) {
    Path real = real(target);
    boolean looksForCopies = copiesThere;
    for (@Nullable Path each = real; each != null; each = each.getParent()) {
      if (ViewerLibrary.isLibrary(each)) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "target-inside-library",
                target + " lies in a viewer's library, where only the viewer may put files.",
                "To bring studies back into that viewer, write --to \"horos:"
                    + each
                    + "\"; else choose a folder outside of it."));
      }
      if (looksForCopies && Files.exists(each.resolve(MARKER))) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "target-inside-backup",
                target + " lies inside the backup at " + each + ".",
                "Choose a folder outside of it: nothing but copies belongs there. To fill a backup"
                    + " with copies, write --to \"zip:"
                    + each
                    + "\"."));
      }
      if (Files.isRegularFile(each) && !each.equals(real)) {
        throw isFile(each);
      }
      looksForCopies = true;
    }
  }

  /// Refuses a file where a folder is to be.
  public static void requireNoFile(Path target) {
    if (Files.isRegularFile(target)) {
      throw isFile(target);
    }
  }

  /// Refuses a link where a folder is to get its name: it would be replaced, and what it leads to
  /// stay empty. Refuses the top of a volume likewise: nothing can be given that name.
  static void requireNoLink(Path target) {
    if (Files.isSymbolicLink(target)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "target-is-link",
              target + " is a link.",
              "Give the folder that it leads to, or another one."));
    }
    if (isTopOfVolume(target)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "target-is-volume",
              target + " is a volume of its own; what is made needs a name on it.",
              "Give a folder on it, such as " + target.resolve("exam") + "."));
    }
  }

  private static boolean isTopOfVolume(Path target) {
    @Nullable Path parent = target.toAbsolutePath().getParent();
    try {
      return Files.isDirectory(target)
          && (parent == null || !Files.getFileStore(target).equals(Files.getFileStore(parent)));
    } catch (IOException e) {
      return false;
    }
  }

  private static SerdabException.Misconfigured isFile(Path file) {
    return new SerdabException.Misconfigured(
        new Problem(
            "target-is-file",
            file + " is a file; a folder is needed there.",
            "Choose another folder. The file was left as it is."));
  }

  /// The path with links followed as far as it is there.
  private static Path real(Path target) {
    Path whole = target.toAbsolutePath().normalize();
    for (@Nullable Path there = whole; there != null; there = there.getParent()) {
      if (Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
        try {
          return there.toRealPath().resolve(there.relativize(whole));
        } catch (IOException e) {
          // A link that leads nowhere, or a folder that may not be looked into: what is above it.
        }
      }
    }
    return whole;
  }
}
