package serdab.cli;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import serdab.Sha256;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.VersionReader;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.StoredFile;
import serdab.dicom.Tag;
import serdab.repository.Parity;
import serdab.repository.PersonKeys;
import serdab.repository.Prune;
import serdab.repository.Repository;
import serdab.repository.Snapshot;
import serdab.repository.VersionSource;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.WorldClock;

/// Writes what this version writes, for later ones to read: a repository and a tree of ZIPs in
/// `formats/vN`. Run by hand when a format has a new version, and never again for that version:
/// `./dev freeze vN`.
///
/// It is made of the example library's files, by commands where there are any. All keys and names
/// are others each time.
final class FormatFreezer {

  /// Opens the frozen repository. It protects nothing.
  static final String PASSPHRASE = "a passphrase for tests only";

  private static final Instant BEGIN = Instant.parse("2026-03-02T20:00:00Z");

  private final Path images =
      SharedData.checkout().resolve("examples/Horos Data/DATABASE.noindex/10000");
  private final Path frozen;
  private final Path source;
  private final WorldClock clock = new WorldClock(BEGIN);
  private final CommandLineRun home;
  private final Set<String> given = new HashSet<>();

  private FormatFreezer(Path frozen, Path scratch) {
    this.frozen = frozen;
    this.source = scratch.resolve("source");
    this.home =
        new CommandLineRun(scratch.resolve("home"), clock).with("SERDAB_PASSPHRASE", PASSPHRASE);
  }

  /// Where the formats of a version are, such as `v1`.
  static Path folder(String version) {
    return SharedData.checkout().resolve("product/src/test/resources/formats").resolve(version);
  }

  public static void main(String[] arguments) throws IOException {
    Path frozen = folder(arguments[0]);
    if (Files.exists(frozen)) {
      throw new IllegalArgumentException(frozen + " is there already; it is never written again");
    }
    Path scratch = Files.createTempDirectory("freeze");
    new FormatFreezer(Files.createDirectory(scratch.resolve("frozen")), scratch).run();
    copy(scratch.resolve("frozen"), frozen);
  }

