package serdab.testing.horos;

import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import serdab.Sha256;

/// Makes a Horos library of any size with real files: CT and MR images of the shared data, each
/// study with UIDs, a patient and a day of its own. The pixels are those of the originals, so this
/// is for trying many studies, not for measuring compression; `./dev make-bench` makes distinct
/// ones.
///
/// `./dev make-library` runs it. Its memory does not grow with the number of studies.
public final class RealLibrary {

  /// Series that the fixtures' reader of headers understands, all one frame to a file.
  private static final List<String> ORIGINALS =
      List.of(
          "ct_dcm_qa_ct",
          "mr_ge_siemens_dcm_qa_nih",
          "mr_siemens_dcm_qa_decubitus",
          "mr_uih_dcm_qa_uih");

  private static final int FILES_PER_STUDY = 4;
  private static final int STUDIES_MAX = 1_000_000;
  private static final int STUDIES_PER_COMMIT = 500;
  private static final LocalDate FIRST_DAY = LocalDate.of(2015, 1, 1);
  private static final int DAYS = 3650;
  private static final List<Integer> DATES =
      List.of(Header.STUDY_DATE, Header.SERIES_DATE, Header.ACQUISITION_DATE, Header.CONTENT_DATE);

  private final List<List<Path>> originals;
  private final HorosLibraryFixture library;
  private long files;
  private long bytes;

  /// What was made.
  ///
  /// @param folder the library
  public record Made(Path folder, int studies, long files, long bytes) {}

  private RealLibrary(List<List<Path>> originals, HorosLibraryFixture library) {
    this.originals = originals;
    this.library = library;
  }

  /// Arguments: the folder of real DICOM files, the folder that `Horos Data` is made in, and the
  /// number of studies.
  public static void main(String[] arguments) throws IOException {
    long begun = System.nanoTime();
    Made made =
        create(
            Path.of(arguments[0]),
            Path.of(arguments[1]),
            Integer.parseInt(arguments[2]),
            System.out);
    double seconds = (System.nanoTime() - begun) / 1e9;
    System.out.printf(
        "made %s: %,d studies, %,d files, %,d MB, index %,d MB, in %.1f s (%.0f MB/s)%n",
        made.folder(),
        made.studies(),
        made.files(),
        made.bytes() / 1_000_000,
        Files.size(made.folder().resolve("Database.sql")) / 1_000_000,
        seconds,
        made.bytes() / 1e6 / seconds);
  }

  /// Makes `Horos Data` inside a folder.
  ///
  /// @param dicom the folder of real DICOM files
  /// @param parent where `Horos Data` is made; it must not be there yet
  /// @param out told how far it is
  public static Made create(Path dicom, Path parent, int studies, PrintStream out)
      throws IOException {
    if (studies < 1 || studies > STUDIES_MAX) {
      throw new IllegalArgumentException("the number of studies is from 1 to " + STUDIES_MAX);
    }
    if (Files.exists(parent.resolve("Horos Data"))) {
      throw new IllegalArgumentException(parent.resolve("Horos Data") + " is there already");
    }
    List<List<Path>> originals = originals(dicom);
    try (HorosLibraryFixture library =
        HorosLibraryBuilder.in(parent).zone(ZoneId.of("UTC")).create()) {
      RealLibrary maker = new RealLibrary(originals, library);
      library.sql("BEGIN");
      for (int study = 1; study <= studies; study++) {
        maker.makeStudy(study);
        if (study % STUDIES_PER_COMMIT == 0) {
          library.sql("COMMIT");
          library.sql("BEGIN");
          out.printf("%,d of %,d studies%n", study, studies);
        }
      }
      library.sql("COMMIT");
      return new Made(library.folder(), studies, maker.files, maker.bytes);
    }
  }

  /// The files of each original series, at most as many as a study gets.
  private static List<List<Path>> originals(Path dicom) throws IOException {
    Map<String, List<Path>> series = new LinkedHashMap<>();
    for (String name : ORIGINALS) {
      try (Stream<Path> below = Files.walk(dicom.resolve(name))) {
        for (Path file : below.filter(Files::isRegularFile).sorted().toList()) {
          Header header = Header.of(Files.readAllBytes(file));
          String uid = header.text(Header.SERIES_UID);
          boolean image = header.unsigned16(Header.ROWS) > 0;
          List<Path> known = series.computeIfAbsent(uid, _ -> new ArrayList<>());
          if (!uid.isEmpty() && image && known.size() < FILES_PER_STUDY) {
            known.add(file);
          }
        }
      }
    }
    List<List<Path>> whole =
        series.values().stream().filter(files -> files.size() == FILES_PER_STUDY).toList();
    if (whole.isEmpty()) {
      throw new IllegalArgumentException("no series of CT or MR images in " + dicom);
    }
    return whole;
  }

  private void makeStudy(int study) throws IOException {
    // One original series after the other, so that modalities and sizes are mixed.
    for (Path original : originals.get(study % originals.size())) {
      byte[] content = Files.readAllBytes(original);
      Header header = Header.of(content);
      byte[] changed = header.with(content, changes(header, study));
      library.importBytes(changed);
      files++;
      bytes += changed.length;
    }
  }

  private static Map<Integer, String> changes(Header header, int study) {
    Map<Integer, String> changes = new HashMap<>();
    String instance = uid(header.text(Header.SOP_INSTANCE_UID), study);
    changes.put(Header.META_SOP_INSTANCE_UID, instance);
    changes.put(Header.SOP_INSTANCE_UID, instance);
    changes.put(Header.SERIES_UID, uid(header.text(Header.SERIES_UID), study));
    changes.put(Header.STUDY_UID, uid("study", study));
    // Every third patient comes back.
    int patient = study - study / 3;
    changes.put(Header.PATIENT_NAME, "Library^Patient %06d".formatted(patient));
    changes.put(Header.PATIENT_ID, "L%07d".formatted(patient));
    String day = FIRST_DAY.plusDays(study * 7919L % DAYS).format(DateTimeFormatter.BASIC_ISO_DATE);
    DATES.forEach(date -> changes.put(date, day));
    return changes;
  }

  /// A UID from a UUID (PS3.5 annex B.2) that depends on nothing but these two.
  private static String uid(String original, int study) {
    byte[] hash = Sha256.digest((original + "/" + study).getBytes(StandardCharsets.UTF_8)).bytes();
    byte[] uuid = Arrays.copyOf(hash, 16);
    uuid[6] = (byte) ((uuid[6] & 0x0F) | 0x80);
    uuid[8] = (byte) ((uuid[8] & 0x3F) | 0x80);
    return "2.25." + new BigInteger(1, uuid);
  }
}
