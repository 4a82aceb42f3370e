package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.Tag;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// Asking what a node holds and fetching it, from DCMTK's dcmqrscp and from Orthanc.
@Needs({Peer.DCMTK, Peer.SHARED_DATA})
class QueryRetrieveTest {

  private static final String SERIES = "mr_ge_siemens_dcm_qa_nih/20180918GE/mr_0004";

  @TempDir Path temp;

  @Test
  void whatDcmqrscpHoldsIsFoundMovedToUsAndGot() throws Exception {
    Map<String, String> sent = new HashMap<>();
    MemorySink moved = new MemorySink();
    try (StorageServer ours = inbox(moved, _ -> {});
        Dcmqrscp dcmqrscp = Dcmqrscp.start(temp, ours.address().getPort())) {
      NodeAddress node = dcmqrscp.address();
      sent.putAll(send(node));
      retrieve(node, sent, moved);
    }
  }

  @Test
  @Needs(Peer.ORTHANC)
  void whatOrthancHoldsIsFoundMovedToUsGotAndCommittedTo() throws Exception {
    MemorySink moved = new MemorySink();
    BlockingQueue<CommitmentReport> reports = new LinkedBlockingQueue<>();
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    try (StorageServer ours = inbox(moved, reports::add);
        OrthancServer _ = orthanc(port, ours.address().getPort())) {
      NodeAddress node = NodeAddress.parse("dicom://ORTHANC@127.0.0.1:" + port + "?calling=INBOX");
      Map<String, String> sent = send(node);

      retrieve(node, sent, moved);
      commit(node, sent.keySet(), reports);
    }
  }

