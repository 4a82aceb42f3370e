package serdab.dicom;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.Python;
import serdab.testing.SharedData;

/// Every real file as we read it, as dcmdump reads it and as pydicom reads it: the same elements,
/// VRs, lengths and values, or a row of docs/dicom-differences.md that says why not. A row that is
/// no longer needed fails too.
@org.junit.jupiter.api.Tag("prove-differential") // Tag is a DICOM tag here
@Needs({Peer.SHARED_DATA, Peer.DCMTK, Peer.PYDICOM})
class DifferentialTest {

  private static final Pattern DCMDUMP_LINE =
      Pattern.compile(
          "^( *)\\(([0-9a-f]{4}),([0-9a-f]{4})\\) (..) (.*?) +# +(u/l|\\d+), *\\d+ [^#]*$");

  private static final Pattern TAG = Pattern.compile("\\([0-9A-F]{4},[0-9A-F]{4}\\)");

  /// How a reader differs from us.
  enum Difference {
    /// It finds no data set in the file, or we find none.
    NO_DATA_SET,
    /// It lacks elements that we list.
    MISSING,
    /// It has elements that we do not list.
    EXTRA,
    VR,
    LENGTH,
    VALUE
  }

  private record Found(String file, String reader, Difference difference, String tag) {}

  private record Explanation(
      PathMatcher files, String reader, String difference, String tags, String row) {

    boolean covers(Found found) {
      return reader.equals(found.reader)
          && List.of(difference.split(" ")).contains(found.difference.name())
          && (tags.equals("all") || List.of(tags.split(" ")).contains(found.tag))
          && files.matches(Path.of(found.file));
    }
  }

  @TempDir Path temp;

  @Test
  void everyDifferenceFromDcmdumpAndPydicomIsExplained() throws IOException, InterruptedException {
    List<Path> files = files();
    Map<String, Listing> dcmdump = runDcmdump();
    Map<String, Listing> pydicom = runPydicom(files);

    Map<Found, List<String>> found = new LinkedHashMap<>();
    for (Path file : files) {
      compare(file, dcmdump, pydicom, found);
    }

    assertThat(dcmdump).hasSizeGreaterThan(files.size() * 3 / 4);
    assertThat(pydicom).hasSameSizeAs(files);
    List<Explanation> explanations = explanations();
    Set<String> unexplained = new LinkedHashSet<>();
    Set<Explanation> needed = new LinkedHashSet<>();
    found.forEach((difference, examples) -> {
      List<Explanation> covering = explanations.stream().filter(e -> e.covers(difference)).toList();
      needed.addAll(covering);
      if (covering.isEmpty()) {
        unexplained.add(
            String.join(
                " | ",
                difference.file(),
                difference.reader(),
                difference.difference().name(),
                difference.tag(),
                examples.size() + " times, first " + examples.getFirst()));
      }
    });
    // What is missing in the table, in the form of its rows.
    Files.write(SharedData.checkout().resolve("product/target/dicom-differences.txt"), unexplained);
    assertThat(unexplained).as("differences without a row").isEmpty();
    assertThat(explanations).as("rows no longer needed").allMatch(needed::contains);
  }

  private static void compare(
      Path file,
      Map<String, Listing> dcmdump,
      Map<String, Listing> pydicom,
      Map<Found, List<String>> found)
      throws IOException {
    String name = SharedData.dicom().relativize(file).toString();
    try (ByteSource source = ByteSource.open(file)) {
      DicomFile ours = DicomFile.read(source);
      Listing dump = dcmdump.getOrDefault(name, new Listing());
      Listing python = pydicom.getOrDefault(name, new Listing());
      if (!ours.isDicom()) {
        // dcmdump prints what it can make of any bytes, so only pydicom is asked whether it is
        // DICOM.
        if (!python.entries.isEmpty()) {
          note(found, name, "pydicom", Difference.NO_DATA_SET, "", "we have none");
        }
        return;
      }
      compare(name, "pydicom", Listing.ofOurs(ours, false), python, found);
      compare(name, "dcmdump", Listing.ofOurs(ours, true), dump, found);
    }
  }

