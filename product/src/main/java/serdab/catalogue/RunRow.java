package serdab.catalogue;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/// One run: a backup, a verification, a restore or a pruning.
///
/// @param id unique in the catalogue, ascending
/// @param kind `backup`, `verify`, `restore`, `rebuild` or `prune`
/// @param planHash which plan it carried out
/// @param sourceId the source's identity; empty text when it had none
/// @param destinationIds the destinations' identities
/// @param worker which machine and process did it
/// @param endedAt empty while it runs, and for ever when its process died
/// @param outcome `good`, `incomplete`, `failed`, `held-back` or `interrupted`; empty text while it
///   runs
/// @param totals what it counted
public record RunRow(
    long id,
    String kind,
    String planHash,
    String sourceId,
    List<String> destinationIds,
    String worker,
    Instant startedAt,
    Optional<Instant> endedAt,
    String outcome,
    RunTotals totals) {}
