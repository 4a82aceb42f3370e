package serdab.store;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;

/// The file system of this computer, below one folder. Thread-safe.
///
/// An interrupt closes the file the thread was working on, as Java's channels do; the step then
/// fails with [DiskFailure.Kind#INTERRUPTED].
public final class RealDisk implements Disk {

  /// File systems on which Linux reads with O_DIRECT come from the medium. Others may accept the
  /// flag and answer from memory all the same (tmpfs, ZFS before 2.3, btrfs for compressed files,
  /// most in user space), so they are not taken at their word.
  private static final Set<String> DIRECT_ON_LINUX =
      Set.of("ext2", "ext3", "ext4", "xfs", "f2fs", "jfs", "vfat", "msdos", "exfat", "ntfs3");

  private static final Set<String> DIRECT_ON_WINDOWS = Set.of("ntfs", "refs", "exfat", "fat32");

  private static final Set<String> NETWORK =
      Set.of("nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "9p", "ceph");

  /// File systems without hard links, where a free name can only be looked up and then taken.
  private static final Set<String> WITHOUT_LINKS =
      Set.of("vfat", "msdos", "exfat", "cifs", "smb2", "smb3", "smbfs", "afpfs", "webdav");

  /// Block sizes above this are not used for aligned reads.
  private static final int ALIGNMENT_BYTES_MAX = 1 << 20;

  private static final int ALIGNMENT_BYTES_MIN = 4096;

  /// Java copies a heap buffer through a buffer of the same size that the thread then keeps, so
  /// large ones are read in pieces.
  private static final int HEAP_READ_BYTES_MAX = 1 << 20;

  /// Less room than this explains a failed write when the system's message does not.
  private static final long NEARLY_FULL_BYTES = 1 << 20;

  private static final int FOLDERS_MADE_MAX = 64;

  private static final boolean WINDOWS = File.separatorChar == '\\';
  private static final boolean LINUX =
      System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux");

  /// Java's word for O_DIRECT, by name: it is supported and yet in a package the compiler warns of.
  /// Empty on a Java without it.
  private static final Optional<OpenOption> DIRECT = directOption();

  /// Lock files that this process holds. On POSIX systems closing *any* channel on a file drops the
  /// process's lock on it, so a second attempt from this process must not even open the file.
  private static final Set<Object> HELD = new HashSet<>();

  private final Path root;
  private final boolean followsLinks;

  private RealDisk(Path root, boolean followsLinks) {
    this.root = root;
    this.followsLinks = followsLinks;
  }

  /// A folder that exists, or whose absence every step will report.
  public static RealDisk at(Path root) {
    return new RealDisk(root.toAbsolutePath().normalize(), true);
  }

  /// A folder, made with the folders above it when missing, so that a power cut would not take it
  /// away.
  ///
  /// @throws DiskFailure when it cannot be made
  public static RealDisk making(Path root) throws DiskFailure {
    RealDisk disk = at(root);
    Deque<Path> missing = new ArrayDeque<>();
    Path folder = disk.root;
    while (folder != null && !Files.isDirectory(folder) && missing.size() < FOLDERS_MADE_MAX) {
      missing.push(folder);
      folder = folder.getParent();
    }
    for (Path each : missing) {
      try {
        Files.createDirectory(each, ownerOnly(each, "rwx------"));
        syncFolder(Objects.requireNonNull(each.getParent(), "a missing folder is not the root"));
      } catch (IOException e) {
        throw disk.failure(e);
      }
    }
    return disk;
  }

  /// The same folder for files that must not leave it: a link in it is not gone through.
  public RealDisk withoutLinks() {
    return new RealDisk(root, false);
  }

  /// Whether this Java process can spell every file name.
  static boolean spellsUnicode() {
    try {
      return Path.of("\u00e9\u5c71").toString().length() == 2;
    } catch (InvalidPathException e) {
      return false;
    }
  }

  @Override
  public Object identity() throws DiskFailure {
    try {
      BasicFileAttributes attributes = Files.readAttributes(root, BasicFileAttributes.class);
      if (!attributes.isDirectory()) {
        throw new DiskFailure(DiskFailure.Kind.GONE, "not a folder");
      }
      Object key = attributes.fileKey();
      if (key != null) {
        return key;
      }
      return root.toRealPath() + " on volume " + Files.getAttribute(root, "volume:vsn");
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      throw e instanceof DiskFailure failure
          ? failure
          : new DiskFailure(DiskFailure.Kind.GONE, reason(e));
    }
  }

  @Override
  public Optional<Entry> stat(String path) throws DiskFailure {
    try {
      BasicFileAttributes attributes =
          Files.readAttributes(resolve(path), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      Kind kind =
          attributes.isRegularFile()
              ? Kind.FILE
              : attributes.isDirectory() ? Kind.FOLDER : Kind.OTHER;
      return Optional.of(
          new Entry(
              path.substring(path.lastIndexOf('/') + 1),
              kind,
              attributes.size(),
              attributes.lastModifiedTime().toInstant()));
    } catch (IOException e) {
      DiskFailure failure = failure(e);
      if (failure.kind() == DiskFailure.Kind.MISSING) {
        return Optional.empty();
      }
      throw failure;
    }
  }

  @Override
  public Output create(String path) throws DiskFailure {
    try {
      Path file = resolve(path);
      return new RealOutput(
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              ownerOnly(file, "rw-------")));
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void makeFolder(String path) throws DiskFailure {
    try {
      Path folder = resolve(path);
      Files.createDirectory(folder, ownerOnly(folder, "rwx------"));
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public Input open(String path) throws DiskFailure {
    try {
      return new RealInput(openRegular(path), 1, ReadBack.Means.THROUGH_CACHE);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public Input openPastCache(String path) throws DiskFailure {
    ReadBack.Means means = pastCacheMeans();
    if (means == ReadBack.Means.THROUGH_CACHE || DIRECT.isEmpty()) {
      return open(path);
    }
    try {
      long blockBytes = Files.getFileStore(root).getBlockSize();
      if (Long.bitCount(blockBytes) == 1 && blockBytes <= ALIGNMENT_BYTES_MAX) {
        int alignment = Math.max(ALIGNMENT_BYTES_MIN, Math.toIntExact(blockBytes));
        return new RealInput(openRegular(path, DIRECT.get()), alignment, means);
      }
    } catch (UnsupportedOperationException e) {
      return open(path);
    } catch (IOException e) {
      DiskFailure failure = failure(e);
      if (failure.kind() != DiskFailure.Kind.BROKEN && failure.kind() != DiskFailure.Kind.NAME) {
        throw failure;
      }
      // Some file systems refuse O_DIRECT with EINVAL; if the file itself is at fault, the plain
      // open says so.
    }
    return open(path);
  }

  @Override
  public void rename(String from, String to) throws DiskFailure {
    try {
      Files.move(resolve(from), resolve(to), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void renameIfFree(String from, String to) throws DiskFailure {
    Path source = resolve(from);
    Path target = resolve(to);
    try {
      if (WINDOWS) {
        Files.move(source, target);
        return;
      }
      try {
        // rename(2) replaces what is there; link(2) takes the name only if it is free.
        Files.createLink(target, source);
      } catch (FileAlreadyExistsException | NoSuchFileException e) {
        throw e;
      } catch (UnsupportedOperationException | IOException e) {
        // exFAT, FAT and most network shares have no links. This looks first and then renames; the
        // lock keeps other runs of ours out of the moment between.
        Files.move(source, target);
        return;
      }
      try {
        Files.delete(source);
      } catch (IOException e) {
        // The new name stands. The old one is swept by a later run.
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public boolean link(String from, String to) throws DiskFailure {
    try {
      Files.createLink(resolve(to), resolve(from));
      return true;
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      throw failure(e);
    } catch (UnsupportedOperationException | IOException e) {
      // exFAT, FAT and most network shares; any other cause shows again at the next step.
      return false;
    }
  }

  @Override
  public void delete(String path) throws DiskFailure {
    try {
      Files.delete(resolve(path));
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void syncFile(String path) throws DiskFailure {
    try (FileChannel channel = openRegular(path)) {
      channel.force(true);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public void syncFolder(String path) throws DiskFailure {
    try {
      syncFolder(resolve(path));
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private static void syncFolder(Path folder) throws IOException {
    if (WINDOWS) {
      return; // It cannot open a folder to sync it; NTFS journals names by itself.
    }
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      String reason = reason(e);
      if (!reason.contains("Invalid argument") && !reason.contains("not supported")) {
        throw e;
      }
      // Network shares have no sync for folders: the server keeps names as it sees fit.
    }
  }

  @Override
  @SuppressWarnings("StreamResourceLeak") // The listing closes it.
  public Listing list(String path) throws DiskFailure {
    try {
      return new RealListing(Files.newDirectoryStream(resolve(path)));
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public Lock lock(String path) throws DiskFailure {
    Object key = identity() + "/" + path;
    synchronized (HELD) {
      if (!HELD.add(key)) {
        return new Lock.Busy();
      }
    }
    FileChannel channel = null;
    boolean held = false;
    try {
      Path file = resolve(path);
      channel =
          FileChannel.open(
              file,
              Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
              ownerOnly(file, "rw-------"));
      FileLock lock;
      try {
        lock = channel.tryLock();
      } catch (OverlappingFileLockException e) {
        return new Lock.Busy();
      } catch (ClosedByInterruptException e) {
        throw e;
      } catch (IOException e) {
        return new Lock.Unsupported();
      }
      if (lock == null) {
        return new Lock.Busy();
      }
      held = true;
      return new RealLock(channel, key);
    } catch (IOException e) {
      throw failure(e);
    } finally {
      if (!held) {
        closeQuietly(channel);
        release(key);
      }
    }
  }

  private static void release(Object key) {
    synchronized (HELD) {
      HELD.remove(key);
    }
  }

  @Override
  public OptionalLong usableBytes() throws DiskFailure {
    try {
      FileStore store = Files.getFileStore(root);
      long usable = store.getUsableSpace();
      return usable < 0 || store.getTotalSpace() == 0
          ? OptionalLong.empty()
          : OptionalLong.of(usable);
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public OptionalLong totalBytes() throws DiskFailure {
    try {
      long total = Files.getFileStore(root).getTotalSpace();
      return total > 0 ? OptionalLong.of(total) : OptionalLong.empty();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  @Override
  public boolean takesFreeNamesAtomically() {
    String type = type();
    return WINDOWS || (!WITHOUT_LINKS.contains(type) && !type.startsWith("fuse"));
  }

  @Override
  public ReadBack.Means pastCacheMeans() {
    if (DIRECT.isEmpty()) {
      return ReadBack.Means.THROUGH_CACHE;
    }
    String type = type();
    if (LINUX && DIRECT_ON_LINUX.contains(type)) {
      return ReadBack.Means.PAST_CACHE;
    }
    if (WINDOWS && DIRECT_ON_WINDOWS.contains(type)) {
      return ReadBack.Means.PAST_CACHE;
    }
    if (LINUX && NETWORK.contains(type)) {
      return ReadBack.Means.NETWORK;
    }
    // macOS has F_NOCACHE, which keeps new pages out of memory but still answers from old ones.
    return ReadBack.Means.THROUGH_CACHE;
  }

  private String type() {
    try {
      return Files.getFileStore(root).type().toLowerCase(Locale.ROOT);
    } catch (IOException e) {
      return "";
    }
  }

  @Override
  public void close() {}

  private Path resolve(String path) throws DiskFailure {
    try {
      Path whole = path.isEmpty() ? root : root.resolve(path);
      if (!followsLinks) {
        refuseLinks(whole);
      }
      return whole;
    } catch (InvalidPathException e) {
      throw new DiskFailure(
          DiskFailure.Kind.NAME,
          "this system cannot write the name; is LC_ALL set to a UTF-8 locale?");
    }
  }

  /// A link between the root and a file leads elsewhere, whoever put it there.
  private void refuseLinks(Path file) {
    for (@Nullable Path folder = file.getParent();
        folder != null && !folder.equals(root) && folder.startsWith(root);
        folder = folder.getParent()) {
      if (Files.isSymbolicLink(folder)) {
        throw new SerdabException.Refused(
            new Problem(
                "link-in-target",
                "A link stands in " + root + " where a folder for files has to be.",
                "Nothing was written through it. Choose an empty folder, or move the link away."));
      }
    }
  }

  private FileChannel openRegular(String path, OpenOption... more) throws IOException {
    Path file = resolve(path);
    // Opening a named pipe would wait for a writer that may never come.
    if (!Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .isRegularFile()) {
      throw new DiskFailure(DiskFailure.Kind.MISSING, "not a file");
    }
    Set<OpenOption> options = new HashSet<>(Set.of(more));
    options.add(StandardOpenOption.READ);
    options.add(LinkOption.NOFOLLOW_LINKS);
    return FileChannel.open(file, options);
  }

  private static Optional<OpenOption> directOption() {
    try {
      Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
      for (Object option : Objects.requireNonNullElse(options.getEnumConstants(), new Object[0])) {
        if (option instanceof OpenOption open && option.toString().equals("DIRECT")) {
          return Optional.of(open);
        }
      }
      return Optional.empty();
    } catch (ClassNotFoundException e) {
      return Optional.empty();
    }
  }

  private static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
    if (!path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
    };
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // Nothing was written through it that anyone relies on.
      }
    }
  }

  /// The system's reason, without the path that most of Java's messages begin with.
  private static String reason(Exception e) {
    String reason =
        e instanceof FileSystemException file
            ? file.getReason()
            : e instanceof IOException ? e.getMessage() : null;
    return reason == null ? e.getClass().getSimpleName() : reason;
  }

  private DiskFailure failure(IOException e) {
    if (e instanceof DiskFailure failure) {
      return failure;
    }
    return new DiskFailure(kind(e), reason(e));
  }

  private DiskFailure.Kind kind(IOException e) {
    String reason = reason(e);
    if (e instanceof NoSuchFileException
        || e instanceof NotDirectoryException
        || reason.contains("Not a directory")) {
      return DiskFailure.Kind.MISSING;
    }
    if (e instanceof FileAlreadyExistsException) {
      return DiskFailure.Kind.EXISTS;
    }
    if (e instanceof ClosedByInterruptException) {
      return DiskFailure.Kind.INTERRUPTED;
    }
    if (reason.contains("No space left") || reason.contains("quota exceeded")) {
      return DiskFailure.Kind.FULL;
    }
    if (e instanceof AccessDeniedException
        || reason.contains("Operation not permitted")
        || reason.contains("Read-only file system")) {
      return DiskFailure.Kind.NOT_PERMITTED;
    }
    if (reason.contains("No such device")
        || reason.contains("Stale file handle")
        || reason.contains("Transport endpoint is not connected")
        || reason.contains("Device not configured")) {
      return DiskFailure.Kind.GONE;
    }
    if (reason.contains("File name too long")
        || reason.contains("Invalid argument")
        || reason.contains("Illegal byte sequence")) {
      return DiskFailure.Kind.NAME;
    }
    // Messages come in the user's language, so what they do not tell in English is looked up.
    try {
      FileStore store = Files.getFileStore(root);
      if (store.isReadOnly()) {
        return DiskFailure.Kind.NOT_PERMITTED;
      }
      if (store.getTotalSpace() > 0 && store.getUsableSpace() < NEARLY_FULL_BYTES) {
        return DiskFailure.Kind.FULL;
      }
    } catch (IOException gone) {
      return DiskFailure.Kind.GONE;
    }
    return DiskFailure.Kind.BROKEN;
  }

  private final class RealOutput implements Output {

    private final FileChannel channel;

    RealOutput(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public int write(ByteBuffer bytes) throws DiskFailure {
      try {
        return channel.write(bytes);
      } catch (IOException e) {
        throw failure(e);
      }
    }

    @Override
    public void sync() throws DiskFailure {
      try {
        channel.force(true);
      } catch (IOException e) {
        throw failure(e);
      }
    }

    @Override
    public void close() throws DiskFailure {
      try {
        channel.close();
      } catch (IOException e) {
        throw failure(e);
      }
    }
  }

  private final class RealInput implements Input {

    private final FileChannel channel;
    private final int alignmentBytes;
    private final ReadBack.Means means;

    RealInput(FileChannel channel, int alignmentBytes, ReadBack.Means means) {
      this.channel = channel;
      this.alignmentBytes = alignmentBytes;
      this.means = means;
    }

    @Override
    public long lengthBytes() throws DiskFailure {
      try {
        return channel.size();
      } catch (IOException e) {
        throw failure(e);
      }
    }

    @Override
    public int read(long position, ByteBuffer into) throws DiskFailure {
      int limit = into.limit();
      if (!into.isDirect() && into.remaining() > HEAP_READ_BYTES_MAX) {
        into.limit(into.position() + HEAP_READ_BYTES_MAX);
      }
      try {
        return channel.read(into, position);
      } catch (IOException e) {
        throw failure(e);
      } finally {
        into.limit(limit);
      }
    }

    @Override
    public int alignmentBytes() {
      return alignmentBytes;
    }

    @Override
    public ReadBack.Means means() {
      return means;
    }

    @Override
    public void close() {
      closeQuietly(channel);
    }
  }

  private final class RealListing implements Listing {

    private final DirectoryStream<Path> stream;
    private final Iterator<Path> paths;

    RealListing(DirectoryStream<Path> stream) {
      this.stream = stream;
      this.paths = stream.iterator();
    }

    @Override
    public Optional<String> next() throws DiskFailure {
      try {
        return paths.hasNext()
            ? Optional.of(paths.next().getFileName().toString())
            : Optional.empty();
      } catch (DirectoryIteratorException e) {
        throw failure(Objects.requireNonNull(e.getCause()));
      }
    }

    @Override
    public void close() {
      try {
        stream.close();
      } catch (IOException e) {
        // It was only read.
      }
    }
  }

  private static final class RealLock implements Lock.Held {

    private final FileChannel channel;
    private final Object key;

    RealLock(FileChannel channel, Object key) {
      this.channel = channel;
      this.key = key;
    }

    @Override
    public void close() {
      closeQuietly(channel);
      release(key);
    }
  }
}
