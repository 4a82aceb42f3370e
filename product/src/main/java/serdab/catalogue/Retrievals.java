package serdab.catalogue;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// The audit trail of what was retrieved from copies over the network: written down before the
/// first instance is sent. No row is ever deleted. Thread-safe.
public final class Retrievals {

  private static final String COLUMNS =
      "retrieval, ordinal, study, version, destination, service, level, calling, address,"
          + " certificate, sent_to, wanted, sent, status, begun_at, ended_at";

  private final Database database;
  private final InstantSource clock;

  Retrievals(Database database, InstantSource clock) {
    this.database = database;
    this.clock = clock;
  }

  /// A part of a request: one study of which something is to be sent.
  ///
  /// @param wanted how many instances
  public record Part(StudyKey study, VersionId version, String destinationId, long wanted) {}

  /// Who asks for what; see [RetrievalRow].
  public record Request(
      String service,
      String level,
      String calling,
      String address,
      String certificate,
      String sentTo) {}

  /// Writes down what is about to be sent; nothing may be sent before this returns.
  ///
  /// @return the number of the request
  public long begin(Request request, List<Part> parts) {
    return database.write(link -> {
      long number = Catalogue.next(link, "retrieval");
      int ordinal = 0;
      for (Part part : parts) {
        link.call(
                "insert into retrieval ("
                    + COLUMNS
                    + ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '', ?, null)")
            .number(number)
            .number(ordinal++)
            .text(part.study().value())
            .text(part.version().hex())
            .text(part.destinationId())
            .text(request.service())
            .text(request.level())
            .text(request.calling())
            .text(request.address())
            .text(request.certificate())
            .text(request.sentTo())
            .number(part.wanted())
            .time(clock.instant())
            .write();
      }
      return number;
    });
  }

  /// Writes down how a request ended.
  ///
  /// @param sent how many instances of each part were sent, by its place; what is left out is 0
  /// @param status four hexadecimal digits
  public void ended(long retrieval, Map<Integer, Long> sent, String status) {
    database.write(link -> {
      int written =
          link.call("update retrieval set status = ?, ended_at = ? where retrieval = ?")
              .text(status)
              .time(clock.instant())
              .number(retrieval)
              .write();
      for (Map.Entry<Integer, Long> part : sent.entrySet()) {
        link.call("update retrieval set sent = ? where retrieval = ? and ordinal = ?")
            .number(part.getValue())
            .number(retrieval)
            .number(part.getKey())
            .write();
      }
      return written;
    });
  }

  /// The newest parts of requests, the newest first.
  public List<RetrievalRow> newest(int limit) {
    return read("order by retrieval desc, ordinal limit ?", limit, Optional.empty());
  }

  /// What was retrieved of a study, the newest first.
  public List<RetrievalRow> of(StudyKey study, int limit) {
    return read("where study = ? order by retrieval desc limit ?", limit, Optional.of(study));
  }

  private List<RetrievalRow> read(String which, int limit, Optional<StudyKey> study) {
    return database.read(link -> {
      Link.Call call = link.call("select " + COLUMNS + " from retrieval " + which);
      if (study.isPresent()) {
        call.text(study.get().value());
      }
      return List.copyOf(
          call.number(limit)
              .all(row ->
                  new RetrievalRow(
                      row.number(),
                      (int) row.number(),
                      new StudyKey(row.text()),
                      VersionId.parse(row.text()),
                      row.text(),
                      row.text(),
                      row.text(),
                      row.text(),
                      row.text(),
                      row.text(),
                      row.text(),
                      row.number(),
                      row.number(),
                      row.text(),
                      row.time(),
                      row.maybeTime())));
    });
  }
}
