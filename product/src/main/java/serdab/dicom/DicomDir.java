package serdab.dicom;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import serdab.PatientData;

/// What a DICOMDIR says about the files beside it: a hint, never the truth. Whoever uses it looks
/// at the files all the same and compares both ways.
///
/// Every record is listed, whether the offsets lead to it or not; a wrong offset costs the record
/// its parent at most. References that lead out of the folder are told of and have no path.
///
/// @param records in the order of the file
/// @param oddities what is wrong, in no order; at most [#ODDITIES_MAX]
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part03.html#chapter_F DICOM PS3.3
///   annex F
public record DicomDir(List<Entry> records, List<Oddity> oddities) {

  /// Wrong in one place, a DICOMDIR is most often wrong in all.
  static final int ODDITIES_MAX = 1_000;

  /// The standard allows eight components; longer ones are met.
  private static final int COMPONENTS_MAX = 64;

  /// The version number that ISO 9660 puts behind names.
  private static final Pattern VERSION = Pattern.compile(";[0-9]{1,5}$");

  public DicomDir {
    records = List.copyOf(records);
    oddities = List.copyOf(oddities);
  }

  /// One directory record.
  ///
  /// @param type such as `PATIENT`, `STUDY`, `SERIES`, `IMAGE`; empty when missing
  /// @param inUse false when the record is marked as deleted
  /// @param position of the record in the DICOMDIR
  /// @param path of the file it refers to, from the folder of the DICOMDIR, `/` between components,
  ///   spelled as in the record; empty when it refers to none or leads out of the folder
  /// @param sopClassUid in the referenced file; empty when missing
  /// @param sop SOP Instance UID in the referenced file
  /// @param transferSyntaxUid of the referenced file; empty when missing
  /// @param patientId from this record or those above it
  /// @param study from this record or those above it
  /// @param series from this record or those above it
  public record Entry(
      String type,
      boolean inUse,
      long position,
      Optional<String> path,
      String sopClassUid,
      SopInstanceUid sop,
      String transferSyntaxUid,
      PatientData<String> patientId,
      StudyInstanceUid study,
      SeriesInstanceUid series) {}

  /// Something wrong with the directory itself.
  ///
  /// @param position of the record it was seen in
  /// @param detail for a person to read, without values from the file
  public record Oddity(Kind kind, long position, String detail) {

    /// What it is.
    public enum Kind {
      /// There is no directory record sequence.
      NO_RECORDS,
      /// An offset does not lead to a record.
      OFFSET_WRONG,
      /// Offsets lead to one record twice.
      OFFSET_TWICE,
      /// No offset leads to the record; its parent is guessed from the order.
      UNREACHABLE,
      /// A reference leads out of the folder, or is no name of a file. It is never followed.
      ESCAPING_REFERENCE,
      /// Two records refer to one file.
      REFERENCED_TWICE
    }
  }

  /// The directory against the files that are really there.
  ///
  /// @param present the paths found, by entry that refers to them
  /// @param dangling entries whose file is not there
  /// @param unlisted paths to which no entry refers
  public record Comparison(
      Map<Entry, String> present, List<Entry> dangling, List<String> unlisted) {}

  /// Reads the records of a file that [DicomFile#isDicomDir] says is one, whole.
  public static DicomDir read(DicomFile file) throws IOException {
    return new Reader(file.dataSet()).read();
  }

  /// Compares with the files of the folder, the DICOMDIR itself left out by the caller.
  ///
  /// @param paths relative to the folder of the DICOMDIR, `/` between components
  public Comparison compareWith(Collection<String> paths) {
    Map<String, String> byKey = new HashMap<>();
    for (String path : paths) {
      byKey.putIfAbsent(key(path), path);
    }
    Map<Entry, String> present = new HashMap<>();
    List<Entry> dangling = new ArrayList<>();
    Set<String> referenced = new HashSet<>();
    for (Entry entry : records) {
      if (entry.path().isEmpty() || !entry.inUse()) {
        continue;
      }
      String key = key(entry.path().get());
      String found = byKey.get(key);
      if (found == null) {
        dangling.add(entry);
      } else {
        present.put(entry, found);
        referenced.add(key);
      }
    }
    List<String> unlisted = paths.stream().filter(path -> !referenced.contains(key(path))).toList();
    return new Comparison(present, dangling, unlisted);
  }

