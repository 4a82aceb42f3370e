package serdab.ziptree;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import serdab.PatientData;
import serdab.dicom.DicomWriter;
import serdab.dicom.InstanceFacts;
import serdab.dicom.StoredFile;
import serdab.dicom.StudyFacts;
import serdab.dicom.Tag;
import serdab.dicom.Vr;

/// The instances of one ZIP as an item of an inventory (PS3.3 section C.38.1), by series.
final class InventoriedStudy {

  private static final int ItemInventoryDateTime = 0x00080404;
  private static final int FileAccessURI = 0x00080409;
  private static final int ContainerFileType = 0x0008040A;
  private static final int FilenameInContainer = 0x0008040B;
  private static final int FileOffsetInContainer = 0x0008040C;
  private static final int FileLengthInContainer = 0x0008040D;
  private static final int StoredInstanceTransferSyntaxUID = 0x0008040E;
  private static final int FileAccessSequence = 0x0008041A;
  private static final int InventoriedSeriesSequence = 0x00080424;
  private static final int InventoriedInstancesSequence = 0x00080425;
  private static final int ModalitiesInStudy = 0x00080061;
  private static final int NumberOfStudyRelatedSeries = 0x00201206;
  private static final int NumberOfStudyRelatedInstances = 0x00201208;
  private static final int NumberOfSeriesRelatedInstances = 0x00201209;
  private static final int MACAlgorithm = 0x04000015;
  private static final int MAC = 0x04000404;

  /// What an instance takes beside its names, a little more than measured.
  private static final int INSTANCE_BYTES = 420;

  private static final PatientData.Purpose BESIDE = PatientData.Purpose.BESIDE_THE_DATA;
  private static final DateTimeFormatter DATE_TIME =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private record Instance(StoredFile file, Manifest.Place place, InstanceFacts facts) {}

  private final String uri;
  private final Manifest manifest;
  private final List<Instance> instances;
  private final int seriesCount;

  private InventoriedStudy(
      String uri, Manifest manifest, List<Instance> instances, int seriesCount) {
    this.uri = uri;
    this.manifest = manifest;
    this.instances = instances;
    this.seriesCount = seriesCount;
  }

  /// @param path the ZIP's path in the tree
  static InventoriedStudy of(String path, Manifest manifest) {
    Map<String, List<Instance>> series = new LinkedHashMap<>();
    List<StoredFile> files = manifest.version().files();
    for (int i = 0; i < files.size(); i++) {
      StoredFile file = files.get(i);
      if (file.instance().isPresent()) {
        InstanceFacts facts = file.instance().get();
        series
            .computeIfAbsent(facts.series().value(), _ -> new ArrayList<>())
            .add(new Instance(file, manifest.places().get(i), facts));
      }
    }
    return new InventoriedStudy(
        "./" + Inventories.percent(path),
        manifest,
        series.values().stream().flatMap(List::stream).toList(),
        series.size());
  }

  int size() {
    return instances.size();
  }

  /// About how many bytes the instances from here on take.
  long bytes(int from) {
    long bytes = 0;
    for (int i = from; i < instances.size(); i++) {
      bytes += bytesOf(i);
    }
    return bytes;
  }

  /// Where an inventory of so many bytes has to end that begins here; one instance at least is in
  /// it.
  int end(int from, int bytesMax) {
    long bytes = 0;
    for (int i = from; i < instances.size(); i++) {
      bytes += bytesOf(i);
      if (bytes > bytesMax && i > from) {
        return i;
      }
    }
    return instances.size();
  }

  private long bytesOf(int i) {
    return INSTANCE_BYTES + uri.length() + 3L * instances.get(i).place().entry().length();
  }

