package serdab.source.horos;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.random.RandomGenerator;

/// What can happen to a viewer's index between two looks at it.
enum IndexChange {
  ADD_STUDY {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(
          "INSERT INTO ZSTUDY (Z_OPT, ZSTUDYINSTANCEUID, ZPATIENTUID) VALUES (1, '1.2.3.' || %d, 'P')"
              .formatted(random.nextInt(1_000_000)));
      int series = random.nextInt(0, 4);
      for (int i = 0; i < series; i++) {
        sql.execute(
            "INSERT INTO ZSERIES (Z_OPT, ZSTUDY) SELECT %d, max(Z_PK) FROM ZSTUDY"
                .formatted(random.nextInt(9)));
        sql.execute(
            """
            INSERT INTO ZIMAGE (Z_OPT, ZSERIES, ZPATHNUMBER, ZCOMPRESSEDSOPINSTANCEUID)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
            SELECT i %% 5, (SELECT max(Z_PK) FROM ZSERIES),
              (SELECT coalesce(max(ZPATHNUMBER), 0) FROM ZIMAGE) + i / %d, zeroblob(26) FROM n\
            """
                .formatted(random.nextInt(1, 60), random.nextInt(1, 3)));
      }
    }
  },
  DELETE_STUDY {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      long study = row(sql, "ZSTUDY", random);
      if (random.nextBoolean()) {
        sql.execute(
            "DELETE FROM ZIMAGE WHERE ZSERIES IN (SELECT Z_PK FROM ZSERIES WHERE ZSTUDY = %d)"
                .formatted(study));
        sql.execute("DELETE FROM ZSERIES WHERE ZSTUDY = " + study);
      }
      sql.execute("DELETE FROM ZSTUDY WHERE Z_PK = " + study);
    }
  },
  DELETE_SERIES {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute("DELETE FROM ZSERIES WHERE Z_PK = " + row(sql, "ZSERIES", random));
    }
  },
  DELETE_IMAGES {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      long from = row(sql, "ZIMAGE", random);
      sql.execute(
          "DELETE FROM ZIMAGE WHERE Z_PK BETWEEN %d AND %d"
              .formatted(from, from + random.nextInt(100)));
    }
  },
  SAVE_AN_IMAGE {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(
          "UPDATE ZIMAGE SET Z_OPT = Z_OPT + 1, ZWINDOWWIDTH = 400 WHERE Z_PK = "
              + row(sql, "ZIMAGE", random));
    }
  },
  MOVE_IMAGES {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(
          "UPDATE ZIMAGE SET ZSERIES = %d WHERE Z_PK %% 17 = %d"
              .formatted(row(sql, "ZSERIES", random), random.nextInt(17)));
    }
  },
  MOVE_A_SERIES {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(
          "UPDATE ZSERIES SET ZSTUDY = %s WHERE Z_PK = %d"
              .formatted(
                  random.nextInt(6) == 0 ? "NULL" : "" + row(sql, "ZSTUDY", random),
                  row(sql, "ZSERIES", random)));
    }
  },
  RENUMBER_ROWS {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      String table = random.nextBoolean() ? "ZIMAGE" : random.nextBoolean() ? "ZSERIES" : "ZSTUDY";
      sql.execute(
          "UPDATE %s SET Z_PK = Z_PK + 1000000 WHERE Z_PK = %d"
              .formatted(table, row(sql, table, random)));
    }
  },
  NAME_FILES_OTHERWISE {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      String where = " WHERE Z_PK %% 13 = %d".formatted(random.nextInt(13));
      sql.execute(
          switch (random.nextInt(3)) {
                case 0 -> "UPDATE ZIMAGE SET ZPATHNUMBER = NULL, ZPATHSTRING = Z_PK || '.tif'";
                case 1 ->
                    "UPDATE ZIMAGE SET ZPATHNUMBER = NULL, ZPATHSTRING = '/Volumes/a/' || ZSERIES";
                default -> "UPDATE ZIMAGE SET ZPATHNUMBER = Z_PK % 7, ZPATHSTRING = NULL";
              }
              + where);
    }
  },
  WRITE_A_COMMENT {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      // Long ones go on in pages of their own, and lie before the file's name in the row.
      sql.execute(
          "UPDATE ZIMAGE SET ZCOMMENT = printf('%%.*c', %d, 'x') WHERE Z_PK = %d"
              .formatted(random.nextInt(12_000), row(sql, "ZIMAGE", random)));
    }
  },
  OVERWRITE_IN_PLACE {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(
          "UPDATE ZIMAGE SET ZCOMMENT = printf('%%.*c', length(ZCOMMENT), '%s'), ZPATHSTRING ="
                  .formatted((char) ('a' + random.nextInt(26)))
              + " replace(ZPATHSTRING, '1', '2') WHERE length(ZCOMMENT) > 0");
    }
  },
  MARK_A_KEY_IMAGE {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(
          "UPDATE ZIMAGE SET ZSTOREDISKEYIMAGE = 1 - coalesce(ZSTOREDISKEYIMAGE, 0) WHERE Z_PK = "
              + row(sql, "ZIMAGE", random));
    }
  },
  MAKE_ROOM {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(random.nextBoolean() ? "VACUUM" : "PRAGMA incremental_vacuum");
    }
  },
  REPLACE_A_ROW {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      // The same number, another image.
      long image = row(sql, "ZIMAGE", random);
      sql.execute("DELETE FROM ZIMAGE WHERE Z_PK = " + image);
      sql.execute(
          "INSERT INTO ZIMAGE (Z_PK, Z_OPT, ZSERIES, ZPATHNUMBER) VALUES (%d, 1, %d, %d)"
              .formatted(image, row(sql, "ZSERIES", random), random.nextInt(100_000)));
    }
  },
  BUILD_A_TABLE_ANEW {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute("CREATE TEMP TABLE kept AS SELECT * FROM ZSERIES");
      sql.execute("DELETE FROM ZSERIES");
      sql.execute("INSERT INTO ZSERIES SELECT * FROM kept ORDER BY random()");
      sql.execute("DROP TABLE kept");
    }
  },
  SAVE_A_STUDY {
    @Override
    void change(Statement sql, RandomGenerator random) throws SQLException {
      sql.execute(
          "UPDATE ZSTUDY SET Z_OPT = Z_OPT + 1, ZCOMMENT = 'seen' WHERE Z_PK = "
              + row(sql, "ZSTUDY", random));
    }
  };

  static IndexChange any(RandomGenerator random) {
    return values()[random.nextInt(values().length)];
  }

  /// Makes it, and says what it was.
  String make(Statement sql, RandomGenerator random) throws SQLException {
    change(sql, random);
    return name();
  }

  abstract void change(Statement sql, RandomGenerator random) throws SQLException;

  static long row(Statement sql, String table, RandomGenerator random) throws SQLException {
    try (ResultSet row =
        sql.executeQuery(
            "SELECT Z_PK FROM %s ORDER BY Z_PK LIMIT 1 OFFSET (SELECT %d %% max(1, count(*)) FROM %s)"
                .formatted(table, random.nextInt(1_000_000), table))) {
      return row.next() ? row.getLong(1) : 0;
    }
  }
}
