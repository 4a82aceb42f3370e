package serdab.testing.world;

import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.backup.Absent;
import serdab.backup.Backup;
import serdab.backup.Rest;
import serdab.backup.StopSignal;
import serdab.backup.WorkList;
import serdab.catalogue.Catalogue;
import serdab.catalogue.TemporaryCatalogue;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.HeldVersion;
import serdab.destination.ProofOutcome;
import serdab.destination.VersionReader;
import serdab.destination.ZipTreeDestination;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.plan.BackupPlan;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.store.LocalFolder;
import serdab.ziptree.NamingProfile;

/// A clinic in a test tube: a source, disks with ZIP trees, a catalogue and a clock, all drawn from
/// one seed. Each [#backUp] is one process from start to end; whatever kills it kills it wholly.
public final class World implements AutoCloseable {

  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
  private static final Instant LONG_AGO = Instant.parse("2026-01-01T00:00:00Z");

  private final RandomGenerator random;
  private final WorldClock clock = new WorldClock(START);
  private final WorldSource source = new WorldSource();
  private final List<SimulatedDisk> disks = new ArrayList<>();
  private TemporaryCatalogue catalogue;
  private BackupPlan plan;
  private boolean acceptFewer;
  private Rest rest = _ -> {};
  private Progress progress = Progress.SILENT;
  private int studiesMade;