  private static void compare(
      String name, String reader, Listing ours, Listing theirs, Map<Found, List<String>> found)
      throws IOException {
    if (theirs.entries.isEmpty()) {
      note(found, name, reader, Difference.NO_DATA_SET, "", theirs.failure);
      return;
    }
    for (Map.Entry<String, Listing.Entry> entry : ours.entries.entrySet()) {
      String path = entry.getKey();
      Listing.Entry our = entry.getValue();
      Listing.Entry their = theirs.entries.get(path);
      if (their == null) {
        note(found, name, reader, Difference.MISSING, path, "");
        continue;
      }
      if (!vrAgrees(our.vr(), their.vr())) {
        note(found, name, reader, Difference.VR, path, our.vr() + " is " + their.vr());
      }
      if (!their.length().equals(".") && !our.length().equals(their.length())) {
        note(found, name, reader, Difference.LENGTH, path, our.length() + " is " + their.length());
      }
      Listing.Place place = ours.places.get(path);
      if (place != null && !their.value().equals(".") && !valueAgrees(reader, place, their)) {
        note(found, name, reader, Difference.VALUE, path, their.value());
      }
    }
    for (String path : theirs.entries.keySet()) {
      if (!ours.entries.containsKey(path)) {
        note(found, name, reader, Difference.EXTRA, path, "");
      }
    }
  }

  /// dcmdump has names of its own for VRs that it looks up; pydicom keeps the standard's choice.
  private static boolean vrAgrees(String ours, String theirs) {
    return switch (theirs) {
      case "na", "pi" -> ours.equals("NONE");
      case "up" -> ours.equals("UL");
      case "px", "ox" -> ours.equals("OW") || ours.equals("OB");
      case "lt" -> ours.equals("OW") || ours.equals("US") || ours.equals("SS");
      case "xs" -> ours.equals("US") || ours.equals("SS");
      case "??" -> ours.equals("UN");
      default -> List.of(theirs.split("/")).contains(ours);
    };
  }

  private static boolean valueAgrees(String reader, Listing.Place place, Listing.Entry theirs)
      throws IOException {
    if (reader.equals("pydicom")) {
      return Listing.sha1(place.dataSet(), place.i()).equals(theirs.value());
    }
    String vr = theirs.vr().equals("xs") ? place.dataSet().vr(place.i()).name() : theirs.vr();
    return DcmdumpNotation.agrees(place.dataSet(), place.i(), vr, theirs.value());
  }

  private static void note(
      Map<Found, List<String>> found,
      String file,
      String reader,
      Difference difference,
      String path,
      String detail) {
    Matcher tags = TAG.matcher(path);
    String tag = "";
    while (tags.find()) {
      tag = tags.group();
    }
    found
        .computeIfAbsent(new Found(file, reader, difference, tag), f -> new ArrayList<>())
        .add(path + " " + detail);
  }

