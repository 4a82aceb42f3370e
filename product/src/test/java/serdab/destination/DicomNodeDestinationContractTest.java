package serdab.destination;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;

/// What a destination promises, kept by an Orthanc that is spoken with by DICOM's own protocol.
@Needs(Peer.ORTHANC)
class DicomNodeDestinationContractTest extends DestinationContract {

  private static OrthancServer orthanc;

  @TempDir Path folder;

  @BeforeAll
  static void startTheNode() {
    orthanc = OrthancServer.withDicom("");
  }

  @AfterAll
  static void stopTheNode() {
    orthanc.close();
  }

  @BeforeEach
  void emptyTheNode() throws IOException {
    orthanc.forgetEverything();
  }

  @Override
  Destination connect() {
    return DicomNodes.at(orthanc.dicom(), folder);
  }

  /// The node loses an instance: what it still has is of no use as that copy.
  @Override
  void harm(HeldVersion copy) {
    try {
      orthanc.lose(firstInstance(copy));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String firstInstance(HeldVersion copy) {
    try (VersionReader reader = destination.read(copy)) {
      return reader.version().files().getFirst().instance().orElseThrow().sop().value();
    }
  }
}
