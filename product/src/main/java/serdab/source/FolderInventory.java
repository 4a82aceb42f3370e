package serdab.source;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.Finding;
import serdab.PatientData;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomDates;
import serdab.dicom.DicomDir;
import serdab.dicom.DicomFile;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.Order;

/// What a folder held when it was looked at.
final class FolderInventory implements Inventory {

  /// The group in which folders that cannot be opened are named, so that they stay not copied.
  private static final String CLOSED_FOLDERS = "folders that cannot be read";

  /// Files whose names are no Unicode are kept by path; more than this are named only.
  private static final int MAX_ODD_NAMES = 100_000;

  /// A medium has a few thousand files; a DICOMDIR at the top of an archive is not compared whole.
  private static final int MAX_DICOMDIR_FILES = 200_000;

  private static final int MAX_DICOMDIR_FINDINGS = 1_000;

  private static final int GROUP_NAME_DIGITS = 16;

  private final Path root;
  private final FileIndex index;
  private final Map<String, Path> oddNames = new ConcurrentHashMap<>();
  private final Map<String, String> closedFolders = new TreeMap<>();

  private static final String MOVED_OUT = ".icloud";

  /// Files that iCloud has moved out are named up to here; beyond, those named stand for all.
  private static final int MOVED_OUT_MAX = 100_000;

  private int movedOut;

  private final Arrivals arrivals;

  /// @param arrivals which files of a folder count yet
  FolderInventory(Path root, FileIndex index, Arrivals arrivals) {
    this.root = root;
    this.index = index;
    this.arrivals = arrivals;
  }

  // ---- looking

  void scan() throws IOException {
    index.beginScan();
    Object before = identity(root);
    // A symbolic link as the root itself is what the user named, so it is followed.
    Files.walkFileTree(root.toRealPath(), new Walker(root.toRealPath()));
    requireSame(root, before);
    compareDicomDirs();
    index.endScan();
  }

  /// What a folder is, whatever its path.
  static Object identity(Path folder) throws IOException {
    Object key = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
    return key == null ? folder.toRealPath() : key;
  }

  /// A volume that goes while it is listed leaves its empty mount point, and what was not listed by
  /// then would seem to be gone.
  static void requireSame(Path root, Object before) {
    try {
      if (identity(root).equals(before)) {
        return;
      }
    } catch (IOException e) {
      // Not there at all.
    }
    throw FolderSource.gone(root);
  }

  private final class Walker extends SimpleFileVisitor<Path> {
    private final Path top;

    /// The newest arrival that counts, of each folder that is being visited.
    private final Deque<Long> until = new ArrayDeque<>();

