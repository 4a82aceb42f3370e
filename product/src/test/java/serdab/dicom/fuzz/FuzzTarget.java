package serdab.dicom.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import serdab.dicom.Anomaly;
import serdab.dicom.ByteRange;
import serdab.dicom.ByteSource;
import serdab.dicom.CharacterSets;
import serdab.dicom.DataSet;
import serdab.dicom.DicomDir;
import serdab.dicom.DicomFile;
import serdab.dicom.DigestPass;
import serdab.dicom.FileDigests;
import serdab.dicom.PersonName;
import serdab.dicom.Vr;

/// What reads bytes from outside. Each is given an input and says what it saw in it, so that inputs
/// that show something new can be kept.
enum FuzzTarget {
  /// Elements, values and digests of a file.
  PARSER {
    @Override
    String behaviour(byte[] input) throws IOException {
      DicomFile file = DicomFile.read(ByteSource.of(input));
      DicomFile.scan(ByteSource.of(input));
      checkIndex(file, input.length);
      readEverything(file.dataSet());
      readEverything(file.fileMeta());
      return seen(file) + checkDigests(file, input);
    }
  },
  /// Text: the first byte of the input chooses the sets and the VR.
  CHARACTER_SETS {
    @Override
    String behaviour(byte[] input) {
      if (input.length < 2) {
        return "";
      }
      List<String> sets = new ArrayList<>();
      int choice = input[0] & 0xFF;
      for (int i = 0; i <= choice % 3; i++) {
        sets.add(SETS.get((choice / 3 + i * 7 + input[1]) & 15));
      }
      Vr vr = (choice & 1) == 0 ? Vr.PN : Vr.LT;
      byte[] text = java.util.Arrays.copyOfRange(input, 2, input.length);
      String decoded = CharacterSets.of(sets).decode(text, vr);
      if (decoded.length() > text.length) {
        throw new AssertionError("text became longer than its bytes");
      }
      PersonName.parse(decoded).display();
      return sets + " " + vr;
    }
  },
  /// Deflated data sets.
  INFLATER {
    @Override
    String behaviour(byte[] input) throws IOException {
      return PARSER.behaviour(input);
    }
  },
  /// Directories of file-sets.
  DICOMDIR {
    @Override
    String behaviour(byte[] input) throws IOException {
      DicomFile file = DicomFile.read(ByteSource.of(input));
      DicomDir dir = DicomDir.read(file);
      TreeSet<DicomDir.Oddity.Kind> kinds = new TreeSet<>();
      dir.oddities().forEach(oddity -> kinds.add(oddity.kind()));
      List<String> paths = new ArrayList<>();
      for (DicomDir.Entry entry : dir.records()) {
        entry.path().ifPresent(paths::add);
      }
      for (String path : paths) {
        for (String component : path.split("/", -1)) {
          if (component.isEmpty() || component.equals("..") || component.contains("\\")) {
            throw new AssertionError("a reference escapes");
          }
        }
      }
      if (!dir.compareWith(paths).dangling().isEmpty()) {
        throw new AssertionError("a path does not match itself");
      }
      return seen(file) + kinds;
    }
  };

  private static final List<String> SETS =
      List.of(
          "",
          "ISO_IR 100",
          "ISO 2022 IR 6",
          "ISO 2022 IR 13",
          "ISO 2022 IR 87",
          "ISO 2022 IR 149",
          "ISO 2022 IR 58",
          "ISO 2022 IR 159",
          "ISO_IR 192",
          "GB18030",
          "GBK",
          "ISO_IR 166",
          "ISO 2022 IR 100",
          "ISO_IR 203",
          "ISO 8859-5",
          "nonsense");

  private static final int STEP_BYTES = 4093;

  /// Reads the input in every way there is. Whatever it throws is a bug.
  ///
  /// @return a short text that is the same for inputs that show the same
  abstract String behaviour(byte[] input) throws IOException;

  /// The name on the command line.
  String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static FuzzTarget of(String label) {
    for (FuzzTarget target : values()) {
      if (target.label().equals(label)) {
        return target;
      }
    }
    throw new IllegalArgumentException("no target " + label);
  }

  private static String seen(DicomFile file) {
    TreeSet<Anomaly.Kind> kinds = new TreeSet<>();
    file.anomalies().forEach(anomaly -> kinds.add(anomaly.kind()));
    return kinds.toString();
  }

  private static void checkIndex(DicomFile file, long length) throws IOException {
    DataSet dataSet = file.dataSet();
    long end = Math.max(length, dataSet.source().lengthBytes());
    for (int i = 0; i < dataSet.size(); i++) {
      if (dataSet.position(i) < 0
          || dataSet.valueLength(i) < 0
          || dataSet.valueOffset(i) + dataSet.valueLength(i) > end) {
        throw new AssertionError("element " + i + " lies outside the file");
      }
      if (dataSet.parent(i) >= i || dataSet.next(i) <= i) {
        throw new AssertionError("element " + i + " holds itself");
      }
    }
  }

  private static void readEverything(DataSet dataSet) throws IOException {
    for (int i = 0; i < dataSet.size(); i++) {
      dataSet.stringsAt(i);
      dataSet.value(i);
      if (dataSet.depth(i) == 0) {
        dataSet.number(dataSet.tag(i));
        for (DataSet item : dataSet.items(i)) {
          item.string(serdab.dicom.Tag.PatientName);
        }
      }
      for (ByteRange fragment : dataSet.fragments(i)) {
        if (fragment.length() < 0) {
          throw new AssertionError("a fragment of negative length");
        }
      }
    }
    if (dataSet.toString().isEmpty()) {
      throw new AssertionError("a data set without a description");
    }
  }

  /// The digests must not depend on how the bytes are cut.
  private static String checkDigests(DicomFile file, byte[] input) {
    DigestPass whole = DigestPass.over(file);
    whole.update(ByteBuffer.wrap(input));
    FileDigests digests = whole.finish();
    DigestPass cut = DigestPass.over(file);
    for (int at = 0; at < input.length; at += STEP_BYTES) {
      cut.update(ByteBuffer.wrap(input, at, Math.min(STEP_BYTES, input.length - at)));
    }
    if (!digests.equals(cut.finish())) {
      throw new AssertionError("the digests depend on how the bytes are cut");
    }
    boolean changed =
        digests.absent().stream().anyMatch(absent -> absent.reason().contains("changed"));
    if (changed) {
      throw new AssertionError("a file that did not change is said to have changed");
    }
    return digests.canonical().isPresent() ? " whole" : " in part";
  }
}
