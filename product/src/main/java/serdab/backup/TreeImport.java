package serdab.backup;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.Depth;
import serdab.Finding;
import serdab.PatientData;
import serdab.Problem;
import serdab.Proof;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RunTotals;
import serdab.catalogue.VersionRow;
import serdab.destination.CarryOver;
import serdab.destination.Destination;
import serdab.destination.ForeignCopy;
import serdab.destination.ForeignCopy.Found;
import serdab.destination.HeldVersion;
import serdab.destination.NotesInCopy;
import serdab.destination.ProofOutcome;
import serdab.destination.VersionReader;
import serdab.destination.ZipTreeDestination;
import serdab.dicom.DicomDates;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Rejections;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.plan.Order;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.SourceStudy;
import serdab.source.script.ExportState;

/// Takes over the ZIPs of the Horos backup script: each is read whole and compared with the
/// library, and what is good becomes a copy where it lies (`docs/format/zip-tree.md` section 7).
/// One thread at a time.
///
/// Nothing that the script made is changed, and nothing is believed: neither its state nor the name
/// of a ZIP says what is in it.
public final class TreeImport {

  private static final int SOURCE_TRIES = 3;
  private static final int MAX_UNREADABLE_FILES = 1_000;
  private static final String NOT_COMPLETE = "completeness-unknown";

  private final Setting setting;
  private final Inventory inventory;
  private final ZipTreeDestination tree;
  private final Catalogue catalogue;
  private final OnePass pass;
  private final CarryOver carry;

  private final List<ImportReport.Line> lines = new ArrayList<>();

  /// Studies of the library with a proven copy of what they are now.
  private final Set<StudyKey> covered = new HashSet<>();

  private final Set<String> monthsInVain = new HashSet<>();
  private long copiedTo;
  private boolean attention;
  private boolean acts;

  /// What an import works with. The caller keeps and closes all of it.
  ///
  /// @param sourceId of the library
  /// @param sourceWords the library in words
  /// @param tree the script's tree; opened to write when it is to become a destination
  /// @param to the destination that gets what the library has no more; empty when the tree itself
  ///   becomes one
  public record Setting(
      Inventory inventory,
      String sourceId,
      String sourceWords,
      ExportState state,
      ZipTreeDestination tree,
      Optional<Destination> to,
      Catalogue catalogue,
      InstantSource clock,
      StopSignal stop,
      Progress progress,
      String worker) {}

  public TreeImport(Setting setting) {
    this.setting = setting;
    this.inventory = setting.inventory();
    this.tree = setting.tree();
    this.catalogue = setting.catalogue();
    this.pass = new OnePass(setting.stop(), setting.progress(), setting.clock());
    this.carry = new CarryOver(setting.progress()::read, setting.stop()::mustAbandon);
  }

  /// One study with everything that seems to be its.
  private static final class Work {
    private final StudyKey key;
    private final @Nullable SourceStudy study;
    private final List<Found> found = new ArrayList<>();

    Work(StudyKey key, @Nullable SourceStudy study) {
      this.key = key;
      this.study = study;
    }
  }

  private final Map<StudyKey, Work> works = new TreeMap<>();
  private final Map<String, ExportState.Exported> listedBy = new HashMap<>();
  private final Map<String, SourceStudy> library = new HashMap<>();
  private final List<ExportState.Exported> without = new ArrayList<>();
  private Set<String> monthsMarked = Set.of();
  private long zips;
  private long toReadBytes;

  // ---- planning

