package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;

/// Lets dcmtk rewrite the real files without changing what they say, each drawn with one of the
/// ways.
@Needs({Peer.DCMTK, Peer.SHARED_DATA})
class DigestsOfRewrittenFilesTest {

  private static final List<List<String>> WAYS =
      List.of(
          List.of("+te", "+e"),
          List.of("+te", "-e"),
          List.of("+ti", "+e"),
          List.of("+ti", "-e"),
          List.of("+tb", "-e"),
          List.of("+g", "-e"),
          List.of("-g", "+e"),
          List.of("+p", "256", "64"));

  /// What dcmtk changes beyond encoding.
  private static final Map<String, String> EXPLAINED =
      Map.of(
          "odd_pydicom/palettes/winter.dcm",
          "dcmtk drops the second of two elements with one tag",
          "zz_derived_corrupt/trailing_zero_1M_hole.dcm",
          "dcmtk reads the zeros behind the pixels as elements (0000,0000) and puts them in front",
          "zz_derived_corrupt/all_zero.dcm",
          "no DICOM file, though dcmtk reads zeros as elements");

  @TempDir private Path scratch;

  @SeededTest(runs = 60)
  void theCanonicalDigestSurvivesRewriting(RandomGenerator random) throws Exception {
    rewriteAndCompare(random);
  }

  @SeededTest(runs = 6_000)
  @Tag("prove")
  @Tag("prove-differential")
  void theCanonicalDigestsOfAlmostAllFilesSurviveAlmostAllRewriting(RandomGenerator random)
      throws Exception {
    rewriteAndCompare(random);
  }

  private void rewriteAndCompare(RandomGenerator random) throws Exception {
    List<Path> files = RealFiles.REAL;
    Path file = files.get(random.nextInt(files.size()));
    List<String> way = WAYS.get(random.nextInt(WAYS.size()));
    FileDigests before = DigestPassTest.digestsOf(Files.readAllBytes(file));
    String name = SharedData.dicom().relativize(file).toString();
    if (before.canonical().isEmpty() || EXPLAINED.containsKey(name)) {
      return;
    }
    byte[] rewritten = rewritten(file, way);
    if (rewritten.length == 0) {
      return;
    }

    FileDigests after = DigestPassTest.digestsOf(rewritten);

    assertThat(after.canonical())
        .as(name + " " + way + after.absent())
        .isEqualTo(before.canonical());
    assertThat(after.pixel()).as(name + " " + way).isEqualTo(before.pixel());
  }

  @Test
  void dcmtkRewritesMostFilesInMostWays() throws Exception {
    int rewritten = 0;
    int tried = 0;
    for (int i = 0; i < RealFiles.REAL.size(); i += 40) {
      for (List<String> way : WAYS) {
        tried++;
        rewritten += rewritten(RealFiles.REAL.get(i), way).length > 0 ? 1 : 0;
      }
    }

    assertThat(rewritten).isGreaterThan(tried / 2);
  }

  @Test
  void theDataSetDigestTellsTheEncodingsApart() throws Exception {
    Path file = SharedData.dicom().resolve("odd_pydicom/test_files/CT_small.dcm");
    List<FileDigests> all = new ArrayList<>();
    for (List<String> way : WAYS) {
      all.add(DigestPassTest.digestsOf(rewritten(file, way)));
    }

    assertThat(all.stream().map(FileDigests::canonical).distinct()).hasSize(1);
    assertThat(all.stream().map(FileDigests::pixel).distinct()).hasSize(1);
    assertThat(all.get(0).dataSet()).isNotEqualTo(all.get(2).dataSet());
    assertThat(all.get(2).dataSet()).isNotEqualTo(all.get(4).dataSet());
    assertThat(all.get(5).dataSet()).isNotEqualTo(all.get(6).dataSet());
  }

  @Test
  void oneChangedWordOfTheTextChangesTheCanonicalDigestAndNotThePixels() throws Exception {
    Path file = scratch.resolve("changed.dcm");
    Files.copy(SharedData.dicom().resolve("odd_pydicom/test_files/CT_small.dcm"), file);
    FileDigests before = DigestPassTest.digestsOf(Files.readAllBytes(file));

    run(List.of("dcmodify", "-nb", "-m", "(0008,1030)=another", file.toString()));
    FileDigests after = DigestPassTest.digestsOf(Files.readAllBytes(file));

    assertThat(after.canonical()).isPresent().isNotEqualTo(before.canonical());
    assertThat(after.pixel()).isPresent().isEqualTo(before.pixel());
  }

  @Test
  void everyExplanationIsStillNeeded() throws Exception {
    TreeSet<String> differ = new TreeSet<>();
    for (String name : EXPLAINED.keySet()) {
      Path file = SharedData.dicom().resolve(name);
      FileDigests before = DigestPassTest.digestsOf(Files.readAllBytes(file));
      FileDigests after = DigestPassTest.digestsOf(rewritten(file, WAYS.getFirst()));
      if (before.canonical().isEmpty() || !before.canonical().equals(after.canonical())) {
        differ.add(name);
      }
    }

    assertThat(differ).isEqualTo(EXPLAINED.keySet());
  }

  /// What dcmconv makes of a file; nothing when it refuses, as it does between encapsulated and
  /// native syntaxes.
  private byte[] rewritten(Path file, List<String> way) throws Exception {
    Path to = scratch.resolve("rewritten.dcm");
    Files.deleteIfExists(to);
    List<String> command = new ArrayList<>(List.of("dcmconv"));
    command.addAll(way);
    command.add(file.toString());
    command.add(to.toString());
    return run(command) == 0 && Files.exists(to) ? Files.readAllBytes(to) : new byte[0];
  }

  private static int run(List<String> command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  /// Listed once for all runs.
  private static final class RealFiles {
    static final List<Path> REAL = list();

    private static List<Path> list() {
      try {
        return DigestsAgainstScriptTest.realFiles();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
