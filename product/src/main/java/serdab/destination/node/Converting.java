package serdab.destination.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileDigests;
import serdab.dicom.convert.LosslessConversion;
import serdab.dicom.convert.NotConvertibleException;
import serdab.dicom.net.web.Spool;

/// Writes instances in another transfer syntax, and proves that each is the same before anybody
/// gets it. One thread at a time.
final class Converting {

  private static final int CHUNK_BYTES = 256 << 10;

  private final Spool spool;

  Converting(Spool spool) {
    this.spool = spool;
  }

  /// An instance in its other form.
  ///
  /// @param held its file; whoever asked for it gives it up
  record Made(Spool.Held held, DicomFile index, OtherForm form) {}

  /// Converts an instance.
  ///
  /// @param target the UID of Explicit or Implicit VR Little Endian
  /// @throws NotConvertibleException when there is a doubt; nothing is left behind
  Made make(Node.Outgoing instance, String target) throws NotConvertibleException {
    try {
      LosslessConversion conversion = LosslessConversion.of(instance.index(), target);
      Spool.Held held = written(conversion);
      boolean good = false;
      try {
        DicomFile index = DicomFile.read(held.bytes());
        conversion.requireSame(index);
        OtherForm form = form(instance.what(), instance.index(), held, index, target);
        good = true;
        return new Made(held, index, form);
      } finally {
        if (!good) {
          held.close();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Spool.Held written(LosslessConversion conversion)
      throws IOException, NotConvertibleException {
    try (Spool.Draft draft = spool.begin()) {
      conversion.write(
          new OutputStream() {
            @Override
            public void write(int one) {
              draft.write(ByteBuffer.wrap(new byte[] {(byte) one}));
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
              draft.write(ByteBuffer.wrap(bytes, from, length));
            }
          });
      return draft.end();
    }
  }

  private static OtherForm form(
      Expected what, DicomFile before, Spool.Held held, DicomFile index, String target)
      throws IOException, NotConvertibleException {
    DigestPass pass = DigestPass.over(index);
    byte[] chunk = new byte[CHUNK_BYTES];
    try (InputStream in = held.open()) {
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        pass.update(ByteBuffer.wrap(chunk, 0, count));
      }
    }
    FileDigests digests = pass.finish();
    boolean mustBeEqual = !LosslessConversion.isDecoded(before.transferSyntaxFound());
    if (digests.canonical().isEmpty()
        || (mustBeEqual && !digests.canonical().equals(what.digests().canonical()))) {
      throw new NotConvertibleException("has another canonical digest after converting");
    }
    return new OtherForm(target, digests.canonical().get(), digests.pixel(), pass.outline());
  }
}
