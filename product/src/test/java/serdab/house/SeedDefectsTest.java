package serdab.house;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.platform.commons.annotation.Testable;
import org.junit.platform.commons.support.AnnotationSupport;
import serdab.testing.SharedData;

/// The table in `docs/seed-defects.md` names tests that there are.
class SeedDefectsTest {

  private static final int SCRIPT = 16;
  private static final int PLUGIN = 11;
  private static final Pattern ROW = Pattern.compile("^\\| ([AB]\\d+b?) \\|.*\\|(.*)\\|$");
  private static final Pattern TEST = Pattern.compile("`([\\w.]+)#(\\w+)`");

  @Test
  void everyDefectHasARowAndEveryTestNamedExists() throws Exception {
    Map<String, List<String>> rows = rows();

    assertThat(rows.keySet())
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(numbered("A", SCRIPT), numbered("B", PLUGIN), Stream.of("B9b"))
                .flatMap(each -> each)
                .toList());
    assertThat(rows).allSatisfy((defect, tests) -> assertThat(tests).as(defect).isNotEmpty());
    for (List<String> tests : rows.values()) {
      for (String test : tests) {
        assertThat(isTest(test)).as(test).isTrue();
      }
    }
  }

  @Test
  void aTestThatIsNotThereIsNoticed() throws Exception {
    assertThat(isTest("serdab.house.SeedDefectsTest#aTestThatIsNotThereIsNoticed")).isTrue();
    assertThat(isTest("serdab.house.SeedDefectsTest#aTestOfAnotherName")).isFalse();
    assertThat(isTest("serdab.house.SeedDefectsTest#rows")).isFalse();
    assertThat(isTest("serdab.house.NoSuchTest#atAll")).isFalse();
  }

  private static Stream<String> numbered(String letter, int count) {
    return IntStream.rangeClosed(1, count).mapToObj(number -> letter + number);
  }

  private static Map<String, List<String>> rows() throws IOException {
    Map<String, List<String>> rows = new LinkedHashMap<>();
    for (String line : Files.readAllLines(SharedData.checkout().resolve("docs/seed-defects.md"))) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        List<String> tests = new ArrayList<>();
        Matcher test = TEST.matcher(row.group(2));
        while (test.find()) {
          tests.add(test.group(1) + "#" + test.group(2));
        }
        rows.put(row.group(1), tests);
      }
    }
    return rows;
  }

  private static boolean isTest(String name) {
    int end = name.indexOf('#');
    try {
      for (Method method : Class.forName(name.substring(0, end)).getDeclaredMethods()) {
        if (method.getName().equals(name.substring(end + 1))
            && AnnotationSupport.isAnnotated(method, Testable.class)) {
          return true;
        }
      }
      return false;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }
}
