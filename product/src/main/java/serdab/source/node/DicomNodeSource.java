package serdab.source.node;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Supplier;
import serdab.Gate;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.find.Questions;
import serdab.dicom.net.find.StudySearch;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceId;

/// A DICOM node as source: its studies are found by C-FIND and fetched by C-GET or C-MOVE. Nothing
/// is ever stored there. Thread-safe.
public final class DicomNodeSource implements Source {

  private static final int TRIES_MAX = 4;
  private static final Duration FIRST_WAIT = Duration.ofSeconds(2);

  private final Means means;

  /// What the source needs.
  ///
  /// @param gate is passed before each question and each retrieval
  /// @param retrieval closed with the source
  /// @param folder for studies on their way
  /// @param limit how many rows the node answers at most, as somebody knows; 0 when nobody does
  record Means(
      NodeAddress address,
      Supplier<AssociationRequest> requests,
      Gate gate,
      Retrieval retrieval,
      Path folder,
      long limit,
      InstantSource clock,
      Questions.Patience patience) {

    /// One whose questions nobody holds up.
    Means(
        NodeAddress address,
        Supplier<AssociationRequest> requests,
        Retrieval retrieval,
        Path folder,
        long limit,
        InstantSource clock,
        Questions.Patience patience) {
      this(address, requests, Gate.OPEN, retrieval, folder, limit, clock, patience);
    }
  }

  DicomNodeSource(Means means) {
    this.means = means;
  }

  /// A node.
  ///
  /// @param requests gives a new request to the node each time, without contexts
  /// @param gate is passed before each question and each retrieval
  /// @param retrieval fetches from this node; closed with the source
  /// @param folder for studies on their way; made when it is needed
  public static DicomNodeSource of(
      NodeAddress address,
      Supplier<AssociationRequest> requests,
      Gate gate,
      Retrieval retrieval,
      Path folder,
      InstantSource clock) {
    return new DicomNodeSource(
        new Means(
            address,
            requests,
            gate,
            retrieval,
            folder,
            address.limit(),
            clock,
            new Questions.Patience(TRIES_MAX, FIRST_WAIT, Thread::sleep)));
  }

  @Override
  public SourceId id() {
    return new SourceId(means.address().place());
  }

  @Override
  public String describe() {
    return "the DICOM node " + means.address().place();
  }

  /// A node has no folder; this is where studies on their way are kept.
  @Override
  public Path root() {
    return means.folder();
  }

  @Override
  public List<Path> folders() {
    return List.of();
  }

  @Override
  public Inventory inventory() {
    StudyFetch.sweep(means.folder(), means.clock().instant());
    try (Questions questions = new Questions(means.requests(), means.gate(), means.patience())) {
      StudySearch search = new StudySearch(questions::ask, questions.isByPatient(), means.limit());
      search.run();
      return new DicomNodeInventory(means, search);
    }
  }

  /// A node that is not there any more is not asked for one study after the other.
  static SerdabException.Unavailable away(SerdabException.Unavailable e) {
    String code = e.problem().code();
    return code.equals("node-unreachable") || code.equals("node-not-found")
        ? new SerdabException.Unavailable(
            new Problem(
                "source-node-away",
                "The node does not answer any more: " + e.problem().what(),
                "Check that it runs and that this machine may connect to it, then run again; what"
                    + " was copied stays copied."),
            e)
        : e;
  }

  @Override
  public void close() {
    means.retrieval().close();
  }
}
