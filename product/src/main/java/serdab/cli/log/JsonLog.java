package serdab.cli.log;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import serdab.plan.LogSettings;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// A log of JSON lines, rotated by size, day and age. Thread-safe.
///
/// Each line has `at`, `level` (`info`, `warning` or `error`) and `event`; studies stand in it by
/// label only. A log that cannot be written stops nothing: what it would have said is lost, and
/// [#failed] says so.
public final class JsonLog implements AutoCloseable {

  public static final String FILE = "serdab.jsonl";
  private static final String ROTATED = "serdab-";
  private static final String SUFFIX = ".jsonl";

  /// Rotated files looked at; more than this means that somebody else's files are there.
  private static final int ROTATED_MAX = 10_000;

  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmssSSS'Z'").withZone(ZoneOffset.UTC);

  private final Path folder;
  private final LogSettings settings;
  private final InstantSource clock;
  private boolean failed;

  /// @param folder where the log is; made when something is logged
  public JsonLog(Path folder, LogSettings settings, InstantSource clock) {
    this.folder = folder;
    this.settings = settings;
    this.clock = clock;
  }

  /// How grave a line is.
  public enum Level {
    INFO("info"),
    WARNING("warning"),
    ERROR("error");

    private final String text;

    Level(String text) {
      this.text = text;
    }
  }

  /// Adds one line.
  ///
  /// @param event what happened, in a word or two joined by a dash
  /// @param properties writes more properties; never patient data
  public synchronized void add(Level level, String event, Consumer<JsonGenerator> properties) {
    Instant now = clock.instant();
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), line)) {
      json.writeStartObject();
      json.writeStringProperty("at", now.toString());
      json.writeStringProperty("level", level.text);
      json.writeStringProperty("event", event);
      properties.accept(json);
      json.writeEndObject();
    }
    line.write('\n');
    try {
      makeFolder();
      rotateWhenDue(now);
      append(line.toByteArray());
    } catch (IOException e) {
      failed = true;
    }
  }

  /// Whether some line could not be written.
  public synchronized boolean failed() {
    return failed;
  }

  private void makeFolder() throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder);
    }
  }

  private void append(byte[] line) throws IOException {
    Path file = folder.resolve(FILE);
    // One write for a line: two processes that log at once do not tear each other's lines.
    boolean posix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
    Set<StandardOpenOption> how = Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    try (FileChannel channel =
        posix
            ? FileChannel.open(
                file,
                how,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
            : FileChannel.open(file, how)) {
      ByteBuffer bytes = ByteBuffer.wrap(line);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }

  private void rotateWhenDue(Instant now) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.isRegularFile(file)) {
      return;
    }
    LocalDate lastDay =
        Files.getLastModifiedTime(file).toInstant().atZone(ZoneOffset.UTC).toLocalDate();
    boolean anotherDay =
        settings.daily() && !lastDay.equals(now.atZone(ZoneOffset.UTC).toLocalDate());
    if (Files.size(file) < settings.fileBytesMax() && !anotherDay) {
      return;
    }
    Path rotated = folder.resolve(ROTATED + STAMP.format(now) + SUFFIX);
    if (!Files.exists(rotated)) {
      Files.move(file, rotated);
    }
    removeOld(now);
  }

  private void removeOld(Instant now) throws IOException {
    List<Path> rotated = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ROTATED + "*" + SUFFIX)) {
      for (Path file : files) {
        if (rotated.size() < ROTATED_MAX) {
          rotated.add(file);
        }
      }
    }
    rotated.sort(Comparator.comparing((Path file) -> file.getFileName().toString()).reversed());
    Instant oldest = now.minus(Duration.ofDays(settings.keepDays()));
    for (int i = 0; i < rotated.size(); i++) {
      Path file = rotated.get(i);
      if (i >= settings.files() || Files.getLastModifiedTime(file).toInstant().isBefore(oldest)) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public void close() {
    // Each line is written when it is added.
  }
}