  private static List<Path> files() throws IOException {
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      return walk.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private Map<String, Listing> runDcmdump() throws IOException, InterruptedException {
    Path output = temp.resolve("dcmdump.txt");
    // -dc: no corrections, +E: as much as it can read, +Qo: one line for each value.
    ProcessBuilder builder =
        new ProcessBuilder("dcmdump", "-q", "-dc", "+E", "+F", "-Un", "+Qo", "+sd", "+r", ".")
            .directory(SharedData.dicom().toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    // Private dictionaries give VRs to elements that have none in the file; we leave those unknown.
    try (Stream<Path> dictionaries = Files.walk(Path.of("/usr/share"), 2)) {
      dictionaries
          .filter(path -> path.endsWith("dicom.dic"))
          .findFirst()
          .ifPresent(path -> builder.environment().put("DCMDICTPATH", path.toString()));
    }
    // Its exit code counts the files it has something to say about.
    builder.start().waitFor();
    Map<String, Listing> listings = new HashMap<>();
    Listing listing = new Listing();
    for (String line : Files.readAllLines(output, ISO_8859_1)) {
      if (line.startsWith("# dcmdump (")) {
        listing = new Listing();
        listings.put(line.substring(line.indexOf(": ") + 2).replaceFirst("^\\./", ""), listing);
        continue;
      }
      Matcher parts = DCMDUMP_LINE.matcher(line);
      if (!parts.matches()) {
        continue;
      }
      int tag = Integer.parseUnsignedInt(parts.group(2) + parts.group(3), 16);
      if (tag == Tag.ItemDelimitationItem || tag == Tag.SequenceDelimitationItem) {
        continue;
      }
      int level = parts.group(1).length() / 2;
      String length = parts.group(6).equals("u/l") ? "-" : parts.group(6);
      String value = parts.group(5).trim();
      boolean holdsMore =
          value.startsWith("(Sequence with")
              || value.startsWith("(Item with")
              || value.startsWith("(PixelSequence");
      Listing.Entry entry = new Listing.Entry(parts.group(4), length, holdsMore ? "." : value);
      if (tag == Tag.Item) {
        listing.item((level - 1) / 2, entry);
      } else {
        listing.element(level / 2, tag, entry);
      }
    }
    return listings;
  }

  private Map<String, Listing> runPydicom(List<Path> files)
      throws IOException, InterruptedException {
    Path script = temp.resolve("pydicom-dump.py");
    try (InputStream in = DifferentialTest.class.getResourceAsStream("pydicom-dump.py")) {
      Files.copy(in, script);
    }
    StringBuilder names = new StringBuilder();
    for (Path file : files) {
      try (ByteSource source = ByteSource.open(file)) {
        DicomFile scanned = DicomFile.scan(source);
        boolean force = scanned.isDicom() && scanned.preamble().isEmpty();
        names.append(SharedData.dicom().relativize(file)).append(force ? "\tforce\n" : "\n");
      }
    }
    Path input = temp.resolve("files.txt");
    Files.writeString(input, names, UTF_8);
    Path output = temp.resolve("pydicom.txt");
    Process process =
        new ProcessBuilder(Python.withPydicom(), script.toString())
            .directory(SharedData.dicom().toFile())
            .redirectInput(input.toFile())
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(process.waitFor()).isZero();
    Map<String, Listing> listings = new HashMap<>();
    Listing listing = new Listing();
    for (String line : Files.readAllLines(output, UTF_8)) {
      if (line.startsWith("FILE ")) {
        listing = new Listing();
        listings.put(line.substring(5), listing);
      } else if (line.startsWith("REFUSED") || line.startsWith("STOPPED")) {
        listing.failure = line;
      } else {
        String[] parts = line.split(" ", 5);
        int depth = Integer.parseInt(parts[0]);
        int tag = Integer.parseUnsignedInt(parts[1], 16);
        Listing.Entry entry = new Listing.Entry(parts[2], parts[3], parts[4]);
        if (tag == Tag.Item) {
          listing.item(depth, entry);
        } else {
          listing.element(depth, tag, entry);
        }
      }
    }
    return listings;
  }

  /// The rows of the table: files, reader, difference, tags, reason.
  private static List<Explanation> explanations() throws IOException {
    List<Explanation> explanations = new ArrayList<>();
    for (String line :
        Files.readAllLines(SharedData.checkout().resolve("docs/dicom-differences.md"), UTF_8)) {
      String[] cells = line.split("\\|", -1);
      if (cells.length == 7 && cells[1].strip().startsWith("`")) {
        String glob = cells[1].strip().replace("`", "");
        explanations.add(
            new Explanation(
                FileSystems.getDefault().getPathMatcher("glob:" + glob),
                cells[2].strip(),
                cells[3].strip(),
                cells[4].strip(),
                line));
      }
    }
    return explanations;
  }
}
