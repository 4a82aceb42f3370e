package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteRange;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Both ways against CharLS, which is inside dcmtk, on the real files: a part of them in each
/// build, all of them in `./dev prove interop`.
@Needs({Peer.DCMTK, Peer.SHARED_DATA})
class CharLsTest {

  private static final String LOSSLESS = "1.2.840.10008.1.2.4.80";
  private static final String NEAR_LOSSLESS = "1.2.840.10008.1.2.4.81";
  private static final List<String> INTERLEAVES = List.of("+il", "+is", "+in");

  /// What dcmcjpls ends with on a file that dcmtk does not read to its end.
  private static final List<String> BREAKS_OFF =
      List.of("premature end of stream", "Invalid stream", "Sequence Delimitation Item missing");

  /// What becomes of a file here. Every one that is not compared has its reason.
  private enum Fate {
    COMPARED,
    /// No DICOM file, or one without pixel data: reports, waveforms, directories.
    NO_PIXELS,
    /// Its pixels are compressed already, and dcmcjpls does not unpack.
    COMPRESSED,
    /// JPEG-LS of big endian cells would need them swapped first.
    BIG_ENDIAN,
    /// Its cells have neither 8 nor 16 bits.
    OTHER_CELLS,
    /// Its header gives no size, or more than 4 samples in a pixel.
    NO_SHAPE,
    /// It has fewer pixels than its header says.
    CUT_OFF,
    /// It is damaged in front of its pixels or behind them, and dcmtk gives up. We read it.
    BROKEN_FOR_DCMTK,
    /// It ends in zeros. dcmtk takes them for an element (0000,0000) and writes that one first; our
    /// reader then takes the converted file for one without pixels.
    ZEROS_AT_END
  }

  @TempDir Path folder;

  @Test
  void everyTenthFileIsTheSameBothWays() throws IOException, InterruptedException {
    assertThat(bothWays(10).get(Fate.COMPARED)).isGreaterThan(20);
  }

  @Test
  @Tag("prove")
  @Tag("prove-interop")
  void everyFileIsTheSameBothWays(TestReporter reporter) throws IOException, InterruptedException {
    Map<Fate, Integer> fates = bothWays(1);

    reporter.publishEntry(fates.toString());
    assertThat(fates.get(Fate.COMPARED)).isGreaterThan(300);
    assertThat(fates.getOrDefault(Fate.BROKEN_FOR_DCMTK, 0)).isLessThan(20);
    assertThat(fates.getOrDefault(Fate.ZEROS_AT_END, 0)).isLessThan(5);
  }

  @Test
  void everyJpegLsFileIsDecodedAsDcmdjplsDoes() throws IOException, InterruptedException {
    int compared = 0;
    for (Path file : files()) {
      try (ByteSource source = ByteSource.open(file)) {
        DicomFile dicom = DicomFile.read(source);
        String syntax = dicom.isDicom() ? dicom.transferSyntax().uid() : "";
        Path plain = folder.resolve("plain.dcm");
        if ((syntax.equals(LOSSLESS) || syntax.equals(NEAR_LOSSLESS))
            && run("dcmdjpls", file.toString(), plain.toString()).succeeded()) {
          Pixels expected = pixelsOf(plain);
          assertThat(decoded(dicom, expected)).as("%s", file.getFileName()).isEqualTo(expected.raw);
          compared++;
        }
      }
    }
    assertThat(compared).isPositive();
  }

  private Map<Fate, Integer> bothWays(int each) throws IOException, InterruptedException {
    Map<Fate, Integer> fates = new EnumMap<>(Fate.class);
    int number = 0;
    for (Path file : files()) {
      number++;
      if (number % each == 0) {
        fates.merge(bothWays(file, number % 3), 1, Integer::sum);
      }
    }
    return fates;
  }

