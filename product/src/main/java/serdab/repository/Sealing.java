package serdab.repository;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.random.RandomGenerator;
import serdab.repository.age.AgeFile;
import serdab.repository.age.AgeIdentity;
import serdab.repository.age.AgeReader;
import serdab.repository.age.AgeRecipient;
import serdab.repository.age.AgeWriter;
import serdab.store.ReadableBytes;

/// Seals small things that lie beside a repository's versions, as its labels are sealed: whoever
/// writes to the repository can open them again, and so can its people. Thread-safe.
public final class Sealing {

  private static final int PIECE_BYTES = 64 << 10;

  private final List<AgeRecipient> recipients;
  private final List<AgeIdentity> identities;
  private final RandomGenerator secure;

  Sealing(List<AgeRecipient> recipients, List<AgeIdentity> identities, RandomGenerator secure) {
    this.recipients = List.copyOf(recipients);
    this.identities = List.copyOf(identities);
    this.secure = secure;
  }

  /// A whole age file.
  ///
  /// @throws serdab.SerdabException.Refused `repository-needs-writer`
  public byte[] sealed(byte[] plain) {
    requireRecipients();
    return AgeFile.seal(recipients, plain, secure);
  }

  private void requireRecipients() {
    if (recipients.isEmpty()) {
      throw Problems.needsWriter();
    }
  }

  /// The content of a whole age file.
  ///
  /// @throws serdab.SerdabException.Damaged `age-damaged`
  /// @throws serdab.SerdabException.Misconfigured `age-wrong-key`
  public byte[] opened(byte[] file) {
    return AgeFile.open(file, identities);
  }

  /// Seals what is written to it; the file is whole when it was closed. The stream behind it stays
  /// open.
  ///
  /// @throws serdab.SerdabException.Refused `repository-needs-writer`
  public OutputStream sealing(OutputStream to) {
    requireRecipients();
    AgeWriter writer =
        new AgeWriter(
            recipients,
            secure,
            bytes -> {
              byte[] piece = new byte[bytes.remaining()];
              bytes.get(piece);
              try {
                to.write(piece);
              } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });
    return new OutputStream() {
      private boolean closed;

      @Override
      public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) {
        writer.write(ByteBuffer.wrap(bytes, offset, length));
      }

      @Override
      public void close() {
        if (!closed) {
          closed = true;
          writer.finish();
        }
      }
    };
  }

  /// The plaintext of a stored age file, from its start; its bytes are closed with the stream.
  ///
  /// @throws serdab.SerdabException.Damaged `age-damaged`, here or while reading
  /// @throws serdab.SerdabException.Misconfigured `age-wrong-key`
  public InputStream opening(ReadableBytes file) {
    AgeReader reader;
    try {
      reader = AgeReader.open(file, identities);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
    return new InputStream() {
      private final byte[] one = new byte[1];
      private long position;

      @Override
      public int read() {
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
      }

      @Override
      public int read(byte[] into, int offset, int length) {
        if (length == 0) {
          return 0;
        }
        int count =
            reader.read(position, ByteBuffer.wrap(into, offset, Math.min(length, PIECE_BYTES)));
        position += Math.max(0, count);
        return count;
      }

      @Override
      public void close() {
        reader.close();
      }
    };
  }
}
