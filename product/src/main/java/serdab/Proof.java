package serdab;

import java.time.Instant;

/// That a copy was good: how deeply it was proven, by which means, and when.
public record Proof(Depth depth, ProofMeans means, Instant at) {}
