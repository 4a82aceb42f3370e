package serdab.repository;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import serdab.Sha256;
import serdab.repository.age.AgeRecipient;

/// The public part of one generation of a repository's keys: `keys/G.json` (format section 3.1).
///
/// @param number from 1
/// @param recipient what group identities are sealed to
/// @param indexRecipient what labels are sealed to
/// @param people who can open the secret part
/// @param sealed the SHA-256 of the sealed secret part, `keys/G.age`; empty in one from before it
///   was written down
/// @param kept the SHA-256 of the identities of people that the repository keeps, by their files;
///   empty in one from before they were written down
record Generation(
    int number,
    AgeRecipient recipient,
    AgeRecipient indexRecipient,
    List<AgeRecipient> people,
    Instant madeAt,
    Optional<Sha256> sealed,
    SortedMap<String, Sha256> kept) {

  Generation {
    people = List.copyOf(people);
    kept = Collections.unmodifiableSortedMap(new TreeMap<>(kept));
  }

  static String file(int number) {
    return "keys/" + number + ".json";
  }

  static String sealedFile(int number) {
    return "keys/" + number + ".age";
  }

  byte[] signed(Signer owner) {
    String file = file(number);
    SignedDocument document =
        new SignedDocument(file)
            .with("generation", number)
            .with("recipient", recipient.text())
            .with("indexRecipient", indexRecipient.text())
            .with("people", people.stream().map(AgeRecipient::text).toList())
            .with("madeAt", madeAt.toString());
    sealed.ifPresent(digest -> document.with("sealed", digest.hex()));
    if (!kept.isEmpty()) {
      document.with(
          "kept",
          kept.entrySet().stream()
              .map(each -> each.getKey() + " " + each.getValue().hex())
              .toList());
    }
    return document.signed(file, owner);
  }

  /// @throws serdab.SerdabException.Damaged when it is malformed, or not signed by the owner
  static Generation read(int number, byte[] bytes, OwnerKey owner) {
    SignedDocument document = owner.read(file(number), bytes);
    if (document.number("generation") != number) {
      throw KeyProblems.malformed(file(number));
    }
    return of(document);
  }

  static Generation of(SignedDocument document) {
    return new Generation(
        document.number("generation"),
        document.recipient("recipient"),
        document.recipient("indexRecipient"),
        document.recipients("people"),
        document.time("madeAt"),
        document.digestIfThere("sealed"),
        document.digestsIfThere("kept"));
  }
}
