package serdab.source.inbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Sha256;

/// Nobody hears that an instance is safe before it is synced, and who waits together is synced
/// together.
class InboxLogTest {

  @TempDir private Path root;

  private InboxFolder folder;

  @BeforeEach
  void makeInbox() throws IOException {
    folder = InboxFolder.make(root.resolve("inbox"), Optional.empty());
  }

  @Test
  void appendingReturnsAfterTheSyncOfItsBytes() throws IOException {
    List<Long> synced = new ArrayList<>();
    try (InboxLog log = new InboxLog(folder, 0, 1 << 20, file -> synced.add(file.size()))) {
      append(log, "first");
      assertThat(synced).containsExactly(LogRecord.HEADER_BYTES + 5L);
      append(log, "second");
      assertThat(synced).hasSize(2);
    }
  }

  @Test
  void whoWaitsForASyncSharesTheNextOne() throws Exception {
    Semaphore turn = new Semaphore(0);
    CountDownLatch firstWaits = new CountDownLatch(1);
    AtomicInteger syncs = new AtomicInteger();
    try (InboxLog log =
        new InboxLog(
            folder,
            0,
            1 << 20,
            _ -> {
              syncs.incrementAndGet();
              firstWaits.countDown();
              turn.acquireUninterruptibly();
            })) {
      List<Thread> senders = new ArrayList<>();
      senders.add(begin(log, "first"));
      assertThat(firstWaits.await(30, TimeUnit.SECONDS)).isTrue();
      for (int i = 0; i < 20; i++) {
        senders.add(begin(log, "sender " + i));
      }
      for (Thread sender : senders.subList(1, senders.size())) {
        while (sender.getState() != Thread.State.WAITING) {
          Thread.onSpinWait();
        }
      }

      turn.release(2);
      for (Thread sender : senders) {
        sender.join();
      }
      assertThat(syncs.get()).isEqualTo(2);
      turn.release(); // for the end
    }

    String written = Files.readString(folder.logFile(1), StandardCharsets.ISO_8859_1);
    assertThat(written.split("INBOXRC2", -1)).as("21 and the end").hasSize(23);
  }

  @Test
  void aSyncThatFailsIsNoSuccessAndLeavesNothingBehind() throws IOException {
    AtomicInteger syncs = new AtomicInteger();
    try (InboxLog log =
        new InboxLog(
            folder,
            0,
            1 << 20,
            _ -> {
              if (syncs.incrementAndGet() == 2) {
                throw new IOException("the disk is ill");
              }
            })) {
      append(log, "first");
      assertThatThrownBy(() -> append(log, "second")).isInstanceOf(IOException.class);
      append(log, "third");
    }

    assertThat(records(1)).containsExactly("first");
    assertThat(records(2)).containsExactly("third");
  }

  @Test
  void aLongFileIsEndedAndTheNextBegun() throws IOException {
    try (InboxLog log = new InboxLog(folder, 7, 100, FileChannel::size)) {
      append(log, "x".repeat(50));
      append(log, "y");
    }

    assertThat(folder.logs()).extracting(InboxFolder::number).containsExactly(8L, 9L);
  }

  @Test
  void aLogIsWrittenOverAFileThatHasItsLengthAlready() throws IOException {
    List<Long> lengths = new ArrayList<>();
    try (InboxLog log = new InboxLog(folder, 0, 1000, file -> lengths.add(file.size()))) {
      assertThat(log.prepare()).isTrue();
      append(log, "x".repeat(400));
      append(log, "y".repeat(400));
      assertThat(lengths).containsExactly(1000L, 1000L);

      append(log, "z".repeat(400));
      log.release(folder.logFile(1));
      append(log, "again");

      assertThat(lengths.getLast()).as("the first file, over again").isEqualTo(lengths.get(3));
      assertThat(folder.logs()).extracting(InboxFolder::number).containsExactly(2L);
    }
    assertThat(records(2)).containsExactly("again");
    try (Stream<Path> files = Files.list(folder.log())) {
      assertThat(files).as("no spare is left").containsExactly(folder.logFile(2));
    }
  }

  @Test
  void someFilesAreMadeReadyAndNoMore() throws IOException {
    try (InboxLog log = new InboxLog(folder, 7, 1000, FileChannel::size)) {
      int ready = 0;
      while (log.prepare()) {
        ready++;
      }
      assertThat(ready).isEqualTo(4);
      try (Stream<Path> files = Files.list(folder.log())) {
        assertThat(files).hasSize(4);
      }
      append(log, "first");
      assertThat(log.finish()).isEqualTo(8);
      assertThat(records(8)).containsExactly("first");
    }
    try (Stream<Path> files = Files.list(folder.log())) {
      assertThat(files).as("no spare is left").containsExactly(folder.logFile(8));
    }
  }

  private List<String> records(long number) throws IOException {
    String written = Files.readString(folder.logFile(number), StandardCharsets.ISO_8859_1);
    List<String> records = new ArrayList<>();
    for (int at = 0; at < written.length(); ) {
      byte[] header =
          written.substring(at, at + LogRecord.HEADER_BYTES).getBytes(StandardCharsets.ISO_8859_1);
      LogRecord record = new LogRecord.Kind(number, false).read(header).orElseThrow();
      if (record.isEnd()) {
        assertThat(record.syncedBytes()).isEqualTo(at);
        return records;
      }
      at += LogRecord.HEADER_BYTES;
      records.add(written.substring(at, at + (int) record.lengthBytes()));
      at += (int) record.lengthBytes();
    }
    throw new AssertionError("a log that was ended says so");
  }

  private static Thread begin(InboxLog log, String text) {
    return Thread.ofPlatform()
        .start(() -> {
          try {
            append(log, text);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
  }

  private static void append(InboxLog log, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    log.append(new LogRecord(0, bytes.length, 1, Sha256.digest(bytes)), ByteBuffer.wrap(bytes));
  }
}
