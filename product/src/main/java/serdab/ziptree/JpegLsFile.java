package serdab.ziptree;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.Deflater;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.Anomaly;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.dicom.Vr;
import serdab.dicom.codec.FrameFormat;
import serdab.dicom.codec.Interleave;
import serdab.dicom.codec.JpegLsEncoder;

/// Makes of a DICOM file with native pixels one with JPEG-LS, and the recipe that makes the file of
/// it again (`docs/format/zip-tree-recipes.md`). One thread at a time; buffers are kept from one
/// file to the next.
///
/// Every file is rebuilt and compared before it counts. Whatever is odd about a file, or in doubt,
/// leaves it as it is.
final class JpegLsFile {

  /// Oddities that say nothing of how a file is built.
  private static final Set<Anomaly.Kind> HARMLESS =
      EnumSet.of(Anomaly.Kind.INVALID_UID, Anomaly.Kind.SAME_UID, Anomaly.Kind.UID_MISMATCH);

  /// Below this length a recipe takes more than it saves.
  static final int FILE_BYTES_MIN = 4 << 10;

  /// What may follow the last frame: a byte that makes the length even.
  private static final int PADDING_BYTES_MAX = 1;

  private static final int SHORT_LENGTH_MAX = 0xFFFF;
  private static final int UNDEFINED = -1;

  /// Between these parts of the pixels' length, JPEG-LS is shorter than deflate for certain enough.
  private static final double DOUBTFUL_FROM = 0.5;

  private static final double DOUBTFUL_TO = 0.08;

  private final JpegLsEncoder encoder = new JpegLsEncoder();
  private byte[] masked = {};

  /// A file in its other form.
  static final class Made {

    private final byte[] entry;
    private final Recipe recipe;

    private Made(byte[] entry, Recipe recipe) {
      this.entry = entry;
      this.recipe = recipe;
    }

    /// The bytes of the entry, not copied.
    byte[] entry() {
      return entry;
    }

    Recipe recipe() {
      return recipe;
    }
  }

  /// Tries to make it; empty when the file is better left as it is.
  Optional<Made> make(byte[] file) {
    if (file.length < FILE_BYTES_MIN || file.length > Recipe.FILE_BYTES_MAX) {
      return Optional.empty();
    }
    try {
      return tried(file);
    } catch (IOException
        | SerdabException
        | IllegalArgumentException
        | IndexOutOfBoundsException
        | ArithmeticException e) {
      // A file of which something is not as this class understands it.
      return Optional.empty();
    }
  }

  private Optional<Made> tried(byte[] file) throws IOException {
    DicomFile read = DicomFile.read(ByteSource.of(file));
    String syntax = read.transferSyntax().uid();
    boolean isNative =
        syntax.equals(TransferSyntax.EXPLICIT_LITTLE_ENDIAN)
            || syntax.equals(TransferSyntax.IMPLICIT_LITTLE_ENDIAN);
    if (!read.isDicom()
        || !isNative
        || read.preamble().isEmpty()
        || read.isDicomDir()
        || !isPlain(read)) {
      return Optional.empty();
    }
    Optional<NativeImage> image = NativeImage.of(read);
    DataSet dataSet = read.dataSet();
    int pixels = dataSet.indexOf(Tag.PixelData);
    if (image.isEmpty()
        || pixels < 0
        || dataSet.isEncapsulated(pixels)
        || dataSet.hasUndefinedLength(pixels)
        || dataSet.indexOf(Tag.FloatPixelData) >= 0
        || dataSet.indexOf(Tag.DoubleFloatPixelData) >= 0) {
      return Optional.empty();
    }
    long wanted = (long) image.get().frameBytes() * image.get().frames();
    long over = dataSet.valueLength(pixels) - wanted;
    if (over < 0 || over > PADDING_BYTES_MAX) {
      return Optional.empty();
    }
    List<Frame> frames = frames(file, (int) dataSet.valueOffset(pixels), image.get());
    if (frames.isEmpty() || isBetterDeflated(frames, file, dataSet.valueOffset(pixels), wanted)) {
      return Optional.empty();
    }
    RecipeDraft draft = new RecipeDraft(file);
    if (!meta(draft, read)
        || !new Body(draft, file, dataSet, image.get(), frames).write(file.length)) {
      return Optional.empty();
    }
    byte[] entry = draft.entry();
    String steps = draft.steps();
    if (entry.length >= file.length || steps.length() > Recipe.STEPS_MAX) {
      return Optional.empty();
    }
    Recipe recipe = new Recipe(entry.length, Sha256.digest(entry), image.get().planar(), steps);
    return isSame(entry, recipe, file) && isGood(entry, read)
        ? Optional.of(new Made(entry, recipe))
        : Optional.empty();
  }

