package serdab.destination.node;

import java.io.IOException;
import java.io.InputStream;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import serdab.PatientData;
import serdab.dicom.DicomFile;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.net.CommitmentAsker;
import serdab.dicom.net.web.Spool;
import serdab.plan.Existing;

/// A node that keeps instances, whatever it speaks. Thread-safe.
///
/// Every method throws [serdab.SerdabException] when the node cannot be reached or refuses.
sealed interface Node extends AutoCloseable permits WebNode, DimseNode {

  /// The node as it is remembered: where it is and what it speaks, without how to get in.
  String identity();

  /// Where it is, as sentences name it behind "the node at".
  String describe();

  /// What it is, in words: a DICOMweb node, a DICOM node.
  String kind();

  /// Every study that it lists: where it cuts its lists, asked for in parts.
  Listing studies();

  /// Why a list is not whole in which studies have no name.
  String WITHOUT_UID = "The node lists studies without a UID; nobody can ask for them.";

  /// What it lists.
  ///
  /// @param doubt why there may be more; empty text when there is no reason to believe it
  record Listing(List<StudyInstanceUid> studies, String doubt) {
    public Listing {
      studies = List.copyOf(studies);
    }
  }

  /// The instances of a study that it lists.
  ///
  /// @param patientId whose study it is, for nodes that want to know; empty when it is not known
  List<Row> instances(StudyInstanceUid study, PatientData<String> patientId);

  /// An instance as it lists it.
  ///
  /// @param sopClassUid empty text where it does not say
  record Row(SeriesInstanceUid series, SopInstanceUid sop, String sopClassUid) {}

  /// How much of that is asked before a study is sent.
  default Existing existing() {
    return Existing.FULL;
  }

  /// Those of a study's instances that are read back after it was sent; at least one.
  default List<Expected> sample(List<Expected> all) {
    return all;
  }

  /// Whether that may be fewer than all.
  default boolean isSampled() {
    return false;
  }

  /// Whether it lists a study, and how many instances it says that this has.
  ///
  /// @param patientId as for [#instances]
  /// @return empty when it lists no such study; within it, empty when it does not say how many
  default Optional<OptionalLong> listed(StudyInstanceUid study, PatientData<String> patientId) {
    int count = instances(study, patientId).size();
    return count == 0 ? Optional.empty() : Optional.of(OptionalLong.of(count));
  }

  /// Whether it takes only files with File Meta Information, and keeps that as it is; else only
  /// data sets come back.
  boolean keepsFiles();

  /// Asks it to keep what was sent to it: one claim more.
  ///
  /// @return empty when it is not to be asked
  default Optional<CommitmentAsker.Said> commit(List<Expected> sent) {
    return Optional.empty();
  }

  /// Begins to send the instances of a version.
  ///
  /// @param spool for what has to be written anew
  /// @return one thread at a time
  Outbox outbox(Spool spool);

  /// Retrieves studies, and then each wanted instance that did not come with them, or is of another
  /// study. What arrived is the truth.
  ///
  /// @param wanted what is missed when it does not come; others may come too
  /// @param arrivals may be called by several threads at once
  void bring(Collection<StudyInstanceUid> studies, Collection<Wanted> wanted, Arrivals arrivals);

  /// An instance that must be asked for.
  ///
  /// @param patientId whose study it is; empty when it is not known
  /// @param sopClassUid empty text when it is not known
  /// @param transferSyntaxUids in which it may be; empty when that is not known
  /// @param header what stood in front of its data set in its file; empty when that is not known
  record Wanted(
      StudyInstanceUid study,
      PatientData<String> patientId,
      SeriesInstanceUid series,
      SopInstanceUid sop,
      String sopClassUid,
      List<String> transferSyntaxUids,
      Optional<FileHeader> header) {

    public Wanted {
      transferSyntaxUids = List.copyOf(transferSyntaxUids);
    }
  }

  /// What takes what arrives.
  @FunctionalInterface
  interface Arrivals {
    /// Takes a whole file.
    ///
    /// @return its SOP Instance UID; empty when it could not be understood
    Optional<String> take(InputStream file) throws IOException;
  }

  /// An instance to be sent.
  ///
  /// @param held its file
  /// @param index how that is built
  record Outgoing(Expected what, Spool.Held held, DicomFile index) {}

  /// What sends.
  interface Outbox extends AutoCloseable {
    /// Which of these are sent now; the others wait for more. Told all that wait.
    ///
    /// @param last whether no more will come
    List<List<Outgoing>> due(List<Outgoing> waiting, boolean last);

    /// Sends instances.
    ///
    /// @return what the node said of each, by SOP Instance UID
    Map<String, Said> send(List<Outgoing> batch);

    /// In which other form an instance was sent last, as the node does not take its own; empty when
    /// it was sent as it is, or not.
    default Optional<OtherForm> sentAs(String sop) {
      return Optional.empty();
    }

    /// In which other form an instance may be there that was there before; empty when only its own
    /// is right.
    default Optional<OtherForm> mayBeThereAs(Outgoing instance) {
      return Optional.empty();
    }

    /// Told when the node did not give back what it had said that it stored.
    ///
    /// @return whether sending it again would be done in another way
    boolean lost();

    /// Before something else is asked of the node.
    void rest();

    @Override
    void close();
  }

  @Override
  void close();
}
