package serdab.testing.world;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.PatientData;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceFile;
import serdab.source.SourceId;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;

/// A source in memory, whose studies a test makes, changes, breaks and counts the reading of.
public final class WorldSource implements Source {

  /// One file as the source holds it.
  @SuppressWarnings("ArrayRecordComponent") // copied on the way in and out
  private record Content(byte[] bytes, Instant modified) {}

  private final Map<String, TreeMap<String, Content>> studies = new TreeMap<>();
  private final Map<String, String> dates = new HashMap<>();
  private final Set<String> broken = new HashSet<>();
  private final Set<String> missing = new HashSet<>();
  private final Map<String, byte[]> changesWhileRead = new HashMap<>();
  private boolean gone;
  private final Map<String, String> fingerprints = new HashMap<>();
  private final Map<String, Instant> added = new HashMap<>();
  private final Set<String> endangered = new HashSet<>();
  private Runnable eachReading = () -> {};
  private long bytesRead;

  // ---- what tests do to it

  /// Puts a file into a study, or another content in its place.
  public synchronized void put(String study, String path, byte[] content, Instant modified) {
    studies
        .computeIfAbsent(study, _ -> new TreeMap<>())
        .put(path, new Content(content.clone(), modified));
  }

  public synchronized void date(String study, String isoDate) {
    dates.put(study, isoDate);
  }

  public synchronized void remove(String study) {
    studies.remove(study);
  }

  /// Takes one file out of a study.
  public synchronized void take(String study, String path) {
    studies.getOrDefault(study, new TreeMap<>()).remove(path);
  }

  /// The source's index goes on showing this study as it does now, whatever happens to its files.
  public synchronized void freezeFingerprint(String study) {
    fingerprints.put(study, look(studies.getOrDefault(study, new TreeMap<>())));
  }

  /// The source's index shows this study as it is again.
  public synchronized void thawFingerprint(String study) {
    fingerprints.remove(study);
  }

  /// Lists a study without files.
  public synchronized void putEmpty(String study) {
    studies.computeIfAbsent(study, _ -> new TreeMap<>());
  }

  /// Reading this file fails in its middle.
  public synchronized void breakFile(String path) {
    broken.add(path);
  }

  /// This file is listed and not there.
  public synchronized void loseFile(String path) {
    missing.add(path);
  }

  public synchronized void mendAll() {
    broken.clear();
    missing.clear();
    gone = false;
  }

  /// The next reading of this file sees it change half-way.
  public synchronized void changeWhileRead(String path, byte[] then) {
    changesWhileRead.put(path, then.clone());
  }

  /// The source's index shows this from now on, whatever happens to the study's files.
  public synchronized void hideChangesFromTheFingerprint(String study, String fingerprint) {
    fingerprints.put(study, fingerprint);
  }

  /// The source took this study in at that time.
  public synchronized void added(String study, Instant at) {
    added.put(study, at);
  }

  /// The source's program is about to delete this study.
  public synchronized void endanger(String study) {
    endangered.add(study);
  }

  /// Does this at each reading of some bytes from now on, such as letting time pass.
  public synchronized void atEachReading(Runnable what) {
    eachReading = what;
  }

  public synchronized void pull() {
    gone = true;
  }

  public synchronized long bytesRead() {
    return bytesRead;
  }

  /// All files by "study/path".
  public synchronized Map<String, byte[]> everything() {
    Map<String, byte[]> all = new TreeMap<>();
    studies.forEach((study, files) ->
        files.forEach((path, content) -> all.put(study + " " + path, content.bytes().clone())));
    return all;
  }

  public synchronized Set<String> studyUids() {
    return new java.util.TreeSet<>(studies.keySet());
  }

  public synchronized Map<String, byte[]> files(String study) {
    Map<String, byte[]> files = new TreeMap<>();
    studies
        .getOrDefault(study, new TreeMap<>())
        .forEach((path, content) -> files.put(path, content.bytes().clone()));
    return files;
  }

  // ---- the source

  @Override
  public SourceId id() {
    return new SourceId("world:source");
  }

  @Override
  public String describe() {
    return "the world's source";
  }

  @Override
  public Path root() {
    return Path.of("/world");
  }

  @Override
  public synchronized Inventory inventory() {
    checkThere();
    List<SourceStudy> listed = new ArrayList<>();
    studies.forEach((uid, files) -> listed.add(listed(uid, files)));
    return new Listing(listed);
  }

  private void checkThere() {
    if (gone) {
      throw new SerdabException.Unavailable(
          new Problem("source-gone", "The source's volume is gone.", "Connect it."));
    }
  }

