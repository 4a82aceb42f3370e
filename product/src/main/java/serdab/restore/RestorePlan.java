package serdab.restore;

import java.util.List;
import java.util.OptionalLong;

/// What a restore would bring back; nothing was written.
///
/// @param studies studies and groups of other files that match
/// @param files files that would be written
/// @param bytes how many bytes those have
/// @param filesThere files that are there already and would not be written
/// @param filesLeftOut files that cannot be brought back this way
/// @param room bytes that can be written there; empty where the volume does not say
/// @param gaps what could not be brought back, as far as it is known without reading the files
/// @param notices what rejection notes reject, and what to look at
public record RestorePlan(
    long studies,
    long files,
    long bytes,
    long filesThere,
    long filesLeftOut,
    OptionalLong room,
    List<RestoreReport.Gap> gaps,
    RestoreNotices notices) {

  /// No form stores files in less than this part of their length, so this many times what is stored
  /// is enough room without reading every manifest. Deflate's limit is about 1032.
  static final long EXPANSION_MAX = 1_040;

  public RestorePlan {
    gaps = List.copyOf(gaps);
  }

  /// Whether everything fits, as far as the volume says.
  public boolean fits() {
    return room.isEmpty() || bytes <= room.getAsLong();
  }
}
