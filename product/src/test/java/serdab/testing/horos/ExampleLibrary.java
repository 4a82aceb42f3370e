package serdab.testing.horos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Makes `examples/Horos Data` anew from the shared data. Run by hand when the example shall
/// change, with two arguments: the folder of the data and `examples`.
public final class ExampleLibrary {

  private ExampleLibrary() {}

  public static void main(String[] arguments) throws IOException {
    create(Path.of(arguments[0]), Path.of(arguments[1]));
  }

  /// Makes `Horos Data` inside a folder.
  ///
  /// @param dicom the folder of real DICOM files
  /// @param examples where `Horos Data` is made; it must not be there yet
  public static void create(Path dicom, Path examples) throws IOException {
    List<Path> files = new ArrayList<>();
    // A CT image with the reports and the segmentation made from it: modalities CT, SR and SEG.
    files.add(dicom.resolve("obj_highdicom/ct_image.dcm"));
    files.add(dicom.resolve("obj_highdicom/sr_document.dcm"));
    files.add(dicom.resolve("obj_highdicom/sr_document_with_multiple_groups.dcm"));
    files.add(dicom.resolve("obj_highdicom/seg_image_ct_binary_single_frame.dcm"));
    // Single slices of one MR series.
    Path slices = dicom.resolve("mr_ge_siemens_dcm_qa_nih/20180918GE/mr_0004");
    try (var all = Files.list(slices)) {
      files.addAll(all.sorted(Comparator.comparing(Path::toString)).limit(12).toList());
    }
    // Enhanced MR: six frames in a file, so six rows for it.
    files.add(dicom.resolve("mr_enhanced_dcm_qa_enh/Siemens/XA10/6_1.dcm"));
    files.add(dicom.resolve("mr_enhanced_dcm_qa_enh/Siemens/XA10/6_2.dcm"));
    // A study without images that a CT or MR filter leaves out: report, map and segmentation.
    files.add(dicom.resolve("obj_dcmqi/sr-example/sr.dcm"));
    files.add(dicom.resolve("obj_dcmqi/sr-example/rwvm.dcm"));
    files.add(dicom.resolve("obj_dcmqi/sr-example/seg.dcm"));
    files.add(dicom.resolve("pt_suyashkumar-dicom/1.dcm"));
    files.add(dicom.resolve("obj_highdicom/dx_image.dcm"));
    // Implicit VR, 15 frames.
    files.add(dicom.resolve("odd_pydicom/test_files/rtdose.dcm"));
    // Names that are not Latin, and no study date.
    files.add(dicom.resolve("odd_pydicom/charset_files/chrArab.dcm"));
    files.add(dicom.resolve("odd_pydicom/charset_files/chrGreek.dcm"));
    files.add(dicom.resolve("odd_pydicom/charset_files/chrRuss.dcm"));

    HorosLibraryBuilder builder =
        HorosLibraryBuilder.in(examples)
            .zone(ZoneId.of("UTC"))
            .importedAt(Instant.parse("2024-03-01T09:00:00Z"));
    try (HorosLibraryFixture library = builder.create()) {
      files.forEach(library::importFile);
      library.sql(
          "UPDATE ZSTUDY SET ZLOCKEDSTUDY = 1, ZCOMMENT = 'teaching case', ZSTATETEXT = 2 WHERE"
              + " Z_PK = 1");
      library.album("Teaching", 1, 3);
      library.album("Follow up", 2);
    }
    try (var left = Files.list(examples.resolve("Horos Data"))) {
      // Git keeps no empty folders; the viewer makes them again.
      for (Path each : left.filter(Files::isDirectory).toList()) {
        try (var inside = Files.list(each)) {
          if (inside.findAny().isPresent()) {
            continue;
          }
        }
        Files.delete(each);
      }
    }
  }
}
