package serdab.destination;

import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Problem;
import serdab.Proof;
import serdab.ProofMeans;
import serdab.SerdabException;
import serdab.VersionId;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.store.BlobInfo;
import serdab.store.BlobStore;
import serdab.store.NameSet;
import serdab.store.ReadBack;
import serdab.ziptree.ForeignZip;
import serdab.ziptree.FormatDocument;
import serdab.ziptree.IssueLog;
import serdab.ziptree.MonthFolder;
import serdab.ziptree.MonthMarkers;
import serdab.ziptree.NamingProfile;
import serdab.ziptree.StudyZip;
import serdab.ziptree.StudyZipWriter;
import serdab.ziptree.TreeIndex;
import serdab.ziptree.ZipTree;

/// Copies as one proven ZIP per version of a study, in month folders, on any place. Thread-safe.
///
/// A copy is proven INTACT before it becomes visible; when what was read back is wrong,
/// [StagedVersion#commit] throws `Damaged`, nothing is visible, and the same files may be staged
/// again. READABLE needs a proof of its own, [#prove].
public final class ZipTreeDestination implements Destination {

  /// A place without a marker is looked through so far for ZIPs of a tree that lost it.
  private static final int LOOKED_AT_MAX = 10;

  /// Where damaged ZIPs are kept; `docs/format/zip-tree.md` section 4.4.
  private static final String SET_ASIDE = "_set-aside";

  private static final DateTimeFormatter SET_ASIDE_TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private static final int NAME_TRIES_MAX = 100;

  /// Figures and codes of problems, which say nothing of a person.
  private static final Pattern NEUTRAL_EXTRA = Pattern.compile("[0-9]{0,12}|[a-z]+(-[a-z]+)+");

  private static final DestinationId NONE_YET = new DestinationId(new UUID(0, 0));

  private final BlobStore store;
  private final DestinationId id;
  private final ZipTree tree;
  private final IssueLog issues;
  private final MonthMarkers months;
  private final InstantSource clock;
  private final Options options;

  private ZipTreeDestination(
      BlobStore store,
      DestinationId id,
      NamingProfile naming,
      Options options,
      InstantSource clock) {
    this.store = store;
    this.id = id;
    this.clock = clock;
    this.options = options;
    this.tree =
        new ZipTree(
            store,
            naming,
            options.executor(),
            options.parallelism(),
            options.writtenBy(),
            options.jpegLs());
    this.issues = new IssueLog(store, clock);
    this.months = new MonthMarkers(store, clock, options.writtenBy());
  }

  /// How a tree is used.
  ///
  /// @param naming how new ZIPs are named; a tree that is named otherwise is held back when it is
  ///   to be written to
  /// @param access what may be done
  /// @param executor a bounded pool for compressing and checking, shared by all destinations and
  ///   ended by whoever made it; a few platform threads, as the work is computing
  /// @param parallelism how many of its tasks run at the same time
  /// @param writtenBy program and version, as `Serdab 0.1.0`
  /// @param jpegLs whether images that can be are stored as JPEG-LS
  public record Options(
      NamingProfile naming,
      Access access,
      Executor executor,
      int parallelism,
      String writtenBy,
      boolean jpegLs) {

    /// Images are stored as they are.
    public Options(
        NamingProfile naming, Access access, Executor executor, int parallelism, String writtenBy) {
      this(naming, access, executor, parallelism, writtenBy, false);
    }
  }

  /// What may be done with the place.
  public enum Access {
    /// Nothing is written. A tree without a marker can be read when no id is expected.
    READ,
    /// Nothing is written, and a place where a tree could be begun will do: for showing a plan.
    LOOK,
    /// A marker is made where a tree is begun.
    WRITE,
    /// As [#WRITE], and whatever marker is there is accepted; one is made where there is none.
    ADOPT
  }

