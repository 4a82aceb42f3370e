package serdab.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;

/// Tries out whether a folder keeps what [BlobStore] promises. It works in a folder of its own
/// below it, with small files of its own, and removes both; it touches nothing else.
///
/// One thread at a time.
public final class PlaceCheck {

  /// What is tried, in this order.
  public enum Aspect {
    /// A file can be made, written and named.
    WRITABLE,
    /// What was written outlives a power cut, as far as the system says so.
    SYNC,
    /// A name that is taken is not given again.
    CREATE_IF_ABSENT,
    /// A small document is replaced wholly.
    ATOMIC_REPLACE,
    /// A listing shows what was just written.
    LIST_AFTER_WRITE,
    /// What was written comes back, from the medium and not from memory.
    READ_BACK,
    /// Names beyond ASCII come back as they were given.
    UNICODE_NAMES,
    /// The longest names that a copy may have.
    LONG_NAMES,
    /// How fast it is.
    SPEED
  }

  /// What came of it.
  public enum Verdict {
    GOOD,
    /// It works, and proofs or names are worth less there.
    WEAK,
    BAD,
    /// Something before it was bad, or nobody asked for it.
    NOT_TRIED
  }

  /// What came of one thing that was tried.
  ///
  /// @param problem what went wrong; only when the verdict is BAD
  public record Result(Verdict verdict, Optional<Problem> problem) {
    static final Result GOOD = new Result(Verdict.GOOD, Optional.empty());
    static final Result WEAK = new Result(Verdict.WEAK, Optional.empty());
    static final Result NOT_TRIED = new Result(Verdict.NOT_TRIED, Optional.empty());
  }

  /// What was found.
  ///
  /// @param results one for each aspect, in their order
  /// @param means how bytes come back; empty when none did
  /// @param writeBytesPerSecond 0 when it was not measured
  /// @param readBytesPerSecond 0 when it was not measured
  /// @param leftBehind the folder that could not be removed again
  public record Report(
      Map<Aspect, Result> results,
      Optional<ReadBack.Means> means,
      OptionalLong usableBytes,
      OptionalLong totalBytes,
      long writeBytesPerSecond,
      long readBytesPerSecond,
      Optional<Path> leftBehind) {

    /// Whether copies can be kept there.
    public boolean isGood() {
      return results.values().stream().noneMatch(each -> each.verdict() == Verdict.BAD);
    }
  }

  /// Begins the name of the folder that it works in.
  public static final String FOLDER_PREFIX = ".serdab-check-";

  private static final int CHUNK_BYTES = 1 << 20;
  private static final String FIRST = "first";

  /// Letters with marks, from outside the Basic Multilingual Plane, and of no case; in Unicode NFC.
  private static final List<String> UNICODE =
      List.of(
          "\u00c4\u00e9\u00f1\u00e7\u00e3o",
          "\u65e5\u672c\u8a9e",
          "\u05e9\u05dc\u05d5\u05dd",
          "\ud83e\ude7b");

  private final Path root;
  private final RandomGenerator random;
  private final LongSupplier nanoTime;
  private final Consumer<Aspect> before;
  private final Map<Aspect, Result> results = new EnumMap<>(Aspect.class);
  private Optional<ReadBack.Means> means = Optional.empty();
  private long writeBytesPerSecond;
  private long readBytesPerSecond;

  /// @param root the place's folder
  /// @param nanoTime a clock that only goes forward
  public PlaceCheck(Path root, RandomGenerator random, LongSupplier nanoTime) {
    this(root, random, nanoTime, _ -> {});
  }

  /// @param before told of each aspect before it is tried
  PlaceCheck(Path root, RandomGenerator random, LongSupplier nanoTime, Consumer<Aspect> before) {
    this.root = root;
    this.random = random;
    this.nanoTime = nanoTime;
    this.before = before;
  }

  /// Tries everything.
  ///
  /// @param speedBytes how much is written and read to measure; 0 for not at all
  /// @throws SerdabException.Unavailable `place-gone` when the folder is not there, or vanishes
  /// @throws SerdabException.Misconfigured `locale-not-utf-8` when names cannot be spelled
  public Report run(long speedBytes) {
    OptionalLong usable;
    OptionalLong total;
    try (LocalFolder place = LocalFolder.open(root, random)) {
      usable = place.usableBytes();
      total = place.totalBytes();
    }
    Arrays.stream(Aspect.values()).forEach(aspect -> results.put(aspect, Result.NOT_TRIED));
    Path own = root.resolve(FOLDER_PREFIX + HexFormat.of().toHexDigits(random.nextLong()));
    try {
      tryAll(own, speedBytes);
    } finally {
      remove(own);
    }
    Optional<Path> left =
        Files.exists(own, LinkOption.NOFOLLOW_LINKS) ? Optional.of(own) : Optional.empty();
    return new Report(results, means, usable, total, writeBytesPerSecond, readBytesPerSecond, left);
  }

