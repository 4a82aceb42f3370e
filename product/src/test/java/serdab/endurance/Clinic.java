package serdab.endurance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Period;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.SerdabException;
import serdab.backup.Absent;
import serdab.backup.Backup;
import serdab.backup.Replication;
import serdab.backup.StopSignal;
import serdab.catalogue.Catalogue;
import serdab.catalogue.CopyRow;
import serdab.catalogue.EarlierCatalogue;
import serdab.catalogue.HoldRow;
import serdab.catalogue.Proofs;
import serdab.catalogue.RemovalRow;
import serdab.catalogue.Removals;
import serdab.catalogue.TemporaryCatalogue;
import serdab.destination.Destination;
import serdab.destination.DestinationId;
import serdab.destination.HeldVersion;
import serdab.destination.ZipTreeDestination;
import serdab.destination.ZipTreeDestination.Access;
import serdab.dicom.StudyKey;
import serdab.plan.BackupPlan;
import serdab.plan.RetentionRules;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.report.RunReport;
import serdab.report.RunReport.Outcome;
import serdab.restore.Arrival;
import serdab.restore.Rebuild;
import serdab.restore.Recovery;
import serdab.restore.RecoveryKit;
import serdab.restore.Repair;
import serdab.restore.Restore;
import serdab.restore.RestoreReport;
import serdab.restore.Share;
import serdab.restore.Verification;
import serdab.restore.VerifyReport;
import serdab.retention.PlanFile;
import serdab.retention.Prune;
import serdab.retention.RetentionPlan;
import serdab.retention.Verdict;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.World;
import serdab.testing.world.WorldClock;
import serdab.testing.world.WorldSource;
import serdab.ziptree.NamingProfile;

/// A practice, day by day: a viewer whose users and whose own habits change the library, a main
/// disk, two disks that take turns, a machine that crashes, people who lose and replace things.
///
/// Every event is a method, drawn by [#day]. After every process that ran, what it left behind is
/// compared with [Truth], which the code under test never touches.
final class Clinic implements AutoCloseable {

  private static final Instant START = Instant.parse("2026-03-01T02:00:00Z");
  private static final LocalDate BORN = LocalDate.of(1970, 1, 2);
  private static final String MAIN = "zip:/main";
  private static final String TURNS = "zip:/turns";
  private static final String AUTHOR = "test";

  /// Holds and prunings begin after so many days; catalogues of earlier releases had none.
  private static final int FIRST_PRUNE = 60;

  /// How far ahead the clock may be; it comes right before the calm at the end.
  private static final int DAYS_AHEAD_AT_MOST = 400;

  private static final int LOGGED = 30;
  private static final int CALM_NIGHTS = 34;
  private static final int CALM_NIGHTS_EACH = 3;
  private static final int STUDIES_AT_MOST = 40;

  private final RandomGenerator random;
  private final Path folder;
  private final WorldClock clock = new WorldClock(START);
  private final WorldSource source = new WorldSource();
  private final Truth truth = new Truth();
  private final Map<String, Image> images = new HashMap<>();

  /// Studies that were deleted, with their images, for coming back.
  private final Map<String, List<Image>> deleted = new LinkedHashMap<>();

  private final List<Medium> media = new ArrayList<>();
  private final Medium[] turns = new Medium[2];
  private Medium main;
  private int turn;

  private TemporaryCatalogue catalogue;
  private ZoneId zone = ZoneId.of("America/Sao_Paulo");
  private int day;
  private int studiesMade;
  private int mediaMade;
  private boolean faulty;
  private int sourceAwayFor;
  private int mainAwayFor;
  private int turnsAwayFor;
  private int brokenFor;
  private int mayAcceptIn;
  private boolean acceptFewer;
  private Duration clockIsAheadBy = Duration.ZERO;
  private final Set<String> awayForADay = new HashSet<>();

  /// Copies that the catalogue knew to be bad when a pruning began.
  private final Set<String> knownBad = new HashSet<>();

  /// Of the studies that the index lost for a day: those whose change of headers was waiting.
  private final Set<String> waitingForADay = new HashSet<>();

  private final Map<String, List<Image>> missingForADay = new HashMap<>();
  private Optional<String> ended = Optional.empty();

  /// Disks that the catalogue does not know any more; a person says the next day that they are
  /// ours.
  private final Set<Medium> strangers = new HashSet<>();

  private final Deque<String> events = new ArrayDeque<>();
  private final Map<String, Integer> counts = new TreeMap<>();

  /// Studies that ended by a pruning, or whose every medium was lost.
  private final Set<String> over = new TreeSet<>();

  /// One image of the viewer.
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Image(
      String study, String path, String sop, String patient, byte[] pixels, Instant modified) {

    byte[] bytes() {
      return TinyDicom.image()
          .study(study)
          .series(study + ".1")
          .sop(sop)
          .patient(patient, patient)
          .pixels(pixels)
          .bytes();
    }
  }

  Clinic(RandomGenerator random, Path folder) {
    this.random = random;
    this.folder = folder;
    this.catalogue = TemporaryCatalogue.empty(clock, random);
    this.main = medium("main");
    main.connected = true;
    turns[0] = medium("turn");
    turns[1] = medium("turn");
    turns[0].connected = true;
  }

  private Medium medium(String kind) {
    Medium medium =
        new Medium(
            kind + "-" + ++mediaMade,
            new SimulatedDisk(new SplittableRandom(random.nextLong()), clock));
    media.add(medium);
    return medium;
  }

  /// What happened last, for whoever reads a failure.
  String lastEvents() {
    return String.join("\n", events);
  }

  /// How often each kind of thing happened.
  Map<String, Integer> counts() {
    return counts;
  }

  private void happens(String kind, String detail) {
    counts.merge(kind, 1, Integer::sum);
    events.addLast("day " + day + ": " + kind + (detail.isEmpty() ? "" : " " + detail));
    if (events.size() > LOGGED && !Boolean.getBoolean("endurance.log")) {
      events.removeFirst();
    }
  }

  private boolean chance(int oneOf) {
    return random.nextInt(oneOf) == 0;
  }

  // ---- days

  /// One day of the practice and its night.
  void day() {
    day++;
    clock.pass(Duration.ofMinutes(24 * 60 - 10 + random.nextInt(20)));
    comeBack();
    people();
    misfortune();
    night();
  }

  private void people() {
    for (int i = random.nextInt(3); i > 0; i--) {
      importStudy();
    }
    if (chance(3)) {
      moreImagesArrive();
    }
    if (chance(6)) {
      correctPatient();
    }
    if (chance(30)) {
      mergeStudies();
    }
    if (chance(8)) {
      editInPlace();
    }
    if (chance(25)) {
      changeBehindTheIndex();
    }
    if (chance(12)) {
      deleteSomeImages();
    }
    if (chance(20)) {
      reimport();
    }
    autoClean();
    if (chance(200)) {
      deleteMany();
    }
    if (day % 7 == 0) {
      swapTheDisks();
    }
  }

