package serdab.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import serdab.Problem;
import serdab.SerdabException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/// What `.serdab-sentinel` says: which volume this is (`docs/format/volume-sentinel.md`). A volume
/// that is mounted under another name, or another one under its name, is told by it.
///
/// @param id the identity of the volume
/// @param madeAt when it was given, to the second
/// @param writtenBy program and version
public record VolumeSentinel(UUID id, Instant madeAt, String writtenBy) {

  /// The name of the file, in the top folder of a volume or in the folder that is meant.
  public static final String NAME = ".serdab-sentinel";

  private static final String FORMAT = "volume-sentinel";
  private static final int FORMAT_VERSION = 1;
  private static final int BYTES_MAX = 4096;
  private static final int MEMBERS_MAX = 50;

  /// Volumes are rarely mounted deeper.
  private static final int ANCESTORS_MAX = 64;

  /// A sentinel and the folder that it stands in.
  public record Found(Path folder, VolumeSentinel sentinel) {}

  /// The sentinel of exactly this folder; empty when there is none.
  ///
  /// @throws SerdabException.HeldBack when there is one and it cannot be read or understood
  public static Optional<VolumeSentinel> in(Path folder) {
    Path file = folder.resolve(NAME);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    try (InputStream in = Files.newInputStream(file)) {
      return Optional.of(parse(in.readNBytes(BYTES_MAX)));
    } catch (IOException | JacksonException | IllegalArgumentException | DateTimeException e) {
      throw new SerdabException.HeldBack(
          new Problem(
              "volume-sentinel-damaged",
              "The file " + file + " cannot be read or understood.",
              "Bring it back from where you may have kept it. Else delete it, and run once with"
                  + " --adopt when you are sure that this is the right disk."),
          e);
    }
  }

  /// The sentinel that stands in a folder or nearest above it; the folder need not exist.
  ///
  /// @throws SerdabException.HeldBack when there is one and it cannot be read or understood
  public static Optional<Found> above(Path folder) {
    Path at = folder.toAbsolutePath().normalize();
    for (int i = 0; i < ANCESTORS_MAX && at != null; i++) {
      Path here = at;
      Optional<VolumeSentinel> sentinel = in(here);
      if (sentinel.isPresent()) {
        return sentinel.map(found -> new Found(here, found));
      }
      at = at.getParent();
    }
    return Optional.empty();
  }

  /// Gives the volume of a folder an identity, if it has none yet; an existing one stays.
  ///
  /// @param folder an existing folder, best the top one of its volume
  /// @return the sentinel that is there then
  /// @throws SerdabException.Unavailable when it cannot be written
  public static VolumeSentinel make(
      Path folder, InstantSource clock, RandomGenerator random, String writtenBy) {
    Optional<VolumeSentinel> there = in(folder);
    if (there.isPresent()) {
      return there.get();
    }
    VolumeSentinel sentinel =
        new VolumeSentinel(
            randomUuid(random), clock.instant().truncatedTo(ChronoUnit.SECONDS), writtenBy);
    Path beside = folder.resolve(NAME + "." + Long.toHexString(random.nextLong()) + ".part");
    try {
      try (FileChannel out =
          FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(sentinel.json());
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      // Never in place of one that came meanwhile: two programs must agree on one identity.
      if (Files.exists(folder.resolve(NAME), LinkOption.NOFOLLOW_LINKS)) {
        return in(folder).orElse(sentinel);
      }
      Files.move(beside, folder.resolve(NAME));
      return in(folder).filter(sentinel::equals).orElseThrow(() -> notWritten(folder, null));
    } catch (FileAlreadyExistsException e) {
      return in(folder).orElseThrow(() -> notWritten(folder, e));
    } catch (IOException e) {
      throw notWritten(folder, e);
    } finally {
      deleteQuietly(beside);
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // Our own unfinished file; it stands for nothing.
    }
  }

  private static SerdabException.Unavailable notWritten(
      Path folder, @org.jspecify.annotations.Nullable IOException cause) {
    Problem problem =
        new Problem(
            "volume-sentinel-not-written",
            "The file " + NAME + " cannot be written in " + folder + ".",
            "Check that the volume is connected and that you may write to it.");
    return cause == null
        ? new SerdabException.Unavailable(problem)
        : new SerdabException.Unavailable(problem, cause);
  }

  private byte[] json() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(ObjectWriteContext.empty(), out)) {
      json.writeStartObject();
      json.writeStringProperty("format", FORMAT);
      json.writeNumberProperty("formatVersion", FORMAT_VERSION);
      json.writeStringProperty("id", id.toString());
      json.writeStringProperty("madeAt", madeAt.toString());
      json.writeStringProperty("writtenBy", writtenBy);
      json.writeEndObject();
      json.writeRaw('\n');
    }
    return out.toByteArray();
  }

  private static VolumeSentinel parse(byte[] document) {
    Map<String, String> members = new HashMap<>();
    try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), document)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new IllegalArgumentException("no object");
      }
      while (json.nextToken() == JsonToken.PROPERTY_NAME && members.size() < MEMBERS_MAX) {
        String name = json.currentName();
        if (json.nextToken().isScalarValue()) {
          members.put(name, json.getString());
        } else {
          json.skipChildren();
        }
      }
    }
    if (!members.getOrDefault("format", "").equals(FORMAT)) {
      throw new IllegalArgumentException("another format");
    }
    // A later version may say more of the volume; who it is, it says as this one does.
    return new VolumeSentinel(
        UUID.fromString(members.getOrDefault("id", "")),
        Instant.parse(members.getOrDefault("madeAt", "")),
        members.getOrDefault("writtenBy", ""));
  }

  /// A random UUID, version 4 (RFC 9562 section 5.4).
  private static UUID randomUuid(RandomGenerator random) {
    long high = (random.nextLong() & 0xFFFF_FFFF_FFFF_0FFFL) | 0x4000L;
    long low = (random.nextLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }
}
