package serdab.testing.horos;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Says what kind of library is wanted; [#create] makes it, empty, and gives it to be filled.
///
/// Without a word the library is what Horos 4 makes: model 2.5, rollback journal, files in
/// `DATABASE.noindex/10000` and up, entities numbered 1 to 5.
public final class HorosLibraryBuilder {

  /// The data models that exist, oldest first.
  public enum Model {
    /// Image paths and UIDs in columns of another name; a model the viewer would upgrade first.
    V2_1("2.1"),
    V2_2("2.2"),
    V2_3("2.3"),
    V2_4("2.4"),
    V2_5("2.5"),
    /// A later model that nobody has seen: unknown columns, and the path columns are gone.
    UNKNOWN("7.0");

    private final String version;

    Model(String version) {
      this.version = version;
    }
  }

  private final Path folder;
  private Path dataFolder;
  private @Nullable Path databaseTarget;
  private int folderSize = 10_000;
  private int firstNumber = 2;
  private ZoneId zone = ZoneId.of("America/Sao_Paulo");
  private Instant now = Instant.parse("2024-03-01T15:00:00Z");
  private Model model = Model.V2_5;
  private boolean wal;
  private boolean modelCache = true;
  private boolean renumbered;
  private boolean shuffled;
  private String uuid = "5E0A3F6C-3B43-4E0C-9D6B-2F3C1A7B9E10";

  private HorosLibraryBuilder(Path folder) {
    this.folder = folder;
    this.dataFolder = folder;
  }

  /// A library `Horos Data` inside `parent`.
  public static HorosLibraryBuilder in(Path parent) {
    return new HorosLibraryBuilder(parent.resolve("Horos Data"));
  }

  /// How many files go into one numbered folder (a preference of the viewer).
  public HorosLibraryBuilder folderSize(int files) {
    folderSize = files;
    return this;
  }

  /// The number of the first imported file; an empty library starts at 2.
  public HorosLibraryBuilder firstNumber(int number) {
    firstNumber = number;
    return this;
  }

  /// The time zone of the Mac, in which the viewer reads dates of files.
  public HorosLibraryBuilder zone(ZoneId value) {
    zone = value;
    return this;
  }

  /// When the first file is imported; each further one comes a second later.
  public HorosLibraryBuilder importedAt(Instant first) {
    now = first;
    return this;
  }

  public HorosLibraryBuilder model(Model value) {
    model = value;
    return this;
  }

  /// Journal mode WAL, as with OsiriX and older Horos.
  public HorosLibraryBuilder wal() {
    wal = true;
    return this;
  }

  /// As made on an old macOS.
  public HorosLibraryBuilder withoutModelCache() {
    modelCache = false;
    return this;
  }

  /// Other entity numbers, and the album table named from its other side.
  public HorosLibraryBuilder renumberedEntities() {
    renumbered = true;
    return this;
  }

  /// Columns in another order.
  public HorosLibraryBuilder shuffledColumns() {
    shuffled = true;
    return this;
  }

  public HorosLibraryBuilder uuid(String value) {
    uuid = value;
    return this;
  }

  /// Keeps the files in another folder, named in `DBFOLDER_LOCATION`.
  public HorosLibraryBuilder filesIn(Path otherFolder) {
    dataFolder = otherFolder;
    return this;
  }

  /// Makes `DATABASE.noindex` a symbolic link to this folder.
  public HorosLibraryBuilder databaseFolderLinkedTo(Path target) {
    databaseTarget = target;
    return this;
  }

  /// Makes the library.
  public HorosLibraryFixture create() {
    try {
      Files.createDirectories(folder);
      Files.createDirectories(dataFolder);
      if (!dataFolder.equals(folder)) {
        Files.writeString(folder.resolve("DBFOLDER_LOCATION"), dataFolder.toAbsolutePath() + "\n");
      }
      Path database = dataFolder.resolve("DATABASE.noindex");
      if (databaseTarget == null) {
        Files.createDirectories(database);
      } else {
        Files.createDirectories(databaseTarget);
        Files.createSymbolicLink(database, databaseTarget.toAbsolutePath());
      }
      for (String name :
          List.of(
              "INCOMING.noindex",
              "TEMP.noindex",
              "DECOMPRESSION.noindex",
              "TOBEINDEXED.noindex",
              "REPORTS",
              "ROIs")) {
        Files.createDirectories(dataFolder.resolve(name));
      }
      Files.writeString(folder.resolve("DB_VERSION"), model.version);
      Connection index =
          DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("Database.sql"));
      try (Statement statement = index.createStatement()) {
        statement.execute("PRAGMA journal_mode=" + (wal ? "WAL" : "DELETE"));
        // Fixtures need not survive a power cut, and tests are many.
        statement.execute("PRAGMA synchronous=OFF");
        for (String sql : script().split(";\\s*\n", -1)) {
          if (!sql.isBlank()) {
            statement.execute(sql);
          }
        }
      }
      return new HorosLibraryFixture(folder, dataFolder, index, folderSize, firstNumber, zone, now);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private String script() throws IOException {
    String script;
    try (InputStream in = HorosLibraryBuilder.class.getResourceAsStream("model-2.5.sql")) {
      script = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    }
    script = script.replace("00000000-0000-4000-8000-000000000001", uuid);
    script = script.replaceAll("(?m)^--.*\n", "");
    if (!modelCache) {
      script = script.replaceAll("CREATE TABLE Z_MODELCACHE[^;]*;\n", "");
    }
    script = olderModel(script);
    if (renumbered) {
      script =
          script
              .replace("Z_1STUDIES_Z_5STUDIES_INDEX", "Z_7ALBUMS_INDEX")
              .replace("Z_1STUDIES", "Z_7ALBUMS")
              .replace("Z_1ALBUMS", "Z_3ALBUMS")
              .replace("Z_5STUDIES", "Z_7STUDIES")
              .replace(
                  "(1,'Album',0,0),(2,'Image',0,0),(3,'LogEntry',0,0),(4,'Series',0,0),(5,'Study',0,0)",
                  "(3,'Album',0,0),(4,'Image',0,0),(5,'LogEntry',0,0),(6,'Series',0,0),(7,'Study',0,0)");
    }
    return shuffled ? shuffleColumns(script) : script;
  }

  private String olderModel(String script) {
    String s = script;
    if (model == Model.UNKNOWN) {
      return drop(s, "ZPATHNUMBER", "ZPATHSTRING", "ZSTOREDINDATABASEFOLDER")
          .replace("ZFRAMEID INTEGER,", "ZFRAMEID INTEGER, ZBLOBREFERENCE INTEGER,");
    }
    if (model.compareTo(Model.V2_4) <= 0) {
      s = drop(s, "ZCOMMENT2", "ZCOMMENT3", "ZCOMMENT4", "ZGENERATEDBYOSIRIX", "ZKEYSERIES");
    }
    if (model.compareTo(Model.V2_3) <= 0) {
      s =
          s.replace("ZLOCKEDSTUDY", "ZLOCKED")
              .replace("ZWINDOWSSTATE BLOB", "ZWINDOWSSTATE VARCHAR");
    }
    if (model.compareTo(Model.V2_2) <= 0) {
      s = s.replace("ZWINDOWLEVEL", "ZWL").replace("ZWINDOWWIDTH", "ZWW");
    }
    if (model == Model.V2_1) {
      s =
          drop(s, "ZPATHNUMBER", "ZCOMPRESSEDSOPINSTANCEUID", "ZFRAMEID")
              .replace("ZPATHSTRING", "ZPATH")
              .replace("ZSTOREDINDATABASEFOLDER", "ZINDATABASEFOLDER")
              .replace("ZSTOREDEXTENSION VARCHAR", "ZEXTENSION VARCHAR, ZSOPINSTANCEUID VARCHAR")
              .replace("ZSTOREDFILETYPE", "ZFILETYPE");
    }
    return s;
  }

  private static String drop(String script, String... columns) {
    String s = script;
    for (String column : columns) {
      s = s.replaceAll(",\\s*" + column + " [A-Z]+", "");
    }
    return s;
  }

  private static String shuffleColumns(String script) {
    Matcher table =
        Pattern.compile("CREATE TABLE (Z(?:ALBUM|IMAGE|SERIES|STUDY|LOGENTRY)) \\(([^)]*)\\)")
            .matcher(script);
    return table.replaceAll(match -> {
      List<String> columns = new ArrayList<>(Arrays.asList(match.group(2).split(",\\s*", -1)));
      Collections.shuffle(columns, new Random(7));
      return "CREATE TABLE " + match.group(1) + " (" + String.join(", ", columns) + ")";
    });
  }
}
