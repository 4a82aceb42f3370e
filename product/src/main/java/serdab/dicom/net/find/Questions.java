package serdab.dicom.net.find;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import serdab.Gate;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.QueryLevel;
import serdab.dicom.net.web.InstanceRow;
import serdab.dicom.net.web.StudyRow;

/// Asks a node what it holds (C-FIND), on one association while that holds. One thread at a time.
public final class Questions implements AutoCloseable {

  private static final int MODALITIES_IN_STUDY = 0x00080061;
  private static final int STUDY_INSTANCES = 0x00201208;
  private static final int SERIES_INSTANCES = 0x00201209;

  /// More than any node has; a bound for one that never ends.
  private static final int ROWS_MAX = 20_000_000;

  /// Some nodes repeat rows; one that does so for ever would hold us for ever.
  private static final int REPEATED_ROWS_MAX = 100_000;

  private static final List<Integer> OF_PATIENT = List.of(Tag.PatientName, Tag.PatientID);
  private static final List<Integer> OF_STUDY =
      List.of(
          Tag.StudyInstanceUID,
          MODALITIES_IN_STUDY,
          STUDY_INSTANCES,
          Tag.StudyDate,
          Tag.StudyTime,
          Tag.PatientName,
          Tag.PatientID,
          Tag.PatientBirthDate,
          Tag.AccessionNumber,
          Tag.StudyDescription);
  private static final List<Integer> OF_SERIES =
      List.of(Tag.StudyInstanceUID, Tag.SeriesInstanceUID, SERIES_INSTANCES);
  private static final List<Integer> OF_IMAGE =
      List.of(Tag.StudyInstanceUID, Tag.SeriesInstanceUID, Tag.SOPInstanceUID, Tag.SOPClassUID);

  /// How it goes on when an association breaks.
  ///
  /// @param triesMax how often the same is asked
  /// @param firstWait before the second time; twice as long before each further one
  public record Patience(int triesMax, Duration firstWait, Rest rest) {

    /// Waits before another try, or gives up.
    ///
    /// @param tries how many there were
    public void wait(int tries, SerdabException.Unavailable why) {
      if (tries >= triesMax) {
        throw why;
      }
      try {
        rest.rest(firstWait.multipliedBy(1L << (tries - 1)));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw why;
      }
    }
  }

  /// Waits. A seam for tests, which do not.
  @FunctionalInterface
  public interface Rest {
    void rest(Duration time) throws InterruptedException;
  }

  /// The instances of a study, as the node lists them.
  ///
  /// @param rows by SOP Instance UID
  /// @param counted how many the node says that there are; 0 when it does not say
  /// @param complete whether the lists ended by themselves, rather than that there were too many
  public record Instances(Map<String, InstanceRow> rows, long counted, boolean complete) {}

  private final Supplier<AssociationRequest> requests;
  private final Gate gate;
  private final Patience patience;
  private @Nullable Association association;

  /// @param requests gives a new request to the node each time, without contexts
  /// @param gate is passed before each question
  public Questions(Supplier<AssociationRequest> requests, Gate gate, Patience patience) {
    this.requests = requests;
    this.gate = gate;
    this.patience = patience;
  }

  /// Whether the node is asked by patient only.
  public boolean isByPatient() {
    for (int tries = 1; ; tries++) {
      try {
        return open().isByPatient();
      } catch (SerdabException.Unavailable e) {
        patience.wait(tries, e);
      }
    }
  }

  /// Before a question. Nobody rests with an association open.
  private void begin() {
    if (gate.isHeld()) {
      close();
    }
    gate.pass();
  }

  private Association open() {
    Association open = association;
    if (open == null) {
      open = Association.open(requests.get().querying());
      association = open;
    }
    return open;
  }

  /// A question about studies or patients.
  public StudySearch.Answer ask(QueryLevel level, Map<Integer, String> match) {
    List<StudyRow> rows = new ArrayList<>();
    DimseStatus status =
        find(
            level,
            level == QueryLevel.PATIENT ? OF_PATIENT : OF_STUDY,
            match,
            rows,
            Questions::study);
    return new StudySearch.Answer(rows, status.isSuccess());
  }

