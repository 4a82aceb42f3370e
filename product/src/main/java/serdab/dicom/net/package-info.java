/// The DICOM network: associations, and the DIMSE services on them, as the one who asks (SCU) and
/// as the one who answers (SCP).
///
/// Start at [Association] to ask another node for something, at [StorageServer] to be sent images.
/// A node is written as [NodeAddress]. What arrives is handed to an [InstanceSink]; what is sent
/// comes straight from a [serdab.dicom.ByteSource]. Data sets pass as the bytes they are: nothing
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
