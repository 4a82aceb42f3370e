package serdab.dicom;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Makes the DICOMDIR of a file-set, and the names of its files. One thread at a time.
///
/// Instances are added one after another; each gets a File ID of components of at most eight
/// characters (PS3.10 section 8.5), and a record with what the standard wants repeated from it,
/// byte for byte and in the character set it was found in. Where a file lacks a value that its
/// record has to have, one is made up and told of; the file stays as it is. Files may be of any
/// transfer syntax.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part03.html#chapter_F DICOM PS3.3
///   annex F
public final class MediaDirectory {

  /// A medium is for the exams of a person; larger directories are more than most readers load.
  public static final int INSTANCES_MAX = 100_000;

  /// The name of the directory in a file-set's folder.
  public static final String FILE_NAME = "DICOMDIR";

  private static final String MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10";
  private static final String TOP = "DICOM";
  private static final int FileSetConsistencyFlag = 0x00041212;
  private static final int CodeValue = 0x00080100;
  private static final int CodingSchemeDesignator = 0x00080102;
  private static final int CodeMeaning = 0x00080104;
  private static final int RelationshipType = 0x0040A010;
  private static final int ContentSequence = 0x0040A730;
  private static final int IN_USE = 0xFFFF;

  /// Values repeated in records are names and labels; longer ones are no such thing.
  private static final int VALUE_BYTES_MAX = 4 << 10;

  private static final int ITEMS_MAX = 1_000;
  private static final int DEPTH_MAX = 8;

  private final Map<String, Node> patients = new LinkedHashMap<>();
  private final List<Node> roots = new ArrayList<>();
  private final Set<String> instances = new HashSet<>();
  private int leavesAtTop;

  /// What came of adding an instance.
  public sealed interface Added {

    /// It has a record.
    ///
    /// @param path its File ID with `/` between the components: where the file has to be
    /// @param madeUp attributes that the record has to have and the file has not
    record Listed(String path, List<Integer> madeUp) implements Added {}

    /// No record can refer to it.
    ///
    /// @param reason a sentence without values from the file
    record NotListed(String reason) implements Added {}
  }

  /// A record, its place in the tree and what it repeats.
  private static final class Node {
    private final String type;
    private final TreeMap<Integer, Value> values = new TreeMap<>(Integer::compareUnsigned);
    private final Map<String, Node> byKey = new LinkedHashMap<>();
    private final List<Node> below = new ArrayList<>();
    private final String name;
    private @Nullable Reference reference;
    private long offset;

    Node(String type, String name) {
      this.type = type;
      this.name = name;
    }
  }

  private record Reference(String[] fileId, String sopClass, String sop, String transferSyntax) {}

  /// A value as it goes into a record.
  private sealed interface Value {
    record Raw(Vr vr, byte[] bytes) implements Value {}

    record Numbers(Vr vr, long... numbers) implements Value {}

    record Items(List<TreeMap<Integer, Value>> items) implements Value {}
  }

  /// Adds an instance.
  ///
  /// @param file whose header is still open for reading
  public Added add(DicomFile file) throws IOException {
    InstanceFacts facts = file.facts();
    Optional<String> refusal = refusal(file, facts);
    if (refusal.isPresent()) {
      return new Added.NotListed(refusal.get());
    }
    Optional<DirectoryRecordType> type =
        DirectoryRecordType.of(facts.sopClassUid(), file.dataSet().indexOf(Tag.Rows) >= 0);
    if (type.isEmpty()) {
      return new Added.NotListed("Its SOP class has no kind of directory record.");
    }
    if (!type.get().isOfNoPatient()
        && (facts.study().value().isEmpty() || facts.series().value().isEmpty())) {
      return new Added.NotListed("It names no study or no series.");
    }
    if (!instances.add(facts.sop().value())) {
      return new Added.NotListed("Another file with its SOP Instance UID is listed already.");
    }
    List<Integer> madeUp = new ArrayList<>();
    return type.get().isOfNoPatient()
        ? addAtTop(file, facts, type.get(), madeUp)
        : addBelowSeries(file, facts, type.get(), madeUp);
  }

