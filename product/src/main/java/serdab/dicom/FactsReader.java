package serdab.dicom;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import serdab.PatientData;

/// Picks the few values that are shown out of an index, most of them from the bytes still at hand.
/// One thread at a time.
final class FactsReader {

  /// No value that is shown is longer; UIDs are, in explicit VR files, at most this long.
  private static final int FACT_BYTES_MAX = 1 << 16;

  /// Sorted, so that one pass over an ordered index finds them all.
  private static final int[] WANTED = {
    Tag.MediaStorageSOPClassUID,
    Tag.MediaStorageSOPInstanceUID,
    Tag.TransferSyntaxUID,
    Tag.SpecificCharacterSet,
    Tag.SOPClassUID,
    Tag.SOPInstanceUID,
    Tag.StudyDate,
    Tag.StudyTime,
    Tag.AccessionNumber,
    Tag.Modality,
    Tag.Manufacturer,
    Tag.InstitutionName,
    Tag.StationName,
    Tag.StudyDescription,
    Tag.SeriesDescription,
    Tag.PatientName,
    Tag.PatientID,
    Tag.IssuerOfPatientID,
    Tag.PatientBirthDate,
    Tag.PatientSex,
    Tag.BodyPartExamined,
    Tag.StudyInstanceUID,
    Tag.SeriesInstanceUID,
    Tag.StudyID,
    Tag.SeriesNumber,
    Tag.InstanceNumber,
    Tag.SamplesPerPixel,
    Tag.PhotometricInterpretation,
    Tag.NumberOfFrames,
    Tag.Rows,
    Tag.Columns,
    Tag.BitsAllocated,
    Tag.PixelData,
  };

  private final Window in;
  private final ElementIndex index;
  private final int[] places = new int[WANTED.length];
  private @Nullable CharacterSets characterSets;

  FactsReader(Window in, ElementIndex index) {
    this.in = in;
    this.index = index;
    Arrays.fill(places, -1);
    int wanted = 0;
    int last = 0;
    for (int i = 0; i < index.size(); i++) {
      if (index.parent(i) != -1) {
        continue;
      }
      int tag = index.tag(i);
      if (Integer.compareUnsigned(tag, last) < 0) {
        wanted = 0;
      }
      last = tag;
      while (wanted < WANTED.length && Integer.compareUnsigned(WANTED[wanted], tag) < 0) {
        wanted++;
      }
      if (wanted < WANTED.length && WANTED[wanted] == tag && places[wanted] < 0) {
        places[wanted] = i;
      }
    }
  }

  /// The element's place in the index; -1 when there is none.
  int place(int tag) {
    return places[Arrays.binarySearch(WANTED, tag)];
  }

  /// Position of the element, or of the end of what was read.
  long position(int tag) {
    int i = place(tag);
    return i < 0 ? 0 : index.position(i);
  }

  String text(int tag) throws IOException {
    int i = place(tag);
    if (i < 0 || index.length(i) == 0) {
      return "";
    }
    byte[] bytes = in.copy(index.valueOffset(i), (int) Math.min(index.length(i), FACT_BYTES_MAX));
    Vr vr = index.vr(i) == Vr.UN ? Dictionary.vrOf(tag) : index.vr(i);
    String text =
        vr.followsCharacterSet() && !isPlain(bytes)
            ? characterSets().decode(bytes, vr)
            : new String(bytes, StandardCharsets.ISO_8859_1);
    int separator = vr.isMultiValuedText() ? text.indexOf('\\') : -1;
    return Values.trim(separator < 0 ? text : text.substring(0, separator), vr);
  }

  PatientData<String> aboutPatient(int tag) throws IOException {
    return PatientData.of(text(tag));
  }

  /// A US, UL or IS value; the fallback when there is none.
  long number(int tag, long otherwise) throws IOException {
    int i = place(tag);
    if (i < 0) {
      return otherwise;
    }
    Vr vr = index.vr(i) == Vr.UN ? Dictionary.vrOf(tag) : index.vr(i);
    if (vr == Vr.IS) {
      return Values.integer(text(tag)).orElse(otherwise);
    }
    if (vr.isText() || index.length(i) < vr.unitBytes()) {
      return otherwise;
    }
    byte[] bytes = in.copy(index.valueOffset(i), vr.unitBytes());
    return Values.number(bytes, vr, index.isBigEndian(i)).orElse(otherwise);
  }

  private CharacterSets characterSets() throws IOException {
    CharacterSets sets = characterSets;
    if (sets == null) {
      int i = place(Tag.SpecificCharacterSet);
      if (i < 0) {
        sets = CharacterSets.of(List.of());
      } else {
        byte[] bytes =
            in.copy(index.valueOffset(i), (int) Math.min(index.length(i), FACT_BYTES_MAX));
        sets =
            CharacterSets.of(Values.split(new String(bytes, StandardCharsets.ISO_8859_1), Vr.CS));
      }
      characterSets = sets;
    }
    return sets;
  }

  /// Whether the bytes mean the same in every character set of the standard: ASCII without escapes,
  /// and without the backslash and tilde that Japan's JIS X 0201 replaces.
  private static boolean isPlain(byte[] bytes) {
    for (byte b : bytes) {
      if ((b < ' ' && b != 0) || b == '\\' || b == '~') {
        return false;
      }
    }
    return true;
  }
}
