package serdab.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Which disk a file system lies on, found in a `dev` and a `sys` made up for it.
class MediumTest {

  @TempDir private Path root;

  @Test
  void aPartitionLiesOnItsDisk() throws IOException {
    disk("sda", "wwn-0x5000c500a1b2c3d4");
    partition("sda", "sda1");
    partition("sda", "sda2");

    Medium one = Medium.of("/dev/sda1", "ext4", root);
    Medium two = Medium.of("/dev/sda2", "ext4", root);

    assertThat(one).isEqualTo(two).isEqualTo(new Medium("disk:wwn-0x5000c500a1b2c3d4"));
  }

  @Test
  void anEncryptedVolumeLiesOnTheDiskBelowIt() throws IOException {
    disk("sdb", "usb-Maker_Disk_123-0:0");
    partition("sdb", "sdb1");
    Path mapped = device("dm-0");
    Files.createDirectories(mapped.resolve("slaves/sdb1"));
    Files.createDirectories(root.resolve("dev/mapper"));
    Files.createSymbolicLink(root.resolve("dev/mapper/vault"), Path.of("../dm-0"));

    assertThat(Medium.of("/dev/mapper/vault", "ext4", root))
        .isEqualTo(new Medium("disk:usb-Maker_Disk_123-0:0"));
  }

  @Test
  void aVolumeOverTwoDisksIsNoDiskOfItsOwn() throws IOException {
    disk("sda", "wwn-1");
    disk("sdb", "wwn-2");
    Path mapped = device("dm-1");
    Files.createDirectories(mapped.resolve("slaves/sda"));
    Files.createDirectories(mapped.resolve("slaves/sdb"));

    assertThat(Medium.of("/dev/dm-1", "xfs", root)).isEqualTo(Medium.LOCAL);
  }

  @Test
  void aDiskWithoutALastingNameIsJustLocal() throws IOException {
    device("vda");

    assertThat(Medium.of("/dev/vda", "ext4", root)).isEqualTo(Medium.LOCAL);
    assertThat(Medium.of("/dev/disk3s1", "apfs", root)).isEqualTo(Medium.LOCAL);
  }

  @Test
  void sharesAreOneMediumBecauseAServerHasManyNames() {
    assertThat(Medium.of("nas:/export", "nfs4", root)).isEqualTo(Medium.NETWORK);
    assertThat(Medium.of("//192.168.1.5/share", "cifs", root)).isEqualTo(Medium.NETWORK);
  }

  @Test
  void whatTellsNothingIsNotKnown() {
    assertThat(Medium.of("overlay", "overlay", root)).isEqualTo(Medium.UNKNOWN);
    assertThat(Medium.of("tmpfs", "tmpfs", root)).isEqualTo(Medium.UNKNOWN);
  }

  private void disk(String name, String lasting) throws IOException {
    device(name);
    Path byId = Files.createDirectories(root.resolve("dev/disk/by-id"));
    Files.createSymbolicLink(byId.resolve(lasting), Path.of("../../" + name));
  }

  private void partition(String disk, String name) throws IOException {
    Path real = Files.createDirectories(root.resolve("sys/devices/" + disk + "/" + name));
    Files.createFile(real.resolve("partition"));
    link(name, real);
  }

  private Path device(String name) throws IOException {
    Path real = Files.createDirectories(root.resolve("sys/devices/" + name));
    link(name, real);
    return real;
  }

  private void link(String name, Path real) throws IOException {
    Path block = Files.createDirectories(root.resolve("sys/class/block"));
    Files.createSymbolicLink(block.resolve(name), real);
    Files.createDirectories(root.resolve("dev"));
    Files.createFile(root.resolve("dev").resolve(name));
  }
}
