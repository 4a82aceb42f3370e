package serdab.daemon;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Retrievals;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.dicom.Tag;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.CommitmentReport;
import serdab.dicom.net.CommitmentReport.Reference;
import serdab.dicom.net.Commitments;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.Holdings;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.dicom.net.QueryLevel;

/// The studies that destinations hold, for a node that answers queries and retrievals: of each
/// study the newest version that was read from its source, wherever it is. Thread-safe.
///
/// What is needed to answer for a study is kept in memory; series and instances are looked up in
/// the copy when they are asked for. What came since is seen by [#refresh].
///
/// A place that goes away later takes nothing with it: its studies are answered for as before, as
/// offline where no other place has them, until it is back.
public final class HeldStudies implements Holdings, Commitments, AutoCloseable {

  private static final int TOLD_EVERY = 1000;

  private final List<Supplier<Destination>> openers;
  private final Settings settings;
  private final Retrievals audit;
  private final Consumer<Event> events;
  private final AtomicLong queries = new AtomicLong();
  private volatile boolean lookWanted;
  private volatile Known known = new Known(List.of(), Map.of(), Map.of(), Set.of());

  /// How it serves.
  ///
  /// @param title of this node
  /// @param targets where C-MOVE may send to, by title
  /// @param withRejected whether what rejection notes reject is served, too
  /// @param commits whether it answers requests for storage commitment, for which four bytes more
  ///   are held of each instance
  /// @param scratch a folder for instances on their way
  public record Settings(
      AeTitle title,
      Map<AeTitle, MoveTarget> targets,
      boolean withRejected,
      boolean commits,
      Path scratch) {

    public Settings {
      targets = Map.copyOf(targets);
    }
  }

  /// What happens, for a log. Nothing in it is about a patient, but for the key of a study, from
  /// which a label is made.
  public sealed interface Event {

    /// Copies are being looked at for the first time, or because they are new.
    ///
    /// @param studies how many were looked at so far
    record Looking(long studies) implements Event {}

    /// A study whose copy cannot be read, so that it is not served as it should be.
    ///
    /// @param study empty when it is not known which one it is
    record NotServed(Optional<StudyKey> study, Problem problem) implements Event {}

    /// A place cannot be used any more. Told once, until it is back.
    ///
    /// @param place which of them, from 0
    /// @param studies how many are known of it; those that no other place has are listed as offline
    record Away(int place, long studies, Problem problem) implements Event {}

    /// A place that was away is there again.
    ///
    /// @param place which of them, from 0
    record Back(int place) implements Event {}

    /// Storage commitment was asked for, and all that is named was read again.
    ///
    /// @param asked how many instances
    /// @param kept how many of them are held and whole
    record Committed(long asked, long kept) implements Event {}

    /// Nobody heard what came of a request for storage commitment.
    ///
    /// @param title who asked
    record NotReported(AeTitle title) implements Event {}

    /// A retrieval ended.
    ///
    /// @param studies whose instances were wanted
    /// @param sentTo the node that was sent them; empty when that is the one who asked
    /// @param wanted how many instances
    /// @param sent how many of them were taken
    record Retrieved(
        Query query,
        List<StudyKey> studies,
        Optional<MoveTarget> sentTo,
        long wanted,
        long sent,
        DimseStatus status)
        implements Event {

      public Retrieved {
        studies = List.copyOf(studies);
      }
    }
  }

  /// What is known at one moment.
  ///
  /// @param seen all copies by place and location, so that they are not opened again
  /// @param away which places could not be looked at; what is known of them is from before
  private record Known(
      List<Place> places,
      Map<String, HeldStudy> studies,
      Map<Integer, Listing> seen,
      Set<Integer> away)
      implements AutoCloseable {

    /// Holds the places open until [#close]; false when some are closed already.
    boolean enter() {
      for (int i = 0; i < places.size(); i++) {
        if (!places.get(i).enter()) {
          places.subList(0, i).forEach(Place::leave);
          return false;
        }
      }
      return true;
    }

    @Override
    public void close() {
      places.forEach(Place::leave);
    }

    Destination place(HeldStudy study) {
      return places.get(study.place()).destination();
    }

    boolean isAway(HeldStudy study) {
      return away.contains(study.place());
    }
  }

  /// What is known now, held open.
  private Known entered() {
    Known now = known;
    while (!now.enter()) {
      now = known; // Listed anew meanwhile.
    }
    return now;
  }

