package serdab.ziptree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StoredFile;
import serdab.testing.world.TinyDicom;

/// What READABLE asks of a file.
class ReadAgainTest {

  private static final Optional<Sha256> OTHER = Optional.of(Sha256.digest(new byte[] {1}));

  private DicomFile read;
  private FileDigests digests;

  @BeforeEach
  void read() throws IOException {
    byte[] bytes = image().bytes();
    read = DicomFile.read(ByteSource.of(bytes));
    DigestPass pass = DigestPass.over(read);
    pass.update(ByteBuffer.wrap(bytes));
    digests = pass.finish();
  }

  private static TinyDicom image() {
    return TinyDicom.image().study("1.2.3").series("1.2.3.4").sop("1.2.3.4.5");
  }

  private static StoredFile file(FileDigests digests, Optional<InstanceFacts> instance) {
    return new StoredFile("IM1", 1000, 0, digests, instance, List.of());
  }

  @Test
  void aFileThatIsAsItsManifestSaysIsGood() {
    assertThatCode(() -> ReadAgain.require(file(digests, facts(read)), read, digests))
        .doesNotThrowAnyException();
  }

  @Test
  void anyOtherUidIsFound() throws IOException {
    List<byte[]> others =
        List.of(
            image().study("1.2.9").bytes(),
            image().series("1.2.3.9").bytes(),
            image().sop("1.2.3.4.9").bytes(),
            with("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"),
            with("1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"));
    for (byte[] other : others) {
      requireRefused(
          file(digests, facts(DicomFile.read(ByteSource.of(other)))), "its UIDs are not those");
    }
  }

  /// The image with another SOP class or transfer syntax.
  private static byte[] with(String uid, String other) {
    String bytes = new String(image().bytes(), StandardCharsets.ISO_8859_1);
    assertThat(bytes).contains(uid);
    return bytes.replace(uid, other).getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void anyOtherDigestIsFound() {
    for (FileDigests other :
        List.of(
            of(OTHER.orElseThrow(), digests.dataSet(), digests.canonical(), digests.pixel()),
            of(digests.file(), OTHER, digests.canonical(), digests.pixel()),
            of(digests.file(), digests.dataSet(), OTHER, digests.pixel()),
            of(digests.file(), digests.dataSet(), digests.canonical(), OTHER))) {
      requireRefused(file(other, facts(read)), "its digests are not those");
    }
  }

  @Test
  void whatIsNoDicomAnyMoreIsFound() throws IOException {
    StoredFile expected = file(digests, facts(read));
    read = DicomFile.read(ByteSource.of(new byte[500]));

    requireRefused(expected, "it is no DICOM file any more");
  }

  /// What was adopted or written by an earlier build may know less; the bytes are always known.
  @Test
  void whatTheManifestDoesNotKnowIsNotAsked() {
    FileDigests known = of(digests.file(), Optional.empty(), Optional.empty(), Optional.empty());

    assertThatCode(() -> ReadAgain.require(file(known, Optional.empty()), read, digests))
        .doesNotThrowAnyException();
    requireRefused(
        file(
            of(OTHER.orElseThrow(), Optional.empty(), Optional.empty(), Optional.empty()),
            Optional.empty()),
        "its digests are not those");
  }

  private void requireRefused(StoredFile expected, String why) {
    assertThatExceptionOfType(SerdabException.Damaged.class)
        .isThrownBy(() -> ReadAgain.require(expected, read, digests))
        .withMessageContaining("IM1")
        .withMessageContaining(why);
  }

  private static Optional<InstanceFacts> facts(DicomFile file) {
    return Optional.of(file.facts());
  }

  private static FileDigests of(
      Sha256 file, Optional<Sha256> dataSet, Optional<Sha256> canonical, Optional<Sha256> pixel) {
    return new FileDigests(file, dataSet, canonical, pixel);
  }
}
