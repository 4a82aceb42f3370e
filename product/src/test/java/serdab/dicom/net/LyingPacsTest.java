package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.TransferSyntax;
import serdab.dicom.net.LyingPacs.Fault;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.testing.RichDicom;

/// What sending, asking, fetching and asking for commitment come to for our client at a PACS that
/// lies, one lie at a time. Nothing may look better than it is, hang, or end in anything but an
/// answer or a problem.
class LyingPacsTest {

  private static final String STUDY = "1.2.840.99";
  private static final String OTHER_STUDY = "1.2.840.98";
  private static final int IMAGES = 6;
  private static final int ROWS_MAX = 20;
  private static final String MR = "1.2.840.10008.5.1.4.1.1.4";
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Map<String, byte[]> OURS = images();

  private final LyingPacs pacs = LyingPacs.start();

  @AfterEach
  void stop() {
    pacs.close();
  }

  private static Map<String, byte[]> images() {
    RandomGenerator random = new SplittableRandom(1);
    Map<String, byte[]> images = new TreeMap<>();
    for (int n = 0; n < IMAGES; n++) {
      images.put(RichDicom.sop(STUDY, n), RichDicom.image(STUDY, n, random));
    }
    return images;
  }

  // ---- what each lie comes to

  /// What the client saw.
  ///
  /// @param sent the statuses with how many instances got them, or why none did, and the problem
  /// @param found how many of ours in how many rows, and the status or the problem
  /// @param got how many of ours with every value in how many that came by C-GET, and the status
  /// @param moved the same by C-MOVE
  /// @param committed how many are kept and how many not
  private record Seen(String sent, String found, String got, String moved, String committed) {

    static final Seen HONEST =
        new Seen("0000=6", "6 in 6, 0000", "6 in 6, 0000", "6 in 6, 0000", "6 and 0");

    Seen sent(String other) {
      return new Seen(other, found, got, moved, committed);
    }

    Seen found(String other) {
      return new Seen(sent, other, got, moved, committed);
    }

    Seen retrieved(String other) {
      return new Seen(sent, found, other, other, committed);
    }

    Seen got(String other) {
      return new Seen(sent, found, other, moved, committed);
    }

    Seen moved(String other) {
      return new Seen(sent, found, got, other, committed);
    }

    Seen committed(String other) {
      return new Seen(sent, found, got, moved, other);
    }

    static Seen notAtAll(String problem) {
      return new Seen(
          ", " + problem,
          "0 in 0, " + problem,
          "0 in 0, " + problem,
          "0 in 0, " + problem,
          problem);
    }
  }

