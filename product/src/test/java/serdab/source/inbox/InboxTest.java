package serdab.source.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.channels.Channels;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.AeTitle;
import serdab.dicom.net.AssociationFacts;
import serdab.dicom.net.DimseStatus;
import serdab.dicom.net.IncomingInstance;
import serdab.plan.Order;
import serdab.source.Inventory;
import serdab.source.SourceStudy;
import serdab.testing.SeededTest;
import serdab.testing.world.TinyDicom;
import serdab.testing.world.WorldClock;

/// What an inbox takes is there afterwards, bit for bit, whatever ends the receiver.
class InboxTest {

  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");
  private static final Inbox.Settings SMALL =
      new Inbox.Settings(1 << 20, 256 << 10, 8 << 10, Duration.ofMillis(1), true, 0);

  /// Nothing is brought to its place before the inbox is closed.
  private static final Inbox.Settings LATE =
      new Inbox.Settings(64 << 20, 4 << 20, 1L << 30, Duration.ofDays(1), false, 0);

  @TempDir private Path folder;

  private final WorldClock clock = new WorldClock(NOON);
  private final List<Inbox.Event> events = new ArrayList<>();

  @Test
  void whatIsAcknowledgedHasItsPlaceBitForBit() throws IOException {
    byte[] image = image("1.2.3", 1);
    try (Inbox inbox = open(SMALL)) {
      assertThat(inbox.store(incoming(image))).isEqualTo(DimseStatus.SUCCESS);
    }

    Path file = root().resolve("received/1.2.3/1.2.3.1.1.dcm");
    DicomFile read = DicomFile.read(ByteSource.of(Files.readAllBytes(file)));
    assertThat(body(Files.readAllBytes(file))).isEqualTo(body(image));
    assertThat(read.anomalies()).isEmpty();
    assertThat(read.transferSyntax().uid()).isEqualTo("1.2.840.10008.1.2.1");
    assertThat(Files.getLastModifiedTime(file).toInstant()).isEqualTo(NOON);
    assertThat(logs()).isEmpty();
  }

  /// In one buffer, in one that had to grow, and too long for any; each after a longer one.
  @Test
  void instancesOfEveryLengthHaveTheirPlaceBitForBit() throws IOException {
    List<Integer> lengths = List.of(5 << 20, 3 << 20, 1_500_000, 1 << 20, 65_536, 65_000, 2);
    List<byte[]> bodies = new ArrayList<>();
    try (Inbox inbox = open(Inbox.Settings.DEFAULT)) {
      for (int i = 0; i < lengths.size(); i++) {
        byte[] pixels = new byte[lengths.get(i)];
        new SplittableRandom(i).nextBytes(pixels);
        byte[] image =
            TinyDicom.image()
                .study("1.2.3")
                .series("1.2.3.1")
                .sop("1.2.3.1." + i)
                .pixels(pixels)
                .bytes();
        bodies.add(body(image));
        assertThat(inbox.store(incoming(image))).isEqualTo(DimseStatus.SUCCESS);
      }
    }

    for (int i = 0; i < bodies.size(); i++) {
      byte[] file = Files.readAllBytes(root().resolve("received/1.2.3/1.2.3.1." + i + ".dcm"));
      assertThat(body(file)).as("image " + i).isEqualTo(bodies.get(i));
    }
    assertThat(events).noneMatch(Inbox.Event.Damaged.class::isInstance);
  }

  @Test
  void whatIsAcknowledgedIsInTheLogBeforeItHasAPlace() throws IOException {
    byte[] image = image("1.2.3", 1);
    Path killed = folder.resolve("killed");
    try (Inbox inbox = open(LATE)) {
      inbox.store(incoming(image));
      copy(root(), killed);
    }

    assertThat(received(killed)).isEmpty();
    Inbox.settle(killed, events::add);

    assertThat(received(killed).values()).containsExactly(body(image));
    assertThat(events).contains(new Inbox.Event.Settled(1));
  }

