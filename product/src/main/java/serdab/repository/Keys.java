package serdab.repository;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.UUID;
import java.util.random.RandomGenerator;
import serdab.Sha256;
import serdab.repository.age.AgeRecipient;
import serdab.store.BlobStore;

/// Makes and changes who may open and who may write. Everything but [#create] needs a person's
/// identity.
///
/// Chance must be of a kind that nobody can predict.
final class Keys {

  /// How often a number is tried anew when somebody else took it.
  private static final int TRIES_MAX = 100;

  private static final int NAME_CHARACTERS_MAX = 200;

  private Keys() {}

  /// Makes the first generation of a new repository and an owner. `repository.json` with the
  /// owner's key is the caller's to write, after this.
  static Unlocked create(
      BlobStore place,
      UUID repository,
      List<AgeRecipient> people,
      Instant now,
      RandomGenerator secure) {
    GenerationSecrets secrets =
        GenerationSecrets.generate(repository, Generations.free(place), secure);
    return Unlocked.of(write(place, secrets, people, PersonKeys.digests(place), now, secure));
  }

  /// Makes another generation, for these people alone. Groups are not sealed to it yet: that is
  /// [Rotation#reseal].
  ///
  /// @throws serdab.SerdabException.Refused `repository-newest-key-closed` when `unlocked` is of
  ///   somebody who was left out of the newest
  static Unlocked next(
      BlobStore place,
      Unlocked unlocked,
      List<AgeRecipient> people,
      Instant now,
      RandomGenerator secure) {
    Generation newest = Generations.newest(place, unlocked.ownerKey());
    if (unlocked.newest().number() != newest.number()) {
      throw KeyProblems.newestNotOpened();
    }
    GenerationSecrets secrets = unlocked.newest().next(Generations.free(place), secure);
    return unlocked.with(write(place, secrets, people, newest.kept(), now, secure));
  }

  /// The sealed part first: a generation that counts can always be opened. A number whose sealed
  /// part was written by a run that ended there stays unused.
  private static GenerationSecrets write(
      BlobStore place,
      GenerationSecrets first,
      List<AgeRecipient> people,
      SortedMap<String, Sha256> kept,
      Instant now,
      RandomGenerator secure) {
    GenerationSecrets secrets = first;
    for (int i = 0; i < TRIES_MAX; i++) {
      int number = secrets.number();
      byte[] sealed = secrets.sealed(people, secure);
      if (KeyFiles.write(place, Generation.sealedFile(number), sealed)
          && KeyFiles.write(
              place,
              Generation.file(number),
              secrets.shown(people, now, sealed, kept).signed(secrets.owner()))) {
        return secrets;
      }
      secrets = secrets.next(Math.max(Generations.free(place), number + 1), secure);
    }
    throw new IllegalStateException("no free number for a generation after " + TRIES_MAX);
  }

  /// Lets a machine write; what it has to keep at home.
  ///
  /// @param name of the machine, for people; it is not sealed
  static WriterKeys enrol(
      BlobStore place, Unlocked unlocked, String name, Instant now, RandomGenerator secure) {
    Signer signer = Signer.generate(unlocked.ownerKey().repository(), secure);
    String shortened =
        name.codePoints()
            .filter(c -> !Character.isISOControl(c))
            .limit(NAME_CHARACTERS_MAX)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    Writer writer = new Writer(signer.id(), shortened, signer.publicKey(), now, Optional.empty());
    if (!KeyFiles.write(place, writer.file(), writer.signed(unlocked.owner()))) {
      throw new IllegalStateException("two writers with one id: chance is not what it should be");
    }
    return new WriterKeys(
        unlocked.ownerKey(),
        signer,
        unlocked.index(),
        unlocked.naming(),
        Generations.newest(place, unlocked.ownerKey()));
  }

  /// Lets a machine write no more, from a time on; what it wrote before stays. Of several
  /// revocations of one machine the first stands.
  ///
  /// @throws serdab.SerdabException.Refused `repository-writer-unknown`
  static void revoke(BlobStore place, Unlocked unlocked, String id, Instant from) {
    Writer enrolled =
        Writers.read(place, unlocked.ownerKey()).find(id).orElseThrow(KeyProblems::notEnrolled);
    Writer revoked =
        new Writer(id, enrolled.name(), enrolled.key(), enrolled.enrolledAt(), Optional.of(from));
    KeyFiles.write(place, revoked.file(), revoked.signed(unlocked.owner()));
  }
}
