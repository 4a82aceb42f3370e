package serdab.restore;

import java.nio.channels.ReadableByteChannel;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import serdab.Problem;
import serdab.SerdabException;
import serdab.StudyLabel;
import serdab.catalogue.Catalogue;
import serdab.destination.Destination;
import serdab.destination.HeldVersion;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyKey;
import serdab.plan.Selection;
import serdab.report.Progress;
import serdab.source.horos.Sleeper;
import serdab.source.horos.ViewerLibrary;
import serdab.store.Disk;

/// Brings studies back into the library of a viewer that may be running, through its INCOMING
/// folder. The viewer's index is never written, and the copies stay where they are. One thread at a
/// time.
///
/// An instance that the index lists, with its file there, is not dropped again unless asked: the
/// viewer would delete it as a duplicate. An instance that the index lists and whose file is
/// missing is dropped: the viewer points its row at the new file, comments and albums kept.
public final class ViewerRestore {

  /// How many files may wait in INCOMING, unless the user says otherwise.
  public static final int WAITING_MAX = IncomingFolder.WAITING_MAX;

  /// How long to rest between two looks at the index, and how many times as long as a look took.
  static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  private static final int REST_PER_LOOK = 4;
  private static final String MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10";

  private final Function<StudyKey, StudyLabel> labels;
  private final Settings settings;
  private final InstantSource clock;
  private final Sleeper rest;
  private final RandomGenerator random;
  private final Progress progress;
  private final BooleanSupplier stop;
  private final Choice choice;

  private final List<RestoreReport.Gap> gaps = new ArrayList<>();
  private final List<ViewerReport.LeftOut> leftOut = new ArrayList<>();
  private final List<ViewerReport.NotImported> notImported = new ArrayList<>();
  private final List<HeldVersion> dropped = new ArrayList<>();
  private long studies;
  private long filesDropped;
  private long filesWaiting;
  private long filesThere;
  private long bytesDropped;
  private boolean interrupted;

  /// How studies are dropped.
  ///
  /// @param waitingMax how many files may wait in INCOMING
  /// @param again whether instances are dropped that the library holds already
  /// @param waitUntilImported how long to wait for the studies to show up in the index; empty: not
  /// @param rejected what becomes of rejected files
  public record Settings(
      int waitingMax, boolean again, Optional<Duration> waitUntilImported, RejectedFiles rejected) {

    /// With rejected files left out.
    public Settings(int waitingMax, boolean again, Optional<Duration> waitUntilImported) {
      this(waitingMax, again, waitUntilImported, RejectedFiles.LEFT_OUT);
    }
  }

  public ViewerRestore(
      Destination from,
      Catalogue catalogue,
      Settings settings,
      InstantSource clock,
      Sleeper rest,
      RandomGenerator random,
      Progress progress,
      BooleanSupplier stop) {
    this.labels = catalogue::label;
    this.settings = settings;
    this.clock = clock;
    this.rest = rest;
    this.random = random;
    this.progress = progress;
    this.stop = stop;
    this.choice = new Choice(from, catalogue, stop, gaps, settings.rejected());
  }

  /// Drops the wanted studies.
  ///
  /// @param incoming the library's INCOMING folder
  /// @throws SerdabException.HeldBack when the volume has no room for them
  public ViewerReport into(
      ViewerLibrary library, Disk incoming, Selection wanted, Optional<Instant> asOf) {
    IncomingFolder folder =
        new IncomingFolder(
            incoming,
            IncomingFolder.Settings.onVolumeOf(library.volumeBytes(), settings.waitingMax()),
            clock,
            rest,
            random,
            progress,
            stop);
    folder.sweep();
    List<HeldVersion> chosen = choice.of(wanted, asOf);
    Optional<Problem> stopped = Optional.empty();
    try (ViewerLibrary.@Nullable Contents contents =
        settings.again() ? null : library.contents().orElse(null)) {
      requireRoom(chosen, folder, contents);
      progress.planned(chosen.size());
      for (HeldVersion copy : chosen) {
        if (stop.getAsBoolean()) {
          break;
        }
        dropStudy(copy, folder, contents);
      }
      folder.settle();
    } catch (SerdabException.Unavailable e) {
      stopped = Optional.of(e.problem());
    }
    interrupted |= stop.getAsBoolean();
    boolean waits = stopped.isEmpty() && !interrupted && settings.waitUntilImported().isPresent();
    if (waits) {
      waitUntilImported(library, settings.waitUntilImported().get());
    }
    return new ViewerReport(
        studies,
        filesDropped,
        filesWaiting,
        filesThere,
        bytesDropped,
        leftOut,
        gaps,
        choice.notices(),
        notImported,
        waits,
        stopped,
        interrupted);
  }

