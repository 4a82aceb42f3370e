package serdab.source;

import java.util.Optional;

/// How a viewer's library is, as its index and its folders show.
///
/// @param studiesInIndex studies that the index lists
/// @param filesInIndex distinct files that the index lists inside the library
/// @param filesOnDisk files in the library's folder of images
/// @param filesMissing listed files that are not there, files on volumes that are away not counted
/// @param autoClean whether the viewer deletes old studies by itself; empty when its settings
///   cannot be read
/// @param queuedForDeletion files that the viewer is about to delete
/// @param waitingForImport files in the viewer's folder of incoming files
/// @param indexId another one than before means that the viewer built its index anew; empty text
///   when there is no index that can be read
/// @param library the library's name in keys ([serdab.dicom.StudyKey#library])
public record SourceHealth(
    long studiesInIndex,
    long filesInIndex,
    long filesOnDisk,
    long filesMissing,
    Optional<Boolean> autoClean,
    long queuedForDeletion,
    long waitingForImport,
    String indexId,
    String library) {}
