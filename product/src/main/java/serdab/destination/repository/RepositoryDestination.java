package serdab.destination.repository;

import java.time.InstantSource;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.Tasks;
import serdab.VersionId;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.SideFiles;
import serdab.destination.SizeEstimator;
import serdab.destination.StagedVersion;
import serdab.destination.Traits;
import serdab.destination.VersionReader;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.repository.Erasure;
import serdab.repository.Repository;
import serdab.repository.Snapshot;
import serdab.repository.VersionWriter;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.NameSet;
import serdab.store.ReadBack;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// Copies in a repository: deduplicated, compressed, sealed, on any place. Thread-safe.
///
/// A copy is INTACT when it is committed: its new packs were read back, and so was every pack that
/// it shares with others, once in a run. READABLE and [#read] need the identity, but for packs of
/// this run.
///
/// Where a study was removed or set aside, its packs stay until a prune.
public final class RepositoryDestination implements Destination {

  /// What is noted of a copy that went by a plan.
  private static final String REMOVED = "A plan that a person confirmed.";

  /// What is noted of a copy that was set aside; [#setAsideCount] counts it.
  private static final String SET_ASIDE = "Damaged; another copy of the same version is good.";

  private final Repository repository;
  private final BlobStore store;
  private final Options options;
  private final Coders coders;
  private final InstantSource clock;
  private volatile Optional<FutureTask<NameSet>> ahead = Optional.empty();

  /// How a repository is used.
  ///
  /// @param compression how much work goes into making frames small
  /// @param executor a bounded pool for encoding and decoding, shared by all destinations and ended
  ///   by whoever made it; a few platform threads, as the work is computing
  /// @param parallelism how many of its tasks run at the same time
  /// @param writtenBy program and version, as `Serdab 0.1.0`
  public record Options(
      Compression compression, Executor executor, int parallelism, String writtenBy) {}

  /// A destination over an open repository. Both are closed with it.
  ///
  /// @param store the place the repository is at
  public RepositoryDestination(
      Repository repository, BlobStore store, Options options, InstantSource clock) {
    this.repository = repository;
    this.store = store;
    this.options = options;
    this.coders =
        new Coders(
            options.executor(),
            options.parallelism(),
            options.compression(),
            // What the other one makes every reader knows.
            options.compression() == Compression.FAST ? repository.reader() : Repository.READER);
    this.clock = clock;
  }

  @Override
  public DestinationId id() {
    return new DestinationId(repository.id());
  }

  @Override
  public String describe() {
    return store.describe();
  }

  @Override
  public Traits traits() {
    return new Traits(
        true, true, Depth.READABLE, Depth.INTACT, false, store.capabilities().consequences());
  }

  @Override
  public OptionalLong usableBytes() {
    return store.usableBytes();
  }

  @Override
  public OptionalLong totalBytes() {
    return store.totalBytes();
  }

  @Override
  public Optional<SizeEstimator> estimator(long totalBytes) {
    return Optional.of(
        new Estimator(totalBytes, options.compression(), options.parallelism(), clock));
  }

  // ---- what is held

  /// What is known saves nothing here: a listing opens no copy.
  @Override
  public Stream<Listed> held(Function<String, Optional<HeldVersion>> known) {
    return Stream.concat(
        repository.snapshots().map(snapshot -> new Listed.Copy(held(snapshot))),
        repository.unreadable().entrySet().stream()
            .map(each -> new Listed.Unreadable(each.getKey(), each.getValue())));
  }

  private static HeldVersion held(Snapshot snapshot) {
    return new HeldVersion(
        new StudyKey(snapshot.groupKey()),
        VersionId.parse(snapshot.version()),
        snapshot.at(),
        snapshot.storedBytes(),
        snapshot.files(),
        snapshot.supersedes().map(VersionId::parse),
        Optional.empty());
  }

  @Override
  public Optional<Predicate<HeldVersion>> glance() {
    NameSet whole = ahead.isPresent() ? Tasks.result(ahead.get()) : repository.present();
    ahead = Optional.empty();
    return Optional.of(copy -> whole.has(copy.location()));
  }

