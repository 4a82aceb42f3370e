package serdab.ziptree;

import java.io.InputStream;
import java.io.OutputStream;
import serdab.dicom.StudyVersion;

/// `study-manifest.json` of a version that lies in no ZIP (`docs/format/zip-tree.md` section 3.3,
/// `docs/format/repository.md` section 5.1): the same, and nothing of entries.
public final class StudyDocument {

  private StudyDocument() {}

  /// Writes all that is known of a version.
  ///
  /// @param writtenBy program and version
  public static void write(OutputStream out, StudyVersion version, String writtenBy) {
    Manifest.writeWithoutEntries(out, version, writtenBy);
  }

  /// Reads it again.
  ///
  /// @throws serdab.SerdabException.Damaged `manifest-damaged` when it is not what the format says
  public static StudyVersion read(InputStream in) {
    return Manifest.readWithoutEntries(in);
  }

  /// A text as documents hold it: a lone surrogate, which a damaged file name can hold, has no
  /// UTF-8.
  public static String text(String value) {
    return SafeNames.withoutLoneSurrogates(value);
  }
}
