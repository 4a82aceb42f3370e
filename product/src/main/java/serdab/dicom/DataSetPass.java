package serdab.dicom;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import serdab.Sha256;

/// The bytes of one data set on their way: bulk is hashed and let go, the rest is hashed and held
/// until the end. One thread at a time.
final class DataSetPass {

  /// No real file has nearly as many; each costs memory of its own.
  static final int BULKS_MAX = 65_536;

  private static final int FIRST_HELD_BYTES = 8 << 10;

  private final DataSet dataSet;
  private final Frames frames;
  private final TransferSyntax syntax;
  private final long start;
  private final long end;
  private final MessageDigest hasher = Sha256.hasher();

  /// Bulk values in file order.
  private final List<Bulk> bulks = new ArrayList<>(1);

  /// The ranges of their bytes, in file order, and how many bytes of bulk stand before each.
  private long[] runStarts = new long[1];

  private long[] runEnds = new long[1];
  private long[] bulkBefore = new long[1];
  private int[] runBulks = new int[1];
  private int runs;
  private boolean isInFileOrder = true;
  private long bulkBytes;

  /// Where frames end, by run, and their lengths there; 0 elsewhere.
  private long[] frameEnds = {};

  private byte[] held = new byte[FIRST_HELD_BYTES];
  private int heldBytes;
  private long heldOfBulks;
  private boolean heldTooMuch;
  private long at;
  private int run;

  DataSetPass(DicomFile file, long start) {
    this.dataSet = file.dataSet();
    this.frames = new Frames(dataSet, this::smallValue);
    this.start = start;
    this.end = Understood.dataBytesEnd(file);
    this.at = start;
    this.syntax = file.transferSyntax();
    findBulk();
  }

  private void findBulk() {
    for (int i = 0; i < dataSet.size() && bulks.size() <= BULKS_MAX; i++) {
      if (dataSet.vr(i) == Vr.NONE) {
        continue;
      }
      if (dataSet.isEncapsulated(i)) {
        List<ByteRange> fragments = dataSet.fragments(i);
        bulks.add(Bulk.ofFragments(i));
        for (int n = 1; n < fragments.size(); n++) {
          addRun(fragments.get(n).offset(), fragments.get(n).length());
        }
      } else if (isValue(dataSet, i) && dataSet.valueLength(i) >= Bulk.BULK_BYTES_MIN) {
        int tag = dataSet.tag(i);
        long length = dataSet.valueLength(i);
        ValueClass kind = ValueClass.of(tag);
        boolean searched = kind == ValueClass.UNKNOWN && length <= SequenceInValue.BYTES_MAX;
        byte[] padding = {kind.padding(dataSet.vr(i))};
        bulks.add(Bulk.ofValue(i, wordBytes(dataSet, i, syntax), padding, searched));
        addRun(dataSet.valueOffset(i), length);
      }
    }
  }

  private void addRun(long offset, long length) {
    if (runs == runStarts.length) {
      int capacity = 2 * runs;
      runStarts = Arrays.copyOf(runStarts, capacity);
      runEnds = Arrays.copyOf(runEnds, capacity);
      bulkBefore = Arrays.copyOf(bulkBefore, capacity);
      runBulks = Arrays.copyOf(runBulks, capacity);
    }
    isInFileOrder &= offset >= (runs == 0 ? start : runEnds[runs - 1]) && offset + length <= end;
    runStarts[runs] = offset;
    runEnds[runs] = offset + length;
    bulkBefore[runs] = bulkBytes;
    runBulks[runs] = bulks.size() - 1;
    bulkBytes += length;
    runs++;
  }

  /// Whether the element has neither items nor fragments.
  static boolean isValue(DataSet dataSet, int i) {
    return dataSet.vr(i) != Vr.SQ && !dataSet.hasUndefinedLength(i);
  }

  /// The size of what is reversed in the value: 1 in little endian.
  static int wordBytes(DataSet dataSet, int i, TransferSyntax syntax) {
    if (dataSet.isBigEndian(i)) {
      return dataSet.vr(i).unitBytes();
    }
    return dataSet.tag(i) == Tag.PixelData && syntax.uid().equals(TransferSyntax.GE_DLX) ? 2 : 1;
  }

  /// Whether the index leads through the bytes from first to last, without overlap.
  boolean isInFileOrder() {
    return isInFileOrder;
  }

  boolean hasTooManyBulks() {
    return bulks.size() > BULKS_MAX;
  }

  long expectedBytes() {
    return end - start;
  }

  long heldBytesInAll() {
    return end - start - bulkBytes;
  }

  /// How many bytes went by.
  long position() {
    return at - start;
  }

