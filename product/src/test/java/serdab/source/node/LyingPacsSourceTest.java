package serdab.source.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Finding;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
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
import serdab.testing.RichDicom;
import serdab.testing.world.TinyDicom;

/// A PACS that lies, as the source of a backup. What does not come with every value must never pass
/// without a word; what comes must not be doubted for the way it comes.
class LyingPacsSourceTest {

  private static final int STUDIES = 4;
  private static final int IMAGES = 5;

  /// Why a list is taken for whole is always said.
  private static final String ARGUED = "list-argued";

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start();

  @AfterEach
  void stop() {
    pacs.close();
  }

  private Source source(boolean silent) {
    NodeAddress node = NodeAddress.parse(pacs.address());
    Timeouts usual = Timeouts.DEFAULT;
    Timeouts timeouts =
        new Timeouts(
            usual.connect(),
            usual.negotiation(),
            silent ? Duration.ofMillis(100) : usual.response(),
            usual.idle(),
            Duration.ofMillis(100),
            usual.bytesPerSecondMin());
    Supplier<AssociationRequest> requests = () -> AssociationRequest.to(node).timeouts(timeouts);
    return new DicomNodeSource(
        new DicomNodeSource.Means(
            node,
            requests,
            new Retrieval(requests, node.here(), Duration.ofSeconds(2)),
            folder.resolve("fetched"),
            0,
            InstantSource.system(),
            new Questions.Patience(3, Duration.ZERO, _ -> {})));
  }

  /// How much came with every value, and what was said: problems, findings, and how studies ended.
  private record Seen(int came, Set<String> said) {

    static Seen all() {
      return new Seen(20, Set.of());
    }

    static Seen only(int came, String... said) {
      return new Seen(came, new TreeSet<>(Set.of(said)));
    }
  }

  private Seen fetch(boolean silent, Map<String, String> expected) {
    Map<String, String> came = new TreeMap<>();
    Set<String> said = new TreeSet<>();
    try (Source source = source(silent);
        Inventory inventory = source.inventory()) {
      try (Stream<Finding> findings = inventory.findings()) {
        findings.map(Finding::kind).filter(kind -> !kind.equals(ARGUED)).forEach(said::add);
      }
      try (Stream<SourceStudy> studies = inventory.studies(Order.STUDY_DATE)) {
        for (SourceStudy study : studies.toList()) {
          try {
            Delivery delivery = inventory.deliver(study, Set.of(), new Taker(came, said));
            if (!(delivery instanceof Delivery.Complete)) {
              said.add(delivery.getClass().getSimpleName());
            }
          } catch (SerdabException e) {
            said.add(e.problem().code());
          }
        }
      }
    } catch (SerdabException e) {
      said.add(e.problem().code());
    }
    int same =
        (int)
            expected.entrySet().stream()
                .filter(each -> each.getValue().equals(came.get(each.getKey())))
                .count();
    return new Seen(same, said);
  }

  private record Taker(Map<String, String> came, Set<String> said) implements StudyReceiver {
    @Override
    public void take(SourceFile file, ByteSource bytes) throws IOException {
      ByteBuffer content = ByteBuffer.allocate((int) bytes.lengthBytes());
      while (content.hasRemaining() && bytes.read(content.position(), content) > 0) {
        // Until the end.
      }
      DicomFile read = DicomFile.read(ByteSource.of(content.array()));
      if (read.isDamaged()) {
        said.add("damaged");
      }
      came.put(read.facts().sop().value(), canonical(content.array()));
    }

    @Override
    public void notGiven(SourceFile file, NotGiven reason, String detail) {
      said.add(reason.toString());
    }
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().map(Object::toString).orElse("none");
  }

  /// Studies of different days, as lists that are cut are asked for again in halves by date.
  private static String study(int study) {
    return "1.2.840.1" + "1".repeat(study);
  }

  private static Seen expected(Fault fault) {
    return switch (fault) {
      case ALWAYS_REJECTS -> Seen.only(0, "node-busy");
      case KNOWS_NO_CALLER -> Seen.only(0, "node-unknown-caller");
      case KNOWS_NO_SUCH_TITLE -> Seen.only(0, "node-unknown-called");
      case TAKES_NOTHING, NO_FIND -> Seen.only(0, "node-takes-nothing");
      case PICKS_ANOTHER_SYNTAX, GIVES_NOTHING, REFUSES_RETRIEVAL -> Seen.only(0, "MISSING");
      case LISTS_A_GHOST, IGNORES_KEYS -> Seen.only(20, "MISSING");
      // What a node never lists, nobody can miss.
      case HIDES_ONE -> Seen.only(15);
      case REFUSES_IMAGE_LEVEL -> Seen.only(0, "node-question-refused");
      case ROWS_OF_GARBAGE, ROWS_WITHOUT_UIDS -> Seen.only(0, "UNREADABLE", "row-without-uid");
      case ROWS_WITHOUT_END -> Seen.only(0, "node-answer-damaged");
      case SILENT_QUERIES, SILENT_RETRIEVAL -> Seen.only(0, "node-timed-out");
      case NO_GET -> Seen.only(0, "node-gives-nothing");
      case GIVES_ONE_LESS, GIVES_ONE_LESS_OPENLY -> Seen.only(16, "MISSING");
      // What a node gives is the truth: there is nothing else to compare it with.
      case FLIPS_A_BIT -> Seen.only(0);
      case CUTS_INSTANCES_SHORT -> Seen.only(0, "damaged");
      default -> Seen.all();
    };
  }

  /// Studies are found by halves of time, and of a study with more images than a list is long, all
  /// are asked for at once.
  @ParameterizedTest
  @EnumSource(names = {"CAPS_QUERIES_SILENTLY", "CAPS_QUERIES_OPENLY"})
  void listsThatAreCutHideNothing(Fault fault) throws IOException {
    RandomGenerator random = new SplittableRandom(6);
    Map<String, String> expected = new TreeMap<>();
    for (int study = 0; study < 25; study++) {
      String uid = "1.2.826." + study;
      byte[] file =
          TinyDicom.image()
              .study(uid)
              .series(uid + ".1")
              .sop(uid + ".1.1")
              .date("2024%02d%02d".formatted(1 + study % 12, 1 + study))
              .bytes();
      pacs.put(file);
      expected.put(uid + ".1.1", canonical(file));
    }
    for (int n = 0; n < 25; n++) {
      byte[] file = RichDicom.image(study(1), n, random);
      pacs.put(file);
      expected.put(RichDicom.sop(study(1), n), canonical(file));
    }
    pacs.capAt(10).with(fault);

    assertThat(fetch(false, expected)).isEqualTo(new Seen(50, Set.of()));
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void whatDoesNotComeIsSaid(Fault fault) throws IOException {
    RandomGenerator random = new SplittableRandom(5);
    Map<String, String> expected = new TreeMap<>();
    for (int study = 1; study <= STUDIES; study++) {
      for (int n = 0; n < IMAGES; n++) {
        byte[] file = RichDicom.image(study(study), n, random);
        pacs.put(file);
        expected.put(RichDicom.sop(study(study), n), canonical(file));
      }
    }
    pacs.capAt(10).with(fault);

    assertThat(fetch(fault == Fault.SILENT_QUERIES || fault == Fault.SILENT_RETRIEVAL, expected))
        .isEqualTo(expected(fault));
  }
}