  private static Seen expected(Fault fault) {
    Seen honest = Seen.HONEST;
    Seen altered = honest.retrieved("0 in 6, 0000");
    return switch (fault) {
      case ALWAYS_REJECTS -> Seen.notAtAll("node-busy");
      case REJECTS_TWICE -> honest.sent(", node-busy").found("0 in 0, node-busy");
      case REJECTS_EVERY_SECOND -> honest.found("0 in 0, node-busy").moved("0 in 0, node-busy");
      case KNOWS_NO_CALLER -> Seen.notAtAll("node-unknown-caller");
      case KNOWS_NO_SUCH_TITLE -> Seen.notAtAll("node-unknown-called");
      case TAKES_NOTHING -> Seen.notAtAll("node-takes-nothing");
      case IMPLICIT_ONLY -> honest.sent("TRANSFER_SYNTAX_REFUSED=6");
      case PICKS_ANOTHER_SYNTAX -> honest.sent(", node-takes-nothing").got("0 in 0, B000");

      case STORES_NOTHING ->
          honest.found("0 in 0, 0000").retrieved("0 in 0, 0000").committed("0 and 6");
      case LOSES_EVERY_THIRD ->
          honest.found("4 in 4, 0000").retrieved("4 in 4, 0000").committed("4 and 2");
      case REFUSES_EVERY_THIRD ->
          honest
              .sent("0000=4, C000=2")
              .found("4 in 4, 0000")
              .retrieved("4 in 4, 0000")
              .committed("4 and 2");
      case OUT_OF_RESOURCES_TWICE ->
          honest
              .sent("0000=4, A700=2")
              .found("4 in 4, 0000")
              .retrieved("4 in 4, 0000")
              .committed("4 and 2");
      case ALWAYS_OUT_OF_RESOURCES ->
          honest
              .sent("A700=6")
              .found("0 in 0, 0000")
              .retrieved("0 in 0, 0000")
              .committed("0 and 6");
      case FAILS_FALSELY -> honest.sent("C000=6");
      case WARNS_FALSELY -> honest.sent("B007=6");
      case COERCES_PATIENT_ID -> altered.sent("B000=6");
      case COERCES_PATIENT_ID_SILENTLY,
          STRIPS_PRIVATE_TAGS,
          CHANGES_A_PIXEL,
          REENCODES_TEXT_WITH_LOSS,
          COMPRESSES,
          CUTS_PIXELS_SHORT ->
          altered;
      case STORES_UNDER_ANOTHER_UID -> altered.found("0 in 6, 0000").committed("0 and 6");
      case MOVES_INTO_ANOTHER_STUDY -> honest.found("0 in 0, 0000").retrieved("0 in 0, 0000");

      case ABORTS_AFTER_TWO -> honest.sent("0000=2, node-aborted");
      case RELEASES_AFTER_TWO -> honest.sent("0000=2, node-lost");
      case BREAKS_OFF_ONCE, ALWAYS_BREAKS_OFF -> honest.sent(", node-lost");
      case ANSWERS_ANOTHER_MESSAGE, ANSWERS_WITH_GARBAGE -> honest.sent(", node-protocol-broken");
      case ANSWERS_TWICE -> honest.sent("0000=1, node-protocol-broken");
      case STORES_IN_SILENCE -> honest.sent(", node-timed-out");

      case NO_FIND -> honest.found("0 in 0, node-takes-nothing");
      case CAPS_QUERIES_SILENTLY -> honest.found("2 in 2, 0000");
      case CAPS_QUERIES_OPENLY -> honest.found("2 in 2, A700");
      case LISTS_A_GHOST, IGNORES_KEYS -> honest.found("6 in 7, 0000");
      case HIDES_ONE -> honest.found("5 in 5, 0000");
      case LISTS_TWICE -> honest.found("6 in 12, 0000");
      case REFUSES_IMAGE_LEVEL -> honest.found("0 in 0, A900");
      case ROWS_OF_GARBAGE, ROWS_WITHOUT_UIDS -> honest.found("0 in 6, 0000");
      case ROWS_WITHOUT_END -> honest.found("6 in 20, node-protocol-broken");
      case IGNORES_CANCEL -> honest.found("6 in 20, 0000");
      case SILENT_QUERIES -> honest.found("0 in 0, node-timed-out");

      case NO_GET -> honest.got("0 in 0, node-takes-nothing");
      case NO_MOVE -> honest.moved("0 in 0, node-takes-nothing");
      case KNOWS_NO_DESTINATION -> honest.moved("0 in 0, A801");
      case GIVES_ONE_LESS -> honest.retrieved("5 in 5, 0000");
      case GIVES_ONE_LESS_OPENLY -> honest.retrieved("5 in 5, B000");
      case GIVES_NOTHING -> honest.retrieved("0 in 0, 0000");
      case GIVES_TWICE -> honest.retrieved("6 in 12, 0000");
      case GIVES_A_STRANGER -> honest.retrieved("6 in 7, 0000");
      case FLIPS_A_BIT, CUTS_INSTANCES_SHORT -> altered;
      case BREAKS_OFF_RETRIEVAL -> honest.retrieved("1 in 1, node-lost");
      case REFUSES_RETRIEVAL -> honest.retrieved("0 in 0, A701");
      case SAYS_FAILED -> honest.retrieved("6 in 6, A702");
      case SILENT_RETRIEVAL -> honest.retrieved("0 in 0, node-timed-out");

      case NO_COMMITMENT -> honest.committed("node-takes-nothing");
      case REFUSES_COMMITMENT -> honest.committed("0110");
      case COMMITS_TO_NOTHING -> honest.committed("0 and 6");
      case NEVER_REPORTS -> honest.committed("no report");
      case REPORTS_FEWER -> honest.committed("5 and 0");
      case REPORTS_ANOTHER_TRANSACTION -> honest.committed("another transaction");

      // These say or do something odd, and what comes of it is as with any other.
      case ONE_ASSOCIATION,
          SMALL_PDUS,
          ENDLESS_PDUS,
          BYTE_BY_BYTE,
          NAGLES,
          TURNS_ANSWERS_AROUND,
          FAILS_ECHO,
          KEEPS_THE_FIRST,
          REFUSES_DUPLICATES,
          WRITES_IMPLICIT,
          WRITES_UNDEFINED_LENGTHS,
          ADDS_GROUP_LENGTHS,
          ADDS_PADDING,
          MOVES_PRIVATE_TAGS,
          PATIENT_ROOT_ONLY,
          COUNTS_ONE_MORE,
          COUNTS_ONE_LESS,
          COUNTS_NOTHING,
          LISTS_THE_LOST,
          SAYS_KEYS_UNSUPPORTED,
          SWAPS_NAMES,
          COUNTS_WRONG,
          NO_PENDING,
          GIVES_IMPLICIT,
          MOVES_AFTERWARDS,
          COMMITS_TO_EVERYTHING,
          COMMITS_AND_LOSES,
          REPORTS_TWICE,
          REPORTS_FIRST,
          REPORTS_ELSEWHERE,
          REPORTS_BACKWARDS ->
          honest;
    };
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void theClientSeesWhatAPacsDoesAndNotWhatItSays(Fault fault) throws Exception {
    Seen expected = expected(fault);
    pacs.put(RichDicom.image(OTHER_STUDY, 0, new SplittableRandom(2))).with(fault);

    String sent = sent(fault);
    if (expected.sent().contains(", node-") || fault == Fault.IMPLICIT_ONLY) {
      // Nobody knows how far it came.
      OURS.values().forEach(pacs::put);
    }
    Seen seen;
    try (StorageServer inbox = inbox()) {
      pacs.knows("SERDAB", inbox.address().getPort());
      seen = new Seen(sent, found(fault), got(fault), moved(fault), committed(fault));
    }

    assertThat(seen).isEqualTo(expected);
  }

  @Test
  void anEchoThatFailsIsNoEcho() {
    pacs.with(Fault.FAILS_ECHO);
    try (Association association = Association.open(AssociationRequest.to(node()).verification())) {
      assertThat(association.echo()).isEqualTo(DimseStatus.PROCESSING_FAILURE);
    }
  }

  @Test
  void whoCommitsMayHaveLostItAMomentLater() throws Exception {
    OURS.values().forEach(pacs::put);
    pacs.with(Fault.COMMITS_AND_LOSES);

    assertThat(committed(Fault.COMMITS_AND_LOSES)).isEqualTo("6 and 0");

    assertThat(got(Fault.COMMITS_AND_LOSES)).isEqualTo("0 in 0, 0000");
  }

  @Test
  void aPacsThatNeverHadThemCommitsToAllOfThem() throws Exception {
    pacs.with(Fault.STORES_NOTHING, Fault.COMMITS_TO_EVERYTHING, Fault.LISTS_THE_LOST);

    assertThat(sent(Fault.STORES_NOTHING)).isEqualTo("0000=6");
    assertThat(found(Fault.STORES_NOTHING)).isEqualTo("6 in 6, 0000");
    assertThat(committed(Fault.STORES_NOTHING)).isEqualTo("6 and 0");
    assertThat(got(Fault.STORES_NOTHING)).isEqualTo("0 in 0, 0000");
  }

  // ---- what the client sees

  private final MemorySink moved = new MemorySink();
  private final BlockingQueue<CommitmentReport> reports = new LinkedBlockingQueue<>();

  private StorageServer inbox() {
    return StorageServer.start(
        new ServerSettings(AeTitle.ours("SERDAB")).reportsTo(reports::add), moved, _ -> {});
  }

  private NodeAddress node() {
    return NodeAddress.parse(pacs.address());
  }

  /// Where silence is the lie nothing else would end it, so that there the wait is short.
  private AssociationRequest request(boolean silent) {
    Timeouts usual = Timeouts.DEFAULT;
    return AssociationRequest.to(node())
        .timeouts(
            new Timeouts(
                usual.connect(),
                usual.negotiation(),
                silent ? SHORT : usual.response(),
                usual.idle(),
                Duration.ofMillis(300),
                usual.bytesPerSecondMin()));
  }

  private String sent(Fault fault) throws IOException {
    Map<String, Integer> answers = new TreeMap<>();
    List<OutgoingInstance> all = new ArrayList<>();
    for (byte[] file : OURS.values()) {
      ByteSource source = ByteSource.of(file);
      all.add(OutgoingInstance.of(DicomFile.scan(source), source));
    }
    List<ProposedContext> contexts =
        ProposedContext.forSending(List.of(new Kind(MR, TransferSyntax.EXPLICIT_LITTLE_ENDIAN)))
            .getFirst();
    String problem = "";
    try (Association association =
        Association.open(
            request(fault == Fault.STORES_IN_SILENCE)
                .propose(contexts)
                .window(fault == Fault.TURNS_ANSWERS_AROUND ? 4 : 1))) {
      association.storeAll(
          all.iterator(), (_, outcome) -> answers.merge(told(outcome), 1, Integer::sum));
    } catch (SerdabException e) {
      problem = ", " + e.problem().code();
    }
    String text = answers.toString();
    return text.substring(1, text.length() - 1) + problem;
  }

  private static String told(StoreOutcome outcome) {
    return switch (outcome) {
      case StoreOutcome.Answered(DimseStatus status) -> status.toString();
      case StoreOutcome.NotTransferable(StoreOutcome.Reason reason) -> reason.toString();
      default -> outcome.toString();
    };
  }

  private String found(Fault fault) {
    List<String> rows = new ArrayList<>();
    String how;
    try (Association association =
        Association.open(request(fault == Fault.SILENT_QUERIES).querying())) {
      how =
          association
              .find(
                  QueryLevel.IMAGE,
                  Map.of(Tag.StudyInstanceUID, STUDY, Tag.SOPInstanceUID, ""),
                  ROWS_MAX,
                  row -> {
                    try {
                      rows.add(row.string(Tag.SOPInstanceUID).orElse(""));
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  })
              .toString();
    } catch (SerdabException e) {
      how = e.problem().code();
    }
    TreeSet<String> ours = new TreeSet<>(rows);
    ours.retainAll(OURS.keySet());
    return ours.size() + " in " + rows.size() + ", " + how;
  }

  private String got(Fault fault) throws IOException {
    MemorySink sink = new MemorySink();
    List<ProposedContext> kinds =
        List.of(
            new ProposedContext(MR, List.of(TransferSyntax.EXPLICIT_LITTLE_ENDIAN)),
            new ProposedContext(MR, List.of(TransferSyntax.IMPLICIT_LITTLE_ENDIAN)),
            new ProposedContext(MR, List.of(TransferSyntax.RLE_LOSSLESS)));
    String how;
    try (Association association =
        Association.open(request(fault == Fault.SILENT_RETRIEVAL).getting(kinds))) {
      how =
          association
              .get(QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, STUDY), sink)
              .status()
              .toString();
    } catch (SerdabException e) {
      how = e.problem().code();
    }
    return same(sink.kept()) + ", " + how;
  }

  private String moved(Fault fault) throws Exception {
    String how;
    try (Association association =
        Association.open(request(fault == Fault.SILENT_RETRIEVAL).moving())) {
      how =
          association
              .move(QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, STUDY), AeTitle.ours("SERDAB"))
              .status()
              .toString();
    } catch (SerdabException e) {
      how = e.problem().code();
    }
    long deadline = System.nanoTime() + LONG.toNanos();
    while (fault == Fault.MOVES_AFTERWARDS
        && moved.kept().size() < IMAGES
        && System.nanoTime() < deadline) {
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
    return same(moved.kept()) + ", " + how;
  }

  private String committed(Fault fault) throws InterruptedException {
    List<CommitmentReport.Reference> all = new ArrayList<>();
    OURS.keySet()
        .forEach(sop -> all.add(new CommitmentReport.Reference(MR, new SopInstanceUid(sop))));
    @Nullable CommitmentReport report;
    try (Association association = Association.open(request(false).commitment())) {
      DimseStatus status = association.requestCommitment("1.2.3", all);
      if (!status.isSuccess()) {
        return status.toString();
      }
      report =
          fault == Fault.REPORTS_ELSEWHERE
              ? reports.poll(LONG.toSeconds(), TimeUnit.SECONDS)
              : association.awaitReport(fault == Fault.NEVER_REPORTS ? SHORT : LONG).orElse(null);
    } catch (SerdabException e) {
      return e.problem().code();
    }
    return report == null
        ? "no report"
        : report.transactionUid().equals("1.2.3")
            ? report.kept().size() + " and " + report.notKept().size()
            : "another transaction";
  }

  /// How many of ours came with every value, by the UID that is in the data set, and of how many.
  private static String same(List<MemorySink.Kept> come) throws IOException {
    TreeSet<String> same = new TreeSet<>();
    for (MemorySink.Kept kept : come) {
      byte[] header = kept.instance().fileHeader();
      byte[] file = Arrays.copyOf(header, header.length + kept.body().length);
      System.arraycopy(kept.body(), 0, file, header.length, kept.body().length);
      String sop = DicomFile.read(ByteSource.of(file)).facts().sop().value();
      byte[] our = OURS.get(sop);
      if (our != null && canonical(our).equals(canonical(file))) {
        same.add(sop);
      }
    }
    return same.size() + " in " + come.size();
  }

  private static String canonical(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish().canonical().map(Object::toString).orElse("none");
  }
}