  /// Refuses a tree or a library that seems to be away, before anything is made in the tree.
  ///
  /// @param acceptFewer a person says that the library really holds no studies
  /// @throws SerdabException.HeldBack `tree-empty` or `no-studies`
  public static void requireThere(
      ExportState state, ZipTreeDestination tree, Inventory inventory, boolean acceptFewer) {
    int listed = state.exported().size();
    if (listed > 0 && tree.isWithoutZips()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "tree-empty",
              "The script's state lists "
                  + listed
                  + " studies, and there is not one ZIP in the folders of "
                  + tree.describe()
                  + ".",
              "Connect the right volume, or name the folder with the months after --tree."));
    }
    if (inventory.studyCount() == 0 && !acceptFewer) {
      throw new SerdabException.HeldBack(
          new Problem(
              "no-studies",
              "The library lists no studies at all, so no ZIP can be compared with anything.",
              "Check --from and its volume. If the library really is gone and its ZIPs are all"
                  + " there is, run again with --accept-fewer."));
    }
  }

  /// Looks at state, tree and library; reads directories only and writes nothing.
  public void plan() {
    List<Found> found;
    try (Stream<Found> all = tree.found()) {
      found = new ArrayList<>(all.sorted(Comparator.comparing(Found::location)).toList());
    }
    zips = found.size();
    monthsMarked = tree.monthsMarked();
    List<ExportState.Exported> listed = setting.state().exported();
    match(listed, found);
    learnLibrary(found, listed);
    for (Found each : found) {
      StudyKey key = key(each);
      works
          .computeIfAbsent(
              key, study -> new Work(study, library.get(ZipTreeDestination.nameOf(study))))
          .found
          .add(each);
      if (each instanceof Found.Foreign foreign) {
        toReadBytes += foreign.storedBytes();
      }
    }
  }

  /// How many ZIPs lie there.
  public long zips() {
    return zips;
  }

  /// How many bytes of them are to be read.
  public long toReadBytes() {
    return toReadBytes;
  }

  /// Finds the ZIP that each line of the state means: by folder and name, by name alone, and by the
  /// UID in the name.
  private void match(List<ExportState.Exported> listed, List<Found> found) {
    Set<String> locations = new HashSet<>();
    Map<String, List<String>> byFile = new HashMap<>();
    Map<String, List<String>> byName = new HashMap<>();
    for (Found each : found) {
      String location = each.location();
      locations.add(location);
      byFile.computeIfAbsent(lastParts(location, 1), _ -> new ArrayList<>(1)).add(location);
      for (String name : names(each)) {
        byName.computeIfAbsent(name, _ -> new ArrayList<>(1)).add(location);
      }
    }
    for (ExportState.Exported line : listed) {
      String exact = lastParts(line.zipPath(), 2);
      String file = lastParts(line.zipPath(), 1);
      List<String> sameStudy =
          byName.getOrDefault(ZipTreeDestination.nameOf(StudyKey.of(line.study())), List.of());
      List<String> meant =
          locations.contains(exact) ? List.of(exact) : byFile.getOrDefault(file, sameStudy);
      if (meant.isEmpty()) {
        without.add(line);
      } else {
        String one =
            meant.stream().filter(sameStudy::contains).findFirst().orElse(meant.getFirst());
        listedBy.putIfAbsent(one, line);
      }
    }
  }

  private static String lastParts(String path, int count) {
    int from = path.length();
    for (int i = 0; i < count && from > 0; i++) {
      from = path.lastIndexOf('/', from - 1);
    }
    return path.substring(from + 1);
  }

  private static List<String> names(Found found) {
    return switch (found) {
      case Found.Copy copy -> List.of(ZipTreeDestination.nameOf(copy.version().study()));
      case Found.Foreign foreign -> foreign.names();
      case Found.Unusable bad -> bad.names();
    };
  }

  private void learnLibrary(List<Found> found, List<ExportState.Exported> listed) {
    Set<String> wanted = new HashSet<>();
    found.forEach(each -> wanted.addAll(names(each)));
    listed.forEach(line -> wanted.add(ZipTreeDestination.nameOf(StudyKey.of(line.study()))));
    try (Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
      for (SourceStudy study : (Iterable<SourceStudy>) studies::iterator) {
        if (study.key().isOther()) {
          continue;
        }
        String name = ZipTreeDestination.nameOf(study.key());
        if (wanted.contains(name)) {
          library.put(name, study);
        }
      }
    }
  }

  private StudyKey key(Found found) {
    if (found instanceof Found.Copy copy) {
      return copy.version().study();
    }
    List<String> names = names(found);
    ExportState.@Nullable Exported line = listedBy.get(found.location());
    if (line != null) {
      StudyKey listed = StudyKey.of(line.study());
      if (names.contains(ZipTreeDestination.nameOf(listed))) {
        return listed;
      }
    }
    for (String name : names) {
      SourceStudy known = library.get(name);
      if (known != null) {
        return known.key();
      }
    }
    // A number at the end is a version's rather than a UID.
    return new StudyKey(
        names.stream().filter(name -> name.indexOf('.') > 0).findFirst().orElse(names.getFirst()));
  }

  // ---- acting

  /// Says what the directories alone tell, and does nothing.
  public ImportReport look() {
    for (Work work : works.values()) {
      for (Found found : work.found) {
        switch (found) {
          case Found.Copy copy -> isCopy(work, copy.version(), ImportReport.Kind.COPY_ALREADY);
          case Found.Unusable bad -> unusable(work, bad.location(), bad.problem());
          case Found.Foreign foreign -> {
            long files = work.study == null ? 0 : work.study.fileCount();
            boolean fewer = work.study != null && foreign.fileCount() < files;
            add(
                work,
                foreign,
                work.study == null
                    ? ImportReport.Kind.ONLY_COPY
                    : fewer ? ImportReport.Kind.PARTIAL : ImportReport.Kind.TO_CHECK,
                foreign.fileCount(),
                fewer ? files - foreign.fileCount() : 0,
                0,
                Optional.empty());
          }
        }
      }
    }
    return report(List.of(), false);
  }

  /// Reads, compares and adopts. Each ZIP that was adopted is so for good, whatever comes after.
  public ImportReport execute() {
    acts = true;
    List<String> ids = List.of(setting.to().map(Destination::id).orElseGet(tree::id).toString());
    long run = catalogue.beginRun("import", "", "", ids, setting.worker());
    setting.progress().planned(works.size());
    List<Problem> problems = new ArrayList<>();
    boolean interrupted = false;
    for (Work work : works.values()) {
      if (setting.stop().isRequested()) {
        interrupted = true;
        break;
      }
      setting.progress().began(catalogue.label(work.key));
      int before = lines.size();
      try {
        new OneStudy(work, run).settle();
      } catch (OnePass.Abandoned | CarryOver.GivenUp e) {
        interrupted = true;
        break;
      } catch (SerdabException e) {
        problems.add(e.problem());
        break;
      }
      String words = lines.size() > before ? lines.getLast().kind().text() : "";
      setting.progress().ended(catalogue.label(work.key), words);
    }
    ImportReport report = report(problems, interrupted);
    catalogue.endRun(
        run,
        report.outcome().text(),
        new RunTotals(
            report.listed(),
            report.zips(),
            report.copiedTo(),
            report.count(ImportReport.Kind.COPY_ALREADY),
            report.count(ImportReport.Kind.ADOPTED),
            report.count(ImportReport.Kind.PARTIAL),
            report.count(ImportReport.Kind.DAMAGED),
            report.toCopy(),
            0,
            0));
    return report;
  }

  private ImportReport report(List<Problem> problems, boolean interrupted) {
    Set<StudyKey> toCopy = new HashSet<>();
    for (Work work : works.values()) {
      if (work.study != null && !isCovered(work.key)) {
        toCopy.add(work.key);
        work.found.forEach(found -> inVain(found.location()));
      }
    }
    for (ExportState.Exported line : without) {
      StudyKey key = StudyKey.of(line.study());
      boolean there = library.containsKey(ZipTreeDestination.nameOf(key));
      if (there && !isCovered(key)) {
        toCopy.add(key);
      }
      if (!isCovered(key)) {
        attention |= setting.to().isEmpty() || !there;
        inVain(lastParts(line.zipPath(), 2));
        lines.add(
            new ImportReport.Line(
                there ? ImportReport.Kind.MISSING : ImportReport.Kind.LOST,
                catalogue.label(key),
                key.value(),
                "",
                true,
                0,
                0,
                0,
                there ? Optional.empty() : Optional.of(lost())));
      }
    }
    RunReport.Outcome outcome =
        !problems.isEmpty()
            ? RunReport.Outcome.FAILED
            : interrupted
                ? RunReport.Outcome.INTERRUPTED
                : attention || (setting.to().isEmpty() && !toCopy.isEmpty())
                    ? RunReport.Outcome.INCOMPLETE
                    : RunReport.Outcome.GOOD;
    return new ImportReport(
        outcome,
        setting.state().exported().size(),
        zips,
        toCopy.size(),
        copiedTo,
        monthsMarked.size(),
        monthsMarked.stream().filter(monthsInVain::contains).count(),
        lines,
        problems);
  }

  private void inVain(String location) {
    int slash = location.indexOf('/');
    if (slash > 0) {
      monthsInVain.add(location.substring(0, slash));
    }
  }

  /// Whether the destination holds what the library has now, as far as the last reading tells.
  private boolean isCovered(StudyKey key) {
    if (covered.contains(key)) {
      return true;
    }
    Optional<VersionId> present =
        catalogue.study(setting.sourceId(), key).flatMap(row -> row.version());
    String id = setting.to().map(Destination::id).orElseGet(tree::id).toString();
    return present.isPresent()
        && catalogue.copies(key).stream()
            .anyMatch(copy ->
                copy.version().equals(present.get())
                    && copy.destinationId().equals(id)
                    && copy.isProven());
  }

  private void isCopy(Work work, HeldVersion copy, ImportReport.Kind kind) {
    lines.add(
        new ImportReport.Line(
            kind,
            catalogue.label(work.key),
            work.key.value(),
            copy.location(),
            listedBy.containsKey(copy.location()),
            copy.fileCount(),
            0,
            0,
            Optional.empty()));
  }

  private void unusable(Work work, String location, Problem problem) {
    attention = true;
    leaveAlone(work, location);
    inVain(location);
    lines.add(
        new ImportReport.Line(
            ImportReport.Kind.DAMAGED,
            catalogue.label(work.key),
            work.key.value(),
            location,
            listedBy.containsKey(location),
            0,
            0,
            0,
            Optional.of(problem)));
  }

  private void add(
      Work work,
      Found.Foreign zip,
      ImportReport.Kind kind,
      long files,
      long lacking,
      long others,
      Optional<Problem> problem) {
    lines.add(
        new ImportReport.Line(
            kind,
            catalogue.label(work.key),
            work.key.value(),
            zip.location(),
            listedBy.containsKey(zip.location()),
            files,
            lacking,
            others,
            problem));
  }

  /// Once the library's study has a copy, a proof of the tree need not speak of this ZIP again.
  private void leaveAlone(Work work, String location) {
    if (acts && setting.to().isEmpty() && work.study != null) {
      catalogue.rememberFact(
          Catalogue.leftAloneFact(tree.id().toString(), location), work.key.value());
    }
  }

  /// Everything one study needs.
  private final class OneStudy {

    private final Work work;
    private final long run;
    private final Set<VersionId> held = new HashSet<>();
    private @Nullable StudyVersion library;
    private @Nullable Problem unread;
    private String look = "";

    OneStudy(Work work, long run) {
      this.work = work;
      this.run = run;
    }

    void settle() {
      for (Found found : work.found) {
        if (found instanceof Found.Copy copy) {
          held.add(copy.version().id());
          settle(copy.version());
        }
      }
      List<Present> present = new ArrayList<>();
      try {
        for (Found found : work.found) {
          switch (found) {
            case Found.Copy _ -> {}
            case Found.Unusable bad -> unusable(work, bad.location(), bad.problem());
            case Found.Foreign foreign -> settle(foreign, present);
          }
        }
        // Last, so that it follows the earlier versions that were found beside it.
        present.forEach(this::takeOver);
      } finally {
        present.forEach(one -> one.copy().close());
      }
    }

    /// A copy that was adopted before. When the run that adopted it was killed before it could
    /// record it, it is proven again and recorded now.
    private void settle(HeldVersion copy) {
      String here = tree.id().toString();
      boolean isRecorded =
          catalogue.copies(copy.study()).stream()
              .anyMatch(row -> row.version().equals(copy.id()) && row.destinationId().equals(here));
      if (isRecorded || setting.to().isPresent()) {
        isCopy(work, copy, ImportReport.Kind.COPY_ALREADY);
        return;
      }
      switch (tree.prove(copy, tree.traits().copiedDepth())) {
        case ProofOutcome.Proven proof -> {
          try (VersionReader reader = tree.read(copy)) {
            record(reader.version(), NotesInCopy.of(reader), copy.proven(proof.proof()));
          }
          isCopy(work, copy, ImportReport.Kind.ADOPTED);
        }
        case ProofOutcome.Bad bad -> unusable(work, copy.location(), bad.problem());
        case ProofOutcome.Gone gone -> unusable(work, copy.location(), gone.problem());
      }
    }

    /// Remembers a copy in the tree; one of what the library has now covers its study.
    private void record(StudyVersion version, Rejections rejections, HeldVersion copy) {
      SourceStudy study = work.study;
      if (study != null) {
        readLibrary(study);
      }
      if (study == null || library == null || !library.id().equals(version.id())) {
        catalogue.recordHeld(VersionRow.of(version, rejections), row(copy, tree));
        return;
      }
      catalogue.sawStudies(
          run, setting.sourceId(), List.of(new Catalogue.Seen(study.facts(), study.fileCount())));
      List<Finding> findings = new ArrayList<>(version.findings());
      version.files().forEach(file -> findings.addAll(file.findings()));
      catalogue.recordCopied(
          setting.sourceId(),
          VersionRow.of(version, rejections),
          List.of(row(copy, tree)),
          study.fingerprint(),
          look,
          findings,
          run);
      covered.add(work.key);
    }

    /// A ZIP that holds exactly what the library has, open until it is its turn.
    private record Present(Found.Foreign zip, ForeignCopy copy) {}

    /// @param present gets the ZIP when it is what the library has; it stays open then
    private void settle(Found.Foreign zip, List<Present> present) {
      ForeignCopy copy;
      try {
        copy = tree.examine(zip.location(), this::read);
      } catch (SerdabException.Damaged e) {
        unusable(work, zip.location(), e.problem());
        return;
      } catch (SerdabException.Refused e) {
        if (!e.problem().code().equals("blob-missing")) {
          throw e;
        }
        unusable(work, zip.location(), e.problem());
        return;
      }
      boolean kept = false;
      try {
        kept = isPresent(zip, copy);
        if (kept) {
          present.add(new Present(zip, copy));
        }
      } catch (SerdabException.Damaged e) {
        unusable(work, zip.location(), e.problem());
      } finally {
        if (!kept) {
          copy.close();
        }
      }
    }

    /// Settles a ZIP, unless it is what the library has.
    private boolean isPresent(Found.Foreign zip, ForeignCopy copy) {
      SourceStudy study = work.study;
      if (study == null) {
        onlyCopy(zip, copy);
        return false;
      }
      readLibrary(study);
      if (library == null) {
        attention = true;
        add(
            work,
            zip,
            ImportReport.Kind.NOT_COMPARED,
            copy.files().size(),
            0,
            0,
            Optional.ofNullable(unread));
        return false;
      }
      return compare(zip, copy, study, library);
    }

    private void read(long bytes) {
      setting.progress().read(bytes);
      if (setting.stop().mustAbandon()) {
        throw new OnePass.Abandoned();
      }
    }

    // ---- the library

    private void readLibrary(SourceStudy study) {
      if (library != null || unread != null) {
        return;
      }
      look = inventory.look(study);
      Set<String> leaveOut = new HashSet<>();
      for (int changes = 0; changes < SOURCE_TRIES; ) {
        pass.begin(study.facts(), List.of());
        switch (pass.deliver(inventory, study, leaveOut)) {
          case Delivery.Complete _ -> {
            library =
                StudyVersion.of(
                    study.facts(),
                    pass.files(),
                    pass.missing(),
                    study.findings(),
                    Optional.empty(),
                    setting.sourceWords(),
                    setting.clock().instant());
            return;
          }
          case Delivery.Changed _ -> changes++;
          case Delivery.Broke broke -> {
            leaveOut.add(broke.file().path());
            if (leaveOut.size() > MAX_UNREADABLE_FILES) {
              changes = SOURCE_TRIES;
            }
          }
        }
      }
      unread =
          new Problem(
              "keeps-changing",
              "The study could not be read from the library: its files change, or cannot be read.",
              "Run again when the viewer is at rest.");
    }

    // ---- comparing

    private boolean compare(
        Found.Foreign zip, ForeignCopy copy, SourceStudy study, StudyVersion now) {
      Matching matching = new Matching(copy.files(), now);
      long lacking = matching.lacking() + now.missing().size();
      if (matching.others() == 0 && lacking == 0) {
        return true;
      }
      if (matching.others() == 0) {
        leaveAlone(work, zip.location());
        add(
            work,
            zip,
            ImportReport.Kind.PARTIAL,
            copy.files().size(),
            lacking,
            0,
            Optional.empty());
        return false;
      }
      List<StoredFile> files = matching.files(copy);
      if (matching.matched() == 0 && !namesStudy(files)) {
        wrongStudy(zip, files.size());
        return false;
      }
      Finding finding =
          Finding.about(
              "",
              NOT_COMPLETE,
              "An export of the Horos backup script that is not what the library has now; whether"
                  + " it was complete then cannot be told.");
      keep(
          zip,
          copy,
          version(study.facts(), files, List.of(finding), zip),
          ImportReport.Kind.DIFFERS,
          lacking,
          matching.others());
      return false;
    }

    private void onlyCopy(Found.Foreign zip, ForeignCopy copy) {
      List<StoredFile> files = copy.files().stream().map(copy::parsed).toList();
      Optional<InstanceFacts> first =
          files.stream()
              .flatMap(file -> file.instance().stream())
              .filter(instance -> instance.study().value().equals(work.key.value()))
              .findFirst();
      if (first.isEmpty()) {
        wrongStudy(zip, files.size());
        return;
      }
      Finding finding =
          Finding.about(
              "",
              NOT_COMPLETE,
              "An export of the Horos backup script of a study that the library does not have:"
                  + " whether it is complete cannot be told.");
      keep(
          zip,
          copy,
          version(facts(first.get(), files), files, List.of(finding), zip),
          ImportReport.Kind.ONLY_COPY,
          0,
          0);
    }

    private boolean namesStudy(List<StoredFile> files) {
      return files.stream()
          .flatMap(file -> file.instance().stream())
          .anyMatch(instance -> instance.study().value().equals(work.key.value()));
    }

    private void wrongStudy(Found.Foreign zip, long files) {
      attention = true;
      inVain(zip.location());
      add(
          work,
          zip,
          ImportReport.Kind.WRONG_STUDY,
          files,
          0,
          0,
          Optional.of(
              new Problem(
                  "zip-of-another-study",
                  "A ZIP holds no file of the study that its name says.",
                  "It is left as it is. Unzip it by hand to see whose files they are.")));
    }

    // ---- adopting

    private void takeOver(Present present) {
      Found.Foreign zip = present.zip();
      ForeignCopy copy = present.copy();
      long files = copy.files().size();
      StudyVersion now = library;
      SourceStudy study = work.study;
      if (now == null || study == null) {
        throw new IllegalStateException("it was compared with the library");
      }
      if (setting.to().isPresent()) {
        add(work, zip, ImportReport.Kind.WHOLE, files, 0, 0, Optional.empty());
        return;
      }
      if (held.contains(now.id())) {
        leaveAlone(work, zip.location());
        add(work, zip, ImportReport.Kind.DUPLICATE, files, 0, 0, Optional.empty());
        return;
      }
      try {
        Matching matching = new Matching(copy.files(), now);
        StudyVersion version =
            version(study.facts(), matching.files(copy), now.findings(), zip)
                .with(inventory.rows(study));
        HeldVersion adopted = tree.adopt(copy, version);
        held.add(version.id());
        record(version, rejected(copy, version), adopted);
        add(work, zip, ImportReport.Kind.ADOPTED, files, 0, 0, Optional.empty());
      } catch (SerdabException.Damaged e) {
        unusable(work, zip.location(), e.problem());
      }
    }

    /// Keeps what the library cannot give: where it lies, or at the other destination when the
    /// library does not have the study at all.
    private void keep(
        Found.Foreign zip,
        ForeignCopy copy,
        StudyVersion version,
        ImportReport.Kind kind,
        long lacking,
        long others) {
      ImportReport.Kind shown = kind;
      if (setting.to().isPresent()) {
        if (kind == ImportReport.Kind.ONLY_COPY) {
          copyTo(setting.to().get(), copy, version);
        }
      } else if (held.add(version.id())) {
        catalogue.recordHeld(
            VersionRow.of(version, rejected(copy, version)), row(tree.adopt(copy, version), tree));
      } else {
        leaveAlone(work, zip.location());
        shown = ImportReport.Kind.DUPLICATE;
      }
      add(work, zip, shown, copy.files().size(), lacking, others, Optional.empty());
    }

    private void copyTo(Destination other, ForeignCopy copy, StudyVersion version) {
      Optional<HeldVersion> there = other.find(version.facts().key(), version.id());
      HeldVersion proven = null;
      if (there.isPresent()
          && other.prove(there.get(), other.traits().copiedDepth())
              instanceof ProofOutcome.Proven proof) {
        proven = there.get().proven(proof.proof());
      }
      if (proven == null) {
        try (VersionReader reader = copy.as(version)) {
          proven = carry.copy(reader, other);
          copiedTo++;
        }
      }
      catalogue.recordHeld(VersionRow.of(version, rejected(copy, version)), row(proven, other));
    }

    private static Rejections rejected(ForeignCopy copy, StudyVersion version) {
      try (VersionReader reader = copy.as(version)) {
        return NotesInCopy.of(reader);
      }
    }

    private StudyVersion version(
        StudyFacts facts, List<StoredFile> files, List<Finding> findings, Found.Foreign zip) {
      ExportState.@Nullable Exported line = listedBy.get(zip.location());
      Instant now = setting.clock().instant().truncatedTo(ChronoUnit.MILLIS);
      Instant made =
          (line == null ? Optional.<Instant>empty() : line.when())
              .orElse(zip.modified())
              .truncatedTo(ChronoUnit.MILLIS);
      List<HeldVersion> before = setting.to().isPresent() ? List.of() : tree.versions(facts.key());
      Optional<VersionId> follows =
          before.isEmpty()
                  || (!findings.isEmpty() && findings.getFirst().kind().equals(NOT_COMPLETE))
              ? Optional.empty()
              : Optional.of(before.getLast().id());
      return StudyVersion.of(
          facts,
          files,
          List.of(),
          findings,
          follows,
          setting.sourceWords(),
          made.isAfter(now) ? now : made);
    }

    private CopyRow row(HeldVersion copy, Destination at) {
      Proof proof = copy.proof().orElseThrow();
      return new CopyRow(
          copy.study(),
          copy.id(),
          at.id().toString(),
          copy.location(),
          copy.storedBytes(),
          copy.fileCount(),
          proof,
          proof.depth().reaches(Depth.INTACT) ? "good" : "bad",
          run);
    }
  }

  private static StudyFacts facts(InstanceFacts first, List<StoredFile> files) {
    return new StudyFacts(
        StudyKey.of(first.study()),
        first.patientName(),
        first.patientId(),
        DicomDates.date(first.patientBirthDate().reveal(PatientData.Purpose.CATALOGUE))
            .map(PatientData::of),
        DicomDates.date(first.studyDate()),
        files.stream()
            .flatMap(file -> file.instance().stream())
            .map(InstanceFacts::modality)
            .filter(modality -> !modality.isEmpty())
            .toList(),
        first.accessionNumber(),
        PatientData.of(first.studyDescription()));
  }

  private static Problem lost() {
    return new Problem(
        "exported-and-lost",
        "The script counts it as exported; there is no ZIP of it, and the library has it no more.",
        "Look for it on other disks, in the PACS and at the modality.");
  }

  /// Which file of the library each entry of a ZIP is, bit for bit.
  private static final class Matching {

    private final List<StoredFile> entries;
    private final List<@Nullable StoredFile> same = new ArrayList<>();
    private final List<StoredFile> left = new ArrayList<>();
    private long matched;

    Matching(List<StoredFile> entries, StudyVersion now) {
      this.entries = entries;
      Map<VersionId.Part, Deque<StoredFile>> byBytes = new LinkedHashMap<>();
      now.files()
          .forEach(file ->
              byBytes.computeIfAbsent(file.versionPart(), _ -> new ArrayDeque<>(1)).add(file));
      for (StoredFile entry : entries) {
        Deque<StoredFile> candidates =
            byBytes.getOrDefault(entry.versionPart(), new ArrayDeque<>(1));
        StoredFile chosen =
            candidates.stream()
                .filter(file -> lastParts(file.path(), 1).equals(entry.path()))
                .findFirst()
                .orElse(candidates.peekFirst());
        same.add(chosen);
        if (chosen != null) {
          candidates.remove(chosen);
          matched++;
        }
      }
      byBytes.values().forEach(left::addAll);
    }

    long matched() {
      return matched;
    }

    long lacking() {
      return left.size();
    }

    long others() {
      return entries.size() - matched;
    }

    /// The entries as files of a version: where the library has them, or had others of the same
    /// name, and else by the names of their entries.
    List<StoredFile> files(ForeignCopy copy) {
      Map<String, String> paths = new HashMap<>();
      left.forEach(file -> paths.putIfAbsent(lastParts(file.path(), 1), file.path()));
      Set<String> taken = new HashSet<>();
      same.forEach(file -> {
        if (file != null) {
          taken.add(file.path());
        }
      });
      List<StoredFile> files = new ArrayList<>();
      for (int i = 0; i < entries.size(); i++) {
        StoredFile known = same.get(i);
        if (known != null) {
          files.add(known);
          continue;
        }
        StoredFile parsed = copy.parsed(entries.get(i));
        String path = paths.getOrDefault(parsed.path(), parsed.path());
        while (!taken.add(path)) {
          path = "exported/" + path;
        }
        files.add(at(path, parsed));
      }
      return files;
    }

    private static StoredFile at(String path, StoredFile file) {
      return new StoredFile(
          path,
          file.lengthBytes(),
          file.modifiedMillis(),
          file.digests(),
          file.instance(),
          file.findings().stream()
              .map(one -> new Finding(one.kind(), path, one.position(), one.detail()))
              .toList());
    }
  }
}
