package serdab.cli;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import serdab.Gate;
import serdab.Problem;
import serdab.SerdabException;
import serdab.destination.node.DicomNode;
import serdab.destination.node.NodeDestination;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.CommitmentAsker;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Pace;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.Retry;
import serdab.dicom.net.ServerSettings;
import serdab.dicom.net.TlsFiles;
import serdab.dicom.net.Traffic;
import serdab.dicom.net.UserIdentity;
import serdab.dicom.net.web.Credentials;
import serdab.dicom.net.web.DicomWeb;
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

  /// Where a password that is not encrypted leaves nothing of this machine.
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "::1", "localhost");

  private final Surroundings around;
  private Optional<RunWindow> window = Optional.empty();
  private Gate run = Gate.OPEN;
  private Optional<LongConsumer> slow = Optional.empty();

  /// Passed before every operation on a node: pauses and hours hold for each.
  private final Gate gate =
      new Gate() {
        @Override
        public void pass() {
          run.pass();
          requireHours();
        }

        @Override
        public boolean isHeld() {
          return run.isHeld();
        }
      };

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
            address.tls().map(TlsFiles::context),
            WebSettings.DEFAULT,
            around.clock(),
            around.random(),
            Thread::sleep,
            traffic(
                address.connections(),
                address.connectionsMax(),
                Retry.DEFAULT,
                address.bytesPerSecond())));
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

  /// The node at an address of DICOM's own protocol, asked as the user that the address names.
  ///
  /// @throws SerdabException.Misconfigured when that user's password is not where the address says
  /// @throws SerdabException.Refused when it would go where others can read it
  NodeAddress node(DicomAddress address) {
    NodeAddress node = address.node();
    if (address.user().isEmpty()) {
      return node;
    }
    String user = address.user().get();
    if (address.password().isEmpty()) {
      return node.as(UserIdentity.ofName(user));
    }
    if (node.tls().isEmpty() && !LOOPBACK.contains(node.host().toLowerCase(Locale.ROOT))) {
      throw new SerdabException.Refused(
          new Problem(
              "node-password-in-clear",
              "A password would have gone to "
                  + address.plain()
                  + " through a connection that others can read.",
              "Speak TLS with the node: write &ca=/PATH/ca.pem behind its address. Or give the user's"
                  + " name alone, where the node is content with that."));
    }
    return node.as(UserIdentity.ofNameAndPasscode(user, secret(address.password().get())));
  }

  private NodeDestination dicomDestination(Home home, DicomAddress address, boolean others) {
    gate.pass();
    NodeAddress at = node(address);
    // Whoever mistyped an address learns it soon.
    Association.open(AssociationRequest.to(at).querying()).close();
    Traffic traffic = traffic(address);
    Supplier<AssociationRequest> requests =
        () -> AssociationRequest.to(at).priority(address.priority());
    Optional<ServerSettings> here = at.here();
    Retrieval retrieval = new Retrieval(requests, here, LINGER);
    Optional<CommitmentAsker> commitment =
        address
            .commitment()
            .map(patience ->
                new CommitmentAsker(
                    requests, here.map(_ -> retrieval::listen), patience, around.random()));
    commitment.ifPresent(asker -> here.ifPresent(server -> server.reportsTo(asker::arrived)));
    return new NodeDestination(
        new DicomNode(
            at,
            requests,
            traffic,
            retrieval,
            address.existing(),
            address.readBackOf(),
            commitment,
            address.convert()),
        ledger(home, address.plain()),
        scratch(home),
        others,
        Wiring.WRITTEN_BY,
        around.clock());
  }

  /// From now on nothing is asked of nodes outside of these hours.
  void within(RunWindow hours) {
    window = Optional.of(hours);
  }

  /// From now on this is passed before each operation on a node.
  void passing(Gate before) {
    run = before;
  }

  /// From now on a pace is told what comes from nodes and goes to them, beside their own.
  void pacedBy(LongConsumer pace) {
    slow = Optional.of(pace);
  }

  private Traffic traffic(DicomAddress address) {
    return traffic(
        address.associations(),
        address.associationsMax(),
        address.retry(),
        address.bytesPerSecond());
  }

  /// What all operations on a node share.
  ///
  /// @param most how many there are at once
  /// @param tried up to how many are tried
  private Traffic traffic(int most, int tried, Retry retry, OptionalLong bytesPerSecond) {
    LongConsumer own =
        bytesPerSecond.isPresent()
            ? new Pace(bytesPerSecond.getAsLong(), System::nanoTime, Thread::sleep)
            : _ -> {};
    return new Traffic(
        new Traffic.Means(
            most,
            tried,
            retry,
            gate,
            slow.map(own::andThen).orElse(own),
            around.random(),
            Thread::sleep));
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
                AssociationRequest.to(node(DicomAddress.parse(specification))).verification())
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
      return dicomSource(home, DicomAddress.parse(specification));
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

  private Source dicomSource(Home home, DicomAddress settings) {
    NodeAddress address = node(settings);
    Supplier<AssociationRequest> requests =
        () -> {
          gate.pass();
          return AssociationRequest.to(address).priority(settings.priority());
        };
    // Whoever mistyped an address learns it soon.
    Association.open(requests.get().querying()).close();
    return DicomNodeSource.of(
        address,
        requests,
        traffic(settings),
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
