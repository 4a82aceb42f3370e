package serdab.dicom.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.Problem;
import serdab.SerdabException;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.Tag;
import serdab.dicom.net.OutgoingInstance.Kind;
import serdab.testing.Needs;
import serdab.testing.Peer;

/// A server that answers queries and retrievals out of whatever it is given.
class AnsweringTest {

  private static final Kind KIND = new Kind("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.1.2.1");

  @TempDir private Path temp;

  private final BlockingQueue<RetrieveOutcome> ended = new LinkedBlockingQueue<>();
  private final BlockingQueue<IncomingInstance> arrived = new LinkedBlockingQueue<>();

  @Test
  void aQueryThatIsCancelledEndsThere() {
    // Without an end: only the peer's word ends it.
    Endless holdings = new Endless(Integer.MAX_VALUE);
    List<DataSet> few = new ArrayList<>();
    DimseStatus status;
    try (StorageServer server = server(holdings);
        Association association = Association.open(to(server).querying())) {
      status = association.find(QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, ""), 5, few::add);
    }

    assertThat(status).isEqualTo(DimseStatus.CANCEL);
    assertThat(few).hasSize(5);
  }

  @Test
  void aQueryThatFailsOnTheWayIsNotTakenForAShortList() {
    Endless holdings = new Endless(3);
    DimseStatus status;
    List<DataSet> answers = new ArrayList<>();
    try (StorageServer server = server(holdings);
        Association association = Association.open(to(server).querying())) {
      status =
          association.find(QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, ""), 100, answers::add);
    }

    assertThat(answers).hasSize(3);
    assertThat(status).isEqualTo(DimseStatus.UNABLE_TO_PROCESS);
  }

  @Test
  @Needs(Peer.DCMTK)
  void aMoveThatIsCancelledEndsThereAndWhoIsSentToHearsWhoAsked() throws Exception {
    try (StorageServer target =
            StorageServer.start(
                new ServerSettings(AeTitle.ours("TARGET")),
                instance -> {
                  arrived.add(instance);
                  return DimseStatus.SUCCESS;
                },
                _ -> {});
        StorageServer server = server(new Endless(Integer.MAX_VALUE, target))) {
      PeerProgram.Ended movescu =
          PeerProgram.run(
              temp,
              Map.of("TCP_NODELAY", "1"),
              "movescu",
              "-v",
              "-S",
              "--cancel",
              "3",
              "-aec",
              "SERDAB",
              "-aem",
              "TARGET",
              "-k",
              "0008,0052=STUDY",
              "-k",
              "0020,000D=1.2.3",
              "127.0.0.1",
              "" + server.address().getPort());

      assertThat(movescu.output()).contains("Received Final Move Response (Cancel");
    }
    RetrieveOutcome outcome = ended.poll(60, TimeUnit.SECONDS);
    assertThat(outcome).isNotNull();
    assertThat(outcome.status()).isEqualTo(DimseStatus.CANCEL);
    assertThat(outcome.completed()).isGreaterThan(2).isEqualTo(arrived.size());
    assertThat(arrived.element().moveOriginator().orElseThrow().aeTitle())
        .isEqualTo(AeTitle.ours("MOVESCU"));
  }

  /// A destination that is not there, and one that takes nothing.
  @Test
  void aMoveToWhomeverDoesNotAnswerFailsWithAllThatIsNamed() {
    StorageServer gone =
        StorageServer.start(
            new ServerSettings(AeTitle.ours("GONE")), _ -> DimseStatus.SUCCESS, _ -> {});
    gone.close();
    RetrieveOutcome nobody;
    RetrieveOutcome unwilling;
    try (StorageServer full =
            StorageServer.start(
                new ServerSettings(AeTitle.ours("FULL")),
                _ -> DimseStatus.OUT_OF_RESOURCES,
                _ -> {});
        StorageServer toGone = server(new Endless(4, gone));
        StorageServer toFull = server(new Endless(4, full))) {
      nobody = move(toGone);
      unwilling = move(toFull);
    }

    for (RetrieveOutcome outcome : List.of(nobody, unwilling)) {
      assertThat(outcome.status()).isEqualTo(DimseStatus.UNABLE_TO_PERFORM_SUB_OPERATIONS);
      assertThat(outcome.failed()).isEqualTo(4);
      assertThat(outcome.failedInstances()).hasSize(4).contains(new SopInstanceUid("1.2.3.0"));
    }
  }

  @Test
  void whoDoesNotProposeToTakeInstancesIsSentNone() {
    RetrieveOutcome outcome;
    try (StorageServer server = server(new Endless(4));
        Association association =
            Association.open(
                to(server)
                    .getting(List.of())
                    .propose(
                        List.of(
                            new ProposedContext(
                                KIND.sopClassUid(), List.of(KIND.transferSyntaxUid())))))) {
      assertThat(association.accepts(KIND)).isFalse();
      outcome =
          association.get(
              QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, "1.2.3"), _ -> DimseStatus.SUCCESS);
    }

    assertThat(outcome.failed()).isEqualTo(4);
  }

  /// Of several in one context, the one that most of what is held is in.
  @Test
  void theSyntaxThatThingsAreHeldInIsAccepted() {
    try (StorageServer server = server(new Endless(1));
        Association association =
            Association.open(
                to(server)
                    .getting(
                        List.of(
                            new ProposedContext(
                                KIND.sopClassUid(),
                                List.of("1.2.840.10008.1.2", KIND.transferSyntaxUid())))))) {
      assertThat(association.accepts(KIND)).isTrue();
      assertThat(
              association
                  .get(
                      QueryLevel.STUDY,
                      Map.of(Tag.StudyInstanceUID, "1.2.3"),
                      _ -> DimseStatus.SUCCESS)
                  .completed())
          .isEqualTo(1);
    }
  }

  @Test
  void aServerThatHoldsNothingOffersNoQueriesAndOneThatTakesNothingNoStorage() {
    try (StorageServer inbox =
            StorageServer.start(
                new ServerSettings(AeTitle.ours("SERDAB")), _ -> DimseStatus.SUCCESS, _ -> {});
        StorageServer server = server(new Endless(1))) {
      try (Association association =
          Association.open(to(inbox).querying().moving().verification())) {
        assertThat(association.accepted()).hasSize(1);
      }
      try (Association association =
          Association.open(
              to(server)
                  .verification()
                  .propose(
                      List.of(
                          new ProposedContext(
                              KIND.sopClassUid(), List.of(KIND.transferSyntaxUid())))))) {
        assertThat(association.accepts(KIND)).isFalse();
      }
    }
  }

  // ---- what the tests are written in

  private static RetrieveOutcome move(StorageServer server) {
    try (Association association = Association.open(to(server).moving())) {
      return association.move(
          QueryLevel.STUDY, Map.of(Tag.StudyInstanceUID, "1.2.3"), AeTitle.ours("TARGET"));
    }
  }

  private static StorageServer server(Holdings holdings) {
    return StorageServer.start(
        new ServerSettings(AeTitle.ours("SERDAB")).answersFrom(holdings), _ -> {});
  }

  private static AssociationRequest to(StorageServer server) {
    return AssociationRequest.to(
        NodeAddress.parse("dicom://SERDAB@127.0.0.1:" + server.address().getPort()));
  }

  /// Answers queries and retrievals with as many as are wanted, and fails then.
  private final class Endless implements Holdings {

    private final int count;
    private final Optional<MoveTarget> target;

    Endless(int count) {
      this.count = count;
      this.target = Optional.empty();
    }

    Endless(int count, StorageServer target) {
      this.count = count;
      InetSocketAddress address = target.address();
      this.target =
          Optional.of(
              new MoveTarget(
                  new NodeAddress(
                      AeTitle.ours("TARGET"),
                      InetAddress.getLoopbackAddress().getHostAddress(),
                      address.getPort(),
                      AeTitle.ours("SERDAB")),
                  Optional.empty()));
    }

    @Override
    public DimseStatus find(Query query, Answers answers) throws IOException {
      for (int i = 0; i < count; i++) {
        if (!answers.give(new Identifier().text(Tag.StudyInstanceUID, "1.2." + i), true)) {
          return DimseStatus.SUCCESS;
        }
      }
      throw new SerdabException.Unavailable(new Problem("copy-unreadable", "Gone.", "Nothing."));
    }

    @Override
    public Optional<Retrieval> retrieve(Query query, Optional<MoveTarget> destination) {
      return Optional.of(
          new Retrieval() {
            @Override
            public List<Item> items() {
              return new AbstractList<>() {
                @Override
                public Item get(int i) {
                  return new Item(new SopInstanceUid("1.2.3." + i), KIND);
                }

                @Override
                public int size() {
                  return Math.min(count, 1_000_000);
                }
              };
            }

            @Override
            public OutgoingInstance ready(int i) {
              return new OutgoingInstance(
                  KIND.sopClassUid(),
                  items().get(i).sop(),
                  KIND.transferSyntaxUid(),
                  ByteSource.of(new byte[100]),
                  0,
                  100);
            }

            @Override
            public void taken(int i) {
              assertThat(i).isNotNegative();
            }

            @Override
            public void ended(RetrieveOutcome outcome) {
              ended.add(outcome);
            }

            @Override
            public void close() {}
          });
    }

    @Override
    public Optional<MoveTarget> destination(AeTitle title) {
      return target.filter(_ -> title.equals(AeTitle.ours("TARGET")));
    }

    @Override
    public Optional<String> preferred(String sopClassUid, List<String> proposed) {
      return proposed.stream().filter(KIND.transferSyntaxUid()::equals).findFirst();
    }
  }
}
