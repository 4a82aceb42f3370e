package serdab.catalogue;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import serdab.PatientData;
import serdab.VersionId;
import serdab.dicom.Identity;
import serdab.dicom.RejectionNote;
import serdab.dicom.Rejections;
import serdab.dicom.StudyKey;

/// What is remembered of rejection notes and of whose studies were said to be. The notes in the
/// copies are the truth; this is for lists. Thread-safe.
///
/// Every method throws [serdab.SerdabException] as [Catalogue] does.
public final class Rejected {

  private static final int BATCH_ROWS = 1_000;

  private final Database database;

  Rejected(Database database) {
    this.database = database;
  }

  /// Over all studies, in the version that was read last.
  ///
  /// @param studies studies of which something is rejected
  /// @param instances rejected instances
  public record Totals(long studies, long instances) {}

  static void write(Link link, VersionRow version) throws SQLException {
    if (version.rejected().isEmpty()) {
      return;
    }
    Link.Call call =
        link.call(
            "insert into rejection (study, version, sop_instance, code, note)"
                + " values (?, ?, ?, ?, ?) on conflict (study, version, sop_instance) do nothing");
    int rows = 0;
    for (Rejections.Rejected each : version.rejected()) {
      call.text(version.study().value())
          .text(version.id().hex())
          .text(each.sopInstanceUid())
          .text(each.reason().code())
          .text(each.note())
          .nextRow();
      rows++;
      if (rows % BATCH_ROWS == 0) {
        call.writeBatch();
      }
    }
    if (rows % BATCH_ROWS != 0) {
      call.writeBatch();
    }
  }

  static List<Rejections.Rejected> of(Link link, StudyKey study, VersionId version)
      throws SQLException {
    List<Rejections.Rejected> rejected = new ArrayList<>();
    link.call(
            "select sop_instance, code, note from rejection where study = ? and version = ?"
                + " order by sop_instance")
        .text(study.value())
        .text(version.hex())
        .all(row -> new String[] {row.text(), row.text(), row.text()})
        .forEach(row ->
            RejectionNote.Reason.ofCode(row[1])
                .ifPresent(
                    reason -> rejected.add(new Rejections.Rejected(row[0], reason, row[2]))));
    return List.copyOf(rejected);
  }

  /// How many instances of a version are rejected, by reason.
  public Map<RejectionNote.Reason, Long> counts(StudyKey study, VersionId version) {
    return database.read(link -> {
      Map<RejectionNote.Reason, Long> counts = new EnumMap<>(RejectionNote.Reason.class);
      link.call(
              "select code, count(*) from rejection where study = ? and version = ? group by code")
          .text(study.value())
          .text(version.hex())
          .all(row -> Map.entry(row.text(), row.number()))
          .forEach(row ->
              RejectionNote.Reason.ofCode(row.getKey())
                  .ifPresent(reason -> counts.put(reason, row.getValue())));
      return counts;
    });
  }

  /// What notes reject of the versions that were read last.
  public Totals totals() {
    return database.read(link ->
        link.call(
                "select count(distinct r.study), count(*) from rejection r where exists"
                    + " (select 1 from study s where s.study = r.study and s.version = r.version)")
            .one(row -> new Totals(row.number(), row.number()))
            .orElse(new Totals(0, 0)));
  }

  /// Whether sources or versions name more than one patient for the study.
  ///
  /// @param now whose it is said to be now
  public boolean namesAnother(StudyKey study, Identity now) {
    return database.read(link -> {
      List<Identity> named =
          link.call(
                  "select patient_id, patient_name from version where study = ?"
                      + " union select patient_id, patient_name from study where study = ?")
              .text(study.value())
              .text(study.value())
              .all(row -> new Identity(PatientData.of(row.text()), PatientData.of(row.text())));
      return named.stream().anyMatch(one -> !one.isLike(now));
    });
  }
}
