package serdab.dicom.net;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Our two small programs on dcmjs-dimse, an implementation in JavaScript: a node, and one that
/// speaks with nodes. Both are for this machine alone.
public final class Dcmjs {

  private Dcmjs() {}

  /// Starts the node, which calls itself whatever it is called.
  ///
  /// @param kept where its files go
  /// @param destinations as `TITLE=PORT`
  public static PeerProgram node(Path folder, Path kept, String... destinations)
      throws IOException {
    return PeerProgram.serve(
        folder,
        environment(),
        command(
            "scp.js", Stream.concat(Stream.of("PORT", kept.toString()), Stream.of(destinations))));
  }

  /// Asks a node.
  ///
  /// @param words what to do, and with what
  /// @return what it said of each response, as JSON without spaces
  public static List<String> ask(NodeAddress node, Path folder, String... words)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("" + node.port(), node.called().value()));
    all.addAll(Arrays.asList(words));
    return PeerProgram.run(folder, environment(), command("scu.js", all.stream()))
        .output()
        .lines()
        .toList();
  }

  private static Map<String, String> environment() {
    return Map.of("NODE_PATH", Peer.dcmjs().toString());
  }

  private static String[] command(String script, Stream<String> words) {
    String path =
        SharedData.checkout().resolve("product/src/test/dcmjs").resolve(script).toString();
    return Stream.concat(Stream.of("node", path), words).toArray(String[]::new);
  }
}