    Walker(Path top) {
      this.top = top;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
        throws IOException {
      until.push(arrivals.until(folder));
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (attributes.lastModifiedTime().toMillis() > until.getFirst()) {
        return FileVisitResult.CONTINUE;
      }
      String path = relative(top, file);
      if (attributes.isRegularFile()) {
        see(path, file, FileStamp.of(attributes));
        noteMovedOut(path);
      } else if (attributes.isSymbolicLink()) {
        index.addFinding(
            Finding.about(
                path,
                "link-not-followed",
                "A symbolic link; what it points to is copied only if it lies in the tree itself."));
      } else {
        index.addFinding(
            Finding.about(
                path, "not-a-file", "A FIFO, socket or device; it has no content to copy."));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      if (file.equals(top)) {
        throw failure;
      }
      String path = relative(top, file);
      if (failure instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      if (failure instanceof FileSystemLoopException) {
        index.addFinding(Finding.about(path, "folder-loop", "A folder that contains itself."));
        return FileVisitResult.CONTINUE;
      }
      closedFolders.put(
          path,
          failure instanceof AccessDeniedException
              ? "It may not be read: permission is denied."
              : "It cannot be read (" + failure.getClass().getSimpleName() + ").");
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
        throws IOException {
      until.pop();
      if (failure != null) {
        if (folder.equals(top)) {
          throw failure;
        }
        closedFolders.put(
            relative(top, folder),
            "Listing it broke off (" + failure.getClass().getSimpleName() + ").");
      }
      return FileVisitResult.CONTINUE;
    }
  }

  /// iCloud leaves `.NAME.icloud` in place of a file that it has moved out to its servers: what was
  /// there cannot be copied now, and is a gap as a closed folder is.
  private void noteMovedOut(String path) {
    int name = path.lastIndexOf('/') + 1;
    if (path.startsWith(".", name)
        && path.endsWith(MOVED_OUT)
        && path.length() > name + 1 + MOVED_OUT.length()
        && movedOut < MOVED_OUT_MAX) {
      movedOut++;
      closedFolders.put(
          path.substring(0, name) + path.substring(name + 1, path.length() - MOVED_OUT.length()),
          "iCloud has moved it out to its servers; download it again.");
    }
  }

  /// The path below the root with `/` between its parts, made safe and unique when its name is no
  /// Unicode.
  private String relative(Path top, Path file) {
    Path below = top.relativize(file);
    StringBuilder text = new StringBuilder();
    for (Path part : below) {
      if (!text.isEmpty()) {
        text.append('/');
      }
      text.append(part);
    }
    String path = text.toString();
    if (isFaithful(top, path, file)) {
      return path;
    }
    String odd = path + "~" + shortHash(file.toUri().toString());
    if (oddNames.size() < MAX_ODD_NAMES) {
      oddNames.put(odd, file);
    }
    index.addFinding(
        Finding.about(
            odd, "name-not-unicode", "The file's name is no Unicode; it is kept under this name."));
    return odd;
  }

  private static boolean isFaithful(Path top, String path, Path file) {
    try {
      return path.indexOf('\uFFFD') < 0 && top.resolve(path).equals(file);
    } catch (java.nio.file.InvalidPathException e) {
      return false;
    }
  }

  private static String shortHash(String text) {
    return Sha256.digest(text.getBytes(StandardCharsets.UTF_8))
        .hex()
        .substring(0, GROUP_NAME_DIGITS);
  }

  private void see(String path, Path file, FileStamp stamp) {
    if (index.isKnown(path, stamp)) {
      return;
    }
    StudyFacts facts = other(path);
    String unread = "";
    boolean dicomDir = false;
    try (ByteSource bytes = ByteSource.open(file)) {
      DicomFile header = DicomFile.scan(bytes);
      dicomDir = header.isDicomDir();
      if (header.isDicom() && !dicomDir && !header.facts().study().value().isEmpty()) {
        facts = studyFacts(header.facts());
      } else if (header.isDicom() && !dicomDir) {
        index.addFinding(
            Finding.about(
                path,
                "no-study-instance-uid",
                "A DICOM file without Study Instance UID; it is kept among the other files."));
      }
    } catch (NoSuchFileException e) {
      return;
    } catch (IOException e) {
      unread = "It cannot be read (" + e.getClass().getSimpleName() + ").";
      facts = unreadFacts();
    }
    index.put(new FileIndex.Row(path, stamp, facts, unread, dicomDir));
  }

  private static StudyFacts studyFacts(InstanceFacts instance) {
    return new StudyFacts(
        StudyKey.of(instance.study()),
        instance.patientName(),
        instance.patientId(),
        DicomDates.date(instance.patientBirthDate().reveal(PatientData.Purpose.CATALOGUE))
            .map(PatientData::of),
        DicomDates.date(instance.studyDate()),
        instance.modality().isEmpty() ? List.of() : List.of(instance.modality()),
        instance.accessionNumber(),
        PatientData.of(instance.studyDescription()));
  }

  static StudyFacts unreadFacts() {
    return otherFacts(StudyKey.UNREAD_FILES);
  }

  /// Files that belong to no study are grouped by folder; the group's name tells nothing.
  private static StudyFacts other(String path) {
    int slash = path.lastIndexOf('/');
    String folder = slash < 0 ? "" : path.substring(0, slash);
    return otherFacts(StudyKey.other(shortHash(folder)));
  }

  private static StudyFacts otherFacts(StudyKey group) {
    return new StudyFacts(
        group,
        PatientData.of(""),
        PatientData.of(""),
        java.util.Optional.empty(),
        java.util.Optional.empty(),
        List.of(),
        PatientData.of(""),
        PatientData.of(""));
  }

  // ---- a DICOMDIR is a hint, compared both ways

  /// What a DICOMDIR says is never needed to find a file; what it says wrongly is worth knowing.
  private void compareDicomDirs() {
    for (String path : index.dicomDirs()) {
      int slash = path.lastIndexOf('/');
      String folder = slash < 0 ? "" : path.substring(0, slash);
      int cut = folder.isEmpty() ? 0 : folder.length() + 1;
      List<String> below;
      try (Stream<String> files = index.dicomFilesBelow(folder)) {
        below = files.limit(MAX_DICOMDIR_FILES).map(file -> file.substring(cut)).toList();
      }
      try (ByteSource bytes = ByteSource.open(locate(path))) {
        DicomDir directory = DicomDir.read(DicomFile.read(bytes));
        DicomDir.Comparison comparison = directory.compareWith(below);
        Stream<Finding> findings =
            Stream.of(
                    directory.oddities().stream()
                        .map(oddity ->
                            new Finding(
                                "dicomdir-"
                                    + oddity
                                        .kind()
                                        .name()
                                        .toLowerCase(Locale.ROOT)
                                        .replace('_', '-'),
                                path,
                                oddity.position(),
                                oddity.detail())),
                    comparison.dangling().stream()
                        .map(entry ->
                            new Finding(
                                "dicomdir-missing-file",
                                path,
                                entry.position(),
                                "It lists a file that is not there: " + entry.path().orElse("?"))),
                    comparison.unlisted().stream()
                        .map(file ->
                            Finding.about(
                                path,
                                "not-in-dicomdir",
                                "A DICOM file beside it is not listed in it: " + file)))
                .flatMap(each -> each);
        findings.limit(MAX_DICOMDIR_FINDINGS).forEach(index::addFinding);
      } catch (IOException e) {
        index.addFinding(
            Finding.about(path, "dicomdir-unreadable", "The DICOMDIR could not be read."));
      }
    }
  }

  private Path locate(String path) {
    Path odd = oddNames.get(path);
    return odd == null ? root.resolve(path) : odd;
  }

  // ---- giving

  @Override
  public long studyCount() {
    return index.studyCount();
  }

  @Override
  public Stream<Finding> findings() {
    return index.findings();
  }

  @Override
  public Stream<SourceStudy> studies(Order order) {
    Stream<SourceStudy> studies = index.studies(order);
    if (closedFolders.isEmpty()) {
      return studies;
    }
    SourceStudy closed =
        new SourceStudy(
            otherFacts(StudyKey.UNREAD_FOLDERS),
            shortHash(String.join("\n", closedFolders.keySet())),
            closedFolders.size(),
            java.util.Optional.empty(),
            List.of(),
            CLOSED_FOLDERS);
    return Stream.concat(studies, Stream.of(closed));
  }

  @Override
  public String look(SourceStudy study) {
    MessageDigest hasher = Sha256.hasher();
    if (study.handle().equals(CLOSED_FOLDERS)) {
      return study.fingerprint();
    }
    for (FileIndex.Listed file : index.files(study.handle())) {
      FileStamp stamp;
      try {
        stamp = FileStamp.of(locate(file.path()));
      } catch (IOException e) {
        stamp = new FileStamp(-1, 0, "gone");
      }
      hasher.update(FileIndex.line(file.path(), stamp));
    }
    return Sha256.finish(hasher).hex();
  }

  @Override
  public List<SourceFile> files(SourceStudy study) {
    if (study.handle().equals(CLOSED_FOLDERS)) {
      return closedFolders.keySet().stream().map(path -> new SourceFile(path, -1, 0)).toList();
    }
    return index.files(study.handle()).stream().map(FolderInventory::sourceFile).toList();
  }

  private static SourceFile sourceFile(FileIndex.Listed file) {
    return new SourceFile(file.path(), file.stamp().lengthBytes(), file.stamp().modifiedMillis());
  }

  @Override
  public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
    if (!Files.isDirectory(root)) {
      throw FolderSource.gone(root);
    }
    if (study.handle().equals(CLOSED_FOLDERS)) {
      closedFolders.forEach((path, why) ->
          receiver.notGiven(new SourceFile(path, -1, 0), StudyReceiver.NotGiven.UNREADABLE, why));
      return new Delivery.Complete();
    }
    for (FileIndex.Listed file : index.files(study.handle())) {
      Delivery one = FileDelivery.give(sourceFile(file), locate(file.path()), leaveOut, receiver);
      if (!(one instanceof Delivery.Complete)) {
        if (!Files.isDirectory(root)) {
          throw FolderSource.gone(root);
        }
        return one;
      }
    }
    return new Delivery.Complete();
  }

  @Override
  public void close() {
    try {
      index.close();
    } catch (SerdabException e) {
      // Only a cache; the next run makes it anew.
    }
  }
}
