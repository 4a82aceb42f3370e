package serdab.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import serdab.Finding;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.StudyKey;
import serdab.plan.Order;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// Any tree of folders as a source.
class FolderSourceTest {

  @TempDir private Path temp;

  private Path root() throws IOException {
    return Files.createDirectories(temp.resolve("folder"));
  }

  private Source source() throws IOException {
    return FolderSource.open(root(), temp.resolve("cache.db"));
  }

  @Test
  void studiesAreFoundInFilesWithoutExtensionAndMixed() throws IOException {
    write("a/IM0001", TinyDicom.image().study("1.2.1").sop("1.2.1.1").bytes());
    write("a/IM0002", TinyDicom.image().study("1.2.2").sop("1.2.2.1").bytes());
    write("b/deep/IM0001", TinyDicom.image().study("1.2.1").sop("1.2.1.2").bytes());

    List<SourceStudy> studies = studies();

    assertThat(studies).extracting(study -> study.key().value()).containsExactly("1.2.1", "1.2.2");
    assertThat(studies.getFirst().fileCount()).isEqualTo(2);
    assertThat(given(studies.getFirst())).containsOnlyKeys("a/IM0001", "b/deep/IM0001");
  }

  @Test
  void everythingElseIsGivenWholeInGroups() throws IOException {
    byte[] text = "a letter".getBytes(StandardCharsets.UTF_8);
    write("a/IM0001", TinyDicom.image().bytes());
    write("a/letter.txt", text);
    write("empty", new byte[0]);

    List<SourceStudy> studies = studies();

    Map<String, byte[]> others = new TreeMap<>();
    for (SourceStudy study : studies) {
      if (study.key().isOther()) {
        others.putAll(given(study));
      }
    }
    assertThat(others).containsOnlyKeys("a/letter.txt", "empty");
    assertThat(others.get("a/letter.txt")).isEqualTo(text);
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void everyFileOfRealDataIsListedExactlyOnceAndGivenAsItIs() throws IOException {
    Path real = SharedData.dicom().resolve("odd_pydicom");
    Set<String> there;
    try (Stream<Path> files = Files.walk(real)) {
      there =
          files
              .filter(Files::isRegularFile)
              .map(file -> real.relativize(file).toString())
              .collect(Collectors.toCollection(TreeSet::new));
    }
    List<String> listed = new ArrayList<>();
    try (Source source = FolderSource.open(real, temp.resolve("cache.db"));
        Inventory inventory = source.inventory()) {
      List<SourceStudy> studies = list(inventory);
      for (SourceStudy study : studies) {
        for (Map.Entry<String, byte[]> file : given(inventory, study).entrySet()) {
          listed.add(file.getKey());
          assertThat(file.getValue()).isEqualTo(Files.readAllBytes(real.resolve(file.getKey())));
        }
      }
    }

    assertThat(listed).doesNotHaveDuplicates();
    assertThat(new TreeSet<>(listed)).isEqualTo(there);
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void aDicomDirIsComparedBothWays() throws IOException {
    copy(SharedData.dicom().resolve("odd_pydicom/test_files/dicomdirtests"), root());
    Files.delete(root().resolve("77654033/CR1/6154"));
    write("extra", TinyDicom.image().study("1.2.77").bytes());

    List<Finding> findings = findings();

    assertThat(findings)
        .anyMatch(f -> f.kind().equals("dicomdir-missing-file") && f.detail().contains("6154"))
        .anyMatch(f -> f.kind().equals("not-in-dicomdir") && f.detail().contains("extra"));
  }

  @Test
  @Needs(Peer.SHARED_DATA)
  void aFileThatWentAwaySinceTheLastLookIsMissingFromItsDicomDir() throws IOException {
    copy(SharedData.dicom().resolve("odd_pydicom/test_files/dicomdirtests"), root());
    studies();
    Files.delete(root().resolve("77654033/CR1/6154"));

    assertThat(findings())
        .anyMatch(f -> f.kind().equals("dicomdir-missing-file") && f.detail().contains("6154"));
  }

  @Test
  void aFileWhoseHeaderCouldNotBeReadIsAskedAgainAndWantedByEverySelection() throws IOException {
    write("a/IM0001", TinyDicom.image().study("1.2.1").bytes());
    FileStamp stamp = FileStamp.of(root().resolve("a/IM0001"));
    FileIndex.Row unread =
        new FileIndex.Row(
            "a/IM0001", stamp, FolderInventory.unreadFacts(), "It cannot be read.", false);
    try (FileIndex index = FileIndex.open(temp.resolve("cache.db"))) {
      index.beginScan();
      index.put(unread);
      index.endScan();
    }

    assertThat(unread.facts().key().isUnread()).isTrue();
    assertThat(studies()).extracting(study -> study.key().value()).containsExactly("1.2.1");
  }

  @Test
  void aScanThatBreaksOffLeavesNoStudyAsItWasBefore() throws IOException {
    write("a/IM0001", TinyDicom.image().study("1.2.1").bytes());
    studies();
    try (FileIndex index = FileIndex.open(temp.resolve("cache.db"))) {
      index.beginScan();
      index.put(
          new FileIndex.Row(
              "a/IM0001",
              FileStamp.of(root().resolve("a/IM0001")),
              FolderInventory.unreadFacts(),
              "",
              false));
      // It never comes to the end of the scan.
    }

    assertThat(studies()).allMatch(study -> study.key().isUnread());
  }

  @Test
  void filesThatWentAwayAreGoneFromTheirStudiesThoughNothingElseChanged() throws IOException {
    write("a/IM0001", TinyDicom.image().study("1.2.1").bytes());
    write("a/IM0002", TinyDicom.image().study("1.2.1").bytes());
    write("b/IM0001", TinyDicom.image().study("1.2.2").bytes());
    studies();
    Files.delete(root().resolve("a/IM0002"));
    Files.delete(root().resolve("b/IM0001"));

    assertThat(studies())
        .extracting(study -> study.key().value() + " " + study.fileCount())
        .containsExactly("1.2.1 1");
  }

  @Test
  void aFolderThatAnotherOneTookThePlaceOfWhileItWasListedIsGone() throws IOException {
    write("a/IM0001", TinyDicom.image().bytes());
    Object before = FolderInventory.identity(root());
    Files.move(root(), temp.resolve("pulled"));
    Files.createDirectories(temp.resolve("folder"));

    assertThatThrownBy(() -> FolderInventory.requireSame(root(), before))
        .isInstanceOf(SerdabException.Unavailable.class)
        .hasMessageContaining("source-gone");
  }

  @Test
  void linksAndPipesAreFindingsAndNotFollowed() throws Exception {
    write("a/IM0001", TinyDicom.image().bytes());
    Path outside = Files.write(temp.resolve("outside"), new byte[] {1});
    Files.createSymbolicLink(root().resolve("link"), outside);
    Files.createSymbolicLink(root().resolve("loop"), root());
    new ProcessBuilder("mkfifo", root().resolve("pipe").toString()).start().waitFor();

    List<Finding> findings = findings();

    assertThat(findings)
        .extracting(finding -> finding.path() + " " + finding.kind())
        .contains("link link-not-followed", "loop link-not-followed", "pipe not-a-file");
    assertThat(allFiles()).containsExactly("a/IM0001");
  }

  @Test
  void anUnchangedFolderIsNotReadAgain() throws IOException {
    write("a/IM0001", TinyDicom.image().bytes());
    Path file = root().resolve("a/IM0001");
    List<SourceStudy> first = studies();
    FileTime modified = Files.getLastModifiedTime(file);

    // Same length, time and inode: only reading the header again could tell.
    byte[] bytes = TinyDicom.image().study("1.2.9").bytes();
    try (var channel = Files.newByteChannel(file, java.nio.file.StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes));
    }
    Files.setLastModifiedTime(file, modified);
    List<SourceStudy> second = studies();

    assertThat(second).extracting(SourceStudy::key).isEqualTo(keys(first));
    assertThat(second.getFirst().fingerprint()).isEqualTo(first.getFirst().fingerprint());
  }

  @Test
  void aChangedFileChangesFingerprintAndLook() throws IOException {
    write("a/IM0001", TinyDicom.image().bytes());
    write("a/IM0002", TinyDicom.image().sop("1.2.3.1.2").bytes());
    SourceStudy before = studies().getFirst();

    write("a/IM0002", TinyDicom.image().sop("1.2.3.1.2").comment("typed").bytes());
    SourceStudy after = studies().getFirst();

    assertThat(after.fingerprint()).isNotEqualTo(before.fingerprint());
    try (Source source = source();
        Inventory inventory = source.inventory()) {
      assertThat(inventory.look(after)).isEqualTo(after.fingerprint());
    }
  }

  @Test
  void aFileThatChangesWhileItIsGivenEndsTheDelivery() throws IOException {
    write("a/IM0001", TinyDicom.image().bytes());
    try (Source source = source();
        Inventory inventory = source.inventory()) {
      SourceStudy study = list(inventory).getFirst();

      Delivery delivery =
          inventory.deliver(
              study,
              Set.of(),
              new Receiver() {
                @Override
                public void take(SourceFile file, ByteSource bytes) throws IOException {
                  super.take(file, bytes);
                  write("a/IM0001", TinyDicom.image().comment("typed just now").bytes());
                }
              });

      assertThat(delivery).isInstanceOf(Delivery.Changed.class);
    }
  }

  @Test
  void aFileThatIsGoneIsNamedAsMissing() throws IOException {
    write("a/IM0001", TinyDicom.image().bytes());
    write("a/IM0002", TinyDicom.image().sop("1.2.3.1.2").bytes());
    try (Source source = source();
        Inventory inventory = source.inventory()) {
      SourceStudy study = list(inventory).getFirst();
      Files.delete(root().resolve("a/IM0001"));
      Receiver receiver = new Receiver();

      Delivery delivery = inventory.deliver(study, Set.of(), receiver);

      assertThat(delivery).isInstanceOf(Delivery.Complete.class);
      assertThat(receiver.notGiven).containsExactly("a/IM0001 MISSING");
      assertThat(receiver.files).containsOnlyKeys("a/IM0002");
    }
  }

  @Test
  void aFolderThatIsNotThereIsUnavailableAndNotEmpty() {
    assertThatThrownBy(() -> FolderSource.open(temp.resolve("nowhere"), temp.resolve("cache.db")))
        .isInstanceOf(SerdabException.Unavailable.class);
  }

  /// A path longer than the system takes is closed to everybody, also to root, as whom CI runs.
  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "its limit on paths is another")
  void aFolderThatCannotBeReadStaysNamedAsNotCopied() throws IOException {
    write("a/IM0001", TinyDicom.image().bytes());
    String part = "d".repeat(200);
    Path inner = temp.resolve("inner");
    Files.createDirectories(inner.resolve(String.join("/", Collections.nCopies(12, part))));
    Path outer =
        Files.createDirectories(root().resolve(String.join("/", Collections.nCopies(10, part))));
    Path tooDeep = Files.move(inner, outer.resolve("inner"));
    try (Source source = source();
        Inventory inventory = source.inventory()) {
      SourceStudy closed =
          list(inventory).stream()
              .filter(study -> study.key().equals(StudyKey.UNREAD_FOLDERS))
              .findFirst()
              .orElseThrow();
      Receiver receiver = new Receiver();
      inventory.deliver(closed, Set.of(), receiver);

      assertThat(receiver.notGiven).singleElement().asString().endsWith(" UNREADABLE");
      assertThat(list(inventory)).anyMatch(study -> study.key().value().equals("1.2.3"));
    } finally {
      Files.move(tooDeep, inner);
    }
  }