  /// What the names of one file on different systems have in common: mounted CDs show upper or
  /// lower case, a version or none, a dot at the end or none.
  static String key(String path) {
    StringBuilder key = new StringBuilder(path.length());
    for (String component : path.split("/", -1)) {
      String name = VERSION.matcher(component).replaceFirst("");
      if (name.endsWith(".")) {
        name = name.substring(0, name.length() - 1);
      }
      key.append(key.isEmpty() ? "" : "/").append(name.toLowerCase(Locale.ROOT));
    }
    return key.toString();
  }

  /// Reads one directory.
  private static final class Reader {

    private final DataSet dataSet;
    private final List<DataSet> items;
    private final Map<Long, Integer> byPosition = new HashMap<>();
    private final List<Oddity> oddities = new ArrayList<>();
    private final int[] parents;

    /// What holds for everything below a record.
    private final Inherited[] inherited;

    private record Inherited(String patientId, String study, String series) {
      static final Inherited NOTHING = new Inherited("", "", "");
    }

    private static final int UNKNOWN = -2;
    private static final int ROOT = -1;

    Reader(DataSet dataSet) {
      this.dataSet = dataSet;
      this.items = dataSet.sequence(Tag.DirectoryRecordSequence);
      this.parents = new int[items.size()];
      this.inherited = new Inherited[items.size()];
    }

    DicomDir read() throws IOException {
      if (dataSet.indexOf(Tag.DirectoryRecordSequence) < 0) {
        tell(Oddity.Kind.NO_RECORDS, 0, "there is no directory record sequence");
      }
      List<DataSet> records = new ArrayList<>(items);
      for (int i = 0; i < parents.length; i++) {
        byPosition.put(records.get(i).position(), i);
        parents[i] = UNKNOWN;
      }
      followOffsets(records);
      List<Entry> entries = new ArrayList<>(parents.length);
      Set<String> seen = new HashSet<>();
      int[] lastOfLevel = {ROOT, ROOT, ROOT};
      for (int i = 0; i < parents.length; i++) {
        DataSet item = records.get(i);
        String type = item.string(Tag.DirectoryRecordType).orElse("");
        int level = levelOf(type);
        if (parents[i] == UNKNOWN) {
          tell(Oddity.Kind.UNREACHABLE, item.position(), "no offset leads to this record");
          parents[i] = closestAbove(level, lastOfLevel);
        }
        if (level < lastOfLevel.length) {
          lastOfLevel[level] = i;
          Arrays.fill(lastOfLevel, level + 1, lastOfLevel.length, ROOT);
        }
      }
      for (int i = 0; i < parents.length; i++) {
        Entry entry = entry(i, records);
        entry
            .path()
            .filter(path -> !seen.add(key(path)))
            .ifPresent(path ->
                tell(
                    Oddity.Kind.REFERENCED_TWICE,
                    entry.position(),
                    "another record refers to the same file"));
        entries.add(entry);
      }
      return new DicomDir(entries, oddities);
    }

    private static int closestAbove(int level, int[] lastOfLevel) {
      for (int above = level - 1; above >= 0; above--) {
        if (lastOfLevel[above] != ROOT) {
          return lastOfLevel[above];
        }
      }
      return ROOT;
    }

    /// PATIENT holds STUDY holds SERIES holds the rest (PS3.3 section F.4).
    private static int levelOf(String type) {
      return switch (type) {
        case "PATIENT" -> 0;
        case "STUDY" -> 1;
        case "SERIES" -> 2;
        default -> 3;
      };
    }