  /// Whether there is nothing odd in how a file is built.
  private static boolean isPlain(DicomFile read) {
    return read.anomalies().stream().allMatch(anomaly -> HARMLESS.contains(anomaly.kind()));
  }

  private static boolean isSame(byte[] entry, Recipe recipe, byte[] file) {
    int[] at = {0};
    boolean[] same = {true};
    recipe.rebuild(
        entry,
        "",
        (bytes, from, length) -> {
          same[0] &=
              length <= file.length - at[0]
                  && Arrays.equals(bytes, from, from + length, file, at[0], at[0] + length);
          at[0] += same[0] ? length : 0;
        });
    return same[0] && at[0] == file.length;
  }

  /// Whether the entry reads as the same instance, and as nothing odd.
  private static boolean isGood(byte[] entry, DicomFile file) throws IOException {
    DicomFile read = DicomFile.read(ByteSource.of(entry));
    InstanceFacts found = read.facts();
    InstanceFacts wanted = file.facts();
    int pixels = read.dataSet().indexOf(Tag.PixelData);
    return read.isDicom()
        && isPlain(read)
        && read.transferSyntax().uid().equals(Recipe.TRANSFER_SYNTAX)
        && found.study().equals(wanted.study())
        && found.series().equals(wanted.series())
        && found.sop().equals(wanted.sop())
        && found.sopClassUid().equals(wanted.sopClassUid())
        && pixels >= 0
        && read.dataSet().isEncapsulated(pixels);
  }

