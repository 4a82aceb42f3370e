package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.Depth;
import serdab.SerdabException;
import serdab.destination.node.NodeDestination;
import serdab.dicom.StudyKey;
import serdab.testing.LyingNode;
import serdab.testing.LyingNode.Fault;
import serdab.testing.SeededTest;
import serdab.testing.world.TinyDicom;

class WebNodeDestinationTest {

  private static final String UID = "1.2.840.7";
  private static final String COPIED = "";

  @TempDir Path folder;

  private final LyingNode node = LyingNode.start();
  private final List<NodeDestination> opened = new ArrayList<>();

  @AfterEach
  void stop() {
    opened.forEach(NodeDestination::close);
    node.close();
  }

  private NodeDestination connect() {
    NodeDestination destination = WebNodes.at(node.url(), folder, WebNodes.SETTINGS);
    opened.add(destination);
    return destination;
  }

  private static byte[] image(int n, RandomGenerator random) {
    return TinyDicom.image()
        .study(UID)
        .series(UID + "." + (1 + n % 2))
        .sop(UID + ".1." + n)
        .patient("山田^太郎", "ID7")
        .withPrivate("of its maker")
        .pixels(TestStudy.pixels(random, 600))
        .bytes();
  }

  private static TestStudy study(int images) {
    RandomGenerator random = new SplittableRandom(images);
    TestStudy study = TestStudy.of(UID);
    for (int n = 0; n < images; n++) {
      study.file("IM" + n, image(n, random));
    }
    return study;
  }

  @Test
  void withTwoConnectionsABatchGoesInTwoRequestsAndSeriesComeBackByThemselves() {
    NodeDestination wide = WebNodes.wide(node.url(), folder, WebNodes.SETTINGS, 2);
    opened.add(wide);

    HeldVersion copy = study(40).copyTo(wide);

    assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
    assertThat(node.arrived()).isEqualTo(40);
    String root = "/dicom-web/studies";
    assertThat(node.requests().stream().filter(("POST " + root)::equals)).hasSize(4);
    assertThat(node.requests())
        .contains(
            "GET " + root + "/" + UID + "/series/" + UID + ".1",
            "GET " + root + "/" + UID + "/series/" + UID + ".2")
        .doesNotContain("GET " + root + "/" + UID);
  }

  @Test
  void withOneConnectionABatchIsOneRequestAndAStudyComesBackAsOne() {
    assertThat(copied(study(40))).isEqualTo(COPIED);

    String root = "/dicom-web/studies";
    assertThat(node.requests().stream().filter(("POST " + root)::equals)).hasSize(2);
    assertThat(node.requests()).contains("GET " + root + "/" + UID);
  }

  /// The code of the problem; empty text when the study was copied.
  private String copied(TestStudy study) {
    try {
      HeldVersion copy = study.copyTo(connect());
      assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
      return COPIED;
    } catch (SerdabException e) {
      return e.problem().code();
    }
  }

  private SerdabException failure(TestStudy study) {
    return catchThrowableOfType(SerdabException.class, () -> study.copyTo(connect()));
  }

  // ---- a node that lies