  /// Takes the next bytes; the caller gives no more than [#expectedBytes].
  void update(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      closeRuns();
      boolean inRun = run < runs && at >= runStarts[run];
      long until = inRun ? runEnds[run] : run < runs ? runStarts[run] : end;
      int count = (int) Math.min(bytes.remaining(), until - at);
      ByteBuffer part = bytes.slice(bytes.position(), count);
      bytes.position(bytes.position() + count);
      at += count;
      if (inRun) {
        Bulk bulk = bulks.get(runBulks[run]);
        if (bulk.isFragments() && isFirstRunOf(run) && at - count == runStarts[run]) {
          findFrames(run);
        }
        bulk.update(part);
      } else {
        hold(part);
      }
    }
    closeRuns();
  }

  private boolean isFirstRunOf(int r) {
    return r == 0 || runBulks[r - 1] != runBulks[r];
  }

  private boolean isLastRunOf(int r) {
    return r == runs - 1 || runBulks[r + 1] != runBulks[r];
  }

  /// Ends every run that is over; some have no bytes at all.
  private void closeRuns() {
    while (run < runs && at == runEnds[run] && at >= runStarts[run]) {
      Bulk bulk = bulks.get(runBulks[run]);
      if (bulk.isFragments()) {
        if (runStarts[run] == runEnds[run] && isFirstRunOf(run)) {
          findFrames(run);
        }
        if (frameEnds[run] > 0) {
          bulk.endFrame(frameEnds[run]);
        }
      }
      if (isLastRunOf(run)) {
        hasher.update(bulk.finish().bytes());
        limitHeld(bulk);
      }
      run++;
    }
  }

  private void limitHeld(Bulk bulk) {
    if (bulk.held() != null) {
      heldOfBulks += bulk.heldLength();
      if (heldOfBulks > DigestPass.HELD_BYTES_MAX) {
        heldTooMuch = true;
      }
      if (heldTooMuch) {
        bulk.letGo();
      }
    }
  }

  private void hold(ByteBuffer bytes) {
    hasher.update(bytes.duplicate());
    int count = bytes.remaining();
    if (heldBytes + count > held.length) {
      long doubled = Math.min(2L * held.length, heldBytesInAll());
      held = Arrays.copyOf(held, Math.max(heldBytes + count, (int) doubled));
    }
    bytes.get(held, heldBytes, count);
    heldBytes += count;
  }

  /// Settles which fragments make a frame, when the first of them comes.
  private void findFrames(int first) {
    int last = first;
    while (!isLastRunOf(last)) {
      last++;
    }
    if (frameEnds.length < runs) {
      frameEnds = Arrays.copyOf(frameEnds, runs);
    }
    long[] fragments = new long[last - first + 1];
    long[] offsets = new long[fragments.length];
    for (int i = 0; i < fragments.length; i++) {
      fragments[i] = runEnds[first + i] - runStarts[first + i];
      offsets[i] = runStarts[first + i] - runStarts[first];
    }
    int element = bulks.get(runBulks[first]).element();
    int[] ends = frames.lastFragments(element, offsets);
    long[] lengths = new long[ends.length];
    int fragment = 0;
    for (int frame = 0; frame < ends.length; frame++) {
      for (; fragment <= ends[frame]; fragment++) {
        lengths[frame] += fragments[fragment];
      }
      frameEnds[first + ends[frame]] = lengths[frame];
      lengths[frame] += lengths[frame] & 1;
    }
    bulks.get(runBulks[first]).setFrameLengths(lengths);
  }

  /// The bytes of a value that is not bulk and has gone by; empty for others.
  private byte[] smallValue(int i) {
    if (bulkOf(i) != null || dataSet.valueOffset(i) + dataSet.valueLength(i) > at) {
      return new byte[0];
    }
    int from = heldOffset(i);
    return Arrays.copyOfRange(held, from, from + (int) dataSet.valueLength(i));
  }

  /// Where a value that is not bulk stands in [#held].
  int heldOffset(int i) {
    long offset = dataSet.valueOffset(i);
    int found = Arrays.binarySearch(runStarts, 0, runs, offset);
    int before = found >= 0 ? found : -found - 1;
    // Empty fragments share their start with what follows them.
    while (before > 0 && runStarts[before - 1] == offset) {
      before--;
    }
    long bulk = before == 0 ? 0 : bulkBefore[before - 1] + length(before - 1);
    return (int) (offset - start - bulk);
  }

  private long length(int r) {
    return runEnds[r] - runStarts[r];
  }

  byte[] held() {
    return held;
  }

  DataSet dataSet() {
    return dataSet;
  }

  TransferSyntax syntax() {
    return syntax;
  }

  /// The bulk value of an element; null when it has none.
  @Nullable Bulk bulkOf(int element) {
    int low = 0;
    int high = bulks.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int there = bulks.get(middle).element();
      if (there == element) {
        return bulks.get(middle);
      }
      if (there < element) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return null;
  }

  /// The data set digest, when every byte went by.
  Sha256 finish() {
    return Sha256.finish(hasher);
  }

  Optional<Sha256> canonical() {
    return heldTooMuch ? Optional.empty() : Optional.of(new CanonicalForm(this).digest());
  }

  Optional<Outline> outline() {
    return heldTooMuch ? Optional.empty() : Optional.of(new CanonicalForm(this).outline());
  }

  Optional<Sha256> pixel() {
    int found = -1;
    for (int i = 0; i < dataSet.size(); i = dataSet.next(i)) {
      if (Tag.isPixelData(dataSet.tag(i))) {
        if (found >= 0) {
          return Optional.empty();
        }
        found = i;
      }
    }
    if (found < 0) {
      return Optional.empty();
    }
    Bulk bulk = bulkOf(found);
    if (bulk != null) {
      return Optional.of(bulk.finish());
    }
    if (!isValue(dataSet, found)) {
      return Optional.empty();
    }
    byte[] padding = {ValueClass.of(dataSet.tag(found)).padding(dataSet.vr(found))};
    Bulk small = Bulk.ofValue(found, wordBytes(dataSet, found, syntax), padding, false);
    small.update(ByteBuffer.wrap(held, heldOffset(found), (int) dataSet.valueLength(found)));
    return Optional.of(small.finish());
  }
}
