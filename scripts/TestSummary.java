import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/// Reads surefire's reports for ./dev.
///
/// `summary FOLDER…` says how many tests ran and why others were skipped; it fails when none ran.
/// `rows TABLE HOW COMMIT FOLDER…` adds one row per test method to a table of docs/proof.
public final class TestSummary {

  private record TestCase(String type, String method, String skippedBecause, boolean failed) {
    boolean skipped() {
      return skippedBecause != null;
    }
  }

  public static void main(String[] arguments) throws Exception {
    List<String> rest = List.of(arguments).subList(1, arguments.length);
    System.exit(
        switch (arguments[0]) {
          case "summary" -> summarize(read(rest));
          case "rows" -> addRows(Path.of(rest.get(0)), rest.get(1), rest.get(2), read(rest.subList(3, rest.size())));
          default -> throw new IllegalArgumentException(arguments[0]);
        });
  }

  private static List<TestCase> read(List<String> folders) throws Exception {
    List<TestCase> tests = new ArrayList<>();
    for (String folder : folders) {
      tests.addAll(read(Path.of(folder)));
    }
    return tests;
  }

  private static int summarize(List<TestCase> tests) {
    Map<String, Integer> skipped = new TreeMap<>();
    tests.stream().filter(TestCase::skipped).forEach(t -> skipped.merge(t.skippedBecause, 1, Integer::sum));
    skipped.forEach((reason, count) -> System.out.println(count + " skipped: " + reason));
    long failed = tests.stream().filter(TestCase::failed).count();
    long ran = tests.stream().filter(t -> !t.skipped()).count();
    System.out.println(ran + " tests run, " + failed + " failed, " + (tests.size() - ran) + " skipped");
    if (ran == 0) {
      System.err.println("dev: no test ran");
      return 1;
    }
    return 0;
  }

  /// A "Not yet" row of the same test is replaced; earlier results stay, they hold for their commits.
  private static int addRows(Path table, String how, String commit, List<TestCase> tests) throws IOException {
    Map<String, Integer> runs = new TreeMap<>();
    Map<String, String> gaps = new TreeMap<>();
    for (TestCase test : tests) {
      String name = test.type.substring(test.type.lastIndexOf('.') + 1) + "." + test.method;
      if (test.skipped()) {
        gaps.put(name, "Not yet: " + test.skippedBecause);
      } else {
        runs.merge(name, 1, Integer::sum);
      }
    }
    List<String> lines = new ArrayList<>(Files.readAllLines(table));
    runs.forEach(
        (test, count) -> {
          lines.removeIf(line -> line.contains("`" + test + "`") && line.contains("| Not yet"));
          String result = gaps.containsKey(test) ? gaps.get(test) : count + " runs, 0 failed; " + how;
          lines.add("| " + sentence(test) + " | `" + test + "` | " + result + " | " + commit + " |");
        });
    gaps.keySet().removeAll(runs.keySet());
    gaps.forEach((test, gap) -> System.out.println(test + ": " + gap));
    Files.write(table, lines);
    return runs.isEmpty() ? 1 : 0;
  }

  /// `KillTest.aKillLosesNothing` becomes "A kill loses nothing".
  private static String sentence(String test) {
    String words =
        test.substring(test.indexOf('.') + 1).replaceAll("(?<=[a-zA-Z0-9])(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
  }

  private static List<TestCase> read(Path folder) throws Exception {
    List<TestCase> tests = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return tests;
    }
    List<Path> reports;
    try (Stream<Path> files = Files.list(folder)) {
      reports = files.filter(f -> f.getFileName().toString().matches("TEST-.*\\.xml")).sorted().toList();
    }
    for (Path report : reports) {
      tests.addAll(readReport(report));
    }
    return tests;
  }

  private static List<TestCase> readReport(Path report) throws Exception {
    DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    NodeList cases = builder.parse(report.toFile()).getElementsByTagName("testcase");
    List<TestCase> tests = new ArrayList<>();
    for (int i = 0; i < cases.getLength(); i++) {
      Element test = (Element) cases.item(i);
      NodeList skips = test.getElementsByTagName("skipped");
      String because = skips.getLength() == 0 ? null : reason((Element) skips.item(0));
      boolean failed =
          test.getElementsByTagName("failure").getLength() > 0 || test.getElementsByTagName("error").getLength() > 0;
      tests.add(new TestCase(test.getAttribute("classname"), methodOf(test.getAttribute("name")), because, failed));
    }
    return tests;
  }

  /// Surefire appends the parameters, and the number of the run: `name(RandomGenerator)[3]`.
  private static String methodOf(String name) {
    return name.split("[({\\[ ]", 2)[0];
  }

  private static String reason(Element skipped) {
    String message = skipped.getAttribute("message") + "\n" + skipped.getTextContent();
    String first = message.lines().map(String::strip).filter(l -> !l.isEmpty()).findFirst().orElse("no reason given");
    return first.replaceFirst("^[\\w.]+TestAbortedException: ", "").replaceFirst("^Assumption failed: ", "");
  }
}
