package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.CommitmentReport;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.OutgoingInstance;
import serdab.dicom.net.ProposedContext;
import serdab.dicom.net.StoreOutcome;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.SeededTest;
import serdab.testing.SharedData;
import serdab.testing.world.TinyDicom;

/// `serdab receive` as a program of its own, sent to by programs that are not ours, and killed.
@Needs(Peer.DCMTK)
class ReceiveTest {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Pattern LISTENING = Pattern.compile("Listening at [^,]+, port (\\d+)");
  private static final String SENDING = "I: Sending file: ";
  private static final String ACKNOWLEDGED = "I: Received Store Response (Success)";
  private static final String MR = "1.2.840.10008.5.1.4.1.1.4";
  private static final long REAL_BYTES_MAX = 600_000;
  private static final int REAL_FILES_MAX = 40;

  @TempDir private Path folder;

  private final List<Process> running = new ArrayList<>();

  @AfterEach
  void stopAll() throws InterruptedException {
    for (Process process : running) {
      process.destroyForcibly();
      process.waitFor();
    }
  }

  // ---- what is sent is there

  /// Whatever storescu and dcmsend put on the wire, storescp writes down bit for bit (+B), and so
  /// do we. What the senders do to a file before is their business.
  @Test
  @Needs(Peer.SHARED_DATA)
  void realFilesArriveAsStorescpReceivesThem() throws Exception {
    List<String> files = realFiles();
    Map<String, String> expected = receivedByStorescp(files);
    int port = start(folder.resolve("inbox"));
    send(port, "storescu", files);

    Map<String, String> received = settled(folder.resolve("inbox"));

    assertThat(expected).hasSizeGreaterThan(20);
    assertThat(received).isEqualTo(expected);
  }

  @Test
  void dcmsendIsAcknowledgedAndTheStudyIsBackedUpAfterItsQuietTime() throws Exception {
    Path inbox = folder.resolve("inbox");
    List<String> files = images("1.2.3", 0, 12);
    int port = start(inbox, "--quiet", "0s");
    assertThat(run("dcmsend", port, files)).contains("with status SUCCESS  : 12");
    stop();

    CommandLineRun.Result backup =
        new CommandLineRun(folder.resolve("home"))
            .run("backup", "--from", "inbox:" + inbox, "--to", "zip:" + folder.resolve("kept"));

    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(backup.out()).contains("1 copied and proven").contains("12 files");
    assertThat(bodies(inbox)).isEqualTo(sent(files));
  }

  // ---- killed at any moment