  /// Opens a tree, or begins one. The store is closed with it, also when opening fails.
  ///
  /// @param expected the ids known for this address; empty when it was never used
  /// @throws SerdabException.HeldBack when the place is not one of those expected, or lost its
  ///   marker (`docs/format/zip-tree.md` section 4.1); nothing was written then
  public static ZipTreeDestination open(
      BlobStore store,
      Options options,
      Set<DestinationId> expected,
      InstantSource clock,
      RandomGenerator random) {
    try {
      Identity identity = identify(store, options, expected, clock, random);
      ZipTreeDestination destination =
          new ZipTreeDestination(store, identity.id(), identity.naming(), options, clock);
      if (options.access() == Access.WRITE || options.access() == Access.ADOPT) {
        store.sweep();
        FormatDocument.storeIn(store, options.jpegLs());
      }
      return destination;
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /// Which tree it is, and how what is added to it is named.
  private record Identity(DestinationId id, NamingProfile naming) {}

  private static Identity identify(
      BlobStore store,
      Options options,
      Set<DestinationId> expected,
      InstantSource clock,
      RandomGenerator random) {
    Optional<DestinationMarker> marker = DestinationMarker.read(store);
    if (marker.isPresent()) {
      DestinationId found = marker.get().id();
      if (!expected.isEmpty() && !expected.contains(found) && options.access() != Access.ADOPT) {
        throw new SerdabException.HeldBack(
            new Problem(
                "destination-is-another",
                "In "
                    + store.describe()
                    + " there is a destination, and not the one that was there"
                    + " before.",
                "Connect the right disk. If this one is to be used here from now on, run the backup"
                    + " once with --adopt."));
      }
      boolean writes = options.access() != Access.READ;
      return new Identity(found, marker.get().namingFor(options.naming(), writes, store));
    }
    return switch (options.access()) {
      case ADOPT -> begun(store, options, clock, random);
      case WRITE -> {
        requireNoTree(store, options, expected);
        yield begun(store, options, clock, random);
      }
      case LOOK -> {
        requireNoTree(store, options, expected);
        yield new Identity(NONE_YET, options.naming());
      }
      case READ -> {
        requireNotExpected(store, expected);
        yield new Identity(NONE_YET, options.naming());
      }
    };
  }

  private static Identity begun(
      BlobStore store, Options options, InstantSource clock, RandomGenerator random) {
    DestinationMarker made =
        DestinationMarker.make(store, options.naming(), options.writtenBy(), clock, random);
    return new Identity(made.id(), made.namingFor(options.naming(), true, store));
  }

  private static void requireNotExpected(BlobStore store, Set<DestinationId> expected) {
    if (!expected.isEmpty()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "destination-marker-missing",
              "In "
                  + store.describe()
                  + " there was a destination before, and now its "
                  + DestinationMarker.NAME
                  + " is missing.",
              "Most likely its disk is not connected: connect it and run again. If this is a new,"
                  + " empty disk to be used here, or the file was lost, run the backup once with"
                  + " --adopt."));
    }
  }

  private static void requireNoTree(BlobStore store, Options options, Set<DestinationId> expected) {
    requireNotExpected(store, expected);
    ZipTree tree =
        new ZipTree(
            store,
            options.naming(),
            options.executor(),
            options.parallelism(),
            options.writtenBy(),
            options.jpegLs());
    try (Stream<ZipTree.TreeZip> zips = tree.zips()) {
      if (zips.limit(LOOKED_AT_MAX).anyMatch(zip -> hasManifest(tree, zip))) {
        throw new SerdabException.HeldBack(
            new Problem(
                "destination-marker-lost",
                "In "
                    + store.describe()
                    + " there are copies of studies, and "
                    + DestinationMarker.NAME
                    + " is missing.",
                "If that folder is to be used on, run the backup once with --adopt; else give this"
                    + " backup a folder of its own."));
      }
    }
  }

  private static boolean hasManifest(ZipTree tree, ZipTree.TreeZip zip) {
    try {
      tree.look(zip);
      return true;
    } catch (SerdabException.Damaged | SerdabException.Refused e) {
      return false;
    }
  }

  @Override
  public DestinationId id() {
    return id;
  }

  @Override
  public String describe() {
    return store.describe();
  }

