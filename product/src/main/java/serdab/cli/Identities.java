package serdab.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import serdab.Problem;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.PersonKeys;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.store.BlobStore;

/// The identities of people, opened in memory for one command and never kept. One thread at a time.
final class Identities {

  private static final long FILE_BYTES_MAX = 1 << 20;

  /// Each costs half a second to try.
  private static final int KEPT_MAX = 10;

  private final KeyOptions options;
  private final Passphrase passphrase;
  private final Map<Sha256, List<AgeIdentity>> opened = new HashMap<>();
  private Optional<char[]> typed = Optional.empty();

  Identities(Surroundings around, KeyOptions options) {
    this.options = options;
    this.passphrase = new Passphrase(around, options.passphraseFile());
  }

  /// Those that open the repository at a place: from the files that were named; else the ones kept
  /// in the repository, when a passphrase is given or typed. Empty when there are none, or nobody
  /// gives a passphrase.
  ///
  /// @throws SerdabException.Misconfigured `age-wrong-passphrase`, `age-key-malformed`,
  ///   `identity-not-readable`, `passphrase-needed`
  List<AgeIdentity> of(BlobStore place) {
    if (options == KeyOptions.NONE) {
      return List.of();
    }
    return options.identities().isEmpty() ? kept(place) : named();
  }

  /// Whether somebody named the files with them.
  boolean areNamed() {
    return !options.identities().isEmpty();
  }

  private List<AgeIdentity> named() {
    List<AgeIdentity> all = new ArrayList<>();
    for (String name : options.identities()) {
      byte[] file = read(name);
      all.addAll(
          isSealed(file)
              ? open(file, passphrase().orElseThrow(Passphrase::needed))
              : AgeIdentity.parseFile(text(file)));
    }
    return all;
  }

  private List<AgeIdentity> kept(BlobStore place) {
    List<String> names = PersonKeys.names(place);
    if (names.isEmpty()) {
      return List.of();
    }
    Optional<char[]> secret = passphrase();
    if (secret.isEmpty()) {
      return List.of();
    }
    Optional<SerdabException> failure = Optional.empty();
    for (String name : names.subList(0, Math.min(names.size(), KEPT_MAX))) {
      try {
        return open(PersonKeys.read(place, name), secret.get());
      } catch (SerdabException.Misconfigured | SerdabException.Damaged e) {
        failure = Optional.of(e);
      }
    }
    throw failure.orElseThrow();
  }

  private List<AgeIdentity> open(byte[] sealed, char[] secret) {
    Sha256 digest = Sha256.digest(sealed);
    List<AgeIdentity> there = opened.get(digest);
    if (there == null) {
      there = AgeIdentity.parseFile(text(AgeFile.openWithPassphrase(sealed, secret)));
      opened.put(digest, there);
    }
    return there;
  }

  private Optional<char[]> passphrase() {
    if (typed.isEmpty()) {
      typed = passphrase.givenOrTyped();
    }
    return typed;
  }

  static boolean isSealed(byte[] file) {
    String start = new String(file, 0, Math.min(file.length, 40), StandardCharsets.ISO_8859_1);
    return start.startsWith("age-encryption.org/") || start.startsWith("-----BEGIN AGE ");
  }

  private static String text(byte[] file) {
    return new String(file, StandardCharsets.UTF_8);
  }

  private static byte[] read(String name) {
    try {
      Path path = Path.of(name);
      if (Files.size(path) <= FILE_BYTES_MAX) {
        return Files.readAllBytes(path);
      }
    } catch (IOException | InvalidPathException e) {
      // Said below.
    }
    throw new SerdabException.Misconfigured(
        new Problem(
            "identity-not-readable",
            "The identity file " + name + " cannot be read.",
            "Name the file that repository init wrote, or that age-keygen made."));
  }
}
