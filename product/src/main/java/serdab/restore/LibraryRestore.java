package serdab.restore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.StudyLabel;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.source.horos.LibraryIndex;
import serdab.source.horos.ViewerLibrary;
import serdab.store.BlobStore;
import serdab.store.Expected;

/// Makes a whole library folder again, in a new place: images where the index looks for them, the
/// index itself, reports, ROIs, templates. One thread at a time.
///
/// Everything is written into a working folder beside the target, which a later run goes on with;
/// the library gets its name only at the end, so that no viewer opens half of one. What has no
/// place in a library is put into a folder beside it.
public final class LibraryRestore {

  /// Indexes tried, newest first, until one is sound.
  static final int INDEXES_TRIED_MAX = 20;

  private static final int CHUNK_BYTES = 1 << 20;
  private static final int FOLDERS_BESIDE_MAX = 100;
  private static final String WORKING = ".restoring";
  private static final String BESIDE = " - restore report";
  private static final String LIBRARY = "library";
  private static final String OUTSIDE = "beside";
  private static final String REQUEST = "request.txt";
  private static final String INDEX_GROUP = "index";

  /// What the store of the working folder keeps for itself.
  private static final Set<String> BOOKKEEPING =
      Set.of(".place-id", ".place-lock", ".place-id.new", REQUEST);

  private final Destination from;
  private final Function<StudyKey, StudyLabel> labels;
  private final Settings settings;
  private final Function<Path, BlobStore> folders;
  private final Path scratch;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final Choice choice;

  private final List<RestoreReport.Gap> gaps = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<LibraryReport.Linked> linked = new ArrayList<>();
  private final List<LibraryReport.ReportPath> reports = new ArrayList<>();
  private final List<LibraryReport.RowWithoutFile> rowsWithoutFile = new ArrayList<>();
  private long linkedCount;
  private long rowsWithoutFileCount;
  private long studies;
  private long filesInPlace;
  private long filesThere;
  private long filesIncoming;
  private long filesBeside;
  private long bytesWritten;
  private long studiesOfOthers;
  private boolean interrupted;

  /// What to restore.
  ///
  /// @param library the library's name in the backup; empty: the only one
  /// @param incomingMax how many files may wait for the viewer's first start
  public record Settings(Optional<String> library, int incomingMax) {}

  /// @param folders opens a folder as a store of blobs, made when it is not there
  /// @param scratch an empty private folder for a copy of the index; deleted by the caller
  public LibraryRestore(
      Destination from,
      Catalogue catalogue,
      Settings settings,
      Function<Path, BlobStore> folders,
      Path scratch,
      Progress progress,
      BooleanSupplier stop) {
    this.from = from;
    this.labels = catalogue::label;
    this.settings = settings;
    this.folders = folders;
    this.scratch = scratch;
    this.progress = progress;
    this.stop = stop;
    this.choice = new Choice(from, catalogue, stop, gaps, RejectedFiles.BROUGHT);
  }

  /// What will be restored, looked up before anything is written.
  private record Wanted(
      List<HeldVersion> copies,
      Optional<Index> index,
      boolean onlyLibrary,
      int folderSize,
      long files,
      long bytes) {}

  /// The index that was chosen, in a private copy.
  private record Index(HeldVersion copy, Instant readAt, LibraryIndex asked) {}

  /// Restores the library.
  ///
  /// @param target its folder to be, called `Horos Data` or `OsiriX Data`, not there yet or empty
  /// @throws SerdabException.Misconfigured when the name is another, or the library is not named
  ///   and there are several
  /// @throws SerdabException.HeldBack when the target is not empty, or its volume has no room
  public LibraryReport into(Path target, Optional<Instant> asOf) {
    requireName(target);
    requireEmpty(target);
    Wanted wanted = look(asOf);
    try {
      requireRoom(target, wanted.bytes());
      Path working = target.resolveSibling(target.getFileName() + WORKING);
      progress.planned(wanted.copies().size());
      try (BlobStore store = folders.apply(working)) {
        claim(store, wanted);
        writeAll(wanted, new FolderTarget(store), working);
      }
      Path beside = freeBeside(target);
      if (!interrupted) {
        finish(working, target, beside);
        noteWhatIsNext(wanted, beside);
      }
      return report(wanted, target, beside);
    } finally {
      wanted.index().ifPresent(index -> index.asked().close());
    }
  }

