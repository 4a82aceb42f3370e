/// The DICOM network: what is received, from whom, and how an operation ended.
///
/// What others send arrives at an [InstanceSink]. Data sets pass as the bytes they are: nothing
/// here reads or changes one.
///
/// `docs/dicom-network.md` says how it is built. This package knows nothing of backups, and opens
/// no files.
///
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part08.html DICOM PS3.8
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part07.html DICOM PS3.7
/// @spec https://dicom.nema.org/medical/dicom/current/output/html/part04.html DICOM PS3.4
@NullMarked
package serdab.dicom.net;

import org.jspecify.annotations.NullMarked;
