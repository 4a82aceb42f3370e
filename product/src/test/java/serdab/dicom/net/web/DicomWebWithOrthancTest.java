package serdab.dicom.net.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StudyInstanceUid;
import serdab.testing.Needs;
import serdab.testing.OrthancServer;
import serdab.testing.Peer;
import serdab.testing.SharedData;

@Needs({Peer.ORTHANC, Peer.SHARED_DATA})
class DicomWebWithOrthancTest {

  @TempDir Path scratch;

  private static DicomWeb client(String url, WebSettings settings) {
    return new DicomWeb(
        URI.create(url),
        new DicomWeb.Means(
            new Credentials.None(),
            Optional.empty(),
            settings,
            InstantSource.system(),
            RandomGenerator.of("L64X128MixRandom"),
            Thread::sleep));
  }

  /// One file for each transfer syntax, and names in the scripts of East Asia, by SOP Instance UID.
  private static Map<String, byte[]> files() throws IOException {
    Map<String, byte[]> files = new LinkedHashMap<>();
    List<Path> all = new ArrayList<>();
    for (String folder : List.of("ts_dicomParser", "odd_pydicom")) {
      try (Stream<Path> walk = Files.walk(SharedData.dicom().resolve(folder))) {
        walk.filter(Files::isRegularFile).sorted().forEach(all::add);
      }
    }
    for (Path path : all) {
      byte[] bytes = Files.readAllBytes(path);
      DicomFile file = DicomFile.read(ByteSource.of(bytes));
      boolean whole =
          file.isDicom()
              && !file.isDamaged()
              && !file.isDicomDir()
              && file.preamble().isPresent()
              && !file.facts().study().value().isEmpty()
              && !file.facts().series().value().isEmpty()
              && !file.facts().sop().value().isEmpty();
      if (whole) {
        files.putIfAbsent(file.facts().sop().value(), bytes);
      }
    }
    return files;
  }

  @Test
  void whatOrthancSaysItStoredComesBackBitForBitAndIsListed() throws IOException {
    Map<String, byte[]> files = files();
    try (OrthancServer orthanc = OrthancServer.start();
        DicomWeb client = client(orthanc.url(), WebSettings.DEFAULT);
        Spool spool = new Spool(scratch)) {
      List<DicomWeb.Outgoing> sent = new ArrayList<>();
      for (Map.Entry<String, byte[]> each : files.entrySet()) {
        sent.add(
            new DicomWeb.Outgoing(
                new SopInstanceUid(each.getKey()),
                spool.take(new ByteArrayInputStream(each.getValue()))));
      }
      Map<SopInstanceUid, Stored> said = new LinkedHashMap<>();
      // One instance that it cannot take makes it answer 400 for a whole batch, the others stored.
      for (DicomWeb.Outgoing each : sent) {
        said.putAll(client.store(List.of(each)));
      }
      Map<String, byte[]> back = new LinkedHashMap<>();
      Map<String, InstanceRow> listed = new LinkedHashMap<>();
      Found<StudyRow> studies = client.studies(Map.of());
      for (StudyRow study : studies.all()) {
        listed.putAll(client.instances(study.study()).rows());
        client.retrieve(
            study.study(),
            10_000,
            instance -> {
              byte[] bytes = instance.readAllBytes();
              back.put(DicomFile.read(ByteSource.of(bytes)).facts().sop().value(), bytes);
            });
      }

      List<String> claimed =
          said.entrySet().stream()
              .filter(each -> each.getValue() instanceof Stored.Claimed)
              .map(each -> each.getKey().value())
              .toList();
      assertThat(files.size()).isGreaterThan(100);
      assertThat(claimed).hasSizeGreaterThan(files.size() * 9 / 10);
      assertThat(studies.certain()).isTrue();
      assertThat(listed.keySet()).containsAll(claimed);
      for (String uid : claimed) {
        assertThat(back.get(uid)).as(uid).isEqualTo(files.get(uid));
      }
    }
  }

  @Test
  void orthancsPagesAreReadToTheEnd() throws IOException {
    WebSettings usual = WebSettings.DEFAULT;
    WebSettings small =
        new WebSettings(
            usual.connect(),
            usual.answer(),
            usual.stall(),
            usual.slowestBytesPerSecond(),
            usual.tries(),
            usual.firstWait(),
            usual.waitFactor(),
            usual.waitMax(),
            usual.retryAfterMax(),
            2,
            usual.rowsMax(),
            usual.jsonBytesMax(),
            usual.batchInstances(),
            usual.batchBytes(),
            usual.instanceBytesMax());
    try (OrthancServer orthanc = OrthancServer.start();
        DicomWeb client = client(orthanc.url(), small);
        Spool spool = new Spool(scratch)) {
      List<DicomWeb.Outgoing> sent = new ArrayList<>();
      for (int n = 1; n <= 5; n++) {
        byte[] file =
            serdab.testing.world.TinyDicom.image()
                .study("1.2." + n)
                .series("1.2." + n + ".1")
                .sop("1.2." + n + ".1.1")
                .patient("山田^太郎", "P" + n)
                .bytes();
        sent.add(
            new DicomWeb.Outgoing(
                new SopInstanceUid("1.2." + n + ".1.1"),
                spool.take(new ByteArrayInputStream(file))));
      }
      client.store(sent);

      Found<StudyRow> found = client.studies(Map.of());

      assertThat(found.rows()).hasSize(5);
      assertThat(found.certain()).isTrue();
      assertThat(client.instances(new StudyInstanceUid("1.2.3")).rows().keySet())
          .containsExactly("1.2.3.1.1");
    }
  }
}
