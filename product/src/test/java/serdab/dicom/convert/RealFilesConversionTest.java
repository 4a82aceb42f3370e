package serdab.dicom.convert;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.DicomFile;
import serdab.dicom.FileDigests;
import serdab.dicom.TransferSyntax;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

/// Every real file that can be converted, against programs that were written elsewhere.
@Needs({Peer.SHARED_DATA, Peer.DCMTK, Peer.PYDICOM})
class RealFilesConversionTest {

  private static final String EXPLICIT = TransferSyntax.EXPLICIT_LITTLE_ENDIAN;
  private static final String IMPLICIT = TransferSyntax.IMPLICIT_LITTLE_ENDIAN;

  /// Where DCMTK makes other bytes of the same pixels, or none.
  private static final Map<String, String> EXPLAINED =
      Map.of(
          "odd_pydicom-data/JLSL_16_15_1_1F.dcm",
          "dcmdjpls leaves the bit above 15 bits with a sign zero",
          "odd_pydicom-data/JLSL_08_07_0_1F.dcm",
          "dcmdjpls 3.6.7 does not decode 7 bits");

  /// Compares two files by pydicom: every element behind group 0002 but group lengths and pixels,
  /// and the pixels where it decodes both.
  private static final String COMPARE =
      """
      import sys, warnings
      import pydicom
      warnings.simplefilter("ignore")
      def plain(ds):
          return [e for e in ds if e.tag.element != 0 and e.tag.group < 0x7FE0]
      def same(a, b, where):
          x, y = plain(a), plain(b)
          if [e.tag for e in x] != [e.tag for e in y]:
              return where + " other tags"
          for e, f in zip(x, y):
              if e.VR == "SQ" and f.VR == "SQ":
                  if len(e.value) != len(f.value):
                      return where + str(e.tag) + " items"
                  for i, (p, q) in enumerate(zip(e.value, f.value)):
                      r = same(p, q, where + str(e.tag) + "[%d]" % i)
                      if r:
                          return r
              elif e.VR == f.VR and e.value != f.value:
                  v, w = e.value, f.value
                  if not (isinstance(v, (bytes, str)) and v.rstrip(type(v)(b" \\0", "ascii") if isinstance(v, str) else b" \\0") == w.rstrip(type(w)(b" \\0", "ascii") if isinstance(w, str) else b" \\0")):
                      return where + str(e.tag)
          return ""
      count = pixels = 0
      for line in open(sys.argv[1], encoding="utf-8"):
          before, after = line.rstrip("\\n").split("\\t")
          a, b = pydicom.dcmread(before, force=True), pydicom.dcmread(after, force=True)
          wrong = same(a, b, "")
          if wrong:
              print(before, wrong)
          count += 1
          try:
              p = a.pixel_array
          except Exception:
              continue
          pixels += 1
          if not (p == b.pixel_array).all():
              print(before, "pixels")
      print(count, pixels)
      """;

  @TempDir private Path folder;

  private static String name(Path path) {
    return SharedData.dicom().relativize(path).toString();
  }

  private static Map<Path, byte[]> compressed() throws IOException {
    Map<Path, byte[]> files = new LinkedHashMap<>();
    for (Path path : ConvertedFiles.real()) {
      byte[] bytes = Files.readAllBytes(path);
      DicomFile file = ConvertedFiles.read(bytes);
      if (file.isDicom() && LosslessConversion.isDecoded(file.transferSyntaxFound())) {
        files.put(path, bytes);
      }
    }
    return files;
  }

  @Test
  void whatIsCompressedWithoutLossBecomesWhatDcmtkMakesOfItOrItIsSaidWhyNot() throws Exception {
    Map<String, String> not = new TreeMap<>();
    List<String> differ = new ArrayList<>();
    int converted = 0;
    for (Map.Entry<Path, byte[]> each : compressed().entrySet()) {
      String name = name(each.getKey());
      byte[] ours;
      try {
        ours = ConvertedFiles.converted(each.getValue(), converted % 2 == 0 ? EXPLICIT : IMPLICIT);
      } catch (NotConvertibleException e) {
        not.put(name, e.reason());
        continue;
      }
      converted++;
      byte[] theirs = byDcmtk(each.getKey(), ConvertedFiles.read(each.getValue()));
      boolean isSame =
          theirs.length > 0
              && ConvertedFiles.digests(theirs)
                  .canonical()
                  .equals(ConvertedFiles.digests(ours).canonical());
      if (isSame == EXPLAINED.containsKey(name)) {
        differ.add(name);
      }
    }

    assertThat(differ).isEmpty();
    assertThat(converted).isEqualTo(49);
    assertThat(not.keySet())
        .as(not.toString())
        .hasSize(12)
        .allMatch(name ->
            not.getOrDefault(name, "").contains("near-lossless")
                || name.contains("fragmented_no_bot")
                || name.contains("liver"));
  }

  private byte[] byDcmtk(Path path, DicomFile file) throws Exception {
    String syntax = file.transferSyntaxFound();
    String program =
        syntax.equals(TransferSyntax.RLE_LOSSLESS)
            ? "dcmdrle"
            : syntax.contains(".4.8") ? "dcmdjpls" : "dcmdjpeg";
    Path to = folder.resolve("theirs.dcm");
    Files.deleteIfExists(to);
    run(program, path.toString(), to.toString());
    return Files.exists(to) ? Files.readAllBytes(to) : new byte[0];
  }

