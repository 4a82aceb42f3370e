package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Iterator;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.testing.world.CrashedException;
import serdab.testing.world.SimulatedDisk;
import serdab.testing.world.SimulatedDisk.Fault;

/// What a folder does beyond the contract of every place.
class LocalFolderTest {

  private static final byte[] CONTENT = BlobStoreContract.utf8("content");

  private final SimulatedDisk disk = new SimulatedDisk(new SplittableRandom(1));
  @TempDir private Path folder;

  private BlobStore simulated() {
    return LocalFolder.on(disk.mount(), "a simulated disk", new SplittableRandom(disk.steps()));
  }

  private BlobStore real() {
    return LocalFolder.open(folder, new SplittableRandom(2));
  }

  private static void assertUnavailable(String code, ThrowingCallable call) {
    assertThatExceptionOfType(SerdabException.Unavailable.class)
        .isThrownBy(call)
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo(code));
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void filesAndFoldersAreForTheirOwnerOnly() throws IOException {
    try (BlobStore store = real()) {
      BlobStoreContract.commit(store, "a/b/blob", CONTENT);
      store.replace("state.json", CONTENT, Expected.absent());
    }

    for (String file : new String[] {"a/b/blob", "state.json", ".place-id", ".place-lock"}) {
      assertThat(permissions(file)).isEqualTo("rw-------");
    }
    assertThat(permissions("a")).isEqualTo("rwx------");
    assertThat(permissions("a/b")).isEqualTo("rwx------");
  }