  private void misfortune() {
    if (chance(60)) {
      sourceGoesAway();
    }
    if (chance(60)) {
      indexIsHalfGoneForADay();
    }
    if (chance(40)) {
      someFilesCannotBeRead();
    }
    if (chance(45)) {
      mainDiskGoesAway();
    }
    if (chance(45)) {
      turnsStayAway();
    }
    if (chance(40)) {
      clockJumps();
    }
    if (chance(90)) {
      zoneChanges();
    }
    if (chance(25)) {
      aBitFlips();
    }
    if (chance(150)) {
      diskIsLost();
    }
    if (chance(250)) {
      mainDiskIsReplacedByABiggerOne();
    }
    if (chance(120)) {
      catalogueIsLost();
    } else if (chance(120)) {
      catalogueIsRecovered();
    } else if (chance(120)) {
      catalogueIsThatOfAnEarlierRelease();
    }
  }

  private void night() {
    faulty = chance(8);
    if (faulty) {
      armFaults();
    }
    Optional<RunReport> report = backUp();
    if (report.isPresent() && chance(5)) {
      leaveForRecovery();
    }
    verifyAShare();
    if (day >= FIRST_PRUNE && day % 10 == 0) {
      holdOrRelease();
    }
    if (day >= FIRST_PRUNE && day % 30 == 0) {
      for (Medium medium : connected()) {
        prune(medium);
      }
    }
  }

  private List<Medium> connected() {
    return media.stream().filter(medium -> medium.connected && !medium.lost).toList();
  }

  // ---- what people and the viewer do

  void importStudy() {
    String study = "1.2.826.0.1." + ++studiesMade;
    LocalDate date = LocalDate.of(2010 + random.nextInt(17), 1 + random.nextInt(12), 3);
    truth.date(study, date);
    source.date(study, date.toString());
    for (int i = 1 + random.nextInt(4); i > 0; i--) {
      put(image(study, i, "P" + study), false);
    }
    happens("import", study);
  }

  void moreImagesArrive() {
    drawn()
        .ifPresent(study -> {
          int number = 1 + random.nextInt(900) + 100;
          put(image(study, number, "P" + study), false);
          happens("more images", study);
        });
  }

  /// All files are written again under the same UIDs, with another patient in them.
  void correctPatient() {
    drawn()
        .ifPresent(study -> {
          String patient = "Q" + random.nextInt(1000);
          for (Image image : imagesOf(study)) {
            put(
                new Image(
                    image.study(),
                    image.path(),
                    image.sop(),
                    patient,
                    image.pixels(),
                    clock.instant()),
                study,
                true);
          }
          happens("patient corrected", study);
        });
  }

  /// The files of one study are listed under another from now on.
  void mergeStudies() {
    Optional<String> from = drawn();
    Optional<String> into = drawn();
    if (from.isEmpty() || from.equals(into)) {
      return;
    }
    List<Image> moved = imagesOf(from.get());
    removeStudy(from.get());
    moved.forEach(image -> put(image, into.orElseThrow(), false));
    happens("merge", from.get() + " into " + into.orElseThrow());
  }

  void editInPlace() {
    drawn()
        .ifPresent(study -> {
          List<Image> all = imagesOf(study);
          Image image = all.get(random.nextInt(all.size()));
          byte[] other = image.pixels().clone();
          random.nextBytes(other);
          put(withPixels(image, other), study, false);
          happens("edit", study);
        });
  }

  /// A change that the source's index does not show; only looking at the files does.
  void changeBehindTheIndex() {
    drawn()
        .filter(study -> !truth.isHidden(study))
        .ifPresent(study -> {
          source.freezeFingerprint(study);
          truth.hide(study);
          List<Image> all = imagesOf(study);
          Image image = all.get(random.nextInt(all.size()));
          put(withPixels(image, pixels()), study, false);
          happens("change behind the index", study);
        });
  }

  void deleteSomeImages() {
    drawn()
        .ifPresent(study -> {
          List<Image> all = imagesOf(study);
          if (all.size() < 2) {
            return;
          }
          take(study, all.get(random.nextInt(all.size())).path());
          happens("images deleted", study);
        });
  }

  void reimport() {
    List<String> gone = new ArrayList<>(deleted.keySet());
    if (gone.isEmpty()) {
      return;
    }
    String study = gone.get(random.nextInt(gone.size()));
    List<Image> back = deleted.remove(study);
    if (back == null || truth.has(study)) {
      return;
    }
    for (Image image : back) {
      put(image, study, false);
    }
    happens("import again", study);
  }

  /// The viewer deletes the studies it has had longest.
  void autoClean() {
    int cleaned = 0;
    for (String study : byNumber()) {
      if (truth.studies().size() <= STUDIES_AT_MOST || cleaned == 3) {
        break;
      }
      delete(study);
      cleaned++;
    }
    if (cleaned > 0) {
      happens("auto-clean", cleaned + " studies");
    }
  }

  void deleteMany() {
    List<String> all = byNumber();
    int many = all.size() / 4;
    all.subList(0, many).forEach(this::delete);
    happens("many deleted", many + " studies");
  }

  private List<String> byNumber() {
    List<String> studies = new ArrayList<>(truth.studies());
    studies.sort((a, b) ->
        Integer.compare(
            Integer.parseInt(a.substring(a.lastIndexOf('.') + 1)),
            Integer.parseInt(b.substring(b.lastIndexOf('.') + 1))));
    return studies;
  }

  private void delete(String study) {
    deleted.put(study, imagesOf(study));
    if (deleted.size() > 40) {
      deleted.remove(deleted.keySet().iterator().next());
    }
    removeStudy(study);
  }

  private void removeStudy(String study) {
    for (Image image : imagesOf(study)) {
      images.remove(study + " " + image.path());
    }
    source.remove(study);
    source.thawFingerprint(study);
    truth.remove(study);
  }

  private Optional<String> drawn() {
    List<String> studies =
        truth.studies().stream().filter(study -> !truth.files(study).isEmpty()).toList();
    return studies.isEmpty()
        ? Optional.empty()
        : Optional.of(studies.get(random.nextInt(studies.size())));
  }

  private List<Image> imagesOf(String study) {
    List<Image> all = new ArrayList<>();
    truth
        .files(study)
        .keySet()
        .forEach(path ->
            all.add(
                Optional.ofNullable(images.get(study + " " + path))
                    .orElseThrow(() -> new IllegalStateException("no image " + path))));
    return all;
  }

  private Image image(String study, int number, String patient) {
    return new Image(
        study,
        World.imagePath(study, number),
        study + ".1." + number,
        patient,
        pixels(),
        clock.instant());
  }

  private Image withPixels(Image image, byte[] other) {
    return new Image(
        image.study(), image.path(), image.sop(), image.patient(), other, clock.instant());
  }

