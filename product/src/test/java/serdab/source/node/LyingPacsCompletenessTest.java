package serdab.source.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.LyingPacs;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.Timeouts;
import serdab.dicom.net.find.Questions;
import serdab.plan.Order;
import serdab.source.Delivery;
import serdab.source.Inventory;
import serdab.source.Source;
import serdab.source.SourceFile;
import serdab.source.SourceStudy;
import serdab.source.StudyReceiver;
import serdab.testing.world.TinyDicom;

/// A PACS that lies, as the source of a backup: everything comes, or it is said that it did not.
class LyingPacsCompletenessTest {

  private static final int STUDIES = 12;
  private static final int IMAGES = 3;

  /// At these something cannot come; at all others everything does.
  private static final Set<Fault> KEEP_BACK =
      EnumSet.of(
          Fault.ALWAYS_REJECTS,
          Fault.KNOWS_NO_CALLER,
          Fault.KNOWS_NO_SUCH_TITLE,
          Fault.TAKES_NOTHING,
          Fault.NO_FIND,
          Fault.HIDES_ONE,
          Fault.REFUSES_IMAGE_LEVEL,
          Fault.ROWS_OF_GARBAGE,
          Fault.ROWS_WITHOUT_UIDS,
          Fault.ROWS_WITHOUT_END,
          Fault.SILENT_QUERIES,
          Fault.GIVES_ONE_LESS,
          Fault.GIVES_ONE_LESS_OPENLY,
          Fault.GIVES_NOTHING,
          Fault.REFUSES_RETRIEVAL,
          Fault.SILENT_RETRIEVAL);

  @TempDir Path temp;

  private final LyingPacs pacs = LyingPacs.start();

  @AfterEach
  void stop() {
    pacs.close();
  }

  /// Retries without waiting. Where silence is the lie, the wait for an answer is short.
  private Source source(boolean silent) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    NodeAddress address =
        NodeAddress.parse(
            pacs.address() + (pacs.address().contains("?") ? "&" : "?") + "listen=" + port);
    pacs.knows(address.calling().value(), port);
    Timeouts timeouts =
        new Timeouts(
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            silent ? Duration.ofMillis(50) : Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofMillis(100),
            32 << 10);
    Supplier<AssociationRequest> requests = () -> AssociationRequest.to(address).timeouts(timeouts);
    return new DicomNodeSource(
        new DicomNodeSource.Means(
            address,
            requests,
            new Retrieval(requests, address.here(), Duration.ofMillis(200)),
            temp.resolve("fetched"),
            0,
            InstantSource.system(),
            new Questions.Patience(silent ? 1 : 3, Duration.ZERO, _ -> {})));
  }

  private static byte[] image(int study, int n) {
    return TinyDicom.image()
        .study("1.2.826." + study)
        .series("1.2.826." + study + ".1")
        .sop("1.2.826." + study + ".1." + n)
        .patient("Test^" + study, "P" + study)
        .date("2024%02d%02d".formatted(1 + study % 12, 1 + study % 28))
        .pixels(new byte[] {(byte) study, (byte) n, 1, 2})
        .bytes();
  }

  /// Keeps what it is given, by SOP Instance UID.
  private static final class Kept implements StudyReceiver {
    final Map<String, byte[]> files = new TreeMap<>();
    final List<String> notGiven = new ArrayList<>();

    @Override
    public void take(SourceFile file, ByteSource bytes) throws IOException {
      ByteBuffer content = ByteBuffer.allocate((int) bytes.lengthBytes());
      while (content.hasRemaining() && bytes.read(content.position(), content) > 0) {
        // Until the end.
      }
      files.put(
          DicomFile.read(ByteSource.of(content.array())).facts().sop().value(), content.array());
    }

    @Override
    public void notGiven(SourceFile file, NotGiven reason, String detail) {
      notGiven.add(file.path());
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      mode = EnumSource.Mode.MATCH_NONE,
      names = {".*COMMIT.*", ".*REPORTS.*"})
  void everythingComesOrItIsSaidThatItDidNot(Fault fault) throws IOException {
    Set<String> held = new TreeSet<>();
    for (int study = 1; study <= STUDIES; study++) {
      for (int n = 1; n <= IMAGES; n++) {
        pacs.put(image(study, n));
        held.add("1.2.826." + study + ".1." + n);
      }
    }
    pacs.with(fault);
    Kept kept = new Kept();
    Set<String> said = new TreeSet<>();

    try (Source source =
            source(fault.name().startsWith("SILENT") || fault == Fault.ROWS_WITHOUT_END);
        Inventory inventory = source.inventory();
        Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
      for (SourceStudy study : (Iterable<SourceStudy>) studies::iterator) {
        try {
          if (!(inventory.deliver(study, Set.of(), kept) instanceof Delivery.Complete)) {
            said.add("changed");
          }
        } catch (SerdabException e) {
          said.add(e.problem().code());
        }
      }
    } catch (SerdabException e) {
      said.add(e.problem().code());
    }
    Set<String> lacking = new TreeSet<>(held);
    lacking.removeAll(kept.files.keySet());
    assertThat(lacking.isEmpty() || !said.isEmpty() || !kept.notGiven.isEmpty())
        .as("nothing is missing in silence")
        .isTrue();
    assertThat(lacking.isEmpty())
        .as("%s %s", said, kept.notGiven)
        .isEqualTo(!KEEP_BACK.contains(fault));
  }
}
