package serdab.destination;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import serdab.PatientData;
import serdab.VersionId;
import serdab.dicom.ByteSource;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.InstanceFacts;
import serdab.dicom.SourceRows;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.StudyKey;
import serdab.dicom.StudyVersion;
import serdab.testing.world.TinyDicom;

/// A small study to copy, and the part of the engine that copies it.
public final class TestStudy {

  static final Instant READ_AT = Instant.parse("2026-11-20T04:15:00Z");
  static final long MODIFIED = Instant.parse("2021-01-10T09:08:07.123Z").toEpochMilli();

  private final String key;
  private String patientName = "Doe^Jane";
  private Optional<LocalDate> birthDate = Optional.of(LocalDate.of(1980, 5, 3));
  private Optional<LocalDate> studyDate = Optional.of(LocalDate.of(2021, 1, 10));
  private Optional<VersionId> supersedes = Optional.empty();
  private final Map<String, byte[]> files = new LinkedHashMap<>();
  private final Map<String, Long> rowCounts = new HashMap<>();
  private SourceRows sourceRows = SourceRows.NONE;
  private boolean structureIsTold;

  private TestStudy(String key) {
    this.key = key;
  }

  public static TestStudy of(String uid) {
    return new TestStudy(uid);
  }

  /// Some images of one series, drawn from a seed.
  public static TestStudy drawnFrom(RandomGenerator random, String uid, int images) {
    TestStudy study = of(uid);
    for (int i = 1; i <= images; i++) {
      study.file("CT/IM" + i, image(uid, i, pixels(random, 512 + random.nextInt(4096) * 2)));
    }
    return study;
  }

  /// Neighbouring values that differ a little, as in images.
  static byte[] pixels(RandomGenerator random, int bytes) {
    byte[] pixels = new byte[bytes];
    int value = 1000;
    for (int i = 0; i + 1 < bytes; i += 2) {
      value += random.nextInt(9) - 4;
      pixels[i] = (byte) value;
      pixels[i + 1] = (byte) (value >> 8);
    }
    return pixels;
  }

  static byte[] image(String study, int number, byte[] pixels) {
    return TinyDicom.image()
        .study(study)
        .series(study + ".1")
        .sop(study + ".1." + number)
        .pixels(pixels)
        .bytes();
  }

  TestStudy patient(String name) {
    patientName = name;
    return this;
  }

  TestStudy born(Optional<LocalDate> date) {
    birthDate = date;
    return this;
  }

  TestStudy on(Optional<LocalDate> date) {
    studyDate = date;
    return this;
  }

  TestStudy supersedes(VersionId id) {
    supersedes = Optional.of(id);
    return this;
  }

  public TestStudy file(String path, byte[] content) {
    files.put(path, content);
    return this;
  }

  /// What the source's index says of it.
  TestStudy rows(SourceRows rows) {
    sourceRows = rows;
    return this;
  }

  /// How many rows of the source's index point at a file.
  TestStudy rowsOf(String path, long count) {
    rowCounts.put(path, count);
    return this;
  }

  /// The destination is told how each file is built, as the engine does.
  TestStudy tellingStructure() {
    structureIsTold = true;
    return this;
  }

  Map<String, byte[]> files() {
    return files;
  }

  StudyKey key() {
    return new StudyKey(key);
  }

  StudyFacts facts() {
    return new StudyFacts(
        key(),
        PatientData.of(patientName),
        PatientData.of("ID-1"),
        birthDate.map(PatientData::of),
        studyDate,
        List.of("MR"),
        PatientData.of("ACC-1"),
        PatientData.of("Head"));
  }

  public StudyVersion version() {
    List<StoredFile> stored = new ArrayList<>();
    files.forEach((path, content) -> stored.add(listedFile(path, content)));
    return StudyVersion.of(facts(), stored, List.of(), List.of(), supersedes, "a test", READ_AT)
        .with(sourceRows);
  }

  public HeldVersion copyTo(Destination destination) {
    try (StagedVersion staged = stageIn(destination)) {
      return staged.commit(version());
    }
  }

  /// Everything but the commit.
  StagedVersion stageIn(Destination destination) {
    StagedVersion staged = destination.begin(facts());
    try {
      files.forEach((path, content) -> {
        staged.beginFile(path, content.length, MODIFIED);
        if (structureIsTold) {
          staged.structure(structure(content));
        }
        // In uneven pieces, as sources give them.
        for (int at = 0; at < content.length; at += 70_001) {
          staged.write(ByteBuffer.wrap(content, at, Math.min(70_001, content.length - at)));
        }
        staged.endFile(listedFile(path, content));
      });
      return staged;
    } catch (RuntimeException e) {
      staged.close();
      throw e;
    }
  }

  private StoredFile listedFile(String path, byte[] content) {
    StoredFile file = storedFile(path, content);
    return new StoredFile(
        path,
        file.lengthBytes(),
        file.modifiedMillis(),
        file.digests(),
        file.instance(),
        file.findings(),
        rowCounts.getOrDefault(path, 0L));
  }

  static DicomFile structure(byte[] content) {
    try {
      return DicomFile.read(ByteSource.of(content));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static StoredFile storedFile(String path, byte[] content) {
    try {
      DicomFile file = DicomFile.read(ByteSource.of(content));
      DigestPass pass = DigestPass.over(file);
      pass.update(ByteBuffer.wrap(content));
      Optional<InstanceFacts> instance =
          file.isDicom() ? Optional.of(file.facts()) : Optional.empty();
      return new StoredFile(path, content.length, MODIFIED, pass.finish(), instance, List.of());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Every file of a copy, read back through the destination.
  static Map<String, byte[]> readAll(Destination destination, HeldVersion held) {
    Map<String, byte[]> read = new LinkedHashMap<>();
    try (VersionReader reader = destination.read(held)) {
      for (StoredFile file : reader.version().files()) {
        read.put(file.path(), read(reader, file, 0, file.lengthBytes()));
      }
    }
    return read;
  }

  static byte[] read(VersionReader reader, StoredFile file, long from, long to) {
    try (var channel = reader.open(file, from, to)) {
      return java.nio.channels.Channels.newInputStream(channel).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