  private static void retrieve(NodeAddress node, Map<String, String> sent, MemorySink moved)
      throws IOException {
    String study;
    String series;
    Set<String> found = new TreeSet<>();
    DimseStatus ended;
    DimseStatus cut;
    List<DataSet> few = new ArrayList<>();
    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      List<DataSet> studies = new ArrayList<>();
      association.find(
          QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, "", Tag.StudyDate, ""), 10, studies::add);
      assertThat(studies).hasSize(1);
      study = studies.getFirst().string(Tag.StudyInstanceUID).orElseThrow();
      List<DataSet> all = new ArrayList<>();
      association.find(
          QueryLevel.SERIES,
          Map.of(Tag.StudyInstanceUID, study, Tag.SeriesInstanceUID, ""),
          10,
          all::add);
      assertThat(all).hasSize(1);
      series = all.getFirst().string(Tag.SeriesInstanceUID).orElseThrow();
      Map<Integer, String> images =
          Map.of(
              Tag.StudyInstanceUID, study, Tag.SeriesInstanceUID, series, Tag.SOPInstanceUID, "");
      ended = association.find(QueryLevel.IMAGE, images, 1000, image -> found.add(sop(image)));
      cut = association.find(QueryLevel.IMAGE, images, 1, few::add);
    }
    assertThat(ended).isEqualTo(DimseStatus.SUCCESS);
    assertThat(found).isEqualTo(sent.keySet());
    assertThat(few).hasSize(1);
    assertThat(cut.kind()).isIn(DimseStatus.Kind.CANCELLED, DimseStatus.Kind.SUCCESS);

    RetrieveOutcome move;
    try (Association association = Association.open(AssociationRequest.to(node).moving())) {
      move =
          association.move(
              QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), AeTitle.ours("INBOX"));
      assertThat(
              association
                  .move(
                      QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), AeTitle.ours("NOBODY"))
                  .status()
                  .kind())
          .isEqualTo(DimseStatus.Kind.FAILURE);
    }
    assertThat(move.status()).isEqualTo(DimseStatus.SUCCESS);
    assertThat(move.completed()).isEqualTo(sent.size());
    assertThat(digests(moved)).isEqualTo(sent);
    assertThat(moved.kept())
        .allSatisfy(kept ->
            assertThat(kept.instance().moveOriginator().orElseThrow().aeTitle())
                .isEqualTo(node.calling()));

    MemorySink got = new MemorySink();
    RetrieveOutcome get;
    List<ProposedContext> kinds =
        List.of(new ProposedContext("1.2.840.10008.5.1.4.1.1.4", List.of("1.2.840.10008.1.2.1")));
    try (Association association = Association.open(AssociationRequest.to(node).getting(kinds))) {
      get = association.get(QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), got);
    }
    assertThat(get.status()).isEqualTo(DimseStatus.SUCCESS);
    assertThat(get.completed()).isEqualTo(sent.size());
    assertThat(digests(got)).isEqualTo(sent);
  }

  private static void commit(
      NodeAddress node, Set<String> sent, BlockingQueue<CommitmentReport> reports)
      throws Exception {
    List<CommitmentReport.Reference> references = new ArrayList<>();
    sent.forEach(sop ->
        references.add(
            new CommitmentReport.Reference("1.2.840.10008.5.1.4.1.1.4", new SopInstanceUid(sop))));
    references.add(
        new CommitmentReport.Reference(
            "1.2.840.10008.5.1.4.1.1.4", new SopInstanceUid("1.2.3.999")));
    DimseStatus status;
    try (Association association = Association.open(AssociationRequest.to(node).commitment())) {
      status = association.requestCommitment("1.2.3.4.5", references);
    }

    CommitmentReport report = reports.poll(30, TimeUnit.SECONDS);

    assertThat(status).isEqualTo(DimseStatus.SUCCESS);
    assertThat(report).isNotNull();
    assertThat(report.transactionUid()).isEqualTo("1.2.3.4.5");
    assertThat(report.kept().stream().map(SopInstanceUid::value).collect(Collectors.toSet()))
        .isEqualTo(sent);
    assertThat(report.notKept()).containsOnlyKeys(new SopInstanceUid("1.2.3.999"));
  }

  // ---- what the tests are written in

  private static StorageServer inbox(MemorySink sink, Consumer<CommitmentReport> reports) {
    return StorageServer.start(
        new ServerSettings(AeTitle.ours("INBOX")).reportsTo(reports), sink, _ -> {});
  }

  private static OrthancServer orthanc(int port, int inboxPort) {
    return OrthancServer.start(
        """
        ,
        "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
        "DicomCheckCalledAet": false,
        "DicomModalities": {"inbox": ["INBOX", "127.0.0.1", %d]}
        """
            .formatted(port, inboxPort));
  }

  /// Sends a series of real images; by SOP Instance UID, the digests of what was sent.
  private static Map<String, String> send(NodeAddress node) throws IOException {
    Map<String, String> sent = new HashMap<>();
    try (Stream<Path> files = Files.list(SharedData.dicom().resolve(SERIES));
        Association association =
            Association.open(
                AssociationRequest.to(node)
                    .propose(
                        List.of(
                            new ProposedContext(
                                "1.2.840.10008.5.1.4.1.1.4", List.of("1.2.840.10008.1.2.1")))))) {
      for (Path path : files.sorted().limit(5).toList()) {
        try (ByteSource source = ByteSource.open(path)) {
          OutgoingInstance instance = OutgoingInstance.of(DicomFile.scan(source), source);
          assertThat(association.store(instance))
              .isEqualTo(new StoreOutcome.Answered(DimseStatus.SUCCESS));
          sent.put(instance.sop().value(), canonical(Files.readAllBytes(path)));
        }
      }
    }
    assertThat(sent).isNotEmpty();
    return sent;
  }

  /// Nodes write data sets anew, so the canonical digests are compared.
  private static Map<String, String> digests(MemorySink sink) {
    Map<String, String> digests = new HashMap<>();
    for (MemorySink.Kept kept : sink.kept()) {
      byte[] header = kept.instance().fileHeader();
      byte[] file = Arrays.copyOf(header, header.length + kept.body().length);
      System.arraycopy(kept.body(), 0, file, header.length, kept.body().length);
      try {
        digests.put(kept.instance().sop().value(), canonical(file));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return digests;
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().orElseThrow().toString();
  }

  private static String sop(DataSet image) {
    try {
      return image.string(Tag.SOPInstanceUID).orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
