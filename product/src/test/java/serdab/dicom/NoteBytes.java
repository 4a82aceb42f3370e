package serdab.dicom;

import java.util.ArrayList;
import java.util.List;

/// Writes rejection notes, right or wrong as a test wants them.
public final class NoteBytes {

  private final String study;
  private final String sop;
  private String title = "113001";
  private String scheme = "DCM";
  private String patientId = "T1";
  private String evidenceStudy;
  private final List<String> evidence = new ArrayList<>();
  private final List<String> content = new ArrayList<>();
  private final List<String> frames = new ArrayList<>();

  private NoteBytes(String study, String sop) {
    this.study = study;
    this.sop = sop;
    this.evidenceStudy = study;
  }

  /// A note of the patient `T1` that rejects nothing yet, for quality reasons.
  public static NoteBytes of(String study, String sop) {
    return new NoteBytes(study, sop);
  }

  public NoteBytes title(String code) {
    title = code;
    return this;
  }

  public NoteBytes scheme(String designator) {
    scheme = designator;
    return this;
  }

  public NoteBytes patient(String id) {
    patientId = id;
    return this;
  }

  /// Its evidence stands under another study.
  public NoteBytes evidenceUnder(String other) {
    evidenceStudy = other;
    return this;
  }

  public NoteBytes rejects(String... uids) {
    evidence.addAll(List.of(uids));
    content.addAll(List.of(uids));
    return this;
  }

  public NoteBytes onlyInEvidence(String uid) {
    evidence.add(uid);
    return this;
  }

  public NoteBytes onlyInContent(String uid) {
    content.add(uid);
    return this;
  }

  /// Rejects one frame of it.
  public NoteBytes frameOf(String uid) {
    evidence.add(uid);
    frames.add(uid);
    return this;
  }

  public byte[] bytes() {
    return DicomBytes.explicitLittle()
        .text(Tag.SOPClassUID, Vr.UI, RejectionNote.SOP_CLASS_UID)
        .text(Tag.SOPInstanceUID, Vr.UI, sop)
        .text(Tag.Modality, Vr.CS, "KO")
        .text(Tag.PatientName, Vr.PN, "Test^Tina")
        .text(Tag.PatientID, Vr.LO, patientId)
        .text(Tag.StudyInstanceUID, Vr.UI, study)
        .text(Tag.SeriesInstanceUID, Vr.UI, study + ".99")
        .sequence(
            Tag.ConceptNameCodeSequence,
            items ->
                items.item(code ->
                    code.text(Tag.CodeValue, Vr.SH, title)
                        .text(Tag.CodingSchemeDesignator, Vr.SH, scheme)))
        .sequence(
            Tag.CurrentRequestedProcedureEvidenceSequence,
            studies ->
                studies.item(one ->
                    one.sequence(
                            Tag.ReferencedSeriesSequence,
                            series ->
                                series.item(each ->
                                    each.sequence(
                                            Tag.ReferencedSOPSequence,
                                            sops ->
                                                evidence.forEach(
                                                    uid -> sops.item(ref -> reference(ref, uid))))
                                        .text(Tag.SeriesInstanceUID, Vr.UI, study + ".1")))
                        .text(Tag.StudyInstanceUID, Vr.UI, evidenceStudy)))
        .sequence(
            Tag.ContentSequence,
            items -> {
              content.forEach(uid ->
                  items.item(item ->
                      item.sequence(
                          Tag.ReferencedSOPSequence,
                          sops -> sops.item(ref -> reference(ref, uid)))));
              frames.forEach(uid ->
                  items.item(item ->
                      item.sequence(
                          Tag.ReferencedSOPSequence,
                          sops ->
                              sops.item(ref ->
                                  reference(ref, uid)
                                      .text(Tag.ReferencedFrameNumber, Vr.IS, "2")))));
            })
        .inFile(TransferSyntax.EXPLICIT_LITTLE_ENDIAN);
  }

  private static DicomBytes reference(DicomBytes item, String uid) {
    return item.text(Tag.ReferencedSOPInstanceUID, Vr.UI, uid);
  }
}
