package serdab.dicom;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One file, read as DICOM: an index of byte ranges over bytes that stay as they are.
///
/// Nothing a file holds makes reading fail. What is odd or damaged stands in [#anomalies], and what
/// could be understood is there. `IOException` is thrown only when bytes cannot be read.
///
/// The [ByteSource] belongs to the caller. [#facts] and positions need it no more; values are read
/// from it when they are asked for. Thread-safe.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part10.html#chapter_7 DICOM
///   PS3.10
public final class DicomFile {

  private static final int PREAMBLE_BYTES = 128;
  private static final byte[] PREFIX = {'D', 'I', 'C', 'M'};
  private static final String MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10";

  private final long lengthBytes;
  private final boolean isDicom;
  private final byte @Nullable [] preamble;
  private final long dataSetOffset;
  private final TransferSyntax transferSyntax;
  private final DataSet fileMeta;
  private final DataSet dataSet;
  private final InstanceFacts facts;
  private final List<Anomaly> anomalies;

  private DicomFile(Reader reader, InstanceFacts facts) {
    this.lengthBytes = reader.in.length();
    this.isDicom = reader.isDicom;
    this.preamble = reader.preamble;
    this.dataSetOffset = reader.dataSetOffset;
    this.transferSyntax = reader.transferSyntax;
    this.fileMeta = new DataSet(reader.meta, reader.in.source(), reader.limits);
    this.dataSet = new DataSet(reader.elements, reader.dataWindow.source(), reader.limits);
    this.facts = facts;
    this.anomalies = reader.anomalies.list();
  }

  /// Walks over every element to the end of the file.
  public static DicomFile read(ByteSource source) throws IOException {
    return read(source, Limits.DEFAULT);
  }

  static DicomFile read(ByteSource source, Limits limits) throws IOException {
    return new Reader(source, limits).read(Walk.Until.END);
  }

  /// Walks over the elements in front of the pixels: (7FE0,0008), (7FE0,0009) or (7FE0,0010). Reads
  /// a few kilobytes of most files, and so sees no damage behind the header.
  public static DicomFile scan(ByteSource source) throws IOException {
    return new Reader(source, Limits.DEFAULT).read(Walk.Until.PIXEL_DATA);
  }

  /// Whether this is a DICOM file. If not, the only anomaly says what it is instead, and everything
  /// else is empty.
  public boolean isDicom() {
    return isDicom;
  }

  public long lengthBytes() {
    return lengthBytes;
  }

  /// The 128 bytes in front of the DICM prefix; empty in files without. They can be a TIFF header,
  /// or a program.
  public Optional<byte[]> preamble() {
    return preamble == null ? Optional.empty() : Optional.of(preamble.clone());
  }

  /// Where the bytes behind the File Meta Information start: what travels over a network, deflated
  /// or not. The length of the file when there are none.
  public long dataSetOffset() {
    return dataSetOffset;
  }

  /// The UID as declared, with the encoding as found. They differ where an anomaly says so.
  public TransferSyntax transferSyntax() {
    return transferSyntax;
  }

  /// The UID of the transfer syntax in which the data set really is, whatever the file says; empty
  /// text when there is none.
  public String transferSyntaxFound() {
    TransferSyntax declared = TransferSyntax.of(transferSyntax.uid());
    if (declared.equals(transferSyntax) && !transferSyntax.uid().isEmpty()) {
      return transferSyntax.uid();
    }
    if (transferSyntax.encapsulated() || transferSyntax.deflated()) {
      return "";
    }
    if (transferSyntax.bigEndian()) {
      return transferSyntax.explicit() ? TransferSyntax.EXPLICIT_BIG_ENDIAN : "";
    }
    return transferSyntax.explicit()
        ? TransferSyntax.EXPLICIT_LITTLE_ENDIAN
        : TransferSyntax.IMPLICIT_LITTLE_ENDIAN;
  }

  /// Group 0002 in front of the data set; empty when there is none.
  public DataSet fileMeta() {
    return fileMeta;
  }

  /// Everything behind the File Meta Information, or all of it up to the pixels after [#scan].
  public DataSet dataSet() {
    return dataSet;
  }

  /// What is odd or damaged, in the order it was found; at most 100 of damage, 100 others, and a
  /// note that there are more.
  public List<Anomaly> anomalies() {
    return anomalies;
  }

  /// Whether some of the file could not be understood, or is missing.
  public boolean isDamaged() {
    return anomalies.stream().anyMatch(a -> a.kind().severity() == Anomaly.Severity.DAMAGED);
  }

  public InstanceFacts facts() {
    return facts;
  }

