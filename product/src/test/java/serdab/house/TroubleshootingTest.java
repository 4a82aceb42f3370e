package serdab.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import serdab.testing.Codes;
import serdab.testing.Headings;
import serdab.testing.SharedData;

/// Whatever code a person meets, `docs/troubleshooting.md` says what it means and what to do, in
/// both languages.
class TroubleshootingTest {

  private static final String ENGLISH = "docs/troubleshooting.md";
  private static final String PORTUGUESE = "docs/pt-BR/solucao-de-problemas.md";

  /// Five of each of the two documents on the script, four of the plug-in's.
  private static final int SEEDS_ENTRIES = 14;

  private static final Pattern ENTRY = Pattern.compile("### `([a-z0-9-]+)`");
  private static final Pattern SEED_ROW = Pattern.compile("^\\| S(\\d+) \\|.*\\|(.*)\\|$");
  private static final Pattern ANCHOR = Pattern.compile("\\(#([^)]+)\\)");

  @ParameterizedTest
  @CsvSource({ENGLISH, PORTUGUESE})
  void everyCodeAndKindHasAnEntryAndEveryEntryHasACode(String document) throws Exception {
    SortedSet<String> inTheProduct = Codes.ofTheProduct().all();

    SortedSet<String> described = new TreeSet<>(entries(document).keySet());

    assertThat(without(inTheProduct, described))
        .as("codes without an entry in %s (or words for Codes.WORDS_OF_OTHER_KINDS)", document)
        .isEmpty();
    assertThat(without(described, inTheProduct))
        .as("entries of %s that no code needs", document)
        .isEmpty();
    assertThat(inTheProduct).hasSizeGreaterThan(200);
  }

  @ParameterizedTest
  @CsvSource({ENGLISH + ",**Do:**", PORTUGUESE + ",**Faça:**"})
  void everyEntrySaysWhatItMeansAndWhatToDo(String document, String heading) throws Exception {
    entries(document)
        .forEach((code, text) -> {
          int at = text.indexOf(heading);
          assertThat(at).as("what to do about %s", code).isGreaterThan(20);
          assertThat(text.substring(at + heading.length()).strip().length())
              .as("what to do about %s", code)
              .isGreaterThan(10);
        });
  }

  @Test
  void bothLanguagesHaveTheSameEntriesInTheSameOrderUnderAsManyHeadings() throws Exception {
    assertThat(List.copyOf(entries(PORTUGUESE).keySet()))
        .containsExactlyElementsOf(entries(ENGLISH).keySet());
    assertThat(headings(PORTUGUESE)).hasSameSizeAs(headings(ENGLISH));
  }

  @Test
  void noWordIsCalledOtherThanACodeWithoutBeingThere() {
    assertThat(Codes.ofTheProduct().otherWords())
        .containsExactlyInAnyOrderElementsOf(Codes.WORDS_OF_OTHER_KINDS);
  }

  @ParameterizedTest
  @CsvSource({ENGLISH, PORTUGUESE})
  void everyEntryOfTheSeedsLeadsToAnAnswerHere(String document) throws Exception {
    List<String> lines = lines(document);
    List<String> numbers = new ArrayList<>();
    List<String> anchors = new ArrayList<>();
    for (String line : lines) {
      Matcher row = SEED_ROW.matcher(line);
      if (row.matches()) {
        numbers.add(row.group(1));
        List<String> here =
            ANCHOR.matcher(row.group(2)).results().map(found -> found.group(1)).toList();
        assertThat(here).as("answers to S%s", row.group(1)).isNotEmpty();
        anchors.addAll(here);
      }
    }

    assertThat(numbers).hasSize(SEEDS_ENTRIES);
    assertThat(anchors).isSubsetOf(Headings.anchors(SharedData.checkout().resolve(document)));
  }

  @Test
  void codesThatPassThroughVariablesAreFound() {
    Codes codes = Codes.ofTheProduct();

    assertThat(codes.problems())
        .contains(
            "catalogue-busy", "plan-too-old", "naming-is-another", "interrupted", "no-studies");
    assertThat(codes.findings())
        .contains("truncated", "dicomdir-offset-wrong", "file-offline", "placeholder-study");
    assertThat(codes.all()).doesNotContain("horos-zip", "serdab-backup-v1");
  }

  private static SortedSet<String> without(SortedSet<String> all, SortedSet<String> those) {
    SortedSet<String> rest = new TreeSet<>(all);
    rest.removeAll(those);
    return rest;
  }

  private static Map<String, String> entries(String document) throws IOException {
    Map<String, String> entries = new LinkedHashMap<>();
    String code = "";
    for (String line : lines(document)) {
      Matcher entry = ENTRY.matcher(line);
      if (entry.matches()) {
        code = entry.group(1);
        assertThat(entries.put(code, "")).as("entries for %s before", code).isNull();
      } else if (line.startsWith("#")) {
        code = "";
      } else if (!code.isEmpty()) {
        entries.merge(code, line + "\n", String::concat);
      }
    }
    return entries;
  }

  private static List<String> headings(String document) throws IOException {
    return lines(document).stream().filter(line -> line.startsWith("## ")).toList();
  }

  private static List<String> lines(String document) throws IOException {
    return Files.readAllLines(SharedData.checkout().resolve(document));
  }
}
