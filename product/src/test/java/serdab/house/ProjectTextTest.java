package serdab.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.testing.SharedData;

/// The project's text is about the product, for everybody: no paths of one machine, no hosts that
/// only one network has, no talk about how it was made, nothing left for later.
class ProjectTextTest {

  /// Written in two halves, so that this file may be looked at too.
  private static final List<Pattern> FORBIDDEN =
      List.of(
          Pattern.compile("(^|[^A-Za-z0-9.$}])/(wo" + "rk|fa" + "rm)/[a-z]"),
          Pattern.compile("(^|[^A-Za-z0-9.$}])/(ro" + "ot|ho" + "me)/[a-z.]"),
          ignoringCase("rep" + "o1?\\.maven|maven\\.apache\\.org/mav" + "en2"),
          ignoringCase("registry\\.npm" + "js|deb\\.deb" + "ian\\.org|pypi\\.o" + "rg"),
          ignoringCase("language mod" + "el|\\bLL" + "Ms?\\b|system prom" + "pt|chat ?g" + "pt"),
          ignoringCase(
              "\\bas an a" + "i\\b|\\bai (assis" + "tant|gener" + "ated)|coding age" + "nt"),
          ignoringCase("developer ses" + "sion|before-st" + "op|steering re" + "po"),
          Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X|HA" + "CK)\\b"),
          Pattern.compile("@Dis" + "abled\\b|@Ign" + "ore\\b|-Dskip" + "Tests"));

  /// Binary files have no text, and licences are other people's.
  private static final Pattern NOT_OURS = Pattern.compile("(.*/)?(LICENSE|NOTICE|ATTRIBUTION).*");

  private static Pattern ignoringCase(String words) {
    return Pattern.compile(words, Pattern.CASE_INSENSITIVE);
  }

  @Test
  void noCommittedTextHoldsWhatDoesNotBelongThere() throws Exception {
    List<String> found = new ArrayList<>();
    int looked = 0;
    for (String name : committedFiles()) {
      Path file = SharedData.checkout().resolve(name);
      if (NOT_OURS.matcher(name).matches() || !Files.isRegularFile(file) || isBinary(file)) {
        continue;
      }
      looked++;
      List<String> lines =
          new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
      for (int i = 0; i < lines.size(); i++) {
        if (isForbidden(lines.get(i))) {
          found.add(name + ":" + (i + 1) + ": " + lines.get(i).strip());
        }
      }
    }

    assertThat(found).isEmpty();
    assertThat(looked).isGreaterThan(20);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "see /wo" + "rk/main",
        "HOME=/ro" + "ot/.m2",
        "https://rep" + "o.maven.apache.org/x",
        "written by a language mod" + "el",
        "// TO" + "DO later"
      })
  void aLineThatDoesNotBelongIsFound(String line) {
    assertThat(isForbidden(line)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://maven.apache.org/POM/4.0.0",
        "${HOME:-/nonexistent}/.jdks",
        "at work/in progress",
        "/usr/lib/jvm/*"
      })
  void anOrdinaryLineIsNot(String line) {
    assertThat(isForbidden(line)).isFalse();
  }

  private static boolean isForbidden(String line) {
    return FORBIDDEN.stream().anyMatch(pattern -> pattern.matcher(line).find());
  }

  private static boolean isBinary(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      for (byte b : in.readNBytes(8192)) {
        if (b == 0) {
          return true;
        }
      }
      return false;
    }
  }

  /// What git would commit; without git, every file that no build made.
  private static List<String> committedFiles() throws Exception {
    Path checkout = SharedData.checkout();
    if (Files.exists(checkout.resolve(".git"))) {
      Process git =
          new ProcessBuilder("git", "ls-files", "-co", "--exclude-standard", "-z")
              .directory(checkout.toFile())
              .start();
      String names = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      // It refuses a checkout that belongs to another user; then every file is looked at.
      if (git.waitFor() == 0 && !names.isEmpty()) {
        return List.of(names.split("\0", -1));
      }
    }
    try (Stream<Path> files = Files.walk(checkout)) {
      return files
          .map(f -> checkout.relativize(f).toString())
          .filter(f -> !f.isEmpty() && !f.matches("(.*/)?(target|\\.git)/.*"))
          .toList();
    }
  }
}
