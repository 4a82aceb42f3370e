package serdab.dicom.net;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import serdab.dicom.ByteSource;
import serdab.dicom.DataSet;
import serdab.dicom.DicomFile;
import serdab.dicom.Tag;

/// What a node answers to a C-FIND: which of its instances match, and what is said of them (PS3.4
/// section C.2.2.2). One thread at a time.
final class PacsRows {

  static final int STUDY_INSTANCES = 0x00201208;
  static final int STUDY_SERIES = 0x00201206;
  static final int SERIES_INSTANCES = 0x00201209;
  static final int MODALITIES_IN_STUDY = 0x00080061;

  private PacsRows() {}

  /// What an instance says at the top of its data set.
  static String text(byte[] file, int tag) {
    try {
      return String.join("\\", DicomFile.read(ByteSource.of(file)).dataSet().strings(tag));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Those that match every key that has a value.
  static List<LyingPacs.Kept> matching(List<LyingPacs.Kept> all, Map<Integer, String> keys) {
    List<LyingPacs.Kept> some = new ArrayList<>();
    for (LyingPacs.Kept each : all) {
      boolean matches = true;
      for (Map.Entry<Integer, String> key : keys.entrySet()) {
        matches &= matches(each, key.getKey(), key.getValue());
      }
      if (matches) {
        some.add(each);
      }
    }
    return some;
  }

  private static boolean matches(LyingPacs.Kept each, int tag, String wanted) {
    if (wanted.isEmpty() || wanted.equals("*")) {
      return true;
    }
    return switch (tag) {
      case Identifier.QUERY_RETRIEVE_LEVEL,
          Identifier.SPECIFIC_CHARACTER_SET,
          STUDY_INSTANCES,
          STUDY_SERIES,
          SERIES_INSTANCES ->
          true;
      case Tag.StudyInstanceUID -> isOneOf(each.study(), wanted);
      case Tag.SeriesInstanceUID -> isOneOf(each.series(), wanted);
      case Tag.SOPInstanceUID -> isOneOf(each.sop(), wanted);
      case Tag.StudyDate, Tag.StudyTime -> isWithin(text(each.file(), tag), wanted);
      case MODALITIES_IN_STUDY -> isOneOf(text(each.file(), Tag.Modality), wanted);
      default -> isLike(text(each.file(), tag), wanted);
    };
  }

  private static boolean isOneOf(String value, String wanted) {
    return wanted.contains("*")
        ? isLike(value, wanted)
        : List.of(wanted.split("\\\\", -1)).contains(value);
  }

  private static boolean isWithin(String value, String range) {
    int dash = range.indexOf('-');
    if (dash < 0) {
      return value.equals(range);
    }
    String first = range.substring(0, dash);
    String last = range.substring(dash + 1);
    return !value.isEmpty()
        && value.compareTo(first) >= 0
        && (last.isEmpty()
            || value.substring(0, Math.min(value.length(), last.length())).compareTo(last) <= 0);
  }

  private static boolean isLike(String value, String pattern) {
    StringBuilder regex = new StringBuilder();
    for (int i = 0; i < pattern.length(); i++) {
      char c = pattern.charAt(i);
      regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote("" + c));
    }
    return value.matches(regex.toString());
  }

  /// One row for each entity of a level, of the keys that were asked for.
  static List<Map<Integer, String>> rows(
      QueryLevel level, List<LyingPacs.Kept> matching, Map<Integer, String> keys) {
    Map<String, List<LyingPacs.Kept>> entities = new LinkedHashMap<>();
    for (LyingPacs.Kept each : matching) {
      String entity =
          switch (level) {
            case PATIENT -> text(each.file(), Tag.PatientID);
            case STUDY -> each.study();
            case SERIES -> each.series();
            case IMAGE -> each.sop();
          };
      entities.computeIfAbsent(entity, _ -> new ArrayList<>()).add(each);
    }
    List<Map<Integer, String>> rows = new ArrayList<>();
    for (List<LyingPacs.Kept> entity : entities.values()) {
      Map<Integer, String> row = new LinkedHashMap<>();
      for (int tag : keys.keySet()) {
        row.put(tag, value(tag, level, entity));
      }
      rows.add(row);
    }
    return rows;
  }

  private static String value(int tag, QueryLevel level, List<LyingPacs.Kept> entity) {
    LyingPacs.Kept first = entity.getFirst();
    return switch (tag) {
      case Identifier.QUERY_RETRIEVE_LEVEL -> level.name();
      case Tag.StudyInstanceUID -> first.study();
      case Tag.SeriesInstanceUID ->
          level == QueryLevel.SERIES || level == QueryLevel.IMAGE ? first.series() : "";
      case Tag.SOPInstanceUID -> level == QueryLevel.IMAGE ? first.sop() : "";
      case STUDY_INSTANCES, SERIES_INSTANCES -> "" + entity.size();
      case STUDY_SERIES -> "" + entity.stream().map(LyingPacs.Kept::series).distinct().count();
      case MODALITIES_IN_STUDY -> text(first.file(), Tag.Modality);
      default -> text(first.file(), tag);
    };
  }

  /// The keys of a question, in their order.
  static Map<Integer, String> keys(byte[] identifier) throws IOException {
    DataSet asked = Identifier.read(identifier);
    Map<Integer, String> keys = new LinkedHashMap<>();
    for (int i = 0; i < asked.size(); i = asked.next(i)) {
      keys.put(asked.tag(i), String.join("\\", asked.stringsAt(i)));
    }
    return keys;
  }
}