  /// What each lie must come to. A node that only says wrong things and keeps right ones holds the
  /// copy; one that keeps wrong ones does not, whatever it says.
  private static String verdict(Fault fault) {
    return switch (fault) {
      case KEEPS_THE_FIRST,
          NAMES_OTHERS,
          FAILS_FALSELY,
          ANSWERS_STORE_IN_HTML,
          REFUSES_BATCHES,
          REENCODES_HARMLESSLY,
          IGNORES_OFFSETS,
          IGNORES_LIMITS_AND_OFFSETS,
          CAPS_PAGES,
          CAPS_PAGES_AND_IGNORES_OFFSETS,
          SHUFFLES_PAGES,
          EMPTY_ARRAYS,
          LISTS_A_GHOST,
          HIDES_ONE,
          LISTS_THE_LOST,
          NO_RELATIONAL_SEARCH,
          BREAKS_OFF,
          GIVES_ONE_LESS,
          GIVES_TWICE,
          GIVES_ANOTHER,
          SINGLE_PART,
          GZIP,
          REFUSES_STORED_SYNTAX,
          BUSY_TWICE,
          REDIRECTS_HOME ->
          COPIED;
      case STORES_NOTHING, LOSES_EVERY_THIRD, ANSWERS_200_WITH_FEWER, ANSWERS_202_PARTLY, STALLS ->
          "node-not-stored";
      case CHANGES_PATIENT_ID,
          CHANGES_PATIENT_ID_SILENTLY,
          STRIPS_PRIVATE_TAGS,
          CHANGES_A_PIXEL,
          CUTS_INSTANCES_SHORT,
          FLIPS_A_BIT ->
          "node-altered";
      case GARBAGE_JSON,
          JSON_CUT_SHORT,
          JSON_WITHOUT_END,
          JSON_NESTED_DEEPLY,
          WRONG_BOUNDARY,
          NO_BOUNDARY,
          PART_HEADERS_WITHOUT_END,
          INSTANCE_WITHOUT_END,
          REDIRECTS_IN_CIRCLES ->
          "dicomweb-answer";
      case ALWAYS_BUSY, ASKS_FOR_AN_HOUR -> "dicomweb-busy";
      case SAYS_401, SAYS_403 -> "dicomweb-not-allowed";
      case REDIRECTS_AWAY -> "dicomweb-elsewhere";
    };
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void whatANodeDoesDecidesAndNotWhatItSays(Fault fault) {
    if (fault == Fault.JSON_CUT_SHORT) {
      node.put(TinyDicom.image().study(UID).series(UID + ".1").sop(UID + ".9").bytes());
    }
    node.with(fault);

    assertThat(copied(study(7))).isEqualTo(verdict(fault));
  }

  @Test
  void whatIsListedAndLostIsNotThere() {
    node.with(Fault.LOSES_EVERY_THIRD, Fault.LISTS_THE_LOST);

    assertThat(copied(study(7))).isEqualTo("node-not-stored");
  }

  @Test
  void whatComesUnderAnotherNameIsNotTheInstance() {
    node.with(Fault.GIVES_ONE_LESS, Fault.GIVES_ANOTHER);

    assertThat(copied(study(7))).isEqualTo("node-not-stored");
  }

  @Test
  void theAlteredAttributesAreNamedByTag() {
    node.with(Fault.CHANGES_PATIENT_ID, Fault.STRIPS_PRIVATE_TAGS);

    assertThat(failure(study(2)).problem().what())
        .contains("2 of 2 instances", "(0010,0020), (0033,0010), (0033,1001)")
        .doesNotContain("ID7");
  }

  @Test
  void anotherInstanceUnderOurUidIsAConflictAndIsNeitherOverwrittenNorCounted() {
    byte[] others = TinyDicom.image().study(UID).series(UID + ".1").sop(UID + ".1.0").bytes();
    node.put(others).with(Fault.KEEPS_THE_FIRST);

    SerdabException conflict = failure(study(3));

    assertThat(conflict).isInstanceOf(SerdabException.Refused.class);
    assertThat(conflict.problem().code()).isEqualTo("node-conflict");
    assertThat(conflict.problem().what()).contains("IM0");
    assertThat(node.bytes(UID + ".1.0")).isEqualTo(others);
    assertThat(connect().versions(new StudyKey(UID))).isEmpty();
  }

  @Test
  void aReasonForAFailureIsPassedOn() {
    node.with(Fault.ANSWERS_202_PARTLY);

    assertThat(failure(study(3)).problem().what()).contains("1 of 3", "B000H", "IM2");
  }

  /// Over many studies whose nodes lie in ways drawn from a seed: what counts as copied is there
  /// with every value, and what is there with every value counts as copied.
  @SeededTest(runs = 60)
  void nothingFalseIsProvenAndNothingHarmlessIsRefused(RandomGenerator random) {
    nothingFalseIsProvenAndNothingHarmlessIsRefused(random, folder);
  }

  static void nothingFalseIsProvenAndNothingHarmlessIsRefused(RandomGenerator random, Path folder) {
    List<Fault> lies =
        List.of(
            Fault.STORES_NOTHING,
            Fault.LOSES_EVERY_THIRD,
            Fault.ANSWERS_200_WITH_FEWER,
            Fault.NAMES_OTHERS,
            Fault.FAILS_FALSELY,
            Fault.REFUSES_BATCHES,
            Fault.CHANGES_PATIENT_ID_SILENTLY,
            Fault.STRIPS_PRIVATE_TAGS,
            Fault.CHANGES_A_PIXEL,
            Fault.REENCODES_HARMLESSLY,
            Fault.KEEPS_THE_FIRST,
            Fault.LISTS_A_GHOST,
            Fault.HIDES_ONE,
            Fault.GIVES_ONE_LESS,
            Fault.GIVES_TWICE,
            Fault.BREAKS_OFF);
    EnumSet<Fault> drawn = EnumSet.noneOf(Fault.class);
    for (int n = random.nextInt(4); n > 0; n--) {
      drawn.add(lies.get(random.nextInt(lies.size())));
    }
    TestStudy study = study(1 + random.nextInt(60));
    boolean copied;
    Map<String, LyingNode.Kept> kept;
    try (LyingNode node = LyingNode.start();
        NodeDestination destination = WebNodes.at(node.url(), folder, WebNodes.SETTINGS)) {
      drawn.forEach(node::with);
      copied = isCopied(study, destination);
      kept = node.kept();
    }

    EnumSet<Fault> changing =
        EnumSet.of(
            Fault.CHANGES_PATIENT_ID_SILENTLY, Fault.STRIPS_PRIVATE_TAGS, Fault.CHANGES_A_PIXEL);
    changing.retainAll(drawn);
    boolean allThere = kept.size() == study.files().size();
    assertThat(copied).as("with %s", drawn).isEqualTo(allThere && changing.isEmpty());
  }

  private static boolean isCopied(TestStudy study, NodeDestination destination) {
    try {
      HeldVersion copy = study.copyTo(destination);
      assertThat(copy.proof().orElseThrow().depth()).isEqualTo(Depth.READABLE);
      return true;
    } catch (SerdabException e) {
      return false;
    }
  }

  // ---- what is sent

  @Test
  void onlyWhatIsMissingIsSent() {
    TestStudy study = study(6);
    study.files().values().stream().limit(4).forEach(node::put);

    assertThat(copied(study)).isEqualTo(COPIED);

    assertThat(node.arrived()).isEqualTo(2);
  }

  @Test
  void theNextRunGoesOnWhereOneBrokeOff() {
    TestStudy study = study(6);
    node.with(Fault.ANSWERS_200_WITH_FEWER);
    assertThat(copied(study)).isNotEqualTo(COPIED);
    int before = node.arrived();
    node.honest();

    assertThat(copied(study)).isEqualTo(COPIED);

    assertThat(node.arrived() - before).isEqualTo(1);
  }

  @Test
  void withoutItsLedgerNothingIsSentTwiceAndEverythingIsComparedAgain() throws Exception {
    TestStudy study = study(5);
    study.copyTo(connect());
    opened.forEach(NodeDestination::close);
    Files.move(folder.resolve("ledger"), folder.resolve("lost"));
    node.forgetRequests();
    assertThat(connect().versions(study.key())).isEmpty();

    assertThat(copied(study)).isEqualTo(COPIED);

    assertThat(node.arrived()).isEqualTo(5);
    assertThat(node.requests())
        .anyMatch(request -> request.equals("GET /dicom-web/studies/" + UID));
  }

  // ---- what a node cannot hold

  @Test
  void aFileThatIsNoInstanceKeepsItsStudyFromBeingCopiedAndTheOthersAreThereAllTheSame() {
    TestStudy study = study(3).file("report.pdf", new byte[] {1, 2, 3});

    SerdabException e = failure(study);

    assertThat(e.problem().code()).isEqualTo("node-cannot-hold");
    assertThat(e.problem().what()).contains("report.pdf: it is not a DICOM file");
    assertThat(node.kept()).hasSize(3);
    assertThat(connect().versions(study.key())).isEmpty();
  }

  @Test
  void twoFilesWithOneUidAndOtherValuesAreSaid() {
    byte[] twin = TinyDicom.image().study(UID).series(UID + ".1").sop(UID + ".1.0").bytes();

    assertThat(failure(study(2).file("twin", twin)).problem().what())
        .contains("twin: it has the SOP Instance UID of IM0 and other values");
  }

  @Test
  void aDamagedInstanceIsSaidAndNotSent() {
    byte[] whole = image(9, new SplittableRandom(1));
    byte[] cut = java.util.Arrays.copyOf(whole, whole.length - 100);

    assertThat(failure(study(2).file("cut", cut)).problem().what()).contains("cut: it is damaged");
    assertThat(node.kept()).hasSize(2);
  }

  @Test
  void groupsOfOtherFilesAreRefusedBeforeAnythingIsRead() {
    TestStudy group = TestStudy.of(StudyKey.other("abc").value()).file("a.txt", new byte[] {1});

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> connect().begin(group.facts()))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-cannot-hold"));
  }