  /// Whether this is the directory of a file-set rather than an instance (PS3.10 section 8.6).
  public boolean isDicomDir() {
    return facts.sopClassUid().equals(MEDIA_STORAGE_DIRECTORY)
        || dataSet.indexOf(Tag.DirectoryRecordSequence) >= 0;
  }

  /// The steps of reading, and what they found so far.
  private static final class Reader {

    private final Window in;
    private final Limits limits;
    private final Anomalies anomalies;

    private boolean isDicom = true;
    private byte @Nullable [] preamble;
    private long dataSetOffset;
    private TransferSyntax transferSyntax = TransferSyntax.of("");
    private ElementIndex meta = new ElementIndex();
    private ElementIndex elements = new ElementIndex();
    private Window dataWindow;

    Reader(ByteSource source, Limits limits) throws IOException {
      this.in = new Window(source);
      this.dataWindow = in;
      this.limits = limits;
      this.anomalies = new Anomalies(limits.anomaliesMax());
    }

    DicomFile read(Walk.Until until) throws IOException {
      int metaStart = metaStart();
      if (metaStart < 0) {
        isDicom = false;
        dataSetOffset = in.length();
        tellWhatElse();
        return new DicomFile(this, facts(reader(in, meta), reader(in, elements)));
      }
      readMeta(metaStart);
      FactsReader metaFacts = reader(in, meta);
      Encoding encoding = settleEncoding(metaFacts);
      if (transferSyntax.deflated()) {
        Inflated inflated = Inflated.from(in, dataSetOffset, limits, anomalies);
        tellBytesBehind(inflated.compressedEnd());
        dataWindow = new Window(inflated);
        encoding = Encoding.EXPLICIT_LITTLE;
      }
      long start = transferSyntax.deflated() ? 0 : dataSetOffset;
      if (start >= dataWindow.length()) {
        anomalies.add(Anomaly.Kind.EMPTY_DATA_SET, dataSetOffset, "there is no data set");
      }
      Walk walk =
          new Walk(dataWindow, start, dataWindow.length(), encoding, until, limits, anomalies);
      walk.run();
      elements = walk.index();
      FactsReader dataFacts = reader(dataWindow, elements);
      InstanceFacts facts = facts(metaFacts, dataFacts);
      tellAboutUids(facts, metaFacts, dataFacts);
      if (until == Walk.Until.END) {
        tellAboutPixels(dataFacts);
      }
      return new DicomFile(this, facts);
    }

    private static FactsReader reader(Window window, ElementIndex index) {
      return new FactsReader(window, index);
    }

    /// Where the File Meta Information, or without one the data set, starts; -1 when this is no
    /// DICOM file.
    private int metaStart() throws IOException {
      if (isPrefix(PREAMBLE_BYTES)) {
        byte[] bytes = in.copy(0, PREAMBLE_BYTES);
        preamble = bytes;
        if (ForeignFile.isProgram(bytes, PREAMBLE_BYTES)) {
          anomalies.add(Anomaly.Kind.PREAMBLE_EXECUTABLE, 0, "the preamble starts like a program");
        }
        return PREAMBLE_BYTES + PREFIX.length;
      }
      if (isPrefix(0)) {
        anomalies.add(Anomaly.Kind.NO_PREAMBLE, 0, "the file starts with the DICM prefix");
        return PREFIX.length;
      }
      if (Probe.find(in, 0, null) != null) {
        anomalies.add(Anomaly.Kind.NO_PREAMBLE, 0, "there is no preamble and no DICM prefix");
        return 0;
      }
      return -1;
    }

    private boolean isPrefix(long position) throws IOException {
      if (!in.has(position, PREFIX.length)) {
        return false;
      }
      int offset = in.offset(position);
      return Arrays.equals(in.bytes(), offset, offset + PREFIX.length, PREFIX, 0, PREFIX.length);
    }

    private void tellWhatElse() throws IOException {
      int length = (int) Math.min(in.length(), 512);
      byte[] head = in.copy(0, length);
      anomalies.add(Anomaly.Kind.NOT_DICOM, 0, ForeignFile.describe(head, head.length));
    }

