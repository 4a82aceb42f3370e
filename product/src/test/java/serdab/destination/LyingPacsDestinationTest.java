package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Depth;
import serdab.SerdabException;
import serdab.destination.node.DicomNode;
import serdab.destination.node.NodeDestination;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.LyingPacs;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.Retrieval;
import serdab.dicom.net.Retry;
import serdab.dicom.net.Timeouts;
import serdab.dicom.net.Traffic;
import serdab.plan.Existing;
import serdab.store.LocalFolder;
import serdab.testing.RichDicom;
import serdab.testing.SeededTest;

/// A PACS that lies, as the destination of a backup: what each lie must come to.
class LyingPacsDestinationTest {

  private static final String STUDY = "1.2.840.99";
  private static final String COPIED = "";
  private static final int IMAGES = 7;

  /// How many of the faults keep a study from being copied.
  private static final long NOT_COPIED = 36;

  @TempDir Path folder;

  private final LyingPacs pacs = LyingPacs.start();
  private final List<NodeDestination> opened = new ArrayList<>();

  @AfterEach
  void stop() {
    opened.forEach(NodeDestination::close);
    pacs.close();
  }

  /// Retries without waiting. Where silence is the lie, the wait for an answer is short.
  private NodeDestination connect(boolean silent, int associations) {
    NodeAddress address = NodeAddress.parse(pacs.address());
    Timeouts usual = Timeouts.DEFAULT;
    Timeouts timeouts =
        new Timeouts(
            usual.connect(),
            usual.negotiation(),
            silent ? Duration.ofMillis(100) : usual.response(),
            usual.idle(),
            Duration.ofMillis(100),
            usual.bytesPerSecondMin());
    Supplier<AssociationRequest> requests = () -> AssociationRequest.to(address).timeouts(timeouts);
    NodeDestination destination =
        new NodeDestination(
            new DicomNode(
                address,
                requests,
                new Traffic(
                    new Traffic.Means(
                        associations,
                        new Retry(4, Duration.ofSeconds(1), 2, Duration.ofSeconds(3)),
                        () -> {},
                        _ -> {},
                        RandomGenerator.of("L64X128MixRandom"),
                        _ -> {})),
                new Retrieval(requests, address.here(), Duration.ofSeconds(10)),
                Existing.FULL),
            LocalFolder.create(folder.resolve("ledger"), new SplittableRandom(1)),
            folder.resolve("scratch"),
            false,
            "a test",
            InstantSource.system());
    opened.add(destination);
    return destination;
  }

  private static TestStudy study(int images, RandomGenerator random) {
    TestStudy study = TestStudy.of(STUDY);
    for (int n = 0; n < images; n++) {
      study.file("IM" + n, RichDicom.image(STUDY, n, random));
    }
    return study;
  }

  /// The code of the problem; empty text when the study was copied.
  private static String copied(TestStudy study, NodeDestination destination) {
    try {
      HeldVersion copy = study.copyTo(destination);
      assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
      return COPIED;
    } catch (SerdabException e) {
      return e.problem().code();
    }
  }

  // ---- one lie at a time