  /// What the node lists of a study.
  ///
  /// @param patientId for nodes that are asked by patient
  public Instances instances(StudyInstanceUid study, PatientData<String> patientId) {
    Map<Integer, String> match = new HashMap<>(Map.of(Tag.StudyInstanceUID, study.value()));
    String patient = patientId.reveal(PatientData.Purpose.MATCH_QUERY);
    if (isByPatient() && !patient.isEmpty()) {
      match.put(Tag.PatientID, patient);
    }
    Map<String, Long> series = new LinkedHashMap<>();
    List<Map.Entry<String, Long>> listed = new ArrayList<>();
    boolean complete =
        isComplete(
            find(
                QueryLevel.SERIES,
                OF_SERIES,
                match,
                listed,
                row ->
                    Map.entry(
                        text(row, Tag.SeriesInstanceUID), count(text(row, SERIES_INSTANCES)))));
    listed.forEach(each -> series.putIfAbsent(each.getKey(), each.getValue()));
    Map<String, InstanceRow> rows = new LinkedHashMap<>();
    for (String each : series.keySet()) {
      if (each.isEmpty()) {
        continue;
      }
      match.put(Tag.SeriesInstanceUID, each);
      List<InstanceRow> images = new ArrayList<>();
      complete &=
          isComplete(find(QueryLevel.IMAGE, OF_IMAGE, match, images, row -> image(row, each)));
      images.stream()
          .filter(image -> !image.sop().isEmpty())
          .forEach(image -> rows.putIfAbsent(image.sop().value(), image));
    }
    boolean counts = series.values().stream().allMatch(count -> count > 0);
    return new Instances(
        rows, counts ? series.values().stream().mapToLong(Long::longValue).sum() : 0, complete);
  }

  /// Makes a row of what the node answers.
  private interface Reading<R> {
    R of(DataSet row) throws IOException;
  }

  private <R> DimseStatus find(
      QueryLevel level,
      List<Integer> wanted,
      Map<Integer, String> match,
      List<R> rows,
      Reading<R> reading) {
    Map<Integer, String> keys = new HashMap<>();
    wanted.forEach(tag -> keys.put(tag, ""));
    keys.putAll(match);
    for (int tries = 1; ; tries++) {
      begin();
      rows.clear();
      Set<R> seen = new HashSet<>();
      try {
        return open()
            .find(
                level,
                keys,
                ROWS_MAX,
                row -> {
                  try {
                    R read = reading.of(row);
                    seen.add(read);
                    rows.add(read);
                  } catch (IOException e) {
                    throw notRead(e);
                  }
                  if (rows.size() - seen.size() > REPEATED_ROWS_MAX) {
                    throw withoutEnd();
                  }
                });
      } catch (SerdabException.Unavailable e) {
        association = null;
        patience.wait(tries, e);
      }
    }
  }

  private static SerdabException.Damaged withoutEnd() {
    return new SerdabException.Damaged(
        new Problem(
            "node-answer-damaged",
            "The node answered a question with a list that repeats itself without end.",
            "Run again; when it happens again, tell its manufacturer."));
  }

  private static SerdabException.Damaged notRead(IOException e) {
    return new SerdabException.Damaged(
        new Problem(
            "node-answer-damaged",
            "The node answered a question with something that cannot be read.",
            "Run again; when it happens again, tell its manufacturer."),
        e);
  }

  /// Whether a list ended by itself.
  ///
  /// @throws SerdabException.Unavailable when there is none
  private static boolean isComplete(DimseStatus status) {
    return switch (status.kind()) {
      case SUCCESS, WARNING -> true;
      // There are more than the node answers: A700, or as Orthanc says it, FE00.
      case CANCELLED -> false;
      case FAILURE, PENDING -> {
        if (status.isWorthAnotherTry()) {
          yield false;
        }
        throw new SerdabException.Unavailable(
            new Problem(
                "node-question-refused",
                "The node did not list the images of a study: it answered with the status "
                    + status
                    + ".",
                "Its own log says why. Run again."));
      }
    };
  }

  private static StudyRow study(DataSet row) throws IOException {
    return new StudyRow(
        new StudyInstanceUid(text(row, Tag.StudyInstanceUID)),
        String.join("\\", row.strings(MODALITIES_IN_STUDY)),
        text(row, STUDY_INSTANCES),
        text(row, Tag.StudyDate),
        text(row, Tag.StudyTime),
        PatientData.of(text(row, Tag.PatientName)),
        PatientData.of(text(row, Tag.PatientID)),
        PatientData.of(text(row, Tag.PatientBirthDate)),
        PatientData.of(text(row, Tag.AccessionNumber)),
        PatientData.of(text(row, Tag.StudyDescription)));
  }

  private static InstanceRow image(DataSet row, String series) throws IOException {
    return new InstanceRow(
        new SeriesInstanceUid(series),
        new SopInstanceUid(text(row, Tag.SOPInstanceUID)),
        text(row, Tag.SOPClassUID));
  }

  /// A count as a node writes it; 0 where it says nothing that is one.
  public static long count(String written) {
    return written.matches("[0-9]{1,9}") ? Long.parseLong(written) : 0;
  }

  private static String text(DataSet row, int tag) throws IOException {
    return row.string(tag).orElse("");
  }

  @Override
  public void close() {
    Association open = association;
    association = null;
    if (open != null) {
      open.close();
    }
  }
}