  private Optional<String> refusal(DicomFile file, InstanceFacts facts) {
    if (!file.isDicom()) {
      return Optional.of("It is no DICOM file.");
    }
    if (file.isDicomDir()) {
      return Optional.of("It is the directory of another file-set.");
    }
    if (file.preamble().isEmpty() || file.fileMeta().indexOf(Tag.TransferSyntaxUID) < 0) {
      return Optional.of("It has no File Meta Information, which files on media have to have.");
    }
    if (facts.sop().value().isEmpty() || facts.sopClassUid().isEmpty()) {
      return Optional.of("It does not say which SOP instance, or of which class, it is.");
    }
    if (!isPlain(facts.sop().value())
        || !isPlain(facts.sopClassUid())
        || !isPlain(facts.transferSyntaxUid())) {
      return Optional.of("One of its UIDs has characters that no UID has.");
    }
    return instances.size() >= INSTANCES_MAX
        ? Optional.of("The file-set has " + INSTANCES_MAX + " instances already.")
        : Optional.empty();
  }

  private static boolean isPlain(String uid) {
    return uid.chars().allMatch(c -> (c >= '0' && c <= '9') || c == '.');
  }

  private Added addAtTop(
      DicomFile file, InstanceFacts facts, DirectoryRecordType type, List<Integer> madeUp)
      throws IOException {
    Node leaf = new Node(type.text(), numbered(type.prefix(), ++leavesAtTop));
    fill(leaf, file.dataSet(), type.keys(), leavesAtTop, madeUp);
    refer(leaf, facts, TOP, leaf.name);
    roots.add(leaf);
    return new Added.Listed(TOP + "/" + leaf.name, madeUp);
  }

  private Added addBelowSeries(
      DicomFile file, InstanceFacts facts, DirectoryRecordType type, List<Integer> madeUp)
      throws IOException {
    DataSet data = file.dataSet();
    String patientId = facts.patientId().reveal(serdab.PatientData.Purpose.BESIDE_THE_DATA);
    String who =
        patientId.isEmpty()
            ? "?" + facts.patientName().reveal(serdab.PatientData.Purpose.BESIDE_THE_DATA)
            : "=" + patientId;
    Node patient = patients.get(who);
    if (patient == null) {
      patient = new Node("PATIENT", numbered("PT", patients.size() + 1));
      fill(patient, data, DirectoryRecordType.PATIENT_KEYS, patients.size() + 1, madeUp);
      patients.put(who, patient);
      roots.add(patient);
    }
    Node study =
        below(
            patient,
            facts.study().value(),
            "STUDY",
            "ST",
            DirectoryRecordType.STUDY_KEYS,
            data,
            madeUp);
    Node series =
        below(
            study,
            facts.series().value(),
            "SERIES",
            "SE",
            DirectoryRecordType.SERIES_KEYS,
            data,
            madeUp);
    int number = series.below.size() + 1;
    Node leaf = new Node(type.text(), numbered(type.prefix(), number));
    fill(leaf, data, type.keys(), number, madeUp);
    refer(leaf, facts, TOP, patient.name, study.name, series.name, leaf.name);
    series.below.add(leaf);
    return new Added.Listed(
        String.join("/", TOP, patient.name, study.name, series.name, leaf.name), madeUp);
  }

  private static Node below(
      Node above,
      String key,
      String type,
      String prefix,
      List<DirectoryRecordType.Key> keys,
      DataSet data,
      List<Integer> madeUp)
      throws IOException {
    Node there = above.byKey.get(key);
    if (there != null) {
      return there;
    }
    int number = above.below.size() + 1;
    Node node = new Node(type, numbered(prefix, number));
    fill(node, data, keys, number, madeUp);
    above.byKey.put(key, node);
    above.below.add(node);
    return node;
  }

  private static void refer(Node leaf, InstanceFacts facts, String... fileId) {
    leaf.reference =
        new Reference(fileId, facts.sopClassUid(), facts.sop().value(), facts.transferSyntaxUid());
  }

  private static String numbered(String prefix, int number) {
    return prefix + String.format(java.util.Locale.ROOT, "%06d", number);
  }

  // ---- values

