package serdab.dicom.net;

import java.math.BigInteger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import serdab.SerdabException;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.net.CommitmentReport.Reference;

/// Asks a node to keep instances, and waits for its word (PS3.4 annex J): on the association of the
/// request, at a storage server of ours, or on a later association. A claim, like any status.
/// Thread-safe; one request at a time.
///
/// A node that leaves several requests without a report is not waited for any more.
public final class CommitmentAsker {

  /// So many instances are named in one request; some nodes stumble over more.
  private static final int NAMED_AT_ONCE_MAX = 1000;

  /// How long the association of the request is waited at where reports may come elsewhere.
  private static final Duration HERE_FIRST = Duration.ofSeconds(2);

  private static final int SILENCES_MAX = 3;
  private static final int UID_BYTES = 15;

  private final Supplier<AssociationRequest> requests;
  private final Optional<Runnable> listening;
  private final Duration patience;
  private final RandomGenerator random;
  private final BlockingQueue<CommitmentReport> reports = new LinkedBlockingQueue<>();
  private boolean comesElsewhere;
  private int silences;
  private @Nullable String whyNot;

  /// What a node said.
  ///
  /// @param kept those it says that it keeps
  /// @param notKept those it says that it does not, each with Failure Reason (0008,1197)
  /// @param unanswered those of which it said nothing
  /// @param whyNot why it was not even asked, or did not take the request, as the end of a sentence
  ///   that begins with "it"; empty text when it did
  public record Said(
      Set<SopInstanceUid> kept,
      Map<SopInstanceUid, Integer> notKept,
      Set<SopInstanceUid> unanswered,
      String whyNot) {
    public Said {
      kept = Set.copyOf(kept);
      notKept = Map.copyOf(notKept);
      unanswered = Set.copyOf(unanswered);
    }
  }

  /// @param requests gives a new request to the node each time, without contexts
  /// @param listening begins to listen at the server whose reports [#arrived] is told, when it does
  ///   not yet; empty when there is none
  /// @param patience how long a report is waited for
  /// @param random for the UIDs of requests; thread-safe
  public CommitmentAsker(
      Supplier<AssociationRequest> requests,
      Optional<Runnable> listening,
      Duration patience,
      RandomGenerator random) {
    this.requests = requests;
    this.listening = listening;
    this.patience = patience;
    this.random = random;
  }

  /// Told each report that comes to our server.
  public void arrived(CommitmentReport report) {
    reports.add(report);
  }

  /// Asks, and waits. Trouble on the way leaves instances without an answer; nothing is thrown for
  /// it.
  public synchronized Said ask(List<Reference> references) {
    Map<String, Reference> wanted = new HashMap<>();
    references.forEach(each -> wanted.put(each.sop().value(), each));
    List<Reference> all = List.copyOf(wanted.values());
    Set<SopInstanceUid> kept = new LinkedHashSet<>();
    Map<SopInstanceUid, Integer> notKept = new HashMap<>();
    String why = "";
    for (int i = 0; i < all.size(); i += NAMED_AT_ONCE_MAX) {
      List<Reference> part = all.subList(i, Math.min(all.size(), i + NAMED_AT_ONCE_MAX));
      String refused = whyNot;
      if (refused != null) {
        why = refused;
        break;
      }
      try {
        Optional<CommitmentReport> report = reportOn(part);
        silences = report.isPresent() ? 0 : silences + 1;
        report.ifPresent(said -> {
          said.kept().stream().filter(sop -> wanted.containsKey(sop.value())).forEach(kept::add);
          said.notKept()
              .forEach((sop, reason) -> {
                if (wanted.containsKey(sop.value())) {
                  notKept.put(sop, reason);
                }
              });
        });
        if (silences >= SILENCES_MAX) {
          whyNot = "did not report on " + silences + " requests and was not asked any more";
        }
      } catch (SerdabException.Refused e) {
        whyNot = "does not offer it";
      } catch (SerdabException.Unavailable e) {
        why = "broke off (" + e.problem().code() + ")";
      }
    }
    // One that is said to be kept and not to be kept is not.
    kept.removeAll(notKept.keySet());
    Set<SopInstanceUid> unanswered = new LinkedHashSet<>();
    for (Reference each : all) {
      if (!kept.contains(each.sop()) && !notKept.containsKey(each.sop())) {
        unanswered.add(each.sop());
      }
    }
    return new Said(kept, notKept, unanswered, why.isEmpty() && whyNot != null ? whyNot : why);
  }

  private Optional<CommitmentReport> reportOn(List<Reference> part) {
    byte[] bits = new byte[UID_BYTES];
    random.nextBytes(bits);
    String transaction = "2.25." + new BigInteger(1, bits);
    listening.ifPresent(Runnable::run);
    Duration here =
        comesElsewhere
            ? Duration.ZERO
            : listening.isPresent() && HERE_FIRST.compareTo(patience) < 0 ? HERE_FIRST : patience;
    long deadline = System.nanoTime() + patience.toNanos();
    try (Association association = Association.open(requests.get().commitment())) {
      DimseStatus status = association.requestCommitment(transaction, part);
      if (!status.isSuccess()) {
        whyNot = "did not take the request: status " + status;
        return Optional.empty();
      }
      if (!here.isZero()) {
        Optional<CommitmentReport> report =
            of(transaction, () -> association.awaitReport(listening.isPresent() ? here : half()));
        if (report.isPresent()) {
          return report;
        }
      }
    }
    return listening.isPresent() ? elsewhere(transaction, deadline) : later(transaction);
  }

  private Duration half() {
    return patience.dividedBy(2);
  }

  /// Reports are matched by transaction, never by order: those of others are passed by.
  private static Optional<CommitmentReport> of(
      String transaction, Supplier<Optional<CommitmentReport>> reports) {
    List<CommitmentReport> strange = new ArrayList<>();
    while (strange.size() < SILENCES_MAX) {
      Optional<CommitmentReport> next = reports.get();
      if (next.isEmpty() || next.get().transactionUid().equals(transaction)) {
        return next;
      }
      strange.add(next.get());
    }
    return Optional.empty();
  }

  private Optional<CommitmentReport> elsewhere(String transaction, long deadline) {
    Optional<CommitmentReport> report =
        of(
            transaction,
            () -> {
              try {
                return Optional.ofNullable(
                    reports.poll(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS));
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
              }
            });
    comesElsewhere |= report.isPresent();
    return report;
  }

  private Optional<CommitmentReport> later(String transaction) {
    try (Association association = Association.open(requests.get().commitment())) {
      return of(transaction, () -> association.awaitReport(half()));
    }
  }
}
