package serdab.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import serdab.Problem;
import serdab.SerdabException;
import serdab.destination.node.DicomNode;
import serdab.destination.node.NodeDestination;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Pace;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.Traffic;
import serdab.dicom.net.web.Credentials;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Trust;
import serdab.dicom.net.web.WebSettings;
import serdab.plan.DicomAddress;
import serdab.plan.RunWindow;
import serdab.plan.SecretReference;
import serdab.plan.WebAddress;
import serdab.source.Source;
import serdab.source.node.DicomNodeSource;
import serdab.source.node.WebNodeSource;
import serdab.store.BlobStore;
import serdab.store.LocalFolder;

/// Turns the addresses of DICOM nodes into clients, destinations and sources.
final class Nodes {

  /// How long a node that moves may rest before what it claims to have sent is missing.
  private static final Duration LINGER = Duration.ofSeconds(10);

  private final Surroundings around;
  private Optional<RunWindow> window = Optional.empty();
  private Optional<LongConsumer> slow = Optional.empty();

  Nodes(Surroundings around) {
    this.around = around;
  }

  /// Whether a specification names a node rather than a place with a folder.
  static boolean isNode(String specification) {
    return WebAddress.isOne(specification) || DicomAddress.isOne(specification);
  }

  /// A client of the node at an address. Nothing is asked yet.
  DicomWeb client(String specification) {
    WebAddress address = WebAddress.parse(specification);
    return new DicomWeb(
        address.base(),
        new DicomWeb.Means(
            credentials(address),
            address.ca().map(Trust::in),
            WebSettings.DEFAULT,
            around.clock(),
            around.random(),
            Thread::sleep));
  }

  /// Secrets are read when they are needed first, so that one that is missing names itself.
  private Credentials credentials(WebAddress address) {
    if (address.token().isPresent()) {
      return new Credentials.Bearer(() -> secret(address.token().get()));
    }
    if (address.user().isPresent() && address.password().isPresent()) {
      return new Credentials.Basic(address.user().get(), () -> secret(address.password().get()));
    }
    if (address.tokenUrl().isPresent()
        && address.clientId().isPresent()
        && address.clientSecret().isPresent()) {
      return new Credentials.ClientCredentials(
          address.tokenUrl().get(),
          address.clientId().get(),
          () -> secret(address.clientSecret().get()),
          address.scope());
    }
    return new Credentials.None();
  }

  private String secret(SecretReference reference) {
    return reference.resolve(around.environment());
  }

  /// A node as destination, which answered.
  ///
  /// @param others whether studies that others sent are listed too
  NodeDestination destination(String specification, boolean others) {
    Home home = around.home().make();
    if (DicomAddress.isOne(specification)) {
      return dicomDestination(home, DicomAddress.parse(specification), others);
    }
    DicomWeb node = client(specification);
    try {
      node.probe();
      return new NodeDestination(
          node,
          ledger(home, specification),
          scratch(home),
          others,
          Wiring.WRITTEN_BY,
          around.clock());
    } catch (RuntimeException e) {
      node.close();
      throw e;
    }
  }

  private NodeDestination dicomDestination(Home home, DicomAddress address, boolean others) {
    requireHours();
    // Whoever mistyped an address learns it soon.
    Association.open(AssociationRequest.to(address.node()).querying()).close();
    Traffic traffic =
        new Traffic(
            new Traffic.Means(
                address.associations(),
                address.associationsMax(),
                address.retry(),
                this::requireHours,
                pace(address),
                around.random(),
                Thread::sleep));
    Supplier<AssociationRequest> requests = () -> AssociationRequest.to(address.node());
    return new NodeDestination(
        new DicomNode(
            address.node(),
            requests,
            traffic,
            new Retrieval(requests, address.node().here(), LINGER),
            address.existing(),
            address.readBackOf(),
            address.convert()),
        ledger(home, address.plain()),
        scratch(home),
        others,
        Wiring.WRITTEN_BY,
        around.clock());
  }