  private World(RandomGenerator random, int destinations) {
    this.random = random;
    for (int i = 0; i < destinations; i++) {
      disks.add(new SimulatedDisk(new SplittableRandom(random.nextLong()), clock));
    }
    catalogue = TemporaryCatalogue.empty(clock, random);
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < destinations; i++) {
      addresses.add("zip:/disk" + i);
    }
    plan =
        BackupPlan.from("world:source", ZoneId.of("UTC"))
            .destinations(addresses)
            .workers(1)
            .naming("uid")
            .plan();
  }

  public static World drawnFrom(RandomGenerator random) {
    return new World(random, 1);
  }

  public static World withDestinations(int destinations, RandomGenerator random) {
    return new World(random, destinations);
  }

  // ---- what is in it

  public WorldClock clock() {
    return clock;
  }

  public WorldSource source() {
    return source;
  }

  public SimulatedDisk disk() {
    return disks.getFirst();
  }

  public SimulatedDisk disk(int index) {
    return disks.get(index);
  }

  public Catalogue catalogue() {
    return catalogue.catalogue();
  }

  public TemporaryCatalogue catalogueInMemory() {
    return catalogue;
  }

  /// Loses the catalogue, as when somebody deletes its file.
  public void loseCatalogue() {
    catalogue.close();
    catalogue = TemporaryCatalogue.empty(clock, random);
  }

  public World acceptingFewer() {
    acceptFewer = true;
    return this;
  }

  /// Asks for these studies only.
  public void select(Selection selection) {
    plan = plan.changed().selection(selection).plan();
  }

  public void batch(int studies) {
    plan = plan.changed().batch(studies).plan();
  }

  /// Runs with another plan from now on.
  public void plan(UnaryOperator<BackupPlan.Draft> change) {
    plan = change.apply(plan.changed()).plan();
  }

  /// Rests so between studies from now on; by itself nobody rests.
  public void resting(Rest how) {
    rest = how;
  }

  /// Tells how runs go on from now on.
  public void progress(Progress told) {
    progress = told;
  }

  /// Adds a study with this many images to the source; gives its UID.
  public String addStudy(int images) {
    String uid = "1.2.826.0.1." + ++studiesMade;
    for (int i = 1; i <= images; i++) {
      putImage(uid, i, pixels(), "");
    }
    return uid;
  }

  /// Puts one image into a study, old enough not to wait for anything.
  public void putImage(String study, int number, byte[] pixels, String comment) {
    putImage(study, number, pixels, comment, LONG_AGO);
  }

  public void putImage(String study, int number, byte[] pixels, String comment, Instant modified) {
    byte[] file =
        TinyDicom.image()
            .study(study)
            .series(study + ".1")
            .sop(study + ".1." + number)
            .comment(comment)
            .pixels(pixels)
            .bytes();
    source.put(study, imagePath(study, number), file, modified);
  }

  public static String imagePath(String study, int number) {
    return "DATABASE.noindex/10000/" + study + "-" + number + ".dcm";
  }

  /// Fresh pixels.
  public byte[] pixels() {
    byte[] pixels = new byte[2 * (1 + random.nextInt(200))];
    random.nextBytes(pixels);
    return pixels;
  }

  // ---- one process each

  /// Runs the plan once.
  public RunReport backUp() {
    return backUp(new StopSignal(clock));
  }

  public RunReport backUp(StopSignal stop) {
    return backUp(stop, plan, IntStream.range(0, disks.size()).boxed().toList());
  }

  /// Runs the plan once to one disk alone, as when disks take turns.
  public RunReport backUpTo(int disk) {
    List<String> address = List.of(plan.destinations().get(disk));
    return backUp(
        new StopSignal(clock), plan.changed().destinations(address).plan(), List.of(disk));
  }

  private RunReport backUp(StopSignal stop, BackupPlan wanted, List<Integer> to) {
    List<Destination> opened = new ArrayList<>();
    try {
      for (int disk : to) {
        opened.add(open(disk, ZipTreeDestination.Access.WRITE));
      }
      for (int i = 0; i < opened.size(); i++) {
        catalogue().sawDestination(opened.get(i).id().toString(), wanted.destinations().get(i));
      }
      Backup.Setting setting =
          new Backup.Setting(
              wanted,
              source,
              opened,
              catalogue(),
              clock,
              random,
              rest,
              stop,
              progress,
              "world",
              acceptFewer,
              Absent.NONE);
      try (Backup backup = Backup.of(setting)) {
        WorkList work = backup.plan();
        return backup.execute(work);
      }
    } finally {
      opened.forEach(Destination::close);
    }
  }

  /// Runs the plan again after a crash, until nothing is left to do or the limit is reached.
  public RunReport backUpUntilGood(int runs) {
    RunReport last = backUp();
    for (int i = 1; i < runs && last.outcome() != RunReport.Outcome.GOOD; i++) {
      clock.pass(Duration.ofDays(2));
      last = backUp();
    }
    return last;
  }

  /// Opens the ZIP tree on a disk as a new process would.
  public Destination open(int disk, ZipTreeDestination.Access access) {
    Set<DestinationId> known = new HashSet<>();
    for (String id : catalogue().destinationsAt(plan.destinations().get(disk))) {
      known.add(new DestinationId(UUID.fromString(id)));
    }
    return ZipTreeDestination.open(
        LocalFolder.on(
            disks.get(disk).mount(), "disk " + disk, new SplittableRandom(random.nextLong())),
        new ZipTreeDestination.Options(NamingProfile.UID, access, Runnable::run, 1, "World"),
        known,
        clock,
        new SplittableRandom(random.nextLong()));
  }

  // ---- what must hold

  /// What is wrong on a disk right now: visible copies that are not whole. Empty is right, always.
  public List<String> damage(int disk) {
    List<String> damage = new ArrayList<>();
    try (Destination destination = open(disk, ZipTreeDestination.Access.READ);
        Stream<Destination.Listed> held = destination.held()) {
      held.forEach(listed -> {
        switch (listed) {
          case Destination.Listed.Copy copy -> {
            ProofOutcome outcome = destination.prove(copy.version(), Depth.INTACT);
            if (!(outcome instanceof ProofOutcome.Proven)) {
              damage.add(copy.version().location() + ": " + outcome);
            }
          }
          case Destination.Listed.Unreadable unreadable ->
              damage.add(unreadable.location() + ": " + unreadable.problem().text());
        }
      });
    }
    return damage;
  }

  /// What the newest copies of the source's studies lack or have wrong. Empty when everything is
  /// safe.
  public List<String> notSafe(int disk) {
    List<String> wrong = new ArrayList<>();
    try (Destination destination = open(disk, ZipTreeDestination.Access.READ)) {
      for (String study : source.studyUids()) {
        Map<String, byte[]> wanted = source.files(study);
        if (wanted.isEmpty()) {
          continue;
        }
        List<HeldVersion> versions = destination.versions(new StudyKey(study));
        if (versions.isEmpty()) {
          wrong.add(study + " has no copy");
          continue;
        }
        compare(study, wanted, files(destination, versions.getLast()), wrong);
      }
    }
    return wrong;
  }

  private static void compare(
      String study, Map<String, byte[]> wanted, Map<String, byte[]> held, List<String> wrong) {
    if (!wanted.keySet().equals(held.keySet())) {
      wrong.add(study + " holds " + held.keySet() + ", not " + wanted.keySet());
    }
    wanted.forEach((path, bytes) -> {
      byte[] copy = held.get(path);
      if (copy != null && !java.util.Arrays.equals(copy, bytes)) {
        wrong.add(study + " " + path + " has other bytes");
      }
    });
  }

  /// The files of a copy, by path.
  public static Map<String, byte[]> files(Destination destination, HeldVersion version) {
    Map<String, byte[]> files = new TreeMap<>();
    try (VersionReader reader = destination.read(version)) {
      for (StoredFile file : reader.version().files()) {
        ByteBuffer bytes = ByteBuffer.allocate((int) file.lengthBytes() + 1);
        try (ReadableByteChannel channel = reader.open(file)) {
          while (channel.read(bytes) >= 0) {
            // Until the end.
          }
        } catch (java.io.IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
        bytes.flip();
        byte[] content = new byte[bytes.remaining()];
        bytes.get(content);
        files.put(file.path(), content);
      }
    }
    return files;
  }

  @Override
  public void close() {
    catalogue.close();
  }
}