  /// What one place held when it was looked at.
  ///
  /// @param copies by location
  /// @param studies by UID; empty where nothing can be served
  private record Listing(
      Map<String, HeldVersion> copies, Map<String, Optional<HeldStudy>> studies) {

    long served() {
      return studies.values().stream().filter(Optional::isPresent).count();
    }
  }

  /// @param openers each opens a destination; called again for every look at what is new
  /// @param events is told what happens, by many threads
  public HeldStudies(
      List<Supplier<Destination>> openers,
      Settings settings,
      Retrievals audit,
      Consumer<Event> events) {
    this.openers = List.copyOf(openers);
    this.settings = settings;
    this.audit = audit;
    this.events = events;
  }

  /// How many studies are served.
  public int studies() {
    return known.studies().size();
  }

  /// How many instances are served.
  public long instances() {
    return known.studies().values().stream().mapToLong(HeldStudy::instances).sum();
  }

  /// How many queries were answered.
  public long queries() {
    return queries.get();
  }

  // ---- what is held

  /// How many places cannot be used now.
  public int placesAway() {
    return known.away().size();
  }

  /// Whether something could not be read since the last look, so that one is due.
  public boolean isLookWanted() {
    return lookWanted;
  }

  /// Looks at what the destinations hold. Copies that were looked at before are not opened again.
  /// Queries are answered from what was known before, until this returns.
  ///
  /// @throws SerdabException when a destination cannot be opened or listed that never could; later
  ///   that is an [Event.Away]
  public synchronized void refresh() {
    lookWanted = false;
    Known before = known;
    List<Place> places = new ArrayList<>();
    List<Event> news = new ArrayList<>();
    try {
      Map<Integer, Listing> seen = new HashMap<>();
      Set<Integer> away = new HashSet<>();
      Map<Kind, Kind> shared = new HashMap<>();
      for (int i = 0; i < openers.size(); i++) {
        Listing old = before.seen().get(i);
        try {
          Looked looked = look(i, Optional.ofNullable(old), shared);
          places.add(looked.place());
          seen.put(i, looked.listing());
          if (before.away().contains(i)) {
            news.add(new Event.Back(i));
          }
        } catch (RuntimeException e) {
          if (old == null) {
            throw e;
          }
          Place same = before.places().get(i);
          if (!same.enter()) {
            throw e; // Closed: nobody asks any more.
          }
          places.add(same);
          seen.put(i, old);
          away.add(i);
          if (!before.away().contains(i)) {
            news.add(new Event.Away(i, old.served(), problem(e)));
          }
        }
      }
      Map<String, HeldStudy> studies = new LinkedHashMap<>();
      for (int i = 0; i < openers.size(); i++) {
        for (Optional<HeldStudy> study : seen.getOrDefault(i, NOTHING).studies().values()) {
          study.ifPresent(
              one -> studies.merge(one.uid(), one, (first, other) -> better(first, other, away)));
        }
      }
      known = new Known(List.copyOf(places), studies, seen, Set.copyOf(away));
    } catch (RuntimeException e) {
      places.forEach(Place::leave);
      throw e;
    }
    before.close();
    news.forEach(events);
  }

  private static Problem problem(RuntimeException e) {
    return e instanceof SerdabException told
        ? told.problem()
        : new Problem(
            "copy-unreadable",
            "A place of copies could not be read.",
            "Check the disk that the copies lie on.");
  }

  /// A place that is open, and what it holds.
  private record Looked(Place place, Listing listing) {}

  private Looked look(int i, Optional<Listing> before, Map<Kind, Kind> shared) {
    Place place = new Place(openers.get(i).get());
    try {
      Listing listing = look(i, place.destination(), before, shared);
      int copiesBefore = before.map(old -> old.copies().size()).orElse(0);
      if (listing.copies().size() < copiesBefore) {
        confirm(i, place.destination(), listing);
      }
      return new Looked(place, listing);
    } catch (RuntimeException e) {
      place.leave();
      throw e;
    }
  }

  /// Copies are missing that were there. Somebody removed them, or the place went away while it was
  /// listed; or what was mounted there is not any more, and left an empty folder.
  private void confirm(int i, Destination listed, Listing listing) {
    Place again = new Place(openers.get(i).get());
    try {
      if (listing.copies().isEmpty() || !again.destination().id().equals(listed.id())) {
        throw new SerdabException.Unavailable(
            new Problem(
                "destination-not-there",
                "The destination " + listed.describe() + " was used before and is not there now.",
                "Connect its volume. If all copies were removed on purpose, start this again."));
      }
    } finally {
      again.leave();
    }
  }

