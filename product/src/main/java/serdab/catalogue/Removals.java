package serdab.catalogue;

import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// The audit trail of what people had removed: written down before the first copy goes, and brought
/// up to date copy by copy. No row is ever deleted. Thread-safe.
public final class Removals {

  private static final String COLUMNS =
      "ordinal, study, version, destination, location, stored_bytes, file_count, ends_study,"
          + " reasons, state, note";

  private final Database database;
  private final InstantSource clock;

  Removals(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /// One act of removing, as far as its certificate has it.
  ///
  /// @param id names the certificate
  /// @param rules what the rules were, in words
  /// @param endedAt empty while it goes on, and for ever when its process died and nobody went on
  /// @param digest SHA-256 of the finished certificate in hexadecimal; empty text before
  public record CertificateRow(
      String id,
      String destinationId,
      String planHash,
      String rules,
      String author,
      String worker,
      Instant begunAt,
      Optional<Instant> endedAt,
      String digest) {}

  /// A number for the next certificate; one that was not used does not come again.
  public long nextNumber() {
    return database.write(link -> Catalogue.next(link, "certificate"));
  }

  /// Writes down what is about to be removed; nothing may be removed before this returns.
  public void intend(CertificateRow certificate, List<RemovalRow> copies) {
    database.write(link -> {
      link.call(
              "insert into certificate (certificate, destination, plan_hash, rules, author,"
                  + " worker, begun_at, ended_at, digest) values (?, ?, ?, ?, ?, ?, ?, null, '')")
          .text(certificate.id())
          .text(certificate.destinationId())
          .text(certificate.planHash())
          .text(certificate.rules())
          .text(certificate.author())
          .text(certificate.worker())
          .time(certificate.begunAt())
          .write();
      for (RemovalRow copy : copies) {
        link.call(
                "insert into removal (certificate, "
                    + COLUMNS
                    + ", at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended', '', ?)")
            .text(certificate.id())
            .number(copy.ordinal())
            .text(copy.study().value())
            .text(copy.version().hex())
            .text(copy.destinationId())
            .text(copy.location())
            .number(copy.storedBytes())
            .number(copy.fileCount())
            .number(copy.endsStudy() ? 1 : 0)
            .texts(copy.reasons())
            .time(clock.instant())
            .write();
      }
      return copies.size();
    });
  }

  /// A copy is gone: its removal and its state in one transaction, so that nobody takes it for
  /// lost.
  public void removed(String certificate, RemovalRow copy, String note) {
    database.write(link -> {
      end(link, certificate, copy, "removed", note);
      return link.call(
              "update copy set state = 'removed'"
                  + " where study = ? and version = ? and destination = ? and location = ?")
          .text(copy.study().value())
          .text(copy.version().hex())
          .text(copy.destinationId())
          .text(copy.location())
          .write();
    });
  }

  /// A copy was removed by a plan of which this catalogue knows nothing: of another machine, or of
  /// after the catalogue was kept.
  public void removedElsewhere(
      StudyKey study, VersionId version, String destinationId, String location) {
    database.write(link ->
        link.call(
                "update copy set state = 'removed'"
                    + " where study = ? and version = ? and destination = ? and location = ?")
            .text(study.value())
            .text(version.hex())
            .text(destinationId)
            .text(location)
            .write());
  }

  /// A copy is about to be removed: from now on nobody leans on it, also when the run is killed
  /// between removing it and saying so. What was proven of it stays written.
  public void going(RemovalRow copy) {
    database.write(link -> state(link, copy, "good", "removed"));
  }

  /// A copy was looked at again and stays: it is believed as before.
  public void kept(String certificate, RemovalRow copy, String note) {
    database.write(link -> {
      end(link, certificate, copy, "kept", note);
      return state(link, copy, "removed", "good");
    });
  }

  private static int state(Link link, RemovalRow copy, String from, String to) throws SQLException {
    return link.call(
            "update copy set state = ? where state = ?"
                + " and study = ? and version = ? and destination = ? and location = ?")
        .text(to)
        .text(from)
        .text(copy.study().value())
        .text(copy.version().hex())
        .text(copy.destinationId())
        .text(copy.location())
        .write();
  }

  private void end(Link link, String certificate, RemovalRow copy, String state, String note)
      throws SQLException {
    link.call(
            "update removal set state = ?, note = ?, at = ?"
                + " where certificate = ? and ordinal = ?")
        .text(state)
        .text(note)
        .time(clock.instant())
        .text(certificate)
        .number(copy.ordinal())
        .write();
  }

  private static final String ERASED = "erased/";

  /// Where it stands that a study was erased from a destination: this, then the study's key.
  static String erasedFrom(String destinationId) {
    return ERASED + destinationId + "/";
  }

  /// Remembers that a study was erased from a destination for good: no copy of it counts there or
  /// is wanted there any more.
  public void erased(StudyKey study, String destinationId) {
    String name = erasedFrom(destinationId) + study.value();
    database.write(link -> {
      link.call(
              "update copy set state = 'removed' where study = ? and destination = ?"
                  + " and state <> 'removed'")
          .text(study.value())
          .text(destinationId)
          .write();
      return link.call(
              "insert into fact (name, value, remembered_at) values (?, ?, ?)"
                  + " on conflict (name) do nothing")
          .text(name)
          .text("")
          .time(clock.instant())
          .write();
    });
  }

  /// Whether a study is remembered as erased from a destination.
  public boolean isErased(StudyKey study, String destinationId) {
    return database.read(link ->
        link.call("select name from fact where name = ?")
            .text(erasedFrom(destinationId) + study.value())
            .one(Link.Row::text)
            .isPresent());
  }

  /// Whether anything is remembered as erased from anywhere.
  boolean hasErased() {
    return database.read(link ->
        link.call("select name from fact where substr(name, 1, 7) = ? limit 1")
            .text(ERASED)
            .one(Link.Row::text)
            .isPresent());
  }

  /// The certificate is complete and kept.
  public void ended(String certificate, String digest) {
    database.write(link ->
        link.call("update certificate set ended_at = ?, digest = ? where certificate = ?")
            .time(clock.instant())
            .text(digest)
            .text(certificate)
            .write());
  }

  /// Certificates of a destination, the oldest first.
  public List<CertificateRow> certificates(String destinationId) {
    return database.read(link ->
        List.copyOf(
            link.call(
                    "select certificate, destination, plan_hash, rules, author, worker, begun_at,"
                        + " ended_at, digest from certificate where destination = ?"
                        + " order by begun_at, certificate")
                .text(destinationId)
                .all(row ->
                    new CertificateRow(
                        row.text(),
                        row.text(),
                        row.text(),
                        row.text(),
                        row.text(),
                        row.text(),
                        row.time(),
                        row.maybeTime(),
                        row.text()))));
  }

  /// What one certificate is about, in its order.
  public List<RemovalRow> of(String certificate) {
    return database.read(link ->
        List.copyOf(
            link.call("select " + COLUMNS + " from removal where certificate = ? order by ordinal")
                .text(certificate)
                .all(row ->
                    new RemovalRow(
                        (int) row.number(),
                        new StudyKey(row.text()),
                        VersionId.parse(row.text()),
                        row.text(),
                        row.text(),
                        row.number(),
                        row.number(),
                        row.number() == 1,
                        row.texts(),
                        row.text(),
                        row.text()))));
  }
}