  @Test
  void nothingIsWrittenIntoTheSource() throws IOException {
    write("a/IM0001", TinyDicom.image().bytes());
    Map<String, Object> before = snapshot();

    try (Source source = source();
        Inventory inventory = source.inventory()) {
      for (SourceStudy study : list(inventory)) {
        given(inventory, study);
        inventory.look(study);
      }
    }

    assertThat(snapshot()).isEqualTo(before);
  }

  // ----

  private Map<String, Object> snapshot() throws IOException {
    Map<String, Object> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(root())) {
      for (Path file : files.toList()) {
        all.put(
            file.toString(),
            Files.getLastModifiedTime(file)
                + " "
                + (Files.isRegularFile(file) ? Files.size(file) : "folder"));
      }
    }
    return all;
  }

  private void write(String path, byte[] content) throws IOException {
    Path file = root().resolve(path);
    Path parent = file.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    Files.write(file, content);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
          Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rw-------"));
        }
      }
    }
  }

  private static List<Object> keys(List<SourceStudy> studies) {
    return studies.stream().<Object>map(SourceStudy::key).toList();
  }

  private List<SourceStudy> studies() throws IOException {
    try (Source source = source();
        Inventory inventory = source.inventory()) {
      return list(inventory);
    }
  }

  private static List<SourceStudy> list(Inventory inventory) {
    try (Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
      return studies.toList();
    }
  }

  private List<Finding> findings() throws IOException {
    try (Source source = source();
        Inventory inventory = source.inventory();
        Stream<Finding> findings = inventory.findings()) {
      return findings.toList();
    }
  }

  private List<String> allFiles() throws IOException {
    try (Source source = source();
        Inventory inventory = source.inventory()) {
      return list(inventory).stream()
          .flatMap(study -> inventory.files(study).stream())
          .map(SourceFile::path)
          .sorted()
          .toList();
    }
  }

  private Map<String, byte[]> given(SourceStudy study) throws IOException {
    try (Source source = source();
        Inventory inventory = source.inventory()) {
      return given(inventory, study);
    }
  }

  private static Map<String, byte[]> given(Inventory inventory, SourceStudy study) {
    Receiver receiver = new Receiver();
    assertThat(inventory.deliver(study, Set.of(), receiver)).isInstanceOf(Delivery.Complete.class);
    assertThat(receiver.notGiven).isEmpty();
    return receiver.files;
  }

  /// Keeps what it is given.
  private static class Receiver implements StudyReceiver {
    final Map<String, byte[]> files = new TreeMap<>();
    final List<String> notGiven = new ArrayList<>();

    @Override
    public void take(SourceFile file, ByteSource bytes) throws IOException {
      ByteBuffer content = ByteBuffer.allocate((int) bytes.lengthBytes());
      while (content.hasRemaining() && bytes.read(content.position(), content) > 0) {
        // Until the end.
      }
      files.put(file.path(), content.array());
    }

    @Override
    public void notGiven(SourceFile file, NotGiven reason, String detail) {
      notGiven.add(file.path() + " " + reason);
    }
  }
}