  /// Begins to look for the next [#glance], on a thread of its own, for who has something else to
  /// do first.
  public void glanceAhead() {
    FutureTask<NameSet> task = new FutureTask<>(repository::present);
    Thread.ofPlatform().name("glance").daemon().start(task);
    ahead = Optional.of(task);
  }

  @Override
  public Optional<HeldVersion> find(StudyKey study, VersionId version) {
    return repository.find(study.value(), version.hex()).map(RepositoryDestination::held);
  }

  /// By time, but none before the one it follows: a clock may have been wrong. One whose packs or
  /// keys are gone is none that can be read.
  @Override
  public List<HeldVersion> versions(StudyKey study) {
    return ordered(
        repository.snapshots(study.value()).stream()
            .filter(snapshot -> missing(snapshot).isEmpty())
            .toList());
  }

  @Override
  public Optional<Problem> unreadableNewest(StudyKey study) {
    return newest(study).flatMap(this::missing);
  }

  @Override
  public Optional<HeldVersion> incompleteNewest(StudyKey study) {
    return newest(study)
        .filter(snapshot -> missing(snapshot).isPresent())
        .map(RepositoryDestination::held);
  }

  private Optional<Snapshot> newest(StudyKey study) {
    List<Snapshot> all = repository.snapshots(study.value());
    if (all.isEmpty()) {
      return Optional.empty();
    }
    List<HeldVersion> ordered = ordered(all);
    return all.stream()
        .filter(snapshot -> snapshot.at().equals(ordered.getLast().location()))
        .findFirst();
  }

  /// What of a copy is not there, as far as a listing tells.
  private Optional<Problem> missing(Snapshot snapshot) {
    try {
      repository.requirePresent(snapshot);
      return Optional.empty();
    } catch (SerdabException.Damaged e) {
      return Optional.of(e.problem());
    }
  }

  private static List<HeldVersion> ordered(List<Snapshot> snapshots) {
    List<HeldVersion> waiting =
        new ArrayList<>(snapshots.stream().map(RepositoryDestination::held).toList());
    List<HeldVersion> ordered = new ArrayList<>(waiting.size());
    while (!waiting.isEmpty()) {
      HeldVersion next =
          waiting.stream()
              .filter(copy -> waiting.stream().noneMatch(other -> follows(copy, other)))
              .findFirst()
              .orElse(waiting.getFirst());
      waiting.remove(next);
      ordered.add(next);
    }
    return ordered;
  }

  private static boolean follows(HeldVersion copy, HeldVersion other) {
    return !other.id().equals(copy.id())
        && copy.supersedes().filter(other.id()::equals).isPresent();
  }

  private Optional<Snapshot> snapshot(HeldVersion version) {
    return repository.snapshots(version.study().value()).stream()
        .filter(snapshot -> snapshot.at().equals(version.location()))
        .findFirst();
  }

  // ---- writing

  @Override
  public StagedVersion begin(StudyFacts facts) {
    return new StagedCopy(
        repository.begin(facts.key().value()), coders, options.writtenBy(), this::proven);
  }

  private HeldVersion proven(VersionWriter.Committed committed) {
    return held(committed.snapshot())
        .proven(new Proof(Depth.INTACT, means(committed.means()), clock.instant()));
  }

  private static ProofMeans means(ReadBack.Means means) {
    return switch (means) {
      case PAST_CACHE -> ProofMeans.PAST_CACHE;
      case THROUGH_CACHE -> ProofMeans.THROUGH_CACHE;
      case NETWORK -> ProofMeans.NETWORK;
    };
  }

  // ---- proving and reading