  private SourceStudy listed(String uid, SortedMap<String, Content> files) {
    StudyFacts facts =
        new StudyFacts(
            new StudyKey(uid),
            PatientData.of("Test Tina"),
            PatientData.of("T1"),
            Optional.of(PatientData.of(LocalDate.of(1970, 1, 2))),
            Optional.of(LocalDate.parse(dates.getOrDefault(uid, "2024-02-15"))),
            List.of("MR"),
            PatientData.of(""),
            PatientData.of(""));
    String fingerprint = fingerprints.getOrDefault(uid, look(files));
    return new SourceStudy(
        facts, fingerprint, files.size(), Optional.ofNullable(added.get(uid)), List.of(), uid);
  }

  private static String look(SortedMap<String, Content> files) {
    StringBuilder text = new StringBuilder();
    files.forEach((path, content) ->
        text.append(path)
            .append(' ')
            .append(content.bytes().length)
            .append(' ')
            .append(content.modified())
            .append('\n'));
    return Sha256.digest(text.toString().getBytes(StandardCharsets.UTF_8)).hex();
  }

  @Override
  public void close() {}

  private final class Listing implements Inventory {
    private final List<SourceStudy> listed;

    Listing(List<SourceStudy> listed) {
      this.listed = listed;
    }

    @Override
    public long studyCount() {
      return listed.size();
    }

    @Override
    public Stream<Finding> findings() {
      return Stream.empty();
    }

    @Override
    public Stream<SourceStudy> studies(Order order) {
      return listed.stream()
          .sorted(
              Comparator.comparing((SourceStudy study) -> study.facts().studyDate().orElseThrow())
                  .thenComparing(SourceStudy::key));
    }

    @Override
    public boolean endangered(SourceStudy study) {
      synchronized (WorldSource.this) {
        return endangered.contains(study.handle());
      }
    }

    @Override
    public String look(SourceStudy study) {
      synchronized (WorldSource.this) {
        checkThere();
        TreeMap<String, Content> files = studies.getOrDefault(study.handle(), new TreeMap<>());
        String gaps = String.join(",", files.keySet().stream().filter(missing::contains).toList());
        return WorldSource.look(files) + gaps;
      }
    }

    @Override
    public List<SourceFile> files(SourceStudy study) {
      synchronized (WorldSource.this) {
        List<SourceFile> files = new ArrayList<>();
        studies
            .getOrDefault(study.handle(), new TreeMap<>())
            .forEach((path, content) -> files.add(file(path, content)));
        return files;
      }
    }

    private static SourceFile file(String path, Content content) {
      return new SourceFile(path, content.bytes().length, content.modified().toEpochMilli());
    }

    @Override
    public Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver) {
      TreeMap<String, Content> files;
      synchronized (WorldSource.this) {
        checkThere();
        files = new TreeMap<>(studies.getOrDefault(study.handle(), new TreeMap<>()));
      }
      for (Map.Entry<String, Content> entry : files.entrySet()) {
        String path = entry.getKey();
        Content content = entry.getValue();
        SourceFile file = file(path, content);
        if (leaveOut.contains(path)) {
          receiver.notGiven(file, StudyReceiver.NotGiven.UNREADABLE, "It broke before.");
          continue;
        }
        if (missing.contains(path)) {
          receiver.notGiven(file, StudyReceiver.NotGiven.MISSING, "It is not there.");
          continue;
        }
        try {
          receiver.take(file, new Counted(path, content.bytes()));
        } catch (IOException e) {
          return new Delivery.Broke(file, "It cannot be read.");
        }
        byte[] then = changesWhileRead.remove(path);
        if (then != null) {
          put(study.handle(), path, then, content.modified().plusSeconds(1));
          return new Delivery.Changed(file);
        }
      }
      return new Delivery.Complete();
    }

    @Override
    public void close() {}
  }

  private final class Counted implements ByteSource {
    private final String path;
    private final ByteSource bytes;

    Counted(String path, byte[] content) {
      this.path = path;
      this.bytes = ByteSource.of(content);
    }

    @Override
    public long lengthBytes() throws IOException {
      return bytes.lengthBytes();
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
      if (broken.contains(path)) {
        throw new IOException("a bad sector");
      }
      int got = bytes.read(position, target);
      synchronized (WorldSource.this) {
        eachReading.run();
        bytesRead += Math.max(0, got);
      }
      return got;
    }

    @Override
    public void close() throws IOException {
      bytes.close();
    }
  }
}
