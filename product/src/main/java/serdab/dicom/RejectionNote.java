package serdab.dicom;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import serdab.PatientData;

/// A Key Object Selection Document that rejects instances (IHE Imaging Object Change Management,
/// transaction RAD-66).
///
/// Only what a note says without doubt counts as rejected: an instance must be named in the
/// evidence of the note's own study and, as a whole, in its content tree. `docs/rejection-notes.md`
/// has the rules.
///
/// @param note the note's own SOP Instance UID
/// @param study the study it belongs to
/// @param patientId Patient ID (0010,0020) as the note has it
/// @param reason its title
/// @param rejected SOP Instance UIDs that it rejects without doubt
/// @param unclear SOP Instance UIDs that it names in another way
/// @param damaged whether the note cannot be trusted; then it rejects nothing
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part16.html#sect_CID_7010 DICOM
///   PS3.16 CID 7010, of which four titles reject
public record RejectionNote(
    SopInstanceUid note,
    StudyInstanceUid study,
    PatientData<String> patientId,
    Reason reason,
    Set<String> rejected,
    Set<String> unclear,
    boolean damaged) {

  /// Key Object Selection Document Storage (PS3.4 table B.5-1).
  public static final String SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.88.59";

  /// A note of more instances than fit in here is none that a person or a PACS writes.
  public static final int LENGTH_BYTES_MAX = 16 << 20;

  private static final String SCHEME = "DCM";

  public RejectionNote {
    rejected = Set.copyOf(rejected);
    unclear = Set.copyOf(unclear);
  }

  /// Why instances are rejected: the titles of CID 7010 that do so.
  public enum Reason {
    QUALITY("113001", "Rejected for Quality Reasons"),
    PATIENT_SAFETY("113037", "Rejected for Patient Safety Reasons"),
    WORKLIST_ENTRY("113038", "Incorrect Modality Worklist Entry"),
    RETENTION("113039", "Data Retention Policy Expired");

    private final String code;
    private final String meaning;

    Reason(String code, String meaning) {
      this.code = code;
      this.meaning = meaning;
    }

    /// The code value in the scheme `DCM`.
    public String code() {
      return code;
    }

    /// The code meaning, in the words of the standard.
    public String meaning() {
      return meaning;
    }

    public static Optional<Reason> ofCode(String code) {
      return Arrays.stream(values()).filter(reason -> reason.code.equals(code)).findFirst();
    }
  }

  /// Whether the file can be a rejection note: most Key Object Selection Documents are none, but
  /// only their title tells.
  public static boolean mayBe(StoredFile file) {
    return file.instance()
        .map(InstanceFacts::sopClassUid)
        .filter(SOP_CLASS_UID::equals)
        .isPresent();
  }

  /// Reads a note.
  ///
  /// @param file read to its end, with its bytes still open
  /// @return empty when it is no Key Object Selection Document, or has another title
  public static Optional<RejectionNote> of(DicomFile file) throws IOException {
    InstanceFacts facts = file.facts();
    if (!file.isDicom() || !facts.sopClassUid().equals(SOP_CLASS_UID)) {
      return Optional.empty();
    }
    DataSet data = file.dataSet();
    List<DataSet> titles = data.sequence(Tag.ConceptNameCodeSequence);
    Optional<Reason> reason = Optional.empty();
    for (DataSet title : titles.subList(0, Math.min(1, titles.size()))) {
      if (title.string(Tag.CodingSchemeDesignator).filter(SCHEME::equals).isPresent()) {
        reason = title.string(Tag.CodeValue).flatMap(Reason::ofCode);
      }
    }
    if (reason.isEmpty()) {
      return Optional.empty();
    }
    boolean damaged =
        file.isDamaged()
            || titles.size() != 1
            || file.lengthBytes() > LENGTH_BYTES_MAX
            || Understood.whyNot(file).isPresent();
    Set<String> named = new HashSet<>();
    Set<String> rejected = new HashSet<>();
    if (!damaged) {
      Set<String> evidence = evidence(data, facts.study().value(), named);
      rejected.addAll(wholeInContent(data, named));
      rejected.retainAll(evidence);
      named.removeAll(rejected);
    }
    return Optional.of(
        new RejectionNote(
            facts.sop(), facts.study(), facts.patientId(), reason.get(), rejected, named, damaged));
  }

  /// What the evidence names of the study (PS3.3 section C.17.6.2); `named` gets all that it names.
  private static Set<String> evidence(DataSet data, String study, Set<String> named)
      throws IOException {
    Set<String> evidence = new HashSet<>();
    for (DataSet item : data.sequence(Tag.CurrentRequestedProcedureEvidenceSequence)) {
      boolean own = item.string(Tag.StudyInstanceUID).filter(study::equals).isPresent();
      for (DataSet series : item.sequence(Tag.ReferencedSeriesSequence)) {
        for (DataSet instance : series.sequence(Tag.ReferencedSOPSequence)) {
          Optional<String> uid = instance.string(Tag.ReferencedSOPInstanceUID);
          uid.ifPresent(named::add);
          if (own) {
            uid.ifPresent(evidence::add);
          }
        }
      }
    }
    return evidence;
  }

  /// What the content tree names as a whole (PS3.3 section C.17.3); `named` gets all that it names.
  private static Set<String> wholeInContent(DataSet data, Set<String> named) throws IOException {
    Set<String> whole = new HashSet<>();
    Set<String> parts = new HashSet<>();
    Deque<DataSet> left = new ArrayDeque<>(data.sequence(Tag.ContentSequence));
    while (!left.isEmpty()) {
      DataSet item = left.removeFirst();
      for (DataSet instance : item.sequence(Tag.ReferencedSOPSequence)) {
        Optional<String> uid = instance.string(Tag.ReferencedSOPInstanceUID);
        boolean isPart =
            instance.indexOf(Tag.ReferencedFrameNumber) >= 0
                || instance.indexOf(Tag.ReferencedSegmentNumber) >= 0;
        uid.ifPresent(isPart ? parts::add : whole::add);
      }
      left.addAll(item.sequence(Tag.ContentSequence));
    }
    named.addAll(whole);
    named.addAll(parts);
    whole.removeAll(parts);
    return whole;
  }
}
