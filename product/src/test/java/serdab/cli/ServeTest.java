package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.NoteBytes;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.CommitmentReport;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.dicom.net.PeerProgram;
import serdab.dicom.net.ProposedContext;
import serdab.dicom.net.QueryLevel;
import serdab.dicom.net.RetrieveOutcome;
import serdab.dicom.net.TlsMaterial;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// `serdab serve`, asked by programs that are not ours, and by ours.
@Needs(Peer.DCMTK)
class ServeTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern LISTENING = Pattern.compile("Listening at ([^,]+), port (\\d+)");
  private static final String PASSPHRASE = "a long passphrase";
  private static final long REAL_BYTES_MAX = 600_000;
  private static final String MR = "1.2.840.10008.5.1.4.1.1.4";
  private static final String EXPLICIT = "1.2.840.10008.1.2.1";

  @TempDir private Path folder;

  private final List<Process> running = new ArrayList<>();
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final AtomicInteger exitCode = new AtomicInteger();
  private Thread serving = new Thread();

  @AfterEach
  void stopAll() throws InterruptedException {
    serving.interrupt();
    serving.join();
    for (Process process : running) {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  // ---- what was backed up comes back

  /// Every kind of real file there is, JPEG-LS-compressed copies and sealed ones among them, in the
  /// syntax that it was backed up in.
  @ParameterizedTest
  @ValueSource(strings = {"zip", "jpeg-ls", "repo"})
  @Needs(Peer.SHARED_DATA)
  void realFilesAreGotBitForBit(String form) throws Exception {
    realSource();
    backUp(form);
    NodeAddress node = start(form);
    Map<String, String> expected = bodiesBelow(folder.resolve("source"));
    Map<String, String> got = new TreeMap<>();
    List<RetrieveOutcome> outcomes = new ArrayList<>();

    for (String study : studies(node)) {
      outcomes.add(get(node, QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, study), kinds(), got));
    }

    assertThat(expected).hasSizeGreaterThan(20);
    assertThat(got).isEqualTo(expected);
    assertThat(outcomes)
        .allSatisfy(outcome -> assertThat(outcome.status()).isEqualTo(DimseStatus.SUCCESS));
  }

  @Test
  void dcmtkFindsGetsAndMovesAndEveryRetrievalIsWrittenDown() throws Exception {
    putStudy("1.2.3", 5);
    putStudy("1.2.4", 2);
    backUp("zip");
    Path moved = Files.createDirectories(folder.resolve("moved"));
    Path got = Files.createDirectories(folder.resolve("got"));
    try (PeerProgram storescp =
        PeerProgram.serve(
            folder,
            Map.of("TCP_NODELAY", "1"),
            "storescp",
            "+B",
            "-od",
            moved.toString(),
            "PORT")) {
      NodeAddress node =
          start("zip", "--move-to", "STORE=127.0.0.1:" + storescp.port(), "--title", "BACKUP");
      Map<String, String> expected = bodiesBelow(folder.resolve("source"));

      String found =
          run(
              node,
              "findscu",
              "-S",
              "-k",
              "QueryRetrieveLevel=STUDY",
              "-k",
              "PatientName=Test*",
              "-k",
              "NumberOfStudyRelatedInstances",
              "-k",
              "StudyInstanceUID=1.2.3");
      String whole =
          run(node, "getscu", "-P", "--ignore", "-k", "0008,0052=PATIENT", "-k", "0010,0020=T1");
      String patients =
          run(
              node,
              "findscu",
              "-P",
              "-k",
              "QueryRetrieveLevel=PATIENT",
              "-k",
              "PatientID",
              "-k",
              "NumberOfPatientRelatedInstances");
      String move =
          run(
              node,
              "movescu",
              "-S",
              "-aem",
              "STORE",
              "-k",
              "0008,0052=STUDY",
              "-k",
              "0020,000D=1.2.3");
      String nobody =
          run(
              node,
              "movescu",
              "-S",
              "-aem",
              "NOBODY",
              "-k",
              "0008,0052=STUDY",
              "-k",
              "0020,000D=1.2.3");
      String get =
          run(
              node,
              "getscu",
              "-S",
              "+B",
              "-od",
              got.toString(),
              "-k",
              "0008,0052=STUDY",
              "-k",
              "0020,000D=1.2.3\\1.2.4");

      assertThat(found)
          .contains("[Test^Tina")
          .contains("Find Response: 1 (Pending)")
          .containsPattern("0020,1208\\) IS \\[5 ")
          .containsPattern("0008,0054\\) AE \\[BACKUP")
          .contains("[ONLINE]")
          .doesNotContain("Find Response: 2");
      assertThat(patients).containsPattern("0020,1204\\) IS \\[7 ");
      assertThat(whole).contains("Completed Suboperations : 7");
      assertThat(move).contains("Final Move Response (Success)");
      assertThat(nobody).contains("MoveDestinationUnknown");
      assertThat(get).contains("Completed Suboperations : 7");
      assertThat(bodiesBelow(got)).isEqualTo(expected);
      assertThat(bodiesBelow(moved)).hasSize(5);
      assertThat(expected).containsAllEntriesOf(bodiesBelow(moved));
    }
    stop();
    assertThat(said())
        .contains("sent to STORE: 5 of 5 instances, status 0000")
        .doesNotContain("Tina");
    CommandLineRun.Result list = serdab("serve", "--retrievals", "2");
    CommandLineRun.Result json = serdab("serve", "--retrievals", "100", "--json");
    assertThat(list.out().lines()).hasSize(2).allMatch(line -> line.contains("GETSCU (127.0.0.1)"));
    assertThat(json.out())
        .contains("\"schema\":\"serdab-retrievals-v1\"")
        .contains("\"service\":\"C-MOVE\"")
        .contains("\"wanted\":5")
        .contains("dicom://STORE@127.0.0.1");
  }

  @Test
  @Needs(Peer.ORTHANC)
  void orthancAsksAndFetches() throws Exception {
    putStudy("1.2.3", 3);
    backUp("zip");
    int port = freePort();
    NodeAddress node =
        start("zip", "--move-to", "ORTHANC=127.0.0.1:" + port, "--allow", "ORTHANC@127.0.0.1");
    try (OrthancServer orthanc =
        OrthancServer.start(
            """
            ,
            "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
            "DicomModalities": {"serdab": ["SERDAB", "127.0.0.1", %d]}
            """
                .formatted(port, node.port()))) {
      String query =
          orthanc.ask(
              "/modalities/serdab/query",
              "{\"Level\": \"Study\", \"Query\": {\"PatientID\": \"T1\", \"StudyDate\": \"20240101-\"}}");
      String path = found(query, "\"Path\" : \"([^\"]+)\"");
      String answers = orthanc.ask(path + "/answers?expand&simplify", "");
      String retrieved =
          orthanc.ask(path + "/retrieve", "{\"TargetAet\": \"ORTHANC\", \"Synchronous\": true}");

      assertThat(answers).contains("\"StudyInstanceUID\" : \"1.2.3\"");
      assertThat(retrieved).contains("ORTHANC");
      assertThat(orthanc.ask("/statistics", "")).contains("\"CountInstances\" : 3");
    }
  }

  // ---- what is asked

  /// In the character set of the request, whatever that of the file is.
  @Test
  @Needs(Peer.SHARED_DATA)
  void namesInJapaneseKoreanAndChineseAreFoundAndArriveUnharmed() throws Exception {
    Map<String, String> names = new TreeMap<>();
    Path source = Files.createDirectories(folder.resolve("source"));
    try (Stream<Path> all = Files.walk(SharedData.dicom().resolve("odd_pydicom/charset_files"))) {
      for (Path file :
          all.filter(path -> path.getFileName().toString().matches("chr.*\\.dcm")).toList()) {
        DicomFile read = DicomFile.read(ByteSource.of(Files.readAllBytes(file)));
        String name = read.dataSet().string(Tag.PatientName).orElse("");
        if (name.codePoints().anyMatch(c -> c > 0x3000)) {
          names.put(read.facts().study().value(), name);
          Files.copy(file, source.resolve(file.getFileName().toString()));
        }
      }
    }
    backUp("zip");
    NodeAddress node = start("zip");
    Map<String, String> found = new TreeMap<>();

    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      for (String name : names.values()) {
        String group = name.split("=", -1)[name.contains("=") ? 1 : 0];
        String family = group.split("\\^", -1)[0];
        association.find(
            QueryLevel.STUDY,
            Map.of(Tag.PatientName, family + "*", Tag.StudyInstanceUID, ""),
            100,
            study -> found.put(text(study, Tag.StudyInstanceUID), text(study, Tag.PatientName)));
      }
    }

    assertThat(names).hasSizeGreaterThan(2);
    assertThat(found).isEqualTo(names);
  }

  @Test
  void levelsBelowAStudyAreAnsweredFromTheCopyAndAListIsCutOnRequest() throws Exception {
    putStudy("1.2.3", 200);
    backUp("zip");
    NodeAddress node = start("zip");
    List<DataSet> series = new ArrayList<>();
    List<DataSet> images = new ArrayList<>();
    List<DataSet> few = new ArrayList<>();

    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      association.find(
          QueryLevel.SERIES,
          Map.of(
              Tag.StudyInstanceUID,
              "1.2.3",
              Tag.SeriesInstanceUID,
              "",
              Tag.Modality,
              "M?",
              0x00201209,
              ""),
          10,
          series::add);
      Map<Integer, String> keys =
          Map.of(
              Tag.StudyInstanceUID,
              "1.2.3",
              Tag.SeriesInstanceUID,
              "1.2.3.1",
              Tag.SOPInstanceUID,
              "",
              Tag.Rows,
              "",
              0x00083002,
              "");
      assertThat(association.find(QueryLevel.IMAGE, keys, 1000, images::add).isSuccess()).isTrue();
      association.find(QueryLevel.IMAGE, keys, 3, few::add);
      assertThat(association.find(QueryLevel.IMAGE, Map.of(Tag.SOPInstanceUID, ""), 3, few::add))
          .isEqualTo(DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
    }

    assertThat(series).hasSize(1);
    assertThat(text(series.getFirst(), Tag.SeriesInstanceUID)).isEqualTo("1.2.3.1");
    assertThat(text(series.getFirst(), 0x00201209)).isEqualTo("200");
    assertThat(images).hasSize(200);
    assertThat(images.getFirst().number(Tag.Rows)).contains(1L);
    assertThat(text(images.getFirst(), 0x00083002)).isEqualTo(EXPLICIT);
    assertThat(few).hasSize(3);
  }

  // ---- what cannot be sent is named

  @Test
  void whatThePeerDoesNotTakeAsItIsOrWhatIsDamagedFailsAndIsNamed() throws Exception {
    putStudy("1.2.3", 3);
    put("other.dcm", TinyDicom.image().study("1.2.3").series("1.2.3.2").sop("1.2.3.2.1").bytes());
    backUp("zip");
    damage("1.2.3-2");
    NodeAddress node = start("zip");
    Map<String, String> got = new TreeMap<>();

    RetrieveOutcome some =
        get(
            node,
            QueryLevel.STUDY,
            Map.of(Tag.StudyInstanceUID, "1.2.3"),
            List.of(new ProposedContext(MR, List.of(EXPLICIT))),
            got);
    RetrieveOutcome none =
        get(
            node,
            QueryLevel.IMAGE,
            Map.of(Tag.StudyInstanceUID, "1.2.3", Tag.SOPInstanceUID, "1.2.3.1.1"),
            List.of(new ProposedContext(MR, List.of("1.2.840.10008.1.2"))),
            new TreeMap<>());

    assertThat(got.keySet())
        .containsExactlyInAnyOrder(
            "1.2.3.1.1 " + EXPLICIT, "1.2.3.1.3 " + EXPLICIT, "1.2.3.2.1 " + EXPLICIT);
    assertThat(some.status()).isEqualTo(DimseStatus.SUB_OPERATIONS_FAILED);
    assertThat(some.completed()).isEqualTo(3);
    assertThat(some.failed()).isEqualTo(1);
    assertThat(some.failedInstances()).hasToString("[1.2.3.1.2]");
    assertThat(none.status()).isEqualTo(DimseStatus.UNABLE_TO_PERFORM_SUB_OPERATIONS);
    assertThat(none.failedInstances()).hasToString("[1.2.3.1.1]");
  }

  /// Also for a whole study or series, as the question without a UID means everything elsewhere.
  @Test
  void aRetrievalThatNamesNothingBringsNothing() throws Exception {
    putStudy("1.2.3", 2);
    backUp("zip");
    NodeAddress node = start("zip");
    Map<String, String> got = new TreeMap<>();
    List<ProposedContext> kinds = List.of(new ProposedContext(MR, List.of(EXPLICIT)));

    for (String uid : new String[] {"", "*"}) {
      assertThat(
              get(node, QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, uid), kinds, got).status())
          .isEqualTo(DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
    }
    assertThat(
            get(node, QueryLevel.SERIES, Map.of(Tag.StudyInstanceUID, "1.2.3"), kinds, got)
                .status())
        .isEqualTo(DimseStatus.DATA_SET_DOES_NOT_MATCH_SOP_CLASS);
    assertThat(got).isEmpty();
    assertThat(
            get(
                    node,
                    QueryLevel.SERIES,
                    Map.of(Tag.StudyInstanceUID, "1.2.3", Tag.SeriesInstanceUID, "1.2.3.1"),
                    kinds,
                    got)
                .completed())
        .isEqualTo(2);
  }

  // ---- storage commitment

  /// What is damaged, of another class or not there is not; what is rejected is.
  @Test
  void onlyWhatIsHeldAndReadAgainIsCommittedTo() throws Exception {
    putStudy("1.2.3", 3);
    putStudy("1.2.4", 2);
    put(
        "note.dcm",
        NoteBytes.of("1.2.4", "1.2.4.99.1").title("113037").rejects("1.2.4.1.2").bytes());
    backUp("zip");
    damage("1.2.3-2");
    NodeAddress without = start("zip");
    try (Association association =
        Association.open(AssociationRequest.to(without).verification().commitment())) {
      assertThat(association.accepted()).hasSize(1);
    }
    stop();
    NodeAddress node = start("zip", "--commitment");
    Optional<CommitmentReport> report;

    try (Association association = Association.open(AssociationRequest.to(node).commitment())) {
      DimseStatus status =
          association.requestCommitment(
              "1.2.9",
              List.of(
                  reference(MR, "1.2.3.1.1"),
                  reference(MR, "1.2.4.1.2"),
                  reference(MR, "1.2.3.1.2"),
                  reference("1.2.840.10008.5.1.4.1.1.2", "1.2.3.1.3"),
                  reference(MR, "1.2.3.1.4")));
      assertThat(status).isEqualTo(DimseStatus.SUCCESS);
      report = association.awaitReport(PATIENCE);
    }

    assertThat(report)
        .contains(
            new CommitmentReport(
                "1.2.9",
                List.of(new SopInstanceUid("1.2.3.1.1"), new SopInstanceUid("1.2.4.1.2")),
                Map.of(
                    new SopInstanceUid("1.2.3.1.2"), 0x0110,
                    new SopInstanceUid("1.2.3.1.3"), 0x0119,
                    new SopInstanceUid("1.2.3.1.4"), 0x0112)));
    stop();
    assertThat(said()).contains("asked for 5 instances: 2 are held and were read again");
  }

  @Test
  @Needs(Peer.ORTHANC)
  void orthancAsksForCommitmentAndHearsOfItOnAnAssociationOfOurs() throws Exception {
    putStudy("1.2.3", 2);
    backUp("zip");
    int port = freePort();
    NodeAddress node =
        start(
            "zip",
            "--commitment",
            "--move-to",
            "ORTHANC=127.0.0.1:" + port,
            "--allow",
            "ORTHANC@127.0.0.1");
    try (OrthancServer orthanc =
        OrthancServer.start(
            """
            ,
            "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
            "DicomModalities": {"serdab": ["SERDAB", "127.0.0.1", %d]}
            """
                .formatted(port, node.port()))) {
      String asked =
          orthanc.ask(
              "/modalities/serdab/storage-commitment",
              "{\"DicomInstances\": [[\"%1$s\", \"1.2.3.1.1\"], [\"%1$s\", \"1.2.3.1.7\"]]}"
                  .formatted(MR));
      String path = found(asked, "\"Path\" : \"([^\"]+)\"");

      String report = orthanc.ask(path, "");
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (report.contains("Pending") && System.nanoTime() < deadline) {
        LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        report = orthanc.ask(path, "");
      }

      assertThat(report).contains("\"Status\" : \"Failure\"");
      assertThat(report.substring(report.indexOf("\"Success\"")))
          .contains("1.2.3.1.1")
          .doesNotContain("1.2.3.1.7");
      assertThat(report).contains("\"FailureReason\" : 274");
    }
  }

  private static CommitmentReport.Reference reference(String sopClass, String sop) {
    return new CommitmentReport.Reference(sopClass, new SopInstanceUid(sop));
  }

  // ---- what is served

  @Test
  void whatANoteRejectsIsLeftOutUnlessItIsAskedFor() throws Exception {
    putStudy("1.2.3", 3);
    put(
        "note.dcm",
        NoteBytes.of("1.2.3", "1.2.3.99.1").title("113037").rejects("1.2.3.1.2").bytes());
    backUp("zip");

    NodeAddress node = start("zip");
    assertThat(images(node, "1.2.3")).containsExactly("1.2.3.1.1", "1.2.3.1.3", "1.2.3.99.1");
    stop();
    node = start("zip", "--with-rejected");
    assertThat(images(node, "1.2.3"))
        .containsExactly("1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3", "1.2.3.99.1");
  }

  @Test
  void aCopyThatCannotBeReadIsNamedByItsLabelAndTheOthersAreServed() throws Exception {
    putStudy("1.2.3", 1);
    backUp("zip");
    try (Stream<Path> files = Files.walk(folder.resolve("zip"))) {
      Path zip = files.filter(path -> path.toString().endsWith(".zip")).findFirst().orElseThrow();
      Files.write(zip, Arrays.copyOf(Files.readAllBytes(zip), 500));
    }
    putStudy("1.2.4", 1);
    Files.delete(folder.resolve("source/1.2.3-1"));
    serdab(
        "backup",
        "--from",
        folder.resolve("source").toString(),
        "--to",
        place("zip"),
        "--quiet-time",
        "0s",
        "--accept-fewer");

    NodeAddress node = start("zip");

    assertThat(studies(node)).containsExactly("1.2.4");
    assertThat(said()).containsPattern("Study \\S+ is not served: \\S+").doesNotContain("Tina");
  }

  @Test
  void newCopiesAndNewVersionsAreSeenAndTheNewestOfTwoPlacesIsServed() throws Exception {
    putStudy("1.2.3", 2);
    backUp("zip");
    serdab(
        "backup",
        "--from",
        folder.resolve("source").toString(),
        "--to",
        "zip:" + folder.resolve("second"),
        "--quiet-time",
        "0s");
    NodeAddress node =
        start("zip", "--from", "zip:" + folder.resolve("second"), "--refresh", "200ms");
    assertThat(images(node, "1.2.3")).hasSize(2);

    putStudy("1.2.3", 3);
    putStudy("1.2.4", 1);
    serdab(
        "backup",
        "--from",
        folder.resolve("source").toString(),
        "--to",
        "zip:" + folder.resolve("second"),
        "--quiet-time",
        "0s");

    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (studies(node).size() < 2 && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
    assertThat(studies(node)).containsExactly("1.2.3", "1.2.4");
    assertThat(images(node, "1.2.3")).hasSize(3);
  }

  // ---- places that go away

  /// The folder is renamed while it is served, or another one without copies is mounted over it; in
  /// the end it is back.
  @ParameterizedTest
  @ValueSource(strings = {"zip", "repo"})
  void whatIsAwayIsListedAsOfflineAndComesBack(String form) throws Exception {
    putStudy("1.2.3", 2);
    backUp(form);
    if (form.equals("zip")) {
      // Nothing is known of the place but what it says itself.
      Files.move(folder.resolve("home"), folder.resolve("another home"));
    }
    NodeAddress node = start(form, "--refresh", "100ms");
    assertThat(availability(node)).containsExactly("ONLINE");

    for (boolean empty : new boolean[] {false, true}) {
      Files.move(folder.resolve(form), folder.resolve("unmounted"));
      if (empty) {
        Files.createDirectory(folder.resolve(form));
      }
      awaitAvailability(node, "OFFLINE");
      assertThat(studies(node)).containsExactly("1.2.3");
      assertThat(imagesStatus(node, "1.2.3")).isEqualTo(DimseStatus.UNABLE_TO_PROCESS);
      assertThat(
              get(
                      node,
                      QueryLevel.STUDY,
                      Map.of(Tag.StudyInstanceUID, "1.2.3"),
                      kinds(),
                      new TreeMap<>())
                  .status())
          .isEqualTo(DimseStatus.UNABLE_TO_PROCESS);
      assertThat(said())
          .contains(place(form) + " cannot be used now: ")
          .containsPattern("Study \\S+ is not served: \\S+")
          .doesNotContain("Exception");

      if (empty) {
        Files.delete(folder.resolve(form));
      }
      Files.move(folder.resolve("unmounted"), folder.resolve(form));
      awaitAvailability(node, "ONLINE");
      assertThat(images(node, "1.2.3")).hasSize(2);
      assertThat(said()).contains(place(form) + " is there again.");
      output.reset();
    }
    stop();
  }

  @Test
  void whatAnotherPlaceHasIsServedFromThere() throws Exception {
    putStudy("1.2.3", 2);
    backUp("zip");
    serdab(
        "backup",
        "--from",
        folder.resolve("source").toString(),
        "--to",
        "zip:" + folder.resolve("second"),
        "--quiet-time",
        "0s");
    putStudy("1.2.3", 3);
    backUp("zip");
    NodeAddress node =
        start("zip", "--from", "zip:" + folder.resolve("second"), "--refresh", "100ms");
    assertThat(images(node, "1.2.3")).hasSize(3);

    Files.move(folder.resolve("zip"), folder.resolve("unmounted"));
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!said().contains(place("zip") + " cannot be used now: ")
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }

    assertThat(availability(node)).containsExactly("ONLINE");
    assertThat(images(node, "1.2.3")).as("the version that is left").hasSize(2);
    stop();
  }

  private static DimseStatus imagesStatus(NodeAddress node, String study) {
    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      return association.find(
          QueryLevel.IMAGE,
          Map.of(Tag.StudyInstanceUID, study, Tag.SOPInstanceUID, ""),
          10_000,
          _ -> {});
    }
  }

  private void awaitAvailability(NodeAddress node, String wanted) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!availability(node).equals(List.of(wanted)) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
    assertThat(availability(node)).containsExactly(wanted);
  }

  /// Instance Availability (0008,0056) of each study.
  private static List<String> availability(NodeAddress node) {
    List<String> all = new ArrayList<>();
    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      association.find(
          QueryLevel.STUDY,
          Map.of(Tag.StudyInstanceUID, ""),
          10_000,
          match -> all.add(text(match, 0x0008_0056)));
    }
    return all;
  }

  // ---- who may ask

  @Test
  void onlyWhoIsNamedByTitleAndAddressMayAsk() throws Exception {
    putStudy("1.2.3", 1);
    backUp("zip");
    NodeAddress node = start("zip", "--title", "BACKUP");

    assertThat(run(node, "echoscu", "-v")).contains("Received Echo Response (Success)");
    assertThat(as(node, "STRANGER", "BACKUP")).contains("Calling AE Title Not Recognized");
    assertThat(as(node, "ECHOSCU", "SERDAB")).contains("Called AE Title Not Recognized");
    stop();
    node = start("zip", "--any-title");
    assertThat(as(node, "ECHOSCU", "WHATEVER")).doesNotContain("Rejected");
    stop();
    assertThat(said()).contains("Listening at 127.0.0.1");

    String zip = "zip:" + folder.resolve("zip");
    assertThat(serdab("serve", "--from", zip).err()).contains("Nothing says who may ask");
    for (String who : List.of("any", "VIEWER", "@127.0.0.1", "VIEWER@")) {
      CommandLineRun.Result refused = serdab("serve", "--from", zip, "--allow", who, "--for", "0s");
      assertThat(refused.exitCode()).isEqualTo(2);
      assertThat(refused.err()).contains("a title alone proves nothing");
    }
    CommandLineRun.Result elsewhere =
        serdab(
            "serve",
            "--from",
            zip,
            "--allow",
            "ECHOSCU@10.0.0.1",
            "--listen",
            "127.0.0.2",
            "--port",
            "0",
            "--for",
            "0s",
            "--json");
    assertThat(elsewhere.out())
        .contains("\"schema\":\"serdab-serve-v1\"")
        .contains("\"address\":\"127.0.0.2\"")
        .contains("\"studies\":1");
    assertThat(serdab("serve", "--allow", "A@127.0.0.1").err()).contains("--from is missing");
    assertThat(
            serdab("serve", "--from", zip, "--allow", "A@127.0.0.1", "--move-to", "B").exitCode())
        .isEqualTo(2);
    assertThat(
            serdab("serve", "--from", zip, "--allow", "A@127.0.0.1", "--move-to", "B=tls://h:1")
                .err())
        .contains("needs --tls-key");
  }

  @Test
  @Needs(Peer.OPENSSL)
  void withTlsWhoHasATrustedCertificateMayAskAndIsSentToOverTls() throws Exception {
    putStudy("1.2.3", 3);
    backUp("zip");
    for (String name : List.of("ours", "theirs", "stranger")) {
      certificate(name);
    }
    Path moved = Files.createDirectories(folder.resolve("moved"));
    try (PeerProgram storescp =
        PeerProgram.serve(
            folder,
            Map.of("TCP_NODELAY", "1"),
            "storescp",
            "+B",
            "-od",
            moved.toString(),
            "+tls",
            "theirs.key",
            "theirs.crt",
            "+cf",
            "ours.crt",
            "PORT")) {
      NodeAddress node =
          startAllowing(
              List.of(),
              "zip",
              "--tls-key",
              pem("ours.key"),
              "--tls-certificate",
              pem("ours.crt"),
              "--tls-trust",
              pem("theirs.crt"),
              "--move-to",
              "STORE=tls://127.0.0.1:" + storescp.port());

      assertThat(
              overTls(
                  node,
                  "theirs",
                  "findscu",
                  "-S",
                  "-k",
                  "0008,0052=IMAGE",
                  "-k",
                  "0020,000D=1.2.3",
                  "-k",
                  "0008,0018"))
          .contains("Find Response: 3 (Pending)");
      assertThat(overTls(node, "stranger", "findscu", "-S", "-k", "0008,0052=STUDY"))
          .doesNotContain("Find Response");
      List<DataSet> few = new ArrayList<>();
      RetrieveOutcome move;
      try (Association association =
          Association.open(
              AssociationRequest.to(node)
                  .querying()
                  .moving()
                  .tls(
                      TlsMaterial.context(
                          Files.readAllBytes(Path.of(pem("theirs.key"))),
                          Files.readAllBytes(Path.of(pem("theirs.crt"))),
                          Files.readAllBytes(Path.of(pem("ours.crt"))))))) {
        association.find(
            QueryLevel.IMAGE,
            Map.of(Tag.StudyInstanceUID, "1.2.3", Tag.SOPInstanceUID, ""),
            1,
            few::add);
        move =
            association.move(
                QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, "1.2.3"), AeTitle.ours("STORE"));
      }
      assertThat(few).hasSize(1);
      assertThat(move.completed()).isEqualTo(3);
      assertThat(bodiesBelow(moved)).isEqualTo(bodiesBelow(folder.resolve("source")));
    }
    stop();
    assertThat(serdab("serve", "--retrievals", "1", "--json").out()).contains("CN=theirs");
  }

  // ---- the server

  private NodeAddress start(String form, String... more) throws Exception {
    List<String> allowed = new ArrayList<>();
    for (String title : List.of("VIEWER", "FINDSCU", "GETSCU", "MOVESCU", "ECHOSCU")) {
      allowed.addAll(List.of("--allow", title + "@127.0.0.1"));
    }
    return startAllowing(allowed, form, more);
  }

  private NodeAddress startAllowing(List<String> allowed, String form, String... more)
      throws Exception {
    Files.createDirectories(folder.resolve("home"));
    List<String> command = new ArrayList<>(List.of("serve", "--from", place(form), "--port", "0"));
    command.addAll(allowed);
    command.addAll(List.of(more));
    output.reset();
    serving = new Thread(() -> exitCode.set(Main.run(command.toArray(String[]::new), around())));
    serving.start();
    Matcher line = awaitLine();
    int title = command.lastIndexOf("--title");
    return NodeAddress.parse(
        "dicom://%s@127.0.0.1:%s?calling=VIEWER"
            .formatted(title < 0 ? "SERDAB" : command.get(title + 1), line.group(2)));
  }

  private Surroundings around() {
    PrintStream out = new PrintStream(output, true, StandardCharsets.UTF_8);
    return new Surroundings(
        new Terminal(out, out, false),
        Map.of(
            "SERDAB_HOME",
            folder.resolve("home").toString(),
            "HOME",
            folder.toString(),
            "SERDAB_PASSPHRASE",
            PASSPHRASE),
        InstantSource.system());
  }

  private Matcher awaitLine() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline && serving.isAlive()) {
      Matcher found = LISTENING.matcher(said());
      if (found.find()) {
        return found;
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
    throw new AssertionError(said());
  }

  private String said() {
    return output.toString(StandardCharsets.UTF_8);
  }

  private void stop() throws InterruptedException {
    serving.interrupt();
    assertThat(serving.join(PATIENCE)).isTrue();
    assertThat(exitCode.get()).as(said()).isEqualTo(Main.ExitCodes.INTERRUPTED);
  }

  // ---- what is backed up

  private CommandLineRun.Result serdab(String... command) {
    return new CommandLineRun(folder.resolve("home"))
        .with("SERDAB_PASSPHRASE", PASSPHRASE)
        .run(command);
  }

  private String place(String form) {
    return (form.equals("repo") ? "repo:" : "zip:") + folder.resolve(form);
  }

  private void backUp(String form) {
    if (form.equals("repo")) {
      assertThat(serdab("repository", "init", place(form)).exitCode()).isZero();
    }
    List<String> command =
        new ArrayList<>(
            List.of(
                "backup",
                "--from",
                folder.resolve("source").toString(),
                "--to",
                place(form),
                "--quiet-time",
                "0s"));
    if (form.equals("jpeg-ls")) {
      command.addAll(List.of("--compress", "jpeg-ls"));
    }
    CommandLineRun.Result done = serdab(command.toArray(String[]::new));
    assertThat(done.exitCode()).as(done.out() + done.err()).isZero();
  }

  private void put(String name, byte[] bytes) throws IOException {
    Files.createDirectories(folder.resolve("source"));
    Files.write(folder.resolve("source").resolve(name), bytes);
  }

  private void putStudy(String study, int images) throws IOException {
    for (int i = 1; i <= images; i++) {
      put(
          study + "-" + i,
          TinyDicom.image().study(study).series(study + ".1").sop(study + ".1." + i).bytes());
    }
  }

  /// One file of each kind, with a SOP Instance UID of its own.
  private void realSource() throws IOException {
    Set<String> kinds = new TreeSet<>();
    Set<String> sops = new TreeSet<>();
    try (Stream<Path> all = Files.walk(SharedData.dicom())) {
      for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
        byte[] bytes = Files.size(file) > REAL_BYTES_MAX ? new byte[0] : Files.readAllBytes(file);
        DicomFile read = DicomFile.read(ByteSource.of(bytes));
        boolean sendable =
            read.isDicom()
                && !read.isDamaged()
                && !read.isDicomDir()
                && !read.fileMeta().isEmpty()
                && !read.facts().study().value().isEmpty()
                && ((bytes.length - read.dataSetOffset()) % 2 == 0
                    || read.transferSyntax().deflated());
        String kind = read.facts().sopClassUid() + " " + read.transferSyntax().uid();
        if (sendable && !kinds.contains(kind) && sops.add(read.facts().sop().value())) {
          kinds.add(kind);
          put(sops.size() + ".dcm", bytes);
        }
      }
    }
  }

  /// What the source's files are, one context each.
  private List<ProposedContext> kinds() throws IOException {
    Set<Kind> kinds = new java.util.LinkedHashSet<>();
    try (Stream<Path> files = Files.list(folder.resolve("source"))) {
      for (Path file : files.toList()) {
        DicomFile read = DicomFile.read(ByteSource.of(Files.readAllBytes(file)));
        kinds.add(new Kind(read.facts().sopClassUid(), read.transferSyntax().uid()));
      }
    }
    return kinds.stream()
        .map(kind -> new ProposedContext(kind.sopClassUid(), List.of(kind.transferSyntaxUid())))
        .toList();
  }

  /// Turns a bit in the bytes of one file in the ZIP that has it.
  private void damage(String name) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("zip"))) {
      for (Path zip : files.filter(path -> path.toString().endsWith(".zip")).toList()) {
        byte[] bytes = Files.readAllBytes(zip);
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(name);
        if (at > 0) {
          int extra = (bytes[at - 2] & 0xFF) | ((bytes[at - 1] & 0xFF) << 8);
          bytes[at + name.length() + extra + 40] ^= 1;
          Files.write(zip, bytes);
        }
      }
    }
  }

  // ---- those who ask

  private static List<String> studies(NodeAddress node) {
    Set<String> studies = new TreeSet<>();
    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      association.find(
          QueryLevel.STUDY,
          Map.of(Tag.StudyInstanceUID, ""),
          10_000,
          study -> studies.add(text(study, Tag.StudyInstanceUID)));
    }
    return List.copyOf(studies);
  }

  private static List<String> images(NodeAddress node, String study) {
    Set<String> images = new TreeSet<>();
    try (Association association = Association.open(AssociationRequest.to(node).querying())) {
      association.find(
          QueryLevel.IMAGE,
          Map.of(Tag.StudyInstanceUID, study, Tag.SOPInstanceUID, ""),
          10_000,
          image -> images.add(text(image, Tag.SOPInstanceUID)));
    }
    return List.copyOf(images);
  }

  /// @param got is given a digest of each data set that comes, by SOP Instance UID and syntax
  private static RetrieveOutcome get(
      NodeAddress node,
      QueryLevel level,
      Map<Integer, String> keys,
      List<ProposedContext> kinds,
      Map<String, String> got) {
    try (Association association = Association.open(AssociationRequest.to(node).getting(kinds))) {
      return association.get(
          level,
          keys,
          instance -> {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ByteBuffer part = ByteBuffer.allocate(64 << 10);
            while (instance.body().read(part.clear()) >= 0) {
              bytes.write(part.array(), 0, part.position());
            }
            got.put(
                instance.sop().value() + " " + instance.transferSyntaxUid(),
                digest(bytes.toByteArray(), instance.transferSyntaxUid()));
            return DimseStatus.SUCCESS;
          });
    }
  }

  private static String text(DataSet set, int tag) {
    try {
      return String.join("\\", set.strings(tag));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String as(NodeAddress node, String calling, String called) throws Exception {
    return ended("echoscu", "-aet", calling, "-aec", called, "127.0.0.1", "" + node.port());
  }

  /// A program of DCMTK calls with its own title.
  private String run(NodeAddress node, String program, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(program));
    if (!Arrays.asList(options).contains("-v")) {
      command.add("-v");
    }
    command.addAll(List.of("-aec", node.called().value()));
    command.addAll(List.of(options));
    command.addAll(List.of("127.0.0.1", "" + node.port()));
    return ended(command.toArray(String[]::new));
  }

  private String overTls(NodeAddress node, String who, String program, String... options)
      throws Exception {
    List<String> all =
        new ArrayList<>(List.of("+tls", who + ".key", who + ".crt", "+cf", "ours.crt"));
    all.addAll(List.of(options));
    return run(node, program, all.toArray(String[]::new));
  }

  private String ended(String... command) throws Exception {
    Path log = Files.createTempFile(folder, "peer", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("TCP_NODELAY", "1");
    Process process = builder.start();
    running.add(process);
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return Files.readString(log, StandardCharsets.ISO_8859_1);
  }

  private String pem(String name) {
    return folder.resolve(name).toString();
  }

  private void certificate(String name) throws Exception {
    String said =
        ended(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            name + ".key",
            "-out",
            name + ".crt",
            "-subj",
            "/CN=" + name,
            "-addext",
            "subjectAltName=IP:127.0.0.1");
    assertThat(folder.resolve(name + ".crt")).as(said).exists();
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private static String found(String text, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    assertThat(found.find()).as(text).isTrue();
    return found.group(1);
  }

  // ---- what there is

  /// Digests of the data sets by SOP Instance UID and transfer syntax.
  private static Map<String, String> bodiesBelow(Path top) throws IOException {
    Map<String, String> bodies = new TreeMap<>();
    try (Stream<Path> files = Files.walk(top)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        byte[] bytes = Files.readAllBytes(file);
        DicomFile read = DicomFile.read(ByteSource.of(bytes));
        byte[] body = Arrays.copyOfRange(bytes, (int) read.dataSetOffset(), bytes.length);
        bodies.put(
            read.facts().sop().value() + " " + read.transferSyntax().uid(),
            digest(body, read.transferSyntax().uid()));
      }
    }
    return bodies;
  }

  /// A deflated data set of odd length goes with a NUL behind it.
  private static String digest(byte[] body, String syntax) {
    boolean padded = syntax.equals("1.2.840.10008.1.2.1.99") && (body.length & 1) == 1;
    return Sha256.digest(padded ? Arrays.copyOf(body, body.length + 1) : body).hex();
  }
}