  /// Copies a folder with all that is in it.
  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Files.copy(each, to.resolve(from.relativize(each).toString()));
      }
    }
  }

  private void run() throws IOException {
    String repository = "repo:" + frozen.resolve("repository");
    serdab("repository", "init", repository, "--machine", "freezer");
    // Pixels that nothing makes smaller.
    byte[] noise = new byte[2048];
    new SplittableRandom(1).nextBytes(noise);
    give("noise", TinyDicom.image().study("1.2.3").pixels(noise).bytes());
    give("6", "7", "8", "9", "10", "18", "2", "23", "24", "25");
    backUp(repository);
    give("11", "3", "20", "21");
    backUp(repository, "--compression", "fast");
    give("12", "4", "5");
    give("18", FormatFreezer::renamed);
    give("19", FormatFreezer::renamed);
    backUp(repository);
    serdab("repository", "key", "rotate", repository);
    try (Repository open = open(place())) {
      // The second of three versions goes, and what only it needed.
      Prune prune = new Prune(open);
      Snapshot second = versions(open, "11").get(1);
      prune.carryOut(prune.plan(List.of(second), Duration.ofDays(-1)), "An exercise.");
      open.erase(
          study("25"),
          (_, _) -> {
            throw new IllegalStateException("nothing is shared");
          },
          "An exercise.");
      new Parity(open).cover(Instant.MAX);
    }
    condemn("23");
    keep();
  }

  /// Copies images of the example into the source.
  private void give(String... names) throws IOException {
    for (String name : names) {
      give(name, UnaryOperator.identity());
    }
  }

  private void give(String name, UnaryOperator<byte[]> change) throws IOException {
    give(name, change.apply(Files.readAllBytes(images.resolve(name + ".dcm"))));
  }

  private void give(String name, byte[] bytes) throws IOException {
    Files.createDirectories(source);
    Path file = Files.write(source.resolve(name + ".dcm"), bytes);
    Files.setLastModifiedTime(file, FileTime.from(clock.instant().minus(Duration.ofDays(1))));
    given.add(Sha256.digest(bytes).hex());
  }

  /// With another patient's name of the same length.
  private static byte[] renamed(byte[] image) {
    String text = new String(image, StandardCharsets.ISO_8859_1);
    int at = text.indexOf("PN", text.indexOf("\u0010\0\u0010\0PN")) + 4;
    byte[] changed = image.clone();
    changed[at] ^= 1;
    return changed;
  }

  private void backUp(String repository, String... more) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "backup",
                "--from",
                source.toString(),
                "--to",
                repository,
                "--to",
                "zip:" + frozen.resolve("zip-tree")));
    command.addAll(Arrays.asList(more));
    serdab(command.toArray(String[]::new));
    clock.pass(Duration.ofDays(1));
  }

  private void serdab(String... command) {
    CommandLineRun.Result result = home.run(command);
    if (result.exitCode() != 0) {
      throw new IllegalStateException(
          String.join(" ", command) + "\n" + result.out() + result.err());
    }
  }

  private BlobStore place() {
    return LocalFolder.openShared(frozen.resolve("repository"), new SecureRandom());
  }

  private Repository open(BlobStore store) {
    return Repository.open(
        store, Optional.empty(), List.of(person(store)), clock, new SecureRandom());
  }

  private static AgeIdentity person(BlobStore store) {
    byte[] sealed = PersonKeys.read(store, "owner");
    byte[] text = AgeFile.openWithPassphrase(sealed, PASSPHRASE.toCharArray());
    return AgeIdentity.parseFile(new String(text, StandardCharsets.UTF_8)).getFirst();
  }

  /// The versions of the study that an image belongs to, the oldest first.
  private List<Snapshot> versions(Repository open, String image) throws IOException {
    return open.snapshots(study(image)).stream()
        .sorted(Comparator.comparing(Snapshot::time))
        .toList();
  }

  private String study(String image) throws IOException {
    byte[] bytes = Files.readAllBytes(images.resolve(image + ".dcm"));
    DataSet dataSet = DicomFile.read(ByteSource.of(bytes)).dataSet();
    int i = dataSet.indexOf(Tag.StudyInstanceUID);
    int from = (int) dataSet.valueOffset(i);
    return new String(bytes, from, (int) dataSet.valueLength(i), StandardCharsets.US_ASCII)
        .replace("\0", "")
        .strip();
  }

  /// A version that was removed, and a prune that was killed before its packs went.
  private void condemn(String image) throws IOException {
    BlobStore real = place();
    BlobStore dying =
        (BlobStore)
            Proxy.newProxyInstance(
                BlobStore.class.getClassLoader(),
                new Class<?>[] {BlobStore.class},
                (_, method, arguments) -> {
                  if (method.getName().equals("delete")) {
                    throw new IllegalStateException("killed");
                  }
                  try {
                    return method.invoke(real, arguments);
                  } catch (InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
    try (Repository open = open(dying)) {
      Prune prune = new Prune(open);
      prune.carryOut(prune.plan(versions(open, image), Duration.ofDays(-1)), "An exercise.");
    } catch (IllegalStateException e) {
      // As planned.
    }
  }

  /// Writes down what is there: every file of every version, and every file of the two places.
  private void keep() throws IOException {
    for (String place : List.of("repo:repository", "zip:zip-tree")) {
      String name = place.substring(place.indexOf(':') + 1);
      String destination = place.replace(name, frozen.resolve(name).toString());
      List<String> contents = contents(destination, source.resolveSibling("reader"));
      for (String line : contents) {
        if (!given.contains(line.substring(line.lastIndexOf('\t') + 1))) {
          throw new IllegalStateException("nobody gave this: " + line);
        }
      }
      Files.write(frozen.resolve(name + ".tsv"), contents);
    }
    Files.write(frozen.resolve("SHA256SUMS"), sums(frozen));
  }

  /// Every file of every version that a destination holds: when the version was read, its study,
  /// its name, the file's path and SHA-256.
  ///
  /// @param reader a home of somebody who knows the passphrase
  static List<String> contents(String destination, Path reader) throws IOException {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true);
    Surroundings around =
        new Surroundings(
            new Terminal(nowhere, nowhere, false),
            Map.of("SERDAB_HOME", reader.toString(), "SERDAB_PASSPHRASE", PASSPHRASE),
            InstantSource.system());
    List<String> lines = new ArrayList<>();
    try (Wiring wiring = new Wiring(around, new KeyOptions());
        Catalogue catalogue = wiring.catalogue(around.home().make());
        Destination place = wiring.destinationToRead(destination, catalogue)) {
      List<HeldVersion> copies;
      try (Stream<Destination.Listed> held = place.held(_ -> Optional.empty())) {
        copies = held.map(each -> ((Destination.Listed.Copy) each).version()).toList();
      }
      for (HeldVersion copy : copies) {
        try (VersionReader version = place.read(copy)) {
          for (StoredFile file : version.version().files()) {
            byte[] bytes = Channels.newInputStream(version.open(file)).readAllBytes();
            lines.add(
                String.join(
                    "\t",
                    version.version().readAt().toString(),
                    copy.study().value(),
                    copy.id().hex(),
                    file.path(),
                    Sha256.digest(bytes).hex()));
          }
        }
      }
    }
    lines.sort(Comparator.naturalOrder());
    return lines;
  }

  /// The manifest of every version in a repository.
  static List<String> manifests(Path repository) {
    BlobStore store = LocalFolder.openShared(repository, new SecureRandom());
    try (Repository open =
            Repository.open(
                store,
                Optional.empty(),
                List.of(person(store)),
                InstantSource.system(),
                new SecureRandom());
        Stream<Snapshot> all = open.snapshots()) {
      List<String> manifests = new ArrayList<>();
      for (Snapshot each : all.toList()) {
        try (VersionSource version = open.read(each)) {
          manifests.add(new String(version.manifest(), StandardCharsets.UTF_8));
        }
      }
      return manifests;
    }
  }

  /// What is in a folder, as `sha256sum` writes it; but what tells of it.
  static List<String> sums(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      List<String> lines = new ArrayList<>();
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        String name = folder.relativize(file).toString().replace(File.separatorChar, '/');
        if (name.contains("/")) {
          lines.add(Sha256.digest(Files.readAllBytes(file)).hex() + "  " + name);
        }
      }
      return lines;
    }
  }
}
