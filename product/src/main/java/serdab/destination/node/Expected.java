package serdab.destination.node;

import java.util.Optional;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.Outline;
import serdab.dicom.StoredFile;
import serdab.dicom.TransferSyntax;

/// An instance as it should be at the node.
///
/// @param path of the file that it was
/// @param instance its UIDs
/// @param digests of that file
/// @param outline what its elements are, to name those that were altered; empty when it is not at
///   hand any more
/// @param header what stands in front of its data set in that file; empty when it is not known
record Expected(
    String path,
    InstanceFacts instance,
    FileDigests digests,
    Optional<Outline> outline,
    Optional<FileHeader> header) {

  static Optional<Expected> of(
      StoredFile file, Optional<Outline> outline, Optional<FileHeader> header) {
    return file.instance()
        .map(instance -> new Expected(file.path(), instance, file.digests(), outline, header));
  }

  /// What has to be asked for to have it back.
  Node.Wanted wanted() {
    return new Node.Wanted(
        instance.study(),
        instance.patientId(),
        instance.series(),
        instance.sop(),
        instance.sopClassUid(),
        header.map(FileHeader::sentIn).orElseGet(instance::transferSyntaxUid),
        header);
  }

  String sop() {
    return instance.sop().value();
  }

  /// Whether another instance holds the same values: bit for bit, or encoded in another way. A
  /// compressed image must still be compressed as it was.
  boolean isSame(InstanceFacts other, FileDigests its) {
    if (digests.file().equals(its.file())) {
      return true;
    }
    boolean sameSyntax = instance.transferSyntaxUid().equals(other.transferSyntaxUid());
    boolean neitherCompressed =
        !TransferSyntax.of(instance.transferSyntaxUid()).encapsulated()
            && !TransferSyntax.of(other.transferSyntaxUid()).encapsulated();
    boolean sameDataSet =
        digests.dataSet().isPresent() && digests.dataSet().equals(its.dataSet()) && sameSyntax;
    boolean sameValues =
        digests.canonical().isPresent()
            && digests.canonical().equals(its.canonical())
            && (sameSyntax || neitherCompressed);
    return sameDataSet || sameValues;
  }

  /// Whether the frames at least are the same.
  boolean hasSamePixels(FileDigests its) {
    return digests.pixel().isPresent() && digests.pixel().equals(its.pixel());
  }
}
