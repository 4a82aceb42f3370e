package serdab.source.node;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.PatientData;
import serdab.Sha256;
import serdab.dicom.DicomFile;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyKey;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Found;
import serdab.dicom.net.web.InstanceRow;
import serdab.dicom.net.web.Spool;
import serdab.dicom.net.web.StudyRow;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.DicomDates;
import serdab.source.Inventory;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;

/// What a node listed when it was asked.
final class WebNodeInventory implements Inventory {

  /// The group under which a list that may not be whole is named, so that it stays not copied.
  private static final String NOT_LISTED = "studies that the node may not list";

  private static final long INSTANCES_MAX = 10_000_000;

  private final DicomWeb node;
  private final Path scratch;
  private final Map<String, StudyRow> rows;
  private final String doubt;
  private final long strange;

  /// Lists of instances of studies at hand: each is asked for several times in a row.
  private final Map<String, Map<String, InstanceRow>> lists =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(
                Map.Entry<String, Map<String, InstanceRow>> eldest) {
              return size() > 32;
            }
          });

  WebNodeInventory(DicomWeb node, Path scratch, StudyListing listing) {
    this.node = node;
    this.scratch = scratch;
    this.rows = listing.rows();
    this.doubt = listing.doubt();
    this.strange = listing.strange();
  }

  // ---- listing

  @Override
  public long studyCount() {
    return rows.size();
  }

  @Override
  public Stream<Finding> findings() {
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
    return findings.stream();
  }

  @Override
  public Stream<SourceStudy> studies(Order order) {
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
        rows.values().stream()
            .sorted(wanted.thenComparing(row -> row.study().value()))
            .map(WebNodeInventory::study);
    return doubt.isEmpty() && strange == 0
        ? studies
        : Stream.concat(studies, Stream.of(notListed()));
  }

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
        Math.max(1, count(row)),
        Optional.empty(),
        List.of(),
        row.study().value());
  }

  private static long count(StudyRow row) {
    return row.instances().matches("[0-9]{1,9}") ? Long.parseLong(row.instances()) : 1;
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

  // ---- one study

  private static StudyInstanceUid uid(SourceStudy study) {
    return new StudyInstanceUid(study.handle());
  }

  private Map<String, InstanceRow> ask(SourceStudy study) {
    Found<InstanceRow> found = node.instances(uid(study));
    lists.put(study.handle(), found.rows());
    return found.rows();
  }

  private Map<String, InstanceRow> known(SourceStudy study) {
    Map<String, InstanceRow> list = lists.get(study.handle());
    return list == null ? ask(study) : list;
  }

  /// What the node says of the study, and which instances it lists. Values that somebody corrects
  /// inside an instance show in neither, unless they are the study's own.
  @Override
  public String look(SourceStudy study) {
    if (study.handle().equals(NOT_LISTED)) {
      return study.fingerprint();
    }
    MessageDigest hasher = Sha256.hasher();
    hasher.update((study.fingerprint() + "\n").getBytes(StandardCharsets.UTF_8));
    ask(study).values().stream()
        .map(row -> row.series() + " " + row.sop() + "\n")
        .sorted()
        .forEach(line -> hasher.update(line.getBytes(StandardCharsets.UTF_8)));
    return Sha256.finish(hasher).hex();
  }

  @Override
  public List<SourceFile> files(SourceStudy study) {
    if (study.handle().equals(NOT_LISTED)) {
      return List.of(new SourceFile(NOT_LISTED, -1, 0));
    }
    return known(study).values().stream()
        .map(row -> new SourceFile(path(row.series(), row.sop()), -1, 0))
        .toList();
  }

  /// A name for an instance, which has none at a node: its series and its own UID, made safe.
  private static String path(SeriesInstanceUid series, SopInstanceUid sop) {
    return safe(series.value()) + "/" + safe(sop.value()) + ".dcm";
  }

  private static String safe(String uid) {
    String plain = uid.replaceAll("[^0-9A-Za-z.]", "_");
    boolean faithful = plain.equals(uid) && !uid.isEmpty() && !uid.startsWith(".");
    if (faithful && uid.length() <= 100) {
      return uid;
    }
    String hash = Sha256.digest(uid.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 16);
    return "_" + plain.substring(0, Math.min(64, plain.length())) + "~" + hash;
  }

  // ---- giving

  @Override
  public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
    if (study.handle().equals(NOT_LISTED)) {
      receiver.notGiven(
          new SourceFile(NOT_LISTED, -1, 0),
          StudyReceiver.NotGiven.UNREADABLE,
          doubt.isEmpty() ? "The node lists studies without a UID." : doubt);
      return new Delivery.Complete();
    }
    Map<String, InstanceRow> before = ask(study);
    try (Spool spool = new Spool(scratch)) {
      Giving giving = new Giving(uid(study), leaveOut, receiver, spool);
      giving.giveAll();
      for (InstanceRow row : before.values()) {
        if (!giving.came.contains(row.sop().value())) {
          giving.giveOne(row);
        }
      }
      for (InstanceRow row : before.values()) {
        if (!giving.came.contains(row.sop().value())) {
          receiver.notGiven(
              new SourceFile(path(row.series(), row.sop()), -1, 0),
              StudyReceiver.NotGiven.MISSING,
              "The node lists it and does not give it.");
        }
      }
      if (giving.broke.isPresent()) {
        return giving.broke.get();
      }
    }
    Map<String, InstanceRow> after = ask(study);
    return after.keySet().equals(before.keySet())
        ? new Delivery.Complete()
        : new Delivery.Changed(new SourceFile("", -1, 0));
  }

  /// One delivery. What arrives counts, listed or not.
  private final class Giving {
    private final StudyInstanceUid study;
    private final Set<String> leaveOut;
    private final StudyReceiver receiver;
    private final Spool spool;
    private final Set<String> came = new HashSet<>();

    /// What was given, by path: a node may give an instance twice.
    private final Map<String, Sha256> given = new HashMap<>();

    private Optional<Delivery> broke = Optional.empty();

    Giving(StudyInstanceUid study, Set<String> leaveOut, StudyReceiver receiver, Spool spool) {
      this.study = study;
      this.leaveOut = leaveOut;
      this.receiver = receiver;
      this.spool = spool;
    }

    void giveAll() {
      node.retrieve(study, INSTANCES_MAX, in -> take(in, true));
    }

    void giveOne(InstanceRow row) {
      if (!row.series().isEmpty()) {
        node.retrieve(study, row.series(), row.sop(), in -> take(in, false));
      }
    }

    /// @param mayComeAgain whether a damaged one is left for later, to be asked for by its own name
    private void take(InputStream in, boolean mayComeAgain) throws IOException {
      try (Spool.Held held = spool.take(in)) {
        DicomFile index = DicomFile.read(held.bytes());
        if (!index.isDicom()
            || !index.facts().study().equals(study)
            || index.facts().sop().isEmpty()
            || (mayComeAgain && index.isDamaged())
            || broke.isPresent()) {
          return;
        }
        String path = path(index.facts().series(), index.facts().sop());
        Sha256 digest = digest(held);
        for (int twin = 2; given.containsKey(path); twin++) {
          if (digest.equals(given.get(path))) {
            return;
          }
          path = path(index.facts().series(), index.facts().sop()) + "~" + twin;
        }
        given.put(path, digest);
        came.add(index.facts().sop().value());
        SourceFile file = new SourceFile(path, held.lengthBytes(), 0);
        if (leaveOut.contains(path)) {
          receiver.notGiven(
              file,
              StudyReceiver.NotGiven.UNREADABLE,
              "Reading it failed after some of its bytes.");
          return;
        }
        give(file, held);
      }
    }

    private void give(SourceFile file, Spool.Held held) {
      try {
        receiver.take(file, held.bytes());
      } catch (IOException e) {
        broke =
            Optional.of(
                new Delivery.Broke(
                    file, "It cannot be read (" + e.getClass().getSimpleName() + ")."));
      }
    }

    private static Sha256 digest(Spool.Held held) throws IOException {
      MessageDigest hasher = Sha256.hasher();
      byte[] chunk = new byte[64 << 10];
      try (InputStream in = held.open()) {
        for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
          hasher.update(chunk, 0, count);
        }
      }
      return Sha256.finish(hasher);
    }
  }

  @Override
  public void close() {
    lists.clear();
  }
}
