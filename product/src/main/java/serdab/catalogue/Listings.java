package serdab.catalogue;

import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.dicom.StudyKey;

/// What a run asks and records for all studies of a source, many at a time. Thread-safe.
///
/// Every method throws [serdab.SerdabException] as [Catalogue] does.
public final class Listings {

  /// How many studies are asked for at once at most.
  public static final int PAGE = 1000;

  private static final int WRITTEN_AT_ONCE = 10_000;

  private final Catalogue catalogue;
  private final Database database;

  Listings(Catalogue catalogue, Database database) {
    this.catalogue = catalogue;
    this.database = database;
  }

  /// All that planning needs of one study.
  ///
  /// @param copies all its copies on all destinations, in no promised order
  /// @param readAt when its present version was read last; empty when there is none
  /// @param listedFingerprint the source's fingerprint as listed last; empty when not known
  public record Known(
      StudyRow study, List<CopyRow> copies, Optional<Instant> readAt, String listedFingerprint) {

    public Known {
      copies = List.copyOf(copies);
    }
  }

  /// What is known of these studies of a source; those it never listed are left out.
  ///
  /// @param keys at most [#PAGE]
  public Map<StudyKey, Known> known(String sourceId, List<StudyKey> keys) {
    if (keys.isEmpty()) {
      return Map.of();
    }
    if (keys.size() > PAGE) {
      throw new IllegalArgumentException("more studies at once than " + PAGE);
    }
    int places = places(keys);
    String in = in(places);
    return database.read(link -> {
      Map<StudyKey, List<CopyRow>> copies = copies(link, keys);
      Link.Call studies =
          link.call(
              "select "
                  + Catalogue.STUDY_COLUMNS
                  + ", s.listed_fingerprint, v.read_at from study s left join version v"
                  + " on v.study = s.study and v.version = s.version"
                  + " where s.source = ? and s.study"
                  + in);
      Map<StudyKey, Known> known = new HashMap<>();
      for (Known each :
          fill(studies.text(sourceId), keys, places)
              .all(row -> {
                StudyRow study = catalogue.studyRow(row);
                String listed = row.text();
                return new Known(
                    study,
                    copies.getOrDefault(study.facts().key(), List.of()),
                    row.maybeTime(),
                    listed);
              })) {
        known.put(each.study().facts().key(), each);
      }
      return known;
    });
  }

  /// All copies of these studies, on all destinations.
  ///
  /// @param keys at most [#PAGE]
  Map<StudyKey, List<CopyRow>> copies(List<StudyKey> keys) {
    return keys.isEmpty() ? Map.of() : database.read(link -> copies(link, keys));
  }

  private Map<StudyKey, List<CopyRow>> copies(Link link, List<StudyKey> keys) throws SQLException {
    int places = places(keys);
    Map<StudyKey, List<CopyRow>> copies = new HashMap<>();
    fill(
            link.call(
                "select " + Catalogue.COPY_COLUMNS + " from copy c where c.study" + in(places)),
            keys,
            places)
        .all(catalogue::copyRow)
        .forEach(copy -> copies.computeIfAbsent(copy.study(), _ -> new ArrayList<>()).add(copy));
    return copies;
  }

  /// Two lengths of list only, so that few statements are prepared.
  private static int places(List<StudyKey> keys) {
    return keys.size() <= 1 ? 1 : PAGE;
  }

  private static String in(int places) {
    return " in (" + "?, ".repeat(places - 1) + "?)";
  }

  private static Link.Call fill(Link.Call call, List<StudyKey> keys, int places)
      throws SQLException {
    for (int i = 0; i < places; i++) {
      call.text(keys.get(Math.min(i, keys.size() - 1)).value());
    }
    return call;
  }

  /// Remembers that a run listed these studies exactly as they were listed before; the others go to
  /// [Catalogue#sawStudies].
  public void stillListed(long run, String sourceId, List<StudyKey> keys) {
    for (int from = 0; from < keys.size(); from += WRITTEN_AT_ONCE) {
      // All processes in one order, so that none waits for another that waits for it.
      List<StudyKey> part =
          keys.subList(from, Math.min(keys.size(), from + WRITTEN_AT_ONCE)).stream()
              .sorted()
              .toList();
      database.write(link -> {
        Link.Call call =
            link.call("update study set last_seen_run = ? where source = ? and study = ?");
        int rows = 0;
        for (StudyKey key : part) {
          call.number(run).text(sourceId).text(key.value()).nextRow();
          rows++;
          if (rows % PAGE == 0) {
            call.writeBatch();
          }
        }
        if (rows % PAGE != 0) {
          call.writeBatch();
        }
        return rows;
      });
    }
  }

  /// Remembers for many studies at once what [Catalogue#foundUnchanged] remembers for one.
  public void foundUnchanged(String sourceId, Map<StudyKey, String> fingerprints, Instant now) {
    if (fingerprints.isEmpty()) {
      return;
    }
    List<StudyKey> ordered = fingerprints.keySet().stream().sorted().toList();
    database.write(link -> {
      Link.Call call = link.call(Catalogue.FOUND_UNCHANGED);
      for (StudyKey key : ordered) {
        call.text(fingerprints.getOrDefault(key, ""))
            .time(now)
            .text(sourceId)
            .text(key.value())
            .nextRow();
      }
      call.writeBatch();
      return ordered.size();
    });
  }
}
