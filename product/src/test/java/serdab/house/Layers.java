package serdab.house;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The two tables of ARCHITECTURE.md, and what breaks them in a folder of class files.
///
/// Looks at the constant pool, so a name spelled out in the code counts as much as an import. What
/// the compiler copies, a constant of another class, leaves no trace there: [#importsThatBreakIt]
/// looks at the sources for that.
public final class Layers {

  private static final Pattern ROW = Pattern.compile("\\|([^|]*)\\|([^|]*)\\|([^|]*)\\|");
  private static final Pattern PERMISSION = Pattern.compile("\\|([^|]*)\\|([^|]*)\\|");
  private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
  private static final Pattern TYPE_IN_DESCRIPTOR = Pattern.compile("L(serdab/[\\w/$]+)[;<.]");
  private static final Pattern IMPORT =
      Pattern.compile("\\bimport (?:static )?(serdab(?:\\.[a-z]\\w*)*)\\.[A-Z]");
  private static final String ROOT = "(root)";

  /// What one permission of the second table is about: a class, or a member as `class.name` with an
  /// optional descriptor.
  private static final Map<String, Pattern> ACTIONS =
      Map.of(
          "print",
          Pattern.compile(
              "java/lang/System\\.(out|err|in|console)\\b.*|.*\\.printStackTrace\\(\\)V"),
          "read the wall clock",
          Pattern.compile(
              "java/lang/System\\.currentTimeMillis.*|java/time/(Clock|InstantSource)\\.system.*"
                  + "|java/time/\\w+\\.now\\((Ljava/time/ZoneId;)?\\).*|java/util/Date\\.<init>\\(\\)V"),
          "read the time zone",
          Pattern.compile("java/time/ZoneId\\.systemDefault.*|java/util/TimeZone\\.getDefault.*"),
          "make randomness",
          Pattern.compile(
              "java/lang/Math\\.random.*|java/util/UUID\\.randomUUID.*"
                  + "|java/util/(Random|SplittableRandom)\\.<init>\\(\\)V"
                  + "|java/util/concurrent/ThreadLocalRandom\\..*|java/security/SecureRandom\\..*"
                  + "|java/util/random/RandomGenerator\\.(of|getDefault).*"),
          "end the process",
          Pattern.compile("java/lang/(System|Runtime)\\.(exit|halt)\\(.*"),
          "open or change files",
          Pattern.compile(
              "java/nio/file/Files\\.(new(Byte|Input|Output|Buffered)|read|write|lines|mismatch|copy|move"
                  + "|delete|create|set).*|java/nio/channels/(Asynchronous)?FileChannel"
                  + "|java/io/(RandomAccessFile|File(In|Out)putStream|FileReader|FileWriter)"),
          "look at folders and volumes",
          Pattern.compile("java/nio/file/Files|java/io/File"),
          "use SQL",
          Pattern.compile("java/sql/.*|javax/sql/.*|org/sqlite/.*|org/postgresql/.*"),
          "start programs",
          Pattern.compile("java/lang/ProcessBuilder|java/lang/Runtime\\.exec\\(.*"));

  private record Row(boolean planned, Set<String> mayUse) {}

  private final Map<String, Row> rows = new LinkedHashMap<>();
  private final Map<String, Set<String>> permissions = new LinkedHashMap<>();

  private Layers() {}

  /// Reads the tables as people see them.
  static Layers of(String architecture) {
    Layers layers = new Layers();
    for (String line : section(architecture, "## Packages")) {
      Matcher row = ROW.matcher(line);
      if (row.matches()
          && !row.group(1).contains("---")
          && !row.group(1).strip().equals("package")) {
        layers.addRow(row.group(1).strip(), row.group(2).strip(), row.group(3).strip());
      }
    }
    for (String line : section(architecture, "## What only some packages may do")) {
      Matcher row = PERMISSION.matcher(line);
      if (row.matches() && row.group(1).contains("`")) {
        Set<String> allowed = quoted(row.group(1));
        for (String action : row.group(2).strip().split(", ", -1)) {
          layers.permissions.put(action, allowed);
        }
      }
    }
    return layers;
  }

  private static List<String> section(String text, String heading) {
    int start = text.indexOf(heading + "\n");
    if (start < 0) {
      throw new IllegalArgumentException("ARCHITECTURE.md has no section " + heading);
    }
    int end = text.indexOf("\n## ", start + 1);
    return text.substring(start, end < 0 ? text.length() : end).lines().toList();
  }

  private static Set<String> quoted(String cell) {
    return QUOTED
        .matcher(cell)
        .results()
        .map(m -> m.group(1))
        .collect(LinkedHashSet::new, Set::add, Set::addAll);
  }