  private String permissions(String path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(path)));
  }

  @Test
  void blobsArePlainFiles() throws IOException {
    try (BlobStore store = real()) {
      BlobStoreContract.commit(store, "2024_01/study.zip", CONTENT);
    }

    assertThat(Files.readAllBytes(folder.resolve("2024_01/study.zip"))).isEqualTo(CONTENT);
    try (Stream<Path> files = Files.walk(folder)) {
      assertThat(files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("study.zip", ".place-id", ".place-lock");
    }
  }

  @Test
  void readingMakesNothing() throws IOException {
    try (BlobStore store = real()) {
      assertThat(BlobStoreContract.names(store, "")).isEmpty();
      assertThat(store.find("x")).isEmpty();
      assertThat(BlobStoreContract.unfinished(store)).isEmpty();
      assertThat(store.usableBytes().orElseThrow()).isPositive();
    }

    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void aFolderIsMadeOnlyWhenAsked() {
    Path missing = folder.resolve("new/deep");

    assertUnavailable("place-gone", () -> LocalFolder.open(missing, new SplittableRandom(1)));
    try (BlobStore store = LocalFolder.create(missing, new SplittableRandom(1))) {
      BlobStoreContract.commit(store, "blob", CONTENT);
    }

    assertThat(missing.resolve("blob")).hasBinaryContent(CONTENT);
  }

  @Test
  @Timeout(60)
  void aProcessThatWritesHoldsOthersBackUntilItIsKilled() throws Exception {
    Process writer = otherProcess("C.UTF-8");
    try {
      InputStream said = writer.getInputStream();
      assertThat((char) said.read()).isEqualTo('!');
      try (BlobStore store = real()) {
        assertThatExceptionOfType(SerdabException.HeldBack.class)
            .isThrownBy(() -> store.stage("mine"));
        assertThat(BlobStoreContract.unfinished(store)).hasSize(1);
      }
    } finally {
      writer.destroyForcibly();
      writer.waitFor();
    }

    try (BlobStore store = real()) {
      assertThat(store.sweep()).isEqualTo(1);
      BlobStoreContract.commit(store, "mine", CONTENT);
      assertThat(BlobStoreContract.names(store, "")).containsExactly("mine");
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  @Timeout(60)
  void aLocaleThatCannotSpellNamesIsRefusedRatherThanListingLess() throws Exception {
    Process process = otherProcess("C");
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

    assertThat(process.waitFor()).isEqualTo(2);
    assertThat(said).isEqualTo("locale-not-utf-8");
  }

  private Process otherProcess(String locale) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            OtherProcess.class.getName(),
            folder.toString());
    builder.environment().put("LC_ALL", locale);
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /// Stages a blob, says so, and waits to be killed.
  static final class OtherProcess {
    private OtherProcess() {}

    public static void main(String[] arguments) throws Exception {
      BlobStore store;
      try {
        store = LocalFolder.open(Path.of(arguments[0]), new SplittableRandom(3));
      } catch (SerdabException.Misconfigured e) {
        System.out.print(e.problem().code());
        System.out.flush();
        System.exit(2);
        return;
      }
      Staged staged = store.stage("theirs");
      staged.write(ByteBuffer.wrap(CONTENT));
      staged.sync();
      System.out.print('!');
      System.out.flush();
      TimeUnit.MINUTES.sleep(1);
    }
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  @Timeout(20)
  void linksAndPipesAreNotBlobs() throws Exception {
    Files.createSymbolicLink(folder.resolve("link"), Files.writeString(folder.resolve("f"), "x"));
    assertThat(new ProcessBuilder("mkfifo", folder.resolve("pipe").toString()).start().waitFor())
        .isZero();

    try (BlobStore store = real()) {
      assertThat(BlobStoreContract.names(store, "")).containsExactly("f");
      for (String name : new String[] {"link", "pipe"}) {
        assertThat(store.find(name)).isEmpty();
        assertThat(store.document(name)).isEmpty();
        BlobStoreContract.assertRefused("blob-missing", () -> store.open(name));
        BlobStoreContract.assertRefused("blob-missing", () -> store.readBack(name));
        BlobStoreContract.assertRefused("blob-exists", () -> store.stage(name));
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aPlaceThatMayNotBeWrittenSaysSo() {
    // Nobody, not even root, makes files in the kernel's own tree.
    try (BlobStore store = LocalFolder.open(Path.of("/sys"), new SplittableRandom(1))) {
      assertUnavailable("place-not-permitted", () -> store.stage("x"));
    }
  }

  @Test
  void aFolderThatIsGoneNeverLooksEmpty() throws IOException {
    Path root = Files.createDirectory(folder.resolve("volume"));
    BlobStore store = LocalFolder.open(root, new SplittableRandom(1));
    BlobStoreContract.commit(store, "blob", CONTENT);
    Path elsewhere = Files.move(root, folder.resolve("elsewhere"));

    assertGone(store);
    Files.createDirectory(root);
    assertGone(store);
    assertThat(root).isEmptyDirectory();

    Files.delete(root);
    Files.move(elsewhere, root);
    assertThat(BlobStoreContract.read(store, "blob")).isEqualTo(CONTENT);
    assertUnavailable("place-gone", () -> store.stage("x"));
    store.close();
    try (BlobStore next = LocalFolder.open(root, new SplittableRandom(1))) {
      BlobStoreContract.commit(next, "x", CONTENT);
    }
  }

  private static void assertGone(BlobStore store) {
    assertUnavailable("place-gone", () -> BlobStoreContract.names(store, ""));
    assertUnavailable("place-gone", () -> BlobStoreContract.names(store, "blob/"));
    assertUnavailable("place-gone", () -> store.find("blob"));
    assertUnavailable("place-gone", () -> store.document("blob"));
    assertUnavailable("place-gone", () -> store.open("blob"));
    assertUnavailable("place-gone", () -> store.readBack("blob"));
    assertUnavailable("place-gone", () -> store.stage("x"));
    assertUnavailable("place-gone", () -> store.delete("blob"));
    assertUnavailable("place-gone", () -> store.replace("x", CONTENT, Expected.anything()));
    assertUnavailable("place-gone", store::sweep);
    assertUnavailable("place-gone", store::usableBytes);
  }

  @Test
  void anUnmountedVolumeIsNotFilled() {
    BlobStore store = simulated();
    Staged staged = store.stage("blob");
    staged.write(ByteBuffer.wrap(CONTENT));
    staged.sync();

    disk.pullShowingAnEmptyFolder();

    assertUnavailable("place-gone", staged::commit);
    staged.close();
    assertGone(store);
    disk.remount();
    assertThat(simulated().find("blob")).isEmpty();
  }

  @Test
  void aListingCutShortByAPulledCableFails() {
    for (int i = 0; i < 20; i++) {
      disk.put("f/" + i, CONTENT);
    }
    BlobStore store = simulated();

    try (Stream<BlobInfo> blobs = store.list("")) {
      Iterator<BlobInfo> iterator = blobs.iterator();
      iterator.next();
      disk.pullShowingAnEmptyFolder();
      assertUnavailable(
          "place-gone",
          () -> {
            while (iterator.hasNext()) {
              iterator.next();
            }
          });
    }
  }

  @Test
  void aFullDiskSaysSoAndGoesOnWhenThereIsRoom() {
    BlobStore store = simulated();
    BlobStoreContract.commit(store, "first", CONTENT);
    disk.limitBytes(100_000);

    assertUnavailable(
        "place-full", () -> BlobStoreContract.commit(store, "large", new byte[1_000_000]));
    assertThat(store.find("large")).isEmpty();
    assertThat(disk.files()).noneMatch(name -> name.endsWith(".part"));
    assertThat(store.usableBytes().orElseThrow()).isLessThan(100_000);

    disk.limitBytes(10_000_000);
    BlobStoreContract.commit(store, "large", new byte[1_000_000]);
    assertThat(store.find("large")).isPresent();
  }

  @Test
  void shortWritesLoseNothing() {
    byte[] content = new byte[600_000];
    new SplittableRandom(5).nextBytes(content);
    BlobStore store = simulated();
    BlobStoreContract.commit(store, "first", CONTENT);
    for (int step = 1; step < 30; step++) {
      disk.failAt(disk.steps() + step, Fault.SHORT_WRITE);
    }

    BlobStoreContract.commit(store, "blob", content);

    assertThat(BlobStoreContract.read(store, "blob")).isEqualTo(content);
  }

  @Test
  void afterAFailedSyncNothingIsCommitted() {
    BlobStore store = simulated();
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(new byte[100_000]));
      disk.failAt(disk.steps() + 2, Fault.IO_ERROR);

      assertUnavailable("place-failed", staged::sync);

      assertThatIllegalStateException().isThrownBy(staged::sync);
      assertThatIllegalStateException().isThrownBy(staged::commit);
      assertThatIllegalStateException().isThrownBy(staged::readBack);
      assertThatIllegalStateException().isThrownBy(() -> staged.write(ByteBuffer.wrap(CONTENT)));
    }

    assertThat(store.find("blob")).isEmpty();
  }

  @Test
  void theCacheMayLieButReadingBackDoesNot() {
    BlobStore store = simulated();
    BlobStoreContract.commit(store, "blob", CONTENT);

    disk.flipStoredBit("blob", 3);

    assertThat(BlobStoreContract.read(store, "blob")).isEqualTo(CONTENT);
    try (ReadBack stored = store.readBack("blob")) {
      assertThat(stored.means()).isEqualTo(ReadBack.Means.PAST_CACHE);
      assertThat(BlobStoreContract.all(stored)).isNotEqualTo(CONTENT);
    }
  }

  @Test
  void damageBeforeTheCommitIsSeenByReadingBack() {
    BlobStore store = simulated();
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(CONTENT));
      staged.sync();
      String part = disk.files().stream().filter(name -> name.endsWith(".part")).findAny().get();
      disk.flipStoredBit(part, 3);

      try (ReadBack stored = staged.readBack()) {
        assertThat(BlobStoreContract.all(stored)).isNotEqualTo(CONTENT);
      }
    }
  }

  @Test
  void anUnreadableBlockIsDamage() {
    BlobStore store = simulated();
    BlobStoreContract.commit(store, "blob", new byte[20_000]);
    disk.breakBlockAt("blob", 9000);

    try (Blob blob = store.open("blob");
        ReadBack stored = store.readBack("blob")) {
      blob.readFully(0, ByteBuffer.allocate(8000));
      for (ReadableBytes each : new ReadableBytes[] {blob, stored}) {
        assertThatExceptionOfType(SerdabException.Damaged.class)
            .isThrownBy(() -> BlobStoreContract.all(each))
            .satisfies(e -> assertThat(e.problem().code()).isEqualTo("place-unreadable"));
      }
    }
  }

  @Test
  void aListingIsReadAsItIsUsed() {
    for (int i = 0; i < 10_000; i++) {
      disk.put("many/" + i, CONTENT);
    }
    BlobStore store = simulated();
    long before = disk.steps();

    try (Stream<BlobInfo> blobs = store.list("many/")) {
      assertThat(blobs.limit(10)).hasSize(10);
    }

    assertThat(disk.steps() - before).isLessThan(40);
  }

  @Test
  void whatTheSystemKeepsOnAVolumeIsNotShown() {
    disk.put(".Trashes/501/old.zip", CONTENT);
    disk.put("lost+found/12345", CONTENT);
    disk.put("System Volume Information/x", CONTENT);
    disk.put("kept/lost+found/blob", CONTENT);

    assertThat(BlobStoreContract.names(simulated(), "")).containsExactly("kept/lost+found/blob");
  }

  @Test
  void namesThePlaceKeepsForItselfAreRefused() {
    BlobStore store = simulated();
    BlobStoreContract.commit(store, "blob", CONTENT);

    for (String name : new String[] {".place-id", ".place-lock", ".place-id.new"}) {
      BlobStoreContract.assertRefused("blob-name-not-allowed", () -> store.stage(name));
      BlobStoreContract.assertRefused(
          "blob-name-not-allowed", () -> store.replace(name, CONTENT, Expected.anything()));
      BlobStoreContract.assertRefused("blob-missing", () -> store.open(name));
      BlobStoreContract.assertRefused("blob-missing", () -> store.readBack(name));
      assertThat(store.find(name)).isEmpty();
      assertThat(store.delete(name)).isFalse();
    }
  }

  @Test
  void unfinishedFilesOfAnotherPlaceAreForeign() {
    SimulatedDisk other = new SimulatedDisk(new SplittableRandom(9));
    try (BlobStore store = LocalFolder.on(other.mount(), "other", new SplittableRandom(10))) {
      store.stage("theirs").write(ByteBuffer.wrap(CONTENT));
    }
    String part = other.files().stream().filter(name -> name.endsWith(".part")).findAny().get();
    disk.put(part, CONTENT);
    BlobStore store = simulated();

    assertThat(store.sweep()).isZero();

    assertThat(BlobStoreContract.names(store, "")).containsExactly(part);
  }

  @Test
  void withoutLocksNothingIsSwept() {
    disk.withoutLocks();
    BlobStore dead = simulated();
    dead.stage("unfinished").write(ByteBuffer.wrap(CONTENT));
    dead.close();
    BlobStore store = simulated();

    assertThat(store.sweep()).isZero();
    BlobStoreContract.commit(store, "blob", CONTENT);

    assertThat(BlobStoreContract.unfinished(store)).hasSize(1);
    assertThat(BlobStoreContract.names(store, "")).containsExactly("blob");
  }

  @Test
  void aDiskWithoutLinksSaysWhatFollows() {
    disk.withoutLinks();

    try (BlobStore store = simulated()) {
      assertThat(store.capabilities().has(Capability.CONDITIONAL_CREATE)).isFalse();
      assertThat(store.capabilities().consequences())
          .contains(Capability.CONDITIONAL_CREATE.consequenceWithout());
    }
  }

  @Test
  void aNumberOfThePlaceThatWasDamagedIsMadeAnew() {
    disk.put(".place-id", BlobStoreContract.utf8("nonsense"));
    BlobStore store = simulated();

    BlobStoreContract.commit(store, "blob", CONTENT);

    assertThat(disk.bytes(".place-id")).hasSizeGreaterThan(32);
    assertThat(BlobStoreContract.names(store, "")).containsExactly("blob");
  }

  @Test
  void aFolderMadeByAKilledRunIsSyncedByTheNext() {
    for (long step = 1; step < 25; step++) {
      for (int seed = 0; seed < 4; seed++) {
        SimulatedDisk each = new SimulatedDisk(new SplittableRandom(seed));
        killAt(each, step, store -> BlobStoreContract.commit(store, "a/b/first", CONTENT));

        BlobStore next = LocalFolder.on(each.mount(), "disk", new SplittableRandom(1));
        BlobStoreContract.commit(next, "a/b/second", CONTENT);
        each.powerCut();

        assertThat(each.files()).contains("a/b/second");
      }
    }
  }

  @Test
  void aBlobAKilledRunLeftVisibleIsSafeOnceItWasReadBack() {
    int adopted = 0;
    for (long step = 1; step < 25; step++) {
      for (int seed = 0; seed < 8; seed++) {
        SimulatedDisk each = new SimulatedDisk(new SplittableRandom(seed));
        killAt(each, step, store -> BlobStoreContract.commit(store, "a/b/first", CONTENT));

        BlobStore next = LocalFolder.on(each.mount(), "disk", new SplittableRandom(1));
        if (next.find("a/b/first").isPresent()) {
          try (ReadBack stored = next.readBack("a/b/first")) {
            assertThat(BlobStoreContract.all(stored)).isEqualTo(CONTENT);
          }
          adopted++;
          each.powerCut();
          assertThat(each.files()).contains("a/b/first");
        }
      }
    }
    assertThat(adopted).isPositive();
  }

  /// A file put there by another program, in folders it made, none of it synced.
  @Test
  void foldersAboveABlobAreSyncedWhenItIsReadBack() throws Exception {
    for (int seed = 0; seed < 20; seed++) {
      SimulatedDisk each = new SimulatedDisk(new SplittableRandom(seed));
      Disk other = each.mount();
      other.makeFolder("a");
      other.makeFolder("a/b");
      try (Disk.Output output = other.create("a/b/copied")) {
        output.write(ByteBuffer.wrap(CONTENT));
      }

      try (BlobStore store = LocalFolder.on(each.mount(), "disk", new SplittableRandom(1));
          ReadBack stored = store.readBack("a/b/copied")) {
        assertThat(BlobStoreContract.all(stored)).isEqualTo(CONTENT);
      }
      each.powerCut();

      assertThat(each.bytes("a/b/copied")).isEqualTo(CONTENT);
    }
  }

  @Test
  void leftoversOfAPowerCutAreKnownAsOurs() {
    for (long step = 1; step < 20; step++) {
      for (int seed = 0; seed < 20; seed++) {
        SimulatedDisk each = new SimulatedDisk(new SplittableRandom(seed));
        killAt(each, step, store -> stageAtTheRoot(store));
        try {
          stageAtTheRoot(LocalFolder.on(each.mount(), "disk", new SplittableRandom(2)));
        } finally {
          each.powerCut();
        }

        try (BlobStore next = LocalFolder.on(each.mount(), "disk", new SplittableRandom(3))) {
          next.sweep();
          assertThat(BlobStoreContract.names(next, "")).isEmpty();
        }
        assertThat(each.files()).noneMatch(name -> name.endsWith(".part"));
      }
    }
  }

  private static void stageAtTheRoot(BlobStore store) {
    Staged staged = store.stage("blob");
    staged.write(ByteBuffer.wrap(CONTENT));
    staged.sync();
  }

  private static void killAt(SimulatedDisk disk, long step, Consumer<BlobStore> work) {
    disk.failAt(step, Fault.KILL);
    try {
      work.accept(LocalFolder.on(disk.mount(), "disk", new SplittableRandom(0)));
    } catch (CrashedException e) {
      // As arranged.
    }
    disk.failNoMore();
    disk.kill();
  }
}
