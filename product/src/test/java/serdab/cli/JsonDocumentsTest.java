package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.VersionId;
import serdab.catalogue.Catalogue;
import serdab.catalogue.Retrievals;
import serdab.dicom.NoteBytes;
import serdab.dicom.StudyKey;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.StorageServer;
import serdab.testing.SharedData;
import serdab.testing.horos.HorosLibraryBuilder;
import serdab.testing.horos.HorosLibraryFixture;
import serdab.testing.horos.TinyDicom;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/// What `docs/json.md` says and what commands print are the same, in both directions.
class JsonDocumentsTest {

  private static final Pattern SCHEMA = Pattern.compile("serdab-[a-z]+-v\\d+");
  private static final Pattern HEADING = Pattern.compile("^## (" + SCHEMA + ")$");
  private static final Pattern ROW = Pattern.compile("^\\| `([^`]+)` \\| ([^|]+) \\|.*$");

  private static final String ALL_DATES = "1900-01-01..2100-01-01";

  @TempDir private Path folder;

  /// By schema, the types by path.
  private final Map<String, Map<String, String>> documented = new TreeMap<>();

  /// By schema, the paths that were printed.
  private final Map<String, Set<String>> printed = new TreeMap<>();

  @Test
  void everyCommandPrintsExactlyWhatIsDocumented() throws IOException {
    readDocumentation();

    checkPrinted("serdab-status-v1", "status", "--json");
    checkPrinted("serdab-studies-v1", "studies", "--json");
    try (HorosLibraryFixture library = HorosLibraryBuilder.in(folder.resolve("docs")).create()) {
      library.importAll(TinyDicom.series(1, 1, 3));
      library.importFile(TinyDicom.of(2, 1, 1));
      Files.delete(library.fileNumbered(3));
      checkPrinted("serdab-backup-v1", backup("docs"));
      library.importFile(TinyDicom.of(3, 1, 1));
      checkPrinted("serdab-plan-v1", with(backup("docs"), "--dry-run"));
    }
    Files.writeString(
        folder.resolve("home/serdab.toml"),
        "[plan.docs]\nfrom = \"%1$s/docs\"\nto = [\"%2$s\", \"zip:%1$s/never\"]\n"
                .formatted(folder, copies())
            + "[plan.gone]\nfrom = \"%1$s/gone\"\nto = \"%2$s\"\n".formatted(folder, copies()));
    checkControl();
    checkPrinted("serdab-paths-v1", "status", "--paths", "--json");
    checkPrinted("serdab-backups-v1", "backup", "--json");
    checkPrinted("serdab-backups-v1", "backup", "--json", "--dry-run");
    deleteFolder(folder.resolve("never"));
    checkPrinted(
        "serdab-init-v1",
        "init",
        "--json",
        "--force",
        "--from",
        folder.resolve("docs").toString(),
        "--to",
        folder.resolve("never").toString());
    deleteFolder(folder.resolve("never"));
    Files.move(
        folder.resolve("home/serdab.toml.1"),
        folder.resolve("home/serdab.toml"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    checkPrinted("serdab-verifications-v1", "verify", "docs", "--json");
    Files.createDirectories(folder.resolve("nothing"));
    checkPrinted("serdab-plan-v1", with(backup("nothing"), "--dry-run"));
    checkPrinted("serdab-backup-v1", backup("nothing"));
    checkPrinted("serdab-status-v1", "status", "--json");
    checkPrinted("serdab-studies-v1", "studies", "--json");
    checkPrinted("serdab-studies-v1", "studies", "--json", "--findings");
    checkPrinted("serdab-safe-v1", "status", "--safe-to-delete", "--date", ALL_DATES, "--json");
    checkSafeToDelete();
    cutShort(firstZip());
    checkPrinted("serdab-verify-v1", "verify", copies(), "--json");
    checkPrinted(
        "serdab-restore-v1",
        "restore",
        "--from",
        copies(),
        "--to",
        folder.resolve("back").toString(),
        "--study",
        "1.2.3.4.5",
        "--json");
    checkRestores();
    checkRejected();
    checkServe();
    checkPrinted("serdab-rebuild-v1", "catalogue", "rebuild", copies(), "--json");
    checkRetention();
    checkImport();
    checkPrinted("serdab-index-v1", "catalogue", "index", copies(), "--json");
    Files.delete(folder.resolve("home/catalogue.db"));
    checkPrinted("serdab-recover-v1", "recover", "--from", copies(), "--json");
    checkPrinted("serdab-check-v1", "check", copies(), "--speed-bytes", "1000", "--json");
    checkPrinted(
        "serdab-check-v1",
        "check",
        SharedData.checkout().resolve("examples/Horos Data").toString(),
        "--json");
    // A list of files that are not there, so that there is something to find.
    Path listing = Files.createDirectories(folder.resolve("listing"));
    Files.copy(folder.resolve("cd/DICOMDIR"), listing.resolve("DICOMDIR"));
    checkPrinted("serdab-check-v1", "check", "folder:" + listing, "--json");

    try (StorageServer node =
        StorageServer.start(
            new ServerSettings(AeTitle.ours("INBOX")), _ -> DimseStatus.SUCCESS, _ -> {})) {
      String address = "dicom://INBOX@127.0.0.1:" + node.address().getPort();
      checkPrinted("serdab-checknode-v1", "check", address, "--json");
      checkPrinted("serdab-checknode-v1", "check", address + "?user=serdab", "--store", "--json");
    }

    checkPrinted("serdab-service-v1", "service", "status", "--json");
    checkRepository();

    documented.forEach((schema, types) ->
        assertThat(printed.getOrDefault(schema, Set.of()))
            .as("properties of %s that were seen, of those documented", schema)
            .containsExactlyInAnyOrderElementsOf(types.keySet()));
  }

  private void checkControl() {
    Control control = new Control(new Home(folder.resolve("home")));
    Control.UnderWay run =
        control.begin("backup", "docs", java.time.Instant.EPOCH, new SecureRandom());
    checkPrinted("serdab-control-v1", "pause", "docs", "--for", "1h", "--json");
    checkPrinted("serdab-status-v1", "status", "--json");
    checkPrinted("serdab-control-v1", "stop", "--json");
    checkPrinted("serdab-control-v1", "resume", "docs", "--json");
    control.end(run);
  }

  private void checkServe() {
    checkPrinted(
        "serdab-serve-v1",
        "serve",
        "--from",
        copies(),
        "--allow",
        "VIEWER@127.0.0.1",
        "--port",
        "0",
        "--for",
        "0s",
        "--json");
    try (Catalogue catalogue =
        Catalogue.inFile(
            folder.resolve("home/catalogue.db"), InstantSource.system(), new SecureRandom())) {
      catalogue
          .retrievals()
          .begin(
              new Retrievals.Request("C-GET", "STUDY", "VIEWER", "127.0.0.1", "", ""),
              List.of(
                  new Retrievals.Part(
                      new StudyKey("1.2.3.4.5"), VersionId.of(List.of()), "place", 1)));
    }
    checkPrinted("serdab-retrievals-v1", "serve", "--retrievals", "1", "--json");
  }

  /// A repository with a damaged pack, a lost file that has a copy, and a study's key that nobody
  /// can read.
  private void checkRepository() throws IOException {
    Path secret = Files.writeString(folder.resolve("secret.txt"), "a passphrase");
    String place = "repo:" + folder.resolve("sealed");
    String[] with = {"--passphrase-file", secret.toString(), "--json"};
    checkPrinted("serdab-repository-v1", with(with(init(place), with[0]), with[1]));
    Path source = Files.createDirectories(folder.resolve("sealing"));
    for (String study : List.of("1.2.5", "1.2.6", "1.2.7")) {
      Files.write(
          source.resolve(study),
          serdab.testing.world.TinyDicom.image().study(study).sop(study + ".1").bytes());
    }
    String[] backup = {"backup", "--from", source.toString(), "--to", place, "--json"};
    checkPrinted("serdab-plan-v1", with(backup, "--dry-run"));
    checkPrinted("serdab-backup-v1", backup);
    checkPrinted("serdab-snapshots-v1", "repository", "snapshots", place, "--json");
    checkPrinted("serdab-repositoryprune-v1", "repository", "prune", place, "--json");
    String[] erase = {
      "repository", "erase", place, "--study", "1.2.7", "--reason", "a test", "--json"
    };
    checkPrinted("serdab-erase-v1", erase);
    Matcher label =
        Pattern.compile("\"label\" *: *\"(S-[0-9a-f]+)\"")
            .matcher(new CommandLineRun(folder.resolve("home")).run(erase).out());
    assertThat(label.find()).isTrue();
    checkPrinted("serdab-erase-v1", with(with(erase, "--confirm"), label.group(1)));
    checkPrinted("serdab-keys-v1", "repository", "key", "list", place, "--json");
    checkPrinted("serdab-sheet-v1", "repository", "key", "sheet", place, "--json");
    checkPrinted("serdab-enrol-v1", "repository", "key", "enrol", place, with[0], with[1], with[2]);
    checkPrinted(
        "serdab-revoke-v1",
        "repository",
        "key",
        "revoke",
        place,
        machine(place),
        with[0],
        with[1],
        with[2]);
    List<Path> groups = filesIn(folder.resolve("sealed/groups"));
    Files.write(groups.getFirst(), new byte[] {1});
    try (Stream<Path> copies = Files.list(folder.resolve("sealed/copies"))) {
      for (Path copy : copies.toList()) {
        deleteFolder(copy);
      }
    }
    checkPrinted(
        "serdab-keychange-v1", "repository", "key", "rotate", place, with[0], with[1], with[2]);
    Files.write(filesIn(folder.resolve("sealed/packs")).getFirst(), new byte[] {1});
    Files.delete(folder.resolve("sealed/LICENSE.txt"));
    checkPrinted("serdab-repositorycheck-v1", "repository", "check", place, "--json");
    checkPrinted("serdab-repositoryrepair-v1", "repository", "repair", place, "--json");
  }

  private static String[] init(String place) {
    return new String[] {"repository", "init", place, "--json"};
  }

  private String machine(String place) {
    return new CommandLineRun(folder.resolve("home"))
        .run("repository", "key", "list", place)
        .out()
        .lines()
        .filter(line -> line.startsWith("Machine "))
        .map(line -> line.split(" ", -1)[1])
        .findFirst()
        .orElseThrow();
  }

  private static List<Path> filesIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  /// A tree of the Horos backup script with a ZIP that is damaged and one that only it has, which
  /// the other destination cannot take.
  private void checkImport() throws IOException {
    Path tree = Files.createDirectories(folder.resolve("script/2024_05"));
    Files.write(tree.resolve("X_UNKNOWN_2024-05-05_1.2.9.zip"), new byte[] {1});
    try (ZipOutputStream zip =
        new ZipOutputStream(
            Files.newOutputStream(
                tree.resolve("X_UNKNOWN_2024-05-05_" + TinyDicom.studyUid(9) + ".zip")))) {
      zip.putNextEntry(new ZipEntry("1.dcm"));
      zip.write(TinyDicom.of(9, 1, 1).taken("20240505", "080000").bytes());
      zip.closeEntry();
    }
    Path state = folder.resolve("script/export_state.sqlite");
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + state);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE Exported (studyInstanceUID, when_exported, zip_path)");
    } catch (SQLException e) {
      throw new IOException(e);
    }
    Files.createDirectories(folder.resolve("blocked"));
    Files.writeString(folder.resolve("blocked/2024_05"), "a file where a folder should be");
    String[] command = {
      "import-tree",
      "--state",
      state.toString(),
      "--from",
      folder.resolve("docs").toString(),
      "--json"
    };
    checkPrinted("serdab-import-v1", with(command, "--dry-run"));
    checkPrinted(
        "serdab-import-v1", with(with(command, "--to"), "zip:" + folder.resolve("blocked")));
    checkPrinted("serdab-import-v1", command);
  }

