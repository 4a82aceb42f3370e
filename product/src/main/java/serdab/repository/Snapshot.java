package serdab.repository;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.Sha256;

/// One committed version of one group.
///
/// @param at the session and number that name it, as `SESSION/00000001`
/// @param groupKey the group's key; never logged
/// @param version the version's name
/// @param supersedes the version before it, as it was told
/// @param files how many files it has
/// @param lengthBytes the sum of their lengths
/// @param storedBytes what was added to the place for it
/// @param time when it was committed, by the writer's clock
/// @param packs every pack it needs, in the order of their ordinals
public record Snapshot(
    String at,
    String groupKey,
    String version,
    Optional<String> supersedes,
    long files,
    long lengthBytes,
    long storedBytes,
    Instant time,
    List<PackName> packs) {

  public Snapshot {
    packs = List.copyOf(packs);
  }

  /// A pack as a version refers to it.
  ///
  /// @param digest of its stored bytes, which is its name
  /// @param storedBytes its length
  public record PackName(Sha256 digest, long storedBytes) {}
}
