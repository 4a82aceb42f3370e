package serdab.repository;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import serdab.Problem;
import serdab.SerdabException;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeRecipient;
import serdab.store.BlobStore;

/// What a person does with the keys of a repository: who can open it, who may write to it. One
/// thread at a time.
///
/// Reading needs no key. Everything that changes something needs a person's identity.
public final class KeyWork {

  private final BlobStore place;
  private final OwnerKey owner;
  private final InstantSource clock;
  private final RandomGenerator secure;

  /// @param place where the repository is; stays open
  /// @param secure a generator that nobody can predict
  /// @throws SerdabException.Refused `repository-missing`
  public KeyWork(BlobStore place, InstantSource clock, RandomGenerator secure) {
    this.place = place;
    this.owner = Repository.identity(place);
    this.clock = clock;
    this.secure = secure;
  }

  /// A generation of the repository's identity.
  ///
  /// @param people who can open it
  public record KeyGeneration(int number, Instant madeAt, List<AgeRecipient> people) {

    public KeyGeneration {
      people = List.copyOf(people);
    }
  }

  /// A machine that may write, or might.
  ///
  /// @param id 32 hexadecimal digits
  /// @param name as whoever enrolled it called it
  /// @param revokedAt from when on it may no more
  public record Machine(String id, String name, Instant enrolledAt, Optional<Instant> revokedAt) {}

  /// What a change of keys did.
  ///
  /// @param generation the newest now
  /// @param groups how many groups were sealed to it in this run
  /// @param left what kept others from it
  public record Rotated(int generation, int groups, List<Problem> left) {

    public Rotated {
      left = List.copyOf(left);
    }
  }

  /// Every generation that counts, the oldest first.
  ///
  /// @throws SerdabException.Damaged when none does
  public List<KeyGeneration> generations() {
    return Generations.all(place, owner).stream()
        .map(each -> new KeyGeneration(each.number(), each.madeAt(), each.people()))
        .toList();
  }

  /// How many groups are not sealed to the newest generation yet: a rotation was interrupted.
  public int groupsPending() {
    return Rotation.pending(place, owner);
  }

  /// Every machine that was ever enrolled, the first first.
  public List<Machine> machines() {
    return Writers.read(place, owner).all().stream()
        .map(each -> new Machine(each.id(), each.name(), each.enrolledAt(), each.revokedAt()))
        .sorted(Comparator.comparing(Machine::enrolledAt).thenComparing(Machine::id))
        .toList();
  }

  /// Lets a machine write; what it has to keep at home.
  ///
  /// @param name of the machine, for people; it is not sealed
  /// @throws SerdabException.Misconfigured `age-wrong-key`
  public WriterKeys enrol(List<AgeIdentity> person, String name) {
    return Keys.enrol(place, unlocked(person), name, clock.instant(), secure);
  }

  /// Lets a machine write no more, from now on; what it wrote before stays.
  ///
  /// @throws SerdabException.Refused `repository-writer-unknown`
  /// @throws SerdabException.Misconfigured `age-wrong-key`
  public void revoke(List<AgeIdentity> person, String machine) {
    Keys.revoke(place, unlocked(person), machine, clock.instant());
  }

  /// Makes a generation for the people of the newest one, and seals every group to it. When groups
  /// are left from a rotation that was interrupted, it goes on with that one instead.
  ///
  /// @throws SerdabException.Misconfigured `age-wrong-key`
  public Rotated rotate(List<AgeIdentity> person) {
    Unlocked unlocked = unlocked(person);
    return groupsPending() > 0
        ? reseal(unlocked)
        : next(unlocked, Generations.newest(place, owner).people());
  }

  /// Lets another person open everything, from a new generation on.
  public Rotated add(List<AgeIdentity> person, AgeRecipient another) {
    List<AgeRecipient> people = new ArrayList<>(Generations.newest(place, owner).people());
    if (!people.contains(another)) {
      people.add(another);
    }
    return next(unlocked(person), people);
  }

  /// Leaves a person out of a new generation. What was sealed before can still be opened by who
  /// kept a copy of it.
  ///
  /// @throws SerdabException.Refused `repository-person-unknown`, `repository-last-person`
  public Rotated remove(List<AgeIdentity> person, AgeRecipient former) {
    List<AgeRecipient> people = new ArrayList<>(Generations.newest(place, owner).people());
    if (!people.remove(former)) {
      throw KeyProblems.personUnknown();
    }
    if (people.isEmpty()) {
      throw KeyProblems.lastPerson();
    }
    return next(unlocked(person), people);
  }

  private Rotated next(Unlocked unlocked, List<AgeRecipient> people) {
    return reseal(Keys.next(place, unlocked, people, clock.instant(), secure));
  }

  private Rotated reseal(Unlocked unlocked) {
    Rotation.Resealed done = Rotation.reseal(place, unlocked, clock, secure);
    return new Rotated(
        done.generation(),
        done.done(),
        done.left().values().stream().map(SerdabException::problem).toList());
  }

  private Unlocked unlocked(List<AgeIdentity> person) {
    if (person.isEmpty()) {
      throw Problems.needsIdentity();
    }
    Unlocked unlocked = Unlocked.open(place, owner, person);
    if (unlocked.newest().number() != Generations.newest(place, owner).number()) {
      throw KeyProblems.newestNotOpened();
    }
    return unlocked;
  }
}
