package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.Depth;
import serdab.SerdabException;
import serdab.testing.SeededTest;

/// What a form that keeps every file bit for bit, version beside version, must keep besides what
/// every destination does.
abstract class KeepingContract extends DestinationContract {

  @SeededTest(runs = 20)
  void aCopyIsProvenDeeplyEnoughAndComesBackBitForBit(RandomGenerator random) {
    TestStudy study = TestStudy.drawnFrom(random, UID, 1 + random.nextInt(6));
    byte[] odd = new byte[random.nextInt(5_000)];
    random.nextBytes(odd);
    study.file("no dicom/" + random.nextInt(9), odd);

    HeldVersion copy = study.copyTo(destination);

    assertThat(copy.proof().orElseThrow().depth().reaches(destination.traits().copiedDepth()))
        .isTrue();
    assertBytes(content(destination, copy), study);
    assertBytes(content(later(), copy), study);
  }

  @SeededTest(runs = 10)
  void whatIsToldOfAFilesStructureMayBeTrueOrFalse(RandomGenerator random) {
    TestStudy told = TestStudy.drawnFrom(random, UID, 2).tellingStructure();
    byte[] other = TestStudy.image(UID, 9, TestStudy.pixels(random, 70_000));
    TestStudy lied = TestStudy.drawnFrom(random, UID, 3);

    assertBytes(content(destination, told.copyTo(destination)), told);
    try (StagedVersion staged = destination.begin(lied.facts())) {
      lied.files()
          .forEach((path, content) -> {
            staged.beginFile(path, content.length);
            staged.structure(TestStudy.structure(other));
            staged.write(ByteBuffer.wrap(content));
            staged.endFile(TestStudy.storedFile(path, content));
          });
      assertBytes(content(destination, staged.commit(lied.version())), lied);
    }
  }

  @Test
  void filesOfOddLengthsAndWithoutBytesComeBack() {
    TestStudy study = study(1).file("empty", new byte[0]).file("one", new byte[] {7});
    for (int length : new int[] {1023, 65_535, 65_536, (8 << 20) + 1}) {
      study.file("f/" + length, TestStudy.pixels(new SplittableRandom(length), length));
    }

    assertBytes(content(destination, study.copyTo(destination)), study);
  }

  @Test
  void aNewVersionStandsBesideTheOldOneAndComesLast() {
    TestStudy before = study(1);
    HeldVersion first = before.copyTo(destination);
    TestStudy after = study(2).supersedes(first.id());

    HeldVersion second = after.copyTo(destination);

    assertThat(destination.versions(before.key()))
        .extracting(HeldVersion::id)
        .containsExactly(first.id(), second.id());
    assertThat(later().versions(before.key()))
        .extracting(HeldVersion::id)
        .containsExactly(first.id(), second.id());
    assertThat(destination.versions(before.key()).getLast().supersedes()).contains(first.id());
    assertBytes(content(destination, first), before);
    assertBytes(content(destination, second), after);
  }

  @Test
  void twoVersionsOfOneStudyAreStagedAtOnce() {
    TestStudy one = study(1);
    TestStudy two = study(2);

    try (StagedVersion first = one.stageIn(destination);
        StagedVersion second = two.stageIn(destination)) {
      HeldVersion heldSecond = second.commit(two.version());
      HeldVersion heldFirst = first.commit(one.version());

      assertBytes(content(destination, heldFirst), one);
      assertBytes(content(destination, heldSecond), two);
    }
    assertThat(later().versions(one.key())).hasSize(2);
  }

  @Test
  void exactlyTheCopyThatIsMeantIsRemoved() {
    TestStudy before = study(1);
    TestStudy after = study(2);
    HeldVersion first = before.copyTo(destination);
    HeldVersion second = after.supersedes(first.id()).copyTo(destination);

    assertThat(destination.remove(first)).isTrue();

    assertThat(destination.remove(first)).as("it was not there").isFalse();
    assertThat(destination.prove(first, Depth.PRESENT)).isInstanceOf(ProofOutcome.Gone.class);
    assertThat(later().versions(before.key()))
        .extracting(HeldVersion::id)
        .containsExactly(second.id());
    assertBytes(content(destination, second), after);
  }

  @Test
  void theLastCopyOfAStudyGoesOnlyWhenThatIsMeant() {
    HeldVersion only = study(1).copyTo(destination);

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> destination.remove(only))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("last-copy"));
    assertThat(destination.versions(only.study())).hasSize(1);

    assertThat(destination.removeLast(only)).isTrue();
    assertThat(later().versions(only.study())).isEmpty();
  }

  @Test
  void aCopyInWhosePlaceAnotherLiesIsNotRemoved() {
    HeldVersion first = study(1).copyTo(destination);
    HeldVersion second = study(2).copyTo(destination);
    HeldVersion wrong =
        new HeldVersion(
            first.study(),
            first.id(),
            second.location(),
            second.storedBytes(),
            second.fileCount(),
            Optional.empty(),
            Optional.empty());

    assertThatExceptionOfType(SerdabException.Refused.class)
        .isThrownBy(() -> destination.remove(wrong))
        .satisfies(e -> assertThat(e.problem().code()).isEqualTo("copy-is-another"));

    assertThat(destination.versions(first.study())).hasSize(2);
  }
}
