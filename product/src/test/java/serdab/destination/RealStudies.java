package serdab.destination;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.testing.SharedData;

/// The real files as studies to copy.
final class RealStudies {

  private RealStudies() {}

  /// Every real file, by the study that it names; what is no instance is left out.
  static Map<String, TestStudy> all() throws IOException {
    Map<String, TestStudy> studies = new LinkedHashMap<>();
    List<Path> all;
    try (Stream<Path> walk = Files.walk(SharedData.dicom())) {
      all = walk.filter(Files::isRegularFile).sorted().toList();
    }
    for (Path path : all) {
      byte[] bytes = Files.readAllBytes(path);
      DicomFile file = DicomFile.read(ByteSource.of(bytes));
      if (file.isDicom() && !file.isDicomDir() && !file.facts().study().value().isEmpty()) {
        String uid = file.facts().study().value();
        studies
            .computeIfAbsent(uid, TestStudy::of)
            .file(SharedData.dicom().relativize(path).toString(), bytes);
      }
    }
    return studies;
  }

  /// The first whole file of each transfer syntax, and every file with names in other scripts.
  static List<Map.Entry<String, byte[]>> kinds() throws IOException {
    Map<String, Map.Entry<String, byte[]>> kinds = new TreeMap<>();
    for (TestStudy study : all().values()) {
      for (Map.Entry<String, byte[]> each : study.files().entrySet()) {
        DicomFile file = DicomFile.read(ByteSource.of(each.getValue()));
        boolean whole =
            !file.isDamaged()
                && file.preamble().isPresent()
                && !file.facts().sop().isEmpty()
                && !file.facts().transferSyntaxUid().isEmpty();
        String kind =
            each.getKey().contains("charset_files")
                ? each.getKey()
                : file.facts().transferSyntaxUid();
        if (whole) {
          kinds.putIfAbsent(kind, Map.entry(each.getKey(), each.getValue()));
        }
      }
    }
    return List.copyOf(kinds.values());
  }

  static void assertComesBack(Destination from, HeldVersion copy, TestStudy study) {
    Map<String, byte[]> back = TestStudy.readAll(from, copy);
    assertThat(back.keySet()).isEqualTo(study.files().keySet());
    study.files().forEach((path, bytes) -> assertThat(back.get(path)).as(path).isEqualTo(bytes));
  }
}