  /// A log that is cut at any byte, as a crash leaves one, gives all instances before the cut, and
  /// nothing that is not one.
  @SeededTest(runs = 40)
  void aTornEndHidesNothingThatWasWhole(RandomGenerator random) throws IOException {
    Path here = Files.createTempDirectory(folder, "cut");
    List<byte[]> images = new ArrayList<>();
    Path killed = here.resolve("killed");
    try (Inbox inbox =
        Inbox.open(here.resolve("inbox"), Optional.empty(), LATE, clock, events::add)) {
      for (int i = 0; i < 4; i++) {
        images.add(image("1.2.3", i));
        inbox.store(incoming(images.get(i)));
      }
      copy(here.resolve("inbox"), killed);
    }
    Path log = logs(killed).getFirst();
    byte[] whole = Files.readAllBytes(log);
    int recordBytes = whole.length / images.size();
    int cut = random.nextInt(whole.length + 1);
    byte[] torn = Arrays.copyOf(whole, random.nextBoolean() ? cut : whole.length);
    Arrays.fill(torn, Math.min(cut, torn.length), torn.length, (byte) 0);
    Files.write(log, torn);

    Inbox.settle(killed, events::add);

    List<byte[]> expected =
        images.subList(0, cut / recordBytes).stream().map(InboxTest::body).toList();
    assertThat(received(killed).values())
        .usingElementComparator(Arrays::compare)
        .containsExactlyInAnyOrderElementsOf(expected);
    assertThat(logs(killed)).isEmpty();
  }

  /// A log that is written over an earlier one, and cut off at any byte, gives what was whole of
  /// the later one, nothing of the earlier, and no alarm.
  @SeededTest(runs = 40)
  void whatWasThereBeforeDoesNotComeBack(RandomGenerator random) throws IOException {
    InboxFolder here =
        InboxFolder.make(Files.createTempDirectory(folder, "over").resolve("in"), Optional.empty());
    byte[] before = records(1, 20, 8, random);
    byte[] now = records(2, 0, 1 + random.nextInt(8), random);
    int images = now.length / recordBytes();
    int cut = random.nextInt(now.length + 1);
    byte[] log = before.clone();
    System.arraycopy(now, 0, log, 0, cut);
    Files.write(here.logFile(2), log);

    Inbox.settle(here.root(), events::add);

    assertThat(received(here.root())).hasSize(Math.min(images, cut / recordBytes()));
    received(here.root())
        .forEach((path, body) -> assertThat(path).matches("1\\.2\\.3/1\\.2\\.3\\.1\\.[0-7]\\.dcm"));
    assertThat(events).noneMatch(Inbox.Event.Damaged.class::isInstance);
    assertThat(logs(here.root())).isEmpty();
    events.clear();
  }

  /// Several instances wait for one sync, and a power cut keeps the later one of them: nobody was
  /// promised anything.
  @Test
  void whatWasNotPromisedIsNoDamage() throws IOException {
    InboxFolder here = InboxFolder.make(root(), Optional.empty());
    byte[] log = new byte[3 * recordBytes()];
    record(5, 0, log, 0, image("1.2.3", 1));
    record(5, recordBytes(), log, 2 * recordBytes(), image("1.2.3", 3));
    Files.write(here.logFile(5), log);

    Inbox.settle(root(), events::add);
    assertThat(events).containsExactly(new Inbox.Event.Settled(2));

    record(6, 0, log, 0, image("1.2.3", 1));
    record(6, 2L * recordBytes(), log, 2 * recordBytes(), image("1.2.3", 3));
    Files.write(here.logFile(6), log);
    Inbox.settle(root(), events::add);
    assertThat(events)
        .as("the second was promised, and is not there")
        .contains(new Inbox.Event.Damaged("0000000000000006.log.damaged"));
  }