    /// Reads while the group is 0002, whatever length that group declares.
    private void readMeta(long start) throws IOException {
      dataSetOffset = start;
      if (!in.has(start, 8)) {
        if (in.length() > start) {
          anomalies.add(Anomaly.Kind.TRUNCATED, start, "the file ends inside its first element");
        }
        return;
      }
      int group = Bytes.u16(in.bytes(), in.offset(start), false);
      if (group != 0x0002 && group != 0x0200) {
        anomalies.add(Anomaly.Kind.NO_FILE_META, start, "there is no File Meta Information");
        return;
      }
      Vr vr = Vr.ofLetters(in.bytes()[in.offset(start) + 4], in.bytes()[in.offset(start) + 5]);
      Encoding encoding = new Encoding(vr != null, group == 0x0200);
      if (!encoding.equals(Encoding.EXPLICIT_LITTLE)) {
        anomalies.add(
            Anomaly.Kind.META_ENCODING, start, "the File Meta Information is " + encoding.text());
      }
      Walk walk =
          new Walk(in, start, in.length(), encoding, Walk.Until.END_OF_META, limits, anomalies);
      walk.run();
      meta = walk.index();
      dataSetOffset = walk.position();
      checkMetaLength(walk, encoding);
    }

    private void checkMetaLength(Walk walk, Encoding encoding) throws IOException {
      if (meta.size() == 0
          || meta.tag(0) != Tag.FileMetaInformationGroupLength
          || meta.length(0) != 4) {
        anomalies.add(
            Anomaly.Kind.META_LENGTH_WRONG, dataSetOffset, "(0002,0000) is missing or no number");
        return;
      }
      long valueEnd = meta.valueOffset(0) + 4;
      byte[] value = in.copy(meta.valueOffset(0), 4);
      long declared =
          value.length == 4 ? valueEnd + Bytes.u32(value, 0, encoding.bigEndian()) : valueEnd;
      if (declared != dataSetOffset) {
        anomalies.add(
            Anomaly.Kind.META_LENGTH_WRONG,
            meta.position(0),
            "(0002,0000) ends the group at " + declared + ", it ends at " + dataSetOffset);
      }
      // Damage inside the group: what it declares is then the best guess for where it ends.
      if (walk.endedUnreadable()
          && declared > dataSetOffset
          && Probe.find(in, declared, Encoding.EXPLICIT_LITTLE) != null) {
        dataSetOffset = declared;
      }
    }

    /// Compares what is declared with what the first elements look like.
    private Encoding settleEncoding(FactsReader metaFacts) throws IOException {
      String uid = Uids.withoutPadding(metaFacts.text(Tag.TransferSyntaxUID));
      TransferSyntax declared = TransferSyntax.of(uid);
      transferSyntax = declared;
      Encoding claim = new Encoding(declared.explicit(), declared.bigEndian());
      boolean nothingThere = dataSetOffset >= in.length();
      if (uid.isEmpty()) {
        Encoding found = Probe.find(in, dataSetOffset, claim);
        if (!nothingThere) {
          anomalies.add(
              Anomaly.Kind.NO_TRANSFER_SYNTAX,
              dataSetOffset,
              "no transfer syntax is declared"
                  + (found == null ? "" : "; the data set is " + found.text()));
        }
        Encoding used = found == null ? claim : found;
        transferSyntax = declared.found(used.explicit(), used.bigEndian(), false);
        return used;
      }
      if (!declared.isKnown()) {
        anomalies.add(
            Anomaly.Kind.UNKNOWN_TRANSFER_SYNTAX,
            metaFacts.position(Tag.TransferSyntaxUID),
            "the transfer syntax is none of the standard's");
      }
      if (nothingThere) {
        return claim;
      }
      if (declared.deflated()) {
        Encoding plain = Probe.find(in, dataSetOffset, null);
        if (plain == null) {
          return claim;
        }
        return mismatch(declared, plain, "the data set is not deflated but ");
      }
      Encoding found = Probe.find(in, dataSetOffset, claim);
      if (found == null || found.equals(claim)) {
        return claim;
      }
      if (Probe.isPlausible(in, dataSetOffset, claim, false)
          && found.explicit() == claim.explicit()) {
        return claim;
      }
      return mismatch(declared, found, "the data set is ");
    }

    private Encoding mismatch(TransferSyntax declared, Encoding found, String what) {
      anomalies.add(
          Anomaly.Kind.SYNTAX_MISMATCH, dataSetOffset, what + found.text() + ", not as declared");
      transferSyntax = declared.found(found.explicit(), found.bigEndian(), false);
      return found;
    }

    /// One NUL may pad the deflated bytes to an even length (PS3.5 section A.5).
    private void tellBytesBehind(long end) {
      long left = in.length() - end;
      if (left > 1) {
        anomalies.add(
            Anomaly.Kind.TRAILING_BYTES, end, left + " bytes behind the deflated data set");
      }
    }

