package serdab.restore;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.catalogue.Catalogue;
import serdab.catalogue.Standing;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.destination.NotesInCopy;
import serdab.destination.VersionReader;
import serdab.dicom.Identity;
import serdab.dicom.RejectionNote;
import serdab.dicom.Rejections;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.plan.Selection;

/// Chooses what is brought back: one version of each wanted study. What cannot be chosen because it
/// cannot be read is a gap. One thread at a time.
final class Choice {

  private final Destination from;
  private final Catalogue catalogue;
  private final BooleanSupplier stop;
  private final List<RestoreReport.Gap> gaps;
  private final RejectedFiles rejectedFiles;
  private final RestoreNotices.Gathered notices = new RestoreNotices.Gathered();

  /// The newest version of studies of which an older one was chosen.
  private final Map<StudyKey, HeldVersion> newer = new HashMap<>();

  /// How many copies of each study the destination listed.
  private final Map<StudyKey, Integer> listed = new HashMap<>();

  /// Studies that a gap names, as their copies cannot be chosen.
  private final Set<StudyKey> named = new HashSet<>();

  /// @param catalogue names studies, and remembers what ought to be there; an empty one will do
  /// @param gaps where gaps are added
  Choice(
      Destination from,
      Catalogue catalogue,
      BooleanSupplier stop,
      List<RestoreReport.Gap> gaps,
      RejectedFiles rejectedFiles) {
    this.from = from;
    this.catalogue = catalogue;
    this.stop = stop;
    this.gaps = gaps;
    this.rejectedFiles = rejectedFiles;
  }

  /// A version that is open for reading.
  ///
  /// @param copy the one that was chosen, or the fuller one before it
  /// @param files what is to be brought back of it, in the version's order
  record Open(HeldVersion copy, VersionReader reader, List<StoredFile> files)
      implements AutoCloseable {

    Open {
      files = List.copyOf(files);
    }

    long lengthBytes() {
      return files.stream().mapToLong(StoredFile::lengthBytes).sum();
    }

    @Override
    public void close() {
      reader.close();
    }
  }

  /// What was found about the studies that were opened so far.
  RestoreNotices notices() {
    return notices.all();
  }

  /// The one version of each wanted study that is to be brought back, ordered by where they are.
  ///
  /// @param asOf the newest version that was read at this time or before; empty means the newest
  List<HeldVersion> of(Selection wanted, Optional<Instant> asOf) {
    Map<StudyKey, HeldVersion> chosen = new HashMap<>();
    Set<StudyKey> keys = keys(wanted);
    for (StudyKey key : keys) {
      if (stop.getAsBoolean()) {
        break;
      }
      Optional<HeldVersion> newest = newest(key, asOf);
      newest.ifPresent(copy -> chosen.put(key, copy));
      if (asOf.isPresent() && newest.isPresent()) {
        List<HeldVersion> all = from.versions(key);
        if (!all.isEmpty() && !all.getLast().id().equals(newest.get().id())) {
          newer.put(key, all.getLast());
        }
      }
      boolean isTold = asOf.isEmpty() && named.contains(key);
      if (newest.isEmpty() && !isTold && wanted.studies().contains(key.value())) {
        gap(
            key,
            new Problem(
                "no-copy-by-then",
                "The destination holds no readable copy of this study of that time or before.",
                "Ask for a later time, or try another destination."));
      }
    }
    nameWhatIsGone(wanted, keys, chosen, asOf);
    return chosen.values().stream().sorted(Comparator.comparing(HeldVersion::location)).toList();
  }

  private void gap(StudyKey study, Problem problem) {
    named.add(study);
    gaps.add(new RestoreReport.Gap(Optional.of(catalogue.label(study)), "", problem));
  }

  /// A listing does not show what somebody deleted; the catalogue remembers it.
  private void nameWhatIsGone(
      Selection wanted,
      Set<StudyKey> keys,
      Map<StudyKey, HeldVersion> chosen,
      Optional<Instant> asOf) {
    for (Standing.NewestCopy last : catalogue.standing().newestCopies(from.id().toString(), asOf)) {
      if (stop.getAsBoolean()) {
        return;
      }
      StudyKey key = last.study();
      Optional<HeldVersion> taken = Optional.ofNullable(chosen.get(key));
      if (!named.contains(key)
          && taken.filter(copy -> copy.id().equals(last.version())).isEmpty()
          && (keys.contains(key) || isWanted(key, wanted))
          && isGone(last)
          && taken.filter(copy -> isLater(copy, last)).isEmpty()) {
        gap(key, taken.isPresent() ? olderInstead() : gone());
      }
    }
  }

  private boolean isWanted(StudyKey key, Selection wanted) {
    return wanted.isAll()
        || catalogue.standing().rows(key).stream().anyMatch(row -> wanted.matches(row.facts()));
  }

