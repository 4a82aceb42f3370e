package serdab.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import serdab.dicom.ByteSource;

/// Hands one file of a file system to a receiver, and notices when it changes meanwhile.
public final class FileDelivery {

  private FileDelivery() {}

  /// Hands one file over, or tells why it cannot.
  ///
  /// @param file as listed
  /// @param path where it is; a link at its end has been allowed by the caller
  /// @param leaveOut paths that broke before
  /// @return [Delivery.Complete] also when the file was not given for a reason that was told
  public static Delivery give(
      SourceFile file, Path path, Set<String> leaveOut, StudyReceiver receiver) {
    if (leaveOut.contains(file.path())) {
      receiver.notGiven(
          file, StudyReceiver.NotGiven.UNREADABLE, "Reading it failed after some of its bytes.");
      return new Delivery.Complete();
    }
    FileStamp before;
    try {
      before = FileStamp.ofTarget(path);
      if (!Files.isRegularFile(path)) {
        receiver.notGiven(
            file, StudyReceiver.NotGiven.UNREADABLE, "It is no regular file any more.");
        return new Delivery.Complete();
      }
    } catch (NoSuchFileException e) {
      receiver.notGiven(file, StudyReceiver.NotGiven.MISSING, "It is not there any more.");
      return new Delivery.Complete();
    } catch (IOException e) {
      receiver.notGiven(file, StudyReceiver.NotGiven.UNREADABLE, because(e));
      return new Delivery.Complete();
    }
    ByteSource bytes;
    try {
      bytes = ByteSource.open(path);
    } catch (IOException e) {
      receiver.notGiven(file, StudyReceiver.NotGiven.UNREADABLE, because(e));
      return new Delivery.Complete();
    }
    try (bytes) {
      receiver.take(
          new SourceFile(
              file.path(), before.lengthBytes(), before.modifiedMillis(), file.rowCount()),
          bytes);
    } catch (IOException e) {
      return before.equals(lookAgain(path))
          ? new Delivery.Broke(file, because(e))
          : new Delivery.Changed(file);
    }
    return before.equals(lookAgain(path)) ? new Delivery.Complete() : new Delivery.Changed(file);
  }

  private static FileStamp lookAgain(Path path) {
    try {
      return FileStamp.ofTarget(path);
    } catch (IOException e) {
      return new FileStamp(-1, 0, "gone");
    }
  }

  private static String because(IOException failure) {
    return "It cannot be read (" + failure.getClass().getSimpleName() + ").";
  }
}
