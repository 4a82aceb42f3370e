package serdab.repository;

/// How the stored form of a blob came from its bytes. Opaque here; `docs/format/repository.md`
/// section 4.1 lists those in use.
///
/// @param number in `[0, 255]`
/// @param suffix of the entry in its pack, without the dot
public record Codec(int number, String suffix) {}
