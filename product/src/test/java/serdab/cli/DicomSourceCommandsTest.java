package serdab.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.PatientData;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.net.Association;
import serdab.dicom.net.AssociationRequest;
import serdab.dicom.net.Dcmqrscp;
import serdab.dicom.net.NodeAddress;
import serdab.dicom.net.OutgoingInstance;
import serdab.dicom.net.ProposedContext;
import serdab.testing.Needs;
import serdab.testing.Peer;
import serdab.testing.world.TinyDicom;

/// `serdab backup --from dicom://…`, from DCMTK's dcmqrscp.
@Needs(Peer.DCMTK)
class DicomSourceCommandsTest {

  @TempDir Path folder;

  private CommandLineRun serdab;
  private Dcmqrscp node;
  private String zips;

  @BeforeEach
  void startNode() throws IOException {
    serdab = new CommandLineRun(folder.resolve("home"));
    node = Dcmqrscp.start(Files.createDirectories(folder.resolve("qr")), 0);
    zips = "zip:" + folder.resolve("zips");
  }

  @AfterEach
  void stopNode() {
    node.close();
  }

  private void send(int study, int n) throws IOException {
    byte[] file =
        TinyDicom.image()
            .study("1.2.826." + study)
            .series("1.2.826." + study + ".1")
            .sop("1.2.826." + study + ".1." + n)
            .patient("山田^太郎", "P" + study)
            .date(study == 2 ? "" : "2024010" + study)
            .pixels(new byte[] {(byte) study, (byte) n, 3, 4})
            .bytes();
    OutgoingInstance instance =
        OutgoingInstance.of(DicomFile.read(ByteSource.of(file)), ByteSource.of(file));
    NodeAddress address = node.address();
    try (Association association =
        Association.open(
            AssociationRequest.to(address)
                .propose(ProposedContext.forSending(List.of(instance.kind())).getFirst()))) {
      association.store(instance);
    }
  }

  private String address() {
    return node.address().toString();
  }

  @Test
  void aNodeIsBackedUpIntoZipsAndTheNextRunFetchesOnlyWhatIsNew() throws IOException {
    for (int study = 1; study <= 3; study++) {
      send(study, 1);
      send(study, 2);
    }
    var backup = serdab.run("backup", "--from", address(), "--to", zips);
    assertThat(backup.exitCode()).as(backup.toString()).isZero();
    assertThat(serdab.run("status").out()).contains("All 3 studies safe");
    assertThat(serdab.run("verify", zips).exitCode()).isZero();
    send(2, 3);

    var again = serdab.run("backup", "--from", address(), "--to", zips, "--json");

    assertThat(again.exitCode()).as(again.toString()).isZero();
    assertThat(again.out()).contains("\"copied\":1,", "\"findings\":1,");
    Path back = folder.resolve("back");
    var restored = serdab.run("restore", "--from", zips, "--all", "--to", back.toString());
    assertThat(restored.exitCode()).as(restored.toString()).isZero();
    assertThat(names(back)).containsExactly("山田^太郎");
    assertThat(instances(back)).hasSize(7);
    assertThat(folder.resolve("home")).isDirectoryNotContaining("glob:**fetched/*");
  }

  private static List<DicomFile> instances(Path tree) throws IOException {
    List<DicomFile> instances = new ArrayList<>();
    try (Stream<Path> walk = Files.walk(tree)) {
      for (Path file : walk.filter(Files::isRegularFile).toList()) {
        DicomFile index = DicomFile.read(ByteSource.of(Files.readAllBytes(file)));
        if (index.isDicom()) {
          instances.add(index);
        }
      }
    }
    return instances;
  }

  private static Set<String> names(Path tree) throws IOException {
    Set<String> names = new TreeSet<>();
    for (DicomFile each : instances(tree)) {
      names.add(each.facts().patientName().reveal(PatientData.Purpose.SHOW_TO_OWNER));
    }
    return names;
  }

  @Test
  void aDryRunStoresNothingAnywhere() throws IOException {
    send(1, 1);

    var dry = serdab.run("backup", "--from", address(), "--to", zips, "--dry-run");

    assertThat(dry.exitCode()).as(dry.toString()).isZero();
    assertThat(dry.out()).contains("1");
    assertThat(folder.resolve("zips")).doesNotExist();
  }

  @Test
  void aNodeThatIsNotThereIsSaidToBeAway() {
    String away = address();
    node.close();

    var backup = serdab.run("backup", "--from", away, "--to", zips);

    assertThat(backup.exitCode()).isEqualTo(1);
    assertThat(backup.err() + backup.out()).contains("Nothing answers at 127.0.0.1");
    assertThat(folder.resolve("zips")).doesNotExist();
  }

  @Test
  void aListThatIsNotCertainNeverEndsAsGood() throws IOException {
    for (int study = 1; study <= 12; study++) {
      byte[] file =
          TinyDicom.image()
              .study("1.2.826." + study)
              .sop("1.2.826." + study + ".1")
              .patient("A^B", "SAME")
              .date("")
              .bytes();
      OutgoingInstance instance =
          OutgoingInstance.of(DicomFile.read(ByteSource.of(file)), ByteSource.of(file));
      try (Association association =
          Association.open(
              AssociationRequest.to(node.address())
                  .propose(ProposedContext.forSending(List.of(instance.kind())).getFirst()))) {
        association.store(instance);
      }
    }

    var backup = serdab.run("backup", "--from", address(), "--to", zips);
    var known = serdab.run("backup", "--from", address() + "&limit=1000", "--to", zips);

    assertThat(backup.exitCode()).as(backup.toString()).isEqualTo(3);
    assertThat(backup.out() + backup.err()).contains("could not be looked into");
    assertThat(known.exitCode()).as(known.toString()).isZero();
  }
}
