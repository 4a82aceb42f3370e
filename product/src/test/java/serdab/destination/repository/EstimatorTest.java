package serdab.destination.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.dicom.ByteSource;
import serdab.testing.world.TinyDicom;

class EstimatorTest {

  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  @Test
  void nothingTakesNothing() {
    try (Estimator estimator = new Estimator(0, Compression.SMALL, 2, () -> NOON)) {
      assertThat(estimator.estimate().storedBytes()).isZero();
      assertThat(estimator.estimate().ratio()).isEqualTo(1);
    }
  }

  @Test
  void ofManyFilesAHundredthIsLookedAt() throws IOException {
    RandomGenerator random = new SplittableRandom(1);
    byte[] noise = new byte[524_288];
    long length = TinyDicom.image().pixels(noise).bytes().length;
    int files = 60_000;
    int looked = 0;
    try (Estimator estimator = new Estimator(files * length, Compression.SMALL, 2, () -> NOON)) {
      for (int i = 0; i < files; i++) {
        OptionalLong place = estimator.place(length);
        if (place.isPresent()) {
          random.nextBytes(noise);
          estimator.sample(
              place.getAsLong(), ByteSource.of(TinyDicom.image().pixels(noise).bytes()));
          looked++;
        }
      }

      assertThat(looked).isBetween(590, 610);
      assertThat(estimator.estimate().ratio()).isBetween(0.98, 1.02);
      assertThat(estimator.estimate().lengthBytes()).isEqualTo(files * length);
    }
  }

  @Test
  void whatIsThereTwiceIsCountedOnce() throws IOException {
    byte[] noise = new byte[100_000];
    new SplittableRandom(1).nextBytes(noise);
    byte[] file = TinyDicom.image().pixels(noise).bytes();
    try (Estimator estimator = new Estimator(10L * file.length, Compression.SMALL, 2, () -> NOON)) {
      for (int i = 0; i < 10; i++) {
        OptionalLong place = estimator.place(file.length);
        estimator.sample(place.orElseThrow(), ByteSource.of(file));
      }

      assertThat(estimator.estimate().ratio()).isBetween(8.0, 11.0);
    }
  }

  @Test
  void filesThatNobodyGivesCountLikeTheOthers() throws IOException {
    RandomGenerator random = new SplittableRandom(1);
    byte[] noise = new byte[100_000];
    int length = TinyDicom.image().pixels(noise).bytes().length;
    int files = 500;
    try (Estimator estimator =
        new Estimator((long) files * length, Compression.SMALL, 2, () -> NOON)) {
      for (int i = 0; i < files; i++) {
        OptionalLong place = estimator.place(length);
        if (i % 2 == 0) {
          random.nextBytes(noise);
          estimator.sample(
              place.orElseThrow(), ByteSource.of(TinyDicom.image().pixels(noise).bytes()));
        }
      }

      assertThat(estimator.estimate().ratio()).isBetween(0.95, 1.05);
    }
  }
}