  void write(DicomWriter out, int from, int to) throws IOException {
    StudyFacts facts = manifest.version().facts();
    out.beginItem();
    out.text(Tag.StudyDate, Vr.DA, date(facts.studyDate().orElse(null)));
    out.text(Tag.StudyTime, Vr.TM);
    out.text(Tag.AccessionNumber, Vr.SH, fit(facts.accessionNumber().reveal(BESIDE), 16));
    out.text(
        ModalitiesInStudy,
        Vr.CS,
        facts.modalities().stream().map(InventoriedStudy::code).toArray(String[]::new));
    out.text(ItemInventoryDateTime, Vr.DT, DATE_TIME.format(manifest.version().readAt()) + "+0000");
    out.beginSequence(InventoriedSeriesSequence);
    int at = from;
    while (at < to) {
      int end = at + 1;
      String series = instances.get(at).facts().series().value();
      while (end < to && instances.get(end).facts().series().value().equals(series)) {
        end++;
      }
      writeSeries(out, at, end);
      at = end;
    }
    out.endSequence();
    out.text(Tag.StudyDescription, Vr.LO, fit(facts.description().reveal(BESIDE), 64));
    out.text(Tag.PatientName, Vr.PN, name(facts.patientName().reveal(BESIDE)));
    out.text(Tag.PatientID, Vr.LO, fit(facts.patientId().reveal(BESIDE), 64));
    out.text(
        Tag.PatientBirthDate,
        Vr.DA,
        date(facts.birthDate().map(born -> born.reveal(BESIDE)).orElse(null)));
    out.text(Tag.PatientSex, Vr.CS);
    out.uid(Tag.StudyInstanceUID, uid(facts.key().value()));
    out.text(Tag.StudyID, Vr.SH);
    out.text(NumberOfStudyRelatedSeries, Vr.IS, Integer.toString(seriesCount));
    out.text(NumberOfStudyRelatedInstances, Vr.IS, Integer.toString(instances.size()));
    out.endItem();
  }

  private void writeSeries(DicomWriter out, int from, int to) throws IOException {
    InstanceFacts first = instances.get(from).facts();
    out.beginItem();
    out.text(Tag.Modality, Vr.CS, code(first.modality()));
    out.beginSequence(InventoriedInstancesSequence);
    for (int i = from; i < to; i++) {
      writeInstance(out, instances.get(i));
    }
    out.endSequence();
    out.uid(Tag.SeriesInstanceUID, uid(first.series().value()));
    out.text(Tag.SeriesNumber, Vr.IS);
    long all =
        instances.stream().filter(one -> one.facts().series().equals(first.series())).count();
    out.text(NumberOfSeriesRelatedInstances, Vr.IS, Long.toString(all));
    out.endItem();
  }

  private void writeInstance(DicomWriter out, Instance instance) throws IOException {
    Manifest.Place place = instance.place();
    out.beginItem();
    out.uid(Tag.SOPClassUID, uid(instance.facts().sopClassUid()));
    out.uid(Tag.SOPInstanceUID, uid(instance.facts().sop().value()));
    out.beginSequence(FileAccessSequence);
    out.beginItem();
    out.text(FileAccessURI, Vr.UR, uri);
    out.text(ContainerFileType, Vr.CS, "ZIP");
    out.text(FilenameInContainer, Vr.UR, Inventories.percent(place.entry()));
    out.numbers(FileOffsetInContainer, Vr.UV, place.offset());
    out.numbers(FileLengthInContainer, Vr.UV, place.storedBytes());
    out.uid(
        StoredInstanceTransferSyntaxUID,
        place.recipe().isPresent()
            ? Recipe.TRANSFER_SYNTAX
            : uid(instance.facts().transferSyntaxUid()));
    out.text(MACAlgorithm, Vr.CS, "SHA256");
    out.bytes(MAC, Vr.OB, place.digest(instance.file()).bytes());
    out.endItem();
    out.endSequence();
    out.text(Tag.InstanceNumber, Vr.IS);
    out.endItem();
  }

  // ---- what was found, made fit for a VR

  private static String date(@org.jspecify.annotations.Nullable LocalDate date) {
    return date == null || date.getYear() < 1 || date.getYear() > 9999
        ? ""
        : date.format(DateTimeFormatter.BASIC_ISO_DATE);
  }

  private static String fit(String text, int charactersMax) {
    StringBuilder fit = new StringBuilder();
    SafeNames.withoutLoneSurrogates(text)
        .codePoints()
        .filter(c -> !Character.isISOControl(c))
        .map(c -> c == '\\' ? '/' : c)
        .limit(charactersMax)
        .forEach(fit::appendCodePoint);
    return fit.toString().strip();
  }

  /// Three groups of five components, each of at most 64 characters (PS3.5 section 6.2).
  private static String name(String text) {
    String[] groups = fit(text, 1000).split("=", 3);
    List<String> fit = new ArrayList<>();
    for (String group : groups) {
      fit.add(fit(group.replace('=', ' '), 64));
    }
    return String.join("=", fit);
  }

  private static String code(String text) {
    return fit(text.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9 _]", ""), 16);
  }

  /// Files hold UIDs that are none; what an inventory cannot write is left out of it.
  private static String uid(String text) {
    String fit = text.replaceAll("[^0-9A-Za-z.]", "");
    return fit.substring(0, Math.min(64, fit.length()));
  }
}
