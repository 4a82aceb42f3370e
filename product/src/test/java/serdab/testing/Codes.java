package serdab.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import serdab.dicom.Anomaly;
import serdab.dicom.DicomDir;
import serdab.source.StudyReceiver;

/// Every problem code and finding kind that the sources of the product can make.
///
/// Codes pass through variables and helping methods, so that looking for `new Problem("` alone
/// would miss some. Each literal in kebab case counts therefore, except the words in
/// [#WORDS_OF_OTHER_KINDS].
public final class Codes {

  /// Literals in kebab case that are neither codes nor kinds. Who adds a literal to the product
  /// writes an entry in `docs/troubleshooting.md` when people can meet it as a code, and adds it
  /// here when not.
  public static final Set<String> WORDS_OF_OTHER_KINDS =
      Set.of(
          "copy-already",
          "fuse-t",
          "gvfsd-fuse",
          "kept-index",
          "import-tree",
          "not-compared",
          "only-copy",
          "to-check",
          "wrong-study",
          // values of options and keys of plans
          "jpeg-ls",
          "date-added",
          "date-added-newest",
          "client-id",
          "client-secret",
          "dicom-only",
          "token-url",
          "horos-script",
          "horos-zip",
          "import-guard-files",
          "quiet-time",
          "studies-for",
          "study-date",
          "versions-for",
          // outcomes and reasons in reports (docs/json.md, docs/retention.md, docs/status.md)
          "held-back",
          "in-source",
          "index-copy",
          "last-proven-copy",
          "never-copied",
          "no-rule",
          "no-source-asked",
          "not-ours",
          "other-not-asked",
          "not-proven",
          "not-safe",
          "one-copy",
          "one-medium",
          "only-images",
          "proof-old",
          "run-control",
          "run-ended",
          "source-not-looked-at",
          "source-partly-read",
          "not-looked-at",
          "study-age",
          "months-over",
          "study-over",
          "unknown-copy",
          "unknown-date",
          "version-over",
          // names of facts, forms, files, groups and states in what we store
          "absolute-found",
          "bytes-free",
          "bytes-missing",
          "bytes-needed",
          "date-of-study",
          "retention-hold",
          "destruction-certificate",
          "earlier-index",
          "file-copy",
          "library-index-copy",
          "linked-without-study",
          "month-done",
          "not-readable",
          "not-run",
          "no-images",
          "not-in-list",
          "online-backup",
          "recovery-catalogue",
          "recovered-at",
          "retention-plan",
          "sealed-repository-writer",
          "sealed-repository",
          "sealed-version",
          "serdab-drill",
          "study-manifest",
          "study-zip-tree",
          "tree-index",
          "tree-inventory",
          "viewer-files",
          "volume-sentinel",
          // threads, processes and the system
          "daemon-reload",
          "dicom-association",
          "dicom-listen",
          "dicom-report",
          "dicom-send",
          "first-wait",
          "read-back",
          "wait-factor",
          "wait-max",
          "dicom-watchdog",
          "enable-linger",
          "is-enabled",
          "library-search",
          "look-at-volume",
          "open-volume",
          "serdab-backup",
          "stop-on-signal",
          "utf-8",
          "xdg-open");

  private static final Pattern KEBAB = Pattern.compile("\"([a-z][a-z0-9]*(?:-[a-z0-9]+)+)\"");
  private static final Pattern VERSIONED = Pattern.compile(".*-(v?\\d+)");
  private static final Pattern WORD = Pattern.compile("\"([a-z][a-z0-9-]*[a-z0-9])\"");
  private static final Pattern CONSTANT = Pattern.compile("[A-Z][A-Z0-9_]+");
  private static final Pattern PROBLEM = Pattern.compile("new\\s+Problem\\(");
  private static final Pattern FINDING =
      Pattern.compile("(?:Finding\\s*\\.about|new\\s+Finding)\\(");

  private final SortedSet<String> problems = new TreeSet<>();
  private final SortedSet<String> findings = new TreeSet<>();
  private final SortedSet<String> otherWords = new TreeSet<>();

  private Codes() {}

