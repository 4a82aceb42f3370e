package serdab.plan;

import java.util.Optional;

/// What naming copies needs beyond the profile that a plan names.
///
/// @param pseudonymKey where the key is kept that turns patients into pseudonyms; needed by the
///   profile `pseudonym`
/// @param pseudonymMapping absolute path of the file that tells which pseudonym stands for which
///   patient; the user keeps it away from the copies
/// @param catalogueCopies whether destinations named by pseudonyms get copies of the catalogue too,
///   which names patients
public record NameSettings(
    Optional<SecretReference> pseudonymKey,
    Optional<String> pseudonymMapping,
    boolean catalogueCopies) {

  public static final NameSettings NONE =
      new NameSettings(Optional.empty(), Optional.empty(), false);
}
