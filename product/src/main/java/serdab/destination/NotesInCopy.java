package serdab.destination;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import serdab.SerdabException;
import serdab.Sha256;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.RejectionNote;
import serdab.dicom.Rejections;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyVersion;

/// Reads the rejection notes out of a copy. The notes themselves are the truth, so this works for
/// every copy, whoever made it and when.
public final class NotesInCopy {

  /// More notes than this in one version are not read: nobody rejects that often.
  private static final int NOTES_MAX = 10_000;

  private NotesInCopy() {}

  /// What the version's notes reject of it. A note that cannot be read rejects nothing and counts
  /// as unclear; it never stops whoever asks.
  public static Rejections of(VersionReader reader) {
    StudyVersion version = reader.version();
    if (version.facts().key().isOther()) {
      return Rejections.NONE;
    }
    List<RejectionNote> notes = new ArrayList<>();
    int unreadable = 0;
    int asked = 0;
    for (StoredFile file : version.files()) {
      if (!RejectionNote.mayBe(file)) {
        continue;
      }
      asked++;
      if (asked > NOTES_MAX || file.lengthBytes() > RejectionNote.LENGTH_BYTES_MAX) {
        unreadable++;
        continue;
      }
      try {
        DicomFile read = DicomFile.read(ByteSource.of(bytes(reader, file)));
        Optional<RejectionNote> note = RejectionNote.of(read);
        note.ifPresent(notes::add);
        if (note.isEmpty() && read.isDamaged()) {
          unreadable++;
        }
      } catch (IOException | SerdabException.Damaged e) {
        unreadable++;
      }
    }
    return Rejections.of(version.facts(), version.files(), notes, unreadable);
  }

  private static byte[] bytes(VersionReader reader, StoredFile file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) file.lengthBytes());
    try (ReadableByteChannel channel = reader.open(file)) {
      while (bytes.hasRemaining() && channel.read(bytes) >= 0) {
        // until all is there
      }
    }
    if (bytes.hasRemaining() || !Sha256.digest(bytes.array()).equals(file.digests().file())) {
      throw new IOException("not the bytes that were backed up");
    }
    return bytes.array();
  }
}