    /// Goes from record to record as the offsets say; each is visited once, so loops end.
    private void followOffsets(List<DataSet> records) throws IOException {
      List<Integer> waiting = new ArrayList<>();
      long first =
          dataSet.number(Tag.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity).orElse(0L);
      visit(first, ROOT, 0, waiting);
      while (!waiting.isEmpty()) {
        int i = waiting.removeLast();
        DataSet item = records.get(i);
        long next = item.number(Tag.OffsetOfTheNextDirectoryRecord).orElse(0L);
        long lower = item.number(Tag.OffsetOfReferencedLowerLevelDirectoryEntity).orElse(0L);
        visit(next, parents[i], item.position(), waiting);
        visit(lower, i, item.position(), waiting);
      }
    }

    private void visit(long offset, int parent, long from, List<Integer> waiting) {
      if (offset == 0) {
        return;
      }
      Integer found = byPosition.get(offset);
      if (found == null) {
        tell(Oddity.Kind.OFFSET_WRONG, from, "no record starts at " + offset);
      } else if (parents[found] != UNKNOWN) {
        tell(Oddity.Kind.OFFSET_TWICE, from, "the record at " + offset + " is reached twice");
      } else {
        parents[found] = parent;
        waiting.add(found);
      }
    }

    private Entry entry(int i, List<DataSet> records) throws IOException {
      DataSet item = records.get(i);
      Inherited facts = inheritedBy(i, records);
      return new Entry(
          item.string(Tag.DirectoryRecordType).orElse(""),
          // 0000H means deleted; other values are FFFFH (PS3.3 section F.3.2.2).
          item.number(Tag.RecordInUseFlag).orElse(0xFFFFL) != 0,
          item.position(),
          path(item),
          item.string(Tag.ReferencedSOPClassUIDInFile).orElse(""),
          new SopInstanceUid(item.string(Tag.ReferencedSOPInstanceUIDInFile).orElse("")),
          item.string(Tag.ReferencedTransferSyntaxUIDInFile).orElse(""),
          PatientData.of(facts.patientId()),
          new StudyInstanceUid(facts.study()),
          new SeriesInstanceUid(facts.series()));
    }

    /// Climbs to the first ancestor that is known, then comes back; parents never form a loop,
    /// since each was reached from its own once, or stands before it.
    private Inherited inheritedBy(int record, List<DataSet> records) throws IOException {
      List<Integer> chain = new ArrayList<>();
      Inherited facts = Inherited.NOTHING;
      for (int i = record; i >= 0 && chain.size() <= parents.length; i = parents[i]) {
        if (inherited[i] != null) {
          facts = inherited[i];
          break;
        }
        chain.add(i);
      }
      for (int i : chain.reversed()) {
        DataSet item = records.get(i);
        facts =
            new Inherited(
                item.string(Tag.PatientID).orElse(facts.patientId()),
                item.string(Tag.StudyInstanceUID).orElse(facts.study()),
                item.string(Tag.SeriesInstanceUID).orElse(facts.series()));
        inherited[i] = facts;
      }
      return facts;
    }

    private Optional<String> path(DataSet item) throws IOException {
      List<String> components = new ArrayList<>();
      for (String value : item.strings(Tag.ReferencedFileID)) {
        // Some writers put a whole path into one value.
        components.addAll(List.of(value.split("/", -1)));
      }
      // A single empty value is no reference.
      if (components.stream().allMatch(String::isEmpty)) {
        return Optional.empty();
      }
      boolean isSafe =
          components.size() <= COMPONENTS_MAX && components.stream().allMatch(Reader::isPlainName);
      if (!isSafe) {
        tell(
            Oddity.Kind.ESCAPING_REFERENCE,
            item.position(),
            "its Referenced File ID is no path inside the folder");
        return Optional.empty();
      }
      return Optional.of(components.stream().collect(Collectors.joining("/")));
    }

    private static boolean isPlainName(String component) {
      boolean hasOnlyDots = component.chars().allMatch(c -> c == '.' || c == ' ');
      boolean hasSeparators =
          component
              .chars()
              .anyMatch(c -> c < ' ' || c == '/' || c == '\\' || c == ':' || c == 0x7F);
      return !component.isEmpty() && !hasOnlyDots && !hasSeparators;
    }

    private void tell(Oddity.Kind kind, long position, String detail) {
      if (oddities.size() < ODDITIES_MAX) {
        oddities.add(new Oddity(kind, position, detail));
      }
    }
  }
}
