package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Tag;
import serdab.dicom.Vr;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

class JpegLsFileTest {

  private static final int SIDE = 64;
  private static final int ReferencedSeriesSequence = 0x00081115;

  private final JpegLsFile coder = new JpegLsFile();

  /// An image of what is said, with a slope and a little noise in it.
  private static final class Image {

    private boolean explicit = true;
    private int allocated = 16;
    private int stored = 12;
    private int representation;
    private int frames = 1;
    private int samples = 1;
    private int planar;
    private String photometric = "MONOCHROME2";
    private int side = SIDE;
    private byte[] behind = {};
    private IntUnaryOperator sample = i -> 100 + i % 4096 / 7 + i * 31 % 5;

    byte[] file() {
      WrittenDataSet dataSet = new WrittenDataSet(explicit);
      dataSet
          .bytes(0x00080000, "UL", new byte[] {99, 0, 0, 0})
          .text(Tag.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.2")
          .text(Tag.SOPInstanceUID, "UI", "1.2.3.4")
          .text(Tag.StudyInstanceUID, "UI", "1.2.3")
          .text(Tag.SeriesInstanceUID, "UI", "1.2.3.1")
          .number(Tag.SamplesPerPixel, samples)
          .text(Tag.PhotometricInterpretation, "CS", photometric);
      if (samples > 1) {
        dataSet.number(Tag.PlanarConfiguration, planar);
      }
      if (frames != 1) {
        dataSet.text(Tag.NumberOfFrames, "IS", Integer.toString(frames));
      }
      return dataSet
          .number(Tag.Rows, side)
          .number(Tag.Columns, side)
          .number(Tag.BitsAllocated, allocated)
          .number(Tag.BitsStored, stored)
          .number(Tag.HighBit, stored - 1)
          .number(Tag.PixelRepresentation, representation)
          .bytes(Tag.PixelData, "OW", pixels())
          .bytes(0xFFFCFFFC, "OB", behind)
          .file();
    }

    private byte[] pixels() {
      int cell = allocated / 8;
      int count = side * side * samples * frames;
      byte[] pixels = new byte[count * cell + count * cell % 2];
      for (int i = 0; i < count; i++) {
        int value = sample.applyAsInt(i);
        pixels[i * cell] = (byte) value;
        if (cell == 2) {
          pixels[2 * i + 1] = (byte) (value >> 8);
        }
      }
      return pixels;
    }
  }

  private JpegLsFile.Made made(byte[] file) {
    JpegLsFile.Made made = coder.make(file).orElseThrow();
    assertThat(made.recipe().rebuild(made.entry(), file.length, "")).isEqualTo(file);
    assertThat(made.entry().length).isLessThan(file.length);
    return made;
  }

  private static DicomFile read(JpegLsFile.Made made) throws IOException {
    return DicomFile.read(ByteSource.of(made.entry()));
  }

  // ---- what is stored so

  @ParameterizedTest
  @CsvSource({
    "true, 16, 12",
    "false, 16, 12",
    "true, 16, 16",
    "false, 16, 9",
    "true, 8, 8",
    "true, 8, 7"
  })
  void aFileBecomesJpegLsAndComesBack(boolean explicit, int allocated, int stored)
      throws IOException {
    Image image = new Image();
    image.explicit = explicit;
    image.allocated = allocated;
    image.stored = stored;
    image.sample = i -> (100 + i / 7 + i * 31 % 5) & ((1 << stored) - 1);

    JpegLsFile.Made made = made(image.file());

    DicomFile read = read(made);
    assertThat(read.transferSyntax().uid()).isEqualTo("1.2.840.10008.1.2.4.80");
    assertThat(read.anomalies()).isEmpty();
    assertThat(read.dataSet().indexOf(0x00080000)).as("group length").isNegative();
    assertThat(read.dataSet().fragments(read.dataSet().indexOf(Tag.PixelData))).hasSize(2);
  }

  @Test
  void everyFrameGetsAFragmentOfEvenLength() throws IOException {
    Image image = new Image();
    image.frames = 7;

    DicomFile read = read(made(image.file()));

    DataSet dataSet = read.dataSet();
    int pixels = dataSet.indexOf(Tag.PixelData);
    assertThat(dataSet.fragments(pixels)).hasSize(8).allMatch(range -> range.length() % 2 == 0);
    assertThat(dataSet.fragments(pixels).getFirst().length()).isEqualTo(4L * 7);
  }

  @Test
  void theByteThatMakesTheLengthEvenComesBackWhateverItIs() {
    Image image = new Image();
    image.allocated = 8;
    image.stored = 8;
    image.side = 73;
    image.sample = i -> i / 50 % 256;
    byte[] file = image.file();
    file[file.length - 13] = 77;

    assertThat(made(file).recipe().steps()).contains("+4d");
  }

