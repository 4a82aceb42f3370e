package serdab.destination;

import java.time.YearMonth;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import serdab.Depth;
import serdab.Problem;
import serdab.VersionId;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// A place in a form where copies of studies are kept. Thread-safe.
///
/// - A committed version stays as it is: nothing finished is ever overwritten, and nothing is
///   deleted but by [#remove] and [#removeLast], which retention alone calls: by a plan that a
///   person confirmed, or to thin copies of a viewer's index.
/// - [#find] and [#held] tell what the destination itself holds, not what anybody remembers.
/// - A version that is there already is found by its id, whoever put it there.
///
/// Every method throws [serdab.SerdabException] when the place fails or refuses
public interface Destination extends AutoCloseable {

  DestinationId id();

  /// Where it is, in words without patient data, as messages name it.
  String describe();

  Traits traits();

  /// How much room is left, in bytes; empty when the place does not say.
  OptionalLong usableBytes();

  /// How much the whole place can hold, in bytes; empty when it does not say.
  default OptionalLong totalBytes() {
    return OptionalLong.empty();
  }

  /// What files would take here, told from a sample; empty when it cannot be told.
  ///
  /// @param totalBytes the sum of the files' lengths
  default Optional<SizeEstimator> estimator(long totalBytes) {
    return Optional.empty();
  }

  /// Everything it holds, in no promised order, streamed; unreadable copies come as
  /// [Listed.Unreadable], never as an exception. Close the stream.
  default Stream<Listed> held() {
    return held(_ -> Optional.empty());
  }

  /// As [#held()], but what the caller knows is not opened: what is listed at its location with its
  /// length comes as the copy that is known. Whether it still is that copy, a proof tells.
  ///
  /// @param known gives the copy that is known at a location
  Stream<Listed> held(Function<String, Optional<HeldVersion>> known);

  /// Looks once over what is stored, opening nothing, and tells of copies by their location and
  /// length whether all that is stored for them is listed, as of then. For asking about very many:
  /// what it misses, a proof has to confirm.
  ///
  /// @return empty when the place cannot be listed so
  default Optional<Predicate<HeldVersion>> glance() {
    return Optional.empty();
  }

  /// The copy of exactly this version, when it is listed; its proof is empty.
  Optional<HeldVersion> find(StudyKey study, VersionId version);

  /// Every readable copy of a study, oldest version first; their proofs are empty. Must be cheap
  /// when there is none: it is asked for every new study.
  List<HeldVersion> versions(StudyKey study);

  /// What is wrong with the newest copy of a study, when it cannot be understood and [#versions]
  /// therefore ends with an older one. A form whose copies tell nothing of themselves then has
  /// nothing to say.
  default Optional<Problem> unreadableNewest(StudyKey study) {
    return Optional.empty();
  }

  /// The newest copy of a study when something that is stored for it is not there, so that
  /// [#versions] leaves it out, and some of its files may come back all the same. Empty too when a
  /// form stores each copy as one.
  default Optional<HeldVersion> incompleteNewest(StudyKey study) {
    return Optional.empty();
  }

  /// Starts a new version of a study.
  ///
  /// @param facts what is known of the study before its files are read
  StagedVersion begin(StudyFacts facts);

  /// Proves a copy to a depth.
  ///
  /// @throws IllegalArgumentException when the depth is deeper than [Traits#deepestProof]
  ProofOutcome prove(HeldVersion version, Depth depth);

  VersionReader read(HeldVersion version);

  /// Takes a damaged copy out of those that are listed, its bytes untouched. Whoever calls this has
  /// proven another copy of the same version first. A crash on the way leaves it listed, set aside,
  /// or both.
  ///
  /// @param location the destination's own name for it, as [HeldVersion#location]
  /// @return its new name; empty when it is not there
  Optional<String> setAside(String location);

  /// How many damaged copies were set aside here and are still kept.
  long setAsideCount();

  /// Removes one copy for good, and nothing else: wholly or, when it throws, not at all. It must
  /// still be exactly that copy, and another readable copy of the study must be left here.
  ///
  /// @return whether it was there
  /// @throws serdab.SerdabException.Refused `copy-is-another` when something else lies there by
  ///   now, `last-copy` when it is the last readable copy of its study here
  /// @throws serdab.SerdabException.Damaged when what lies there cannot be understood
  boolean remove(HeldVersion version);

  /// Whether a person had this study erased here for good. Then nothing of it is taken again:
  /// whoever begins a copy of it is refused.
  default boolean isErased(StudyKey study) {
    return false;
  }

  /// Whether a plan that a person confirmed removed the copy that lay there: it is missed by
  /// nobody. False also where the place does not remember such things.
  default boolean isRemoved(StudyKey study, String location) {
    return false;
  }

  /// As [#remove], also when no other copy of the study is left here: for a study whose time is
  /// over and whose end a person confirmed.
  boolean removeLast(HeldVersion version);

  /// Told at the end of a run, for every month with selected studies (empty: studies without a
  /// date), whether every one of them is proven here. A form that marks finished months does so
  /// now.
  void settle(Map<Optional<YearMonth>, Boolean> months);

  /// Told at the end of a run, and when a person asks: brings up to date what the form keeps so
  /// that people and programs find studies with nothing but the copies at hand. All of it can be
  /// made again from the copies. A form that keeps nothing of the kind does nothing.
  ///
  /// @param wish what is to be kept; nothing that is there is removed
  default void list(Listing wish) {}

  /// Writes a line for people into the list of issues beside the copies, where the form keeps one.
  void note(Issue issue);

  /// What came up since it was opened and is worth telling at the end of a run, without patient
  /// data: claims of the place, and where they were wrong. None of it decides what is copied.
  default List<Problem> notices() {
    return List.of();
  }

  /// A folder of files beside the studies; empty when the form keeps none.
  ///
  /// @param folder its name, one path part that begins with `_`
  default Optional<SideFiles> beside(String folder) {
    return Optional.empty();
  }

  /// Whether the names here hide whose studies they are. What is left beside the copies must then
  /// say no more than the names do.
  default boolean hidesPatients() {
    return false;
  }

  /// Whether what lies [#beside] the copies is sealed, so that it may say more than the names do.
  default boolean sealsBeside() {
    return false;
  }

  /// How papers beside the copies name a study; empty when nothing may be said here.
  default String shown(StudyKey study) {
    return study.value();
  }

  @Override
  void close();

  /// What [#list] keeps.
  ///
  /// @param page a page that a browser shows
  /// @param inventories DICOM Inventories
  /// @param everything whether all is made anew, as if nothing was listed before
  record Listing(boolean page, boolean inventories, boolean everything) {}

  /// One line for the list of issues beside the copies, which holds what the copies hold.
  ///
  /// @param kind such as `NO_FILES`, `ZIP_FAIL`, `INCOMING_OVER_LIMIT` or `MISSING_FILE`
  /// @param study whose issue it is; empty when it is about the run
  /// @param detail what happened
  /// @param extra a path or figure; empty text when there is none
  record Issue(String kind, Optional<StudyKey> study, String detail, String extra) {}

  /// One line of [#held].
  sealed interface Listed {
    /// A copy whose manifest can be read.
    record Copy(HeldVersion version) implements Listed {}

    /// Something is stored here and cannot be understood.
    ///
    /// @param location the destination's own name for it; never logged
    record Unreadable(String location, Problem problem) implements Listed {}
  }
}
