package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static serdab.testing.Golden.assertMatchesGolden;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

/// The real files: none stops the reader, and what it tells of each is pinned.
@Needs(Peer.SHARED_DATA)
class DicomFileTest {

  @Test
  void aScanFindsTheSameFactsAsAWholeRead() throws IOException {
    for (Path file : files()) {
      try (ByteSource source = ByteSource.open(file)) {
        assertThat(DicomFile.scan(source).facts())
            .as(file.toString())
            .isEqualTo(DicomFile.read(source).facts());
      }
    }
  }

  @Test
  void whatIsOddOrDamagedInEachFileIsPinned() throws IOException {
    StringBuilder told = new StringBuilder();
    for (Path file : files()) {
      try (ByteSource source = ByteSource.open(file)) {
        for (Anomaly anomaly : DicomFile.read(source).anomalies()) {
          told.append(SharedData.dicom().relativize(file))
              .append(" | ")
              .append(anomaly.kind())
              .append(" | ")
              .append(anomaly.position())
              .append(" | ")
              .append(anomaly.detail())
              .append('\n');
        }
      }
    }

    assertMatchesGolden("dicom/anomalies.txt", told.toString());
  }

  private static List<Path> files() throws IOException {
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      return walk.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
