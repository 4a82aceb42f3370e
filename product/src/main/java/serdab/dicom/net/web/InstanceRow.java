package serdab.dicom.net.web;

import java.util.Set;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.Tag;

/// An instance as a node lists it.
///
/// @param series its series; empty text where the node does not say
/// @param sop its SOP Instance UID
/// @param sopClassUid its SOP class; empty text where the node does not say
public record InstanceRow(SeriesInstanceUid series, SopInstanceUid sop, String sopClassUid) {

  static final Set<Integer> WANTED =
      Set.of(Tag.SeriesInstanceUID, Tag.SOPInstanceUID, Tag.SOPClassUID);

  static InstanceRow of(JsonDataSet row) {
    return new InstanceRow(
        new SeriesInstanceUid(row.text(Tag.SeriesInstanceUID)),
        new SopInstanceUid(row.text(Tag.SOPInstanceUID)),
        row.text(Tag.SOPClassUID));
  }

  InstanceRow in(SeriesInstanceUid known) {
    return series.value().isEmpty() ? new InstanceRow(known, sop, sopClassUid) : this;
  }
}
