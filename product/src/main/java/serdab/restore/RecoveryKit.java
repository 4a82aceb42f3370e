package serdab.restore;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import serdab.Problem;
import serdab.SerdabException;
import serdab.catalogue.Catalogue;
import serdab.catalogue.RunRow;
import serdab.catalogue.RunTotals;
import serdab.destination.Destination;
import serdab.destination.SideFiles;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// Leaves in a destination what a new machine needs when this one is lost: the plans, a copy of the
/// catalogue, and how the runs ended (`docs/format/recovery.md`). One thread at a time.
public final class RecoveryKit {

  static final String FOLDER = "_recovery";
  static final String PLANS = "plans.toml";
  static final String CATALOGUE_PREFIX = "catalogue-";
  static final String DATABASE_ENTRY = "catalogue.db";
  static final String NOTE_ENTRY = "catalogue.json";
  static final int FORMAT_VERSION = 1;

  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration DAY = Duration.ofDays(1);

  /// A catalogue this large is copied once a day only, and stored as it is: most of it are digests,
  /// and trying to deflate them would take longer than the rest of a run in which nothing changed.
  static final long LARGE_BYTES = 256L << 20;

  private static final int PIECE_BYTES = 1 << 20;

  private static final int CATALOGUES_KEPT = 3;
  private static final long LOG_BYTES_MAX = 4L << 20;

  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter MONTH =
      DateTimeFormatter.ofPattern("uuuu-MM").withZone(ZoneOffset.UTC);
  private static final DateTimeFormatter DAY_STAMP =
      DateTimeFormatter.ofPattern("uuuu-MM-dd").withZone(ZoneOffset.UTC);

  private static final String README =
      """
      What is here helps to set up a new machine when the one that made this backup is lost.

      On the new machine install Serdab and run:

          serdab recover --from zip:PATH-OF-THIS-FOLDER'S-PARENT

      The images do not need it: each ZIP beside this folder can be unpacked with any ZIP program.
      docs/format/recovery.md of Serdab describes the files.

      Aqui está o que ajuda a montar uma nova máquina quando a que fez este backup se perder. Instale o
      Serdab na nova máquina e execute o comando acima. As imagens não precisam disto: cada ZIP ao lado
      desta pasta abre com qualquer programa de ZIP.
      """;

  private final Catalogue catalogue;
  private final Path workFolder;
  private final InstantSource clock;
  private final String writtenBy;
  private final long storedFromBytes;

  /// @param workFolder a private folder of ours, for the copy before it is packed
  /// @param writtenBy program and version
  public RecoveryKit(Catalogue catalogue, Path workFolder, InstantSource clock, String writtenBy) {
    this(catalogue, workFolder, clock, writtenBy, LARGE_BYTES);
  }

  /// @param storedFromBytes a catalogue of this size or more is not deflated
  RecoveryKit(
      Catalogue catalogue,
      Path workFolder,
      InstantSource clock,
      String writtenBy,
      long storedFromBytes) {
    this.catalogue = catalogue;
    this.workFolder = workFolder;
    this.clock = clock;
    this.writtenBy = writtenBy;
    this.storedFromBytes = storedFromBytes;
  }

  /// Leaves what is new since the last time. A destination that keeps no files beside its studies
  /// gets nothing.
  ///
  /// @param plans the plans as a configuration without secrets
  /// @param run the run that has just ended
  /// @param withCatalogue whether a copy of the catalogue may be left, which names patients
  /// @throws SerdabException when the destination fails; nothing that was there is harmed
  public void leave(Destination destination, String plans, RunRow run, boolean withCatalogue) {
    Optional<SideFiles> beside = destination.beside(FOLDER);
    if (beside.isEmpty()) {
      return;
    }
    SideFiles files = beside.get();
    String mine = catalogue.installation() + "/";
    replaceIfOther(files, "README.txt", README);
    replaceIfOther(files, mine + PLANS, plans);
    log(files, mine, run);
    if (withCatalogue) {
      leaveCatalogue(files, mine, changedSomething(run.totals()));
    }
  }

  private static boolean changedSomething(RunTotals totals) {
    return totals.copied() > 0
        || totals.adopted() > 0
        || totals.failed() > 0
        || totals.incomplete() > 0;
  }

  private static void replaceIfOther(SideFiles files, String name, String text) {
    byte[] content = text.getBytes(StandardCharsets.UTF_8);
    if (!files
        .document(name)
        .filter(there -> java.util.Arrays.equals(there, content))
        .isPresent()) {
      files.replace(name, content);
    }
  }

  // ---- how runs ended

