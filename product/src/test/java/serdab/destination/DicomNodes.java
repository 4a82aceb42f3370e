package serdab.destination;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import serdab.Gate;
import serdab.destination.node.DicomNode;
import serdab.destination.node.NodeDestination;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.Retry;
import serdab.dicom.net.Traffic;
import serdab.plan.Existing;
import serdab.store.LocalFolder;

/// Nodes of DICOM's own protocol as destinations, opened anew as often as a test likes.
public final class DicomNodes {

  /// Nobody waits in a test.
  static final Retry RETRY = new Retry(4, Duration.ofSeconds(1), 2, Duration.ofSeconds(3));

  private DicomNodes() {}

  /// A node, asked for each instance, and nothing of what others sent.
  ///
  /// @param folder for what the destination keeps on this machine
  public static NodeDestination at(NodeAddress address, Path folder) {
    return open(address, folder, Existing.FULL, false);
  }

  /// One association at a time, as DCMTK's dcmqrscp loses instances of a study that come on two.
  static NodeDestination open(NodeAddress address, Path folder, Existing existing, boolean others) {
    return open(address, folder, existing, others, () -> {});
  }

  static NodeDestination open(
      NodeAddress address, Path folder, Existing existing, boolean others, Gate gate) {
    return open(address, folder, existing, others, gate, false);
  }

  /// One that gets what it does not take in another transfer syntax, without loss.
  static NodeDestination converting(NodeAddress address, Path folder) {
    return open(address, folder, Existing.FULL, false, () -> {}, true);
  }

  private static NodeDestination open(
      NodeAddress address,
      Path folder,
      Existing existing,
      boolean others,
      Gate gate,
      boolean convert) {
    return new NodeDestination(
        new DicomNode(
            address,
            () -> AssociationRequest.to(address),
            new Traffic(
                new Traffic.Means(
                    1, 1, RETRY, gate, _ -> {}, RandomGenerator.of("L64X128MixRandom"), _ -> {})),
            new Retrieval(
                () -> AssociationRequest.to(address), address.here(), Duration.ofSeconds(10)),
            existing,
            1,
            Optional.empty(),
            convert),
        LocalFolder.create(folder.resolve("ledger"), new SplittableRandom(1)),
        folder.resolve("scratch"),
        others,
        "a test",
        InstantSource.system());
  }
}
