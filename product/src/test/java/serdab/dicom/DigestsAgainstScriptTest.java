package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Compares the digests with `scripts/digests.py`, which was written from the document alone.
@Needs({Peer.PYTHON, Peer.SHARED_DATA})
class DigestsAgainstScriptTest {

  /// Files that one of the two understands and the other does not, each with the reason.
  private static final Map<String, String> EXPLAINED =
      Map.of(
          "zz_derived_corrupt/bitflip_3.dcm",
          "one VR is damaged into an unknown one; our reader goes on, the script gives up",
          "zz_derived_corrupt/ts_wrong_bigendian.dcm",
          "declared big endian and little endian; our reader sees that, the script believes it");

  @Test
  void everyFileOfTheRealDataHasTheDigestsTheScriptComputes() throws IOException {
    List<Path> files = realFiles();
    Map<String, Map<String, String>> script = byScript(files);
    Map<String, String> differences = new TreeMap<>();
    int compared = 0;

    for (Path file : files) {
      FileDigests digests = DigestPassTest.digestsOf(Files.readAllBytes(file));
      Map<String, String> ours = DigestPassTest.byName(digests);
      Map<String, String> theirs = script.getOrDefault(file.toString(), Map.of());
      compared += ours.get(FileDigests.CANONICAL) == null || digests.canonical().isEmpty() ? 0 : 1;
      if (!ours.equals(theirs)) {
        differences.put(
            SharedData.dicom().relativize(file).toString(),
            "ours " + ours + " " + digests.absent() + ", theirs " + theirs);
      }
    }

    assertThat(compared).isGreaterThan(700);
    // An explanation that no longer explains anything must go, so both ways are compared.
    assertThat(differences.keySet()).as(differences.toString()).isEqualTo(EXPLAINED.keySet());
  }

  @Test
  @Needs(Peer.SHA256SUM)
  void theFileDigestIsWhatSha256sumPrints() throws IOException {
    Path file = SharedData.dicom().resolve("odd_pydicom/test_files/CT_small.dcm");

    String printed = output(List.of("sha256sum", file.toString()), "");

    assertThat(printed)
        .startsWith(DigestPassTest.digestsOf(Files.readAllBytes(file)).file().hex() + " ");
  }

  static List<Path> realFiles() throws IOException {
    try (Stream<Path> files = Files.walk(SharedData.dicom())) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static Map<String, Map<String, String>> byScript(List<Path> files) throws IOException {
    StringBuilder paths = new StringBuilder();
    files.forEach(file -> paths.append(file).append('\n'));
    Path script = SharedData.checkout().resolve("scripts/digests.py");
    Map<String, Map<String, String>> found = new LinkedHashMap<>();
    for (String line :
        output(List.of("python3", script.toString(), "--stdin"), paths.toString())
            .split("\n", -1)) {
      String[] columns = line.split("\t", -1);
      if (columns.length >= 5) {
        found.put(
            columns[0],
            Map.of(
                FileDigests.FILE, columns[1],
                FileDigests.DATA_SET, columns[2],
                FileDigests.CANONICAL, columns[3],
                FileDigests.PIXEL, columns[4]));
      }
    }
    return found;
  }

  static String output(List<String> command, String input) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    Thread.ofVirtual()
        .start(() -> {
          try (Writer in = process.outputWriter(StandardCharsets.UTF_8)) {
            in.write(input);
          } catch (IOException e) {
            // The program ended early; what it printed tells why.
          }
        });
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      return out.readAllAsString();
    }
  }
}