  private byte[] pixels() {
    byte[] pixels = new byte[2 * (8 + random.nextInt(150))];
    random.nextBytes(pixels);
    return pixels;
  }

  private void put(Image image, boolean headersOnly) {
    put(image, image.study(), headersOnly);
  }

  private void put(Image image, String study, boolean headersOnly) {
    byte[] bytes = image.bytes();
    images.put(study + " " + image.path(), image);
    source.put(study, image.path(), bytes, image.modified());
    truth.put(study, image.path(), bytes);
    truth.changed(study, headersOnly);
  }

  private void take(String study, String path) {
    images.remove(study + " " + path);
    source.take(study, path);
    truth.take(study, path);
    truth.changed(study, false);
  }

  // ---- what goes wrong outside

  void sourceGoesAway() {
    sourceAwayFor = 1 + random.nextInt(4);
    source.pull();
    happens("source away", sourceAwayFor + " days");
  }

  void indexIsHalfGoneForADay() {
    if (!missingForADay.isEmpty()) {
      return;
    }
    for (String study : truth.studies()) {
      if (random.nextInt(3) > 0) {
        missingForADay.put(study, imagesOf(study));
      }
    }
    for (String study : missingForADay.keySet()) {
      if (truth.isHidden(study)) {
        awayForADay.add(study);
      }
      if (truth.mayWaitForQuiet(study)) {
        waitingForADay.add(study);
      }
      removeStudy(study);
    }
    happens("index half gone", missingForADay.size() + " studies");
  }

  void someFilesCannotBeRead() {
    drawn()
        .ifPresent(study -> {
          List<Image> all = imagesOf(study);
          String path = all.get(random.nextInt(all.size())).path();
          if (random.nextBoolean()) {
            source.breakFile(path);
          } else {
            source.loseFile(path);
          }
          truth.broke(path);
          brokenFor = 1 + random.nextInt(5);
          happens("unreadable file", path);
        });
  }

  void mainDiskGoesAway() {
    if (mainAwayFor > 0) {
      return;
    }
    mainAwayFor = 1 + random.nextInt(6);
    goesAway(main);
  }

  void turnsStayAway() {
    if (turnsAwayFor > 0) {
      return;
    }
    turnsAwayFor = 1 + random.nextInt(10);
    goesAway(turns[turn]);
  }

  private void goesAway(Medium medium) {
    if (random.nextBoolean()) {
      medium.disk.pull();
    } else {
      medium.disk.pullShowingAnEmptyFolder();
    }
    medium.connected = false;
    happens("disk away", medium.name);
  }

  /// What was away comes back when its time is over.
  private void comeBack() {
    if (sourceAwayFor > 0 && --sourceAwayFor == 0) {
      source.mendAll();
      truth.mended();
      brokenFor = 0;
    }
    if (brokenFor > 0 && --brokenFor == 0 && sourceAwayFor == 0) {
      source.mendAll();
      truth.mended();
    }
    missingForADay.forEach((study, was) -> was.forEach(image -> put(image, study, false)));
    // The files are what they were, so what waited waits on.
    waitingForADay.forEach(study -> truth.changed(study, true));
    waitingForADay.clear();
    // What the index hid before, it may show now; the files are what they are.
    missingForADay.clear();
    awayForADay.clear();
    if (mainAwayFor > 0 && --mainAwayFor == 0) {
      connect(main);
    }
    if (turnsAwayFor > 0 && --turnsAwayFor == 0) {
      connect(turns[turn]);
    }
    for (Medium medium : Set.copyOf(strangers)) {
      if (medium.connected) {
        strangers.remove(medium);
        adopt(medium);
      }
    }
    if (mayAcceptIn > 0 && --mayAcceptIn == 0) {
      acceptFewer = true;
    }
  }

  private void connect(Medium medium) {
    medium.disk.remount();
    medium.connected = true;
  }

  void swapTheDisks() {
    Medium before = turns[turn];
    if (before.connected) {
      before.disk.pull();
      before.connected = false;
    }
    turn = 1 - turn;
    if (turnsAwayFor == 0) {
      connect(turns[turn]);
    } else {
      turns[turn].disk.remount();
      turns[turn].disk.pull();
    }
    happens("disks take turns", turns[turn].name);
  }

  void clockJumps() {
    if (!clockIsAheadBy.isZero()) {
      clock.pass(clockIsAheadBy.negated());
      clockIsAheadBy = Duration.ZERO;
      happens("clock is right again", clock.instant().toString());
      return;
    }
    Duration jump =
        switch (random.nextInt(5)) {
          case 0 -> Duration.ofHours(1 + random.nextInt(5));
          case 1 -> Duration.ofDays(-random.nextInt(40));
          case 2, 3 -> Duration.ofDays(random.nextInt(DAYS_AHEAD_AT_MOST));
          default -> Duration.ofDays(-365L * random.nextInt(4));
        };
    clock.pass(jump);
    clockIsAheadBy = jump;
    happens("clock jumps", jump + " to " + clock.instant());
  }

  void zoneChanges() {
    List<String> zones = List.of("UTC", "Pacific/Kiritimati", "Pacific/Niue", "Asia/Kathmandu");
    zone = ZoneId.of(zones.get(random.nextInt(zones.size())));
    happens("time zone", zone.toString());
  }

  /// A bit of a stored ZIP flips, where another whole copy of it is somewhere to be had.
  void aBitFlips() {
    List<Medium> all = media.stream().filter(medium -> !medium.lost).toList();
    Medium medium = all.get(random.nextInt(all.size()));
    List<String> paths =
        medium.zips().keySet().stream()
            .filter(path -> !medium.isHurt(path) && isElsewhere(medium, path))
            .toList();
    if (paths.isEmpty()) {
      return;
    }
    String path = paths.get(random.nextInt(paths.size()));
    medium.hurt(path, random.nextInt(1 << 20), proofs());
    happens("bit flips", medium.name + " " + path);
  }

  private boolean isElsewhere(Medium medium, String path) {
    Medium.Zip zip = Optional.ofNullable(medium.zips().get(path)).orElseThrow();
    String version = zip.version().orElse("");
    return media.stream()
        .filter(other -> !other.lost && other != medium)
        .anyMatch(other -> other.holds(zip.study(), version));
  }

  private long proofs() {
    return catalogue.catalogue().proofs().count();
  }

  void diskIsLost() {
    boolean isMain = random.nextBoolean();
    Medium medium = isMain ? main : turns[random.nextInt(2)];
    medium.lost = true;
    medium.connected = false;
    medium.disk.pull();
    happens("disk lost", medium.name);
    replace(medium);
  }

  void mainDiskIsReplacedByABiggerOne() {
    if (!main.connected) {
      return;
    }
    Medium before = main;
    before.connected = false;
    happens("bigger disk for", before.name);
    replace(before);
    connect(main);
    connect(before);
    adopt(main);
    carryOver(before, main);
    before.disk.pull();
    before.connected = false;
  }

