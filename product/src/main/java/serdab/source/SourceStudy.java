package serdab.source;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import serdab.Finding;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;

/// A study as a source lists it, before its files are read.
///
/// @param facts what the source knows of it
/// @param fingerprint text that changes when the source saw the study change; equal text means
///   "nothing known to have changed", not "unchanged"
/// @param fileCount how many distinct files are listed
/// @param dateAdded when the source took it in, for ordering
/// @param findings oddities known from listing alone
/// @param handle the source's own key for it, meaningless elsewhere
public record SourceStudy(
    StudyFacts facts,
    String fingerprint,
    long fileCount,
    Optional<Instant> dateAdded,
    List<Finding> findings,
    String handle) {

  public SourceStudy {
    findings = List.copyOf(findings);
  }

  public StudyKey key() {
    return facts.key();
  }
}