  private static String verdict(Fault fault) {
    return switch (fault) {
      case ALWAYS_REJECTS -> "node-busy";
      case KNOWS_NO_CALLER -> "node-unknown-caller";
      case KNOWS_NO_SUCH_TITLE -> "node-unknown-called";
      case TAKES_NOTHING, NO_FIND -> "node-takes-nothing";
      case IMPLICIT_ONLY -> "node-cannot-hold";
      case CAPS_QUERIES_OPENLY, REFUSES_IMAGE_LEVEL, ROWS_WITHOUT_END -> "node-query-failed";
      // What it stores all the same is found by the next run.
      case STORES_IN_SILENCE, SILENT_QUERIES, SILENT_RETRIEVAL -> "node-timed-out";
      case ANSWERS_ANOTHER_MESSAGE, ANSWERS_WITH_GARBAGE -> "node-protocol-broken";
      case ALWAYS_BREAKS_OFF -> "node-lost";
      case STORES_NOTHING,
          LOSES_EVERY_THIRD,
          REFUSES_EVERY_THIRD,
          ALWAYS_OUT_OF_RESOURCES,
          PICKS_ANOTHER_SYNTAX,
          COMPRESSES,
          STORES_UNDER_ANOTHER_UID,
          MOVES_INTO_ANOTHER_STUDY,
          GIVES_ONE_LESS,
          GIVES_ONE_LESS_OPENLY,
          GIVES_NOTHING,
          REFUSES_RETRIEVAL ->
          "node-not-stored";
      case NO_GET -> "node-gives-nothing";
      case COERCES_PATIENT_ID,
          COERCES_PATIENT_ID_SILENTLY,
          STRIPS_PRIVATE_TAGS,
          CHANGES_A_PIXEL,
          REENCODES_TEXT_WITH_LOSS,
          CUTS_PIXELS_SHORT ->
          "node-altered";
      // Five of the seven were there before, as others than ours by what it gives.
      case FLIPS_A_BIT, CUTS_INSTANCES_SHORT -> "node-conflict";
      default -> COPIED;
    };
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void whatAPacsDoesDecidesAndNotWhatItSays(Fault fault) {
    boolean silent =
        fault == Fault.STORES_IN_SILENCE
            || fault == Fault.SILENT_QUERIES
            || fault == Fault.SILENT_RETRIEVAL;
    TestStudy study = study(IMAGES, new SplittableRandom(7));
    study.files().values().stream().limit(5).forEach(pacs::put);
    pacs.put(RichDicom.image("1.2.840.98", 0, new SplittableRandom(2))).with(fault);

    assertThat(copied(study, connect(silent, 1))).isEqualTo(verdict(fault));
  }

  @Test
  void everyFaultHasItsVerdictWrittenDown() {
    assertThat(EnumSet.allOf(Fault.class)).hasSizeGreaterThan(90);
    assertThat(
            EnumSet.allOf(Fault.class).stream()
                .filter(fault -> !verdict(fault).equals(COPIED))
                .count())
        .isEqualTo(NOT_COPIED);
  }

  // ---- several at once

  @Test
  void whatIsListedAndCommittedToAndLostIsNotThere() {
    pacs.with(Fault.STORES_NOTHING, Fault.LISTS_THE_LOST, Fault.COMMITS_TO_EVERYTHING);

    assertThat(copied(study(5, new SplittableRandom(1)), connect(false, 1)))
        .isEqualTo("node-not-stored");
    assertThat(connect(false, 1).versions(TestStudy.of(STUDY).key())).isEmpty();
  }

  @Test
  void theAlteredAttributesAreNamedByTag() {
    pacs.with(Fault.COERCES_PATIENT_ID, Fault.STRIPS_PRIVATE_TAGS);

    SerdabException e =
        catchThrowableOfType(
            SerdabException.class,
            () -> study(2, new SplittableRandom(1)).copyTo(connect(false, 1)));

    assertThat(e.problem().what())
        .contains("2 of 2 instances", "(0010,0020), (0033,0010), (0033,1001)")
        .doesNotContain("ID7");
  }

  @Test
  void anotherObjectUnderOurUidIsKeptByBoth() {
    byte[] others = RichDicom.image(STUDY, 0, new SplittableRandom(99));
    pacs.put(others).with(Fault.KEEPS_THE_FIRST);

    assertThat(copied(study(3, new SplittableRandom(1)), connect(false, 1)))
        .isEqualTo("node-conflict");
    assertThat(pacs.bytes(RichDicom.sop(STUDY, 0))).isEqualTo(others);
  }

  /// What breaks off is sent on from where it was: one instance is under way at a time.
  @Test
  void nothingIsSentTwiceBeyondWhatWasUnderWay() {
    pacs.with(Fault.ABORTS_AFTER_TWO);

    assertThat(copied(study(20, new SplittableRandom(1)), connect(false, 1))).isEqualTo(COPIED);

    assertThat(pacs.arrived()).isEqualTo(20);
  }

  // ---- drawn

  private static final List<Fault> LIES =
      List.of(
          Fault.STORES_NOTHING,
          Fault.LOSES_EVERY_THIRD,
          Fault.KEEPS_THE_FIRST,
          Fault.REFUSES_DUPLICATES,
          Fault.COERCES_PATIENT_ID,
          Fault.COERCES_PATIENT_ID_SILENTLY,
          Fault.WARNS_FALSELY,
          Fault.STRIPS_PRIVATE_TAGS,
          Fault.CHANGES_A_PIXEL,
          Fault.REENCODES_TEXT_WITH_LOSS,
          Fault.CUTS_PIXELS_SHORT,
          Fault.FAILS_FALSELY,
          Fault.OUT_OF_RESOURCES_TWICE,
          Fault.REFUSES_EVERY_THIRD,
          Fault.ABORTS_AFTER_TWO,
          Fault.RELEASES_AFTER_TWO,
          Fault.BREAKS_OFF_ONCE,
          Fault.CAPS_QUERIES_SILENTLY,
          Fault.LISTS_A_GHOST,
          Fault.HIDES_ONE,
          Fault.LISTS_THE_LOST,
          Fault.ROWS_WITHOUT_UIDS,
          Fault.COUNTS_ONE_MORE,
          Fault.GIVES_ONE_LESS,
          Fault.FLIPS_A_BIT,
          Fault.COMMITS_TO_EVERYTHING);

  private static final List<Fault> HARMLESS =
      List.of(
          Fault.WRITES_IMPLICIT,
          Fault.WRITES_UNDEFINED_LENGTHS,
          Fault.ADDS_GROUP_LENGTHS,
          Fault.ADDS_PADDING,
          Fault.MOVES_PRIVATE_TAGS,
          Fault.GIVES_IMPLICIT,
          Fault.GIVES_TWICE,
          Fault.GIVES_A_STRANGER,
          Fault.SAYS_FAILED,
          Fault.COUNTS_WRONG,
          Fault.NO_PENDING,
          Fault.LISTS_TWICE,
          Fault.IGNORES_KEYS,
          Fault.PATIENT_ROOT_ONLY,
          Fault.SAYS_KEYS_UNSUPPORTED,
          Fault.SMALL_PDUS,
          Fault.REJECTS_TWICE,
          Fault.ONE_ASSOCIATION);

  /// What counts as copied is there with every value, and what is there with every value counts as
  /// copied, unless it is not given back as it is.
  static void nothingFalseIsProvenAndNothingHarmlessIsRefused(RandomGenerator random, Path folder)
      throws IOException {
    LyingPacsDestinationTest test = new LyingPacsDestinationTest();
    test.folder = folder;
    try {
      test.draw(random);
    } finally {
      test.stop();
    }
  }

  private void draw(RandomGenerator random) throws IOException {
    EnumSet<Fault> drawn = EnumSet.noneOf(Fault.class);
    for (int n = random.nextInt(3); n > 0; n--) {
      drawn.add(LIES.get(random.nextInt(LIES.size())));
    }
    for (int n = random.nextInt(5); n > 0; n--) {
      drawn.add(HARMLESS.get(random.nextInt(HARMLESS.size())));
    }
    drawn.forEach(pacs::with);
    TestStudy study = study(1 + random.nextInt(39), random);
    study.files().values().stream().limit(random.nextInt(4)).forEach(pacs::put);

    boolean copied = copied(study, connect(false, 1 + random.nextInt(2))).equals(COPIED);

    boolean given = !drawn.contains(Fault.GIVES_ONE_LESS) && !drawn.contains(Fault.FLIPS_A_BIT);
    assertThat(copied).as("with %s", drawn).isEqualTo(given && allThere(study));
  }

  private boolean allThere(TestStudy study) throws IOException {
    Map<String, String> there = new TreeMap<>();
    for (LyingPacs.Kept kept : pacs.kept().values()) {
      there.put(kept.sop(), canonical(kept.file()));
    }
    for (byte[] file : study.files().values()) {
      String sop = DicomFile.read(ByteSource.of(file)).facts().sop().value();
      if (!canonical(file).equals(there.get(sop))) {
        return false;
      }
    }
    return true;
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().map(Object::toString).orElse("none");
  }

  @SeededTest(runs = 25)
  void nothingFalseIsProvenAndNothingHarmlessIsRefused(RandomGenerator random) throws IOException {
    nothingFalseIsProvenAndNothingHarmlessIsRefused(random, folder);
  }
}
