package serdab.backup;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/// Whether a folder lies on a network file system. There locks may not be what they seem, and a
/// database that two computers write to is soon damaged. Looks only; says only what is sure: a
/// drive letter of Windows does not tell.
public final class NetworkVolumes {

  /// What Linux (`/proc/filesystems`, FUSE subtypes) and macOS (`statfs`) call them.
  private static final Set<String> TYPES =
      Set.of(
          "nfs",
          "nfs3",
          "nfs4",
          "smb2",
          "smb3",
          "smbfs",
          "cifs",
          "afpfs",
          "afs",
          "ftp",
          "ncpfs",
          "coda",
          "webdav",
          "davfs",
          "ceph",
          "glusterfs",
          "lustre",
          "gpfs",
          "beegfs",
          "orangefs",
          "sshfs",
          "davfs2",
          "rclone",
          "s3fs",
          "gvfsd-fuse",
          "curlftpfs",
          "smbnetfs",
          "goofys",
          "gcsfuse",
          "blobfuse",
          "blobfuse2",
          "juicefs",
          // On macOS all file systems of FUSE have one name, and nearly all of them are remote.
          "macfuse",
          "osxfuse",
          "fuse-t");

  /// What a remote file system names as its device: `//server/share`, `server:/folder`.
  private static final Pattern REMOTE_DEVICE =
      Pattern.compile("//[^/]+/.*|(?:[^/:]+@)?[^/:]+:.*|\\w+://.*");

  private final Function<Path, Optional<String>> typeOf;
  private final Optional<String> mountTable;

  /// @param typeOf the type of the file system that an existing path lies on, as the system calls
  ///   it; empty when it does not say
  /// @param mountTable as `/proc/self/mounts` has it; empty where there is none
  NetworkVolumes(Function<Path, Optional<String>> typeOf, Optional<String> mountTable) {
    this.typeOf = typeOf;
    this.mountTable = mountTable;
  }

  /// Those of this computer, as they are now.
  ///
  /// @param mountTable what `/proc/self/mounts` holds; empty where there is none
  public static NetworkVolumes ofThisComputer(Optional<String> mountTable) {
    return new NetworkVolumes(NetworkVolumes::systemType, mountTable);
  }

  /// Those of a computer with this table of mounts, where no other question is answered.
  public static NetworkVolumes of(String mountTable) {
    return new NetworkVolumes(_ -> Optional.empty(), Optional.of(mountTable));
  }

  /// The type of the network file system that a folder lies on; empty when it is none or not known.
  /// The table is asked before the folder is: a server that is gone does not answer.
  ///
  /// @param folder need not exist
  public Optional<String> of(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    if (absolute.toString().startsWith("\\\\")) {
      return Optional.of("UNC");
    }
    return inTable(absolute)
        .or(() -> {
          Path real = Safeguards.nearestReal(absolute);
          return inTable(real)
              .or(() -> typeOf.apply(nearest(real)).filter(NetworkVolumes::isRemote));
        });
  }

  private Optional<String> inTable(Path path) {
    return mountTable
        .flatMap(table -> mountOf(path, table))
        .filter(Mount::isRemote)
        .map(Mount::type);
  }

  private record Mount(String device, Path point, String type) {
    boolean isRemote() {
      // What FUSE calls by no name we know may still say where it comes from.
      return NetworkVolumes.isRemote(type)
          || (type.startsWith("fuse") && REMOTE_DEVICE.matcher(device).matches());
    }
  }

  /// The mount that a path is on: the deepest; of two at one point the later covers the other.
  private static Optional<Mount> mountOf(Path path, String table) {
    Mount found = null;
    for (Mount mount : mounts(table)) {
      boolean deeper =
          found == null || mount.point().getNameCount() >= found.point().getNameCount();
      if (path.startsWith(mount.point()) && deeper) {
        found = mount;
      }
    }
    return Optional.ofNullable(found);
  }

  private static List<Mount> mounts(String table) {
    List<Mount> mounts = new ArrayList<>();
    for (String line : table.lines().toList()) {
      String[] fields = line.split(" ", -1);
      if (fields.length >= 3) {
        try {
          mounts.add(
              new Mount(unescaped(fields[0]), Path.of(unescaped(fields[1])), unescaped(fields[2])));
        } catch (InvalidPathException e) {
          // A mount that cannot be spelled here is not the one that was named here.
        }
      }
    }
    return mounts;
  }

  /// Blanks and other separators stand as three octal digits (proc(5), fstab(5)).
  private static String unescaped(String field) {
    return Pattern.compile("\\\\([0-7]{3})")
        .matcher(field)
        .replaceAll(found ->
            java.util.regex.Matcher.quoteReplacement(
                String.valueOf((char) Integer.parseInt(found.group(1), 8))));
  }

  private static boolean isRemote(String type) {
    String name = type.toLowerCase(Locale.ROOT);
    return TYPES.contains(name.startsWith("fuse.") ? name.substring("fuse.".length()) : name);
  }

  private static Path nearest(Path path) {
    Path at = path;
    Path parent = at.getParent();
    while (parent != null && !Files.exists(at)) {
      at = parent;
      parent = at.getParent();
    }
    return at;
  }

  private static Optional<String> systemType(Path existing) {
    try {
      return Optional.of(Files.getFileStore(existing).type());
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
