package serdab.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import serdab.testing.world.TinyDicom;

class OutlineTest {

  private static Outline of(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(DicomFile.read(ByteSource.of(file)));
    pass.update(ByteBuffer.wrap(file));
    pass.finish();
    return pass.outline().orElseThrow();
  }

  @Test
  void exactlyTheTagsThatDifferAreNamed() throws IOException {
    Outline one = of(TinyDicom.image().patient("A^B", "1").bytes());
    Outline other =
        of(TinyDicom.image().patient("A^B", "2").comment("x").pixels(new byte[64]).bytes());

    assertThat(one.differencesFrom(other))
        .containsExactly(Tag.PatientID, Tag.Columns, 0x00324000, Tag.PixelData);
    assertThat(other.differencesFrom(one)).isEqualTo(one.differencesFrom(other));
  }

  @Test
  void whatTheCanonicalFormLeavesOutIsNoDifference() throws IOException {
    byte[] plain = TinyDicom.image().bytes();
    byte[] padding = {
      (byte) 0xFC, (byte) 0xFF, (byte) 0xFC, (byte) 0xFF, 'O', 'B', 0, 0, 4, 0, 0, 0, 0, 0, 0, 0
    };
    byte[] padded = java.util.Arrays.copyOf(plain, plain.length + padding.length);
    System.arraycopy(padding, 0, padded, plain.length, padding.length);

    assertThat(of(plain).differencesFrom(of(padded))).isEmpty();
    assertThat(of(plain)).isEqualTo(of(padded));
  }
}
