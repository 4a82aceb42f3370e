package serdab.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.testing.world.FaultyStore;

/// The simulated place keeps the contract while it behaves, and breaks it as told otherwise.
class FaultyStoreTest extends BlobStoreContract {

  private final FaultyStore place =
      new FaultyStore(new SplittableRandom(4), () -> Instant.parse("2026-03-01T12:00:00Z"));

  @Override
  BlobStore connect() {
    return place.connect();
  }

  @Override
  void putAsAnotherProgram(String name, byte[] content) {
    place.put(name, content);
  }

  @Test
  void aLateListingMissesABlobThatIsThere() {
    place.listLate(2);
    commit(store(), "blob", utf8("content"));

    assertThat(store().find("blob")).isPresent();
    assertThat(names(store(), "")).isEmpty();
    assertThat(names(store(), "")).isEmpty();
    assertThat(names(store(), "")).containsExactly("blob");
  }

  @Test
  void aLostAnswerLeavesAWholeBlob() {
    place.loseAnswers(1);
    assertThatExceptionOfType(SerdabException.Unavailable.class)
        .isThrownBy(() -> commit(store(), "blob", utf8("content")));

    place.behave();
    assertThat(read(store(), "blob")).isEqualTo(utf8("content"));
  }

  @Test
  void aCorruptReadDiffersInOneBit() {
    byte[] content = bytes(1000);
    commit(store(), "blob", content);

    place.corruptReads(1);
    byte[] first = read(store(), "blob");
    place.behave();

    assertThat(Arrays.mismatch(first, content)).isNotEqualTo(-1);
    assertThat(read(store(), "blob")).isEqualTo(content);
  }

  @Test
  void aPlaceThatKeepsLessReportsSuccess() {
    place.keepLess(1);
    commit(store(), "blob", bytes(1000));

    assertThat(store().find("blob").orElseThrow().lengthBytes()).isLessThan(1000);
  }

  @Test
  void aFailedCallHasNoEffect() {
    try (Staged staged = store().stage("blob")) {
      staged.write(ByteBuffer.wrap(utf8("content")));
      staged.sync();
      place.failAt(place.calls() + 1);
      assertThatExceptionOfType(SerdabException.Unavailable.class).isThrownBy(staged::commit);
    }

    assertThat(store().find("blob")).isEmpty();
  }

  /// The contract again, at a place that promises next to nothing.
  @Nested
  class WithFewPromises extends BlobStoreContract {

    private final FaultyStore modest =
        new FaultyStore(new SplittableRandom(5), () -> Instant.parse("2026-03-01T12:00:00Z"));

    @Override
    BlobStore connect() {
      modest.promiseOnly(Capability.LIST_AFTER_WRITE);
      return modest.connect();
    }

    @Override
    void putAsAnotherProgram(String name, byte[] content) {
      modest.put(name, content);
    }
  }
}