  private void addRow(String name, String line, String mayUse) {
    String row = name.replace("`", "");
    Set<String> used = new TreeSet<>();
    if (mayUse.startsWith("all")) {
      used.addAll(rows.keySet());
      if (mayUse.contains(" but ")) {
        used.removeAll(quoted(mayUse));
      }
    } else {
      for (String word : quoted(mayUse)) {
        if (word.endsWith("*")) {
          String parent = word.substring(0, word.length() - 1);
          rows.keySet().stream()
              .filter(r -> r.equals(parent) || r.startsWith(parent + "."))
              .forEach(used::add);
        } else {
          used.add(word);
        }
      }
    }
    rows.put(row, new Row(line.startsWith("planned"), used));
  }

  /// The actions of the second table that nobody knows how to look for.
  Set<String> unknownActions() {
    Set<String> unknown = new TreeSet<>(permissions.keySet());
    unknown.removeAll(ACTIONS.keySet());
    return unknown;
  }

  /// The names of rows that are not marked as planned.
  Set<String> builtRows() {
    Set<String> built = new TreeSet<>();
    rows.forEach((name, row) -> {
      if (!row.planned()) {
        built.add(name);
      }
    });
    return built;
  }

  /// The rows that the class files below a folder belong to.
  Set<String> rowsIn(Path classes) throws IOException {
    Set<String> found = new TreeSet<>();
    for (Path file : filesBelow(classes, ".class")) {
      ClassModel model = ClassFile.of().parse(file);
      rowOf(packageOf(model.thisClass().asInternalName())).ifPresent(found::add);
    }
    return found;
  }

  /// Each sentence names a class and what it must not use or do.
  List<String> brokenBy(Path classes) throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path file : filesBelow(classes, ".class")) {
      ClassModel model = ClassFile.of().parse(file);
      String type = model.thisClass().asInternalName();
      Optional<String> row = rowOf(packageOf(type));
      if (row.isEmpty()) {
        broken.add(type + " is in a package without a row");
        continue;
      }
      Set<String> uses = usesOf(model);
      for (String used : uses) {
        if (used.startsWith("serdab/")
            && !used.contains(".")
            && !mayUse(row.get(), packageOf(used))) {
          broken.add(type + " uses " + used);
        }
      }
      permissions.forEach((action, allowed) -> {
        Pattern pattern = ACTIONS.get(action);
        if (pattern == null || allowed.stream().anyMatch(a -> isOrIsBelow(row.get(), a))) {
          return;
        }
        uses.stream()
            .filter(used -> pattern.matcher(used).matches())
            .forEach(used -> broken.add(type + " must not " + action + ": " + used));
      });
    }
    return broken;
  }

  /// The same for import lines of sources.
  List<String> importsThatBreakIt(Path sources) throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path file : filesBelow(sources, ".java")) {
      String folder = sources.relativize(file.resolveSibling("")).toString().replace('/', '.');
      Optional<String> row = rowOf(folder);
      Matcher imported = IMPORT.matcher(Files.readString(file));
      while (row.isPresent() && imported.find()) {
        if (!mayUse(row.get(), imported.group(1))) {
          broken.add(sources.relativize(file) + " imports from " + imported.group(1));
        }
      }
    }
    return broken;
  }

  private boolean mayUse(String row, String usedPackage) {
    Optional<String> used = rowOf(usedPackage);
    Row rule = rows.get(row);
    return used.isPresent()
        && rule != null
        && (used.get().equals(row)
            || used.get().equals(ROOT)
            || rule.mayUse().contains(used.get()));
  }

  /// The row of a package such as `serdab.source.horos`, or of its nearest parent.
  private Optional<String> rowOf(String packageName) {
    if (packageName.equals("serdab")) {
      return Optional.of(ROOT);
    }
    String name = packageName.replaceFirst("^serdab\\.", "");
    while (!rows.containsKey(name)) {
      int dot = name.lastIndexOf('.');
      if (dot < 0) {
        return Optional.empty();
      }
      name = name.substring(0, dot);
    }
    return Optional.of(name);
  }

  private static boolean isOrIsBelow(String row, String parent) {
    return row.equals(parent) || row.startsWith(parent + ".");
  }

  private static Set<String> usesOf(ClassModel model) {
    Set<String> uses = new TreeSet<>();
    for (PoolEntry entry : model.constantPool()) {
      switch (entry) {
        case ClassEntry type -> uses.add(elementType(type.asInternalName()));
        case MemberRefEntry member ->
            uses.add(
                member.owner().asInternalName()
                    + "."
                    + member.name().stringValue()
                    + (member.type().stringValue().startsWith("(") ? "" : " ")
                    + member.type().stringValue());
        case Utf8Entry text ->
            TYPE_IN_DESCRIPTOR
                .matcher(text.stringValue())
                .results()
                .forEach(m -> uses.add(m.group(1)));
        default -> {}
      }
    }
    return uses;
  }

  private static String elementType(String name) {
    return name.replaceFirst("^\\[+L?", "").replaceFirst(";$", "");
  }

  private static String packageOf(String internalName) {
    int slash = internalName.lastIndexOf('/');
    return slash < 0 ? "" : internalName.substring(0, slash).replace('/', '.');
  }

  private static List<Path> filesBelow(Path folder, String suffix) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(f -> f.toString().endsWith(suffix)).sorted().toList();
    }
  }
}