  /// Whether a copy is not there, and no person had it removed from another machine.
  private boolean isGone(Standing.NewestCopy copy) {
    return from.find(copy.study(), copy.version()).isEmpty()
        && !from.isErased(copy.study())
        && !from.isRemoved(copy.study(), copy.location());
  }

  private boolean isLater(HeldVersion copy, Standing.NewestCopy than) {
    try (VersionReader reader = from.read(copy)) {
      return reader.version().readAt().isAfter(than.readAt());
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  private static Problem gone() {
    return new Problem(
        "newest-copy-gone",
        "The destination held a copy of this study, and holds it no more.",
        "Restore it from another destination; serdab studies shows which has it.");
  }

  private static Problem olderInstead() {
    return new Problem(
        "newest-copy-gone",
        "The newest copy of this study is not in the destination any more; an older one is brought"
            + " back.",
        "Another destination may have the newest one; serdab studies shows which.");
  }

  /// Opens what was chosen; for a copy that lacks files, a fuller one before it if there is one.
  ///
  /// @throws SerdabException.Damaged when it cannot be read
  Open open(HeldVersion copy) {
    return open(copy, rejectedFiles);
  }

  /// As [#open], with everything the version holds.
  Open openWhole(HeldVersion copy) {
    return open(copy, RejectedFiles.BROUGHT);
  }

  private Open open(HeldVersion copy, RejectedFiles policy) {
    VersionReader reader = from.read(copy);
    try {
      HeldVersion taken = copy;
      Optional<HeldVersion> fuller = FullerVersion.of(from, copy, reader.version());
      if (fuller.isPresent()) {
        VersionReader older = from.read(fuller.get());
        reader.close();
        reader = older;
        taken = fuller.get();
      }
      return new Open(taken, reader, filesOf(reader, policy));
    } catch (RuntimeException e) {
      reader.close();
      throw e;
    }
  }

  /// What is to be brought back of a version. Tells what its notes reject, and whose it is said to
  /// be.
  private List<StoredFile> filesOf(VersionReader reader, RejectedFiles policy) {
    StudyVersion version = reader.version();
    StudyKey key = version.facts().key();
    StudyLabel label = catalogue.label(key);
    Rejections rejections = NotesInCopy.of(reader);
    boolean leaveOut = policy == RejectedFiles.LEFT_OUT;
    Map<RejectionNote.Reason, Long> counts = new EnumMap<>(RejectionNote.Reason.class);
    List<StoredFile> wanted = new ArrayList<>(version.files().size());
    for (StoredFile file : version.files()) {
      Optional<RejectionNote.Reason> reason = rejections.reason(file);
      reason.ifPresent(each -> counts.merge(each, 1L, Long::sum));
      if (reason.isEmpty() || !leaveOut) {
        wanted.add(file);
      }
    }
    counts.forEach((reason, files) ->
        notices.add(new RestoreNotices.Rejected(label, reason, files, leaveOut)));
    if (rejections.unclear() > 0) {
      notices.warn(
          label,
          new Problem(
              "rejection-note-unclear",
              rejections.unclear()
                  + " rejection notes of this study are damaged, or name images in a way that"
                  + " leaves doubt. What they name unclearly was not left out.",
              "Look at the notes and at the images before they are used: docs/rejection-notes.md"));
    }
    if (version.findings().stream().anyMatch(one -> one.kind().equals("two-patients-one-study"))) {
      notices.warn(
          label,
          new Problem(
              "two-patients-one-study",
              "The files of this study name different patients.",
              "Look whose images they are before they are used; all of them are kept together."));
    }
    warnOfConverted(version, label);
    HeldVersion newest = newer.get(key);
    if (newest != null) {
      compareWithNewest(newest, version, rejections, label);
    }
    return wanted;
  }

  /// Files that come back with the same values and other bytes, as a node did not take theirs.
  private void warnOfConverted(StudyVersion version, StudyLabel label) {
    long converted =
        version.files().stream()
            .filter(file ->
                file.findings().stream()
                    .anyMatch(one -> one.kind().equals(HeldVersion.SENT_CONVERTED)))
            .count();
    if (converted > 0) {
      notices.warn(
          label,
          new Problem(
              HeldVersion.SENT_CONVERTED,
              converted
                  + " of "
                  + version.files().size()
                  + " files were sent to the node in another transfer syntax, without loss: they come"
                  + " back with the same values, and not bit for bit.",
              "Where the files themselves are wanted, restore from another destination."));
    }
  }

  /// An older version does not know what was corrected since.
  private void compareWithNewest(
      HeldVersion newest, StudyVersion version, Rejections rejections, StudyLabel label) {
    try (VersionReader reader = from.read(newest)) {
      if (!Identity.of(version.facts()).isLike(Identity.of(reader.version().facts()))) {
        notices.warn(
            label,
            new Problem(
                "patient-superseded",
                "A later version of this study names another patient id or name.",
                "Look which one is right before the images are used; without --as-of the newest"
                    + " version is brought back."));
      }
      Rejections later = NotesInCopy.of(reader);
      long more =
          version.files().stream()
              .filter(file -> later.reason(file).isPresent() && rejections.reason(file).isEmpty())
              .count();
      if (more > 0) {
        notices.warn(
            label,
            new Problem(
                "rejected-later",
                "A later version of this study rejects "
                    + more
                    + " of these files; this version does not, so they came.",
                "Look at them before they are used; without --as-of the newest version is brought"
                    + " back."));
      }
    } catch (SerdabException.Damaged e) {
      // What cannot be read says nothing of an older version.
    }
  }

  /// A copy that was made while files could not be read is not the whole study, and says so.
  void nameWhatIsMissing(StudyVersion version, StudyLabel label) {
    for (StudyVersion.Missing missing : version.missing()) {
      gaps.add(
          new RestoreReport.Gap(
              Optional.of(label),
              missing.path(),
              new Problem(
                  "not-in-copy",
                  "The source listed this file when the copy was made and could not give it.",
                  "An older copy or another destination may have it: see --as-of.")));
    }
  }

  private Set<StudyKey> keys(Selection wanted) {
    Set<StudyKey> keys = new HashSet<>();
    if (!wanted.studies().isEmpty()) {
      for (String uid : wanted.studies()) {
        addStudy(new StudyKey(uid), keys);
      }
      return keys;
    }
    try (Stream<Destination.Listed> held = from.held()) {
      held.forEach(one -> {
        switch (one) {
          case Destination.Listed.Copy copy -> {
            if (matches(copy.version(), wanted)) {
              keys.add(copy.version().study());
            }
            listed.merge(copy.version().study(), 1, Integer::sum);
          }
          case Destination.Listed.Unreadable unreadable ->
              gaps.add(new RestoreReport.Gap(Optional.empty(), "", unreadable.problem()));
        }
      });
    }
    if (wanted.patientId().isPresent() && keys.isEmpty() && !stop.getAsBoolean()) {
      // Asked for by name, like a study by its UID: nothing is not what the person wanted.
      gaps.add(
          new RestoreReport.Gap(
              Optional.empty(),
              "",
              new Problem(
                  "patient-not-there",
                  "The destination holds no study of this patient.",
                  "Check the id as the viewer shows it, or find the studies with: serdab studies"
                      + " --patient TEXT")));
    }
    return keys;
  }

  private void addStudy(StudyKey key, Set<StudyKey> keys) {
    Optional<Problem> unreadable = from.unreadableNewest(key);
    unreadable.ifPresent(problem -> gap(key, problem));
    if (!from.versions(key).isEmpty() || from.incompleteNewest(key).isPresent()) {
      keys.add(key);
    } else if (unreadable.isEmpty()) {
      gap(
          key,
          new Problem(
              "study-not-there",
              "The destination holds no copy of this study.",
              "Try another destination; serdab studies shows which has it."));
    }
  }

  private boolean matches(HeldVersion copy, Selection wanted) {
    if (wanted.isAll()) {
      return true;
    }
    try (VersionReader reader = from.read(copy)) {
      return wanted.matches(reader.version().facts());
    } catch (SerdabException.Damaged e) {
      gap(copy.study(), e.problem());
      return false;
    }
  }

  private boolean isReadableAsOf(HeldVersion copy, Optional<Instant> asOf) {
    try (VersionReader reader = from.read(copy)) {
      return asOf.filter(reader.version().readAt()::isAfter).isEmpty();
    } catch (SerdabException.Damaged e) {
      return false;
    }
  }

  private Optional<HeldVersion> newest(StudyKey key, Optional<Instant> asOf) {
    List<HeldVersion> versions = from.versions(key);
    if (versions.size() < listed.getOrDefault(key, 0)) {
      // One that is listed lacks something: an older one would come in its place, unasked.
      from.unreadableNewest(key).ifPresent(problem -> gap(key, problem));
    }
    if (versions.isEmpty()) {
      // That it lacks something is told by now; a study with gaps beats none.
      return from.incompleteNewest(key).filter(copy -> isReadableAsOf(copy, asOf));
    }
    if (asOf.isEmpty()) {
      return Optional.of(versions.getLast());
    }
    return versions.reversed().stream()
        .filter(copy -> {
          try (VersionReader reader = from.read(copy)) {
            return !reader.version().readAt().isAfter(asOf.get());
          } catch (SerdabException.Damaged e) {
            gap(key, e.problem());
            return false;
          }
        })
        .findFirst();
  }
}
