package serdab.daemon;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import serdab.SerdabException;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.NotesInCopy;
import serdab.destination.VersionReader;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Rejections;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.restore.FullerVersion;

/// One version of a study that is open for reading, and which of its files are served. One thread
/// at a time.
///
/// Served are files that name themselves and this study, each SOP instance once: of two files with
/// one UID the first. What a rejection note rejects is left out unless it is asked for.
final class StudyLook implements AutoCloseable {

  /// So many files are tried for their header, should the first be damaged.
  private static final int HEADERS_TRIED = 3;

  private final HeldVersion version;
  private final VersionReader reader;
  private final List<StoredFile> files;

  private StudyLook(HeldVersion version, VersionReader reader, List<StoredFile> files) {
    this.version = version;
    this.reader = reader;
    this.files = files;
  }

  /// Opens a copy.
  ///
  /// @throws SerdabException when it is damaged or its place fails
  static StudyLook open(Destination from, HeldVersion version, boolean withRejected) {
    VersionReader reader = from.read(version);
    try {
      return new StudyLook(version, reader, served(reader, withRejected));
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  /// Opens the newest copy that is to be used; for one that lacks files, a fuller one before it.
  ///
  /// @throws SerdabException when it is damaged or its place fails
  static StudyLook newest(Destination from, HeldVersion newest, boolean withRejected) {
    StudyLook look = open(from, newest, withRejected);
    Optional<HeldVersion> fuller;
    try {
      fuller = FullerVersion.of(from, newest, look.reader.version());
    } catch (RuntimeException e) {
      look.close();
      throw e;
    }
    if (fuller.isEmpty()) {
      return look;
    }
    look.close();
    return open(from, fuller.get(), withRejected);
  }

  private static List<StoredFile> served(VersionReader reader, boolean withRejected) {
    StudyVersion version = reader.version();
    Rejections rejections = withRejected ? Rejections.NONE : NotesInCopy.of(reader);
    String study = version.facts().key().value();
    Set<String> seen = new HashSet<>();
    List<StoredFile> files = new ArrayList<>(version.files().size());
    for (StoredFile file : version.files()) {
      Optional<InstanceFacts> facts = file.instance();
      if (facts.isPresent()
          && !facts.get().sop().value().isEmpty()
          && facts.get().study().value().equals(study)
          && rejections.reason(file).isEmpty()
          && seen.add(facts.get().sop().value())) {
        files.add(file);
      }
    }
    return files;
  }

  /// What is served, in the version's order.
  List<StoredFile> files() {
    return files;
  }

  HeldVersion version() {
    return version;
  }

  VersionReader reader() {
    return reader;
  }

  static InstanceFacts facts(StoredFile file) {
    return file.instance().orElseThrow();
  }

  static Kind kind(StoredFile file) {
    return new Kind(facts(file).sopClassUid(), facts(file).transferSyntaxUid());
  }

  /// What is kept of the study in memory; empty when nothing of it can be served.
  ///
  /// @param place see [HeldStudy]
  /// @param seenAs see [HeldStudy]
  /// @param shared one value for all that are equal, so that many studies share one
  /// @throws SerdabException when no header of it can be read
  Optional<HeldStudy> summary(int place, long seenAs, Map<Kind, Kind> shared) {
    if (files.isEmpty()) {
      return Optional.empty();
    }
    Map<Kind, Integer> kinds = new HashMap<>();
    Set<String> series = new HashSet<>();
    Set<String> modalities = new TreeSet<>();
    for (StoredFile file : files) {
      Kind kind = kind(file);
      kinds.merge(shared.computeIfAbsent(kind, same -> same), 1, Integer::sum);
      series.add(facts(file).series().value());
      if (!facts(file).modality().isEmpty()) {
        modalities.add(facts(file).modality());
      }
    }
    return Optional.of(
        new HeldStudy(
            place,
            version,
            reader.version().readAt(),
            series.size(),
            files.size(),
            kinds,
            HeldStudy.Packed.of(header()),
            String.join("\\", modalities).intern(),
            seenAs));
  }

  private Header header() {
    for (int i = 0; ; i++) {
      try {
        return Header.read(reader, files.get(i));
      } catch (SerdabException.Damaged e) {
        if (i + 1 >= Math.min(HEADERS_TRIED, files.size())) {
          throw e;
        }
      }
    }
  }

  @Override
  public void close() {
    reader.close();
  }
}