  @SeededTest(runs = 2)
  void whatWasAcknowledgedIsThereBitForBitAfterAnyKill(RandomGenerator random) throws Exception {
    Path inbox = folder.resolve("inbox-" + random.nextLong());
    Map<String, String> acknowledged = new TreeMap<>();
    Map<String, String> everything = new TreeMap<>();
    for (int kill = 0; kill < 3; kill++) {
      int port = start(inbox);
      List<Process> senders = new ArrayList<>();
      List<Path> logs = new ArrayList<>();
      for (int sender = 0; sender < 3; sender++) {
        String study = "1.2." + Math.floorMod(random.nextInt(), 100_000_000) + "." + sender;
        List<String> files = images(study, sender == 0 ? 60_000 : 500, 150);
        everything.putAll(sent(files));
        Path log = Files.createTempFile(folder, "sender", ".log");
        logs.add(log);
        senders.add(begin(log, "storescu", port, files));
      }
      await(logs.getFirst(), ACKNOWLEDGED);
      LockSupport.parkNanos(Duration.ofMillis(random.nextInt(400)).toNanos());
      Process receiver = running.getFirst();
      receiver.destroyForcibly();
      receiver.waitFor();
      for (Process sender : senders) {
        assertThat(sender.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      }
      running.clear();
      for (Path log : logs) {
        acknowledged.putAll(sent(acknowledged(log)));
      }
    }

    Map<String, String> received = settled(inbox);

    assertThat(acknowledged.size()).isBetween(3, everything.size());
    assertThat(received).containsAllEntriesOf(acknowledged);
    assertThat(everything).as("nothing is there that nobody sent").containsAllEntriesOf(received);
    try (Stream<Path> logs = Files.list(inbox.resolve("log"))) {
      assertThat(logs).isEmpty();
    }
  }

  /// Six senders are killed in the middle of what they send, and then everything is sent again.
  @SeededTest(runs = 1)
  void aSenderThatIsKilledLeavesNothingHalfAndMaySendAgain(RandomGenerator random)
      throws Exception {
    Path inbox = folder.resolve("inbox-" + random.nextLong());
    Map<String, String> acknowledged = new TreeMap<>();
    Map<String, String> everything = new TreeMap<>();
    List<List<String>> studies = new ArrayList<>();
    int port = start(inbox);
    for (int kill = 0; kill < 6; kill++) {
      String study = "1.2." + Math.floorMod(random.nextInt(), 100_000_000) + "." + kill;
      List<String> files = images(study, kill % 2 == 0 ? 200_000 : 500, 60);
      studies.add(files);
      everything.putAll(sent(files));
      Path log = Files.createTempFile(folder, "sender", ".log");
      Process sender = begin(log, "storescu", port, files);
      await(log, SENDING);
      LockSupport.parkNanos(Duration.ofMillis(random.nextInt(300)).toNanos());
      sender.destroyForcibly();
      sender.waitFor();
      running.remove(sender);
      acknowledged.putAll(sent(acknowledged(log)));
    }
    Map<String, String> received = settled(inbox);

    assertThat(received).containsAllEntriesOf(acknowledged);
    assertThat(everything).as("nothing is there that nobody sent").containsAllEntriesOf(received);

    int again = start(inbox);
    for (List<String> files : studies) {
      run("storescu", again, files);
    }
    assertThat(settled(inbox)).isEqualTo(everything);
    try (Stream<Path> files = Files.walk(inbox.resolve("received"))) {
      assertThat(files.filter(Files::isRegularFile).count()).isEqualTo(everything.size());
    }
  }

  /// A backup of the inbox brings to its places what a killed receiver left, without another start.
  /// A plan that runs every hour does not fail until the first study comes; once there was one, an
  /// empty inbox is a sign that something is wrong.
  @Test
  void anInboxMayBeEmptyUntilTheFirstStudyCame() throws Exception {
    Path inbox = folder.resolve("inbox");
    int port = start(inbox, "--quiet", "0s");
    CommandLineRun serdab = new CommandLineRun(folder.resolve("home"));
    String[] backup = {
      "backup", "--from", "inbox:" + inbox, "--to", "zip:" + folder.resolve("kept")
    };

    assertThat(serdab.run(backup).exitCode()).isZero();

    send(port, "storescu", images("1.2.3", 0, 2));
    stop();
    assertThat(serdab.run(backup).out()).contains("1 copied and proven");

    try (Stream<Path> files = Files.walk(inbox.resolve("received"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.delete(file);
      }
    }
    CommandLineRun.Result gone = serdab.run(backup);
    assertThat(gone.exitCode()).isEqualTo(1);
    assertThat(gone.out() + gone.err()).contains("lists no studies at all");
  }

  @Test
  void aBackupAfterAKillHasAllThatWasAcknowledged() throws Exception {
    Path inbox = folder.resolve("inbox");
    List<String> files = images("1.2.3", 0, 200);
    int port = start(inbox, "--quiet", "0s");
    Path log = folder.resolve("sender.log");
    Process sender = begin(log, "storescu", port, files);
    await(log, ACKNOWLEDGED);
    Process receiver = running.getFirst();
    receiver.destroyForcibly();
    receiver.waitFor();
    assertThat(sender.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();

    CommandLineRun serdab = new CommandLineRun(folder.resolve("home"));
    String[] command = {
      "backup", "--from", "inbox:" + inbox, "--to", "zip:" + folder.resolve("kept")
    };
    Map<String, String> left = bodies(inbox);
    CommandLineRun.Result dry =
        serdab.run(
            Stream.concat(Stream.of(command), Stream.of("--dry-run")).toArray(String[]::new));
    assertThat(dry.exitCode()).as(dry.out() + dry.err()).isZero();
    assertThat(bodies(inbox)).as("a dry run only reads").isEqualTo(left);
    CommandLineRun.Result backup = serdab.run(command);

    assertThat(backup.exitCode()).as(backup.out() + backup.err()).isZero();
    assertThat(bodies(inbox)).containsAllEntriesOf(sent(acknowledged(log)));
  }

  @Test
  void anInboxThatCannotBeMadeIsToldInWords() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "no folder");

    CommandLineRun.Result result =
        new CommandLineRun(folder.resolve("home"))
            .run("receive", "--inbox", file.resolve("inbox").toString(), "--port", "0");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.err())
        .contains("cannot be used", file.toString())
        .doesNotContain("Exception");
  }

