package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import serdab.dicom.ByteSource;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

class ZipSizeEstimatorTest {

  private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

  @TempDir private Path folder;

  @Test
  void nothingTakesNothing() {
    try (SizeEstimator estimator = new ZipSizeEstimator(0, false, 2, () -> NOON)) {
      assertThat(estimator.estimate().storedBytes()).isZero();
      assertThat(estimator.estimate().ratio()).isEqualTo(1);
    }
  }

  @Test
  void ofManyFilesAHundredthIsLookedAt() throws IOException {
    RandomGenerator random = new SplittableRandom(1);
    byte[] half = new byte[524_288];
    int files = 20_000;
    int looked = 0;
    try (SizeEstimator estimator =
        new ZipSizeEstimator((long) files * half.length, false, 2, () -> NOON)) {
      for (int i = 0; i < files; i++) {
        OptionalLong place = estimator.place(half.length);
        if (place.isPresent()) {
          // Noise, and as many zeros.
          byte[] noise = new byte[half.length / 2];
          random.nextBytes(noise);
          System.arraycopy(noise, 0, half, 0, noise.length);
          estimator.sample(place.getAsLong(), ByteSource.of(half));
          looked++;
        }
      }

      assertThat(looked).isBetween(490, 510);
      assertThat(estimator.estimate().ratio()).isBetween(1.95, 2.02);
      assertThat(estimator.estimate().lengthBytes()).isEqualTo((long) files * half.length);
    }
  }

  @Test
  void aLongFileIsLookedAtInPieces() throws IOException {
    byte[] file = new byte[20 << 20];
    new SplittableRandom(1).nextBytes(file);
    java.util.Arrays.fill(file, file.length / 4, file.length, (byte) 1);
    try (SizeEstimator estimator = new ZipSizeEstimator(file.length, false, 2, () -> NOON)) {
      estimator.sample(estimator.place(file.length).orElseThrow(), ByteSource.of(file));

      assertThat(estimator.estimate().ratio()).isBetween(3.9, 4.1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @Needs(Peer.SHARED_DATA)
  void anEstimateIsWithinATenthOfWhatTheDataFolderTakes(boolean jpegLs) throws IOException {
    Map<String, TestStudy> studies = new TreeMap<>();
    Map<String, byte[]> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(SharedData.dicom())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path path = SharedData.dicom().relativize(file);
        byte[] content = Files.readAllBytes(file);
        String study = path.getName(0).toString();
        studies
            .computeIfAbsent(study, _ -> TestStudy.of("1.2." + studies.size()).tellingStructure())
            .file(path.toString(), content);
        all.put(path.toString(), content);
      }
    }
    long total = all.values().stream().mapToLong(bytes -> bytes.length).sum();
    long stored = 0;
    SizeEstimator.Estimate estimate;
    try (Destination destination = jpegLs ? ZipTrees.withJpegLs(folder) : ZipTrees.in(folder);
        SizeEstimator estimator = destination.estimator(total).orElseThrow()) {
      for (byte[] file : all.values()) {
        OptionalLong place = estimator.place(file.length);
        if (place.isPresent()) {
          estimator.sample(place.getAsLong(), ByteSource.of(file));
        }
      }
      estimate = estimator.estimate();
      for (TestStudy study : studies.values()) {
        stored += study.copyTo(destination).storedBytes();
      }
    }

    assertThat((double) estimate.storedBytes() / stored).isBetween(0.9, 1.1);
  }
}