  /// What would be dropped. Writes nothing.
  ///
  /// @param room bytes that can be dropped; empty when the volume does not say
  public RestorePlan plan(
      ViewerLibrary library, OptionalLong room, Selection wanted, Optional<Instant> asOf) {
    List<HeldVersion> chosen = choice.of(wanted, asOf);
    try (ViewerLibrary.@Nullable Contents contents =
        settings.again() ? null : library.contents().orElse(null)) {
      Sum sum = sum(chosen, contents);
      return new RestorePlan(
          chosen.size(),
          sum.files,
          sum.bytes,
          sum.there,
          sum.leftOut,
          room,
          gaps,
          choice.notices());
    }
  }

  // ---- dropping

  private void requireRoom(
      List<HeldVersion> chosen, IncomingFolder folder, ViewerLibrary.@Nullable Contents contents) {
    OptionalLong room = folder.room();
    if (room.isEmpty()) {
      return;
    }
    // What is stored takes at most about this much more when it is unpacked; only when that could
    // be
    // too much is every manifest read for the exact sum.
    long stored = chosen.stream().mapToLong(HeldVersion::storedBytes).sum();
    if (stored < room.getAsLong() / RestorePlan.EXPANSION_MAX) {
      return;
    }
    long bytes = sum(chosen, contents).bytes;
    if (bytes > room.getAsLong()) {
      throw new SerdabException.HeldBack(
          new Problem(
              "no-room-for-restore",
              "These studies take "
                  + bytes
                  + " bytes; the library's volume has room for "
                  + room.getAsLong()
                  + " without the viewer deleting what waits.",
              "Make room, or restore fewer studies: --study, --patient-id or --date."));
    }
  }

  /// What is to be dropped, summed up.
  private static final class Sum {
    private long files;
    private long bytes;
    private long there;
    private long leftOut;
  }

  private Sum sum(List<HeldVersion> chosen, ViewerLibrary.@Nullable Contents contents) {
    Sum sum = new Sum();
    for (HeldVersion copy : chosen) {
      if (stop.getAsBoolean()) {
        break;
      }
      try (Choice.Open open = choice.open(copy)) {
        Set<String> there = held(open, contents);
        for (StoredFile file : open.files()) {
          if (!canBeDropped(file)) {
            sum.leftOut++;
          } else if (there.contains(sop(file))) {
            sum.there++;
          } else {
            sum.files++;
            sum.bytes += file.lengthBytes();
          }
        }
      } catch (SerdabException.Damaged e) {
        // Named when its turn comes.
      }
    }
    return sum;
  }

  private void dropStudy(
      HeldVersion copy, IncomingFolder folder, ViewerLibrary.@Nullable Contents contents) {
    StudyLabel label = labels.apply(copy.study());
    progress.began(label);
    int gapsBefore = gaps.size();
    long before = filesDropped + filesWaiting + filesThere;
    try (Choice.Open open = choice.open(copy)) {
      choice.nameWhatIsMissing(open.reader().version(), label);
      Set<String> there = held(open, contents);
      for (StoredFile file : open.files()) {
        if (!canBeDropped(file)) {
          leftOut.add(new ViewerReport.LeftOut(label, !Groups.isGroup(copy.study()), file.path()));
        } else if (there.contains(sop(file))) {
          filesThere++;
        } else if (!drop(open, file, folder, label)) {
          interrupted = true;
          return;
        }
      }
      if (filesDropped + filesWaiting + filesThere > before) {
        studies++;
        dropped.add(open.copy());
      }
    } catch (SerdabException.Damaged e) {
      gaps.add(new RestoreReport.Gap(Optional.of(label), "", e.problem()));
    }
    progress.ended(label, gaps.size() == gapsBefore ? "restored" : "incomplete");
  }