  /// Reads all sources of the product.
  public static Codes ofTheProduct() {
    Codes codes = new Codes();
    SortedSet<String> literals = new TreeSet<>();
    for (String source : sources()) {
      codes.read(source, literals);
    }
    Arrays.stream(Anomaly.Kind.values()).forEach(kind -> codes.findings.add(kebab(kind)));
    Arrays.stream(DicomDir.Oddity.Kind.values())
        .forEach(kind -> codes.findings.add("dicomdir-" + kebab(kind)));
    Arrays.stream(StudyReceiver.NotGiven.values())
        .forEach(reason -> codes.findings.add("file-" + kebab(reason)));
    // IndexReader tells of two dates that it cannot read.
    codes.findings.add("date-of-study-not-understood");
    codes.findings.add("date-added-not-understood");
    for (String literal : literals) {
      if (WORDS_OF_OTHER_KINDS.contains(literal)) {
        codes.otherWords.add(literal);
      } else if (!VERSIONED.matcher(literal).matches() && !codes.findings.contains(literal)) {
        codes.problems.add(literal);
      }
    }
    return codes;
  }

  /// Codes of problems.
  public SortedSet<String> problems() {
    return problems;
  }

  /// Kinds of findings; one may be the code of a problem as well.
  public SortedSet<String> findings() {
    return findings;
  }

  /// Both.
  public SortedSet<String> all() {
    SortedSet<String> all = new TreeSet<>(problems);
    all.addAll(findings);
    return all;
  }

  /// Which of the [#WORDS_OF_OTHER_KINDS] occur.
  public SortedSet<String> otherWords() {
    return otherWords;
  }

  private void read(String source, SortedSet<String> literals) {
    KEBAB.matcher(source).results().forEach(found -> literals.add(found.group(1)));
    Matcher problem = PROBLEM.matcher(source);
    while (problem.find()) {
      addWords(arguments(source, problem.end()).getFirst(), source, problems);
    }
    Matcher finding = FINDING.matcher(source);
    while (finding.find()) {
      List<String> arguments = arguments(source, finding.end());
      boolean about = finding.group().contains("about");
      if (arguments.size() >= 3 && !arguments.get(about ? 1 : 0).contains("one,")) {
        addWords(arguments.get(about ? 1 : 0), source, findings);
      }
    }
  }

  /// The literals of one argument; calls in it may take others that are no codes.
  private static void addWords(String argument, String source, Set<String> to) {
    if (argument.contains("(")) {
      return;
    }
    if (CONSTANT.matcher(argument.strip()).matches()) {
      Pattern meaning = Pattern.compile("String " + argument.strip() + " = (\"[a-z0-9-]+\");");
      meaning.matcher(source).results().forEach(found -> addWords(found.group(1), "", to));
    }
    WORD.matcher(argument).results().forEach(found -> to.add(found.group(1)));
  }

  /// The arguments of a call, as they are written.
  private static List<String> arguments(String source, int from) {
    List<String> arguments = new ArrayList<>();
    StringBuilder argument = new StringBuilder();
    int depth = 0;
    boolean text = false;
    for (int at = from; at < source.length(); at++) {
      char c = source.charAt(at);
      if (text) {
        argument.append(c);
        if (c == '\\') {
          argument.append(source.charAt(++at));
        } else {
          text = c != '"';
        }
        continue;
      }
      if (c == '"') {
        text = true;
      } else if (c == '(' || c == '{' || c == '[') {
        depth++;
      } else if (c == ')' || c == '}' || c == ']') {
        if (depth-- == 0) {
          break;
        }
      } else if (c == ',' && depth == 0) {
        arguments.add(argument.toString());
        argument.setLength(0);
        continue;
      }
      argument.append(c);
    }
    arguments.add(argument.toString());
    return arguments;
  }

  private static List<String> sources() {
    Path root = SharedData.checkout().resolve("product/src/main/java");
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .map(Codes::withoutComments)
          .collect(Collectors.toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String withoutComments(Path file) {
    try {
      return Files.readString(file).replaceAll("(?m)^\\s*//.*$", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String kebab(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
