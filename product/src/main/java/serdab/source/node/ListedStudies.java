package serdab.source.node;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.PatientData;
import serdab.Sha256;
import serdab.dicom.DicomDates;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyKey;
import serdab.dicom.net.find.Questions;
import serdab.dicom.net.web.StudyRow;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;

/// The studies that a node listed, as an inventory gives them. Where the list may not be whole, a
/// group that cannot be given stands for what is not listed, so that no run ends as good.
///
/// @param rows what the node says of each
/// @param doubt why there may be more; empty text when there is no reason to believe it
/// @param strange how many rows name no study
record ListedStudies(List<StudyRow> rows, String doubt, long strange) {

  /// The group under which a list that may not be whole is named, so that it stays not copied.
  private static final String NOT_LISTED = "studies that the node may not list";

  ListedStudies(Collection<StudyRow> rows, String doubt, long strange) {
    this(List.copyOf(rows), doubt, strange);
  }

  ListedStudies {
    rows = List.copyOf(rows);
  }

  List<Finding> findings() {
    List<Finding> findings = new ArrayList<>();
    if (!doubt.isEmpty()) {
      findings.add(Finding.about("", "list-not-certain", doubt));
    }
    if (strange > 0) {
      findings.add(
          Finding.about(
              "",
              "row-without-uid",
              "The node lists " + strange + " studies without a Study Instance UID."));
    }
    return findings;
  }

  Stream<SourceStudy> inOrder(Order order) {
    Comparator<StudyRow> byDate =
        Comparator.comparing((StudyRow row) -> row.studyDate().isEmpty())
            .thenComparing(StudyRow::studyDate);
    Comparator<StudyRow> wanted =
        switch (order) {
          case STUDY_DATE, DATE_ADDED -> byDate;
          // A node does not say when it took a study in; the newest are most likely the last.
          case DATE_ADDED_NEWEST, SMART ->
              Comparator.comparing((StudyRow row) -> row.studyDate().isEmpty())
                  .thenComparing(Comparator.comparing(StudyRow::studyDate).reversed());
        };
    Stream<SourceStudy> studies =
        rows.stream()
            .sorted(wanted.thenComparing(row -> row.study().value()))
            .map(ListedStudies::study);
    return doubt.isEmpty() && strange == 0
        ? studies
        : Stream.concat(studies, Stream.of(notListed()));
  }

  // ---- what is not listed

  private static SourceStudy notListed() {
    return new SourceStudy(
        new StudyFacts(
            StudyKey.UNREAD_FOLDERS,
            PatientData.of(""),
            PatientData.of(""),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            PatientData.of(""),
            PatientData.of("")),
        NOT_LISTED,
        1,
        Optional.empty(),
        List.of(),
        NOT_LISTED);
  }

  static boolean isNotListed(SourceStudy study) {
    return study.handle().equals(NOT_LISTED);
  }

  static SourceFile fileNotListed() {
    return new SourceFile(NOT_LISTED, -1, 0);
  }

  Delivery deliverNotListed(StudyReceiver receiver) {
    receiver.notGiven(
        fileNotListed(),
        StudyReceiver.NotGiven.UNREADABLE,
        doubt.isEmpty() ? "The node lists studies without a UID." : doubt);
    return new Delivery.Complete();
  }

  // ---- a study

  static StudyInstanceUid uid(SourceStudy study) {
    return new StudyInstanceUid(study.handle());
  }

  private static SourceStudy study(StudyRow row) {
    StudyFacts facts =
        new StudyFacts(
            StudyKey.of(row.study()),
            row.patientName(),
            row.patientId(),
            DicomDates.date(row.patientBirthDate().reveal(PatientData.Purpose.CATALOGUE))
                .map(PatientData::of),
            DicomDates.date(row.studyDate()),
            Arrays.stream(row.modalities().split("\\\\", -1))
                .map(String::strip)
                .filter(modality -> !modality.isEmpty())
                .toList(),
            row.accessionNumber(),
            row.description());
    return new SourceStudy(
        facts,
        fingerprint(row),
        Math.max(1, Questions.count(row.instances())),
        Optional.empty(),
        List.of(),
        row.study().value());
  }

  /// Everything that the node says of the study.
  private static String fingerprint(StudyRow row) {
    MessageDigest hasher = Sha256.hasher();
    for (String text :
        List.of(
            row.instances(),
            row.modalities(),
            row.studyDate(),
            row.studyTime(),
            row.patientName().reveal(PatientData.Purpose.CATALOGUE),
            row.patientId().reveal(PatientData.Purpose.CATALOGUE),
            row.patientBirthDate().reveal(PatientData.Purpose.CATALOGUE),
            row.accessionNumber().reveal(PatientData.Purpose.CATALOGUE),
            row.description().reveal(PatientData.Purpose.CATALOGUE))) {
      hasher.update((text.length() + " " + text + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return Sha256.finish(hasher).hex();
  }

  /// Dates can point at a patient, so nothing is printed.
  @Override
  public String toString() {
    return rows.size() + " studies";
  }
}