  // ---- storage commitment

  /// What was acknowledged is committed to at once, also by a receiver that was killed and started
  /// again; what was harmed since, is not there, or is of another class is not.
  @Test
  void onlyWhatIsThereAsItCameIsCommittedTo() throws Exception {
    Path inbox = folder.resolve("inbox");
    List<String> files = images("1.2.3", 0, 4);
    int without = start(inbox);
    try (Association association =
        Association.open(AssociationRequest.to(node(without)).verification().commitment())) {
      assertThat(association.accepted()).hasSize(1);
    }
    assertThat(run("storescu", without, files)).contains(ACKNOWLEDGED);
    kill();
    int port = start(inbox, "--commitment");
    List<CommitmentReport.Reference> asked =
        List.of(
            reference(MR, "1.2.3.1.0"),
            reference(MR, "1.2.3.1.1"),
            reference(MR, "1.2.3.1.2"),
            reference("1.2.840.10008.5.1.4.1.1.2", "1.2.3.1.3"),
            reference(MR, "1.2.3.1.4"));

    Map<String, Integer> first = askFor(port, asked);
    Path study = inbox.resolve("received/1.2.3");
    byte[] harmed = Files.readAllBytes(study.resolve("1.2.3.1.1.dcm"));
    harmed[harmed.length - 1] ^= 1;
    Files.write(study.resolve("1.2.3.1.1.dcm"), harmed);
    Files.delete(study.resolve("1.2.3.1.2.dcm"));
    Map<String, Integer> later = askFor(port, asked);
    // Sent again, it is there as it came, beside the one that was harmed.
    assertThat(run("storescu", port, files.subList(1, 2))).contains(ACKNOWLEDGED);
    Map<String, Integer> again = askFor(port, asked);

    assertThat(first)
        .isEqualTo(
            Map.of(
                "1.2.3.1.0",
                0,
                "1.2.3.1.1",
                0,
                "1.2.3.1.2",
                0,
                "1.2.3.1.3",
                0x0119,
                "1.2.3.1.4",
                0x0112));
    assertThat(later)
        .isEqualTo(
            Map.of(
                "1.2.3.1.0",
                0,
                "1.2.3.1.1",
                0x0110,
                "1.2.3.1.2",
                0x0112,
                "1.2.3.1.3",
                0x0119,
                "1.2.3.1.4",
                0x0112));
    assertThat(again).containsEntry("1.2.3.1.1", 0).containsEntry("1.2.3.1.2", 0x0112);
    stop();
    assertThat(said())
        .contains("asked for 5 instances: 3 are in the inbox", "asked for 5 instances: 1 are");
  }

  /// A sender asks, goes on sending, and hears of it meanwhile.
  @Test
  void aReportMayComeWhileTheNextInstancesAreSent() throws Exception {
    int port = start(folder.resolve("inbox"), "--commitment");
    List<OutgoingInstance> images = new ArrayList<>();
    for (String file : images("1.2.3", 0, 3)) {
      ByteSource source = ByteSource.of(Files.readAllBytes(Path.of(file)));
      images.add(OutgoingInstance.of(DicomFile.read(source), source));
    }
    StoreOutcome taken = new StoreOutcome.Answered(DimseStatus.SUCCESS);
    Optional<CommitmentReport> report;

    try (Association association =
        Association.open(
            AssociationRequest.to(node(port))
                .propose(ProposedContext.forSending(List.of(images.getFirst().kind())).getFirst())
                .commitment())) {
      assertThat(association.store(images.get(0))).isEqualTo(taken);
      assertThat(association.requestCommitment("1.2.9", List.of(reference(MR, "1.2.3.1.0"))))
          .isEqualTo(DimseStatus.SUCCESS);
      assertThat(association.store(images.get(1))).isEqualTo(taken);
      assertThat(association.store(images.get(2))).isEqualTo(taken);
      report = association.awaitReport(PATIENCE);
    }

    assertThat(report)
        .contains(
            new CommitmentReport("1.2.9", List.of(new SopInstanceUid("1.2.3.1.0")), Map.of()));
    stop();
    assertThat(said()).contains("3 instances taken").doesNotContain("did not hear");
  }

