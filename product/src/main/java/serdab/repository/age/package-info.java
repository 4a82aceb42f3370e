/// Files in the age format, version 1: sealed to X25519 recipients or by a passphrase, opened whole
/// or by range.
///
/// This package knows nothing of repositories.
///
/// @spec https://age-encryption.org/v1 The age file encryption format, version 1
@NullMarked
package serdab.repository.age;

import org.jspecify.annotations.NullMarked;
