package serdab.store;

import java.time.Instant;

/// What a place says of a blob without reading it.
///
/// @param name the blob's name
/// @param lengthBytes its length
/// @param lastModified when the place says it was written; by the place's clock, which may be wrong
public record BlobInfo(String name, long lengthBytes, Instant lastModified) {}
