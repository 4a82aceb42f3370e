package serdab.cli;

import java.nio.file.Path;
import serdab.Problem;
import serdab.SerdabException;
import serdab.destination.node.WebNodeDestination;
import serdab.dicom.net.web.Credentials;
import serdab.dicom.net.web.DicomWeb;
import serdab.dicom.net.web.Trust;
import serdab.dicom.net.web.WebSettings;
import serdab.plan.SecretReference;
import serdab.plan.WebAddress;
import serdab.source.node.WebNodeSource;
import serdab.store.LocalFolder;

/// Turns the addresses of DICOM nodes into clients, destinations and sources.
final class Nodes {

  private final Surroundings around;

  Nodes(Surroundings around) {
    this.around = around;
  }

  /// Whether a specification names a node rather than a place with a folder.
  static boolean isNode(String specification) {
    return WebAddress.isOne(specification);
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
  WebNodeDestination destination(String specification, boolean others) {
    Home home = around.home().make();
    DicomWeb node = client(specification);
    try {
      node.probe();
      Path folder = home.folder().resolve("nodes").resolve(id(specification));
      return new WebNodeDestination(
          node,
          LocalFolder.create(folder, around.random()),
          scratch(home),
          others,
          Wiring.WRITTEN_BY,
          around.clock());
    } catch (RuntimeException e) {
      node.close();
      throw e;
    }
  }

  /// A node as source, which answered.
  WebNodeSource source(String specification) {
    DicomWeb node = client(specification);
    try {
      node.probe();
      return new WebNodeSource(node, scratch(around.home().make()));
    } catch (RuntimeException e) {
      node.close();
      throw e;
    }
  }

  private static String id(String specification) {
    return WebNodeDestination.idOf(WebAddress.parse(specification).base().toString()).toString();
  }

  static SerdabException.Refused keepsEverything() {
    return new SerdabException.Refused(
        new Problem(
            "dicomweb-no-removal",
            "Nothing is ever removed from a node.",
            "Remove it with the node's own program, when it is certain that nobody needs it."));
  }

  /// Where instances on their way are kept.
  static Path scratch(Home home) {
    return home.cache().resolve("scratch");
  }

  /// How an address is remembered: without how to get in.
  static String address(String specification) {
    return WebAddress.parse(specification).plain();
  }
}
