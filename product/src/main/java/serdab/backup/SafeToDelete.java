package serdab.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import serdab.catalogue.CopyRow;
import serdab.catalogue.RunRow;
import serdab.catalogue.Safety;
import serdab.catalogue.StudyRow;

/// Decides whether a study could be deleted in its source without being lost: it lists, and deletes
/// nothing. When in doubt a study is not safe.
public final class SafeToDelete {

  /// A source that no good run looked at for longer than this may show its studies otherwise now.
  public static final Duration LOOKED_AT = Duration.ofDays(3);

  /// Fewer different media than this are not enough.
  public static final int MEDIA = 2;

  private final Instant now;
  private final Duration provenWithin;
  private final Map<String, Place> places;
  private final Map<String, RunRow> lastGood;
  private final Set<String> partlyRead;

  /// Where a destination is.
  ///
  /// @param medium what it lies on
  /// @param since since when it is known to lie there: bytes that were read back earlier may have
  ///   been those of another folder, which somebody copied without reading the copy back
  public record Place(Medium medium, Instant since) {}

  /// Prepares to decide.
  ///
  /// @param provenWithin the bytes of each copy that counts were read back at most so long ago
  /// @param places where each destination is, by its id; copies on others count little
  /// @param lastGood the last good run of each source, by its id
  /// @param partlyRead sources with folders or files that could not be looked into, by their ids
  public SafeToDelete(
      Instant now,
      Duration provenWithin,
      Map<String, Place> places,
      Map<String, RunRow> lastGood,
      Set<String> partlyRead) {
    this.now = now;
    this.provenWithin = provenWithin;
    this.places = Map.copyOf(places);
    this.lastGood = Map.copyOf(lastGood);
    this.partlyRead = Set.copyOf(partlyRead);
  }

  /// Whether a study is safe to delete, or why not.
  public sealed interface Answer {

    /// It is.
    ///
    /// @param media on how many different media it lies
    /// @param oldestProof when the copy that was read back longest ago was
    record Safe(int media, Instant oldestProof) implements Answer {}

    /// It is not.
    record NotSafe(Why why) implements Answer {}

    /// It is not in its source any more, so nobody can delete it there.
    record NotThere() implements Answer {}
  }

  /// Why a study is not safe to delete.
  public enum Why {
    SOURCE_NOT_LOOKED_AT("source-not-looked-at", "no good backup of its source ran lately"),
    SOURCE_PARTLY_READ(
        "source-partly-read", "its source has folders or files that could not be looked into"),
    NEVER_COPIED("never-copied", "was never copied"),
    FILES_MISSING("files-missing", "has files that are not in the copies"),
    FAILING("failing", "failed in the last run"),
    CHANGED("changed", "changed since it was copied"),
    NOT_PROVEN("not-proven", "has no proven copy"),
    PROOF_OLD("proof-old", "has copies that were not read back lately"),
    ONE_COPY("one-copy", "has one proven copy only"),
    ONE_MEDIUM("one-medium", "has copies that may lie on one and the same disk");

    private final String code;
    private final String words;

    Why(String code, String words) {
      this.code = code;
      this.words = words;
    }

    public String code() {
      return code;
    }

    /// What follows the name of a study.
    public String words() {
      return words;
    }
  }

  /// Decides.
  public Answer answer(Safety.PresentStudy present) {
    StudyRow study = present.study();
    Optional<RunRow> run = Optional.ofNullable(lastGood.get(study.sourceId()));
    if (run.filter(this::isRecent).isEmpty()) {
      return no(Why.SOURCE_NOT_LOOKED_AT);
    }
    if (study.lastSeenRun() < run.get().id()) {
      return new Answer.NotThere();
    }
    if (partlyRead.contains(study.sourceId())) {
      return no(Why.SOURCE_PARTLY_READ);
    }
    if (study.version().isEmpty()) {
      return no(Why.NEVER_COPIED);
    }
    if (study.missingFiles() > 0) {
      return no(Why.FILES_MISSING);
    }
    if (study.failures() > 0) {
      return no(Why.FAILING);
    }
    if (present.changedSinceCopied()) {
      return no(Why.CHANGED);
    }
    List<CopyRow> proven = present.copies().stream().filter(CopyRow::isProven).toList();
    if (proven.isEmpty()) {
      return no(Why.NOT_PROVEN);
    }
    List<CopyRow> whole =
        proven.stream().filter(copy -> copy.fileCount() >= study.fileCount()).toList();
    if (whole.isEmpty()) {
      return no(Why.FILES_MISSING);
    }
    List<CopyRow> fresh = whole.stream().filter(this::isFresh).toList();
    int different = different(fresh);
    if (different >= MEDIA) {
      Instant oldest =
          fresh.stream()
              .flatMap(copy -> copy.intactAt().stream())
              .min(Instant::compareTo)
              .orElseThrow();
      return new Answer.Safe(different, oldest);
    }
    if (whole.size() == 1) {
      return no(Why.ONE_COPY);
    }
    return no(different(whole) >= MEDIA ? Why.PROOF_OLD : Why.ONE_MEDIUM);
  }

  private static Answer no(Why why) {
    return new Answer.NotSafe(why);
  }

  /// A run from the future, by a clock that was wrong, may have been long ago.
  private boolean isRecent(RunRow run) {
    return run.endedAt()
        .filter(at -> !at.isBefore(now.minus(LOOKED_AT)) && !at.isAfter(now))
        .isPresent();
  }

  /// A proof from the future, by a clock that was wrong, says nothing of when it was.
  private boolean isFresh(CopyRow copy) {
    return copy.intactAt()
        .filter(at -> !at.isBefore(now.minus(provenWithin)) && !at.isAfter(now))
        .filter(at -> place(copy).filter(place -> at.isBefore(place.since())).isEmpty())
        .isPresent();
  }

  private int different(List<CopyRow> copies) {
    return Medium.certainlyDifferent(
        copies.stream()
            .map(copy -> place(copy).map(Place::medium).orElse(Medium.UNKNOWN))
            .toList());
  }

  private Optional<Place> place(CopyRow copy) {
    return Optional.ofNullable(places.get(copy.destinationId()));
  }
}
