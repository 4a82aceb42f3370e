package serdab.dicom.net;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import serdab.dicom.ByteSource;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.TransferSyntax;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.testing.world.TinyDicom;

/// Sends or takes as many instances as wanted, in a process of its own, so that its memory can be
/// measured.
///
/// - `take` listens, says `port N`, and after its input ends how many came.
/// - `send PORT COUNT` sends over one association and says `done N` after each tenth, and `failed
///   N` at the end.
public final class ManyProgram {

  private static final String MR = "1.2.840.10008.5.1.4.1.1.4";
  static final int STUDY_IMAGES = 200;

  private ManyProgram() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments[0].equals("take")) {
      take();
    } else {
      send(Integer.parseInt(arguments[1]), Long.parseLong(arguments[2]));
    }
  }

  private static void take() throws IOException {
    AtomicLong count = new AtomicLong();
    try (StorageServer server =
        StorageServer.start(
            new ServerSettings(AeTitle.ours("SERDAB")),
            instance -> {
              ByteBuffer part = ByteBuffer.allocate(16 << 10);
              while (instance.body().read(part.clear()) >= 0) {
                // Only that it comes counts.
              }
              count.incrementAndGet();
              return DimseStatus.SUCCESS;
            },
            _ -> {})) {
      say("port " + server.address().getPort());
      while (System.in.read() >= 0) {
        // Until the test has had enough.
      }
    }
    say("came " + count);
  }

  private static void send(int port, long count) {
    AtomicLong done = new AtomicLong();
    AtomicLong failed = new AtomicLong();
    List<ProposedContext> contexts =
        ProposedContext.forSending(List.of(new Kind(MR, TransferSyntax.EXPLICIT_LITTLE_ENDIAN)))
            .getFirst();
    try (Association association =
        Association.open(
            AssociationRequest.to(NodeAddress.parse("dicom://SERDAB@127.0.0.1:" + port))
                .propose(contexts)
                .window(8))) {
      association.storeAll(
          instances(count),
          (_, outcome) -> {
            if (!outcome.equals(new StoreOutcome.Answered(DimseStatus.SUCCESS))) {
              failed.incrementAndGet();
            }
            if (done.incrementAndGet() % Math.max(1, count / 10) == 0) {
              say("done " + done);
            }
          });
    }
    say("failed " + failed);
  }

  private static Iterator<OutgoingInstance> instances(long count) {
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        return next < count;
      }

      @Override
      public OutgoingInstance next() {
        long n = next++;
        String study = "1.2.840.5." + n / STUDY_IMAGES;
        String sop = study + ".1." + n % STUDY_IMAGES;
        byte[] file = TinyDicom.image().study(study).series(study + ".1").sop(sop).bytes();
        int offset = dataSetOffset(file);
        return new OutgoingInstance(
            MR,
            new SopInstanceUid(sop),
            TransferSyntax.EXPLICIT_LITTLE_ENDIAN,
            ByteSource.of(file),
            offset,
            file.length - offset);
      }
    };
  }

  /// Behind the File Meta Information, by its group length.
  private static int dataSetOffset(byte[] file) {
    int lengthAt = 128 + 4 + 8;
    int low = file[lengthAt] & 0xFF;
    int high = file[lengthAt + 1] & 0xFF;
    return lengthAt + 4 + low + 256 * high;
  }

  @SuppressWarnings("SystemOut") // what the test reads
  private static void say(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.US_ASCII);
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
  }
}
