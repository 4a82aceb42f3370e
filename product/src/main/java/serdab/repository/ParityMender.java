package serdab.repository;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.store.ReadableBytes;
import serdab.store.Staged;

/// Computes lost members of a group from the others, stripe by stripe (format section 7.1). One
/// thread at a time; of each member a piece of 256 KiB is in memory.
final class ParityMender {

  private static final int BLOCK_ROWS = 64;
  private static final int STRIPE_WORDS = ParityGroup.STRIPE_BYTES / Long.BYTES;
  private static final int BLOCK_WORDS = BLOCK_ROWS * STRIPE_WORDS;

  private final Shelf shelf;
  private final ParityGroup group;
  private final Check.Pace pace;
  private final int members;
  private final int[] sumOffsets;
  private final List<byte[]> sums = new ArrayList<>();
  private final List<Optional<ReadableBytes>> sources = new ArrayList<>();
  private final long[][] block;
  private final int[] lost = new int[BLOCK_ROWS];
  private final long[] sumP = new long[BLOCK_WORDS];
  private final long[] sumQ = new long[BLOCK_WORDS];
  private final byte[] bytes = new byte[BLOCK_ROWS * ParityGroup.STRIPE_BYTES];
  private final MessageDigest sha = Sha256.hasher();

  private ParityMender(Shelf shelf, ParityGroup group, Check.Pace pace) {
    this.shelf = shelf;
    this.group = group;
    this.pace = pace;
    this.members = group.members().size();
    this.sumOffsets = group.sumOffsets();
    this.block = new long[group.columns()][BLOCK_WORDS];
  }

  /// Where the bytes of a member, as many as there are, can be read.
  interface Source {
    Optional<ReadableBytes> open(Snapshot.PackName member);
  }

  /// Mends members into files of other names. One that does not come out as its name says is left.
  ///
  /// @param targets where to write each member, by its number in the group
  /// @return the targets that were written, synced and read back; empty when it was told to stop
  static Optional<Set<Integer>> mend(
      Shelf shelf, Parity.Held held, Map<Integer, String> targets, Source source, Check.Pace pace) {
    ParityMender mender = new ParityMender(shelf, held.group(), pace);
    try {
      mender.open(held, source);
      return mender.run(targets);
    } finally {
      mender.sources.forEach(each -> each.ifPresent(ReadableBytes::close));
    }
  }

  private void open(Parity.Held held, Source source) {
    for (Snapshot.PackName member : group.members()) {
      sources.add(source.open(member));
    }
    for (ParityGroup.Part part : ParityGroup.Part.values()) {
      Optional<ReadableBytes> file =
          Optional.ofNullable(held.files().get(part)).flatMap(this::open);
      sources.add(file);
      file.ifPresent(each -> sums.addAll(group.sums(each)));
    }
  }

  private Optional<ReadableBytes> open(String file) {
    try {
      return Optional.of(shelf.store().open(file));
    } catch (SerdabException.Refused | SerdabException.Damaged e) {
      return Optional.empty();
    }
  }

  private static final class Target {
    private final long lengthBytes;
    private final Staged staged;
    private final MessageDigest hasher = Sha256.hasher();
    private boolean failed;

    Target(long lengthBytes, Staged staged) {
      this.lengthBytes = lengthBytes;
      this.staged = staged;
    }
  }

  private Optional<Set<Integer>> run(Map<Integer, String> names) {
    Map<Integer, Target> targets = new TreeMap<>();
    try {
      names.forEach((member, name) ->
          targets.put(
              member,
              new Target(group.members().get(member).storedBytes(), shelf.store().stage(name))));
      int rows = group.rows();
      for (int next = 0; next < rows; next += BLOCK_ROWS) {
        int first = next;
        int count = Math.min(BLOCK_ROWS, rows - first);
        if (!pace.mayRead((long) count * ParityGroup.STRIPE_BYTES * group.columns())) {
          return Optional.empty();
        }
        Arrays.fill(lost, 0);
        for (int column = 0; column < group.columns(); column++) {
          load(column, first, count);
        }
        for (int row = 0; row < count; row++) {
          if (lost[row] != 0) {
            solve(row, targets);
          }
        }
        targets.forEach((member, target) -> write(member, target, first, count));
      }
      return Optional.of(commit(targets, names));
    } finally {
      targets.values().forEach(target -> target.staged.close());
    }
  }

  /// Reads a piece of a column and marks the stripes of it that are lost.
  private void load(int column, int first, int rows) {
    int there = Math.clamp((long) group.stripesOf(column) - first, 0, rows);
    Arrays.fill(block[column], 0);
    if (there == 0) {
      return;
    }
    Arrays.fill(bytes, (byte) 0);
    @Nullable ReadableBytes source = sources.get(column).orElse(null);
    if (source != null) {
      long offset = (long) first * ParityGroup.STRIPE_BYTES;
      long end = column < members ? group.members().get(column).storedBytes() : group.bodyBytes();
      int count = (int) Math.min((long) there * ParityGroup.STRIPE_BYTES, end - offset);
      read(source, (column < members ? 0 : group.bodyOffset()) + offset, count);
    }
    for (int row = 0; row < there; row++) {
      if (source == null || !isGood(column, first + row, row)) {
        lost[row] |= 1 << column;
      }
    }
    ParityWriter.longs(bytes).get(block[column], 0, there * STRIPE_WORDS);
  }