  private Fate bothWays(Path file, int turn) throws IOException, InterruptedException {
    Pixels pixels;
    switch (Content.of(file)) {
      case Nothing nothing -> {
        return nothing.why();
      }
      case Pixels found -> pixels = found;
    }
    Path theirs = folder.resolve("theirs.dcm");
    Ran conversion =
        run("dcmcjpls", INTERLEAVES.get(turn), "+ua", file.toString(), theirs.toString());
    if (!conversion.succeeded()) {
      assertThat(BREAKS_OFF).as("%s: %s", file, conversion).anyMatch(conversion.said()::contains);
      return Fate.BROKEN_FOR_DCMTK;
    }
    try (ByteSource source = ByteSource.open(theirs)) {
      DicomFile dicom = DicomFile.read(source);
      int at = dicom.dataSet().indexOf(serdab.dicom.Tag.PixelData);
      if (at < 0) {
        assertThat(conversion.said()).as("%s", file).contains("(0000,0000)");
        return Fate.ZEROS_AT_END;
      }
      assertThat(dicom.dataSet().isEncapsulated(at)).as("%s", file).isTrue();
      assertThat(decoded(dicom, pixels)).as("%s", file).isEqualTo(pixels.raw);
      Path ours = folder.resolve("ours.dcm");
      Files.write(ours, withOurStreams(dicom, pixels, Interleave.of(turn)));
      Path back = folder.resolve("back.dcm");
      Ran reading = run("dcmdjpls", ours.toString(), back.toString());
      assertThat(reading.succeeded()).as("%s: %s", file, reading).isTrue();
      assertThat(pixelsOf(back).inLayoutOf(pixels)).as("%s", file).isEqualTo(pixels.raw);
    }
    return Fate.COMPARED;
  }

  private static Pixels pixelsOf(Path file) throws IOException {
    Content content = Content.of(file);
    assertThat(content).as("%s", file.getFileName()).isInstanceOf(Pixels.class);
    return (Pixels) content;
  }

  /// What a file holds: pixels that we can compare, or not.
  private sealed interface Content permits Pixels, Nothing {
    static Content of(Path file) throws IOException {
      try (ByteSource source = ByteSource.open(file)) {
        DicomFile dicom = DicomFile.read(source);
        DataSet data = dicom.dataSet();
        int at = dicom.isDicom() ? data.indexOf(serdab.dicom.Tag.PixelData) : -1;
        if (at < 0) {
          return new Nothing(Fate.NO_PIXELS);
        }
        if (data.isEncapsulated(at)) {
          return new Nothing(Fate.COMPRESSED);
        }
        if (data.isBigEndian(at)) {
          return new Nothing(Fate.BIG_ENDIAN);
        }
        int allocated = number(data, serdab.dicom.Tag.BitsAllocated, 0);
        if (allocated != 8 && allocated != 16) {
          return new Nothing(Fate.OTHER_CELLS);
        }
        int rows = number(data, serdab.dicom.Tag.Rows, 0);
        int columns = number(data, serdab.dicom.Tag.Columns, 0);
        int samples = number(data, serdab.dicom.Tag.SamplesPerPixel, 1);
        int frames = Math.max(1, number(data, serdab.dicom.Tag.NumberOfFrames, 1));
        if (rows < 1 || columns < 1 || samples < 1 || samples > 4) {
          return new Nothing(Fate.NO_SHAPE);
        }
        boolean planar = samples > 1 && number(data, 0x00280006, 0) == 1;
        FrameFormat format = new FrameFormat(rows, columns, samples, allocated, planar);
        byte[] raw = new byte[Math.multiplyExact(frames, format.lengthBytes())];
        return data.valueLength(at) < raw.length
                || data.read(at, 0, ByteBuffer.wrap(raw)) < raw.length
            ? new Nothing(Fate.CUT_OFF)
            : new Pixels(raw, format, frames);
      }
    }
  }

  private record Nothing(Fate why) implements Content {}

  /// Native pixels of 8 or 16 bits in little endian order.
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Pixels(byte[] raw, FrameFormat format, int frames) implements Content {

    /// These bytes, in planes or pixel by pixel as the other has them.
    byte[] inLayoutOf(Pixels other) {
      if (format.planar() == other.format.planar()) {
        return raw;
      }
      int cell = format.bytesPerSample();
      int pixels = format.rows() * format.columns();
      int samples = format.samplesPerPixel();
      byte[] turned = new byte[raw.length];
      for (int frame = 0; frame < frames; frame++) {
        int base = frame * format.lengthBytes();
        for (int p = 0; p < pixels; p++) {
          for (int s = 0; s < samples; s++) {
            int inPlanes = base + (s * pixels + p) * cell;
            int byPixel = base + (p * samples + s) * cell;
            System.arraycopy(
                raw,
                format.planar() ? inPlanes : byPixel,
                turned,
                format.planar() ? byPixel : inPlanes,
                cell);
          }
        }
      }
      return turned;
    }
  }

