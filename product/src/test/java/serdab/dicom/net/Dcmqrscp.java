package serdab.dicom.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// DCMTK's small archive `dcmqrscp`, called `QRSCP`: stores, finds, moves and gives.
public final class Dcmqrscp implements AutoCloseable {

  private final PeerProgram program;
  private final Path storage;

  private Dcmqrscp(PeerProgram program, Path storage) {
    this.program = program;
    this.storage = storage;
  }

  /// Starts one.
  ///
  /// @param folder for its files
  /// @param movePort where the title `INBOX` listens on this machine; 0 when it knows nobody
  /// @param options more of its options
  public static Dcmqrscp start(Path folder, int movePort, String... options) throws IOException {
    Path storage = Files.createDirectories(folder.resolve("storage"));
    Path configuration = folder.resolve("dcmqrscp.cfg");
    Files.writeString(
        configuration,
        """
        NetworkTCPPort  = 11112
        MaxPDUSize      = 16384
        MaxAssociations = 16
        HostTable BEGIN
        %s
        HostTable END
        VendorTable BEGIN
        VendorTable END
        AETable BEGIN
        QRSCP %s RW (1000, 1024mb) ANY
        AETable END
        """
            .formatted(
                movePort == 0 ? "" : "inbox = (INBOX, 127.0.0.1, " + movePort + ")", storage));
    List<String> command = new ArrayList<>(List.of("dcmqrscp", "-c", configuration.toString()));
    command.addAll(List.of(options));
    command.add("PORT");
    return new Dcmqrscp(
        PeerProgram.serve(folder, Map.of("TCP_NODELAY", "1"), command.toArray(String[]::new)),
        storage);
  }

  /// Its address, with our title `INBOX`.
  public NodeAddress address() {
    return NodeAddress.parse("dicom://QRSCP@127.0.0.1:" + program.port() + "?calling=INBOX");
  }

  /// Where its files are.
  public Path storage() {
    return storage;
  }

  @Override
  public void close() {
    program.close();
  }
}
