package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Against DCMTK's programs, unmodified, with real files.
@Needs({Peer.DCMTK, Peer.SHARED_DATA})
class DcmtkTest {

  private static final Map<String, String> FAST = Map.of("TCP_NODELAY", "1");

  @TempDir Path temp;

  @Test
  void itsEchoIsAnsweredAndItAnswersOurs() throws Exception {
    try (StorageServer ours =
            StorageServer.start(
                new ServerSettings(AeTitle.ours("INBOX")), new MemorySink(), _ -> {});
        PeerProgram theirs = PeerProgram.serve(temp, Map.of(), "storescp", "PORT")) {
      PeerProgram.Ended echoscu =
          PeerProgram.run(
              temp,
              Map.of(),
              "echoscu",
              "-aec",
              "INBOX",
              "127.0.0.1",
              "" + ours.address().getPort());
      DimseStatus status;
      try (Association association =
          Association.open(AssociationRequest.to(node(theirs)).verification())) {
        status = association.echo();
      }

      assertThat(echoscu.output()).isEmpty();
      assertThat(echoscu.code()).isZero();
      assertThat(status).isEqualTo(DimseStatus.SUCCESS);
    }
  }

  @Test
  void everyRealFileArrivesBitForBitAtAServerThatKeepsBits() throws Exception {
    Path received = Files.createDirectory(temp.resolve("received"));
    Sendable files = Sendable.among(SharedData.dicom());
    Map<String, Integer> outcomes = new TreeMap<>();
    Map<String, String> sent = new HashMap<>();

    try (PeerProgram storescp =
        PeerProgram.serve(
            received, FAST, "storescp", "+B", "-pm", "+xa", "-pdu", "131072", "PORT")) {
      for (List<ProposedContext> contexts : ProposedContext.forSending(files.kinds())) {
        try (Association association =
            Association.open(AssociationRequest.to(node(storescp)).propose(contexts))) {
          Set<String> ofThis =
              new TreeSet<>(contexts.stream().map(ProposedContext::abstractSyntax).toList());
          for (Path path : files.paths()) {
            try (ByteSource source = ByteSource.open(path)) {
              DicomFile file = DicomFile.read(source);
              OutgoingInstance instance = OutgoingInstance.of(file, source);
              if (!ofThis.contains(instance.sopClassUid())) {
                continue;
              }
              StoreOutcome outcome = association.store(instance);
              outcomes.merge(outcome.toString(), 1, Integer::sum);
              if (outcome.equals(new StoreOutcome.Answered(DimseStatus.SUCCESS))) {
                sent.put(instance.sop().value(), body(path, instance.offset(), true));
              }
            }
          }
        }
      }
    }

    assertThat(bodies(received)).isEqualTo(sent);
    assertThat(sent).hasSizeGreaterThan(550);
    // What DCMTK 3.6.7 does not know, and files of an odd length.
    assertThat(outcomes.keySet())
        .containsExactlyInAnyOrder(
            new StoreOutcome.Answered(DimseStatus.SUCCESS).toString(),
            new StoreOutcome.NotTransferable(StoreOutcome.Reason.ODD_LENGTH).toString(),
            new StoreOutcome.NotTransferable(StoreOutcome.Reason.SOP_CLASS_REFUSED).toString(),
            new StoreOutcome.NotTransferable(StoreOutcome.Reason.TRANSFER_SYNTAX_REFUSED)
                .toString());
  }

  /// DCMTK writes data sets anew as it sends them, so ours are compared with what its own server
  /// got from the same program.
  @Test
  void whatItSendsArrivesAsItDoesAtItsOwnServer() throws Exception {
    Path received = Files.createDirectory(temp.resolve("received"));
    Sendable files = Sendable.among(SharedData.dicom());
    MemorySink sink = new MemorySink();

    try (StorageServer ours =
            StorageServer.start(new ServerSettings(AeTitle.ours("INBOX")), sink, _ -> {});
        PeerProgram theirs =
            PeerProgram.serve(
                received, FAST, "storescp", "+B", "-pm", "+xa", "-pdu", "131072", "PORT")) {
      dcmsend(files.paths(), theirs.port());
      dcmsend(files.paths(), ours.address().getPort());
    }

    Map<String, String> atOurs = new HashMap<>();
    sink.kept()
        .forEach(kept ->
            atOurs.put(kept.instance().sop().value(), Sha256.digest(kept.body()).toString()));
    Map<String, String> atTheirs = bodies(received);
    // It knows fewer SOP classes and syntaxes than ours takes.
    assertThat(atOurs).containsAllEntriesOf(atTheirs);
    assertThat(atOurs).hasSizeGreaterThan(500);
    assertThat(sink.kept().stream().map(k -> k.instance().transferSyntaxUid()).distinct())
        .hasSizeGreaterThan(8);
  }

  private void dcmsend(List<Path> files, int port) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "dcmsend",
                "--no-halt",
                "--no-uid-checks",
                "--decompress-never",
                "--call",
                "INBOX",
                "127.0.0.1",
                "" + port));
    files.forEach(file -> command.add(file.toString()));
    PeerProgram.Ended ended = PeerProgram.run(temp, FAST, command.toArray(String[]::new));
    assertThat(ended.output()).doesNotContain("Association Rejected", "Peer aborted");
  }

  private static NodeAddress node(PeerProgram peer) {
    return NodeAddress.parse("dicom://PEER@127.0.0.1:" + peer.port());
  }

  /// The digest of what stands behind the File Meta Information.
  ///
  /// @param padded whether an odd one counts with a NUL behind it: how deflated ones are sent
  private static String body(Path file, long offset, boolean padded) throws IOException {
    byte[] all = Files.readAllBytes(file);
    int odd = padded ? (int) (all.length - offset) & 1 : 0;
    return Sha256.digest(Arrays.copyOfRange(all, (int) offset, all.length + odd)).toString();
  }

  /// The data sets of all files of a folder, by SOP Instance UID.
  private static Map<String, String> bodies(Path folder) throws IOException {
    Map<String, String> bodies = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path path : files.filter(f -> !f.toString().endsWith(".log")).toList()) {
        try (ByteSource source = ByteSource.open(path)) {
          DicomFile file = DicomFile.scan(source);
          bodies.put(file.facts().sop().value(), body(path, file.dataSetOffset(), false));
        }
      }
    }
    return bodies;
  }

  /// The files of the shared data that hold an instance with names enough to be sent.
  private record Sendable(List<Path> paths, Set<OutgoingInstance.Kind> kinds) {

    static Sendable among(Path folder) throws IOException {
      List<Path> paths = new ArrayList<>();
      Set<OutgoingInstance.Kind> kinds = new LinkedHashSet<>();
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path path : files.filter(Files::isRegularFile).sorted().toList()) {
          try (ByteSource source = ByteSource.open(path)) {
            DicomFile file = DicomFile.scan(source);
            OutgoingInstance instance = OutgoingInstance.of(file, source);
            if (file.isDicom()
                && !file.isDicomDir()
                && instance.sop().isValid()
                && instance.lengthBytes() > 0
                && !instance.sopClassUid().isEmpty()
                && !instance.transferSyntaxUid().isEmpty()) {
              paths.add(path);
              kinds.add(instance.kind());
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      }
      return new Sendable(paths, kinds);
    }
  }
}
