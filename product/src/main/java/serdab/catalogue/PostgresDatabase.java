package serdab.catalogue;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Properties;
import serdab.Problem;
import serdab.SerdabException;

/// A catalogue in a PostgreSQL database that several machines share.
final class PostgresDatabase extends Database {

  /// "serdab" as a number: whoever changes the schema holds this advisory lock.
  private static final long SCHEMA_LOCK = 0x736572646162L;

  private final String url;
  private final String user;
  private final String password;
  private final WritePoint writePoint;

  PostgresDatabase(String url, String user, String password, WritePoint writePoint) {
    if (url.toLowerCase(Locale.ROOT).contains("password=")) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "catalogue-secret-in-url",
              "The address of the catalogue's database holds a password.",
              "Take it out of the address; the configuration has its own entry for it."));
    }
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new SerdabException.Misconfigured(
          new Problem(
              "catalogue-address-wrong",
              "The address of the catalogue's database is not one of PostgreSQL.",
              "It looks like this: jdbc:postgresql://host:5432/serdab"));
    }
    this.url = url;
    this.user = user;
    this.password = password;
    this.writePoint = writePoint;
  }

  // ---- connections

  @Override
  Link openWriter() throws SQLException {
    Link link = connect(writePoint);
    try {
      link.connection().setAutoCommit(false);
      return link;
    } catch (SQLException e) {
      link.close();
      throw e;
    }
  }

  @Override
  Link openReader() throws SQLException {
    return connect(WritePoint.NONE);
  }

  private Link connect(WritePoint point) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("password", password);
    properties.setProperty("ApplicationName", "serdab");
    // Details of an error quote the row it is about.
    properties.setProperty("logServerErrorDetail", "false");
    properties.setProperty("reWriteBatchedInserts", "true");
    // A server that went away silently must not hold a run for ever.
    properties.setProperty("connectTimeout", "10");
    properties.setProperty("socketTimeout", "120");
    properties.setProperty("tcpKeepAlive", "true");
    properties.setProperty("options", "-c lock_timeout=20000");
    return new Link(DriverManager.getConnection(url, properties), point);
  }

  @Override
  boolean hasOneConnection() {
    return false;
  }

  @Override
  void begin(Link link) {
    // The server begins a transaction with the first statement.
  }

  @Override
  void commit(Link link) throws SQLException {
    link.connection().commit();
  }

  @Override
  void rollback(Link link) throws SQLException {
    link.connection().rollback();
  }

  @Override
  void beginStream(Link link) throws SQLException {
    // The driver fetches bit by bit inside a transaction only.
    link.connection().setAutoCommit(false);
  }

  @Override
  void endStream(Link link) throws SQLException {
    link.connection().rollback();
    link.connection().setAutoCommit(true);
  }

  // ---- schema

  @Override
  boolean hasTable(Link link, String name) throws SQLException {
    return link.call(
            "select 1 from pg_catalog.pg_tables"
                + " where schemaname = current_schema() and tablename = ?")
        .text(name)
        .one(row -> true)
        .isPresent();
  }

  @Override
  void lockSchema(Link link) throws SQLException {
    link.call("select 1 from (select pg_advisory_xact_lock(?)) as locked")
        .number(SCHEMA_LOCK)
        .one(row -> true);
  }

  @Override
  String scriptSuffix() {
    return "postgresql";
  }

  @Override
  boolean copyTo(Path file) {
    return false;
  }

  @Override
  String describe() {
    int parameters = url.indexOf('?');
    return "The catalogue " + (parameters < 0 ? url : url.substring(0, parameters));
  }

  // ---- failures

  /// Classes and codes of https://www.postgresql.org/docs/15/errcodes-appendix.html
  @Override
  Verdict verdict(SQLException failure) {
    String state = state(failure);
    if (state.startsWith("08")
        || state.equals("57P01")
        || state.equals("57P02")
        || state.equals("57P03")) {
      return Verdict.CONNECTION_LOST;
    }
    return state.equals("40001") || state.equals("40P01") ? Verdict.COLLISION : Verdict.FINAL;
  }

  @Override
  SerdabException translated(SQLException failure) {
    SQLException bare = withoutWords(failure);
    String state = state(failure);
    if (verdict(failure) == Verdict.CONNECTION_LOST || state.equals("53300")) {
      return unavailable(
          "catalogue-unreachable",
          " cannot be reached.",
          "Check that the database server runs and that this machine may connect to it.",
          bare);
    }
    if (verdict(failure) == Verdict.COLLISION || state.equals("55P03")) {
      return unavailable(
          "catalogue-busy",
          " is being written to by another process for too long.",
          "Wait until the other run has ended, or end it, and try again.",
          bare);
    }
    if (state.startsWith("28") || state.equals("3D000") || state.equals("42501")) {
      return new SerdabException.Misconfigured(
          new Problem(
              "catalogue-refuses-user",
              describe() + " does not let this user in (SQLSTATE " + state + ").",
              "Check user, password, and that the database exists and lets this user make tables."),
          bare);
    }
    if (state.startsWith("XX")) {
      return new SerdabException.Damaged(
          new Problem(
              "catalogue-damaged",
              describe() + " is damaged. No backup is affected.",
              "Keep a dump of it for examination, name an empty database in the configuration, and"
                  + " run: serdab catalogue rebuild"),
          bare);
    }
    if (state.startsWith("53") || state.startsWith("58")) {
      return unavailable(
          "catalogue-disk-full",
          " cannot grow: its server has run out of room, memory or files (SQLSTATE " + state + ").",
          "Make room on the server and run the same command again.",
          bare);
    }
    return unavailable(
        "catalogue-failed",
        " did not carry out a statement (SQLSTATE " + state + ").",
        "Try again; if it happens again, report this code.",
        bare);
  }

  private static String state(SQLException failure) {
    String state = failure.getSQLState();
    return state == null ? "" : state;
  }

  private SerdabException unavailable(String code, String what, String next, SQLException cause) {
    return new SerdabException.Unavailable(new Problem(code, describe() + what, next), cause);
  }
}
