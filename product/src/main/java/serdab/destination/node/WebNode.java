package serdab.destination.node;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import serdab.PatientData;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.net.find.StudyListing;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Spool;
import serdab.dicom.net.web.Stored;
import serdab.dicom.net.web.StudyRow;

/// A DICOMweb node. Thread-safe.
final class WebNode implements Node {

  /// A node may hold instances of these studies that others put there; no more of them than this
  /// are let by.
  private static final long OTHERS_MAX = 100_000;

  /// A request of its own is worth so much.
  private static final int PART_INSTANCES = 10;

  private static final long PART_BYTES = 8L << 20;

  private final DicomWeb node;

  WebNode(DicomWeb node) {
    this.node = node;
  }

  @Override
  public String identity() {
    return "dicomweb:" + node.describe();
  }

  @Override
  public String describe() {
    return node.describe();
  }

  @Override
  public String kind() {
    return "DICOMweb node";
  }

  @Override
  public Listing studies() {
    StudyListing listing = new StudyListing(node);
    listing.run();
    return new Listing(
        listing.rows().values().stream().map(StudyRow::study).toList(),
        listing.doubt().isEmpty() && listing.strange() > 0 ? WITHOUT_UID : listing.doubt());
  }

  @Override
  public List<Row> instances(StudyInstanceUid study, PatientData<String> patientId) {
    return node.instances(study).all().stream()
        .map(row -> new Row(row.series(), row.sop(), row.sopClassUid()))
        .toList();
  }

  @Override
  public boolean keepsFiles() {
    return true;
  }

  @Override
  public void bring(
      Collection<StudyInstanceUid> studies, Collection<Wanted> wanted, Arrivals arrivals) {
    Set<String> come = ConcurrentHashMap.newKeySet();
    Set<StudyInstanceUid> known = ConcurrentHashMap.newKeySet();
    wanted.stream()
        .map(Wanted::study)
        .filter(study -> !studies.contains(study))
        .forEach(known::add);
    DicomWeb.Sink sink = in -> arrivals.take(in).ifPresent(come::add);
    for (StudyInstanceUid study : studies) {
      long most = 2L * wanted.size() + OTHERS_MAX;
      List<SeriesInstanceUid> series = seriesOf(study, wanted);
      if (series.size() > 1 && node.traffic().width() > 1) {
        node.traffic()
            .each(
                series,
                each -> {
                  if (node.retrieve(study, each, most, sink).found()) {
                    known.add(study);
                  }
                });
      } else if (node.retrieve(study, most, sink).found()) {
        known.add(study);
      }
    }
    List<Wanted> missing =
        wanted.stream()
            .filter(each -> !each.series().isEmpty() && known.contains(each.study()))
            .filter(each -> !come.contains(each.sop().value()))
            .toList();
    node.traffic()
        .each(
            missing,
            each -> {
              if (!come.contains(each.sop().value())) {
                node.retrieve(each.study(), each.series(), each.sop(), sink);
              }
            });
  }

  private static List<SeriesInstanceUid> seriesOf(
      StudyInstanceUid study, Collection<Wanted> wanted) {
    return wanted.stream()
        .filter(each -> each.study().equals(study) && !each.series().isEmpty())
        .map(Wanted::series)
        .distinct()
        .toList();
  }

  @Override
  public Outbox outbox(Spool spool) {
    return new WebOutbox();
  }

  private final class WebOutbox implements Outbox {
    private boolean parallel;

    @Override
    public List<List<Outgoing>> due(List<Outgoing> waiting, boolean last) {
      Map<DicomWeb.Outgoing, Outgoing> all = new HashMap<>();
      List<DicomWeb.Outgoing> each =
          waiting.stream()
              .map(one -> {
                DicomWeb.Outgoing web =
                    new DicomWeb.Outgoing(one.what().instance().sop(), one.held());
                all.put(web, one);
                return web;
              })
              .toList();
      List<List<Outgoing>> batches =
          node.batches(each).stream()
              .map(batch ->
                  batch.stream()
                      .flatMap(one -> java.util.stream.Stream.ofNullable(all.get(one)))
                      .toList())
              .toList();
      // The last one may still grow.
      return last || batches.isEmpty() ? batches : batches.subList(0, batches.size() - 1);
    }

    @Override
    public Map<String, Said> send(List<Outgoing> batch) {
      Map<String, Stored> answers = new ConcurrentHashMap<>();
      List<List<Outgoing>> parts = parts(batch);
      parallel |= parts.size() > 1;
      node.traffic().each(parts, part -> store(part, answers));
      // One that a node cannot take may make it refuse all that came with it.
      boolean refused =
          answers.values().stream()
              .allMatch(
                  what -> what instanceof Stored.Unaccounted(int status) && status / 100 != 2);
      if (refused && batch.size() > 1) {
        batch.forEach(each -> store(List.of(each), answers));
      }
      Map<String, Said> said = new HashMap<>();
      answers.forEach((sop, what) -> said.put(sop, said(what)));
      return said;
    }

    /// Cuts a batch into requests for several connections, none of which is worth less than its
    /// own.
    private List<List<Outgoing>> parts(List<Outgoing> batch) {
      long bytes = batch.stream().mapToLong(each -> each.held().lengthBytes()).sum();
      long worth = Math.max(batch.size() / PART_INSTANCES, bytes / PART_BYTES);
      int count =
          (int) Math.max(1, Math.min(Math.min(worth, batch.size()), node.traffic().width()));
      List<List<Outgoing>> parts = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        parts.add(batch.subList(i * batch.size() / count, (i + 1) * batch.size() / count));
      }
      return parts;
    }

    private void store(List<Outgoing> batch, Map<String, Stored> answers) {
      List<DicomWeb.Outgoing> all =
          batch.stream()
              .map(each -> new DicomWeb.Outgoing(each.what().instance().sop(), each.held()))
              .toList();
      node.store(all).forEach((sop, what) -> answers.put(sop.value(), what));
    }

    private static Said said(Stored what) {
      return switch (what) {
        case Stored.Claimed _, Stored.Warned _ -> new Said.Kept();
        case Stored.Failed(int reason) ->
            new Said.NotKept(reason >= 0 ? "%04XH".formatted(reason) : "");
        case Stored.Unaccounted(int status) ->
            new Said.NotKept(status / 100 == 2 ? "" : "status " + status);
      };
    }

    /// What came in several requests at once may have been lost by that.
    @Override
    public boolean lost() {
      boolean again = parallel && node.traffic().narrow();
      parallel = false;
      return again;
    }

    @Override
    public void rest() {}

    @Override
    public void close() {}
  }

  @Override
  public void close() {
    node.close();
  }
}
