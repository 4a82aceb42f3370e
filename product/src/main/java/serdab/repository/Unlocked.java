package serdab.repository;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import serdab.SerdabException;
import serdab.repository.age.AgeIdentity;
import serdab.store.BlobStore;

/// A repository's secrets, in memory only: what a person's identity opens.
public final class Unlocked {

  private final OwnerKey owner;
  private final NavigableMap<Integer, GenerationSecrets> generations;

  private Unlocked(OwnerKey owner, SortedMap<Integer, GenerationSecrets> generations) {
    this.owner = owner;
    this.generations = Collections.unmodifiableNavigableMap(new TreeMap<>(generations));
  }

  static Unlocked of(GenerationSecrets secrets) {
    return new Unlocked(
        OwnerKey.of(secrets.owner()), new TreeMap<>(Map.of(secrets.number(), secrets)));
  }

  /// Opens every generation that these identities can open.
  ///
  /// @throws SerdabException.Misconfigured `age-wrong-key` when they open none
  /// @throws SerdabException.Damaged when there is no generation that counts
  static Unlocked open(BlobStore place, OwnerKey owner, List<AgeIdentity> people) {
    SortedMap<Integer, GenerationSecrets> opened = new TreeMap<>();
    Optional<SerdabException> failure = Optional.empty();
    for (Generation generation : Generations.all(place, owner)) {
      try {
        GenerationSecrets secrets =
            KeyFiles.readWithCopies(
                place,
                Generation.sealedFile(generation.number()),
                sealed -> GenerationSecrets.open(generation, sealed, people, owner));
        opened.put(generation.number(), secrets);
      } catch (SerdabException.Misconfigured | SerdabException.Damaged e) {
        failure = Optional.of(e);
      }
    }
    if (opened.isEmpty()) {
      throw failure.orElseGet(() -> KeyProblems.missing(Generation.file(1)));
    }
    return new Unlocked(owner, opened);
  }

  OwnerKey ownerKey() {
    return owner;
  }

  /// Signs as the owner.
  Signer owner() {
    return newest().owner();
  }

  Naming naming() {
    return newest().naming();
  }

  /// Opens labels.
  AgeIdentity index() {
    return newest().index();
  }

  /// One for each opened generation, the newest first.
  List<AgeIdentity> identities() {
    return generations.descendingMap().values().stream().map(GenerationSecrets::identity).toList();
  }

  /// The newest generation that was opened.
  GenerationSecrets newest() {
    return generations.lastEntry().getValue();
  }

  /// These and one more.
  Unlocked with(GenerationSecrets secrets) {
    SortedMap<Integer, GenerationSecrets> more = new TreeMap<>(generations);
    more.put(secrets.number(), secrets);
    return new Unlocked(owner, more);
  }

  /// Nothing secret.
  @Override
  public String toString() {
    return "generations " + generations.keySet();
  }
}