  private void replace(Medium medium) {
    if (medium == main) {
      main = medium("main");
      connect(main);
      mainAwayFor = 0;
      adopt(main);
      Medium other = turns[turn];
      if (other.connected) {
        carryOver(other, main);
      }
    } else {
      int which = medium == turns[0] ? 0 : 1;
      turns[which] = medium("turn");
      if (which == turn && turnsAwayFor == 0) {
        connect(turns[which]);
        adopt(turns[which]);
        if (main.connected) {
          carryOver(main, turns[which]);
        }
      } else {
        turns[which].disk.pull();
      }
    }
  }

  /// What a person does who puts a new disk where another was.
  private void adopt(Medium medium) {
    process(() -> {
      try (Destination destination = open(medium, Access.ADOPT)) {
        Arrival.of(destination, addressOf(medium), catalogue.catalogue(), clock);
      }
    });
    happens("adopt", medium.name);
  }

  private String addressOf(Medium medium) {
    return medium == main ? MAIN : medium == turns[0] || medium == turns[1] ? TURNS : "zip:/old";
  }

  // ---- the catalogue

  void catalogueIsLost() {
    if (connected().size() < 2) {
      return;
    }
    byte[] none = empty();
    takeCatalogue(none);
    happens("catalogue lost", "");
    for (Medium medium : connected()) {
      process(() -> {
        try (Destination destination = open(medium, Access.READ)) {
          catalogue.catalogue().sawDestination(destination.id().toString(), addressOf(medium));
          Rebuild.from(destination, catalogue.catalogue(), clock, Progress.SILENT, () -> false);
        }
      });
    }
    check("rebuild");
  }

  private byte[] empty() {
    try (TemporaryCatalogue fresh = TemporaryCatalogue.empty(clock, random)) {
      return fresh.state();
    }
  }

  private void takeCatalogue(byte[] state) {
    catalogue.close();
    catalogue = TemporaryCatalogue.of(state, clock, random);
    media.forEach(medium -> medium.catalogueCounts(proofs()));
  }

