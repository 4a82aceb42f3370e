package serdab.destination.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.testing.SeededTest;
import serdab.testing.world.TinyDicom;

class CutPlanTest {

  private static CutPlan plan(byte[] file) throws IOException {
    return CutPlan.of(DicomFile.read(ByteSource.of(file)), file.length);
  }

  @Test
  void nativePixelsAreAPieceForEachFrame() throws IOException {
    byte[] file = TinyDicom.image().pixels(new byte[60_000]).bytes();

    CutPlan plan = plan(file);

    assertThat(plan.runs()).hasSize(1);
    CutPlan.Run run = plan.runs().getFirst();
    assertThat(run.end()).isEqualTo(file.length);
    assertThat(run.lengthBytes()).isEqualTo(60_000);
    assertThat(run.shape().orElseThrow())
        .isEqualTo(new FrameShape(1, 30_000, 1, 2, false, false, false));
    assertThat(plan.series()).isEqualTo("1.2.3.1");
  }

  @Test
  void fewPixelsAndFilesWithoutAnyAreHeader() throws IOException {
    assertThat(plan(TinyDicom.image().pixels(new byte[1022]).bytes()).runs()).isEmpty();
    assertThat(plan(TinyDicom.image().withoutPixels().bytes()).runs()).isEmpty();
    assertThat(plan(new byte[1000]).runs()).isEmpty();
  }

  @Test
  void whatIsNoDicomIsCutIntoPieces() throws IOException {
    CutPlan plan = plan(new byte[200_000]);

    assertThat(plan.runs())
        .containsExactly(
            new CutPlan.Run(0, 200_000, CutPlan.PIECE_BYTES, java.util.Optional.empty()));
    assertThat(CutPlan.plain(0).runs()).isEmpty();
  }

  @Test
  void aLongValueThatIsNoPixelsIsAPiece() throws IOException {
    byte[] file = TinyDicom.image().comment("x".repeat(65_534)).pixels(new byte[2000]).bytes();

    assertThat(plan(file).runs()).hasSize(1);
    assertThat(plan(file).headerBytes()).isGreaterThan(65_000);
  }

  @SeededTest(runs = 300)
  void whateverAFileClaimsItsRunsAreInOrderAndInside(RandomGenerator random) throws IOException {
    byte[] file = TinyDicom.image().pixels(new byte[2 * random.nextInt(70_000)]).bytes();
    for (int n = random.nextInt(8); n > 0; n--) {
      file[random.nextInt(Math.min(file.length, 800))] = (byte) random.nextInt(256);
    }

    CutPlan plan = plan(file);

    long at = 0;
    for (CutPlan.Run run : plan.runs()) {
      assertThat(run.offset()).isGreaterThanOrEqualTo(at);
      assertThat(run.lengthBytes()).isPositive();
      assertThat(run.pieceBytes()).isPositive();
      at = run.end();
    }
    assertThat(at).isLessThanOrEqualTo(file.length);
    assertThat(plan.headerBytes()).isBetween(0L, (long) CutPlan.HEADER_BYTES_MAX);
  }

  @Test
  void aPieceOfAnotherLengthIsStillPixelsWhenItHoldsWholeRows() {
    FrameShape shape = new FrameShape(10, 20, 3, 1, false, false, false);

    assertThat(shape.ofLength(600)).contains(shape);
    assertThat(shape.ofLength(180)).contains(shape.withRows(3));
    assertThat(shape.ofLength(100)).isEmpty();
    assertThat(new FrameShape(10, 20, 3, 1, false, true, false).ofLength(180)).isEmpty();
  }
}