  private static int run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor();
  }

  /// DCMTK compresses, we decompress: what comes out is what went in.
  @Test
  void whatDcmtkCompressesWithoutLossComesBackAsItWas() throws Exception {
    List<Path> images =
        List.of(
            SharedData.dicom().resolve("ct_dcm_qa_ct/GE/01.dcm"),
            SharedData.dicom().resolve("odd_pydicom/test_files/CT_small.dcm"),
            SharedData.dicom().resolve("odd_pydicom/test_files/MR_small.dcm"),
            SharedData.dicom().resolve("odd_pydicom-data/SC_rgb.dcm"));
    List<List<String>> ways = new ArrayList<>(List.of(List.of("dcmcrle"), List.of("dcmcjpls")));
    for (int predictor = 1; predictor <= 7; predictor++) {
      ways.add(List.of("dcmcjpeg", "+el", "+sv", Integer.toString(predictor)));
    }
    ways.add(List.of("dcmcjpeg", "+e1"));
    Path to = folder.resolve("coded.dcm");
    List<String> wrong = new ArrayList<>();
    int done = 0;
    for (Path image : images) {
      FileDigests before = ConvertedFiles.digests(Files.readAllBytes(image));
      for (List<String> way : ways) {
        Files.deleteIfExists(to);
        List<String> command = new ArrayList<>(way);
        command.add(image.toString());
        command.add(to.toString());
        run(command.toArray(String[]::new));
        byte[] coded = Files.readAllBytes(to);
        assertThat(LosslessConversion.isDecoded(ConvertedFiles.read(coded).transferSyntaxFound()))
            .as(way.toString())
            .isTrue();
        FileDigests after = ConvertedFiles.digests(ConvertedFiles.converted(coded, EXPLICIT));
        done++;
        if (!after.pixel().equals(before.pixel())) {
          wrong.add(image.getFileName() + " " + way);
        }
      }
    }

    assertThat(wrong).isEmpty();
    assertThat(done).isEqualTo(images.size() * ways.size());
  }

  @Test
  void pydicomReadsTheSameValuesBeforeAndAfter() throws Exception {
    List<Path> files = new ArrayList<>(compressed().keySet());
    List<Path> all = ConvertedFiles.real();
    for (int i = 0; i < all.size(); i += 12) {
      files.add(all.get(i));
    }
    List<String> lines = new ArrayList<>();
    for (Path path : files) {
      try {
        Path to = folder.resolve("after-" + lines.size());
        String target = lines.size() % 3 == 2 ? IMPLICIT : EXPLICIT;
        Files.write(to, ConvertedFiles.converted(Files.readAllBytes(path), target));
        lines.add(path + "\t" + to);
      } catch (NotConvertibleException e) {
        // Told by the other tests.
      }
    }
    Path list = folder.resolve("list");
    Files.writeString(list, String.join("\n", lines) + "\n", StandardCharsets.UTF_8);
    Process process =
        new ProcessBuilder(Python.withPydicom(), "-c", COMPARE, list.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String said =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();

    assertThat(process.waitFor()).isZero();
    assertThat(said).isEqualTo(lines.size() + " 70");
  }

  @SeededTest(runs = 60)
  void aNativeFileSaysTheSameInTheOtherEncodings(RandomGenerator random) throws Exception {
    List<Path> all = ConvertedFiles.real();
    saysTheSame(all.get(random.nextInt(all.size())));
  }

  @Test
  @Tag("prove")
  @Tag("prove-differential")
  void everyNativeFileSaysTheSameInTheOtherEncodings() throws Exception {
    int converted = 0;
    for (Path path : ConvertedFiles.real()) {
      converted += saysTheSame(path) ? 1 : 0;
    }

    assertThat(converted).isEqualTo(584);
  }

  private static boolean saysTheSame(Path path) throws IOException {
    byte[] bytes = Files.readAllBytes(path);
    DicomFile file = ConvertedFiles.read(bytes);
    if (!file.isDicom() || LosslessConversion.isDecoded(file.transferSyntaxFound())) {
      return false;
    }
    FileDigests before = ConvertedFiles.digests(bytes);
    try {
      for (String target : List.of(EXPLICIT, IMPLICIT)) {
        byte[] converted = ConvertedFiles.converted(bytes, target);
        FileDigests after = ConvertedFiles.digests(converted);

        assertThat(ConvertedFiles.read(converted).transferSyntaxFound()).isEqualTo(target);
        assertThat(before.canonical()).as(name(path)).isPresent();
        assertThat(after.canonical()).as(name(path)).isEqualTo(before.canonical());
      }
      return true;
    } catch (NotConvertibleException e) {
      assertThat(e.reason()).as(name(path)).isNotEmpty();
      return false;
    }
  }

  /// Bits of coded frames turned over, files cut short: there is a reason, or what was written is
  /// what the damaged file says.
  @SeededTest(runs = 150)
  void aDamagedFileNeverCrashes(RandomGenerator random) throws Exception {
    List<byte[]> files = SMALL;
    byte[] bytes = files.get(random.nextInt(files.size())).clone();
    int flips = 1 + random.nextInt(4);
    for (int n = 0; n < flips; n++) {
      bytes[128 + random.nextInt(bytes.length - 128)] ^= (byte) (1 << random.nextInt(8));
    }
    if (random.nextInt(4) == 0) {
      bytes = java.util.Arrays.copyOf(bytes, 200 + random.nextInt(bytes.length - 200));
    }
    if (!ConvertedFiles.read(bytes).isDicom()) {
      return;
    }
    try {
      byte[] converted = ConvertedFiles.converted(bytes, EXPLICIT);

      assertThat(ConvertedFiles.read(converted).isDamaged()).isFalse();
    } catch (NotConvertibleException e) {
      assertThat(e.reason()).isNotEmpty();
    }
  }

  /// Compressed ones that are quickly converted.
  private static final List<byte[]> SMALL = small();

  private static List<byte[]> small() {
    if (!Peer.SHARED_DATA.isPresent()) {
      return List.of();
    }
    try {
      return compressed().values().stream().filter(file -> file.length < 60_000).toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
