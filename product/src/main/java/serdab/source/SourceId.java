package serdab.source;

/// The identity of a source in the catalogue, stable from run to run and free of patient data.
///
/// @param value kind and place, such as `horos:/Volumes/PACS/Horos Data`
public record SourceId(String value) {}
