package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.testing.SeededTest;

class EntryNamesTest {

  private static final List<String> PIECES =
      List.of(
          "a",
          "A",
          "é",
          "e\u0301",
          "ß",
          "SS",
          "/",
          "/",
          ".",
          "..",
          ":",
          "CON",
          "aux.dcm",
          " ",
          "\\",
          "\n",
          "\uD800",
          "😀",
          "SHA256SUMS",
          "study-manifest.json",
          "~2",
          "x".repeat(120));

  @ParameterizedTest
  @CsvSource({
    "DATABASE.noindex/10000/123.dcm, DATABASE.noindex/10000/123.dcm",
    "山田/画像.dcm, 山田/画像.dcm",
    "a:b/c*d, a_b/c_d",
    "dir./file , dir_/file",
    "con/aux.txt, con_/aux_.txt",
    "SHA256SUMS, SHA256SUMS~2",
    "study-manifest.JSON, study-manifest~2.JSON",
    "sha256sums/x, sha256sums~2/x",
  })
  void aPathIsKeptUnlessItCouldNotBeUnpackedEverywhere(String path, String expected) {
    assertThat(new EntryNames().take(path)).isEqualTo(expected);
  }

  @Test
  void namesThatDifferOnlyInCaseOrNormalisationAreNumbered() {
    EntryNames names = new EntryNames();

    assertThat(names.take("IM/0001.dcm")).isEqualTo("IM/0001.dcm");
    assertThat(names.take("im/0001.DCM")).isEqualTo("im/0001~2.DCM");
    assertThat(names.take("é")).isEqualTo("é");
    assertThat(names.take("e\u0301")).isEqualTo("e\u0301~2");
  }

  @Test
  void aFileIsNeverAlsoAFolder() {
    EntryNames names = new EntryNames();

    assertThat(names.take("a/b")).isEqualTo("a/b");
    assertThat(names.take("A")).isEqualTo("A~2");
    assertThat(names.take("a/b/c")).isEqualTo("a/b~2/c");
    assertThat(names.take("a/b/d")).isEqualTo("a/b~2/d");
  }

  @Test
  void whatIsTooLongGetsAShortName() {
    assertThat(new EntryNames().take("d/" + "n".repeat(300))).matches("long-names/[0-9a-f]{32}");
  }

  @SeededTest(runs = 300)
  void everyNameIsSafeAndUnique(RandomGenerator random) {
    EntryNames names = new EntryNames();
    Set<String> folded = new HashSet<>();
    for (int i = 0; i < 60; i++) {
      StringBuilder path = new StringBuilder();
      for (int j = 1 + random.nextInt(6); j > 0; j--) {
        path.append(PIECES.get(random.nextInt(PIECES.size())));
      }

      String name = names.take(path.toString());

      assertThat(folded.add(SafeNames.folded(name))).as(name).isTrue();
      assertThat(name.getBytes(StandardCharsets.UTF_8).length).isLessThan(1100);
      assertThat(name)
          .doesNotContainPattern("[\\p{Cntrl}\\\\:*?\"<>|\\p{Cs}]")
          .doesNotStartWith("/")
          .doesNotEndWith("/");
      for (String part : name.split("/", -1)) {
        assertThat(part).isNotIn("", ".", "..").doesNotEndWith(".").doesNotEndWith(" ");
      }
      for (String other : folded) {
        assertThat(folded.stream().anyMatch(one -> one.startsWith(other + "/")))
            .as("%s is also a folder", other)
            .isFalse();
      }
    }
  }
}