  @Test
  void nothingIsRemovedFromANode() {
    TestStudy study = study(2);
    HeldVersion copy = study.copyTo(connect());

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> connect().removeLast(copy))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("node-no-removal"));
    assertThat(node.kept()).hasSize(2);
  }

  // ---- proving and reading later

  @Test
  void anInstanceThatWasAlteredLaterMakesTheCopyBad() {
    TestStudy study = study(3);
    HeldVersion copy = study.copyTo(connect());
    byte[] altered = node.bytes(UID + ".1.1").clone();
    altered[altered.length - 1] ^= 1;
    node.put(altered);

    assertThat(connect().prove(copy, Depth.PRESENT)).isInstanceOf(ProofOutcome.Proven.class);
    assertThat(connect().prove(copy, Depth.READABLE))
        .isInstanceOfSatisfying(
            ProofOutcome.Bad.class,
            bad -> assertThat(bad.problem().code()).isEqualTo("node-altered"));
  }

  @Test
  void aStudyThatIsGoneIsGone() {
    TestStudy study = study(3);
    HeldVersion copy = study.copyTo(connect());
    node.kept().keySet().forEach(node::lose);

    assertThat(connect().prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Gone.class);
    assertThat(connect().versions(study.key())).isEmpty();
  }

  @Test
  void whatANodeWroteAnewComesBackWithTheBytesItHasNow() {
    node.with(Fault.REENCODES_HARMLESSLY);
    TestStudy study = study(2);
    HeldVersion copy = study.copyTo(connect());

    Map<String, byte[]> back = TestStudy.readAll(connect(), copy);

    assertThat(back.keySet()).containsExactlyInAnyOrder("IM0", "IM1");
    assertThat(back.get("IM0")).isEqualTo(node.bytes(UID + ".1.0"));
    assertThat(back.get("IM0")).isNotEqualTo(study.files().get("IM0"));
  }

  @Test
  void whoeverOnlyWantsToKnowWhatACopyIsRetrievesNothing() {
    TestStudy study = study(3);
    HeldVersion copy = study.copyTo(connect());
    node.forgetRequests();

    try (VersionReader reader = connect().read(copy)) {
      assertThat(reader.version().id()).isEqualTo(copy.id());
      assertThat(node.requests()).isEmpty();
      assertThat(TestStudy.read(reader, reader.version().files().getFirst(), 0, 4)).hasSize(4);
    }
    assertThat(node.requests()).isNotEmpty();
  }

  @Test
  void whatWasWrittenAnewAfterItWasProvenIsNotTakenForTheSameBytes() {
    TestStudy study = study(1);
    HeldVersion copy = study.copyTo(connect());
    node.with(Fault.REENCODES_HARMLESSLY);
    node.reencode(UID + ".1.0");

    assertThat(connect().prove(copy, Depth.READABLE)).isInstanceOf(ProofOutcome.Proven.class);
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> TestStudy.readAll(connect(), copy));
  }

  @Test
  void aStudyThatOthersSentIsBroughtBackAsItIsWhenThatIsWanted() {
    TestStudy study = study(3);
    study.files().values().forEach(node::put);
    try (NodeDestination all = WebNodes.open(node.url(), folder, WebNodes.SETTINGS, true)) {
      List<Destination.Listed> listed;
      try (Stream<Destination.Listed> held = all.held(_ -> Optional.empty())) {
        listed = held.toList();
      }

      assertThat(listed).hasSize(1);
      HeldVersion copy = ((Destination.Listed.Copy) listed.getFirst()).version();
      assertThat(TestStudy.readAll(all, copy).values())
          .containsExactlyInAnyOrderElementsOf(study.files().values());
    }
    assertThat(connect().versions(study.key())).isEmpty();
  }
}
