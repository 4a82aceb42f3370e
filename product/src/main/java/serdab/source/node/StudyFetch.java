package serdab.source.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.FileMeta;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.IncomingInstance;
import serdab.dicom.net.InstanceSink;
import serdab.dicom.net.NodeSheet;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.find.Questions;
import serdab.dicom.net.web.InstanceRow;

/// Brings a study from a node into a folder of ours, instance by instance. What arrived stays there
/// until the study was given on: whoever begins anew within a day, after the node, the network or
/// this program broke off, asks only for the rest.
///
/// One thread at a time; what arrives may come on others.
final class StudyFetch implements InstanceSink {

  /// What arrived longer ago is fetched again: the node may have another by now.
  static final Duration KEPT = Duration.ofDays(1);

  private static final Pattern WHOLE = Pattern.compile("([0-9a-f]{64})\\.dcm");
  private static final int CHUNK_BYTES = 256 << 10;

  /// Beside those that a node is asked about: in what instances may be held, too (PS3.5 annex A).
  private static final List<String> MORE_SYNTAXES =
      List.of(
          "1.2.840.10008.1.2.4.103",
          "1.2.840.10008.1.2.4.107",
          "1.2.840.10008.1.2.4.202",
          "1.2.840.10008.1.2.4.203");

  private final Path folder;
  private final String from;
  private final StudyInstanceUid study;
  private final Map<String, Arrived> arrived = new ConcurrentHashMap<>();
  private final AtomicLong drafts = new AtomicLong();
  private final AtomicReference<@Nullable SerdabException> failure = new AtomicReference<>();

  /// An instance that is here.
  ///
  /// @param file a Part 10 file
  record Arrived(SeriesInstanceUid series, SopInstanceUid sop, Path file, long lengthBytes) {}

  private StudyFetch(Path folder, String from, StudyInstanceUid study) {
    this.folder = folder;
    this.from = from;
    this.study = study;
  }

  /// Begins, or goes on where an earlier one broke off.
  ///
  /// @param parent where studies are kept on their way
  /// @param node its address: of another one nothing is taken over
  /// @param from its AE title, for the files' own headers
  static StudyFetch of(Path parent, String node, String from, StudyInstanceUid study, Instant now) {
    String name =
        Sha256.digest((node + "\n" + study.value()).getBytes(StandardCharsets.UTF_8)).hex();
    StudyFetch fetch = new StudyFetch(parent.resolve(name.substring(0, 32)), from, study);
    try {
      Files.createDirectories(fetch.folder);
      fetch.takeOver(now);
    } catch (IOException e) {
      throw failed(parent, e);
    }
    return fetch;
  }

  /// Removes what earlier ones left that is too old to be taken over.
  static void sweep(Path parent, Instant now) {
    if (!Files.isDirectory(parent)) {
      return;
    }
    try (Stream<Path> folders = Files.list(parent)) {
      for (Path each : (Iterable<Path>) folders::iterator) {
        if (each.getFileName().toString().matches("[0-9a-f]{32}") && isOld(each, now)) {
          remove(each);
        }
      }
    } catch (IOException e) {
      throw failed(parent, e);
    }
  }

  private static boolean isOld(Path path, Instant now) throws IOException {
    return Files.getLastModifiedTime(path).toInstant().isBefore(now.minus(KEPT));
  }

