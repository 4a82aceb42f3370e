package serdab.destination.repository;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import serdab.PatientData;
import serdab.Sha256;
import serdab.dicom.FileDigests;
import serdab.dicom.InstanceFacts;
import serdab.dicom.SeriesInstanceUid;
import serdab.dicom.SopInstanceUid;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyInstanceUid;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.repository.BlobAt;
import serdab.repository.Codec;
import serdab.repository.Repository;
import serdab.repository.VersionWriter;
import serdab.repository.WriterKeys;
import serdab.store.LocalFolder;
import serdab.ziptree.StudyDocument;

/// Fills a repository with studies that are made up: everything in it is as a backup writes it, but
/// for the images, which have 16 bytes of pixels and no header. So that many fit.
///
/// `scripts/repository-scale.py` runs it, and then the commands.
public final class FullRepository {

  private static final int PIXEL_BYTES = 16;
  private static final int STUDIES_OF_A_RUN = 2_000;
  private static final int LEVEL = 3;

  private FullRepository() {}

  /// Arguments: the folder of the repository, Serdab's own folder with this machine's keys, how
  /// many studies, how many images each has.
  public static void main(String[] arguments) throws Exception {
    Path place = Path.of(arguments[0]);
    int studies = Integer.parseInt(arguments[2]);
    int images = Integer.parseInt(arguments[3]);
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    WriterKeys keys = keys(Path.of(arguments[1]));
    SecureRandom secure = new SecureRandom();
    try (BlobCoder coder = new BlobCoder(Repository.READER)) {
      for (int first = 0; first < studies; first += STUDIES_OF_A_RUN) {
        int end = Math.min(studies, first + STUDIES_OF_A_RUN);
        try (Repository repository =
            Repository.open(
                LocalFolder.openShared(place, secure),
                Optional.of(keys),
                List.of(),
                InstantSource.system(),
                secure)) {
          for (int study = first; study < end; study++) {
            write(repository, coder, study, images);
          }
          repository.settle();
        }
        out.println(end + " studies");
      }
    }
  }

  private static WriterKeys keys(Path home) throws Exception {
    try (Stream<Path> files = Files.list(home.resolve("repositories"))) {
      return WriterKeys.parse(
          Files.readAllBytes(
              files.filter(file -> file.toString().endsWith(".json")).findFirst().orElseThrow()));
    }
  }

  /// The key of a study by its number.
  private static String uid(int study) {
    return "1.2.826.0.1.3680043.8.498.88." + (1_000_000 + study);
  }

  private static void write(Repository repository, BlobCoder coder, int number, int images) {
    SplittableRandom random = new SplittableRandom(number);
    Instant now = Instant.now();
    String uid = uid(number);
    List<StoredFile> files = new ArrayList<>();
    List<byte[]> pixels = new ArrayList<>();
    ByteArrayOutputStream headers = new ByteArrayOutputStream();
    int[] offsets = new int[images];
    for (int i = 0; i < images; i++) {
      byte[] header = (uid + ".1." + i + "\n").getBytes(StandardCharsets.UTF_8);
      byte[] each = new byte[PIXEL_BYTES];
      random.nextBytes(each);
      offsets[i] = headers.size();
      headers.writeBytes(header);
      pixels.add(each);
      ByteArrayOutputStream whole = new ByteArrayOutputStream();
      whole.writeBytes(header);
      whole.writeBytes(each);
      files.add(
          new StoredFile(
              "DATABASE.noindex/" + number / 100 * 10_000 + "/" + number + "-" + i + ".dcm",
              whole.size(),
              now.toEpochMilli(),
              new FileDigests(
                  Sha256.digest(whole.toByteArray()),
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty()),
              Optional.of(facts(uid, i)),
              List.of(),
              1));
    }
    StudyVersion version =
        StudyVersion.of(
            facts(uid, number, random),
            files,
            List.of(),
            List.of(),
            Optional.empty(),
            "made up",
            now);
    try (VersionWriter writer = repository.begin(uid)) {
      List<BlobAt> at = new ArrayList<>();
      for (byte[] each : pixels) {
        at.add(writer.put(Sha256.digest(each), each.length, BlobCoder.RAW, ByteBuffer.wrap(each)));
      }
      String block = put(writer, coder, headers.toByteArray());
      ByteArrayOutputStream document = new ByteArrayOutputStream();
      StudyDocument.write(document, version, "made up");
      String studyManifest = put(writer, coder, document.toByteArray());
      writer.commit(
          version.id().hex(),
          Optional.empty(),
          images,
          version.lengthBytes(),
          manifest(version, studyManifest, block, offsets, at).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String put(VersionWriter writer, BlobCoder coder, byte[] content) {
    Encoded encoded = coder.header(content, content.length, LEVEL);
    Codec codec = encoded.codec();
    BlobAt at = writer.put(Sha256.digest(content), content.length, codec, encoded.stored());
    return "[" + at.pack() + "," + at.offset() + "," + at.storedBytes() + "," + content.length;
  }

  /// By the format alone (section 5.1).
  private static String manifest(
      StudyVersion version, String studyManifest, String block, int[] offsets, List<BlobAt> at) {
    StringBuilder json =
        new StringBuilder("{\"format\":\"sealed-version\",\"formatVersion\":1,\"studyManifest\":")
            .append(studyManifest)
            .append(",1],\"headers\":[")
            .append(block)
            .append("]],\"files\":[");
    for (int i = 0; i < offsets.length; i++) {
      StoredFile file = version.files().get(i);
      BlobAt pixels = at.get(i);
      json.append(i == 0 ? "\n" : ",\n")
          .append("{\"path\":\"")
          .append(file.path())
          .append("\",\"bytes\":")
          .append(file.lengthBytes())
          .append(",\"modified\":")
          .append(file.modifiedMillis())
          .append(",\"sha256\":\"")
          .append(file.digests().file().hex())
          .append("\",\"header\":[0,")
          .append(offsets[i])
          .append("],\"parts\":[")
          .append(file.lengthBytes() - PIXEL_BYTES)
          .append(",[")
          .append(pixels.pack())
          .append(',')
          .append(pixels.offset())
          .append(',')
          .append(pixels.storedBytes())
          .append(',')
          .append(PIXEL_BYTES)
          .append(",0]]}");
    }
    return json.append("]}\n").toString();
  }

  private static StudyFacts facts(String uid, int number, SplittableRandom random) {
    return new StudyFacts(
        new StudyKey(uid),
        PatientData.of("MADE^UP" + number),
        PatientData.of("M" + number),
        Optional.of(PatientData.of(LocalDate.of(1970, 1, 31))),
        Optional.of(LocalDate.of(2015, 1, 1).plusDays(random.nextInt(3_650))),
        List.of("CT"),
        PatientData.of("A" + number),
        PatientData.of("Thorax with contrast medium"));
  }

  private static InstanceFacts facts(String uid, int image) {
    PatientData<String> nobody = PatientData.of("");
    return new InstanceFacts(
        new StudyInstanceUid(uid),
        new SeriesInstanceUid(uid + ".1"),
        new SopInstanceUid(uid + ".1." + image),
        "1.2.840.10008.5.1.4.1.1.2",
        "1.2.840.10008.1.2.1",
        "CT",
        "",
        "",
        nobody,
        nobody,
        nobody,
        nobody,
        nobody,
        nobody,
        "",
        "",
        "Axial 5mm",
        "",
        "",
        "",
        "",
        "",
        "",
        "");
  }
}