  @Test
  void aLogOfTheFirstVersionIsRead() throws IOException {
    InboxFolder here = InboxFolder.make(root(), Optional.empty());
    byte[] image = image("1.2.3", 1);
    java.nio.ByteBuffer header = java.nio.ByteBuffer.allocate(60);
    header.put("INBOXREC".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    header.putLong(image.length).putLong(NOON.toEpochMilli()).put(Sha256.digest(image).bytes());
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(header.array(), 0, 56);
    header.putInt((int) crc.getValue());
    byte[] log = Arrays.copyOf(header.array(), 60 + image.length);
    System.arraycopy(image, 0, log, 60, image.length);
    Files.write(here.logFile(3), log);

    Inbox.settle(root(), events::add);

    assertThat(received(root()).values()).containsExactly(body(image));
    assertThat(logs()).isEmpty();
  }

  @Test
  void aLogWithoutItsEndIsDamagedUnlessAReceiverMayHaveBeenKilledInIt() throws IOException {
    Path killed = folder.resolve("killed");
    try (Inbox inbox = open(LATE)) {
      inbox.store(incoming(image("1.2.3", 1)));
      copy(root(), killed);
    }
    byte[] log = Files.readAllBytes(logs(killed).getFirst());
    for (int number = 1; number <= 3; number++) {
      Files.write(new InboxFolder(killed).logFile(number), log);
    }
    Files.delete(logs(killed).getLast());
    events.clear();

    Inbox.settle(killed, events::add);

    // They say another number, and the first of three was ended before the others were begun.
    assertThat(received(killed)).isEmpty();
    assertThat(events).containsExactly(new Inbox.Event.Damaged("0000000000000001.log.damaged"));
  }

  private static int recordBytes() {
    return LogRecord.HEADER_BYTES + image("1.2.3", 1).length;
  }

  /// A log's records, each synced by itself.
  private static byte[] records(long log, int first, int count, RandomGenerator random) {
    byte[] bytes = new byte[count * recordBytes() + random.nextInt(100)];
    for (int i = 0; i < count; i++) {
      int at = i * recordBytes();
      record(log, at, bytes, at, image("1.2.3", (first + i) % 10 + (first > 0 ? 10 : 0)));
    }
    return Arrays.copyOf(bytes, count * recordBytes());
  }

  private static void record(long log, long synced, byte[] into, int at, byte[] image) {
    LogRecord record =
        new LogRecord(synced, image.length, NOON.toEpochMilli(), Sha256.digest(image));
    System.arraycopy(record.header(log).array(), 0, into, at, LogRecord.HEADER_BYTES);
    System.arraycopy(image, 0, into, at + LogRecord.HEADER_BYTES, image.length);
  }

  @Test
  void damageInFrontOfWholeInstancesHidesNoneOfThemAndIsKeptAndTold() throws IOException {
    Path killed = folder.resolve("killed");
    try (Inbox inbox = open(LATE)) {
      for (int i = 0; i < 3; i++) {
        inbox.store(incoming(image("1.2.3", i)));
      }
      copy(root(), killed);
    }
    Path log = logs(killed).getFirst();
    byte[] bytes = Files.readAllBytes(log);
    bytes[bytes.length / 2] ^= 1;
    Files.write(log, bytes);

    Inbox.settle(killed, events::add);

    assertThat(received(killed).keySet())
        .containsExactly("1.2.3/1.2.3.1.0.dcm", "1.2.3/1.2.3.1.2.dcm");
    assertThat(events).contains(new Inbox.Event.Damaged(log.getFileName() + ".damaged"));
    assertThat(killed.resolve("log").resolve(log.getFileName() + ".damaged"))
        .hasBinaryContent(bytes);
  }

  @Test
  void settlingTwiceIsSettlingOnce() throws IOException {
    Path killed = folder.resolve("killed");
    byte[] image = image("1.2.3", 1);
    try (Inbox inbox = open(LATE)) {
      inbox.store(incoming(image));
      copy(root(), killed);
    }
    byte[] log = Files.readAllBytes(logs(killed).getFirst());
    Path again = killed.resolve("log").resolve("0000000000000001.log");

    Inbox.settle(killed, events::add);
    Files.write(again, log);
    Inbox.settle(killed, events::add);

    assertThat(received(killed)).hasSize(1);
    assertThat(logs(killed)).isEmpty();
  }

  @Test
  void whatComesTwiceIsThereOnceAndAnotherOfTheSameUidIsKeptToo() throws IOException {
    byte[] image = image("1.2.3", 1);
    byte[] other = TinyDicom.image().study("1.2.3").sop("1.2.3.1.1").pixels(new byte[64]).bytes();
    try (Inbox inbox = open(SMALL)) {
      for (byte[] each : List.of(image, image, other, image, other)) {
        assertThat(inbox.store(incoming(each))).isEqualTo(DimseStatus.SUCCESS);
      }
    }

    assertThat(received(root()).values())
        .usingElementComparator(Arrays::compare)
        .containsExactlyInAnyOrder(body(image), body(other));
  }

  @Test
  void anInstanceLongerThanMemoryMayHoldIsTakenToo() throws IOException {
    byte[] pixels = new byte[3 << 20];
    new java.util.SplittableRandom(3).nextBytes(pixels);
    byte[] image = TinyDicom.image().pixels(pixels).bytes();
    try (Inbox inbox = open(SMALL)) {
      inbox.store(incoming(image("1.2.3", 7)));
      assertThat(inbox.store(incoming(image))).isEqualTo(DimseStatus.SUCCESS);
      inbox.store(incoming(image("1.2.3", 8)));
    }

    assertThat(received(root())).hasSize(3);
    assertThat(received(root()).values()).anyMatch(each -> Arrays.equals(each, body(image)));
  }

  @Test
  void anAssociationThatBreaksLeavesNothing() throws IOException {
    for (int length : new int[] {0, 100, 100_000, 1_000_000}) {
      InputStream breaking =
          new InputStream() {
            private int left = length;

            @Override
            public int read() throws IOException {
              if (left == 0) {
                throw new IOException("the association broke");
              }
              left--;
              return 1;
            }

            @Override
            public int read(byte[] into, int from, int wanted) throws IOException {
              int count = Math.min(wanted, Math.max(1, left));
              for (int i = 0; i < count; i++) {
                into[from + i] = (byte) read();
              }
              return count;
            }
          };
      try (Inbox inbox = open(SMALL)) {
        assertThatThrownBy(() -> inbox.store(incoming(Channels.newChannel(breaking))))
            .isInstanceOf(IOException.class);
      }
    }

    assertThat(received(root())).isEmpty();
    try (Stream<Path> files = Files.list(root().resolve("log"))) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void whatIsNoDicomIsKeptWhole() throws IOException {
    byte[] body = "no data set at all".getBytes(java.nio.charset.StandardCharsets.UTF_8);
    try (Inbox inbox = open(SMALL)) {
      assertThat(inbox.store(incoming(Channels.newChannel(new ByteArrayInputStream(body)))))
          .isEqualTo(DimseStatus.SUCCESS);
      assertThat(inbox.store(incoming(Channels.newChannel(new ByteArrayInputStream(new byte[0])))))
          .isEqualTo(DimseStatus.CANNOT_UNDERSTAND);
    }

    assertThat(received(root())).hasSize(1);
    assertThat(received(root()).keySet()).allMatch(path -> path.startsWith("_no-study/"));
  }

  @Test
  void aUidThatLooksLikeAPathLeadsNowhere() throws IOException {
    byte[] image = TinyDicom.image().study("../../1").sop("/etc/passwd").bytes();
    try (Inbox inbox = open(SMALL)) {
      inbox.store(incoming(image));
    }

    assertThat(received(root())).hasSize(1);
    assertThat(received(root()).keySet().iterator().next())
        .matches("x-[0-9a-f]{24}/x-[0-9a-f]{24}.dcm");
  }

  @Test
  void aFullVolumeIsTold() throws IOException {
    Inbox.Settings full =
        new Inbox.Settings(1 << 20, 1 << 20, 1 << 20, Duration.ofMillis(1), true, Long.MAX_VALUE);
    try (Inbox inbox = open(full)) {
      assertThat(inbox.store(incoming(image("1.2.3", 1)))).isEqualTo(DimseStatus.OUT_OF_RESOURCES);
    }
  }

  @SeededTest(runs = 3)
  void manySendersLoseNothing(RandomGenerator random) throws Exception {
    Path here = Files.createTempDirectory(folder, "many");
    int senders = 2 + random.nextInt(14);
    int each = 20;
    List<Throwable> failures = new ArrayList<>();
    CountDownLatch begin = new CountDownLatch(1);
    try (Inbox inbox = Inbox.open(here.resolve("inbox"), Optional.empty(), SMALL, clock, _ -> {})) {
      List<Thread> threads = new ArrayList<>();
      for (int sender = 0; sender < senders; sender++) {
        String study = "1.2.3." + sender;
        threads.add(
            Thread.ofVirtual()
                .start(() -> {
                  try {
                    begin.await();
                    for (int i = 0; i < each; i++) {
                      if (!inbox.store(incoming(image(study, i))).isSuccess()) {
                        throw new IOException("not taken");
                      }
                    }
                  } catch (IOException | InterruptedException e) {
                    synchronized (failures) {
                      failures.add(e);
                    }
                  }
                }));
      }
      begin.countDown();
      for (Thread thread : threads) {
        thread.join();
      }
    }

    assertThat(failures).isEmpty();
    Map<String, byte[]> received = received(here.resolve("inbox"));
    assertThat(received).hasSize(senders * each);
    received.forEach((path, body) -> {
      String study = path.substring(0, path.indexOf('/'));
      String sop = path.substring(path.indexOf('/') + 1, path.length() - ".dcm".length());
      int number = Integer.parseInt(sop.substring(sop.lastIndexOf('.') + 1));
      assertThat(body).isEqualTo(body(image(study, number)));
    });
  }

  // ---- one inbox, one receiver

  @Test
  void twoReceiversOfOneInboxAreOneTooMany() {
    try (Inbox _ = open(SMALL)) {
      assertThatThrownBy(() -> open(SMALL))
          .isInstanceOf(SerdabException.HeldBack.class)
          .hasMessageContaining("inbox-in-use");
    }
  }

  @Test
  void aFolderWithOtherThingsIsNoInbox() throws IOException {
    Files.createDirectories(root());
    Files.writeString(root().resolve("letter.txt"), "mine");

    assertThatThrownBy(() -> open(SMALL)).hasMessageContaining("inbox-place-taken");
    assertThatThrownBy(() -> Inbox.settle(root(), events::add))
        .hasMessageContaining("inbox-missing");
  }

  // ---- as a source

  @Test
  void aStudyIsOfferedAfterAQuietTimeAndWhatComesLaterAfterItsOwn() throws IOException {
    try (Inbox inbox = open(SMALL)) {
      inbox.store(incoming(image("1.2.3", 1)));
      clock.pass(Duration.ofMinutes(2));
      inbox.store(incoming(image("1.2.3", 2)));
      clock.pass(Duration.ofMinutes(3));
      inbox.store(incoming(image("1.2.4", 1)));
    }
    assertThat(offered()).as("three minutes of quiet").isEmpty();

    clock.pass(Duration.ofMinutes(2));
    assertThat(offered()).containsOnly(Map.entry("1.2.3", 2L));

    try (Inbox inbox = open(SMALL)) {
      inbox.store(incoming(image("1.2.3", 3)));
    }
    clock.pass(Duration.ofMinutes(4));
    assertThat(offered()).containsOnly(Map.entry("1.2.3", 2L), Map.entry("1.2.4", 1L));

    clock.pass(Duration.ofMinutes(1));
    assertThat(offered()).containsOnly(Map.entry("1.2.3", 3L), Map.entry("1.2.4", 1L));
  }

  private Map<String, Long> offered() {
    Map<String, Long> offered = new TreeMap<>();
    try (InboxSource source = InboxSource.open(root(), folder.resolve("cache.db"), clock);
        Inventory inventory = source.inventory();
        Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
      studies.forEach(study -> offered.put(study.key().value(), study.fileCount()));
    }
    return offered;
  }

  // ---- helpers

  private Path root() {
    return folder.resolve("inbox");
  }

  private Inbox open(Inbox.Settings settings) {
    return Inbox.open(
        root(),
        Optional.empty(),
        settings,
        clock,
        event -> {
          synchronized (events) {
            events.add(event);
          }
        });
  }

  static byte[] image(String study, int number) {
    byte[] pixels = new byte[64];
    Arrays.fill(pixels, (byte) number);
    return TinyDicom.image()
        .study(study)
        .series(study + ".1")
        .sop(study + ".1." + number)
        .pixels(pixels)
        .bytes();
  }

  /// What travels: the data set behind the File Meta Information.
  static byte[] body(byte[] file) {
    try {
      int at = (int) DicomFile.read(ByteSource.of(file)).dataSetOffset();
      return Arrays.copyOfRange(file, at, file.length);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  static IncomingInstance incoming(byte[] file) throws IOException {
    DicomFile read = DicomFile.read(ByteSource.of(file));
    return incoming(
        read.facts().sop().value(), Channels.newChannel(new ByteArrayInputStream(body(file))));
  }

  private static IncomingInstance incoming(ReadableByteChannel body) {
    return incoming("1.2.3.4", body);
  }

  private static IncomingInstance incoming(String sop, ReadableByteChannel body) {
    return new IncomingInstance(
        new AssociationFacts(
            1,
            new AeTitle("MODALITY"),
            new AeTitle("SERDAB"),
            InetAddress.getLoopbackAddress(),
            "",
            "",
            Optional.empty()),
        "1.2.840.10008.5.1.4.1.1.4",
        new SopInstanceUid(sop),
        "1.2.840.10008.1.2.1",
        Optional.empty(),
        body);
  }

  private List<Path> logs() throws IOException {
    return logs(root());
  }

  private static List<Path> logs(Path inbox) throws IOException {
    return new InboxFolder(inbox).logs();
  }

  /// The data sets by their paths.
  private static Map<String, byte[]> received(Path inbox) throws IOException {
    Map<String, byte[]> received = new TreeMap<>();
    Path top = inbox.resolve("received");
    try (Stream<Path> files = Files.walk(top)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        received.put(top.relativize(file).toString(), body(Files.readAllBytes(file)));
      }
    }
    return received;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }
}
