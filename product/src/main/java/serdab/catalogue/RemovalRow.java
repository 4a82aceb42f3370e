package serdab.catalogue;

import java.util.List;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// One copy that a person had removed, or wanted to.
///
/// @param ordinal its place in the certificate, from 0
/// @param location the destination's own name for it
/// @param endsStudy whether the whole study went from the destination with it
/// @param reasons why it might go
/// @param state `intended` before anything was done, then `removed` or `kept`
/// @param note why it was kept; empty text when there is nothing to say
public record RemovalRow(
    int ordinal,
    StudyKey study,
    VersionId version,
    String destinationId,
    String location,
    long storedBytes,
    long fileCount,
    boolean endsStudy,
    List<String> reasons,
    String state,
    String note) {

  public RemovalRow {
    reasons = List.copyOf(reasons);
  }
}