  @Test
  void whoDoesNotWaitForTheReportIsToldOf() throws Exception {
    int port = start(folder.resolve("inbox"), "--commitment");
    try (Association association =
        Association.open(AssociationRequest.to(node(port)).commitment())) {
      assertThat(association.requestCommitment("1.2.9", List.of(reference(MR, "1.2.3"))))
          .isEqualTo(DimseStatus.SUCCESS);
      association.abort();
    }
    await(output(), "did not hear what came of its request");
  }

  @Test
  @Needs(Peer.ORTHANC)
  void orthancAsksTheInboxAndHearsOfItOnAnAssociationOfOurs() throws Exception {
    int back = freePort();
    int port =
        start(folder.resolve("inbox"), "--commitment", "--report-to", "ORTHANC=127.0.0.1:" + back);
    assertThat(run("storescu", port, images("1.2.3", 0, 2))).contains(ACKNOWLEDGED);
    try (OrthancServer orthanc =
        OrthancServer.start(
            """
            ,
            "DicomServerEnabled": true, "DicomPort": %d, "DicomAet": "ORTHANC",
            "DicomModalities": {"serdab": ["SERDAB", "127.0.0.1", %d]}
            """
                .formatted(back, port))) {
      String asked =
          orthanc.ask(
              "/modalities/serdab/storage-commitment",
              "{\"DicomInstances\": [[\"%1$s\", \"1.2.3.1.1\"], [\"%1$s\", \"1.2.3.1.7\"]]}"
                  .formatted(MR));
      Matcher path = Pattern.compile("\"Path\" : \"([^\"]+)\"").matcher(asked);
      assertThat(path.find()).as(asked).isTrue();
      String report = orthanc.ask(path.group(1), "");
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (report.contains("Pending") && System.nanoTime() < deadline) {
        LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        report = orthanc.ask(path.group(1), "");
      }

      assertThat(report).contains("\"Status\" : \"Failure\"", "\"FailureReason\" : 274");
      assertThat(report.substring(report.indexOf("\"Success\"")))
          .contains("1.2.3.1.1")
          .doesNotContain("1.2.3.1.7");
    }
  }

  @Test
  void whereToReportNeedsCommitment() {
    CommandLineRun.Result result =
        new CommandLineRun(folder.resolve("home"))
            .run(
                "receive",
                "--inbox",
                folder.resolve("inbox").toString(),
                "--report-to",
                "CT1=127.0.0.1:104");

    assertThat(result.exitCode()).isEqualTo(2);
    assertThat(result.err()).contains("--commitment");
  }

  /// Status by SOP Instance UID; 0 is kept.
  private static Map<String, Integer> askFor(
      int port, List<CommitmentReport.Reference> references) {
    try (Association association =
        Association.open(AssociationRequest.to(node(port)).commitment())) {
      assertThat(association.requestCommitment("1.2.9", references)).isEqualTo(DimseStatus.SUCCESS);
      CommitmentReport report = association.awaitReport(PATIENCE).orElseThrow();
      Map<String, Integer> all = new TreeMap<>();
      report.kept().forEach(sop -> all.put(sop.value(), 0));
      report.notKept().forEach((sop, reason) -> all.put(sop.value(), reason));
      return all;
    }
  }

  private static CommitmentReport.Reference reference(String sopClass, String sop) {
    return new CommitmentReport.Reference(sopClass, new SopInstanceUid(sop));
  }