  private void log(SideFiles files, String mine, RunRow run) {
    String name = mine + "runs-" + MONTH.format(run.startedAt()) + ".jsonl";
    if (files.lengthBytes(name).orElse(0L) > LOG_BYTES_MAX) {
      name = mine + "runs-" + DAY_STAMP.format(run.startedAt()) + ".jsonl";
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    files.document(name).ifPresent(all::writeBytes);
    all.writeBytes(line(run));
    files.replace(name, all.toByteArray());
  }

  private static byte[] line(RunRow run) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeNumberProperty("run", run.id());
      json.writeStringProperty("kind", run.kind());
      json.writeStringProperty("planHash", run.planHash());
      json.writeStringProperty("source", run.sourceId());
      json.writeStringProperty("worker", run.worker());
      json.writeStringProperty("startedAt", run.startedAt().toString());
      json.writeStringProperty("endedAt", run.endedAt().map(Instant::toString).orElse(""));
      json.writeStringProperty("outcome", run.outcome());
      RunTotals totals = run.totals();
      json.writeObjectPropertyStart("totals");
      json.writeNumberProperty("listed", totals.listed());
      json.writeNumberProperty("selected", totals.selected());
      json.writeNumberProperty("copied", totals.copied());
      json.writeNumberProperty("alreadyThere", totals.alreadyThere());
      json.writeNumberProperty("adopted", totals.adopted());
      json.writeNumberProperty("incomplete", totals.incomplete());
      json.writeNumberProperty("failed", totals.failed());
      json.writeNumberProperty("waiting", totals.waiting());
      json.writeNumberProperty("findings", totals.findings());
      json.writeNumberProperty("copiedBytes", totals.copiedBytes());
      json.writeEndObject();
      json.writeEndObject();
    }
    out.write('\n');
    return out.toByteArray();
  }

  // ---- the catalogue

  private void leaveCatalogue(SideFiles files, String mine, boolean changed) {
    List<String> kept = files.names(mine + CATALOGUE_PREFIX);
    Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
    if (!isDue(files, kept, now, changed)) {
      return;
    }
    Path copy = workFolder.resolve("catalogue-copy.db");
    try {
      Files.deleteIfExists(copy);
      try {
        if (!catalogue.copyTo(copy)) {
          return;
        }
        String name = mine + CATALOGUE_PREFIX + STAMP.format(afterAll(kept, now)) + ".zip";
        files.write(name, out -> pack(copy, now, out));
      } finally {
        Files.deleteIfExists(copy);
      }
    } catch (IOException e) {
      throw new SerdabException.Unavailable(
          new Problem(
              "work-folder-failed",
              "The catalogue cannot be copied for the destinations.",
              "Check the disk of SERDAB_HOME: it may be full or read-only."),
          e);
    }
    for (int i = 0; i < kept.size() + 1 - CATALOGUES_KEPT; i++) {
      files.remove(kept.get(i));
    }
  }

  /// The names are in the order in which the copies were made, whatever clocks said: by that order
  /// the newest is used and the oldest are removed.
  private static Instant afterAll(List<String> kept, Instant now) {
    Instant newest = kept.isEmpty() ? Instant.MIN : madeAt(kept.getLast()).orElse(Instant.MIN);
    return newest.isBefore(now) ? now : newest.plusSeconds(1);
  }

  private static boolean isDue(SideFiles files, List<String> kept, Instant now, boolean changed) {
    if (kept.isEmpty()) {
      return true;
    }
    String newest = kept.getLast();
    Instant then = madeAt(newest).orElse(Instant.EPOCH);
    Duration age = Duration.between(then, now);
    if (age.isNegative()) {
      return changed; // Some clock was wrong; how old it is, nobody knows.
    }
    if (age.compareTo(DAY) >= 0) {
      return true;
    }
    boolean large = files.lengthBytes(newest).orElse(0L) >= LARGE_BYTES;
    return changed && !large && age.compareTo(HOUR) >= 0;
  }

  /// When a copy of the catalogue was made, by its name.
  static Optional<Instant> madeAt(String name) {
    int from = name.lastIndexOf(CATALOGUE_PREFIX) + CATALOGUE_PREFIX.length();
    int to = name.length() - ".zip".length();
    try {
      return to > from
          ? Optional.of(STAMP.parse(name.substring(from, to), Instant::from))
          : Optional.empty();
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  private void pack(Path copy, Instant now, OutputStream out) throws IOException {
    long length = Files.size(copy);
    MessageDigest digest = sha256();
    ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.UTF_8);
    // The lists of instances in it hardly shrink; the rest does at any level.
    zip.setLevel(Deflater.BEST_SPEED);
    ZipEntry database = entry(DATABASE_ENTRY, now);
    if (length >= storedFromBytes) {
      database.setMethod(ZipEntry.STORED);
      database.setSize(length);
      database.setCompressedSize(length);
      database.setCrc(crc(copy));
    }
    zip.putNextEntry(database);
    try (InputStream in = new DigestInputStream(Files.newInputStream(copy), digest)) {
      copy(in, zip::write);
    }
    zip.closeEntry();
    zip.putNextEntry(entry(NOTE_ENTRY, now));
    ByteArrayOutputStream note = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), note)) {
      json.writeStartObject();
      json.writeStringProperty("format", "recovery-catalogue");
      json.writeNumberProperty("formatVersion", FORMAT_VERSION);
      json.writeStringProperty("madeAt", now.toString());
      json.writeStringProperty("writtenBy", writtenBy);
      json.writeNumberProperty("lengthBytes", length);
      json.writeStringProperty("sha256", HexFormat.of().formatHex(digest.digest()));
      json.writeEndObject();
    }
    zip.write(note.toByteArray());
    zip.closeEntry();
    zip.finish();
  }

  private static long crc(Path file) throws IOException {
    CRC32 crc = new CRC32();
    try (InputStream in = Files.newInputStream(file)) {
      copy(in, crc::update);
    }
    return crc.getValue();
  }

  @FunctionalInterface
  private interface Taker {
    void take(byte[] bytes, int from, int length) throws IOException;
  }

  private static void copy(InputStream in, Taker taker) throws IOException {
    byte[] piece = new byte[PIECE_BYTES];
    for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
      taker.take(piece, 0, count);
    }
  }

  private static ZipEntry entry(String name, Instant time) {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(time.atOffset(ZoneOffset.UTC).toLocalDateTime());
    return entry;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