  private static byte[] decoded(DicomFile dicom, Pixels expected) throws IOException {
    byte[] out = new byte[expected.raw.length];
    FrameFormat format = expected.format;
    List<byte[]> streams = streams(dicom, expected.frames);
    JpegLsDecoder decoder = new JpegLsDecoder();
    JpegLsChecker checker = new JpegLsChecker();
    for (int frame = 0; frame < expected.frames; frame++) {
      byte[] stream = streams.get(frame);
      JpegLsDecoder.Info info = JpegLsDecoder.info(stream, 0, stream.length);
      FrameFormat coded =
          new FrameFormat(
              info.rows(),
              info.columns(),
              info.samplesPerPixel(),
              info.bitsPerSample(),
              format.planar());
      assertThat(coded.lengthBytes()).isEqualTo(format.lengthBytes());
      decoder.decode(stream, 0, stream.length, coded, out, frame * format.lengthBytes());
      if (info.near() == 0) {
        assertThat(
                checker.matches(
                    stream, 0, stream.length, coded, expected.raw, frame * format.lengthBytes()))
            .isTrue();
      }
    }
    return out;
  }

  private static List<byte[]> streams(DicomFile dicom, int frames) throws IOException {
    DataSet data = dicom.dataSet();
    List<ByteRange> fragments = data.fragments(data.indexOf(serdab.dicom.Tag.PixelData));
    List<byte[]> streams = new ArrayList<>();
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (ByteRange fragment : fragments.subList(1, fragments.size())) {
      ByteBuffer bytes = ByteBuffer.allocate((int) fragment.length());
      data.source().read(fragment.offset(), bytes);
      // A frame may lie in several fragments; only the first of them begins with SOI.
      if (joined.size() > 0 && bytes.get(0) == (byte) 0xFF && bytes.get(1) == (byte) 0xD8) {
        streams.add(joined.toByteArray());
        joined.reset();
      }
      joined.writeBytes(bytes.array());
    }
    streams.add(joined.toByteArray());
    assertThat(streams).hasSize(frames);
    return streams;
  }

  /// The file with each frame's stream in place of theirs.
  private static byte[] withOurStreams(DicomFile dicom, Pixels pixels, Interleave interleave)
      throws IOException {
    DataSet data = dicom.dataSet();
    int head = (int) data.valueOffset(data.indexOf(serdab.dicom.Tag.PixelData));
    ByteBuffer before = ByteBuffer.allocate(head);
    data.source().read(0, before);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(before.array());
    item(out, 0xE000, 0);
    JpegLsEncoder encoder = new JpegLsEncoder();
    JpegLsChecker checker = new JpegLsChecker();
    for (int frame = 0; frame < pixels.frames; frame++) {
      int length =
          encoder.encode(
              pixels.raw, frame * pixels.format.lengthBytes(), pixels.format, interleave);
      assertThat(
              checker.matches(
                  encoder.stream(),
                  0,
                  length,
                  pixels.format,
                  pixels.raw,
                  frame * pixels.format.lengthBytes()))
          .isTrue();
      item(out, 0xE000, length + (length & 1));
      // An odd length is padded with a zero.
      out.writeBytes(Arrays.copyOf(Arrays.copyOf(encoder.stream(), length), length + (length & 1)));
    }
    item(out, 0xE0DD, 0);
    return out.toByteArray();
  }

  private static void item(ByteArrayOutputStream out, int element, int length) {
    out.write(0xFE);
    out.write(0xFF);
    out.write(element);
    out.write(element >>> 8);
    for (int shift = 0; shift < 32; shift += 8) {
      out.write(length >>> shift);
    }
  }

  private static int number(DataSet data, int tag, int otherwise) throws IOException {
    return data.number(tag).map(Long::intValue).orElse(otherwise);
  }

  private record Ran(boolean succeeded, String said) {}

  private Ran run(String... command) throws IOException, InterruptedException {
    Path said = folder.resolve("said.txt");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    boolean succeeded = process.waitFor() == 0;
    return new Ran(succeeded, Files.readString(said, StandardCharsets.ISO_8859_1));
  }

  private static List<Path> files() throws IOException {
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      return walk.filter(Files::isRegularFile)
          .filter(file -> !file.toString().toLowerCase(Locale.ROOT).endsWith(".txt"))
          .sorted()
          .toList();
    }
  }
}