  private static void remove(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path each : (Iterable<Path>) files::iterator) {
        Files.deleteIfExists(each);
      }
    }
    Files.deleteIfExists(folder);
  }

  private void takeOver(Instant now) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path each : (Iterable<Path>) files::iterator) {
        Matcher name = WHOLE.matcher(each.getFileName().toString());
        // A file that lost its bytes with the power has another digest.
        if (name.matches() && !isOld(each, now) && digest(each).equals(name.group(1))) {
          try (ByteSource bytes = ByteSource.open(each)) {
            note(DicomFile.read(bytes), each, bytes.lengthBytes());
          }
        } else {
          Files.deleteIfExists(each);
        }
      }
    }
  }

  private static String digest(Path file) throws IOException {
    MessageDigest hasher = Sha256.hasher();
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      while (in.read(chunk.clear()) >= 0) {
        hasher.update(chunk.flip());
      }
    }
    return Sha256.finish(hasher).hex();
  }

  private void note(DicomFile index, Path file, long lengthBytes) {
    arrived.put(
        file.getFileName().toString(),
        new Arrived(index.facts().series(), index.facts().sop(), file, lengthBytes));
  }

  // ---- asking

  /// Asks for the study, and then by name for what the node lists and did not give.
  ///
  /// @param patientId whose study it is, as the node lists it
  /// @throws SerdabException.Unavailable when the node broke off too often; what arrived is kept
  void bring(
      Retrieval retrieval,
      Questions.Instances listed,
      PatientData<String> patientId,
      Questions.Patience patience) {
    List<Kind> kinds = kinds(listed.rows().values());
    // What a cut list does not name comes only with the study as a whole.
    boolean asOne = arrived.isEmpty() || cut(listed);
    for (int tries = 1; ; tries++) {
      int before = arrived.size();
      try {
        if (asOne) {
          retrieval.study(study, patientId, kinds, this);
          requireWell();
          asOne = false;
        }
        Map<SeriesInstanceUid, List<SopInstanceUid>> bySeries = new LinkedHashMap<>();
        missing(listed)
            .forEach(row ->
                bySeries.computeIfAbsent(row.series(), _ -> new ArrayList<>()).add(row.sop()));
        for (Map.Entry<SeriesInstanceUid, List<SopInstanceUid>> each : bySeries.entrySet()) {
          retrieval.instances(study, patientId, each.getKey(), each.getValue(), kinds, this);
          requireWell();
        }
        return;
      } catch (SerdabException.Unavailable e) {
        requireWell();
        if (arrived.size() > before) {
          asOne &= cut(listed);
          tries = 0;
        }
        patience.wait(Math.max(1, tries), e);
      }
    }
  }

  /// Whether there are more than the node lists.
  private boolean cut(Questions.Instances listed) {
    return (!listed.complete() || listed.counted() > listed.rows().size())
        && (listed.counted() == 0 || here().size() < listed.counted());
  }

  /// What the node lists and did not give.
  List<InstanceRow> missing(Questions.Instances listed) {
    Set<String> here = here();
    return listed.rows().values().stream()
        .filter(row -> !here.contains(row.sop().value()))
        .toList();
  }

  private Set<String> here() {
    return arrived.values().stream().map(each -> each.sop().value()).collect(Collectors.toSet());
  }

  private void requireWell() {
    @Nullable SerdabException why = failure.get();
    if (why != null) {
      throw why;
    }
  }

  /// In what the study's instances may come; of classes that nobody names, those that are common.
  private static List<Kind> kinds(Collection<InstanceRow> rows) {
    List<String> classes = rows.stream().map(InstanceRow::sopClassUid).distinct().sorted().toList();
    boolean known = !classes.isEmpty() && !classes.contains("");
    Collection<String> named = known ? classes : NodeSheet.CLASSES.keySet();
    List<Kind> kinds = new ArrayList<>(Retrieval.kindsOf(named));
    if (known) {
      named.forEach(each -> MORE_SYNTAXES.forEach(syntax -> kinds.add(new Kind(each, syntax))));
    }
    return kinds;
  }

  // ---- arriving

  @Override
  public DimseStatus store(IncomingInstance instance) throws IOException {
    if (failure.get() != null) {
      return DimseStatus.OUT_OF_RESOURCES;
    }
    Path draft = folder.resolve(drafts.incrementAndGet() + ".part");
    MessageDigest hasher = Sha256.hasher();
    // The same bytes whichever way they came: who called whom stands in no header.
    byte[] header =
        FileMeta.header(
            instance.sopClassUid(), instance.sop().value(), instance.transferSyntaxUid(), from);
    try (FileChannel out = create(draft)) {
      write(out, hasher, ByteBuffer.wrap(header));
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
      while (instance.body().read(chunk.clear()) >= 0) {
        write(out, hasher, chunk.flip());
      }
    } catch (IOException | SerdabException e) {
      drop(draft);
      throw e;
    }
    return keep(draft, Sha256.finish(hasher).hex());
  }

  private DimseStatus keep(Path draft, String digest) {
    try {
      DicomFile index;
      long length;
      try (ByteSource bytes = ByteSource.open(draft)) {
        index = DicomFile.read(bytes);
        length = bytes.lengthBytes();
      }
      if (!index.facts().study().equals(study) || index.facts().sop().isEmpty()) {
        drop(draft);
        return DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS;
      }
      Path place = folder.resolve(digest + ".dcm");
      Files.move(draft, place, StandardCopyOption.REPLACE_EXISTING);
      note(index, place, length);
      return DimseStatus.SUCCESS;
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private FileChannel create(Path draft) {
    try {
      return FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private void write(FileChannel out, MessageDigest hasher, ByteBuffer bytes) {
    hasher.update(bytes.duplicate());
    try {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    } catch (IOException e) {
      throw broken(e);
    }
  }

  private static void drop(Path draft) {
    try {
      Files.deleteIfExists(draft);
    } catch (IOException e) {
      // It goes with the folder.
    }
  }

  private SerdabException.Unavailable broken(IOException e) {
    SerdabException.Unavailable why = failed(folder, e);
    failure.compareAndSet(null, why);
    return why;
  }

  private static SerdabException.Unavailable failed(Path folder, IOException e) {
    return new SerdabException.Unavailable(
        new Problem(
            "scratch-failed",
            "A study on its way could not be kept in " + folder + ".",
            "Make room on that disk, or let SERDAB_HOME be on another one, and run again."),
        e);
  }

  // ---- giving on

  /// What arrived, in a fixed order.
  List<Arrived> all() {
    return arrived.values().stream()
        .sorted(
            Comparator.comparing((Arrived each) -> each.series().value())
                .thenComparing(each -> each.sop().value())
                .thenComparing(each -> each.file().getFileName().toString()))
        .toList();
  }

  /// Takes the whole out of the folder, which is empty then.
  void forget() {
    try {
      remove(folder);
    } catch (IOException e) {
      // What cannot be removed now is removed a day later.
      arrived.clear();
    }
  }

  /// Keeps what is not wanted from being given: what arrived for an earlier attempt and is not
  /// listed any more.
  void leaveOut(Set<String> gone) {
    arrived.values().removeIf(each -> gone.contains(each.sop().value()));
  }
}