  /// PRESENT: every pack is listed with its length. INTACT: every pack was read, and its SHA-256 is
  /// its name. READABLE: every file was put together, parsed, and compared with the manifest.
  ///
  /// @throws SerdabException.Refused `repository-needs-identity` when READABLE is asked for, and
  ///   the copy was not made in this run
  @Override
  public ProofOutcome prove(HeldVersion version, Depth depth) {
    if (!Depth.READABLE.reaches(depth)) {
      throw new IllegalArgumentException("a repository cannot be proven to " + depth);
    }
    try {
      Optional<Snapshot> found = snapshot(version);
      if (found.isEmpty()) {
        return gone();
      }
      if (!isSame(found.get(), version)) {
        return new ProofOutcome.Bad(
            new Problem(
                "copy-damaged",
                "What the repository holds under the name of a copy is another one.",
                "Run: serdab catalogue rebuild"));
      }
      if (Depth.PRESENT.reaches(depth)) {
        repository.requirePresent(found.get());
        return proven(Depth.PRESENT, ProofMeans.ASKED);
      }
      if (Depth.INTACT.reaches(depth)) {
        return proven(Depth.INTACT, means(repository.requireIntact(found.get())));
      }
      try (VersionReader reader = read(version)) {
        ProofMeans means = means(repository.requireIntact(found.get()));
        ReadableCheck.run(reader);
        return proven(Depth.READABLE, means);
      }
    } catch (SerdabException.Damaged e) {
      return new ProofOutcome.Bad(e.problem());
    }
  }

  private static boolean isSame(Snapshot snapshot, HeldVersion version) {
    return snapshot.version().equals(version.id().hex())
        && snapshot.storedBytes() == version.storedBytes();
  }

  private ProofOutcome proven(Depth depth, ProofMeans means) {
    return new ProofOutcome.Proven(new Proof(depth, means, clock.instant()));
  }

  private static ProofOutcome gone() {
    return new ProofOutcome.Gone(goneProblem());
  }

  private static Problem goneProblem() {
    return new Problem(
        "copy-gone",
        "A copy is not in the repository any more.",
        "Find out who removed it; the next backup copies the study again.");
  }

  @Override
  public VersionReader read(HeldVersion version) {
    Snapshot snapshot =
        snapshot(version)
            .filter(found -> found.version().equals(version.id().hex()))
            .orElseThrow(() -> new SerdabException.Damaged(goneProblem()));
    return CopyReader.open(repository.read(snapshot), coders);
  }

  // ---- removing

  /// The copy counts no more from now on; a prune frees what nobody else needs.
  @Override
  public boolean remove(HeldVersion version) {
    List<Snapshot> all = repository.snapshots(version.study().value());
    boolean another =
        all.stream()
            .anyMatch(one -> !one.at().equals(version.location()) && missing(one).isEmpty());
    if (!another && !all.isEmpty()) {
      throw new SerdabException.Refused(
          new Problem(
              "last-copy",
              "A copy was not removed: it is the last readable one of its study here.",
              "Nothing was lost. Run: serdab verify, then make a new plan."));
    }
    return removed(version);
  }

  @Override
  public boolean removeLast(HeldVersion version) {
    return removed(version);
  }

  private boolean removed(HeldVersion version) {
    Optional<Snapshot> found = snapshot(version);
    if (found.isEmpty()) {
      return false;
    }
    if (!isSame(found.get(), version)) {
      throw new SerdabException.Refused(
          new Problem(
              "copy-is-another",
              "A copy was not removed: another one lies in its place by now.",
              "Nothing was lost. Run: serdab catalogue rebuild, then make a new plan."));
    }
    repository.remove(found.get(), REMOVED);
    return true;
  }

  // ---- erasing

  /// Whether this machine may write here, or an identity was given.
  public boolean canWrite() {
    return repository.canWrite();
  }

  @Override
  public boolean isRemoved(StudyKey study, String location) {
    return repository.isRemoved(location);
  }

  @Override
  public boolean isErased(StudyKey study) {
    return repository.isErased(study.value());
  }

