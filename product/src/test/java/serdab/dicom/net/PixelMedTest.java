package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Tag;
import serdab.testing.Needs;
import serdab.testing.Peer;

/// PixelMed, a toolkit in Java with an implementation of its own from the wire up: its server with
/// query and retrieval, and its programs that send.
@Needs({Peer.PIXELMED, Peer.SHARED_DATA})
class PixelMedTest {

  private static final String MR = "1.2.840.10008.5.1.4.1.1.4";
  private static final String EXPLICIT = "1.2.840.10008.1.2.1";

  /// What it holds and does not give back as it is: one without a study, one whose name it does not
  /// find, one that it writes anew with other values.
  private static final List<String> NOT_BACK =
      List.of(
          "1.2.840.10008.1.5.7",
          "1.3.46.423632.131558.1322675745.41",
          "1.2.276.0.7230010.3.1.4.0.42154.1458337731.665796");

  @TempDir Path temp;

  @Test
  void whatItsServerTakesIsKeptFoundMovedToUsAndGot() throws Exception {
    MemorySink moved = new MemorySink();
    try (StorageServer inbox =
            StorageServer.start(new ServerSettings(AeTitle.ours("SERDAB")), moved, _ -> {});
        PeerProgram server = server(inbox.address().getPort())) {
      NodeAddress node = NodeAddress.parse("dicom://PIXELMED@127.0.0.1:" + server.port());
      try (Association association = Association.open(AssociationRequest.to(node).verification())) {
        assertThat(association.echo()).isEqualTo(DimseStatus.SUCCESS);
      }
      Samples.Sent sent = Samples.ofEveryKind().sendTo(node);
      List<String> studies = new ArrayList<>();
      DimseStatus found;
      try (Association association = Association.open(AssociationRequest.to(node).querying())) {
        found =
            association.find(
                QueryLevel.STUDY,
                Map.of(Tag.StudyInstanceUID, ""),
                1000,
                row -> studies.add(study(row)));
      }
      for (String study : studies) {
        try (Association association = Association.open(AssociationRequest.to(node).moving())) {
          association.move(
              QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), AeTitle.ours("SERDAB"));
        }
      }

      assertThat(sent.stored()).hasSizeGreaterThanOrEqualTo(30);
      assertThat(Samples.in(temp.resolve("images"))).isEqualTo(sent.stored());
      assertThat(found).isEqualTo(DimseStatus.SUCCESS);
      Map<String, String> back = new TreeMap<>(Samples.of(moved.kept()));
      Map<String, String> expected = new TreeMap<>(sent.stored());
      NOT_BACK.forEach(expected::remove);
      NOT_BACK.forEach(back::remove);
      assertThat(back).isEqualTo(expected);
      assertThat(got(node)).isNotEmpty().isSubsetOf(sent.stored().entrySet());
    }
  }

  private static String study(DataSet row) {
    try {
      return row.string(Tag.StudyInstanceUID).orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The study of an image that it moved, by C-GET.
  private static Set<Map.Entry<String, String>> got(NodeAddress node) throws IOException {
    Path image = Samples.ofEveryKind().of(MR, EXPLICIT).orElseThrow();
    String study = DicomFile.read(ByteSource.of(Files.readAllBytes(image))).facts().study().value();
    MemorySink sink = new MemorySink();
    List<ProposedContext> kinds = List.of(new ProposedContext(MR, List.of(EXPLICIT)));
    try (Association association = Association.open(AssociationRequest.to(node).getting(kinds))) {
      RetrieveOutcome outcome =
          association.get(QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), sink);
      assertThat(outcome.status()).isEqualTo(DimseStatus.SUCCESS);
    }
    return Samples.of(sink.kept()).entrySet();
  }

  @Test
  void whatItSendsArrivesWithEveryValue() throws Exception {
    Path image = Samples.ofEveryKind().of(MR, EXPLICIT).orElseThrow();
    MemorySink sink = new MemorySink();
    List<PeerProgram.Ended> ended = new ArrayList<>();
    try (StorageServer ours =
        StorageServer.start(new ServerSettings(AeTitle.ours("INBOX")), sink, _ -> {})) {
      String port = "" + ours.address().getPort();
      ended.add(
          PeerProgram.run(
              temp,
              Map.of(),
              program("VerificationSOPClassSCU", "127.0.0.1", port, "INBOX", "PM", "NONSECURE")));
      ended.add(
          PeerProgram.run(
              temp,
              Map.of(),
              program(
                  "StorageSOPClassSCU", "127.0.0.1", port, "INBOX", "PM", image.toString(), "0")));
    }

    assertThat(ended.getFirst().output()).contains("was successful");
    assertThat(ended).extracting(PeerProgram.Ended::code).containsExactly(0, 0);
    assertThat(Samples.of(sink.kept()))
        .isEqualTo(
            new TreeMap<>(
                Map.of(
                    sink.kept().getFirst().instance().sop().value(),
                    Samples.canonical(Files.readAllBytes(image)))));
  }

  private static String[] program(String name, String... arguments) {
    List<String> words = new ArrayList<>(java("com.pixelmed.network." + name));
    words.addAll(Arrays.asList(arguments));
    return words.toArray(String[]::new);
  }

  private static List<String> java(String main) {
    String jars = "/usr/share/java/";
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Djava.awt.headless=true",
        "-Xmx256m",
        "-cp",
        jars
            + "pixelmed.jar:"
            + jars
            + "commons-codec.jar:"
            + jars
            + "hsqldb.jar:"
            + jars
            + "commons-net.jar:"
            + jars
            + "slf4j-api.jar:"
            + jars
            + "vecmath.jar",
        main);
  }

  /// It reads its port from a file, which is written when the port is known.
  private PeerProgram server(int inboxPort) throws IOException {
    Path template = temp.resolve("template");
    Files.writeString(
        template,
        """
        Application.DatabaseFileName=%1$s/database
        Application.SavedImagesFolderName=%1$s/images
        Application.InstanceName=PIXELMED
        Dicom.ListeningPort=@
        Dicom.CalledAETitle=PIXELMED
        Dicom.CallingAETitle=PIXELMED
        Dicom.PrimaryDeviceType=ARCHIVE
        Dicom.RemoteAEs=inbox
        Dicom.RemoteAEs.inbox.CalledAETitle=SERDAB
        Dicom.RemoteAEs.inbox.HostNameOrIPAddress=127.0.0.1
        Dicom.RemoteAEs.inbox.Port=%2$d
        Dicom.RemoteAEs.inbox.QueryModel=STUDYROOT
        Dicom.RemoteAEs.inbox.PrimaryDeviceType=WSD
        WebServer.ListeningPort=0
        WebServer.RootURL=http://127.0.0.1
        WebServer.StylesheetPath=.
        WebServer.RequestTypeToServe=WADO
        """
            .formatted(temp, inboxPort));
    return PeerProgram.serve(
        temp,
        Map.of(),
        "sh",
        "-c",
        "sed s/@/PORT/ template >server.properties && exec "
            + String.join(" ", java("com.pixelmed.server.DicomAndWebStorageServer"))
            + " server.properties");
  }
}
