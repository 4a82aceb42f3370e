package serdab.repository;

/// Where a blob lies.
///
/// @param pack the ordinal of its pack in the version that refers to it, from 0
/// @param offset where its stored bytes begin in the pack's plaintext, in bytes
/// @param storedBytes how long they are
/// @param codec the number of its codec
public record BlobAt(int pack, long offset, long storedBytes, int codec) {}