  private void tryAll(Path own, long speedBytes) {
    if (!attempt(
        Aspect.WRITABLE,
        () -> {
          make(own);
          try (LocalFolder store = LocalFolder.open(own, random)) {
            write(store, FIRST, new byte[] {1, 2, 3});
          }
          return Result.GOOD;
        })) {
      return;
    }
    try (LocalFolder store = LocalFolder.open(own, random)) {
      attempt(
          Aspect.SYNC,
          () -> {
            try (Staged staged = store.stage("synced")) {
              staged.write(ByteBuffer.wrap(new byte[] {4}));
              staged.sync();
              staged.commit();
            }
            return Result.GOOD;
          });
      attempt(Aspect.CREATE_IF_ABSENT, () -> createIfAbsent(store));
      attempt(
          Aspect.ATOMIC_REPLACE,
          () -> {
            store.replace("document", text("one"), Expected.absent());
            store.replace("document", text("another"), Expected.anything());
            return store
                    .document("document")
                    .filter(b -> Arrays.equals(b, text("another")))
                    .isPresent()
                ? Result.GOOD
                : bad("what was replaced did not come back as it was written");
          });
      attempt(
          Aspect.LIST_AFTER_WRITE,
          () -> {
            write(store, "listed", text("x"));
            return names(store).contains("listed")
                ? Result.GOOD
                : bad("a listing does not show what was just written");
          });
      attempt(Aspect.READ_BACK, () -> readBack(store));
      attempt(Aspect.UNICODE_NAMES, () -> named(store, UNICODE));
      int longest = BlobName.PART_BYTES_MAX - BlobStore.STAGED_SUFFIX_BYTES;
      attempt(Aspect.LONG_NAMES, () -> named(store, List.of("n".repeat(longest))));
      if (speedBytes > 0) {
        attempt(Aspect.SPEED, () -> speed(store, speedBytes));
      }
    }
  }

  /// Makes the folder, and none above it: a place that is gone is not made anew.
  private void make(Path own) {
    try {
      RealDisk.at(root).makeFolder(own.getFileName().toString());
    } catch (DiskFailure e) {
      throw LocalFolder.explained(e, root.toString(), true);
    }
  }

  /// One thing to try.
  @FunctionalInterface
  private interface Step {
    Result run();
  }

  /// @return whether it was not bad
  private boolean attempt(Aspect aspect, Step step) {
    before.accept(aspect);
    Result result;
    try {
      result = step.run();
    } catch (SerdabException e) {
      if (!Files.isDirectory(root)) {
        throw new SerdabException.Unavailable(
            new Problem(
                "place-gone",
                "The place " + root + " went away while it was tried out.",
                "Connect it again, see that cable and power hold, and run the check again."),
            e);
      }
      result = new Result(Verdict.BAD, Optional.of(e.problem()));
    }
    results.put(aspect, result);
    return result.verdict() != Verdict.BAD;
  }

  private Result createIfAbsent(LocalFolder store) {
    try (Staged one = store.stage("taken");
        Staged other = store.stage("taken")) {
      for (Staged each : List.of(one, other)) {
        each.write(ByteBuffer.wrap(text("x")));
        each.sync();
      }
      one.commit();
      try {
        other.commit();
        return bad("a name that was taken was given again");
      } catch (SerdabException.Refused e) {
        return store.capabilities().has(Capability.CONDITIONAL_CREATE) ? Result.GOOD : Result.WEAK;
      }
    }
  }

  private Result readBack(LocalFolder store) {
    byte[] written = new byte[100_003];
    random.nextBytes(written);
    write(store, "bytes", written);
    try (ReadBack back = store.readBack("bytes")) {
      ByteBuffer read = ByteBuffer.allocate(written.length);
      back.readFully(0, read);
      means = Optional.of(back.means());
      if (back.lengthBytes() != written.length || !Arrays.equals(read.array(), written)) {
        return bad("what was written came back otherwise");
      }
    }
    return means.get() == ReadBack.Means.PAST_CACHE ? Result.GOOD : Result.WEAK;
  }

  private Result named(LocalFolder store, List<String> given) {
    given.forEach(name -> write(store, name, text("x")));
    Set<String> listed = names(store);
    return listed.containsAll(given) ? Result.GOOD : bad("names came back otherwise");
  }

  private Result speed(LocalFolder store, long bytes) {
    byte[] chunk = new byte[CHUNK_BYTES];
    // Bytes that a disk cannot compress.
    random.nextBytes(chunk);
    long began = nanoTime.getAsLong();
    try (Staged staged = store.stage("speed")) {
      for (long left = bytes; left > 0; left -= CHUNK_BYTES) {
        staged.write(ByteBuffer.wrap(chunk, 0, (int) Math.min(left, CHUNK_BYTES)));
      }
      staged.sync();
      staged.commit();
    }
    writeBytesPerSecond = perSecond(bytes, nanoTime.getAsLong() - began);
    ByteBuffer into = ByteBuffer.allocateDirect(CHUNK_BYTES);
    began = nanoTime.getAsLong();
    try (ReadBack back = store.readBack("speed")) {
      for (long at = 0; at < bytes; at += into.position()) {
        into.clear();
        if (back.read(at, into) < 0) {
          return bad("what was written ends early");
        }
      }
    }
    readBytesPerSecond = perSecond(bytes, nanoTime.getAsLong() - began);
    return Result.GOOD;
  }

  private static long perSecond(long bytes, long nanos) {
    return Math.round(bytes / (Math.max(1, nanos) / 1e9));
  }

  private static void write(LocalFolder store, String name, byte[] content) {
    try (Staged staged = store.stage(name)) {
      staged.write(ByteBuffer.wrap(content));
      staged.sync();
      staged.commit();
    }
  }

  private static Set<String> names(LocalFolder store) {
    try (Stream<BlobInfo> listed = store.list("")) {
      return listed.map(BlobInfo::name).collect(Collectors.toSet());
    }
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Result bad(String what) {
    return new Result(
        Verdict.BAD,
        Optional.of(
            new Problem(
                "place-unfit",
                "The place does not keep what a backup needs: " + what + ".",
                "Use another disk or file system for copies.")));
  }

  /// Removes the folder and the files in it, which are all ours: its name was drawn for this check.
  private static void remove(Path own) {
    if (!Files.isDirectory(own, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(own)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(own);
    } catch (IOException | java.nio.file.DirectoryIteratorException e) {
      // The report names what is left.
    }
  }
}