  /// From now on nothing is asked of DICOM nodes outside of these hours.
  void within(RunWindow hours) {
    window = Optional.of(hours);
  }

  /// From now on a pace is told what comes from DICOM nodes and goes to them, beside their own.
  void pacedBy(LongConsumer pace) {
    slow = Optional.of(pace);
  }

  private LongConsumer pace(DicomAddress address) {
    LongConsumer own =
        address.bytesPerSecond().isPresent()
            ? new Pace(address.bytesPerSecond().getAsLong(), System::nanoTime, Thread::sleep)
            : _ -> {};
    return slow.map(own::andThen).orElse(own);
  }

  /// Hours hold for every operation, not only for beginning a study.
  private void requireHours() {
    Instant now = around.clock().instant();
    if (window.isPresent() && !window.get().isOpen(now)) {
      throw new SerdabException.HeldBack(
          new Problem(
              "outside-window",
              "The plan's hours are over; nothing more is asked of the node.",
              "The next run goes on; what the node has is not sent again.",
              window
                  .get()
                  .opensAt(now)
                  .map(opens -> Map.of("opens", opens.toString()))
                  .orElse(Map.of())));
    }
  }

  private BlobStore ledger(Home home, String specification) {
    return LocalFolder.create(
        home.folder().resolve("nodes").resolve(id(specification)), around.random());
  }

  /// What is worth knowing of how a node is treated, before it is used.
  static Optional<Problem> warning(String specification) {
    if (!DicomAddress.isOne(specification)) {
      return Optional.empty();
    }
    DicomAddress address = DicomAddress.parse(specification);
    return address.readBackOf() == 1
        ? Optional.empty()
        : Optional.of(
            new Problem(
                "node-sampled",
                "Of the instances at "
                    + address.plain()
                    + " only a sample is read back, one of "
                    + address.readBackOf()
                    + "; of the others the node only says that it has them.",
                "Until serdab verify has read a copy whole it does not count as safe."));
  }

  /// Whether a node answers now, whatever it says.
  boolean answers(String specification) {
    try {
      if (DicomAddress.isOne(specification)) {
        Association.open(
                AssociationRequest.to(DicomAddress.parse(specification).node()).verification())
            .close();
        return true;
      }
      try (DicomWeb node = client(specification)) {
        node.probe();
        return true;
      }
    } catch (SerdabException.Refused e) {
      return DicomAddress.isOne(specification); // It may know us by another title.
    } catch (SerdabException e) {
      return false;
    }
  }

  /// A node as source, which answered.
  Source source(String specification) {
    Home home = around.home().make();
    if (DicomAddress.isOne(specification)) {
      return dicomSource(home, DicomAddress.parse(specification).node());
    }
    DicomWeb node = client(specification);
    try {
      node.probe();
      return new WebNodeSource(node, scratch(home));
    } catch (RuntimeException e) {
      node.close();
      throw e;
    }
  }

  private Source dicomSource(Home home, NodeAddress address) {
    Supplier<AssociationRequest> requests =
        () -> {
          requireHours();
          return AssociationRequest.to(address);
        };
    // Whoever mistyped an address learns it soon.
    Association.open(requests.get().querying()).close();
    return DicomNodeSource.of(
        address,
        requests,
        new Retrieval(requests, address.here(), LINGER),
        home.cache().resolve("fetched"),
        around.clock());
  }

  private static String id(String specification) {
    return NodeDestination.idOf(address(specification)).toString();
  }

  static SerdabException.Refused keepsEverything() {
    return new SerdabException.Refused(
        new Problem(
            "node-no-removal",
            "Nothing is ever removed from a node.",
            "Remove it with the node's own program, when it is certain that nobody needs it."));
  }

  /// Where instances on their way are kept.
  static Path scratch(Home home) {
    return home.cache().resolve("scratch");
  }

  /// How an address is remembered: without how to get in.
  static String address(String specification) {
    return DicomAddress.isOne(specification)
        ? DicomAddress.parse(specification).plain()
        : WebAddress.parse(specification).plain();
  }
}
