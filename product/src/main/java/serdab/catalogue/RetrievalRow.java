package serdab.catalogue;

import java.time.Instant;
import java.util.Optional;
import serdab.VersionId;
import serdab.dicom.StudyKey;

/// What somebody retrieved of one study over the network.
///
/// @param retrieval the request; one request can be about several studies
/// @param ordinal its place in the request, from 0
/// @param version the one that was sent
/// @param destinationId where the copy is that was read
/// @param service `C-GET` or `C-MOVE`
/// @param level of the request: `PATIENT`, `STUDY`, `SERIES` or `IMAGE`
/// @param calling the AE title that the caller gave itself; proves nothing
/// @param address where the caller called from
/// @param certificate the subject of the caller's certificate; empty text without TLS
/// @param sentTo the node that was sent it; empty text when that is the caller
/// @param wanted how many instances were to be sent
/// @param sent how many of them were answered with success or a warning
/// @param status of the whole request as four hexadecimal digits; empty text while it goes on, and
///   for ever when the process died
/// @param endedAt empty while it goes on, and for ever when the process died
public record RetrievalRow(
    long retrieval,
    int ordinal,
    StudyKey study,
    VersionId version,
    String destinationId,
    String service,
    String level,
    String calling,
    String address,
    String certificate,
    String sentTo,
    long wanted,
    long sent,
    String status,
    Instant begunAt,
    Optional<Instant> endedAt) {}
