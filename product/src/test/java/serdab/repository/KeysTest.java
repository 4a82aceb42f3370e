package serdab.repository;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.testing.SeededTest;
import serdab.testing.world.FaultyStore;

class KeysTest {

  private static final UUID REPOSITORY = UUID.fromString("0f6c5b0e-6d0c-4b5e-9d0f-2f1f3a8f9c11");
  private static final Instant NOW = Instant.parse("2026-11-20T10:00:00Z");
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);

  private final Random random = new Random(5);
  private final FaultyStore place = new FaultyStore(random, CLOCK);
  private final AgeIdentity alice = AgeIdentity.generate(random);
  private final AgeIdentity bob = AgeIdentity.generate(random);

  @Test
  void aPersonOpensWhatWasSealedToPeople() {
    Unlocked made = Keys.create(place, REPOSITORY, people(alice, bob), NOW, random);

    Unlocked opened = Unlocked.open(place, made.ownerKey(), List.of(bob));

    assertThat(opened.naming().group("1.2")).isEqualTo(made.naming().group("1.2"));
    assertThat(opened.owner().publicKey()).isEqualTo(made.owner().publicKey());
    assertThat(opened.identities().getFirst().text())
        .isEqualTo(made.identities().getFirst().text());
  }

  @Test
  void anotherPersonOpensNothing() {
    Unlocked made = Keys.create(place, REPOSITORY, people(alice), NOW, random);

    var failure =
        catchThrowableOfType(
            SerdabException.Misconfigured.class,
            () -> Unlocked.open(place, made.ownerKey(), List.of(bob)));

    assertThat(failure.problem().code()).isEqualTo("age-wrong-key");
  }

  @Test
  void keysThatAnotherOwnerWroteDoNotCount() {
    Unlocked made = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    Unlocked other = Keys.create(place, REPOSITORY, people(alice), NOW, random);

    assertThat(Generations.all(place, made.ownerKey())).hasSize(1);
    assertThat(Generations.newest(place, other.ownerKey()).number()).isEqualTo(2);
    assertThat(Unlocked.open(place, made.ownerKey(), List.of(alice)).owner().publicKey())
        .isEqualTo(made.owner().publicKey());
  }

  @Test
  void secretsOfThePeopleThatTheOwnerDidNotSignForAreRefused() {
    Unlocked made = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    GenerationSecrets forged = GenerationSecrets.generate(REPOSITORY, 1, random);
    place.lose("keys/1.age");
    place.put("keys/1.age", forged.sealed(people(alice), random));

    assertThatThrownBy(() -> Unlocked.open(place, made.ownerKey(), List.of(alice)))
        .isInstanceOf(SerdabException.Damaged.class)
        .hasMessageContaining("repository-signature-wrong");
  }

  @SeededTest(runs = 200)
  void everyFlippedBitOfASignedDocumentIsFound(RandomGenerator random) {
    FaultyStore place = new FaultyStore(random, CLOCK);
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    WriterKeys writer = Keys.enrol(place, owner, "reading room \"1\"", NOW, random);
    String file = Writer.file(writer.id());
    byte[] document = KeyFiles.require(place, file);
    // The last byte is the line feed, which is not signed.
    int bit = random.nextInt((document.length - 1) * 8);

    document[bit / 8] ^= (byte) (1 << (bit % 8));

    assertThatThrownBy(() -> Writer.read(file, document, owner.ownerKey()))
        .isInstanceOf(SerdabException.Damaged.class);
  }

  @Test
  void aSignatureIsForOneSubjectOfOneRepository() {
    Signer signer = Signer.generate(REPOSITORY, random);
    byte[] body = "{\"a\":1}".getBytes(UTF_8);
    String signature = signer.sign("snapshots/x", body);

    assertThat(Signatures.check(REPOSITORY, signer.publicKey(), "snapshots/x", body, signature))
        .isTrue();
    assertThat(Signatures.check(REPOSITORY, signer.publicKey(), "snapshots/y", body, signature))
        .isFalse();
    assertThat(Signatures.check(new UUID(0, 1), signer.publicKey(), "snapshots/x", body, signature))
        .isFalse();
    assertThat(
            Signatures.check(
                REPOSITORY,
                Signer.generate(REPOSITORY, random).publicKey(),
                "snapshots/x",
                body,
                signature))
        .isFalse();
    assertThat(Signatures.check(REPOSITORY, signer.publicKey(), "snapshots/x", body, "no base64!"))
        .isFalse();
    assertThat(Signatures.check(REPOSITORY, new byte[32], "snapshots/x", body, signature))
        .isFalse();
  }

  /// RFC 8032 section 7.1, test 1.
  @Test
  void thePublicKeyBelongsToTheSeed() {
    Signer signer =
        new Signer(
            REPOSITORY,
            HexFormat.of()
                .parseHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));

    assertThat(HexFormat.of().formatHex(signer.publicKey()))
        .isEqualTo("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  }

  @Test
  void whatAWriterKeepsSurvivesBeingAFileAndOpensNoPack() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    WriterKeys made = Keys.enrol(place, owner, "Câmara ☢", NOW, random);

    byte[] json = made.json();
    WriterKeys read = WriterKeys.parse(json);

    assertThat(read.id()).isEqualTo(made.id());
    assertThat(read.owner()).isEqualTo(owner.ownerKey());
    assertThat(read.newest()).isEqualTo(Generations.newest(place, owner.ownerKey()));
    assertThat(read.naming().version("v")).isEqualTo(owner.naming().version("v"));
    assertThat(read.index().text()).isEqualTo(owner.index().text());
    assertThat(new String(json, UTF_8))
        .doesNotContain(owner.identities().getFirst().text())
        .doesNotContain(HexFormat.of().formatHex(owner.owner().seed()));
    assertThat(Writers.read(place, owner.ownerKey()).find(made.id()).orElseThrow().name())
        .isEqualTo("Câmara ☢");
    byte[] group = group(owner, made, "1.2").identity();
    assertThatThrownBy(() -> AgeFile.open(group, List.of(read.index())))
        .hasMessageContaining("age-wrong-key");
  }

  @Test
  void aRevokedWritersSignaturesCountUntilThen() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    WriterKeys writer = Keys.enrol(place, owner, "one", NOW, random);
    byte[] body = {1};
    String signature = writer.signer().sign("x", body);

    Keys.revoke(place, owner, writer.id(), NOW.plusSeconds(60));
    Keys.revoke(place, owner, writer.id(), NOW.plusSeconds(600));

    Writers writers = Writers.read(place, owner.ownerKey());
    assertThat(writers.signed(writer.id(), NOW.plusSeconds(59), "x", body, signature)).isTrue();
    assertThat(writers.signed(writer.id(), NOW.plusSeconds(60), "x", body, signature)).isFalse();
    assertThat(writers.signed("0".repeat(32), NOW, "x", body, signature)).isFalse();
  }

  @Test
  void aMachineThatWasNotEnrolledCannotBeRevoked() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);

    assertThatThrownBy(() -> Keys.revoke(place, owner, "0".repeat(32), NOW))
        .hasMessageContaining("repository-writer-unknown");
  }

  @Test
  void nobodyCanEnrolAWriterWithoutTheOwner() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    WriterKeys writer = Keys.enrol(place, owner, "one", NOW, random);
    Signer intruder = Signer.generate(REPOSITORY, random);
    Writer forged =
        new Writer(intruder.id(), "forged", intruder.publicKey(), NOW, java.util.Optional.empty());
    place.put(forged.file(), forged.signed(intruder));

    Writers writers = Writers.read(place, owner.ownerKey());

    assertThat(writers.find(intruder.id())).isEmpty();
    assertThat(writers.unread()).hasSize(1);
    assertThat(writers.find(writer.id())).isPresent();
  }

  @Test
  void aGroupsIdentityIsTheOneThatItsRecipientSays() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    WriterKeys writer = Keys.enrol(place, owner, "one", NOW, random);
    GroupKey group = group(owner, writer, "1.2");

    GroupKey read = newest(owner, group.group());

    assertThat(read.open(owner.identities()).recipient()).isEqualTo(group.recipient());
    GroupKey mixed =
        new GroupKey(group.group(), 1, alice.recipient(), group.identity(), writer.id(), NOW);
    assertThatThrownBy(() -> mixed.open(owner.identities()))
        .hasMessageContaining("repository-signature-wrong");
  }

  @Test
  void aGroupThatNoWriterSignedIsRefused() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    WriterKeys writer = Keys.enrol(place, owner, "one", NOW, random);
    GroupKey group = group(owner, writer, "1.2");
    String file = GroupKey.file(group.group(), 9);
    GroupKey forged =
        new GroupKey(group.group(), 9, alice.recipient(), group.identity(), writer.id(), NOW);
    place.put(file, forged.signed(Signer.generate(REPOSITORY, random)));

    assertThat(newest(owner, group.group()).generation()).isEqualTo(1);
    place.lose(GroupKey.file(group.group(), 1));
    assertThatThrownBy(() -> newest(owner, group.group()))
        .hasMessageContaining("repository-signature-wrong");
  }

  @Test
  void afterARotationNewPeopleOpenEveryGroupAndNothingElseChanged() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice, bob), NOW, random);
    WriterKeys writer = Keys.enrol(place, owner, "one", NOW, random);
    List<GroupKey> groups =
        List.of(group(owner, writer, "1"), group(owner, writer, "2"), group(owner, writer, "3"));
    place.put("packs/ab/" + "ab".repeat(32) + ".age", new byte[100]);
    place.put("erased/" + groups.get(2).group() + ".json", new byte[1]);
    Map<String, Sha256> before = place.digests();

    Unlocked next = Keys.next(place, owner, people(alice), NOW, random);
    assertThat(Rotation.pending(place, owner.ownerKey())).isEqualTo(2);
    Rotation.Resealed resealed = Rotation.reseal(place, next, CLOCK, random);

    assertThat(resealed.done()).isEqualTo(2);
    assertThat(resealed.left()).isEmpty();
    assertThat(Rotation.pending(place, owner.ownerKey())).isZero();
    assertThat(place.digests()).containsAllEntriesOf(before).hasSize(before.size() + 4);
    AgeIdentity second = next.newest().identity();
    for (GroupKey group : groups.subList(0, 2)) {
      GroupKey read = newest(owner, group.group());
      assertThat(read.generation()).isEqualTo(2);
      assertThat(read.open(List.of(second)).recipient()).isEqualTo(group.recipient());
    }
    assertThatThrownBy(() -> newest(owner, groups.getFirst().group()).open(bobs(owner.ownerKey())))
        .hasMessageContaining("age-wrong-key");
  }

  @Test
  void whoWasLeftOutCannotRotate() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice, bob), NOW, random);
    Keys.next(place, owner, people(alice), NOW, random);

    Unlocked left = Unlocked.open(place, owner.ownerKey(), List.of(bob));

    assertThatThrownBy(() -> Keys.next(place, left, people(bob), NOW, random))
        .hasMessageContaining("repository-newest-key-closed");
  }

  @Test
  void aDamagedGroupDoesNotStopTheOthers() {
    Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
    WriterKeys writer = Keys.enrol(place, owner, "one", NOW, random);
    GroupKey first = group(owner, writer, "1");
    group(owner, writer, "2");
    place.flipBit(GroupKey.file(first.group(), 1), 100 * 8);

    Unlocked next = Keys.next(place, owner, people(alice), NOW, random);
    Rotation.Resealed resealed = Rotation.reseal(place, next, CLOCK, random);

    assertThat(resealed.done()).isEqualTo(1);
    assertThat(resealed.left()).containsOnlyKeys(first.group());
  }

  /// Each call of the rotation fails once, in a place of its own; a second run then completes it.
  @Test
  void aRotationThatEndsAnywhereGoesOn() {
    long calls = 0;
    int interrupted = 0;
    for (long failing = 1; failing <= calls || calls == 0; failing++) {
      FaultyStore place = new FaultyStore(new Random(1), CLOCK);
      Unlocked owner = Keys.create(place, REPOSITORY, people(alice), NOW, random);
      WriterKeys writer = Keys.enrol(place, owner, "one", NOW, random);
      Map<String, String> recipients = new HashMap<>();
      for (int i = 0; i < 4; i++) {
        GroupKey group = group(place, owner, writer, "study " + i);
        recipients.put(group.group(), group.recipient().text());
      }
      Map<String, Sha256> before = place.digests();
      long began = place.calls();
      place.failAt(began + failing);
      try {
        Unlocked next = Keys.next(place, owner, people(alice), NOW, random);
        Rotation.reseal(place, next, CLOCK, random);
        calls = failing - 1;
      } catch (SerdabException.Unavailable e) {
        interrupted++;
        calls = Long.MAX_VALUE;
      }
      place.behave();

      Unlocked again = Unlocked.open(place, owner.ownerKey(), List.of(alice));
      if (Generations.newest(place, owner.ownerKey()).number() == 1) {
        again = Keys.next(place, again, people(alice), NOW, random);
      }
      Rotation.reseal(place, again, CLOCK, random);

      int newest = Generations.newest(place, owner.ownerKey()).number();
      assertThat(newest).isGreaterThan(1);
      assertThat(Rotation.pending(place, owner.ownerKey())).isZero();
      assertThat(place.digests()).containsAllEntriesOf(before);
      Writers writers = Writers.read(place, owner.ownerKey());
      for (String group : recipients.keySet()) {
        GroupKey key = GroupKey.newest(place, group, writers).orElseThrow();
        assertThat(key.generation()).isEqualTo(newest);
        assertThat(key.open(List.of(again.newest().identity())).recipient().text())
            .isEqualTo(recipients.get(group));
      }
    }
    assertThat(interrupted).isGreaterThan(20);
  }

  private List<AgeIdentity> bobs(OwnerKey owner) {
    return Unlocked.open(place, owner, List.of(bob)).identities();
  }

  private GroupKey newest(Unlocked owner, String group) {
    return GroupKey.newest(place, group, Writers.read(place, owner.ownerKey())).orElseThrow();
  }

  private GroupKey group(Unlocked owner, WriterKeys writer, String key) {
    return group(place, owner, writer, key);
  }

  private GroupKey group(FaultyStore place, Unlocked owner, WriterKeys writer, String key) {
    String name = writer.naming().group(key);
    GroupKey group =
        GroupKey.seal(
            name,
            Generations.newest(place, owner.ownerKey()),
            AgeIdentity.generate(random),
            writer.id(),
            NOW,
            random);
    assertThat(
            KeyFiles.write(
                place, GroupKey.file(name, group.generation()), group.signed(writer.signer())))
        .isTrue();
    return group;
  }

  private static List<serdab.repository.age.AgeRecipient> people(AgeIdentity... people) {
    return java.util.Arrays.stream(people).map(AgeIdentity::recipient).toList();
  }
}
