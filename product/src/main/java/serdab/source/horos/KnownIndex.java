package serdab.source.horos;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;

/// What was found out about an index, kept between runs so that one that did not change is not
/// checked from end to end again. Losing it costs one check.
///
/// @param checkedAt when it was found out
/// @param state fingerprint of the index then
/// @param sound whether integrity_check found nothing wrong
/// @param made fingerprint of what people made
/// @param madeFiles how many files that is
record KnownIndex(Instant checkedAt, String state, boolean sound, String made, long madeFiles) {

  /// An index that changed is checked again after this time: it changes with every click of the
  /// viewer's user, a check of a large one takes a minute, and a copy is made hourly at most.
  static final Duration CHECKED_AGAIN_AFTER = Duration.ofMinutes(55);

  private static final String FORMAT = "known-index-1";
  private static final int BYTES_MAX = 4096;

  /// Whether it still says all that is needed.
  boolean isOf(String present) {
    return state.equals(present);
  }

  boolean isRecent(Instant now) {
    return !checkedAt.isAfter(now) && now.isBefore(checkedAt.plus(CHECKED_AGAIN_AFTER));
  }

  /// What was found out; empty when nothing was, or it cannot be understood.
  static Optional<KnownIndex> read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      List<String> lines =
          new String(in.readNBytes(BYTES_MAX), StandardCharsets.UTF_8).lines().toList();
      return lines.size() == 6 && lines.getFirst().equals(FORMAT)
          ? Optional.of(
              new KnownIndex(
                  Instant.parse(lines.get(1)),
                  lines.get(2),
                  Boolean.parseBoolean(lines.get(3)),
                  lines.get(4),
                  Long.parseLong(lines.get(5))))
          : Optional.empty();
    } catch (IOException | DateTimeParseException | NumberFormatException e) {
      return Optional.empty();
    }
  }

  /// Keeps it for later runs.
  void write(Path file) throws IOException {
    Path beside = file.resolveSibling(file.getFileName() + ".part");
    Files.writeString(
        beside,
        String.join(
            "\n", FORMAT, checkedAt.toString(), state, "" + sound, made, "" + madeFiles, ""));
    Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
  }
}