  @Test
  void whatFollowsThePixelsStays() {
    Image image = new Image();
    image.behind = new byte[] {1, 2, 3, 4};

    made(image.file());
  }

  @ParameterizedTest
  @CsvSource({"16, 12", "16, 9", "16, 15", "8, 5"})
  void signsThatReachAboveTheBitsStoredComeBack(int allocated, int stored) {
    Image image = new Image();
    image.allocated = allocated;
    image.stored = stored;
    image.representation = 1;
    image.sample = i -> i / 97 - (SIDE * SIDE / 97 / 2) < 0 ? -(i % 3) - 1 : i % 4;

    assertThat(made(image.file()).recipe().steps()).contains(" s");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void colourComesBackPixelByPixelOrPlaneByPlane(int planar) throws IOException {
    Image image = new Image();
    image.allocated = 8;
    image.stored = 8;
    image.samples = 3;
    image.planar = planar;
    image.photometric = "RGB";
    image.sample = i -> (i / 40 + i % 3) & 0xFF;

    JpegLsFile.Made made = made(image.file());

    assertThat(made.recipe().planar()).isEqualTo(planar == 1);
    assertThat(read(made).dataSet().number(Tag.PlanarConfiguration)).contains(0L);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void sequencesOfImplicitFilesGetVrsAndDelimiters(boolean undefined) throws IOException {
    byte[] inner =
        new WrittenDataSet(false)
            .header(ReferencedSeriesSequence, "", 0)
            .text(Tag.SeriesInstanceUID, "UI", "1.2.3.9")
            .bytes();
    WrittenDataSet item = new WrittenDataSet(false);
    item.header(Tag.Item, "", undefined ? -1 : inner.length);
    byte[] head = item.bytes();
    int end = undefined ? 16 : 0;
    WrittenDataSet dataSet =
        new WrittenDataSet(false)
            .text(Tag.SOPClassUID, "UI", "1.2.840.10008.5.1.4.1.1.2")
            .text(Tag.SOPInstanceUID, "UI", "1.2.3.4")
            .header(ReferencedSeriesSequence, "", undefined ? -1 : head.length + inner.length);
    byte[] front = dataSet.bytes();
    WrittenDataSet back = new WrittenDataSet(false);
    if (end > 0) {
      back.header(Tag.ItemDelimitationItem, "", 0).header(Tag.SequenceDelimitationItem, "", 0);
    }
    back.text(0x00091001, "LO", "private")
        .text(Tag.StudyInstanceUID, "UI", "1.2.3")
        .text(Tag.SeriesInstanceUID, "UI", "1.2.3.1")
        .number(Tag.SamplesPerPixel, 1)
        .text(Tag.PhotometricInterpretation, "CS", "MONOCHROME2")
        .number(Tag.Rows, SIDE)
        .number(Tag.Columns, SIDE)
        .number(Tag.BitsAllocated, 16)
        .number(Tag.BitsStored, 12)
        .number(Tag.HighBit, 11)
        .number(Tag.PixelRepresentation, 0)
        .bytes(Tag.PixelData, "OW", new Image().pixels());
    WrittenDataSet whole = new WrittenDataSet(false);
    for (byte[] part : List.of(front, head, inner, back.bytes())) {
      whole.raw(part);
    }

    DicomFile read = read(made(whole.file()));

    DataSet found = read.dataSet();
    int sequence = found.indexOf(ReferencedSeriesSequence);
    assertThat(read.anomalies()).isEmpty();
    assertThat(found.vr(sequence)).isEqualTo(Vr.SQ);
    assertThat(found.items(sequence)).hasSize(1);
    assertThat(found.items(sequence).getFirst().string(Tag.SeriesInstanceUID)).contains("1.2.3.9");
    assertThat(found.vr(found.indexOf(0x00091001))).isEqualTo(Vr.UN);
  }

  // ---- what is left as it is

  @Test
  void bitsAboveThoseStoredLeaveAFileAsItIs() {
    Image image = new Image();
    image.sample = i -> (100 + i / 7) | (i == 5 ? 0x8000 : 0);

    assertThat(coder.make(image.file())).isEmpty();
  }

  @Test
  void noiseIsLeftAsItIs() {
    RandomGenerator random = new SplittableRandom(1);
    Image image = new Image();
    image.stored = 16;
    image.sample = i -> random.nextInt();

    assertThat(coder.make(image.file())).isEmpty();
  }

  @Test
  void whatDeflateMakesSmallerIsLeftAsItIs() {
    RandomGenerator random = new SplittableRandom(1);
    int[] frame = random.ints(SIDE * SIDE, 0, 65_536).toArray();
    Image same = new Image();
    same.stored = 16;
    same.frames = 4;
    same.sample = i -> frame[i % frame.length];

    assertThat(coder.make(same.file())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "16, 8, MONOCHROME2, 0, 1",
    "16, 12, HSV, 0, 1",
    "16, 12, RGB, 0, 1",
    "16, 12, PALETTE COLOR, 1, 1",
    "8, 8, YBR_FULL_422, 0, 3",
    "16, 12, YBR_FULL, 0, 3"
  })
  void whatTheStandardDoesNotAllowIsLeftAsItIs(
      int allocated, int stored, String photometric, int representation, int samples) {
    Image image = new Image();
    image.allocated = allocated;
    image.stored = stored;
    image.photometric = photometric;
    image.representation = representation;
    image.samples = samples;
    image.sample = i -> i / 300;

    assertThat(coder.make(image.file())).isEmpty();
  }

  // ---- real and damaged files

  static List<String> sources() throws IOException {
    try (Stream<Path> folders = Files.list(SharedData.dicom())) {
      return folders.map(folder -> folder.getFileName().toString()).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("sources")
  @Needs(Peer.SHARED_DATA)
  void everyRealFileIsLeftAloneOrComesBackBitForBit(String source) throws IOException {
    for (Path path : files(source)) {
      byte[] file = Files.readAllBytes(path);
      Optional<JpegLsFile.Made> made = coder.make(file);
      if (made.isPresent()) {
        assertThat(made.get().recipe().rebuild(made.get().entry(), file.length, ""))
            .as(path.getFileName().toString())
            .isEqualTo(file);
        assertThat(made.get().entry().length).isLessThan(file.length);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ct_dcm_qa_ct, 84",
    "mr_ge_siemens_dcm_qa_nih, 158",
    "mr_uih_dcm_qa_uih, 17",
    "mr_siemens_dcm_qa_decubitus, 35",
    "rt_rt-utils, 2"
  })
  @Needs(Peer.SHARED_DATA)
  void ofRealImagesTheseAreStoredSo(String source, int images) throws IOException {
    int made = 0;
    for (Path path : files(source)) {
      made += coder.make(Files.readAllBytes(path)).isPresent() ? 1 : 0;
    }

    assertThat(made).isEqualTo(images);
  }

  private static List<Path> files(String source) throws IOException {
    try (Stream<Path> all = Files.walk(SharedData.dicom().resolve(source))) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @SeededTest(runs = 400)
  void aDamagedFileIsLeftAloneOrComesBackBitForBit(RandomGenerator random) {
    Image image = new Image();
    image.explicit = random.nextBoolean();
    image.frames = 1 + random.nextInt(3);
    byte[] file = image.file();
    int header = 700;
    for (int i = random.nextInt(3); i >= 0; i--) {
      int at = random.nextInt(4) == 0 ? random.nextInt(file.length) : random.nextInt(header);
      file[at] ^= (byte) (1 << random.nextInt(8));
    }

    Optional<JpegLsFile.Made> made = coder.make(file);

    made.ifPresent(coded ->
        assertThat(coded.recipe().rebuild(coded.entry(), file.length, "")).isEqualTo(file));
  }

  // ---- recipes that lie

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "=",
        "=0",
        "=-5",
        "=99999999999",
        "=999999999",
        "x5",
        "+0",
        "+zz",
        "u10",
        "s-1",
        "=10  =10",
        "=10 -10"
      })
  void aRecipeThatDoesNotFitIsToldAsDamage(String steps) {
    byte[] file = new Image().file();
    JpegLsFile.Made made = made(file);
    Recipe lie = new Recipe(made.entry().length, made.recipe().entry(), false, steps);

    assertThatThrownBy(() -> lie.rebuild(made.entry(), file.length, "a.dcm"))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @SeededTest(runs = 300)
  void aDamagedEntryOrRecipeIsToldAsDamageOrMakesAnotherFile(RandomGenerator random) {
    byte[] file = new Image().file();
    JpegLsFile.Made made = made(file);
    byte[] entry = made.entry().clone();
    StringBuilder steps = new StringBuilder(made.recipe().steps());
    if (random.nextBoolean()) {
      entry[random.nextInt(entry.length)] ^= (byte) (1 << random.nextInt(8));
    } else {
      steps.setCharAt(
          random.nextInt(steps.length()), "0123456789 =-+us".charAt(random.nextInt(16)));
    }
    Recipe recipe = new Recipe(entry.length, made.recipe().entry(), false, steps.toString());

    try {
      assertThat(recipe.rebuild(entry, file.length, "a.dcm")).hasSameSizeAs(file);
    } catch (SerdabException.Damaged e) {
      assertThat(e.problem().what()).isNotEmpty();
    }
  }
}