  /// What erasing a study would do.
  ///
  /// @param versions those of it that are held; none when an erasure was begun and not ended
  /// @param sharing studies that share stored bytes with it, which are sealed to them first
  /// @param whenPlaceLetsGo whether the place locks files, so that the study can be read by whoever
  ///   has the identity until the lock on its keys ends
  /// @param needsIdentity whether the identity is needed and was not given
  public record Erasing(
      List<HeldVersion> versions,
      Set<StudyKey> sharing,
      boolean whenPlaceLetsGo,
      boolean needsIdentity) {

    public Erasing {
      versions = List.copyOf(versions);
      sharing = Set.copyOf(sharing);
    }
  }

  /// Finds out what erasing a study would do. Only reads.
  ///
  /// @throws SerdabException.Refused `repository-group-unknown` when nothing is known of the study
  ///   here, `repository-no-prune`
  /// @throws SerdabException.Damaged when a snapshot cannot be read: nobody knows what it needs
  public Erasing planErasing(StudyKey study) {
    Erasure.Plan plan = new Erasure(repository, VersionManifest::moved).plan(study.value());
    return new Erasing(
        ordered(plan.versions()),
        plan.sharing().stream()
            .map(snapshot -> new StudyKey(snapshot.groupKey()))
            .collect(Collectors.toSet()),
        plan.whenPlaceLetsGo(),
        plan.needsIdentity());
  }

  /// Erases a study for good: its key is destroyed, and with it whatever only that key opens.
  /// Studies that share stored bytes with it keep them. Killed at any step, it is ended by calling
  /// it again.
  ///
  /// @param reason one sentence for people, without patient data
  /// @return how many bytes were written for studies that share with it
  /// @throws SerdabException.Refused as [#planErasing], and `repository-needs-identity`
  public long erase(StudyKey study, String reason) {
    return repository.erase(study.value(), VersionManifest::moved, reason).storedBytes();
  }

  /// Its packs stay where they are, as others may share them; a prune frees those that nobody
  /// needs.
  @Override
  public Optional<String> setAside(String location) {
    Optional<Snapshot> found;
    try (Stream<Snapshot> all = repository.snapshots()) {
      found = all.filter(snapshot -> snapshot.at().equals(location)).findFirst();
    }
    found.ifPresent(snapshot -> repository.remove(snapshot, SET_ASIDE));
    return found.map(Snapshot::at);
  }

  @Override
  public long setAsideCount() {
    try (Stream<BlobInfo> removed = store.list("removed/")) {
      // Each is there three times, under one name in three folders.
      return removed
          .filter(removal ->
              store.document(removal.name()).filter(RepositoryDestination::isSetAside).isPresent())
          .map(removal -> removal.name().substring(removal.name().lastIndexOf('/') + 1))
          .distinct()
          .count();
    }
  }

  private static boolean isSetAside(byte[] removal) {
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), removal)) {
      json.nextToken();
      while (json.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals("reason")) {
          return SET_ASIDE.equals(json.getString());
        }
        json.skipChildren();
      }
      return false;
    } catch (JacksonException e) {
      return false;
    }
  }

  // ---- the end of a run

  @Override
  public void settle(Map<Optional<YearMonth>, Boolean> months) {
    repository.settle();
  }

  @Override
  public List<Problem> notices() {
    return Repository.isDescribed(store)
        ? List.of()
        : List.of(
            new Problem(
                "repository-description-lost",
                "In " + store.describe() + " repository.json is lost; a copy of it was read.",
                "Put it back in its place: serdab repository repair"));
  }

  /// A repository keeps no list of issues: whoever may look at the place must not learn of them.
  @Override
  public void note(Issue issue) {}

  @Override
  public boolean hidesPatients() {
    return true;
  }

  @Override
  public boolean sealsBeside() {
    return true;
  }

  @Override
  public Optional<SideFiles> beside(String folder) {
    return Optional.of(SideFiles.sealed(store, folder + "/", repository.sealing()));
  }

  /// Nothing may be said of a study here.
  @Override
  public String shown(StudyKey study) {
    return "";
  }

  @Override
  public void close() {
    try {
      ahead.ifPresent(Tasks::result);
    } catch (RuntimeException e) {
      // Nobody asked for it.
    }
    coders.close();
    try {
      repository.close();
    } finally {
      store.close();
    }
  }
}
