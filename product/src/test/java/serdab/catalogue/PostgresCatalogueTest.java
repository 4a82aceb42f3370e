package serdab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.PostgresServer;

@Needs(Peer.POSTGRESQL)
class PostgresCatalogueTest extends CatalogueContract {

  private static final AtomicInteger TESTS = new AtomicInteger();
  private static @Nullable PostgresServer server;

  /// Each test has a schema of its own, which is quicker to make than a database.
  private final String schema = "test" + TESTS.incrementAndGet();

  @BeforeAll
  static void startServer() {
    server = PostgresServer.start();
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  private static PostgresServer server() {
    if (server == null) {
      throw new IllegalStateException("only within a test");
    }
    return server;
  }

  private String url() {
    return server().url() + "?currentSchema=" + schema;
  }

  @Override
  Database database(WritePoint writePoint) {
    try {
      sql("create schema if not exists " + schema);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new PostgresDatabase(url(), server().user(), server().password(), writePoint);
  }

  @Override
  void sql(String statement) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection(url(), server().user(), server().password());
        Statement run = connection.createStatement()) {
      run.execute(statement);
    }
  }

  @Override
  String dropAll() {
    return "drop schema " + schema + " cascade; create schema " + schema;
  }

  @Override
  String shortenedList() {
    return "update instance_list set packed = substring(packed from 1 for 50)";
  }

  @Override
  List<String> arguments() {
    return List.of("postgres", url(), server().user(), server().password());
  }

  @Test
  void aCrashedServerIsUnavailableAndUsableAfterItsReturn() {
    see("1.2");
    catalogue().fact("x");

    server().crash();
    try {
      assertThatThrownBy(() -> catalogue().fact("x"))
          .isInstanceOf(SerdabException.Unavailable.class)
          .hasMessageContaining("cannot be reached");
      assertThatThrownBy(() -> see("1.3")).isInstanceOf(SerdabException.Unavailable.class);
      assertThatThrownBy(() -> catalogue().studies())
          .isInstanceOf(SerdabException.Unavailable.class);
    } finally {
      server().startAgain();
    }

    see("1.4");
    assertThat(known("1.2").fileCount()).isEqualTo(3);
    assertThat(catalogue().study(SOURCE, new serdab.dicom.StudyKey("1.3"))).isEmpty();
  }

  @Test
  void aServerThatRestartedBetweenTwoCallsIsNotNoticed() {
    see("1.2");
    catalogue().fact("x");

    server().crash();
    server().startAgain();

    see("1.3");
    assertThat(known("1.3").fileCount()).isEqualTo(3);
  }

  @Test
  void aWrongPasswordIsAMatterOfConfiguration() {
    assertThatThrownBy(() ->
            Catalogue.inPostgres(url(), server().user(), "hunter2", clock, new SplittableRandom(1)))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .message()
        .doesNotContain("hunter2");
  }

  @Test
  void aDatabaseThatIsNotThereIsAMatterOfConfiguration() {
    assertThatThrownBy(() ->
            Catalogue.inPostgres(
                url().replace("/postgres?", "/nowhere?"),
                server().user(),
                server().password(),
                clock,
                new SplittableRandom(1)))
        .isInstanceOf(SerdabException.Misconfigured.class);
  }

  @Test
  void aPasswordInTheAddressIsRefusedAndNotRepeated() {
    assertThatThrownBy(() ->
            Catalogue.inPostgres(
                url() + "&password=hunter2", "u", "p", clock, new SplittableRandom(1)))
        .isInstanceOf(SerdabException.Misconfigured.class)
        .message()
        .doesNotContain("hunter2");
  }

  @Test
  void anAddressOfSomethingElseIsAMatterOfConfiguration() {
    assertThatThrownBy(() ->
            Catalogue.inPostgres(
                "jdbc:mysql://localhost/x", "u", "p", clock, new SplittableRandom(1)))
        .isInstanceOf(SerdabException.Misconfigured.class);
  }
}
