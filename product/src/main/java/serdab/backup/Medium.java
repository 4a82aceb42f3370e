package serdab.backup;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// What a destination's bytes lie on, as far as the system tells: two destinations on one disk die
/// together.
///
/// @param text `disk:` and the disk's own lasting name; `local` for a local disk that shows none;
///   `network` for any share, since one server has many names; empty when nothing is known
public record Medium(String text) {

  public static final Medium UNKNOWN = new Medium("");
  static final Medium LOCAL = new Medium("local");
  static final Medium NETWORK = new Medium("network");

  /// What a node lies on, which it does not say: something elsewhere, as a share does.
  public static final Medium OF_A_NODE = NETWORK;

  private static final String DISK = "disk:";

  private static final Set<String> NETWORK_TYPES =
      Set.of("nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "davfs");

  private static final Set<String> LOCAL_TYPES = Set.of("apfs", "hfs", "exfat", "msdos", "ntfs");

  /// A disk below a partition, below an encrypted volume, and so on.
  private static final int LAYERS_MAX = 8;

  private static final int NAMES_MAX = 10_000;

  /// The name of the fact in which a run keeps the medium of a destination.
  public static String factName(String destinationId) {
    return "medium/" + destinationId;
  }

  /// What this folder lies on.
  public static Medium of(Path folder) {
    try {
      FileStore store = Files.getFileStore(folder);
      return of(store.name(), store.type(), Path.of("/"));
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  /// The same, of a file system by the names that the system has for it.
  ///
  /// @param root where `dev` and `sys` are
  static Medium of(String name, String type, Path root) {
    if (NETWORK_TYPES.contains(type.toLowerCase(Locale.ROOT))) {
      return NETWORK;
    }
    if (!name.startsWith("/dev/")) {
      return LOCAL_TYPES.contains(type.toLowerCase(Locale.ROOT)) ? LOCAL : UNKNOWN;
    }
    try {
      Path device = root.resolve(name.substring(1)).toRealPath();
      Optional<String> disk = wholeDisk(root, device.getFileName().toString());
      return disk.isEmpty()
          ? LOCAL
          : lastingName(root, disk.get()).map(id -> new Medium(DISK + id)).orElse(LOCAL);
    } catch (IOException e) {
      return LOCAL;
    }
  }

  /// The one disk that a device is made of; empty when it is not one.
  private static Optional<String> wholeDisk(Path root, String device) throws IOException {
    String at = device;
    for (int layer = 0; layer < LAYERS_MAX; layer++) {
      Path block = root.resolve("sys/class/block").resolve(at);
      if (!Files.exists(block)) {
        return Optional.empty();
      }
      Path real = block.toRealPath();
      Path parent = real.getParent();
      if (parent != null && Files.exists(real.resolve("partition"))) {
        at = parent.getFileName().toString();
        continue;
      }
      List<String> below = names(real.resolve("slaves"));
      if (below.isEmpty()) {
        // A device without anything below is a disk, unless it is a file that plays one.
        return at.startsWith("loop") || at.startsWith("dm-") || at.startsWith("ram")
            ? Optional.empty()
            : Optional.of(at);
      }
      if (below.size() > 1) {
        return Optional.empty();
      }
      at = below.getFirst();
    }
    return Optional.empty();
  }

  private static Optional<String> lastingName(Path root, String disk) throws IOException {
    Path folder = root.resolve("dev/disk/by-id");
    for (String name : names(folder)) {
      Path link = folder.resolve(name);
      if (Files.isSymbolicLink(link) && link.toRealPath().getFileName().toString().equals(disk)) {
        return Optional.of(name);
      }
    }
    return Optional.empty();
  }

  private static List<String> names(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .limit(NAMES_MAX)
          .map(entry -> entry.getFileName().toString())
          .sorted(Comparator.naturalOrder())
          .toList();
    }
  }

  /// How many different media these are for certain; what is not known could be any of them.
  public static int certainlyDifferent(List<Medium> media) {
    long disks = media.stream().filter(m -> m.text.startsWith(DISK)).distinct().count();
    boolean local = media.contains(LOCAL);
    boolean network = media.contains(NETWORK);
    int certain = (int) (disks > 0 ? disks : local ? 1 : 0) + (network ? 1 : 0);
    return certain == 0 && !media.isEmpty() ? 1 : certain;
  }

  /// A disk that a person has named as one of a set of disks that take turns.
  public static Medium ofSet(String set, String destinationId) {
    return new Medium(DISK + "set " + set + " " + destinationId);
  }
}
