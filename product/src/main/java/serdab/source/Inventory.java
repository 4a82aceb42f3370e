package serdab.source;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import serdab.Finding;
import serdab.dicom.SourceRows;
import serdab.plan.Order;

/// What a source holds at one moment, seen consistently. Thread-safe.
///
/// Every method throws [serdab.SerdabException] when the source cannot be read
public interface Inventory extends AutoCloseable {

  /// How many studies [#studies] will give, groups of other files not counted.
  long studyCount();

  /// Oddities of the source as a whole: files of no study, links out of the tree, differences
  /// between index and files. Streamed; close it.
  Stream<Finding> findings();

  /// All studies and groups of other files in the wanted order, groups last. Streamed; close it.
  Stream<SourceStudy> studies(Order order);

  /// A text over path, length, time of change and file key of each of the study's files, by looking
  /// only. When it is what it was when the study was last read, none of its files was touched.
  String look(SourceStudy study);

  /// Whether the source's own program is about to delete the study's files, as far as it shows:
  /// such a study is copied before others. Cheap; asked for every selected study.
  default boolean endangered(SourceStudy study) {
    return false;
  }

  /// What the source's user wrote beside a study as its state: `unread`, `reviewed`, `dictated`,
  /// `validated` or `empty`; empty when the source knows no states.
  default Optional<String> state(SourceStudy study) {
    return Optional.empty();
  }

  /// How the source itself is; a source without an index has nothing to say.
  default Optional<SourceHealth> health() {
    return Optional.empty();
  }

  /// Whether a delivery may rest between two files for as long as a person likes. A node would end
  /// an answer that nobody reads; it is read to a point where it can be left, and gone on with
  /// later.
  default boolean mayRest() {
    return true;
  }

  /// The study's files as listed.
  List<SourceFile> files(SourceStudy study);

  /// What the source's index says of the study and its series, read when asked for. A source
  /// without an index has nothing to say.
  default SourceRows rows(SourceStudy study) {
    return SourceRows.NONE;
  }

  /// Hands every file of the study to the receiver, once.
  ///
  /// Before and after each file it compares length, time of change and file key; a difference ends
  /// the delivery with [Delivery.Changed].
  ///
  /// @param leaveOut paths that could not be read before; they are named with
  ///   [StudyReceiver#notGiven] and not opened
  Delivery deliver(SourceStudy study, Set<String> leaveOut, StudyReceiver receiver);

  @Override
  void close();
}
