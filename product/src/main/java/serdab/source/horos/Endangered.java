package serdab.source.horos;

import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Notes the studies whose files the viewer is about to delete: those that its deletion queue
/// names, and those that its own clean-up would take next.
///
/// The clean-up takes the studies that were added least recently, up to
/// [AutoClean#STUDIES_PER_PASS] in a pass, and spares the locked, the commented, those in an album
/// and those added less than [AutoClean#SPARED] ago. One pass is looked ahead.
final class Endangered {

  private static final Pattern NUMBERED =
      Pattern.compile("DATABASE\\.noindex/\\d+/(\\d{1,18})\\.dcm");
  private static final Pattern NAMED = Pattern.compile("DATABASE\\.noindex/\\d+/([^/]+)");

  private final Workbook workbook;
  private final IndexSchema schema;
  private final LibraryFolders folders;

  Endangered(Workbook workbook, IndexSchema schema, LibraryFolders folders) {
    this.workbook = workbook;
    this.schema = schema;
    this.folders = folders;
  }

  /// Notes them; the index must be usable.
  void note(DeletionQueue queue, AutoClean clean, Instant now) throws SQLException, IOException {
    workbook.execute("BEGIN");
    noteQueued(queue);
    if (clean.isNear(Files.getFileStore(folders.database()).getUsableSpace())) {
      noteNextToClean(now);
    }
    workbook.execute("COMMIT");
  }

  private void noteQueued(DeletionQueue queue) throws SQLException {
    if (queue.paths().isEmpty()) {
      return;
    }
    workbook.execute("CREATE TABLE queued_number (number INTEGER PRIMARY KEY)");
    workbook.execute("CREATE TABLE queued_name (name TEXT PRIMARY KEY) WITHOUT ROWID");
    for (String path : queue.paths()) {
      Matcher number = NUMBERED.matcher(path);
      Matcher name = NAMED.matcher(path);
      if (number.matches()) {
        workbook.run(
            "INSERT OR IGNORE INTO queued_number VALUES (?)", Long.parseLong(number.group(1)));
      } else {
        workbook.run(
            "INSERT OR IGNORE INTO queued_name VALUES (?)", name.matches() ? name.group(1) : path);
      }
    }
    String text = schema.column(IndexSchema.IMAGE, "i", "ZPATHSTRING", "ZPATH");
    String numbered =
        schema.has(IndexSchema.IMAGE, "ZPATHNUMBER")
            ? "i.ZPATHNUMBER IN (SELECT number FROM queued_number) OR "
            : "";
    // One pass over the images, whose paths have no index.
    workbook.execute(
        "INSERT OR IGNORE INTO endangered SELECT DISTINCT m.study_group FROM lib.ZIMAGE i"
            + " CROSS JOIN lib.ZSERIES s ON s.Z_PK = i.ZSERIES CROSS JOIN member m"
            + " ON m.study = s.ZSTUDY WHERE "
            + numbered
            + text
            + " IN (SELECT name FROM queued_name)");
  }

  private void noteNextToClean(Instant now) throws SQLException {
    StringBuilder spared = new StringBuilder();
    for (String column :
        new String[] {
          schema.column(IndexSchema.STUDY, "t", "ZLOCKEDSTUDY", "ZLOCKED"),
          schema.column(IndexSchema.STUDY, "t", "ZCOMMENT"),
          schema.column(IndexSchema.STUDY, "t", "ZCOMMENT2"),
          schema.column(IndexSchema.STUDY, "t", "ZCOMMENT3"),
          schema.column(IndexSchema.STUDY, "t", "ZCOMMENT4")
        }) {
      spared.append(
          " OR (%s IS NOT NULL AND CAST(%s AS TEXT) NOT IN ('', '0'))".formatted(column, column));
    }
    if (schema.albumTable().isPresent()) {
      IndexSchema.AlbumTable albums = schema.albumTable().get();
      spared.append(
          " OR t.Z_PK IN (SELECT \"%s\" FROM lib.\"%s\")"
              .formatted(albums.studyColumn(), albums.name()));
    }
    workbook.run(
        """
        INSERT OR IGNORE INTO endangered
        SELECT g.id FROM study_group g
        WHERE g.other = 0 AND g.files > 0 AND coalesce(g.added, -1e12) < ?
          AND NOT EXISTS (
            SELECT 1 FROM member m JOIN lib.ZSTUDY t ON t.Z_PK = m.study
            WHERE m.study_group = g.id AND (0%s))
        ORDER BY g.added IS NOT NULL, g.added, g.key LIMIT ?\
        """
            .formatted(spared),
        CoreDataTime.seconds(now.minus(AutoClean.SPARED)),
        AutoClean.STUDIES_PER_PASS);
  }
}
