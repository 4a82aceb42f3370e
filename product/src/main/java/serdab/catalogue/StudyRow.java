package serdab.catalogue;

import java.time.Instant;
import java.util.Optional;
import serdab.VersionId;
import serdab.dicom.StudyFacts;

/// What is remembered of a study as one source shows it.
///
/// @param sourceId the source's identity
/// @param facts as last listed
/// @param fingerprint the source's fingerprint when its files were last known
/// @param look the source's look at the files when they were last read; empty when never read
/// @param fileCount files listed when last seen
/// @param version the version last read; empty when never read
/// @param missingFiles how many listed files that version lacks; 0 when never read
/// @param firstSeenAt first listing
/// @param lastSeenRun the run that listed it last
/// @param lastLookedAt when its files were last looked at one by one, or read
/// @param changeSeenAt when a change was first seen that has not been copied yet; a quiet time
///   counts from here
/// @param failures failed tries in a row
/// @param nextTryAt not before this
/// @param problem code and words of the last failure, without patient data; empty text when none
public record StudyRow(
    String sourceId,
    StudyFacts facts,
    String fingerprint,
    String look,
    long fileCount,
    Optional<VersionId> version,
    int missingFiles,
    Instant firstSeenAt,
    long lastSeenRun,
    Optional<Instant> lastLookedAt,
    Optional<Instant> changeSeenAt,
    int failures,
    Optional<Instant> nextTryAt,
    String problem) {}
