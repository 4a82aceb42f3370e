package serdab.testing.horos;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.sqlite.SQLiteConfig;

/// A process that writes into an index as a viewer does while it imports: every transaction sets
/// one number in all study rows, so that a copy that mixes two transactions shows two numbers.
///
/// It is a process of its own because SQLite's locks are the process's: closing a file in the
/// process that reads would drop them.
public final class BusyViewer implements AutoCloseable {

  private static final int COMMIT_EVERY_MILLIS = 250;

  private final Process process;
  private final BufferedReader answers;

  private BusyViewer(Process process) {
    this.process = process;
    this.answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /// Starts writing, and returns when the first transaction was committed.
  public static BusyViewer on(Path index) throws IOException {
    return start(index, "busy");
  }

  /// Commits once, begins another transaction so large that it reaches the file, and ends like a
  /// process that was killed; returns when it has.
  public static void killedWhileSaving(Path index) throws IOException, InterruptedException {
    try (BusyViewer viewer = start(index, "killed")) {
      viewer.process.waitFor();
    }
  }

  private static BusyViewer start(Path index, String how) throws IOException {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Process process =
        new ProcessBuilder(
                java.toString(),
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                BusyViewer.class.getName(),
                index.toString(),
                how)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BusyViewer viewer = new BusyViewer(process);
    if (!"started".equals(viewer.answers.readLine())) {
      process.destroyForcibly();
      throw new IOException("the writing process did not start");
    }
    return viewer;
  }

  /// Ends it and gives the number of its commits: `done` and `failed`.
  public Map<String, Integer> stop() throws IOException {
    BufferedWriter orders =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    orders.write("stop\n");
    orders.flush();
    String[] counts = String.valueOf(answers.readLine()).split(" ", -1);
    return Map.of("done", Integer.valueOf(counts[0]), "failed", Integer.valueOf(counts[1]));
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /// The process: the index, and how to behave.
  public static void main(String[] arguments)
      throws SQLException, IOException, InterruptedException {
    SQLiteConfig config = new SQLiteConfig();
    config.setBusyTimeout(0);
    int done = 0;
    int failed = 0;
    try (Connection index =
            DriverManager.getConnection("jdbc:sqlite:" + arguments[0], config.toProperties());
        Statement statement = index.createStatement()) {
      index.setAutoCommit(false);
      statement.execute("UPDATE ZSTUDY SET ZSTATETEXT = 1");
      index.commit();
      done++;
      if (arguments[1].equals("killed")) {
        statement.execute("PRAGMA cache_size = 1");
        statement.execute("UPDATE ZSTUDY SET ZSTATETEXT = 2, ZCOMMENT = hex(randomblob(2000))");
        System.out.println("started");
        System.out.flush();
        Runtime.getRuntime().halt(1);
      }
      System.out.println("started");
      while (System.in.available() == 0) {
        try {
          statement.execute(
              "UPDATE ZSTUDY SET ZSTATETEXT = ZSTATETEXT + 1, ZCOMMENT = hex(randomblob(100))");
          index.commit();
          done++;
        } catch (SQLException e) {
          failed++;
          index.rollback();
        }
        Thread.sleep(COMMIT_EVERY_MILLIS);
      }
    }
    System.out.println(done + " " + failed);
  }
}