  private static NodeAddress node(int port) {
    return NodeAddress.parse("dicom://SERDAB@127.0.0.1:" + port);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private void kill() throws InterruptedException {
    Process receiver = running.getFirst();
    receiver.destroyForcibly();
    receiver.waitFor();
    running.clear();
  }

  // ---- who may call, and what

  @Test
  void garbageOnThePortHarmsNobody() throws Exception {
    Path inbox = folder.resolve("inbox");
    int port = start(inbox);
    RandomGenerator random = new SplittableRandom(7);
    for (int caller = 0; caller < 40; caller++) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 5000);
        byte[] garbage = new byte[1 + random.nextInt(5_000)];
        random.nextBytes(garbage);
        if (caller % 4 == 0) {
          garbage = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.UTF_8);
        } else if (caller % 4 == 1) {
          // An A-ASSOCIATE-RQ or a P-DATA-TF of four gigabytes.
          garbage[0] = (byte) (caller % 8 == 1 ? 1 : 4);
          Arrays.fill(garbage, 1, Math.min(6, garbage.length), (byte) 0xFF);
        }
        socket.getOutputStream().write(garbage);
      } catch (IOException e) {
        // Closed in our face, which is right.
      }
    }

    List<String> files = images("1.2.3", 0, 3);
    assertThat(run("dcmsend", port, files)).contains("with status SUCCESS  : 3");
    assertThat(settled(inbox)).isEqualTo(sent(files));
  }

  @Test
  void onlyWhoMayCallIsHeard() throws Exception {
    int port = start(folder.resolve("inbox"), "--allow", "CT1@127.0.0.1", "--title", "BACKUP");
    List<String> file = images("1.2.3", 0, 1);

    assertThat(echo(port, "CT1", "BACKUP")).isZero();
    assertThat(echo(port, "CT2", "BACKUP")).isNotZero();
    assertThat(echo(port, "CT1", "SERDAB")).isNotZero();
    assertThat(run("storescu", port, file)).doesNotContain(ACKNOWLEDGED);
    stop();
    assertThat(said()).contains("turned away");
  }

  @Test
  @Needs(Peer.OPENSSL)
  void withTlsOnlyTrustedCertificatesAreLetIn() throws Exception {
    for (String name : List.of("ours", "theirs", "stranger")) {
      Process made =
          new ProcessBuilder(
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
                  "subjectAltName=IP:127.0.0.1")
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      assertThat(made.waitFor()).isZero();
    }
    Path inbox = folder.resolve("inbox");
    int port =
        start(
            inbox,
            "--tls-key",
            pem("ours.key"),
            "--tls-certificate",
            pem("ours.crt"),
            "--tls-trust",
            pem("theirs.crt"));
    List<String> file = images("1.2.3", 0, 2);

    assertThat(overTls(port, "theirs", file.get(0))).isZero();
    assertThat(overTls(port, "stranger", file.get(1))).isNotZero();
    assertThat(run("storescu", port, List.of(file.get(1)))).doesNotContain(ACKNOWLEDGED);
    assertThat(settled(inbox)).isEqualTo(sent(file.subList(0, 1)));
  }

  private String pem(String name) {
    return folder.resolve(name).toString();
  }

  private int overTls(int port, String who, String file) throws Exception {
    Process process =
        new ProcessBuilder(
                "storescu",
                "+tls",
                pem(who + ".key"),
                pem(who + ".crt"),
                "+cf",
                pem("ours.crt"),
                "-R",
                "-xe",
                "-aec",
                "SERDAB",
                "127.0.0.1",
                "" + port,
                file)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    running.add(process);
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  @Test
  void otherComputersAreLetInOnlyWhenItIsSaidWho() throws IOException {
    CommandLineRun serdab = new CommandLineRun(folder.resolve("home"));
    String inbox = folder.resolve("inbox").toString();

    CommandLineRun.Result open =
        serdab.run("receive", "--inbox", inbox, "--listen", "0.0.0.0", "--for", "1s");
    CommandLineRun.Result loopback =
        serdab.run("receive", "--inbox", inbox, "--port", "0", "--for", "0s", "--json");
    CommandLineRun.Result wrong =
        serdab.run("receive", "--inbox", inbox, "--allow", "A\\B", "--for", "0s");

    assertThat(open.exitCode()).isEqualTo(2);
    assertThat(open.err()).contains("nothing says which of them may send");
    assertThat(loopback.exitCode()).as(loopback.err()).isZero();
    assertThat(loopback.out()).contains("127.0.0.1");
    assertThat(wrong.exitCode()).isEqualTo(2);
  }

  @Test
  void aPortThatIsTakenIsTold() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      CommandLineRun.Result result =
          new CommandLineRun(folder.resolve("home"))
              .run(
                  "receive",
                  "--inbox",
                  folder.resolve("inbox").toString(),
                  "--port",
                  "" + taken.getLocalPort());

      assertThat(result.exitCode()).isEqualTo(1);
      assertThat(result.err()).contains("Nothing can listen at 127.0.0.1");
    }
  }

  // ---- the receiver

  /// Starts it on a free port and waits until it listens.
  private int start(Path inbox, String... more) throws Exception {
    Files.createDirectories(folder.resolve("home"));
    List<String> command =
        new ArrayList<>(List.of("receive", "--inbox", inbox.toString(), "--port", "0"));
    command.addAll(List.of(more));
    Process process =
        new CommandLineRun(folder.resolve("home")).start(command.toArray(String[]::new));
    running.addFirst(process);
    Matcher line = await(output(), LISTENING);
    return Integer.parseInt(line.group(1));
  }

  private Path output() {
    return folder.resolve("process-output.txt");
  }

  private String said() throws IOException {
    return Files.readString(output());
  }

  private void stop() throws Exception {
    Process process = running.removeFirst();
    process.destroy();
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said()).isEqualTo(Main.ExitCodes.INTERRUPTED);
  }

  /// Lets a receiver bring everything to its place, and ends it.
  private Map<String, String> settled(Path inbox) throws Exception {
    if (running.isEmpty()) {
      start(inbox);
    }
    stop();
    return bodies(inbox);
  }

  private Matcher await(Path file, Pattern pattern) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      Matcher found = pattern.matcher(Files.exists(file) ? Files.readString(file) : "");
      if (found.find()) {
        return found;
      }
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
    throw new AssertionError(Files.readString(file) + " does not say " + pattern);
  }

  private void await(Path file, String text) throws IOException {
    Matcher _ = await(file, Pattern.compile(Pattern.quote(text)));
  }

  // ---- the senders

  private static List<String> command(String program, int port, List<String> files) {
    List<String> command = new ArrayList<>(List.of(program, "-v", "-aec", "SERDAB"));
    if (program.equals("storescu")) {
      command.addAll(List.of("-R", "-xe"));
    }
    command.addAll(List.of("127.0.0.1", "" + port));
    command.addAll(files);
    return command;
  }

  private Process begin(Path log, String program, int port, List<String> files) throws IOException {
    Process process =
        new ProcessBuilder(command(program, port, files))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    running.add(process);
    return process;
  }

  private String run(String program, int port, List<String> files) throws Exception {
    Path log = Files.createTempFile(folder, "sender", ".log");
    Process process = begin(log, program, port, files);
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return Files.readString(log, StandardCharsets.ISO_8859_1);
  }

  /// Sends files of any class and syntax, each as it is.
  private void send(int port, String program, List<String> files) throws Exception {
    for (String file : files) {
      List<String> command = new ArrayList<>(List.of(program, "-aec", "SERDAB", "-R"));
      command.add(syntaxOption(file));
      command.addAll(List.of("127.0.0.1", "" + port, file));
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD);
      builder.environment().put("TCP_NODELAY", "1");
      Process process = builder.start();
      running.add(process);
      assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }
  }

  private static String syntaxOption(String file) {
    try {
      String uid = read(Path.of(file)).transferSyntax().uid();
      return switch (uid) {
        case "1.2.840.10008.1.2" -> "-xi";
        case "1.2.840.10008.1.2.4.50" -> "-xy";
        case "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70" -> "-xs";
        case "1.2.840.10008.1.2.4.80" -> "-xt";
        case "1.2.840.10008.1.2.4.90" -> "-xv";
        case "1.2.840.10008.1.2.4.91" -> "-xw";
        case "1.2.840.10008.1.2.5" -> "-xr";
        default -> "-xe";
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int echo(int port, String calling, String called) throws Exception {
    Process process =
        new ProcessBuilder("echoscu", "-aet", calling, "-aec", called, "127.0.0.1", "" + port)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    running.add(process);
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  /// The files of which a sender was told that they were taken.
  private static List<String> acknowledged(Path log) throws IOException {
    List<String> acknowledged = new ArrayList<>();
    String file = "";
    for (String line : Files.readAllLines(log, StandardCharsets.ISO_8859_1)) {
      if (line.startsWith(SENDING)) {
        file = line.substring(SENDING.length());
      } else if (line.equals(ACKNOWLEDGED)) {
        acknowledged.add(file);
      }
    }
    return acknowledged;
  }

  /// What storescp, writing what it gets bit for bit, has of these files.
  private Map<String, String> receivedByStorescp(List<String> files) throws Exception {
    int port = freePort();
    Path kept = Files.createDirectories(folder.resolve("storescp"));
    ProcessBuilder builder =
        new ProcessBuilder("storescp", "+B", "+xa", "-od", kept.toString(), "" + port)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("TCP_NODELAY", "1");
    Process storescp = builder.start();
    running.add(storescp);
    awaitPort(port);
    send(port, "storescu", files);
    storescp.destroy();
    storescp.waitFor();
    running.remove(storescp);
    return bodiesBelow(kept);
  }

  private static void awaitPort(int port) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      }
    }
  }

  // ---- files

  private List<String> images(String study, int pixelBytes, int count) throws IOException {
    Path home = Files.createDirectories(folder.resolve("images").resolve(study));
    List<String> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] pixels = new byte[2 * (pixelBytes / 2 + 16)];
      new SplittableRandom(study.hashCode() + i).nextBytes(pixels);
      TinyDicom image =
          TinyDicom.image().study(study).series(study + ".1").sop(study + ".1." + i).pixels(pixels);
      files.add(Files.write(home.resolve(i + ".dcm"), image.bytes()).toString());
    }
    return files;
  }

  /// Real files, small enough, of as many kinds as there are; each in a syntax that storescu sends.
  private static List<String> realFiles() throws IOException {
    Map<String, String> byKind = new TreeMap<>();
    TreeSet<String> sops = new TreeSet<>();
    try (Stream<Path> all = Files.walk(SharedData.dicom())) {
      for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
        if (Files.size(file) > REAL_BYTES_MAX || byKind.size() >= REAL_FILES_MAX) {
          continue;
        }
        DicomFile read = read(file);
        boolean sendable =
            read.isDicom() && !read.isDamaged() && !read.isDicomDir() && !read.fileMeta().isEmpty();
        String kind = read.facts().sopClassUid() + " " + read.transferSyntax().uid();
        if (sendable && !byKind.containsKey(kind) && sops.add(read.facts().sop().value())) {
          byKind.put(kind, file.toString());
        }
      }
    }
    return List.copyOf(byKind.values());
  }

  private static DicomFile read(Path file) throws IOException {
    return DicomFile.read(ByteSource.of(Files.readAllBytes(file)));
  }

  private static Map<String, String> sent(List<String> files) throws IOException {
    Map<String, String> sent = new TreeMap<>();
    for (String file : files) {
      put(sent, Path.of(file));
    }
    return sent;
  }

  private static Map<String, String> bodies(Path inbox) throws IOException {
    return bodiesBelow(inbox.resolve("received"));
  }

  /// Digests of the data sets by SOP Instance UID.
  private static Map<String, String> bodiesBelow(Path top) throws IOException {
    Map<String, String> bodies = new TreeMap<>();
    try (Stream<Path> files = Files.walk(top)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        put(bodies, file);
      }
    }
    return bodies;
  }

  private static void put(Map<String, String> bodies, Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    DicomFile read = DicomFile.read(ByteSource.of(bytes));
    byte[] body = Arrays.copyOfRange(bytes, (int) read.dataSetOffset(), bytes.length);
    bodies.put(
        read.facts().sop().value() + " " + read.transferSyntax().uid(), Sha256.digest(body).hex());
  }
}
