package serdab.restore;

import java.util.Optional;
import serdab.dicom.StudyKey;

/// The groups of other files that a backup of a viewer's library has, by the names of their keys.
final class Groups {

  private static final String OTHER = "_other/";
  private static final String LIBRARY = "_library/";

  /// The library of groups that were kept without its name, as earlier releases did.
  static final String UNNAMED = "";

  private Groups() {}

  /// A group of one library.
  ///
  /// @param library its name; [#UNNAMED] for groups under `_other/`
  /// @param name such as `index` or `reports`
  record Group(String library, String name) {}

  static boolean isGroup(StudyKey key) {
    return key.value().startsWith(OTHER) || key.value().startsWith(LIBRARY);
  }

  /// Which group a key means; empty for a study.
  static Optional<Group> of(StudyKey key) {
    String value = key.value();
    if (value.startsWith(OTHER)) {
      return Optional.of(new Group(UNNAMED, value.substring(OTHER.length())));
    }
    int slash = value.indexOf('/', LIBRARY.length());
    return value.startsWith(LIBRARY) && slash > 0
        ? Optional.of(
            new Group(value.substring(LIBRARY.length(), slash), value.substring(slash + 1)))
        : Optional.empty();
  }
}
