package serdab.dicom.net.web;

/// What a node said of one instance that was sent to it. None of these is a proof.
public sealed interface Stored {

  /// It says that it stored the instance.
  record Claimed() implements Stored {}

  /// It says that it stored the instance, and not quite as it was sent.
  ///
  /// @param reason Warning Reason (0008,1196), PS3.18 section I.2.1; -1 when it gave none
  record Warned(int reason) implements Stored {}

  /// It says that it did not store it.
  ///
  /// @param reason Failure Reason (0008,1197), PS3.18 section I.2.2; -1 when it gave none
  record Failed(int reason) implements Stored {}

  /// It named it nowhere in its answer, or refused the whole request.
  ///
  /// @param status the answer's HTTP status
  record Unaccounted(int status) implements Stored {}
}
