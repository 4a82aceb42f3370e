package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.SharedData;

class DicomFileTest {

  @Test
  @Needs(Peer.SHARED_DATA)
  void everyFileOfTheRealDataIsReadWithoutAnException() throws IOException {
    try (Stream<Path> files = Files.walk(SharedData.dicom())) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile).sorted()::iterator) {
        try (ByteSource source = ByteSource.open(file)) {
          DicomFile read = DicomFile.read(source);
          DicomFile scanned = DicomFile.scan(source);

          assertThat(scanned.facts()).as(file.toString()).isEqualTo(read.facts());
        }
      }
    }
  }
}