  @Override
  public Traits traits() {
    return new Traits(
        true, true, Depth.READABLE, Depth.INTACT, true, store.capabilities().consequences());
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
        new ZipSizeEstimator(totalBytes, options.jpegLs(), options.parallelism(), clock));
  }

  @Override
  public Stream<Listed> held(Function<String, Optional<HeldVersion>> known) {
    return tree.zips()
        .flatMap(zip ->
            known
                .apply(zip.path())
                .filter(copy -> copy.storedBytes() == zip.lengthBytes())
                .map(copy -> Stream.<Listed>of(new Listed.Copy(copy)))
                .orElseGet(() -> listed(zip)));
  }

  private Stream<Listed> listed(ZipTree.TreeZip zip) {
    try {
      return Stream.of(new Listed.Copy(held(tree.look(zip))));
    } catch (SerdabException.Damaged e) {
      return Stream.of(new Listed.Unreadable(zip.path(), e.problem()));
    } catch (SerdabException.Refused e) {
      if (isMissing(e)) {
        return Stream.empty(); // Gone since it was listed.
      }
      throw e;
    }
  }

  private static HeldVersion held(ZipTree.Listed listed) {
    return new HeldVersion(
        listed.study(),
        listed.id(),
        listed.zip().path(),
        listed.zip().lengthBytes(),
        listed.fileCount(),
        listed.supersedes(),
        Optional.empty());
  }

  @Override
  public Optional<Predicate<HeldVersion>> glance() {
    try (Stream<BlobInfo> all = store.list("")) {
      NameSet listed = NameSet.ofBlobs(all);
      return Optional.of(copy -> listed.hasBlob(copy.location(), copy.storedBytes()));
    }
  }

  @Override
  public Optional<HeldVersion> find(StudyKey study, VersionId version) {
    return tree.find(study, version).map(ZipTreeDestination::held);
  }

  @Override
  public List<HeldVersion> versions(StudyKey study) {
    return tree.versions(study).stream().map(ZipTreeDestination::held).toList();
  }

  @Override
  public Optional<Problem> unreadableNewest(StudyKey study) {
    return tree.unreadableNewest(study);
  }

  @Override
  public StagedVersion begin(StudyFacts facts) {
    months.reopened(MonthFolder.of(facts));
    return new Staged(tree.begin(facts), facts);
  }

  /// The depths are those of `docs/format/zip-tree.md` section 5.
  @Override
  public ProofOutcome prove(HeldVersion version, Depth depth) {
    if (!Depth.READABLE.reaches(depth)) {
      throw new IllegalArgumentException("a ZIP tree cannot be proven to " + depth);
    }
    try {
      Optional<ZipTree.TreeZip> present = tree.present(version.location());
      if (present.isEmpty()) {
        return gone();
      }
      if (present.get().lengthBytes() != version.storedBytes()) {
        return new ProofOutcome.Bad(
            new Problem(
                "copy-damaged",
                "A ZIP has "
                    + present.get().lengthBytes()
                    + " bytes, not "
                    + version.storedBytes()
                    + ".",
                "Keep it, check the disk it lies on, and run the backup again: it makes a new copy"
                    + " beside it."));
      }
      if (Depth.PRESENT.reaches(depth)) {
        return proven(Depth.PRESENT, ProofMeans.ASKED);
      }
      ProofMeans means = means(tree.checkIntact(version.location(), version.id()));
      if (Depth.INTACT.reaches(depth)) {
        return proven(Depth.INTACT, means);
      }
      tree.checkReadable(version.location());
      return proven(Depth.READABLE, means);
    } catch (SerdabException.Damaged e) {
      return new ProofOutcome.Bad(e.problem());
    } catch (SerdabException.Refused e) {
      if (isMissing(e)) {
        return gone();
      }
      throw e;
    }
  }

  private ProofOutcome proven(Depth depth, ProofMeans means) {
    return new ProofOutcome.Proven(new Proof(depth, means, clock.instant()));
  }

  private static ProofOutcome gone() {
    return new ProofOutcome.Gone(
        new Problem(
            "copy-gone",
            "A ZIP is not there any more.",
            "Find out who removed it; the next backup copies the study again."));
  }

  private static boolean isMissing(SerdabException.Refused e) {
    return e.problem().code().equals("blob-missing");
  }

  private static ProofMeans means(ReadBack.Means means) {
    return switch (means) {
      case PAST_CACHE -> ProofMeans.PAST_CACHE;
      case THROUGH_CACHE -> ProofMeans.THROUGH_CACHE;
      case NETWORK -> ProofMeans.NETWORK;
    };
  }

  @Override
  public VersionReader read(HeldVersion version) {
    return new Reader(tree.open(version.location(), version.study(), version.id()));
  }

  // ---- what another program left

  /// Everything in the folders of studies, whoever made it, in no order. Reads the directory of
  /// each ZIP. Close the stream.
  public Stream<ForeignCopy.Found> found() {
    return store
        .list("")
        .filter(blob -> !blob.name().startsWith("_") && !ZipTree.namesIn(blob.name()).isEmpty())
        .flatMap(this::found);
  }

  /// Whether there is not one ZIP in the folders of studies, whoever made it.
  public boolean isWithoutZips() {
    try (Stream<ZipTree.TreeZip> zips = tree.zips()) {
      return zips.noneMatch(zip -> !zip.path().startsWith("_"));
    }
  }

  /// The months that are marked as done, by whomever.
  public Set<String> monthsMarked() {
    try (Stream<BlobInfo> all = store.list("")) {
      return all.filter(blob -> blob.name().endsWith("/" + MonthMarkers.NAME))
          .map(blob -> MonthFolder.ofPath(blob.name()).value())
          .collect(Collectors.toUnmodifiableSet());
    }
  }

  private Stream<ForeignCopy.Found> found(BlobInfo blob) {
    String path = blob.name();
    try {
      Optional<ForeignZip.Glance> foreign = tree.foreign(path);
      return Stream.of(
          foreign.isPresent()
              ? new ForeignCopy.Found.Foreign(
                  path,
                  blob.lengthBytes(),
                  blob.lastModified(),
                  foreign.get().fileCount(),
                  ZipTree.namesIn(path))
              : new ForeignCopy.Found.Copy(
                  held(tree.look(new ZipTree.TreeZip(path, blob.lengthBytes())))));
    } catch (SerdabException.Damaged e) {
      return Stream.of(new ForeignCopy.Found.Unusable(path, ZipTree.namesIn(path), e.problem()));
    } catch (SerdabException.Refused e) {
      if (isMissing(e)) {
        return Stream.empty();
      }
      throw e;
    }
  }

  /// What the names of a study's copies say of whose they are.
  public static String nameOf(StudyKey study) {
    return ZipTree.nameOf(study);
  }

  /// Reads what another program left, from its first byte to its last. Writes nothing.
  ///
  /// @param told how many bytes were read, piece by piece; what it throws ends the reading
  /// @throws SerdabException.Damaged when it is not whole, or can never be adopted
  /// @throws SerdabException.Refused `blob-missing` when it is not there
  public ForeignCopy examine(String location, LongConsumer told) {
    ForeignZip zip = tree.readForeign(location, told);
    try {
      long bytes = tree.present(location).map(ZipTree.TreeZip::lengthBytes).orElse(-1L);
      return new ForeignCopy(zip, location, bytes, means(zip.means()));
    } catch (RuntimeException e) {
      zip.close();
      throw e;
    }
  }

  /// Makes what another program left a copy, by a manifest beside it. None of its bytes is changed.
  /// A manifest that was beside it and cannot be trusted is set aside.
  ///
  /// @param version made of the copy's files, in their order
  public HeldVersion adopt(ForeignCopy copy, StudyVersion version) {
    try {
      copy.zip().adopt(version);
    } catch (SerdabException.Refused e) {
      if (!e.problem().code().equals("blob-exists")) {
        throw e;
      }
      String beside = ZipTree.manifestBeside(copy.location());
      awayFromTheTree(beside, outside -> tree.moveBeside(copy.location(), outside));
      copy.zip().adopt(version);
    }
    return new HeldVersion(
        version.facts().key(),
        version.id(),
        copy.location(),
        copy.storedBytes(),
        version.files().size(),
        version.supersedes(),
        Optional.of(new Proof(Depth.INTACT, copy.means(), clock.instant())));
  }

  @Override
  public Optional<String> setAside(String location) {
    return awayFromTheTree(
        location,
        outside -> {
          try {
            tree.moveOut(location, outside);
            return true;
          } catch (SerdabException.Refused e) {
            if (isMissing(e)) {
              return false;
            }
            throw e;
          }
        });
  }

  /// @param move gives it another name; false when it is not there
  private Optional<String> awayFromTheTree(String location, Predicate<String> move) {
    String folder = SET_ASIDE + "/" + SET_ASIDE_TIME.format(clock.instant());
    for (int tries = 1; ; tries++) {
      String outside = folder + (tries == 1 ? "" : "-" + tries) + "/" + location;
      try {
        return move.test(outside) ? Optional.of(outside) : Optional.empty();
      } catch (SerdabException.Refused e) {
        if (!e.problem().code().equals("blob-exists") || tries >= NAME_TRIES_MAX) {
          throw e;
        }
      }
    }
  }

  @Override
  public long setAsideCount() {
    try (Stream<BlobInfo> aside = store.list(SET_ASIDE + "/")) {
      // A manifest that went with its ZIP is no copy of its own.
      return aside.filter(blob -> blob.name().endsWith(".zip")).count();
    }
  }

  @Override
  public boolean remove(HeldVersion version) {
    boolean another =
        tree.versions(version.study()).stream()
            .anyMatch(other -> !other.zip().path().equals(version.location()));
    if (!another) {
      if (tree.present(version.location()).isEmpty()) {
        return false;
      }
      throw new SerdabException.Refused(
          new Problem(
              "last-copy",
              "A copy was not removed: it is the last readable one of its study here.",
              "Nothing was lost. Run: serdab verify, then make a new plan."));
    }
    return removed(version, false);
  }

  @Override
  public boolean removeLast(HeldVersion version) {
    return removed(version, true);
  }

  private boolean removed(HeldVersion version, boolean endsStudy) {
    Optional<ZipTree.TreeZip> present = tree.present(version.location());
    if (present.isEmpty()) {
      // A removal that was cut short may have left a manifest beside it.
      tree.remove(version.location());
      return false;
    }
    ZipTree.Listed found = tree.look(present.get());
    if (!found.study().equals(version.study())
        || !found.id().equals(version.id())
        || found.zip().lengthBytes() != version.storedBytes()) {
      throw new SerdabException.Refused(
          new Problem(
              "copy-is-another",
              "A copy was not removed: another one lies in its place by now.",
              "Nothing was lost. Run: serdab catalogue rebuild, then make a new plan."));
    }
    if (endsStudy) {
      months.reopened(MonthFolder.ofPath(version.location()));
    }
    return tree.remove(version.location());
  }

  @Override
  public void settle(Map<Optional<YearMonth>, Boolean> settled) {
    settled.forEach((month, allProven) -> {
      MonthFolder folder = MonthFolder.of(month.map(known -> known.atDay(1)));
      if (allProven) {
        months.done(folder);
      } else {
        months.reopened(folder);
      }
    });
    issues.flush();
  }

  @Override
  public void list(Listing wish) {
    new TreeIndex(store, tree, clock)
        .update(new TreeIndex.Wish(wish.page(), wish.inventories(), wish.everything()));
  }

  @Override
  public void note(Issue issue) {
    // Paths in a library may name a patient, as UIDs do.
    String extra =
        hidesPatients() && !NEUTRAL_EXTRA.matcher(issue.extra()).matches() ? "" : issue.extra();
    issues.add(issue.kind(), issue.study().map(this::shown).orElse(""), issue.detail(), extra);
  }

  @Override
  public boolean hidesPatients() {
    return NamingProfile.hidesPatients(tree.naming());
  }

  /// Never more than the tree's own names say.
  @Override
  public String shown(StudyKey study) {
    if (study.isOther()) {
      return study.value();
    }
    return switch (tree.naming()) {
      case NamingProfile.Pseudonym pseudonym -> pseudonym.key().study(study);
      case NamingProfile.PseudonymWithoutKey _ -> "";
      case NamingProfile.HorosZip _,
          NamingProfile.Uid _,
          NamingProfile.Template _,
          NamingProfile.AsFound _ ->
          study.value();
    };
  }

  @Override
  public Optional<SideFiles> beside(String folder) {
    return Optional.of(new SideFiles(store, folder + "/"));
  }

  @Override
  public void close() {
    try {
      issues.flush();
    } catch (SerdabException e) {
      // A place that is gone cannot take its notes; the run's report has them all.
    } finally {
      store.close();
    }
  }

  /// A version being written into one ZIP.
  private final class Staged implements StagedVersion {

    private final StudyZipWriter writer;
    private final StudyFacts begun;

    Staged(StudyZipWriter writer, StudyFacts begun) {
      this.writer = writer;
      this.begun = begun;
    }

    @Override
    public void beginFile(String path, long lengthBytes) {
      writer.beginFile(path, lengthBytes, StudyZipWriter.TIME_UNKNOWN);
    }

    @Override
    public void beginFile(String path, long lengthBytes, long modifiedMillis) {
      writer.beginFile(path, lengthBytes, modifiedMillis);
    }

    @Override
    public void write(ByteBuffer bytes) {
      writer.write(bytes);
    }

    @Override
    public void endFile(StoredFile file) {
      writer.endFile(file);
    }

    @Override
    public HeldVersion commit(StudyVersion version) {
      if (tree.naming() instanceof NamingProfile.Pseudonym naming && !begun.key().isOther()) {
        // Before the copy is visible: a line too many does no harm, a name nobody can resolve does.
        naming.mapping().accept(naming.key().name(begun), version.facts());
      }
      StudyZipWriter.Committed committed = writer.commit(version);
      return new HeldVersion(
          version.facts().key(),
          version.id(),
          committed.path(),
          committed.lengthBytes(),
          version.files().size(),
          version.supersedes(),
          Optional.of(new Proof(Depth.INTACT, means(committed.means()), clock.instant())));
    }

    @Override
    public void close() {
      writer.close();
    }
  }

  /// One ZIP, open.
  private record Reader(StudyZip zip) implements VersionReader {

    @Override
    public StudyVersion version() {
      return zip.version();
    }

    @Override
    public ReadableByteChannel open(StoredFile file, long fromByte, long toByte) {
      return zip.open(file, fromByte, toByte);
    }

    @Override
    public void close() {
      zip.close();
    }
  }
}
