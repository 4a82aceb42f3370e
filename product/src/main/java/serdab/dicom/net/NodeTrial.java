package serdab.dicom.net;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.DataSet;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.Tag;

/// How far a node's answers go and whether they are true, tried on what it holds: nothing is stored
/// there, and nothing of it is kept.
///
/// @param studies how many studies it answered when it was asked for all; -1 when it did not answer
/// @param lists whether its lists are whole
/// @param counts whether it counts the instances of studies
/// @param gave how it gave an instance back; empty when it gave none
/// @param trouble why it gave none, where that was tried
public record NodeTrial(
    long studies,
    Lists lists,
    Counts counts,
    Optional<Retrieval.Way> gave,
    Optional<Problem> trouble) {

  /// So many answers are read; what comes behind is cancelled.
  public static final int STUDIES_MAX = 10_000;

  /// Lists shorter than this say nothing about a limit.
  private static final int LIMIT_MIN = 10;

  private static final int STUDY_INSTANCES = 0x00201208;

  private static final Timeouts SHORT =
      new Timeouts(
          Duration.ofSeconds(3),
          Duration.ofSeconds(5),
          Duration.ofSeconds(4),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          16 << 10);

  /// Whether a node's lists are whole.
  public enum Lists {
    /// Asked in two halves, it answered no more than at once.
    WHOLE,
    /// It cuts, and says so with its status.
    CUT_AND_SAID,
    /// It cuts, and says that this is all.
    CUT_IN_SILENCE,
    /// It answered more than are read here.
    LONG,
    /// It holds too little to tell, or does not answer.
    UNKNOWN
  }

  /// Whether a node counts the instances of studies (0020,1208).
  public enum Counts {
    /// It counts as many as it lists.
    RIGHT,
    /// It counts others than it lists.
    WRONG,
    /// It does not count.
    ABSENT,
    /// There is nothing to compare.
    UNKNOWN
  }

  private record Study(String uid, String date, long instances) {}

  private record Image(String series, String sop, String sopClass) {}

  /// Tries a node.
  ///
  /// @throws SerdabException when it grants no association
  public static NodeTrial of(NodeAddress node) {
    Supplier<AssociationRequest> requests = () -> AssociationRequest.to(node).timeouts(SHORT);
    List<Study> studies = new ArrayList<>();
    Lists lists = Lists.UNKNOWN;
    Counts counts = Counts.UNKNOWN;
    Optional<Study> example = Optional.empty();
    List<Image> images = List.of();
    try (Association association = Association.open(requests.get().querying())) {
      DimseStatus status = studies(association, "", studies);
      if (status.kind() == DimseStatus.Kind.FAILURE && studies.isEmpty()) {
        return new NodeTrial(-1, lists, counts, Optional.empty(), Optional.empty());
      }
      lists = lists(association, status, studies);
      example =
          studies.stream().min(Comparator.comparingLong(study -> Math.max(0, study.instances)));
      if (example.isPresent()) {
        images = images(association, example.get().uid);
        counts =
            example.get().instances < 0
                ? Counts.ABSENT
                : example.get().instances == images.size() ? Counts.RIGHT : Counts.WRONG;
      }
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("node-takes-nothing")) {
        throw e;
      }
      return new NodeTrial(-1, lists, counts, Optional.empty(), Optional.empty());
    }
    if (images.isEmpty()) {
      return new NodeTrial(studies.size(), lists, counts, Optional.empty(), Optional.empty());
    }
    return gave(node, requests, example.get().uid, images.getFirst())
        .with(studies.size(), lists, counts);
  }

  private NodeTrial with(long answered, Lists how, Counts counted) {
    return new NodeTrial(answered, how, counted, gave, trouble);
  }

  private static DimseStatus studies(Association association, String dates, List<Study> into) {
    return association.find(
        QueryLevel.STUDY,
        Map.of(Tag.StudyInstanceUID, "", Tag.StudyDate, dates, STUDY_INSTANCES, ""),
        STUDIES_MAX,
        row -> {
          String count = text(row, STUDY_INSTANCES);
          into.add(
              new Study(
                  text(row, Tag.StudyInstanceUID),
                  text(row, Tag.StudyDate),
                  count.matches("[0-9]{1,9}") ? Long.parseLong(count) : -1));
        });
  }

  /// A cut list shows when its two halves by date hold more than the whole.
  private static Lists lists(Association association, DimseStatus status, List<Study> studies) {
    if (studies.size() >= STUDIES_MAX) {
      return Lists.LONG;
    }
    if (!status.isSuccess()) {
      return Lists.CUT_AND_SAID;
    }
    List<String> dates =
        studies.stream()
            .map(Study::date)
            .filter(date -> date.matches("[0-9]{8}"))
            .sorted()
            .toList();
    if (studies.size() < LIMIT_MIN || dates.isEmpty()) {
      return Lists.UNKNOWN;
    }
    String middle = dates.get(dates.size() / 2);
    Set<String> all = new HashSet<>();
    studies.forEach(study -> all.add(study.uid));
    int whole = all.size();
    for (String half : List.of("-" + middle, middle + "-")) {
      List<Study> some = new ArrayList<>();
      if (!studies(association, half, some).isSuccess()) {
        return Lists.CUT_AND_SAID;
      }
      some.forEach(study -> all.add(study.uid));
    }
    return all.size() > whole ? Lists.CUT_IN_SILENCE : Lists.WHOLE;
  }

  private static List<Image> images(Association association, String study) {
    List<String> series = new ArrayList<>();
    association.find(
        QueryLevel.SERIES,
        Map.of(Tag.StudyInstanceUID, study, Tag.SeriesInstanceUID, ""),
        STUDIES_MAX,
        row -> series.add(text(row, Tag.SeriesInstanceUID)));
    List<Image> images = new ArrayList<>();
    for (String each : series) {
      association.find(
          QueryLevel.IMAGE,
          Map.of(
              Tag.StudyInstanceUID,
              study,
              Tag.SeriesInstanceUID,
              each,
              Tag.SOPInstanceUID,
              "",
              Tag.SOPClassUID,
              ""),
          STUDIES_MAX,
          row ->
              images.add(
                  new Image(each, text(row, Tag.SOPInstanceUID), text(row, Tag.SOPClassUID))));
    }
    return images;
  }

  /// Asks for one instance and throws it away.
  private static NodeTrial gave(
      NodeAddress node, Supplier<AssociationRequest> requests, String study, Image image) {
    List<String> classes =
        image.sopClass.isEmpty()
            ? List.copyOf(NodeSheet.CLASSES.keySet())
            : List.of(image.sopClass);
    try (Retrieval retrieval = new Retrieval(requests, node.here(), Duration.ofSeconds(3))) {
      Retrieval.Result result =
          retrieval.instances(
              new StudyInstanceUid(study),
              new SeriesInstanceUid(image.series),
              List.of(new SopInstanceUid(image.sop)),
              Retrieval.kindsOf(classes),
              NodeTrial::swallow);
      return new NodeTrial(
          0,
          Lists.UNKNOWN,
          Counts.UNKNOWN,
          result.arrived().isEmpty() ? Optional.empty() : retrieval.way(),
          Optional.empty());
    } catch (SerdabException e) {
      return new NodeTrial(
          0, Lists.UNKNOWN, Counts.UNKNOWN, Optional.empty(), Optional.of(e.problem()));
    }
  }

  private static DimseStatus swallow(IncomingInstance instance) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocate(64 << 10);
    while (instance.body().read(chunk) >= 0) {
      chunk.clear();
    }
    return DimseStatus.SUCCESS;
  }

  private static String text(DataSet row, int tag) {
    try {
      return row.string(tag).orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e); // A row is in memory.
    }
  }
}