  private static final Listing NOTHING = new Listing(Map.of(), Map.of());

  /// Of the same study at two places that which can be read, then the newer one, then the place
  /// that was named first.
  private static HeldStudy better(HeldStudy one, HeldStudy other, Set<Integer> away) {
    if (away.contains(one.place()) != away.contains(other.place())) {
      return away.contains(one.place()) ? other : one;
    }
    return other.readAt().isAfter(one.readAt()) ? other : one;
  }

  private Listing look(
      int place, Destination destination, Optional<Listing> before, Map<Kind, Kind> shared) {
    Listing old = before.orElse(NOTHING);
    Map<String, HeldVersion> copies = new HashMap<>();
    Map<String, List<HeldVersion>> byStudy = new LinkedHashMap<>();
    try (Stream<Destination.Listed> held =
        destination.held(location -> Optional.ofNullable(old.copies().get(location)))) {
      held.forEach(listed -> {
        switch (listed) {
          case Destination.Listed.Copy(HeldVersion version) -> {
            copies.put(version.location(), version);
            if (!version.study().isOther()) {
              byStudy
                  .computeIfAbsent(version.study().value(), _ -> new ArrayList<>(1))
                  .add(version);
            }
          }
          case Destination.Listed.Unreadable unreadable ->
              events.accept(new Event.NotServed(Optional.empty(), unreadable.problem()));
        }
      });
    }
    Map<String, Optional<HeldStudy>> studies = new LinkedHashMap<>();
    long looked = 0;
    for (Map.Entry<String, List<HeldVersion>> each : byStudy.entrySet()) {
      long seenAs = seenAs(each.getValue());
      Optional<HeldStudy> same =
          old.studies()
              .getOrDefault(each.getKey(), Optional.empty())
              .filter(study -> study.seenAs() == seenAs);
      if (same.isPresent()) {
        studies.put(each.getKey(), same);
        continue;
      }
      studies.put(each.getKey(), look(place, destination, each.getValue(), seenAs, shared));
      looked++;
      if (looked % TOLD_EVERY == 0) {
        events.accept(new Event.Looking(looked));
      }
    }
    return new Listing(copies, studies);
  }

  private static long seenAs(List<HeldVersion> copies) {
    long all = 0;
    for (HeldVersion copy : copies) {
      long one = copy.id().hex().hashCode() * 31L + copy.storedBytes();
      all += one * 0x9E3779B97F4A7C15L + copy.location().hashCode();
    }
    return all;
  }

  private Optional<HeldStudy> look(
      int place,
      Destination destination,
      List<HeldVersion> copies,
      long seenAs,
      Map<Kind, Kind> shared) {
    StudyKey key = copies.getFirst().study();
    try {
      List<HeldVersion> versions = copies.size() == 1 ? copies : destination.versions(key);
      if (versions.isEmpty()) {
        return Optional.empty();
      }
      try (StudyLook look =
          StudyLook.newest(destination, versions.getLast(), settings.withRejected())) {
        return look.summary(place, seenAs, settings.commits(), shared);
      }
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      events.accept(new Event.NotServed(Optional.of(key), e.problem()));
      return Optional.empty();
    }
  }

  // ---- queries

  @Override
  public DimseStatus find(Query query, Answers answers) throws IOException {
    Keys keys = Keys.of(query, settings.title());
    queries.incrementAndGet();
    try (Known now = entered()) {
      switch (query.level()) {
        case PATIENT -> findPatients(now, keys, answers);
        case STUDY -> {
          for (HeldStudy study : candidates(now, keys)) {
            if (keys.match(study) && !give(now, study, keys, study, answers)) {
              break;
            }
          }
        }
        case SERIES, IMAGE -> {
          if (keys.wanted(Tag.StudyInstanceUID).isEmpty()) {
            return DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS;
          }
          findInsideAll(now, query.level(), keys, answers);
        }
      }
      return DimseStatus.SUCCESS;
    }
  }

  /// @param study whose place says whether what is answered for can be fetched now
  private static boolean give(
      Known now, HeldStudy study, Keys keys, Attributes attributes, Answers answers)
      throws IOException {
    return answers.give(
        keys.answer(attributes, now.isAway(study)), keys.areSupportedBy(attributes));
  }