  private static void fill(
      Node node, DataSet data, List<DirectoryRecordType.Key> keys, int number, List<Integer> madeUp)
      throws IOException {
    value(data, Tag.SpecificCharacterSet, Vr.CS)
        .ifPresent(value -> node.values.put(Tag.SpecificCharacterSet, value));
    for (DirectoryRecordType.Key key : keys) {
      Optional<Value> value = value(data, key.tag(), key.vr());
      switch (key.need()) {
        case IF_THERE -> value.ifPresent(each -> node.values.put(key.tag(), each));
        case EMPTY_ALLOWED ->
            node.values.put(
                key.tag(),
                value.orElse(
                    key.vr() == Vr.SQ
                        ? new Value.Items(List.of())
                        : new Value.Raw(key.vr(), new byte[0])));
        case VALUE -> {
          if (value.isEmpty()) {
            madeUp.add(key.tag());
          }
          node.values.put(key.tag(), value.orElseGet(() -> invented(key, number)));
        }
      }
    }
  }

  private static Value invented(DirectoryRecordType.Key key, int number) {
    if (key.vr() == Vr.SQ) {
      TreeMap<Integer, Value> code = new TreeMap<>(Integer::compareUnsigned);
      code.put(CodeValue, ascii(Vr.SH, key.invented()));
      code.put(CodingSchemeDesignator, ascii(Vr.SH, "99SERDAB"));
      code.put(CodeMeaning, ascii(Vr.LO, key.invented()));
      return new Value.Items(List.of(code));
    }
    if (key.vr() == Vr.US || key.vr() == Vr.UL) {
      return new Value.Numbers(key.vr(), Long.parseLong(key.invented()));
    }
    return ascii(key.vr(), key.invented().isEmpty() ? Integer.toString(number) : key.invented());
  }

  private static Value ascii(Vr vr, String text) {
    return new Value.Raw(vr, text.getBytes(StandardCharsets.US_ASCII));
  }

  /// A value of the file's, when it has one that a record can repeat.
  private static Optional<Value> value(DataSet data, int tag, Vr vr) throws IOException {
    int i = data.indexOf(tag);
    if (i < 0) {
      return Optional.empty();
    }
    if (vr == Vr.SQ) {
      List<TreeMap<Integer, Value>> items = items(data, i, tag, 0);
      return items.isEmpty() ? Optional.empty() : Optional.of(new Value.Items(items));
    }
    if (!vr.isText()) {
      return data.number(tag)
          .filter(number -> number >= 0 && number <= (vr == Vr.US ? 0xFFFFL : 0xFFFF_FFFFL))
          .map(number -> new Value.Numbers(vr, number));
    }
    if (data.valueLength(i) > VALUE_BYTES_MAX) {
      return Optional.empty();
    }
    byte[] bytes = trimmed(data.value(i).orElse(new byte[0]));
    if (vr == Vr.DA || vr == Vr.TM) {
      bytes = withoutSeparators(bytes, (byte) (vr == Vr.DA ? '.' : ':'));
    }
    return bytes.length == 0 ? Optional.empty() : Optional.of(new Value.Raw(vr, bytes));
  }

  /// Without padding, which the writer adds as each VR wants it.
  private static byte[] trimmed(byte[] bytes) {
    int end = bytes.length;
    while (end > 0 && (bytes[end - 1] == ' ' || bytes[end - 1] == 0)) {
      end--;
    }
    return java.util.Arrays.copyOf(bytes, end);
  }

  /// Files of the years before DICOM separate the parts of dates and times (PS3.5 section 6.2).
  private static byte[] withoutSeparators(byte[] bytes, byte separator) {
    byte[] kept = new byte[bytes.length];
    int length = 0;
    for (byte b : bytes) {
      if (b != separator) {
        kept[length++] = b;
      }
    }
    return java.util.Arrays.copyOf(kept, length);
  }

  private static List<TreeMap<Integer, Value>> items(DataSet data, int i, int tag, int depth)
      throws IOException {
    List<TreeMap<Integer, Value>> items = new ArrayList<>();
    if (depth >= DEPTH_MAX) {
      return items;
    }
    for (DataSet item : data.items(i)) {
      if (items.size() >= ITEMS_MAX) {
        break;
      }
      // Of a document's content only what modifies its title belongs into its record.
      boolean isContent = tag == ContentSequence && depth == 0;
      if (isContent && !item.string(RelationshipType).orElse("").equals("HAS CONCEPT MOD")) {
        continue;
      }
      items.add(item(item, depth));
    }
    return items;
  }