  private void read(ReadableBytes source, long offset, int count) {
    if (offset + count <= source.lengthBytes()) {
      try {
        source.readFully(offset, ByteBuffer.wrap(bytes, 0, count));
        return;
      } catch (SerdabException.Damaged e) {
        // Sector by sector, below.
      }
    }
    byte[] found = new byte[count];
    ParityGroup.readWhatIsThere(source, offset, found);
    System.arraycopy(found, 0, bytes, 0, count);
  }

  private boolean isGood(int column, int row, int inBlock) {
    sha.update(bytes, inBlock * ParityGroup.STRIPE_BYTES, ParityGroup.STRIPE_BYTES);
    byte[] digest = sha.digest();
    int at = (sumOffsets[column] + row) * ParityGroup.SUM_BYTES;
    for (byte[] copy : sums) {
      if (Arrays.equals(digest, 0, ParityGroup.SUM_BYTES, copy, at, at + ParityGroup.SUM_BYTES)) {
        return true;
      }
    }
    return false;
  }

  private void solve(int row, Map<Integer, Target> targets) {
    int lostMembers = lost[row] & ((1 << members) - 1);
    if (lostMembers == 0) {
      return;
    }
    boolean hasP = (lost[row] & 1 << members) == 0;
    boolean hasQ = (lost[row] & 1 << members + 1) == 0;
    int count = Integer.bitCount(lostMembers);
    if (count > (hasP ? 1 : 0) + (hasQ ? 1 : 0)) {
      targets.forEach((member, target) -> target.failed |= (lostMembers & 1 << member) != 0);
      return;
    }
    int from = row * STRIPE_WORDS;
    int to = from + STRIPE_WORDS;
    Arrays.fill(sumP, from, to, 0);
    Arrays.fill(sumQ, from, to, 0);
    for (int member = members - 1; member >= 0; member--) {
      if ((lostMembers & 1 << member) != 0) {
        Galois.addZeros(sumQ, from, to);
      } else {
        Galois.add(sumP, sumQ, block[member], from, to);
      }
    }
    if (hasP) {
      Galois.addTo(sumP, block[members], from, to);
    }
    if (hasQ) {
      Galois.addTo(sumQ, block[members + 1], from, to);
    }
    // Now sumP is the sum of the lost members, and sumQ that of each times its power.
    int x = Integer.numberOfTrailingZeros(lostMembers);
    if (count == 1 && hasP) {
      System.arraycopy(sumP, from, block[x], from, STRIPE_WORDS);
    } else if (count == 1) {
      System.arraycopy(sumQ, from, block[x], from, STRIPE_WORDS);
      Galois.multiply(block[x], Galois.power(-x), from, to);
    } else {
      int y = Integer.numberOfTrailingZeros(lostMembers & lostMembers - 1);
      long[] solved = block[x];
      System.arraycopy(sumP, from, solved, from, STRIPE_WORDS);
      Galois.multiply(solved, Galois.power(y), from, to);
      Galois.addTo(solved, sumQ, from, to);
      Galois.multiply(solved, Galois.inverse(Galois.power(x) ^ Galois.power(y)), from, to);
      System.arraycopy(sumP, from, block[y], from, STRIPE_WORDS);
      Galois.addTo(block[y], solved, from, to);
    }
  }

  private void write(int member, Target target, int first, int rows) {
    long offset = (long) first * ParityGroup.STRIPE_BYTES;
    int count = Math.clamp(target.lengthBytes - offset, 0, rows * ParityGroup.STRIPE_BYTES);
    if (target.failed || count == 0) {
      return;
    }
    ParityWriter.longs(bytes).put(block[member], 0, rows * STRIPE_WORDS);
    target.hasher.update(bytes, 0, count);
    target.staged.write(ByteBuffer.wrap(bytes, 0, count));
  }

  private Set<Integer> commit(Map<Integer, Target> targets, Map<Integer, String> names) {
    Set<Integer> mended = new TreeSet<>();
    targets.forEach((member, target) -> {
      Sha256 name = group.members().get(member).digest();
      if (!target.failed && Sha256.finish(target.hasher).equals(name)) {
        target.staged.sync();
        target.staged.commit();
        String file = java.util.Objects.requireNonNull(names.get(member));
        if (!shelf.hash(file).digest().equals(name)) {
          throw Problems.readBack(file);
        }
        mended.add(member);
      }
    });
    return mended;
  }
}
