package serdab.dicom.net;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import serdab.dicom.DataSet;
import serdab.dicom.SopInstanceUid;

/// What a node says about instances that it was asked to keep (PS3.4 section J.3.3). It is its
/// claim: nodes are known that commit to what they do not have.
///
/// @param transactionUid of the request that this answers; matched by it, as reports come in any
///   order, late, and twice
/// @param kept those it will keep
/// @param notKept those it will not, each with Failure Reason (0008,1197)
public record CommitmentReport(
    String transactionUid, List<SopInstanceUid> kept, Map<SopInstanceUid, Integer> notKept) {

  static final String SOP_CLASS = "1.2.840.10008.1.20.1";
  static final String SOP_INSTANCE = "1.2.840.10008.1.20.1.1";
  static final int REQUEST_ACTION = 1;

  public CommitmentReport {
    kept = List.copyOf(kept);
    notKept = Map.copyOf(notKept);
  }

  /// The report on instances that are looked at one by one; what is named twice is looked at once.
  ///
  /// @param whyNotKept empty when an instance is kept
  public static CommitmentReport on(
      String transactionUid,
      List<Reference> references,
      Function<Reference, Optional<DimseStatus>> whyNotKept) {
    Set<SopInstanceUid> kept = new LinkedHashSet<>();
    Map<SopInstanceUid, Integer> notKept = new HashMap<>();
    for (Reference reference : new LinkedHashSet<>(references)) {
      whyNotKept
          .apply(reference)
          .ifPresentOrElse(
              reason -> notKept.put(reference.sop(), reason.code()),
              () -> kept.add(reference.sop()));
    }
    kept.removeAll(notKept.keySet());
    return new CommitmentReport(transactionUid, List.copyOf(kept), notKept);
  }

  static CommitmentReport of(DataSet report) throws IOException {
    List<SopInstanceUid> kept = new ArrayList<>();
    for (DataSet item : report.sequence(Identifier.REFERENCED_SOP_SEQUENCE)) {
      kept.add(uid(item));
    }
    Map<SopInstanceUid, Integer> notKept = new HashMap<>();
    for (DataSet item : report.sequence(Identifier.FAILED_SOP_SEQUENCE)) {
      notKept.put(uid(item), item.number(Identifier.FAILURE_REASON).orElse(0L).intValue());
    }
    return new CommitmentReport(
        report.string(Identifier.TRANSACTION_UID).orElse(""), kept, notKept);
  }

  private static SopInstanceUid uid(DataSet item) throws IOException {
    return new SopInstanceUid(item.string(Identifier.REFERENCED_SOP_INSTANCE_UID).orElse(""));
  }

  /// An instance that a node is asked to keep.
  public record Reference(String sopClassUid, SopInstanceUid sop) {}

  /// Event Type ID of the report (PS3.4 table J.3-2): 1 when all are kept, 2 when some are not.
  int eventType() {
    return notKept.isEmpty() ? 1 : 2;
  }

  /// This report as it is sent.
  ///
  /// @param references what was asked for
  byte[] bytes(List<Reference> references) {
    List<Identifier> good = new ArrayList<>();
    List<Identifier> bad = new ArrayList<>();
    for (Reference reference : references) {
      Identifier item =
          new Identifier()
              .text(Identifier.REFERENCED_SOP_CLASS_UID, reference.sopClassUid())
              .text(Identifier.REFERENCED_SOP_INSTANCE_UID, reference.sop().value());
      Integer reason = notKept.get(reference.sop());
      if (reason == null) {
        good.add(item);
      } else {
        bad.add(
            item.bytes(
                Identifier.FAILURE_REASON,
                (byte) reason.intValue(),
                (byte) (reason.intValue() >>> 8)));
      }
    }
    Identifier report = new Identifier().text(Identifier.TRANSACTION_UID, transactionUid);
    if (!good.isEmpty()) {
      report.sequence(Identifier.REFERENCED_SOP_SEQUENCE, good);
    }
    if (!bad.isEmpty()) {
      report.sequence(Identifier.FAILED_SOP_SEQUENCE, bad);
    }
    return report.bytes();
  }

  /// The request for them.
  static byte[] request(String transactionUid, List<Reference> references) {
    List<Identifier> items =
        references.stream()
            .map(reference ->
                new Identifier()
                    .text(Identifier.REFERENCED_SOP_CLASS_UID, reference.sopClassUid())
                    .text(Identifier.REFERENCED_SOP_INSTANCE_UID, reference.sop().value()))
            .toList();
    return new Identifier()
        .text(Identifier.TRANSACTION_UID, transactionUid)
        .sequence(Identifier.REFERENCED_SOP_SEQUENCE, items)
        .bytes();
  }
}