  private static TreeMap<Integer, Value> item(DataSet item, int depth) throws IOException {
    TreeMap<Integer, Value> values = new TreeMap<>(Integer::compareUnsigned);
    for (int e = 0; e < item.size(); e = item.next(e)) {
      int tag = item.tag(e);
      Vr vr = item.vr(e);
      if (Tag.isGroupLength(tag) || Tag.isPrivate(tag) || vr == Vr.NONE) {
        continue;
      }
      if (vr == Vr.SQ) {
        values.put(tag, new Value.Items(items(item, e, tag, depth + 1)));
      } else if (item.valueLength(e) <= VALUE_BYTES_MAX
          && (vr.isText() || vr.unitBytes() == 1 || !item.isBigEndian(e))) {
        Optional<byte[]> bytes = item.value(e);
        if (bytes.isPresent()) {
          values.put(tag, new Value.Raw(vr, vr.isText() ? trimmed(bytes.get()) : bytes.get()));
        }
      }
    }
    return values;
  }

  // ---- writing

  /// How many instances are listed.
  public int size() {
    return instances.size();
  }

  /// Writes the DICOMDIR.
  ///
  /// @param fileSetId a name of at most 16 capital letters, digits and underscores
  /// @param instanceUid of the directory itself
  public void write(OutputStream out, String fileSetId, String instanceUid) throws IOException {
    // The first time tells where each record begins, the second time writes that down.
    writeOnce(OutputStream.nullOutputStream(), fileSetId, instanceUid);
    writeOnce(out, fileSetId, instanceUid);
  }

  private void writeOnce(OutputStream out, String fileSetId, String instanceUid)
      throws IOException {
    DicomWriter writer = DicomWriter.begin(out, MEDIA_STORAGE_DIRECTORY, instanceUid);
    writer
        .text(Tag.FileSetID, Vr.CS, fileSetId)
        .numbers(
            Tag.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity,
            Vr.UL,
            roots.isEmpty() ? 0 : roots.getFirst().offset)
        .numbers(
            Tag.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity,
            Vr.UL,
            roots.isEmpty() ? 0 : roots.getLast().offset)
        .numbers(FileSetConsistencyFlag, Vr.US, 0)
        .beginSequence(Tag.DirectoryRecordSequence);
    writeAll(roots, writer);
    writer.endSequence().end();
  }

  /// Records of one level, each followed by those below it.
  private static void writeAll(List<Node> level, DicomWriter writer) throws IOException {
    for (int i = 0; i < level.size(); i++) {
      Node node = level.get(i);
      node.offset = writer.positionBytes();
      writer
          .beginItem()
          .numbers(
              Tag.OffsetOfTheNextDirectoryRecord,
              Vr.UL,
              i + 1 < level.size() ? level.get(i + 1).offset : 0)
          .numbers(Tag.RecordInUseFlag, Vr.US, IN_USE)
          .numbers(
              Tag.OffsetOfReferencedLowerLevelDirectoryEntity,
              Vr.UL,
              node.below.isEmpty() ? 0 : node.below.getFirst().offset)
          .text(Tag.DirectoryRecordType, Vr.CS, node.type);
      Reference reference = node.reference;
      if (reference != null) {
        writer
            .text(Tag.ReferencedFileID, Vr.CS, reference.fileId())
            .uid(Tag.ReferencedSOPClassUIDInFile, reference.sopClass())
            .uid(Tag.ReferencedSOPInstanceUIDInFile, reference.sop())
            .uid(Tag.ReferencedTransferSyntaxUIDInFile, reference.transferSyntax());
      }
      write(node.values, writer);
      writer.endItem();
      writeAll(node.below, writer);
    }
  }

  private static void write(TreeMap<Integer, Value> values, DicomWriter writer) throws IOException {
    for (Map.Entry<Integer, Value> each : values.entrySet()) {
      int tag = each.getKey();
      switch (each.getValue()) {
        case Value.Raw raw -> writer.bytes(tag, raw.vr(), raw.bytes());
        case Value.Numbers numbers -> writer.numbers(tag, numbers.vr(), numbers.numbers());
        case Value.Items items -> {
          writer.beginSequence(tag);
          for (TreeMap<Integer, Value> item : items.items()) {
            writer.beginItem();
            write(item, writer);
            writer.endItem();
          }
          writer.endSequence();
        }
      }
    }
  }
}