  /// Whether plain deflate makes less of the pixels. It is asked only where that may be: of images
  /// that hardly shrink, and of those that are next to empty.
  private static boolean isBetterDeflated(
      List<Frame> frames, byte[] file, long from, long lengthBytes) {
    long coded = frames.stream().mapToLong(frame -> frame.coded.length).sum();
    double part = (double) coded / lengthBytes;
    if (part < DOUBTFUL_FROM && part > DOUBTFUL_TO) {
      return false;
    }
    byte[] out = new byte[64 << 10];
    long deflated = 0;
    try (Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true)) {
      deflater.setInput(file, (int) from, (int) lengthBytes);
      deflater.finish();
      while (!deflater.finished() && deflated < coded) {
        deflated += deflater.deflate(out);
      }
    }
    return deflated < coded;
  }

  // ---- frames

  /// A coded frame.
  private static final class Frame {

    private final byte[] coded;

    /// Whether the bits above those stored are copies of the sign.
    private final boolean signed;

    Frame(byte[] coded, boolean signed) {
      this.coded = coded;
      this.signed = signed;
    }
  }

  /// All frames; none when one of them cannot be held.
  private List<Frame> frames(byte[] file, int from, NativeImage image) {
    FrameFormat format =
        new FrameFormat(
            image.rows(), image.columns(), image.samples(), image.bitsStored(), image.planar());
    List<Frame> frames = new ArrayList<>();
    int length = image.frameBytes();
    long coded = 0;
    for (int n = 0; n < image.frames(); n++) {
      int at = from + n * length;
      byte[] cells = file;
      int cellsFrom = at;
      boolean signed = false;
      switch (unusedBits(file, at, image)) {
        case ZERO -> {}
        case SIGN -> {
          cells = masked(file, at, image);
          cellsFrom = 0;
          signed = true;
        }
        case OTHER -> {
          return List.of();
        }
      }
      int stream = encoder.encode(cells, cellsFrom, format, Interleave.SAMPLE);
      coded += stream;
      if (coded >= file.length) {
        return List.of();
      }
      frames.add(new Frame(Arrays.copyOf(encoder.stream(), stream), signed));
    }
    return frames;
  }

  /// What the bits above those stored hold.
  private enum Unused {
    ZERO,
    SIGN,
    OTHER
  }

  private static Unused unusedBits(byte[] file, int from, NativeImage image) {
    if (image.bitsStored() == image.bitsAllocated()) {
      return Unused.ZERO;
    }
    int step = image.bitsAllocated() / 8;
    int stored = image.bitsStored() - (step == 2 ? 8 : 0);
    int unused = 0xFF & (-1 << stored);
    int sign = 1 << (stored - 1);
    boolean zero = true;
    boolean copies = image.signed();
    int end = from + image.frameBytes();
    for (int i = from + step - 1; i < end; i += step) {
      int high = file[i] & unused;
      zero &= high == 0;
      copies &= high == ((file[i] & sign) == 0 ? 0 : unused);
    }
    return zero ? Unused.ZERO : copies ? Unused.SIGN : Unused.OTHER;
  }

  private byte[] masked(byte[] file, int from, NativeImage image) {
    int length = image.frameBytes();
    if (masked.length < length) {
      masked = new byte[length];
    }
    System.arraycopy(file, from, masked, 0, length);
    int step = image.bitsAllocated() / 8;
    int stored = ~(-1 << (image.bitsStored() - (step == 2 ? 8 : 0)));
    for (int i = step - 1; i < length; i += step) {
      masked[i] &= (byte) stored;
    }
    return masked;
  }

  // ---- header

  /// Preamble and File Meta Information, with another transfer syntax and length.
  private static boolean meta(RecipeDraft draft, DicomFile read) throws IOException {
    DataSet meta = read.fileMeta();
    int length = meta.indexOf(Tag.FileMetaInformationGroupLength);
    int syntax = meta.indexOf(Tag.TransferSyntaxUID);
    if (length != 0 || syntax < 0 || meta.valueLength(length) != Integer.BYTES) {
      return false;
    }
    long old = meta.number(Tag.FileMetaInformationGroupLength).orElse(-1L);
    byte[] uid = Recipe.TRANSFER_SYNTAX.getBytes(StandardCharsets.US_ASCII);
    int oldUid = (int) meta.valueLength(syntax);
    draft.keep((int) meta.valueOffset(length));
    draft.leaveOut(Integer.BYTES);
    draft.add(int32((int) (old + uid.length - oldUid)));
    // The length of the value, which explicit VR has right in front of it.
    draft.keep((int) meta.valueOffset(syntax) - Short.BYTES - draft.at());
    draft.leaveOut(Short.BYTES + oldUid);
    draft.add(int16(uid.length));
    draft.add(uid);
    draft.keep((int) read.dataSetOffset() - draft.at());
    return true;
  }

  private static byte[] int32(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  private static byte[] int16(int value) {
    return ByteBuffer.allocate(Short.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) value)
        .array();
  }

  private static byte[] delimiter(int tag) {
    return mark(tag, 0);
  }

  /// An item or a delimiter (PS3.5 section 7.5).
  private static byte[] mark(int tag, int length) {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) (tag >>> 16))
        .putShort((short) tag)
        .putInt(length)
        .array();
  }

  /// The data set, in explicit VR little endian.
  private static final class Body {

    private final RecipeDraft draft;
    private final byte[] file;
    private final DataSet dataSet;
    private final NativeImage image;
    private final List<Frame> frames;

    Body(RecipeDraft draft, byte[] file, DataSet dataSet, NativeImage image, List<Frame> frames) {
      this.draft = draft;
      this.file = file;
      this.dataSet = dataSet;
      this.image = image;
      this.frames = frames;
    }

    /// @return whether all of it could be written
    boolean write(int end) {
      return elements(0, dataSet.size(), end, true) && draft.at() == end;
    }

    /// The elements beside each other in a range of the index, which end at a byte of the file.
    private boolean elements(int from, int to, long end, boolean top) {
      for (int i = from; i < to; i = dataSet.next(i)) {
        long next = dataSet.next(i) < to ? dataSet.position(dataSet.next(i)) : end;
        if (dataSet.position(i) != draft.at() || dataSet.isBigEndian(i)) {
          return false;
        }
        int tag = dataSet.tag(i);
        if (Tag.isGroupLength(tag) && (top || !dataSet.isExplicit(i))) {
          // What stands in it would be true no more; it is retired (PS3.5 section 7.2).
          draft.leaveOut((int) next - draft.at());
        } else if (top && tag == Tag.PixelData) {
          pixels(i);
        } else if (top && tag == Tag.PlanarConfiguration && image.planar()) {
          header(i);
          draft.leaveOut(Short.BYTES);
          draft.add(int16(0));
        } else if (dataSet.isExplicit(i)) {
          draft.keep((int) next - draft.at());
        } else if (!implicit(i)) {
          return false;
        }
        if (draft.at() != next) {
          return false;
        }
      }
      return true;
    }

    /// Everything of an element in front of its value.
    private void header(int i) {
      if (dataSet.isExplicit(i)) {
        draft.keep((int) dataSet.valueOffset(i) - draft.at());
        return;
      }
      Vr vr = dataSet.vr(i);
      draft.keep(Integer.BYTES);
      byte[] letters = vr.name().getBytes(StandardCharsets.US_ASCII);
      if (vr.hasLongForm()) {
        draft.add(letters[0], letters[1], (byte) 0, (byte) 0);
        draft.keep(Integer.BYTES);
      } else {
        draft.add(letters);
        draft.keep(Short.BYTES);
        draft.leaveOut(Short.BYTES);
      }
    }

    private boolean implicit(int i) {
      Vr vr = dataSet.vr(i);
      if (vr == Vr.NONE) {
        return false;
      }
      if (vr == Vr.SQ) {
        return sequence(i);
      }
      long length = dataSet.valueLength(i);
      if (dataSet.hasUndefinedLength(i)
          || dataSet.next(i) != i + 1
          || (!vr.hasLongForm() && length > SHORT_LENGTH_MAX)) {
        return false;
      }
      header(i);
      draft.keep((int) length);
      return true;
    }

    /// A sequence, whose items become longer: lengths give way to delimiters.
    private boolean sequence(int i) {
      draft.keep(Integer.BYTES);
      draft.add((byte) 'S', (byte) 'Q', (byte) 0, (byte) 0);
      boolean undefined = length(i);
      long end = dataSet.valueOffset(i) + dataSet.valueLength(i);
      for (int item = i + 1; item < dataSet.next(i); item = dataSet.next(item)) {
        if (dataSet.position(item) != draft.at() || dataSet.tag(item) != Tag.Item) {
          return false;
        }
        draft.keep(Integer.BYTES);
        boolean open = length(item);
        long itemEnd = dataSet.valueOffset(item) + dataSet.valueLength(item);
        if (!elements(item + 1, dataSet.next(item), itemEnd, false)
            || draft.at() != itemEnd
            || !close(open, Tag.ItemDelimitationItem)) {
          return false;
        }
      }
      return draft.at() == end && close(undefined, Tag.SequenceDelimitationItem);
    }

    /// The length of a sequence or item: undefined from here on.
    ///
    /// @return whether it was so before
    private boolean length(int i) {
      if (dataSet.hasUndefinedLength(i)) {
        draft.keep(Integer.BYTES);
        return true;
      }
      draft.leaveOut(Integer.BYTES);
      draft.add(int32(UNDEFINED));
      return false;
    }

    /// @param open whether the file has the delimiter, too
    private boolean close(boolean open, int tag) {
      byte[] delimiter = delimiter(tag);
      if (!open) {
        draft.add(delimiter);
        return true;
      }
      int at = draft.at();
      if (at + delimiter.length > file.length
          || !Arrays.equals(file, at, at + delimiter.length, delimiter, 0, delimiter.length)) {
        return false;
      }
      draft.keep(delimiter.length);
      return true;
    }

    /// Pixel Data in fragments, one for each frame, behind a Basic Offset Table (PS3.5 section
    /// A.4).
    private void pixels(int i) {
      draft.keep(Integer.BYTES);
      draft.leaveOut((int) dataSet.valueOffset(i) - draft.at());
      draft.add((byte) 'O', (byte) 'B', (byte) 0, (byte) 0);
      draft.add(int32(UNDEFINED));
      draft.add(mark(Tag.Item, Integer.BYTES * frames.size()));
      ByteBuffer offsets =
          ByteBuffer.allocate(Integer.BYTES * frames.size()).order(ByteOrder.LITTLE_ENDIAN);
      int offset = 0;
      for (Frame frame : frames) {
        offsets.putInt(offset);
        offset += 8 + even(frame.coded.length);
      }
      draft.add(offsets.array());
      for (Frame frame : frames) {
        int length = frame.coded.length;
        draft.add(mark(Tag.Item, even(length)));
        draft.frame(frame.coded, frame.signed, image.frameBytes());
        draft.add(new byte[even(length) - length]);
      }
      long end = dataSet.valueOffset(i) + dataSet.valueLength(i);
      draft.leaveOut((int) end - draft.at());
      draft.add(delimiter(Tag.SequenceDelimitationItem));
    }

    private static int even(int length) {
      return length + length % 2;
    }
  }
}
