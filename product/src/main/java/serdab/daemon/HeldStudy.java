package serdab.daemon;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import serdab.destination.HeldVersion;
import serdab.dicom.Tag;
import serdab.dicom.net.OutgoingInstance.Kind;

/// What is known of one study that can be retrieved, in little memory: a hundred thousand of them
/// are held at a time.
///
/// @param place which of the destinations it is read from, from 0
/// @param version which copy
/// @param readAt when that version was read from its source
/// @param series how many series it has
/// @param instances how many instances
/// @param kinds how many instances of each SOP class and transfer syntax
/// @param packed what its header says of patient and study
/// @param modalities of its series, joined with backslashes
/// @param seenAs stands for all copies of the study at its place, when it was looked at
record HeldStudy(
    int place,
    HeldVersion version,
    Instant readAt,
    int series,
    int instances,
    Map<Kind, Integer> kinds,
    Packed packed,
    String modalities,
    long seenAs)
    implements Attributes {

  /// Which attributes are packed, by their place.
  private static final List<Integer> TAGS =
      Stream.concat(Tags.PATIENT.stream(), Tags.STUDY.stream()).toList();

  HeldStudy {
    kinds = Map.copyOf(kinds);
  }

  /// Values of [#TAGS] as bytes. Holds patient data, and does not print it.
  static final class Packed {

    private static final int LENGTH_MAX = 0xFFFF;

    private final byte[] bytes;

    private Packed(byte[] bytes) {
      this.bytes = bytes;
    }

    static Packed of(Header header) {
      ByteArrayOutputStream out = new ByteArrayOutputStream(256);
      for (int i = 0; i < TAGS.size(); i++) {
        byte[] value = header.value(TAGS.get(i)).orElse("").getBytes(StandardCharsets.UTF_8);
        if (value.length > 0 && value.length <= LENGTH_MAX) {
          out.write(i);
          out.write(value.length >>> 8);
          out.write(value.length);
          out.writeBytes(value);
        }
      }
      return new Packed(out.toByteArray());
    }

    private String value(int wanted) {
      for (int at = 0; at < bytes.length; ) {
        int length = ((bytes[at + 1] & 0xFF) << 8) | (bytes[at + 2] & 0xFF);
        if (bytes[at] == wanted) {
          return new String(bytes, at + 3, length, StandardCharsets.UTF_8);
        }
        at += 3 + length;
      }
      return "";
    }

    @Override
    public String toString() {
      return "(patient data)";
    }
  }

  String uid() {
    return version.study().value();
  }

  @Override
  public Optional<String> value(int tag) {
    return switch (tag) {
      case Tag.StudyInstanceUID -> Optional.of(uid());
      case Tags.MODALITIES_IN_STUDY -> Optional.of(modalities);
      case Tags.SOP_CLASSES_IN_STUDY ->
          Optional.of(
              kinds.keySet().stream()
                  .map(Kind::sopClassUid)
                  .distinct()
                  .sorted()
                  .collect(Collectors.joining("\\")));
      case Tags.STUDY_SERIES -> Optional.of("" + series);
      case Tags.STUDY_INSTANCES -> Optional.of("" + instances);
      default -> {
        int i = TAGS.indexOf(tag);
        yield i < 0 ? Optional.empty() : Optional.of(packed.value(i));
      }
    };
  }

  /// Whose it is: studies that say the same are of one patient.
  String patient() {
    String id = value(Tag.PatientID).orElse("");
    List<String> parts = new ArrayList<>();
    parts.add(id);
    parts.add(value(Tag.IssuerOfPatientID).orElse(""));
    if (id.isEmpty()) {
      parts.add(value(Tag.PatientName).orElse(""));
      parts.add(value(Tag.PatientBirthDate).orElse(""));
    }
    return String.join("\\", parts);
  }
}