  @Test
  void everySchemaInTheSourcesIsDocumented() throws IOException {
    readDocumentation();

    Set<String> written = new TreeSet<>();
    try (Stream<Path> sources =
        Files.list(SharedData.checkout().resolve("product/src/main/java/serdab/cli"))) {
      for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
        Matcher schema = Pattern.compile("\"(" + SCHEMA + ")\"").matcher(Files.readString(source));
        while (schema.find()) {
          written.add(schema.group(1));
        }
      }
    }

    assertThat(written).isEqualTo(documented.keySet());
  }

  /// Two copies on media that are different for certain, as no test machine has them.
  private void checkSafeToDelete() throws IOException {
    Path source = Files.createDirectories(folder.resolve("two"));
    Files.write(source.resolve("image"), serdab.testing.world.TinyDicom.image().bytes());
    new CommandLineRun(folder.resolve("home"))
        .run(
            "backup",
            "--from",
            source.toString(),
            "--to",
            "zip:" + folder.resolve("a"),
            "--to",
            "zip:" + folder.resolve("b"));
    try (serdab.catalogue.Catalogue catalogue =
        serdab.catalogue.Catalogue.inFile(
            folder.resolve("home/catalogue.db"),
            java.time.InstantSource.system(),
            new java.util.SplittableRandom(1))) {
      int disk = 0;
      for (serdab.catalogue.Catalogue.UsedPlace used : catalogue.destinations()) {
        disk++;
        catalogue.rememberFact("medium/" + used.id(), "disk:wwn-" + disk);
      }
    }
    checkPrinted("serdab-safe-v1", "status", "--safe-to-delete", "--date", ALL_DATES, "--json");
    CommandLineRun.Result text =
        new CommandLineRun(folder.resolve("home"))
            .run("status", "--safe-to-delete", "--date", ALL_DATES);
    assertThat(text.exitCode()).isZero();
    assertThat(text.out())
        .contains("studies from 1900-01-01 to 2100-01-01 are safe to delete")
        .contains("Nothing was deleted");
  }

  /// A study in two versions, a hold that comes after the plan, and a source that lost its files.
  private void checkRetention() throws IOException {
    // Rules of options can be carried out only where no configuration says others.
    Path configuration = folder.resolve("home/serdab.toml");
    Path aside = folder.resolve("serdab.toml.aside");
    Files.move(configuration, aside);
    Path source = Files.createDirectories(folder.resolve("versions"));
    String zips = "zip:" + folder.resolve("pruned");
    String[] backup = {"backup", "--from", source.toString(), "--to", zips, "--json"};
    String[] plan = {"prune", zips, "--keep-versions", "1", "--plan", "--show-studies", "--json"};
    Files.write(
        source.resolve("other.dcm"),
        serdab.testing.world.TinyDicom.image().study("1.2.4").sop("1.2.4.1").bytes());
    for (int image = 1; image <= 2; image++) {
      serdab.testing.world.TinyDicom dicom =
          serdab.testing.world.TinyDicom.image().study("1.2.3").sop("1.2.3." + image);
      Files.write(source.resolve(image + ".dcm"), dicom.bytes());
      checkPrinted("serdab-backup-v1", backup);
    }
    checkPrinted("serdab-retention-v1", plan);
    new CommandLineRun(folder.resolve("home"))
        .run("hold", "add", "--patient-id", "T1", "--reason", "to see it");
    checkPrinted("serdab-holds-v1", "hold", "list", "--json");
    Path file;
    try (Stream<Path> files = Files.list(folder.resolve("home/plans"))) {
      file = files.findFirst().orElseThrow();
    }
    checkPrinted(
        "serdab-prune-v1", "prune", zips, "--execute", file.toString(), "--confirm", "1", "--json");
    new CommandLineRun(folder.resolve("home")).run("hold", "release", "1", "--reason", "seen");
    checkPrinted(
        "serdab-prune-v1", "prune", zips, "--execute", file.toString(), "--confirm", "1", "--json");
    Files.delete(source.resolve("1.dcm"));
    Files.delete(source.resolve("2.dcm"));
    checkPrinted("serdab-backup-v1", backup);
    checkPrinted("serdab-retention-v1", plan);
    Files.move(aside, configuration);
  }

  /// Each way of restoring, from a library with everything that a report can name. A study with two
  /// rejection notes, one of which leaves doubt.
  private void checkRejected() throws IOException {
    Path source = Files.createDirectories(folder.resolve("rejecting"));
    for (int i = 1; i <= 3; i++) {
      Files.write(
          source.resolve("image-" + i),
          serdab.testing.world.TinyDicom.image().study("1.2.8").sop("1.2.8.1." + i).bytes());
    }
    Files.write(
        source.resolve("note"), NoteBytes.of("1.2.8", "1.2.8.9.1").rejects("1.2.8.1.1").bytes());
    Files.write(
        source.resolve("doubt"), NoteBytes.of("1.2.8", "1.2.8.9.2").frameOf("1.2.8.1.2").bytes());
    String from = "zip:" + folder.resolve("rejected");
    checkPrinted("serdab-backup-v1", "backup", "--from", source.toString(), "--to", from, "--json");
    checkPrinted("serdab-studies-v1", "studies", "--json");
    checkPrinted(
        "serdab-receive-v1",
        with(
            with(new String[] {"receive", "--port", "0", "--for", "0s", "--json"}, "--inbox"),
            folder.resolve("inbox").toString()));
    Path list = Files.writeString(folder.resolve("list.csv"), "accession\nA1\n");
    checkPrinted("serdab-reconcile-v1", "reconcile", list.toString(), "--json");
    String[] restore = {"restore", "--from", from, "--all", "--json"};
    String back = folder.resolve("rejected-back").toString();
    checkPrinted("serdab-restoreplan-v1", with(with(with(restore, "--to"), back), "--dry-run"));
    checkPrinted("serdab-restore-v1", with(with(restore, "--to"), back));
    checkPrinted(
        "serdab-media-v1",
        with(with(restore, "--media"), folder.resolve("rejected-cd").toString()));
    checkPrinted(
        "serdab-viewer-v1",
        with(with(restore, "--to"), "horos:" + folder.resolve("viewer/Horos Data")));
  }

  private void checkRestores() throws IOException {
    String from = "zip:" + folder.resolve("more");
    try (HorosLibraryFixture mac = HorosLibraryBuilder.in(folder.resolve("mac")).create()) {
      mac.importAll(TinyDicom.series(1, 1, 3));
      mac.importNamed(TinyDicom.of(2, 1, 1), "DCM");
      mac.linkFile("/nowhere/linked.dcm", TinyDicom.of(1, 2, 1));
      mac.sql("UPDATE ZSTUDY SET ZREPORTURL = '/nowhere/report.pdf'");
      mac.sql(
          "INSERT INTO ZIMAGE (Z_ENT, Z_OPT, ZSERIES, ZPATHSTRING) SELECT 2, 1, ZSERIES, '7.tif'"
              + " FROM ZIMAGE");
      Files.writeString(mac.fileNumbered(7).resolveSibling("7.tif"), "a picture");
      Files.delete(mac.fileNumbered(3));
      new CommandLineRun(folder.resolve("home"))
          .run("backup", "--from", mac.folder().toString(), "--to", from);
    }
    HorosLibraryBuilder.in(folder.resolve("viewer")).create().close();
    String viewer = "horos:" + folder.resolve("viewer/Horos Data");
    String cd = folder.resolve("cd").toString();
    checkPrinted(
        "serdab-restoreplan-v1",
        "restore",
        "--from",
        from,
        "--media",
        cd,
        "--all",
        "--dry-run",
        "--json");
    checkPrinted("serdab-media-v1", "restore", "--from", from, "--media", cd, "--all", "--json");
    checkPrinted(
        "serdab-library-v1",
        "restore",
        "--from",
        from,
        "--to",
        "horos-library:" + folder.resolve("new/Horos Data"),
        "--all",
        "--json");
    checkPrinted(
        "serdab-viewer-v1",
        "restore",
        "--from",
        from,
        "--to",
        viewer,
        "--all",
        "--wait-until-imported",
        "0s",
        "--json");
    // Something stands where the first file would go, whatever name it tries: the run stops.
    String digits = Sha256.digest(TinyDicom.of(1, 1, 1).bytes()).hex().substring(0, 32);
    Path incoming = folder.resolve("viewer/Horos Data/INCOMING.noindex");
    for (String end : List.of("", "02", "03")) {
      Path name = incoming.resolve("serdab-" + digits + end + ".dcm");
      Files.deleteIfExists(name);
      Files.createDirectory(name);
    }
    checkPrinted("serdab-viewer-v1", "restore", "--from", from, "--to", viewer, "--all", "--json");
  }

  // ---- commands

  private String copies() {
    return "zip:" + folder.resolve("copies");
  }

  private String[] backup(String source) {
    return new String[] {
      "backup", "--from", folder.resolve(source).toString(), "--to", copies(), "--json"
    };
  }

  private static String[] with(String[] args, String more) {
    String[] all = java.util.Arrays.copyOf(args, args.length + 1);
    all[args.length] = more;
    return all;
  }

  private void checkPrinted(String schema, String... args) {
    CommandLineRun.Result result = new CommandLineRun(folder.resolve("home")).run(args);
    assertThat(result.out()).as("%s: %s", String.join(" ", args), result.err()).isNotEmpty();

    Map<?, ?> document = (Map<?, ?>) parse(result.out());

    assertThat(document.get("schema")).isEqualTo(schema);
    assertThat(document.keySet().iterator().next()).isEqualTo("schema");
    if (document.get("exit_code") instanceof Long exitCode) {
      assertThat(exitCode).isEqualTo(result.exitCode());
    }
    check(schema, "", document);
  }

  private Path firstZip() throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("copies"))) {
      return files
          .filter(file -> file.toString().endsWith(".zip"))
          .filter(file -> !file.toString().contains("_library"))
          .sorted()
          .findFirst()
          .orElseThrow();
    }
  }

  private static void deleteFolder(Path which) throws IOException {
    try (Stream<Path> all = Files.walk(which)) {
      for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private static void cutShort(Path zip) throws IOException {
    byte[] bytes = Files.readAllBytes(zip);
    Files.setPosixFilePermissions(zip, PosixFilePermissions.fromString("rw-------"));
    Files.write(zip, java.util.Arrays.copyOf(bytes, bytes.length / 2));
  }

  // ---- comparing

  private void check(String schema, String prefix, Map<?, ?> object) {
    assertThat(documented).containsKey(schema);
    Map<String, String> types = documented.getOrDefault(schema, Map.of());
    for (Map.Entry<?, ?> property : object.entrySet()) {
      String path = prefix + property.getKey();
      assertThat(types).as("%s has %s", schema, path).containsKey(path);
      printed.computeIfAbsent(schema, _ -> new TreeSet<>()).add(path);
      checkValue(schema, path, types.getOrDefault(path, ""), property.getValue());
    }
    types.forEach((path, type) -> {
      boolean child = path.startsWith(prefix) && path.indexOf('.', prefix.length()) < 0;
      if (child && !type.endsWith(", optional")) {
        assertThat(object.containsKey(path.substring(prefix.length())))
            .as("%s: %s is printed", schema, path)
            .isTrue();
      }
    });
  }

  private void checkValue(String schema, String path, String type, Object value) {
    String what = schema + ": " + path + " is " + type;
    switch (type.replace(", optional", "")) {
      case "string" -> assertThat(value).as(what).isInstanceOf(String.class);
      case "integer" -> assertThat(value).as(what).isInstanceOf(Long.class);
      case "number" -> assertThat(value).as(what).isInstanceOf(Double.class);
      case "boolean" -> assertThat(value).as(what).isInstanceOf(Boolean.class);
      case "document" -> {
        Map<?, ?> document = (Map<?, ?>) value;
        check(String.valueOf(document.get("schema")), "", document);
      }
      case "object" -> check(schema, path + ".", (Map<?, ?>) value);
      case "object of integers" ->
          assertThat(((Map<?, ?>) value).values()).as(what).allMatch(Long.class::isInstance);
      case "array of strings" ->
          assertThat((List<?>) value).as(what).allMatch(String.class::isInstance);
      case "array of objects" ->
          ((List<?>) value).forEach(each -> check(schema, path + "[].", (Map<?, ?>) each));
      default -> throw new AssertionError(what + ", which this test does not know");
    }
  }

  private void readDocumentation() throws IOException {
    Map<String, String> types = new LinkedHashMap<>();
    for (String line : Files.readAllLines(SharedData.checkout().resolve("docs/json.md"))) {
      Matcher heading = HEADING.matcher(line);
      Matcher row = ROW.matcher(line);
      if (heading.matches()) {
        types = new LinkedHashMap<>();
        documented.put(heading.group(1), types);
      } else if (row.matches()) {
        types.put(row.group(1), row.group(2));
      }
    }
    assertThat(documented).isNotEmpty();
  }

  // ---- parsing

  /// Objects become maps in the order of their properties, arrays lists, whole numbers longs,
  /// others doubles.
  private static Object parse(String text) {
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), text)) {
      json.nextToken();
      Object value = value(json);
      assertThat(json.nextToken()).as("after the document").isNull();
      return value;
    }
  }

  private static Object value(JsonParser json) {
    return switch (json.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> object = new LinkedHashMap<>();
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = json.currentName();
          json.nextToken();
          assertThat(object.put(name, value(json))).as("%s stands there once", name).isNull();
        }
        yield object;
      }
      case START_ARRAY -> {
        List<Object> array = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
          array.add(value(json));
        }
        yield array;
      }
      case VALUE_STRING -> json.getString();
      case VALUE_NUMBER_INT -> json.getLongValue();
      case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default ->
          throw new AssertionError("neither documented nor expected: " + json.currentToken());
    };
  }
}
