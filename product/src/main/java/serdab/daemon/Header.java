package serdab.daemon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Optional;
import serdab.destination.VersionReader;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Dictionary;
import serdab.dicom.StoredFile;
import serdab.dicom.Vr;

/// What the header of one stored file says, read out of a copy. One thread at a time.
final class Header {

  /// Nearly every header is shorter.
  private static final int FIRST_BYTES = 64 << 10;

  /// Of a header that is longer than this only the beginning is looked at.
  private static final int BYTES_MAX = 4 << 20;

  private final DataSet dataSet;

  private Header(DataSet dataSet) {
    this.dataSet = dataSet;
  }

  /// Reads the beginning of a file.
  ///
  /// @throws serdab.SerdabException when the copy is damaged or its place fails
  static Header read(VersionReader reader, StoredFile file) {
    DicomFile some = scan(reader, file, FIRST_BYTES);
    return new Header(
        (some.isDamaged() && file.lengthBytes() > FIRST_BYTES
                ? scan(reader, file, BYTES_MAX)
                : some)
            .dataSet());
  }

  private static DicomFile scan(VersionReader reader, StoredFile file, int bytesMax) {
    int length = (int) Math.min(file.lengthBytes(), bytesMax);
    ByteBuffer bytes = ByteBuffer.allocate(length);
    try {
      try (ReadableByteChannel channel = reader.open(file, 0, length)) {
        while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
          // until all is there
        }
      }
      return DicomFile.scan(ByteSource.of(bytes.flip().hasRemaining() ? copy(bytes) : new byte[0]));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // bytes in memory
    }
  }

  private static byte[] copy(ByteBuffer bytes) {
    byte[] array = new byte[bytes.remaining()];
    bytes.get(array);
    return array;
  }

  /// The value of an attribute as text, several joined with a backslash; empty text when it has
  /// none; absent when its kind of value is not told.
  Optional<String> value(int tag) {
    Vr vr = Dictionary.vrOf(tag);
    try {
      return switch (vr) {
        case US, UL, SS, SL ->
            Optional.of(dataSet.number(tag).map(number -> "" + number).orElse(""));
        default ->
            vr.isText() ? Optional.of(String.join("\\", dataSet.strings(tag))) : Optional.empty();
      };
    } catch (IOException e) {
      throw new UncheckedIOException(e); // bytes in memory
    }
  }
}
