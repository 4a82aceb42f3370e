package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.Sha256;

/// What every place must keep of what [BlobStore] promises.
abstract class BlobStoreContract {

  private final List<BlobStore> opened = new ArrayList<>();
  private final RandomGenerator random = new SplittableRandom(20260301);
  private BlobStore store;

  /// Opens the one place of this test, as a new run of the program does.
  abstract BlobStore connect();

  /// Puts a file into the place as another program would.
  abstract void putAsAnotherProgram(String name, byte[] content);

  @BeforeEach
  void openTheStore() {
    store = another();
  }

  @AfterEach
  void closeTheStores() {
    opened.forEach(BlobStore::close);
  }

  final BlobStore store() {
    return store;
  }

  final BlobStore another() {
    BlobStore next = connect();
    opened.add(next);
    return next;
  }

  final byte[] bytes(int count) {
    byte[] content = new byte[count];
    random.nextBytes(content);
    return content;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static void commit(BlobStore store, String name, byte[] content) {
    try (Staged staged = store.stage(name)) {
      staged.write(ByteBuffer.wrap(content));
      staged.sync();
      staged.commit();
    }
  }

  static byte[] read(BlobStore store, String name) {
    try (Blob blob = store.open(name)) {
      return all(blob);
    }
  }

  static byte[] all(ReadableBytes stored) {
    ByteBuffer into = ByteBuffer.allocate(Math.toIntExact(stored.lengthBytes()));
    stored.readFully(0, into);
    assertThat(stored.read(stored.lengthBytes(), ByteBuffer.allocate(1))).isEqualTo(-1);
    return into.array();
  }

  static List<String> names(BlobStore store, String prefix) {
    try (Stream<BlobInfo> blobs = store.list(prefix)) {
      return blobs.map(BlobInfo::name).sorted().toList();
    }
  }

  static List<String> unfinished(BlobStore store) {
    try (Stream<String> names = store.unfinished()) {
      return names.toList();
    }
  }

  static void assertRefused(String code, ThrowingCallable call) {
    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(call)
        .satisfies(refused -> assertThat(refused.problem().code()).isEqualTo(code));
  }

  @Test
  void aCommittedBlobIsReadByteForByte() {
    byte[] content = bytes(100_000);

    commit(store, "2024_01/study.zip", content);

    assertThat(read(store, "2024_01/study.zip")).isEqualTo(content);
  }

  @Test
  void aCommittedBlobIsSeenByAnotherRun() {
    commit(store, "blob", utf8("content"));

    BlobStore other = another();

    assertThat(read(other, "blob")).isEqualTo(utf8("content"));
    assertThat(names(other, "")).containsExactly("blob");
  }

  @Test
  void aStagedBlobIsNotVisible() {
    try (Staged staged = store.stage("folder/blob")) {
      staged.write(ByteBuffer.wrap(bytes(10_000)));
      staged.sync();

      assertThat(store.find("folder/blob")).isEmpty();
      assertThat(names(store, "")).isEmpty();
      assertThat(names(another(), "")).isEmpty();
      assertRefused("blob-missing", () -> store.open("folder/blob"));
    }
  }

  @Test
  void aStagedBlobThatIsClosedLeavesNothing() {
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(bytes(300_000)));
    }

