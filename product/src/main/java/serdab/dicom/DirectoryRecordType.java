package serdab.dicom;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The kinds of directory records of a DICOMDIR that refer to an instance: which one a SOP class
/// has (PS3.3 section F.4) and which attributes it repeats (PS3.3 section F.5).
enum DirectoryRecordType {
  IMAGE("IMAGE", "IM", instanceNumber()),
  RT_DOSE("RT DOSE", "RD", instanceNumber(), one(0x3004000A, Vr.CS, "PLAN")),
  RT_STRUCTURE_SET(
      "RT STRUCTURE SET",
      "RS",
      instanceNumber(),
      one(0x30060002, Vr.SH, "UNKNOWN"),
      two(0x30060008, Vr.DA),
      two(0x30060009, Vr.TM)),
  RT_PLAN(
      "RT PLAN",
      "RP",
      instanceNumber(),
      one(0x300A0002, Vr.SH, "UNKNOWN"),
      two(0x300A0006, Vr.DA),
      two(0x300A0007, Vr.TM)),
  RT_TREAT_RECORD(
      "RT TREAT RECORD", "RX", instanceNumber(), two(0x30080250, Vr.DA), two(0x30080251, Vr.TM)),
  PRESENTATION(
      "PRESENTATION",
      "PR",
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      one(0x00700082, Vr.DA, Invented.DATE),
      one(0x00700083, Vr.TM, Invented.TIME),
      two(0x00700084, Vr.PN),
      ifThere(0x00081115, Vr.SQ),
      ifThere(0x00700402, Vr.SQ)),
  SR_DOCUMENT(
      "SR DOCUMENT",
      "SR",
      instanceNumber(),
      one(0x0040A491, Vr.CS, "PARTIAL"),
      one(0x0040A493, Vr.CS, "UNVERIFIED"),
      contentDate(),
      contentTime(),
      ifThere(0x0040A030, Vr.DT),
      concept(),
      ifThere(0x0040A730, Vr.SQ)),
  KEY_OBJECT_DOC(
      "KEY OBJECT DOC",
      "KO",
      instanceNumber(),
      contentDate(),
      contentTime(),
      concept(),
      ifThere(0x0040A730, Vr.SQ)),
  SPECTROSCOPY(
      "SPECTROSCOPY",
      "SP",
      one(Tag.ImageType, Vr.CS, "ORIGINAL"),
      contentDate(),
      contentTime(),
      instanceNumber(),
      ifThere(0x00089092, Vr.SQ),
      one(Tag.NumberOfFrames, Vr.IS, "1"),
      one(Tag.Rows, Vr.US, "1"),
      one(Tag.Columns, Vr.US, "1"),
      one(0x00289001, Vr.UL, "1"),
      one(0x00289002, Vr.UL, "1")),
  WAVEFORM("WAVEFORM", "WV", instanceNumber(), contentDate(), contentTime()),
  RAW_DATA("RAW DATA", "RW", instanceNumber(), contentDate(), contentTime()),
  REGISTRATION(
      "REGISTRATION",
      "RG",
      contentDate(),
      contentTime(),
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  FIDUCIAL(
      "FIDUCIAL",
      "FD",
      contentDate(),
      contentTime(),
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  ENCAP_DOC(
      "ENCAP DOC",
      "ED",
      two(Tag.ContentDate, Vr.DA),
      two(0x00080033, Vr.TM),
      instanceNumber(),
      two(0x00420010, Vr.ST),
      ifThere(0x0040E001, Vr.ST),
      two(0x0040A043, Vr.SQ),
      one(0x00420012, Vr.LO, "application/octet-stream")),
  VALUE_MAP(
      "VALUE MAP",
      "VM",
      contentDate(),
      contentTime(),
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  STEREOMETRIC("STEREOMETRIC", "SX"),
  MEASUREMENT(
      "MEASUREMENT",
      "MX",
      contentDate(),
      contentTime(),
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  SURFACE(
      "SURFACE",
      "SF",
      contentDate(),
      contentTime(),
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  SURFACE_SCAN("SURFACE SCAN", "SS", contentDate(), contentTime()),
  TRACT(
      "TRACT",
      "TR",
      contentDate(),
      contentTime(),
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  ASSESSMENT(
      "ASSESSMENT",
      "AS",
      instanceNumber(),
      one(0x00080012, Vr.DA, Invented.DATE),
      two(0x00080013, Vr.TM)),
  RADIOTHERAPY(
      "RADIOTHERAPY",
      "RT",
      instanceNumber(),
      ifThere(0x30100033, Vr.SH),
      ifThere(0x30100034, Vr.LO),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  ANNOTATION(
      "ANNOTATION",
      "AN",
      contentDate(),
      contentTime(),
      instanceNumber(),
      label(),
      two(0x00700081, Vr.LO),
      two(0x00700084, Vr.PN)),
  HANGING_PROTOCOL(
      "HANGING PROTOCOL",
      "HP",
      one(0x00720008, Vr.LO, "UNKNOWN"),
      one(0x0072000A, Vr.DT, Invented.DATE),
      ifThere(0x0072000C, Vr.SQ),
      one(0x00720014, Vr.US, "0"),
      two(0x0072000E, Vr.SQ)),
  PALETTE("PALETTE", "PA", label(), two(0x00700081, Vr.LO)),
  IMPLANT(
      "IMPLANT",
      "IP",
      one(Tag.Manufacturer, Vr.LO, "UNKNOWN"),
      one(0x00221095, Vr.LO, "UNKNOWN"),
      ifThere(0x00686210, Vr.LO),
      one(0x00221097, Vr.LO, "UNKNOWN"));

  /// What is written where a file lacks a value that the record has to have.
  static final class Invented {
    static final String DATE = "19000101";
    static final String TIME = "000000";
    static final String LABEL = "UNKNOWN";

    /// Stands for a number that is unique among its siblings.
    static final String NUMBER = "";

    private Invented() {}
  }

  /// Whether a record has to have an attribute, and a value of it.
  enum Need {
    /// Type 1.
    VALUE,
    /// Type 2.
    EMPTY_ALLOWED,
    /// Type 1C and 3: repeated where the file has it.
    IF_THERE
  }

  /// An attribute that a record repeats from its instance.
  ///
  /// @param invented what is written for a missing value of type 1
  record Key(int tag, Vr vr, Need need, String invented) {}

  private static final String STORAGE = "1.2.840.10008.5.1.4.1.1.";

  /// Protocols of examinations, which are about no images.
  private static final String PROTOCOLS = STORAGE + "200.";

  /// By the SOP class's end behind [#STORAGE]; longer ends win over what they begin with.
  private static final Map<String, DirectoryRecordType> BY_CLASS =
      Map.ofEntries(
          Map.entry("481.2", RT_DOSE),
          Map.entry("481.3", RT_STRUCTURE_SET),
          Map.entry("481.4", RT_TREAT_RECORD),
          Map.entry("481.5", RT_PLAN),
          Map.entry("481.6", RT_TREAT_RECORD),
          Map.entry("481.7", RT_TREAT_RECORD),
          Map.entry("481.8", RT_PLAN),
          Map.entry("481.9", RT_TREAT_RECORD),
          Map.entry("481.10", RADIOTHERAPY),
          Map.entry("481.11", RADIOTHERAPY),
          Map.entry("481.12", RADIOTHERAPY),
          Map.entry("481.13", RADIOTHERAPY),
          Map.entry("481.14", RADIOTHERAPY),
          Map.entry("481.15", RADIOTHERAPY),
          Map.entry("481.16", RADIOTHERAPY),
          Map.entry("481.17", RADIOTHERAPY),
          Map.entry("4.2", SPECTROSCOPY),
          Map.entry("9", WAVEFORM),
          Map.entry("11", PRESENTATION),
          Map.entry("131", PRESENTATION),
          Map.entry("66", RAW_DATA),
          Map.entry("66.1", REGISTRATION),
          Map.entry("66.2", FIDUCIAL),
          Map.entry("66.3", REGISTRATION),
          Map.entry("66.4", IMAGE),
          Map.entry("66.5", SURFACE),
          Map.entry("66.6", TRACT),
          Map.entry("66.7", IMAGE),
          Map.entry("67", VALUE_MAP),
          Map.entry("68.1", SURFACE_SCAN),
          Map.entry("68.2", SURFACE_SCAN),
          Map.entry("77.1.5.3", STEREOMETRIC),
          Map.entry("78", MEASUREMENT),
          Map.entry("78.6", SR_DOCUMENT),
          Map.entry("79.1", SR_DOCUMENT),
          Map.entry("80.1", MEASUREMENT),
          Map.entry("88", SR_DOCUMENT),
          Map.entry("88.59", KEY_OBJECT_DOC),
          Map.entry("90.1", ASSESSMENT),
          Map.entry("91.1", ANNOTATION),
          Map.entry("104", ENCAP_DOC));

  /// Kinds that belong to no patient and stand at the top.
  private static final Map<String, DirectoryRecordType> OF_NO_PATIENT =
      Map.of(
          "1.2.840.10008.5.1.4.38.1", HANGING_PROTOCOL,
          "1.2.840.10008.5.1.4.39.1", PALETTE,
          "1.2.840.10008.5.1.4.43.1", IMPLANT);

  private final String text;
  private final String prefix;

  @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable; its type does not say so
  private final List<Key> keys;

  DirectoryRecordType(String text, String prefix, Key... keys) {
    this.text = text;
    this.prefix = prefix;
    this.keys = List.of(keys);
  }

  /// What (0004,1430) says.
  String text() {
    return text;
  }

  /// The first two characters of its files' names.
  String prefix() {
    return prefix;
  }

  List<Key> keys() {
    return keys;
  }

  boolean isOfNoPatient() {
    return OF_NO_PATIENT.containsValue(this);
  }

  /// The kind of record that refers to an instance of a SOP class. Storage classes of the standard
  /// that are not known here are images, as most are; a class of a vendor is one when it has
  /// pixels. Empty where no record is known.
  ///
  /// @param hasPixels whether the instance says how many rows of pixels it has
  static Optional<DirectoryRecordType> of(String sopClassUid, boolean hasPixels) {
    DirectoryRecordType ofNoPatient = OF_NO_PATIENT.get(sopClassUid);
    if (ofNoPatient != null) {
      return Optional.of(ofNoPatient);
    }
    if (sopClassUid.startsWith(STORAGE)) {
      String end = sopClassUid.substring(STORAGE.length());
      while (!end.isEmpty()) {
        DirectoryRecordType found = BY_CLASS.get(end);
        if (found != null) {
          return Optional.of(found);
        }
        int dot = end.lastIndexOf('.');
        end = dot < 0 ? "" : end.substring(0, dot);
      }
      if (!sopClassUid.startsWith(PROTOCOLS)) {
        return Optional.of(IMAGE);
      }
    }
    return hasPixels ? Optional.of(IMAGE) : Optional.empty();
  }

  // ---- PATIENT, STUDY and SERIES

  static final List<Key> PATIENT_KEYS =
      List.of(two(Tag.PatientName, Vr.PN), one(Tag.PatientID, Vr.LO, Invented.NUMBER));

  static final List<Key> STUDY_KEYS =
      List.of(
          one(Tag.StudyDate, Vr.DA, Invented.DATE),
          one(Tag.StudyTime, Vr.TM, Invented.TIME),
          two(Tag.AccessionNumber, Vr.SH),
          two(Tag.StudyDescription, Vr.LO),
          one(Tag.StudyInstanceUID, Vr.UI, Invented.NUMBER),
          one(Tag.StudyID, Vr.SH, Invented.NUMBER));

  static final List<Key> SERIES_KEYS =
      List.of(
          one(Tag.Modality, Vr.CS, "OT"),
          ifThere(Tag.SeriesDescription, Vr.LO),
          one(Tag.SeriesInstanceUID, Vr.UI, Invented.NUMBER),
          one(Tag.SeriesNumber, Vr.IS, Invented.NUMBER));

  private static Key instanceNumber() {
    return one(Tag.InstanceNumber, Vr.IS, Invented.NUMBER);
  }

  private static Key contentDate() {
    return one(Tag.ContentDate, Vr.DA, Invented.DATE);
  }

  private static Key contentTime() {
    return one(0x00080033, Vr.TM, Invented.TIME);
  }

  private static Key label() {
    return one(0x00700080, Vr.CS, Invented.LABEL);
  }

  private static Key concept() {
    return one(0x0040A043, Vr.SQ, Invented.LABEL);
  }

  private static Key one(int tag, Vr vr, String invented) {
    return new Key(tag, vr, Need.VALUE, invented);
  }

  private static Key two(int tag, Vr vr) {
    return new Key(tag, vr, Need.EMPTY_ALLOWED, "");
  }

  private static Key ifThere(int tag, Vr vr) {
    return new Key(tag, vr, Need.IF_THERE, "");
  }
}