  /// What would be restored. Writes nothing but a copy of the index into the scratch folder.
  public RestorePlan plan(Path target, Optional<Instant> asOf) {
    requireName(target);
    requireEmpty(target);
    Wanted wanted = look(asOf);
    wanted.index().ifPresent(index -> index.asked().close());
    return new RestorePlan(
        wanted.copies().size(),
        wanted.files(),
        wanted.bytes(),
        0,
        0,
        Room.at(target),
        gaps,
        choice.notices());
  }

  // ---- before

  private static void requireName(Path target) {
    if (!ViewerLibrary.hasLibraryName(target)) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "not-a-library-name",
              "A library restored under the name "
                  + target.getFileName()
                  + " would not be recognised: viewers know \"Horos Data\" and \"OsiriX Data\" only.",
              "Give a folder of that name in the place you want, such as "
                  + target.resolve("Horos Data")
                  + "."));
    }
  }

  private static void requireEmpty(Path target) {
    TargetPlace.requireNoLink(target);
    TargetPlace.requireNoLink(target.resolveSibling(target.getFileName() + WORKING));
    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    boolean empty = false;
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(target)) {
      empty = !inside.iterator().hasNext();
    } catch (IOException e) {
      // Not a folder, or one that cannot be looked into: not to be written to.
    }
    if (!empty) {
      throw new SerdabException.HeldBack(
          new Problem(
              "target-not-empty",
              "There is something at " + target + " already; a library is never restored over it.",
              "Restore into a new place. To bring studies into a library that is in use, write"
                  + " --to \"horos:"
                  + target
                  + "\"."));
    }
  }

  private Wanted look(Optional<Instant> asOf) {
    List<HeldVersion> all = choice.of(Selection.ALL, asOf);
    Set<String> libraries = new TreeSet<>();
    for (HeldVersion copy : all) {
      Groups.of(copy.study())
          .filter(group -> !group.library().isEmpty() || group.name().equals(INDEX_GROUP))
          .ifPresent(group -> libraries.add(group.library()));
    }
    String library = choose(libraries);
    List<HeldVersion> mine = new ArrayList<>();
    StudyKey indexKey = null;
    for (HeldVersion copy : all) {
      Optional<Groups.Group> group = Groups.of(copy.study());
      if (group.isPresent() && !group.get().library().equals(library)) {
        continue;
      }
      if (group.filter(each -> each.name().equals(INDEX_GROUP)).isPresent()) {
        indexKey = copy.study();
      } else {
        mine.add(copy);
      }
    }
    Optional<Index> index = indexKey == null ? Optional.empty() : soundIndex(indexKey, asOf);
    index.ifPresent(each -> mine.add(each.copy()));
    return survey(mine, index, libraries.size() <= 1);
  }

  private String choose(Set<String> libraries) {
    if (settings.library().isPresent()) {
      String name = settings.library().get();
      if (!libraries.contains(name)) {
        throw new SerdabException.Misconfigured(
            new Problem(
                "unknown-library",
                "The backup holds no library called " + name + ".",
                libraries.isEmpty()
                    ? "It holds none by name; leave --library out."
                    : "It holds: " + String.join(", ", libraries)));
      }
      return name;
    }
    if (libraries.size() > 1) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "several-libraries",
              "The backup holds several libraries: " + String.join(", ", libraries) + ".",
              "Say which one with --library NAME."));
    }
    return libraries.isEmpty() ? Groups.UNNAMED : libraries.iterator().next();
  }

  /// The newest sound index of the wanted time or before.
  private Optional<Index> soundIndex(StudyKey key, Optional<Instant> asOf) {
    List<HeldVersion> versions = from.versions(key).reversed();
    int tried = 0;
    for (HeldVersion copy : versions) {
      if (tried >= INDEXES_TRIED_MAX || stop.getAsBoolean()) {
        break;
      }
      try (VersionReader reader = from.read(copy)) {
        Instant readAt = reader.version().readAt();
        if (asOf.filter(readAt::isAfter).isPresent()) {
          continue;
        }
        tried++;
        Optional<Index> index = open(copy, reader, readAt, tried);
        if (index.isPresent()) {
          return index;
        }
        notes.add(
            "The copy of the index of "
                + readAt
                + " is not sound; an earlier one is taken if"
                + " there is one.");
      } catch (SerdabException.Damaged e) {
        notes.add("A copy of the index cannot be read; an earlier one is taken if there is one.");
      }
    }
    return Optional.empty();
  }

  private Optional<Index> open(HeldVersion copy, VersionReader reader, Instant readAt, int number) {
    for (StoredFile file : reader.version().files()) {
      if (isIndex(file)) {
        Path extracted = scratch.resolve("index-" + number + ".sqlite");
        extract(reader, file, extracted);
        if (LibraryIndex.complaint(extracted).isPresent()) {
          return Optional.empty();
        }
        return LibraryIndex.open(extracted, scratch.resolve("notes-" + number + ".sqlite"))
            .map(asked -> new Index(copy, readAt, asked));
      }
    }
    return Optional.empty();
  }

  private static boolean isIndex(StoredFile file) {
    return file.path().equals(LibraryIndex.FILE_NAME)
        || file.path().equals(LibraryPlace.INDEX_FOLDER + LibraryIndex.FILE_NAME);
  }

  private static void extract(VersionReader reader, StoredFile file, Path to) {
    MessageDigest hasher = Sha256.hasher();
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
    try (ReadableByteChannel in = reader.open(file);
        FileChannel out =
            FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (in.read(chunk.clear()) >= 0) {
        chunk.flip();
        hasher.update(chunk.duplicate());
        while (chunk.hasRemaining()) {
          out.write(chunk);
        }
      }
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "scratch-failed",
              "A private copy of the index cannot be made.",
              "Check the disk of SERDAB_HOME: it may be full."),
          e);
    }
    if (!Sha256.finish(hasher).equals(file.digests().file())) {
      throw new SerdabException.Damaged(
          new Problem(
              "copy-damaged",
              "The stored bytes of the index are not those that were backed up.",
              "Restore from another destination, then run: serdab verify"));
    }
  }

  private Wanted survey(List<HeldVersion> copies, Optional<Index> index, boolean onlyLibrary) {
    FolderSizes sizes = new FolderSizes();
    long files = 0;
    long bytes = 0;
    for (HeldVersion copy : copies) {
      if (stop.getAsBoolean()) {
        break;
      }
      try (Choice.Open open = choice.open(copy)) {
        for (StoredFile file : open.reader().version().files()) {
          sizes.saw(file.path());
          files++;
          bytes += file.lengthBytes();
        }
      } catch (SerdabException.Damaged e) {
        // Named when its turn comes.
      }
    }
    return new Wanted(copies, index, onlyLibrary, sizes.size(), files, bytes);
  }

  private static void requireRoom(Path target, long bytes) {
    OptionalLong room = Room.at(target);
    if (room.isPresent() && bytes > room.getAsLong()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "no-room-for-restore",
              "The library takes "
                  + bytes
                  + " bytes; the volume has room for "
                  + room.getAsLong()
                  + ".",
              "Restore it onto a larger volume."));
    }
  }

  // ---- writing

  /// Makes sure that a working folder found there is that of the same restore.
  private void claim(BlobStore store, Wanted wanted) {
    store.sweep();
    String request =
        "A library is being restored here. Run the same command again to go on, or delete this"
            + " folder.\nfrom "
            + from.id()
            + "\nindex "
            + wanted.index().map(index -> index.copy().id().hex()).orElse("none")
            + "\n";
    byte[] text = request.getBytes(StandardCharsets.UTF_8);
    Optional<byte[]> there = store.document(REQUEST);
    if (there.isEmpty()) {
      store.replace(REQUEST, text, Expected.absent());
    } else if (!java.util.Arrays.equals(there.get(), text)) {
      throw new SerdabException.HeldBack(
          new Problem(
              "another-restore-there",
              "An unfinished restore of another library, or of another time, is in "
                  + store.describe()
                  + ".",
              "Finish it with the command that began it, or delete that folder."));
    }
  }

  private void writeAll(Wanted wanted, FolderTarget target, Path working) {
    for (HeldVersion copy : wanted.copies()) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        return;
      }
      writeCopy(copy, wanted, target);
    }
    if (interrupted) {
      return;
    }
    if (wanted.index().isPresent()) {
      writeIndex(wanted.index().get(), target, working);
      compareWithRows(wanted, working.resolve(LIBRARY));
    }
  }

  private void writeCopy(HeldVersion copy, Wanted wanted, FolderTarget target) {
    StudyLabel label = labels.apply(copy.study());
    progress.began(label);
    int gapsBefore = gaps.size();
    try (Choice.Open open = choice.open(copy)) {
      Optional<Map<String, List<String>>> rows =
          wanted.index().map(index -> index.asked().files(copy.study().value()));
      boolean isOfAnother =
          !Groups.isGroup(copy.study())
              && !wanted.onlyLibrary()
              && rows.filter(Map::isEmpty).isPresent();
      if (isOfAnother) {
        studiesOfOthers++;
      } else {
        choice.nameWhatIsMissing(open.reader().version(), label);
        writeFiles(open, copy, rows, wanted, target, label);
        studies++;
      }
    } catch (SerdabException.Damaged e) {
      gaps.add(new RestoreReport.Gap(Optional.of(label), "", e.problem()));
    }
    progress.ended(label, gaps.size() == gapsBefore ? "restored" : "incomplete");
  }

  private void writeFiles(
      Choice.Open open,
      HeldVersion copy,
      Optional<Map<String, List<String>>> rows,
      Wanted wanted,
      FolderTarget target,
      StudyLabel label) {
    boolean ofIndex = wanted.index().filter(index -> index.copy().equals(copy)).isPresent();
    for (StoredFile file : open.reader().version().files()) {
      if (stop.getAsBoolean()) {
        interrupted = true;
        return;
      }
      if (ofIndex && isIndex(file)) {
        // It comes last, when everything that it names is there.
        continue;
      }
      LibraryPlace place = LibraryPlace.of(copy.study(), file, rows, wanted.folderSize());
      try {
        write(open.reader(), file, place, target, label);
      } catch (SerdabException.Damaged | SerdabException.Refused e) {
        gaps.add(new RestoreReport.Gap(Optional.of(label), file.path(), e.problem()));
      }
    }
  }

  private void write(
      VersionReader reader,
      StoredFile file,
      LibraryPlace place,
      FolderTarget target,
      StudyLabel label) {
    switch (place) {
      case LibraryPlace.InPlace inPlace -> {
        switch (put(reader, file, LIBRARY + "/" + inPlace.path(), target)) {
          case NEW -> filesInPlace++;
          case SAME -> filesThere++;
          case DIFFERENT_THERE ->
              write(reader, file, insteadOf(inPlace.path(), file), target, label);
        }
      }
      case LibraryPlace.Incoming _ -> {
        if (filesIncoming >= settings.incomingMax()) {
          gaps.add(
              new RestoreReport.Gap(
                  Optional.of(label),
                  file.path(),
                  new Problem(
                      "too-many-for-incoming",
                      "The index does not name this file, and "
                          + settings.incomingMax()
                          + " such files wait for the viewer's first start already.",
                      "When the viewer runs with the new library, restore this study with --to"
                          + " horos:…")));
          return;
        }
        String name = "INCOMING.noindex/" + IncomingFolder.nameOf(file, 1);
        filesIncoming++;
        put(reader, file, LIBRARY + "/" + name, target);
      }
      case LibraryPlace.Beside beside -> {
        FolderTarget.Written written = put(reader, file, OUTSIDE + "/" + beside.path(), target);
        if (written == FolderTarget.Written.DIFFERENT_THERE) {
          String hash = file.digests().file().hex().substring(0, 12);
          put(reader, file, OUTSIDE + "/not placed/" + hash + "/" + file.path(), target);
        }
        filesBeside++;
      }
      case LibraryPlace.Never never ->
          notes.add(file.path() + " was not brought back: " + never.reason() + ".");
    }
  }

  /// Two files that want one place: the viewer gives the second a number of its own.
  private static LibraryPlace insteadOf(String path, StoredFile file) {
    return ViewerRestore.canBeDropped(file)
        ? new LibraryPlace.Incoming()
        : new LibraryPlace.Beside("not placed/" + path);
  }

  private FolderTarget.Written put(
      VersionReader reader, StoredFile file, String path, FolderTarget target) {
    StoredFile renamed =
        new StoredFile(
            path,
            file.lengthBytes(),
            file.modifiedMillis(),
            file.digests(),
            file.instance(),
            file.findings(),
            file.sourceRowCount());
    FolderTarget.Written written = target.write("", renamed, reader.open(file), progress);
    if (written == FolderTarget.Written.NEW) {
      target.compare("", renamed);
      bytesWritten += file.lengthBytes();
    }
    return written;
  }

  private void writeIndex(Index index, FolderTarget target, Path working) {
    StudyLabel label = labels.apply(index.copy().study());
    try (VersionReader reader = from.read(index.copy())) {
      for (StoredFile file : reader.version().files()) {
        if (isIndex(file)) {
          write(reader, file, new LibraryPlace.InPlace(LibraryIndex.FILE_NAME), target, label);
        }
      }
    }
    Path written = working.resolve(LIBRARY).resolve(LibraryIndex.FILE_NAME);
    Optional<String> complaint = LibraryIndex.complaint(written);
    if (complaint.isPresent()) {
      throw new SerdabException.Damaged(
          new Problem(
              "restored-index-damaged",
              "The index was sound in the backup and is not after it was written: "
                  + complaint.get()
                  + ".",
              "Check the disk of the target; the library was not given its name."));
    }
  }

  // ---- after

  /// Follows every row to its file, as the viewer will.
  private void compareWithRows(Wanted wanted, Path library) {
    LibraryIndex index = wanted.index().orElseThrow().asked();
    String[] last = {""};
    index.eachFile(row -> {
      if (row.name().equals(last[0])) {
        return;
      }
      last[0] = row.name();
      StudyLabel label = labels.apply(new StudyKey(row.study()));
      if (row.isLinked()) {
        linkedCount++;
        if (linked.size() < LibraryReport.LISTED_MAX) {
          linked.add(new LibraryReport.Linked(label, row.name(), isThere(row.name())));
        }
        return;
      }
      String folder = LibraryIndex.folderOf(row.name(), wanted.folderSize());
      if (!isThere(library.resolve(LibraryPlace.IMAGES).resolve(folder) + "/" + row.name())) {
        rowsWithoutFileCount++;
        if (rowsWithoutFile.size() < LibraryReport.LISTED_MAX) {
          rowsWithoutFile.add(new LibraryReport.RowWithoutFile(label, row.name()));
        }
      }
    });
    index.eachReport(row -> {
      String state = reportState(row.url(), library);
      if (!state.isEmpty() && reports.size() < LibraryReport.LISTED_MAX) {
        reports.add(
            new LibraryReport.ReportPath(
                labels.apply(new StudyKey(row.study())), row.url(), state));
      }
    });
  }

  /// What is to be said of a report's address; empty when it leads to its document.
  private static String reportState(String url, Path library) {
    String lower = url.toLowerCase(Locale.ROOT);
    if (lower.startsWith("http://") || lower.startsWith("https://")) {
      return "web";
    }
    if (url.startsWith("/") || lower.startsWith("file:")) {
      String name = url.substring(url.lastIndexOf('/') + 1);
      return isThere(library.resolve("REPORTS") + "/" + name) ? "absolute-found" : "absolute";
    }
    return isThere(library + "/" + url) ? "" : "missing";
  }

  private static boolean isThere(String path) {
    try {
      return Files.exists(Path.of(path));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static Path freeBeside(Path target) {
    String name = target.getFileName() + BESIDE;
    Path beside = target.resolveSibling(name);
    for (int i = 2; Files.exists(beside) && i <= FOLDERS_BESIDE_MAX; i++) {
      beside = target.resolveSibling(name + " " + i);
    }
    return beside;
  }

  /// Gives everything its name.
  private static void finish(Path working, Path target, Path beside) {
    try {
      Path library = working.resolve(LIBRARY);
      if (!Files.isDirectory(library)) {
        throw new SerdabException.Unavailable(
            new Problem(
                "nothing-to-restore",
                "The backup holds nothing that belongs into a library.",
                "Look what it holds with: serdab studies"));
      }
      if (Files.isDirectory(working.resolve(OUTSIDE))) {
        Files.move(working.resolve(OUTSIDE), beside);
      } else {
        Files.createDirectory(beside);
      }
      // An empty folder that the user made for it.
      Files.deleteIfExists(target);
      Files.move(library, target, StandardCopyOption.ATOMIC_MOVE);
      removeWorking(working);
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "library-not-named",
              "The library was restored whole and could not be given its name; it is in "
                  + working
                  + ".",
              "Check the volume and its permissions, then run the same command again."),
          e);
    }
  }

  private static void removeWorking(Path working) throws IOException {
    for (String own : BOOKKEEPING) {
      Files.deleteIfExists(working.resolve(own));
    }
    try (DirectoryStream<Path> left = Files.newDirectoryStream(working)) {
      if (left.iterator().hasNext()) {
        return;
      }
    }
    Files.delete(working);
  }

  private void noteWhatIsNext(Wanted wanted, Path beside) {
    if (wanted.index().isEmpty()) {
      notes.add(
          "There is no index that can be used. The viewer builds one from the files at its first"
              + " start; locks, comments and the order of albums that were only in the index are"
              + " not in it.");
      Path albums = beside.resolve("made/albums.plist");
      if (Files.exists(albums)) {
        notes.add(
            "To get the albums back, wait until the viewer has built its index, then load "
                + albums
                + " from its album menu.");
      }
    }
    if (wanted.folderSize() != LibraryIndex.DEFAULT_FOLDER_SIZE) {
      notes.add(
          "This library keeps "
              + wanted.folderSize()
              + " files in a folder. A viewer on a new computer expects "
              + LibraryIndex.DEFAULT_FOLDER_SIZE
              + ": set its preference DefaultFolderSizeForDB to "
              + wanted.folderSize()
              + " before you open the library.");
    }
    if (filesIncoming > 0) {
      notes.add(
          filesIncoming
              + " files that the index does not name, or names outside the library, wait in"
              + " INCOMING.noindex; the viewer takes them in at its first start.");
    }
    RestoreNotices notices = choice.notices();
    if (notices.filesBrought() > 0) {
      notes.add(
          notices.filesBrought()
              + " files are rejected by rejection notes in the backup. A whole library has them all"
              + " the same, because its index lists them: docs/rejection-notes.md");
    }
    for (RestoreNotices.Warning warning : notices.warnings()) {
      notes.add(warning.study() + ": " + warning.problem().text());
    }
    if (studiesOfOthers > 0) {
      notes.add(
          studiesOfOthers
              + " studies of the backup are not in this library's index and may be another"
              + " library's; they were left out. Bring them back with --to horos:…");
    }
  }

  private LibraryReport report(Wanted wanted, Path target, Path beside) {
    @Nullable Path parent = target.toAbsolutePath().getParent();
    return new LibraryReport(
        target.toString(),
        parent == null ? "" : parent.toString(),
        beside.toString(),
        wanted
            .index()
            .map(index -> {
              LibraryIndex.Counts counts = index.asked().counts();
              return new LibraryReport.Index(
                  index.readAt(), counts.studies(), counts.images(), counts.albums());
            }),
        wanted.folderSize(),
        studies,
        filesInPlace,
        filesThere,
        filesIncoming,
        filesBeside,
        bytesWritten,
        linked,
        linkedCount,
        reports,
        rowsWithoutFile,
        rowsWithoutFileCount,
        notes,
        gaps,
        interrupted);
  }
}