    assertThat(store.find("blob")).isEmpty();
    assertThat(unfinished(store)).isEmpty();
    assertThat(unfinished(another())).isEmpty();
  }

  @Test
  void anEmptyBlobIsABlob() {
    commit(store, "empty", new byte[0]);

    assertThat(store.find("empty").orElseThrow().lengthBytes()).isZero();
    assertThat(read(store, "empty")).isEmpty();
    try (ReadBack stored = store.readBack("empty")) {
      assertThat(all(stored)).isEmpty();
    }
  }

  @Test
  void aBlobOfManyPiecesOfEverySizeIsWhole() {
    byte[] content = bytes(3_000_017);
    ByteBuffer direct = ByteBuffer.allocateDirect(content.length).put(content).flip();

    try (Staged staged = store.stage("blob")) {
      int start = 0;
      while (start < content.length) {
        int count = Math.min(content.length - start, random.nextInt(700_000));
        ByteBuffer piece =
            random.nextBoolean()
                ? ByteBuffer.wrap(content, start, count)
                : direct.slice(start, count);
        staged.write(piece);
        assertThat(piece.hasRemaining()).isFalse();
        start += count;
        assertThat(staged.positionBytes()).isEqualTo(start);
      }
      staged.sync();
      staged.commit();
    }

    assertThat(read(store, "blob")).isEqualTo(content);
  }

  @Test
  void bytesMayBeReusedAfterTheyWereWritten() {
    byte[] content = utf8("first");
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(content));
      Arrays.fill(content, (byte) 'x');
      staged.sync();
      staged.commit();
    }

    assertThat(read(store, "blob")).isEqualTo(utf8("first"));
  }

  @Test
  void writingMayGoOnAfterASync() {
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(utf8("one ")));
      staged.sync();
      staged.write(ByteBuffer.wrap(utf8("two")));
      assertThatIllegalStateException().isThrownBy(staged::commit);
      staged.sync();
      staged.commit();
    }

    assertThat(read(store, "blob")).isEqualTo(utf8("one two"));
  }

  @Test
  void stagedBytesAreReadBackBeforeTheCommitWhereThePlaceCan() {
    byte[] content = bytes(1_234_567);
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(content));
      staged.sync();

      if (store.capabilities().has(Capability.READ_BEFORE_COMMIT)) {
        try (ReadBack stored = staged.readBack()) {
          assertThat(all(stored)).isEqualTo(content);
        }
      } else {
        assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(staged::readBack);
      }
      staged.commit();
    }

    assertThat(read(store, "blob")).isEqualTo(content);
  }

  @Test
  void readingBackGivesTheSameBytesInAnyOrder() {
    byte[] content = bytes(500_001);
    commit(store, "blob", content);

    try (ReadBack stored = store.readBack("blob")) {
      for (int i = 0; i < 300; i++) {
        int start = random.nextInt(content.length);
        int count = random.nextInt(Math.min(100_000, content.length - start) + 1);
        ByteBuffer into = ByteBuffer.allocate(count);
        stored.readFully(start, into);
        assertThat(into.array()).isEqualTo(Arrays.copyOfRange(content, start, start + count));
      }
    }
  }

  @Test
  void readingBackSaysByWhichMeans() {
    commit(store, "blob", utf8("content"));

    try (ReadBack stored = store.readBack("blob")) {
      assertThat(stored.means() == ReadBack.Means.PAST_CACHE)
          .isEqualTo(store.capabilities().has(Capability.READ_PAST_CACHE));
    }
  }

  @Test
  void onlySyncedBytesAreReadBackOrCommitted() {
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(utf8("content")));

      assertThatIllegalStateException().isThrownBy(staged::commit);
      if (store.capabilities().has(Capability.READ_BEFORE_COMMIT)) {
        assertThatIllegalStateException().isThrownBy(staged::readBack);
      }
    }

    assertThat(store.find("blob")).isEmpty();
  }

  @Test
  void aStagedBlobEndsWithItsCommit() {
    try (Staged staged = store.stage("blob")) {
      staged.sync();
      staged.commit();

      assertThatIllegalStateException().isThrownBy(staged::commit);
      assertThatIllegalStateException().isThrownBy(staged::sync);
      assertThatIllegalStateException()
          .isThrownBy(() -> staged.write(ByteBuffer.wrap(utf8("more"))));
    }

    assertThat(read(store, "blob")).isEmpty();
  }

  @Test
  void aStagedBlobEndsWithItsClose() {
    Staged staged = store.stage("blob");
    staged.close();
    staged.close();

    assertThatIllegalStateException().isThrownBy(() -> staged.write(ByteBuffer.wrap(utf8("x"))));
    assertThatIllegalStateException().isThrownBy(staged::sync);
    assertThatIllegalStateException().isThrownBy(staged::commit);
  }

  @Test
  void aBlobIsNeverReplacedByACommit() {
    try (Staged late = store.stage("blob")) {
      late.write(ByteBuffer.wrap(utf8("late")));
      late.sync();
      commit(store, "blob", utf8("early"));

      assertRefused("blob-exists", late::commit);
    }

    assertThat(read(store, "blob")).isEqualTo(utf8("early"));
    assertThat(unfinished(store)).isEmpty();
  }

  @Test
  void aTakenNameIsNotStaged() {
    commit(store, "blob", utf8("early"));

    assertRefused("blob-exists", () -> store.stage("blob"));
  }

  @Test
  void oneOfTwoStagedUnderOneNameIsDiscardedAlone() {
    try (Staged kept = store.stage("blob")) {
      kept.write(ByteBuffer.wrap(utf8("kept")));
      try (Staged discarded = store.stage("blob")) {
        discarded.write(ByteBuffer.wrap(utf8("discarded")));
      }
      kept.sync();
      kept.commit();
    }

    assertThat(read(store, "blob")).isEqualTo(utf8("kept"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain.zip",
        "2024_01/Müller Jürgen_19551231.zip",
        "2024_01/山田^太郎=やまだ.zip",
        "𝒜 four-byte letter",
        "with space/and more/ leading",
        "dots...and.dots/..hidden/.also",
        "a/b/c/d/e/f/g",
        "quotes'n'such & [brackets] {braces} #%+,;=@~$!()",
        "not ours.part",
        "not ours.zip.0123456789abcdef.part"
      })
  void namesAreKeptAsTheyAre(String name) {
    commit(store, name, utf8(name));

    assertThat(read(store, name)).isEqualTo(utf8(name));
    assertThat(names(store, "")).containsExactly(name);
    assertThat(store.find(name).orElseThrow().name()).isEqualTo(name);
  }

  @Test
  void theLongestNameFits() {
    String part = "é".repeat((BlobName.PART_BYTES_MAX - BlobStore.STAGED_SUFFIX_BYTES) / 2);
    String name = "f".repeat(BlobName.PART_BYTES_MAX) + "/" + part;

    commit(store, name, utf8("content"));

    assertThat(read(store, name)).isEqualTo(utf8("content"));
    assertRefused("blob-name-not-allowed", () -> store.stage(part + "é"));
    assertRefused("blob-name-not-allowed", () -> store.stage("f".repeat(256) + "/x"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/absolute",
        "folder/",
        "a//b",
        ".",
        "..",
        "../outside",
        "a/../../outside",
        "a/./b",
        "nul\0byte",
        "line\nbreak",
        "windows\\path",
        "half a pair \uD83D",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3/4/5/6/7/8"
      })
  void namesThatCouldMeanAnotherFileAreRefused(String name) {
    assertRefused("blob-name-not-allowed", () -> store.stage(name));
    assertRefused("blob-name-not-allowed", () -> store.open(name));
    assertRefused("blob-name-not-allowed", () -> store.readBack(name));
    assertRefused("blob-name-not-allowed", () -> store.find(name));
    assertRefused("blob-name-not-allowed", () -> store.delete(name));
    assertRefused("blob-name-not-allowed", () -> store.document(name));
    assertRefused(
        "blob-name-not-allowed", () -> store.replace(name, new byte[0], Expected.anything()));
  }

  @Test
  void messagesDoNotRepeatNames() {
    String name = "Doe_Jane_19700101.zip";
    commit(store, name, utf8("content"));
    List<ThrowingCallable> failing =
        List.of(
            () -> store.stage(name),
            () -> store.open("not/" + name),
            () -> store.readBack("not/" + name),
            () -> store.stage(name + '\n'),
            () -> store.replace(name, new byte[0], Expected.absent()));

    for (ThrowingCallable call : failing) {
      assertThatExceptionOfType(SerdabException.class)
          .isThrownBy(call)
          .satisfies(e -> {
            for (Throwable each = e; each != null; each = each.getCause()) {
              assertThat(each.toString()).doesNotContain("Doe");
            }
          });
    }
  }

  @Test
  void rangesEndWithTheBlob() {
    byte[] content = bytes(1000);
    commit(store, "blob", content);

    try (Blob blob = store.open("blob");
        ReadBack stored = store.readBack("blob")) {
      for (ReadableBytes each : List.of(blob, stored)) {
        ByteBuffer into = ByteBuffer.allocate(100);
        assertThat(each.lengthBytes()).isEqualTo(1000);
        assertThat(each.read(990, into)).isEqualTo(10);
        assertThat(Arrays.copyOf(into.array(), 10))
            .isEqualTo(Arrays.copyOfRange(content, 990, 1000));
        assertThat(each.read(1000, into)).isEqualTo(-1);
        assertThat(each.read(5000, into)).isEqualTo(-1);
        assertThat(each.read(1L << 40, into)).isEqualTo(-1);
        assertThat(into.position()).isEqualTo(10);
      }
    }
  }

  @Test
  void aReadFillsOnlyWhatThereIsRoomFor() {
    byte[] content = bytes(1000);
    commit(store, "blob", content);

    try (Blob blob = store.open("blob");
        ReadBack stored = store.readBack("blob")) {
      for (ReadableBytes each : List.of(blob, stored)) {
        ByteBuffer into = ByteBuffer.allocate(20).position(5).limit(9);
        each.readFully(3, into);
        assertThat(into.position()).isEqualTo(9);
        assertThat(Arrays.copyOfRange(into.array(), 5, 9))
            .isEqualTo(Arrays.copyOfRange(content, 3, 7));
        assertThat(into.array()[9]).isZero();
        assertThat(each.read(3, into)).isZero();
        assertThatIllegalArgumentException().isThrownBy(() -> each.read(-1, into));
      }
    }
  }

  @Test
  void missingBytesAreDamageToWhoeverNeedsThem() {
    commit(store, "blob", bytes(10));

    try (Blob blob = store.open("blob")) {
      assertThatExceptionOfType(SerdabException.Damaged.class)
          .isThrownBy(() -> blob.readFully(5, ByteBuffer.allocate(6)))
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("blob-ends-early"));
    }
  }

  @Test
  void aBlobIsReadByManyThreadsAtOnce() throws Exception {
    byte[] content = bytes(200_000);
    commit(store, "blob", content);

    try (Blob blob = store.open("blob")) {
      inThreads(
          8,
          thread -> {
            for (int start = thread; start < content.length; start += 10_007) {
              ByteBuffer into = ByteBuffer.allocate(Math.min(5000, content.length - start));
              blob.readFully(start, into);
              assertThat(into.array())
                  .isEqualTo(Arrays.copyOfRange(content, start, start + into.capacity()));
            }
            return thread;
          });
    }
  }

  @Test
  void aMissingBlobIsMissingAndNothingElse() {
    assertRefused("blob-missing", () -> store.open("missing"));
    assertRefused("blob-missing", () -> store.open("no/such/folder"));
    assertRefused("blob-missing", () -> store.readBack("missing"));
    assertThat(store.find("missing")).isEmpty();
    assertThat(store.find("no/such/folder")).isEmpty();
    assertThat(store.document("missing")).isEmpty();
    assertThat(names(store, "missing/")).isEmpty();
    assertThat(store.attested("missing")).isEmpty();
  }

  @Test
  void aBlobIsFoundWithItsLength() {
    commit(store, "folder/blob", bytes(4321));

    BlobInfo info = store.find("folder/blob").orElseThrow();

    assertThat(info.name()).isEqualTo("folder/blob");
    assertThat(info.lengthBytes()).isEqualTo(4321);
    assertThat(info.lastModified()).isNotNull();
    assertThat(store.find("folder")).isEmpty();
  }

  @Test
  void aListingHoldsWhatStartsWithThePrefix() {
    for (String name : List.of("a", "b/1", "b/10", "b/2/x", "b/2/y", "bb", "c/1")) {
      commit(store, name, utf8(name));
    }

    assertThat(names(store, "")).containsExactly("a", "b/1", "b/10", "b/2/x", "b/2/y", "bb", "c/1");
    assertThat(names(store, "b")).containsExactly("b/1", "b/10", "b/2/x", "b/2/y", "bb");
    assertThat(names(store, "b/")).containsExactly("b/1", "b/10", "b/2/x", "b/2/y");
    assertThat(names(store, "b/1")).containsExactly("b/1", "b/10");
    assertThat(names(store, "b/2/")).containsExactly("b/2/x", "b/2/y");
    assertThat(names(store, "b/2/y")).containsExactly("b/2/y");
    assertThat(names(store, "zz")).isEmpty();
    assertRefused("blob-name-not-allowed", () -> names(store, "../"));
  }

  @Test
  void aListingGivesLengths() {
    commit(store, "blob", bytes(77));

    try (Stream<BlobInfo> blobs = store.list("")) {
      assertThat(blobs.map(BlobInfo::lengthBytes)).containsExactly(77L);
    }
  }

  @Test
  void aListingShowsDocumentsAndNoBookkeeping() {
    store.replace("destination.json", utf8("{}"), Expected.absent());
    try (Staged staged = store.stage("staged")) {
      staged.write(ByteBuffer.wrap(bytes(10)));

      assertThat(names(store, "")).containsExactly("destination.json");
      assertThat(names(another(), "")).containsExactly("destination.json");
    }
  }

  @Test
  void tenThousandBlobsAreListedAsTheyAreRead() {
    Set<String> expected = new HashSet<>();
    for (int i = 0; i < 10_000; i++) {
      String name = "many/" + i % 10 + "/" + i;
      putAsAnotherProgram(name, new byte[0]);
      expected.add(name);
    }

    Set<String> seen = new HashSet<>();
    try (Stream<BlobInfo> blobs = store.list("many/")) {
      blobs.forEach(blob -> assertThat(seen.add(blob.name())).isTrue());
    }

    assertThat(seen).isEqualTo(expected);
  }

  @Test
  void aListingMayBeLeftEarly() {
    for (int i = 0; i < 20; i++) {
      commit(store, "blob" + i, new byte[0]);
    }

    try (Stream<BlobInfo> blobs = store.list("")) {
      Iterator<BlobInfo> iterator = blobs.iterator();
      assertThat(iterator.next().name()).startsWith("blob");
    }

    assertThat(names(store, "")).hasSize(20);
  }

  @Test
  void aDeletedBlobIsGoneAndItsNameIsFree() {
    commit(store, "folder/blob", utf8("old"));

    assertThat(store.delete("folder/blob")).isTrue();

    assertThat(store.find("folder/blob")).isEmpty();
    assertThat(names(another(), "")).isEmpty();
    assertThat(store.delete("folder/blob")).isFalse();
    commit(store, "folder/blob", utf8("new"));
    assertThat(read(store, "folder/blob")).isEqualTo(utf8("new"));
  }

  @Test
  void deletingAFolderOrNothingDoesNothing() {
    commit(store, "folder/blob", utf8("kept"));

    assertThat(store.delete("folder")).isFalse();
    assertThat(store.delete("missing")).isFalse();
    assertThat(store.delete("missing/deep")).isFalse();

    assertThat(names(store, "")).containsExactly("folder/blob");
  }

  @Test
  void aMovedBlobHasItsBytesUnderTheNewNameOnly() {
    byte[] content = bytes(70_000);
    commit(store, "2026_01/a.zip", content);

    store.move("2026_01/a.zip", "_set-aside/20260301T120000Z/2026_01/a.zip");

    assertThat(names(another(), "")).contains("_set-aside/20260301T120000Z/2026_01/a.zip");
    assertThat(read(another(), "_set-aside/20260301T120000Z/2026_01/a.zip")).isEqualTo(content);
    assertRefused("blob-missing", () -> store.open("2026_01/a.zip"));
    assertThat(store.find("2026_01/a.zip")).isEmpty();
    commit(store, "2026_01/a.zip", bytes(3));
  }

  @Test
  void aBlobIsNeverReplacedByAMove() {
    commit(store, "a/1", utf8("one"));
    commit(store, "b/2", utf8("two"));

    assertRefused("blob-exists", () -> store.move("a/1", "b/2"));

    assertThat(read(store, "a/1")).isEqualTo(utf8("one"));
    assertThat(read(store, "b/2")).isEqualTo(utf8("two"));
  }

  @Test
  void whatIsNotThereIsNotMoved() {
    commit(store, "a/1", utf8("one"));

    assertRefused("blob-missing", () -> store.move("a/2", "b/2"));
    assertRefused("blob-missing", () -> store.move("a", "b"));
    assertRefused("blob-name-not-allowed", () -> store.move("a/1", "../1"));

    assertThat(names(store, "a")).containsExactly("a/1");
  }

  @Test
  void aDocumentIsMadeOnlyWhereThereIsNone() {
    store.replace("f/state.json", utf8("first"), Expected.absent());

    assertRefused(
        "document-changed", () -> store.replace("f/state.json", utf8("x"), Expected.absent()));

    assertThat(store.document("f/state.json")).contains(utf8("first"));
  }

  @Test
  void aDocumentIsReplacedWhenItIsAsExpected() {
    store.replace("state.json", utf8("first"), Expected.anything());

    store.replace("state.json", utf8("second"), Expected.content(Sha256.digest(utf8("first"))));
    assertRefused(
        "document-changed",
        () ->
            store.replace("state.json", utf8("x"), Expected.content(Sha256.digest(utf8("first")))));
    assertRefused(
        "document-changed",
        () -> store.replace("none.json", utf8("x"), Expected.content(Sha256.digest(utf8("")))));

    assertThat(store.document("state.json")).contains(utf8("second"));
    assertThat(store.find("none.json")).isEmpty();
    store.replace("state.json", utf8("third, longer"), Expected.anything());
    assertThat(another().document("state.json")).contains(utf8("third, longer"));
    assertThat(names(store, "")).containsExactly("state.json");
    assertThat(unfinished(store)).isEmpty();
  }

  @Test
  void ofManyWhoReplaceTheSameDocumentOneWins() throws Exception {
    store.replace("state.json", utf8("start"), Expected.absent());
    Expected start = Expected.content(Sha256.digest(utf8("start")));
    AtomicInteger won = new AtomicInteger();

    inThreads(
        8,
        thread -> {
          try {
            store.replace("state.json", utf8("by " + thread), start);
            won.incrementAndGet();
          } catch (SerdabException.Refused e) {
            assertThat(e.problem().code()).isEqualTo("document-changed");
          }
          return thread;
        });

    assertThat(won).hasValue(1);
  }

  @Test
  void ofManyWhoCommitTheSameNameOneWins() throws Exception {
    AtomicInteger won = new AtomicInteger();

    List<String> contents =
        inThreads(
            8,
            thread -> {
              try (Staged staged = store.stage("blob")) {
                staged.write(ByteBuffer.wrap(utf8("by " + thread)));
                staged.sync();
                staged.commit();
                won.incrementAndGet();
                return "by " + thread;
              } catch (SerdabException.Refused e) {
                assertThat(e.problem().code()).isEqualTo("blob-exists");
                return "";
              }
            });

    assertThat(won).hasValue(1);
    assertThat(contents).contains(new String(read(store, "blob"), StandardCharsets.UTF_8));
    assertThat(unfinished(store)).isEmpty();
  }

  @Test
  void manyThreadsWriteAtOnce() throws Exception {
    byte[] content = bytes(50_000);

    inThreads(
        8,
        thread -> {
          for (int i = 0; i < 5; i++) {
            commit(store, "folder" + i + "/by " + thread, content);
          }
          return thread;
        });

    assertThat(names(store, "")).hasSize(40);
    for (String name : names(store, "")) {
      assertThat(read(store, name)).isEqualTo(content);
    }
  }

  @Test
  void aDocumentHasALimit() {
    byte[] tooLarge = new byte[BlobStore.DOCUMENT_BYTES_MAX + 1];

    assertRefused(
        "document-too-large", () -> store.replace("large", tooLarge, Expected.anything()));
    putAsAnotherProgram("large", tooLarge);
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> store.document("large"))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("document-too-large"));
  }

  @Test
  void whatADeadRunLeftIsSweptAndNothingElse() {
    commit(store, "folder/finished", utf8("finished"));
    Staged leftOpen = store.stage("folder/unfinished");
    leftOpen.write(ByteBuffer.wrap(bytes(400_000)));
    store.close();
    putAsAnotherProgram("folder/movie.mkv.part", utf8("a download"));
    putAsAnotherProgram("folder/study.zip.0123456789abcdef.part", utf8("another tool's"));
    putAsAnotherProgram("x.part", utf8("another tool's"));
    BlobStore next = another();

    assertThat(unfinished(next)).hasSize(1);
    assertThat(names(next, "folder/un")).isEmpty();
    assertThat(next.sweep()).isEqualTo(1);

    assertThat(next.sweep()).isZero();
    assertThat(unfinished(next)).isEmpty();
    assertThat(names(next, ""))
        .containsExactly(
            "folder/finished",
            "folder/movie.mkv.part",
            "folder/study.zip.0123456789abcdef.part",
            "x.part");
    assertThat(read(next, "folder/finished")).isEqualTo(utf8("finished"));
  }

  @Test
  void whatIsBeingWrittenIsNotSwept() {
    try (Staged staged = store.stage("blob")) {
      staged.write(ByteBuffer.wrap(utf8("content")));

      assertThat(store.sweep()).isZero();
      assertThat(unfinished(store)).isEmpty();

      staged.sync();
      staged.commit();
    }

    assertThat(read(store, "blob")).isEqualTo(utf8("content"));
  }

  /// Whether one run writes at a time; else several do.
  boolean oneWritesAtATime() {
    return true;
  }

  @Test
  void severalRunsWriteWhereTheyMay() {
    assumeThat(oneWritesAtATime()).isFalse();
    BlobStore other = another();
    Staged dead = another().stage("folder/dead");
    dead.write(ByteBuffer.wrap(utf8("of a run that ends")));
    try (Staged mine = store.stage("folder/mine");
        Staged same = other.stage("folder/mine");
        Staged theirs = other.stage("folder/theirs")) {
      for (Staged each : List.of(mine, same, theirs)) {
        each.write(ByteBuffer.wrap(utf8("content")));
        each.sync();
      }

      assertThat(store.sweep()).isZero();
      assertThat(other.sweep()).isZero();
      opened.getLast().close();
      assertThat(unfinished(another())).hasSize(4);
      assertThat(store.sweep()).isEqualTo(1);

      mine.commit();
      theirs.commit();
      assertRefused("blob-exists", same::commit);
    }

    assertThat(other.sweep() + store.sweep()).isZero();
    assertThat(names(other, "")).containsExactly("folder/mine", "folder/theirs");
    assertThat(read(store, "folder/theirs")).isEqualTo(utf8("content"));
    assertThat(store.delete("folder/theirs")).isTrue();
    assertThat(other.find("folder/theirs")).isEmpty();
  }

  @Test
  void oneRunWritesAtATimeAndTheOthersRead() {
    assumeThat(oneWritesAtATime()).isTrue();
    commit(store, "blob", utf8("content"));
    BlobStore other = another();
    List<ThrowingCallable> writing =
        List.of(
            () -> other.stage("x"),
            () -> other.delete("blob"),
            () -> other.replace("x", new byte[0], Expected.anything()),
            other::sweep);

    for (ThrowingCallable call : writing) {
      assertThatExceptionOfType(SerdabException.HeldBack.class)
          .isThrownBy(call)
          .satisfies(e -> assertThat(e.problem().code()).isEqualTo("place-busy"));
    }
    assertThat(read(other, "blob")).isEqualTo(utf8("content"));
    assertThat(names(other, "")).containsExactly("blob");

    store.close();
    commit(other, "x", utf8("now"));
    assertThat(names(other, "")).containsExactly("blob", "x");
  }

  @Test
  void readingAloneHoldsNobodyBack() {
    assertThat(names(store, "")).isEmpty();
    assertThat(unfinished(store)).isEmpty();
    assertThat(store.find("x")).isEmpty();

    commit(another(), "blob", utf8("content"));

    assertThat(names(store, "")).containsExactly("blob");
  }

  @Test
  void aClosedStoreDoesNothing() {
    commit(store, "blob", utf8("content"));
    store.close();
    store.close();
    List<ThrowingCallable> calls =
        List.of(
            () -> store.stage("x"),
            () -> store.open("blob"),
            () -> store.readBack("blob"),
            () -> store.find("blob"),
            () -> store.attested("blob"),
            () -> store.list(""),
            () -> store.delete("blob"),
            () -> store.replace("x", new byte[0], Expected.anything()),
            () -> store.document("x"),
            store::unfinished,
            store::sweep,
            store::usableBytes);

    for (ThrowingCallable call : calls) {
      assertThatIllegalStateException().isThrownBy(call);
    }
    assertThat(read(another(), "blob")).isEqualTo(utf8("content"));
  }

  @Test
  void aListingEndsWhenItsStoreIsClosed() {
    commit(store, "a", new byte[0]);
    commit(store, "b", new byte[0]);

    try (Stream<BlobInfo> blobs = store.list("")) {
      Iterator<BlobInfo> iterator = blobs.iterator();
      iterator.next();
      store.close();
      assertThatIllegalStateException()
          .isThrownBy(() -> {
            while (iterator.hasNext()) {
              iterator.next();
            }
          });
    }
  }

  @Test
  void nothingIsCommittedAfterTheStoreIsClosed() {
    Staged staged = store.stage("blob");
    staged.write(ByteBuffer.wrap(utf8("content")));
    staged.sync();
    store.close();

    assertThatIllegalStateException().isThrownBy(staged::commit);
    staged.close();

    assertThat(another().find("blob")).isEmpty();
  }

  @Test
  void thePlaceVouchesOnlyWhereItSaysSo() {
    commit(store, "blob", utf8("content"));

    if (store.capabilities().has(Capability.SERVER_CHECKSUM)) {
      assertThat(store.attested("blob")).contains(Sha256.digest(utf8("content")));
    } else {
      assertThat(store.attested("blob")).isEmpty();
    }
  }

  @Test
  void whatThePlaceCannotDoIsSaidInWords() {
    Capabilities capabilities = store.capabilities();

    long missing =
        Arrays.stream(Capability.values()).filter(each -> !capabilities.has(each)).count();

    assertThat(capabilities.consequences())
        .hasSize(Math.toIntExact(missing))
        .allSatisfy(sentence -> assertThat(sentence).endsWith(".").hasSizeGreaterThan(40));
    assertThat(store.describe()).isNotBlank();
  }

  @Test
  void roomIsToldOrNotKnown() {
    store.usableBytes().ifPresent(bytes -> assertThat(bytes).isNotNegative());
  }

  static <T> List<T> inThreads(int count, ThreadTask<T> task) throws Exception {
    List<T> results = Collections.synchronizedList(new ArrayList<>());
    try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
      List<Callable<T>> tasks =
          IntStream.range(0, count).<Callable<T>>mapToObj(i -> () -> task.run(i)).toList();
      for (Future<T> future : threads.invokeAll(tasks)) {
        try {
          results.add(future.get());
        } catch (ExecutionException e) {
          throw new AssertionError(e.getCause());
        }
      }
    }
    return results;
  }

  interface ThreadTask<T> {
    T run(int thread) throws Exception;
  }
}