  /// A new machine is set up from what the runs left in a destination.
  void catalogueIsRecovered() {
    if (connected().isEmpty()) {
      return;
    }
    Medium from = connected().get(random.nextInt(connected().size()));
    Path file = folder.resolve("recovered.db");
    try {
      Files.deleteIfExists(file);
      process(() -> {
        try (Destination destination = open(from, Access.READ)) {
          List<Recovery.Installation> found = Recovery.installations(destination);
          if (!found.isEmpty()) {
            Recovery.catalogue(destination, found.getFirst().id(), file, clock, random);
          }
        }
      });
      if (!Files.exists(file)) {
        return;
      }
      takeCatalogue(inOneFile(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    happens("catalogue recovered from", from.name);
    check("taking the catalogue");
    process(() -> {
      try (Destination destination = open(from, Access.READ)) {
        catalogue.catalogue().sawDestination(destination.id().toString(), addressOf(from));
        Recovery.bringUpToDate(
            destination, catalogue.catalogue(), clock, Progress.SILENT, () -> false);
      }
    });
    check("recovery");
  }

  /// The catalogue without the log beside it, as a database in memory takes it.
  private byte[] inOneFile(Path file) throws IOException {
    Path whole = folder.resolve("recovered-whole.db");
    Files.deleteIfExists(whole);
    try (Catalogue inFile = Catalogue.inFile(file, clock, random)) {
      inFile.copyTo(whole);
    }
    return Files.readAllBytes(whole);
  }

  /// The catalogue has the tables of an earlier release and is brought up to date when it opens.
  void catalogueIsThatOfAnEarlierRelease() {
    int version = day < FIRST_PRUNE ? 1 + random.nextInt(3) : 3;
    try {
      takeCatalogue(EarlierCatalogue.of(catalogue.state(), version));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    happens("catalogue upgraded from", "version " + version);
    check("upgrade");
  }

  // ---- processes

  private void armFaults() {
    if (chance(4)) {
      int at = random.nextInt(200);
      boolean[] reached = new boolean[1];
      catalogue.failAt((number, name) -> {
        if (number >= at && !reached[0] && !name.equals("committed")) {
          reached[0] = true;
          throw new CrashedException("killed at " + name);
        }
      });
      happens("fault", "catalogue step " + at);
      return;
    }
    List<Medium> there = connected();
    if (there.isEmpty()) {
      return;
    }
    Medium medium = there.get(random.nextInt(there.size()));
    if (chance(5)) {
      medium.disk.failRandomly(0.01);
      happens("fault", medium.name + " fails now and then");
      return;
    }
    Fault fault = List.of(Fault.values()).get(random.nextInt(Fault.values().length));
    int in = 1 + random.nextInt(400);
    medium.disk.failAt(medium.disk.steps() + in, fault);
    happens("fault", fault + " on " + medium.name + " in " + in + " steps");
  }

  /// Runs one process to its end, however that comes.
  private void process(Runnable what) {
    ended = Optional.empty();
    try {
      what.run();
    } catch (SerdabException e) {
      ended = Optional.of(e.problem().code());
      happens("process ended", e.problem().code());
    } catch (CrashedException e) {
      ended = Optional.of("crashed");
      happens("process crashed", String.valueOf(e.getMessage()));
      if (String.valueOf(e.getMessage()).startsWith("power cut")) {
        connected().forEach(medium -> medium.disk.powerCut());
      }
    } finally {
      catalogue.failAt((_, _) -> {});
      for (Medium medium : connected()) {
        medium.disk.failNoMore();
        medium.disk.kill();
        medium.disk.remount();
      }
    }
  }

  private Destination open(Medium medium, Access access) {
    // A new disk in the place of another: its user says so.
    Access wanted = access == Access.WRITE && medium.id.isEmpty() ? Access.ADOPT : access;
    Set<DestinationId> known = new HashSet<>();
    for (String id : catalogue.catalogue().destinationsAt(addressOf(medium))) {
      known.add(new DestinationId(UUID.fromString(id)));
    }
    Destination destination =
        ZipTreeDestination.open(
            LocalFolder.on(
                medium.disk.mount(), medium.name, new SplittableRandom(random.nextLong())),
            new ZipTreeDestination.Options(NamingProfile.UID, wanted, Runnable::run, 1, "World"),
            known,
            clock,
            new SplittableRandom(random.nextLong()));
    if (access == Access.WRITE || access == Access.ADOPT) {
      medium.id = Optional.of(destination.id().toString());
    }
    return destination;
  }

  /// Opens what can be opened; what cannot is left out of the run.
  private Map<Medium, Destination> openAll(List<Medium> wanted, Access access) {
    Map<Medium, Destination> opened = new LinkedHashMap<>();
    for (Medium medium : wanted) {
      try {
        opened.put(medium, open(medium, access));
      } catch (SerdabException e) {
        happens("cannot open", medium.name + " " + e.problem().code());
        if (e.problem().code().equals("destination-is-another")) {
          strangers.add(medium);
        }
      }
    }
    return opened;
  }

  private BackupPlan plan(List<Medium> to) {
    return BackupPlan.from("world:source", zone)
        .destinations(to.stream().map(this::addressOf).toList())
        .workers(1)
        .naming("uid")
        .plan();
  }

  Optional<RunReport> backUp() {
    List<Medium> wanted = connected();
    truth.runBegins();
    List<RunReport> reports = new ArrayList<>();
    Map<Medium, Destination> opened = new LinkedHashMap<>();
    boolean accepting = acceptFewer;
    process(() -> {
      opened.putAll(openAll(wanted, Access.WRITE));
      if (opened.isEmpty()) {
        return;
      }
      try {
        opened.forEach((medium, destination) ->
            Arrival.of(destination, addressOf(medium), catalogue.catalogue(), clock));
        Backup.Setting setting =
            new Backup.Setting(
                plan(List.copyOf(opened.keySet())),
                source,
                List.copyOf(opened.values()),
                catalogue.catalogue(),
                clock,
                random,
                _ -> {},
                new StopSignal(clock),
                Progress.SILENT,
                "world",
                accepting,
                Absent.NONE);
        try (Backup backup = Backup.of(setting)) {
          reports.add(backup.execute(backup.plan()));
        }
      } finally {
        opened.values().forEach(Destination::close);
      }
    });
    Optional<RunReport> report = reports.stream().findFirst();
    report.ifPresent(one -> happens("backup", one.outcome() + " " + one.totals()));
    check("backup");
    report.ifPresent(one -> checkReport(one, List.copyOf(opened.keySet())));
    if (report.isPresent()) {
      acceptFewer = false;
      boolean alarmed =
          report.get().problems().stream()
              .anyMatch(problem -> problem.code().equals("sharply-fewer-studies"));
      if (alarmed && missingForADay.isEmpty() && mayAcceptIn == 0) {
        mayAcceptIn = 1 + random.nextInt(3);
      }
    }
    return report;
  }

  /// Brings every version of one disk to another.
  private void carryOver(Medium from, Medium to) {
    process(() -> {
      try (Destination a = open(from, Access.READ);
          Destination b = open(to, Access.WRITE)) {
        BackupPlan plan = plan(List.of(to)).changed(addressOf(from)).plan();
        Replication replication =
            new Replication(
                new Replication.Setting(
                    plan,
                    a,
                    List.of(b),
                    catalogue.catalogue(),
                    clock,
                    _ -> {},
                    new StopSignal(clock),
                    Progress.SILENT,
                    "world",
                    true,
                    Absent.NONE));
        RunReport report = replication.execute(replication.plan());
        happens("carried over", report.outcome() + " " + report.totals());
      }
    });
    check("replication");
  }

  private void leaveForRecovery() {
    Path file = folder.resolve("catalogue.db");
    try {
      Files.write(file, catalogue.state());
      try (Catalogue inFile = Catalogue.inFile(file, clock, random)) {
        RecoveryKit kit = new RecoveryKit(inFile, folder, clock, "World");
        for (Medium medium : connected()) {
          process(() -> {
            try (Destination destination = open(medium, Access.WRITE)) {
              kit.leave(destination, "", inFile.runs(1).getFirst(), true);
            }
          });
        }
      }
      try (Stream<Path> left = Files.list(folder)) {
        for (Path one : left.filter(Files::isRegularFile).toList()) {
          Files.delete(one);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    happens("left for recovery", "");
  }

  /// One disk a night, in turns, so that each copy of a connected disk is proven in a month.
  private void verifyAShare() {
    Medium medium = day % 2 == 0 ? main : turns[turn];
    if (medium.connected) {
      verify(medium, new Share(1, 15));
    }
  }

  private Optional<VerifyReport> verify(Medium medium, Share share) {
    List<VerifyReport> reports = new ArrayList<>();
    process(() -> {
      Map<Medium, Destination> from = openAll(othersOf(medium), Access.READ);
      try (Destination destination = open(medium, Access.WRITE);
          BlobStore scratch = scratch()) {
        Repair repair =
            new Repair(
                destination,
                List.copyOf(from.values()),
                catalogue.catalogue(),
                Progress.SILENT,
                () -> false);
        Verification verification =
            new Verification(
                destination,
                catalogue.catalogue(),
                clock,
                Progress.SILENT,
                () -> false,
                scratch,
                Optional.of(repair));
        reports.add(verification.verify(Depth.READABLE, share, Optional.empty()));
      } finally {
        from.values().forEach(Destination::close);
      }
    });
    for (VerifyReport report : reports) {
      counts.merge("verified", (int) report.checked(), Integer::sum);
      if (!report.bad().isEmpty() || !report.repaired().isEmpty()) {
        happens(
            "verify " + medium.name,
            report.bad().size() + " bad " + report.repaired().size() + " repaired");
      }
    }
    check("verify");
    return reports.stream().findFirst();
  }

  private BlobStore scratch() {
    SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1));
    return LocalFolder.on(disk.mount(), "scratch", new SplittableRandom(2));
  }

  // ---- retention

  void holdOrRelease() {
    List<HoldRow> standing = catalogue.catalogue().holds().standing();
    if (!standing.isEmpty() && random.nextBoolean()) {
      HoldRow hold = standing.get(random.nextInt(standing.size()));
      catalogue.catalogue().holds().release(hold.id(), AUTHOR, "drawn");
      happens("hold released", "" + hold.id());
      return;
    }
    List<String> seen = List.copyOf(truth.everSeen());
    String study = seen.get(random.nextInt(seen.size()));
    boolean byDate = random.nextBoolean();
    LocalDate date = truth.date(study);
    catalogue
        .catalogue()
        .holds()
        .place(
            byDate ? Optional.empty() : Optional.of(new StudyKey(study)),
            Optional.empty(),
            byDate ? Optional.of(new HoldRow.Days(date, date)) : Optional.empty(),
            "drawn",
            AUTHOR);
    happens("hold", byDate ? date.toString() : study);
  }

  private boolean isHeld(String study) {
    LocalDate date = truth.date(study);
    return catalogue.catalogue().holds().standing().stream()
        .anyMatch(hold ->
            hold.study().filter(key -> key.value().equals(study)).isPresent()
                || hold.dates()
                    .filter(days -> !date.isBefore(days.from()) && !date.isAfter(days.to()))
                    .isPresent());
  }

  private RetentionRules rules() {
    Optional<Period> studiesFor =
        random.nextBoolean()
            ? Optional.of(Period.ofYears(5 + random.nextInt(12)))
            : Optional.empty();
    OptionalInt versions =
        random.nextInt(3) > 0 ? OptionalInt.of(1 + random.nextInt(3)) : OptionalInt.empty();
    Optional<Period> versionsFor =
        random.nextInt(3) == 0 ? Optional.of(Period.ofDays(random.nextInt(90))) : Optional.empty();
    return new RetentionRules(versions, versionsFor, studiesFor, OptionalInt.empty(), List.of());
  }

  void prune(Medium medium) {
    RetentionRules rules = rules();
    boolean last = chance(6);
    Set<String> planned = new HashSet<>();
    boolean[] frozen = new boolean[1];
    List<PlanFile> plans = new ArrayList<>();
    process(() -> {
      Map<Medium, Destination> others = openAll(othersOf(medium), Access.READ);
      try (Destination destination = open(medium, Access.READ)) {
        RetentionPlan plan =
            RetentionPlan.of(
                rules,
                destination,
                catalogue.catalogue(),
                clock,
                catalogue.catalogue().holds().standing(),
                RetentionPlan.PROOFS_FOR,
                List.copyOf(others.values()));
        frozen[0] = plan.frozen().isPresent();
        PlanFile file = PlanFile.of(plan);
        file.copies().stream()
            .filter(one -> last || one.verdict() == Verdict.GO)
            .forEach(one -> planned.add(one.copy().location()));
        plans.add(file);
      } finally {
        others.values().forEach(Destination::close);
      }
    });
    if (plans.isEmpty() || plans.getFirst().copies().isEmpty()) {
      happens("nothing to prune on", medium.name + (frozen[0] ? ", frozen" : ""));
      return;
    }
    if (chance(4)) {
      armFaults();
    }
    TreeMap<String, Medium.Zip> before = new TreeMap<>(medium.zips());
    knownBad.clear();
    try (Stream<CopyRow> rows = catalogue.catalogue().copiesOn(medium.id.orElseThrow())) {
      rows.filter(row -> row.state().equals("bad"))
          .forEach(row -> knownBad.add(medium.name + " " + row.location()));
    }
    process(() -> {
      Map<Medium, Destination> others = openAll(othersOf(medium), Access.READ);
      try (Destination destination = open(medium, Access.WRITE)) {
        new Prune(
                new Prune.Setting(
                    destination,
                    List.copyOf(others.values()),
                    catalogue.catalogue(),
                    clock,
                    (_, _) -> {},
                    Progress.SILENT,
                    () -> false,
                    AUTHOR,
                    "world",
                    "World"))
            .execute(plans.getFirst(), rules, last);
      } finally {
        others.values().forEach(Destination::close);
      }
    });
    Medium.Changes changes = medium.look();
    assertThat(changes.overwritten()).as("pruning overwrites nothing").isEmpty();
    assertThat(changes.setAside()).as("pruning sets nothing aside").isEmpty();
    assertThat(changes.appeared()).as("pruning makes nothing").isEmpty();
    assertThat(planned).as("only what was planned goes").containsAll(changes.vanished().keySet());
    if (!changes.vanished().isEmpty()) {
      assertThat(frozen[0]).as("nothing goes while frozen").isFalse();
      judge(medium, rules, last, before, changes.vanished());
    }
    happens(
        "prune " + (last ? "with last copies " : "") + "on",
        medium.name + ": " + changes.vanished().size());
    counts.merge("copies pruned", changes.vanished().size(), Integer::sum);
    check("prune");
  }

  private List<Medium> othersOf(Medium medium) {
    return connected().stream().filter(other -> other != medium).toList();
  }

  /// What went, judged by the words of `docs/retention.md` and by nothing else.
  private void judge(
      Medium medium,
      RetentionRules rules,
      boolean last,
      Map<String, Medium.Zip> before,
      Map<String, Medium.Zip> gone) {
    Set<String> written = removalsOn(medium);
    for (Map.Entry<String, Medium.Zip> one : gone.entrySet()) {
      String study = one.getValue().study();
      String version = one.getValue().version().orElse("");
      String what = medium.name + " " + one.getKey();
      assertThat(isHeld(study)).as("%s is not held", what).isFalse();
      assertThat(written).as("%s is written down", what).contains(one.getKey());
      assertThat(medium.isHurt(one.getKey()) && known(medium, one.getKey()))
          .as("%s: copies known to be damaged stay", what)
          .isFalse();
      if (truth.has(study) && !truth.files(study).isEmpty()) {
        boolean wasThere =
            before.entrySet().stream()
                .anyMatch(zip ->
                    !medium.isHurt(zip.getKey())
                        && zip.getValue().study().equals(study)
                        && zip.getValue().version().equals(Optional.of(truth.present(study))));
        assertThat(medium.whole(study)).as("%s is in the source", what).isNotEmpty();
        assertThat(!wasThere || medium.holds(study, truth.present(study)))
            .as("%s: what the source shows now stays", what)
            .isTrue();
      }
      if (!mayEnd(study, rules)) {
        assertThat(medium.whole(study)).as("%s is not over", what).isNotEmpty();
        Set<String> left = new TreeSet<>();
        medium.whole(study).values().forEach(zip -> left.addAll(zip.paths()));
        assertThat(left).as("%s: every image stays", what).containsAll(one.getValue().paths());
        newestStays(medium, study, before, what);
      } else if (!last && medium.whole(study).isEmpty()) {
        assertThat(
                media.stream().anyMatch(other -> other != medium && !other.whole(study).isEmpty()))
            .as("%s is over, and its last copy goes only when a person says so", what)
            .isTrue();
      }
      if (media.stream().allMatch(other -> other.lost || other.whole(study).isEmpty())) {
        over.add(study);
      }
      assertThat(version).as("what went was whole: %s", what).isNotEmpty();
    }
  }

  /// Whether the catalogue knew that a copy is not good before it was pruned.
  private boolean known(Medium medium, String path) {
    return knownBad.contains(medium.name + " " + path);
  }

  private void newestStays(
      Medium medium, String study, Map<String, Medium.Zip> before, String what) {
    if (truth.cameBack(study)) {
      return;
    }
    List<String> versions = List.copyOf(truth.versions(study));
    for (String version : versions.reversed()) {
      boolean wasThere =
          before.entrySet().stream()
              .anyMatch(zip ->
                  !medium.isHurt(zip.getKey())
                      && zip.getValue().study().equals(study)
                      && zip.getValue().version().equals(Optional.of(version)));
      if (wasThere) {
        assertThat(medium.holds(study, version)).as("%s: the newest stays", what).isTrue();
        return;
      }
    }
  }

  private Set<String> removalsOn(Medium medium) {
    Set<String> removals = new TreeSet<>();
    Removals all = catalogue.catalogue().removals();
    String id = medium.id.orElseThrow();
    List<String> papers = medium.disk.files();
    for (Removals.CertificateRow act : all.certificates(id)) {
      boolean paper = papers.contains(Prune.FOLDER + "/certificate-" + act.id() + "-intent.json");
      for (RemovalRow row : all.of(act.id())) {
        if (paper && !row.state().equals("kept")) {
          removals.add(row.location());
        }
      }
    }
    return removals;
  }

  /// Whether a study is over: everybody here was born on one day and there are no legal times.
  private boolean mayEnd(String study, RetentionRules rules) {
    if (rules.studiesFor().isEmpty() || truth.has(study)) {
      return false;
    }
    LocalDate end = truth.date(study).plus(rules.studiesFor().get());
    assertThat(BORN).isBefore(end);
    return !end.isAfter(LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC));
  }

  // ---- what must hold, after every process

  private void check(String after) {
    checkSource(after);
    for (Medium medium : media) {
      if (medium.connected && !medium.lost) {
        checkDisk(medium, after);
      }
    }
    for (Medium medium : media) {
      if (!medium.lost) {
        checkRemembered(medium, after);
      }
    }
  }

  private void checkSource(String after) {
    assertThat(source.studyUids()).as("after %s", after).isEqualTo(truth.studies());
    for (String study : truth.studies()) {
      Map<String, byte[]> files = source.files(study);
      Map<String, byte[]> meant = truth.files(study);
      boolean same =
          files.keySet().equals(meant.keySet())
              && meant.entrySet().stream()
                  .allMatch(file ->
                      java.util.Arrays.equals(
                          files.getOrDefault(file.getKey(), new byte[0]), file.getValue()));
      assertThat(same).as("after %s the source's %s is as it was", after, study).isTrue();
    }
  }

  private void checkDisk(Medium medium, String after) {
    Medium.Changes changes = medium.look();
    String where = "after " + after + " on " + medium.name;
    assertThat(changes.overwritten()).as("%s nothing finished is overwritten", where).isEmpty();
    assertThat(changes.vanished().keySet()).as("%s nothing finished vanishes", where).isEmpty();
    changes
        .setAside()
        .forEach((path, zip) -> {
          assertThat(medium.isHurt(path))
              .as("%s only damaged is set aside: %s", where, path)
              .isTrue();
          assertThat(medium.holds(zip.study(), zip.version().orElse("")))
              .as("%s a good copy stands instead of %s", where, path)
              .isTrue();
          medium.healed(path);
          counts.merge("set aside", 1, Integer::sum);
        });
    changes
        .appeared()
        .forEach((path, zip) -> {
          assertThat(zip.version()).as("%s what is visible is whole: %s", where, path).isPresent();
          String version = zip.version().orElseThrow();
          assertThat(truth.state(zip.study(), version))
              .as("%s %s is a version that there was", where, path)
              .isPresent();
          counts.merge("copies made", 1, Integer::sum);
        });
  }

  /// What the catalogue calls proven is on the disk, whole, under that name.
  private void checkRemembered(Medium medium, String after) {
    if (medium.id.isEmpty()) {
      return;
    }
    String where = "after " + after + " of " + medium.name;
    try (Stream<CopyRow> rows = catalogue.catalogue().copiesOn(medium.id.get())) {
      rows.filter(CopyRow::isProven)
          .forEach(row -> {
            Medium.Zip zip = medium.zips().get(row.location());
            if (zip == null) {
              throw new AssertionError(where + " a proven copy is not there: " + row.location());
            }
            assertThat(zip.version())
                .as("%s a proven copy is that version: %s", where, row.location())
                .contains(row.version().hex());
          });
    }
    Set<String> hurt = medium.hurt();
    if (hurt.isEmpty()) {
      return;
    }
    try (Stream<Proofs.Turn> turns =
        catalogue.catalogue().proofs().turns(medium.id.get(), Depth.INTACT)) {
      turns
          .filter(turn -> turn.state().equals("good") && hurt.contains(turn.location()))
          .filter(turn ->
              catalogue.catalogue().copies(turn.study()).stream()
                  .anyMatch(row ->
                      row.isProven()
                          && row.destinationId().equals(medium.id.get())
                          && row.version().equals(turn.version())))
          .forEach(turn ->
              assertThat(turn.lastTurn())
                  .as("%s a damaged copy was not proven: %s", where, turn.location())
                  .isLessThanOrEqualTo(medium.hurtAt(turn.location())));
    }
  }

  /// The report adds up, and calls nothing safe that is not.
  private void checkReport(RunReport report, List<Medium> to) {
    var totals = report.totals();
    assertThat(totals.listed()).as("listed").isEqualTo(truth.studies().size());
    boolean whole =
        ended.isEmpty()
            && report.problems().stream()
                .noneMatch(problem -> problem.code().startsWith("source-"));
    if (whole) {
      assertThat(
              totals.copied()
                  + totals.alreadyThere()
                  + totals.adopted()
                  + totals.incomplete()
                  + totals.failed()
                  + totals.waiting())
          .as("all are counted: %s", report)
          .isEqualTo(totals.selected());
    }
    Set<String> named = new HashSet<>();
    report.notSafe().forEach(one -> named.add(one.study().value()));
    boolean says = report.outcome() == Outcome.FAILED || report.outcome() == Outcome.INTERRUPTED;
    for (String study : truth.studies()) {
      String label = catalogue.catalogue().label(new StudyKey(study)).value();
      boolean safe = to.stream().allMatch(medium -> isThere(medium, study, truth.present(study)));
      if (safe) {
        source.thawFingerprint(study);
        truth.shown(study);
        truth.changed(study, false);
      } else if (!says && !named.contains(label)) {
        assertThat(truth.isHidden(study) || truth.mayWaitForQuiet(study))
            .as("%s is not safe, and the report says nothing of it: %s", study, report)
            .isTrue();
      }
    }
  }

  /// A copy that was harmed since it was proven counts: nobody can know yet.
  private boolean isThere(Medium medium, String study, String version) {
    return medium.zips().values().stream()
        .anyMatch(zip -> zip.study().equals(study) && zip.version().equals(Optional.of(version)));
  }

  // ---- the end

  /// Some quiet weeks with each disk: everything that the source shows is safe on all of them.
  void calmDown() {
    if (!clockIsAheadBy.isZero()) {
      clockJumps();
    }
    happens("calm", "");
    sourceAwayFor = 0;
    brokenFor = 0;
    mainAwayFor = 0;
    turnsAwayFor = 0;
    comeBack();
    source.mendAll();
    truth.mended();
    connect(main);
    connect(turns[turn]);
    for (int night = 0; night < CALM_NIGHTS; night++) {
      calmNight();
    }
    for (int i = 0; i < 2; i++) {
      swapTheDisks();
      Optional<RunReport> report = Optional.empty();
      for (int night = 0; night < CALM_NIGHTS_EACH; night++) {
        report = calmNight();
      }
      assertThat(report).as("the last run of a calm month").isPresent();
      assertGoodButForWhatIsLost(report.orElseThrow());
      assertThat(report.orElseThrow().totals().waiting()).as("nothing waits").isZero();
      Medium other = turns[turn];
      verify(main, Share.ALL);
      verify(other, Share.ALL);
      for (Medium medium : List.of(main, other)) {
        for (String study : truth.studies()) {
          assertThat(medium.holds(study, truth.present(study)))
              .as("%s of the source is safe on %s", study, medium.name)
              .isTrue();
        }
        assertThat(medium.hurt())
            .as("damaged on %s and not made again", medium.name)
            .allMatch(path -> !isElsewhereConnected(medium, path));
        assertThat(medium.disk.files()).as(medium.name).noneMatch(name -> name.endsWith(".part"));
      }
    }
  }

  /// What the source has no more and every disk lost is named for ever, and nothing else.
  private void assertGoodButForWhatIsLost(RunReport report) {
    Set<String> shown = new HashSet<>();
    truth
        .studies()
        .forEach(study -> shown.add(catalogue.catalogue().label(new StudyKey(study)).value()));
    assertThat(report.notSafe())
        .as("the last run of a calm month: %s", report)
        .allSatisfy(one -> {
          assertThat(one.problem().code()).isEqualTo("copy-lost");
          assertThat(shown).doesNotContain(one.study().value());
        });
    assertThat(report.outcome())
        .as("the last run of a calm month: %s", report)
        .isEqualTo(report.notSafe().isEmpty() ? Outcome.GOOD : Outcome.INCOMPLETE);
  }

  private Optional<RunReport> calmNight() {
    day++;
    clock.pass(Duration.ofDays(1));
    comeBack();
    if (day % 7 == 0) {
      swapTheDisks();
    }
    acceptFewer = true;
    Optional<RunReport> report = backUp();
    verifyAShare();
    return report;
  }

  private boolean isElsewhereConnected(Medium medium, String path) {
    Optional<Medium.Zip> zip = Optional.ofNullable(medium.zips().get(path));
    // It may have gone since, by a pruning that did not know of the damage.
    return zip.isPresent()
        && connected().stream()
            .filter(other -> other != medium)
            .anyMatch(other -> other.holds(zip.get().study(), zip.get().version().orElse("")));
  }

  /// Every version that was kept comes back bit for bit, from what survived alone.
  void restoreEverything() {
    happens("restore", "");
    takeCatalogue(empty());
    Set<String> restored = new TreeSet<>();
    for (Medium medium : media) {
      if (!medium.lost && medium.id.isPresent()) {
        medium.disk.remount();
        medium.connected = true;
        restored.addAll(restore(medium));
      }
    }
    for (String study : truth.everSeen()) {
      if (!restored.contains(study)) {
        boolean onLost =
            media.stream().anyMatch(medium -> medium.lost && medium.studies().contains(study));
        boolean never =
            media.stream()
                .noneMatch(medium ->
                    medium.zips().values().stream().anyMatch(zip -> zip.study().equals(study)));
        assertThat(over.contains(study) || onLost || (never && !truth.has(study)))
            .as("%s comes back, or was pruned, or its disk was lost", study)
            .isTrue();
        counts.merge("studies not restored", 1, Integer::sum);
      }
    }
    counts.merge("studies restored", restored.size(), Integer::sum);
    goOnWithoutTheCatalogue();
  }

  private Set<String> restore(Medium medium) {
    Set<String> restored = new TreeSet<>();
    try (Destination destination = open(medium, Access.READ)) {
      SimulatedDisk target = new SimulatedDisk(new SplittableRandom(1));
      RestoreReport report;
      try (BlobStore out = LocalFolder.on(target.mount(), "out", new SplittableRandom(2))) {
        report =
            new Restore(destination, catalogue.catalogue(), Progress.SILENT, () -> false)
                .toFolder(out, Selection.ALL, Optional.empty());
      }
      if (medium.hurt().isEmpty()) {
        assertThat(report.gaps())
            .as("gaps of %s", medium.name)
            .allMatch(gap -> gap.problem().code().equals("not-in-copy"));
      }
      Map<String, Map<String, byte[]>> read = new TreeMap<>();
      try (Stream<Destination.Listed> held = destination.held()) {
        for (Destination.Listed one : (Iterable<Destination.Listed>) held::iterator) {
          if (one instanceof Destination.Listed.Copy(HeldVersion copy)
              && !medium.isHurt(copy.location())) {
            read.put(copy.location(), World.files(destination, copy));
          }
        }
      }
      medium
          .zips()
          .forEach((path, zip) -> {
            if (medium.isHurt(path)) {
              return;
            }
            Map<String, byte[]> meant =
                truth.state(zip.study(), zip.version().orElseThrow()).orElseThrow();
            Map<String, byte[]> back = read.getOrDefault(path, Map.of());
            assertThat(PlainZip.version(back.values()))
                .as("%s on %s comes back bit for bit", path, medium.name)
                .isEqualTo(PlainZip.version(meant.values()));
            restored.add(zip.study());
            counts.merge("versions restored", 1, Integer::sum);
          });
      restoredIsNewest(medium, target);
    }
    return restored;
  }

  /// What `restore` chooses by itself is, for a study that is in the source, what is there now.
  private void restoredIsNewest(Medium medium, SimulatedDisk target) {
    if (medium != main && medium != turns[0] && medium != turns[1]) {
      return;
    }
    Map<String, List<byte[]>> byStudy = new TreeMap<>();
    for (String file : target.files()) {
      String[] parts = file.split("/", 3);
      if (parts.length < 3) {
        continue;
      }
      PlainZip.studyOf(parts[0] + "/" + parts[1] + ".zip")
          .ifPresent(study ->
              byStudy.computeIfAbsent(study, _ -> new ArrayList<>()).add(target.bytes(file)));
    }
    for (String study : truth.studies()) {
      if (!truth.cameBack(study)
          && medium.hurt().stream().noneMatch(path -> path.contains(study))) {
        assertThat(PlainZip.version(byStudy.getOrDefault(study, List.of())))
            .as("restore from %s brings %s as it is in the source", medium.name, study)
            .isEqualTo(truth.present(study));
      }
    }
  }

  private void goOnWithoutTheCatalogue() {
    media.stream()
        .filter(medium -> medium != main && medium != turns[turn])
        .forEach(medium -> medium.connected = false);
    for (Medium medium : connected()) {
      try (Destination destination = open(medium, Access.READ)) {
        catalogue.catalogue().sawDestination(destination.id().toString(), addressOf(medium));
        Rebuild.from(destination, catalogue.catalogue(), clock, Progress.SILENT, () -> false);
      }
    }
    RunReport report = backUp().orElseThrow();
    assertThat(report.outcome()).as("%s", report).isEqualTo(Outcome.GOOD);
    boolean harmed = connected().stream().anyMatch(medium -> !medium.hurt().isEmpty());
    if (!harmed) {
      assertThat(report.totals().copied()).as("nothing is copied again").isZero();
    }
  }

  @Override
  public void close() {
    catalogue.close();
  }
}
