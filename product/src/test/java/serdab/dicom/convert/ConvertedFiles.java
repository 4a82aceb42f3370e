package serdab.dicom.convert;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileDigests;
import serdab.testing.SharedData;

/// Files in memory, converted and proven.
final class ConvertedFiles {

  private ConvertedFiles() {}

  static List<Path> real() throws IOException {
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      return walk.filter(Files::isRegularFile).sorted().toList();
    }
  }

  static DicomFile read(byte[] file) throws IOException {
    return DicomFile.read(ByteSource.of(file));
  }

  /// What a conversion makes of a file, after it was proven.
  static byte[] converted(byte[] file, String target) throws IOException, NotConvertibleException {
    LosslessConversion conversion = LosslessConversion.of(read(file), target);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    conversion.write(out);
    conversion.requireSame(read(out.toByteArray()));
    return out.toByteArray();
  }

  static FileDigests digests(byte[] file) throws IOException {
    DigestPass pass = DigestPass.over(read(file));
    pass.update(ByteBuffer.wrap(file));
    return pass.finish();
  }
}
