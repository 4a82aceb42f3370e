package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Folders on network volumes are told from those on disks.
class NetworkVolumesTest {

  private static final String TABLE =
      """
      /dev/sda1 / ext4 rw,relatime 0 0
      proc /proc proc rw 0 0
      nas:/export /mnt/nas nfs4 rw,vers=4.2 0 0
      //server/share /mnt/My\\040Share cifs rw 0 0
      /dev/sdb1 /mnt/nas/disk xfs rw 0 0
      doctor@host:/data /mnt/ssh fuse.sshfs rw 0 0
      https://cloud.example/dav /mnt/dav fuse rw 0 0
      /dev/sdc1 /mnt/ntfs fuseblk rw 0 0
      portal /run/user/1000/doc fuse.portal rw 0 0
      /dev/sdd1 /mnt/covered ext4 rw 0 0
      nas:/other /mnt/covered nfs rw 0 0
      broken line
      """;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "/mnt/nas/serdab, nfs4",
    "/mnt/My Share, cifs",
    "/mnt/My Share/a/b, cifs",
    "/mnt/ssh/x, fuse.sshfs",
    "/mnt/dav/x, fuse",
    "/mnt/covered/x, nfs"
  })
  void aFolderOnANetworkVolumeIsKnownByTheTableOfMounts(Path path, String type) {
    assertThat(NetworkVolumes.of(TABLE).of(path)).contains(type);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/home/doctor/.local/share/serdab",
        "/mnt/nas/disk/serdab",
        "/mnt/nasty/serdab",
        "/mnt/ntfs/serdab",
        "/run/user/1000/doc/x"
      })
  void aFolderOnADiskIsNot(Path path) {
    assertThat(NetworkVolumes.of(TABLE).of(path)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "smbfs, true",
    "afpfs, true",
    "webdav, true",
    "nfs, true",
    "macfuse, true",
    "apfs, false",
    "hfs, false",
    "exfat, false",
    "NTFS, false"
  })
  void whereThereIsNoTableTheSystemsWordForTheTypeCounts(String type, boolean network) {
    NetworkVolumes volumes = new NetworkVolumes(_ -> Optional.of(type), Optional.empty());

    assertThat(volumes.of(folder.resolve("not/there/yet")).isPresent()).isEqualTo(network);
  }

  @Test
  void aLinkOnADiskThatLeadsToANetworkVolumeIsFollowed() throws Exception {
    Path there = Files.createDirectories(folder.resolve("net/volume")).toRealPath();
    Path link = Files.createSymbolicLink(folder.resolve("link"), there);
    String table = "/dev/sda1 / ext4 rw 0 0\nnas:/x " + there + " nfs rw 0 0\n";

    assertThat(NetworkVolumes.of(table).of(link.resolve("serdab"))).contains("nfs");
    assertThat(NetworkVolumes.of(table).of(folder.resolve("serdab"))).isEmpty();
  }

  @Test
  void thisComputersTemporaryFolderIsAsked() {
    assertThat(NetworkVolumes.ofThisComputer(Optional.empty()).of(Path.of("/proc"))).isEmpty();
  }
}
