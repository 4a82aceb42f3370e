package serdab.source;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;

class FileStampTest {

  @Test
  void aVolumeThatIsMountedAgainUnderAnotherDeviceNumberHoldsTheSameFiles() {
    assertThat(stamp("(dev=801,ino=4711)")).isEqualTo(stamp("(dev=811,ino=4711)"));
    assertThat(stamp("(dev=801,ino=4711)")).isNotEqualTo(stamp("(dev=801,ino=4712)"));
    assertThat(stamp("another kind of key").fileKey()).isEqualTo("another kind of key");
  }

  private static FileStamp stamp(String key) {
    return FileStamp.of(new Attributes(key));
  }

  /// A file of which only the key is of interest.
  private record Attributes(Object fileKey) implements BasicFileAttributes {
    @Override
    public FileTime lastModifiedTime() {
      return FileTime.fromMillis(0);
    }

    @Override
    public FileTime lastAccessTime() {
      return lastModifiedTime();
    }

    @Override
    public FileTime creationTime() {
      return lastModifiedTime();
    }

    @Override
    public boolean isRegularFile() {
      return true;
    }

    @Override
    public boolean isDirectory() {
      return false;
    }

    @Override
    public boolean isSymbolicLink() {
      return false;
    }

    @Override
    public boolean isOther() {
      return false;
    }

    @Override
    public long size() {
      return 1;
    }
  }
}
