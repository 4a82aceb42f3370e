package serdab.catalogue;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import serdab.PatientData;
import serdab.Sha256;
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

  private static final String PAPER = "hold-paper/";

  /// How papers beside the copies name a hold: the same in every catalogue that knows it, and
  /// telling nothing of it.
  ///
  /// @param installation [Catalogue#installation] of this catalogue
  public String paperOf(HoldRow hold, String installation) {
    Optional<String> brought =
        database.read(link ->
            link.call("select name from fact where substr(name, 1, 11) = ? and value = ?")
                .text(PAPER)
                .text(Long.toString(hold.id()))
                .one(Link.Row::text));
    return brought
        .map(name -> name.substring(PAPER.length()))
        .orElseGet(() -> {
          String named =
              "serdab-hold-v1\n"
                  + installation
                  + "\n"
                  + hold.id()
                  + "\n"
                  + hold.madeAt().toEpochMilli();
          return Sha256.digest(named.getBytes(StandardCharsets.UTF_8)).hex().substring(0, 16);
        });
  }

  /// Remembers a hold that was placed by another catalogue, or by this one before it was lost.
  ///
  /// @param paper as [#paperOf]
  /// @param hold with its release, if it has one; its number is not used
  /// @return its number here
  public long bringBack(String paper, HoldRow hold) {
    return database.write(link -> {
      Optional<String> known =
          link.call("select value from fact where name = ?")
              .text(PAPER + paper)
              .one(Link.Row::text);
      if (known.isPresent()) {
        return Long.parseLong(known.get());
      }
      long number = Catalogue.next(link, "hold");
      link.call("insert into hold (" + COLUMNS + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
          .number(number)
          .text(hold.study().map(StudyKey::value).orElse(""))
          .text(hold.patientId().map(id -> id.reveal(PatientData.Purpose.CATALOGUE)).orElse(""))
          .text(hold.dates().map(days -> days.from().toString()).orElse(""))
          .text(hold.dates().map(days -> days.to().toString()).orElse(""))
          .text(hold.reason())
          .text(hold.author())
          .time(hold.madeAt())
          .maybeTime(hold.release().map(HoldRow.Release::at))
          .text(hold.release().map(HoldRow.Release::author).orElse(""))
          .text(hold.release().map(HoldRow.Release::reason).orElse(""))
          .write();
      link.call("insert into fact (name, value, remembered_at) values (?, ?, ?)")
          .text(PAPER + paper)
          .text(Long.toString(number))
          .time(clock.instant())
          .write();
      return number;
    });
  }

  /// Remembers that a hold was released, by another catalogue or by this one before it was lost.
  public void bringBackRelease(long hold, HoldRow.Release release) {
    database.write(link ->
        link.call(
                "update hold set released_at = ?, released_by = ?, release_reason = ?"
                    + " where hold = ? and released_at is null")
            .time(release.at())
            .text(release.author())
            .text(release.reason())
            .number(hold)
            .write());
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
