package serdab.dicom;

import java.util.List;
import java.util.Optional;
import serdab.Sha256;

/// The digests of one file, as `docs/format/digests.md` defines them. Their names carry their
/// versions and go into manifests as they are.
///
/// @param file of the whole file
/// @param dataSet of everything behind the File Meta Information, as stored
/// @param canonical of tags and normalised values: equal when a peer only re-encoded the data set
/// @param pixel of the bytes of the frames: equal when only the header changed
/// @param absent why those that are empty are empty
public record FileDigests(
    Sha256 file,
    Optional<Sha256> dataSet,
    Optional<Sha256> canonical,
    Optional<Sha256> pixel,
    List<Absent> absent) {

  public static final String FILE = "file-sha256-v1";
  public static final String DATA_SET = "data-set-sha256-v1";
  public static final String CANONICAL = "canonical-sha256-v1";
  public static final String PIXEL = "pixel-sha256-v1";

  public FileDigests {
    absent = List.copyOf(absent);
  }

  public FileDigests(
      Sha256 file, Optional<Sha256> dataSet, Optional<Sha256> canonical, Optional<Sha256> pixel) {
    this(file, dataSet, canonical, pixel, List.of());
  }

  /// A digest that this file has not.
  ///
  /// @param digest its name
  /// @param reason for a person to read; holds no value from the file
  public record Absent(String digest, String reason) {}

  static FileDigests fileOnly(Sha256 file, String reason) {
    return new FileDigests(
        file,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(
            new Absent(DATA_SET, reason),
            new Absent(CANONICAL, reason),
            new Absent(PIXEL, reason)));
  }
}
