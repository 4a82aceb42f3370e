package serdab.destination.node;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import serdab.dicom.DicomFile;
import serdab.dicom.net.web.Spool;

/// What a node that keeps only data sets does not keep of a file: preamble and File Meta
/// Information. With it, and a data set that comes back as it was sent, the file is what it was.
final class FileHeader {

  /// A longer one is not remembered: File Meta Information takes some hundred bytes.
  static final int BYTES_MAX = 64 << 10;

  private final String sentIn;
  private final byte[] bytes;

  FileHeader(String sentIn, byte[] bytes) {
    this.sentIn = sentIn;
    this.bytes = bytes.clone();
  }

  /// The header of a file; empty when it is too long to be remembered.
  static Optional<FileHeader> of(DicomFile index, Spool.Held held) {
    if (index.dataSetOffset() > BYTES_MAX) {
      return Optional.empty();
    }
    try (InputStream in = held.open()) {
      return Optional.of(
          new FileHeader(index.transferSyntaxFound(), in.readNBytes((int) index.dataSetOffset())));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// In which transfer syntax the data set behind it was sent.
  String sentIn() {
    return sentIn;
  }

  byte[] bytes() {
    return bytes.clone();
  }
}