  /// @return false when the user asked to stop
  private boolean drop(Choice.Open open, StoredFile file, IncomingFolder folder, StudyLabel label) {
    try {
      ReadableByteChannel bytes = open.reader().open(file);
      Optional<IncomingFolder.Dropped> outcome = folder.drop(file, bytes);
      if (outcome.isEmpty()) {
        return false;
      }
      switch (outcome.get()) {
        case NEW -> {
          filesDropped++;
          bytesDropped += file.lengthBytes();
        }
        case WAITING -> filesWaiting++;
      }
    } catch (SerdabException.Damaged e) {
      gaps.add(new RestoreReport.Gap(Optional.of(label), file.path(), e.problem()));
    }
    return true;
  }

  private static Set<String> held(Choice.Open open, ViewerLibrary.@Nullable Contents contents) {
    StudyKey study = open.reader().version().facts().key();
    return contents == null || Groups.isGroup(study)
        ? Set.of()
        : contents.held(study.value(), sops(open));
  }

  private static Set<String> sops(Choice.Open open) {
    Set<String> sops = new HashSet<>();
    for (StoredFile file : open.files()) {
      if (canBeDropped(file) && !sop(file).isEmpty()) {
        sops.add(sop(file));
      }
    }
    return sops;
  }

  private static String sop(StoredFile file) {
    return file.instance().map(facts -> facts.sop().value()).orElse("");
  }

  /// Whether the viewer takes it in from INCOMING: other files are deleted there as unreadable, and
  /// a DICOMDIR names files that are not beside it.
  static boolean canBeDropped(StoredFile file) {
    return file.instance()
        .map(InstanceFacts::sopClassUid)
        .filter(uid -> !uid.equals(MEDIA_STORAGE_DIRECTORY))
        .isPresent();
  }

  // ---- waiting

  private void waitUntilImported(ViewerLibrary library, Duration longest) {
    List<HeldVersion> pending = new ArrayList<>();
    for (HeldVersion copy : dropped) {
      if (!Groups.isGroup(copy.study())) {
        pending.add(copy);
      }
    }
    Instant end = clock.instant().plus(longest);
    progress.tell(
        "progress.viewer-index",
        "waiting until " + pending.size() + " studies show up in the viewer's index",
        pending.size());
    while (!pending.isEmpty()) {
      Instant began = clock.instant();
      lookFor(pending, library);
      Instant now = clock.instant();
      if (pending.isEmpty() || !now.isBefore(end)) {
        return;
      }
      if (stop.getAsBoolean()) {
        interrupted = true;
        return;
      }
      Duration look = Duration.between(began, now).multipliedBy(REST_PER_LOOK);
      try {
        rest.sleep(look.compareTo(LOOK_EVERY) > 0 ? look : LOOK_EVERY);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        interrupted = true;
        return;
      }
    }
  }

  /// Takes those that are there off the list, and remembers what the others lack.
  private void lookFor(List<HeldVersion> pending, ViewerLibrary library) {
    notImported.clear();
    List<HeldVersion> still = new ArrayList<>();
    try (ViewerLibrary.@Nullable Contents contents = library.contents().orElse(null)) {
      for (HeldVersion copy : pending) {
        try (Choice.Open open = choice.open(copy)) {
          Set<String> wanted = sops(open);
          int there = contents == null ? 0 : contents.held(copy.study().value(), wanted).size();
          if (there < wanted.size()) {
            still.add(copy);
            notImported.add(
                new ViewerReport.NotImported(
                    labels.apply(copy.study()), wanted.size() - there, wanted.size()));
          }
        } catch (SerdabException.Damaged e) {
          gaps.add(new RestoreReport.Gap(Optional.of(labels.apply(copy.study())), "", e.problem()));
        }
      }
    } catch (SerdabException.Unavailable e) {
      // The viewer is busy with its index: none of them can be said to be there.
      notImported.clear();
      for (HeldVersion copy : pending) {
        notImported.add(
            new ViewerReport.NotImported(
                labels.apply(copy.study()), copy.fileCount(), copy.fileCount()));
      }
      return;
    }
    pending.clear();
    pending.addAll(still);
  }
}
