package serdab.dicom.net.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.testing.SeededTest;

class SpoolTest {

  @TempDir Path scratch;

  @SeededTest(runs = 5)
  void whatWasTakenComesBackHoweverMuchItIs(RandomGenerator random) throws IOException {
    try (Spool spool = new Spool(scratch)) {
      List<byte[]> given = new ArrayList<>();
      List<Spool.Held> held = new ArrayList<>();
      for (int n = 0; n < 14; n++) {
        byte[] bytes = new byte[random.nextInt(2 * Spool.IN_MEMORY_BYTES)];
        random.nextBytes(bytes);
        given.add(bytes);
        held.add(spool.take(new ByteArrayInputStream(bytes)));
        if (random.nextInt(4) == 0) {
          int gone = random.nextInt(held.size());
          held.remove(gone).close();
          given.remove(gone);
        }
      }

      for (int n = 0; n < held.size(); n++) {
        assertThat(held.get(n).open().readAllBytes()).isEqualTo(given.get(n));
      }
    }
    assertThat(scratch.toFile().list()).isEmpty();
  }

  @Test
  void whatDoesNotFitIntoMemoryGoesIntoOneFileThatStartsAnewWhenNobodyNeedsIt() throws IOException {
    byte[] bytes = new byte[Spool.IN_MEMORY_BYTES];
    try (Spool spool = new Spool(scratch)) {
      for (int round = 0; round < 3; round++) {
        List<Spool.Held> held = new ArrayList<>();
        for (int n = 0; n < 10; n++) {
          bytes[0] = (byte) n;
          held.add(spool.take(new ByteArrayInputStream(bytes)));
        }
        for (int n = 0; n < 10; n++) {
          assertThat(held.get(n).open().read()).isEqualTo(n);
          held.get(n).close();
        }
      }

      assertThat(spool.fileBytes()).isLessThanOrEqualTo(10L * bytes.length);
    }
  }
}
