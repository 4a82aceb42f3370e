package serdab.destination.node;

import java.util.List;
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
/// @param form what it is for a node that does not take it as it is; empty when it was not
///   converted
record Expected(
    String path,
    InstanceFacts instance,
    FileDigests digests,
    Optional<Outline> outline,
    Optional<FileHeader> header,
    Optional<OtherForm> form) {

  static Optional<Expected> of(
      StoredFile file, Optional<Outline> outline, Optional<FileHeader> header) {
    return file.instance()
        .map(instance ->
            new Expected(file.path(), instance, file.digests(), outline, header, Optional.empty()));
  }

  /// The same, which may also be there in another form.
  Expected with(OtherForm other) {
    return new Expected(path, instance, digests, outline, header, Optional.of(other));
  }

  /// What has to be asked for to have it back.
  Node.Wanted wanted() {
    return new Node.Wanted(
        instance.study(),
        instance.patientId(),
        instance.series(),
        instance.sop(),
        instance.sopClassUid(),
        syntaxes(),
        header);
  }

  private List<String> syntaxes() {
    String own = header.map(FileHeader::sentIn).orElseGet(instance::transferSyntaxUid);
    return own.isEmpty()
        ? List.of()
        : form.map(other -> List.of(own, other.transferSyntaxUid())).orElseGet(() -> List.of(own));
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

  /// Whether another instance is this one in its other form.
  boolean isConverted(InstanceFacts other, FileDigests its) {
    return !isSame(other, its) && form.isPresent() && form.get().isHeldBy(other, its);
  }

  /// What its elements are, as an instance is to be compared with that is in this transfer syntax.
  Optional<Outline> outlineFor(String transferSyntaxUid) {
    boolean isOther =
        form.isPresent()
            && !TransferSyntax.of(transferSyntaxUid).encapsulated()
            && TransferSyntax.of(instance.transferSyntaxUid()).encapsulated();
    return isOther ? form.get().outline() : outline;
  }

  /// Whether the frames at least are the same.
  boolean hasSamePixels(FileDigests its) {
    return its.pixel().isPresent()
        && (its.pixel().equals(digests.pixel())
            || form.flatMap(OtherForm::pixel).equals(its.pixel()));
  }
}
