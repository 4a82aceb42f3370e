package serdab.destination;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.net.web.WebSettings;
import serdab.testing.LyingNode;

class WebNodeDestinationContractTest extends DestinationContract {

  @TempDir Path folder;

  private final LyingNode node = LyingNode.start();

  @AfterEach
  void stopTheNode() {
    node.close();
  }

  @Override
  Destination connect() {
    return WebNodes.at(node.url(), folder, WebSettings.DEFAULT);
  }

  /// A node loses an instance: what it still has is of no use as that copy.
  @Override
  void harm(HeldVersion copy) {
    Map<String, LyingNode.Kept> kept = node.kept();
    node.lose(kept.keySet().stream().sorted().toList().getFirst());
  }
}
