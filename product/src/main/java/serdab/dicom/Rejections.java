package serdab.dicom;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.PatientData;

/// What the rejection notes in one version of a study reject of it.
///
/// A note that belongs to another study or patient, or that says something in two ways, rejects
/// nothing: it counts as unclear. Notes themselves are never rejected.
public final class Rejections {

  /// No note, and nothing rejected.
  public static final Rejections NONE = new Rejections(Map.of(), Set.of(), List.of(), 0, 0);

  private static final PatientData.Purpose COMPARE = PatientData.Purpose.BESIDE_THE_DATA;

  private final Map<String, Rejected> bySop;
  private final Set<String> notes;
  private final List<Rejected> list;
  private final long files;
  private final int unclear;

  private Rejections(
      Map<String, Rejected> bySop,
      Set<String> notes,
      List<Rejected> list,
      long files,
      int unclear) {
    this.bySop = bySop;
    this.notes = notes;
    this.list = list;
    this.files = files;
    this.unclear = unclear;
  }

  /// An instance of the version that a note rejects.
  ///
  /// @param sopInstanceUid the instance
  /// @param reason the note's title
  /// @param note the note's own SOP Instance UID
  public record Rejected(String sopInstanceUid, RejectionNote.Reason reason, String note) {}

  /// Weighs the notes of a version.
  ///
  /// @param facts what is known of the study
  /// @param files all files of the version
  /// @param notes those of them that are rejection notes
  /// @param unreadable how many more may be notes and could not be read
  public static Rejections of(
      StudyFacts facts,
      Collection<StoredFile> files,
      Collection<RejectionNote> notes,
      int unreadable) {
    if (notes.isEmpty()) {
      return unreadable == 0 ? NONE : new Rejections(Map.of(), Set.of(), List.of(), 0, unreadable);
    }
    Set<String> own = new HashSet<>();
    notes.forEach(note -> own.add(note.note().value()));
    Set<String> there = new HashSet<>();
    for (StoredFile file : files) {
      file.instance()
          .filter(instance -> instance.study().value().equals(facts.key().value()))
          .map(instance -> instance.sop().value())
          .filter(sop -> !sop.isEmpty() && !own.contains(sop))
          .ifPresent(there::add);
    }
    Map<String, Rejected> rejected = new HashMap<>();
    int unclear = unreadable;
    for (RejectionNote note : notes) {
      boolean applies =
          !note.damaged()
              && note.study().value().equals(facts.key().value())
              && isSamePatient(note.patientId(), facts.patientId());
      boolean doubtful = !applies || note.unclear().stream().anyMatch(there::contains);
      if (applies) {
        for (String sop : note.rejected()) {
          if (there.contains(sop)) {
            rejected.putIfAbsent(sop, new Rejected(sop, note.reason(), note.note().value()));
          }
        }
      }
      unclear += doubtful ? 1 : 0;
    }
    long count = files.stream().filter(file -> rejected.containsKey(sop(file))).count();
    List<Rejected> list = new ArrayList<>(rejected.values());
    list.sort(Comparator.comparing(Rejected::sopInstanceUid));
    return new Rejections(Map.copyOf(rejected), Set.copyOf(own), List.copyOf(list), count, unclear);
  }

  private static boolean isSamePatient(PatientData<String> one, PatientData<String> other) {
    String first = one.reveal(COMPARE).strip();
    String second = other.reveal(COMPARE).strip();
    return first.isEmpty() || second.isEmpty() || first.equals(second);
  }

  private static String sop(StoredFile file) {
    return file.instance().map(instance -> instance.sop().value()).orElse("");
  }

  /// Why the file is rejected; empty when it is not.
  public Optional<RejectionNote.Reason> reason(StoredFile file) {
    String sop = sop(file);
    return sop.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(bySop.get(sop)).map(Rejected::reason);
  }

  /// All rejected instances of the version, ordered by UID.
  public List<Rejected> list() {
    return list;
  }

  /// How many files of the version are rejected.
  public long files() {
    return files;
  }

  /// How many instances are rejected, by reason.
  public Map<RejectionNote.Reason, Long> counts() {
    Map<RejectionNote.Reason, Long> counts = new EnumMap<>(RejectionNote.Reason.class);
    list.forEach(each -> counts.merge(each.reason(), 1L, Long::sum));
    return counts;
  }

  /// How many notes could not be read, belong to another study or patient, or name instances of
  /// this version in a way that leaves doubt.
  public int unclear() {
    return unclear;
  }

  /// How many notes there are that can be read.
  public int notes() {
    return notes.size();
  }

  /// Counts, no UIDs.
  @Override
  public String toString() {
    return list.size() + " rejected, " + unclear + " notes unclear";
  }
}
