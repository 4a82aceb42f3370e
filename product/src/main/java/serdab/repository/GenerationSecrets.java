package serdab.repository;

import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.UUID;
import java.util.random.RandomGenerator;
import serdab.Sha256;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;

/// The secret part of one generation: the plaintext of `keys/G.age` (format section 3.1).
record GenerationSecrets(
    int number, AgeIdentity identity, AgeIdentity index, Naming naming, Signer owner) {

  /// Those of a new repository.
  static GenerationSecrets generate(UUID repository, int number, RandomGenerator secure) {
    return new GenerationSecrets(
        number,
        AgeIdentity.generate(secure),
        AgeIdentity.generate(secure),
        Naming.generate(secure),
        Signer.generate(repository, secure));
  }

  /// A later generation: another identity, all else as it was.
  GenerationSecrets next(int number, RandomGenerator secure) {
    return new GenerationSecrets(number, AgeIdentity.generate(secure), index, naming, owner);
  }

  /// The public part, for the owner to sign.
  ///
  /// @param sealed what [#sealed] gave
  /// @param kept the identities of people that the repository keeps
  Generation shown(
      List<AgeRecipient> people, Instant madeAt, byte[] sealed, SortedMap<String, Sha256> kept) {
    return new Generation(
        number,
        identity.recipient(),
        index.recipient(),
        people,
        madeAt,
        Optional.of(Sha256.digest(sealed)),
        kept);
  }

  byte[] sealed(List<AgeRecipient> people, RandomGenerator secure) {
    byte[] plain =
        new SignedDocument(Generation.sealedFile(number))
            .with("generation", number)
            .with("identity", identity.text())
            .with("index", index.text())
            .with("naming", HexFormat.of().formatHex(naming.secret()))
            .with("owner", HexFormat.of().formatHex(owner.seed()))
            .body();
    return AgeFile.seal(people, plain, secure);
  }

  /// @throws serdab.SerdabException.Misconfigured `age-wrong-key` when it is sealed to others
  /// @throws serdab.SerdabException.Damaged when it does not belong to its public part
  static GenerationSecrets open(
      Generation generation, byte[] sealed, List<AgeIdentity> people, OwnerKey ownerKey) {
    String file = Generation.sealedFile(generation.number());
    SignedDocument document = SignedDocument.parse(file, AgeFile.open(sealed, people));
    GenerationSecrets secrets =
        new GenerationSecrets(
            document.number("generation"),
            document.identity("identity"),
            document.identity("index"),
            new Naming(document.hexBytes("naming", Naming.SECRET_BYTES)),
            new Signer(ownerKey.repository(), document.hexBytes("owner", Signer.SEED_BYTES)));
    // Anyone can seal to people; only what the owner signed for counts.
    if (secrets.number() != generation.number()
        || !secrets.identity().recipient().equals(generation.recipient())
        || !secrets.index().recipient().equals(generation.indexRecipient())
        || !OwnerKey.of(secrets.owner()).equals(ownerKey)) {
      throw KeyProblems.unsigned(file);
    }
    return secrets;
  }

  /// Nothing of the secrets.
  @Override
  public String toString() {
    return "secrets of generation " + number;
  }
}
