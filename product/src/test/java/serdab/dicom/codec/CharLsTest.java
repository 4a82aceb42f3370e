package serdab.dicom.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
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

  @TempDir Path folder;

  @Test
  void everyTenthFileIsTheSameBothWays() throws IOException, InterruptedException {
    assertThat(bothWays(10)).isGreaterThan(20);
  }

  @Test
  @Tag("prove")
  @Tag("prove-interop")
  void everyFileIsTheSameBothWays() throws IOException, InterruptedException {
    assertThat(bothWays(1)).isGreaterThan(300);
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
            && run("dcmdjpls", file.toString(), plain.toString())) {
          Pixels expected = Pixels.of(plain);
          assertThat(expected).as("%s", file.getFileName()).isNotNull();
          assertThat(decoded(dicom, expected)).as("%s", file.getFileName()).isEqualTo(expected.raw);
          compared++;
        }
      }
    }
    assertThat(compared).isPositive();
  }

  private int bothWays(int each) throws IOException, InterruptedException {
    int compared = 0;
    int number = 0;
    int passedOver = 0;
    for (Path file : files()) {
      number++;
      if (number % each != 0) {
        continue;
      }
      Pixels pixels = Pixels.of(file);
      Path theirs = folder.resolve("theirs.dcm");
      String interleave = INTERLEAVES.get(number % 3);
      if (pixels == null
          || !run("dcmcjpls", interleave, "+ua", file.toString(), theirs.toString())) {
        continue;
      }
      try (ByteSource source = ByteSource.open(theirs)) {
        DicomFile dicom = DicomFile.read(source);
        int at = dicom.dataSet().indexOf(serdab.dicom.Tag.PixelData);
        if (at < 0 || !dicom.dataSet().isEncapsulated(at)) {
          // dcmcjpls passes over what it does not take for an image.
          passedOver++;
          continue;
        }
        assertThat(decoded(dicom, pixels)).as("%s", file.getFileName()).isEqualTo(pixels.raw);
        Path ours = folder.resolve("ours.dcm");
        Files.write(ours, withOurStreams(dicom, pixels, Interleave.values()[number % 3]));
        Path back = folder.resolve("back.dcm");
        assertThat(run("dcmdjpls", ours.toString(), back.toString()))
            .as("dcmdjpls reads our stream of %s", file.getFileName())
            .isTrue();
        Pixels read = Pixels.of(back);
        assertThat(read).isNotNull();
        assertThat(read.inLayoutOf(pixels)).as("%s", file.getFileName()).isEqualTo(pixels.raw);
      }
      compared++;
    }
    assertThat(passedOver).isLessThanOrEqualTo(compared / 20);
    return compared;
  }

  /// Native pixels of 8 or 16 bits in little endian order.
  private record Pixels(byte[] raw, FrameFormat format, int frames) {

    static @org.jspecify.annotations.Nullable Pixels of(Path file) throws IOException {
      try (ByteSource source = ByteSource.open(file)) {
        DicomFile dicom = DicomFile.read(source);
        DataSet data = dicom.dataSet();
        int at = dicom.isDicom() ? data.indexOf(serdab.dicom.Tag.PixelData) : -1;
        int allocated = number(data, serdab.dicom.Tag.BitsAllocated, 0);
        if (at < 0
            || data.isEncapsulated(at)
            || data.isBigEndian(at)
            || allocated != 8 && allocated != 16) {
          return null;
        }
        int rows = number(data, serdab.dicom.Tag.Rows, 0);
        int columns = number(data, serdab.dicom.Tag.Columns, 0);
        int samples = number(data, serdab.dicom.Tag.SamplesPerPixel, 1);
        int frames = Math.max(1, number(data, serdab.dicom.Tag.NumberOfFrames, 1));
        if (rows < 1 || columns < 1 || samples < 1 || samples > 4) {
          return null;
        }
        boolean planar = samples > 1 && number(data, 0x00280006, 0) == 1;
        FrameFormat format = new FrameFormat(rows, columns, samples, allocated, planar);
        byte[] raw = new byte[Math.multiplyExact(frames, format.lengthBytes())];
        return data.valueLength(at) < raw.length
                || data.read(at, 0, ByteBuffer.wrap(raw)) < raw.length
            ? null
            : new Pixels(raw, format, frames);
      }
    }

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
    for (int frame = 0; frame < pixels.frames; frame++) {
      int length =
          encoder.encode(
              pixels.raw, frame * pixels.format.lengthBytes(), pixels.format, interleave);
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

  private static boolean run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor() == 0;
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
