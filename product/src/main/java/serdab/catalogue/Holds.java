package serdab.catalogue;

import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import serdab.PatientData;
import serdab.dicom.StudyKey;

/// Holds that people placed on studies. None is ever deleted: one that was released stays, with who
/// released it and why. Thread-safe.
public final class Holds {

  private static final String COLUMNS =
      "hold, study, patient_id, from_date, to_date, reason, author, made_at, released_at,"
          + " released_by, release_reason";

  private final Database database;
  private final InstantSource clock;

  Holds(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /// Places a hold.
  ///
  /// @return its number
  /// @throws IllegalArgumentException when it names nothing to hold
  public long place(
      Optional<StudyKey> study,
      Optional<PatientData<String>> patientId,
      Optional<HoldRow.Days> dates,
      String reason,
      String author) {
    if (study.isEmpty() && patientId.isEmpty() && dates.isEmpty()) {
      throw new IllegalArgumentException("a hold names a study, a patient or days");
    }
    return database.write(link -> {
      long hold = Catalogue.next(link, "hold");
      link.call("insert into hold (" + COLUMNS + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, '', '')")
          .number(hold)
          .text(study.map(StudyKey::value).orElse(""))
          .text(patientId.map(id -> id.reveal(PatientData.Purpose.CATALOGUE)).orElse(""))
          .text(dates.map(days -> days.from().toString()).orElse(""))
          .text(dates.map(days -> days.to().toString()).orElse(""))
          .text(reason)
          .text(author)
          .time(clock.instant())
          .maybeTime(Optional.empty())
          .write();
      return hold;
    });
  }

  /// Ends a hold; false when there is none of this number that stands.
  public boolean release(long hold, String author, String reason) {
    return database.write(link ->
        link.call(
                    "update hold set released_at = ?, released_by = ?, release_reason = ?"
                        + " where hold = ? and released_at is null")
                .time(clock.instant())
                .text(author)
                .text(reason)
                .number(hold)
                .write()
            == 1);
  }

  /// The holds that stand, in the order in which they were placed.
  public List<HoldRow> standing() {
    return select(" where released_at is null");
  }

  /// Every hold there ever was, in the order in which they were placed.
  public List<HoldRow> all() {
    return select("");
  }

  private List<HoldRow> select(String where) {
    return database.read(link ->
        List.copyOf(
            link.call("select " + COLUMNS + " from hold" + where + " order by hold")
                .all(Holds::row)));
  }

  private static HoldRow row(Link.Row row) throws SQLException {
    long id = row.number();
    String study = row.text();
    String patient = row.text();
    String from = row.text();
    String to = row.text();
    String reason = row.text();
    String author = row.text();
    Instant madeAt = row.time();
    Optional<Instant> releasedAt = row.maybeTime();
    String releasedBy = row.text();
    String releaseReason = row.text();
    return new HoldRow(
        id,
        study.isEmpty() ? Optional.empty() : Optional.of(new StudyKey(study)),
        patient.isEmpty() ? Optional.empty() : Optional.of(PatientData.of(patient)),
        from.isEmpty()
            ? Optional.empty()
            : Optional.of(new HoldRow.Days(LocalDate.parse(from), LocalDate.parse(to))),
        reason,
        author,
        madeAt,
        releasedAt.map(at -> new HoldRow.Release(at, releasedBy, releaseReason)));
  }
}