  /// All that can be looked into are answered for before this fails because of the others.
  private void findInsideAll(Known now, QueryLevel level, Keys keys, Answers answers)
      throws IOException {
    Optional<SerdabException> failure = Optional.empty();
    for (HeldStudy study : candidates(now, keys)) {
      try {
        if (!findInside(now, study, level, keys, answers)) {
          break;
        }
      } catch (SerdabException e) {
        notReadable(study, e);
        failure = Optional.of(e);
      }
    }
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  /// Says so, and lets the places be looked at soon.
  private void notReadable(HeldStudy study, SerdabException e) {
    lookWanted = true;
    events.accept(new Event.NotServed(Optional.of(study.version().study()), e.problem()));
  }

  /// Those that a key by UID leaves; all where there is none.
  private static Iterable<HeldStudy> candidates(Known now, Keys keys) {
    List<String> uids = keys.wanted(Tag.StudyInstanceUID);
    return uids.isEmpty() ? now.studies().values() : named(now, uids);
  }

  private static List<HeldStudy> named(Known now, List<String> uids) {
    return uids.stream()
        .distinct()
        .flatMap(uid -> Stream.ofNullable(now.studies().get(uid)))
        .toList();
  }

  private static void findPatients(Known now, Keys keys, Answers answers) throws IOException {
    Map<String, HeldPatient> patients = new LinkedHashMap<>();
    for (HeldStudy study : now.studies().values()) {
      patients.computeIfAbsent(study.patient(), _ -> new HeldPatient(study)).add(study);
    }
    for (HeldPatient patient : patients.values()) {
      if (keys.match(patient)
          && !answers.give(keys.answer(patient, false), keys.areSupportedBy(patient))) {
        return;
      }
    }
  }

  /// @return whether more answers are wanted
  private boolean findInside(
      Known now, HeldStudy study, QueryLevel level, Keys keys, Answers answers) throws IOException {
    try (StudyLook look =
        StudyLook.open(now.place(study), study.version(), settings.withRejected())) {
      for (Iterator<HeldInstances> all = inside(study, look, level); all.hasNext(); ) {
        HeldInstances each = all.next();
        if (keys.match(each) && !give(now, study, keys, each, answers)) {
          return false;
        }
      }
      return true;
    }
  }

  private static Iterator<HeldInstances> inside(HeldStudy study, StudyLook look, QueryLevel level) {
    if (level == QueryLevel.IMAGE) {
      return look.files().stream()
          .map(file -> HeldInstances.instance(study, look.reader(), file))
          .iterator();
    }
    Map<String, List<StoredFile>> series = new LinkedHashMap<>();
    for (StoredFile file : look.files()) {
      series
          .computeIfAbsent(StudyLook.facts(file).series().value(), _ -> new ArrayList<>())
          .add(file);
    }
    return series.values().stream()
        .map(files -> HeldInstances.series(study, look.reader(), files))
        .iterator();
  }

  // ---- retrievals

  @Override
  public Optional<Retrieval> retrieve(Query query, Optional<MoveTarget> destination) {
    Keys keys = Keys.of(query, settings.title());
    Known now = entered();
    boolean begun = false;
    try {
      Optional<Retrieval> retrieval =
          wantedStudies(now, query, keys)
              .map(studies ->
                  StudySending.begin(
                      new StudySending.Request(
                          query,
                          destination,
                          wanted(query, QueryLevel.SERIES, keys.wanted(Tag.SeriesInstanceUID)),
                          wanted(query, QueryLevel.IMAGE, keys.wanted(Tag.SOPInstanceUID))),
                      studies,
                      now::place,
                      now::close,
                      this::notReadable,
                      settings,
                      audit,
                      events));
      begun = retrieval.isPresent();
      return retrieval;
    } finally {
      if (!begun) {
        now.close();
      }
    }
  }

  /// UIDs below the level of a retrieval say nothing about it.
  private static Set<String> wanted(Query query, QueryLevel from, List<String> uids) {
    return query.level().compareTo(from) < 0 ? Set.of() : new HashSet<>(uids);
  }

  /// Empty when the unique keys that the level needs are not there: then nothing is sent, rather
  /// than everything.
  private static Optional<List<HeldStudy>> wantedStudies(Known now, Query query, Keys keys) {
    List<String> patients = keys.wanted(Tag.PatientID);
    if (query.level() == QueryLevel.PATIENT) {
      return patients.isEmpty()
          ? Optional.empty()
          : Optional.of(
              now.studies().values().stream().filter(study -> isOf(study, patients)).toList());
    }
    boolean named =
        !keys.wanted(Tag.StudyInstanceUID).isEmpty()
            && switch (query.level()) {
              case PATIENT, STUDY -> true;
              case SERIES -> !keys.wanted(Tag.SeriesInstanceUID).isEmpty();
              case IMAGE -> !keys.wanted(Tag.SOPInstanceUID).isEmpty();
            };
    return named
        ? Optional.of(
            named(now, keys.wanted(Tag.StudyInstanceUID)).stream()
                .filter(study -> !query.byPatient() || patients.isEmpty() || isOf(study, patients))
                .toList())
        : Optional.empty();
  }

  /// Exactly: a wildcard in a retrieval is a letter like any other.
  private static boolean isOf(HeldStudy study, List<String> patients) {
    return patients.contains(study.value(Tag.PatientID).orElse(""));
  }

  @Override
  public Optional<MoveTarget> destination(AeTitle title) {
    return Optional.ofNullable(settings.targets().get(title));
  }

  @Override
  public Optional<String> preferred(String sopClassUid, List<String> proposed) {
    Map<String, Long> counts = new HashMap<>();
    for (HeldStudy study : known.studies().values()) {
      study
          .kinds()
          .forEach((kind, count) -> {
            if (kind.sopClassUid().equals(sopClassUid)
                && proposed.contains(kind.transferSyntaxUid())) {
              counts.merge(kind.transferSyntaxUid(), (long) count, Long::sum);
            }
          });
    }
    return counts.entrySet().stream()
        .max(Map.Entry.<String, Long>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
        .map(Map.Entry::getKey);
  }

  // ---- storage commitment

  @Override
  public CommitmentReport check(String transactionUid, List<Reference> references) {
    CommitmentReport report;
    try (Known now = entered();
        Witness witness = new Witness(now)) {
      report = CommitmentReport.on(transactionUid, references, witness::whyNotKept);
    }
    events.accept(new Event.Committed(references.size(), report.kept().size()));
    return report;
  }

  @Override
  public Optional<MoveTarget> reportTo(AeTitle title) {
    return destination(title);
  }

  @Override
  public void notDelivered(AeTitle title) {
    events.accept(new Event.NotReported(title));
  }

  /// Looks for instances and reads them again. One study is open at a time: what is asked for
  /// together mostly is of one. One thread at a time.
  private static final class Witness implements AutoCloseable {

    private final Known now;
    private Optional<StudyLook> open = Optional.empty();
    private Map<String, StoredFile> files = Map.of();

    Witness(Known now) {
      this.now = now;
    }

    /// @return empty when it is held, and every byte of it was read and is right
    Optional<DimseStatus> whyNotKept(Reference reference) {
      String sop = reference.sop().value();
      Optional<DimseStatus> reason = Optional.of(DimseStatus.NO_SUCH_OBJECT_INSTANCE);
      if (files.containsKey(sop)) {
        return whyNotInOpen(reference);
      }
      for (HeldStudy study : now.studies().values()) {
        if (!study.sops().mayHave(sop)) {
          continue;
        }
        try {
          open(study);
        } catch (SerdabException e) {
          reason = Optional.of(DimseStatus.PROCESSING_FAILURE);
          continue;
        }
        if (files.containsKey(sop)) {
          return whyNotInOpen(reference);
        }
      }
      return reason;
    }

    private Optional<DimseStatus> whyNotInOpen(Reference reference) {
      StoredFile file = files.get(reference.sop().value());
      if (file == null || open.isEmpty()) {
        return Optional.of(DimseStatus.NO_SUCH_OBJECT_INSTANCE);
      }
      if (!StudyLook.facts(file).sopClassUid().equals(reference.sopClassUid())) {
        return Optional.of(DimseStatus.CLASS_INSTANCE_CONFLICT);
      }
      try {
        return open.get().isIntact(file)
            ? Optional.empty()
            : Optional.of(DimseStatus.PROCESSING_FAILURE);
      } catch (SerdabException e) {
        return Optional.of(DimseStatus.PROCESSING_FAILURE);
      }
    }

    private void open(HeldStudy study) {
      close();
      // What is rejected is not shown, and it is kept.
      StudyLook look = StudyLook.open(now.place(study), study.version(), true);
      open = Optional.of(look);
      files = new HashMap<>();
      look.files().forEach(file -> files.put(StudyLook.facts(file).sop().value(), file));
    }

    @Override
    public void close() {
      files = Map.of();
      open.ifPresent(StudyLook::close);
      open = Optional.empty();
    }
  }

  @Override
  public void close() {
    Known last = known;
    known = new Known(List.of(), Map.of(), Map.of(), Set.of());
    last.close();
  }
}