    private InstanceFacts facts(FactsReader metaFacts, FactsReader data) throws IOException {
      String sop = data.text(Tag.SOPInstanceUID);
      String sopClass = data.text(Tag.SOPClassUID);
      return new InstanceFacts(
          new StudyInstanceUid(data.text(Tag.StudyInstanceUID)),
          new SeriesInstanceUid(data.text(Tag.SeriesInstanceUID)),
          new SopInstanceUid(sop.isEmpty() ? metaFacts.text(Tag.MediaStorageSOPInstanceUID) : sop),
          sopClass.isEmpty() ? metaFacts.text(Tag.MediaStorageSOPClassUID) : sopClass,
          transferSyntax.uid(),
          data.text(Tag.Modality),
          data.text(Tag.StudyDate),
          data.text(Tag.StudyTime),
          data.aboutPatient(Tag.PatientName),
          data.aboutPatient(Tag.PatientID),
          data.aboutPatient(Tag.IssuerOfPatientID),
          data.aboutPatient(Tag.PatientBirthDate),
          data.aboutPatient(Tag.PatientSex),
          data.aboutPatient(Tag.AccessionNumber),
          data.text(Tag.StudyID),
          data.text(Tag.StudyDescription),
          data.text(Tag.SeriesDescription),
          data.text(Tag.SeriesNumber),
          data.text(Tag.InstanceNumber),
          data.text(Tag.InstitutionName),
          data.text(Tag.Manufacturer),
          data.text(Tag.StationName),
          data.text(Tag.BodyPartExamined),
          data.text(Tag.NumberOfFrames));
    }

    private void tellAboutUids(InstanceFacts facts, FactsReader metaFacts, FactsReader data)
        throws IOException {
      if (facts.sopClassUid().equals(MEDIA_STORAGE_DIRECTORY)) {
        return;
      }
      tellInvalid(facts.study().value(), Tag.StudyInstanceUID, data);
      tellInvalid(facts.series().value(), Tag.SeriesInstanceUID, data);
      tellInvalid(facts.sop().value(), Tag.SOPInstanceUID, data);
      String study = facts.study().value();
      String series = facts.series().value();
      String sop = facts.sop().value();
      if ((!sop.isEmpty() && (sop.equals(series) || sop.equals(study)))
          || (!study.isEmpty() && study.equals(series))) {
        anomalies.add(
            Anomaly.Kind.SAME_UID,
            data.position(Tag.SOPInstanceUID),
            "Study, Series and SOP Instance UID are not all different");
      }
      String metaSop = Uids.withoutPadding(metaFacts.text(Tag.MediaStorageSOPInstanceUID));
      if (!metaSop.isEmpty() && !metaSop.equals(sop)) {
        anomalies.add(
            Anomaly.Kind.UID_MISMATCH,
            metaFacts.position(Tag.MediaStorageSOPInstanceUID),
            "(0002,0003) and (0008,0018) differ");
      }
    }

    private void tellInvalid(String uid, int tag, FactsReader data) {
      if (!Uids.isValid(uid)) {
        anomalies.add(
            Anomaly.Kind.INVALID_UID,
            data.position(tag),
            Tag.text(tag) + (uid.isEmpty() ? " is missing or empty" : " is not a valid UID"));
      }
    }

    /// Compares the length of native pixels with what describes them (PS3.3 section C.7.6.3, PS3.5
    /// section 8).
    private void tellAboutPixels(FactsReader data) throws IOException {
      int i = data.place(Tag.PixelData);
      if (i < 0 || elements.isUndefined(i)) {
        return;
      }
      long rows = data.number(Tag.Rows, 0);
      long columns = data.number(Tag.Columns, 0);
      long bits = data.number(Tag.BitsAllocated, 0);
      long frames = Math.max(1, data.number(Tag.NumberOfFrames, 1));
      long samples = data.number(Tag.SamplesPerPixel, 1);
      if (rows == 0 || columns == 0 || bits == 0 || frames > Integer.MAX_VALUE) {
        return;
      }
      if (samples == 3 && data.text(Tag.PhotometricInterpretation).endsWith("_422")) {
        // Two pixels share their colour.
        samples = 2;
      }
      // At most 2^16 * 2^16 * 2^31 and more: too long for a file, so floating point will do to
      // tell.
      double bytes = Math.ceil((double) rows * columns * samples * bits * frames / 8);
      long length = elements.length(i);
      if (length < bytes) {
        anomalies.add(
            Anomaly.Kind.PIXEL_DATA_SHORT,
            elements.position(i),
            "(7FE0,0010) has " + length + " bytes of " + (long) bytes);
      } else if (length > bytes + 1) {
        anomalies.add(
            Anomaly.Kind.PIXEL_DATA_LONG,
            elements.position(i),
            "(7FE0,0010) has " + length + " bytes, more than " + (long) bytes);
      }
    }
  }
}
